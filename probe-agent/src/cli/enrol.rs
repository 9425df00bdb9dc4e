//! `vedetta-agent enrol`.

use std::io::{BufRead, Read as _, Write};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use config::AgentConfig;

use crate::VERSION;

/// A line is some hundred bytes; its authority's certificate is most of it.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// Becomes the agent the line names.
pub(super) async fn enrol(
    config: &AgentConfig,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let mut line = String::new();
    input.take(LINE_BYTES_MAX).read_line(&mut line).context("cannot read standard input")?;
    ensure!(!line.trim().is_empty(), "give the line that `vedetta agent add` printed on standard input");
    let identity = crate::identity::enrol(&line, &config.state_directory, VERSION).await?;
    let addresses: Vec<String> = identity.addresses.iter().map(ToString::to_string).collect();
    writeln!(out, "enrolled as {} at {}", identity.agent, addresses.join(", "))?;
    writeln!(out, "own key        {}", identity.key.public())?;
    writeln!(out, "collector key  {}", identity.collector)?;
    writeln!(out, "kept in        {}", config.state_directory.display())?;
    Ok(ExitCode::SUCCESS)
}
