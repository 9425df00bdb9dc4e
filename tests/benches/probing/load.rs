//! The targets, and how both sides are told of them.

use std::fmt::Write as _;
use std::path::Path;

use harness::servers::{Nginx, Unbound};

/// What is asked of both sides.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) kind: &'static str,
    pub(crate) checks: u32,
    pub(crate) every_s: u32,
    pub(crate) seconds: u32,
    server: Server,
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
enum Server {
    Nginx(Nginx),
    Unbound(Unbound),
    Kernel,
}

impl Load {
    /// By the command line; `None`, with a word why, when its server is not installed.
    pub(crate) fn of(arguments: &[String]) -> Option<Self> {
        let number = |n: usize, default: u32| arguments.get(n).map_or(default, |text| text.parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let (kind, server) = match arguments.first().map_or("http", String::as_str) {
            "http" => ("http", Server::Nginx(Nginx::start(folder.path())?)),
            "tcp" => ("tcp", Server::Nginx(Nginx::start(folder.path())?)),
            "dns" => ("dns", Server::Unbound(Unbound::start(folder.path())?)),
            "icmp" => ("icmp", Server::Kernel),
            other => panic!("`{other}` is not one of http, tcp, dns, icmp"),
        };
        let (checks, every_s, seconds) = (number(1, 200), number(2, 1), number(3, 20));
        Some(Self { kind, checks, every_s, seconds, server, _folder: folder })
    }

    /// One target as our charter has it.
    fn target(&self, n: u32) -> String {
        match &self.server {
            Server::Nginx(nginx) if self.kind == "http" => format!("http://127.0.0.1:{}/{n}", nginx.port),
            Server::Nginx(nginx) => format!("127.0.0.1:{}", nginx.port),
            Server::Unbound(unbound) => format!("127.0.0.1:{}", unbound.port),
            Server::Kernel => format!("127.0.{}.{}", n / 250, n % 250 + 1),
        }
    }

    /// The charter's services, indented by two.
    pub(crate) fn services(&self) -> String {
        let own = match self.kind {
            "dns" => ", ask: servizio.esempio.test A",
            "icmp" => ", packets: 1",
            _ => "",
        };
        let mut text = "  banco:\n    components:\n".to_owned();
        for first in (0..self.checks).step_by(100) {
            let _ = write!(
                text,
                "      c{first}: {{probe: {}, every: {}s, timeout: 900ms, attempts: 1{own}, targets: {{",
                self.kind, self.every_s
            );
            for n in first..(first + 100).min(self.checks) {
                let _ = write!(text, "t{n}: \"{}\", ", self.target(n));
            }
            text.push_str("}}\n");
        }
        text
    }

    /// The exporter's modules: one, `probe`.
    pub(crate) fn modules(&self) -> String {
        let module = match self.kind {
            "http" => "prober: http\n    http: {preferred_ip_protocol: ip4}",
            "tcp" => "prober: tcp\n    tcp: {preferred_ip_protocol: ip4}",
            "dns" => {
                "prober: dns\n    dns: {query_name: servizio.esempio.test, query_type: A, preferred_ip_protocol: ip4}"
            }
            _ => "prober: icmp\n    icmp: {preferred_ip_protocol: ip4}",
        };
        format!("modules:\n  probe:\n    {module}\n")
    }

    /// Prometheus's configuration, with the exporter at `exporter`.
    pub(crate) fn scrapes(&self, exporter: u16) -> String {
        let targets: Vec<String> = (0..self.checks).map(|n| format!("\"{}\"", self.target(n))).collect();
        // As many targets with one address need something else to tell them apart, which http has in its path.
        let groups: Vec<String> = targets
            .iter()
            .enumerate()
            .map(|(n, target)| format!("      - {{targets: [{target}], labels: {{n: \"{n}\"}}}}\n"))
            .collect();
        format!(
            "global: {{scrape_interval: {every}s, scrape_timeout: {every}s}}\n\
             scrape_configs:\n  - job_name: probe\n    metrics_path: /probe\n    params: {{module: [probe]}}\n    \
             static_configs:\n{}    relabel_configs:\n      \
             - {{source_labels: [__address__], target_label: __param_target}}\n      \
             - {{source_labels: [__param_target], target_label: instance}}\n      \
             - {{target_label: __address__, replacement: \"127.0.0.1:{exporter}\"}}\n",
            groups.concat(),
            every = self.every_s,
        )
    }

    /// Writes both files of the peer.
    pub(crate) fn write_peer(&self, folder: &Path, exporter: u16) {
        std::fs::write(folder.join("blackbox.yml"), self.modules()).unwrap();
        std::fs::write(folder.join("prometheus.yml"), self.scrapes(exporter)).unwrap();
    }
}
