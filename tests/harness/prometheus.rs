//! Debian's Prometheus, which scrapes a collector as an operator's would, and its promtool.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::binaries::installed;
use crate::daemon::Daemon;
use crate::eventually;
use crate::place::get;
use crate::ports::free_port;

/// A server that scrapes one collector every second, and forgets it all with the story.
#[derive(Debug)]
pub struct Prometheus {
    address: SocketAddr,
    daemon: Daemon,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// Of the collector whose `web` listener is here; `None` when it is not installed.
    pub fn scraping(web: SocketAddr) -> Option<Self> {
        let program = installed("prometheus")?;
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n  \
             - {{job_name: vedetta, static_configs: [{{targets: [\"{web}\"]}}]}}\n"
        );
        fs::write(&config, text).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn");
        let mut daemon = Daemon::start(&mut command, &folder.path().join("prometheus.log"));
        eventually("prometheus listens", || {
            daemon.assert_runs();
            std::net::TcpStream::connect(address).ok()
        });
        Some(Self { address, daemon, _folder: folder })
    }

    /// The rows of an instant query, as soon as it has any: the labels of each and its value.
    pub fn rows(&mut self, query: &str) -> Vec<(Value, f64)> {
        let path = format!("/api/v1/query?query={}", percent_encoded(query));
        eventually(&format!("prometheus answers {query}"), || {
            self.daemon.assert_runs();
            let answer = std::panic::catch_unwind(|| get(self.address, &path)).ok()?;
            let answer: Value = serde_json::from_str(&answer).ok()?;
            let rows = answer["data"]["result"].as_array()?.iter().map(|row| {
                let value = row["value"][1].as_str().unwrap().parse().unwrap();
                (row["metric"].clone(), value)
            });
            Some(rows.collect::<Vec<_>>()).filter(|rows| !rows.is_empty())
        })
    }
}

/// What `promtool check metrics` says against an exposition in the older format: nothing, if all is well. `None` when
/// it is not installed.
pub fn promtool_objects(exposition: &str) -> Option<String> {
    let program: PathBuf = installed("promtool")?;
    let mut child = Command::new(program)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(exposition.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&said).into_owned())
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"))
}
