//! Jobs that report: by the very line of HEARTBEATS.md and by the wrapper, too late, as failed, with a wrong token, and
//! to an agent that is killed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use collector::publish::api::State;
use collector_api::Verdict;
use harness::binaries::installed;
use harness::place::succeeded;
use harness::ports::free_port;
use harness::{Place, eventually};

const DOCUMENT: &str = include_str!("../../probe-agent/HEARTBEATS.md");
/// What the document's examples are about.
const EXAMPLE: (&str, &str, &str) =
    ("127.0.0.1:8090", "data_center.backup.lavori.protocollo", "/etc/backup.header");
const JOB: &str = "rete.copie.lavoro";
const TOKEN: &str = "un-segreto-di-prova";

#[test]
fn a_job_that_stops_reporting_is_missed_and_comes_back() {
    let Some(desk) = Desk::of_job("2s, grace: 3s, down_after: 10m") else { return };
    desk.until_up_by(|| desk.documented());
    desk.place.until_component("copie", State::Degraded, Some("heartbeat.missed"));
    desk.until_up_by(|| desk.wrapped(&["--", "true"]));
}

#[test]
fn without_a_good_run_that_is_young_enough_a_job_is_down_until_it_reports() {
    let Some(desk) = Desk::of_job("2s, grace: 1s, down_after: 8s") else { return };
    succeeded(&mut desk.documented());
    desk.place.until_component("copie", State::Down, Some("heartbeat.no_restore_point"));
    // Several steps may come in one delivery; what is stored has each, in order.
    let steps = desk.steps();
    let from = steps.iter().position(|step| *step == "up").unwrap();
    let wanted = ["up", "degraded heartbeat.missed", "down heartbeat.no_restore_point"];
    assert_eq!(steps[from..], wanted, "{steps:?}");
    desk.until_up_by(|| desk.wrapped(&["--", "true"]));
}

#[test]
fn a_failed_job_is_degraded_with_its_own_exit_code_until_one_ends_well() {
    let Some(desk) = Desk::of_job("1h") else { return };
    succeeded(&mut desk.documented());
    desk.place.until_component("copie", State::Up, None);
    succeeded(&mut desk.wrapped(&["--fail"]));
    desk.place.until_component("copie", State::Degraded, Some("heartbeat.failed"));
    let ran =
        succeeded(&mut desk.wrapped(&["--bytes", "7", "--", "sh", "-c", "echo fatto; echo avviso >&2"]));
    assert_eq!(
        (ran.stdout, ran.stderr),
        (b"fatto\n".to_vec(), b"avviso\n".to_vec()),
        "the job's own streams"
    );
    desk.place.until_component("copie", State::Up, None);
    assert_eq!(desk.wrapped(&["--", "sh", "-c", "exit 3"]).status().unwrap().code(), Some(3));
    desk.place.until_component("copie", State::Degraded, Some("heartbeat.failed"));
    let seen = desk.seen();
    assert!(seen.contains("exit code 3"), "{seen}");
    succeeded(&mut desk.documented());
    desk.place.until_component("copie", State::Up, None);
    // What opens links by itself, a wrong job, and a page of the web report nothing.
    assert_eq!(desk.status_of(JOB, &["-X", "GET"]), "405");
    assert_eq!(desk.status_of(JOB, &["-I"]), "405");
    assert_eq!(desk.status_of("rete.copie.altro/fail", &["-X", "POST"]), "404");
    assert_eq!(desk.status_of(&format!("{JOB}/fail"), &["-X", "POST", "-H", "Origin: http://x"]), "403");
    assert!(desk.seen().contains("up"), "{}", desk.seen());
}

#[test]
fn a_report_that_was_answered_outlives_the_agents_kill() {
    let Some(mut desk) = Desk::of_job("1h") else { return };
    succeeded(&mut desk.documented());
    desk.place.until_component("copie", State::Up, None);
    succeeded(&mut desk.wrapped(&["--fail"]));
    desk.place.until_component("copie", State::Degraded, Some("heartbeat.failed"));
    let reported = desk.documented().output().unwrap();
    desk.place.take_agent().kill();
    assert!(reported.status.success(), "{reported:?}");
    desk.place.start_agent();
    desk.until_seen_since_the_start("up");
    desk.place.until_component("copie", State::Up, None);
    // While it is away a report of its own machine waits on disk; who ran the job hears of it on standard error only.
    desk.place.take_agent().kill();
    let ran = desk.wrapped(&["--", "sh", "-c", "echo fatto; exit 4"]).output().unwrap();
    assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(4), b"fatto\n".as_slice()));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("the report is kept in"), "{said}");
    desk.place.start_agent();
    desk.place.until_component("copie", State::Degraded, Some("heartbeat.failed"));
    let seen = desk.seen();
    assert!(seen.contains("exit code 4"), "{seen}");
    desk.place.assert_verifies();
}

