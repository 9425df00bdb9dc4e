//! Everything one answer needs, taken at one instant.
//!
//! A request takes a [`Moment`], shapes it and forgets it: figures are recomputed each time, so that no
//! cache can disagree with the truth. What is shown in one answer is of one instant.

use std::collections::BTreeMap;
use std::sync::Arc;

use collector_api::{ClockReading, Evidence, StreamId};
use collector_derive::alert::{CommitmentKey, Digest, Facts, Incident, Level, Morning, State};
use collector_derive::{
    Alternative, Basis, Ceiling, Charters, Corrections, Declared, Incidents, Latest, Period, Reading,
    RunIndex, ServicePace, Unobserved, YearFigures,
};
use config::{AgentId, Availability, BurnTier, Charter, CheckId, Id, ServiceId, YEAR_MS};
use prost::Message as _;

use super::api::{Journal, Year};
use super::asked::{Accounts, AskError, Asked};
use super::mail::Templates;
use super::sighting::Sighting;
use super::vitals::Vitals;
use crate::operator::Said;
use crate::seal::Seal;

/// Where moments come from: the collector's memory, or a test's.
pub trait Moments: Send + Sync + 'static {
    /// What is known now, or was known at the instant that is asked about, with the figures of a period.
    /// Of the past, the first answer may take long; asked off the async threads only.
    fn moment(&self, asked: &Asked) -> Result<Moment, AskError>;

    /// Why the collector is not ready to take and derive samples, one sentence each; empty when it is.
    fn not_ready(&self) -> Vec<Said>;

    /// The texts that mails are made with.
    fn templates(&self) -> Arc<Templates> {
        Arc::new(Templates::default())
    }

    /// The address of the page, if those who get mails can reach it.
    fn page(&self) -> Option<String> {
        None
    }

    /// How the process itself is, for `/metrics` alone: of a test's moments nothing is known.
    fn vitals(&self) -> Vitals {
        Vitals::default()
    }
}

/// What the collector knows at one instant.
#[derive(Debug, Clone)]
pub struct Moment {
    /// When, Unix ms: now, or the instant of the past that was asked about.
    pub now_ms: i64,
    /// When the first configuration revision came into force, Unix ms; `None` before any did.
    pub began_ms: Option<i64>,
    /// The figures of one period, as of `now_ms`.
    pub figures: YearFigures,
    /// The charter in force then.
    pub charter: Arc<Charter>,
    /// Everything that was declared by then, in the journal's order.
    pub declared: Arc<Vec<Declared>>,
    /// What is in force of it.
    pub corrections: Corrections,
    /// What services did of late and where that leads; of none once the period is over.
    /// Tiers, and all of it of a period that is asked for, only with accounts.
    pub paces: BTreeMap<ServiceId, ServicePace>,
    /// What is told only when asked for.
    pub accounts: BTreeMap<ServiceId, Account>,
    /// Every agent that the charter names or that ever enrolled.
    pub agents: Vec<AgentFacts>,
    /// The newest sample of each check and agent.
    pub latest: BTreeMap<(CheckId, AgentId), LatestSample>,
    /// What checks saw that outlives their samples; only when it is asked for.
    pub sightings: Vec<Sighting>,
    /// What ingest counted since the process started.
    pub ingest: IngestFacts,
    /// Streams whose derivation failed.
    pub stale: Vec<StaleFacts>,
    /// Where the journal stands.
    pub journal: Journal,
    /// The closing of the period's year, if it is closed.
    pub sealed: Option<SealedFacts>,
    /// What the alert engine decided last; `None` of the past, and before its first look.
    pub alerts: Option<Arc<Alerting>>,
    /// What is still to be told; `None` of the past.
    pub outbox: Option<OutboxFacts>,
}

