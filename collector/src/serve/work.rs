//! What the listeners' answers are made of: the store behind, the charter in force, the assignments.
//!
//! The charter in force is the newest revision of the journal. A start whose file says otherwise is a
//! revision like a reload's. Assignments follow from the charter and the civil day; only their numbers are
//! kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use collector_api::{Batch, BatchAnswer, Chain, Header, Hello, HelloAnswer, StreamId};
use collector_derive::{Declaration, day_of};
use config::{AgentId, Charter};
use hyper::StatusCode;
use jiff::civil::Date;
use thiserror::Error;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, interval_at};
use tracing::{error, info, warn};

use super::absences::Absences;
use super::agents::{Proven, Refused};
use super::day::Days;
use super::enrolment::AgentAct;
use super::moments::Present;
use super::past::Past;
use super::witnesses::Witnesses;
use crate::assign::{AssignError, Assigned, Kept, assign};
use crate::clock::Clock;
use crate::compact::merge_days;
use crate::declare::Person;
use crate::enrol::AgentRecord;
use crate::ingest::{Arrived, Ingest, IngestError, Known, Verdict};
use crate::journal::Act;
use crate::keys::Keys;
use crate::publish::{self, Reader};
use crate::restore::Restore;
use crate::store::{SqliteStore, Store, StoreError, Write};
use crate::witness::{Missing, Witness};

/// A start replays at most what arrived since.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);
/// Past days are merged in the first hour of the next one.
const MERGE_EVERY: Duration = Duration::from_hours(1);
/// Told with 503: the disk may be full for longer, but agents must not give up asking.
const RETRY_AFTER_S: u64 = 30;
/// Told when only too much waits: a moment later it does not.
const RETRY_CROWDED_S: u64 = 2;
/// Opening is the processor's work: more at a time are not faster, and cost 4 MiB each.
const OPENINGS_MAX: usize = 8;
/// Of `meta`; the agent's id follows.
const ASSIGNMENT_KEY: &str = "assignment/";

/// Why the work cannot go on.
#[derive(Debug, Error)]
pub enum WorkError {
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something was not recorded.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The charter asks too much of an agent.
    #[error(transparent)]
    Assign(#[from] AssignError),
    /// What is kept of an assignment cannot be read or written.
    #[error("the number of agent `{0}`'s assignment cannot be kept: {1}")]
    Kept(String, String),
    /// A task failed.
    #[error("the store could not be opened: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// The store's side of every answer.
#[derive(Debug)]
pub(crate) struct Work {
    truth: Truth,
    keys: Arc<Keys>,
    clock: Clock,
    force: Arc<RwLock<InForce>>,
    /// Held while what is in force changes.
    changing: Arc<Mutex<()>>,
    heard: Arc<std::sync::Mutex<BTreeMap<AgentId, Heard>>>,
    witnesses: Arc<Witnesses>,
    absences: Absences,
    /// Batches that may be opened at a time: each may take its limit before its size is known.
    openings: Semaphore,
}

/// The charter in force and what follows from it.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) charter: Arc<Charter>,
    pub(super) assigned: BTreeMap<String, Assigned>,
    /// The civil day that is assigned.
    pub(super) day: Date,
}

/// What an agent's last hello said.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) version: String,
    pub(super) spool_bytes: u64,
}

/// What is kept beside the truth: of assignments, and of what agents have seen of the journal.
type Opened = (BTreeMap<String, Kept>, BTreeMap<String, Witness>);

/// A handle to what is recorded.
#[derive(Debug, Clone)]
pub(crate) struct Truth {
    ingest: Arc<Ingest>,
    agents: Arc<BTreeMap<String, AgentRecord>>,
    state: Arc<Path>,
    past: Arc<Past>,
}

impl Truth {
    /// With what is kept of these agents' assignments.
    fn open(state: &Path, agents: &[String]) -> Result<(Self, Opened), WorkError> {
        let store = SqliteStore::open(state)?;
        let kept = kept_assignments(&store, agents)?;
        let agents: Arc<BTreeMap<String, AgentRecord>> = Arc::new(store.agents()?.into_iter().collect());
        let seen = Witnesses::kept(&store, agents.keys())?;
        let ingest = Arc::new(Ingest::start(Box::new(store), collector_derive::step)?);
        let state = Arc::from(state);
        let past = Arc::new(Past::of(&state));
        Ok((Self { ingest, agents, state, past }, (kept, seen)))
    }

