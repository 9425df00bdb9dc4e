//! The peers: the same samples imported, the same figures asked for in `PromQL`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::binaries::installed;
use harness::daemon::Daemon;
use harness::ports::free_port;

use crate::ask::{ask, timed, until_it_listens};
use crate::process::peak_kib;
use crate::world::{MEMBERS, MINUTE_MS, MINUTES, START_MS, Said, World};
use crate::{Answered, Measured};

const ROUNDS: usize = 3;
/// A second of a year.
const TOLERANCE: f64 = 1.0 / (365.0 * 86_400.0);

/// victoria-metrics, by its import of JSON lines.
pub(crate) fn victoria(world: &World) -> Option<Measured> {
    let program = installed("victoria-metrics")?;
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let port = free_port();
        let daemon = Daemon::start(
            Command::new(&program)
                .arg(format!("-storageDataPath={}", folder.path().join("data").display()))
                .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
                .args([
                    "-retentionPeriod=10y",
                    "-search.maxQueryDuration=20m",
                    "-search.maxPointsPerTimeseries=1000000",
                ]),
            &folder.path().join("log"),
        );
        until_it_listens(port);
        (daemon, port)
    };
    let (daemon, port) = start();
    for check in 0..world.checks() {
        ask(port, "POST", "/api/v1/import", lines(world, check).as_bytes());
    }
    ask(port, "GET", "/internal/force_flush", &[]);
    // Fresh parts are small and many: what it keeps is what they become. It says in its log when it is done.
    ask(port, "GET", "/internal/force_merge", &[]);
    harness::eventually("victoria-metrics has merged its parts", || {
        daemon.log().contains("has been successfully finished").then_some(())
    });
    daemon.terminate();
    // Samples and their index; what it caches beside them is no record.
    let record = ["data/data", "data/indexdb"].map(|part| folder.path().join(part));
    Some(asked("victoria-metrics", world, &record, start))
}

