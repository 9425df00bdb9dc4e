//! Carries out what `decide.rs` decides: waits, asks the spool, talks to the collector.

mod lull;
mod answer;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use collector_api::{Batch, Chain, Hello, limits};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::{Instant, sleep};
use tracing::{debug, error, warn};

use super::decide::{Decision, Delivery, Request, Step};
use super::exchange::Exchange;
use super::witness::Witness;
use super::{Push, PushError};
use crate::collector_client::{CollectorClient, CollectorError};
use crate::spool::{AppendError, Outgoing, ReadLimits, Resume, SpoolError};
use answer::Common;
use lull::{HURRY, Lull};

/// A full disk is asked again after this.
const DISK_RETRY: Duration = Duration::from_secs(5);

/// One agent's delivery.
pub(super) struct Courier {
    push: Push,
    client: CollectorClient,
    delivery: Delivery,
    witness: Witness,
    exchange: Option<Exchange>,
    random: SystemRandom,
    acked_seq: u64,
    /// What was durable when the last batch was made: the rest of it has waited long enough.
    backlog_seq: u64,
    /// Since when something durable is not sent.
    unsent_since: Option<Instant>,
    sent: Option<Instant>,
    answered: Instant,
    assignment_after: Option<Instant>,
}

impl Courier {
    pub(super) fn new(push: Push) -> Result<Self, PushError> {
        let addresses =
            if push.addresses.is_empty() { push.identity.addresses.clone() } else { push.addresses.clone() };
        let client =
            CollectorClient::new(Arc::clone(&push.identity), &addresses).map_err(PushError::Identity)?;
        let witness = Witness::load(&push.state_directory);
        let revision = push.assignments.borrow().as_ref().map_or(0, |held| held.revision);
        push.status.update(|status| {
            status.assignment_revision = revision;
            status.journal_alarm.clone_from(&witness.alarm);
        });
        Ok(Self {
            push,
            client,
            delivery: Delivery::new(),
            witness,
            exchange: None,
            random: SystemRandom::new(),
            acked_seq: 0,
            backlog_seq: 0,
            unsent_since: None,
            sent: None,
            answered: Instant::now(),
            assignment_after: None,
        })
    }

    /// Delivers until the spool has ended and everything is sent, or an attempt after its end failed.
    pub(super) async fn deliver(&mut self) -> Result<(), PushError> {
        let mut progress = self.push.spool.progress();
        let mut decision = Decision { step: Step::Greet, after: Duration::ZERO, next_address: false };
        let mut tried_after_end = false;
        loop {
            if !decision.after.is_zero() {
                if tried_after_end {
                    return Ok(());
                }
                debug!(after = ?decision.after, "delivery waits");
                tokio::select! {
                    () = sleep(decision.after) => {}
                    // One attempt is due before the end.
                    _ = progress.wait_for(|progress| progress.ended) => {}
                }
            }
            if decision.next_address {
                self.client.next_address();
            }
            tried_after_end = progress.borrow().ended;
            decision = match decision.step {
                Step::Greet => self.greet().await?,
                Step::NewStream => self.new_stream().await?,
                Step::Deliver => match self.lull(&mut progress).await {
                    Lull::Send => self.send().await?,
                    Lull::Greet => Decision { step: Step::Greet, after: Duration::ZERO, next_address: false },
                    Lull::Done => return Ok(()),
                },
            };
        }
    }

    /// Says hello, and finds where to go on.
    async fn greet(&mut self) -> Result<Decision, PushError> {
        let (stream, last_seq, acked_seq, spool_bytes) = self
            .push
            .spool
            .on_disk(|log| (log.stream(), log.durable_seq(), log.acked_seq(), log.bytes()))
            .await?;
        let hello = Hello {
            stream: stream.0.to_vec(),
            last_seq,
            acked_seq,
            sent_ms: (self.push.clock)(),
            version: self.push.version.clone(),
            assignment_revision: self.revision(),
            refused_checks: fitting(&self.push.refused_checks.borrow()),
            spool_bytes,
            journal: self.witness.head.clone(),
        };
        let answer = match self.client.hello(&hello).await {
            Ok(answer) => answer,
            Err(error) => return Ok(self.failed(Request::Hello, &error)),
        };
        let remembered = hello.journal.as_ref().is_some_and(|head| head.seq > 0);
        self.answered(Common {
            received_ms: answer.received_ms,
            sent_ms: answer.sent_ms,
            assignment_revision: answer.assignment_revision,
            journal: answer.journal,
            planned: answer.planned,
            journal_then: remembered.then_some(answer.journal_then),
        })
        .await?;
        let (mark, chain) = (answer.acked_seq, Chain::from_slice(&answer.chain));
        let resume = match self.push.spool.on_disk(move |log| log.resume(mark, chain)).await? {
            Ok(resume) => resume,
            Err(error) => return Err(SpoolError::Disk(error).into()),
        };
        match resume {
            Resume::Continue => {
                self.acked_seq = mark;
                if mark == last_seq {
                    // It holds all there is: as good as an acknowledgement.
                    let now_ms = (self.push.clock)();
                    self.push.status.update(|status| status.last_ack_ms = now_ms);
                }
            }
            Resume::Rewound => {
                warn!(
                    mark,
                    acked_seq, "the collector holds less than it acknowledged; sending again from there"
                );
                self.acked_seq = mark;
            }
            Resume::Ahead => error!(
                mark,
                last_seq,
                "the collector holds numbers this spool never gave out: the disk was rolled back or cloned"
            ),
            Resume::Differs => error!(
                mark,
                last_seq,
                "the collector holds other records under this stream's numbers: the disk was rolled back, cloned or damaged"
            ),
        }
        self.push.status.update(|status| status.error.clear());
        Ok(self.delivery.greeted(resume))
    }

