//! Waiting for something to become true.

use std::time::{Duration, Instant};

/// Reached by a defect only; a slow machine with other work stays far below.
const BOUND: Duration = Duration::from_mins(1);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Looks until `look` finds something; panics with `what` when it never does.
#[track_caller]
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually_or(|| what.to_owned(), look)
}

/// The same with a message of what there was in the end.
#[track_caller]
pub fn eventually_or<T>(what: impl Fn() -> String, look: impl FnMut() -> Option<T>) -> T {
    within(BOUND, what, look)
}

/// The same for what is told only after `delay`.
#[track_caller]
pub fn eventually_after<T>(delay: Duration, what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(delay + BOUND, || what.to_owned(), look)
}

#[track_caller]
fn within<T>(bound: Duration, what: impl Fn() -> String, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < bound, "not within {bound:?}: {}", what());
        std::thread::sleep(LOOK_EVERY);
    }
}
