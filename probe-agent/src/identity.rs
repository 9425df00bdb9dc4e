//! Who the agent is, and whom it trusts: learned once, at enrolment, and kept in one file.
//!
//! ```text
//! STATE/identity.json   0600  agent id, own key seed, collector's key and authority, addresses
//! STATE/enrolling.json  0600  the same while enrolment is under way
//! STATE/assignment      0600  the newest signed assignment
//! STATE/canaries.json   0600  where canaries were last found
//! STATE/status.json     0600  how the agent is
//! STATE/spool/          0700  segments and cursor
//! ```
//!
//! The key is on disk before it is shown to the collector. If the answer is lost, the same line can
//! be used again: the agent shows the same key, and the collector can tell that it is the same agent.

use std::io;
use std::path::Path;
use std::sync::Arc;

use collector_api::{EnrolLine, EnrolLineError, EnrolRequest, PublicKey, SigningKey, hex_decode, hex_encode};
use config::HostPort;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::collector_client::{CollectorClient, CollectorError};
use crate::state_file;

const NAME: &str = "identity.json";
const ENROLLING: &str = "enrolling.json";
const BYTES_MAX: usize = 64 << 10;

/// An enrolled agent.
#[derive(Debug)]
pub struct Identity {
    /// The agent's id in the charter.
    pub agent: String,
    /// The collector's key: what signs its answers and assignments.
    pub collector: PublicKey,
    /// The collector's own authority, DER: the only one trusted for its transport.
    pub authority: Vec<u8>,
    /// The name in the collector's certificate, whatever address leads there.
    pub server_name: String,
    /// Where the collector listens, in order of preference.
    pub addresses: Vec<HostPort>,
    /// The agent's own key.
    pub key: SigningKey,
}

/// Why there is no identity.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// Nothing is there yet.
    #[error(
        "this agent is not enrolled; run `vedetta agent add` at the collector and give its line to `vedetta-agent enrol`"
    )]
    NotEnrolled,
    /// Enrolling over an identity would orphan the key the collector knows.
    #[error(
        "this state directory already belongs to agent `{0}`; use another, or remove its identity.json after `vedetta agent revoke`"
    )]
    AlreadyEnrolled(String),
    /// The file is there but is not one.
    #[error(
        "{NAME} is damaged ({0}); restore it, or run `vedetta agent replace` at the collector and enrol again"
    )]
    Damaged(String),
    /// The state directory failed.
    #[error("cannot use the state directory")]
    Disk(#[from] io::Error),
    /// The text given is not what the collector printed.
    #[error(transparent)]
    Line(#[from] EnrolLineError),
    /// The operating system gives no randomness.
    #[error("the system's random source failed")]
    Random,
    /// No collector said yes.
    #[error("the collector did not enrol this agent")]
    Collector(#[from] CollectorError),
    /// Signed, but for somebody else.
    #[error("the collector enrolled `{0}`, not this agent; ask for a new line")]
    OtherAgent(String),
}

/// The file. Binary values are hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    agent: String,
    seed: String,
    collector: String,
    authority: String,
    server_name: String,
    addresses: Vec<HostPort>,
}

impl Identity {
    /// Reads what [`enrol`] wrote in the state directory.
    pub fn load(directory: &Path) -> Result<Self, IdentityError> {
        read(directory, NAME)?.ok_or(IdentityError::NotEnrolled)?.identity()
    }
}

/// Makes a key, shows it to the collector that printed `line`, and keeps both in `directory`.
///
/// Tries the line's addresses in order. A second call with the same line shows the same key.
pub async fn enrol(line: &str, directory: &Path, version: &str) -> Result<Identity, IdentityError> {
    let line = EnrolLine::from_line(line)?;
    state_file::make_directory(directory)?;
    if let Some(stored) = read(directory, NAME)? {
        return Err(IdentityError::AlreadyEnrolled(stored.agent));
    }
    let mut stored = Stored::of_line(&line)?;
    if let Some(earlier) = read(directory, ENROLLING)?
        && earlier.agent == stored.agent
        && earlier.collector == stored.collector
    {
        stored.seed = earlier.seed;
    }
    write(directory, ENROLLING, &stored)?;

    let identity = Arc::new(stored.identity()?);
    let request = EnrolRequest::new(&identity.agent, &line.code, version, &identity.key);
    let mut client = CollectorClient::new(Arc::clone(&identity), &identity.addresses)?;
    let answer = loop {
        match client.enrol(&request).await {
            Ok(answer) => break answer,
            Err(CollectorError::Unreachable(_)) if client.next_address() => {}
            Err(error) => return Err(error.into()),
        }
    };
    if answer.agent != identity.agent {
        return Err(IdentityError::OtherAgent(answer.agent));
    }
    write(directory, NAME, &stored)?;
    std::fs::remove_file(directory.join(ENROLLING))?;
    stored.identity()
}

impl Stored {
    fn of_line(line: &EnrolLine) -> Result<Self, IdentityError> {
        let mut seed = [0_u8; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| IdentityError::Random)?;
        let addresses: Option<Vec<HostPort>> =
            line.addresses.iter().map(|address| HostPort::parse(address, None)).collect();
        Ok(Self {
            agent: line.agent.clone(),
            seed: hex_encode(&seed),
            collector: hex_encode(&line.collector),
            authority: hex_encode(&line.authority),
            server_name: line.server_name.clone(),
            addresses: addresses.ok_or(EnrolLineError)?,
        })
    }

    fn identity(&self) -> Result<Identity, IdentityError> {
        let damaged = |what: &str| IdentityError::Damaged(format!("{what} is wrong"));
        Ok(Identity {
            agent: self.agent.clone(),
            collector: hex_decode(&self.collector)
                .and_then(|bytes| PublicKey::from_slice(&bytes))
                .ok_or_else(|| damaged("collector"))?,
            authority: hex_decode(&self.authority).ok_or_else(|| damaged("authority"))?,
            server_name: self.server_name.clone(),
            addresses: self.addresses.clone(),
            key: hex_decode(&self.seed)
                .and_then(|seed| SigningKey::from_seed(&seed))
                .ok_or_else(|| damaged("seed"))?,
        })
    }
}

fn read(directory: &Path, name: &str) -> Result<Option<Stored>, IdentityError> {
    let Some(bytes) = state_file::read(directory, name, BYTES_MAX)? else { return Ok(None) };
    // The parser's message names line and column, never the value: the seed stays in the file.
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| IdentityError::Damaged(format!("line {}, column {}", error.line(), error.column())))
}

