//! The integers of a period, and what follows from them exactly (D19 to D23, D25).
//!
//! Nothing here rounds: a share is a fraction, a comparison multiplies in u128, a display truncates. The
//! headline leaves unknown time out; the standing never does, it looks at both bounds.

mod sums;

use config::{Availability, Fraction, Unknown};

pub(crate) use self::sums::{Sums, length_within};
use crate::ratio::keeps;
use crate::{Period, Ratio, Timeline};

/// The integers of one period (D19), all ms; they sum to the period as often as it weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Time measured up.
    pub up_ms: u64,
    /// Time measured down.
    pub down_ms: u64,
    /// Time nobody can say.
    pub unknown_ms: u64,
    /// Time of planned work that the rules leave out (D12): neither up nor down, and no promise is about it.
    pub maintenance_ms: u64,
    /// Time of the period that is out of scope: before `measured_from`, outside a calendar's hours, or
    /// before and after a member was one.
    pub out_of_scope_ms: u64,
    /// Time of the scope after as-of.
    pub future_ms: u64,
    /// How often the period is counted: once, but in a mean (D16), whose milliseconds are its members', each
    /// as often as it weighs.
    pub weight: u64,
}

impl Default for Figure {
    /// Nothing, counted once.
    fn default() -> Self {
        Self {
            up_ms: 0,
            down_ms: 0,
            unknown_ms: 0,
            maintenance_ms: 0,
            out_of_scope_ms: 0,
            future_ms: 0,
            weight: 1,
        }
    }
}

/// How a commitment stands to date (D21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Even if all unknown time was down.
    Met,
    /// Even if all unknown time was up.
    Breached,
    /// The unknown time decides.
    Indeterminate,
    /// Nothing was measured.
    NoData,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 4] = [Self::Met, Self::Breached, Self::Indeterminate, Self::NoData];

    /// The word in logs, JSON and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Breached => "breached",
            Self::Indeterminate => "indeterminate",
            Self::NoData => "no_data",
        }
    }
}

/// How the year can still end (D23).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Met whatever comes.
    Secured,
    /// Either way.
    Open,
    /// Missed whatever comes.
    Irrecoverable,
}

impl Outlook {
    /// Every outlook.
    pub const ALL: [Self; 3] = [Self::Secured, Self::Open, Self::Irrecoverable];

    /// The word in logs, JSON and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secured => "secured",
            Self::Open => "open",
            Self::Irrecoverable => "irrecoverable",
        }
    }
}

/// How much down time a promise leaves in a period (D22), ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The share of the scope that need not be up, cut to whole ms.
    pub budget_ms: u64,
    /// The most down time that still keeps the promise: one less than the budget if the promise is
    /// strict and the budget is whole. Below 0 if not even none would (above 100%).
    pub down_max_ms: i64,
    /// What is left of it; below 0 when it is overdrawn.
    pub remaining_ms: i64,
}

impl Figure {
    /// Lays what was seen over the period. What the timeline does not cover is unknown before `as_of_ms`,
    /// future after it; what is before `measured_from_ms` is out of scope (D18).
    pub fn over(period: Period, measured_from_ms: i64, as_of_ms: i64, timeline: &Timeline) -> Self {
        let scope_from = measured_from_ms.clamp(period.start_ms(), period.end_ms());
        Self::within(period, &[(scope_from, period.end_ms())], as_of_ms, timeline)
    }

    /// As [`Figure::over`], where only some stretches of the period are in scope: in order, apart, within it.
    pub fn within(period: Period, scope: &[(i64, i64)], as_of_ms: i64, timeline: &Timeline) -> Self {
        let seen_to = as_of_ms.clamp(period.start_ms(), period.end_ms());
        let mut sums = Sums::default();
        if timeline.end_ms <= seen_to {
            sums.add(timeline, scope, 1);
        } else {
            let seen = scope.iter().map(|(from_ms, to_ms)| (*from_ms, (*to_ms).min(seen_to)));
            sums.add(timeline, &seen.filter(|(from_ms, to_ms)| from_ms < to_ms).collect::<Vec<_>>(), 1);
        }
        let elapsed = length_within(scope, period.start_ms(), seen_to);
        let future_ms = length_within(scope, seen_to, period.end_ms());
        Self {
            up_ms: sums.up,
            down_ms: sums.down,
            unknown_ms: elapsed - sums.up - sums.down - sums.maintenance,
            maintenance_ms: sums.maintenance,
            out_of_scope_ms: period.length_ms() - elapsed - future_ms,
            future_ms,
            weight: 1,
        }
        .checked(period)
    }

    /// The figure, if it is one: a number that does not add up is never published (D19).
    ///
    /// # Panics
    ///
    /// If the integers do not sum to the period as often as it weighs, as arithmetic here does when it overflows, in
    /// release too. Whoever answers with figures catches that, logs it and answers with an error.
    pub(crate) fn checked(self, period: Period) -> Self {
        assert_eq!(
            self.period_ms(),
            self.weight * period.length_ms(),
            "the integers sum to the period: {self:?}"
        );
        self
    }

