//! Assignments follow the civil day: what its `until` has made past is asked no longer.
//!
//! Looked at each second, because a machine may sleep through midnight; only another day costs more than a look.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use collector_derive::day_of;
use jiff::civil::Date;
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info};

use super::work::{InForce, WorkError, numbers};
use crate::assign::assign;
use crate::clock::Clock;
use crate::ingest::Ingest;
use crate::keys::Keys;

const WATCH_EVERY: Duration = Duration::from_secs(1);

/// What a new day changes.
#[derive(Debug)]
pub(super) struct Days {
    pub(super) ingest: Arc<Ingest>,
    pub(super) keys: Arc<Keys>,
    pub(super) clock: Clock,
    pub(super) force: Arc<RwLock<InForce>>,
    /// Held while what is in force changes.
    pub(super) changing: Arc<Mutex<()>>,
}

impl Days {
    /// Never ends. A day whose numbers cannot be kept is tried again with the next look.
    pub(super) async fn follow(self) {
        let mut ticks = interval(WATCH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told: Option<Date> = None;
        loop {
            ticks.tick().await;
            let today = day_of(self.clock.now_ms());
            if self.inner().day == today {
                continue;
            }
            if let Err(error) = self.turn().await
                && told.replace(today) != Some(today)
            {
                error!(%error, "the assignments of a new day could not be made; it is tried again");
            }
        }
    }

    async fn turn(&self) -> Result<(), WorkError> {
        let _changing = self.changing.lock().await;
        let now_ms = self.clock.now_ms();
        let (charter, before) = {
            let force = self.inner();
            (Arc::clone(&force.charter), force.assigned.clone())
        };
        let kept = before.iter().map(|(agent, one)| (agent.clone(), one.kept.clone())).collect();
        let assigned = assign(&charter, &kept, self.keys.signing(), now_ms)?;
        if assigned != before {
            self.ingest.write(numbers(&assigned)?).await?;
            info!("another day: what ended yesterday is asked no longer");
        }
        *self.force.write().unwrap_or_else(PoisonError::into_inner) =
            InForce { charter, assigned, day: day_of(now_ms) };
        Ok(())
    }

    fn inner(&self) -> std::sync::RwLockReadGuard<'_, InForce> {
        self.force.read().unwrap_or_else(PoisonError::into_inner)
    }
}
