//! What one answer says of a server's clock, in whole microseconds.

use std::fmt;
use std::time::Duration;

use rsntp::{LeapIndicator, SynchronizationResult};

use super::super::Trace;

/// A wall clock that is slewed runs off the monotonic one by up to a tenth, and servers round: what lies
/// within is no contradiction.
const ROUNDING_MICROS: i64 = 10_000;

/// One server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// The server's time minus the agent's, µs.
    pub(super) offset_micros: i64,
    /// On the way, both ways together, by the server's and the agent's wall clocks, µs.
    pub(super) delay_micros: u64,
    /// 1 to 15.
    pub(super) stratum: u8,
    /// Never the alarm: rsntp has refused that.
    pub(super) leap: LeapIndicator,
    /// What the server follows: `GPS`, an address, a hash.
    pub(super) reference: String,
}

impl Reading {
    /// The reading of an answer that took so long; `None` when its timestamps contradict the monotonic
    /// clock: then the agent's wall clock stepped meanwhile, or the server's times make no sense.
    pub(super) fn of(answer: &SynchronizationResult, took: Duration) -> Option<Self> {
        let took_micros = i64::try_from(took.as_micros()).ok()?;
        let delay_micros = micros(answer.round_trip_delay().as_secs_f64());
        if delay_micros < -ROUNDING_MICROS || delay_micros > took_micros + took_micros / 10 + ROUNDING_MICROS
        {
            return None;
        }
        Some(Self {
            offset_micros: micros(answer.clock_offset().as_secs_f64()),
            delay_micros: u64::try_from(delay_micros).unwrap_or(0),
            stratum: answer.stratum(),
            leap: answer.leap_indicator(),
            reference: answer.reference_identifier().to_string(),
        })
    }

    /// How far apart the two clocks are at least.
    pub(super) fn offset_proven_micros(&self) -> u64 {
        self.offset_micros.unsigned_abs().saturating_sub(self.delay_micros / 2)
    }

    /// How far apart this server's clock and another's are at least.
    pub(super) fn differs_by_micros(&self, other: &Self) -> u64 {
        let apart = self.offset_micros.abs_diff(other.offset_micros);
        apart.saturating_sub(self.delay_micros / 2 + other.delay_micros / 2)
    }

    /// Notes it as facts.
    pub(super) fn tell(&self, trace: &mut Trace) {
        trace.fact("offset", seconds(self.offset_micros));
        trace.fact("delay", seconds(i64::try_from(self.delay_micros).unwrap_or(i64::MAX)));
        trace.fact("stratum", self.stratum.to_string());
        trace.fact("leap", leap_name(self.leap));
        trace.fact("reference", self.reference.as_str());
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stratum, reference, .. } = self;
        let offset = seconds(self.offset_micros);
        let leap = leap_name(self.leap);
        write!(f, "stratum {stratum}, reference {reference}, leap {leap}, offset {offset}")
    }
}

/// `+0.001234 s`
pub(super) fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { '-' } else { '+' };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06} s", micros / 1_000_000, micros % 1_000_000)
}

fn leap_name(leap: LeapIndicator) -> &'static str {
    match leap {
        LeapIndicator::NoWarning => "none",
        LeapIndicator::LastMinuteHas61Seconds => "+1",
        LeapIndicator::LastMinuteHas59Seconds => "-1",
        LeapIndicator::AlarmCondition => "alarm",
    }
}

/// Nearest microsecond; what does not fit is at the end of the range.
fn micros(seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates, and NaN is 0")]
    let micros = (seconds * 1e6).round() as i64;
    micros
}
