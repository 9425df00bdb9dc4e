//! One alert per budget, whose level rises: whoever was told of a level is not told of it again.
//!
//! A level falls when it was better for a week; irrecoverable never does, because the year does not come back. What
//! burns is a page only where no incident was one: an outage of four hours is not also a budget's alarm. The other
//! levels can wait for a working hour.

use std::collections::BTreeMap;

use config::{Concern, Recipient};

use super::decision::{Decision, Rise, What};
use super::state::Kept;
use super::{CommitmentFacts, DAY_MS, Facts, HOUR_MS, Level, State};

/// Better for so long, a level has fallen, ms.
const FALLEN_MS: i64 = 7 * DAY_MS;

/// A forecast must say so for this long: it moves with each hour of its thirty days, ms.
const FORECAST_MS: i64 = 6 * HOUR_MS;

/// Follows every commitment.
pub(super) fn step(state: &mut State, facts: &Facts, now_ms: i64) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for commitment in &facts.commitments {
        let was_paged = state.was_paged(&commitment.key.service, now_ms);
        let CommitmentFacts { key, year, .. } = commitment;
        let place = state.budgets.iter().position(|kept| kept.key == *key && kept.year == *year);
        let place = place.unwrap_or_else(|| {
            // Another year has another budget; that of the old one is history.
            state.budgets.retain(|kept| kept.key != *key);
            state.budgets.push(Kept::new(commitment));
            state.budgets.len() - 1
        });
        let Some(kept) = state.budgets.get_mut(place) else { continue };
        let level = kept.follow(commitment, now_ms);
        decisions.extend(kept.tell(commitment, level, facts, was_paged, now_ms));
        if commitment.secured && !kept.secured {
            kept.secured = true;
            state.secured.push((key.clone(), *year));
        }
    }
    decisions
}

impl Kept {
    fn new(commitment: &CommitmentFacts) -> Self {
        Self {
            key: commitment.key.clone(),
            year: commitment.year,
            level: None,
            rises: 0,
            better_ms: None,
            forecast_ms: None,
            told: BTreeMap::new(),
            secured: false,
            is_news: false,
        }
    }

    /// Moves the level; returns the one that holds now.
    fn follow(&mut self, commitment: &CommitmentFacts, now_ms: i64) -> Option<Level> {
        let forecasts = commitment.levels.contains(&Level::Forecast);
        self.forecast_ms = forecasts.then(|| self.forecast_ms.unwrap_or(now_ms));
        let lasts = self.forecast_ms.is_some_and(|since_ms| now_ms - since_ms >= FORECAST_MS);
        let holds = |level: &&Level| **level != Level::Forecast || lasts;
        let level = commitment.levels.iter().filter(holds).max().copied();
        if level > self.level {
            self.level = level;
            self.rises = self.rises.saturating_add(1);
            self.is_news = true;
        }
        if level == self.level || self.level == Some(Level::Irrecoverable) {
            self.better_ms = None;
        } else if now_ms - *self.better_ms.get_or_insert(now_ms) >= FALLEN_MS {
            self.level = level;
            self.better_ms = None;
            self.told.retain(|_, told| Some(*told) <= level);
        }
        level
    }

    /// Tells those of the level whom it concerns and who have not heard of it, while it holds.
    fn tell(
        &mut self,
        commitment: &CommitmentFacts,
        now: Option<Level>,
        facts: &Facts,
        was_paged: bool,
        now_ms: i64,
    ) -> Option<Decision> {
        let level = self.level.filter(|level| now == Some(*level))?;
        let policy = &facts.policy;
        let mut concerned: Vec<&Recipient> = Vec::new();
        for concern in concerns(level) {
            // The end of a promise is also told to whoever signs for all of them.
            let alert = if *concern == Concern::Digest { &[][..] } else { &commitment.alert };
            for recipient in policy.concerned(alert, *concern) {
                if !concerned.iter().any(|other| other.id == recipient.id) {
                    concerned.push(recipient);
                }
            }
        }
        let mut to = Vec::new();
        for recipient in concerned {
            if self.told.get(&recipient.id).is_some_and(|told| *told >= level) {
                continue;
            }
            let is_paged = level == Level::Burning && was_paged;
            if is_paged || policy.may_hear(recipient, now_ms) {
                self.told.insert(recipient.id.clone(), level);
                if !is_paged {
                    to.push(recipient.id.clone());
                }
            }
        }
        let what = What::Budget(Rise::of(commitment, level, self.rises));
        (!to.is_empty()).then_some(Decision { at_ms: now_ms, what, to })
    }
}

const fn concerns(level: Level) -> &'static [Concern] {
    match level {
        Level::Burning => &[Concern::Page],
        Level::Below | Level::Forecast => &[Concern::Ticket],
        Level::Irrecoverable => &[Concern::Ticket, Concern::Digest],
    }
}
