//! The running collector as its readers see it: one instant's facts for [`crate::publish`], of now or of the past.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use collector_derive::{Charters, Corrections, Period, Reading};
use config::{AgentId, Charter};

use super::Core;
use super::past::Past;
use super::work::Heard;
use crate::clock::Clock;
use crate::ingest::{COMMIT_BUCKETS_MICROS, Counters, Ingest, Newest};
use crate::publish::{
    Account, AgentFacts, AskError, Asked, Histogram, IngestFacts, Ledgered, Moment, Moments, SealedFacts,
    StaleFacts, iso,
};
use crate::recall::{charter_at, journal_of, latest_of};
use crate::seal::{Seal, newest};

/// Where the facts are.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) core: Arc<Core>,
    pub(super) ingest: Arc<Ingest>,
    pub(super) clock: Clock,
    pub(super) heard: Arc<Mutex<BTreeMap<AgentId, Heard>>>,
    pub(super) past: Arc<Past>,
}

impl Moments for Present {
    fn moment(&self, asked: &Asked) -> Result<Moment, AskError> {
        let (mut moment, seals) = match asked.as_of_ms {
            None => (self.present(asked), self.ingest.known().sealed()),
            Some(as_of_ms) => self.recalled(as_of_ms, asked)?,
        };
        let year = moment.figures.year;
        if let Some(seal) = newest(&seals).get(&year).copied() {
            let whole = Period::civil_year(year);
            let is_whole =
                (moment.figures.start_ms, moment.figures.end_ms) == (whole.start_ms(), whole.end_ms());
            let answer = if is_whole {
                Some(self.past.answer(seal)?)
            } else {
                // A part of a closed year is computed from what the year was.
                moment = self.recalled(seal.manifest.as_of_ms, asked)?.0;
                None
            };
            moment.sealed = Some(SealedFacts { seal: seal.clone(), year: answer });
        }
        Ok(moment)
    }

    fn not_ready(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if !self.ingest.is_alive() {
            reasons.push("the store has failed; the log says why".to_owned());
        }
        for (stream, agent, reason) in self.ingest.known().ledger().stale() {
            reasons.push(format!("the derivation of stream {stream} of agent `{agent}` failed: {reason}"));
        }
        reasons
    }
}

impl Present {
    fn present(&self, asked: &Asked) -> Moment {
        let now_ms = self.clock.now_ms();
        let known = self.ingest.known();
        let history = known.history();
        let period = asked.period.unwrap_or_else(|| Period::civil_year_at(now_ms));
        // Whoever writes waits for the ledger: what needs no runs is done before it is asked for.
        let charters = Charters::of(&history, period, now_ms);
        let declared = known.declared();
        let corrections = Corrections::of(&declared, now_ms);
        let ledger = known.ledger();
        let figures = charters.figures(ledger.runs(), &corrections, &Reading::default());
        let of = Ledgered {
            history: &history,
            charters: &charters,
            runs: ledger.runs(),
            corrections: &corrections,
            figures: &figures,
        };
        let accounts = Account::of(&asked.accounts, of);
        let latest = latest_of(&ledger);
        let stale = ledger.stale().map(|(stream, agent, reason)| StaleFacts {
            stream,
            agent: agent.clone(),
            reason: reason.to_owned(),
        });
        let stale = stale.collect();
        drop(ledger);
        let charter = if now_ms < period.end_ms() {
            self.core.work.charter()
        } else {
            charter_at(&history, period.end_ms() - 1).unwrap_or_else(|| self.core.work.charter())
        };
        Moment {
            now_ms,
            began_ms: history.first().map(|(from_ms, _)| *from_ms),
            figures,
            declared,
            corrections,
            accounts,
            agents: self.agents(&charter, &known.newest(), now_ms),
            charter,
            latest,
            ingest: facts(&known.counters),
            stale,
            journal: journal_of(&known.head()),
            sealed: None,
        }
    }

    /// With the years that were closed then.
    fn recalled(&self, as_of_ms: i64, asked: &Asked) -> Result<(Moment, Arc<Vec<Seal>>), AskError> {
        let now_ms = self.clock.now_ms();
        if as_of_ms > now_ms {
            let now = iso(now_ms);
            let sentence = format!("{} is still to come; it is {now} now", iso(as_of_ms));
            return Err(AskError::Refused(sentence));
        }
        let recalled = self.past.recalled(&self.ingest, as_of_ms)?;
        let moment = recalled.told(asked.period, &asked.accounts);
        let moment = moment.map_err(|error| AskError::Failed(error.to_string()))?;
        Ok((moment, Arc::clone(&recalled.sealed)))
    }

    /// The charter's agents in its order, then the others that ever enrolled.
    fn agents(&self, charter: &Charter, newest: &BTreeMap<AgentId, Newest>, now_ms: i64) -> Vec<AgentFacts> {
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
            AgentFacts {
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
