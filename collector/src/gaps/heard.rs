//! When an agent spoke, whatever the check: the silences between, and the numbers on both sides of them.

use std::collections::BTreeMap;

use collector_api::StreamId;
use collector_derive::RunIndex;
use config::AgentId;

/// When an agent spoke: stretches in order, apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    stretches: Vec<Stretch>,
}

/// From its first to its last sample without a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    first_ms: i64,
    last_ms: i64,
    /// Of the sample at `first_ms`.
    first: (StreamId, u64),
    /// Of the sample at `last_ms`.
    last: (StreamId, u64),
    /// Up to when it speaks for anything.
    until_ms: i64,
}

/// What an agent was doing while a check was not spoken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Silence {
    /// It spoke of others.
    Spoke,
    /// It was silent, and spoke before and after.
    Between(Around),
    /// It has not spoken since.
    Lasts {
        /// Its last sample, Unix ms.
        since_ms: i64,
    },
}

/// The samples on both sides of a silence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Around {
    /// The last before, if there was one.
    pub(super) before: Option<([u8; 16], u64)>,
    /// The first after.
    pub(super) after: ([u8; 16], u64),
}

impl Heard {
    /// Of every agent.
    pub fn of(runs: &RunIndex) -> BTreeMap<AgentId, Self> {
        let mut heard: BTreeMap<AgentId, Vec<Stretch>> = BTreeMap::new();
        for vantage in runs.checks.values().flatten() {
            let all = heard.entry(vantage.agent.clone()).or_default();
            for stream in &vantage.streams {
                all.extend(stream.runs().map(|run| Stretch {
                    first_ms: run.first_ms,
                    last_ms: run.last_ms,
                    first: (stream.stream, run.first_seq),
                    last: (stream.stream, run.last_seq),
                    until_ms: run.until_ms,
                }));
            }
        }
        heard.into_iter().map(|(agent, all)| (agent, Self { stretches: joined(all) })).collect()
    }

    /// What the agent did in `[from_ms, to_ms)`.
    pub(super) fn around(&self, (from_ms, to_ms): (i64, i64)) -> Silence {
        let before = self.stretches.partition_point(|stretch| stretch.first_ms <= from_ms);
        // Something of another check within the gap: it was not silent.
        let within = self.stretches[before.saturating_sub(1)..].iter();
        let spoke_ms: i64 = within
            .take_while(|stretch| stretch.first_ms < to_ms)
            .map(|stretch| stretch.until_ms.min(to_ms).saturating_sub(stretch.first_ms.max(from_ms)).max(0))
            .sum();
        // Half of it at least: the edges of a silence are not sharp.
        if spoke_ms.saturating_mul(2) >= to_ms.saturating_sub(from_ms) {
            return Silence::Spoke;
        }
        let last_before = before.checked_sub(1).and_then(|index| self.stretches.get(index));
        match self.stretches.get(before) {
            Some(next) => Silence::Between(Around {
                before: last_before.map(|stretch| (stretch.last.0.0, stretch.last.1)),
                after: (next.first.0.0, next.first.1),
            }),
            None => Silence::Lasts { since_ms: self.stretches.last().map_or(from_ms, |last| last.last_ms) },
        }
    }
}

/// Stretches that follow each other within what the earlier speaks for are one.
fn joined(mut all: Vec<Stretch>) -> Vec<Stretch> {
    all.sort_by_key(|stretch| (stretch.first_ms, stretch.first.1));
    let mut joined: Vec<Stretch> = Vec::new();
    for next in all {
        match joined.last_mut() {
            Some(last) if next.first_ms <= last.until_ms => {
                last.until_ms = last.until_ms.max(next.until_ms);
                if next.last_ms >= last.last_ms {
                    (last.last_ms, last.last) = (next.last_ms, next.last);
                }
            }
            _ => joined.push(next),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: StreamId = StreamId([1; 16]);

    fn heard(all: &[(i64, i64, u64, u64)]) -> Heard {
        let stretches = all.iter().map(|&(first_ms, last_ms, first_seq, last_seq)| Stretch {
            first_ms,
            last_ms,
            first: (STREAM, first_seq),
            last: (STREAM, last_seq),
            until_ms: last_ms + 15,
        });
        Heard { stretches: joined(stretches.collect()) }
    }

    #[test]
    fn a_silence_is_one_of_the_whole_agent() {
        // Two checks, every 10 ms, holding for 15: silent from 110 to 300, and from 400 on.
        let heard = heard(&[(0, 100, 1, 21), (5, 105, 2, 22), (300, 400, 30, 50), (305, 395, 31, 49)]);
        let between = |before, after| {
            Silence::Between(Around { before: Some((STREAM.0, before)), after: (STREAM.0, after) })
        };
        for (gap, silence) in [
            ((115, 300), between(22, 30)),
            ((120, 305), between(22, 30)),
            ((20, 90), Silence::Spoke),
            ((300, 395), Silence::Spoke),
            ((415, 900), Silence::Lasts { since_ms: 400 }),
        ] {
            assert_eq!(heard.around(gap), silence, "{gap:?}");
        }
        assert_eq!(heard.around((-50, -1)), Silence::Between(Around { before: None, after: (STREAM.0, 1) }));
        assert_eq!(Heard::default().around((0, 10)), Silence::Lasts { since_ms: 0 });
    }
}
