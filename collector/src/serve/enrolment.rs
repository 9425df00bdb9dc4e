//! Which agents there are, and how one becomes one: the roster in memory, the truth in the store.
//!
//! Every change is recorded first and swapped in afterwards, one at a time; requests read the roster
//! without waiting for the disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};

use collector_api::{EnrolLine, EnrolRequest, PublicKey};
use config::CollectorConfig;
use hyper::StatusCode;
use thiserror::Error;
use tracing::{info, warn};

use super::ServeError;
use super::agents::Refused;
use super::work::{Truth, WorkError};
use crate::declare::say;
use crate::enrol::{AgentRecord, Shown, WrongAttempts, new_code};
use crate::keys::{Keys, SERVER_NAME};
use crate::operator::Said;

/// The roster.
#[derive(Debug)]
pub(crate) struct Enrolment {
    truth: Truth,
    roster: RwLock<BTreeMap<String, AgentRecord>>,
    wrong: Mutex<WrongAttempts>,
    /// Recording takes the disk's time; two changes of one agent must not cross meanwhile.
    changing: tokio::sync::Mutex<()>,
}

/// Why the roster did not change.
#[derive(Debug, Error)]
pub(crate) enum EnrolmentError {
    /// It makes no sense now.
    #[error("{0}")]
    Refused(Said),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// The store failed.
    #[error(transparent)]
    Work(#[from] WorkError),
}

/// What happened to an agent, as the journal says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentAct {
    /// A line was printed.
    LineOpened,
    /// It showed the line's code and a key.
    Enrolled,
    /// An operator refuses it.
    Revoked,
}

impl Enrolment {
    /// The roster as the store has it.
    pub(super) fn open(truth: Truth) -> Self {
        let roster = RwLock::new(truth.agents());
        Self { truth, roster, wrong: Mutex::default(), changing: tokio::sync::Mutex::default() }
    }

