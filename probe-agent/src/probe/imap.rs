//! `probe: imap`: log in, look into a mailbox without touching it, and judge what is there.
//!
//! Why not async-imap: its buffer grows to 512 MiB on a server's word, its grammar recurses as deep as the server
//! likes, and its client decides itself when bytes are read, so that no phase can be told. The few commands that a
//! probe says need lines, literals and a handful of responses; those are read here, each bounded. The price: what the
//! grammar allows beyond that (a quoted string where a literal is usual) is not understood, and then simply not found.

mod response;
mod session;

pub(in crate::probe) use response::Response;
pub(in crate::probe) use session::{Session, string};

use collector_api::Reason;
use config::{Fraction, HostPort, ImapNewest, ImapParams};
use jiff::Timestamp;

use super::mail::Server;
use super::{Asker, Attempted, Fault, Surroundings, Trace};

/// Of the messages that a search finds, the newest by number are dated: mail moved in later has a higher number and an
/// older date.
const DATED_MAX: usize = 50;

/// One IMAP check.
#[derive(Debug)]
pub struct Imap {
    server: Server,
    mailbox: String,
    newest: Option<ImapNewest>,
    quota_warn: Option<Fraction>,
}

impl Imap {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: ImapParams) -> Result<Self, String> {
        let ImapParams { server, mailbox, newest, quota_warn, family } = params;
        let server = Server::new("imap", &server, family)?;
        Ok(Self { server, mailbox, newest, quota_warn })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let credentials = self.server.credentials(surroundings, trace).await?;
        let mut session = Session::open(&self.server, credentials.as_ref(), surroundings, trace).await?;
        let mut attention = None;
        if let (Some(login), Some(credentials)) = (&self.server.login, credentials) {
            let credentials = login.complete(credentials, surroundings, trace).await?;
            session.authenticate(&credentials, surroundings, trace).await?;
            attention = self.look(&mut session, surroundings.clock.now_ms(), trace).await?;
        }
        let expiring = session.leave(trace).await;
        attention.or(expiring).map_or(Ok(()), Err)
    }

    /// Into the mailbox (phases `select`, `search`, `quota`); what wants attention.
    async fn look(
        &self,
        session: &mut Session,
        now_ms: i64,
        trace: &mut Trace,
    ) -> Result<Option<Fault>, Fault> {
        trace.enter("select");
        // EXAMINE, not SELECT: nobody's mail is marked as seen or recent.
        let opened = session.command(&format!("EXAMINE {}", string(&self.mailbox)?), trace).await?;
        if let Some(count) = opened.iter().find_map(|response| response.number_of("EXISTS")) {
            trace.fact("messages", count.to_string());
        }
        let mut attention = None;
        if let Some(newest) = &self.newest {
            trace.enter("search");
            let at_ms = search(newest, session, now_ms, trace).await?;
            attention = attention_or_down(judge_newest(newest, at_ms, now_ms, trace))?;
        }
        if let Some(warn) = self.quota_warn {
            trace.enter("quota");
            let storage = self.storage(session, trace).await?;
            attention = attention.or(judge_quota(warn, storage, trace));
        }
        Ok(attention)
    }

    async fn storage(&self, session: &mut Session, trace: &mut Trace) -> Result<Option<(u64, u64)>, Fault> {
        if !session.can("QUOTA") {
            return Ok(None);
        }
        let words = format!("GETQUOTAROOT {}", string(&self.mailbox)?);
        let responses = session.command(&words, trace).await?;
        Ok(responses.iter().find_map(Response::storage))
    }
}

impl Asker for Imap {
    fn address(&self) -> &HostPort {
        &self.server.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// When the newest message that is sought came, Unix ms; `None` when none is as young as it may be at most.
async fn search(
    newest: &ImapNewest,
    session: &mut Session,
    now_ms: i64,
    trace: &mut Trace,
) -> Result<Option<i64>, Fault> {
    // SINCE knows days, in the zone of whoever took the message in: a day more is asked for, and ages are judged.
    let age_ms = i64::try_from(newest.down_after_ms).unwrap_or(i64::MAX).saturating_add(86_400_000);
    let since = Timestamp::from_millisecond(now_ms.saturating_sub(age_ms)).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut words = format!("UID SEARCH SINCE {}", since.strftime("%-d-%b-%Y"));
    for (key, text) in [("FROM", &newest.from), ("SUBJECT", &newest.subject)] {
        if let Some(text) = text {
            words = format!("{words} {key} {}", string(text)?);
        }
    }
    let found = session.command(&words, trace).await?;
    let mut uids: Vec<u32> = found
        .iter()
        .filter_map(|response| response.after("SEARCH"))
        .flat_map(|numbers| numbers.split_whitespace().filter_map(|number| number.parse().ok()))
        .collect();
    trace.fact("found", uids.len().to_string());
    uids.sort_unstable();
    let uids: Vec<String> = uids.iter().rev().take(DATED_MAX).map(u32::to_string).collect();
    if uids.is_empty() {
        return Ok(None);
    }
    let dated = session.command(&format!("UID FETCH {} (INTERNALDATE)", uids.join(",")), trace).await?;
    Ok(dated.iter().filter(|response| response.is_fetch()).filter_map(Response::internal_ms).max())
}

fn judge_newest(
    newest: &ImapNewest,
    at_ms: Option<i64>,
    now_ms: i64,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let Some(at_ms) = at_ms else {
        return Err(Fault::new(Reason::ImapStale, "no such message is young enough"));
    };
    let age_ms = u64::try_from(now_ms.saturating_sub(at_ms)).unwrap_or(0);
    let detail = format!("the newest is {} min old", age_ms / 60_000);
    trace.fact("age_min", (age_ms / 60_000).to_string());
    if age_ms > newest.down_after_ms {
        return Err(Fault::new(Reason::ImapStale, detail));
    }
    if age_ms > newest.within_ms {
        return Err(Fault::degraded(Reason::ImapStale, detail));
    }
    Ok(())
}

fn judge_quota(warn: Fraction, storage: Option<(u64, u64)>, trace: &mut Trace) -> Option<Fault> {
    let Some((used, limit)) = storage.filter(|(_, limit)| *limit > 0) else {
        return Some(Fault::degraded(Reason::ImapQuota, "the server tells no quota of this mailbox"));
    };
    let percent = u128::from(used) * 100 / u128::from(limit);
    trace.fact("quota", format!("{percent}% of {limit} KiB"));
    (u128::from(used) * u128::from(warn.q) > u128::from(limit) * u128::from(warn.p))
        .then(|| Fault::degraded(Reason::ImapQuota, format!("{percent}% of {limit} KiB")))
}

/// What is degraded is kept for the end; what is worse ends it.
fn attention_or_down(seen: Result<(), Fault>) -> Result<Option<Fault>, Fault> {
    match seen {
        Ok(()) => Ok(None),
        Err(fault) if fault.verdict() == collector_api::Verdict::Degraded => Ok(Some(fault)),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests;
