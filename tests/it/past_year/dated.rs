//! A collector whose calendar the story owns: what people enter has the instants of the year that is told.
//!
//! It runs in this process, because no command sets a collector's clock; everything else is as always: agents
//! deliver over TLS, people use the commands, which find its socket.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use collector::clock::Clock;
use collector::keys::Keys;
use collector::serve::{Collector, Listening, Options, Patience};
use collector_api::EnrolLine;
use harness::binaries::ours;
use harness::place::succeeded;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The collector, and the folder it lives in.
pub(crate) struct Dated {
    /// What it runs on: ends before its folder does.
    _runtime: Runtime,
    directory: tempfile::TempDir,
    now_ms: Arc<AtomicI64>,
    listening: Listening,
    stop: CancellationToken,
    /// What `collector` has beside its listeners, each behind a comma.
    more: String,
}

impl Dated {
    /// Serving at `now_ms` with a charter, the file without its key `collector`, and files beside it.
    pub(crate) fn serving(charter: &str, files: &[(&str, &str)], now_ms: i64) -> Self {
        Self::serving_with(charter, files, now_ms, "")
    }

    /// The same with `more` under `collector`: keys, each behind a comma.
    pub(crate) fn serving_with(charter: &str, files: &[(&str, &str)], now_ms: i64, more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        write_charter(&directory, charter, more);
        let state = directory.path().join("state");
        fs::create_dir(&state).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
        Keys::create(&state).unwrap();
        let now_ms = Arc::new(AtomicI64::new(now_ms));
        let clock = Arc::clone(&now_ms);
        let options = Options {
            config: directory.path().join("vedetta.yaml"),
            clock: Clock::new(move || clock.load(Ordering::SeqCst)),
            patience: Patience::default(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let collector = runtime.block_on(Collector::start(options)).unwrap();
        let (listening, stop) = (collector.listening().clone(), CancellationToken::new());
        runtime.spawn(collector.run(stop.clone()));
        Self { _runtime: runtime, directory, now_ms, listening, stop, more: more.to_owned() }
    }

    /// From now on it is this instant.
    pub(crate) fn at(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }

    /// Where it listens.
    pub(crate) fn listening(&self) -> &Listening {
        &self.listening
    }

    /// The file that it reads.
    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("vedetta.yaml")
    }

    /// Another charter comes into force.
    pub(crate) fn reload(&self, charter: &str) {
        write_charter(&self.directory, charter, &self.more);
        self.says(&["reload"]);
    }

    /// What a new agent of the charter enrols with.
    pub(crate) fn line_for(&self, agent: &str) -> EnrolLine {
        EnrolLine::from_line(&self.says(&["agent", "add", agent])).unwrap()
    }

    /// What a command says that does what it was asked.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(ours("vedetta"));
        command.args(arguments).arg("--config").arg(self.config());
        String::from_utf8(succeeded(&mut command).stdout).unwrap()
    }
}

impl Drop for Dated {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn write_charter(directory: &tempfile::TempDir, charter: &str, more: &str) {
    let listeners = format!(
        "collector: {{agents: {{listen: \"127.0.0.1:0\"}}, web: {{listen: \"127.0.0.1:0\"}}, state: state{more}}}\n"
    );
    fs::write(directory.path().join("vedetta.yaml"), format!("{charter}\n{listeners}")).unwrap();
}
