//! What the reports of a job say at an instant. Pure.

#[cfg(test)]
mod tests;

use collector_api::Reason;
use config::{DownAfter, Due, Fraction, HeartbeatParams};
use jiff::tz::TimeZone;

use super::instant;
use crate::heartbeats::job::{Failure, Run, Start};
use crate::heartbeats::{Away, Job};
use crate::probe::Fault;

/// What is to be said of a job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judged {
    /// Up, or what is wrong.
    pub(super) seen: Result<(), Fault>,
    /// The first due time whose grace is not over, Unix ms: the next one, or the one that is waited for.
    pub(super) due_ms: Option<i64>,
    /// Due times in a row without a good run, at most [`HeartbeatParams::MISSED_MAX`].
    pub(super) missed: u32,
}

/// Judges a job by what is kept of it.
pub(super) fn judge(
    params: &HeartbeatParams,
    zone: &TimeZone,
    job: &Job,
    away: &[Away],
    now_ms: i64,
) -> Judged {
    let at = At { params, zone, away, now_ms };
    let origin_ms = job.success.as_ref().map_or(job.known_since_ms, |run| run.at_ms);
    // A report shortly before a due time is of that one, and so the next to wait for is behind it.
    let early_ms = if params.due.period_ms().is_some() { 0 } else { params.early_ms };
    let from_ms = job.success.as_ref().map_or(origin_ms, |run| run.at_ms.saturating_add_unsigned(early_ms));
    let (missed, due_ms) = at.missed_since(from_ms);
    let seen = at.verdict(job, origin_ms, from_ms, early_ms, (missed, due_ms));
    Judged { seen, due_ms, missed }
}

struct At<'a> {
    params: &'a HeartbeatParams,
    zone: &'a TimeZone,
    away: &'a [Away],
    now_ms: i64,
}

