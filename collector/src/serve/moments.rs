//! The running collector as its readers see it: one instant's facts for [`crate::publish`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use collector_api::hex_encode;
use collector_derive::{Charters, Period, Reading};
use config::{AgentId, CheckId};

use super::Core;
use super::work::Heard;
use crate::clock::Clock;
use crate::ingest::{COMMIT_BUCKETS_MICROS, Counters, Ingest};
use crate::publish::api::Journal;
use crate::publish::{AgentFacts, Histogram, IngestFacts, LatestSample, Moment, Moments, StaleFacts, ZONE};

/// Where the facts are.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) core: Arc<Core>,
    pub(super) ingest: Arc<Ingest>,
    pub(super) clock: Clock,
    pub(super) heard: Arc<Mutex<BTreeMap<AgentId, Heard>>>,
}

impl Moments for Present {
    fn moment(&self, year: Option<i16>) -> Moment {
        let now_ms = self.clock.now_ms();
        let known = self.ingest.known();
        let history = known.history();
        let year = year.unwrap_or_else(|| civil_year(now_ms));
        // Whoever writes waits for the ledger: what needs no runs is done before it is asked for.
        let charters = Charters::of(&history, Period::civil_year(year), now_ms);
        let ledger = known.ledger();
        let figures = charters.figures(ledger.runs(), Reading::OURS);
        let mut latest: BTreeMap<(CheckId, AgentId), LatestSample> = BTreeMap::new();
        for (agent, state) in ledger.states() {
            for check in state.checks() {
                let Some(sample) = &check.latest else { continue };
                let fresh = LatestSample::new(sample.at_ms, sample.duration_micros, &sample.evidence);
                let kept = latest.entry((check.check.clone(), agent.clone())).or_insert(fresh);
                if kept.at_ms < fresh.at_ms {
                    *kept = fresh;
                }
            }
        }
        let stale = ledger.stale().map(|(stream, agent, reason)| StaleFacts {
            stream,
            agent: agent.clone(),
            reason: reason.to_owned(),
        });
        let stale = stale.collect();
        drop(ledger);
        let head = known.head();
        Moment {
            now_ms,
            began_ms: history.first().map(|(from_ms, _)| *from_ms),
            figures,
            charter: self.core.work.charter(),
            agents: self.agents(),
            latest,
            ingest: facts(&known.counters),
            stale,
            journal: Journal {
                epoch: head.epoch,
                seq: head.seq,
                hash: if head.seq == 0 { String::new() } else { hex_encode(&head.hash) },
            },
        }
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
    /// The charter's agents in its order, then the others that ever enrolled.
    fn agents(&self) -> Vec<AgentFacts> {
        let charter = self.core.work.charter();
        let mut ids: Vec<AgentId> = charter.agents().into_iter().cloned().collect();
        for enrolled in self.core.enrolment.names() {
            if let Ok(id) = AgentId::new(enrolled)
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        let newest = self.ingest.known().newest();
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let facts = |id: AgentId| {
            let enrolled = self.core.enrolment.key_of(id.as_str()).is_some_and(|(_, revoked)| !revoked);
            let (last, hello) = (newest.get(&id), heard.get(&id));
            AgentFacts {
                enrolled,
                version: hello.map(|hello| hello.version.clone()),
                last_push_ms: last.map(|last| last.received_ms),
                clock: last.map(|last| last.clock),
                spool_bytes: hello.map(|hello| hello.spool_bytes),
                id,
            }
        };
        ids.into_iter().map(facts).collect()
    }
}

fn civil_year(now_ms: i64) -> i16 {
    let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    now.in_tz(ZONE).map_or(1970, |now| now.year())
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
