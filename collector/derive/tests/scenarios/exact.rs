//! Fractions and percentages in the scenarios' notation: reduced, whole ones without a denominator, cut.

use serde_json::Value;

/// `p/q` with `q > 0`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exact {
    pub(crate) p: i128,
    pub(crate) q: i128,
}

impl Exact {
    pub(crate) fn new(p: i128, q: i128) -> Option<Self> {
        let sign = if q < 0 { -1 } else { 1 };
        (q != 0).then_some(Self { p: sign * p, q: sign * q })
    }

    pub(crate) fn floor(self) -> i128 {
        self.p.div_euclid(self.q)
    }

    pub(crate) fn ceil(self) -> i128 {
        -(-self.p).div_euclid(self.q)
    }

    /// `49/50`; `3` where the denominator is 1.
    pub(crate) fn text(self) -> String {
        let (mut a, mut b) = (self.p.abs(), self.q);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        let (p, q) = (self.p / a.max(1), self.q / a.max(1));
        if q == 1 { p.to_string() } else { format!("{p}/{q}") }
    }

    /// Four decimals of a percentage, cut (D25).
    pub(crate) fn percent(self) -> String {
        let units = self.p * 1_000_000 / self.q;
        format!("{}.{:04}", units / 10_000, units % 10_000)
    }

    /// `2/3`, `5` or `6.5`.
    fn of(text: &str) -> Option<Self> {
        if let Some((whole, decimals)) = text.split_once('.') {
            let scale = 10_i128.checked_pow(u32::try_from(decimals.len()).ok()?)?;
            return Self::new(format!("{whole}{decimals}").parse().ok()?, scale);
        }
        let (p, q) = text.split_once('/').unwrap_or((text, "1"));
        Self::new(p.trim().parse().ok()?, q.trim().parse().ok()?)
    }

    /// A number of JSON, which may have decimals.
    pub(crate) fn of_number(value: &Value) -> Result<Self, String> {
        let read = value.is_number().then(|| Self::of(&value.to_string())).flatten();
        read.ok_or_else(|| format!("{value} is no number"))
    }
}

/// A fraction as scenarios expect it, null where there is none.
pub(crate) fn text(exact: Option<Exact>) -> Value {
    exact.map_or(Value::Null, |exact| exact.text().into())
}

/// A percentage as scenarios expect it, null where there is none.
pub(crate) fn percent(exact: Option<Exact>) -> Value {
    exact.map_or(Value::Null, |exact| exact.percent().into())
}

/// An integer as JSON has it.
pub(crate) fn whole(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| number.to_string().into(), Value::from)
}

/// Is it the same value? `"2"` is `2`, and `"4/6"` is `"2/3"`.
pub(crate) fn alike(expected: &Value, actual: &Value) -> bool {
    let fraction = |value: &Value| match value {
        Value::String(text) => Exact::of(text),
        Value::Number(number) => Exact::new(number.as_i64()?.into(), 1),
        _ => None,
    };
    expected == actual
        || matches!((fraction(expected), fraction(actual)), (Some(a), Some(b)) if a.p * b.q == b.p * a.q)
}
