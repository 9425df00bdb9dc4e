//! The alert engine at work: facts of the present every five seconds, decisions in one transaction with its state.
//!
//! The engine itself is pure ([`collector_derive::alert`]); this is its clock and its memory. Memory follows only
//! what was committed: a step that the store did not take is made again. While nothing is decided the state is
//! kept once a minute; what a crash loses of that is when steps were made, and decides nothing. Facts that cannot
//! be computed stay those of the last time, and the engine notices by itself that they are stale.
//!
//! What somebody is told of is a row of the outbox, written in that same transaction ([`super::outbox`]); whoever reads
//! `/api/v1/alerts`, `/metrics` or `vedetta today` sees the same. A sample that is down does not wait for the five
//! seconds: it is looked at once, as often as leaves the processor three quarters of its time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use collector_derive::alert::{AgentFacts, Facts, Outside, State, Watched, step};
use collector_derive::{CLOCK_ERROR_MAX_MS, Charters, Corrections, Period, Reading};
use config::{CheckId, LoadError};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tracing::{error, info};

use super::Core;
use super::moments::Present;
use super::outbox::{self, Outbox};
use super::work::{Truth, WorkError};
use crate::publish::{Accounts, Alerting, Ledgered};
use crate::recall::latest_of;
use crate::store::{Store as _, Write};

/// Two looks within the shortest confirmation that people set.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After a look that something made necessary the next such one is at least so many times its length later.
const REST: u32 = 3;
/// At least so often the state is kept, ms.
const KEEP_EVERY_MS: i64 = 60_000;
/// How far back the present is looked at, ms: an incident that is open for longer has begun before.
const LOOK_BACK_MS: i64 = 30 * 86_400_000;
/// Of `meta`.
const STATE_KEY: &str = "alerts";

/// What the engine decided last, and what it is told beside figures.
#[derive(Debug)]
pub(crate) struct Alerts {
    kept: Mutex<State>,
    newest: RwLock<Option<Arc<Alerting>>>,
    /// When a configuration was refused, and why.
    refused: Mutex<Option<(i64, String)>>,
    /// Incidents that somebody took charge of since the last step.
    acked: Mutex<BTreeSet<u64>>,
}

impl Alerts {
    /// With the state as it was stored.
    pub(super) async fn open(truth: Truth) -> Result<Self, WorkError> {
        let kept = tokio::task::spawn_blocking(move || truth.store()?.meta(STATE_KEY)).await??;
        let state = kept.map(|bytes| serde_json::from_slice(&bytes)).transpose().unwrap_or_else(|error| {
            error!(%error, "what was decided about alerts cannot be read; it begins anew, and may tell again");
            None
        });
        Ok(Self {
            kept: Mutex::new(state.unwrap_or_default()),
            newest: RwLock::default(),
            refused: Mutex::default(),
            acked: Mutex::default(),
        })
    }

    /// What was decided last; `None` before the first look.
    pub(super) fn newest(&self) -> Option<Arc<Alerting>> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A configuration was refused. Only the first problem is kept, without its line of the file.
    pub(super) fn refused(&self, now_ms: i64, refused: &LoadError) {
        let Some(first) = refused.problems.first() else { return };
        let why = format!("{}: {}", first.at(), first.message.en);
        let mut kept = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let since_ms = kept.as_ref().map_or(now_ms, |(since_ms, _)| *since_ms);
        *kept = Some((since_ms, why));
    }

    /// A configuration was read.
    pub(super) fn mended(&self) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Was the newest configuration that somebody tried refused?
    pub(super) fn is_refused(&self) -> bool {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Somebody takes charge of an incident: the next step knows.
    pub(super) fn take_charge(&self, incident: u64) {
        self.acked.lock().unwrap_or_else(PoisonError::into_inner).insert(incident);
    }

    fn kept(&self) -> State {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Looks every five seconds, and when something fails. Never ends.
pub(super) async fn follow(present: Present) {
    let present = Arc::new(present);
    // Not in the first moment, which belongs to whoever asks a collector that was just started.
    let mut ticks = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut facts, mut kept_ms): (Option<Facts>, Option<i64>) = (None, None);
    let mut told_of_failure = false;
    let mut rested = Instant::now();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = failing(&present, rested) => {}
        }
        let began = Instant::now();
        let looking = Arc::clone(&present);
        match tokio::task::spawn_blocking(move || look(&looking)).await {
            Ok(seen) => (facts, told_of_failure) = (Some(seen), false),
            Err(error) if !told_of_failure => {
                told_of_failure = true;
                error!(%error, "the facts that alerts follow from cannot be computed; it is tried again");
            }
            Err(_) => {}
        }
        if let Some(facts) = &facts {
            decide(&present, facts, &mut kept_ms).await;
        }
        rested = Instant::now() + began.elapsed() * REST;
    }
}

/// A sample is down, and the last look is long enough ago.
async fn failing(present: &Present, rested: Instant) {
    present.ingest.known().failing.notified().await;
    sleep(rested.saturating_duration_since(Instant::now())).await;
}

