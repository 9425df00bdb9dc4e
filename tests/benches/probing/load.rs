//! The targets, and how both sides are told of them.

use std::fmt::Write as _;
use std::path::Path;

use harness::clocks::Chrony;
use harness::servers::{Certificate, Nginx, Unbound};
use harness::snmp_agents::{AUTH, COMMUNITY, PRIVACY, SnmpAgent, USER};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// The plugin's question; ours asks for two more times beside it, in the same datagram.
const SYS_UPTIME: &str = ".1.3.6.1.2.1.1.3.0";
/// Who asks for mail to be taken, and for whom.
const SENDER: &str = "sonda@prova.example";
/// See [`SENDER`].
const MAILBOX: &str = "sonda@comune.example";
/// The same as the plugin wants it.
const RCPT: &str = "RCPT TO:<sonda@comune.example>";

/// What is asked of both sides.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) kind: &'static str,
    pub(crate) checks: u32,
    pub(crate) every_s: u32,
    pub(crate) seconds: u32,
    server: Server,
    /// Of https: the PEM that both sides trust.
    authority: String,
    folder: tempfile::TempDir,
}

#[derive(Debug)]
enum Server {
    Nginx(Nginx),
    /// With the port that speaks TLS.
    Secure(#[expect(dead_code, reason = "runs until it is dropped")] Nginx, u16),
    Unbound(Unbound),
    Kernel,
    Snmp(SnmpAgent),
    Chrony(Chrony),
    /// A port that takes mail.
    Mail(u16),
}

/// A plugin and its arguments.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) name: &'static str,
    pub(crate) arguments: Vec<String>,
}

