//! `vedetta schema`: what an editor needs to complete and check the configuration while it is written.

use std::io::Write;
use std::process::ExitCode;

/// Print the JSON Schema of vedetta.yaml
#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// The schema of agent.yaml instead
    #[arg(long)]
    agent: bool,
}

impl Schema {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let schema = if self.agent { config::agent_schema() } else { config::schema() };
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)?;
        Ok(ExitCode::SUCCESS)
    }
}
