//! A throw-away installation: one collector, one agent, and what can be asked of them.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};

use collector::publish::api::{ComponentNow, Now, ServiceNow, ServiceYear, State, Year};
use collector::serve::Listening;
use collector_api::EnrolLine;
use probe_agent::status::Status;

use crate::binaries::ours;
use crate::daemon::Daemon;
use crate::eventually;
use crate::patience::eventually_or;
use crate::ports::free_port;
use crate::stored::{self, Stream};

/// The only agent, at the only site.
pub const AGENT: &str = "ced1";

/// An installation in a temporary folder. Its daemons end with it.
#[derive(Debug)]
pub struct Place {
    collector: Option<Daemon>,
    agent: Option<Daemon>,
    /// What the agent is started through: nothing, or a command that puts it into a network namespace.
    through: Vec<String>,
    directory: tempfile::TempDir,
}

impl Place {
    /// A serving collector and an enrolled, running agent. `services` is what the charter has below
    /// its key `services`, indented by two.
    pub fn running(services: &str) -> Self {
        let mut place = Self::served(services);
        place.start_agent();
        place
    }

    /// A serving collector and an enrolled agent that does not run yet.
    pub fn served(services: &str) -> Self {
        Self::served_at("127.0.0.1", Vec::new(), services)
    }

    /// The same with agents received at `address`, and the agent started `through` another command.
    pub fn served_at(address: &str, through: Vec<String>, services: &str) -> Self {
        Self::made(address, through, &[], services)
    }

    /// A serving collector and an enrolled, running agent, with files beside the charter that it names.
    pub fn running_with(files: &[(&str, &str)], services: &str) -> Self {
        let mut place = Self::made("127.0.0.1", Vec::new(), files, services);
        place.start_agent();
        place
    }

    /// The same, with an agent that does not run yet.
    pub fn served_with(files: &[(&str, &str)], services: &str) -> Self {
        Self::made("127.0.0.1", Vec::new(), files, services)
    }

    /// A serving collector with a charter of its own: `charter` is the file without its key `collector`, with
    /// files beside it that it names. No agent is enrolled.
    pub fn of_charter(charter: &str, files: &[(&str, &str)]) -> Self {
        Self::of_charter_with(charter, files, "")
    }

    /// The same with `collector`: what that key has beside its listeners, each behind a comma.
    pub fn of_charter_with(charter: &str, files: &[(&str, &str)], collector: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut place = Self { collector: None, agent: None, through: Vec::new(), directory };
        place.set_up("127.0.0.1", &[], files, charter, collector);
        place
    }

    /// A serving collector and an enrolled, running agent, with recipients of alarms: `alerting` is what the charter
    /// has below that key, indented by two, `collector` what `collector` has beside its listeners, each behind a comma.
    pub fn telling(services: &str, alerting: &str, collector: &str, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut place = Self { collector: None, agent: None, through: Vec::new(), directory };
        let charter = format!("{}alerting:\n{alerting}\n", charter_of(services));
        place.set_up("127.0.0.1", &["--with-local-agent", AGENT], files, &charter, collector);
        let line = File::open(place.path("state/enrol-line")).unwrap();
        succeeded(place.agent_command(&["enrol"]).stdin(line));
        place.start_agent();
        place
    }

    /// What a new agent of the charter enrols with.
    pub fn line_for(&self, agent: &str) -> EnrolLine {
        let output = succeeded(&mut self.collector_command(&["agent", "add", agent]));
        let said = String::from_utf8(output.stdout).unwrap();
        let line = said.lines().find(|line| line.trim_start().starts_with("vedetta1:"));
        EnrolLine::from_line(line.unwrap_or_else(|| panic!("no line in: {said}"))).unwrap()
    }

    fn made(address: &str, through: Vec<String>, files: &[(&str, &str)], services: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut place = Self { collector: None, agent: None, through, directory };
        place.set_up(address, &["--with-local-agent", AGENT], files, &charter_of(services), "");
        let line = File::open(place.path("state/enrol-line")).unwrap();
        succeeded(place.agent_command(&["enrol"]).stdin(line));
        place
    }

