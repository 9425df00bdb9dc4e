//! What operators do to a running collector. One act at a time; each leaves a journal entry.

mod ack;
mod declare;
mod gaps;
mod outbox;
mod restore;
mod seal;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use config::{AgentId, CollectorConfig, Lang, LoadError, Loaded};
use thiserror::Error;
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::enrolment::{self, EnrolmentError};
use super::work::WorkError;
use super::{Core, agent_addresses};
use crate::declare::{Refusal, say};
use crate::operator::{
    AgentAddAnswer, AgentAddQuestion, AgentRow, AgentsAnswer, Done, ReloadAnswer, ReloadQuestion,
};
use crate::publish::{AskError, iso};

/// The acts of one collector.
#[derive(Debug)]
pub struct Acts {
    core: Arc<Core>,
    config_path: PathBuf,
    /// As of the start; a reload changes the charter only.
    settings: CollectorConfig,
    agents: SocketAddr,
    one: Mutex<()>,
}

/// Why an act was not done. Nothing was changed.
#[derive(Debug, Error)]
pub enum ActError {
    /// It makes no sense now.
    #[error("{0}")]
    Refused(String),
    /// It cannot be declared.
    #[error(transparent)]
    Declined(#[from] Refusal),
    /// The file has errors: all of them, in the language of who asked.
    #[error("{0}")]
    Charter(String),
    /// The store or the journal failed.
    #[error("it could not be recorded: {0}")]
    Failed(String),
}

impl From<AskError> for ActError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Failed(sentence) => Self::Failed(sentence),
            AskError::Refused(said)
            | AskError::Absent(said)
            | AskError::Forbidden(said)
            | AskError::Busy(said) => Self::Declined(Refusal(said)),
        }
    }
}

impl From<WorkError> for ActError {
    fn from(error: WorkError) -> Self {
        Self::Failed(chain_of(&error))
    }
}

impl From<EnrolmentError> for ActError {
    fn from(error: EnrolmentError) -> Self {
        match error {
            EnrolmentError::Refused(said) => Self::Declined(Refusal(said)),
            other => Self::Failed(chain_of(&other)),
        }
    }
}

impl Acts {
    pub(super) fn new(
        core: Arc<Core>,
        config_path: PathBuf,
        settings: CollectorConfig,
        agents: SocketAddr,
    ) -> Self {
        Self { core, config_path, settings, agents, one: Mutex::new(()) }
    }

    /// Parses the file fully, then records and swaps; or, with `dry_run`, only tells the difference.
    pub async fn reload(&self, author: String, question: ReloadQuestion) -> Result<ReloadAnswer, ActError> {
        let ReloadQuestion { dry_run, lang } = question;
        let lang = lang.of_config();
        let _one = self.one.lock().await;
        let path = self.config_path.clone();
        let loaded = tokio::task::spawn_blocking(move || config::load(&path))
            .await
            .map_err(|error| ActError::Failed(error.to_string()))?;
        let Loaded { vedetta, warnings, source } = match loaded {
            Ok(loaded) => loaded,
            Err(refused) => {
                if !dry_run {
                    self.core.alerts.refused(self.core.clock.now_ms(), &refused);
                }
                return Err(unusable(&refused, lang));
            }
        };
        if !dry_run {
            self.core.alerts.mended();
            self.core.vitals.loaded(self.core.clock.now_ms());
        }
        let changes = self.core.work.charter().describe_changes(&vedetta.charter, lang);
        let mut revision = None;
        if !dry_run && !changes.is_empty() {
            let entry = self.core.work.change_charter(&author, vedetta.charter, source).await?;
            info!(author, entry, changes = changes.len(), "another charter is in force");
            revision = Some(entry);
        }
        let mut notes = self.not_reloaded(&vedetta.collector, lang);
        notes.extend(revision.and_then(|_| self.ahead(lang)));
        let warnings = warnings.iter().map(|warning| warning.show(lang)).collect();
        Ok(ReloadAnswer { revision, changes, warnings, notes })
    }

    /// Opens an enrolment and gives the line for it.
    pub async fn agent_add(
        &self,
        author: String,
        question: AgentAddQuestion,
    ) -> Result<AgentAddAnswer, ActError> {
        let _one = self.one.lock().await;
        let AgentAddQuestion { agent, replace } = question;
        let named = AgentId::new(agent.as_str()).map_err(|error| ActError::Refused(error.to_string()))?;
        if !self.core.work.charter().agents().contains(&&named) {
            return Err(ActError::Declined(Refusal(say!(
                "the charter in force has no agent `{agent}`: name it under `sites:`, then `vedetta reload`",
                "la Carta in vigore non ha una sonda `{agent}`: indicala sotto `sites:`, poi `vedetta reload`"
            ))));
        }
        let now_ms = self.core.clock.now_ms();
        let code = self.core.enrolment.open_for(&author, &agent, replace, now_ms).await?;
        info!(author, agent, "an enrolment is open for 15 minutes");
        let line =
            enrolment::line(&self.core.keys, agent_addresses(&self.settings, self.agents), &agent, &code);
        Ok(AgentAddAnswer { line, expires_ms: now_ms + crate::enrol::CODE_VALID_MS })
    }

