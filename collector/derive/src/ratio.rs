//! Shares, exactly: compared by multiplying, shown by cutting (D21, D25).

use config::{Availability, Fraction};

/// `p/q`, not reduced; compared exactly.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// Numerator.
    pub p: u64,
    /// Denominator, above 0.
    pub q: u64,
}

impl Ratio {
    /// `None` if `q` is 0.
    pub fn new(p: u64, q: u64) -> Option<Self> {
        (q > 0).then_some(Self { p, q })
    }

    /// As a percentage without the sign, such as `97.9999`: cut after `decimals`, never rounded (D25).
    pub fn percent_floor(&self, decimals: usize) -> String {
        // Nine decimals of a percentage tell milliseconds of a century apart.
        let decimals = decimals.min(9);
        let scale = 10_u128.pow(u32::try_from(decimals).unwrap_or(0));
        let units = u128::from(self.p) * 100 * scale / u128::from(self.q.max(1));
        let (whole, rest) = (units / scale, units % scale);
        if decimals == 0 { whole.to_string() } else { format!("{whole}.{rest:0decimals$}") }
    }

    /// For gauges, which must be floating point. Never compare it: [`Ratio`]s compare exactly.
    #[expect(clippy::cast_precision_loss, reason = "a gauge shows it, nothing is decided by it")]
    pub fn to_f64(self) -> f64 {
        self.p as f64 / self.q.max(1) as f64
    }

    /// Does it keep the promise: above the target, or not below it?
    pub fn meets(&self, promise: &Availability) -> bool {
        keeps(promise, self.p.into(), self.q.into())
    }

    /// Is it at least this share?
    pub fn is_at_least(&self, share: Fraction) -> bool {
        keeps(&Availability { target: share, strict: false }, self.p.into(), self.q.into())
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let cross = |a: u64, b: u64| u128::from(a) * u128::from(b);
        cross(self.p, other.q).cmp(&cross(other.p, self.q))
    }
}

/// `up > target * of`, or `>=`; false where there is nothing to take a share of.
pub(crate) fn keeps(promise: &Availability, up: u128, of: u128) -> bool {
    let Fraction { p, q } = promise.target;
    let (have, need) = (up * u128::from(q), of * u128::from(p));
    of > 0 && if promise.strict { have > need } else { have >= need }
}
