//! Names and days made plain before anything is judged: renames (`was:`) and parts that come and go.
//!
//! The charters of a period are rewritten so that each speaks the names of the last of them and none holds a
//! part on a day on which it is not there; runs recorded under several ids are laid together under one. So
//! nothing further down knows of either. Charters take no runs, so that they are made ready before whoever
//! guards the runs is asked for them. The price is a copy of each charter that says otherwise, and of the
//! runs of renamed checks.

mod meant;
mod names;
mod days;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use config::{AgentId, Charter, CheckId, FigureRule, Judged};

pub(crate) use self::days::{counts_from, has};
use self::meant::Borne;
pub use self::meant::Names;
use self::names::Named;
use crate::confirm::{Confirmation, Confirmations};
use crate::{Notices, Period, Run, RunIndex, StreamRuns, Vantage, midnight_ms};

/// The charters that judge a period, made ready: all that its figures need beside runs.
#[derive(Debug)]
pub struct Charters<'a> {
    pub(crate) period: Period,
    pub(crate) as_of_ms: i64,
    /// Since when there was any charter, Unix ms: before, nothing was measured by one.
    pub(crate) known_from_ms: i64,
    /// From when on measuring counts (D18), Unix ms; `None` if it always did.
    pub(crate) measured_from_ms: Option<i64>,
    /// In order, the first from the period's start on.
    pub(crate) in_force: Vec<(i64, Cow<'a, Charter>)>,
    /// Of all charters up to as-of, in order.
    pub(crate) confirmations: Confirmations,
    /// The last of them with all it ever had and will have, if it needs that to say what is to come.
    pub(crate) whole: Option<Cow<'a, Charter>>,
    /// What they are called in records and declarations.
    pub(crate) names: Arc<Names>,
    /// Of all charters up to as-of.
    pub(crate) notices: Notices,
}

impl<'a> Charters<'a> {
    /// Of `history`, every charter with the instant from which it was in force, in order: before the first,
    /// the first judges. One that is stamped before its predecessor comes into force with it.
    ///
    /// Names are those in force at the period's end or at as-of, whichever is earlier: what is renamed
    /// later keeps its names in it.
    pub fn of(history: &'a [(i64, Charter)], period: Period, as_of_ms: i64) -> Self {
        let mut newest_ms = i64::MIN;
        let in_order = history.iter().map(|(from_ms, charter)| {
            newest_ms = newest_ms.max(*from_ms);
            (newest_ms, charter)
        });
        let mut history: Vec<(i64, &Charter)> = in_order.collect();
        let up_to = |at_ms: i64| history.partition_point(|(from_ms, _)| *from_ms <= at_ms);
        let seen_to_ms = as_of_ms.clamp(period.start_ms(), period.end_ms());
        let first = up_to(period.start_ms()).saturating_sub(1);
        let end = up_to(seen_to_ms - 1).max(first + 1).min(history.len());
        history.truncate(up_to(as_of_ms).max(end));
        let known_from_ms = history.first().map_or(i64::MIN, |(from_ms, _)| *from_ms);
        let measured_from_ms = measured_from(&history[..end]);
        let renames = |charter: &Charter| charter.checks().any(|check| check.facts.was.is_some());
        let Named { charters, names } = if history.iter().any(|(_, charter)| renames(charter)) {
            names::name(&history, first..end)
        } else {
            let charters = history[first..end].iter().map(|(_, charter)| Cow::Borrowed(*charter)).collect();
            Named { charters, names: Names::default() }
        };
        let confirmations = confirmations(&history, first, &charters, &names.checks);
        let notices = Notices::of(history.iter().copied());
        let means = |charter: &Charter| charter.services.iter().any(|s| s.figure != FigureRule::AllUp);
        let whole = charters.last().filter(|charter| means(charter)).cloned();
        let in_force = charters.into_iter().zip(first..).flat_map(|(charter, index)| {
            let from_ms = if index == first { period.start_ms() } else { history[index].0 };
            let to_ms = history[..end].get(index + 1).map_or(seen_to_ms, |next| next.0);
            days::stretches(charter, from_ms, to_ms)
        });
        let (in_force, names) = (in_force.collect(), Arc::new(names));
        Self {
            period,
            as_of_ms,
            known_from_ms,
            measured_from_ms,
            in_force,
            confirmations,
            whole,
            names,
            notices,
        }
    }

    /// Runs by the names of these charters.
    pub(crate) fn seen<'r>(&'r self, runs: &'r RunIndex) -> Seen<'r> {
        let continued =
            self.names.checks.iter().map(|(check, borne)| (check.clone(), continued(borne, runs)));
        Seen { runs, names: &self.names, notices: &self.notices, continued: continued.collect() }
    }
}

/// From when on measuring counts: as the last revision says, but what one of them measured while it was in force
/// stays in scope. So only time before anything was measured can be put out of it afterwards.
fn measured_from(revisions: &[(i64, &Charter)]) -> Option<i64> {
    let said = |charter: &Charter| charter.act.measured_from.map(midnight_ms);
    let last_ms = said(revisions.last()?.1)?;
    let measured = revisions.iter().enumerate().filter_map(|(place, (from_ms, charter))| {
        let begins_ms = said(charter).map_or(*from_ms, |said_ms| said_ms.max(*from_ms));
        let replaced_ms = revisions.get(place + 1).map_or(i64::MAX, |(next_ms, _)| *next_ms);
        (begins_ms < replaced_ms).then_some(begins_ms)
    });
    measured.min().map(|first_ms| last_ms.min(first_ms))
}

