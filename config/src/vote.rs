//! How several witnesses make one answer: when a vote says down (D8).
//!
//! Written with the word `down` in it, because `sites: any` beside `up_if: any` would say the opposite of what
//! it seems to.

use serde::{Deserialize, Serialize};

/// When a vote says down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownIf {
    /// `any down`: one says down.
    Any,
    /// `half down`: at least half of those that know say down: a tie is down.
    Half,
    /// `majority down`: more than half of those that know say down: a tie is up.
    Majority,
    /// `all down`: all that know say down.
    All,
    /// `N down`: so many say down, or all that know where fewer know; at least 1.
    AtLeast(u32),
}

/// A rule of voting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Vote {
    /// When it says down.
    pub down_if: DownIf,
    /// With fewer that know it says unknown; at least 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub known_min: u32,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_one(count: &u32) -> bool {
    *count == 1
}

impl Vote {
    /// Whoever knows decides.
    pub const fn of(down_if: DownIf) -> Self {
        Self { down_if, known_min: 1 }
    }

    /// Reads `majority down`, `half down`, `any down`, `all down` or `2 down`, each of them with `, 3 known` behind
    /// it where fewer witnesses than that are not believed. `None` for anything else, or for a 0.
    pub fn parse(text: &str) -> Option<Self> {
        let (vote, known) = text.split_once(',').map_or((text, None), |(vote, known)| (vote, Some(known)));
        let down_if = match vote.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["majority", "down"] => DownIf::Majority,
            ["half", "down"] => DownIf::Half,
            ["any", "down"] => DownIf::Any,
            ["all", "down"] => DownIf::All,
            [count, "down"] => DownIf::AtLeast(counted(count)?),
            _ => return None,
        };
        let known_min = match known.map(|known| known.split_whitespace().collect::<Vec<_>>()).as_deref() {
            None => 1,
            Some([count, "known"]) => counted(count)?,
            Some(_) => return None,
        };
        Some(Self { down_if, known_min })
    }
}

/// More witnesses than this there never are.
const COUNT_MAX: u32 = 1_000;

fn counted(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|count| digits && (1..=COUNT_MAX).contains(count))
}

impl std::fmt::Display for Vote {
    /// As it is written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.down_if {
            DownIf::Majority => f.write_str("majority down"),
            DownIf::Half => f.write_str("half down"),
            DownIf::Any => f.write_str("any down"),
            DownIf::All => f.write_str("all down"),
            DownIf::AtLeast(count) => write!(f, "{count} down"),
        }?;
        if self.known_min > 1 { write!(f, ", {} known", self.known_min) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_read_back() {
        for text in [
            "majority down",
            "half down",
            "any down",
            "all down",
            "2 down",
            "half down, 2 known",
            "1 down, 3 known",
        ] {
            let vote = Vote::parse(text).unwrap();
            assert_eq!(vote.to_string(), text);
            let json = serde_json::to_string(&vote).unwrap();
            assert_eq!(serde_json::from_str::<Vote>(&json).unwrap(), vote, "{json}");
        }
        assert_eq!(Vote::parse("2  down ,3 known"), Vote::parse("2 down, 3 known"));
        for bad in [
            "",
            "any",
            "majority",
            "0 down",
            "+2 down",
            "2",
            "1001 down",
            "half down, 0 known",
            "half down, 2",
            "half up",
        ] {
            assert_eq!(Vote::parse(bad), None, "{bad}");
        }
    }
}
