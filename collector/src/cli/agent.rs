//! `vedetta agent …`: who may deliver.

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use crate::operator::{AgentAddAnswer, AgentAddQuestion, AgentRevokeQuestion, AgentRow, AgentsAnswer, Done};
use crate::publish::Lang;

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
    /// The language of what is said
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
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
        let client = self.place.client()?.speaking(self.lang);
        let question = AgentAddQuestion { agent: self.agent, replace };
        let answer: AgentAddAnswer =
            client.post_json("/acts/agent-add", self.author.as_deref(), &question)?;
        writeln!(out, "{}", answer.line)?;
        Ok(())
    }

    fn revoke(self, out: &mut dyn Write) -> anyhow::Result<()> {
        let client = self.place.client()?.speaking(self.lang);
        let question = AgentRevokeQuestion { agent: self.agent };
        let done: Done = client.post_json("/acts/agent-revoke", self.author.as_deref(), &question)?;
        writeln!(out, "{}", done.message.get(self.lang))?;
        Ok(())
    }
}

impl List {
    fn run(self, out: &mut dyn Write) -> anyhow::Result<()> {
        let answer: AgentsAnswer = self.place.client()?.speaking(self.lang).get_json("/acts/agents")?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&answer, self.lang))?;
        }
        Ok(())
    }
}

fn show(answer: &AgentsAnswer, lang: Lang) -> String {
    let line = |[agent, state, sites, key, assignment, journal]: [&str; 6]| {
        format!("{agent:<20} {state:<15} {sites:<20} {key:<18} {assignment:<12} {journal}\n")
    };
    let mut text = line(match lang {
        Lang::It => ["sonda", "stato", "sedi", "chiave", "assegnazione", "registro"],
        Lang::En => ["agent", "state", "sites", "key", "assignment", "journal"],
    });
    for AgentRow { agent, state, sites, key, assignment, journal, journal_missed } in &answer.agents {
        let journal = journal.map_or_else(|| "-".to_owned(), |seq| format!("#{seq}"));
        let journal = match (journal_missed, lang) {
            (None, _) => journal,
            (Some(seq), Lang::It) => {
                format!("{journal} HA VISTO LA #{seq}, CHE NON C'È PIÙ: `vedetta verify`")
            }
            (Some(seq), Lang::En) => format!("{journal} HAS SEEN #{seq}, WHICH IS GONE: `vedetta verify`"),
        };
        let key = key.as_deref().map_or("-", |key| key.get(..16).unwrap_or(key));
        let sites = match (sites.is_empty(), lang) {
            (false, _) => sites.join(","),
            (true, Lang::It) => "non nella Carta".to_owned(),
            (true, Lang::En) => "not in the charter".to_owned(),
        };
        text.push_str(&line([
            agent,
            state_word(state, lang),
            &sites,
            key,
            &assignment.to_string(),
            &journal,
        ]));
    }
    text
}

/// A state as [`AgentRow::state`] has it; as it stands where this version does not know it.
fn state_word(state: &str, lang: Lang) -> &str {
    match (state, lang) {
        ("not enrolled", Lang::It) => "non registrata",
        ("line printed", Lang::It) => "riga stampata",
        ("enrolled", Lang::It) => "registrata",
        ("revoked", Lang::It) => "revocata",
        (state, _) => state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_listed_in_both_languages() {
        let row = |agent: &str, state: &str, journal_missed| AgentRow {
            agent: agent.to_owned(),
            state: state.to_owned(),
            sites: if state == "enrolled" { vec!["ced".to_owned()] } else { Vec::new() },
            key: Some("ab".repeat(32)),
            assignment: 7,
            journal: Some(12),
            journal_missed,
        };
        let answer =
            AgentsAnswer { agents: vec![row("ced1", "enrolled", None), row("ex", "revoked", Some(14))] };
        for (lang, parts) in [
            (
                Lang::It,
                [
                    "assegnazione",
                    "registrata      ced ",
                    "revocata        non nella Carta",
                    "HA VISTO LA #14",
                ],
            ),
            (
                Lang::En,
                ["assignment", "enrolled        ced ", "revoked         not in the charter", "HAS SEEN #14"],
            ),
        ] {
            let text = show(&answer, lang);
            for part in parts {
                assert!(text.contains(part), "`{part}` is not in\n{text}");
            }
        }
        assert_eq!(state_word("something later", Lang::It), "something later");
    }
}
