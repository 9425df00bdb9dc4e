//! The watcher's watcher: when the collector acknowledges nothing for a while, this agent mails about it itself.
//!
//! Whoever is silent cannot say so. What counts is an acknowledgement, not an answer: a collector that answers and takes
//! nothing is as bad. How long is measured by the monotonic clock from the newest of the last acknowledgement, the
//! agent's own start and the end of planned work on everything, so that neither a clock that jumps nor an agent that was
//! off tells of a silence that nobody heard. The price: after a restart of the agent it takes the whole time again.
//!
//! Each recipient gets one mail of a silence and one of its end, each under a fixed `Message-ID`; who was told is kept
//! on disk. A mail that cannot be handed in is tried again each minute, as long as it is true.

mod letter;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use config::CollectorSilent;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use crate::clock::WallClock;
use crate::identity::Identity;
use crate::probe::SharedSurroundings;
use crate::probe::smtp::Submission;
use crate::state_file;
use crate::status::{Planned, Status, StatusCell};
use letter::Letter;

/// Often enough for minutes.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After a mail that could not be handed in.
const RETRY: Duration = Duration::from_mins(1);
/// For one mail.
const PATIENCE: Duration = Duration::from_mins(1);
const NAME: &str = "collector_silent.json";
const BYTES_MAX: usize = 64 << 10;

/// What it needs.
pub(crate) struct Watch {
    pub(crate) config: CollectorSilent,
    pub(crate) identity: Arc<Identity>,
    pub(crate) status: StatusCell,
    pub(crate) surroundings: SharedSurroundings,
    pub(crate) state_directory: PathBuf,
    pub(crate) clock: WallClock,
}

/// A silence that somebody was told of, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Silence {
    /// The last acknowledgement before it, Unix ms; 0 for none ever.
    heard_ms: i64,
    /// When it was noticed, Unix ms.
    noticed_ms: i64,
    /// Who has been told of it.
    told: Vec<String>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    /// Tell those who do not know yet.
    Silent,
    /// Tell those who were told.
    Back,
}

/// Watches for ever.
pub(crate) async fn watch(watch: Watch) {
    let submission = match Submission::new(&watch.config.submit, &watch.config.from) {
        Ok(submission) => submission,
        Err(error) => return warn!(error, "nobody can be mailed when the collector is silent"),
    };
    let mut told = watch.load().await;
    let (mut heard, mut heard_ms) = (Instant::now(), watch.status.get().last_ack_ms);
    // Since the silence that is told of: by change and not by the clock, which may have been set back.
    let mut has_answered = false;
    let mut not_before = heard;
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let status = watch.status.get();
        if status.last_ack_ms != heard_ms {
            (heard, heard_ms, has_answered) = (Instant::now(), status.last_ack_ms, true);
        }
        let now_ms = (watch.clock)();
        let silent_ms = unannounced_ms(now_ms, ms(heard.elapsed()), &status.planned);
        let is_silent = silent_ms >= i64::try_from(watch.config.after_ms).unwrap_or(i64::MAX);
        if is_silent && has_answered {
            // Another silence than the one somebody was told of, whoever still lacks the end of that.
            (told, has_answered) = (None, false);
        }
        let all = told.as_ref().map(|told| watch.config.to.iter().all(|to| told.told.contains(to)));
        let due = due(is_silent, has_answered && !is_silent, all);
        if due == Due::Nothing || Instant::now() < not_before {
            continue;
        }
        let news = told.get_or_insert_with(|| {
            has_answered = false;
            Silence { heard_ms: status.last_ack_ms, noticed_ms: now_ms, told: Vec::new() }
        });
        if watch.tell(due, news, &status, now_ms, &submission).await {
            if due == Due::Back {
                told = None;
            }
        } else {
            not_before = Instant::now() + RETRY;
        }
        watch.keep(told.clone()).await;
    }
}

/// `all`: of a silence that is known, have all been told?
fn due(is_silent: bool, is_back: bool, all: Option<bool>) -> Due {
    match (is_back, is_silent, all) {
        (true, _, Some(_)) => Due::Back,
        (false, true, None | Some(false)) => Due::Silent,
        _ => Due::Nothing,
    }
}

