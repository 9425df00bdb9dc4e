//! One report to the agent, or to disk where the agent does not take it now.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{AgentConfig, CheckId, HostPort};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clock;
use crate::heartbeats::kept::{self, KeptReport};
use crate::heartbeats::{Book, Report, Signal};

/// Of one attempt: a job must not wait for whoever watches it.
const PATIENCE: Duration = Duration::from_secs(3);
const ANSWER_BYTES_MAX: usize = 4_096;

/// Where reports go.
#[derive(Debug)]
pub(super) struct Outlet {
    job: CheckId,
    agent: HostPort,
    token: Option<String>,
    /// Folders in which a report may wait: the agent's own inbox, then the user's.
    folders: [PathBuf; 2],
}

/// What became of a report.
#[derive(Debug)]
pub(super) enum Sent {
    /// The agent has it on disk.
    Accepted(String),
    /// It will never take it.
    Refused(String),
    /// It waits in a file.
    Kept(PathBuf, String),
    /// It could not even be kept.
    Lost(String),
}

enum Undelivered {
    Refused(String),
    Away(String),
}

impl Outlet {
    pub(super) fn new(
        config: &AgentConfig,
        job: &CheckId,
        agent: Option<HostPort>,
        token_file: Option<&Path>,
    ) -> Self {
        let listen = config.heartbeats_listen.first().copied();
        let own = listen.map_or(AgentConfig::HEARTBEATS_PORT, |listen| listen.port());
        let host = match listen {
            Some(listen) if !listen.ip().is_unspecified() => listen.ip().to_string(),
            _ => "127.0.0.1".to_owned(),
        };
        let name = job.as_str().rsplit('.').next().unwrap_or_default();
        let path = token_file.map_or_else(|| config.secrets_directory.join(name), Path::to_owned);
        // Without a token that is needed the agent says so; the job is run all the same.
        let token = std::fs::read_to_string(path).ok();
        let folders = [Book::inbox(&config.state_directory), user_folder()];
        Self {
            job: job.clone(),
            agent: agent.unwrap_or(HostPort { host, port: own }),
            token: token.map(|token| token.trim_ascii_end().to_owned()),
            folders,
        }
    }

    /// Whom it tells.
    pub(super) fn agent(&self) -> &HostPort {
        &self.agent
    }

    /// Says it, and what waited before; keeps it where the agent does not take it now.
    pub(super) async fn say(&self, signal: Signal, report: Report) -> Sent {
        let at_ms = clock::system()();
        match self.send(signal, &report).await {
            Ok(sentence) => {
                self.say_what_waited().await;
                Sent::Accepted(sentence)
            }
            Err(Undelivered::Refused(why)) => Sent::Refused(why),
            Err(Undelivered::Away(why)) => {
                let kept = KeptReport { job: self.job.clone(), signal, at_ms, report };
                let written = self.folders.iter().find_map(|folder| self.keep(&kept, folder));
                written.map_or_else(|| Sent::Lost(why.clone()), |path| Sent::Kept(path, why.clone()))
            }
        }
    }

    /// The agent must be able to read what waits in its own folder, whoever writes it.
    fn keep(&self, kept: &KeptReport, folder: &Path) -> Option<PathBuf> {
        use std::os::unix::fs::{MetadataExt as _, chown};
        let is_agents = *folder == self.folders[0];
        let owner = folder.parent().and_then(|parent| parent.metadata().ok());
        if is_agents && owner.is_none() {
            return None;
        }
        let path = kept.write(folder, std::process::id()).ok()?;
        if let Some(owner) = owner.filter(|_| is_agents) {
            for place in [folder, &path] {
                // Who may not give it away is the owner already, or could not have written it.
                let _ = chown(place, Some(owner.uid()), Some(owner.gid()));
            }
        }
        Some(path)
    }

    async fn say_what_waited(&self) {
        for (path, kept) in kept::list(&self.folders[1]) {
            let Ok(kept) = kept else { continue };
            if kept.job != self.job {
                continue;
            }
            let kept = kept.aged(clock::system()());
            match self.send(kept.signal, &kept.report).await {
                Err(Undelivered::Away(_)) => return,
                Ok(_) | Err(Undelivered::Refused(_)) => {
                    let _ = std::fs::remove_file(&path);
                }
            }
        }
    }

    async fn send(&self, signal: Signal, report: &Report) -> Result<String, Undelivered> {
        let away = |why: String| Undelivered::Away(format!("{}: {why}", self.agent));
        match timeout(PATIENCE, self.exchange(signal, report)).await {
            Ok(Ok((status, sentence))) => match status {
                StatusCode::OK => Ok(sentence),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Err(away(sentence)),
                _ => Err(Undelivered::Refused(format!("{status}: {sentence}"))),
            },
            Ok(Err(error)) => Err(away(format!("{error:#}"))),
            Err(_elapsed) => Err(away("no answer".to_owned())),
        }
    }

    async fn exchange(&self, signal: Signal, report: &Report) -> anyhow::Result<(StatusCode, String)> {
        let stream = TcpStream::connect((self.agent.host.as_str(), self.agent.port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut request = Request::post(format!("/v1/heartbeats/{}/{}", self.job, signal.word()))
            .header("host", self.agent.to_string())
            .header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::new(Bytes::from(serde_json::to_vec(report)?)))?;
        let answer = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX)
                .collect()
                .await
                .map_err(anyhow::Error::from_boxed)?;
            let text = String::from_utf8_lossy(&body.to_bytes()).trim_ascii_end().escape_debug().to_string();
            anyhow::Ok((status, text))
        };
        tokio::pin!(connection);
        tokio::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            ended = &mut connection => { ended?; answer.await }
        }
    }
}

/// `$XDG_STATE_HOME`, or `~/.local/state`, or a folder of the user's in /var/tmp.
fn user_folder() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the command's own place to keep things")]
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = named("XDG_STATE_HOME").or_else(|| named("HOME").map(|home| home.join(".local/state")));
    match home {
        Some(home) => home.join("vedetta-heartbeats"),
        None => PathBuf::from(format!("/var/tmp/vedetta-heartbeats-{}", nix::unistd::getuid())),
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(sentence) => f.write_str(sentence),
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::Kept(path, why) => write!(f, "kept in {}: {why}", path.display()),
            Self::Lost(why) => write!(f, "lost, for it cannot be kept either: {why}"),
        }
    }
}
