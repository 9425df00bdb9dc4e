//! The peer: a Prometheus that is fed by remote write 1.0.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use prost::Message as _;
use tokio::net::TcpStream;

use crate::load::{INTERVAL_MS, Outcome, SAMPLES};
use crate::post::{self, Request, Round};
use crate::{CONNECTIONS, REQUESTS, Server, eventually, now_ms};

/// `prometheus.WriteRequest` of remote write 1.0.
#[derive(Clone, PartialEq, prost::Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// A fresh one for one round.
pub(crate) struct Prometheus {
    server: Server,
    address: String,
}

impl Prometheus {
    /// `None` when it is not installed.
    pub(crate) async fn start(home: &Path, round: usize) -> Outcome<Option<Self>> {
        let place = home.join(format!("prometheus-{round}"));
        std::fs::create_dir(&place)?;
        std::fs::write(place.join("prometheus.yml"), "{}\n")?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let spawned = Command::new("prometheus")
            .arg(format!("--config.file={}", place.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", place.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .args(["--web.enable-remote-write-receiver", "--log.level=error"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = match spawned {
            Ok(child) => Server(child),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        eventually("prometheus listens", || std::net::TcpStream::connect(&address).ok())?;
        let peer = Self { server, address };
        // It listens before it is ready.
        for _ in 0..600 {
            let ready = hyper::Request::get("/-/ready").header("host", &peer.address);
            if post::all(peer.connect().await?, vec![post::made(ready, Vec::new())]).await.is_ok() {
                return Ok(Some(peer));
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Err("prometheus does not become ready".into())
    }

    async fn connect(&self) -> Outcome<TcpStream> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends what [`crate::Ours`] gets: as many series, values and requests.
    pub(crate) async fn round(&self) -> Outcome<Round> {
        let begin_ms = now_ms()? - i64::try_from(REQUESTS)? * INTERVAL_MS;
        let mut connections = Vec::new();
        for connection in 0..CONNECTIONS {
            let requests = (0..REQUESTS)
                .map(|slot| self.write(connection, begin_ms + i64::try_from(slot)? * INTERVAL_MS))
                .collect::<Outcome<Vec<_>>>()?;
            connections.push((self.connect().await?, requests));
        }
        Round::run(connections, &self.server).await
    }

    fn write(&self, connection: usize, timestamp: i64) -> Outcome<Request> {
        let label = |name: &str, value: String| Label { name: name.to_owned(), value };
        let timeseries = (0..SAMPLES).map(|check| TimeSeries {
            labels: vec![
                label("__name__", "probe_success".to_owned()),
                label("check", format!("service{}.component.target{check}", check % 7)),
                label("instance", format!("agent{connection}")),
            ],
            samples: vec![Sample { value: 1.0, timestamp }],
        });
        let body = WriteRequest { timeseries: timeseries.collect() }.encode_to_vec();
        let head = hyper::Request::post("/api/v1/write")
            .header("host", &self.address)
            .header("content-encoding", "snappy")
            .header("content-type", "application/x-protobuf")
            .header("x-prometheus-remote-write-version", "0.1.0");
        Ok(post::made(head, snap::raw::Encoder::new().compress_vec(&body)?))
    }
}
