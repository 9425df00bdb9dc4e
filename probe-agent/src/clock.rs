//! The agent's clocks: the calendar, read here only, and the watch over it.
//!
//! Deadlines are monotonic, so a step of the calendar shifts nothing; but samples carry calendar
//! time, so a step is recorded in the stream, and what NTP knows of the calendar's error rides on
//! every batch. The watch tells; it never corrects.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use config::HostPort;
use rsntp::{AsyncSntpClient, Config};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

/// The wall clock, Unix ms; handed down, so that tests own it. May step, as system clocks do.
pub type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The wall clock, for who is shown with all it has.
#[derive(Clone)]
pub struct Calendar(WallClock);

impl Calendar {
    /// This clock.
    pub fn new(clock: WallClock) -> Self {
        Self(clock)
    }

    /// Unix ms.
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl Default for Calendar {
    /// The system's.
    fn default() -> Self {
        Self(system())
    }
}

impl std::fmt::Debug for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Calendar")
    }
}

/// A step smaller than this is not told: NTP slews, timers are late.
const STEP_MIN_MS: i64 = 500;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const NTP_EVERY: Duration = Duration::from_mins(10);
/// Between two questions to one server; RFC 5905 and kiss-o'-death manners ask for at least 2 s.
const NTP_GAP: Duration = Duration::from_secs(2);
const NTP_TIMEOUT: Duration = Duration::from_secs(3);
/// Without an answer for this long, what NTP said last no longer holds.
const NTP_FRESH: Duration = Duration::from_mins(35);
/// A quartz clock's drift while nobody corrects it, at most (RFC 5905, PHI is 15; cheap boards are worse).
const DRIFT_PPM: u128 = 100;

/// The system's wall clock.
pub fn system() -> WallClock {
    Arc::new(|| {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the calendar")]
        let now = SystemTime::now();
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        }
    })
}

/// The wall clock jumped against the monotonic one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Unix ms after the step.
    pub at_ms: i64,
    /// How far, ms; positive is forwards.
    pub step_ms: i64,
}

/// Looks at both clocks every second and tells steps, until nobody listens.
pub async fn watch(clock: WallClock, steps: mpsc::Sender<Step>) {
    let began = Instant::now();
    let mut offset = clock();
    loop {
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            () = steps.closed() => return,
        }
        let elapsed_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let at_ms = clock();
        let offset_now = at_ms - elapsed_ms;
        if let Some(step_ms) = step_between(offset, offset_now) {
            warn!(step_ms, "the wall clock stepped");
            if steps.send(Step { at_ms, step_ms }).await.is_err() {
                return;
            }
        }
        offset = offset_now;
    }
}

/// `offset` is wall minus monotonic. Slewing (at most 0.5 ms a second) is no step.
fn step_between(offset: i64, offset_now: i64) -> Option<i64> {
    let step_ms = offset_now - offset;
    (step_ms.abs() > STEP_MIN_MS).then_some(step_ms)
}

/// Asks `servers` every ten minutes and keeps `error_ms` at the wall clock's error bound plus 1, or
/// 0 while nothing bounds it, as [`collector_api::ClockReading::ntp_error_ms`] wants it.
///
/// The bound of one answer is |offset| + delay / 2, whatever the path's asymmetry; between answers
/// it grows by the drift of an uncorrected clock. Servers that disagree are not believed below
/// their disagreement: the largest bound of those that answer counts.
pub async fn watch_ntp(servers: Vec<HostPort>, error_ms: Arc<AtomicU64>) {
    let mut last: Option<(u64, Instant)> = None;
    let mut asked_at: Option<Instant> = None;
    loop {
        if asked_at.is_none_or(|at| at.elapsed() >= NTP_EVERY) {
            asked_at = Some(Instant::now());
            if let Some(bound_ms) = ask_all(&servers).await {
                last = Some((bound_ms, Instant::now()));
            } else {
                warn!("no NTP server bounds the clock's error");
            }
        }
        let bound_ms = last.and_then(|(bound_ms, at)| bound_after(bound_ms, at.elapsed()));
        error_ms.store(bound_ms.map_or(0, |ms| ms + 1), Ordering::Relaxed);
        sleep(Duration::from_secs(30)).await;
    }
}

/// What an old bound still proves.
fn bound_after(bound_ms: u64, age: Duration) -> Option<u64> {
    let drift_ms = age.as_millis() * DRIFT_PPM / 1_000_000;
    (age < NTP_FRESH).then(|| bound_ms + u64::try_from(drift_ms).unwrap_or(u64::MAX / 2) + 1)
}

