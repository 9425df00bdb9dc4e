//! Several vantages of a site, then several sites, made one (D8).
//!
//! Only those that know vote, so that a dead agent never hides an outage and never makes one. A site in
//! planned work, where the rules leave that out, does not vote either.

use config::{DownIf, Vote};

use crate::Condition;
use crate::sweep::Tally;

/// What the tally says. Up with somebody who disagrees is degraded.
pub(crate) fn decide(vote: Vote, tally: Tally) -> Condition {
    let (known, down) = (tally.known(), tally.down);
    if known < vote.known_min.max(1) {
        let planned = tally.maintenance > 0 && known + tally.unknown == 0;
        return if planned { Condition::Maintenance } else { Condition::Unknown };
    }
    let is_down = match vote.down_if {
        DownIf::Any => down > 0,
        DownIf::Half => down > 0 && 2 * down >= known,
        DownIf::Majority => 2 * down > known,
        DownIf::All => down == known,
        DownIf::AtLeast(count) => down >= count.clamp(1, known),
    };
    if is_down { Condition::Down } else { tally.up_or_degraded() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(down_if: DownIf, [up, down, unknown]: [u32; 3], expected: Condition) {
        let tally = Tally { up, down, unknown, ..Tally::default() };
        assert_eq!(decide(Vote { down_if, known_min: 1 }, tally), expected, "{down_if:?} of {tally:?}");
    }

    #[test]
    fn votes_count_those_that_know() {
        use Condition::{Degraded, Down, Unknown, Up};
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
        assert_eq!(decide(vote, Tally { down: 1, unknown: 3, ..Tally::default() }), Condition::Unknown);
        assert_eq!(decide(vote, Tally { down: 2, ..Tally::default() }), Condition::Down);
    }

    #[test]
    fn a_site_in_planned_work_does_not_vote() {
        let vote = Vote::of(DownIf::Half);
        for (up, down, unknown, expected) in [
            (1, 0, 0, Condition::Up),
            (0, 1, 0, Condition::Down),
            (0, 0, 1, Condition::Unknown),
            (0, 0, 0, Condition::Maintenance),
        ] {
            let tally = Tally { up, down, unknown, degraded: 0, maintenance: 2 };
            assert_eq!(decide(vote, tally), expected, "{tally:?}");
        }
    }
}
