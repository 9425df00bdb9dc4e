//! One HTTP/1.1 request over an open connection, and its answer to the end.

use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use collector_api::Reason;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, COOKIE, HOST, HeaderMap, HeaderValue, USER_AGENT,
};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::answer::Answer;
use super::bodies::{Bodies, Share};
use super::cookies;
use super::redirects::Visit;
use crate::probe::{Fault, Trace};
use crate::tls;

const USER_AGENT_VALUE: HeaderValue =
    HeaderValue::from_static(concat!("vedetta/", env!("CARGO_PKG_VERSION")));
/// Of the status line and headers, bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Of a body, bytes; the rest is left unread, and the answer is whole enough.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Of a body in a transcript, bytes.
const SHOWN_BYTES_MAX: usize = 1_024;

/// A request that is ready to be sent.
pub(in crate::probe) type Asking = Request<Full<Bytes>>;

/// Makes a request. `own` are the charter's headers: they take the place of the agent's usual ones.
pub(in crate::probe) fn make(
    visit: &Visit,
    own: Option<&HeaderMap>,
    credentials: Option<&HeaderValue>,
    body: Bytes,
) -> Result<Asking, Fault> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = visit.method.clone();
    *request.uri_mut() = visit.place.target.clone();
    let headers = request.headers_mut();
    let host = HeaderValue::try_from(&visit.place.host)
        .map_err(|error| Fault::new(Reason::AgentConfigInvalid, error.to_string()))?;
    headers.insert(HOST, host);
    headers.insert(USER_AGENT, USER_AGENT_VALUE);
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    // What is not inflated cannot be a bomb, and is judged as it was sent.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    for (name, value) in own.into_iter().flatten() {
        headers.insert(name.clone(), value.clone());
    }
    if let Ok(cookies) = HeaderValue::try_from(&visit.cookies)
        && !cookies.is_empty()
    {
        headers.insert(COOKIE, cookies);
    }
    if let Some(credentials) = credentials {
        headers.insert(AUTHORIZATION, credentials.clone());
    }
    Ok(request)
}

/// What becomes of an answer's body beside being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) enum Keep {
    /// Nothing: only a transcript shows its beginning.
    Nothing,
    /// Its first MiB is kept, to be judged.
    Body,
    /// The same; and no transcript shows the answer, for who is to mask the secrets in it has not read it yet.
    Secret,
}

/// Sends (phase `write`), waits for the answer's head (phase `processing`) and reads the body (phase
/// `transfer`), of which the first MiB is kept if it is to be.
pub(in crate::probe) async fn send<S>(
    asking: Asking,
    stream: S,
    keep: Keep,
    bodies: &Bodies,
    trace: &mut Trace,
) -> Result<Answer, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    trace.enter("write");
    trace.sent(|| head_of_request(&asking));
    let seen = Arc::new(Seen::default());
    let watched = Watched { stream, has_written: false, seen: Arc::clone(&seen) };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(watched))
        .await
        .map_err(|error| fault_of(&error))?;
    let mut connection = pin!(connection);
    let mut is_open = true;
    let enter_processing = || {
        if trace.phase() == "write" && seen.is_sent.load(Ordering::Relaxed) {
            trace.enter("processing");
        }
    };
    let response = beside(connection.as_mut(), &mut is_open, enter_processing, sender.send_request(asking))
        .await
        .map_err(|error| fault_of(&error))?;
    cookies::secrets(response.headers()).for_each(|value| trace.secret(value.as_bytes()));
    match keep {
        Keep::Secret => {
            trace.note(|| format!("{}; the rest may hold secrets and is not shown", response.status()));
        }
        Keep::Nothing | Keep::Body => trace.received(|| head_of_answer(&response)),
    }
    let (status, headers) = (response.status(), response.headers().clone());
    trace.enter("transfer");
    let kept_bytes_max = match (keep, trace.is_recorded()) {
        (Keep::Body | Keep::Secret, _) => BODY_BYTES_MAX,
        (Keep::Nothing, true) => SHOWN_BYTES_MAX,
        (Keep::Nothing, false) => 0,
    };
    let mut answer =
        Answer { status, headers, body: Vec::new(), bytes: 0, is_cut: false, share: Share::default() };
    let reading = drain(response, kept_bytes_max, bodies, &mut answer, trace);
    let read = beside(connection.as_mut(), &mut is_open, || (), reading).await;
    if keep != Keep::Secret {
        trace.received(|| answer.body[..answer.body.len().min(SHOWN_BYTES_MAX)].to_vec());
    }
    read?;
    if seen.has_ended_uncleanly.load(Ordering::Relaxed) {
        trace.fact("unclean_end", "the connection ended without close_notify");
    }
    Ok(answer)
}