/// How much of a silence of `silent_ms` that lasts until `now_ms` was not announced, ms: what follows the last planned
/// work that it reaches into. 0 within such work.
fn unannounced_ms(now_ms: i64, silent_ms: i64, planned: &[Planned]) -> i64 {
    let begin_ms = now_ms.saturating_sub(silent_ms);
    let reached = planned.iter().filter(|work| work.from_ms <= now_ms && work.to_ms > begin_ms);
    let since_ms = reached.map(|work| work.to_ms).fold(begin_ms, i64::max);
    now_ms.saturating_sub(since_ms).max(0)
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Watch {
    /// Was everybody told? Who was is noted in `news`.
    async fn tell(
        &self,
        due: Due,
        news: &mut Silence,
        status: &Status,
        now_ms: i64,
        submission: &Submission,
    ) -> bool {
        let letter = Letter {
            agent: &self.identity.agent,
            from: &self.config.from,
            heard_ms: news.heard_ms,
            noticed_ms: news.noticed_ms,
            back_ms: (due == Due::Back).then_some(status.last_ack_ms),
            waiting: status.durable_seq.saturating_sub(status.acked_seq),
            error: &status.error,
            now_ms,
        };
        let open: Vec<String> = match due {
            Due::Back => news.told.clone(),
            _ => self.config.to.iter().filter(|to| !news.told.contains(to)).cloned().collect(),
        };
        let mut is_whole = true;
        for to in open {
            let message = letter.to(&to);
            let handing_in = submission.hand_in(&to, &message, &self.surroundings);
            let result = timeout(PATIENCE, handing_in).await;
            match result.unwrap_or_else(|_elapsed| Err(format!("nothing within {} s", PATIENCE.as_secs()))) {
                Ok(()) if due == Due::Back => {
                    info!(to, "told that the collector is back");
                    news.told.retain(|told| *told != to);
                }
                Ok(()) => {
                    warn!(to, "the collector is silent; told by mail");
                    news.told.push(to);
                }
                Err(error) => {
                    is_whole = false;
                    warn!(to, error, "a mail about the collector could not be handed in; it is tried again");
                }
            }
        }
        is_whole
    }

    async fn load(&self) -> Option<Silence> {
        let directory = self.state_directory.clone();
        let read = tokio::task::spawn_blocking(move || state_file::read(&directory, NAME, BYTES_MAX));
        let bytes = read.await.map_err(io::Error::other).and_then(|read| read).unwrap_or_else(|error| {
            warn!(%error, "who was told of a silent collector cannot be read; it may be told again");
            None
        })?;
        serde_json::from_slice(&bytes).ok().flatten()
    }

    /// A disk that does not take it keeps nobody from being told, at worst twice.
    async fn keep(&self, told: Option<Silence>) {
        let directory = self.state_directory.clone();
        let kept = tokio::task::spawn_blocking(move || {
            state_file::replace(&directory, NAME, &serde_json::to_vec(&told)?)
        });
        if let Err(error) = kept.await.map_err(io::Error::other).and_then(|kept| kept) {
            warn!(%error, "who was told of a silent collector cannot be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn planned_work_is_no_silence() {
        let work = |from_ms, to_ms| Planned { from_ms: from_ms * MINUTE, to_ms: to_ms * MINUTE };
        // (now, silent for, planned) → counted, all minutes
        for (now, silent, planned, expected) in [
            (100, 12, vec![], 12),
            (100, 12, vec![work(80, 120)], 0),
            (100, 12, vec![work(80, 95)], 5),
            (100, 12, vec![work(95, 98)], 2),
            (100, 12, vec![work(60, 70)], 12),
            (100, 12, vec![work(110, 120)], 12),
            (100, 12, vec![work(80, 95), work(97, 130)], 0),
            (100, 12, vec![work(80, 88)], 12),
            (100, 0, vec![], 0),
        ] {
            let counted = unannounced_ms(now * MINUTE, silent * MINUTE, &planned);
            assert_eq!(counted, expected * MINUTE, "{now} {silent} {planned:?}");
        }
        assert!(unannounced_ms(i64::MIN, i64::MAX, &[]) >= 0);
    }

    #[test]
    fn each_is_told_once_of_a_silence_and_of_its_end() {
        for (is_silent, is_back, all, expected) in [
            (false, false, None, Due::Nothing),
            (true, false, None, Due::Silent),
            (true, false, Some(false), Due::Silent),
            (true, false, Some(true), Due::Nothing),
            // Told to some, then back: whoever was told learns that too.
            (false, true, Some(false), Due::Back),
            (false, true, Some(true), Due::Back),
            (false, true, None, Due::Nothing),
            // Planned work began after it was told: neither back nor told again.
            (false, false, Some(true), Due::Nothing),
        ] {
            assert_eq!(due(is_silent, is_back, all), expected, "{is_silent} {is_back} {all:?}");
        }
    }
}
