//! What waits, what is under way, what was sent: decided without clock and network.
//!
//! Rows that have the same name as one of before and are about something else (an incident's number can come again
//! when the engine's state was lost) get another key: whoever ignored them would miss an alarm. Rows of one name about
//! the same thing are one.

use std::collections::BTreeMap;
use std::sync::Arc;

use collector_api::hex_encode;
use config::{Charter, Id, MailConfig, Recipe};
use ring::digest;
use serde_json::Value;

use super::row::Content;
use super::{Addressee, OutboxRow, OutboxState, Outcome, Outlet, Standing, Way};
use crate::publish::mail::Letter;
use crate::store::StoreError;

const SECOND_MS: i64 = 1_000;
const HOUR_MS: i64 = 3_600 * SECOND_MS;
/// After each failed attempt the next one is so much later, seconds; from then on an hour.
const PAUSES_S: [i64; 9] = [5, 15, 30, 60, 120, 300, 600, 1_200, 1_800];
/// A relay's longest weekend.
pub(crate) const PATIENCE_MS: i64 = 72 * HOUR_MS;
/// So long what was sent, or given up, can be looked up.
pub(crate) const KEPT_MS: i64 = 90 * 24 * HOUR_MS;
/// Older than this, something that waits is a trouble of its own.
pub(crate) const LATE_MS: i64 = 10 * 60 * SECOND_MS;
/// So long a row that was given up keeps the collector from being ready, unless somebody tries it again.
pub(crate) const GIVEN_UP_SHOWN_MS: i64 = 24 * HOUR_MS;

/// How long to wait after the `tries`th attempt failed, ms.
pub(crate) fn pause_ms(tries: u32) -> i64 {
    let place = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    PAUSES_S.get(place).map_or(HOUR_MS, |seconds| seconds * SECOND_MS)
}

/// What is to be told about one thing.
#[derive(Debug)]
pub(crate) struct Matter<'a> {
    /// Its name; the same for every recipient.
    pub(crate) key: String,
    /// What it is about: an incident's name, else its own.
    pub(crate) about: String,
    /// When that began, Unix ms.
    pub(crate) born_ms: i64,
    /// When it was decided, Unix ms.
    pub(crate) at_ms: i64,
    /// To whom.
    pub(crate) to: &'a [Id],
    /// For people.
    pub(crate) letter: &'a Letter,
    /// For programs.
    pub(crate) facts: &'a Value,
}

/// Where recipients are reached, and under which name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach<'a> {
    /// Who they are.
    pub(crate) charter: &'a Charter,
    /// Nobody is mailed without.
    pub(crate) mail: Option<&'a MailConfig>,
    /// Tells this installation's messages from others'.
    pub(crate) store: &'a [u8],
}

impl Reach<'_> {
    /// The ways of a recipient, in the file's order.
    pub(crate) fn ways(&self, recipient: &Id) -> Vec<Way> {
        let Some(recipient) = self.charter.alerting.iter().find(|one| one.id == *recipient) else {
            return Vec::new();
        };
        let mut ways: Vec<Way> = Vec::new();
        if self.mail.is_some() {
            ways.extend(recipient.to.iter().cloned().map(Way::Mail));
        }
        match recipient.webhook.as_ref().map(|webhook| &webhook.recipe) {
            Some(Recipe::Sms { numbers, .. }) => ways.extend(numbers.iter().cloned().map(Way::Sms)),
            Some(Recipe::Json | Recipe::Teams | Recipe::Telegram { .. }) => ways.push(Way::Webhook),
            None => {}
        }
        // A file may name an address twice.
        let mut once: Vec<Way> = Vec::new();
        for way in ways {
            if !once.contains(&way) {
                once.push(way);
            }
        }
        once
    }

    fn domain(&self) -> &str {
        self.mail.map_or("vedetta.invalid", MailConfig::domain)
    }
}

/// A Message-ID without `<` and `>`: readable where it can be, and nobody else's.
fn message_id(reach: Reach<'_>, key: &str, born_ms: i64, matter: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [b"vedetta/message/v1", reach.store, key.as_bytes(), &born_ms.to_be_bytes()] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let hash = context.finish();
    let hash = hex_encode(hash.as_ref().get(..12).unwrap_or_default());
    format!("{matter}.{hash}@{}", reach.domain())
}

/// One row, in memory.
#[derive(Debug, Clone)]
struct Held {
    content: Arc<Content>,
    state: OutboxState,
    under_way: bool,
    /// Did the last attempt find the way itself closed?
    way_closed: bool,
}

