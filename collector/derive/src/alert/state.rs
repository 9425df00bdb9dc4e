//! What the engine remembers from one step to the next: small, and written down with what was decided.

use std::collections::BTreeMap;

use config::{Id, ServiceId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{CommitmentKey, DAY_MS, Facts, Level, MINUTE_MS, Notice, NoticeKind, Root};
use crate::period::day_of;

/// The engine's memory. Of another version it is read as far as it goes: what is missing is as at the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The last step, Unix ms; `None` before the first.
    pub(super) now_ms: Option<i64>,
    /// Since when steps follow each other without a gap, Unix ms: before it nobody can tell who was silent.
    pub(super) listening_ms: i64,
    /// The number of the newest incident.
    pub(super) newest: u64,
    /// Open incidents, by number.
    pub(super) open: Vec<Incident>,
    /// Those that are over and still owed to somebody.
    pub(super) ended: Vec<Ended>,
    /// When somebody was last paged, or would have been in his hours, about each service, Unix ms.
    pub(super) paged: BTreeMap<ServiceId, i64>,
    /// Budgets of the years that run.
    pub(super) budgets: Vec<Kept>,
    /// What the next morning has to say.
    pub(super) notices: Vec<Noted>,
    /// The last day whose morning was told, or had nothing to tell.
    pub(super) morning: Option<Date>,
    /// The first day of the month that the last digest came in.
    pub(super) month: Option<Date>,
    /// Commitments that were secured since.
    pub(super) secured: Vec<(CommitmentKey, i16)>,
    /// How many incidents ended since.
    pub(super) ended_in_month: u32,
}

/// Something is down, or was until a moment ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// How people and decisions name it: grows by one for each, and is never used again.
    pub number: u64,
    /// The cause.
    pub root: Root,
    /// From the first failing sample, Unix ms.
    pub opened_ms: i64,
    /// Its stops, in order: the first ones and the newest of very many.
    pub stops: Vec<Stop>,
    /// How many stops are not in the list.
    pub stops_left_out: u32,
    /// How long it was down before the newest stop, ms.
    pub down_before_ms: u64,
    /// Since when it is up, Unix ms.
    pub up_since_ms: Option<i64>,
    /// What it explains, in the order in which it was seen.
    pub members: Vec<Member>,
    /// Incidents, by number, that turned out to be this one.
    pub absorbed: Vec<u64>,
    /// [`collector_api::Reason::code`], the last one given while down.
    pub reason: u32,
    /// How many agents saw it fail, of how many; the last ones while down.
    pub seen_by: (u32, u32),
    /// Was some of it planned work?
    pub planned: bool,
    /// Has somebody taken charge of it?
    pub acked: bool,
    /// When it became worth a mail, Unix ms; `None` while it is not.
    pub due_ms: Option<i64>,
    /// Who was told, with when and how many repeats are behind him.
    pub told: BTreeMap<Id, (i64, u8)>,
}

/// A stretch of down, `[from_ms, to_ms)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// From the first failing sample, Unix ms.
    pub from_ms: i64,
    /// To the first good one; `None` while it lasts.
    pub to_ms: Option<i64>,
}

/// Something that an incident explains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What.
    pub thing: Thing,
    /// Since when, Unix ms.
    pub from_ms: i64,
    /// Until when; `None` while it lasts.
    pub to_ms: Option<i64>,
}

/// What can be explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// What would have an incident of its own otherwise.
    Root(Root),
    /// What would be a line of the morning mail otherwise.
    Notice(NoticeKind, String),
}

/// An incident that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) incident: Incident,
    /// Since when it was up, Unix ms.
    pub(super) at_ms: i64,
    /// Who was told of its beginning and not yet of its end.
    pub(super) owed: Vec<Id>,
    /// Has no morning told of it?
    pub(super) is_news: bool,
}

/// A commitment's budget in one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) key: CommitmentKey,
    pub(super) year: i16,
    /// The worst lately.
    pub(super) level: Option<Level>,
    /// How often it rose: part of a mail's id.
    pub(super) rises: u32,
    /// Since when it is better than that, Unix ms.
    pub(super) better_ms: Option<i64>,
    /// Since when the forecast says so, Unix ms.
    pub(super) forecast_ms: Option<i64>,
    /// What each was told last.
    pub(super) told: BTreeMap<Id, Level>,
    pub(super) secured: bool,
    /// Has no morning told of its rise?
    pub(super) is_news: bool,
}

/// A notice until a morning has told of it and it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Noted {
    pub(super) notice: Notice,
    /// How long it held before it began again, ms.
    pub(super) before_ms: i64,
    /// How often it began.
    pub(super) times: u32,
    /// When it was over, Unix ms.
    pub(super) over_ms: Option<i64>,
    /// Does an incident tell of it?
    pub(super) is_held: bool,
}

/// Steps further apart than this are a gap: the collector was not there.
const GAP_MS: i64 = 2 * MINUTE_MS;

/// How many of each kind are remembered: what a catastrophe has more is in the figures.
const REMEMBERED_MAX: usize = 500;

/// How long a page stands for the budget's, ms: as long as the windows that page.
pub(super) const PAGED_MS: i64 = 2 * DAY_MS;

