//! One HTTP/1.1 request over an open connection, and its answer to the end.

use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use collector_api::Reason;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{BODY_BYTES_MAX, Http};
use crate::probe::{Fault, Trace};
use crate::tls;

const USER_AGENT_VALUE: &str = concat!("vedetta/", env!("CARGO_PKG_VERSION"));
/// Of the status line and headers, bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Sends (phase `processing`, until the answer's head) and reads (phase `transfer`).
pub(super) async fn send<S>(http: &Http, stream: S, trace: &mut Trace) -> Result<StatusCode, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    trace.enter("processing");
    let request = Request::builder()
        .method(http.method.clone())
        .uri(http.target.clone())
        .header(HOST, &http.host)
        .header(USER_AGENT, USER_AGENT_VALUE)
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Fault::new(Reason::AgentConfigInvalid, error.to_string()))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| fault_of(&error))?;
    let mut connection = pin!(connection);
    let mut is_open = true;
    let response = beside(connection.as_mut(), &mut is_open, sender.send_request(request))
        .await
        .map_err(|error| fault_of(&error))?;
    let status = response.status();
    trace.fact("status", status.as_u16().to_string());
    if let Some(location) = response.headers().get(hyper::header::LOCATION) {
        trace.fact("location", without_query(&String::from_utf8_lossy(location.as_bytes())));
    }
    trace.enter("transfer");
    let read = beside(connection.as_mut(), &mut is_open, drain(response)).await;
    let (bytes, is_cut) = read.map_err(|error| fault_of(&error))?;
    trace.fact("bytes", bytes.to_string());
    if is_cut {
        trace.fact("body", "cut at the cap");
    }
    Ok(status)
}

/// Drives `connection` while `work` waits: one task, nothing spawned that could outlive the attempt.
async fn beside<C, W>(mut connection: Pin<&mut C>, is_open: &mut bool, work: W) -> W::Output
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
        match work.as_mut().poll(cx) {
            Poll::Pending if *is_open => {
                // `work` may just have given the connection something to write.
                if connection.as_mut().poll(cx).is_ready() {
                    *is_open = false;
                    return work.as_mut().poll(cx);
                }
                Poll::Pending
            }
            polled => polled,
        }
    })
    .await
}

/// Reads and drops the body; how much of it, and whether the cap ended that.
async fn drain(response: Response<Incoming>) -> Result<(usize, bool), hyper::Error> {
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame?.data_ref().map_or(0, Bytes::len);
        if bytes > BODY_BYTES_MAX {
            return Ok((bytes, true));
        }
    }
    Ok((bytes, false))
}

/// A query may carry a session or a token.
fn without_query(location: &str) -> String {
    location.split(['?', '#']).next().unwrap_or_default().to_owned()
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
