//! The commands. Each writes what it was asked for to `out`, and nothing else there.

mod enrol;
mod run;
mod probe;
mod heartbeat;
mod status;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use config::AgentConfig;

const CONFIG_DEFAULT: &str = "/etc/vedetta/agent.yaml";

/// Probes what the collector assigns and delivers what it sees.
#[derive(Debug, Parser)]
#[command(name = "vedetta-agent", version, about)]
pub struct VedettaAgent {
    /// The agent's own file; /etc/vedetta/agent.yaml, if it is there, when not given.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read the line that `vedetta agent add` printed from standard input, and become that agent.
    Enrol,
    /// Probe and deliver until SIGTERM or SIGINT.
    Run,
    /// Run one check of the kept assignment now and explain what it saw; exit 1 unless it is up.
    Probe(probe::ProbeArguments),
    /// Report a job to the agent that expects it, or run one with its reports.
    Heartbeat(Box<heartbeat::HeartbeatArguments>),
    /// Show how delivery is, as the running agent last wrote it.
    Status(status::StatusArguments),
}

impl VedettaAgent {
    /// Runs the command. `input` is read by `enrol` only: a secret is no argument.
    pub fn run(&self, input: &mut dyn BufRead, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let config = match (self.load(), &self.command) {
            // A job is run, whether or not its user may read the agent's file.
            (Err(_), Command::Heartbeat(_)) => AgentConfig::default(),
            (loaded, _) => loaded?,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        match &self.command {
            Command::Enrol => runtime.block_on(enrol::enrol(&config, input, out)),
            Command::Run => runtime.block_on(run::run(config)),
            Command::Probe(arguments) => runtime.block_on(probe::probe(&config, arguments, out)),
            Command::Heartbeat(arguments) => runtime.block_on(heartbeat::heartbeat(&config, arguments, out)),
            Command::Status(arguments) => status::status(&config, arguments, out),
        }
    }
}

impl VedettaAgent {
    /// A file that was named must be there; without one an agent runs by its defaults.
    fn load(&self) -> Result<AgentConfig, config::LoadError> {
        match &self.config {
            Some(path) => config::load_agent(path),
            None if Path::new(CONFIG_DEFAULT).exists() => config::load_agent(Path::new(CONFIG_DEFAULT)),
            None => Ok(AgentConfig::default()),
        }
    }
}

/// The assignment kept in the state directory.
fn kept_assignment(config: &AgentConfig) -> anyhow::Result<std::sync::Arc<collector_api::Assignment>> {
    let identity = crate::identity::Identity::load(&config.state_directory)?;
    crate::assignment_store::load(&config.state_directory, &identity.collector, &identity.agent)?
        .context("no assignment yet; start the agent and let it reach the collector once")
}