/// One attempt to be made.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) key: String,
    pub(crate) content: Arc<Content>,
}

/// A row as people are shown it.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) content: Arc<Content>,
    pub(crate) state: OutboxState,
}

/// How much waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) count: usize,
    /// When the oldest was decided, Unix ms.
    pub(crate) oldest_ms: Option<i64>,
    /// Rows that were given up lately.
    pub(crate) given_up: usize,
}

/// Every row of the last three months.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    rows: BTreeMap<String, Held>,
}

impl Queue {
    /// From what is stored.
    pub(crate) fn load(rows: Vec<OutboxRow>) -> Result<Self, StoreError> {
        let mut queue = Self::default();
        for row in rows {
            let content = Content::open(&row.content)?;
            queue.hold(content, row.state);
        }
        Ok(queue)
    }

    fn hold(&mut self, mut content: Content, state: OutboxState) {
        if state.standing == Standing::Sent {
            (content.letter, content.facts) = (None, Value::Null);
        }
        let key = state.key.clone();
        let held = Held { content: Arc::new(content), state, under_way: false, way_closed: false };
        self.rows.entry(key).or_insert(held);
    }

    /// The rows of a matter that are not there yet, in the order of recipients and ways.
    pub(crate) fn rows_of(&self, matter: &Matter<'_>, reach: Reach<'_>) -> Vec<(Content, OutboxState)> {
        let mut rows = Vec::new();
        for recipient in matter.to {
            for way in reach.ways(recipient) {
                let Some(key) = self.free_key(matter, recipient, &way) else { continue };
                let to = Addressee { recipient: recipient.clone(), way };
                let content = Content {
                    message_id: message_id(reach, &key, matter.born_ms, &matter.key),
                    thread: self.thread(matter, &to),
                    about: matter.about.clone(),
                    born_ms: matter.born_ms,
                    created_ms: matter.at_ms,
                    letter: Some(matter.letter.clone()),
                    facts: if to.way.outlet() == Outlet::Webhook {
                        matter.facts.clone()
                    } else {
                        Value::Null
                    },
                    to,
                };
                let state = OutboxState {
                    key,
                    standing: Standing::Waiting,
                    tries: 0,
                    next_ms: matter.at_ms,
                    changed_ms: matter.at_ms,
                    reply: String::new(),
                };
                rows.push((content, state));
            }
        }
        rows
    }

    /// `None` if the same is there already.
    fn free_key(&self, matter: &Matter<'_>, recipient: &Id, way: &Way) -> Option<String> {
        let key = format!("{}/{recipient}/{way}", matter.key);
        match self.rows.get(&key) {
            None => Some(key),
            Some(held) if held.content.born_ms == matter.born_ms => None,
            Some(_) => {
                let key = format!("{key}~{}", matter.born_ms);
                (!self.rows.contains_key(&key)).then_some(key)
            }
        }
    }

    /// The oldest message about the same thing to the same.
    fn thread(&self, matter: &Matter<'_>, to: &Addressee) -> Option<String> {
        let same = self.rows.values().map(|held| &held.content).filter(|content| {
            content.about == matter.about && content.born_ms == matter.born_ms && content.to == *to
        });
        same.min_by_key(|content| content.created_ms).map(|content| content.message_id.clone())
    }

    /// What was committed.
    pub(crate) fn admit(&mut self, rows: Vec<(Content, OutboxState)>) {
        for (content, state) in rows {
            self.hold(content, state);
        }
    }

    /// At most so many attempts that are due, now under way: those that were tried least come first, so that what is
    /// new does not wait behind what fails.
    pub(crate) fn due(&mut self, now_ms: i64, count: usize) -> Vec<Due> {
        let is_due = |held: &&mut Held| {
            let ahead_ms = held.state.next_ms.saturating_sub(now_ms);
            // What is longer ahead than any pause was written by a clock that has been set back since.
            let is_time = ahead_ms <= 0 || ahead_ms > HOUR_MS;
            held.state.standing == Standing::Waiting && !held.under_way && is_time
        };
        let mut due: Vec<&mut Held> = self.rows.values_mut().filter(is_due).collect();
        due.sort_by_key(|held| (held.state.tries, held.state.next_ms));
        let chosen = due.into_iter().take(count).map(|held| {
            held.under_way = true;
            Due { key: held.state.key.clone(), content: Arc::clone(&held.content) }
        });
        chosen.collect()
    }

    /// When the next attempt is due, Unix ms.
    pub(crate) fn next_ms(&self) -> Option<i64> {
        let waiting =
            self.rows.values().filter(|held| held.state.standing == Standing::Waiting && !held.under_way);
        waiting.map(|held| held.state.next_ms).min()
    }