    /// Opens the store of a collector that does not run.
    pub(super) async fn open_alone(state: &Path) -> Result<Self, WorkError> {
        let state = state.to_owned();
        let (truth, _) = tokio::task::spawn_blocking(move || Self::open(&state, &[])).await??;
        Ok(truth)
    }

    /// The roster as it was when the store was opened.
    pub(super) fn agents(&self) -> BTreeMap<String, AgentRecord> {
        BTreeMap::clone(&self.agents)
    }

    /// Records what happened to an agent, and its record from now on, in one transaction.
    pub(super) async fn record_agent(
        &self,
        author: &str,
        agent: &str,
        act: AgentAct,
        record: &AgentRecord,
        now_ms: i64,
    ) -> Result<(), WorkError> {
        let agent = agent.to_owned();
        let entry = match act {
            AgentAct::LineOpened => Act::LineOpened { agent: agent.clone() },
            AgentAct::Enrolled => {
                let key = record.key.map(|key| key.to_string()).unwrap_or_default();
                Act::Enrolled { agent: agent.clone(), key }
            }
            AgentAct::Revoked => Act::Revoked { agent: agent.clone() },
        };
        self.ingest.record(now_ms, author, entry, vec![Write::Agent(agent, record.clone())]).await?;
        Ok(())
    }

    /// Appends a declaration to the journal. Returns the entry's number.
    pub(super) async fn declare(
        &self,
        author: &Person,
        declaration: Declaration,
        now_ms: i64,
    ) -> Result<u64, WorkError> {
        let act = Act::Declared { declaration, uid: Some(author.uid) };
        Ok(self.ingest.record(now_ms, &author.name, act, Vec::new()).await?)
    }

    /// Appends what the journal lost when it was restored. Returns the entry's number.
    pub(super) async fn restore(
        &self,
        author: &str,
        restore: Restore,
        now_ms: i64,
    ) -> Result<u64, WorkError> {
        Ok(self.ingest.record(now_ms, author, Act::Restored { restore }, Vec::new()).await?)
    }

    /// Writes what needs no journal entry.
    pub(super) async fn write(&self, writes: Vec<Write>) -> Result<(), WorkError> {
        Ok(self.ingest.write(writes).await?)
    }

    /// The store to read, as it is now, beside the thread that writes it.
    pub(super) fn store(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::read(&self.state)
    }

    /// What is recorded, as memory has it.
    pub(super) fn known(&self) -> &Arc<Known> {
        self.ingest.known()
    }

    /// What is recorded, and what it was at any instant of the past.
    pub(super) fn past(&self) -> (Arc<Ingest>, Arc<Past>) {
        (Arc::clone(&self.ingest), Arc::clone(&self.past))
    }

    /// The last checkpoint.
    pub(super) async fn close(&self) -> Result<(), WorkError> {
        Ok(self.ingest.close().await?)
    }
}

impl Work {
    /// Opens the store and puts `charter` in force.
    pub(super) async fn open(
        state: &Path,
        (charter, source): (Charter, String),
        keys: Arc<Keys>,
        clock: Clock,
    ) -> Result<Self, WorkError> {
        let directory = state.to_owned();
        let agents: Vec<String> = charter.agents().into_iter().map(ToString::to_string).collect();
        let (truth, (kept, seen)) =
            tokio::task::spawn_blocking(move || Truth::open(&directory, &agents)).await??;
        let now_ms = clock.now_ms();
        let assigned = assign(&charter, &kept, keys.signing(), now_ms)?;
        let newest = truth.ingest.known().history().last().map(|(_, charter)| charter.clone());
        let force = Arc::new(RwLock::new(InForce {
            charter: Arc::new(charter.clone()),
            assigned,
            day: day_of(now_ms),
        }));
        let witnesses = Arc::new(Witnesses::new(Arc::clone(&truth.ingest), seen));
        let work = Self {
            truth,
            witnesses,
            absences: Absences::default(),
            keys,
            clock,
            force,
            changing: Arc::default(),
            heard: Arc::default(),
            openings: Semaphore::new(OPENINGS_MAX),
        };
        if newest.as_ref() == Some(&charter) {
            let numbers = numbers(&work.inner().assigned)?;
            work.truth.ingest.write(numbers).await?;
        } else {
            if let Some(newest) = newest {
                for change in newest.describe_changes(&charter, config::Lang::En) {
                    info!(change, "the charter is another than at the last stop");
                }
            }
            work.change_charter("vedetta serve", charter, source).await?;
        }
        Ok(work)
    }

