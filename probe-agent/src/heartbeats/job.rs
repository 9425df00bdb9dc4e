//! What is kept of one job. Pure: time is handed in.

use config::HeartbeatParams;
use serde::{Deserialize, Serialize};

use super::report::{Report, Signal};

/// What one job has reported. Instants are Unix ms of the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The check's id.
    pub check: String,
    /// Since when the agent expects it.
    pub known_since_ms: i64,
    /// The last good run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<Run>,
    /// The good run before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Run>,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The last beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// What it last said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// A run that ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it ended.
    pub at_ms: i64,
    /// Its id, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    /// How long it took, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// How much it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How many it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
}

/// A run that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at_ms: i64,
    /// Its id, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    /// With which code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What is wrong with a run that calls itself good; empty when it does not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub too_small: String,
}

/// A run that began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// When.
    pub at_ms: i64,
    /// Its id, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
}

/// A clock may be set back by so much and nobody asks, ms.
const AHEAD_MS_MAX: i64 = 1_000;

impl Job {
    /// A job that has not reported yet.
    pub fn new(check: &str, now_ms: i64) -> Self {
        Self {
            check: check.to_owned(),
            known_since_ms: now_ms,
            success: None,
            before: None,
            failure: None,
            start: None,
            message: String::new(),
        }
    }

    /// Takes a report in. Says whether anything is new: a report that comes twice, or late after a newer one,
    /// changes nothing.
    pub fn take(&mut self, signal: Signal, report: Report, params: &HeartbeatParams, now_ms: i64) -> bool {
        let at_ms = now_ms.saturating_sub_unsigned(report.age_ms.unwrap_or(0));
        let before = self.clone();
        if !report.message.is_empty() {
            self.message.clone_from(&report.message);
        }
        match signal {
            Signal::Start if self.start.as_ref().is_none_or(|start| start.at_ms <= at_ms) => {
                self.start = Some(Start { at_ms, rid: report.rid });
            }
            Signal::Success if report.exit_code.unwrap_or(0) == 0 => match too_small(&report, params) {
                None => self.succeed(report, at_ms),
                Some(too_small) => self.fail(report, too_small, at_ms),
            },
            Signal::Success | Signal::Fail => self.fail(report, String::new(), at_ms),
            Signal::Start | Signal::Log => {}
        }
        *self != before
    }

    fn succeed(&mut self, report: Report, at_ms: i64) {
        let is_known = self
            .success
            .as_ref()
            .is_some_and(|last| last.at_ms >= at_ms || (last.rid.is_some() && last.rid == report.rid));
        if is_known {
            return;
        }
        let duration_ms = report.duration_ms.or_else(|| self.since_start(report.rid.as_ref(), at_ms));
        let run = Run { at_ms, rid: report.rid, duration_ms, bytes: report.bytes, items: report.items };
        self.before = self.success.replace(run);
        // What a job said of a failure before is no word on this run.
        if report.message.is_empty() {
            self.message.clear();
        }
    }

    fn fail(&mut self, report: Report, too_small: String, at_ms: i64) {
        let is_known = self
            .failure
            .as_ref()
            .is_some_and(|last| last.at_ms >= at_ms || (last.rid.is_some() && last.rid == report.rid));
        if !is_known {
            self.failure = Some(Failure { at_ms, rid: report.rid, exit_code: report.exit_code, too_small });
        }
    }

    /// How long ago its start was reported, if it was this run's.
    fn since_start(&self, rid: Option<&String>, at_ms: i64) -> Option<u64> {
        let start = self.open_start().filter(|start| start.rid.as_ref() == rid)?;
        u64::try_from(at_ms.checked_sub(start.at_ms)?).ok()
    }

    /// The run that has begun and not ended.
    pub fn open_start(&self) -> Option<&Start> {
        let ends = self.success.as_ref().map(|run| run.at_ms).max(self.failure.as_ref().map(|run| run.at_ms));
        self.start.as_ref().filter(|start| ends.is_none_or(|end_ms| start.at_ms > end_ms))
    }

    /// Has the last run failed?
    pub fn failed(&self) -> Option<&Failure> {
        let success_ms = self.success.as_ref().map_or(i64::MIN, |run| run.at_ms);
        self.failure.as_ref().filter(|failure| failure.at_ms > success_ms)
    }

    /// After a clock that was ahead has been set back, nothing of what it stamped is still to come. Says whether
    /// anything was.
    pub fn settle(&mut self, now_ms: i64) -> bool {
        let mut settled = false;
        let stamps = [
            Some(&mut self.known_since_ms),
            self.success.as_mut().map(|run| &mut run.at_ms),
            self.before.as_mut().map(|run| &mut run.at_ms),
            self.failure.as_mut().map(|run| &mut run.at_ms),
            self.start.as_mut().map(|run| &mut run.at_ms),
        ];
        for stamp in stamps.into_iter().flatten() {
            if *stamp > now_ms.saturating_add(AHEAD_MS_MAX) {
                *stamp = now_ms;
                settled = true;
            }
        }
        settled
    }
}

/// What is missing of a run that calls itself good: an empty copy restores nothing.
fn too_small(report: &Report, params: &HeartbeatParams) -> Option<String> {
    let wishes = [("bytes", report.bytes, params.min_bytes), ("items", report.items, params.min_items)];
    wishes.into_iter().find_map(|(what, made, least)| {
        let least = least?;
        match made {
            Some(made) if made >= least => None,
            Some(made) => Some(format!("{made} {what}; at least {least} wanted")),
            None => Some(format!("it does not say how many {what}; at least {least} wanted")),
        }
    })
}
