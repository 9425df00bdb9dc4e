//! Many requests on few connections, one under way on each, and how long each took.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use crate::load::{Outcome, SAMPLES};
use crate::{CONNECTIONS, REQUESTS, Server};

pub(crate) type Request = hyper::Request<Full<Bytes>>;

/// A request with its body.
#[expect(clippy::expect_used, reason = "constant heads are sound, or the benchmark is wrong")]
pub(crate) fn made(head: hyper::http::request::Builder, body: Vec<u8>) -> Request {
    head.body(Full::new(Bytes::from(body))).expect("a sound head")
}

/// Sends one after the other; each must be answered with 2xx. Gives how long each took.
pub(crate) async fn all(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    requests: Vec<Request>,
) -> Outcome<Vec<Duration>> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let mut took = Vec::with_capacity(requests.len());
        for request in requests {
            let began = Instant::now();
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            if !status.is_success() {
                return Err(format!("answered {status}: {}", String::from_utf8_lossy(&body)).into());
            }
            took.push(began.elapsed());
        }
        Ok(took)
    };
    tokio::select! {
        took = exchange => took,
        ended = connection => Err(format!("the connection ended: {ended:?}").into()),
    }
}

/// What one round of one server took.
pub(crate) struct Round {
    rate: f64,
    p50: Duration,
    p99: Duration,
    cpu_s_per_million: f64,
}

impl Round {
    /// Sends all requests of all connections at the same time.
    pub(crate) async fn run<S>(connections: Vec<(S, Vec<Request>)>, server: &Server) -> Outcome<Self>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let cpu_before = server.cpu_s()?;
        let began = Instant::now();
        let mut senders = JoinSet::new();
        for (stream, requests) in connections {
            senders.spawn(async move { all(stream, requests).await.map_err(|error| error.to_string()) });
        }
        let mut took = Vec::new();
        while let Some(ended) = senders.join_next().await {
            took.extend(ended??);
        }
        let elapsed = began.elapsed();
        took.sort();
        let samples = f64::from(SAMPLES) * f64::from(u32::try_from(CONNECTIONS * REQUESTS)?);
        Ok(Self {
            rate: samples / elapsed.as_secs_f64(),
            p50: took[took.len() / 2],
            p99: took[took.len() * 99 / 100],
            cpu_s_per_million: (server.cpu_s()? - cpu_before) / samples * 1e6,
        })
    }

    /// Prints the round; gives samples per second.
    pub(crate) fn told(self, name: &str) -> f64 {
        let ms = |took: Duration| took.as_secs_f64() * 1e3;
        let (p50, p99) = (ms(self.p50), ms(self.p99));
        println!("{name:>12} {:>14.0} {p50:>10.2} {p99:>10.2} {:>16.2}", self.rate, self.cpu_s_per_million);
        self.rate
    }
}