    /// What enrolments are recorded in.
    pub(super) fn truth(&self) -> Truth {
        self.truth.clone()
    }

    /// The charter in force.
    pub(super) fn charter(&self) -> Arc<Charter> {
        Arc::clone(&self.inner().charter)
    }

    /// Records a revision, then swaps. Returns the journal entry's number.
    pub(super) async fn change_charter(
        &self,
        author: &str,
        charter: Charter,
        source: String,
    ) -> Result<u64, WorkError> {
        let _changing = self.changing.lock().await;
        let now_ms = self.clock.now_ms();
        let kept =
            self.inner().assigned.iter().map(|(agent, one)| (agent.clone(), one.kept.clone())).collect();
        let assigned = assign(&charter, &kept, self.keys.signing(), now_ms)?;
        let act = Act::Revision { charter: Box::new(charter.clone()), source };
        let entry = self.truth.ingest.record(now_ms, author, act, numbers(&assigned)?).await?;
        *self.force.write().unwrap_or_else(PoisonError::into_inner) =
            InForce { charter: Arc::new(charter), assigned, day: day_of(now_ms) };
        Ok(entry)
    }

    /// An agent's encoded assignment; `None` if the charter has no such agent.
    pub(super) fn assignment(&self, agent: &str) -> Option<Vec<u8>> {
        self.inner().assigned.get(agent).map(|assigned| assigned.signed.clone())
    }

    /// Its revision; 0 for none.
    pub(super) fn assignment_revision(&self, agent: &str) -> u64 {
        self.inner().assigned.get(agent).map_or(0, |assigned| assigned.kept.revision)
    }

