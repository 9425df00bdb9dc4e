//! The outbox at work: rows come with the transaction that decided them, leave when somebody has taken them.
//!
//! Memory holds every row of three months (without the text of what was sent), the store is behind it: rows are admitted
//! after they were committed, and a state that could not be written is written later, which at worst tells something
//! twice after a crash. A handful of attempts run at a time, each within its own deadlines, what is new before what
//! failed; a way that opens again is used at once by all that waited for it. When the collector stops, attempts under
//! way are waited for a moment, so that a restart sends nothing twice.

mod tell;

pub(super) use tell::letter;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use collector_derive::alert::Decision;
use config::{CollectorConfig, Id};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::Core;
use super::moments::Present;
use super::work::{Truth, WorkError};
use crate::declare::say;
use crate::operator::Said;
use crate::outbox::courier::Courier;
use crate::outbox::queue::{Due, LATE_MS, Matter, Queue, Reach, Shown, Waiting};
use crate::outbox::row::Content;
use crate::outbox::{OutboxRow, OutboxState, Outcome, Outlet, Standing};
use crate::publish::mail::{Letter, Templates};
use crate::publish::{Alerting, OutboxFacts};
use crate::store::{Store as _, Write};

/// Attempts at a time: relays take a few dialogues from one client, and a black hole must not hold up the others.
const ATTEMPTS_MAX: usize = 8;
/// Longest sleep between two looks at what is due: a clock that was set back holds nothing up for longer.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// What is under way when the collector stops gets so long.
const FAREWELL: Duration = Duration::from_secs(5);
/// Rows are forgotten once an hour.
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// Everything that is to be told, and how.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    courier: Courier,
    templates: Arc<Templates>,
    /// The installation's key: what tells its Message-IDs from others'.
    store: [u8; 32],
    /// Something new is due.
    wake: Notify,
    /// An attempt ended.
    ended: Notify,
    counts: Counts,
}

/// Since the process started, by outlet.
#[derive(Debug, Default)]
struct Counts {
    sent: [AtomicU64; 2],
    failed: [AtomicU64; 2],
    given_up: [AtomicU64; 2],
}

impl Outbox {
    /// With the rows as they were stored.
    pub(super) async fn open(
        truth: Truth,
        settings: &CollectorConfig,
        store: [u8; 32],
    ) -> Result<Self, WorkError> {
        let queue = tokio::task::spawn_blocking(move || Queue::load(truth.store()?.outbox()?)).await??;
        let templates = settings.mail.as_ref().and_then(|mail| mail.templates.as_deref());
        Ok(Self {
            queue: Mutex::new(queue),
            courier: Courier::new(settings),
            templates: Arc::new(Templates::load(templates)),
            store,
            wake: Notify::new(),
            ended: Notify::new(),
            counts: Counts::default(),
        })
    }

    /// The texts that mails are made with.
    pub(super) fn templates(&self) -> Arc<Templates> {
        Arc::clone(&self.templates)
    }

    /// Where people find the page, as mails name it.
    pub(super) fn page(&self) -> Option<String> {
        self.courier.mail().and_then(|mail| mail.page.clone())
    }

    /// The rows that follow from decisions, made from what is known now. Not yet in memory: they are
    /// [admitted](Self::admit) once they are in the store.
    pub(super) async fn rows(
        present: &Arc<Present>,
        decisions: &[Decision],
        newest: &Arc<Alerting>,
    ) -> Vec<(Content, OutboxState)> {
        if decisions.iter().all(|decision| decision.to.is_empty()) {
            return Vec::new();
        }
        let (of, all, newest) = (Arc::clone(present), decisions.to_vec(), Arc::clone(newest));
        let made = tokio::task::spawn_blocking(move || tell::rows(&of, &all, Some(&newest))).await;
        made.unwrap_or_else(|failed| {
            error!(error = %failed, "a mail could not be composed; it is told in bare words");
            tell::rows(present, decisions, None)
        })
    }

    /// What was committed with what was decided.
    pub(super) fn admit(&self, rows: Vec<(Content, OutboxState)>) {
        if !rows.is_empty() {
            self.queue().admit(rows);
            self.wake.notify_one();
        }
    }