fn write(directory: &Path, name: &str, stored: &Stored) -> Result<(), IdentityError> {
    let bytes = serde_json::to_vec_pretty(stored).map_err(io::Error::from)?;
    Ok(state_file::replace(directory, name, &bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn line() -> EnrolLine {
        EnrolLine {
            addresses: vec!["127.0.0.1:1".to_owned()],
            authority: no_authority(),
            collector: vec![9; 32],
            agent: "ced1".to_owned(),
            code: vec![7; 32],
            server_name: "collector.example".to_owned(),
        }
    }

    /// Enrolment stores the authority before it parses it, so any bytes serve where it must fail.
    fn no_authority() -> Vec<u8> {
        vec![1, 2, 3]
    }

    #[test]
    fn an_identity_reads_back_and_only_its_owner_reads_it() {
        let home = tempfile::tempdir().unwrap();
        assert!(matches!(Identity::load(home.path()), Err(IdentityError::NotEnrolled)));
        let stored = Stored::of_line(&line()).unwrap();
        write(home.path(), NAME, &stored).unwrap();
        let identity = Identity::load(home.path()).unwrap();
        assert_eq!(identity.agent, "ced1");
        assert_eq!(identity.collector.0, [9; 32]);
        assert_eq!(identity.addresses[0].port, 1);
        let mode = home.path().join(NAME).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let seed = hex_decode(&stored.seed).unwrap();
        assert_eq!(identity.key.public(), SigningKey::from_seed(&seed).unwrap().public());
        assert!(!format!("{identity:?}").contains(&stored.seed), "a key is never printed");
    }

    #[test]
    fn two_agents_never_share_a_key() {
        let seeds: Vec<String> = (0..2).map(|_| Stored::of_line(&line()).unwrap().seed).collect();
        assert_ne!(seeds[0], seeds[1]);
    }

    #[tokio::test]
    async fn a_failed_enrolment_leaves_no_identity_and_keeps_its_key_for_the_next_try() {
        let home = tempfile::tempdir().unwrap();
        let text = line().to_line();
        assert!(enrol(&text, home.path(), "0").await.is_err());
        let first = read(home.path(), ENROLLING).unwrap().unwrap().seed;
        assert!(enrol(&text, home.path(), "0").await.is_err());
        assert_eq!(read(home.path(), ENROLLING).unwrap().unwrap().seed, first);
        assert!(matches!(Identity::load(home.path()), Err(IdentityError::NotEnrolled)));
    }

    #[tokio::test]
    async fn an_enrolled_directory_is_never_overwritten() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), NAME, &Stored::of_line(&line()).unwrap()).unwrap();
        let again = enrol(&line().to_line(), home.path(), "0").await;
        assert!(matches!(again, Err(IdentityError::AlreadyEnrolled(agent)) if agent == "ced1"));
    }
}
