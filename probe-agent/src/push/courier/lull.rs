//! The time between two requests: when what is durable is worth one, and when silence is.

use std::time::Duration;

use collector_api::limits;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Courier;
use crate::spool::Progress;

/// What is durable waits at most this long for more to share its request.
const LINGER: Duration = Duration::from_secs(5);
/// Changed samples go at once, but not more often than this.
pub(super) const HURRY: Duration = Duration::from_millis(100);
/// With nothing to send, hello keeps clock, assignment and journal head fresh.
const IDLE: Duration = Duration::from_secs(30);
/// Without an assignment there is nothing to send but hello.
const IDLE_UNASSIGNED: Duration = Duration::from_secs(5);
/// What waiting for a batch ended in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lull {
    Send,
    Greet,
    Done,
}

impl Courier {
    /// Waits until a batch is worth sending.
    pub(super) async fn lull(&mut self, progress: &mut watch::Receiver<Progress>) -> Lull {
        loop {
            let Progress { durable_seq, hurried_seq, ended } = *progress.borrow_and_update();
            let now = Instant::now();
            let waiting = durable_seq.saturating_sub(self.acked_seq);
            if waiting == 0 && ended {
                return Lull::Done;
            }
            let (due, then) = if waiting == 0 {
                self.unsent_since = None;
                (self.answered + self.idle(), Lull::Greet)
            } else {
                let since = *self.unsent_since.get_or_insert(now);
                let due = if ended
                    || self.acked_seq < self.backlog_seq
                    || waiting >= limits::BATCH_RECORDS_MAX as u64
                {
                    now
                } else if hurried_seq > self.acked_seq {
                    self.sent.map_or(now, |sent| sent + HURRY)
                } else {
                    since + LINGER
                };
                (due, Lull::Send)
            };
            if due <= now {
                return then;
            }
            tokio::select! {
                () = sleep_until(due) => {}
                // The spool's sender is held by `push`, so this cannot fail.
                _ = progress.changed() => {}
            }
        }
    }

    fn idle(&self) -> Duration {
        if self.push.assignments.borrow().is_none() { IDLE_UNASSIGNED } else { IDLE }
    }
}
