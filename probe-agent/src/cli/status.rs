//! `vedetta-agent status`: what the running agent last wrote of itself.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use config::AgentConfig;

use crate::identity::Identity;
use crate::status::{self, Status};

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Exit 1 when delivery does not work, or no agent ever ran here.
pub(super) fn status(
    config: &AgentConfig,
    arguments: &StatusArguments,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let Some(status) = status::load(&config.state_directory)? else {
        anyhow::bail!("no agent has run with the state directory {} yet", config.state_directory.display());
    };
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &status)?;
        writeln!(out)?;
    } else {
        let identity = Identity::load(&config.state_directory)?;
        show(&identity.agent, &status, out)?;
    }
    let works = status.error.is_empty() && status.journal_alarm.is_none();
    Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(agent: &str, status: &Status, out: &mut dyn Write) -> std::io::Result<()> {
    let waiting = status.durable_seq.saturating_sub(status.acked_seq);
    writeln!(out, "agent       {agent}, as of {}", instant(status.at_ms))?;
    let delivery = if status.error.is_empty() { "works" } else { &status.error };
    writeln!(out, "delivery    {delivery}")?;
    writeln!(out, "last ack    {}", instant(status.last_ack_ms))?;
    write!(out, "stored      {} of {} acknowledged", status.acked_seq, status.durable_seq)?;
    if waiting > 0 {
        write!(out, "; {waiting} wait, the oldest since {}", instant(status.oldest_unacked_ms))?;
    }
    writeln!(out, "\nspool       {} bytes, stream {}", status.spool_bytes, status.stream)?;
    writeln!(out, "assignment  {}", status.assignment_revision)?;
    if let (Some(offset), Some(rtt)) = (status.clock_offset_ms, status.clock_rtt_ms) {
        writeln!(out, "clock       collector's is {offset:+} ms from ours, round trip {rtt} ms")?;
    }
    for (reason, count) in &status.lost {
        writeln!(out, "lost        {count} by {reason}")?;
    }
    if let Some(alarm) = &status.journal_alarm {
        writeln!(out, "ALARM       {alarm}")?;
    }
    Ok(())
}

fn instant(unix_ms: i64) -> String {
    if unix_ms == 0 {
        return "never".to_owned();
    }
    jiff::Timestamp::from_millisecond(unix_ms).map_or_else(|_| unix_ms.to_string(), |at| at.to_string())
}
