//! Chance from one number (splitmix64): the same number gives the same scenario on every machine.

use serde_json::Value;

use crate::when::{on_the_wall, seconds};

#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `count - 1`.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.roll() % count.max(1)
    }

    /// `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from).max(0) as u64 + 1) as i64
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// An instant in any of the ways in which it can be written.
    pub(crate) fn time(&mut self, second: i64) -> Value {
        let wall = on_the_wall(second).ok().filter(|wall| (1970..2100).contains(&wall.year()));
        let written = match (self.below(8), wall) {
            (0, Some(wall)) => wall.timestamp().to_string(),
            (1, Some(wall)) => wall.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            (2, Some(wall)) => wall.strftime("%Y-%m-%d %H:%M:%S Rome").to_string(),
            _ => return second.into(),
        };
        // Of a time that the wall shows twice only the earlier one can be written.
        let written = Value::from(written);
        if seconds(&written) == Ok(second) { written } else { second.into() }
    }
}
