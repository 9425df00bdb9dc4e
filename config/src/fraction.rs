//! Exact shares between 0 and 1, and exact quotients of any size. Commitments are compared as integers, never
//! as floats.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// `p/q`, reduced, `p <= q`, `q > 0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fraction {
    /// Numerator.
    pub p: u64,
    /// Denominator.
    pub q: u64,
}

impl Fraction {
    /// Reads `98%`, `99.95%` or `99,95 %`, at most six decimals; `None` for anything else or over 100%.
    pub fn from_percent(text: &str) -> Option<Self> {
        let number = text.trim().strip_suffix('%')?.trim_end().replace(',', ".");
        let (whole, decimals) = number.split_once('.').unwrap_or((&number, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || decimals.len() > 6 || !digits(whole) || !digits(decimals) {
            return None;
        }
        let scale = 10_u64.pow(u32::try_from(decimals.len()).ok()?);
        let decimals: u64 = if decimals.is_empty() { 0 } else { decimals.parse().ok()? };
        Self::new(whole.parse::<u64>().ok()? * scale + decimals, 100 * scale)
    }

    /// Reduces `p/q`; `None` unless `p <= q` and `q > 0`.
    pub fn new(p: u64, q: u64) -> Option<Self> {
        if q == 0 || p > q {
            return None;
        }
        let divisor = u64::try_from(gcd(p.into(), q.into())).unwrap_or(1);
        Some(Self { p: p / divisor, q: q / divisor })
    }
}

impl std::fmt::Display for Fraction {
    /// As a percentage, truncated to what six decimals can say.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millionths = u128::from(self.p) * 100_000_000 / u128::from(self.q);
        let (whole, decimals) = (millionths / 1_000_000, millionths % 1_000_000);
        let decimals = format!("{decimals:06}");
        let decimals = decimals.trim_end_matches('0');
        if decimals.is_empty() { write!(f, "{whole}%") } else { write!(f, "{whole}.{decimals}%") }
    }
}

/// A quotient of integers, reduced, 0 or more: a pace, a multiple, a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quotient {
    p: u128,
    q: u128,
}

impl Quotient {
    /// Reduces `p/q`; `None` if `q` is 0.
    pub fn new(p: u128, q: u128) -> Option<Self> {
        let divisor = gcd(p, q);
        (q > 0).then(|| Self { p: p / divisor, q: q / divisor })
    }

    /// Numerator and denominator.
    pub const fn parts(&self) -> (u128, u128) {
        (self.p, self.q)
    }

    /// One `divisor`th of it, such as seconds of milliseconds; itself if that is 0.
    #[must_use]
    pub fn over(self, divisor: u64) -> Self {
        let common = gcd(self.p, u128::from(divisor).max(1));
        let (p, q) = (self.p / common, self.q.saturating_mul(u128::from(divisor).max(1) / common));
        Self { p, q }
    }

    /// The whole number below or at it.
    pub const fn floor(&self) -> u128 {
        self.p / self.q
    }

    /// `29.2`: cut after `places`, never rounded; zeros at the end are left out.
    pub fn decimal(&self, places: usize) -> String {
        let text = self.decimal_floor(places);
        match text.split_once('.') {
            Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            None => text,
        }
    }

    /// As a percentage without the sign, such as `3.4246`, with all its places.
    pub fn percent_floor(&self, places: usize) -> String {
        let percent = Self { p: self.p.saturating_mul(100), q: self.q };
        percent.decimal_floor(places)
    }

    /// Digit by digit, as on paper, so that nothing overflows.
    fn decimal_floor(self, places: usize) -> String {
        let mut text = self.floor().to_string();
        let mut rest = self.p % self.q;
        for place in 0..places {
            if place == 0 {
                text.push('.');
            }
            rest = rest.saturating_mul(10);
            text.push_str(&(rest / self.q).to_string());
            rest %= self.q;
        }
        text
    }
}

impl PartialOrd for Quotient {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quotient {
    /// By whole parts, then by the rests turned over: exact, whatever the size of the numbers.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (*self, *other);
        let mut turned = false;
        loop {
            let by_whole = a.floor().cmp(&b.floor());
            let (a_rest, b_rest) = (a.p % a.q, b.p % b.q);
            let found = match (by_whole, a_rest, b_rest) {
                (Ordering::Equal, 0, 0) => Ordering::Equal,
                (Ordering::Equal, 0, _) => Ordering::Less,
                (Ordering::Equal, _, 0) => Ordering::Greater,
                (Ordering::Equal, _, _) => {
                    (a, b, turned) = (Self { p: a.q, q: a_rest }, Self { p: b.q, q: b_rest }, !turned);
                    continue;
                }
                (unequal, _, _) => unequal,
            };
            return if turned { found.reverse() } else { found };
        }
    }
}

impl From<Fraction> for Quotient {
    fn from(share: Fraction) -> Self {
        Self { p: share.p.into(), q: share.q.into() }
    }
}

impl std::fmt::Display for Quotient {
    /// `146/5`, or `50` when it is whole.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.q == 1 { write!(f, "{}", self.p) } else { write!(f, "{}/{}", self.p, self.q) }
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_exact() {
        assert_eq!(Fraction::from_percent("98%"), Fraction::new(98, 100));
        assert_eq!(Fraction::from_percent("99,95 %"), Fraction::new(9_995, 10_000));
        assert_eq!(Fraction::from_percent("100%"), Fraction::new(1, 1));
        for bad in ["98", "%", "101%", "1.2.3%", "-1%", "1e2%", "99.1234567%"] {
            assert_eq!(Fraction::from_percent(bad), None, "{bad}");
        }
        assert_eq!(Fraction::from_percent("99.95%").map(|f| f.to_string()).as_deref(), Some("99.95%"));
    }
    #[test]
    fn quotients_are_reduced_cut_and_shown() {
        let of = |p, q| Quotient::new(p, q).unwrap();
        assert_eq!(Quotient::new(1, 0), None);
        assert_eq!(of(876, 30).to_string(), "146/5");
        assert_eq!(of(100, 2).to_string(), "50");
        assert_eq!(of(0, 7).to_string(), "0");
        assert_eq!(of(12_614_400, 1).over(1_000).to_string(), "63072/5");
        assert_eq!(of(5, 3).over(0), of(5, 3));
        assert_eq!((of(146, 5).decimal(2), of(20, 3).decimal(2)), ("29.2".to_owned(), "6.66".to_owned()));
        assert_eq!((of(50, 1).decimal(2), of(100, 1).decimal(0)), ("50".to_owned(), "100".to_owned()));
        assert_eq!(of(60, 1_752).percent_floor(4), "3.4246");
        assert_eq!(of(1, 50).percent_floor(4), "2.0000");
        assert_eq!(of(u128::MAX, u128::MAX - 1).decimal(3), "1");
        assert_eq!(Quotient::from(Fraction { p: 49, q: 50 }), of(98, 100));
    }

    proptest::proptest! {
        #[test]
        fn quotients_compare_as_cross_products_do(
            a in 0..u64::MAX, b in 1..u64::MAX, c in 0..u64::MAX, d in 1..u64::MAX, small in 1..20_u64,
        ) {
            for (a, b, c, d) in [(a, b, c, d), (a % small, b % small + 1, c % small, d % small + 1), (a, b, a, b)] {
                let (a, b, c, d) = (u128::from(a), u128::from(b), u128::from(c), u128::from(d));
                let (left, right) = (Quotient::new(a, b).unwrap(), Quotient::new(c, d).unwrap());
                assert_eq!(left.cmp(&right), (a * d).cmp(&(c * b)), "{left} {right}");
            }
        }
    }
}
