//! A list made on two cores at once, where that is worth a thread.
//!
//! A year of hundreds of checks is milliseconds of counting, each check for itself; the figure is the same however
//! many count. Two halves and not as many as the machine has: whoever asks for a figure must not take a whole server
//! away from those who deliver. The price: some 30 µs for the thread, and who asks holds a second core for a moment.

use std::panic::resume_unwind;
use std::thread;

/// Fewer are done before a thread has begun.
const WORTH_A_THREAD: usize = 32;

/// What `of` makes of each place from 0, in their order. A panic of `of` goes on in the caller.
pub(crate) fn each<T: Send>(count: usize, of: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if count < WORTH_A_THREAD {
        return (0..count).map(of).collect();
    }
    thread::scope(|scope| {
        let other = scope.spawn(|| (count / 2..count).map(&of).collect::<Vec<T>>());
        let mut all = Vec::with_capacity(count);
        all.extend((0..count / 2).map(&of));
        all.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_places() {
        for count in [0, 1, WORTH_A_THREAD - 1, WORTH_A_THREAD, WORTH_A_THREAD + 1, 1_000] {
            assert_eq!(each(count, |place| place), (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic(expected = "a defect at 99")]
    fn a_defect_is_not_lost() {
        each(100, |place| assert_ne!(place, 99, "a defect at {place}"));
    }
}
