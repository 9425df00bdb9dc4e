//! `vedetta init`: a state directory with keys and a store, and a first charter that is true.
//!
//! Running it again makes what is missing and changes nothing that is there. The first charter
//! watches only what certainly exists, the collector's own two ports and the machine's resolver, so
//! that the first figure is about something.

use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use config::{AgentId, CollectorConfig};
use jiff::civil::Date;

use crate::clock::Clock;
use crate::keys::{Keys, make_private_directory, write_private};
use crate::serve::enrolment::{self, EnrolmentError, LineError};

const DIRECTORY_DEFAULT: &str = "/etc/vedetta";
const CHARTER_FILE: &str = "vedetta.yaml";
const AGENT_FILE: &str = "agent.yaml";
/// With a line that enrols the local agent; of mode 0600.
const LINE_FILE: &str = "enrol-line";
const AGENT_DEFAULT: &str = "locale";

/// Make a state directory, keys, a store and, if there is none, a first vedetta.yaml.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// Where vedetta.yaml is, or shall be; the state goes into its folder `state`, or to
    /// /var/lib/vedetta for the default
    #[arg(long, value_name = "DIR", default_value = DIRECTORY_DEFAULT)]
    dir: PathBuf,
    /// Also prepare an agent on this machine: its agent.yaml, and a file with a line that enrols it
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = AGENT_DEFAULT)]
    with_local_agent: Option<String>,
    /// Where agents shall connect, in a new vedetta.yaml
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443")]
    agents_listen: SocketAddr,
    /// Where page and metrics shall be, in a new vedetta.yaml
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    web_listen: SocketAddr,
}

impl Init {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let directory = std::path::absolute(&self.dir).context("`--dir` is no path")?;
        if self.agents_listen.port() == 0 || self.web_listen.port() == 0 {
            bail!("a charter cannot watch port 0: give `--agents-listen` and `--web-listen` real ports");
        }
        let agent = match &self.with_local_agent {
            Some(name) => Some(AgentId::new(name.as_str()).context("the agent's name cannot be used")?),
            None => None,
        };
        let config_path = directory.join(CHARTER_FILE);
        let resolver = resolver_of_this_machine();
        if !config_path.exists() {
            fs::create_dir_all(&directory)
                .with_context(|| format!("cannot make `{}`", directory.display()))?;
            let now = jiff::Timestamp::from_millisecond(Clock::system().now_ms())?;
            let today = now.in_tz(crate::publish::ZONE)?.date();
            let text = self.first_charter(&directory, agent.as_ref(), resolver, today);
            fs::write(&config_path, text)
                .with_context(|| format!("cannot write `{}`", config_path.display()))?;
            writeln!(out, "wrote {}", config_path.display())?;
        }
        let loaded = config::load(&config_path)
            .with_context(|| format!("`{}` is there, but cannot be used", config_path.display()))?;
        let collector = loaded.vedetta.collector;
        let state = &collector.state_directory;
        make_private_directory(state)?;
        let keys = Keys::create(state)?;
        writeln!(out, "keys and store are in {}; the collector's key is {}", state.display(), keys.public())?;
        let line = match &agent {
            None => {
                runtime()?.block_on(enrolment::make_store(state))?;
                None
            }
            Some(agent) => prepare_agent(&directory, agent, &collector, &keys, resolver, out)?,
        };
        next_steps(&config_path, &directory, &collector, line.as_deref(), out)?;
        Ok(ExitCode::SUCCESS)
    }

    /// What exists on every machine, with one commitment, so that a figure can form.
    fn first_charter(
        &self,
        directory: &Path,
        agent: Option<&AgentId>,
        resolver: Option<IpAddr>,
        today: Date,
    ) -> String {
        let state = if directory == Path::new(DIRECTORY_DEFAULT) { "/var/lib/vedetta" } else { "state" };
        let agent = agent.map_or(AGENT_DEFAULT, AgentId::as_str);
        let (agents, web) = (self.agents_listen, self.web_listen);
        let resolver = resolver.map_or_else(String::new, |address| {
            format!(
                "      # The machine's resolver answers, whatever it says. Replace it with your own, and with a name of yours.\n      \
                 nomi: {{probe: dns, targets: {{resolver: \"{address}\"}}, ask: example.com A, rcodes: [NOERROR, NXDOMAIN], every: 10s, timeout: 2s}}\n",
            )
        });
        format!(
            "# The charter of services, and how the collector runs. Every key is explained in the reference file.\n\
             # After a change: `vedetta check`, then `vedetta reload`.\n\
             \n\
             organisation: {{name: Comune di Esempio}}\n\
             # Measuring counts from this day on: the year it falls in is shown as partial.\n\
             charter: {{act: DA COMPILARE, measured_from: {today}}}\n\
             \n\
             # Where users are, and which agents probe from there. A new office is one line.\n\
             sites:\n  \
               ced: {{agents: [{agent}], users: [uffici]}}\n\
             \n\
             services:\n  \
               sorveglianza:\n    \
                 name: Sorveglianza dei servizi\n    \
                 users: [uffici]\n    \
                 commitments: [{{kind: availability, above: 98%}}]\n    \
                 components:\n      \
                   # The collector's own listeners: a first thing to watch that certainly exists.\n      \
                   agenti: {{probe: tcp, targets: {{porta: \"{agents}\"}}, every: 5s, timeout: 1s, hold: 20s}}\n      \
                   pagina: {{probe: http, targets: {{salute: \"http://{web}/healthz\"}}, every: 5s, timeout: 1s, hold: 20s}}\n\
             {resolver}\
             \n\
             # Nothing listens beyond this machine unless it says so here.\n\
             collector:\n  \
               agents: {{listen: \"{agents}\"}}\n  \
               web: {{listen: \"{web}\"}}\n  \
               state: {state}\n",
        )
    }
}

