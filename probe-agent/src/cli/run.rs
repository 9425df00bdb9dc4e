//! `vedetta-agent run`.

use std::process::ExitCode;

use anyhow::Context as _;
use config::AgentConfig;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

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
        told(NotifyState::Stopping);
        stop_by_signal.cancel();
    });
    let (progress, seen) = watch::channel(());
    signals.spawn(tell_manager(seen));
    crate::run(config, crate::clock::system(), stop, progress).await?;
    Ok(ExitCode::SUCCESS)
}

/// Tells the service manager, if one asked to be told (`Type=notify`): ready once the spool is open, alive as often
/// as its disk answers.
async fn tell_manager(mut progress: watch::Receiver<()>) {
    let mut state = NotifyState::Ready;
    while progress.changed().await.is_ok() {
        told(std::mem::replace(&mut state, NotifyState::Watchdog));
    }
}

fn told(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "the service manager could not be told");
    }
}