async fn decide(present: &Arc<Present>, facts: &Facts, kept_ms: &mut Option<i64>) {
    let alerts = &present.core.alerts;
    let now_ms = present.clock.now_ms();
    let (state, decisions) = step(&alerts.kept(), facts, now_ms);
    let newest = Arc::new(Alerting::of(&state, facts, now_ms));
    let due = kept_ms.is_none_or(|kept_ms| (now_ms - kept_ms).abs() >= KEEP_EVERY_MS);
    if due || !decisions.is_empty() || !facts.acked.is_empty() {
        let rows = Outbox::rows(present, &decisions, &newest).await;
        let writes = serde_json::to_vec(&state).map_err(|error| error.to_string()).and_then(|bytes| {
            let mut writes = outbox::writes(&rows)?;
            writes.push(Write::Meta(STATE_KEY.to_owned(), bytes));
            Ok(writes)
        });
        let kept = match writes {
            Ok(writes) => present.ingest.write(writes).await,
            Err(error) => return error!(%error, "what was decided about alerts cannot be written down"),
        };
        if let Err(error) = kept {
            return error!(%error, "what was decided about alerts could not be kept; it is decided again");
        }
        *kept_ms = Some(now_ms);
        present.core.outbox.admit(rows);
    }
    for decision in &decisions {
        let to: Vec<&str> = decision.to.iter().map(config::Id::as_str).collect();
        info!(decision = decision.key(), to = to.join(","), "an alert was decided");
    }
    // What the state knows now need not be said again.
    alerts.acked.lock().unwrap_or_else(PoisonError::into_inner).retain(|acked| !facts.acked.contains(acked));
    *alerts.kept.lock().unwrap_or_else(PoisonError::into_inner) = state;
    *alerts.newest.write().unwrap_or_else(PoisonError::into_inner) = Some(newest);
}

/// How everything is now. Figures of thirty days, of the year, and of each window of the budgets' tiers: about a
/// dozen, as an answer with tiers has, during which the ledger is read and not written.
fn look(present: &Present) -> Facts {
    let Present { core, ingest, clock, .. } = present;
    let now_ms = clock.now_ms();
    let known = ingest.known();
    let history = known.history();
    let charter = core.work.charter();
    let corrections = Corrections::of(&known.declared(), now_ms.max(known.stamp_ms()));
    let back = Period::new(now_ms.saturating_sub(LOOK_BACK_MS), now_ms.saturating_add(1));
    let back = back.unwrap_or_else(|| Period::civil_year_at(now_ms));
    let recent = Charters::of(&history, back, now_ms);
    let charters = Charters::of(&history, Period::civil_year_at(now_ms), now_ms);
    let reading = Reading::default();
    let newest = known.newest();

    let ledger = known.ledger();
    let runs = ledger.runs();
    let recent = recent.figures(runs, &corrections, &reading);
    let figures = charters.figures(runs, &corrections, &reading);
    let (history, charters, corrections) = (&history, &charters, &corrections);
    let of = Ledgered { history, charters, runs, corrections, figures: &figures };
    let paces = of.paces(None, &Accounts::All);
    let latest = latest_of(&ledger);
    let stale = ledger.stale().map(|(stream, agent, reason)| format!("{agent} {stream}: {reason}")).collect();
    drop(ledger);

    let checks: BTreeSet<&CheckId> = charter.checks().map(|check| &check.id).collect();
    let mut certificates: BTreeMap<CheckId, i64> = BTreeMap::new();
    for ((check, _), sample) in latest.iter().filter(|((check, _), _)| checks.contains(check)) {
        if let Some(ends_ms) = sample.certificate_not_after_ms {
            let soonest = certificates.entry(check.clone()).or_insert(ends_ms);
            *soonest = ends_ms.min(*soonest);
        }
    }
    let outside = Outside {
        agents: agents(present, core, &newest, now_ms),
        certificates: certificates.into_iter().collect(),
        backup: None,
        refused: core.alerts.refused.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        stale,
        acked: core.alerts.acked.lock().unwrap_or_else(PoisonError::into_inner).clone(),
    };
    Watched {
        charter: &charter,
        recent: &recent,
        year: &figures,
        paces: &paces,
        corrections,
        outside: &outside,
    }
    .facts(now_ms)
}

/// The charter's agents that may deliver.
fn agents(
    present: &Present,
    core: &Core,
    newest: &BTreeMap<config::AgentId, crate::ingest::Newest>,
    now_ms: i64,
) -> Vec<AgentFacts> {
    let charter = core.work.charter();
    let agents = present.agents(&charter, newest, now_ms);
    let named = agents.into_iter().filter(|agent| agent.enrolled && charter.agents().contains(&&agent.id));
    let facts = |agent: crate::publish::AgentFacts| {
        let wrong = agent
            .clock
            .filter(|clock| clock.error_bound_ms().is_none_or(|bound_ms| bound_ms > CLOCK_ERROR_MAX_MS));
        AgentFacts {
            id: agent.id,
            newest_ms: agent.last_push_ms,
            offset_ms: wrong.map(|clock| clock.offset_ms),
        }
    };
    named.map(facts).collect()
}
