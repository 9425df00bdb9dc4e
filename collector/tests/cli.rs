//! The binary as an operator meets it on the first day: init, check, serve, agents, reload, stop.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking too")]

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use collector_api::EnrolLine;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A throw-away installation.
struct Place {
    directory: tempfile::TempDir,
}

/// A running `vedetta serve`; killed when a test fails.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    /// After `init`, with ports that the kernel chooses.
    fn initialised(arguments: &[&str]) -> Self {
        let place = Self { directory: tempfile::tempdir().unwrap() };
        let directory = place.path("");
        let directory = directory.to_str().unwrap();
        let output = vedetta(&[&["init", "--dir", directory], arguments].concat());
        assert!(output.status.success(), "{}", said(&output));
        let charter = fs::read_to_string(place.config()).unwrap();
        let charter = charter
            .replace(r#"agents: {listen: "127.0.0.1:8443""#, r#"agents: {listen: "127.0.0.1:0""#)
            .replace(r#"web: {listen: "127.0.0.1:8080""#, r#"web: {listen: "127.0.0.1:0""#);
        fs::write(place.config(), charter).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("vedetta.yaml")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        vedetta(&[arguments, &["--config", self.config().to_str().unwrap()]].concat())
    }

    /// Starts the daemon and waits, within reason, until it has said where it is.
    fn serve(&self) -> Serving {
        let told = self.path("state/listening.json");
        let _ = fs::remove_file(&told);
        let child = Command::new(env!("CARGO_BIN_EXE_vedetta"))
            .args(["serve", "--config", self.config().to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.path("log")).unwrap())
            .spawn()
            .unwrap();
        let mut serving = Serving(child);
        let began = Instant::now();
        while !told.exists() {
            let ended = serving.0.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < Duration::from_secs(30), "{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        serving
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// What `GET path` answers on the web listener, status line included.
    fn get(&self, path: &str) -> String {
        use std::io::Write as _;
        let told: collector::serve::Listening =
            serde_json::from_slice(&fs::read(self.path("state/listening.json")).unwrap()).unwrap();
        let mut stream = std::net::TcpStream::connect(told.web).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn vedetta(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vedetta")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn init_keeps_secrets_closed_and_changes_nothing_the_second_time() {
    let place = Place::initialised(&["--with-local-agent", "ced1"]);
    assert_eq!(mode(&place.path("state")), 0o700);
    for secret in ["collector.key", "authority.key", "enrol-line"] {
        assert_eq!(mode(&place.path("state").join(secret)), 0o600, "{secret}");
    }
    let line = fs::read_to_string(place.path("state/enrol-line")).unwrap();
    assert_eq!(EnrolLine::from_line(&line).unwrap().agent, "ced1");
    let key = fs::read(place.path("state/collector.key")).unwrap();
    let again = place.run(&["check"]);
    assert!(again.status.success(), "{}", said(&again));
    let directory = place.path("");
    assert!(vedetta(&["init", "--dir", directory.to_str().unwrap()]).status.success());
    assert_eq!(fs::read(place.path("state/collector.key")).unwrap(), key);
}

#[test]
fn check_says_where_and_exits_1() {
    let place = Place::initialised(&[]);
    let charter = fs::read_to_string(place.config()).unwrap();
    fs::write(place.config(), charter.replace("above: 98%", "above: 980%")).unwrap();
    let output = place.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("vedetta.yaml:16:"), "{}", said(&output));
    assert_eq!(vedetta(&["check", "--no-such-option"]).status.code(), Some(2));
    fs::write(place.config(), &charter).unwrap();
    let effective = place.run(&["check", "--effective"]);
    assert!(said(&effective).contains("confirm_down: 2"), "{}", said(&effective));
}

#[test]
fn a_first_day_of_serving() {
    let place = Place::initialised(&[]);
    let refused = place.run(&["agent", "list", "--lang", "en"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("not running"), "{}", said(&refused));

    let mut serving = place.serve();
    assert!(place.get("/healthz").starts_with("HTTP/1.1 200"));
    assert!(place.get("/acts/agents").starts_with("HTTP/1.1 404"), "acts are for the socket");
    let output = place.run(&["agent", "add", "locale"]);
    let line = EnrolLine::from_line(&String::from_utf8(output.stdout).unwrap()).unwrap();
    assert_eq!(line.agent, "locale");
    assert!(said(&place.run(&["agent", "list"])).contains("riga stampata"));

    let charter = fs::read_to_string(place.config()).unwrap();
    fs::write(place.config(), charter.replace("above: 98%", "above: 99%")).unwrap();
    let output = place.run(&["reload", "--as", "m.rossi"]);
    let root = nix::unistd::Uid::effective().is_root();
    assert_eq!(output.status.success(), root, "only root names another: {}", said(&output));
    fs::write(place.config(), charter.replace("above: 98%", "above: 9x%")).unwrap();
    let output = place.run(&["reload", "--state", place.path("state").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("resta in vigore la Carta di prima"), "{}", said(&output));

    kill(Pid::from_raw(serving.0.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert!(serving.0.wait().unwrap().success(), "{}", place.log());
    assert!(!place.path("state/collector.sock").exists());
}

#[test]
fn an_open_state_directory_is_refused_with_the_cure() {
    let place = Place::initialised(&[]);
    fs::set_permissions(place.path("state"), fs::Permissions::from_mode(0o755)).unwrap();
    let output = place.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("chmod 0700"), "{}", said(&output));
}

#[test]
fn a_group_of_operators_that_is_not_there_is_told_and_keeps_nothing_from_running() {
    let place = Place::initialised(&[]);
    let charter = fs::read_to_string(place.config()).unwrap();
    fs::write(place.config(), format!("{charter}  operators: no-such-group\n")).unwrap();
    let checked = place.run(&["check", "--lang", "it"]);
    assert!(checked.status.success(), "{}", said(&checked));
    let told = "`collector.operators`: questa macchina non ha un gruppo `no-such-group`";
    assert!(said(&checked).contains(told), "{}", said(&checked));
    let _serving = place.serve();
    assert!(place.log().contains("groupadd --system no-such-group"), "{}", place.log());
    let mode = |path: &str| fs::metadata(place.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("state"), mode("state/collector.sock")), (0o700, 0o600));
}

#[test]
fn what_is_kept_can_be_verified_while_it_runs_and_rebuilt_when_it_is_stopped() {
    let place = Place::initialised(&[]);
    let serving = place.serve();
    let verified = place.run(&["verify", "--lang", "en"]);
    assert!(verified.status.success(), "{}", said(&verified));
    assert!(said(&verified).contains("all is as it was accepted"), "{}", said(&verified));
    let rebuilt = place.run(&["rebuild", "--lang", "en"]);
    assert!(!rebuilt.status.success());
    assert!(said(&rebuilt).contains("stop it first"), "{}", said(&rebuilt));
    drop(serving); // Killed.
    let rebuilt = place.run(&["rebuild", "--lang", "en"]);
    assert!(rebuilt.status.success() && said(&rebuilt).contains("the same bytes"), "{}", said(&rebuilt));
    let json = place.run(&["verify", "--json"]);
    assert!(json.status.success());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["differences"], serde_json::json!([]));
}

#[test]
fn a_half_edited_file_keeps_nobody_from_asking() {
    let place = Place::initialised(&[]);
    let charter = fs::read_to_string(place.config()).unwrap();
    let stopped = place.run(&["status"]);
    assert!(
        !stopped.status.success() && said(&stopped).contains("non è in esecuzione"),
        "{}",
        said(&stopped)
    );
    let stopped = place.run(&["status", "--lang", "en"]);
    assert!(said(&stopped).contains("is not running"), "{}", said(&stopped));
    let _serving = place.serve();
    for more in ["no_such_key: 1\n", "rules: {vantages: [\n", "rules: {a: 1, a: 2}\n"] {
        fs::write(place.config(), format!("{charter}{more}")).unwrap();
        let status = place.run(&["status"]);
        assert!(status.status.success(), "{more}: {}", said(&status));
        let reload = place.run(&["reload"]);
        assert!(said(&reload).contains("resta in vigore la Carta di prima"), "{}", said(&reload));
    }
    fs::write(place.config(), "services: [\n").unwrap();
    let blind = place.run(&["status"]);
    assert!(said(&blind).contains("non si ricava la cartella di stato"), "{}", said(&blind));
    assert!(said(&place.run(&["status", "--lang", "en"])).contains("cannot be told"));
    fs::write(place.config(), charter).unwrap();
    for (arguments, words) in [
        (["report", "2025"], "nel 2025 non è stato misurato nulla"),
        (["report", "novembre"], "`novembre` non è un periodo"),
        (["report", "2999"], "l'anno 2999 non è cominciato"),
    ] {
        let refused = place.run(&arguments);
        assert!(!refused.status.success() && said(&refused).contains(words), "{}", said(&refused));
    }
    let future = place.run(&["status", "--as-of", "01/01/2999 10:00"]);
    assert!(said(&future).contains("deve ancora venire"), "{}", said(&future));
    let verified = place.run(&["verify"]);
    assert!(said(&verified).contains("testa del registro: voce"), "{}", said(&verified));
}

#[test]
fn a_reload_says_what_changes_and_a_refused_file_changes_nothing() {
    let place = Place::initialised(&[]);
    let _serving = place.serve();
    let charter = fs::read_to_string(place.config()).unwrap();
    let renamed = charter.replace("pagina: {", "sito: {was: pagina, owner: Area 4, ");
    assert_ne!(charter, renamed);
    fs::write(place.config(), &renamed).unwrap();
    let said_by = |arguments: &[&str], is_fine: bool| {
        let output = place.run(arguments);
        assert_eq!(output.status.success(), is_fine, "{}", said(&output));
        said(&output)
    };
    let told = said_by(&["reload", "--lang", "en", "--dry-run"], true);
    let it = said_by(&["reload", "--dry-run"], true);
    for sentence in [
        "il componente `sorveglianza.sito` continua quello che era `pagina`",
        "`owner` del componente `sorveglianza.sito` è Area 4, prima non c'era",
        "come richiesto, nulla è stato fatto",
    ] {
        assert!(it.contains(sentence), "{sentence} is missing in\n{it}");
    }
    for sentence in [
        "the component `sorveglianza.sito` continues what was `pagina`",
        "`owner` of the component `sorveglianza.sito` is Area 4, was not set",
        "nothing done, as asked",
    ] {
        assert!(told.contains(sentence), "{sentence} is missing in\n{told}");
    }
    assert!(said_by(&["reload", "--lang", "en"], true).contains("changes in force; journal entry"));
    assert!(said_by(&["reload", "--lang", "en"], true).contains("nothing changed"));

    fs::write(place.config(), format!("include: altro.yaml\n{renamed}")).unwrap();
    let refused =
        said_by(&["reload", "--lang", "en", "--state", place.path("state").to_str().unwrap()], false);
    assert!(refused.contains("stays in force") && refused.contains("there is no such file"), "{refused}");
    fs::write(place.path("altro.yaml"), "canaries: [\"192.0.2.1:443\"]\n").unwrap();
    let told = said_by(&["reload", "--lang", "en"], true);
    assert!(told.contains("the list of canaries is 192.0.2.1:443, was none"), "{told}");
    fs::write(place.path("altro.yaml"), "services: {sorveglianza: {}}\n").unwrap();
    let refused =
        said_by(&["reload", "--lang", "en", "--state", place.path("state").to_str().unwrap()], false);
    assert!(refused.contains("altro.yaml:1:12: the key `sorveglianza` is already at"), "{refused}");
    fs::write(place.path("altro.yaml"), "canaries: [\"192.0.2.1:443\"]\n").unwrap();
    assert!(
        said_by(&["reload", "--lang", "en"], true).contains("nothing changed"),
        "the old one is still in force"
    );
}