    /// Every agent that ever had a line.
    pub(super) fn names(&self) -> Vec<String> {
        self.roster.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// The key an agent has enrolled with, and whether it is revoked.
    pub(super) fn key_of(&self, agent: &str) -> Option<(PublicKey, bool)> {
        let roster = self.roster.read().unwrap_or_else(PoisonError::into_inner);
        let record = roster.get(agent)?;
        Some((record.key?, record.revoked))
    }

    /// State and key of every agent that ever had a line.
    pub(super) fn rows(&self, now_ms: i64) -> BTreeMap<String, (&'static str, Option<String>)> {
        let roster = self.roster.read().unwrap_or_else(PoisonError::into_inner);
        let row = |record: &AgentRecord| (record.state(now_ms), record.key.map(|key| key.to_string()));
        roster.iter().map(|(agent, record)| (agent.clone(), row(record))).collect()
    }

    /// Opens a line and returns its code.
    pub(crate) async fn open_for(
        &self,
        author: &str,
        agent: &str,
        replace: bool,
        now_ms: i64,
    ) -> Result<[u8; 32], EnrolmentError> {
        let _changing = self.changing.lock().await;
        let (code, hash) = new_code().ok_or(EnrolmentError::Random)?;
        let record = self.record(agent).unwrap_or_default().open_line(hash, replace, now_ms);
        let record = record.ok_or_else(|| {
            EnrolmentError::Refused(say!(
                "agent `{agent}` is enrolled; `vedetta agent replace {agent}` gives it a new key, `vedetta agent revoke {agent}` refuses it",
                "la sonda `{agent}` è già registrata; `vedetta agent replace {agent}` le dà una nuova chiave, `vedetta agent revoke {agent}` la rifiuta"
            ))
        })?;
        self.change(author, agent, AgentAct::LineOpened, record, now_ms).await?;
        Ok(code)
    }

    /// Refuses an agent that is enrolled or has a line.
    pub(super) async fn revoke(&self, author: &str, agent: &str, now_ms: i64) -> Result<(), EnrolmentError> {
        let _changing = self.changing.lock().await;
        match self.record(agent) {
            None => Err(EnrolmentError::Refused(say!(
                "agent `{agent}` never enrolled; `vedetta agent list` shows those that did",
                "la sonda `{agent}` non si è mai registrata; `vedetta agent list` mostra quelle registrate"
            ))),
            Some(record) if record.revoked && record.line.is_none() => Err(EnrolmentError::Refused(say!(
                "agent `{agent}` is revoked already",
                "la sonda `{agent}` è già revocata"
            ))),
            Some(record) => {
                let record = AgentRecord { revoked: true, line: None, ..record };
                self.change(author, agent, AgentAct::Revoked, record, now_ms).await?;
                Ok(())
            }
        }
    }

    /// Answers an enrolment whose key is proven.
    pub(super) async fn enrol(
        &self,
        request: &EnrolRequest,
        key: PublicKey,
        now_ms: i64,
    ) -> Result<(), Refused> {
        let _changing = self.changing.lock().await;
        let agent = request.agent.as_str();
        let ask_again = "ask the operator for a new line (`vedetta agent add`)";
        match self.record(agent).unwrap_or_default().show(&request.code, key, now_ms) {
            Shown::Again => Ok(()),
            Shown::Enrolled(record) => {
                self.change(agent, agent, AgentAct::Enrolled, record, now_ms).await.map_err(|error| {
                    warn!(agent, %error, "an enrolment could not be recorded");
                    Refused::wait(StatusCode::SERVICE_UNAVAILABLE, "the enrolment could not be recorded", 5)
                })?;
                info!(agent, %key, version = request.version, "the agent is enrolled");
                Ok(())
            }
            Shown::Expired => {
                Err(Refused::new(StatusCode::UNAUTHORIZED, format!("the line has expired; {ask_again}")))
            }
            Shown::Used => {
                warn!(agent, "an enrolment line that another key had used was shown again");
                Err(Refused::new(
                    StatusCode::FORBIDDEN,
                    format!("the line was used by another key; {ask_again}"),
                ))
            }
            Shown::Wrong => {
                let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(wait_ms) = wrong.must_wait_ms(now_ms) {
                    let seconds = u64::try_from(wait_ms / 1000).unwrap_or(1);
                    return Err(Refused::wait(
                        StatusCode::TOO_MANY_REQUESTS,
                        "too many wrong codes",
                        seconds,
                    ));
                }
                wrong.record(now_ms);
                warn!("an enrolment with a wrong code was refused");
                Err(Refused::new(
                    StatusCode::UNAUTHORIZED,
                    format!("no line with this code is open; {ask_again}"),
                ))
            }
        }
    }

    fn record(&self, agent: &str) -> Option<AgentRecord> {
        self.roster.read().unwrap_or_else(PoisonError::into_inner).get(agent).cloned()
    }

    async fn change(
        &self,
        author: &str,
        agent: &str,
        act: AgentAct,
        record: AgentRecord,
        now_ms: i64,
    ) -> Result<(), WorkError> {
        self.truth.record_agent(author, agent, act, &record, now_ms).await?;
        self.roster.write().unwrap_or_else(PoisonError::into_inner).insert(agent.to_owned(), record);
        Ok(())
    }
}

/// The line an operator copies to the agent's machine.
pub(super) fn line(keys: &Keys, addresses: Vec<String>, agent: &str, code: &[u8]) -> String {
    EnrolLine {
        addresses,
        authority: keys.authority().to_vec(),
        collector: keys.public().0.to_vec(),
        agent: agent.to_owned(),
        code: code.to_vec(),
        server_name: SERVER_NAME.to_owned(),
    }
    .to_line()
}

/// Makes the store of a collector that does not run, if there is none.
pub(crate) async fn make_store(state: &Path) -> Result<(), ServeError> {
    let _lock = super::lock(state)?;
    Ok(Truth::open_alone(state).await?.close().await?)
}

/// A line for `agent`, from a collector that does not run; an enrolled one gets none.
pub(crate) async fn line_without_a_running_collector(
    settings: &CollectorConfig,
    keys: &Keys,
    agent: &str,
    now_ms: i64,
) -> Result<String, LineError> {
    let state = &settings.state_directory;
    let _lock = super::lock(state)?;
    let truth = Truth::open_alone(state).await.map_err(ServeError::from)?;
    let enrolment = Enrolment::open(truth.clone());
    let code = enrolment.open_for("vedetta init", agent, false, now_ms).await?;
    truth.close().await.map_err(ServeError::from)?;
    Ok(line(keys, super::agent_addresses(settings, settings.agents_listen), agent, &code))
}

/// Why `init` has no line.
#[derive(Debug, Error)]
pub(crate) enum LineError {
    /// The state cannot be used.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The agent cannot have one.
    #[error(transparent)]
    Enrolment(#[from] EnrolmentError),
}
