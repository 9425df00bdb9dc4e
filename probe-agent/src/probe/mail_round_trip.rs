//! `probe: mail_round_trip`: does a message that is handed in here arrive there, and how soon?
//!
//! An attempt has two legs. First it looks into the mailbox and decides what can be decided of messages sent before;
//! then it hands in the next (phases `hop2.*`). So a sample speaks of what was decided last, not of the message it
//! sends: one that is still under way within its deadline changes nothing, and before the first is decided the sample
//! is unknown (`mail.pending`). Whoever cannot look is unknown too (`mail.receiver_unavailable`), because nothing is
//! known of delivery; the mailbox has a check of its own. A message is noted after the server took it: a crash between
//! the two forgets a message, and never invents an outage. Own messages that were decided are deleted, by their tokens;
//! others' mail is neither marked nor moved. Bounces are found where the agent looks, so the sender is best that mailbox.

mod book;
mod letter;
mod posts;

pub use posts::Posts;

use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{Family, HostPort, RoundTripParams};
use ring::digest::{SHA256, digest};
use tokio::time::timeout;

use self::book::{Book, Bounce, Found, Rules, Sent};
use self::letter::Hand;
use super::mail::Server;
use super::{Asker, Attempted, Fault, Surroundings, Trace, imap, smtp};

/// The newest messages of a mailbox that are looked at.
const LOOKED_AT_MAX: u32 = 256;
/// Reports about delivery that are read, the newest.
const REPORTS_MAX: usize = 8;
/// Of a report, bytes.
const REPORT_BYTES: u32 = 32 << 10;

/// One round trip.
#[derive(Debug)]
pub struct RoundTrip {
    submit: Server,
    receive: Server,
    from: String,
    to: String,
    /// The mailbox, then those of junk.
    mailboxes: Vec<String>,
    rules: Rules,
    in_flight_max: usize,
    /// Of its book.
    name: String,
    /// Each leg's share of the deadline: neither takes the other's.
    leg: Duration,
}

impl RoundTrip {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: RoundTripParams, timeout: Duration) -> Result<Self, String> {
        let is_word = |text: &String| text.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'>');
        if !is_word(&params.from) || !is_word(&params.to) || params.from.is_empty() || params.to.is_empty() {
            return Err("a sender or recipient that is no address".to_owned());
        }
        let RoundTripParams { to, from, submit, receive, .. } = &params;
        // What else changes, such as a deadline, is of the same correspondence.
        let legs = format!("{from}\n{to}\n{}\n{}", submit.address, receive.address);
        let name = collector_api::hex_encode(&digest(&SHA256, legs.as_bytes()).as_ref()[..8]);
        let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        Ok(Self {
            submit: Server::new("smtp", submit, Family::V4)?,
            receive: Server::new("imap", receive, Family::V4)?,
            mailboxes: std::iter::once(params.mailbox).chain(params.junk).collect(),
            rules: Rules {
                within_ms: ms(params.within_ms),
                deadline_ms: ms(params.deadline_ms),
                must_be_authentic: params.authenticated,
            },
            in_flight_max: usize::try_from(params.keep_in_flight).unwrap_or(1),
            from: params.from,
            to: params.to,
            name,
            leg: timeout.mul_f64(0.45),
        })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let posts = &surroundings.posts;
        enter_book(trace);
        let hand = Hand::new(&posts.key().await?, &self.name);
        let mut book = posts.read(&self.name).await?;
        let looking = self.look(&hand, &mut book, surroundings, trace);
        let looked = timeout(self.leg, looking).await.unwrap_or_else(|_elapsed| Err(late(self.leg)));
        trace.fact("under_way", book.sent.len().to_string());
        if let Some(late_ms) = book.late_after_ms {
            trace.fact("late_after", format!("{} s", late_ms / 1_000));
        }
        let mut submitted = Ok(());
        if book.sent.len() < self.in_flight_max {
            trace.begin_hop();
            // Until the first phase of the next leg; what the one before said of its own end does not hold here.
            enter_book(trace);
            let submitting = self.hand_in(&hand, surroundings, trace);
            let sent = timeout(self.leg, submitting).await.unwrap_or_else(|_elapsed| Err(late(self.leg)));
            match sent {
                Ok(sent) => {
                    book.sent.push(sent);
                    enter_book(trace);
                    posts.write(&self.name, &book).await?;
                }
                Err(fault) => submitted = Err(not_submitted(fault, trace)),
            }
        }
        // That the next message is put off ("try again later") says nothing of those before it.
        let put_off = match submitted {
            Err(fault) if fault.verdict() == Verdict::Degraded => Some(fault),
            submitted => submitted.map(|()| None)?,
        };
        looked.map_err(not_seen)?;
        let pending = || Err(Fault::unseen(Reason::MailPending, "no message has been decided yet"));
        match (book.told.as_ref().map_or_else(pending, book::Told::seen), put_off) {
            (Err(told), Some(_)) if told.verdict() == Verdict::Down => Err(told),
            (_, Some(put_off)) => Err(put_off),
            (told, None) => told,
        }
    }

    /// Looks for messages that were sent, decides, and deletes what is decided.
    async fn look(
        &self,
        hand: &Hand,
        book: &mut Book,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let credentials = self.receive.credentials(surroundings, trace).await?;
        let Some((login, credentials)) = self.receive.login.as_ref().zip(credentials) else {
            return Err(Fault::new(Reason::AgentConfigInvalid, "`receive` without a login"));
        };
        let mut session = imap::Session::open(&self.receive, Some(&credentials), surroundings, trace).await?;
        let credentials = login.complete(credentials, surroundings, trace).await?;
        session.authenticate(&credentials, surroundings, trace).await?;
        trace.enter("look");
        let (mut all, mut bounces) = (Vec::new(), Vec::new());
        for (number, mailbox) in self.mailboxes.iter().enumerate() {
            let (found, reports) = self.search(mailbox, number > 0, hand, &mut session, trace).await?;
            for uid in reports.iter().rev().take(REPORTS_MAX).filter(|_| !book.sent.is_empty()) {
                bounces.extend(read_report(*uid, book, &mut session, trace).await?);
            }
            all.push(found);
        }
        let before = book.clone();
        book.settle(&self.rules, &all.concat(), &bounces, surroundings.clock.now_ms());
        if let Err(fault) = surroundings.posts.write(&self.name, book).await {
            *book = before;
            return Err(fault);
        }
        trace.enter("cleanup");
        for (mailbox, found) in self.mailboxes.iter().zip(&all) {
            let decided: Vec<String> = found
                .iter()
                .filter(|found| !book.awaits(&found.token))
                .map(|found| found.uid.to_string())
                .collect();
            if !decided.is_empty() && delete(mailbox, &decided.join(","), &mut session, trace).await.is_err()
            {
                trace.fact("cleanup", "the own messages could not be deleted");
            }
        }
        session.leave(trace).await;
        Ok(())
    }

    /// Own messages of a mailbox, and the numbers of reports about delivery.
    async fn search(
        &self,
        mailbox: &str,
        is_junk: bool,
        hand: &Hand,
        session: &mut imap::Session,
        trace: &mut Trace,
    ) -> Result<(Vec<Found>, Vec<u32>), Fault> {
        let opened = session.command(&format!("EXAMINE {}", imap::string(mailbox)?), trace).await?;
        let count = opened.iter().find_map(|response| response.number_of("EXISTS")).unwrap_or(0);
        if count == 0 {
            return Ok((Vec::new(), Vec::new()));
        }
        let first = count.saturating_sub(LOOKED_AT_MAX - 1).max(1);
        let words = format!(
            "FETCH {first}:{count} (UID INTERNALDATE BODY.PEEK[HEADER.FIELDS ({} CONTENT-TYPE AUTHENTICATION-RESULTS)])",
            letter::HEADER.to_ascii_uppercase()
        );
        let (mut found, mut reports) = (Vec::new(), Vec::new());
        for response in session.command(&words, trace).await?.iter().filter(|response| response.is_fetch()) {
            let (Some(uid), Some(headers)) = (response.uid(), response.literals.first()) else { continue };
            let headers = String::from_utf8_lossy(headers);
            if let Some(own) = letter::found(&headers, uid, is_junk, response.internal_ms(), hand) {
                found.push(own);
            } else if letter::is_report(&headers) {
                reports.push(uid);
            }
        }
        Ok((found, reports))
    }

    /// Hands in the next message.
    async fn hand_in(
        &self,
        hand: &Hand,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Sent, Fault> {
        let mut session = smtp::ready(&self.submit, &self.from, &self.to, surroundings, trace).await?;
        let random = posts::random::<{ letter::RANDOM_BYTES }>().map_err(|error| posts::fault_of(&error))?;
        let token = hand.sign(&random);
        let at_ms = surroundings.clock.now_ms();
        session.data(&letter::message(&self.from, &self.to, &token, at_ms), trace).await?;
        session.leave(false, trace).await;
        Ok(Sent { token, at_ms })
    }
}

