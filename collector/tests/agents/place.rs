//! A running collector whose calendar the test owns.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use collector::clock::Clock;
use collector::keys::Keys;
use collector::operator::AgentAddQuestion;
use collector::serve::{Acts, Collector, Listening, Options, Patience};
use collector_api::EnrolLine;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;

pub(crate) const CHARTER: &str = r#"
organisation: {name: Comune di Esempio}
sites: {ced: {agents: [ced1, ced2], users: [uffici]}}
services:
  rete:
    users: [uffici]
    commitments: [{kind: availability, above: 98%}]
    components:
      porta: {probe: tcp, targets: {una: "192.0.2.1:443"}}
collector: {agents: {listen: "127.0.0.1:0"}, web: {listen: "127.0.0.1:0"}, state: state}
"#;
pub(crate) const BEGAN_MS: i64 = 1_800_000_000_000;

/// A running collector whose calendar the test owns.
pub(crate) struct Running {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) now_ms: Arc<AtomicI64>,
    pub(crate) listening: Listening,
    pub(crate) acts: Arc<Acts>,
    pub(crate) stop: CancellationToken,
    pub(crate) ended: JoinHandle<Result<(), collector::serve::ServeError>>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_with(Patience::default()).await
    }

    pub(crate) async fn start_with(patience: Patience) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("vedetta.yaml"), CHARTER).unwrap();
        let state = directory.path().join("state");
        std::fs::create_dir(&state).unwrap();
        std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700)).unwrap();
        Keys::create(&state).unwrap();
        Self::start_in(directory, patience, Arc::new(AtomicI64::new(BEGAN_MS))).await
    }

    pub(crate) async fn start_in(
        directory: tempfile::TempDir,
        patience: Patience,
        now_ms: Arc<AtomicI64>,
    ) -> Self {
        let clock = Arc::clone(&now_ms);
        let options = Options {
            config: directory.path().join("vedetta.yaml"),
            clock: Clock::new(move || clock.load(Ordering::SeqCst)),
            patience,
        };
        let collector = Collector::start(options).await.unwrap();
        let (listening, acts) = (collector.listening().clone(), collector.acts());
        let stop = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "the test awaits the handle in `stop`")]
        let ended = tokio::spawn(collector.run(stop.clone()));
        Self { directory, now_ms, listening, acts, stop, ended }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    pub(crate) fn later(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// A graceful stop, and the directory for a next start.
    pub(crate) async fn stop(self) -> (tempfile::TempDir, Arc<AtomicI64>) {
        self.stop.cancel();
        self.ended.await.unwrap().unwrap();
        (self.directory, self.now_ms)
    }

    pub(crate) async fn line(&self, agent: &str) -> EnrolLine {
        self.try_line(agent, false).await.unwrap()
    }

    pub(crate) async fn try_line(&self, agent: &str, replace: bool) -> Result<EnrolLine, String> {
        let question = AgentAddQuestion { agent: agent.to_owned(), replace };
        let answer = self.acts.agent_add("test".to_owned(), question).await;
        answer.map(|answer| EnrolLine::from_line(&answer.line).unwrap()).map_err(|error| error.to_string())
    }

    /// An agent that went through the whole enrolment.
    pub(crate) async fn enrolled(&self, name: &str, seed: u8) -> Agent {
        let line = self.line(name).await;
        let agent = Agent::of(&line, seed);
        let (status, _) = agent.enrol(&line).await;
        assert_eq!(status, 200);
        agent
    }

    /// What a line of this collector tells beside its code.
    pub(crate) fn line_of(&self, agent: &Agent) -> EnrolLine {
        let authority = std::fs::read(self.directory.path().join("state/authority.der")).unwrap();
        EnrolLine {
            addresses: vec![agent.address.clone()],
            authority,
            collector: agent.collector.0.to_vec(),
            agent: agent.name.clone(),
            code: vec![0; 32],
            server_name: agent.server_name.clone(),
        }
    }
}
