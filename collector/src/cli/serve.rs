//! `vedetta serve`: the daemon's edge: runtime and signals.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use nix::sys::stat::{Mode, umask};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::place::Place;
use crate::clock::Clock;
use crate::operator::ReloadQuestion;
use crate::publish::Lang;
use crate::serve::{Collector, Options, Patience};

/// Run the collector in the foreground. SIGHUP reloads, SIGTERM and SIGINT stop.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    place: Place,
}

impl Serve {
    pub(crate) fn run(self, _: &mut dyn Write) -> anyhow::Result<ExitCode> {
        // What is written is for the collector alone, whoever may pass through its directory.
        umask(Mode::S_IRWXG | Mode::S_IRWXO);
        let config = std::path::absolute(&self.place.config).context("`--config` is no path")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve(&config))?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn serve(config: &Path) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let options =
        Options { config: config.to_owned(), clock: Clock::system(), patience: Patience::default() };
    let collector = Collector::start(options).await?;
    let stop = CancellationToken::new();
    let (acts, mut progress) = (collector.acts(), collector.progress());
    told(NotifyState::Ready);
    let mut running = std::pin::pin!(collector.run(stop.clone()));
    loop {
        tokio::select! {
            ended = &mut running => return Ok(ended?),
            _ = terminate.recv() => end(&stop),
            _ = interrupt.recv() => end(&stop),
            Ok(()) = progress.changed() => told(NotifyState::Watchdog),
            _ = hangup.recv() => match acts.reload("SIGHUP".to_owned(), ReloadQuestion { dry_run: false, lang: Lang::En }).await {
                Ok(answer) => info!(changes = answer.changes.len(), "reloaded"),
                Err(error) => error!(%error, "the old charter stays in force"),
            },
        }
    }
}

fn end(stop: &CancellationToken) {
    told(NotifyState::Stopping);
    stop.cancel();
}

/// Tells the service manager, if one asked to be told (`Type=notify`).
fn told(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "the service manager could not be told");
    }
}
