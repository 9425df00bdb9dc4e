//! A service scenario, read: every default applied, every time in Unix seconds, every defect a sentence.

mod check;
mod rules;

use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::when::{seconds, seconds_or_none};

/// What a scenario is about.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Time from here on is future.
    pub(crate) as_of: i64,
    /// Samples received later are not there.
    pub(crate) data_as_of: i64,
    /// Entries declared later are not there.
    pub(crate) log_as_of: i64,
    pub(crate) target: Option<Target>,
    pub(crate) calendar: Option<Hours>,
    pub(crate) checks: BTreeMap<String, Check>,
    pub(crate) tree: Tree,
    pub(crate) log: Vec<Entry>,
    pub(crate) policy: Policy,
    /// Does what a later sample decides hold votes open, as the product has it? In a scenario there is no later
    /// sample than its last, and what that leaves undecided does not vote.
    pub(crate) undecided: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) p: u64,
    pub(crate) q: u64,
    pub(crate) strict: bool,
}

/// A day's hours, `[from, to)` in minutes.
pub(crate) type Rows = Vec<(u16, u16)>;

/// Weekly hours, Monday first, in minutes of the civil day; `None` of a calendar is around the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hours {
    pub(crate) weekly: [Rows; 7],
    pub(crate) holidays: Holidays,
    pub(crate) closed: Vec<Date>,
    /// Open although a holiday, with hours of its own where they are written.
    pub(crate) open: Vec<(Date, Option<Rows>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holidays {
    None,
    Italy,
    Senigallia,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Up,
    Down,
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Check {
    pub(crate) evidence: Evidence,
    pub(crate) interval: i64,
    pub(crate) hold: i64,
    pub(crate) confirm_down: u32,
    pub(crate) confirm_up: u32,
    pub(crate) backdate: bool,
    /// When it is a member of a mean.
    pub(crate) valid: (i64, i64),
}

impl Check {
    /// Do several vantages vote on it?
    pub(crate) fn is_voted(&self) -> bool {
        match &self.evidence {
            Evidence::Sites { sites, .. } => sites.iter().map(|site| site.vantages.len()).sum::<usize>() > 1,
            _ => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Evidence {
    /// What is known of it; later rows over earlier ones.
    Timeline(Vec<(i64, i64, State)>),
    /// State changes `(at, state, previous)` of another system, and its current state.
    Events(Vec<(i64, State, Option<State>)>, Option<State>),
    /// Sites that vote; `alone` if it is one without a name.
    Sites { sites: Vec<Site>, quorum: Quorum, alone: bool },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) vantages: Vec<Vantage>,
    pub(crate) quorum: Quorum,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vantage {
    pub(crate) name: String,
    /// In the order of their times.
    pub(crate) samples: Vec<Sample>,
    /// Stretches in which the agent was no witness.
    pub(crate) bad: Vec<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) at: i64,
    pub(crate) outcome: State,
    pub(crate) received: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quorum {
    pub(crate) rule: Rule,
    pub(crate) min_known: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Majority,
    Half,
    Any,
    All,
    AtLeast(u32),
}

#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Check(String),
    All(Vec<Tree>),
    Any(Vec<Tree>),
    AtLeast(i128, Vec<Tree>),
    Weighted {
        num: i128,
        den: i128,
        of: Vec<(u32, Tree)>,
    },
    /// At the root only: members with their weights.
    Mean(Vec<(u32, String)>),
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) declared: i64,
    pub(crate) says: Says,
}

#[derive(Debug, Clone)]
pub(crate) enum Says {
    Maintenance {
        scope: String,
        from: i64,
        to: i64,
        announced: i64,
    },
    /// Annulled is unknown, forced is up or down.
    Mark {
        scope: String,
        from: i64,
        to: i64,
        state: State,
    },
    Revoke(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) maintenance: Maintenance,
    pub(crate) notice: i64,
    pub(crate) late: bool,
    pub(crate) unknown: Unknown,
    pub(crate) initial: Initial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maintenance {
    Count,
    Exclude,
    ExcludeDown,
    AsUp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Exclude,
    Down,
    Up,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Initial {
    Unknown,
    Up,
    Down,
    Backfill,
}

/// A service scenario; the error says what of it cannot be read.
pub(crate) fn read(input: &Value, policy: &Value) -> Result<Given, String> {
    let period = &input["period"];
    let (start, end) = (seconds(&period["start"])?, seconds(&period["end"])?);
    let checks = check::read_all(&input["checks"])?;
    let names: Vec<&String> = checks.keys().collect();
    Ok(Given {
        start,
        end,
        as_of: seconds_or_none(&period["as_of"])?.unwrap_or(end),
        data_as_of: seconds_or_none(&input["data_as_of"])?.unwrap_or(i64::MAX),
        log_as_of: seconds_or_none(&input["log_as_of"])?.unwrap_or(i64::MAX),
        target: rules::target(&input["target"])?,
        calendar: rules::calendar(&input["calendar"])?,
        tree: rules::tree_or_all(&input["tree"], &names)?,
        log: rules::log(&input["log"])?,
        policy: rules::policy(policy)?,
        undecided: input["undecided"] == true,
        checks,
    })
}

pub(crate) use rules::{calendar, target};

/// A list, empty where the key is absent.
pub(crate) fn list(value: &Value) -> Result<&[Value], String> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(list) => Ok(list),
        _ => Err(format!("{value} is no list")),
    }
}

/// A text.
pub(crate) fn word(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} is no text"))
}

/// `[a, b)` of a list whose first two are times.
fn pair(value: &Value) -> Result<(i64, i64), String> {
    Ok((seconds(&value[0])?, seconds(&value[1])?))
}

/// A number, or its default.
fn number(value: &Value, default: u32) -> Result<u32, String> {
    match value {
        Value::Null => Ok(default),
        _ => value.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(|| format!("{value} is no count")),
    }
}
