//! What was not observed, why, and what would settle it: read from timelines, runs and records.
//!
//! A gap is a stretch in which a service's own timeline is unknown. Its causes are those of the checks that
//! were unknown in it: what the agents themselves said (their network, their clock), or that nothing was said
//! at all. Then the agent's other checks tell whether it was silent as a whole, and the records around the
//! silence (a start, a loss, a step of the clock) tell why. Silences are looked up once per agent, and at
//! most [`SILENCES_MAX`] of them: the price of not keeping every start in memory.

mod heard;
mod records;

use std::collections::BTreeMap;

use collector_api::Reason;
use collector_derive::{
    CheckFigure, Condition, Corrections, Figure, Mark, RunIndex, Scope, ServiceFigure, State, YearFigures,
};
use config::{AgentId, CheckId};

use crate::declare::say;
use crate::operator::{Gap, GapCause, GapsAnswer, Said};
use crate::publish::Lang;
use crate::publish::api::Why;
use crate::publish::words::notices::moment;
use crate::store::Store;
pub use heard::Heard;
use heard::{Around, Silence};
use records::Found;

/// Silences of which the records are read.
const SILENCES_MAX: usize = 256;

/// What gaps are read from.
#[derive(Debug)]
pub struct Observed<'a> {
    /// Of the period.
    pub figures: &'a YearFigures,
    /// When each agent spoke.
    pub heard: &'a BTreeMap<AgentId, Heard>,
    /// When each check first spoke, by each agent, Unix ms.
    pub first_ms: &'a BTreeMap<(CheckId, AgentId), i64>,
    /// What is declared, as of the figures.
    pub corrections: &'a Corrections,
}

/// Every gap of the figures' services.
pub fn gaps(observed: &Observed<'_>, store: &dyn Store) -> GapsAnswer {
    let mut finder = Finder { observed, store, found: BTreeMap::new(), unread: 0 };
    let seen_to_ms = observed.figures.seen_to_ms();
    let mut gaps = Vec::new();
    for service in &observed.figures.services {
        for span in service.timeline.iter().filter(|span| span.state == State::Unknown) {
            let ongoing = span.end_ms >= seen_to_ms;
            gaps.push(finder.gap(service, span.start_ms, span.end_ms, ongoing));
        }
    }
    let services = observed.figures.services.iter().map(|service| {
        let Figure { up_ms, down_ms, unknown_ms, maintenance_ms, .. } = service.figure;
        (service.id.to_string(), up_ms + down_ms + unknown_ms + maintenance_ms > 0)
    });
    let services = services.collect();
    GapsAnswer { as_of_ms: observed.figures.as_of_ms, services, gaps, unread: finder.unread }
}

/// When each check first spoke.
pub fn first_spoken(runs: &RunIndex) -> BTreeMap<(CheckId, AgentId), i64> {
    let mut first = BTreeMap::new();
    for (check, vantages) in &runs.checks {
        for vantage in vantages {
            let spoken = vantage.streams.iter().filter_map(|stream| stream.runs().next());
            if let Some(first_ms) = spoken.map(|run| run.first_ms).min() {
                first.insert((check.clone(), vantage.agent.clone()), first_ms);
            }
        }
    }
    first
}

struct Finder<'a> {
    observed: &'a Observed<'a>,
    store: &'a dyn Store,
    /// By what was around the silence.
    found: BTreeMap<Around, Option<Found>>,
    unread: u64,
}

/// Causes in the making: how much of the gap by check.
type Causes = BTreeMap<Key, BTreeMap<String, u64>>;

/// What makes one cause of several checks' time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    why: Why,
    entry: Option<u64>,
    /// Agent and site.
    by: Option<(String, String)>,
    /// English and Italian.
    evidence: Option<(String, String)>,
}

