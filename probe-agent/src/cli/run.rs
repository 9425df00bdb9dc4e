//! `vedetta-agent run`.

use std::process::ExitCode;

use anyhow::Context as _;
use config::AgentConfig;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Runs until a signal; what was seen by then is stored and, if the collector answers, delivered.
pub(super) async fn run(config: AgentConfig) -> anyhow::Result<ExitCode> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut signals = JoinSet::new();
    let stop_by_signal = stop.clone();
    signals.spawn(async move {
        tokio::select! {
            _ = terminate.recv() => info!("SIGTERM: agent ends"),
            _ = interrupt.recv() => info!("SIGINT: agent ends"),
        }
        stop_by_signal.cancel();
    });
    crate::run(config, crate::clock::system(), stop).await?;
    Ok(ExitCode::SUCCESS)
}