    /// All six: the period, as often as it weighs.
    pub fn period_ms(&self) -> u64 {
        self.scope_ms() + self.maintenance_ms + self.out_of_scope_ms
    }

    /// S: what the promise is about.
    pub fn scope_ms(&self) -> u64 {
        self.elapsed_ms() + self.future_ms
    }

    /// Scope before as-of, without what planned work takes out of it.
    pub fn elapsed_ms(&self) -> u64 {
        self.known_ms() + self.unknown_ms
    }

    /// Time somebody can say.
    pub fn known_ms(&self) -> u64 {
        self.up_ms + self.down_ms
    }

    /// The headline U/(U+D) (D20); `None` if nothing was measured.
    pub fn availability(&self) -> Option<Ratio> {
        Ratio::new(self.up_ms, self.known_ms())
    }

    /// The headline as the rules read unknown time: apart (D20), as down, or as up.
    pub fn headline(&self, unknown: Unknown) -> Option<Ratio> {
        match unknown {
            Unknown::Apart => self.availability(),
            Unknown::Down => self.worst(),
            Unknown::Up => self.best(),
        }
    }

    /// The lower bound: all unknown time was down.
    pub fn worst(&self) -> Option<Ratio> {
        Ratio::new(self.up_ms, self.elapsed_ms())
    }

    /// The upper bound: all unknown time was up.
    pub fn best(&self) -> Option<Ratio> {
        Ratio::new(self.up_ms + self.unknown_ms, self.elapsed_ms())
    }

    /// The known share of the time elapsed.
    pub fn coverage(&self) -> Option<Ratio> {
        Ratio::new(self.known_ms(), self.elapsed_ms())
    }

    /// The whole period's bounds, future and time out of scope included: what a partial year (D18) can
    /// say of the year. `(worst, best)`.
    pub fn whole_period(&self) -> Option<(Ratio, Ratio)> {
        let whole_ms = self.period_ms() - self.maintenance_ms;
        let worst = Ratio::new(self.up_ms, whole_ms)?;
        Some((worst, Ratio { p: whole_ms - self.down_ms, ..worst }))
    }

    /// The best that the period can still end with: nothing more down, all unknown time up, (S - D) / S (D23).
    pub fn attainable(&self) -> Option<Ratio> {
        Ratio::new(self.scope_ms() - self.down_ms, self.scope_ms())
    }

    /// How the promise stands to date (D21), from the bounds and not from the headline.
    pub fn standing(&self, promise: &Availability) -> Standing {
        if self.known_ms() == 0 {
            return Standing::NoData;
        }
        match (self.worst(), self.best()) {
            (Some(worst), _) if worst.meets(promise) => Standing::Met,
            (_, Some(best)) if !best.meets(promise) => Standing::Breached,
            _ => Standing::Indeterminate,
        }
    }

    /// How the year can still end (D23): absolute, so that no late sample contradicts it.
    pub fn outlook(&self, promise: &Availability) -> Outlook {
        let scope = u128::from(self.scope_ms());
        if keeps(promise, self.up_ms.into(), scope) {
            Outlook::Secured
        } else if keeps(promise, scope - u128::from(self.down_ms), scope) {
            Outlook::Open
        } else {
            Outlook::Irrecoverable
        }
    }

    /// How much down time the promise leaves (D22).
    pub fn budget(&self, promise: &Availability) -> Budget {
        let Fraction { p, q } = promise.target;
        let allowed = u128::from(q - p) * u128::from(self.scope_ms());
        let budget_ms = u64::try_from(allowed / u128::from(q)).unwrap_or(u64::MAX);
        let whole = allowed % u128::from(q) == 0;
        let down_max_ms = budget_ms.cast_signed() - i64::from(promise.strict && whole);
        Budget { budget_ms, down_max_ms, remaining_ms: down_max_ms - self.down_ms.cast_signed() }
    }

    /// What share of the future must be up (D23), all unknown time counted as down: a strict promise needs
    /// more than this, and above 1 it cannot be kept so. `None` when no time is left.
    pub fn required(&self, promise: &Availability) -> Option<Ratio> {
        let Fraction { p, q } = promise.target;
        let parts = |share: u64, ms: u64| u128::from(share) * u128::from(ms);
        let missing = parts(p, self.scope_ms()).saturating_sub(parts(q, self.up_ms));
        let future = parts(q, self.future_ms);
        let divisor = gcd(missing, future).max(1);
        // Reduced, both are far below 2^64: a target has at most eight digits, weighted time fifteen.
        Ratio::new(u64::try_from(missing / divisor).ok()?, u64::try_from(future / divisor).ok()?)
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests;
