//! What is known of the messages of one round trip, and what follows from a look into the mailbox: pure.
//!
//! A message arrived between the last look that did not find it and the one that did; what the server says of it
//! (`INTERNALDATE`) only makes that finer. So a server whose clock is off cannot make a message early or late. Times
//! are the wall clock's, because a message may outlive the agent: a step of the clock while one is under way shifts
//! its age, which is the price.

use collector_api::{Reason, Verdict};
use serde::{Deserialize, Serialize};

use crate::probe::Fault;

/// What became of a message says nothing of the mail of today when it was given up longer ago than this, ms: the agent
/// was away meanwhile.
const OF_NOW_MS: i64 = 86_400_000;

/// Messages that are remembered after they were decided: what comes later is told from what is somebody else's.
const DONE_MAX: usize = 32;

/// Kept in a file of the state directory, so that a restart loses no message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Book {
    /// Under way, the oldest first.
    pub(super) sent: Vec<Sent>,
    /// What was decided last, and is said until something newer is.
    pub(super) told: Option<Told>,
    /// Decided, the newest last.
    done: Vec<Done>,
    /// The last look that succeeded, Unix ms.
    looked_ms: i64,
    /// A message that came after it was given up: how late, ms.
    pub(super) late_after_ms: Option<i64>,
}

/// A message under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) token: String,
    pub(super) at_ms: i64,
}

/// What a message has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// [`Reason::code`]; 0 is up.
    reason: u32,
    detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Done {
    token: String,
    at_ms: i64,
    /// Of the copies that were seen.
    uids: Vec<u32>,
    is_missed: bool,
}

/// A copy of an own message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) token: String,
    pub(super) uid: u32,
    pub(super) is_junk: bool,
    pub(super) internal_ms: Option<i64>,
    /// Does the receiver say that the sender is authentic?
    pub(super) is_authentic: bool,
}

/// A report that an own message could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounce {
    pub(super) token: String,
    /// `5.1.1`, or nothing.
    pub(super) status: String,
}

/// How messages are judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) within_ms: i64,
    pub(super) deadline_ms: i64,
    pub(super) must_be_authentic: bool,
}

impl Told {
    fn new(reason: Reason, detail: String) -> Self {
        Self { reason: reason.code(), detail }
    }

    /// As an attempt says it.
    pub(super) fn seen(&self) -> Result<(), Fault> {
        let reason = Reason::from_code(self.reason);
        match self.verdict() {
            Verdict::Up => Ok(()),
            Verdict::Degraded => Err(Fault::degraded(reason, &*self.detail)),
            _ => Err(Fault::new(reason, &*self.detail)),
        }
    }

    fn verdict(&self) -> Verdict {
        match Reason::from_code(self.reason) {
            Reason::None => Verdict::Up,
            Reason::MailNotDelivered | Reason::MailBounced | Reason::SmtpMailboxFull => Verdict::Down,
            _ => Verdict::Degraded,
        }
    }
}

impl Book {
    /// Decides what can be decided after a look at `now_ms`. Of several messages decided at once the worst is told, so
    /// that no loss hides behind a newer success.
    pub(super) fn settle(&mut self, rules: &Rules, found: &[Found], bounces: &[Bounce], now_ms: i64) {
        let mut told: Vec<Told> = Vec::new();
        let is_of_now =
            |at_ms: i64| now_ms.saturating_sub(at_ms) <= rules.deadline_ms.saturating_add(OF_NOW_MS);
        if !is_of_now(self.looked_ms) {
            self.told = None;
        }
        for sent in std::mem::take(&mut self.sent) {
            let copies: Vec<&Found> = found.iter().filter(|found| found.token == sent.token).collect();
            let bounce = bounces.iter().find(|bounce| bounce.token == sent.token);
            let Some(decided) = self.decide(&sent, &copies, bounce, rules, now_ms) else {
                self.sent.push(sent);
                continue;
            };
            let uids = copies.iter().map(|copy| copy.uid).collect();
            self.done.push(Done { token: sent.token, at_ms: sent.at_ms, uids, is_missed: copies.is_empty() });
            told.extend(Some(decided).filter(|_| is_of_now(sent.at_ms)));
        }
        for done in &mut self.done {
            for copy in found.iter().filter(|found| found.token == done.token) {
                if done.uids.contains(&copy.uid) {
                    continue;
                }
                if done.is_missed {
                    self.late_after_ms = Some(now_ms.saturating_sub(done.at_ms));
                } else {
                    let detail = "another copy of a message that had arrived".to_owned();
                    told.push(Told::new(Reason::MailDuplicate, detail));
                }
                done.is_missed = false;
                done.uids.push(copy.uid);
            }
        }
        self.done.drain(..self.done.len().saturating_sub(DONE_MAX));
        self.looked_ms = now_ms;
        // The last of the worst: `max_by_key` takes the later of equals.
        self.told = told.into_iter().max_by_key(|told| told.verdict().code()).or_else(|| self.told.take());
    }