    /// Why the collector is not ready, as far as what it has to tell goes.
    pub(super) fn not_ready(&self, now_ms: i64) -> Vec<Said> {
        let Waiting { count, oldest_ms, given_up } = self.queue().waiting(now_ms);
        let mut reasons = Vec::new();
        if let Some(minutes) =
            oldest_ms.map(|ms| now_ms.saturating_sub(ms)).filter(|waited| *waited > LATE_MS)
        {
            let minutes = minutes / 60_000;
            reasons.push(say!(
                "{count} messages wait to be sent, the oldest for {minutes} minutes; `vedetta outbox` says why",
                "{count} messaggi attendono di partire, il più vecchio da {minutes} minuti; `vedetta outbox` dice perché"
            ));
        }
        if given_up > 0 {
            reasons.push(say!(
                "{given_up} messages of the last day could not be delivered to anybody; see `vedetta outbox`",
                "{given_up} messaggi dell'ultimo giorno non sono stati consegnati a nessuno; vedi `vedetta outbox`"
            ));
        }
        reasons
    }

    /// For metrics.
    pub(super) fn facts(&self, now_ms: i64) -> OutboxFacts {
        let Waiting { count, oldest_ms, .. } = self.queue().waiting(now_ms);
        let of = |counters: &[AtomicU64; 2], outlet: Outlet| counters[place(outlet)].load(Ordering::Relaxed);
        let told = Outlet::ALL.into_iter().flat_map(|outlet| {
            let Counts { sent, failed, given_up } = &self.counts;
            [("sent", sent), ("failed", failed), ("given_up", given_up)]
                .map(|(result, counters)| (outlet.name(), result, of(counters, outlet)))
        });
        OutboxFacts { waiting: count as u64, oldest_ms, told: told.collect() }
    }

    /// Every row, the newest first.
    pub(super) fn all(&self) -> Vec<Shown> {
        self.queue().rows()
    }

    /// A row.
    pub(super) fn row(&self, key: &str) -> Option<Shown> {
        self.queue().row(key)
    }

    /// To be tried now; see [`Queue::retry`].
    pub(super) async fn retry(&self, core: &Core, key: &str) -> Option<Result<OutboxState, Standing>> {
        let tried = self.queue().retry(key, core.clock.now_ms());
        if let Some(Ok(state)) = &tried {
            self.write(core, vec![Write::OutboxState(state.clone())]).await;
            self.wake.notify_one();
        }
        tried
    }

    /// Queues a message that tells a recipient nothing but that it arrives. Returns the rows' keys.
    pub(super) async fn test(
        &self,
        core: &Core,
        recipient: &Id,
        letter: Letter,
    ) -> Result<Vec<String>, String> {
        let now_ms = core.clock.now_ms();
        let facts = serde_json::json!({"kind": "test", "key": format!("test-{now_ms}"), "at_ms": now_ms});
        let to = [recipient.clone()];
        let charter = core.work.charter();
        let reach = Reach { charter: &charter, mail: self.courier.mail(), store: &self.store };
        let key = format!("test-{now_ms}");
        let matter = Matter {
            about: key.clone(),
            key,
            born_ms: now_ms,
            at_ms: now_ms,
            to: &to,
            letter: &letter,
            facts: &facts,
        };
        let rows = self.queue().rows_of(&matter, reach);
        let writes = writes(&rows)?;
        core.work.truth().write(writes).await.map_err(|error| error.to_string())?;
        let keys = rows.iter().map(|(_, state)| state.key.clone()).collect();
        self.admit(rows);
        Ok(keys)
    }