/// How many samples make a state, of every charter of `history`. `charters` are those from `first` on, in the
/// names that are shown.
fn confirmations(
    history: &[(i64, &Charter)],
    first: usize,
    charters: &[Cow<'_, Charter>],
    borne: &BTreeMap<CheckId, Vec<Borne<CheckId>>>,
) -> Confirmations {
    let common: Vec<_> =
        history.iter().map(|(from_ms, charter)| Confirmation::since(*from_ms, &charter.rules)).collect();
    let says = |judged: &Judged| judged.confirm_down.is_some() || judged.confirm_up.is_some();
    let shown = |index: usize| index.checked_sub(first).and_then(|place| charters.get(place));
    let said: Vec<BTreeMap<&CheckId, &Judged>> = (0..history.len())
        .map(|index| {
            let charter = shown(index).map_or(history[index].1, |charter| charter.as_ref());
            let checks = charter.checks().filter(|check| says(&check.judged));
            checks.map(|check| (&check.id, &check.judged)).collect()
        })
        .collect();
    let mut own = BTreeMap::new();
    if said.iter().all(BTreeMap::is_empty) {
        return Confirmations { common, own };
    }
    for check in charters.iter().flat_map(|charter| charter.checks()) {
        if own.contains_key(&check.id) {
            continue;
        }
        let ids: Vec<&CheckId> = match borne.get(&check.id) {
            Some(borne) => borne.iter().map(|borne| &borne.id).chain([&check.id]).collect(),
            None => vec![&check.id],
        };
        let of = |(index, common): (usize, &Confirmation)| {
            let id = |id: &&CheckId| shown(index).is_none() || **id == check.id;
            let judged = ids.iter().filter(|known| id(known)).find_map(|id| said[index].get(*id));
            judged.map_or(*common, |judged| common.or(judged.confirm_down, judged.confirm_up))
        };
        let rules: Vec<_> = common.iter().enumerate().map(of).collect();
        if rules != common {
            own.insert(check.id.clone(), rules);
        }
    }
    Confirmations { common, own }
}

/// Runs by the names of a period's charters.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    runs: &'a RunIndex,
    pub(crate) names: &'a Names,
    pub(crate) notices: &'a Notices,
    /// Of checks that had several ids, or whose id was another's.
    continued: BTreeMap<CheckId, Vec<Vantage>>,
}

impl Seen<'_> {
    /// Who measured `check`, under whatever name.
    pub(crate) fn vantages(&self, check: &CheckId) -> &[Vantage] {
        let vantages = self.continued.get(check).or_else(|| self.runs.checks.get(check));
        vantages.map_or(&[], Vec::as_slice)
    }

    /// What `agent` measured of `check`; empty if it never did.
    pub(crate) fn streams(&self, check: &CheckId, agent: &AgentId) -> &[StreamRuns] {
        let vantage = self.vantages(check).iter().find(|vantage| vantage.agent == *agent);
        vantage.map_or(&[], |vantage| &vantage.streams)
    }
}

/// The runs recorded under each of a check's ids while that was its own, stream by stream.
fn continued(borne: &[Borne<CheckId>], runs: &RunIndex) -> Vec<Vantage> {
    let mut vantages: Vec<Vantage> = Vec::new();
    for borne in borne {
        for seen in runs.checks.get(&borne.id).into_iter().flatten() {
            let place = vantages.iter().position(|vantage| vantage.agent == seen.agent);
            let place = place.unwrap_or_else(|| {
                vantages.push(Vantage { agent: seen.agent.clone(), streams: Vec::new() });
                vantages.len() - 1
            });
            for stream in &seen.streams {
                append(&mut vantages[place].streams, stream, borne);
            }
        }
    }
    for vantage in &mut vantages {
        vantage.streams.sort_by_key(|stream| (stream.opened_ms, stream.stream));
    }
    vantages
}

/// Adds what a stream saw under an id to what is known of it.
fn append(streams: &mut Vec<StreamRuns>, more: &StreamRuns, borne: &Borne<CheckId>) {
    let closed: Vec<Run> = more.closed.iter().filter_map(|run| within(run, borne)).collect();
    let open = more.open.as_ref().and_then(|run| within(run, borne));
    if closed.is_empty() && open.is_none() {
        return;
    }
    let Some(known) = streams.iter_mut().find(|known| known.stream == more.stream) else {
        streams.push(StreamRuns { stream: more.stream, opened_ms: more.opened_ms, closed, open });
        return;
    };
    let still_open = known.open.is_some() || open.is_some();
    let mut all: Vec<Run> = known.runs().copied().chain(closed).chain(open).collect();
    all.sort_by_key(|run| (run.first_ms, run.first_seq));
    known.open = if still_open { all.pop() } else { None };
    known.closed = all;
}

/// What of a run was recorded while the id was the check's; its samples are taken as evenly spread.
fn within(run: &Run, borne: &Borne<CheckId>) -> Option<Run> {
    let last_ms = borne.to_ms.saturating_sub(1);
    if borne.from_ms <= run.first_ms && run.last_ms <= last_ms {
        return Some(*run);
    }
    let before = run.count_by(borne.from_ms.saturating_sub(1));
    let count = run.count_by(last_ms).saturating_sub(before);
    let until_ms = if run.last_ms <= last_ms { run.until_ms } else { borne.to_ms };
    let (first_ms, last_ms) = (run.first_ms.max(borne.from_ms), run.last_ms.min(last_ms));
    (count > 0).then_some(Run { first_ms, last_ms, count, until_ms, ..*run })
}

#[cfg(test)]
mod tests;
