//! The peer: `blackbox_exporter`, asked by Prometheus.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use harness::binaries::installed;
use harness::daemon::Daemon;
use harness::eventually;
use harness::place::get;
use harness::ports::free_port;

use crate::Round;
use crate::load::Load;
use crate::process::{cpu_s, peak_kib};

const WARM_UP: Duration = Duration::from_secs(4);

/// `None` when it is not installed.
pub(crate) fn round(load: &Load) -> Option<Round> {
    let (exporter, prometheus) = (installed("prometheus-blackbox-exporter")?, installed("prometheus")?);
    let folder = tempfile::tempdir().unwrap();
    let (exporter_port, web_port) = (free_port(), free_port());
    load.write_peer(folder.path(), exporter_port);
    let in_folder = |name: &str| folder.path().join(name).display().to_string();
    let exporter = Daemon::start(
        Command::new(exporter)
            .arg(format!("--config.file={}", in_folder("blackbox.yml")))
            .arg(format!("--web.listen-address=127.0.0.1:{exporter_port}"))
            .arg("--log.level=error"),
        &folder.path().join("blackbox.log"),
    );
    listens(exporter_port);
    let prometheus = Daemon::start(
        Command::new(prometheus)
            .arg(format!("--config.file={}", in_folder("prometheus.yml")))
            .arg(format!("--storage.tsdb.path={}", in_folder("data")))
            .arg(format!("--web.listen-address=127.0.0.1:{web_port}"))
            .arg("--log.level=error"),
        &folder.path().join("prometheus.log"),
    );
    listens(web_port);
    std::thread::sleep(WARM_UP + Duration::from_secs(u64::from(load.every_s)));
    let before = (cpu_s(exporter.pid()), cpu_s(prometheus.pid()));
    std::thread::sleep(Duration::from_secs(u64::from(load.seconds)));
    let (prober_s, taker_s) = (cpu_s(exporter.pid()) - before.0, cpu_s(prometheus.pid()) - before.1);
    let over = format!("_over_time(probe_success%5B{}s%5D))", load.seconds);
    let probes = query(web_port, &format!("sum(count{over}"));
    let good = query(web_port, &format!("sum(sum{over}"));
    Some(Round {
        probes,
        false_ones: probes.saturating_sub(good),
        prober_s,
        taker_s,
        prober_kib: peak_kib(exporter.pid()),
        taker_kib: peak_kib(prometheus.pid()),
    })
}

fn listens(port: u16) {
    eventually("a peer listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
}

/// The only value of an instant query.
fn query(port: u16, query: &str) -> u64 {
    let answer = get(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), &format!("/api/v1/query?query={query}"));
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    answer["data"]["result"][0]["value"][1].as_str().map_or(0, |value| value.parse().unwrap())
}
