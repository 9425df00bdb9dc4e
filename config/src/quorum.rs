//! `up_if`: how many of the like targets of one part, or of parts that stand in for each other, must be up.

use serde::{Deserialize, Serialize};

use crate::Fraction;

/// As the operator wrote it; [`Quorum::need`] makes it a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quorum {
    /// `any`: one suffices.
    Any,
    /// `all`: the default.
    All,
    /// `all but N`.
    AllBut(u32),
    /// `at least N`, or `N of M`.
    AtLeast(u32),
    /// `at least P%`, rounded up to whole targets.
    AtLeastShare(Fraction),
    /// `at least P% by weight`, rounded up to a whole weight.
    AtLeastWeight(Fraction),
}

impl Quorum {
    /// Reads the operator's words; `None` when they are none of these forms.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["any"] => Some(Self::Any),
            ["all"] => Some(Self::All),
            ["all", "but", n] => Some(Self::AllBut(n.parse().ok()?)),
            ["at", "least", n] if n.ends_with('%') => Some(Self::AtLeastShare(Fraction::from_percent(n)?)),
            ["at", "least", n, "by", "weight"] => Some(Self::AtLeastWeight(Fraction::from_percent(n)?)),
            ["at", "least", n] | [n, "of", _] => {
                Some(Self::AtLeast(n.parse().ok().filter(|&n: &u32| n > 0)?))
            }
            _ => None,
        }
    }

    /// Does it count weights, not heads?
    pub const fn is_by_weight(self) -> bool {
        matches!(self, Self::AtLeastWeight(_))
    }

    /// How many of `members` must be up: between 1 and `members`, for `members > 0`. Where it is
    /// [by weight](Self::is_by_weight), both are weights.
    pub fn need(self, members: usize) -> usize {
        let need = match self {
            Self::Any => 1,
            Self::All => members,
            Self::AllBut(n) => members.saturating_sub(n as usize),
            Self::AtLeast(n) => n as usize,
            Self::AtLeastShare(Fraction { p, q }) | Self::AtLeastWeight(Fraction { p, q }) => {
                let need = (members as u128 * u128::from(p)).div_ceil(u128::from(q));
                usize::try_from(need).unwrap_or(members)
            }
        };
        need.clamp(1, members.max(1))
    }
}

impl std::fmt::Display for Quorum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::All => f.write_str("all"),
            Self::AllBut(n) => write!(f, "all but {n}"),
            Self::AtLeast(n) => write!(f, "at least {n}"),
            Self::AtLeastShare(share) => write!(f, "at least {share}"),
            Self::AtLeastWeight(share) => write!(f, "at least {share} by weight"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_numbers() {
        for (words, members, need) in [
            ("any", 3, 1),
            ("all", 3, 3),
            ("all but 1", 3, 2),
            ("all but 5", 3, 1),
            ("at least 2", 3, 2),
            ("2 of 3", 3, 2),
            ("at least 80%", 3, 3),
            ("at least 50%", 3, 2),
            ("at least 7", 3, 3),
            ("at least 67% by weight", 6, 5),
            ("at least 50% by weight", 10, 5),
        ] {
            assert_eq!(Quorum::parse(words).map(|q| q.need(members)), Some(need), "{words} of {members}");
        }
        for bad in [
            "",
            "some",
            "at least",
            "at least 0",
            "at least x%",
            "all but",
            "at least 2 by weight",
            "at least 50% by heads",
        ] {
            assert_eq!(Quorum::parse(bad), None, "{bad}");
        }
    }
}
