//! Burn tiers: how fast a budget may go before somebody is told, and whether a tier can do that at all.
//!
//! A tier is a part of the period's budget and the window it must be gone in. The factors that are handed
//! around are made for 99.9% of 30 days and do not transfer: of 98% a year, 2% of the budget in an hour asks
//! for an hour that is 350% down; of 85%, 20% in 90 days is slower than the budget itself. So a tier is
//! computed, and refused with its arithmetic when no outage could ever fire it or every slow year would.
//!
//! With part c, window w, period P and budget share b = 1 - target: burn x = cP/w, threshold r = xb; it can
//! fire if r < 1 and is faster than the even pace if x >= 1, together cbP < w <= cP (availability.md, 4).

use serde::{Deserialize, Serialize};

use crate::text::{Text, say};
use crate::yaml::duration::Millis;
use crate::{Fraction, Quotient};

/// When somebody is told that the budget goes too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BurnTier {
    /// This part of the period's budget, above 0.
    pub part: Fraction,
    /// Gone within this long: the long window, ms.
    pub window_ms: u64,
    /// And still going: the short window at its end that must burn as fast, ms. Without it the alert would
    /// stand long after the outage.
    pub short_ms: u64,
    /// How urgent it is.
    pub severity: Severity,
}

/// How urgent something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the periodic look: nobody is told at once.
    Trend,
    /// For the next working day.
    Ticket,
    /// Now.
    Page,
}

/// Why a tier is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub struct BurnError {
    /// Which tier.
    pub tier: BurnTier,
    /// Of which target.
    pub target: Fraction,
    /// Of how long a period, ms.
    pub period_ms: u64,
    /// What is wrong.
    pub kind: BurnErrorKind,
}

/// What can be wrong with a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BurnErrorKind {
    /// 100% leaves no budget to burn.
    NoBudget,
    /// A part of 0, or a window of no length.
    Nothing,
    /// The short window is not shorter than the long one.
    Short,
    /// r >= 1: more than all of the window would have to be down.
    CannotFire,
    /// r > 9/10: what is known of a real window seldom reaches it.
    HardlyFires,
    /// x < 1: the budget would outlast the period.
    BelowPace,
}

/// A common year, the period of a charter's promise, ms.
pub const YEAR_MS: u64 = 365 * DAY_MS;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// The largest threshold that is accepted.
const THRESHOLD_MAX: Fraction = Fraction { p: 9, q: 10 };

/// Short windows are a twelfth of the long ones, as the SRE workbook has them.
const SHORT_PART: u64 = 12;

/// The windows that default tiers choose from.
const WINDOWS_MS: [u64; 7] =
    [HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS, 48 * HOUR_MS, 7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS];

/// The parts that default tiers choose from, in percent: each tier takes the first that has a window.
const PARTS: [&[u64]; 4] = [&[2], &[5], &[10], &[20, 25]];

/// Each default window is at least this many times the one before.
const WINDOW_STEP: u64 = 3;

impl BurnTier {
    /// With the usual short window.
    pub fn new(part: Fraction, window_ms: u64, severity: Severity) -> Self {
        Self { part, window_ms, short_ms: window_ms / SHORT_PART, severity }
    }

    /// x: how many times faster than evenly over the period the budget goes.
    pub fn burn(&self, period_ms: u64) -> Quotient {
        let Fraction { p, q } = self.part;
        let window_ms = u128::from(self.window_ms.max(1));
        quotient(u128::from(p) * u128::from(period_ms), u128::from(q).saturating_mul(window_ms))
    }

    /// r: the share of a window's known time that must be down, and more.
    pub fn threshold(&self, target: Fraction, period_ms: u64) -> Quotient {
        // Percentages have eight digits, times twenty: 39 would be too many, and no window has so many.
        let (p, q) = self.burn(period_ms).parts();
        let left = u128::from(target.q - target.p);
        quotient(p.saturating_mul(left), q.saturating_mul(target.q.into()))
    }

    /// Can an outage of the whole window reach it?
    pub fn can_fire(&self, target: Fraction, period_ms: u64) -> bool {
        self.threshold(target, period_ms) < quotient(1, 1)
    }

    /// Is it at least as fast as the even pace?
    pub fn is_above_pace(&self, period_ms: u64) -> bool {
        self.burn(period_ms) >= quotient(1, 1)
    }

    /// After how long an outage of everything fires it, ms: the part of the budget, whatever the window.
    pub fn full_outage_fires_after_ms(&self, target: Fraction, period_ms: u64) -> Quotient {
        let (p, q) = (u128::from(self.part.p), u128::from(self.part.q));
        let budget = quotient(u128::from(target.q - target.p) * u128::from(period_ms), target.q.into());
        let (budget, of) = budget.parts();
        quotient(p.saturating_mul(budget), q.saturating_mul(of))
    }

    /// How much of the budget an outage as long as the window eats; `None` where there is no budget.
    pub fn window_of_budget(&self, target: Fraction, period_ms: u64) -> Option<Quotient> {
        let budget = u128::from(target.q - target.p) * u128::from(period_ms);
        Quotient::new(u128::from(target.q) * u128::from(self.window_ms), budget)
    }

    /// Refuses what can never fire, hardly ever, or for no reason.
    pub fn check(&self, target: Fraction, period_ms: u64) -> Result<(), BurnError> {
        let kind = if target.p >= target.q {
            BurnErrorKind::NoBudget
        } else if self.part.p == 0 || self.window_ms == 0 || self.short_ms == 0 || period_ms == 0 {
            BurnErrorKind::Nothing
        } else if self.short_ms >= self.window_ms {
            BurnErrorKind::Short
        } else if !self.can_fire(target, period_ms) {
            BurnErrorKind::CannotFire
        } else if !self.is_above_pace(period_ms) {
            BurnErrorKind::BelowPace
        } else if self.threshold(target, period_ms) > THRESHOLD_MAX.into() {
            BurnErrorKind::HardlyFires
        } else {
            return Ok(());
        };
        Err(BurnError { tier: *self, target, period_ms, kind })
    }