    fn decide(
        &self,
        sent: &Sent,
        copies: &[&Found],
        bounce: Option<&Bounce>,
        rules: &Rules,
        now_ms: i64,
    ) -> Option<Told> {
        let Some(first) = copies.first() else {
            if let Some(bounce) = bounce {
                let reason = if bounce.status.ends_with(".2.2") {
                    Reason::SmtpMailboxFull
                } else {
                    Reason::MailBounced
                };
                return Some(Told::new(reason, format!("came back with status {}", bounce.status)));
            }
            let age_ms = now_ms.saturating_sub(sent.at_ms);
            let detail = format!("not there after {} s", age_ms / 1_000);
            return (age_ms > rules.deadline_ms).then(|| Told::new(Reason::MailNotDelivered, detail));
        };
        let earliest_ms = self.looked_ms.clamp(sent.at_ms.min(now_ms), now_ms);
        let arrived_ms = copies.iter().filter_map(|copy| copy.internal_ms).min().unwrap_or(now_ms);
        let took_ms = arrived_ms.clamp(earliest_ms, now_ms).saturating_sub(sent.at_ms);
        let detail = format!("after {} s", took_ms / 1_000);
        let reason = if took_ms > rules.deadline_ms {
            Reason::MailNotDelivered
        } else if copies.len() > 1 {
            Reason::MailDuplicate
        } else if first.is_junk {
            Reason::MailJunk
        } else if rules.must_be_authentic && !first.is_authentic {
            Reason::MailUnauthenticated
        } else if took_ms > rules.within_ms {
            Reason::MailLate
        } else {
            Reason::None
        };
        Some(Told::new(reason, detail))
    }