    /// An attempt ended; what is to be written down. `None` if its row is gone.
    pub(crate) fn ended(&mut self, key: &str, outcome: &Outcome, now_ms: i64) -> Option<OutboxState> {
        let held = self.rows.get_mut(key)?;
        held.under_way = false;
        let outlet = held.content.to.way.outlet();
        let tries = held.state.tries.saturating_add(1);
        let (standing, next_ms, reply) = match outcome {
            Outcome::Taken(reply) => (Standing::Sent, now_ms, reply),
            Outcome::Never(reply) => (Standing::GivenUp, now_ms, reply),
            Outcome::Later { reply, way, after_ms } => {
                held.way_closed = *way;
                let pause_ms = pause_ms(tries).max(after_ms.unwrap_or(0).min(HOUR_MS));
                // The attempt comes first: what was kept from being tried for days is tried before it is given up.
                let over = now_ms.saturating_sub(held.content.created_ms) >= PATIENCE_MS;
                let standing = if over { Standing::GivenUp } else { Standing::Waiting };
                (standing, now_ms.saturating_add(pause_ms), reply)
            }
        };
        held.state = OutboxState {
            key: key.to_owned(),
            standing,
            tries,
            next_ms,
            changed_ms: now_ms,
            reply: reply.clone(),
        };
        let written = held.state.clone();
        if standing == Standing::Sent {
            let content = Arc::make_mut(&mut held.content);
            (content.letter, content.facts) = (None, Value::Null);
            self.reopen(outlet, now_ms);
        }
        Some(written)
    }

    /// The way is open: what only waits for it need not wait any longer.
    fn reopen(&mut self, outlet: Outlet, now_ms: i64) {
        let behind = self.rows.values_mut().filter(|held| {
            held.way_closed
                && held.state.standing == Standing::Waiting
                && held.content.to.way.outlet() == outlet
        });
        for held in behind {
            held.way_closed = false;
            held.state.next_ms = held.state.next_ms.min(now_ms);
        }
    }

    /// Somebody wants a row to be tried now, also one that was given up; past its three days it is tried once. `Err`
    /// with how it stands if it was sent; `None` if there is none.
    pub(crate) fn retry(&mut self, key: &str, now_ms: i64) -> Option<Result<OutboxState, Standing>> {
        let held = self.rows.get_mut(key)?;
        if held.state.standing == Standing::Sent {
            return Some(Err(Standing::Sent));
        }
        held.state.standing = Standing::Waiting;
        (held.state.tries, held.state.next_ms, held.state.changed_ms) = (0, now_ms, now_ms);
        Some(Ok(held.state.clone()))
    }

    /// What is older than three months and no longer waits, is gone. Returns before when, Unix ms, if that was any.
    pub(crate) fn forget(&mut self, now_ms: i64) -> Option<i64> {
        let before_ms = now_ms.saturating_sub(KEPT_MS);
        let count = self.rows.len();
        self.rows
            .retain(|_, held| held.state.standing == Standing::Waiting || held.state.changed_ms >= before_ms);
        (self.rows.len() < count).then_some(before_ms)
    }

    /// How much waits, and what was given up lately.
    pub(crate) fn waiting(&self, now_ms: i64) -> Waiting {
        let mut waiting = Waiting::default();
        for held in self.rows.values() {
            match held.state.standing {
                Standing::Waiting => {
                    waiting.count += 1;
                    let oldest_ms = waiting.oldest_ms.get_or_insert(held.content.created_ms);
                    *oldest_ms = held.content.created_ms.min(*oldest_ms);
                }
                Standing::GivenUp if now_ms.saturating_sub(held.state.changed_ms) < GIVEN_UP_SHOWN_MS => {
                    waiting.given_up += 1;
                }
                Standing::GivenUp | Standing::Sent => {}
            }
        }
        waiting
    }

    /// A row.
    pub(crate) fn row(&self, key: &str) -> Option<Shown> {
        let held = self.rows.get(key)?;
        Some(Shown { content: Arc::clone(&held.content), state: held.state.clone() })
    }

    /// Every row, the newest first.
    pub(crate) fn rows(&self) -> Vec<Shown> {
        let shown = |held: &Held| Shown { content: Arc::clone(&held.content), state: held.state.clone() };
        let mut rows: Vec<Shown> = self.rows.values().map(shown).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.content.created_ms));
        rows
    }
}

#[cfg(test)]
mod tests;