#[test]
fn a_job_with_a_token_is_believed_with_it_only() {
    let Some(desk) = Desk::with_secret(Some(TOKEN), "1h") else { return };
    desk.place.until_component("copie", State::Unknown, Some("heartbeat.unheard"));
    desk.until_listening();
    desk.write_header("un-altro-segreto");
    let refused = desk.documented().output().unwrap();
    assert_eq!(refused.status.code(), Some(22), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("401"), "{refused:?}");
    assert_eq!(desk.status_of(JOB, &["-X", "POST"]), "401", "none at all");
    assert_eq!(desk.status_of(&format!("{JOB}?token={TOKEN}"), &["-X", "POST"]), "400", "a URL ends in logs");
    fs::write(desk.place.path("altro"), "un-altro-segreto\n").unwrap();
    let other = desk.place.path("altro").display().to_string();
    assert_eq!(desk.wrapped(&["--token-file", &other]).status().unwrap().code(), Some(1));
    let seen = desk.seen();
    assert!(seen.contains("heartbeat.unheard"), "a refused report is none: {seen}");
    desk.write_header(TOKEN);
    succeeded(&mut desk.documented());
    desk.place.until_component("copie", State::Up, None);
    // The agent's own user needs no file: the secret is the agent's.
    succeeded(&mut desk.wrapped(&["--fail"]));
    desk.place.until_component("copie", State::Degraded, Some("heartbeat.failed"));
    let log = fs::read_to_string(desk.place.path("agent.log")).unwrap();
    assert!(!log.contains("segreto"), "{log}");
}

/// An installation with one job, whose agent listens on a port of its own.
struct Desk {
    place: Place,
    port: u16,
}

impl Desk {
    /// `expected` is when the job is due, and keys beside it; `None` where there is no curl.
    fn of_job(expected: &str) -> Option<Self> {
        Self::with_secret(None, expected)
    }

    fn with_secret(token: Option<&str>, expected: &str) -> Option<Self> {
        installed("curl")?;
        let (due, keys) = expected.split_once(',').unwrap_or((expected, ""));
        let mut place = Place::served(&format!(
            "  rete:\n    users: [uffici]\n    components:\n      \
             copie: {{probe: heartbeat, targets: {{lavoro: {due}}}, every: 500ms, timeout: 400ms, attempts: 1, hold: 11s,{keys}}}"
        ));
        let port = free_port();
        let yaml = fs::read_to_string(place.path("agent.yaml")).unwrap();
        let own = format!("secrets: secrets\nheartbeats: {{listen: \"127.0.0.1:{port}\"}}\n");
        fs::write(place.path("agent.yaml"), format!("{yaml}\n{own}")).unwrap();
        if let Some(token) = token {
            fs::create_dir(place.path("secrets")).unwrap();
            fs::write(place.path("secrets/lavoro"), format!("{token}\n")).unwrap();
        }
        place.start_agent();
        let desk = Self { place, port };
        desk.write_header(TOKEN);
        Some(desk)
    }

    fn header(&self) -> PathBuf {
        self.place.path("backup.header")
    }

    fn write_header(&self, token: &str) {
        fs::write(self.header(), format!("Authorization: Bearer {token}\n")).unwrap();
    }

    /// The document's line for the shell, with this listener, this job, and this file.
    fn documented(&self) -> Command {
        let line = DOCUMENT.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
        let (address, job, header) = EXAMPLE;
        assert!([address, job, header].iter().all(|word| line.matches(word).count() == 1), "{line}");
        let line = line
            .replace(address, &format!("127.0.0.1:{}", self.port))
            .replace(job, JOB)
            .replace(header, &self.header().display().to_string());
        let mut command = Command::new("sh");
        command.args(["-c", &line]).env_clear().env("PATH", "/usr/bin:/bin");
        command
    }

    /// `vedetta-agent heartbeat JOB …` as the agent's user.
    fn wrapped(&self, rest: &[&str]) -> Command {
        let mut command = self.place.agent_command(&[&["heartbeat", JOB], rest].concat());
        command.env("XDG_STATE_HOME", self.place.path("user"));
        command
    }

    /// The status with which a request is answered.
    fn status_of(&self, path: &str, with: &[&str]) -> String {
        let url = format!("http://127.0.0.1:{}/v1/heartbeats/{path}", self.port);
        let told = ["-sS", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_code}", &url];
        String::from_utf8(Command::new("curl").args(with).args(told).output().unwrap().stdout).unwrap()
    }

    /// Waits until the collector says that the job is up, which lasts for seconds: reports again when it is over.
    fn until_up_by(&self, report: impl Fn() -> Command) {
        eventually("copie is up", || {
            if self.seen().contains("heartbeat.") {
                succeeded(&mut report());
            }
            (self.place.component("copie").now.state == State::Up).then_some(())
        });
    }

    fn until_listening(&self) {
        eventually("the agent listens for heartbeats", || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    /// What `vedetta-agent probe` says of the job, which it reads from disk.
    fn seen(&self) -> String {
        String::from_utf8(self.place.agent_command(&["probe", JOB]).output().unwrap().stdout).unwrap()
    }

    /// What is stored of the job, each change once: its verdict, and its reason if it has one.
    fn steps(&self) -> Vec<String> {
        let samples = self.place.stream().samples;
        let mut steps: Vec<String> =
            samples.iter().map(|sample| step(sample.verdict, sample.reason)).collect();
        steps.dedup();
        steps
    }

    /// Waits until the agent's second start has told something of the job: all of it must be `wanted`.
    fn until_seen_since_the_start(&self, wanted: &str) {
        let steps = eventually("the agent that was killed has samples again", || {
            let stream = self.place.stream();
            let since_ms = *stream.starts.get(1)?;
            let samples = stream.samples.iter().filter(|sample| sample.at_ms >= since_ms);
            let steps: Vec<String> = samples.map(|sample| step(sample.verdict, sample.reason)).collect();
            (steps.len() > 2).then_some(steps)
        });
        assert!(steps.iter().all(|step| step == wanted), "{steps:?}");
    }
}

fn step(verdict: Verdict, reason: &str) -> String {
    match verdict {
        Verdict::Up => "up".to_owned(),
        other => format!("{} {reason}", other.name()),
    }
}
