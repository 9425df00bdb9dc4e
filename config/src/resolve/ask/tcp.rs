//! `probe: tcp`: an address with a port, and what is said there.

use std::path::Path;

use super::{family_of, tls};
use crate::check::bounds::{STEP_BYTES_MAX, STEPS_MAX};
use crate::text::{Text, say};
use crate::yaml::probe::{StepKeys, TcpKeys, TlsSwitch};
use crate::yaml::shape::{At, Report};
use crate::{Family, HostPort, TcpParams, TcpStep, TlsParams, WireText};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    family: Option<At<Family>>,
    tls: Option<TlsParams>,
    steps: Vec<TcpStep>,
    expect_closed: bool,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &TcpKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let steps = steps(keys, report);
    let expect_closed = closed(keys, report);
    let tls = match keys.tls.as_ref().map(|key| &key.value) {
        None | Some(TlsSwitch::Off) => None,
        Some(TlsSwitch::On(judged)) => Some(tls::tls(Some(judged), folder, report)?),
    };
    Some(Asked { family: keys.family.clone(), tls, steps: steps?, expect_closed: expect_closed? })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<TcpParams> {
        let Some(address) = HostPort::parse(&target.value, None) else {
            let message = say!(
                "`{}` is not an address with a port, such as `10.0.0.20:443` or `\"[2001:db8::20]:443\"`",
                "`{}` non è un indirizzo con una porta, come `10.0.0.20:443` o `\"[2001:db8::20]:443\"`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        let family = family_of(&address.host, self.family.as_ref(), report)?;
        let Self { tls, steps, expect_closed, .. } = self;
        Some(TcpParams {
            address,
            family,
            tls: tls.clone(),
            steps: steps.clone(),
            expect_closed: *expect_closed,
        })
    }
}

/// `send`, `expect` and `reject`, or `steps` of them.
fn steps(keys: &TcpKeys, report: &mut Report<'_>) -> Option<Vec<TcpStep>> {
    let own = StepKeys { send: keys.send.clone(), expect: keys.expect.clone(), reject: keys.reject.clone() };
    let own_at = [&own.send, &own.expect, &own.reject].into_iter().flatten().map(|key| key.at).min();
    match (own_at, &keys.steps) {
        (None, None) => Some(Vec::new()),
        (Some(at), None) => step(&At { at, value: own }, report).map(|step| vec![step]),
        (Some(_), Some(steps)) => {
            let message = say!(
                "both `steps` and `send`, `expect` or `reject` beside it; write all of it as `steps`",
                "sia `steps` sia, accanto, `send`, `expect` o `reject`; si scriva tutto come `steps`"
            );
            report.problem(steps.at, message);
            None
        }
        (None, Some(steps)) => {
            if steps.value.len() > STEPS_MAX {
                let message = say!(
                    "{} steps; a dialogue has at most {STEPS_MAX}",
                    "{} passi; un dialogo ne ha al più {STEPS_MAX}",
                    steps.value.len()
                );
                report.problem(steps.at, message);
                return None;
            }
            steps.value.iter().map(|keys| step(keys, report)).collect()
        }
    }
}

fn step(keys: &At<StepKeys>, report: &mut Report<'_>) -> Option<TcpStep> {
    let StepKeys { send, expect, reject } = &keys.value;
    if send.is_none() && expect.is_none() && reject.is_none() {
        let message = say!(
            "a step that neither sends nor expects anything",
            "un passo che non invia e non attende niente"
        );
        report.problem(keys.at, message);
        return None;
    }
    if let (Some(reject), None) = (reject, expect) {
        let message = say!(
            "`reject` without `expect`: nothing says when the reply has come",
            "`reject` senza `expect`: niente dice quando la risposta è arrivata"
        );
        report.problem(reject.at, message);
        return None;
    }
    for key in [send, expect, reject].into_iter().flatten() {
        if key.value.bytes().len() > STEP_BYTES_MAX {
            let message = say!(
                "{} bytes; at most {STEP_BYTES_MAX} are sent or awaited in one step",
                "{} byte; in un passo se ne inviano o attendono al più {STEP_BYTES_MAX}",
                key.value.bytes().len()
            );
            report.problem(key.at, message);
            return None;
        }
    }
    let value = |key: &Option<At<WireText>>| key.as_ref().map(|key| key.value.clone());
    Some(TcpStep { send: value(send), expect: value(expect), reject: value(reject) })
}

/// Nothing is said to a port that must be closed.
fn closed(keys: &TcpKeys, report: &mut Report<'_>) -> Option<bool> {
    let Some(key) = keys.expect_closed.as_ref().filter(|key| key.value) else { return Some(false) };
    let speaks = keys.tls.as_ref().is_some_and(|key| matches!(key.value, TlsSwitch::On(_)));
    let says = keys.send.is_some() || keys.expect.is_some() || keys.reject.is_some() || keys.steps.is_some();
    if speaks || says {
        let message: Text = say!(
            "`expect_closed` beside `send`, `expect`, `reject`, `steps` or `tls`: nobody is there to talk to",
            "`expect_closed` accanto a `send`, `expect`, `reject`, `steps` o `tls`: non c'è nessuno con cui parlare"
        );
        report.problem(key.at, message);
        return None;
    }
    Some(true)
}