    /// Sends one batch of what follows the acknowledged end.
    async fn send(&mut self) -> Result<Decision, PushError> {
        let now_ms = (self.push.clock)();
        let Some(exchange) = self.exchange.filter(|exchange| !exchange.is_stale(now_ms, Instant::now()))
        else {
            return Ok(Decision { step: Step::Greet, after: Duration::ZERO, next_address: false });
        };
        let clock = exchange.reading(now_ms, self.push.ntp_error_ms.load(Ordering::Relaxed));
        let read_limits =
            ReadLimits { bytes: self.delivery.batch_bytes(), records: limits::BATCH_RECORDS_MAX };
        let identity = Arc::clone(&self.push.identity);
        // Compressing and hashing a full batch takes milliseconds, which probes would see.
        let packed = self.push.spool.on_disk(move |log| {
            let Some(mut sent) = log.outgoing(read_limits)? else { return Ok(None) };
            let groups = std::mem::take(&mut sent.groups);
            let numbers = (sent.first_seq, sent.last_seq);
            let batch = Batch::pack(sent.stream, numbers, sent.before, &groups, clock, &identity.key);
            batch.map(|batch| Some((sent, batch, log.durable_seq()))).map_err(std::io::Error::other)
        });
        let (sent, batch, durable_seq) = match packed.await? {
            Ok(Some(packed)) => packed,
            // The cursor was lost, or nothing waits any more: hello tells.
            Ok(None) => return Ok(Decision { step: Step::Greet, after: HURRY, next_address: false }),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                error!(%error, "the spool cannot go on from the collector's mark");
                return Ok(Decision { step: Step::NewStream, after: Duration::ZERO, next_address: false });
            }
            Err(error) => return Err(SpoolError::Disk(error).into()),
        };
        self.sent = Some(Instant::now());
        self.backlog_seq = durable_seq;
        let answer = match self.client.batch(&batch).await {
            Ok(answer) => answer,
            Err(error) => return Ok(self.failed(Request::Batch, &error)),
        };
        self.answered(Common {
            received_ms: answer.received_ms,
            sent_ms: answer.sent_ms,
            assignment_revision: answer.assignment_revision,
            journal: answer.journal,
            planned: answer.planned,
            journal_then: None,
        })
        .await?;
        let is_ours = answer.acked_seq == sent.last_seq && answer.chain == sent.after.0;
        if is_ours {
            self.acknowledged(sent).await?;
        } else {
            warn!(sent = sent.last_seq, mark = answer.acked_seq, "an acknowledgement of something else");
        }
        Ok(self.delivery.acknowledged(is_ours, self.jitter()))
    }

    async fn acknowledged(&mut self, sent: Outgoing) -> Result<(), PushError> {
        self.acked_seq = sent.last_seq;
        self.unsent_since = None;
        let now_ms = (self.push.clock)();
        self.push.status.update(|status| {
            status.last_ack_ms = now_ms;
            status.error.clear();
        });
        Ok(self.push.spool.on_disk(move |log| log.acknowledge(&sent)).await?)
    }

    /// Begins a new stream; the old one's unsent records are declared lost in it.
    async fn new_stream(&mut self) -> Result<Decision, PushError> {
        match self.push.spool.begin_stream().await? {
            Ok(()) => {
                error!("a new stream begins; what the old one had not delivered is declared lost");
                (self.acked_seq, self.backlog_seq) = (0, 0);
                Ok(Decision { step: Step::Greet, after: Duration::ZERO, next_address: false })
            }
            Err(AppendError::Full(error)) => {
                error!(%error, "the disk is full: the new stream has to wait");
                Ok(Decision { step: Step::NewStream, after: DISK_RETRY, next_address: false })
            }
            Err(AppendError::Broken(error)) => Err(SpoolError::Disk(error).into()),
        }
    }

    fn failed(&mut self, request: Request, error: &CollectorError) -> Decision {
        match error {
            CollectorError::Forged { .. } | CollectorError::Refused { status: 400..=403, .. } => {
                error!(%error, ?request, "delivery is refused; the spool keeps everything");
            }
            _ => warn!(%error, ?request, "not delivered; the spool keeps everything"),
        }
        self.push.status.update(|status| status.error = error.to_string());
        self.delivery.failed(request, error, self.jitter())
    }

    /// Evenly over 0..1. Without randomness all agents come back together, which is no reason to fail.
    fn jitter(&self) -> f64 {
        let mut bytes = [0; 4];
        let _ = self.random.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }

    fn revision(&self) -> u64 {
        self.push.assignments.borrow().as_ref().map_or(0, |held| held.revision)
    }
}

/// As many of the refused checks as a hello may carry with room to spare.
fn fitting(refused: &[String]) -> Vec<String> {
    let mut bytes = 0;
    refused
        .iter()
        .take_while(|refusal| {
            bytes += refusal.len() + 4;
            bytes <= limits::MESSAGE_BYTES_MAX / 2
        })
        .cloned()
        .collect()
}
