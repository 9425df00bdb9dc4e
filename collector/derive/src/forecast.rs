//! Where a year is heading, if it goes on as it went of late.
//!
//! One straight line: the down ratio of the trailing window (30 days) over what is left of the scope. It is
//! no prophecy, and says so by what it leaves out: unknown time, seasons, planned work. The figure's outlook
//! (D23) says what is certain; this says what is likely, in fractions, so that two readers see the same.

use config::{Availability, Quotient};

use crate::burn::{budget_left, exact_budget};
use crate::{Figure, Trail};

/// How long the trailing window is, ms.
pub const TRAIL_MS: u64 = 30 * 86_400_000;

/// A straight line from as-of to the period's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// How much down time the period ends with, ms; in a mean (D16) its members', as often as they weigh.
    pub down_ms: Quotient,
    /// Is the promise broken with that much?
    pub breach: bool,
    /// After how much more time in scope the budget is gone, ms by the clock, also of a mean; 0 if it is already. `None` if at this pace never. It can
    /// be longer than what is left: then the year ends first.
    pub exhaust_in_ms: Option<Quotient>,
    /// What share of what is left must be up to keep the promise, all unknown time counted as down
    /// ([`Figure::required`]); `None` if nothing is left.
    pub required: Option<Quotient>,
}

impl Forecast {
    /// From what a period has so far and what the trailing window saw; `None` if that knows nothing.
    pub fn of(figure: &Figure, promise: &Availability, trail: &Trail) -> Option<Self> {
        let (trail_down, trail_known) = (u128::from(trail.down_ms), u128::from(trail.known_ms));
        let so_far = u128::from(figure.down_ms) * trail_known;
        let down_ms = Quotient::new(so_far + trail_down * u128::from(figure.future_ms), trail_known)?;
        let budget = exact_budget(figure.scope_ms(), promise.target);
        let breach = if promise.strict { down_ms >= budget } else { down_ms > budget };
        let exhaust_in_ms = match budget_left(figure, promise) {
            None => Quotient::new(0, 1),
            Some(left) => {
                let (left, of) = left.parts();
                let weight = u128::from(figure.weight);
                Quotient::new(left.saturating_mul(trail_known), of.saturating_mul(trail_down * weight))
            }
        };
        let required = figure.required(promise);
        let required = required.and_then(|share| Quotient::new(share.p.into(), share.q.into()));
        Some(Self { down_ms, breach, exhaust_in_ms, required })
    }
}

#[cfg(test)]
mod tests;
