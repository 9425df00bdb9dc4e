//! An exact share between 0 and 1. Commitments are compared as integers, never as floats.

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
        let divisor = gcd(p, q);
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

fn gcd(a: u64, b: u64) -> u64 {
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
}