    /// Waits until none of these rows waits for its first attempt, or for so long.
    pub(super) async fn settled(&self, keys: &[String], patience: Duration) {
        let until = Instant::now() + patience;
        loop {
            let ended = self.ended.notified();
            let is_open = |key: &String| self.row(key).is_some_and(|row| row.state.tries == 0);
            if !keys.iter().any(is_open) {
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let _ended_or_over = timeout(left.min(Duration::from_millis(500)), ended).await;
        }
    }

    async fn write(&self, core: &Core, writes: Vec<Write>) -> bool {
        let written = core.work.truth().write(writes).await;
        if let Err(error) = &written {
            warn!(%error, "how a message stands could not be kept; it is kept later");
        }
        written.is_ok()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, outlet: Outlet, state: &OutboxState) {
        let counters = match state.standing {
            Standing::Sent => &self.counts.sent,
            Standing::Waiting => &self.counts.failed,
            Standing::GivenUp => &self.counts.given_up,
        };
        counters[place(outlet)].fetch_add(1, Ordering::Relaxed);
    }
}

fn place(outlet: Outlet) -> usize {
    match outlet {
        Outlet::Mail => 0,
        Outlet::Webhook => 1,
    }
}

/// Rows as they are written. The error is a sentence.
pub(super) fn writes(rows: &[(Content, OutboxState)]) -> Result<Vec<Write>, String> {
    let row = |(content, state): &(Content, OutboxState)| {
        let content = content.pack()?;
        Ok(Write::Outbox(OutboxRow { content, state: state.clone() }))
    };
    rows.iter().map(row).collect()
}

/// Tells what is due until `stop`.
pub(super) async fn deliver(core: Arc<Core>, stop: CancellationToken) {
    let outbox = &core.outbox;
    let mut under_way: JoinSet<(Due, Outcome)> = JoinSet::new();
    // What could not be written when it happened.
    let mut owed: BTreeMap<String, OutboxState> = BTreeMap::new();
    let mut forget_at = Instant::now() + FORGET_EVERY;
    loop {
        let free = ATTEMPTS_MAX - under_way.len();
        let due = if free == 0 { Vec::new() } else { outbox.queue().due(core.clock.now_ms(), free) };
        for due in due {
            let core = Arc::clone(&core);
            under_way.spawn(async move {
                let charter = core.work.charter();
                let outcome = core.outbox.courier.attempt(&due.content, &charter, core.clock.now_ms()).await;
                (due, outcome)
            });
        }
        if Instant::now() >= forget_at {
            forget_at = Instant::now() + FORGET_EVERY;
            forget(&core).await;
        }
        let pause = pause(&core, under_way.len() < ATTEMPTS_MAX);
        tokio::select! {
            () = stop.cancelled() => break,
            () = outbox.wake.notified() => {}
            () = sleep(pause) => settle(&core, &mut owed).await,
            Some(ended) = under_way.join_next() => end(&core, ended, &mut owed).await,
        }
    }
    let farewell = async {
        while let Some(ended) = under_way.join_next().await {
            end(&core, ended, &mut owed).await;
        }
    };
    let _over = timeout(FAREWELL, farewell).await;
    settle(&core, &mut owed).await;
}

/// Until the next attempt is due, or somebody should look again.
fn pause(core: &Core, is_free: bool) -> Duration {
    let next_ms = core.outbox.queue().next_ms().filter(|_| is_free);
    let wait_ms = next_ms.map_or(i64::MAX, |next_ms| next_ms.saturating_sub(core.clock.now_ms()).max(1));
    Duration::from_millis(wait_ms.unsigned_abs()).min(LOOK_EVERY)
}

/// An attempt ended: memory follows, then the store.
async fn end(
    core: &Core,
    ended: Result<(Due, Outcome), tokio::task::JoinError>,
    owed: &mut BTreeMap<String, OutboxState>,
) {
    let (due, outcome) = match ended {
        Ok(ended) => ended,
        // Its row stays under way until a restart: a defect, and the log says so.
        Err(failed) => return error!(error = %failed, "an attempt to tell somebody failed"),
    };
    let Some(state) = core.outbox.queue().ended(&due.key, &outcome, core.clock.now_ms()) else { return };
    let to = &due.content.to;
    core.outbox.count(to.way.outlet(), &state);
    let (key, recipient, reply) = (&due.key, &to.recipient, &state.reply);
    match state.standing {
        Standing::Sent => info!(key, %recipient, reply, "told"),
        Standing::Waiting => {
            warn!(key, %recipient, reply, tries = state.tries, "not told yet; it is tried again");
        }
        Standing::GivenUp => {
            error!(key, %recipient, reply, tries = state.tries, "nobody took it; it is given up");
        }
    }
    owed.insert(due.key, state);
    settle(core, owed).await;
    core.outbox.ended.notify_waiters();
}

/// Writes down what is owed.
async fn settle(core: &Core, owed: &mut BTreeMap<String, OutboxState>) {
    if !owed.is_empty() {
        let writes = owed.values().cloned().map(Write::OutboxState).collect();
        if core.outbox.write(core, writes).await {
            owed.clear();
        }
    }
}

async fn forget(core: &Core) {
    let before_ms = core.outbox.queue().forget(core.clock.now_ms());
    if let Some(before_ms) = before_ms {
        core.outbox.write(core, vec![Write::ForgetOutbox(before_ms)]).await;
    }
}
