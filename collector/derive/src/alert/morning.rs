//! The mail that a working day begins with, and the one that a month begins with.
//!
//! It tells of everything that nobody was woken for: what is open, what ended since the last one, what needs no
//! hurry, what is planned. A day on which all is quiet has none.

use config::Concern;
use jiff::civil::Date;

use super::decision::{Decision, Digest, Line, Morning, Story, What};
use super::{CommitmentKey, Facts, Level, State};
use crate::period::{day_of, midnight_ms};

/// Tells the morning, once on each working day from 07:30 on, and the month on the first of them.
pub(super) fn step(state: &mut State, facts: &Facts, now_ms: i64) -> Vec<Decision> {
    let today = day_of(now_ms);
    let told = state.morning.is_some_and(|day| day >= today);
    if told || facts.policy.morning_ms(today).is_none_or(|due_ms| now_ms < due_ms) {
        return Vec::new();
    }
    let mut decisions = Vec::new();
    let lines = state.lines(facts, now_ms);
    if !lines.is_empty() {
        let what = What::Morning(Morning { day: today, lines });
        decisions.push(Decision { at_ms: now_ms, what, to: facts.policy.everybody(Concern::Morning) });
    }
    state.morning = Some(today);
    for ended in &mut state.ended {
        ended.is_news = false;
    }
    for kept in &mut state.budgets {
        kept.is_news = false;
    }
    state.notices.retain(|noted| noted.over_ms.is_none());
    for noted in &mut state.notices {
        noted.times = 1;
    }
    decisions.extend(digest(state, facts, today, now_ms));
    decisions
}

/// The month that is over.
fn digest(state: &mut State, facts: &Facts, today: Date, now_ms: i64) -> Option<Decision> {
    let month = today.first_of_month();
    let last = state.month.replace(month).filter(|last| *last < month)?;
    let digest = Digest {
        month: last,
        incidents: std::mem::take(&mut state.ended_in_month),
        secured: std::mem::take(&mut state.secured),
        levels: state.standing_levels(),
    };
    let to = facts.policy.everybody(Concern::Digest);
    Some(Decision { at_ms: now_ms, what: What::Digest(digest), to })
}

impl State {
    /// What a morning mail of this instant would say, in its order; for `vedetta today`.
    pub fn today(&self, facts: &Facts, now_ms: i64) -> Morning {
        Morning { day: day_of(now_ms), lines: self.lines(facts, now_ms) }
    }

    /// What a month's mail would say if it were told now, of the month that runs; for `vedetta mails`.
    pub fn month(&self, now_ms: i64) -> Digest {
        Digest {
            month: day_of(now_ms).first_of_month(),
            incidents: self.ended_in_month,
            secured: self.secured.clone(),
            levels: self.standing_levels(),
        }
    }

    fn standing_levels(&self) -> Vec<(CommitmentKey, Level)> {
        self.budgets.iter().filter_map(|kept| Some((kept.key.clone(), kept.level?))).collect()
    }

    fn lines(&self, facts: &Facts, now_ms: i64) -> Vec<Line> {
        let open = self.open.iter().map(|incident| Line::Open(Story::of(incident, now_ms)));
        let ended = self.ended.iter().filter(|ended| ended.is_news);
        let ended = ended.map(|ended| Line::Ended(Story::of(&ended.incident, now_ms), ended.at_ms));
        let budgets = self.budgets.iter().filter(|kept| kept.is_news).filter_map(|kept| {
            Some(Line::Budget { key: kept.key.clone(), year: kept.year, level: kept.level? })
        });
        let notices = self.notices.iter().filter(|noted| noted.is_worth(now_ms));
        let mut notices: Vec<_> = notices.collect();
        notices.sort_by(|a, b| (a.notice.kind, &a.notice.name).cmp(&(b.notice.kind, &b.notice.name)));
        let notices = notices.into_iter().map(|noted| Line::Notice {
            notice: noted.notice.clone(),
            times: noted.times,
            over_ms: noted.over_ms,
        });
        let until_ms = day_of(now_ms).tomorrow().map_or(i64::MAX, midnight_ms);
        let today = facts.planned.iter().filter(|work| work.from_ms < until_ms && now_ms < work.to_ms);
        let planned = today.cloned().map(Line::Planned);
        open.chain(ended).chain(budgets).chain(notices).chain(planned).collect()
    }
}
