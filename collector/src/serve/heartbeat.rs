//! A sign of life to somebody outside, who raises the alarm when it stays away: a dead man's switch.
//!
//! It fails closed. It is sent only while the store commits, the engine has decided lately on fresh figures, and
//! `/readyz` has nothing to say: a collector that is alive and blind is as silent as a dead one, and so is one whose
//! disk is nearly full or whose clock is wrong. A GET that any such service takes (healthchecks, Uptime Kuma); what
//! it answers is not read beyond its status.
//!
//! The price: for whatever keeps `/readyz` red, somebody outside hears the same "it is silent". Why, the collector's
//! log, `/readyz` and mails say.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use config::HeartbeatConfig;
use reqwest::Client;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{info, warn};

use super::moments::Present;
use super::outward::{Outlet, secret, send};
use crate::operator::Said;
use crate::publish::{Alerting, Moments as _};

/// The engine looks every five seconds and commits once a minute at least; what it could not commit it does not tell.
const DECIDED_MS_MAX: i64 = 60_000;
/// The store's thread shows once a minute that it commits.
const PROGRESS_MAX: Duration = Duration::from_mins(3);

/// Who is told, and how.
#[derive(Debug)]
pub(super) struct Heartbeat {
    config: HeartbeatConfig,
    secrets: PathBuf,
    client: Client,
    outlet: Arc<Outlet>,
}

impl Heartbeat {
    /// Of the configuration, with where the collector's own secrets are.
    pub(super) fn new(config: HeartbeatConfig, secrets: PathBuf, client: Client) -> Self {
        let outlet = Outlet::new("heartbeat", &config.url);
        Self { config, secrets, client, outlet }
    }

    /// For `/metrics`.
    pub(super) fn outlet(&self) -> Arc<Outlet> {
        Arc::clone(&self.outlet)
    }

    /// Beats for ever, while there is reason to. `progress` is what the service manager's watchdog is fed with.
    pub(super) async fn follow(self, present: Present, mut progress: watch::Receiver<()>) {
        let present = Arc::new(present);
        let mut ticks = interval(Duration::from_millis(self.config.every_ms));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut progressed = Instant::now();
        let mut withheld_for: Option<String> = None;
        loop {
            tokio::select! {
                Ok(()) = progress.changed() => {
                    progressed = Instant::now();
                    continue;
                }
                _ = ticks.tick() => {}
            }
            let looking = Arc::clone(&present);
            let looked = tokio::task::spawn_blocking(move || {
                let decided = looking.core.alerts.newest();
                let not_ready = looking.not_ready();
                withheld(decided.as_deref(), &not_ready, progressed.elapsed(), looking.clock.now_ms())
            });
            let why = looked.await.unwrap_or_else(|error| Some(format!("nobody can look: {error}")));
            match why {
                Some(why) if withheld_for.as_deref().map(kind) != Some(kind(&why)) => {
                    warn!(to = self.outlet.to(), why, "the outside heartbeat is withheld");
                    withheld_for = Some(why);
                }
                Some(_) => {}
                None => {
                    if withheld_for.take().is_some() {
                        info!(to = self.outlet.to(), "the outside heartbeat beats again");
                    }
                    self.outlet.note(&self.beat().await, present.clock.now_ms());
                }
            }
        }
    }

    async fn beat(&self) -> Result<(), String> {
        let mut url = self.config.url.clone();
        if let Some(name) = &self.config.secret {
            url = url.replace(HeartbeatConfig::SECRET, &secret(&self.secrets, name)?);
        }
        // reqwest's error would name the address.
        let request =
            self.client.get(url).build().map_err(|_| "the address with its secret is no URL".to_owned())?;
        send(&self.client, request).await
    }
}

/// Why nobody is told that all is well; `None` when it is.
fn withheld(
    decided: Option<&Alerting>,
    not_ready: &[Said],
    since_progress: Duration,
    now_ms: i64,
) -> Option<String> {
    if since_progress > PROGRESS_MAX {
        return Some("the store's thread does not progress".to_owned());
    }
    let Some(decided) = decided else { return Some("nothing was decided yet".to_owned()) };
    let is_old = |at_ms: i64| now_ms.abs_diff(at_ms) > DECIDED_MS_MAX.unsigned_abs();
    if is_old(decided.at_ms) {
        return Some("the alert engine does not progress, or cannot keep what it decides".to_owned());
    }
    if is_old(decided.computed_ms) {
        return Some("figures cannot be computed".to_owned());
    }
    not_ready.first().map(|said| said.en.clone())
}

/// A reason without its numbers, which may be others at each look: that alone is no news for the log.
fn kind(why: &str) -> String {
    why.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::say;
    use crate::publish::example;

    const FRESH: Duration = Duration::from_secs(59);

    #[test]
    fn it_beats_only_while_everything_progresses() {
        let moment = example::moment();
        let decided = moment.alerts.as_deref().unwrap();
        let now_ms = decided.at_ms;
        let with = |at_ms, computed_ms| Alerting { at_ms, computed_ms, ..decided.clone() };
        let held = |decided: &Alerting, progressed| withheld(Some(decided), &[], progressed, now_ms);
        assert_eq!(held(decided, FRESH), None);
        assert_eq!(held(&with(now_ms - DECIDED_MS_MAX, now_ms - DECIDED_MS_MAX), FRESH), None);
        let late = now_ms - DECIDED_MS_MAX - 1;
        for (decided, progressed, why) in [
            (with(now_ms, now_ms), PROGRESS_MAX + FRESH, "the store's thread"),
            (with(late, now_ms), FRESH, "the alert engine"),
            // A clock that was set back says nothing about now.
            (with(now_ms + DECIDED_MS_MAX + 1, now_ms), FRESH, "the alert engine"),
            (with(now_ms, late), FRESH, "figures cannot"),
        ] {
            assert!(held(&decided, progressed).is_some_and(|said| said.contains(why)), "{why}");
        }
        assert!(withheld(None, &[], FRESH, now_ms).is_some());
        let not_ready = [say!("the disk is full", "il disco è pieno")];
        assert_eq!(withheld(Some(decided), &not_ready, FRESH, now_ms).as_deref(), Some("the disk is full"));
    }
}
