//! A duration in two bytes: microseconds in steps of 1 %.
//!
//! The table is built by integers alone, so that every machine decodes the same value. Why not the
//! exact microsecond: its noise is most of what a stored sample would weigh.

use std::sync::LazyLock;

/// Above this (about 83 minutes) a duration is stored as this.
const MICROS_MAX: u64 = 5_000_000_000;

/// `STEPS[code]` is the smallest duration, in µs, that encodes to `code`.
static STEPS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut steps = vec![0_u64];
    while let Some(&last) = steps.last()
        && last < MICROS_MAX
    {
        steps.push((last + 1).max(last * 101 / 100));
    }
    steps
});

/// A duration as it crosses the wire; at most 1 % below the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DurationCode(pub u32);

impl DurationCode {
    /// The code of a duration in microseconds.
    pub fn from_micros(micros: u64) -> Self {
        let above = STEPS.partition_point(|&step| step <= micros);
        Self(u32::try_from(above - 1).unwrap_or(u32::MAX))
    }

    /// The duration in microseconds; an unknown code reads as the longest.
    pub fn micros(self) -> u64 {
        let index = usize::try_from(self.0).unwrap_or(usize::MAX);
        STEPS[index.min(STEPS.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_varint_bytes_hold_every_code() {
        assert!(STEPS.len() < 1 << 14, "{} codes", STEPS.len());
    }

    proptest! {
        #[test]
        fn decodes_within_one_percent_below(micros in 0_u64..MICROS_MAX) {
            let decoded = DurationCode::from_micros(micros).micros();
            prop_assert!(decoded <= micros);
            prop_assert!(micros - decoded <= micros / 100 + 1, "{micros} read as {decoded}");
        }

        #[test]
        fn any_code_decodes(code: u32) {
            prop_assert!(DurationCode(code).micros() <= MICROS_MAX * 101 / 100);
        }
    }
}
