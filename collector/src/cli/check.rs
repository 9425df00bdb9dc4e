//! `vedetta check`: everything wrong with the file, at once, before anybody relies on it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use config::{Charter, Loaded};

use super::place::Place;

/// Read the configuration and say everything that is wrong with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The file; the same as `--config`
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Print the charter as it is understood, every default applied, as YAML
    #[arg(long)]
    effective: bool,
}

impl Check {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let path = self.file.unwrap_or(self.place.config);
        match config::load(&path) {
            Ok(loaded) if self.effective => {
                let text = serde_yaml::to_string(&loaded.vedetta.charter)
                    .context("the charter cannot be written as YAML")?;
                out.write_all(text.as_bytes())?;
                Ok(ExitCode::SUCCESS)
            }
            Ok(loaded) => {
                report(&loaded, out)?;
                writeln!(out, "{}: {}", path.display(), summary(&loaded.vedetta.charter))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(problems) => {
                writeln!(out, "{problems}")?;
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

/// Warnings, each as `warning: file:line:column: …`.
pub(crate) fn report(loaded: &Loaded, out: &mut dyn Write) -> std::io::Result<()> {
    for warning in &loaded.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(())
}

/// What the charter amounts to, on one line.
fn summary(charter: &Charter) -> String {
    let promised = charter.services.iter().filter(|service| !service.commitments.is_empty()).count();
    format!(
        "fine; {} ({promised} with a commitment), {}, {}, {}",
        counted(charter.services.len(), "service"),
        counted(charter.checks().count(), "check"),
        counted(charter.sites.len(), "site"),
        counted(charter.agents().len(), "agent"),
    )
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
