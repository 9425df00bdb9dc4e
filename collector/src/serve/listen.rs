//! Our own accept loop: every connection has a seat, deadlines and an owner.
//!
//! HTTP/1.1 only. An agent has one request under way, and pages are small: HTTP/2 would bring its
//! resets and windows to defend and nothing to gain. `axum::serve` is not used because it knows no
//! deadlines.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::service_fn;
use tracing::{debug, error, warn};

use super::patience::{Patience, Patient, Phase, Phases, Seat, Seated, Seats};

/// Bytes of one head, and of hyper's buffers for a connection.
const HEAD_BYTES_MAX: usize = 32 << 10;
const HEADERS_MAX: usize = 64;
/// After an `accept` that failed for want of descriptors or memory; doubles up to the second one.
const BACK_OFF_MIN: Duration = Duration::from_millis(20);
const BACK_OFF_MAX: Duration = Duration::from_secs(1);

/// Where connections come from.
#[derive(Debug)]
pub(super) enum Door {
    /// Plain.
    Tcp(TcpListener),
    /// The operators' socket; the peer's uid is known.
    Unix(UnixListener),
}

/// Who is on the other side, as far as the transport knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// Of a Unix socket's peer.
    pub(crate) uid: Option<u32>,
}

/// What hyper is given for an answer.
pub(super) type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;
/// Makes an answer; the request carries its [`Peer`] and `Arc<`[`Seat`]`>` as extensions.
pub(super) type Answerer = Arc<dyn Fn(Request<Incoming>) -> Answering + Send + Sync>;

/// One listener.
pub(super) struct Listener {
    /// For logs: `agents`, `web`, `socket`.
    pub(super) name: &'static str,
    pub(super) door: Door,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) connections_max: usize,
    pub(super) patience: Patience,
    pub(super) answer: Answerer,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Listener {
    /// Accepts until `stop`, then lets requests under way end within [`Patience::drain`].
    pub(super) async fn run(self, stop: CancellationToken) {
        let Self { name, door, tls, connections_max, patience, answer } = self;
        let seats = Seats::new(connections_max);
        let mut connections = JoinSet::new();
        let mut back_off = BACK_OFF_MIN;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = connections.join_next() => {
                    report(name, ended);
                    continue;
                }
                accepted = door.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    back_off = BACK_OFF_MIN;
                    // Without a seat the stream is dropped here: the peer sees a closed connection.
                    let Some(seated) = seats.take() else { continue };
                    let connection = Connection {
                        tls: tls.clone(),
                        patience,
                        answer: Arc::clone(&answer),
                        peer,
                        seated,
                        stop: stop.clone(),
                    };
                    connections.spawn(connection.serve(stream));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Descriptors or memory are short: accepting again at once would only spin.
                    warn!(listener = name, %error, "cannot accept; waiting");
                    tokio::select! { () = sleep(back_off) => {}, () = stop.cancelled() => break }
                    back_off = (back_off * 2).min(BACK_OFF_MAX);
                }
            }
        }
        drop(door);
        let drained = timeout(patience.drain, async {
            while let Some(ended) = connections.join_next().await {
                report(name, ended);
            }
        });
        if drained.await.is_err() {
            warn!(
                listener = name,
                connections = connections.len(),
                "requests were still under way at the stop"
            );
        }
    }
}

impl Door {
    async fn accept(&self) -> io::Result<(Box<dyn Stream>, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Box::new(stream), Peer { uid: None }))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let uid = stream.peer_cred()?.uid();
                Ok((Box::new(stream), Peer { uid: Some(uid) }))
            }
        }
    }
}

struct Connection {
    tls: Option<TlsAcceptor>,
    patience: Patience,
    answer: Answerer,
    peer: Peer,
    seated: Seated,
    stop: CancellationToken,
}

impl Connection {
    /// Serves one connection to its end. Whatever goes wrong is the peer's affair: debug, no more.
    async fn serve(self, stream: Box<dyn Stream>) {
        let seat = Arc::clone(&self.seated.seat);
        tokio::select! {
            () = seat.lost() => debug!("gave way to a newer connection"),
            () = self.converse(stream) => {}
        }
    }

    async fn converse(self, stream: Box<dyn Stream>) {
        let stream: Box<dyn Stream> = match &self.tls {
            None => stream,
            Some(tls) => match timeout(self.patience.handshake, tls.accept(stream)).await {
                Ok(Ok(stream)) => Box::new(stream),
                Ok(Err(error)) => return debug!(%error, "TLS handshake failed"),
                Err(_) => return debug!("TLS handshake took too long"),
            },
        };
        let phases = Phases::new();
        let stream = Patient::new(stream, self.patience, Arc::clone(&phases));
        let seat: Arc<Seat> = Arc::clone(&self.seated.seat);
        let (answer, peer) = (Arc::clone(&self.answer), self.peer);
        let service = service_fn(move |mut request: Request<Incoming>| {
            phases.set(Phase::Busy);
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(Arc::clone(&seat));
            let (answering, phases) = (answer(request), Arc::clone(&phases));
            async move {
                let response = answering.await;
                phases.set(Phase::Idle);
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // hyper counts idle time into this one; the shorter bound of a head is `Patient`'s.
            .header_read_timeout(self.patience.idle + self.patience.head)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%error, "connection ended");
        }
    }
}

fn report(listener: &'static str, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(listener, %error, "a connection's task failed");
    }
}

/// Errors of `accept` that concern only the connection that was about to be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, NotConnected};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | NotConnected
    )
}