    /// The tiers of a promise without tiers of its own: of each part the shortest usual window that
    /// [`check`](Self::check) accepts. Empty where there is no budget, or so much that nothing is too fast.
    pub fn defaults(target: Fraction, period_ms: u64) -> Vec<Self> {
        let mut tiers: Vec<Self> = Vec::new();
        for parts in PARTS {
            let least_ms = tiers.last().map_or(0, |last| last.window_ms * WINDOW_STEP);
            let usual = parts.iter().filter_map(|percent| Fraction::new(*percent, 100)).flat_map(|part| {
                WINDOWS_MS.map(|window_ms| Self::new(part, window_ms, Severity::of_window(window_ms)))
            });
            let mut fitting = usual.filter(|tier| tier.window_ms >= least_ms);
            tiers.extend(fitting.find(|tier| tier.check(target, period_ms).is_ok()));
        }
        tiers
    }
}

impl Severity {
    /// The word in files, logs, JSON and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trend => "trend",
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }

    /// What burns within two days cannot wait for the next one; what burns over a season can wait for the
    /// next look.
    pub(crate) fn of_window(window_ms: u64) -> Self {
        match window_ms {
            0..=172_800_000 => Self::Page,
            172_800_001..=2_592_000_000 => Self::Ticket,
            _ => Self::Trend,
        }
    }
}

/// How many times the even pace an outage of everything is: 1/(1 - target), the most that any tier can ask.
/// `None` where there is no budget.
pub fn burn_max(target: Fraction) -> Option<Quotient> {
    Quotient::new(target.q.into(), u128::from(target.q - target.p))
}

impl BurnError {
    /// Cause, arithmetic and cure.
    pub fn text(&self) -> Text {
        let Self { tier, target, period_ms, kind } = self;
        let BurnTier { part, window_ms, short_ms, .. } = tier;
        let (window, short) = (Millis(*window_ms), Millis(*short_ms));
        let burn = tier.burn(*period_ms).decimal(2);
        let asked = tier.threshold(*target, *period_ms).percent_floor(1);
        let max = burn_max(*target).map(|max| max.decimal(2)).unwrap_or_default();
        let cure = self.cure();
        match kind {
            BurnErrorKind::NoBudget => say!(
                "a promise of {target} leaves no budget that could burn: leave the tiers out",
                "un impegno del {target} non lascia margine da consumare: togli le soglie"
            ),
            BurnErrorKind::Nothing => say!(
                "{part} of the budget in {window} (short window {short}) is nothing: all three must be above 0",
                "il {part} del margine in {window} (finestra breve {short}) è nulla: tutti e tre devono superare 0"
            ),
            BurnErrorKind::Short => say!(
                "the short window {short} is not shorter than the long one, {window}",
                "la finestra breve, {short}, non è più breve di quella lunga, {window}"
            ),
            BurnErrorKind::CannotFire => say!(
                "{part} of the budget in {window} can never fire: it is {burn} times the even pace, and at {target} even \
                 an outage of everything is {max} times: {asked}% of {window} would have to be down; {cure}",
                "il {part} del margine in {window} non può mai scattare: è {burn} volte il ritmo costante, e con il {target} \
                 anche un fermo totale è {max} volte: dovrebbe essere fermo il {asked}% di {window}; {cure}";
                cure
            ),
            BurnErrorKind::HardlyFires => say!(
                "{part} of the budget in {window} hardly ever fires: {asked}% of {window} must be down, ask for at most 90%; \
                 {cure}",
                "il {part} del margine in {window} non scatta quasi mai: deve essere fermo il {asked}% di {window}, chiedi al \
                 più il 90%; {cure}";
                cure
            ),
            BurnErrorKind::BelowPace => say!(
                "{part} of the budget in {window} is slower than the even pace ({burn} times): it would fire in a year that \
                 keeps the promise; {cure}",
                "il {part} del margine in {window} è più lento del ritmo costante ({burn} volte): scatterebbe in un anno che \
                 mantiene l'impegno; {cure}";
                cure
            ),
        }
    }

    /// Which windows suit the part: cbP/0.9 to cP, in whole hours, or minutes where no hour is among them.
    fn cure(&self) -> Text {
        let Self { tier, target, period_ms, .. } = self;
        let (fires_after, of) = tier.full_outage_fires_after_ms(*target, *period_ms).parts();
        let least = (fires_after * u128::from(THRESHOLD_MAX.q)).div_ceil(of * u128::from(THRESHOLD_MAX.p));
        let most = u128::from(tier.part.p) * u128::from(*period_ms) / u128::from(tier.part.q);
        let (least, most) =
            (u64::try_from(least).unwrap_or(u64::MAX), u64::try_from(most).unwrap_or(u64::MAX));
        for unit in [HOUR_MS, MINUTE_MS] {
            let (least, most) = (least.div_ceil(unit), most / unit);
            if least <= most && most > 0 {
                let (least, most, part) = (Millis(least.max(1) * unit), Millis(most * unit), tier.part);
                return say!(
                    "for {part} a window from {least} to {most} would do",
                    "per il {part} va bene una finestra da {least} a {most}"
                );
            }
        }
        say!("no window suits this target", "nessuna finestra va bene per questo impegno")
    }
}

/// Of a denominator that is above 0.
fn quotient(p: u128, q: u128) -> Quotient {
    Quotient::new(p, q).unwrap_or(Quotient::from(Fraction { p: 0, q: 1 }))
}

#[cfg(test)]
mod tests;
