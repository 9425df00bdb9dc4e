//! How much to say of a sample: evidence is the exception, because the head says what counts.

use collector_api::{Reason, Verdict};

/// Evidence is written at least this often, monotonic ms.
const EVIDENCE_EVERY_MS: u64 = 3_600_000;

/// What was last said of a check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Said {
    last: Option<(Verdict, Reason)>,
    evidence_at_ms: Option<u64>,
}

/// How to say the next sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Telling {
    /// Verdict or reason differ from the sample before (a first sample does).
    pub(super) changed: bool,
    /// On a change, on failure, after further attempts, and once an hour.
    pub(super) with_evidence: bool,
}

impl Said {
    /// What a run that begins now is expected to say, if that would need no evidence.
    pub(super) fn expected(&self, now_ms: u64) -> Option<(Verdict, Reason)> {
        self.last.filter(|_| !self.is_old(now_ms))
    }

    /// One that `is_brief` has no evidence: if that is due by now, the next has.
    pub(super) fn tell(
        &mut self,
        (verdict, reason): (Verdict, Reason),
        attempts: usize,
        is_brief: bool,
        now_ms: u64,
    ) -> Telling {
        let changed = self.last != Some((verdict, reason));
        let failed = matches!(verdict, Verdict::Down | Verdict::Unknown);
        let is_wanted = changed || failed || attempts > 1 || self.is_old(now_ms);
        let with_evidence = is_wanted && !is_brief;
        self.last = Some((verdict, reason));
        if with_evidence {
            self.evidence_at_ms = Some(now_ms);
        }
        Telling { changed, with_evidence }
    }

    fn is_old(&self, now_ms: u64) -> bool {
        self.evidence_at_ms.is_none_or(|at_ms| now_ms.saturating_sub(at_ms) >= EVIDENCE_EVERY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_on_change_on_failure_after_retries_and_once_an_hour() {
        let mut said = Said::default();
        let up = (Verdict::Up, Reason::None);
        let refused = (Verdict::Down, Reason::ConnectRefused);
        let timeout = (Verdict::Down, Reason::ConnectTimeout);
        for (at_ms, (verdict, reason), attempts, changed, with_evidence) in [
            (0, up, 1, true, true),
            (60_000, up, 1, false, false),
            (120_000, up, 2, false, true),
            (180_000, refused, 3, true, true),
            (240_000, refused, 3, false, true),
            (300_000, timeout, 3, true, true),
            (360_000, up, 1, true, true),
            (360_000 + EVIDENCE_EVERY_MS - 1, up, 1, false, false),
            (360_000 + EVIDENCE_EVERY_MS, up, 1, false, true),
            (360_001 + EVIDENCE_EVERY_MS, up, 1, false, false),
        ] {
            let expected = Telling { changed, with_evidence };
            assert_eq!(said.tell((verdict, reason), attempts, false, at_ms), expected, "at {at_ms}");
        }
    }

    #[test]
    fn evidence_that_came_due_under_way_is_told_the_next_time() {
        let mut said = Said::default();
        let up = (Verdict::Up, Reason::None);
        assert_eq!(said.expected(0), None, "a first sample has evidence");
        said.tell(up, 1, false, 0);
        let due_ms = EVIDENCE_EVERY_MS;
        assert_eq!(said.expected(due_ms - 1), Some(up));
        // It began as one that needs none, and ended a moment later.
        assert!(!said.tell(up, 1, true, due_ms).with_evidence);
        assert_eq!(said.expected(due_ms + 1), None);
        assert!(said.tell(up, 1, false, due_ms + 1).with_evidence);
        assert_eq!(said.expected(due_ms + 2), Some(up));
    }
}
