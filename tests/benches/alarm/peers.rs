//! The peers: `blackbox_exporter` asked by Prometheus, whose rule Alertmanager mails.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::binaries::installed;
use harness::daemon::Daemon;
use harness::eventually;
use harness::ports::free_port;

use crate::{Process, STEADY, Stage};

/// Everything that the whole takes, MiB; `None` when it is not installed.
pub(crate) fn run(stage: Stage) -> Option<f64> {
    let programs = ["prometheus-blackbox-exporter", "prometheus", "prometheus-alertmanager"].map(installed);
    let [Some(exporter), Some(prometheus), Some(alertmanager)] = programs else { return None };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let [exporter_port, prometheus_port, alertmanager_port] = [(); 3].map(|()| free_port());
    write(folder, &stage, exporter_port, alertmanager_port);
    let exporter = started(folder, exporter, "blackbox", exporter_port, &[]);
    let data = format!("--storage.path={}", folder.join("notes").display());
    let alone = "--cluster.listen-address=".to_owned();
    let alertmanager = started(folder, alertmanager, "alertmanager", alertmanager_port, &[data, alone]);
    let data = format!("--storage.tsdb.path={}", folder.join("data").display());
    let prometheus = started(folder, prometheus, "prometheus", prometheus_port, &[data]);
    let memory = stage.tell(
        "peers",
        &[
            Process { name: "blackbox_exporter", pid: exporter.pid() },
            Process { name: "prometheus", pid: prometheus.pid() },
            Process { name: "alertmanager", pid: alertmanager.pid() },
        ],
    );
    Some(memory)
}

fn started(folder: &Path, program: PathBuf, name: &str, port: u16, more: &[String]) -> Daemon {
    let mut command = Command::new(program);
    command
        .arg(format!("--config.file={}", folder.join(format!("{name}.yml")).display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--log.level=error")
        .args(more);
    let daemon = Daemon::start(&mut command, &folder.join(format!("{name}.log")));
    eventually("a peer listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
    daemon
}

fn write(folder: &Path, stage: &Stage, exporter: u16, alertmanager: u16) {
    let of = |address: String, n: usize| format!("{{targets: [\"{address}\"], labels: {{n: \"{n}\"}}}}");
    let ending = stage.ending.iter().map(|target| target.address().to_string());
    let steady = (0..STEADY).map(|_| stage.steady.address().to_string());
    let targets: Vec<String> = ending.chain(steady).zip(0..).map(|(address, n)| of(address, n)).collect();
    let files = [
        ("blackbox.yml", "modules:\n  probe:\n    prober: tcp\n    timeout: 900ms\n".to_owned()),
        (
            "prometheus.yml",
            format!(
                "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
                 rule_files: [rules.yml]\n\
                 alerting: {{alertmanagers: [{{static_configs: [{{targets: [\"127.0.0.1:{alertmanager}\"]}}]}}]}}\n\
                 scrape_configs:\n  - job_name: probe\n    metrics_path: /probe\n    params: {{module: [probe]}}\n    \
                 static_configs: [{}]\n    relabel_configs:\n      \
                 - {{source_labels: [__address__], target_label: __param_target}}\n      \
                 - {{source_labels: [__param_target], target_label: instance}}\n      \
                 - {{target_label: __address__, replacement: \"127.0.0.1:{exporter}\"}}\n",
                targets.join(", ")
            ),
        ),
        (
            "rules.yml",
            // Two failed samples in a row, as ours.
            "groups: [{name: g, rules: [{alert: Giu, expr: 'probe_success == 0', for: 1s}]}]\n".to_owned(),
        ),
        (
            "alertmanager.yml",
            format!(
                "global: {{smtp_smarthost: \"{}\", smtp_from: am@comune.example, smtp_require_tls: false, smtp_hello: \
                 localhost}}\nroute: {{receiver: turno, group_by: [instance], group_wait: 0s, group_interval: 1s, \
                 repeat_interval: 24h}}\nreceivers: [{{name: turno, email_configs: [{{to: turno@comune.example, \
                 send_resolved: false}}]}}]\n",
                stage.relay.address()
            ),
        ),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
}
