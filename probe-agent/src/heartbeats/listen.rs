//! The listener's accept loop: few seats, one request each, and a deadline for all of it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
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

/// Connections at once. Each weighs some 20 KiB while it lasts; who finds no seat tries again.
const SEATS: usize = 32;
/// From accept to the last byte of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// hyper's least; of one head.
const HEAD_BYTES_MAX: usize = 8_192;
const HEADERS_MAX: usize = 32;
/// After an `accept` that failed for want of descriptors or memory.
const BACK_OFF: Duration = Duration::from_millis(500);

/// Accepts until `stop`; requests under way then still end.
pub(super) async fn run(listener: TcpListener, desk: Arc<Desk>, stop: CancellationToken) {
    let seats = Arc::new(Semaphore::new(SEATS));
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
                Ok((stream, peer)) => if let Ok(seat) = Arc::clone(&seats).try_acquire_owned() {
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

async fn serve(stream: TcpStream, peer: SocketAddr, desk: Arc<Desk>, _seat: OwnedSemaphorePermit) {
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