impl Finder<'_> {
    fn gap(&mut self, service: &ServiceFigure, from_ms: i64, to_ms: i64, ongoing: bool) -> Gap {
        let figures = self.observed.figures;
        let mut causes = Causes::new();
        let mut unknown: Vec<&CheckId> = Vec::new();
        let mut proposed = None;
        for check in figures.checks_of(service) {
            let stretches = check.timeline.stretches();
            let gone = stretches.filter(|(_, _, change)| State::from(change.verdict) == State::Unknown);
            let lost: Vec<(i64, i64)> = gone
                .filter_map(|(start_ms, end_ms, _)| overlap((start_ms, end_ms), (from_ms, to_ms)))
                .collect();
            if lost.is_empty() {
                continue;
            }
            unknown.push(&check.id);
            for within in lost {
                proposed = proposed.or_else(|| self.proposed(check, within));
                let mut explained = self.annulled(check, within, &mut causes);
                explained.extend(self.unseen(check, within, &mut causes));
                // Every vantage spoke and nobody took it back: fewer than must know did.
                let key = Key { why: Why::TooFew, entry: None, by: None, evidence: None };
                for part in without(within, explained).into_iter().filter(|_| !check.vantages.is_empty()) {
                    add(&mut causes, key.clone(), check, part);
                }
            }
        }
        let mut causes: Vec<GapCause> = causes
            .into_iter()
            .map(|(Key { why, entry, by, evidence }, checks)| {
                let (agent, site) = by.unzip();
                let ms = checks.values().copied().max().unwrap_or(0);
                let checks = checks.into_keys().collect();
                let evidence = evidence.map(|(en, it)| Said { en, it });
                GapCause { why, agent, site, checks, ms, evidence, entry }
            })
            .collect();
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.ms));
        let scope = scope(figures, service, &unknown);
        Gap { service: service.id.to_string(), from_ms, to_ms, ongoing, scope, causes, proposed }
    }

    /// What of it people declared unobserved.
    fn annulled(&self, check: &CheckFigure, within: (i64, i64), causes: &mut Causes) -> Vec<(i64, i64)> {
        let mut parts = Vec::new();
        let marks = self.observed.corrections.marks.iter();
        for mark in marks.filter(|mark| mark.becomes == Condition::Unknown) {
            if let Some(part) = self.about(mark, check, within) {
                let key = Key { why: Why::Annulled, entry: Some(mark.entry), by: None, evidence: None };
                add(causes, key, check, part);
                parts.push(part);
            }
        }
        parts
    }

    /// The `force up` that would settle it and is not approved. What is in force has left no gap.
    fn proposed(&self, check: &CheckFigure, within: (i64, i64)) -> Option<u64> {
        let mut proposed = self.observed.corrections.proposed.iter();
        proposed.find(|mark| self.about(mark, check, within).is_some()).map(|mark| mark.entry)
    }

    /// The part of a stretch in which a mark is about a check, or about what one of its sites sees of it.
    fn about(&self, mark: &Mark, check: &CheckFigure, within: (i64, i64)) -> Option<(i64, i64)> {
        let is_about = self.observed.figures.is_about(&mark.scope, mark.declared_ms, check);
        if is_about { overlap((mark.window.from_ms, mark.window.to_ms), within) } else { None }
    }

    /// What of it some vantage did not see.
    fn unseen(&mut self, check: &CheckFigure, within: (i64, i64), causes: &mut Causes) -> Vec<(i64, i64)> {
        let mut parts = Vec::new();
        for vantage in &check.vantages {
            for (start_ms, end_ms, change) in vantage.timeline.stretches() {
                if State::from(change.verdict) != State::Unknown {
                    continue;
                }
                let Some(part) = overlap((start_ms, end_ms), within) else { continue };
                let (why, evidence) = match change.reason {
                    Reason::None => self.unsaid(&check.id, &vantage.agent, (start_ms, end_ms)),
                    Reason::AgentNetworkDown => (Why::AgentNetwork, None),
                    Reason::AgentClockUnsynced => (Why::AgentClock, None),
                    reason if reason.name().starts_with("agent.") => {
                        let it = crate::publish::words::reason(reason.name(), Lang::It);
                        let en = crate::publish::words::reason(reason.name(), Lang::En);
                        (Why::AgentOther, Some(Said { en, it }))
                    }
                    _ => (Why::Unconfirmed, None),
                };
                let by = Some((vantage.agent.to_string(), vantage.site.to_string()));
                let evidence = evidence.map(|said| (said.en, said.it));
                let key = Key { why, entry: None, by, evidence };
                add(causes, key, check, part);
                parts.push(part);
            }
        }
        parts
    }

    /// Nothing was said of a check: was its agent silent, and why?
    fn unsaid(&mut self, check: &CheckId, agent: &AgentId, gap: (i64, i64)) -> (Why, Option<Said>) {
        let first_ms = self.observed.first_ms.get(&(check.clone(), agent.clone()));
        if first_ms.is_none_or(|first_ms| *first_ms >= gap.1) {
            return (Why::NeverMeasured, None);
        }
        let Some(heard) = self.observed.heard.get(agent) else { return (Why::NeverMeasured, None) };
        match heard.around(gap) {
            Silence::Spoke => {
                let said = say!(
                    "the agent ran other checks meanwhile: this one was not assigned, or it could not keep up",
                    "intanto la sonda eseguiva altri controlli: questo non era assegnato, o non stava al passo"
                );
                (Why::AgentOther, Some(said))
            }
            Silence::Lasts { since_ms } => {
                let (en, it) = (moment(since_ms, Lang::En), moment(since_ms, Lang::It));
                let said = Said {
                    en: format!("nothing of it since {en}; what its spool holds may still arrive"),
                    it: format!("nulla da {it}; quanto è nel suo spool può ancora arrivare"),
                };
                (Why::AgentSilent, Some(said))
            }
            Silence::Between(around) => self.looked_up(&around).map_or((Why::AgentSilent, None), Found::why),
        }
    }

    fn looked_up(&mut self, around: &Around) -> Option<Found> {
        if !self.found.contains_key(around) {
            if self.found.len() >= SILENCES_MAX {
                self.unread += 1;
                return None;
            }
            let found = records::look_up(self.store, around);
            self.unread += u64::from(found.is_none());
            self.found.insert(around.clone(), found);
        }
        self.found.get(around).copied().flatten()
    }
}