    /// Where a stream stands.
    pub(super) async fn hello(
        &self,
        proven: &Proven,
        hello: Hello,
        received_ms: i64,
    ) -> Result<HelloAnswer, Refused> {
        let stream = StreamId::from_slice(&hello.stream)
            .ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "`stream` has not 16 bytes"))?;
        let agent = agent_id(&proven.agent)?;
        let (acked_seq, chain) = match self.truth.ingest.known().stream(stream) {
            Some(row) if row.agent != agent => return Err(foreign()),
            Some(row) => (row.mark.last_seq, row.mark.chain),
            None => (0, Chain::genesis(stream)),
        };
        for refused in &hello.refused_checks {
            warn!(%agent, check = refused, "the agent cannot run a check");
        }
        self.outgrow(&proven.agent, hello.assignment_revision).await;
        let heard = Heard { version: hello.version, spool_bytes: hello.spool_bytes };
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(agent, heard);
        let known = self.truth.ingest.known();
        if let Some(head) = &hello.journal {
            self.witnesses.remembers(&proven.agent, head).await;
        }
        let then = hello.journal.and_then(|head| known.entry_hash(head.seq));
        let journal = known.head().wire();
        self.witnesses.told(&proven.agent, &journal);
        Ok(HelloAnswer {
            acked_seq,
            chain: chain.0.to_vec(),
            received_ms,
            sent_ms: self.clock.now_ms(),
            assignment_revision: self.assignment_revision(&proven.agent),
            journal: Some(journal),
            journal_then: then.map(|hash| hash.to_vec()).unwrap_or_default(),
            planned: self.absences.ahead(&known.declared(), received_ms),
        })
    }

    /// Opens a batch off the async threads, then decides and stores it.
    pub(super) async fn accept(
        &self,
        proven: &Proven,
        batch: Batch,
        header: Header,
        received_ms: i64,
    ) -> Result<BatchAnswer, Refused> {
        let agent = agent_id(&proven.agent)?;
        let opening = self.openings.acquire().await.map_err(|error| unavailable(&error.to_string()))?;
        let opened = tokio::task::spawn_blocking(move || {
            let groups = batch.open_body(&header)?;
            Ok::<_, collector_api::BatchError>(Arrived { agent, batch, header, groups, received_ms })
        });
        let arrived = opened
            .await
            .map_err(|error| unavailable(&error.to_string()))?
            .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        drop(opening);
        let verdict = self.truth.ingest.accept(arrived).await.map_err(|error| match error {
            IngestError::Crowded => {
                Refused::wait(StatusCode::SERVICE_UNAVAILABLE, error.to_string(), RETRY_CROWDED_S)
            }
            error => unavailable(&error.to_string()),
        })?;
        let mark = match verdict {
            Verdict::Acknowledged(mark) => mark,
            Verdict::Foreign => return Err(foreign()),
            Verdict::TooManyStreams => {
                let message = "this agent has opened too many streams; an operator must look at it";
                return Err(Refused::new(StatusCode::FORBIDDEN, message));
            }
            Verdict::Expected(mark) => {
                let mut refused = Refused::new(StatusCode::CONFLICT, "this batch does not follow the mark");
                refused.refusal.expected_seq = mark.last_seq + 1;
                refused.refusal.chain = mark.chain.0.to_vec();
                return Err(refused);
            }
            Verdict::Fork(mark) => {
                warn!(agent = proven.agent, stream = %header.stream, "an agent tells another history than before");
                let mut refused = Refused::new(StatusCode::CONFLICT, "another history was accepted before");
                refused.refusal.chain = mark.chain.0.to_vec();
                return Err(refused);
            }
        };
        let known = self.truth.ingest.known();
        let journal = known.head().wire();
        self.witnesses.told(&proven.agent, &journal);
        Ok(BatchAnswer {
            acked_seq: mark.last_seq,
            chain: mark.chain.0.to_vec(),
            received_ms,
            sent_ms: self.clock.now_ms(),
            assignment_revision: self.assignment_revision(&proven.agent),
            journal: Some(journal),
            planned: self.absences.ahead(&known.declared(), received_ms),
        })
    }

    /// Page, read API and metrics.
    pub(super) fn web(&self, roster: Arc<super::Core>, reader: Reader) -> Router {
        publish::router(Arc::new(self.present(roster)), reader)
    }

    /// What every reader sees.
    pub(super) fn present(&self, roster: Arc<super::Core>) -> Present {
        let (ingest, clock) = (Arc::clone(&self.truth.ingest), self.clock.clone());
        let (heard, past) = (Arc::clone(&self.heard), Arc::clone(&self.truth.past));
        Present { core: roster, ingest, clock, heard, witnesses: Arc::clone(&self.witnesses), past }
    }

    /// What has to be done now and then; ends only when the store has failed. `progress` hears of each minute's
    /// checkpoint that the store's thread has answered.
    pub(super) fn spawn_chores(&self, chores: &mut JoinSet<()>, progress: watch::Sender<()>) {
        let (ingest, clock, state) =
            (Arc::clone(&self.truth.ingest), self.clock.clone(), Arc::clone(&self.truth.state));
        chores.spawn(async move {
            let mut ticks = interval_at(tokio::time::Instant::now() + MERGE_EVERY, MERGE_EVERY);
            loop {
                ticks.tick().await;
                if let Err(error) = merge_days(&ingest, &state, clock.now_ms()).await {
                    error!(%error, "past days were not merged; the next hour tries again");
                }
            }
        });
        let (ingest, keys, clock) =
            (Arc::clone(&self.truth.ingest), Arc::clone(&self.keys), self.clock.clone());
        let (force, changing) = (Arc::clone(&self.force), Arc::clone(&self.changing));
        chores.spawn(Days { ingest, keys, clock, force, changing }.follow());
        let (ingest, clock) = (Arc::clone(&self.truth.ingest), self.clock.clone());
        let (past, witnesses) = (Arc::clone(&self.truth.past), Arc::clone(&self.witnesses));
        chores.spawn(async move {
            let mut ticks = interval(CHECKPOINT_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut glances = interval(Duration::from_secs(1));
            glances.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {
                        past.let_go(std::time::Instant::now());
                        // The store's thread has logged it, and the next minute tries again.
                        let _ = witnesses.keep().await;
                        let _ = ingest.checkpoint(clock.now_ms()).await;
                        progress.send_replace(());
                    }
                    _ = glances.tick() => {}
                }
                if !ingest.is_alive() {
                    return;
                }
            }
        });
    }

    /// Why the process must end, if the store made its thread end.
    pub(super) fn failure(&self) -> Option<String> {
        self.truth.ingest.known().failure().map(str::to_owned)
    }

    /// The last checkpoint.
    pub(super) async fn close(&self) -> Result<(), WorkError> {
        let kept = self.witnesses.keep().await;
        self.truth.close().await?;
        Ok(kept?)
    }

    /// What an agent has seen of the journal: its newest entry, and one that is not there (any more).
    pub(super) fn witnessed(&self, agent: &str) -> (Option<u64>, Option<u64>) {
        self.witnesses.of(agent)
    }

    /// What agents have seen of the journal that it does not have, by agent.
    pub(super) fn missing(&self) -> Vec<(String, Missing)> {
        self.witnesses.missing()
    }

    /// An agent that knows a higher number than ours met a collector that this one was restored from:
    /// it would refuse ours for ever, so ours grows past it.
    async fn outgrow(&self, agent: &str, theirs: u64) {
        if self.inner().assigned.get(agent).is_none_or(|one| one.kept.revision >= theirs) {
            return;
        }
        let _changing = self.changing.lock().await;
        let assigned = {
            let force = self.inner();
            match force.assigned.get(agent) {
                Some(one) if one.kept.revision < theirs => one.outgrow(theirs, self.keys.signing()),
                _ => return,
            }
        };
        let Some(assigned) = assigned else { return };
        let kept = match numbers(&BTreeMap::from([(agent.to_owned(), assigned.clone())])) {
            Ok(writes) => self.truth.ingest.write(writes).await.map_err(WorkError::from),
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            return error!(agent, %error, "the assignment's number could not be kept");
        }
        warn!(
            agent,
            theirs,
            ours = assigned.kept.revision,
            "the agent knew a later assignment; ours outgrows it"
        );
        let mut force = self.force.write().unwrap_or_else(PoisonError::into_inner);
        force.assigned.insert(agent.to_owned(), assigned);
    }

    fn inner(&self) -> std::sync::RwLockReadGuard<'_, InForce> {
        self.force.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of the writes that keep these assignments' numbers.