/// What waits to be told, and what became of the rest since the process started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxFacts {
    /// Messages that wait.
    pub waiting: u64,
    /// When the oldest of them was decided, Unix ms.
    pub oldest_ms: Option<i64>,
    /// Outlet, result, attempts that ended so.
    pub told: Vec<(&'static str, &'static str, u64)>,
}

/// What the alert engine knows after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerting {
    /// When that was, Unix ms.
    pub at_ms: i64,
    /// When the figures behind it were computed, Unix ms: earlier, if newer ones cannot be.
    pub computed_ms: i64,
    /// Open incidents, by number.
    pub open: Vec<Incident>,
    /// The level of each budget.
    pub levels: Vec<(CommitmentKey, Option<Level>)>,
    /// What a morning mail of that instant would say.
    pub today: Morning,
    /// What a month's would.
    pub month: Digest,
}

impl Alerting {
    /// Of a state after its step at `at_ms` with these facts.
    pub fn of(state: &State, facts: &Facts, at_ms: i64) -> Self {
        let levels = state.levels().map(|(key, level)| (key.clone(), level));
        Self {
            at_ms,
            computed_ms: facts.computed_ms,
            open: state.open().to_vec(),
            levels: levels.collect(),
            today: state.today(facts, at_ms),
            month: state.month(at_ms),
        }
    }
}

/// A closed year, as it was told.
#[derive(Debug, Clone)]
pub struct SealedFacts {
    /// The journal's entry.
    pub seal: Seal,
    /// Its answer; `None` of a part of the year, whose figures are computed from what was sealed.
    pub year: Option<Arc<Year>>,
    /// How many figures of the year would be told otherwise as of the moment; 0 of a part of it.
    pub changes: u64,
}

/// What makes up a service's figure and costs about a figure for each other reading: told when asked for.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its outages with how exactly their length is known.
    pub incidents: Incidents,
    /// Why its time is unknown, ms each.
    pub unobserved: Vec<(Unobserved, u64)>,
    /// Its standing under each other reading.
    pub readings: Vec<Alternative>,
    /// The most that tree and targets allow.
    pub ceiling: Option<Ceiling>,
}

/// What accounts are made of: all that the figures of a moment were made of.
#[derive(Debug, Clone, Copy)]
pub struct Ledgered<'a> {
    /// Every charter with the instant since which it was in force.
    pub history: &'a [(i64, Charter)],
    /// Those of the period.
    pub charters: &'a Charters<'a>,
    /// What was measured.
    pub runs: &'a RunIndex,
    /// What is in force of what was declared.
    pub corrections: &'a Corrections,
    /// What followed.
    pub figures: &'a YearFigures,
}

impl Account {
    /// Of those services that are asked for.
    pub fn of(accounts: &Accounts, of: Ledgered<'_>) -> BTreeMap<ServiceId, Self> {
        let Ledgered { charters, runs, corrections, figures, .. } = of;
        let asked = figures.services.iter().filter(|service| accounts.are_of(service.id.as_str()));
        let told = asked.map(|service| {
            let account = Self {
                incidents: charters.incidents(runs, corrections, figures, service),
                unobserved: charters.unobserved(figures, service, runs, corrections),
                readings: charters.robustness(runs, corrections, &service.id),
                ceiling: charters.ceiling(figures, service),
            };
            (service.id.clone(), account)
        });
        told.collect()
    }
}

