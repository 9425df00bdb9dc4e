//! How far a server's clock is from the agent's.

use collector_api::Reason;

use super::super::{Fault, Trace};

/// More wants attention, ms: half of what it may become before anybody notices.
const WARN_MS: u64 = 60_000;
/// More stops every login, ms (RFC 4120, 1.6; the default of every domain).
const CRIT_MS: u64 = 300_000;

/// A server's time beside the agent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Skew {
    /// The server's time minus the agent's, ms.
    pub(in super::super) offset_ms: i64,
    /// What of it the way there and back may explain, ms.
    doubt_ms: u64,
}

impl Skew {
    /// Of a time that the server told between two of the agent's, all Unix ms.
    pub(in super::super) fn of(server_ms: i64, (asked_ms, heard_ms): (i64, i64)) -> Self {
        let took_ms = heard_ms.saturating_sub(asked_ms).max(0);
        let middle_ms = asked_ms.saturating_add(took_ms / 2);
        // Some tell whole seconds only.
        let doubt_ms = took_ms.unsigned_abs() / 2 + 1_000;
        Self { offset_ms: server_ms.saturating_sub(middle_ms), doubt_ms }
    }

    /// The two clocks are that far apart at least, ms.
    fn proven_ms(self) -> u64 {
        self.offset_ms.unsigned_abs().saturating_sub(self.doubt_ms)
    }

    pub(in super::super) fn tell(self, trace: &mut Trace) {
        trace.fact("skew", self.to_string());
    }

    /// Too far for Kerberos?
    pub(in super::super) fn judge(self) -> Result<(), Fault> {
        if self.proven_ms() > CRIT_MS {
            return Err(Fault::new(Reason::KrbSkew, format!("{self} from the agent's clock")));
        }
        Ok(())
    }

    /// Far enough to be told before it is too far?
    pub(in super::super) fn attention(self) -> Option<Fault> {
        let detail = || format!("{self} from the agent's clock, which may be the one that is off");
        self.is_far().then(|| Fault::degraded(Reason::KrbSkewWarn, detail()))
    }

    pub(in super::super) fn is_far(self) -> bool {
        self.proven_ms() > WARN_MS
    }
}

impl std::fmt::Display for Skew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.offset_ms < 0 { '-' } else { '+' };
        let ms = self.offset_ms.unsigned_abs();
        write!(f, "{sign}{}.{:03} s", ms / 1_000, ms % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_tolerated_and_no_more() {
        let at = |offset_ms: i64| Skew::of(1_000_000_000 + offset_ms, (1_000_000_000, 1_000_000_000));
        for (offset_ms, is_up, is_told) in [
            (0, true, false),
            (61_000, true, false),
            (61_001, true, true),
            (-61_001, true, true),
            (301_000, true, true),
            (301_001, false, true),
            (-301_001, false, true),
            (i64::MIN, false, true),
        ] {
            let skew = at(offset_ms);
            assert_eq!((skew.judge().is_ok(), skew.attention().is_some()), (is_up, is_told), "{offset_ms}");
        }
        // Half of a slow answer's way proves nothing.
        let slow = Skew::of(1_000_070_000, (1_000_000_000, 1_000_020_000));
        assert_eq!((slow.offset_ms, slow.proven_ms()), (60_000, 49_000));
        assert_eq!(at(-61_500).to_string(), "-61.500 s");
        assert_eq!(at(-500).to_string(), "-0.500 s");
    }
}
