//! Debian's Alertmanager, and somebody whom it and others tell over HTTP.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::binaries::installed;
use crate::daemon::Daemon;
use crate::eventually;
use crate::ports::free_port;

/// A server with a configuration of its own; it forgets everything with the story.
#[derive(Debug)]
pub struct Alertmanager {
    address: SocketAddr,
    daemon: Daemon,
    _folder: tempfile::TempDir,
}

impl Alertmanager {
    /// With this `alertmanager.yml`; `None` when it is not installed.
    pub fn with(config: &str) -> Option<Self> {
        let program = installed("prometheus-alertmanager")?;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("alertmanager.yml");
        fs::write(&file, config).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=");
        let mut daemon = Daemon::start(&mut command, &folder.path().join("alertmanager.log"));
        eventually("alertmanager listens", || {
            daemon.assert_runs();
            TcpStream::connect(address).ok()
        });
        Some(Self { address, daemon, _folder: folder })
    }

    /// Where it is told of alerts.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The alerts that it believes in.
    pub fn alerts(&mut self) -> Vec<Value> {
        self.daemon.assert_runs();
        // A reader of HTTP/1.0 is answered in one piece.
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET /api/v2/alerts HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let alerts: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
        alerts.as_array().unwrap().clone()
    }
}

/// Whoever takes webhooks and heartbeats on loopback, and says yes to all.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Sink {
    /// Listens until the story ends.
    pub fn opened() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heard: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let all = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let all = Arc::clone(&all);
                std::thread::spawn(move || {
                    while let Some(request) = request(&stream) {
                        all.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                        if (&stream).write_all(answer).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { address, heard }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bodies that came for a path, in order; null where one had none.
    pub fn heard(&self, path: &str) -> Vec<Value> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|(of, _)| of == path).map(|(_, body)| body.clone()).collect()
    }
}

/// Path and body; `None` at the end of the connection.
fn request(stream: &TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, serde_json::from_slice(&body).unwrap_or_default()))
}