/// Prometheus, by blocks of a year.
pub(crate) fn prometheus(world: &World) -> Option<Measured> {
    let (program, promtool) = (installed("prometheus")?, installed("promtool")?);
    let folder = tempfile::tempdir().unwrap();
    let (text, data) = (folder.path().join("year.om"), folder.path().join("data"));
    write_open_metrics(world, &text);
    let made = Command::new(promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=8760h", "--quiet"])
        .args([&text, &data])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::remove_file(&text).unwrap();
    std::fs::write(folder.path().join("prometheus.yml"), "{}\n").unwrap();
    let start = || {
        let port = free_port();
        let daemon = Daemon::start(
            Command::new(&program)
                .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
                .arg(format!("--storage.tsdb.path={}", data.display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .args(["--storage.tsdb.retention.time=10y", "--query.max-samples=1000000000"])
                .args(["--query.timeout=20m", "--log.level=error"]),
            &folder.path().join("log"),
        );
        until_it_listens(port);
        harness::eventually("prometheus is ready", || {
            let answer = std::panic::catch_unwind(|| ask(port, "GET", "/-/ready", &[]));
            answer.ok()
        });
        (daemon, port)
    };
    Some(asked("prometheus", world, std::slice::from_ref(&data), start))
}

/// Asks a fresh process for the checks, and another one for the services.
fn asked(
    name: &'static str,
    world: &World,
    record: &[PathBuf],
    start: impl Fn() -> (Daemon, u16),
) -> Measured {
    let checks = answered(&start, &["avg_over_time(probe_success[1y])".to_owned()], |figures| {
        (0..world.checks()).filter(|check| wrong(figures, &format!("t{check}"), world.share(*check))).count()
    });
    let all = world.members(0).len();
    let quorum = |need: usize| {
        format!("avg_over_time((sum by (service) (probe_success{{need=\"{need}\"}}) >= bool {need})[1y:1m])")
    };
    let services = answered(&start, &[quorum(all), quorum(2)], |figures| {
        (0..world.services())
            .filter(|service| wrong(figures, &format!("s{service}"), world.quorum_share(*service)))
            .count()
    });
    Measured { name, checks, services, bytes: record.iter().map(|folder| bytes_of(folder)).sum() }
}

fn answered(
    start: &impl Fn() -> (Daemon, u16),
    queries: &[String],
    inexact: impl Fn(&[(String, f64)]) -> usize,
) -> Answered {
    let (daemon, port) = start();
    let end_s = (START_MS + i64::try_from(MINUTES).unwrap() * MINUTE_MS) / 1000;
    let (bodies, [first, median]) = timed(ROUNDS, || {
        let (mut bodies, mut took) = (Vec::new(), Duration::ZERO);
        for query in queries {
            let path = format!("/api/v1/query?time={end_s}&query={}", escaped(query));
            let (body, one) = ask(port, "GET", &path, &[]);
            bodies.push(body);
            took += one;
        }
        (bodies, took)
    });
    let peak_kib = peak_kib(daemon.pid());
    daemon.terminate();
    let figures: Vec<(String, f64)> = bodies.iter().flat_map(|body| figures(body)).collect();
    Answered { first, median, figures: figures.len(), inexact: inexact(&figures), peak_kib }
}

fn wrong(figures: &[(String, f64)], name: &str, expected: f64) -> bool {
    let told = figures.iter().find(|(told, _)| told == name);
    told.is_none_or(|(_, share)| (share - expected).abs() > TOLERANCE)
}

/// The name (check or service) and value of each series of an instant query.
fn figures(body: &str) -> Vec<(String, f64)> {
    let answer: serde_json::Value = serde_json::from_str(body).unwrap();
    let series = answer["data"]["result"].as_array().unwrap();
    let figure = |series: &serde_json::Value| {
        let labels = &series["metric"];
        let name = labels["check"].as_str().or_else(|| labels["service"].as_str()).unwrap();
        (name.to_owned(), series["value"][1].as_str().unwrap().parse().unwrap())
    };
    series.iter().map(figure).collect()
}

fn labels(world: &World, check: usize) -> [(&'static str, String); 3] {
    let service = check / MEMBERS;
    [
        ("check", format!("t{check}")),
        ("service", format!("s{service}")),
        ("need", world.need(service).to_string()),
    ]
}

/// `(at_ms, 0 or 1)` of every sample.
fn values(world: &World, check: usize) -> impl Iterator<Item = (i64, u8)> {
    (0..)
        .zip(&world.said[check])
        .filter(|(_, said)| **said != Said::Nothing)
        .map(|(minute, said): (i64, _)| (START_MS + minute * MINUTE_MS, u8::from(*said == Said::Ok)))
}

/// A check's year for `/api/v1/import`, a month or so a line.
fn lines(world: &World, check: usize) -> String {
    let mut text = String::new();
    let metric = labels(world, check).map(|(name, value)| format!("\"{name}\":\"{value}\""));
    let values: Vec<(i64, u8)> = values(world, check).collect();
    for values in values.chunks(40_000) {
        let list = |of: &dyn Fn(&(i64, u8)) -> String| values.iter().map(of).collect::<Vec<_>>().join(",");
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{{\"metric\":{{\"__name__\":\"probe_success\",{}}},\"values\":[{}],\"timestamps\":[{}]}}",
            metric.join(","),
            list(&|(_, value)| value.to_string()),
            list(&|(at_ms, _)| at_ms.to_string()),
        );
    }
    text
}

fn write_open_metrics(world: &World, path: &Path) {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    writeln!(file, "# TYPE probe_success gauge").unwrap();
    for check in 0..world.checks() {
        let labels = labels(world, check).map(|(name, value)| format!("{name}=\"{value}\"")).join(",");
        for (at_ms, value) in values(world, check) {
            writeln!(file, "probe_success{{{labels}}} {value} {}", at_ms / 1000).unwrap();
        }
    }
    writeln!(file, "# EOF").unwrap();
    file.flush().unwrap();
}

fn bytes_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let size = |entry: std::fs::DirEntry| {
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() { bytes_of(&entry.path()) } else { metadata.len() }
    };
    entries.map(size).sum()
}

fn escaped(query: &str) -> String {
    query.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() {
            text.push(byte.into());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
