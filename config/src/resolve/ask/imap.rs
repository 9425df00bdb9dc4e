//! `probe: imap`: a server, a mailbox, and what must be in it.

use std::path::Path;

use super::{family_of, mail};
use crate::text::say;
use crate::yaml::duration::Millis;
use crate::yaml::probe::{ImapKeys, NewestKeys};
use crate::yaml::shape::{At, Report};
use crate::{Family, Fraction, ImapNewest, ImapParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    spoken: mail::Spoken,
    mailbox: String,
    newest: Option<ImapNewest>,
    quota_warn: Option<Fraction>,
    family: Option<At<Family>>,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &ImapKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let spoken =
        mail::spoken(keys.mode.as_ref(), keys.login.as_ref(), keys.tls.as_ref(), 993, folder, report)?;
    let inside = [
        keys.mailbox.as_ref().map(|key| key.at),
        keys.newest.as_ref().map(|key| key.at),
        keys.quota_warn.as_ref().map(|key| key.at),
    ];
    if let Some(at) = inside.into_iter().flatten().next().filter(|_| !spoken.has_login()) {
        let message = say!(
            "without `login` nobody can look into a mailbox",
            "senza `login` nessuno può guardare in una casella"
        );
        report.problem(at, message);
        return None;
    }
    let mailbox = match &keys.mailbox {
        None => "INBOX".to_owned(),
        Some(key) => mail::text(key, ImapNewest::TEXT_BYTES_MAX, report)?,
    };
    let newest = keys.newest.as_ref().map(|key| newest(&key.value, report));
    if newest == Some(None) {
        return None;
    }
    Some(Asked {
        spoken,
        mailbox,
        newest: newest.flatten(),
        quota_warn: keys.quota_warn.as_ref().map(|key| key.value),
        family: keys.family.clone(),
    })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<ImapParams> {
        let server = self.spoken.at(target, report)?;
        let family = family_of(&server.address.host, self.family.as_ref(), report)?;
        Some(ImapParams {
            server,
            mailbox: self.mailbox.clone(),
            newest: self.newest.clone(),
            quota_warn: self.quota_warn,
            family,
        })
    }
}

fn newest(keys: &NewestKeys, report: &mut Report<'_>) -> Option<ImapNewest> {
    let mut sought = Vec::new();
    for key in [&keys.from, &keys.subject] {
        let text = key.as_ref().map(|key| mail::text(key, ImapNewest::TEXT_BYTES_MAX, report));
        if text == Some(None) {
            return None;
        }
        sought.push(text.flatten());
    }
    let within = keys.within.value;
    // As for backups: two missed runs.
    let down_after =
        keys.down_after.as_ref().map_or_else(|| Millis(within.0.saturating_mul(2)), |key| key.value);
    let at = keys.down_after.as_ref().map_or(keys.within.at, |key| key.at);
    if within.0 == 0 || down_after < within || down_after > Millis(ImapNewest::AGE_MAX_MS) {
        let max = Millis(ImapNewest::AGE_MAX_MS);
        let message = say!(
            "`within` is {within} and `down_after` {down_after}; above 0, the second not below the first, at most {max}",
            "`within` è {within} e `down_after` {down_after}; sopra 0, il secondo non sotto il primo, al più {max}"
        );
        report.problem(at, message);
        return None;
    }
    let subject = sought.pop().flatten();
    let from = sought.pop().flatten();
    Some(ImapNewest { from, subject, within_ms: within.0, down_after_ms: down_after.0 })
}
