//! The running collector as its readers see it: one instant's facts for [`crate::publish`], of now or of the past.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collector_derive::{Charters, Corrections, Period, Reading, RunIndex};
use config::{AgentId, Charter};

use super::Core;
use super::past::Past;
use super::vitals::clock_is_wrong;
use super::witnesses::Witnesses;
use super::work::Heard;
use crate::clock::Clock;
use crate::declare::say;
use crate::ingest::{COMMIT_BUCKETS_MICROS, Counters, Ingest, Newest};
use crate::operator::Said;
use crate::publish::mail::Templates;
use crate::publish::{
    Account, Accounts, AgentFacts, AskError, Asked, ClosedFigure, Histogram, IngestFacts, Ledgered, Moment,
    Moments, Reader, SealedFacts, StaleFacts, Vitals, changes, iso,
};
use crate::recall::{Recalled, charter_at, journal_of, latest_of, sightings_of};
use crate::seal::{Seal, newest};

/// Where the facts are.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) core: Arc<Core>,
    pub(super) ingest: Arc<Ingest>,
    pub(super) clock: Clock,
    pub(super) heard: Arc<Mutex<BTreeMap<AgentId, Heard>>>,
    pub(super) witnesses: Arc<Witnesses>,
    pub(super) past: Arc<Past>,
}

impl Moments for Present {
    fn moment(&self, asked: &Asked) -> Result<Moment, AskError> {
        let recalled = asked.as_of_ms.map(|as_of_ms| self.recalled(as_of_ms, asked.reader)).transpose()?;
        let known = self.ingest.known();
        let (now_ms, seals) = recalled.as_ref().map_or_else(
            || (self.clock.now_ms(), known.sealed()),
            |then| (then.as_of_ms, Arc::clone(&then.sealed)),
        );
        // What is asked for by name stays apart from what is not: only the latter has paces for nothing.
        let period = asked.period.unwrap_or_else(|| Period::civil_year_at(now_ms));
        let told = |asked: &Asked| match &recalled {
            None => self.present(asked),
            Some(then) => self.told(then, asked),
        };
        match closed(&seals, period) {
            None => told(asked),
            Some((seal, true)) => {
                let year = self.past.answer(seal)?;
                let extent = (known.stamp_ms(), known.head().seq);
                // Its account was sealed with it.
                let mut moment = told(&Asked { accounts: Accounts::None, ..asked.clone() })?;
                let count = || changes(&year, &moment);
                let changes =
                    if recalled.is_none() { self.past.changes(seal, extent, count) } else { count() };
                moment.sealed = Some(SealedFacts { seal: seal.clone(), year: Some(year), changes });
                Ok(moment)
            }
            Some((seal, false)) => {
                let sealed = self.recalled(seal.manifest.as_of_ms, asked.reader)?;
                let mut moment = self.told(&sealed, asked)?;
                moment.sealed = Some(SealedFacts { seal: seal.clone(), year: None, changes: 0 });
                Ok(moment)
            }
        }
    }

    fn templates(&self) -> Arc<Templates> {
        self.core.outbox.templates()
    }

    fn page(&self) -> Option<String> {
        self.core.outbox.page()
    }

    fn not_ready(&self) -> Vec<Said> {
        let mut reasons = Vec::new();
        if !self.ingest.is_alive() {
            reasons.push(say!(
                "the store has failed; the log says why",
                "l'archivio ha ceduto; il registro di sistema dice perché"
            ));
        }
        for (stream, agent, reason) in self.ingest.known().ledger().stale() {
            reasons.push(say!(
                "the derivation of stream {stream} of agent `{agent}` failed: {reason}",
                "l'elaborazione del flusso {stream} della sonda `{agent}` non è riuscita: {reason}"
            ));
        }
        let now_ms = self.clock.now_ms();
        reasons.extend(self.core.vitals.disk_is_short());
        reasons.extend(clock_is_wrong(self.ingest.known().newest().values(), now_ms));
        reasons.extend(self.core.outbox.not_ready(now_ms));
        reasons
    }

