//! Several vantages of a site, then several sites, made one (D8).
//!
//! Only those that know vote, so that a dead agent never hides an outage and never makes one.

use collector_api::Verdict;
use config::{DownIf, Vote};

use crate::sweep::Tally;

/// How votes are read. [`Reading::OURS`] is the product's; others are for comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The vantages of one site.
    pub vantages: Vote,
    /// The sites of one check.
    pub sites: Vote,
}

impl Reading {
    /// Vantages by majority, tie up: one broken agent of two proves nothing. Sites by half, tie down: a
    /// school cut off for ten days is not hidden by the data center.
    pub const OURS: Self = Self {
        vantages: Vote { down_if: DownIf::Majority, known_min: 1 },
        sites: Vote { down_if: DownIf::Half, known_min: 1 },
    };
}

/// What the tally says. Up with somebody who disagrees is degraded.
pub(crate) fn decide(vote: Vote, tally: Tally) -> Verdict {
    let (known, down) = (tally.known(), tally.down);
    if known < vote.known_min.max(1) {
        return Verdict::Unknown;
    }
    let is_down = match vote.down_if {
        DownIf::Any => down > 0,
        DownIf::Half => down > 0 && 2 * down >= known,
        DownIf::Majority => 2 * down > known,
        DownIf::All => down == known,
        DownIf::AtLeast(count) => down >= count.clamp(1, known),
    };
    if is_down { Verdict::Down } else { tally.up_or_degraded() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(down_if: DownIf, [up, down, unknown]: [u32; 3], expected: Verdict) {
        let tally = Tally { up, degraded: 0, down, unknown };
        assert_eq!(decide(Vote { down_if, known_min: 1 }, tally), expected, "{down_if:?} of {tally:?}");
    }

    #[test]
    fn votes_count_those_that_know() {
        use Verdict::{Degraded, Down, Unknown, Up};
        check(DownIf::Majority, [1, 1, 5], Degraded);
        check(DownIf::Majority, [0, 1, 5], Down);
        check(DownIf::Majority, [2, 0, 1], Up);
        check(DownIf::Half, [1, 1, 0], Down);
        check(DownIf::Half, [2, 1, 0], Degraded);
        check(DownIf::Half, [2, 0, 0], Up);
        check(DownIf::Any, [9, 1, 0], Down);
        check(DownIf::All, [1, 9, 0], Degraded);
        check(DownIf::AtLeast(2), [0, 1, 1], Down);
        check(DownIf::AtLeast(2), [1, 1, 1], Degraded);
        check(DownIf::Any, [0, 0, 3], Unknown);
    }

    #[test]
    fn too_few_that_know_say_nothing() {
        let vote = Vote { down_if: DownIf::Majority, known_min: 2 };
        assert_eq!(decide(vote, Tally { down: 1, unknown: 3, ..Tally::default() }), Verdict::Unknown);
        assert_eq!(decide(vote, Tally { down: 2, ..Tally::default() }), Verdict::Down);
    }
}