/// Writes agent.yaml and the line; returns the line's path, or nothing for an agent that is enrolled.
fn prepare_agent(
    directory: &Path,
    agent: &AgentId,
    collector: &CollectorConfig,
    keys: &Keys,
    resolver: Option<IpAddr>,
    out: &mut dyn Write,
) -> anyhow::Result<Option<PathBuf>> {
    if collector.agents_listen.port() == 0 && collector.agents_address.is_empty() {
        bail!(
            "a local agent must know the collector's port: give `collector.agents.listen` one other than 0, or set `collector.agents.address`"
        );
    }
    let agent_path = directory.join(AGENT_FILE);
    if !agent_path.exists() {
        fs::write(&agent_path, agent_file(directory, resolver))
            .with_context(|| format!("cannot write `{}`", agent_path.display()))?;
        writeln!(out, "wrote {}", agent_path.display())?;
    }
    let now_ms = Clock::system().now_ms();
    let opening = enrolment::line_without_a_running_collector(collector, keys, agent.as_str(), now_ms);
    let line = match runtime()?.block_on(opening) {
        Ok(line) => line,
        Err(LineError::Enrolment(EnrolmentError::Refused(sentence))) => {
            writeln!(out, "{sentence}")?;
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let line_path = collector.state_directory.join(LINE_FILE);
    write_private(&line_path, format!("{line}\n").as_bytes())?;
    Ok(Some(line_path))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn agent_file(directory: &Path, resolver: Option<IpAddr>) -> String {
    let state = if directory == Path::new(DIRECTORY_DEFAULT) { "/var/lib/vedetta-agent" } else { "agent" };
    let public = resolver
        .filter(|address| !is_listed(*address))
        .map_or_else(String::new, |address| format!(", \"{address}\""));
    format!(
        "# All that this agent knows by itself; what to probe comes from the collector, signed.\n\
         state: {state}\n\
         \n\
         # Networks that probes may reach, whatever the collector asks. Loopback is among them only because this agent\n\
         # watches the collector on its own machine; an agent elsewhere needs no list at all.\n\
         allowed_targets: [127.0.0.0/8, \"::1/128\", 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16{public}]\n",
    )
}

/// Is the address within the networks that [`agent_file`] always lists?
fn is_listed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback(),
    }
}

/// The first `nameserver` of resolv.conf(5) that a probe can ask.
fn resolver_of_this_machine() -> Option<IpAddr> {
    let text = fs::read_to_string("/etc/resolv.conf").ok()?;
    let addresses =
        text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse().ok());
    // A link-local server (with a zone) cannot be written into a charter.
    addresses.into_iter().find(|address| *address != IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

fn next_steps(
    config_path: &Path,
    directory: &Path,
    collector: &CollectorConfig,
    line: Option<&Path>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let config = config_path.display();
    writeln!(out, "\nnext:")?;
    writeln!(out, "  vedetta check --config {config}")?;
    writeln!(out, "  vedetta serve --config {config}")?;
    if let Some(line) = line {
        let agent = directory.join(AGENT_FILE);
        let (agent, line) = (agent.display(), line.display());
        writeln!(out, "  vedetta-agent enrol --config {agent} < {line}   # within 15 minutes")?;
        writeln!(out, "  vedetta-agent run --config {agent}")?;
    } else {
        writeln!(
            out,
            "  vedetta agent add NAME --config {config}   # then, on the agent's machine: vedetta-agent enrol"
        )?;
    }
    writeln!(out, "the page will be at http://{}/", collector.web_listen)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn init(dir: &Path) -> Init {
        Init {
            dir: dir.to_owned(),
            with_local_agent: None,
            agents_listen: "127.0.0.1:8443".parse().unwrap(),
            web_listen: "[::1]:8080".parse().unwrap(),
        }
    }

    #[test]
    fn the_first_charter_passes_check() {
        let agent = AgentId::new("ced1").unwrap();
        for resolver in [None, Some("9.9.9.9".parse().unwrap()), Some("fe80::1".parse().unwrap())] {
            let text = init(Path::new("/x")).first_charter(
                Path::new("/x"),
                Some(&agent),
                resolver,
                jiff::civil::date(2026, 11, 23),
            );
            let loaded =
                config::parse(&text, CHARTER_FILE).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
            // What is still to be chosen is worth saying on the first day.
            let to_choose = ["from one site only", "no `canaries`", "still to be written"];
            for warning in &loaded.warnings {
                assert!(to_choose.iter().any(|words| warning.message.en.contains(words)), "{warning}");
            }
            let charter = loaded.vedetta.charter;
            assert_eq!(charter.agents(), [&agent]);
            assert_eq!(charter.checks().count(), if resolver.is_some() { 3 } else { 2 });
        }
    }

    #[test]
    fn the_local_agent_may_probe_its_own_machine() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(AGENT_FILE);
        fs::write(&path, agent_file(directory.path(), Some("9.9.9.9".parse().unwrap()))).unwrap();
        let agent = config::load_agent(&path).unwrap();
        for network in ["127.0.0.0/8", "::1/128", "9.9.9.9/32"] {
            let listed = agent.allowed_targets.iter().any(|listed| listed == network);
            assert!(listed, "{network} is not among {:?}", agent.allowed_targets);
        }
    }
}