    /// Refuses an agent from now on.
    pub async fn agent_revoke(&self, author: String, agent: String) -> Result<Done, ActError> {
        let _one = self.one.lock().await;
        self.core.enrolment.revoke(&author, &agent, self.core.clock.now_ms()).await?;
        warn!(author, agent, "the agent is revoked");
        Ok(Done {
            message: say!(
                "agent `{agent}` is revoked; what it delivered stays",
                "la sonda `{agent}` è revocata; ciò che ha consegnato resta"
            ),
        })
    }

    /// The charter's agents in its order, then every other one that ever enrolled.
    pub fn agents(&self) -> AgentsAnswer {
        let charter = self.core.work.charter();
        let mut sites: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for site in &charter.sites {
            for agent in &site.agents {
                sites.entry(agent.as_str()).or_default().push(site.id.to_string());
            }
        }
        let now_ms = self.core.clock.now_ms();
        let mut rows = self.core.enrolment.rows(now_ms);
        let mut agents = Vec::new();
        for agent in charter.agents() {
            let agent = agent.as_str();
            let (state, key) = rows.remove(agent).unwrap_or(("not enrolled", None));
            agents.push(self.row(agent, state, key, sites.remove(agent).unwrap_or_default()));
        }
        for (agent, (state, key)) in rows {
            agents.push(self.row(&agent, state, key, Vec::new()));
        }
        AgentsAnswer { agents }
    }

    fn row(&self, agent: &str, state: &str, key: Option<String>, sites: Vec<String>) -> AgentRow {
        let assignment = self.core.work.assignment_revision(agent);
        let (journal, journal_missed) = self.core.work.witnessed(agent);
        let (agent, state) = (agent.to_owned(), state.to_owned());
        AgentRow { agent, state, sites, key, assignment, journal, journal_missed }
    }

    /// From when on a charter judges that was entered now, if that is not now: after a clock that ran ahead was
    /// set right, entries are stamped ahead of it.
    fn ahead(&self, lang: Lang) -> Option<String> {
        let judges_ms = self.core.work.truth().known().head().at_ms;
        (self.core.clock.now_ms() < judges_ms).then(|| match (lang, iso(judges_ms)) {
            (Lang::En, from) => format!(
                "the collector's clock had run ahead: agents get the new charter now, figures follow it from {from} on"
            ),
            (Lang::It, from) => format!(
                "l'orologio del collettore era andato avanti: le sonde ricevono subito la nuova Carta, i dati la seguono dal {from}"
            ),
        })
    }

    /// What the file says otherwise than the running process does.
    fn not_reloaded(&self, settings: &CollectorConfig, lang: Lang) -> Vec<String> {
        let running = &self.settings;
        let mut notes = Vec::new();
        for (what, same) in [
            ("collector.agents.listen", running.agents_listen == settings.agents_listen),
            ("collector.agents.address", running.agents_address == settings.agents_address),
            ("collector.web.listen", running.web_listen == settings.web_listen),
            ("collector.state", running.state_directory == settings.state_directory),
            ("collector.operators", running.operators == settings.operators),
            ("collector.alertmanager", running.alertmanagers == settings.alertmanagers),
            ("collector.heartbeat", running.heartbeat == settings.heartbeat),
            ("collector.secrets", running.secrets_directory == settings.secrets_directory),
            ("collector.mail", running.mail == settings.mail),
        ] {
            if !same {
                notes.push(match lang {
                    Lang::En => {
                        format!("`{what}` has another value; it takes effect when the collector is restarted")
                    }
                    Lang::It => {
                        format!("`{what}` ha un altro valore; vale dal prossimo riavvio del collettore")
                    }
                });
            }
        }
        notes
    }
}

fn unusable(refused: &LoadError, lang: Lang) -> ActError {
    let sentence = match lang {
        Lang::En => "the old charter stays in force, because the new one cannot be used:",
        Lang::It => "resta in vigore la Carta di prima, perché la nuova non si può usare:",
    };
    ActError::Charter(format!("{sentence}\n{}", refused.show(lang)))
}

fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
