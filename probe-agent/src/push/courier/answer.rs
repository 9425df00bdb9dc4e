//! What every answer of the collector brings, whatever was asked: its clock, its journal's head, and word of a
//! newer assignment, which is fetched and kept before it is in force.

use std::sync::Arc;
use std::time::Duration;

use collector_api::{Assignment, JournalHead, PlannedWindow, limits};
use tokio::time::Instant;
use tracing::{info, warn};

use super::super::PushError;
use super::super::exchange::Exchange;
use super::Courier;
use crate::assignment_store::{self, AssignmentError};
use crate::spool::SpoolError;
use crate::status::Planned;

/// After an assignment that was not had, or refused.
const ASSIGNMENT_RETRY: Duration = Duration::from_secs(30);

/// What all answers have.
pub(super) struct Common {
    pub received_ms: i64,
    pub sent_ms: i64,
    pub assignment_revision: u64,
    pub journal: Option<JournalHead>,
    pub planned: Vec<PlannedWindow>,
    /// The hash at the number that hello remembered.
    pub journal_then: Option<Vec<u8>>,
}

impl Courier {
    /// Takes from an answer what every answer brings: clock, journal head, assignment.
    pub(super) async fn answered(&mut self, answer: Common) -> Result<(), PushError> {
        self.answered = Instant::now();
        let took = self.client.took();
        let took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        let sent_ms = (self.push.clock)().saturating_sub(took_ms);
        let exchange = Exchange::new(sent_ms, took, answer.received_ms, answer.sent_ms, self.answered);
        self.exchange = Some(exchange);
        if let Some(head) = &answer.journal
            && self.witness.see(head, answer.journal_then.as_deref())
        {
            let (witness, directory) = (self.witness.clone(), self.push.state_directory.clone());
            let stored = tokio::task::spawn_blocking(move || witness.store(&directory)).await;
            if let Err(error) = stored.map_err(SpoolError::Task)? {
                warn!(%error, "the journal head cannot be remembered");
            }
        }
        self.push.status.update(|status| {
            status.clock_offset_ms = Some(exchange.offset_ms);
            status.clock_rtt_ms = Some(exchange.rtt_ms);
            status.journal_alarm.clone_from(&self.witness.alarm);
            let planned = answer.planned.iter().take(limits::PLANNED_MAX);
            status.planned =
                planned.map(|window| Planned { from_ms: window.from_ms, to_ms: window.to_ms }).collect();
        });
        let held = self.revision();
        let may_ask = self.assignment_after.is_none_or(|after| after <= Instant::now());
        if answer.assignment_revision > held && may_ask {
            match self.fetch_assignment(held).await {
                Ok(assignment) => {
                    info!(
                        revision = assignment.revision,
                        checks = assignment.checks.len(),
                        "a new assignment"
                    );
                    self.assignment_after = None;
                    self.push.status.update(|status| status.assignment_revision = assignment.revision);
                    self.push.assignments.send_replace(Some(assignment));
                }
                Err(error) => {
                    warn!(error, held, "the assignment in force stays");
                    self.assignment_after = Some(Instant::now() + ASSIGNMENT_RETRY);
                }
            }
        }
        Ok(())
    }

    /// The newest assignment, verified and on disk; else why not.
    async fn fetch_assignment(&mut self, held: u64) -> Result<Arc<Assignment>, String> {
        let signed = self.client.assignment().await.map_err(|error| error.to_string())?;
        let (identity, directory) = (Arc::clone(&self.push.identity), self.push.state_directory.clone());
        let accepted = tokio::task::spawn_blocking(move || {
            assignment_store::accept(&directory, &signed, &identity.collector, &identity.agent, held)
        });
        match accepted.await {
            Ok(Ok(assignment)) => Ok(assignment),
            Ok(Err(AssignmentError::Disk(error))) => Err(format!("cannot be kept on disk: {error}")),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}
