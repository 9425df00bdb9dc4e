//! Durable acknowledged samples per second through the front door, beside a Prometheus in the same run.
//!
//! `cargo bench -p collector --bench wire [-- DIRECTORY]`. Both servers are processes of their own and take
//! 500 samples a request on eight connections; sender and server share the machine. Ours is `vedetta serve`
//! with TLS, signed batches and a sync before every acknowledgement; each connection carries eight agents in
//! turn, because one agent may ask no more than 100 times a second. Prometheus gets remote write 1.0 without
//! TLS and syncs nothing before it answers. Without `prometheus` on the PATH its rounds are left out.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod load;
#[path = "wire/peer.rs"]
mod peer;
#[path = "wire/post.rs"]
mod post;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use collector::serve::Listening;
use collector_api::{EnrolLine, EnrolRequest, Route, header};
use load::{Outcome, Prepared, SAMPLES};
use post::{Request, Round};
use prost::Message as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

pub(crate) const CONNECTIONS: usize = 8;
/// Of one connection and round.
pub(crate) const REQUESTS: usize = 800;
const ROUNDS: usize = 3;
const AGENTS: u8 = 64;

fn main() -> Outcome<()> {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let parent = named.as_deref().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")));
    let home = tempfile::tempdir_in(parent)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ours = Ours::start(home.path())?;
    runtime.block_on(ours.enrol())?;
    println!(
        "{CONNECTIONS} connections x {REQUESTS} requests x {SAMPLES} samples, {ROUNDS} rounds in turn, in {}\n",
        home.path().display()
    );
    println!("{:>12} {:>14} {:>10} {:>10} {:>16}", "", "samples/s", "p50 ms", "p99 ms", "server CPU s/1M");
    let (mut our_rates, mut peer_rates) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        our_rates.push(runtime.block_on(ours.round(round))?.told("vedetta"));
        if let Some(peer) = runtime.block_on(peer::Prometheus::start(home.path(), round))? {
            peer_rates.push(runtime.block_on(peer.round())?.told("prometheus"));
        }
    }
    let rate = load::median(&mut our_rates);
    println!("\n{rate:>12.0} samples acknowledged per second, each synced before (median)");
    if !peer_rates.is_empty() {
        let peer = load::median(&mut peer_rates);
        println!("{:>12.2} times Prometheus, which synced none", rate / peer);
    }
    Ok(())
}

/// Samples must be of the recent past: both servers judge them by the calendar.
#[expect(clippy::disallowed_methods, reason = "a benchmark has no clock to be given")]
pub(crate) fn now_ms() -> Outcome<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

/// A child process that ends with its owner.
#[derive(Debug)]
pub(crate) struct Server(Child);

impl Server {
    /// User and system CPU so far, s.
    pub(crate) fn cpu_s(&self) -> Outcome<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u32 = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
        // Linux shows it in hundredths whatever the kernel's own tick is.
        Ok(f64::from(ticks) / 100.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again until there is an answer, for a minute.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> Outcome<T> {
    let until = Instant::now() + Duration::from_mins(1);
    while Instant::now() < until {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("{what}: not within a minute").into())
}

/// `vedetta serve` and its 64 agents.
struct Ours {
    server: Server,
    lines: Vec<EnrolLine>,
    agents: Vec<Prepared>,
}

impl Ours {
    fn start(home: &Path) -> Outcome<Self> {
        let vedetta = || Command::new(env!("CARGO_BIN_EXE_vedetta"));
        let place = home.join("vedetta");
        let init = vedetta().args(["init", "--dir"]).arg(&place).output()?;
        if !init.status.success() {
            return Err(String::from_utf8_lossy(&init.stderr).into_owned().into());
        }
        let names: Vec<String> = (0..AGENTS).map(|n| format!("agent{n}")).collect();
        let charter = format!(
            "organisation: {{name: Banco di prova}}\nsites: {{ced: {{agents: [{}]}}}}\n\
             services: {{banco: {{components: {{porta: {{probe: tcp, targets: {{una: \"192.0.2.1:443\"}}}}}}}}}}\n\
             collector: {{agents: {{listen: \"127.0.0.1:0\"}}, web: {{listen: \"127.0.0.1:0\"}}, state: state}}\n",
            names.join(", ")
        );
        let config = place.join("vedetta.yaml");
        fs::write(&config, charter)?;
        let log = fs::File::create(place.join("log"))?;
        let child = vedetta()
            .args(["serve", "--config"])
            .arg(&config)
            .stderr(Stdio::from(log))
            .stdout(Stdio::null())
            .spawn()?;
        let server = Server(child);
        let told = place.join("state/listening.json");
        let listening: Listening =
            eventually("vedetta listens", || serde_json::from_slice(&fs::read(&told).ok()?).ok())?;
        let mut lines = Vec::new();
        for name in &names {
            let added = vedetta().args(["agent", "add", name, "--config"]).arg(&config).output()?;
            let text = String::from_utf8(added.stdout)?;
            let line = text.lines().find(|line| line.trim_start().starts_with("vedetta1:"));
            let mut line = EnrolLine::from_line(line.ok_or("no enrolment line")?)?;
            line.addresses = vec![listening.agents.to_string()];
            lines.push(line);
        }
        let per_agent = u32::try_from(REQUESTS * CONNECTIONS * ROUNDS)? / u32::from(AGENTS);
        let span_ms = i64::from(per_agent) * load::INTERVAL_MS;
        let begin_ms = now_ms()? - span_ms;
        let agents = (0..AGENTS).map(|n| load::prepare(n, begin_ms, per_agent)).collect::<Outcome<_>>()?;
        Ok(Self { server, lines, agents })
    }

    async fn enrol(&self) -> Outcome<()> {
        for (agent, line) in self.agents.iter().zip(&self.lines) {
            let body = EnrolRequest::new(&line.agent, &line.code, "0.1.0", &agent.key).encode_to_vec();
            let request = request(Route::Enrol, None, body);
            post::all(self.connect().await?, vec![request]).await?;
        }
        Ok(())
    }

    async fn connect(&self) -> Outcome<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
        let line = &self.lines[0];
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(line.authority.clone()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = tokio::net::TcpStream::connect(&line.addresses[0]).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(line.server_name.clone())?;
        Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
    }

    async fn round(&self, round: usize) -> Outcome<Round> {
        let each = AGENTS as usize / CONNECTIONS;
        let slots = REQUESTS / each;
        let mut connections = Vec::new();
        for agents in self.agents.chunks(each) {
            let mut requests = Vec::with_capacity(REQUESTS);
            for slot in round * slots..(round + 1) * slots {
                requests.extend(agents.iter().map(|agent| {
                    let body = agent.batches[slot].encode_to_vec();
                    request(Route::Batches, Some(agent.agent.as_str()), body)
                }));
            }
            connections.push((self.connect().await?, requests));
        }
        Round::run(connections, &self.server).await
    }
}

fn request(route: Route, agent: Option<&str>, body: Vec<u8>) -> Request {
    let mut request = hyper::Request::builder()
        .method(route.method())
        .uri(route.path())
        .header("host", "vedetta-collector")
        .header(header::NONCE, "07".repeat(16));
    if let Some(agent) = agent {
        request = request.header(header::AGENT, agent);
    }
    post::made(request, body)
}