impl State {
    /// Open incidents, by number.
    pub fn open(&self) -> &[Incident] {
        &self.open
    }

    /// The level of each commitment's budget, worst of late.
    pub fn levels(&self) -> impl Iterator<Item = (&CommitmentKey, Option<Level>)> {
        self.budgets.iter().map(|kept| (&kept.key, kept.level))
    }

    /// The time of this step: never before the last one.
    pub(super) fn arrive(&mut self, now_ms: i64, facts: &Facts) -> i64 {
        let Some(last_ms) = self.now_ms else {
            // Whoever starts an engine at noon is not told of the morning.
            let today = day_of(now_ms);
            let over = facts.policy.morning_ms(today).is_some_and(|due_ms| due_ms <= now_ms);
            self.morning = if over { Some(today) } else { today.yesterday().ok() };
            self.month = Some(today.first_of_month());
            (self.now_ms, self.listening_ms) = (Some(now_ms), now_ms);
            return now_ms;
        };
        let now_ms = now_ms.max(last_ms);
        if now_ms - last_ms > GAP_MS {
            self.listening_ms = now_ms;
        }
        self.now_ms = Some(now_ms);
        now_ms
    }

    /// The open incident of a root.
    pub(super) fn of_root(&mut self, root: &Root) -> Option<&mut Incident> {
        self.open.iter_mut().find(|incident| incident.root == *root)
    }

    /// Was somebody paged of this service lately, or is about to be?
    pub(super) fn was_paged(&self, service: &ServiceId, now_ms: i64) -> bool {
        self.paged.get(service).is_some_and(|at_ms| now_ms - at_ms < PAGED_MS)
    }

    /// Lets go of what nobody waits for.
    pub(super) fn forget(&mut self, now_ms: i64) {
        self.ended.retain(|ended| ended.is_news || !ended.owed.is_empty());
        self.paged.retain(|_, at_ms| now_ms - *at_ms < PAGED_MS);
        let years: BTreeMap<CommitmentKey, i16> =
            self.budgets.iter().map(|kept| (kept.key.clone(), kept.year)).collect();
        self.budgets.retain(|kept| years.get(&kept.key) == Some(&kept.year));
        keep_newest(&mut self.ended);
        keep_newest(&mut self.notices);
    }
}

fn keep_newest<T>(list: &mut Vec<T>) {
    list.drain(..list.len().saturating_sub(REMEMBERED_MAX));
}

/// Stops that are listed: the first ones, and the newest.
const STOPS_MAX: usize = 60;

impl Incident {
    /// Is it down now?
    pub fn is_down(&self) -> bool {
        self.stops.last().is_some_and(|stop| stop.to_ms.is_none())
    }

    /// How many stops it had.
    pub fn stops(&self) -> u64 {
        self.stops.len() as u64 + u64::from(self.stops_left_out)
    }

    /// How long it was down in all, ms.
    pub fn down_ms(&self, now_ms: i64) -> u64 {
        let newest = self.stops.last();
        let newest = newest.map_or(0, |stop| stop.to_ms.unwrap_or(now_ms).saturating_sub(stop.from_ms));
        self.down_before_ms.saturating_add(u64::try_from(newest).unwrap_or(0))
    }

    /// Another stop begins.
    pub(super) fn stop(&mut self, from_ms: i64) {
        if let Some(last) = self.stops.last() {
            let length = last.to_ms.unwrap_or(from_ms).saturating_sub(last.from_ms);
            self.down_before_ms = self.down_before_ms.saturating_add(u64::try_from(length).unwrap_or(0));
        }
        if self.stops.len() >= STOPS_MAX {
            self.stops.remove(STOPS_MAX / 2);
            self.stops_left_out = self.stops_left_out.saturating_add(1);
        }
        self.stops.push(Stop { from_ms, to_ms: None });
        self.up_since_ms = None;
    }

    /// The stop is over.
    pub(super) fn unstop(&mut self, to_ms: i64) {
        if let Some(stop) = self.stops.last_mut()
            && stop.to_ms.is_none()
        {
            stop.to_ms = Some(to_ms.max(stop.from_ms));
        }
    }

    /// Notes that it explains something at `now_ms`.
    pub(super) fn hold(&mut self, thing: &Thing, from_ms: i64) {
        let held = self.members.iter().any(|member| member.thing == *thing && member.to_ms.is_none());
        if !held && self.members.len() < REMEMBERED_MAX {
            self.members.push(Member { thing: thing.clone(), from_ms, to_ms: None });
        }
    }

    /// Does it explain it now?
    pub(super) fn holds(&self, thing: &Thing) -> bool {
        self.members.iter().any(|member| member.thing == *thing && member.to_ms.is_none())
    }

    /// Notes that it is no longer so.
    pub(super) fn release(&mut self, thing: &Thing, to_ms: i64) {
        for member in self.members.iter_mut().filter(|member| member.thing == *thing) {
            member.to_ms.get_or_insert(to_ms);
        }
    }

    /// Is it about this service?
    pub fn is_of(&self, service: &ServiceId) -> bool {
        let member = |member: &Member| matches!(&member.thing, Thing::Root(root) if root.is_of(service));
        self.root.is_of(service) || self.members.iter().any(member)
    }
}
