//! The calendar, read in this one place and handed on, so that tests own it.
//!
//! Waiting is `tokio::time`; only instants that are stored, signed or shown come from here.

use std::sync::Arc;

/// Tells the time, Unix ms. May step, as system clocks do.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The system's.
    pub fn system() -> Self {
        Self::new(system_now_ms)
    }

    /// One that answers what `now_ms` answers.
    pub fn new(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// The current instant, Unix ms.
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now_ms())
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place of this daemon that reads the calendar")]
fn system_now_ms() -> i64 {
    // Before 1970 is a broken clock; 0 then shows as one.
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