    /// `vedetta init`, the charter with listeners of its own, and the collector started.
    fn set_up(&mut self, address: &str, with: &[&str], files: &[(&str, &str)], charter: &str, more: &str) {
        let (agents, web) = (format!("{address}:{}", free_port()), format!("127.0.0.1:{}", free_port()));
        let folder = self.path("").display().to_string();
        let init = ["init", "--dir", &folder, "--agents-listen", &agents, "--web-listen", &web];
        succeeded(Command::new(ours("vedetta")).args(init).args(with));
        let listeners = format!(
            "collector: {{agents: {{listen: \"{agents}\"}}, web: {{listen: \"{web}\"}}, state: state{more}}}\n"
        );
        fs::write(self.path("vedetta.yaml"), format!("{charter}\n{listeners}")).unwrap();
        for (name, text) in files {
            fs::write(self.path(name), text).unwrap();
        }
        self.start_collector();
    }

    /// A path within the installation.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The collector's state directory.
    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// Starts the collector and waits until it listens.
    pub fn start_collector(&mut self) {
        let told = self.path("state/listening.json");
        let _ = fs::remove_file(&told);
        let mut daemon = Daemon::start(&mut self.collector_command(&["serve"]), &self.path("collector.log"));
        eventually("the collector listens", || {
            daemon.assert_runs();
            told.exists().then_some(())
        });
        self.collector = Some(daemon);
    }

    /// Starts the agent.
    pub fn start_agent(&mut self) {
        self.agent = Some(Daemon::start(&mut self.agent_command(&["run"]), &self.path("agent.log")));
    }

    /// Gives the agent a secret that may go to `origin`; its file says so from the agent's next start on, what is in
    /// it from the next attempt on.
    pub fn entrust(&self, name: &str, secret: &str, origin: &str) {
        let (folder, config) = (self.path("secrets"), self.path("agent.yaml"));
        if !folder.exists() {
            fs::create_dir(&folder).unwrap();
            let known = fs::read_to_string(&config).unwrap();
            fs::write(config, format!("{known}secrets: secrets\n")).unwrap();
        }
        fs::write(folder.join(format!("{name}.for")), origin).unwrap();
        // Whole or not at all: the agent may be reading.
        fs::write(folder.join(".new"), secret).unwrap();
        fs::rename(folder.join(".new"), folder.join(name)).unwrap();
    }

    /// The processes of the running agent and collector.
    pub fn pids(&self) -> (u32, u32) {
        (self.agent.as_ref().unwrap().pid(), self.collector.as_ref().unwrap().pid())
    }

    /// The running collector, for its end.
    pub fn take_collector(&mut self) -> Daemon {
        self.collector.take().unwrap()
    }

    /// The running agent, for its end.
    pub fn take_agent(&mut self) -> Daemon {
        self.agent.take().unwrap()
    }