impl Ledgered<'_> {
    /// The pace of every service while the period runs: three figures of at most thirty days for all of them
    /// together, half as much again as the year's own (1 ms beside 2 ms for 200 checks), and with accounts one more
    /// for each window that a tier of theirs has. So a `period` that is asked for by name has paces only with
    /// accounts; the present always has them.
    pub fn paces(&self, period: Option<Period>, accounts: &Accounts) -> BTreeMap<ServiceId, ServicePace> {
        let figures = self.figures;
        let plain = period.is_some() && *accounts == Accounts::None;
        if plain || !(figures.start_ms..figures.end_ms).contains(&figures.as_of_ms) {
            return BTreeMap::new();
        }
        let tiers = |service: &ServiceId, hours: Option<&Id>, promise: &Availability| {
            if accounts.are_of(service.as_str()) { self.tiers(service, hours, promise) } else { Vec::new() }
        };
        let Self { history, runs, corrections, .. } = *self;
        let basis = Basis { history, runs, corrections, reading: &Reading::default() };
        let paces = figures.paces(&basis, tiers);
        paces.into_iter().map(|pace| (pace.service.clone(), pace)).collect()
    }

    /// The tiers of a year's promise; a part of a year has no budget of its own.
    fn tiers(&self, service: &ServiceId, hours: Option<&Id>, promise: &Availability) -> Vec<BurnTier> {
        let year = Period::civil_year(self.figures.year);
        if (self.figures.start_ms, self.figures.end_ms) != (year.start_ms(), year.end_ms()) {
            return Vec::new();
        }
        let listed = self.history.iter().rev().find(|(from_ms, _)| *from_ms < self.figures.seen_to_ms());
        let row = listed.and_then(|(_, charter)| charter.service(service.as_str()));
        match row.filter(|_| hours.is_none()) {
            Some(row) => row.burn_tiers(),
            None => BurnTier::defaults(promise.target, YEAR_MS),
        }
    }
}

/// One agent.
#[derive(Debug, Clone)]
pub struct AgentFacts {
    /// Its name.
    pub id: AgentId,
    /// Does it hold a key that is not revoked?
    pub enrolled: bool,
    /// What its last hello said.
    pub version: Option<String>,
    /// When its last batch was accepted, Unix ms.
    pub last_push_ms: Option<i64>,
    /// Its clock at its last batch.
    pub clock: Option<ClockReading>,
    /// Bytes in its spool at its last hello.
    pub spool_bytes: Option<u64>,
    /// The newest entry of the journal that it has seen.
    pub journal_seq: Option<u64>,
    /// One that it has seen and the journal does not have.
    pub journal_missed: Option<u64>,
}

/// What a head and its evidence tell beyond the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatestSample {
    /// When it was taken, Unix ms.
    pub at_ms: i64,
    /// How long it took, µs.
    pub duration_micros: u64,
    /// End of validity of the served certificate, or of one above it if that is sooner, Unix ms.
    pub certificate_not_after_ms: Option<i64>,
}

impl LatestSample {
    /// The sample with what its evidence tells, or that before it; what cannot be read tells nothing.
    pub fn of(latest: &Latest) -> Self {
        let tls = |evidence: &Vec<u8>| Evidence::decode(evidence.as_slice()).ok()?.tls;
        let certificate_not_after_ms =
            tls(&latest.evidence).or_else(|| tls(&latest.lasting)).and_then(|tls| tls.ends_ms());
        let Latest { at_ms, duration_micros, .. } = *latest;
        Self { at_ms, duration_micros, certificate_not_after_ms }
    }
}

/// Counters of this process: they start at 0 with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IngestFacts {
    /// Batches by what became of them.
    pub batches: Vec<(&'static str, u64)>,
    /// Samples accepted.
    pub samples: u64,
    /// Records and groups that could not be read.
    pub quarantined: u64,
    /// Records that agents declared lost, or that nobody can find.
    pub lost: u64,
    /// How long commits took.
    pub commits: Histogram,
}

/// Durations in buckets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// `(upper bound in seconds, how many were at most that and above the bound before)`; those above
    /// every bound are counted in `count` alone.
    pub buckets: Vec<(f64, u64)>,
    /// All of them.
    pub count: u64,
    /// Their sum, seconds.
    pub sum_seconds: f64,
}

/// A stream whose derivation failed: what it shows is old, what it holds is safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleFacts {
    /// Which.
    pub stream: StreamId,
    /// Whose.
    pub agent: AgentId,
    /// Why.
    pub reason: String,
}
