//! How long before it begins planned work must be written down (D12).
//!
//! Asked of the charter that was in force when it was written: what was in time stays so, and what was late too,
//! whatever a later charter asks.

use config::Charter;

/// The notice that charters ask, ms, each with the instant from which it was in force. In order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notices(Vec<(i64, u64)>);

impl Notices {
    /// Of `history`, every charter with the instant from which it was in force, in order.
    pub fn of<'a>(history: impl IntoIterator<Item = (i64, &'a Charter)>) -> Self {
        Self(
            history
                .into_iter()
                .map(|(from_ms, charter)| (from_ms, charter.rules.readings.notice_ms))
                .collect(),
        )
    }

    /// The same at all times.
    pub fn always(notice_ms: u64) -> Self {
        Self(vec![(i64::MIN, notice_ms)])
    }

    /// What the charter in force at an instant asks; before the first, the first. None without any.
    pub fn at(&self, at_ms: i64) -> u64 {
        let until = self.0.partition_point(|(from_ms, _)| *from_ms <= at_ms);
        self.0.get(until.saturating_sub(1)).map_or(0, |(_, notice_ms)| *notice_ms)
    }

    /// Is what was written at `announced_ms` in time for what begins at `from_ms`?
    pub fn are_kept(&self, announced_ms: i64, from_ms: i64) -> bool {
        announced_ms <= from_ms.saturating_sub_unsigned(self.at(announced_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notice_is_asked_of_the_charter_it_was_given_under() {
        // 10 ms until 100, then 50 ms.
        let notices = Notices(vec![(0, 10), (100, 50)]);
        for (announced_ms, from_ms, in_time) in [
            (-5, 5, true),
            (90, 100, true),
            (91, 100, false),
            // Written under the shorter one, for a time of the longer one.
            (99, 109, true),
            (100, 149, false),
            (100, 150, true),
        ] {
            assert_eq!(notices.are_kept(announced_ms, from_ms), in_time, "{announced_ms} for {from_ms}");
        }
        assert!(Notices::default().are_kept(5, 5) && !Notices::default().are_kept(6, 5));
        assert!(!Notices::always(1).are_kept(5, 5) && Notices::always(1).are_kept(4, 5));
        assert!(!Notices::always(u64::MAX).are_kept(5, 6));
    }
}
