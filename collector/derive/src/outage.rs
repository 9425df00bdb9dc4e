//! Outages: the stretches in which a service was down, each with what was down in it (D15).
//!
//! One cause seen by many components is one outage, because outages are cut on the service's timeline.

use std::collections::BTreeSet;

use collector_api::Reason;
use config::{AgentId, CheckId, SiteId};
use jiff::Timestamp;

use crate::{CheckFigure, Condition, Span, State};

/// A stretch of down on the service's timeline (D15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// `service-2026-11-23T09:10:00Z`: stays the same while the outage lasts, and in every later report of a
    /// period that has its beginning, unless what is known of that, or the service's name, changes.
    pub id: String,
    /// From the first failing sample.
    pub start_ms: i64,
    /// To the first good one; as-of while it lasts.
    pub end_ms: i64,
    /// Does it last at as-of, or beyond the period?
    pub ongoing: bool,
    /// What was down in it: check, site, agent, and each reason that was given.
    pub causes: Vec<(CheckId, SiteId, AgentId, Reason)>,
}

impl Outage {
    /// How long it is, ms.
    pub fn length_ms(&self) -> u64 {
        self.end_ms.abs_diff(self.start_ms)
    }
}

/// The outages of a timeline that ends at `seen_to_ms`, caused by what was down among `checks`.
pub(crate) fn outages<'a>(
    service: &str,
    timeline: &[Span],
    seen_to_ms: i64,
    checks: impl Iterator<Item = &'a CheckFigure>,
) -> Vec<Outage> {
    let down: Vec<&Span> = timeline.iter().filter(|span| span.state == State::Down).collect();
    let ids = ids(service, down.iter().map(|span| span.start_ms));
    let mut outages: Vec<Outage> = down
        .into_iter()
        .zip(ids)
        .map(|(span, id)| Outage {
            id,
            start_ms: span.start_ms,
            end_ms: span.end_ms,
            ongoing: span.end_ms >= seen_to_ms,
            causes: Vec::new(),
        })
        .collect();
    for check in checks {
        for vantage in &check.vantages {
            for (from_ms, to_ms, change) in vantage.timeline.stretches() {
                if change.verdict != Condition::Down {
                    continue;
                }
                let first = outages.partition_point(|outage| outage.end_ms <= from_ms);
                for outage in outages[first..].iter_mut().take_while(|outage| outage.start_ms < to_ms) {
                    let cause =
                        (check.id.clone(), vantage.site.clone(), vantage.agent.clone(), change.reason);
                    if !outage.causes.contains(&cause) {
                        outage.causes.push(cause);
                    }
                }
            }
        }
    }
    outages
}

/// The names of outages that begin at these instants, in order.
pub(crate) fn ids(service: &str, starts_ms: impl Iterator<Item = i64>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    starts_ms.map(|start_ms| id(service, start_ms, &mut taken)).collect()
}

/// To the second, as people say it; to the millisecond where another outage began in the same second.
fn id(service: &str, start_ms: i64, taken: &mut BTreeSet<String>) -> String {
    let at = |ms| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let by_second = format!("{service}-{}", at(start_ms - start_ms.rem_euclid(1_000)));
    if taken.insert(by_second.clone()) {
        return by_second;
    }
    let by_millisecond = format!("{service}-{}", at(start_ms));
    taken.insert(by_millisecond.clone());
    by_millisecond
}