impl At<'_> {
    fn verdict(
        &self,
        job: &Job,
        origin_ms: i64,
        from_ms: i64,
        early_ms: u64,
        (missed, due_ms): (u32, Option<i64>),
    ) -> Result<(), Fault> {
        if self.is_too_old(origin_ms, missed) {
            let last = match &job.success {
                Some(run) => format!("the last good run was at {}", instant(run.at_ms)),
                None => format!("no good run since {}", instant(origin_ms)),
            };
            let detail = format!("{last}; due times missed: {missed}");
            return Err(Fault::new(Reason::HeartbeatNoRestorePoint, detail));
        }
        if let Some(failure) = job.failed() {
            return Err(failed(failure, &job.message));
        }
        let running = self.running(job)?;
        let missed = match running {
            // What runs has not been missed yet.
            Some(start) => self.missed_since(from_ms.max(start.at_ms.saturating_add_unsigned(early_ms))).0,
            None => missed,
        };
        if missed > 0 {
            let detail = match &job.success {
                Some(run) => format!("the last good run was at {}", instant(run.at_ms)),
                None => "it has never reported".to_owned(),
            };
            return Err(Fault::degraded(Reason::HeartbeatMissed, detail));
        }
        if let Some(run) = &job.success {
            return self.compare(run, job.before.as_ref());
        }
        let until = due_ms.map_or_else(|| "no time".to_owned(), instant);
        let detail = format!("it has not reported yet; it is due at {until}");
        Err(Fault::unseen(Reason::HeartbeatUnheard, detail))
    }

    /// Is no good run young enough?
    fn is_too_old(&self, origin_ms: i64, missed: u32) -> bool {
        match self.params.down_after {
            DownAfter::Missed(count) => missed >= count.max(1),
            DownAfter::Ms(age_ms) => self.is_over(origin_ms, origin_ms, age_ms),
        }
    }

    /// How many due times after an instant are over, and the first that is not. One that the agent mostly slept
    /// through says nothing: nobody could have heard the job. Of a long sleep not each is looked at, for there may be
    /// millions.
    fn missed_since(&self, from_ms: i64) -> (u32, Option<i64>) {
        let (mut missed, mut after_ms) = (0, from_ms);
        while let Some(due) = self.params.due.next_after(after_ms, self.zone) {
            if missed == HeartbeatParams::MISSED_MAX || !self.is_missed(due) {
                return (missed, Some(due.earliest_ms));
            }
            let was_there = self.was_there_for(due);
            missed += u32::from(was_there);
            after_ms = due.earliest_ms;
            if !was_there {
                after_ms = after_ms.max(self.slept_through(due));
            }
        }
        (missed, None)
    }

    fn is_missed(&self, due: Due) -> bool {
        let from_ms = due.earliest_ms.saturating_sub_unsigned(self.params.early_ms);
        self.is_over(from_ms, due.latest_ms, self.params.grace_ms)
    }

    /// Could a report be heard for more than half of the time in which it would have counted?
    fn was_there_for(&self, due: Due) -> bool {
        let from_ms = due.earliest_ms.saturating_sub_unsigned(self.params.early_ms);
        let to_ms = due.latest_ms.saturating_add_unsigned(self.params.grace_ms);
        let of = |away: &Away| (away.to_ms.min(to_ms) - away.from_ms.max(from_ms)).max(0);
        let away_ms: i64 = self.away.iter().map(of).sum();
        away_ms == 0 || away_ms.saturating_mul(2) < to_ms - from_ms
    }

    /// Until when every due time lies with all the time in which it would have counted in the absence that this one
    /// began in; a civil time has two readings that are an hour apart.
    fn slept_through(&self, due: Due) -> i64 {
        const READINGS_MS: u64 = 2 * 3_600_000;
        let from_ms = due.earliest_ms.saturating_sub_unsigned(self.params.early_ms);
        let until = |away: &Away| {
            away.to_ms.saturating_sub_unsigned(self.params.grace_ms).saturating_sub_unsigned(READINGS_MS)
        };
        let around = self.away.iter().filter(|away| away.from_ms <= from_ms && from_ms < away.to_ms);
        around.map(until).max().unwrap_or(i64::MIN)
    }

    /// Is a span over that lasts so long from an instant on, and longer by each span since `since_ms` in which no
    /// report could arrive?
    fn is_over(&self, since_ms: i64, from_ms: i64, lasts_ms: u64) -> bool {
        let mut end_ms = from_ms.saturating_add_unsigned(lasts_ms);
        for away in self.away {
            let begin_ms = away.from_ms.max(since_ms);
            if begin_ms <= end_ms && away.to_ms > begin_ms {
                end_ms = end_ms.saturating_add(away.to_ms - begin_ms);
            }
        }
        self.now_ms > end_ms
    }

    /// The run under way, where a longest duration says how long one is believed in.
    fn running<'j>(&self, job: &'j Job) -> Result<Option<&'j Start>, Fault> {
        let (Some(start), Some(max_ms)) = (job.open_start(), self.params.max_duration_ms) else {
            return Ok(None);
        };
        if self.is_over(start.at_ms, start.at_ms, max_ms) {
            let detail = format!("it began at {} and has not ended", instant(start.at_ms));
            return Err(Fault::degraded(Reason::HeartbeatOverrun, detail));
        }
        Ok(Some(start))
    }

    /// A good run beside the one before.
    fn compare(&self, run: &Run, before: Option<&Run>) -> Result<(), Fault> {
        let Some(before) = before else { return Ok(()) };
        if let (Some(now), Some(then), Some(share)) = (run.bytes, before.bytes, self.params.shrink_warn)
            && has_shrunk(now, then, share)
        {
            let detail = format!("{now} bytes, {then} the time before");
            return Err(Fault::degraded(Reason::HeartbeatShrunk, detail));
        }
        if let (Some(now), Some(then), Some(times)) =
            (run.duration_ms, before.duration_ms, self.params.slower_warn)
            && now > then.saturating_mul(times.into())
        {
            let detail = format!("{now} ms, {then} ms the time before");
            return Err(Fault::degraded(Reason::HeartbeatSlower, detail));
        }
        Ok(())
    }
}

/// Is more than this share gone?
fn has_shrunk(now: u64, then: u64, share: Fraction) -> bool {
    let gone = u128::from(then.saturating_sub(now));
    gone * u128::from(share.q) > u128::from(then) * u128::from(share.p)
}

fn failed(failure: &Failure, message: &str) -> Fault {
    if !failure.too_small.is_empty() {
        return Fault::degraded(Reason::HeartbeatTooSmall, failure.too_small.clone());
    }
    let code = failure.exit_code.map(|code| format!("exit code {code}; ")).unwrap_or_default();
    Fault::degraded(Reason::HeartbeatFailed, format!("{code}{message}"))
}
