//! `vedetta agent …`: who may deliver.

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use crate::operator::{AgentAddAnswer, AgentAddQuestion, AgentRevokeQuestion, AgentRow, AgentsAnswer, Done};

/// Add, list, replace or revoke the agents that may deliver samples.
#[derive(Debug, clap::Args)]
pub(crate) struct Agent {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Print the line that enrols an agent of the charter, once, within 15 minutes
    Add(Naming),
    /// Print a line that gives an enrolled agent a new key; the old one stays good until it is used
    Replace(Naming),
    /// Refuse an agent from now on; what it delivered stays
    Revoke(Naming),
    /// List the agents of the charter and those that are enrolled
    List(List),
}

#[derive(Debug, clap::Args)]
struct Naming {
    /// The agent's id, as under `sites:` in the charter
    agent: String,
    #[command(flatten)]
    place: Place,
    /// Who does it, when root acts for a person
    #[arg(long = "as", value_name = "NAME")]
    author: Option<String>,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Agent {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        match self.act {
            Act::Add(naming) => naming.add(false, out)?,
            Act::Replace(naming) => naming.add(true, out)?,
            Act::Revoke(naming) => naming.revoke(out)?,
            Act::List(list) => list.run(out)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Naming {
    /// Prints the line alone, so that it can be piped into `vedetta-agent enrol`.
    fn add(self, replace: bool, out: &mut dyn Write) -> anyhow::Result<()> {
        let question = AgentAddQuestion { agent: self.agent, replace };
        let answer: AgentAddAnswer =
            self.place.client()?.post_json("/acts/agent-add", self.author.as_deref(), &question)?;
        writeln!(out, "{}", answer.line)?;
        Ok(())
    }

    fn revoke(self, out: &mut dyn Write) -> anyhow::Result<()> {
        let question = AgentRevokeQuestion { agent: self.agent };
        let done: Done =
            self.place.client()?.post_json("/acts/agent-revoke", self.author.as_deref(), &question)?;
        writeln!(out, "{}", done.message)?;
        Ok(())
    }
}

impl List {
    fn run(self, out: &mut dyn Write) -> anyhow::Result<()> {
        let answer: AgentsAnswer = self.place.client()?.get_json("/acts/agents")?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
            return Ok(());
        }
        writeln!(
            out,
            "{:<20} {:<14} {:<20} {:<18} {:<10} journal",
            "agent", "state", "sites", "key", "assignment"
        )?;
        for AgentRow { agent, state, sites, key, assignment, journal, journal_missed } in &answer.agents {
            let journal = journal.map_or_else(|| "-".to_owned(), |seq| format!("#{seq}"));
            let journal = match journal_missed {
                None => journal,
                Some(seq) => format!("{journal} HAS SEEN #{seq}, WHICH IS GONE: `vedetta verify`"),
            };
            let key = key.as_deref().map_or("-", |key| key.get(..16).unwrap_or(key));
            let sites = if sites.is_empty() { "not in the charter".to_owned() } else { sites.join(",") };
            writeln!(out, "{agent:<20} {state:<14} {sites:<20} {key:<18} {assignment:<10} {journal}")?;
        }
        Ok(())
    }
}
