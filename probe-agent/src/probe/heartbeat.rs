//! `probe: heartbeat`: has a job reported, in time and well?
//!
//! Nothing is asked of anybody: the job reports to the agent (`heartbeats`), and this looks at what is kept. A run
//! that is missing or has failed is degraded, because the copies before it can still be restored; down is when none of
//! them is young enough. A job that has never reported is unknown until its first report is overdue.

mod judge;

use config::{CheckId, HeartbeatParams, HostPort};
use jiff::tz::TimeZone;

use super::{Asker, Attempted, Fault, Surroundings, Trace};
use crate::heartbeats::{Job, Presence};
use collector_api::Reason;
use judge::{Judged, judge};

/// One job.
#[derive(Debug)]
pub struct Heartbeat {
    check: CheckId,
    params: HeartbeatParams,
    zone: TimeZone,
    /// When it is due, for people; nothing is dialled.
    due: HostPort,
}

impl Heartbeat {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: HeartbeatParams, check: &CheckId) -> Result<Self, String> {
        let zone = TimeZone::get(&params.zone)
            .map_err(|_| format!("this agent does not know the time zone `{}`", params.zone))?;
        if params.due.period_ms().is_some_and(|period_ms| period_ms < HeartbeatParams::PERIOD_MS_MIN) {
            return Err("a job cannot report more often than once a second".to_owned());
        }
        let due = HostPort { host: params.due.to_string(), port: 0 };
        Ok(Self { check: check.clone(), params, zone, due })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        trace.enter("heartbeat");
        let slow = Fault::unseen(Reason::AgentInternal, "what is kept of the job cannot be read in time");
        trace.at_deadline(Err(slow));
        let (book, check) = (std::sync::Arc::clone(&surroundings.heartbeats), self.check.clone());
        let now_ms = book.now_ms();
        let look = move || Ok::<_, std::io::Error>((book.job(&check)?, book.presence()?));
        let looked = tokio::task::spawn_blocking(look).await.map_err(std::io::Error::other).flatten();
        let unreadable = |error: std::io::Error| {
            Fault::unseen(Reason::AgentInternal, format!("what is kept of the job cannot be read: {error}"))
        };
        let (job, presence) = looked.map_err(unreadable)?;
        self.judge(job, &presence, now_ms, trace)
    }

    fn judge(
        &self,
        job: Option<Job>,
        presence: &Presence,
        now_ms: i64,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        if !presence.error.is_empty() {
            return Err(Fault::unseen(Reason::AgentConfigInvalid, presence.error.clone()));
        }
        let Some(mut job) = job else {
            return Err(Fault::unseen(Reason::HeartbeatUnheard, "the agent does not listen for it yet"));
        };
        // Only for this look; the next report writes it down.
        job.settle(now_ms);
        let Judged { seen, due_ms, missed } = judge(&self.params, &self.zone, &job, &presence.away, now_ms);
        tell(&job, due_ms, missed, trace);
        seen
    }
}

/// Instants in UTC, so that machines read them too.
fn tell(job: &Job, due_ms: Option<i64>, missed: u32, trace: &mut Trace) {
    if let Some(due_ms) = due_ms {
        trace.fact("due", instant(due_ms));
    }
    if missed > 0 {
        trace.fact("missed", missed.to_string());
    }
    if let Some(run) = &job.success {
        trace.fact("last_success", instant(run.at_ms));
        let numbers =
            [("last_bytes", run.bytes), ("last_items", run.items), ("last_duration_ms", run.duration_ms)];
        for (name, number) in numbers {
            if let Some(number) = number {
                trace.fact(name, number.to_string());
            }
        }
    }
    if let Some(failure) = job.failed() {
        trace.fact("failed_at", instant(failure.at_ms));
        if let Some(code) = failure.exit_code {
            trace.fact("exit_code", code.to_string());
        }
    }
    if let Some(start) = job.open_start() {
        trace.fact("running_since", instant(start.at_ms));
    }
    if !job.message.is_empty() {
        trace.fact("message", job.message.clone());
    }
}

/// ISO 8601 in UTC.
fn instant(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms).map_or_else(|_| unix_ms.to_string(), |at| at.to_string())
}

impl Asker for Heartbeat {
    fn address(&self) -> &HostPort {
        &self.due
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use collector_api::Verdict;
    use config::{CheckSpec, Probe};

    use super::*;
    use crate::heartbeats::Book;
    use crate::probe::Check;
    use crate::probe::tests::{spec, surroundings};

    /// A disk that hangs is the agent's, and nobody's missed run: a pipe that nobody writes into plays it.
    #[tokio::test]
    async fn what_cannot_be_read_says_nothing_of_the_job() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("heartbeats").join("presence.json");
        std::fs::create_dir(folder.path().join("heartbeats")).unwrap();
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let params = serde_json::from_str(r#"{"due": "24h", "grace_ms": 1000}"#).unwrap();
        let mut spec = CheckSpec { probe: Probe::Heartbeat(Box::new(params)), ..spec() };
        (spec.timing.timeout_ms, spec.timing.attempts) = (200, 1);
        let book = Arc::new(Book::new(folder.path(), crate::clock::system()));
        let outcome =
            Check::new(spec).unwrap().run(&Surroundings { heartbeats: book, ..surroundings() }).await;
        release(&pipe).await;
        assert_eq!(
            (outcome.verdict, outcome.reason),
            (Verdict::Unknown, Reason::AgentInternal),
            "{outcome:?}"
        );
    }

    /// So that the thread which waits for it can end.
    async fn release(pipe: &Path) {
        let pipe = pipe.to_owned();
        let open = move || std::fs::File::options().write(true).open(pipe).map(drop);
        tokio::task::spawn_blocking(open).await.unwrap().unwrap();
    }
}
