//! The binary as an operator meets it: arguments, exit codes, signals. The collector is away throughout.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use collector_api::{Assignment, SignedAssignment, SigningKey, hex_encode};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Long enough for a busy machine; what is waited for is there at once on an idle one.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with `agent.yaml` and, once enrolled, an identity and an assignment.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let yaml = "state: state\nallowed_targets: [127.0.0.0/8]\n";
        fs::write(home.path().join("agent.yaml"), yaml).unwrap();
        Self(home)
    }

    fn enrolled(checks: &[Value]) -> Self {
        let home = Self::new();
        let state = home.state();
        fs::create_dir(&state).unwrap();
        let collector = SigningKey::from_seed(&[7; 32]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let authority = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let identity = json!({
            "agent": "ced1",
            "seed": hex_encode(&[9; 32]),
            "collector": hex_encode(&collector.public().0),
            "authority": hex_encode(authority.der()),
            "server_name": "collector.comune.example",
            "addresses": ["127.0.0.1:1"],
        });
        fs::write(state.join("identity.json"), identity.to_string()).unwrap();
        let assignment = Assignment {
            revision: 4,
            agent: "ced1".to_owned(),
            checks: checks.iter().map(Value::to_string).collect(),
            canaries: Vec::new(),
        };
        let signed = SignedAssignment::sign(&assignment, &collector);
        probe_agent::assignment_store::accept(&state, &signed, &collector.public(), "ced1", 0).unwrap();
        home
    }

    fn state(&self) -> std::path::PathBuf {
        self.0.path().join("state")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta-agent"));
        command.arg("--config").arg(self.0.path().join("agent.yaml")).args(arguments);
        command.env_remove("VEDETTA_LOG").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        told(&self.command(arguments).output().unwrap())
    }
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn tcp(id: &str, port: u16) -> Value {
    json!({
        "id": id,
        "timing": { "every_ms": 200, "timeout_ms": 100, "hold_ms": 500, "attempts": 1 },
        "probe": { "kind": "tcp", "address": format!("127.0.0.1:{port}") },
    })
}

#[test]
fn an_agent_that_is_not_enrolled_says_what_to_do() {
    for command in [&["run"][..], &["probe", "--list"]] {
        let (code, _, error) = Home::new().run(command);
        assert_eq!(code, 1, "{error}");
        assert!(error.contains("vedetta agent add"), "{error}");
    }
    let (code, _, error) = Home::new().run(&["status"]);
    assert_eq!(code, 1);
    assert!(error.contains("no agent has run"), "{error}");
}

#[test]
fn enrolling_wants_a_line_on_standard_input() {
    for (input, said) in [("", "on standard input"), ("vedetta1:zz\n", "not an enrolment line")] {
        let home = Home::new();
        let mut child = home
            .command(&["enrol"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let (code, _, error) = told(&child.wait_with_output().unwrap());
        assert_eq!(code, 1);
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_mistake_in_the_file_is_shown_with_its_place() {
    let home = Home::new();
    fs::write(home.0.path().join("agent.yaml"), "allowed_targets: [10.0.0.0/40]\n").unwrap();
    let (code, _, error) = home.run(&["status"]);
    assert_eq!(code, 1);
    assert!(error.contains("agent.yaml:1:"), "{error}");
}

#[test]
fn wrong_usage_is_exit_2() {
    for arguments in [&[][..], &["fly"], &["probe"], &["probe", "--list", "a.b.c", "d"]] {
        assert_eq!(Home::new().run(arguments).0, 2, "{arguments:?}");
    }
}

#[test]
fn a_check_can_be_run_and_explained_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap().port();
    let shut = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut unknown = tcp("data_center.it.vm3", 1);
    unknown["probe"]["kind"] = "telepathy".into();
    let home = Home::enrolled(&[tcp("data_center.it.vm1", open), tcp("data_center.it.vm2", shut), unknown]);

    let (code, list, _) = home.run(&["probe", "--list"]);
    assert_eq!(code, 0);
    assert!(list.contains(&format!("data_center.it.vm1  tcp   127.0.0.1:{open}")), "{list}");
    assert!(list.contains("data_center.it.vm3  ?"), "{list}");

    let (code, said, _) = home.run(&["probe", "data_center.it.vm1"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("data_center.it.vm1  up\n"), "{said}");
    assert!(said.contains("phase     connect"), "{said}");
    assert!(said.contains("* connect\n"), "{said}");

    let (code, said, _) = home.run(&["probe", "data_center.it.vm2", "--json"]);
    assert_eq!(code, 1);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["verdict"], &said["reason"]), (&json!("down"), &json!("connect.refused")));
    assert_eq!(said["phase_failed"], "connect");
    let line = said["transcript"].as_array().unwrap().last().unwrap();
    assert_eq!((&line["direction"], &line["attempt"]), (&json!("note"), &json!(1)));
    assert!(line["text"].as_str().unwrap().starts_with("connect.refused: "), "{line}");

    for (check, sentence) in
        [("data_center.it.vm3", "this agent cannot run"), ("data_center.it.vm4", "probe --list")]
    {
        let (code, _, error) = home.run(&["probe", check]);
        assert_eq!(code, 1);
        assert!(error.contains(sentence), "{error}");
    }
}

#[test]
fn a_signal_ends_the_agent_after_what_it_saw_is_stored() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for (signal, level) in [(Signal::SIGTERM, "info"), (Signal::SIGINT, "warn")] {
        let home = Home::enrolled(&[tcp("data_center.it.vm1", port)]);
        let mut command = home.command(&["run"]);
        let mut agent = command.env("VEDETTA_LOG", level).stderr(Stdio::piped()).spawn().unwrap();
        wait_until(&mut agent, || durable(&home.state()) >= 5);
        kill(Pid::from_raw(agent.id().try_into().unwrap()), signal).unwrap();
        let (code, _, log) = told(&agent.wait_with_output().unwrap());
        assert_eq!(code, 0, "{log}");
        assert_eq!(log.contains("assignment in force"), level == "info", "{log}");
        let (_, status, _) = home.run(&["status"]);
        assert!(status.contains("agent       ced1"), "{status}");
    }
}

/// The newest number on disk, as the agent tells it.
fn durable(state: &Path) -> u64 {
    let status = fs::read_to_string(state.join("status.json")).unwrap_or_default();
    let status: Value = serde_json::from_str(&status).unwrap_or_default();
    status["durable_seq"].as_u64().unwrap_or(0)
}

fn wait_until(agent: &mut Child, mut reached: impl FnMut() -> bool) {
    let began = Instant::now();
    while !reached() {
        assert!(began.elapsed() < PATIENCE, "the agent did not get there");
        assert!(agent.try_wait().unwrap().is_none(), "the agent ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whoever watches a job must not break it: with no agent in sight its exit code and its streams are its own.
#[test]
fn a_job_keeps_its_exit_code_and_its_report_waits() {
    let home = TempDir::new().unwrap();
    let yaml = home.path().join("agent.yaml");
    fs::write(&yaml, "state: nowhere\nheartbeats: {listen: \"127.0.0.1:1\"}\n").unwrap();
    let heartbeat = |rest: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta-agent"));
        command.arg("--config").arg(&yaml).args(["heartbeat", "s.c.notturno"]).args(rest);
        command.env("XDG_STATE_HOME", home.path()).stdin(Stdio::null()).output().unwrap()
    };
    for (job, code) in [
        (&["--", "sh", "-c", "echo done"][..], 0),
        (&["--", "sh", "-c", "exit 7"], 7),
        (&["--", "sh", "-c", "kill -9 $$"], 137),
        (&["--", "/nonexistent/backup"], 127),
    ] {
        let output = heartbeat(job);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{job:?}: {said}");
        assert!(said.contains("the report is kept in "), "{said}");
        assert_eq!(output.stdout, if code == 0 { &b"done\n"[..] } else { b"" });
    }
    assert_eq!(heartbeat(&["--fail"]).status.code(), Some(0), "it waits, and is no failure");
    assert_eq!(heartbeat(&["--start", "--fail"]).status.code(), Some(2));
    assert_eq!(heartbeat(&["--snippets", "--", "true"]).status.code(), Some(2));
    let snippets = heartbeat(&["--snippets"]);
    assert_eq!(snippets.status.code(), Some(0));
    let told =
        String::from_utf8_lossy(&snippets.stdout).matches("127.0.0.1:1/v1/heartbeats/s.c.notturno").count();
    assert_eq!(told, 2, "{snippets:?}");
    let kept = probe_agent::heartbeats::kept::list(&home.path().join("vedetta-heartbeats"));
    let codes: Vec<_> = kept
        .into_iter()
        .map(|(_, kept)| kept.unwrap())
        .filter(|kept| kept.signal != probe_agent::heartbeats::Signal::Start)
        .map(|kept| kept.report.exit_code)
        .collect();
    assert_eq!(codes, [Some(0), Some(7), Some(137), Some(127), None]);
}