    /// A `vedetta` command on this installation.
    pub fn collector_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(ours("vedetta"));
        command.args(arguments).arg("--config").arg(self.path("vedetta.yaml"));
        command
    }

    /// A `vedetta-agent` command on this installation.
    pub fn agent_command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.through.split_first() {
            None => Command::new(ours("vedetta-agent")),
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(ours("vedetta-agent"));
                command
            }
        };
        command.arg("--config").arg(self.path("agent.yaml")).args(arguments);
        command
    }

    /// Where the collector is.
    pub fn listening(&self) -> Listening {
        serde_json::from_slice(&fs::read(self.path("state/listening.json")).unwrap()).unwrap()
    }

    /// What the agent was enrolled with.
    pub fn enrol_line(&self) -> EnrolLine {
        EnrolLine::from_line(fs::read_to_string(self.path("state/enrol-line")).unwrap().trim()).unwrap()
    }

    /// `GET /api/v1/now`.
    pub fn now(&self) -> Now {
        serde_json::from_str(&get(self.listening().web, "/api/v1/now")).unwrap()
    }

    /// The only service, now.
    pub fn service(&self) -> ServiceNow {
        self.now().services.swap_remove(0)
    }

    /// A component of the only service, now.
    pub fn component(&self, path: &str) -> ComponentNow {
        let component = self.service().components.into_iter().find(|component| component.path == path);
        component.unwrap_or_else(|| panic!("no component `{path}`"))
    }

    /// `GET /api/v1/years/YYYY` of the current year.
    pub fn year(&self) -> Year {
        let year = self.now().year;
        serde_json::from_str(&get(self.listening().web, &format!("/api/v1/years/{year}"))).unwrap()
    }

    /// The only service's current year.
    pub fn service_year(&self) -> ServiceYear {
        self.year().services.swap_remove(0)
    }

    /// Waits until the only service is in `state`.
    #[track_caller]
    pub fn until(&self, state: State) -> ServiceNow {
        eventually(&format!("the service is {state:?}"), || {
            Some(self.service()).filter(|service| service.now.state == state)
        })
    }

    /// Waits until a component of the only service is in `state`, for `reason`.
    #[track_caller]
    pub fn until_component(&self, path: &str, state: State, reason: Option<&str>) {
        let last = RefCell::new(None);
        let what = || format!("{path} is {state:?}, {reason:?}, but {:?}", last.borrow());
        eventually_or(what, || {
            let now = self.component(path).now;
            let found = now.state == state && now.reason.as_deref() == reason;
            last.replace(Some((now.state, now.reason)));
            found.then_some(())
        });
    }

    /// What the agent last wrote about itself.
    pub fn agent_status(&self) -> Status {
        probe_agent::status::load(&self.path("agent")).unwrap().unwrap_or_default()
    }

    /// The only stream, as stored. Panics unless it holds every number up to its mark once.
    pub fn stream(&self) -> Stream {
        let mut streams = stored::streams(&self.state());
        assert_eq!(streams.len(), 1, "{:?}", streams.iter().map(|stream| stream.id).collect::<Vec<_>>());
        streams.swap_remove(0)
    }

    /// Waits until the store holds all that the agent's disk held when this was called.
    #[track_caller]
    pub fn until_delivered(&self) {
        let durable_seq = self.agent_status().durable_seq;
        assert!(durable_seq > 0, "the agent has written nothing");
        let what = format!("the mark reaches {durable_seq}");
        eventually(&what, || (self.stream().mark >= durable_seq).then_some(()));
    }

    /// `vedetta verify` must find nothing.
    #[track_caller]
    pub fn assert_verifies(&self) {
        succeeded(&mut self.collector_command(&["verify", "--lang", "en"]));
    }

    /// `vedetta rebuild` must give the same bytes; the collector is stopped.
    #[track_caller]
    pub fn assert_rebuilds(&self) {
        let output = succeeded(&mut self.collector_command(&["rebuild", "--lang", "en"]));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("the same bytes"), "{said}");
    }
}

/// A file of the running test's daemons is of use only when it fails: then it is shown.
impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for name in ["collector.log", "agent.log"] {
                let log = fs::read_to_string(self.path(name)).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(30).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                #[expect(clippy::print_stderr, reason = "shown by the test runner when a story fails")]
                {
                    eprintln!("--- end of {name}\n{}", tail.join("\n"));
                }
            }
        }
    }
}

fn charter_of(services: &str) -> String {
    format!(
        "organisation: {{name: Comune di Esempio}}\n\
         sites: {{ced: {{agents: [{AGENT}], users: [uffici]}}}}\n\
         services:\n{services}\n"
    )
}

/// Runs a command that must succeed.
#[track_caller]
pub fn succeeded(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    output
}

/// The body of a 200 answer.
#[track_caller]
pub fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    body.to_owned()
}
