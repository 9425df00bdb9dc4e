//! How long a connection may take, and who gives way when too many come.
//!
//! hyper bounds one thing, the reading of a head, and counts idle time into it. [`Patient`] wraps
//! the stream below and tells the phases apart: a head that has begun must end within seconds, an
//! idle connection may wait a minute, and a peer that takes no bytes of an answer is left. The body
//! has its own bound in [`super::body`].
//!
//! [`Seats`] bounds how many connections there are. When all are taken, the oldest one that has
//! proven nothing yet leaves, so that a flood of slow connections delays an agent by a handshake
//! and never keeps it out. Price: a connection may be cut that would have become a good one; its
//! agent tries again.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// Deadlines of one listener.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// TLS handshake, from accept.
    pub handshake: Duration,
    /// A request's head, from its first byte (of the first one: from the handshake's end).
    pub head: Duration,
    /// Between two requests; also how long a peer may take no byte of an answer.
    pub idle: Duration,
    /// What a body may take beyond one second per KiB.
    pub body: Duration,
    /// What requests under way get when the collector stops.
    pub drain: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            handshake: seconds(10),
            head: seconds(10),
            idle: seconds(60),
            body: seconds(10),
            drain: seconds(10),
        }
    }
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing asked.
    Idle = 0,
    /// A head is being read.
    Head = 1,
    /// A request is being answered; its own deadlines hold.
    Busy = 2,
}

/// The phase, shared between the stream and the service above it.
#[derive(Debug)]
pub(super) struct Phases(AtomicU8);

impl Phases {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU8::new(Phase::Head as u8)))
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Release);
    }

    fn get(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Busy,
        }
    }
}

/// A stream that fails with [`io::ErrorKind::TimedOut`] when a phase takes too long.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    patience: Patience,
    phases: Arc<Phases>,
    /// Of which phase `deadline` is; `None` when it has to be set anew.
    timed: Option<Phase>,
    deadline: Pin<Box<Sleep>>,
    /// Set while a write makes no progress.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Patience, phases: Arc<Phases>) -> Self {
        let deadline = Box::pin(sleep_until(Instant::now() + patience.head));
        Self { stream, patience, phases, timed: Some(Phase::Head), deadline, stalled: None }
    }

    /// Is the current phase over its time? Registers for being woken at its deadline.
    fn out_of_time(&mut self, cx: &mut Context<'_>) -> bool {
        let phase = self.phases.get();
        let allowed = match phase {
            Phase::Busy => {
                self.timed = None;
                return false;
            }
            Phase::Idle => self.patience.idle,
            Phase::Head => self.patience.head,
        };
        if self.timed != Some(phase) {
            self.timed = Some(phase);
            self.deadline.as_mut().reset(Instant::now() + allowed);
        }
        self.deadline.as_mut().poll(cx).is_ready()
    }

    fn written(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if result.is_ready() {
            self.stalled = None;
            if self.timed == Some(Phase::Idle) {
                self.timed = None; // Bytes of an answer still flow: idle begins after them.
            }
            return result;
        }
        let idle = self.patience.idle;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + idle)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let filled = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if read.is_ready() {
            if buf.filled().len() > filled && this.phases.get() == Phase::Idle {
                this.phases.set(Phase::Head);
            }
            // A trickle of bytes must not outlive the deadline either.
            if !this.out_of_time(cx) {
                return read;
            }
        } else if !this.out_of_time(cx) {
            return Poll::Pending;
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.written(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(cx, bytes);
        this.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_flush(cx).map_ok(|()| 0);
        this.written(cx, result).map_ok(|_| ())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_shutdown(cx).map_ok(|()| 0);
        this.written(cx, result).map_ok(|_| ())
    }
}

/// The places of one listener.
#[derive(Debug)]
pub(super) struct Seats {
    max: usize,
    taken: Mutex<(u64, BTreeMap<u64, Arc<Seat>>)>,
}

/// The place of one connection; given back when its [`Seated`] is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    kept: AtomicBool,
    left: CancellationToken,
}

impl Seat {
    /// A seat that is kept is not given to others.
    pub(crate) fn keep(&self, kept: bool) {
        self.kept.store(kept, Ordering::Relaxed);
    }

    /// Resolves when the connection has to give way.
    pub(super) async fn lost(&self) {
        self.left.cancelled().await;
    }
}

/// Holds a [`Seat`].
#[derive(Debug)]
pub(super) struct Seated {
    pub(super) seat: Arc<Seat>,
    seats: Arc<Seats>,
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.seats.lock().1.remove(&self.seat.number);
    }
}

impl Seats {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, taken: Mutex::new((0, BTreeMap::new())) })
    }

    /// A seat for a new connection; `None` when all are taken by connections that keep theirs.
    pub(super) fn take(self: &Arc<Self>) -> Option<Seated> {
        let mut taken = self.lock();
        let (next, seats) = &mut *taken;
        if seats.len() >= self.max {
            let oldest = seats.values().find(|seat| !seat.kept.load(Ordering::Relaxed))?;
            oldest.left.cancel();
            let number = oldest.number;
            seats.remove(&number);
        }
        *next += 1;
        let seat =
            Arc::new(Seat { number: *next, kept: AtomicBool::new(false), left: CancellationToken::new() });
        seats.insert(*next, Arc::clone(&seat));
        Some(Seated { seat, seats: Arc::clone(self) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, BTreeMap<u64, Arc<Seat>>)> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn the_oldest_that_proved_nothing_gives_way() {
        let seats = Seats::new(2);
        let first = seats.take().unwrap();
        let second = seats.take().unwrap();
        first.seat.keep(true);
        let third = seats.take().unwrap();
        assert!(!first.seat.left.is_cancelled());
        assert!(second.seat.left.is_cancelled());
        third.seat.keep(true);
        assert!(seats.take().is_none(), "both keep theirs");
        drop(first);
        assert!(seats.take().is_some());
    }

    fn patience(head_s: u64, idle_s: u64) -> Patience {
        Patience {
            head: Duration::from_secs(head_s),
            idle: Duration::from_secs(idle_s),
            ..Patience::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickled_head_ends_at_its_deadline() {
        let (mut near, far) = tokio::io::duplex(64);
        let mut far = Patient::new(far, patience(10, 60), Phases::new());
        let began = Instant::now();
        let ((), error) = tokio::join!(
            async {
                for _ in 0..30 {
                    let _ = near.write_all(b"x").await;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            },
            async {
                let mut byte = [0];
                loop {
                    if let Err(error) = far.read_exact(&mut byte).await {
                        assert_eq!(began.elapsed().as_secs(), 10);
                        return error;
                    }
                }
            }
        );
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_is_longer_than_a_head_and_busy_is_not_timed_here() {
        let (_near, far) = tokio::io::duplex(64);
        let phases = Phases::new();
        let mut far = Patient::new(far, patience(10, 60), Arc::clone(&phases));
        let began = Instant::now();
        phases.set(Phase::Busy);
        let hour = Duration::from_hours(1);
        assert!(tokio::time::timeout(hour, far.read_u8()).await.is_err(), "busy");
        phases.set(Phase::Idle);
        assert_eq!(far.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 3600 + 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_no_bytes_is_left() {
        let (_near, far) = tokio::io::duplex(8);
        let mut far = Patient::new(far, patience(10, 60), Phases::new());
        let began = Instant::now();
        assert_eq!(far.write_all(&[0; 64]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 60);
    }
}