pub(super) fn numbers(assigned: &BTreeMap<String, Assigned>) -> Result<Vec<Write>, WorkError> {
    let number = |(agent, one): (&String, &Assigned)| {
        let kept = serde_json::to_vec(&one.kept);
        let kept = kept.map_err(|error| WorkError::Kept(agent.clone(), error.to_string()))?;
        Ok(Write::Meta(format!("{ASSIGNMENT_KEY}{agent}"), kept))
    };
    assigned.iter().map(number).collect()
}

/// What the store keeps of these agents' assignments.
fn kept_assignments(store: &dyn Store, agents: &[String]) -> Result<BTreeMap<String, Kept>, WorkError> {
    let mut kept = BTreeMap::new();
    for agent in agents {
        if let Some(bytes) = store.meta(&format!("{ASSIGNMENT_KEY}{agent}"))? {
            let one = serde_json::from_slice(&bytes)
                .map_err(|error| WorkError::Kept(agent.clone(), error.to_string()))?;
            kept.insert(agent.clone(), one);
        }
    }
    Ok(kept)
}

fn agent_id(agent: &str) -> Result<AgentId, Refused> {
    AgentId::new(agent).map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))
}

fn foreign() -> Refused {
    Refused::new(StatusCode::FORBIDDEN, "this stream is another agent's")
}

fn unavailable(reason: &str) -> Refused {
    Refused::wait(StatusCode::SERVICE_UNAVAILABLE, reason, RETRY_AFTER_S)
}