    fn vitals(&self) -> Vitals {
        let watch = &self.core.vitals;
        Vitals {
            process: watch.process(),
            store: watch.store(),
            reload: Some(watch.reload(self.core.alerts.is_refused())),
            closed: self.closed_figures(),
            outlets: watch.outlets(),
            ready: Some(self.not_ready().is_empty()),
        }
    }
}

/// Closed years whose figures are told beside the present's.
const CLOSED_MAX: usize = 8;

impl Present {
    /// The newest closed years' headlines, as they were sealed; without one that cannot be read, which `verify` tells of.
    fn closed_figures(&self) -> Vec<ClosedFigure> {
        let seals = self.ingest.known().sealed();
        let mut figures = Vec::new();
        for seal in newest(&seals).into_values().rev().take(CLOSED_MAX) {
            let Ok(year) = self.past.answer(seal) else { continue };
            figures.extend(year.services.iter().filter_map(|service| {
                let availability = service.figure.head()?.to_f64();
                Some(ClosedFigure { service: service.id.clone(), year: year.year, availability })
            }));
        }
        figures
    }

    /// What is known now, whatever was sealed.
    pub(super) fn present(&self, asked: &Asked) -> Result<Moment, AskError> {
        let now_ms = self.clock.now_ms();
        let known = self.ingest.known();
        let history = known.history();
        let period = asked.period.unwrap_or_else(|| Period::civil_year_at(now_ms));
        let _turn = self.turn(asked)?;
        // Whoever writes waits for the ledger: what needs no runs is done before it is asked for.
        let charters = Charters::of(&history, period, now_ms);
        let declared = known.declared();
        // What is entered is in force, also while entries are stamped ahead of a clock that was set back.
        let corrections = Corrections::of(&declared, now_ms.max(known.stamp_ms()));
        let ledger = known.ledger();
        let latest = latest_of(&ledger);
        let sightings = if asked.sightings { sightings_of(&ledger) } else { Vec::new() };
        let stale = ledger.stale().map(|(stream, agent, reason)| StaleFacts {
            stream,
            agent: agent.clone(),
            reason: reason.to_owned(),
        });
        let stale = stale.collect();
        let told = |runs: &RunIndex| {
            let figures = charters.figures(runs, &corrections, &Reading::default());
            let (history, charters, corrections) = (&history, &charters, &corrections);
            let of = Ledgered { history, charters, runs, corrections, figures: &figures };
            let (paces, accounts) =
                (of.paces(asked.period, &asked.accounts), Account::of(&asked.accounts, of));
            (figures, paces, accounts)
        };
        let (figures, paces, accounts) = if asked.accounts == Accounts::None {
            let told = told(ledger.runs());
            drop(ledger);
            told
        } else {
            // Accounts are tens of figures: made from a copy, so that nobody who writes waits for them.
            let runs = ledger.runs().clone();
            drop(ledger);
            told(&runs)
        };
        // The one in force now, unless another began after the period.
        let newest = history.last().is_none_or(|(from_ms, _)| *from_ms < period.end_ms());
        let then = if newest { None } else { charter_at(&history, period.end_ms() - 1) };
        let charter = then.unwrap_or_else(|| self.core.work.charter());
        Ok(Moment {
            now_ms,
            began_ms: history.first().map(|(from_ms, _)| *from_ms),
            figures,
            declared,
            corrections,
            paces,
            accounts,
            agents: self.agents(&charter, &known.newest(), now_ms),
            charter,
            latest,
            sightings,
            ingest: facts(&known.counters),
            stale,
            journal: journal_of(&known.head()),
            sealed: None,
            alerts: self.core.alerts.newest(),
            outbox: Some(self.core.outbox.facts(now_ms)),
        })
    }

