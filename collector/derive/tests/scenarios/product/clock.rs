//! Seconds of a scenario as Unix milliseconds of the product.

use crate::given::{Evidence, Given, Says};

/// Where a scenario's seconds stand on the product's time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    shift: i64,
}

/// Before this second of 1970 no agent wrote anything, and 0 means "not known" in records.
const FIRST: i64 = 1_000;

impl Clock {
    /// Scenarios that begin about zero are moved to where agents live; with a calendar every instant is
    /// itself.
    pub(super) fn of(given: &Given) -> Self {
        let mut first = given.start;
        for check in given.checks.values() {
            match &check.evidence {
                Evidence::Timeline(rows) => first = rows.iter().map(|row| row.0).fold(first, i64::min),
                Evidence::Events(events, _) => {
                    first = events.iter().map(|event| event.0).fold(first, i64::min);
                }
                Evidence::Sites { sites, .. } => {
                    for vantage in sites.iter().flat_map(|site| &site.vantages) {
                        let bad = vantage.bad.iter().map(|bad| bad.0);
                        first =
                            vantage.samples.iter().map(|sample| sample.at).chain(bad).fold(first, i64::min);
                    }
                }
            }
        }
        for entry in &given.log {
            if let Says::Maintenance { from, .. } | Says::Mark { from, .. } = &entry.says {
                first = first.min(*from);
            }
        }
        let shift = if first < FIRST && given.calendar.is_none() { 10_000_000 - first } else { 0 };
        Self { shift }
    }

    /// Unix ms; what is for ever stays so.
    pub(crate) fn ms(self, second: i64) -> i64 {
        match second {
            i64::MIN | i64::MAX => second,
            _ => second.saturating_add(self.shift).saturating_mul(1_000),
        }
    }

    /// Back to the scenario's seconds.
    pub(crate) fn second(self, ms: i64) -> i64 {
        ms.div_euclid(1_000) - self.shift
    }
}
