//! Does a doubtful word of the charter matter? A service's standing under each other reading (operators.md 2.2).
//!
//! Each row reads one rule otherwise and leaves the rest as it is. Where all rows agree the doubt is moot;
//! where they do not, who answers for the charter decides with the numbers at hand. It costs one figure of
//! the service for each other reading, so it is made when asked for.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use config::{
    Charter, Commitment, DownIf, FigureRule, LateEntries, Maintenance, Node, Rules, Service, ServiceId,
    Unknown, Vote,
};

use crate::{
    Charters, Composition, Corrections, Extent, External, Figure, Ratio, Reading, RunIndex, ServiceFigure,
    Standing,
};

const HOUR_MS: u64 = 3_600_000;

/// One rule, read in one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// Which rule.
    pub rule: Rule,
    /// How it is read: as it is written under `rules:`, where it is a key there.
    pub value: String,
    /// Is it the charter's own reading?
    pub is_ours: bool,
    /// What follows from it.
    pub figure: Figure,
    /// The headline, as unknown time is read (D20).
    pub headline: Option<Ratio>,
    /// How the promise stands, from the bounds; `None` if nothing is promised.
    pub standing: Option<Standing>,
}

/// What could be read otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A stop in planned work.
    Maintenance,
    /// Planned work that was announced too late.
    LateEntries,
    /// How long before it begins planned work is announced.
    Notice,
    /// Unknown time, in the headline.
    Unknown,
    /// The vote of a site's vantages.
    Vantages,
    /// The vote of a check's sites.
    Sites,
    /// How many must know for a vote to be one.
    KnownMin,
    /// How many fails make down.
    ConfirmDown,
    /// How many oks end it.
    ConfirmUp,
    /// How components make the service.
    Composition,
    /// "More than", or "at least".
    Strict,
    /// What of a first year counts.
    Extent,
    /// Stops by causes outside the house.
    External,
}

impl Rule {
    /// Every rule, in the order of the table.
    pub const ALL: [Self; 13] = [
        Self::Maintenance,
        Self::LateEntries,
        Self::Notice,
        Self::Unknown,
        Self::Vantages,
        Self::Sites,
        Self::KnownMin,
        Self::ConfirmDown,
        Self::ConfirmUp,
        Self::Composition,
        Self::Strict,
        Self::Extent,
        Self::External,
    ];

    /// The word in JSON: the key under `rules:`, where there is one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::LateEntries => "late_entries",
            Self::Notice => "notice",
            Self::Unknown => "unknown",
            Self::Vantages => "vantages",
            Self::Sites => "sites",
            Self::KnownMin => "known_min",
            Self::ConfirmDown => "confirm_down",
            Self::ConfirmUp => "confirm_up",
            Self::Composition => "composition",
            Self::Strict => "strict",
            Self::Extent => "extent",
            Self::External => "external_causes",
        }
    }
}

/// A reading of one rule: how it is written, and what it is.
type Read = (String, Reading);

impl Charters<'_> {
    /// The service under each reading, rule by rule, the charter's own reading of each first. Empty if these
    /// charters do not list the service.
    pub fn robustness(
        &self,
        runs: &RunIndex,
        corrections: &Corrections,
        service: &ServiceId,
    ) -> Vec<Alternative> {
        let about = self.about(service);
        let figured_by = |charters: &Charters<'_>, reading: &Reading| {
            let figures = charters.figures(runs, corrections, reading);
            let found = figures.services.into_iter().find(|figured| figured.id == *service);
            found.map(|figured| (figured, figures.unknown))
        };
        let figured = |reading: &Reading| figured_by(&about, reading);
        let newest = about.in_force.last().map(|(_, charter)| charter.as_ref());
        let Some(charter) = newest else { return Vec::new() };
        let Some(own) = charter.service(service.as_str()) else { return Vec::new() };
        let Some(ours) = figured(&Reading::default()) else { return Vec::new() };
        let mut rows = Vec::new();
        for rule in Rule::ALL {
            let (ours_read, others) = readings(rule, &charter.rules, own);
            rows.push(row(rule, ours_read, true, &ours));
            for (value, reading) in others {
                let other = if matters(rule, corrections, charter) { figured(&reading) } else { None };
                let other = other.unwrap_or_else(|| reread(&ours, &reading));
                rows.push(row(rule, value, false, &other));
            }
            if rule == Rule::Composition && is_weighed(own) {
                let other = figured_by(&about.alike(), &Reading::default());
                let value = format!("{}, each alike", own.figure);
                rows.extend(other.map(|other| row(rule, value, false, &other)));
            }
        }
        rows
    }

    /// The same charters with members of means that weigh the same.
    fn alike(&self) -> Charters<'_> {
        let alike = |charter: &Charter| Cow::Owned(weighed_alike(charter));
        Charters {
            in_force: self.in_force.iter().map(|(from_ms, charter)| (*from_ms, alike(charter))).collect(),
            whole: self.whole.as_deref().map(alike),
            confirmations: self.confirmations.clone(),
            names: Arc::clone(&self.names),
            notices: self.notices.clone(),
            ..*self
        }
    }

    /// The same charters with one service, and those that it needs.
    fn about(&self, service: &ServiceId) -> Charters<'_> {
        let alone = |charter: &Charter| {
            let mut kept: BTreeSet<&str> = BTreeSet::from([service.as_str()]);
            let own = charter.service(service.as_str());
            let needs =
                own.iter().flat_map(|service| &service.components).flat_map(|component| &component.needs);
            kept.extend(needs.filter_map(|need| need.split_once('.').map(|(home, _)| home)));
            let services = charter.services.iter().filter(|known| kept.contains(known.id.as_str()));
            Charter {
                organisation: charter.organisation.clone(),
                act: charter.act.clone(),
                rules: charter.rules.clone(),
                calendars: charter.calendars.clone(),
                sites: charter.sites.clone(),
                services: services.cloned().collect(),
                canaries: Vec::new(),
                alerting: Vec::new(),
            }
        };
        let in_force = self.in_force.iter().map(|(from_ms, charter)| (*from_ms, Cow::Owned(alone(charter))));
        Charters {
            period: self.period,
            as_of_ms: self.as_of_ms,
            known_from_ms: self.known_from_ms,
            measured_from_ms: self.measured_from_ms,
            in_force: in_force.collect(),
            confirmations: self.confirmations.clone(),
            whole: self.whole.as_deref().map(|charter| Cow::Owned(alone(charter))),
            names: Arc::clone(&self.names),
            notices: self.notices.clone(),
        }
    }
}