async fn ask_all(servers: &[HostPort]) -> Option<u64> {
    let mut worst: Option<u64> = None;
    for server in servers {
        // A local step between send and receive spoils one answer: of two the tighter counts.
        let first = ask(server).await;
        sleep(NTP_GAP).await;
        let second = ask(server).await;
        let bound = [first, second].into_iter().flatten().min();
        worst = worst.max(bound);
    }
    worst
}

async fn ask(server: &HostPort) -> Option<u64> {
    let mut config = Config::default().timeout(NTP_TIMEOUT);
    // rsntp asks from IPv4 unless told otherwise; a name is asked for its IPv4 address.
    if server.host.parse::<Ipv6Addr>().is_ok() {
        config = config.bind_address((Ipv6Addr::UNSPECIFIED, 0).into());
    }
    let client = AsyncSntpClient::with_config(config);
    let answer = match client.synchronize((server.host.as_str(), server.port)).await {
        Ok(answer) => answer,
        Err(error) => {
            info!(%server, %error, "NTP server gives no time");
            return None;
        }
    };
    let offset = answer.clock_offset().abs_as_std_duration().ok()?;
    let delay = answer.round_trip_delay().abs_as_std_duration().ok()?;
    u64::try_from((offset + delay / 2).as_micros().div_ceil(1_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicI64;

    #[test]
    fn only_a_jump_is_a_step() {
        assert_eq!(step_between(0, 1), None);
        assert_eq!(step_between(0, 500), None);
        assert_eq!(step_between(0, 501), Some(501));
        assert_eq!(step_between(10_000, 10_000 - 3_600_000), Some(-3_600_000));
    }

    #[test]
    fn an_old_bound_grows_and_then_ends() {
        assert_eq!(bound_after(10, Duration::ZERO), Some(11));
        assert_eq!(bound_after(10, Duration::from_mins(10)), Some(10 + 60 + 1));
        assert_eq!(bound_after(10, NTP_FRESH), None);
    }

    /// A server whose clock is three seconds ahead: RFC 5905, figure 8.
    #[tokio::test]
    async fn what_ntp_proves_is_never_less_than_the_error() {
        for host in ["127.0.0.1", "::1"] {
            proves_its_error(host).await;
        }
    }

    async fn proves_its_error(host: &str) {
        let socket = tokio::net::UdpSocket::bind((host, 0)).await.unwrap();
        let server = HostPort { host: host.to_owned(), port: socket.local_addr().unwrap().port() };
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            let mut request = [0; 48];
            let (_, from) = socket.recv_from(&mut request).await.unwrap();
            let now_ms = u64::try_from(system()()).unwrap() + 3_000;
            let seconds = now_ms / 1_000 + 2_208_988_800;
            let fraction = ((now_ms % 1_000) << 32) / 1_000;
            let now = ((seconds << 32) | fraction).to_be_bytes();
            let mut reply = [0; 48];
            reply[..2].copy_from_slice(&[0b00_100_100, 1]);
            reply[12..16].copy_from_slice(b"GPS\0");
            reply[24..32].copy_from_slice(&request[40..48]);
            reply[32..40].copy_from_slice(&now);
            reply[40..48].copy_from_slice(&now);
            socket.send_to(&reply, from).await.unwrap();
        });
        let bound_ms = ask(&server).await.unwrap();
        // The server's clock is read in whole milliseconds.
        assert!(bound_ms >= 2_999, "{bound_ms} ms cannot hold 3,000");
    }

    #[tokio::test(start_paused = true)]
    async fn the_watch_tells_a_step_once() {
        let began = Instant::now();
        let stepped = Arc::new(AtomicI64::new(0));
        let step_by = Arc::clone(&stepped);
        let clock: WallClock = Arc::new(move || {
            let elapsed = i64::try_from(began.elapsed().as_millis()).unwrap();
            1_700_000_000_000 + elapsed + step_by.load(Ordering::Relaxed)
        });
        let (steps, mut told) = mpsc::channel(4);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(watch(clock, steps));
        sleep(Duration::from_millis(3_500)).await;
        stepped.store(-3_600_000, Ordering::Relaxed);
        let step = told.recv().await.unwrap();
        assert_eq!(step, Step { at_ms: 1_700_000_000_000 + 4_000 - 3_600_000, step_ms: -3_600_000 });
        sleep(Duration::from_secs(5)).await;
        assert!(told.try_recv().is_err());
    }
}
