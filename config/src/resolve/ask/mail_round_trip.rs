//! `probe: mail_round_trip`: from a server that takes a message to the mailbox in which it must be found.

use std::path::Path;

use super::mail;
use crate::text::say;
use crate::yaml::duration::Millis;
use crate::yaml::probe::RoundTripKeys;
use crate::yaml::shape::{At, Report};
use crate::{ImapNewest, RoundTripParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: RoundTripParams,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &RoundTripKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let (submit, receive) = (&keys.submit.value, &keys.receive.value);
    let submitted =
        mail::spoken(submit.mode.as_ref(), submit.login.as_ref(), submit.tls.as_ref(), 587, folder, report)?;
    let received =
        mail::spoken(receive.mode.as_ref(), Some(&receive.login), receive.tls.as_ref(), 993, folder, report)?;
    let own = submitted.login().map(|login| login.user.clone()).filter(|user| user.contains('@'));
    let from = match (&keys.sender, own) {
        (Some(key), _) => mail::mail_address(key, report)?,
        (None, Some(own)) => own,
        (None, None) => {
            let message = say!(
                "`sender` is missing: whose mail is it, and where do its bounces go?",
                "manca `sender`: di chi è la posta, e dove vanno i suoi rimbalzi?"
            );
            report.problem(keys.submit.at, message);
            return None;
        }
    };
    let mut mailboxes = Vec::new();
    for key in receive.mailbox.iter().chain(receive.junk.iter().flatten()) {
        mailboxes.push(mail::text(key, ImapNewest::TEXT_BYTES_MAX, report)?);
    }
    let mailbox = if receive.mailbox.is_some() { mailboxes.remove(0) } else { "INBOX".to_owned() };
    let (within_ms, deadline_ms) = times(keys, report)?;
    let keep_in_flight = keys.keep_in_flight.as_ref().map_or(RoundTripParams::IN_FLIGHT_MAX, |key| key.value);
    let is_countable = (1..=RoundTripParams::IN_FLIGHT_MAX).contains(&keep_in_flight);
    if !is_countable || mailboxes.len() > RoundTripParams::JUNK_MAX {
        let message = say!(
            "`keep_in_flight` is from 1 to {}, and `junk` names at most {} mailboxes",
            "`keep_in_flight` va da 1 a {}, e `junk` nomina al più {} caselle",
            RoundTripParams::IN_FLIGHT_MAX,
            RoundTripParams::JUNK_MAX
        );
        let at = keys.keep_in_flight.as_ref().filter(|_| !is_countable).map_or(keys.receive.at, |key| key.at);
        report.problem(at, message);
        return None;
    }
    let params = RoundTripParams {
        to: String::new(), // `of` puts the target's in place
        from,
        submit: submitted.at(&submit.server, report)?,
        receive: received.at(&receive.server, report)?,
        mailbox,
        junk: mailboxes,
        within_ms,
        deadline_ms,
        keep_in_flight,
        authenticated: keys.authenticated.unwrap_or(false),
    };
    Some(Asked { params })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<RoundTripParams> {
        let to = mail::mail_address(target, report)?;
        Some(RoundTripParams { to, ..self.params.clone() })
    }
}

fn times(keys: &RoundTripKeys, report: &mut Report<'_>) -> Option<(u64, u64)> {
    let value = |key: &Option<At<Millis>>, usual| key.as_ref().map_or(usual, |key| key.value.0);
    let within = value(&keys.within, RoundTripParams::WITHIN_MS);
    let deadline = value(&keys.deadline, RoundTripParams::DEADLINE_MS.max(within.saturating_mul(2)));
    if within == 0 || within > deadline || deadline > RoundTripParams::DEADLINE_MAX_MS {
        let (within, deadline) = (Millis(within), Millis(deadline));
        let message = say!(
            "`within` is {within} and `deadline` {deadline}; above 0, the second not below the first, at most 1d",
            "`within` è {within} e `deadline` {deadline}; sopra 0, il secondo non sotto il primo, al più 1d"
        );
        let at = keys.deadline.as_ref().or(keys.within.as_ref()).map_or(keys.submit.at, |key| key.at);
        report.problem(at, message);
        return None;
    }
    Some((within, deadline))
}