/// Is it a mean of members of which one weighs more than another?
fn is_weighed(service: &Service) -> bool {
    members_of(service).is_some_and(|node| match node {
        Node::Part(part) => {
            part.checks.iter().any(|check| check.facts.weight.is_some_and(|weight| weight != 1))
        }
        Node::All(parts) | Node::Some { parts, .. } => {
            parts.iter().any(|part| part.weight.is_some_and(|weight| weight != 1))
        }
    })
}

/// What a service is the mean of.
fn members_of(service: &Service) -> Option<&Node> {
    let FigureRule::MeanOf(mean) = &service.figure else { return None };
    service.components.iter().find(|component| component.id == *mean).map(|component| &component.node)
}

/// The charter with members of means that weigh the same.
fn weighed_alike(charter: &Charter) -> Charter {
    let mut charter = charter.clone();
    for service in &mut charter.services {
        let FigureRule::MeanOf(mean) = &service.figure else { continue };
        let component = service.components.iter_mut().find(|component| component.id == *mean);
        match component.map(|component| &mut component.node) {
            Some(Node::Part(part)) => {
                for check in &mut part.checks {
                    check.facts.weight = None;
                }
            }
            Some(Node::All(parts) | Node::Some { parts, .. }) => {
                for part in parts {
                    part.weight = None;
                }
            }
            None => {}
        }
    }
    charter
}

/// A length of time as it is written under `rules:`.
fn length(ms: u64) -> String {
    if ms.is_multiple_of(HOUR_MS) { format!("{}h", ms / HOUR_MS) } else { format!("{}m", ms / 60_000) }
}

/// Can the rule change the integers? If not, they need no second reading.
fn matters(rule: Rule, corrections: &Corrections, charter: &Charter) -> bool {
    match rule {
        Rule::Maintenance | Rule::LateEntries | Rule::Notice => !corrections.planned.is_empty(),
        Rule::KnownMin => {
            charter.sites.iter().any(|site| site.agents.len() > 1)
                || charter.checks().any(|check| check.from.len() > 1)
        }
        Rule::External => !corrections.annotations.is_empty(),
        Rule::Extent => charter.act.measured_from.is_some(),
        Rule::Unknown | Rule::Strict => false,
        Rule::Vantages | Rule::Sites | Rule::ConfirmDown | Rule::ConfirmUp | Rule::Composition => true,
    }
}

/// The same integers, read otherwise.
fn reread((figured, unknown): &(ServiceFigure, Unknown), reading: &Reading) -> (ServiceFigure, Unknown) {
    let mut figured = figured.clone();
    if let Some(strict) = reading.strict {
        let within = figured.within.iter_mut().flat_map(|within| {
            let stretches = within.stretches.iter_mut().filter_map(|stretch| stretch.promise.as_mut());
            std::iter::once(&mut within.promise).chain(stretches)
        });
        let stretches = figured.stretches.iter_mut().filter_map(|stretch| stretch.promise.as_mut());
        let promises = figured.promise.iter_mut().chain(within).chain(stretches);
        promises.for_each(|promise| promise.strict = strict);
    }
    (figured, reading.unknown.unwrap_or(*unknown))
}

fn row(
    rule: Rule,
    value: String,
    is_ours: bool,
    (figured, unknown): &(ServiceFigure, Unknown),
) -> Alternative {
    let (figure, standing) = judged(figured);
    Alternative { rule, value, is_ours, figure, headline: figure.headline(*unknown), standing }
}