impl Load {
    /// By the command line; `None`, with a word why, when its server is not installed.
    pub(crate) fn of(arguments: &[String]) -> Option<Self> {
        let number = |n: usize, default: u32| arguments.get(n).map_or(default, |text| text.parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let mut authority = String::new();
        let (kind, server) = match arguments.first().map_or("http", String::as_str) {
            "http" => ("http", Server::Nginx(Nginx::start(folder.path())?)),
            "https" => {
                let certificate = certificate(&mut authority);
                let (nginx, ports) = Nginx::with_certificates(folder.path(), &[certificate])?;
                ("https", Server::Secure(nginx, ports[0]))
            }
            "tcp" => ("tcp", Server::Nginx(Nginx::start(folder.path())?)),
            "dns" => ("dns", Server::Unbound(Unbound::start(folder.path())?)),
            "icmp" => ("icmp", Server::Kernel),
            "snmp" => ("snmp", Server::Snmp(SnmpAgent::of_itself(folder.path())?)),
            "snmp3" => ("snmp3", Server::Snmp(SnmpAgent::of_itself(folder.path())?)),
            "ntp" => ("ntp", Server::Chrony(Chrony::start(folder.path())?)),
            "smtp" => ("smtp", Server::Mail(crate::mail::serve())),
            other => panic!("`{other}` is not one of http, https, tcp, dns, icmp, snmp, snmp3, ntp, smtp"),
        };
        let (checks, every_s, seconds) = (number(1, 200), number(2, 1), number(3, 20));
        std::fs::write(folder.path().join("ca.pem"), &authority).unwrap();
        Some(Self { kind, checks, every_s, seconds, server, authority, folder })
    }

    /// One target as our charter has it.
    fn target(&self, n: u32) -> String {
        match &self.server {
            Server::Nginx(nginx) if self.kind == "http" => format!("http://127.0.0.1:{}/{n}", nginx.port),
            Server::Nginx(nginx) => format!("127.0.0.1:{}", nginx.port),
            Server::Secure(_, port) => format!("https://127.0.0.1:{port}/{n}"),
            Server::Unbound(unbound) => format!("127.0.0.1:{}", unbound.port),
            Server::Kernel => format!("127.0.{}.{}", n / 250, n % 250 + 1),
            Server::Snmp(agent) => agent.address(),
            Server::Chrony(chrony) => format!("127.0.0.1:{}", chrony.port),
            Server::Mail(port) => format!("127.0.0.1:{port}"),
        }
    }

    /// The peer where the exporter has no such probe.
    pub(crate) fn plugin(&self) -> Option<Plugin> {
        let (host, port) =
            self.target(0).rsplit_once(':').map(|(host, port)| (host.to_owned(), port.to_owned()))?;
        let (name, own): (_, &[&str]) = match self.kind {
            "snmp" => ("check_snmp", &["-P", "2c", "-C", COMMUNITY, "-o", SYS_UPTIME]),
            "snmp3" => {
                let user = &["-P", "3", "-L", "authPriv", "-U", USER, "-a", "SHA-256", "-A", AUTH];
                let all = [user, &["-x", "AES", "-X", PRIVACY, "-o", SYS_UPTIME][..]].concat();
                return Some(plugin("check_snmp", &host, &port, &all));
            }
            "ntp" => ("check_ntp_time", &["-w", "0.5", "-c", "1"]),
            // As deep: HELO, MAIL, RCPT, QUIT.
            "smtp" => ("check_smtp", &["-f", SENDER, "-C", RCPT, "-R", "250"]),
            _ => return None,
        };
        Some(plugin(name, &host, &port, own))
    }

    /// What our agent is given: name, secret, where it may go.
    pub(crate) fn secrets(&self) -> Vec<(&'static str, &'static str, String)> {
        let Server::Snmp(agent) = &self.server else { return Vec::new() };
        let all = [("comunita", COMMUNITY), ("firme", AUTH), ("cifratura", PRIVACY)];
        all.map(|(name, secret)| (name, secret, format!("snmp://{}", agent.address()))).to_vec()
    }

    /// The charter's services, indented by two.
    pub(crate) fn services(&self) -> String {
        let of_mail = format!(", mode: plain, depth: rcpt, sender: {SENDER}, rcpt: {MAILBOX}");
        let of_user = format!(
            ", version: \"3\", user: {USER}, auth: sha256, secret: firme, privacy: aes128, privacy_secret: cifratura"
        );
        let own = match self.kind {
            "snmp" => ", version: 2c, secret: comunita",
            "snmp3" => &of_user,
            "ntp" => ", max_stratum: 10",
            "smtp" => &of_mail,
            "dns" => ", ask: servizio.esempio.test A",
            "icmp" => ", packets: 1",
            "https" => ", tls: {authority: ca.pem}",
            _ => "",
        };
        let mut text = "  banco:\n    components:\n".to_owned();
        for first in (0..self.checks).step_by(100) {
            let _ = write!(
                text,
                "      c{first}: {{probe: {}, every: {}s, timeout: 900ms, attempts: 1{own}, targets: {{",
                match self.kind {
                    "https" => "http",
                    "snmp3" => "snmp",
                    kind => kind,
                },
                self.every_s
            );
            for n in first..(first + 100).min(self.checks) {
                let _ = write!(text, "t{n}: \"{}\", ", self.target(n));
            }
            text.push_str("}}\n");
        }
        text
    }

    /// Files that the charter names.
    pub(crate) fn files(&self) -> [(&str, &str); 1] {
        [("ca.pem", &self.authority)]
    }

    /// The exporter's modules: one, `probe`.
    pub(crate) fn modules(&self) -> String {
        let module = match self.kind {
            "http" => "prober: http\n    http: {preferred_ip_protocol: ip4}".to_owned(),
            "https" => format!(
                "prober: http\n    http: {{preferred_ip_protocol: ip4, tls_config: {{ca_file: {:?}}}}}",
                self.folder.path().join("ca.pem").display().to_string()
            ),
            "tcp" => "prober: tcp\n    tcp: {preferred_ip_protocol: ip4}".to_owned(),
            "dns" => {
                "prober: dns\n    dns: {query_name: servizio.esempio.test, query_type: A, preferred_ip_protocol: ip4}"
                    .to_owned()
            }
            _ => "prober: icmp\n    icmp: {preferred_ip_protocol: ip4}".to_owned(),
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

fn plugin(name: &'static str, host: &str, port: &str, own: &[&str]) -> Plugin {
    let arguments = ["-H", host, "-p", port].iter().chain(own).map(|word| (*word).to_owned()).collect();
    Plugin { name, arguments }
}

/// A leaf for 127.0.0.1, ECDSA P-256, of an authority whose PEM goes to `authority`.
fn certificate(authority: &mut String) -> Certificate {
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
    *authority = root.pem();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    Certificate { chain: leaf.signed_by(&key, &root).unwrap().pem(), key: key.serialize_pem() }
}
