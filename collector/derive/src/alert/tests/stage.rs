//! A stage: subjects and notices with the spells in which they are not well, told to the engine tick by tick.

use std::collections::{BTreeMap, BTreeSet};

use collector_api::Reason;
use config::{Calendar, Concern, Holiday, Id, Recipient, Severity, Week, When};
use jiff::civil::DateTime;

use crate::alert::*;
use crate::year::tests::charter;
use crate::{Condition, instant_ms};

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;

pub(super) fn id(name: &str) -> Id {
    Id::new(name).unwrap()
}

/// What a clock on a wall in Rome shows: `2026-11-17 02:40`.
pub(super) fn at(wall: &str) -> i64 {
    instant_ms(wall.replace(' ', "T").parse::<DateTime>().unwrap())
}

/// From one wall time to another: `2026-11-17 02:40`, `2026-11-17 05:10`.
pub(super) fn spell(from: &str, to: &str) -> (i64, i64) {
    (at(from), at(to))
}

pub(super) fn recipient(name: &str, hours: When, told_of: &[Concern]) -> Recipient {
    let to = vec![format!("{name}@comune.example")];
    Recipient {
        id: id(name),
        to,
        webhook: None,
        when: hours,
        told_of: told_of.to_vec(),
        escalate_after_ms: None,
    }
}

pub(super) fn week(hours: &str) -> When {
    When::Week(Week::parse(hours).unwrap())
}

/// On call as by default, an office for what can wait, whoever signs; offices work Monday to Friday.
pub(super) fn policy_of(recipients: Vec<Recipient>) -> Policy {
    let mut charter = charter();
    charter.calendars = vec![Calendar {
        id: id("uffici"),
        act: None,
        hours: Week::parse("mon-fri 08:00-14:00").unwrap(),
        holidays: vec![Holiday::Italy],
        exceptions: Vec::new(),
    }];
    charter.alerting = recipients;
    Policy::of(&charter)
}

pub(super) fn usual_policy() -> Policy {
    policy_of(vec![
        recipient("reperibile", When::usual(), &[Concern::Page]),
        recipient("ufficio", When::Calendar(id("uffici")), &[Concern::Ticket, Concern::Morning]),
        recipient("responsabile", When::Calendar(id("uffici")), &[Concern::Digest]),
    ])
}

/// One person who hears everything at any time.
pub(super) fn watchful() -> Policy {
    let all = [Concern::Page, Concern::Ticket, Concern::Morning, Concern::Digest];
    policy_of(vec![recipient("tutto", When::Always, &all)])
}

/// A subject and when it is down; noticed a minute after it began, as two fails are.
pub(super) struct Actor {
    pub(super) root: Root,
    pub(super) telling: Telling,
    pub(super) held_by: Vec<Root>,
    pub(super) reason: Reason,
    pub(super) down: Vec<(i64, i64)>,
}

/// A notice and when it holds.
pub(super) struct Whisper {
    pub(super) kind: NoticeKind,
    pub(super) name: String,
    pub(super) detail: Detail,
    pub(super) held_by: Vec<Root>,
    pub(super) holds: Vec<(i64, i64)>,
}

/// A row, its agents, and when they are silent.
pub(super) type Silent = (&'static str, Vec<&'static str>, Vec<(i64, i64)>);

