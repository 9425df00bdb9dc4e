//! One report to the agent, or to disk where the agent does not take it now.
//!
//! Jobs run as root, and the agent does not: what it owns is not to be trusted with root's writing. So a report is put
//! into the agent's inbox as the agent, who could have written it itself; and a folder of one's own is used only if it
//! is one's own, for the last resort is a place in which everybody may make folders.

use std::fmt;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{AgentConfig, CheckId, HostPort};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use nix::unistd::{Gid, Uid, getegid, geteuid, setegid, seteuid};
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
    /// The agent's.
    state: PathBuf,
    /// Where a report waits that cannot wait in the agent's inbox.
    own: PathBuf,
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
        Self {
            job: job.clone(),
            agent: agent.unwrap_or(HostPort { host, port: own }),
            token: token.map(|token| token.trim_ascii_end().to_owned()),
            state: config.state_directory.clone(),
            own: user_folder(),
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
                let written = self.keep_with_agent(&kept).or_else(|| self.keep_by_ourselves(&kept));
                written.map_or_else(|| Sent::Lost(why.clone()), |path| Sent::Kept(path, why.clone()))
            }
        }
    }

    /// In the agent's inbox, as the agent.
    fn keep_with_agent(&self, kept: &KeptReport) -> Option<PathBuf> {
        let owner = self.state.metadata().ok()?;
        let write = || kept.write(&Book::inbox(&self.state), std::process::id()).ok();
        as_user(Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()), write)
    }

    fn keep_by_ourselves(&self, kept: &KeptReport) -> Option<PathBuf> {
        make_own(&self.own).then(|| kept.write(&self.own, std::process::id()).ok()).flatten()
    }

    async fn say_what_waited(&self) {
        if !is_own(&self.own) {
            return;
        }
        for (path, kept) in kept::list(&self.own) {
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

/// Acts as somebody else, which only root can; anybody else acts as who they are, and may fail.
fn as_user<T>(user: Uid, group: Gid, act: impl FnOnce() -> Option<T>) -> Option<T> {
    let (own_user, own_group) = (geteuid(), getegid());
    if own_user == user || !own_user.is_root() {
        return act();
    }
    setegid(group).ok()?;
    let done = if seteuid(user).is_ok() { act() } else { None };
    // Root stays root beside its effective user, so this cannot fail; if it did, what follows had fewer rights.
    let _ = seteuid(own_user).and_then(|()| setegid(own_group));
    done
}

/// Makes a folder unless it is there, and says whether it is ours.
fn make_own(folder: &Path) -> bool {
    let _ = folder.parent().map(std::fs::create_dir_all);
    // Not even an existing link is followed by this.
    let _ = std::fs::DirBuilder::new().mode(0o700).create(folder);
    is_own(folder)
}

/// Is it a folder, no link to one, and nobody else's to write into?
fn is_own(folder: &Path) -> bool {
    let found = folder.symlink_metadata();
    found.is_ok_and(|found| found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0)
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    /// `nobody` and `nogroup` of Debian.
    const AGENT: u32 = 65_534;

    fn outlet(folder: &Path) -> Outlet {
        let (state, own) = (folder.join("state"), folder.join("own"));
        std::fs::create_dir(&state).unwrap();
        let job = CheckId::new("data_center.backup.notturno").unwrap();
        let agent = HostPort { host: "127.0.0.1".to_owned(), port: 9 };
        Outlet { job, agent, token: None, state, own }
    }

    fn kept(outlet: &Outlet) -> KeptReport {
        KeptReport { job: outlet.job.clone(), signal: Signal::Success, at_ms: 1, report: Report::default() }
    }

    #[test]
    fn a_report_waits_with_the_agent_and_is_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let outlet = outlet(folder.path());
        let path = outlet.keep_with_agent(&kept(&outlet)).unwrap();
        assert!(path.starts_with(Book::inbox(&outlet.state)));
        if !geteuid().is_root() {
            return;
        }
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::remove_dir_all(outlet.state.join("heartbeats")).unwrap();
        chown(&outlet.state, Some(AGENT), Some(AGENT)).unwrap();
        let path = outlet.keep_with_agent(&kept(&outlet)).unwrap();
        let found = path.metadata().unwrap();
        assert_eq!((found.uid(), found.gid(), geteuid().is_root()), (AGENT, AGENT, true));
        // What the agent itself may not write, nobody writes for it: its folder leads to root's.
        let roots = folder.path().join("of_root");
        std::fs::create_dir(&roots).unwrap();
        std::fs::set_permissions(&roots, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::remove_dir_all(outlet.state.join("heartbeats")).unwrap();
        symlink(&roots, outlet.state.join("heartbeats")).unwrap();
        assert_eq!(outlet.keep_with_agent(&kept(&outlet)), None);
        let found = roots.metadata().unwrap();
        assert_eq!((found.uid(), found.mode() & 0o777, roots.read_dir().unwrap().count()), (0, 0o755, 0));
    }

    #[test]
    fn a_folder_of_ones_own_is_ones_own() {
        let folder = tempfile::tempdir().unwrap();
        let outlet = outlet(folder.path());
        assert!(!is_own(&outlet.own));
        let path = outlet.keep_by_ourselves(&kept(&outlet)).unwrap();
        assert!(path.starts_with(&outlet.own) && is_own(&outlet.own));
        // Somebody was there first, and has made it lead elsewhere, or open to everybody.
        let elsewhere = folder.path().join("elsewhere");
        std::fs::rename(&outlet.own, &elsewhere).unwrap();
        symlink(&elsewhere, &outlet.own).unwrap();
        assert_eq!(outlet.keep_by_ourselves(&kept(&outlet)), None);
        std::fs::remove_file(&outlet.own).unwrap();
        std::fs::create_dir(&outlet.own).unwrap();
        std::fs::set_permissions(&outlet.own, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(outlet.keep_by_ourselves(&kept(&outlet)), None);
    }
}
