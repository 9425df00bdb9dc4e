//! Does the budget go too fast? Burn tiers over windows that end at as-of.
//!
//! The windows are computed here and not by a rule engine: late samples rewrite an hour that has passed, a
//! window may be ninety days long, and a gap must not read as up. A window counts the scope only, and what
//! nobody saw of it is neither up nor down: a ratio is of the known time, and a window of which less than half
//! is known says nothing.
//!
//! How fast a tier is follows from the length of the civil period, also where a promise is about a calendar's
//! hours: its windows and its year then have fewer hours in the same proportion.

use config::{Availability, BurnTier, Fraction, Quotient};

use crate::{Figure, Ratio};

/// What a stretch of time that ends at as-of saw, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trail {
    /// How much of it a promise is about.
    pub scope_ms: u64,
    /// Of which somebody can say what it was.
    pub known_ms: u64,
    /// Of which it was down.
    pub down_ms: u64,
}

/// A tier and what its windows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burning {
    /// The tier.
    pub tier: BurnTier,
    /// More than this share of the known time of both windows must be down.
    pub threshold: Quotient,
    /// As long as the part of the budget may last.
    pub long: Trail,
    /// At its end: does it still go?
    pub short: Trail,
    /// Do both say so, and is the long one known well enough?
    pub fires: bool,
}

/// The long window must be known at least to this share: half of it can be one tower's lightning.
const KNOWN_MIN: Fraction = Fraction { p: 1, q: 2 };

impl Trail {
    /// The share of the known time that was down; `None` if nothing is known.
    pub fn down_ratio(&self) -> Option<Ratio> {
        Ratio::new(self.down_ms, self.known_ms)
    }

    /// The share of the scope that is known; `None` if it has none.
    pub fn known_ratio(&self) -> Option<Ratio> {
        Ratio::new(self.known_ms, self.scope_ms)
    }

    fn exceeds(&self, threshold: Quotient) -> bool {
        Quotient::new(self.down_ms.into(), self.known_ms.into()).is_some_and(|ratio| ratio > threshold)
    }

    /// Adaptive burn: its down ratio against the one that what is left of the budget still bears over what is
    /// left of the scope. Above 1 the budget will not last; unlike a tier it is silent in December with
    /// budget left, and loud in October without. `None` if the window knows nothing, no time is left, or no
    /// budget: then every pace is too fast.
    pub fn adaptive_burn(&self, figure: &Figure, promise: &Availability) -> Option<Quotient> {
        let (left, of) = budget_left(figure, promise)?.parts();
        let down = u128::from(self.down_ms) * u128::from(figure.future_ms);
        let (known, future) = (u128::from(self.known_ms), u128::from(figure.future_ms));
        if future == 0 {
            return None;
        }
        Quotient::new(down.saturating_mul(of), known.saturating_mul(left))
    }
}

impl From<Figure> for Trail {
    /// The figure of a stretch of time as a window: for a mean, whose time is its members'.
    fn from(figure: Figure) -> Self {
        Self { scope_ms: figure.scope_ms(), known_ms: figure.known_ms(), down_ms: figure.down_ms }
    }
}

impl Burning {
    /// Asks every tier of a promise over a period of `period_ms`. `window` is asked for what stretches
    /// `[from_ms, as_of_ms)` saw.
    pub fn of(
        tiers: &[BurnTier],
        target: Fraction,
        period_ms: u64,
        as_of_ms: i64,
        mut window: impl FnMut(i64, i64) -> Trail,
    ) -> Vec<Self> {
        let mut ending = |length_ms: u64| window(as_of_ms.saturating_sub_unsigned(length_ms), as_of_ms);
        let mut ask = |tier: &BurnTier| {
            let threshold = tier.threshold(target, period_ms);
            let (long, short) = (ending(tier.window_ms), ending(tier.short_ms));
            let known = long.known_ratio().is_some_and(|known| known.is_at_least(KNOWN_MIN));
            let fires = known && long.exceeds(threshold) && short.exceeds(threshold);
            Self { tier: *tier, threshold, long, short, fires }
        };
        tiers.iter().map(&mut ask).collect()
    }
}

/// The budget of D22, not cut: (q - p)S/q, ms.
pub fn exact_budget(scope_ms: u64, target: Fraction) -> Quotient {
    let allowed = u128::from(target.q - target.p) * u128::from(scope_ms);
    Quotient::new(allowed, target.q.into()).unwrap_or_else(|| Fraction { p: 0, q: 1 }.into())
}

/// What down time has left of the exact budget; `None` if nothing.
pub(crate) fn budget_left(figure: &Figure, promise: &Availability) -> Option<Quotient> {
    let (budget, of) = exact_budget(figure.scope_ms(), promise.target).parts();
    let left = budget.checked_sub(u128::from(figure.down_ms) * of)?;
    Quotient::new(left, of).filter(|_| left > 0)
}

#[cfg(test)]
mod tests;