pub(super) struct Stage {
    pub(super) policy: Policy,
    pub(super) actors: Vec<Actor>,
    pub(super) whispers: Vec<Whisper>,
    /// Rows by the agents that measure them, with when those are silent.
    pub(super) silences: Vec<Silent>,
    pub(super) planned: Vec<(i64, i64)>,
    /// When the collector is not there.
    pub(super) off: Vec<(i64, i64)>,
    pub(super) levels: Vec<(&'static str, Level, (i64, i64))>,
    pub(super) state: State,
    pub(super) decisions: Vec<Decision>,
}

fn within(spells: &[(i64, i64)], now_ms: i64) -> Option<(i64, i64)> {
    spells.iter().find(|(from_ms, to_ms)| *from_ms <= now_ms && now_ms < *to_ms).copied()
}

impl Stage {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy,
            actors: Vec::new(),
            whispers: Vec::new(),
            silences: Vec::new(),
            planned: Vec::new(),
            off: Vec::new(),
            levels: Vec::new(),
            state: State::default(),
            decisions: Vec::new(),
        }
    }

    pub(super) fn actor(&mut self, root: Root, down: &[(i64, i64)]) -> &mut Actor {
        let telling = Telling { alert: Vec::new(), severity: Severity::Page, after_ms: 5 * 60_000 };
        let reason = Reason::ConnectTimeout;
        self.actors.push(Actor { root, telling, held_by: Vec::new(), reason, down: down.to_vec() });
        self.actors.last_mut().unwrap()
    }

    pub(super) fn row(&mut self, name: &str, down: &[(i64, i64)]) -> &mut Actor {
        self.actor(Root::Row(id(name)), down)
    }

    pub(super) fn whisper(&mut self, kind: NoticeKind, name: &str, holds: (i64, i64)) -> &mut Whisper {
        let (name, detail) = (name.to_owned(), Detail::None);
        self.whispers.push(Whisper { kind, name, detail, held_by: Vec::new(), holds: vec![holds] });
        self.whispers.last_mut().unwrap()
    }

    pub(super) fn facts(&self, now_ms: i64) -> Facts {
        let seen =
            |down: &[(i64, i64)]| within(down, now_ms).filter(|(from_ms, _)| now_ms - from_ms >= MINUTE);
        let is_down =
            |root: &Root| self.actors.iter().any(|actor| actor.root == *root && seen(&actor.down).is_some());
        let in_work = within(&self.planned, now_ms).is_some();
        let subject = |actor: &Actor| {
            let down = seen(&actor.down);
            let ended = actor.down.iter().map(|spell| spell.1).filter(|end_ms| *end_ms <= now_ms).max();
            Subject {
                root: actor.root.clone(),
                state: if down.is_some() { Condition::Down } else { Condition::Up },
                since_ms: down.map_or(ended, |(from_ms, _)| Some(from_ms)),
                reason: if down.is_some() { actor.reason } else { Reason::None },
                failing: u32::from(down.is_some()),
                vantages: 2,
                held_by: actor.held_by.iter().filter(|cause| is_down(cause)).cloned().collect(),
                planned: down.is_some() && in_work,
                telling: actor.telling.clone(),
            }
        };
        let notice = |whisper: &Whisper| {
            let (from_ms, _) = within(&whisper.holds, now_ms)?;
            Some(Notice {
                kind: whisper.kind,
                name: whisper.name.clone(),
                since_ms: from_ms,
                detail: whisper.detail.clone(),
                held_by: whisper.held_by.iter().filter(|cause| is_down(cause)).cloned().collect(),
            })
        };
        let silence = |(row, agents, silent): &Silent| Silence {
            service: id(row),
            agents: agents.iter().map(|agent| id(agent)).collect(),
            newest_ms: Some(within(silent, now_ms).map_or(now_ms, |(from_ms, _)| from_ms)),
            held_by: Vec::new(),
            planned: false,
            telling: Telling { alert: Vec::new(), severity: Severity::Page, after_ms: 5 * 60_000 },
        };
        let mut commitments: BTreeMap<&str, BTreeSet<Level>> = BTreeMap::new();
        for (row, level, spell) in &self.levels {
            let levels = commitments.entry(row).or_default();
            if within(&[*spell], now_ms).is_some() {
                levels.insert(*level);
            }
        }
        let commitment = |(row, levels): (&str, BTreeSet<Level>)| CommitmentFacts {
            key: CommitmentKey { service: id(row), hours: None },
            year: crate::day_of(now_ms).year(),
            levels,
            secured: false,
            up_of_known: (98, 100),
            budget_ms: 1_000,
            remaining_ms: 10,
            alert: Vec::new(),
        };
        let works = self.planned.iter().filter(|(_, to_ms)| now_ms < *to_ms);
        Facts {
            policy: self.policy.clone(),
            subjects: self.actors.iter().map(subject).collect(),
            silences: self.silences.iter().map(silence).collect(),
            commitments: commitments.into_iter().map(commitment).collect(),
            notices: self.whispers.iter().filter_map(notice).collect(),
            planned: works
                .map(|(from_ms, to_ms)| Work {
                    entry: 7,
                    from_ms: *from_ms,
                    to_ms: *to_ms,
                    scope: Vec::new(),
                })
                .collect(),
            computed_ms: now_ms,
            stale: Vec::new(),
            acked: BTreeSet::new(),
        }
    }

    /// Plays from one wall time to another, a tick each half minute.
    pub(super) fn play(&mut self, from: &str, to: &str) {
        let (mut now_ms, end_ms) = (at(from), at(to));
        while now_ms < end_ms {
            if within(&self.off, now_ms).is_none() {
                let (state, decisions) = step(&self.state, &self.facts(now_ms), now_ms);
                self.state = state;
                self.decisions.extend(decisions);
            }
            now_ms += MINUTE / 2;
        }
    }

    /// What one recipient got, as `Tue 07:30 morning-2026-11-17`.
    pub(super) fn mails(&self, recipient: &str) -> Vec<String> {
        let got = self.decisions.iter().filter(|decision| decision.to.contains(&id(recipient)));
        got.map(|decision| format!("{} {}", wall(decision.at_ms), decision.key())).collect()
    }
}

/// `Tue 07:30` in Rome.
pub(super) fn wall(at_ms: i64) -> String {
    let (day, minute) = crate::period::minute_of(at_ms);
    format!("{} {:02}:{:02}", day.strftime("%a"), minute / 60, minute % 60)
}