/// The figure, and how what is promised of it stands: where nothing is promised around the clock, of the first
/// promise about a calendar's hours.
fn judged(figured: &ServiceFigure) -> (Figure, Option<Standing>) {
    match (figured.standing(), figured.within.first()) {
        (None, Some(within)) => (within.figure, within.standing()),
        (standing, _) => (figured.figure, standing),
    }
}

/// Does the charter say "more than"?
fn is_strict(service: &Service) -> bool {
    let strict = |commitment: &Commitment| match commitment {
        Commitment::Availability(promise) => Some(promise.strict),
        Commitment::AvailabilityWithin(promise) => Some(promise.strict),
        _ => None,
    };
    let around_the_clock = service.availability().map(|promise| promise.strict);
    around_the_clock.or_else(|| service.commitments.iter().find_map(strict)).unwrap_or(true)
}

/// The charter's own reading of a rule, and the others.
fn readings(rule: Rule, rules: &Rules, service: &Service) -> (String, Vec<Read>) {
    let as_is = Reading::default();
    let readings = &rules.readings;
    match rule {
        Rule::Maintenance => apart(
            readings.maintenance,
            &[Maintenance::Counts, Maintenance::Excluded, Maintenance::ExcludedDown, Maintenance::AsUp],
            |maintenance| maintenance.word().to_owned(),
            |maintenance| Reading { maintenance: Some(maintenance), ..as_is },
        ),
        Rule::LateEntries => apart(
            readings.late_entries,
            &[LateEntries::Recorded, LateEntries::Effective],
            |late| late.word().to_owned(),
            |late| Reading { late_entries: Some(late), ..as_is },
        ),
        Rule::Notice => apart(readings.notice_ms, &[0, 24 * HOUR_MS, 48 * HOUR_MS], length, |notice_ms| {
            Reading { notice_ms: Some(notice_ms), ..as_is }
        }),
        Rule::Unknown => apart(
            readings.unknown,
            &[Unknown::Apart, Unknown::Down, Unknown::Up],
            |unknown| unknown.word().to_owned(),
            |unknown| Reading { unknown: Some(unknown), ..as_is },
        ),
        Rule::Vantages => apart(
            readings.vantages,
            &[DownIf::Majority, DownIf::Any, DownIf::All].map(Vote::of),
            |vote| vote.to_string(),
            |vote| Reading { vantages: Some(vote), ..as_is },
        ),
        Rule::Sites => apart(
            readings.sites,
            &[DownIf::Half, DownIf::Majority, DownIf::Any, DownIf::All].map(Vote::of),
            |vote| vote.to_string(),
            |vote| Reading { sites: Some(vote), ..as_is },
        ),
        Rule::KnownMin => {
            // Of two votes that ask for different numbers both are said.
            apart(
                (readings.vantages.known_min, readings.sites.known_min),
                &[(1, 1), (2, 2)],
                |(vantages, sites)| {
                    if vantages == sites { vantages.to_string() } else { format!("{vantages}, {sites}") }
                },
                |(known_min, _)| Reading { known_min: Some(known_min), ..as_is },
            )
        }
        Rule::ConfirmUp => apart(
            rules.confirm_up,
            &[1, 2, 3],
            |oks| oks.to_string(),
            |oks| Reading { confirm_up: Some(oks), ..as_is },
        ),
        Rule::ConfirmDown => apart(
            rules.confirm_down,
            &[1, 2, 3],
            |fails| fails.to_string(),
            |fails| Reading { confirm_down: Some(fails), ..as_is },
        ),
        Rule::Composition => {
            let word = |composition: Composition| match composition {
                Composition::All => "all components".to_owned(),
                Composition::MeanOfComponents => "mean of components".to_owned(),
            };
            let read = |composition| Reading { composition: Some(composition), ..as_is };
            let all = [Composition::All, Composition::MeanOfComponents];
            match &service.figure {
                FigureRule::AllUp => apart(Composition::All, &all, word, read),
                mean @ FigureRule::MeanOf(_) => {
                    (mean.to_string(), all.map(|composition| (word(composition), read(composition))).to_vec())
                }
            }
        }
        Rule::Strict => apart(
            is_strict(service),
            &[true, false],
            |strict| if strict { "above" } else { "at_least" }.to_owned(),
            |strict| Reading { strict: Some(strict), ..as_is },
        ),
        Rule::Extent => apart(
            Extent::Measured,
            &[Extent::Measured, Extent::Whole],
            |extent| if extent == Extent::Measured { "measured" } else { "whole_period" }.to_owned(),
            |extent| Reading { extent: Some(extent), ..as_is },
        ),
        Rule::External => apart(
            External::Counts,
            &[External::Counts, External::Excluded],
            |external| if external == External::Counts { "counts" } else { "excluded" }.to_owned(),
            |external| Reading { external: Some(external), ..as_is },
        ),
    }
}

fn apart<T: Copy + PartialEq>(
    ours: T,
    all: &[T],
    word: impl Fn(T) -> String,
    read: impl Fn(T) -> Reading,
) -> (String, Vec<Read>) {
    let others = all.iter().filter(|value| **value != ours).map(|value| (word(*value), read(*value)));
    (word(ours), others.collect())
}

#[cfg(test)]
mod tests;