    /// Is it under way? Then it stays where it is.
    pub(super) fn awaits(&self, token: &str) -> bool {
        self.sent.iter().any(|sent| sent.token == token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { within_ms: 120_000, deadline_ms: 600_000, must_be_authentic: true };

    fn copy(token: &str, uid: u32, at_s: i64) -> Found {
        let internal_ms = Some(at_s * 1_000);
        Found { token: token.to_owned(), uid, is_junk: false, internal_ms, is_authentic: true }
    }

    fn sent(tokens: &[(&str, i64)]) -> Book {
        let sent =
            tokens.iter().map(|(token, at_s)| Sent { token: (*token).to_owned(), at_ms: at_s * 1_000 });
        Book { sent: sent.collect(), ..Book::default() }
    }

    fn told(book: &Book) -> Option<(Verdict, Reason)> {
        let seen = book.told.as_ref()?.seen();
        Some(seen.err().map_or((Verdict::Up, Reason::None), |fault| (fault.verdict(), fault.reason)))
    }

    #[test]
    fn each_fate_of_a_message_has_its_reason() {
        let bounced = |status: &str| vec![Bounce { token: "a".to_owned(), status: status.to_owned() }];
        let (degraded, down) = (Verdict::Degraded, Verdict::Down);
        for (found, bounces, now_s, expected) in [
            (vec![], vec![], 1_600, None),
            (vec![], vec![], 1_601, Some((down, Reason::MailNotDelivered))),
            (vec![], bounced("5.1.1"), 1_010, Some((down, Reason::MailBounced))),
            (vec![], bounced("5.2.2"), 1_010, Some((down, Reason::SmtpMailboxFull))),
            (vec![copy("a", 1, 1_005)], vec![], 1_300, Some((Verdict::Up, Reason::None))),
            // A server's clock that is behind or ahead of what was looked at.
            (vec![copy("a", 1, 5)], vec![], 1_300, Some((Verdict::Up, Reason::None))),
            (vec![copy("a", 1, 99_999)], vec![], 1_100, Some((Verdict::Up, Reason::None))),
            (vec![copy("a", 1, 1_121)], vec![], 1_300, Some((degraded, Reason::MailLate))),
            // The receiver could not be looked into until long after the deadline.
            (vec![copy("a", 1, 1_010)], vec![], 9_000, Some((Verdict::Up, Reason::None))),
            (vec![copy("a", 1, 1_601)], vec![], 9_000, Some((down, Reason::MailNotDelivered))),
            (
                vec![copy("a", 1, 1_005), copy("a", 2, 1_006)],
                vec![],
                1_300,
                Some((degraded, Reason::MailDuplicate)),
            ),
            (
                vec![Found { is_junk: true, ..copy("a", 1, 1_005) }],
                vec![],
                1_300,
                Some((degraded, Reason::MailJunk)),
            ),
            (
                vec![Found { is_authentic: false, ..copy("a", 1, 1_005) }],
                vec![],
                1_300,
                Some((degraded, Reason::MailUnauthenticated)),
            ),
            (vec![copy("b", 1, 1_005)], vec![], 1_300, None),
        ] {
            let mut book = sent(&[("a", 1_000)]);
            book.settle(&RULES, &found, &bounces, now_s * 1_000);
            assert_eq!(told(&book), expected, "{found:?} {bounces:?} {now_s}");
            assert_eq!(book.awaits("a"), expected.is_none());
        }
    }

    #[test]
    fn a_loss_is_told_although_a_newer_message_arrived() {
        let mut book = sent(&[("a", 0), ("b", 300)]);
        book.settle(&RULES, &[copy("b", 1, 301)], &[], 601_000);
        assert_eq!(told(&book), Some((Verdict::Down, Reason::MailNotDelivered)));
        // Nothing new: the same is said again.
        book.settle(&RULES, &[copy("b", 1, 301)], &[], 700_000);
        assert_eq!(told(&book), Some((Verdict::Down, Reason::MailNotDelivered)));
        book.sent.push(Sent { token: "c".to_owned(), at_ms: 700_000 });
        book.settle(&RULES, &[copy("c", 2, 701)], &[], 800_000);
        assert_eq!(told(&book), Some((Verdict::Up, Reason::None)));
    }

    #[test]
    fn what_comes_too_late_is_recorded_and_rewrites_nothing() {
        let mut book = sent(&[("a", 0)]);
        book.settle(&RULES, &[], &[], 601_000);
        book.settle(&RULES, &[copy("a", 1, 900)], &[], 901_000);
        assert_eq!(told(&book), Some((Verdict::Down, Reason::MailNotDelivered)));
        assert_eq!(book.late_after_ms, Some(901_000));
        book.settle(&RULES, &[copy("a", 2, 950)], &[], 951_000);
        assert_eq!(told(&book), Some((Verdict::Degraded, Reason::MailDuplicate)));
    }

    #[test]
    fn what_was_decided_before_a_long_absence_says_nothing_of_now() {
        let away_ms = RULES.deadline_ms + OF_NOW_MS;
        let mut book = sent(&[("a", 0), ("b", 300)]);
        book.settle(&RULES, &[copy("a", 1, 1)], &[], 301_000);
        let asked = |days_ms: i64| {
            let mut book = book.clone();
            book.settle(&RULES, &[], &[], 301_000 + days_ms);
            (told(&book), book.awaits("b"))
        };
        assert_eq!(asked(away_ms - 1_000), (Some((Verdict::Down, Reason::MailNotDelivered)), false));
        assert_eq!(asked(away_ms + 1), (None, false), "neither that it arrived nor that it was lost");
    }

    #[test]
    fn a_book_survives_a_restart_and_stays_small() {
        let mut book = sent(&[("z", 0)]);
        for number in 0..200 {
            let token = format!("t{number}");
            book.sent.push(Sent { token: token.clone(), at_ms: 0 });
            book.settle(&RULES, &[copy(&token, number, 1)], &[], 2_000);
        }
        assert!(book.awaits("z") && book.done.len() == DONE_MAX);
        let kept: Book = serde_json::from_slice(&serde_json::to_vec(&book).unwrap()).unwrap();
        assert_eq!(kept, book);
        // One written by an older version lacks what was not known then.
        assert_eq!(serde_json::from_str::<Book>("{}").unwrap(), Book::default());
    }
}