    /// What was known at an instant.
    pub(super) fn recalled(&self, as_of_ms: i64, reader: Reader) -> Result<Arc<Recalled>, AskError> {
        not_to_come(as_of_ms, self.clock.now_ms())?;
        self.past.recalled(&self.ingest, as_of_ms, reader)
    }

    fn told(&self, then: &Recalled, asked: &Asked) -> Result<Moment, AskError> {
        let _turn = self.turn(asked)?;
        then.told(asked.period, &asked.accounts).map_err(|error| AskError::Failed(error.to_string()))
    }

    /// Held while accounts are computed, if any are.
    fn turn(&self, asked: &Asked) -> Result<Option<MutexGuard<'_, ()>>, AskError> {
        if asked.accounts == Accounts::None {
            return Ok(None);
        }
        self.past.accounting(asked.reader).map(Some)
    }

    /// The charter's agents in its order, then the others that ever enrolled.
    pub(super) fn agents(
        &self,
        charter: &Charter,
        newest: &BTreeMap<AgentId, Newest>,
        now_ms: i64,
    ) -> Vec<AgentFacts> {
        let mut ids: Vec<AgentId> = charter.agents().into_iter().cloned().collect();
        for enrolled in self.core.enrolment.names() {
            if let Ok(id) = AgentId::new(enrolled)
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let facts = |id: AgentId| {
            let enrolled = self.core.enrolment.key_of(id.as_str()).is_some_and(|(_, revoked)| !revoked);
            let (last, hello) = (newest.get(&id), heard.get(&id));
            let (journal_seq, journal_missed) = self.witnesses.of(id.as_str());
            AgentFacts {
                journal_seq,
                journal_missed,
                enrolled,
                version: hello.map(|hello| hello.version.clone()),
                // After a clock that ran ahead was set right, stamps are ahead for a while.
                last_push_ms: last.map(|last| last.received_ms.min(now_ms)),
                clock: last.map(|last| last.clock),
                spool_bytes: hello.map(|hello| hello.spool_bytes),
                id,
            }
        };
        ids.into_iter().map(facts).collect()
    }
}

/// Of what is to come nothing is known.
pub(super) fn not_to_come(as_of_ms: i64, now_ms: i64) -> Result<(), AskError> {
    if as_of_ms <= now_ms {
        return Ok(());
    }
    let (then, now) = (iso(as_of_ms), iso(now_ms));
    Err(AskError::Refused(say!(
        "{then} is still to come; it is {now} now",
        "{then} deve ancora venire; adesso sono le {now}"
    )))
}

/// The newest seal of the year in which a period lies wholly, and whether it is all of it. A stretch that goes
/// beyond a closed year is nobody's: it is told as it is known.
fn closed(seals: &[Seal], period: Period) -> Option<(&Seal, bool)> {
    let year = period.civil_year_of_start();
    let whole = Period::civil_year(year);
    let seal = newest(seals).get(&year).copied()?;
    (period.end_ms() <= whole.end_ms()).then_some((seal, period == whole))
}

#[expect(clippy::cast_precision_loss, reason = "seconds for a metric; exact below 285 years")]
fn facts(counters: &Counters) -> IngestFacts {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let seconds = |micros: u64| micros as f64 / 1e6;
    let buckets = COMMIT_BUCKETS_MICROS.iter().zip(&counters.commit_buckets);
    IngestFacts {
        batches: vec![
            ("accepted", of(&counters.accepted)),
            ("repeated", of(&counters.repeated)),
            ("refused", of(&counters.refused)),
            ("failed", of(&counters.failed)),
        ],
        samples: of(&counters.samples),
        quarantined: of(&counters.quarantined),
        lost: of(&counters.lost),
        commits: Histogram {
            buckets: buckets.map(|(bound, count)| (seconds(*bound), of(count))).collect(),
            count: of(&counters.commits),
            sum_seconds: seconds(of(&counters.commit_micros)),
        },
    }
}
