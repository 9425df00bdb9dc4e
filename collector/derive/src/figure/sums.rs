//! What timelines say of stretches of time, added up.

use crate::{Condition, Timeline};

/// What timelines say of some time, ms; each as often as it weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    pub(crate) up: u64,
    pub(crate) down: u64,
    pub(crate) unknown: u64,
    pub(crate) maintenance: u64,
}

impl Sums {
    /// Adds what a timeline says of `scope`, stretches in order and apart.
    pub(crate) fn add(&mut self, timeline: &Timeline, scope: &[(i64, i64)], weight: u64) {
        if let [only] = scope {
            return self.add_within(timeline, *only, weight);
        }
        let mut first = 0;
        for (from_ms, to_ms, change) in timeline.stretches() {
            while scope.get(first).is_some_and(|(_, end_ms)| *end_ms <= from_ms) {
                first += 1;
            }
            let rest = scope.get(first..).unwrap_or_default().iter();
            let length: u64 = rest
                .take_while(|(start_ms, _)| *start_ms < to_ms)
                .map(|(start_ms, end_ms)| (*start_ms).max(from_ms).abs_diff((*end_ms).min(to_ms)))
                .sum();
            *self.of(change.verdict) += length * weight;
        }
    }

    /// The common case, without a look for the right stretch.
    fn add_within(&mut self, timeline: &Timeline, (start_ms, end_ms): (i64, i64), weight: u64) {
        let mut lengths = [0; Condition::ALL.len()];
        timeline.each_stretch(|from_ms, to_ms, change| {
            let length = to_ms.min(end_ms).saturating_sub(from_ms.max(start_ms)).max(0);
            lengths[change.verdict as usize] += length.unsigned_abs();
        });
        for (condition, length) in Condition::ALL.into_iter().zip(lengths) {
            *self.of(condition) += length * weight;
        }
    }

    pub(crate) fn plus(self, more: Self) -> Self {
        Self {
            up: self.up + more.up,
            down: self.down + more.down,
            unknown: self.unknown + more.unknown,
            maintenance: self.maintenance + more.maintenance,
        }
    }

    pub(crate) fn times(self, weight: u32) -> Self {
        let weight = u64::from(weight);
        Self {
            up: self.up * weight,
            down: self.down * weight,
            unknown: self.unknown * weight,
            maintenance: self.maintenance * weight,
        }
    }

    fn of(&mut self, condition: Condition) -> &mut u64 {
        match condition {
            Condition::Up | Condition::Degraded => &mut self.up,
            Condition::Down => &mut self.down,
            Condition::Unknown => &mut self.unknown,
            Condition::Maintenance => &mut self.maintenance,
        }
    }
}

/// How long stretches are together, ms, cut to `[from_ms, to_ms)`.
pub(crate) fn length_within(scope: &[(i64, i64)], from_ms: i64, to_ms: i64) -> u64 {
    let cut = |(start_ms, end_ms): &(i64, i64)| {
        let length = (*end_ms).min(to_ms).saturating_sub((*start_ms).max(from_ms));
        u64::try_from(length).unwrap_or(0)
    };
    scope.iter().map(cut).sum()
}