impl Asker for RoundTrip {
    fn address(&self) -> &HostPort {
        &self.submit.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

async fn read_report(
    uid: u32,
    book: &Book,
    session: &mut imap::Session,
    trace: &mut Trace,
) -> Result<Option<Bounce>, Fault> {
    let read = session.command(&format!("UID FETCH {uid} (BODY.PEEK[]<0.{REPORT_BYTES}>)"), trace).await?;
    let report = read.iter().find_map(|response| response.literals.first());
    Ok(report.and_then(|report| letter::bounce(report, book.sent.iter().map(|sent| sent.token.as_str()))))
}

/// Of these numbers only: a plain EXPUNGE would take others' mail along.
async fn delete(
    mailbox: &str,
    uids: &str,
    session: &mut imap::Session,
    trace: &mut Trace,
) -> Result<(), Fault> {
    session.command(&format!("SELECT {}", imap::string(mailbox)?), trace).await?;
    session.command(&format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)"), trace).await?;
    if session.can("UIDPLUS") {
        session.command(&format!("UID EXPUNGE {uids}"), trace).await?;
    }
    Ok(())
}

/// Phase `book`: a disk that hangs is the agent's own, and says nothing of anybody's mail.
fn enter_book(trace: &mut Trace) {
    trace.enter("book");
    let slow = Fault::new(Reason::AgentInternal, "the book of messages cannot be read or written in time");
    trace.at_deadline(Err(slow));
}

fn late(leg: Duration) -> Fault {
    Fault::new(Reason::ProtoTimeout, format!("nothing within {} ms", leg.as_millis()))
}

/// What a server of submission answers is one reason; what keeps the agent from reaching it remains its own, so that
/// canaries and further attempts judge it.
fn not_submitted(fault: Fault, trace: &mut Trace) -> Fault {
    let is_answer = fault.reason.name().starts_with("smtp.") || fault.reason == Reason::MailNoAuth;
    if !is_answer || fault.verdict() != Verdict::Down {
        return fault;
    }
    trace.fact("submit", fault.reason.name());
    Fault::new(Reason::MailSubmitFailed, fault.detail)
}

/// Nothing is known of delivery.
fn not_seen(fault: Fault) -> Fault {
    if fault.verdict() == Verdict::Unknown {
        return fault;
    }
    Fault::unseen(Reason::MailReceiverUnavailable, format!("{}: {}", fault.reason, fault.detail))
}

#[cfg(test)]
mod tests;
