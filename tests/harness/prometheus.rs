//! Debian's Prometheus, which scrapes a collector as an operator's would, and its promtool.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::binaries::installed;
use crate::daemon::Daemon;
use crate::eventually;
use crate::place::get;
use crate::ports::free_port;

/// What was scraped of a collector at instants of the past, with its time stamps: what a backfill is made of.
#[derive(Debug, Default)]
pub struct Backfill {
    /// `OpenMetrics`, without descriptions, not ended.
    text: String,
}

impl Backfill {
    /// Adds an exposition in the older format, as of this instant, Unix ms, and that its target was up.
    pub fn scrape(&mut self, exposition: &str, at_ms: i64) {
        let at = format!("{}.{:03}", at_ms / 1000, at_ms % 1000);
        let target = "job=\"vedetta\",instance=\"collettore\"";
        for line in exposition.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let series = match series.split_once('{') {
                Some((name, labels)) => format!("{name}{{{target},{labels}"),
                None => format!("{series}{{{target}}}"),
            };
            self.text.extend([&series, " ", value, " ", &at, "\n"]);
        }
        self.text.extend(["up{", target, "} 1 ", &at, "\n"]);
    }
}

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
        Self::with(web, "", &[])
    }

    /// The same with more of its configuration, and files beside it.
    pub fn with(web: SocketAddr, more: &str, files: &[(&str, &str)]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let text = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nscrape_configs:\n  \
             - {{job_name: vedetta, static_configs: [{{targets: [\"{web}\"]}}]}}\n{more}"
        );
        // The first alerts may come before Alertmanager is known; the usual minute is too long for a story.
        Self::started(folder, &text, &["--rules.alert.resend-delay=1s"])
    }

    /// Of what was scraped in the past, with these files of rules; a value holds for `lookback` as it holds for five
    /// minutes where scrapes follow each other as usual. `None` when Prometheus or promtool is not installed.
    pub fn remembering(past: Backfill, rules: &[PathBuf], lookback: &str) -> Option<Self> {
        let promtool = installed("promtool")?;
        let folder = tempfile::tempdir().unwrap();
        let scraped = folder.path().join("scraped.txt");
        fs::write(&scraped, past.text + "# EOF\n").unwrap();
        let mut blocks = Command::new(promtool);
        blocks.args(["tsdb", "create-blocks-from", "--max-block-duration=720h", "openmetrics"]);
        let output = blocks.arg(&scraped).arg(folder.path().join("data")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // JSON is YAML.
        let text = json!({"global": {"evaluation_interval": "1h"}, "rule_files": rules}).to_string();
        let lookback = format!("--query.lookback-delta={lookback}");
        Self::started(folder, &text, &["--storage.tsdb.retention.time=100y", &lookback])
    }

    fn started(folder: tempfile::TempDir, text: &str, more: &[&str]) -> Option<Self> {
        let program = installed("prometheus")?;
        let config = folder.path().join("prometheus.yml");
        fs::write(&config, text).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn")
            .args(more);
        let mut daemon = Daemon::start(&mut command, &folder.path().join("prometheus.log"));
        eventually("prometheus is ready", || {
            daemon.assert_runs();
            TcpStream::connect(address).ok()?;
            request(address, "/-/ready").contains(" 200 ").then_some(())
        });
        Some(Self { address, daemon, _folder: folder })
    }

    /// The rows of a query of one instant, Unix s, or why it has no answer.
    pub fn rows_at(&self, query: &str, at_s: i64) -> Result<Vec<(Value, f64)>, String> {
        let answer = self.asked(&format!("/api/v1/query?query={}&time={at_s}", percent_encoded(query)))?;
        let row = |row: &Value| (row["metric"].clone(), row["value"][1].as_str().unwrap().parse().unwrap());
        Ok(answer["data"]["result"].as_array().unwrap().iter().map(row).collect())
    }

    /// How many series a query has over a range, Unix s, or why it has no answer.
    pub fn lines_over(&self, query: &str, (from_s, to_s): (i64, i64), step_s: i64) -> Result<usize, String> {
        let range = format!("start={from_s}&end={to_s}&step={step_s}");
        let answer = self.asked(&format!("/api/v1/query_range?query={}&{range}", percent_encoded(query)))?;
        Ok(answer["data"]["result"].as_array().unwrap().len())
    }

    /// The rules that it has loaded: the kind (`recording` or `alerting`), name and query of each.
    pub fn rules(&self) -> Vec<[String; 3]> {
        let answer = self.asked("/api/v1/rules").unwrap();
        let groups = answer["data"]["groups"].as_array().unwrap();
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
        rules
            .map(|rule| ["type", "name", "query"].map(|key| rule[key].as_str().unwrap().to_owned()))
            .collect()
    }

    fn asked(&self, path: &str) -> Result<Value, String> {
        let answer = request(self.address, path);
        let (_, body) = answer.split_once("\r\n\r\n").ok_or_else(|| answer.clone())?;
        let answer: Value = serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))?;
        if answer["status"] == "success" { Ok(answer) } else { Err(answer["error"].to_string()) }
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

/// The whole answer to a `GET`, whatever its status.
fn request(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // 1.0: no chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"))
}
