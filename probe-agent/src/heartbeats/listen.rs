//! The listener's accept loop: few seats, one request each, and a deadline for all of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::answer::Desk;
use super::pace::site_of;

/// Connections at once. Each weighs some 20 KiB while it lasts; who finds no seat tries again.
const SEATS: usize = 32;
/// Of those, the most of one peer of the network: one that holds its seats and says nothing leaves some to others.
const SEATS_OF_PEER: usize = 16;
/// From accept to the last byte of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// hyper's least; of one head.
const HEAD_BYTES_MAX: usize = 8_192;
const HEADERS_MAX: usize = 32;
/// After an `accept` that failed for want of descriptors or memory.
const BACK_OFF: Duration = Duration::from_millis(500);

/// Accepts until `stop`; requests under way then still end.
pub(super) async fn run(listener: TcpListener, desk: Arc<Desk>, stop: CancellationToken) {
    let seats = Arc::new(Seats::new());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    error!(%error, "a heartbeat's connection failed; this is a defect");
                }
            }
            accepted = listener.accept() => match accepted {
                // Without a seat the stream is dropped here: the peer sees a closed connection.
                Ok((stream, peer)) => if let Some(seat) = Seats::take(&seats, peer.ip()) {
                    connections.spawn(serve(stream, peer, Arc::clone(&desk), seat));
                },
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    warn!(%error, "cannot accept heartbeats; waiting");
                    sleep(BACK_OFF).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Seats for connections.
#[derive(Debug)]
struct Seats {
    all: Arc<Semaphore>,
    /// How many each peer has; nobody who has none.
    of: Mutex<HashMap<IpAddr, usize>>,
}

/// One that is taken, until it is dropped.
#[derive(Debug)]
struct Seat {
    seats: Arc<Seats>,
    peer: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Seats {
    fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(SEATS)), of: Mutex::default() }
    }

    /// `None` when there is none left, or none for this peer. This machine's own jobs share one address.
    fn take(seats: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let peer = site_of(peer);
        let mut of = seats.of.lock().unwrap_or_else(PoisonError::into_inner);
        let is_room = peer.is_loopback() || of.get(&peer).is_none_or(|&taken| taken < SEATS_OF_PEER);
        let permit = Arc::clone(&seats.all).try_acquire_owned().ok().filter(|_| is_room)?;
        *of.entry(peer).or_default() += 1;
        drop(of);
        Some(Seat { seats: Arc::clone(seats), peer, _permit: permit })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut of = self.seats.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = of.get_mut(&self.peer) {
            *taken -= 1;
            if *taken == 0 {
                of.remove(&self.peer);
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, desk: Arc<Desk>, _seat: Seat) {
    let service = service_fn(move |request: Request<Incoming>| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(desk.answer(peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(PATIENCE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%peer, %error, "a heartbeat's connection ended"),
        Err(_elapsed) => debug!(%peer, "a heartbeat's connection took too long"),
    }
}

/// Errors of `accept` that concern only the connection that was about to be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_leaves_seats_to_others() {
        let seats = Arc::new(Seats::new());
        let peer = |number: u8| IpAddr::from([10, 0, 0, number]);
        let take_all = |peer| std::iter::from_fn(|| Seats::take(&seats, peer)).collect::<Vec<_>>();
        let one = take_all(peer(1));
        assert_eq!(one.len(), SEATS_OF_PEER);
        let other = take_all(peer(2));
        assert_eq!(other.len(), SEATS - SEATS_OF_PEER);
        assert!(Seats::take(&seats, peer(3)).is_none(), "none is left");
        drop((one, other));
        assert!(seats.of.lock().unwrap().is_empty());
        assert_eq!(take_all(IpAddr::from([127, 0, 0, 1])).len(), SEATS, "jobs of this machine");
    }
}
