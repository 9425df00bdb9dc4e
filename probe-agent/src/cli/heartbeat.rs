//! `vedetta-agent heartbeat`: a job's report, or a job run with its reports.
//!
//! Whatever becomes of a report, the job is run and its exit code is kept: who watches a backup must not break it. A
//! report that no agent takes now waits on disk; the agent takes it in when it is back, or the next run delivers it.

mod send;
mod snippets;
mod wrap;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use config::{AgentConfig, CheckId, HostPort};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::heartbeats::{Report, Signal};
use send::{Outlet, Sent};

#[derive(Debug, Args)]
pub(super) struct HeartbeatArguments {
    /// The job: a check's id, as `vedetta-agent probe --list` shows it.
    job: CheckIdArgument,
    /// A run begins.
    #[arg(long, group = "what")]
    start: bool,
    /// A run has failed; without this and the others, one has ended well.
    #[arg(long, group = "what")]
    fail: bool,
    /// Something to remember.
    #[arg(long, group = "what", value_name = "TEXT")]
    log: Option<String>,
    /// Report nothing; print what a script can do instead, with curl and with PowerShell.
    #[arg(long, group = "what")]
    snippets: bool,
    /// How much the run made.
    #[arg(long)]
    bytes: Option<u64>,
    /// How many things it made.
    #[arg(long)]
    items: Option<u64>,
    /// Where the agent listens; otherwise as agent.yaml says, or 127.0.0.1:8090.
    #[arg(long, value_name = "HOST:PORT")]
    agent: Option<String>,
    /// A file with the job's token; otherwise the agent's own secret of the job's name, if it can be read.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Run this between start and end; the exit code is the command's.
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "what")]
    command: Vec<OsString>,
}

/// An id that clap can read.
#[derive(Debug, Clone)]
struct CheckIdArgument(CheckId);

impl std::str::FromStr for CheckIdArgument {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        CheckId::new(text).map(Self).map_err(|error| error.to_string())
    }
}

pub(super) async fn heartbeat(
    config: &AgentConfig,
    arguments: &HeartbeatArguments,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let job = &arguments.job.0;
    let agent = arguments.agent.as_deref().map(agent).transpose()?;
    let outlet = Outlet::new(config, job, agent, arguments.token_file.as_deref());
    if arguments.snippets {
        snippets::print(job, outlet.agent(), out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = Report { bytes: arguments.bytes, items: arguments.items, ..Report::default() };
    if let Some((program, rest)) = arguments.command.split_first() {
        let report = Report { rid: Some(run_id()), ..report };
        return Ok(wrap::run(&outlet, report, program, rest).await);
    }
    let (signal, message) = match &arguments.log {
        Some(text) => (Signal::Log, text.clone()),
        None if arguments.start => (Signal::Start, String::new()),
        None if arguments.fail => (Signal::Fail, String::new()),
        None => (Signal::Success, String::new()),
    };
    let sent = outlet.say(signal, Report { message, ..report }).await;
    writeln!(out, "{sent}")?;
    Ok(if matches!(sent, Sent::Refused(_)) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn agent(text: &str) -> anyhow::Result<HostPort> {
    HostPort::parse(text, Some(AgentConfig::HEARTBEATS_PORT))
        .with_context(|| format!("`{text}` is not a host, or a host and a port"))
}

/// Tells this run from all others.
fn run_id() -> String {
    let mut bytes = [0; 8];
    // Without randomness two reports of one run are still told apart by their time.
    let _ = SystemRandom::new().fill(&mut bytes);
    collector_api::hex_encode(&bytes)
}