impl Found {
    /// What the records around a silence say.
    fn why(self) -> (Why, Option<Said>) {
        match self {
            Self::Lost { count, reason } => {
                let Said { en, it } = reason.words();
                let said =
                    say!("{count} records are gone: {en}", "{count} registrazioni non ci sono più: {it}");
                (Why::SpoolLost, Some(said))
            }
            Self::Started { at_ms, last_ms } => {
                let (en, it) = (moment(at_ms, Lang::En), moment(at_ms, Lang::It));
                let (last_en, last_it) = match last_ms {
                    Some(last_ms) => (
                        format!(", after {}", moment(last_ms, Lang::En)),
                        format!(" (dopo {})", moment(last_ms, Lang::It)),
                    ),
                    None => (String::new(), String::new()),
                };
                let said = Said {
                    en: format!("it started again at {en}{last_en}"),
                    it: format!("riavviata {it}{last_it}"),
                };
                (Why::AgentSilent, Some(said))
            }
            Self::Stepped { step_ms } => {
                let seconds = step_ms / 1_000;
                let said = say!(
                    "the agent's clock was set by {seconds} s",
                    "l'orologio della sonda è stato spostato di {seconds} s"
                );
                (Why::AgentClock, Some(said))
            }
            Self::Nothing => {
                let said = say!(
                    "its records go on without a break: the agent ran, and took no sample",
                    "le sue registrazioni proseguono senza interruzione: la sonda era attiva e non ha misurato"
                );
                (Why::AgentOther, Some(said))
            }
        }
    }
}

fn add(causes: &mut Causes, key: Key, check: &CheckFigure, (from_ms, to_ms): (i64, i64)) {
    *causes.entry(key).or_default().entry(check.id.to_string()).or_default() += from_ms.abs_diff(to_ms);
}

/// What of a stretch is in none of `parts`.
fn without(within: (i64, i64), mut parts: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    parts.sort_unstable();
    let (mut rest, mut from_ms) = (Vec::new(), within.0);
    for (start_ms, end_ms) in parts {
        rest.extend((from_ms < start_ms).then_some((from_ms, start_ms.min(within.1))));
        from_ms = from_ms.max(end_ms);
    }
    rest.extend((from_ms < within.1).then_some((from_ms, within.1)));
    rest
}

fn overlap(a: (i64, i64), b: (i64, i64)) -> Option<(i64, i64)> {
    let both = (a.0.max(b.0), a.1.min(b.1));
    (both.0 < both.1).then_some(both)
}

/// The shortest names that cover the checks that were unknown, and no other.
fn scope(figures: &YearFigures, service: &ServiceFigure, unknown: &[&CheckId]) -> Vec<String> {
    let whole = |path: &str| {
        let path = Scope::Path(path.to_owned());
        let mut beneath = figures.checks.iter().filter(|one| path.covers(one.id.as_str()));
        beneath.all(|one| unknown.contains(&&one.id))
    };
    let own = Scope::Path(service.id.to_string());
    let is_whole = whole(service.id.as_str());
    let mut names = if is_whole { vec![service.id.to_string()] } else { Vec::new() };
    for check in unknown.iter().filter(|check| !is_whole || !own.covers(check.as_str())) {
        let parent = check.as_str().rsplit_once('.').map_or(check.as_str(), |(parent, _)| parent);
        let name = if whole(parent) { parent.to_owned() } else { check.to_string() };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests;
