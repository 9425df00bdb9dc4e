//! `vedetta rules`: what Prometheus needs to tell of what the collector has decided.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use config::Charter;

use super::place::Place;
use crate::journal;
use crate::publish::{Lang, rules};
use crate::store::{SqliteStore, Store as _};

/// The page that the package installs; every alert has a heading there.
const RUNBOOKS: &str = "file:///usr/share/doc/vedetta/avvisi.md";

const HEAD: &str = "\
# Regole di Prometheus, scritte da `vedetta rules`: non correggerle a mano, rifalle quando la Carta cambia.
# Confrontano ciò che il collettore ha già deciso; non decidono nulla. `promtool check rules` le verifica.
";

/// Print Prometheus rules for the charter in force, or for that of a file
#[derive(Debug, clap::Args)]
pub(crate) struct Rules {
    /// A configuration file whose charter they are for; the charter in force when absent
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// The address of the page that says what to do; each alert is an anchor of it
    #[arg(long, value_name = "URL", default_value = RUNBOOKS)]
    runbooks: String,
    /// The language of errors
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Rules {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let charter = match &self.file {
            Some(file) => match config::load(file) {
                Ok(loaded) => loaded.vedetta.charter,
                Err(refused) => anyhow::bail!("{}", refused.show(self.lang.of_config())),
            },
            None => self.in_force()?,
        };
        write!(out, "{HEAD}{}", text(&charter, &self.runbooks)?)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The newest revision of the journal, whether the collector runs or not.
    fn in_force(&self) -> anyhow::Result<Charter> {
        let store = SqliteStore::read(&self.place.state_directory(self.lang)?)?;
        let newest = journal::history(&store.journal()?)?.pop();
        let (_, charter) = newest.context(match self.lang {
            Lang::It => "nessuna Carta è ancora in vigore: avvia il collettore, o indica un file",
            Lang::En => "no charter is in force yet: start the collector, or name a file",
        })?;
        Ok(charter)
    }
}

fn text(charter: &Charter, runbooks: &str) -> anyhow::Result<String> {
    serde_yaml::to_string(&rules::rules(charter, runbooks)).context("the rules cannot be written as YAML")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `vedetta rules config/examples/senigallia.yaml > deploy/prometheus/vedetta.rules.yml` brings it up to date.
    #[test]
    fn the_shipped_rules_are_those_of_the_example() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let loaded = config::load(&root.join("config/examples/senigallia.yaml"));
        let charter = loaded.unwrap_or_else(|refused| panic!("{refused}")).vedetta.charter;
        let shipped = std::fs::read_to_string(root.join("deploy/prometheus/vedetta.rules.yml")).unwrap();
        assert!(
            shipped == format!("{HEAD}{}", text(&charter, RUNBOOKS).unwrap()),
            "`vedetta rules config/examples/senigallia.yaml > deploy/prometheus/vedetta.rules.yml` brings it up to date"
        );
    }
}
