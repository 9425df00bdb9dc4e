//! `probe: smtp`: a server, and how far the dialogue with it goes.

use std::path::Path;

use super::{family_of, mail};
use crate::text::say;
use crate::yaml::probe::SmtpKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, HostPort, MailMode, SmtpDepth, SmtpExpect, SmtpParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    spoken: mail::Spoken,
    depth: Option<SmtpDepth>,
    ehlo: Option<String>,
    from: String,
    rcpt: String,
    expect: SmtpExpect,
    family: Option<At<Family>>,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &SmtpKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let spoken =
        mail::spoken(keys.mode.as_ref(), keys.login.as_ref(), keys.tls.as_ref(), 25, folder, report)?;
    let ehlo = keys.ehlo.as_ref().map(|key| ehlo(key, report));
    let from = keys.sender.as_ref().map(|key| mail::mail_address(key, report));
    let rcpt = keys.rcpt.as_ref().map(|key| mail::mail_address(key, report));
    if ehlo == Some(None) || from == Some(None) || rcpt == Some(None) {
        return None;
    }
    let (from, rcpt) = (from.flatten(), rcpt.flatten());
    let depth = keys.depth.as_ref().map(|key| key.value);
    let is_deep = |wanted| depth.is_none_or(|depth| depth >= wanted);
    let shallow = keys
        .rcpt
        .as_ref()
        .filter(|_| !is_deep(SmtpDepth::Rcpt))
        .map(|key| key.at)
        .or(keys.sender.as_ref().filter(|_| !is_deep(SmtpDepth::Mail)).map(|key| key.at))
        .or(keys.login.as_ref().filter(|_| !is_deep(SmtpDepth::Auth)).map(|key| key.at));
    if let Some(at) = shallow {
        let message = say!(
            "`depth` ends before this is said; go deeper, or leave `depth` out",
            "`depth` finisce prima che questo venga detto; vai più a fondo, o togli `depth`"
        );
        report.problem(at, message);
        return None;
    }
    let lacks = match depth {
        Some(SmtpDepth::Rcpt) => rcpt.is_none(),
        Some(SmtpDepth::Auth) => !spoken.has_login(),
        _ => false,
    };
    if let Some(key) = keys.depth.as_ref().filter(|_| lacks) {
        let message = say!(
            "`depth: rcpt` needs `rcpt`, and `depth: auth` needs `login`",
            "`depth: rcpt` vuole `rcpt`, e `depth: auth` vuole `login`"
        );
        report.problem(key.at, message);
        return None;
    }
    if let Some(key) = keys.rcpt_is.as_ref().filter(|_| rcpt.is_none()) {
        let message = say!("`rcpt_is` without `rcpt`", "`rcpt_is` senza `rcpt`");
        report.problem(key.at, message);
        return None;
    }
    let depth = depth.or_else(|| {
        [
            (rcpt.is_some(), SmtpDepth::Rcpt),
            (from.is_some(), SmtpDepth::Mail),
            (spoken.has_login(), SmtpDepth::Auth),
        ]
        .into_iter()
        .find_map(|(asked, depth)| asked.then_some(depth))
    });
    // Whoever logs in may send as nobody but itself.
    let own = spoken.login().map(|login| login.user.clone()).filter(|user| user.contains('@'));
    Some(Asked {
        depth,
        ehlo: ehlo.flatten(),
        from: from.or(own).unwrap_or_default(),
        rcpt: rcpt.unwrap_or_default(),
        expect: keys.rcpt_is.as_ref().map(|key| key.value).unwrap_or_default(),
        spoken,
        family: keys.family.clone(),
    })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<SmtpParams> {
        let server = self.spoken.at(target, report)?;
        let family = family_of(&server.address.host, self.family.as_ref(), report)?;
        let usual = if server.mode == MailMode::Plain { SmtpDepth::Ehlo } else { SmtpDepth::Tls };
        let depth = self.depth.unwrap_or(usual);
        if depth == SmtpDepth::Tls && server.mode == MailMode::Plain {
            let message = say!(
                "`depth: tls` at a server that is spoken to with `mode: plain`",
                "`depth: tls` verso un server a cui si parla con `mode: plain`"
            );
            report.problem(target.at, message);
            return None;
        }
        let Self { ehlo, from, rcpt, expect, .. } = self;
        Some(SmtpParams {
            server,
            depth,
            ehlo: ehlo.clone(),
            from: from.clone(),
            rcpt: rcpt.clone(),
            expect: *expect,
            family,
        })
    }
}

/// A name, or an address in brackets (RFC 5321, 4.1.3).
fn ehlo(key: &At<String>, report: &mut Report<'_>) -> Option<String> {
    let name = key.value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&key.value);
    let bare = name.strip_prefix("IPv6:").unwrap_or(name);
    if HostPort::parse(bare, Some(25)).is_some_and(|host| host.host == bare) {
        return Some(key.value.clone());
    }
    let message = say!(
        "`{}` is not a name that can be said after EHLO, such as `sonda.comune.example`",
        "`{}` non è un nome che si possa dire dopo EHLO, come `sonda.comune.example`",
        key.value
    );
    report.problem(key.at, message);
    None
}
