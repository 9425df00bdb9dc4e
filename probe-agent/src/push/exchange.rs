//! How far the agent's clock is from the collector's, by the stamps of one request and its answer.

use std::time::Duration;

use collector_api::ClockReading;
use tokio::time::Instant;

/// A wall clock that moved this far against the monotonic one has stepped: an older exchange says
/// nothing of it.
const STEP_MS: u64 = 250;

/// One exchange, by NTP's four stamps (RFC 5905, 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exchange {
    /// Collector's clock minus the agent's, ms.
    pub offset_ms: i64,
    /// Time on the way, ms, at least 1.
    pub rtt_ms: u64,
    /// When the answer came: the wall clock, carried there by the monotonic one.
    ended_ms: i64,
    ended: Instant,
}

impl Exchange {
    /// Sent at `sent_ms` by the agent's wall clock, answered after `took`; the collector's clock said
    /// `received_ms` and `answered_ms` in between.
    pub(super) fn new(
        sent_ms: i64,
        took: Duration,
        received_ms: i64,
        answered_ms: i64,
        ended: Instant,
    ) -> Self {
        let took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX).saturating_add(1);
        let ended_ms = sent_ms.saturating_add(took_ms);
        let out = received_ms.saturating_sub(sent_ms);
        let back = answered_ms.saturating_sub(ended_ms);
        let at_collector = answered_ms.saturating_sub(received_ms).clamp(0, took_ms);
        Self {
            offset_ms: i64::midpoint(out, back),
            rtt_ms: (took_ms - at_collector).unsigned_abs().max(1),
            ended_ms,
            ended,
        }
    }

    /// Has the wall clock stepped since?
    pub(super) fn is_stale(&self, now_ms: i64, now: Instant) -> bool {
        let passed = i64::try_from((now - self.ended).as_millis()).unwrap_or(i64::MAX);
        now_ms.abs_diff(self.ended_ms.saturating_add(passed)) > STEP_MS
    }

    /// What a batch says of the clock it is sent by.
    pub(super) fn reading(&self, sent_ms: i64, ntp_error_ms: u64) -> ClockReading {
        ClockReading { sent_ms, offset_ms: self.offset_ms, rtt_ms: self.rtt_ms, ntp_error_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_stamps_give_offset_and_round_trip() {
        // (took, received - sent, answered - sent) → (offset, rtt)
        let table = [
            ((99, 50, 50), (0, 100)),
            ((99, 1_050, 1_050), (1_000, 100)),
            ((99, -950, -950), (-1_000, 100)),
            ((99, 20, 80), (0, 40)),
            // A clock that stands still, or lies, gives a bound that is no better than the whole way.
            ((99, 80, 20), (0, 100)),
            ((0, 0, 0), (0, 1)),
        ];
        for ((took, received, answered), expected) in table {
            let sent_ms = 1_000_000;
            let exchange = Exchange::new(
                sent_ms,
                Duration::from_millis(took),
                sent_ms + received,
                sent_ms + answered,
                Instant::now(),
            );
            assert_eq!((exchange.offset_ms, exchange.rtt_ms), expected, "{took} {received} {answered}");
        }
        let hostile = Exchange::new(i64::MIN, Duration::MAX, i64::MAX, i64::MIN, Instant::now());
        assert!(hostile.rtt_ms > 0);
    }

    #[test]
    fn a_step_of_the_wall_clock_makes_it_stale() {
        let ended = Instant::now();
        let exchange = Exchange::new(1_000, Duration::from_millis(9), 1_005, 1_005, ended);
        let later = ended + Duration::from_mins(1);
        assert!(!exchange.is_stale(61_010, later));
        assert!(exchange.is_stale(61_010 + 3_600_000, later));
        assert!(exchange.is_stale(61_010 - 300, later));
    }
}