/// Drives `connection` while `work` waits: one task, nothing spawned that could outlive the attempt.
/// After each turn of the connection, `look` sees what it has done.
async fn beside<C, W>(
    mut connection: Pin<&mut C>,
    is_open: &mut bool,
    mut look: impl FnMut(),
    work: W,
) -> W::Output
where
    C: Future,
    W: Future,
{
    let mut work = pin!(work);
    poll_fn(|cx| {
        // The connection first, so that what it read is there; its own error reaches `work`.
        if *is_open && connection.as_mut().poll(cx).is_ready() {
            *is_open = false;
        }
        look();
        match work.as_mut().poll(cx) {
            Poll::Pending if *is_open => {
                // `work` may just have given the connection something to write.
                if connection.as_mut().poll(cx).is_ready() {
                    *is_open = false;
                    return work.as_mut().poll(cx);
                }
                look();
                Poll::Pending
            }
            polled => polled,
        }
    })
    .await
}

/// Reads the body to its end or to the cap, and keeps its beginning.
async fn drain(
    response: Response<Incoming>,
    kept_bytes_max: usize,
    bodies: &Bodies,
    answer: &mut Answer,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| fault_of(&error))?.into_data() else { continue };
        let left = BODY_BYTES_MAX - answer.bytes;
        let taken = data.len().min(left);
        let kept = kept_bytes_max.saturating_sub(answer.body.len()).min(taken);
        if kept > 0 {
            bodies.take(kept, &mut answer.share, trace).await?;
        }
        answer.body.extend_from_slice(&data[..kept]);
        answer.bytes += taken;
        if data.len() > left {
            answer.is_cut = true;
            return Ok(());
        }
    }
    Ok(())
}

/// As it goes over the wire.
fn head_of_request(asking: &Asking) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\n", asking.method(), asking.uri()).into_bytes();
    append_headers(&mut head, asking.headers());
    head
}

fn head_of_answer(response: &Response<Incoming>) -> Vec<u8> {
    let mut head = format!("{:?} {}\n", response.version(), response.status()).into_bytes();
    append_headers(&mut head, response.headers());
    head
}

fn append_headers(head: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.push(b'\n');
    }
}

fn fault_of(error: &hyper::Error) -> Fault {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return tls::fault_within(io).unwrap_or_else(|| Fault::of_stream(io));
        }
        source = cause.source();
    }
    let reason = if error.is_parse() { Reason::ProtoMalformed } else { Reason::ProtoClosedEarly };
    Fault::new(reason, error.to_string())
}

/// A stream that tells when what was written has left for the kernel, and that takes the end of a TLS
/// connection for one, whether or not it is announced. Many servers hang up without `close_notify`; browsers
/// and Go's client accept it. A body that ends with the connection cannot be told from a cut one then; one
/// with a length or in chunks is guarded by these.
struct Watched<S> {
    stream: S,
    has_written: bool,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    is_sent: AtomicBool,
    /// TLS without `close_notify`.
    has_ended_uncleanly: AtomicBool,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let watched = self.get_mut();
        match Pin::new(&mut watched.stream).poll_read(cx, into) {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                watched.seen.has_ended_uncleanly.store(true, Ordering::Relaxed);
                Poll::Ready(Ok(()))
            }
            polled => polled,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let watched = self.get_mut();
        watched.has_written = true;
        Pin::new(&mut watched.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let watched = self.get_mut();
        watched.has_written = true;
        Pin::new(&mut watched.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let watched = self.get_mut();
        let polled = Pin::new(&mut watched.stream).poll_flush(cx);
        if watched.has_written && matches!(polled, Poll::Ready(Ok(()))) {
            watched.seen.is_sent.store(true, Ordering::Relaxed);
        }
        polled
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
