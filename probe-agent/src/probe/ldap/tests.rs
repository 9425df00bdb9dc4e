//! The LDAP probe against directories that answer right, wrong and never.

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Family, Id, Probe, Timing, TlsParams};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::super::ber::{
    ENUMERATED, INTEGER, OCTETS, Reader, SEQUENCE, SET, application, element, integer, number,
};
use super::super::tests::{spec, surroundings};
use super::super::{Check, Outcome};
use super::*;
use crate::secrets::SecretsDirectory;

/// How a directory answers.
#[derive(Debug, Clone, Copy)]
struct Directory {
    bind: (i64, &'static str),
    root: &'static [(&'static str, &'static str)],
    entries: usize,
    references: usize,
    search: i64,
    /// Its clock minus this machine's; none tells none.
    ahead_ms: Option<i64>,
    starttls: i64,
    /// Answers have another number.
    is_of_other: bool,
    /// Said instead of an answer to the bind.
    noise: Option<&'static [u8]>,
}

const RIGHT: Directory = Directory {
    bind: (0, ""),
    root: &[("isSynchronized", "TRUE"), ("isGlobalCatalogReady", "TRUE")],
    entries: 3,
    references: 0,
    search: 0,
    ahead_ms: None,
    starttls: 0,
    is_of_other: false,
    noise: None,
};

impl Directory {
    fn answers(self, op: u8, body: &[u8]) -> Vec<Vec<u8>> {
        if op == application(0) {
            return vec![result(1, self.bind.0, self.bind.1)];
        }
        if op == application(23) {
            return vec![result(24, self.starttls, "")];
        }
        let base = Reader::new(body).expect(OCTETS).unwrap();
        if base.is_empty() {
            let mut values = self.root.to_vec();
            let time = self.ahead_ms.map(|ahead_ms| {
                let at = jiff::Timestamp::from_millisecond(clock::system()() + ahead_ms).unwrap();
                at.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S.0Z").to_string()
            });
            values.extend(time.as_deref().map(|time| ("currentTime", time)));
            let entry = (!values.is_empty()).then(|| entry(&values));
            return entry.into_iter().chain([result(5, 0, "")]).collect();
        }
        let reference = element(application(19), &[&element(OCTETS, &[b"ldap://altrove.example/"])]);
        let mut answers = vec![entry(&[]); self.entries];
        answers.extend(vec![reference; self.references]);
        answers.push(result(5, self.search, "un testo"));
        answers
    }

    async fn serve(self, mut stream: TcpStream) {
        loop {
            let mut head = [0; 2];
            // What is no message of LDAP (a handshake of TLS) is hung up on.
            if stream.read_exact(&mut head).await.is_err() || head[0] != SEQUENCE {
                return;
            }
            // Questions of a test that are longer have one or two bytes of length more.
            let mut more = vec![0; usize::from(head[1].saturating_sub(0x80))];
            stream.read_exact(&mut more).await.unwrap();
            let length = if head[1] < 0x80 {
                usize::from(head[1])
            } else {
                more.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
            };
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            let mut fields = Reader::new(&body);
            let id = number(fields.expect(INTEGER).unwrap()).unwrap() + i64::from(self.is_of_other);
            let (op, body) = fields.next().unwrap().unwrap();
            if op == 0x42 {
                return;
            }
            if let Some(noise) = self.noise {
                let _ = stream.write_all(noise).await;
                return;
            }
            for answer in self.answers(op, body) {
                let message = element(SEQUENCE, &[&integer(INTEGER, id), &answer]);
                if stream.write_all(&message).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn open(self) -> (HostPort, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                self.serve(stream).await;
            }
        });
        (HostPort { host: "127.0.0.1".to_owned(), port }, tasks)
    }
}

fn entry(values: &[(&str, &str)]) -> Vec<u8> {
    let attributes: Vec<u8> = values
        .iter()
        .flat_map(|(name, value)| {
            let value = element(SET, &[&element(OCTETS, &[value.as_bytes()])]);
            element(SEQUENCE, &[&element(OCTETS, &[name.as_bytes()]), &value])
        })
        .collect();
    element(application(4), &[&element(OCTETS, &[b"cn=x"]), &element(SEQUENCE, &[&attributes])])
}

fn result(op: u8, code: i64, text: &str) -> Vec<u8> {
    let text = element(OCTETS, &[text.as_bytes()]);
    element(application(op), &[&integer(ENUMERATED, code), &element(OCTETS, &[]), &text])
}

fn params(server: &HostPort) -> LdapParams {
    LdapParams {
        server: server.clone(),
        family: Family::V4,
        security: LdapSecurity::Plain,
        tls: TlsParams::default(),
        bind: None,
        search: None,
        require: Vec::new(),
    }
}

fn people(min_entries: u32) -> LdapSearch {
    let filter = LdapFilter::parse("(&(objectClass=person)(uid=s*))").unwrap();
    LdapSearch { base: "dc=comune,dc=example".to_owned(), scope: LdapScope::Sub, filter, min_entries }
}

fn check(params: LdapParams) -> Check {
    // The system's authorities take a while to read in a build that is not optimised.
    let timing = Timing { timeout_ms: 20_000, every_ms: 60_000, attempts: 1, ..spec().timing };
    Check::new(CheckSpec { probe: Probe::Ldap(Box::new(params)), timing, ..spec() }).unwrap()
}

/// An agent whose secret may go to the directory, in clear.
fn agent_for(server: &HostPort) -> (tempfile::TempDir, Surroundings) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sonda"), "hunter2").unwrap();
    std::fs::write(folder.path().join("sonda.for"), format!("ldap://{server}")).unwrap();
    let secrets = SecretsDirectory::new(folder.path());
    (folder, Surroundings { secrets, ..surroundings() })
}

async fn run(directory: Directory, ask: impl FnOnce(LdapParams) -> LdapParams) -> Outcome {
    let (server, _tasks) = directory.open().await;
    let (_folder, surroundings) = agent_for(&server);
    check(ask(params(&server))).run(&surroundings).await
}

fn with_bind(params: LdapParams) -> LdapParams {
    let bind = LdapBind { user: "cn=sonda".to_owned(), secret: Id::new("sonda").unwrap() };
    LdapParams { bind: Some(bind), ..params }
}

#[tokio::test]
async fn each_end_of_a_bind_has_its_reason() {
    let data = |data: &str| {
        format!("80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data {data}, v4563")
    };
    let down = |reason| (Verdict::Down, reason);
    for (code, text, expected) in [
        (0, String::new(), (Verdict::Up, Reason::None)),
        (49, String::new(), down(Reason::AuthRejected)),
        (49, data("52e"), down(Reason::AuthRejected)),
        (49, data("525"), down(Reason::AuthRejected)),
        (49, data("532"), down(Reason::AuthExpired)),
        (49, data("533"), down(Reason::AuthDisabled)),
        (49, data("701"), down(Reason::AuthExpired)),
        (49, data("773"), down(Reason::AuthExpired)),
        (49, data("775"), down(Reason::AuthLocked)),
        (19, "Exceed password retry limit. Please try later.".to_owned(), down(Reason::AuthLocked)),
        (19, String::new(), down(Reason::LdapCode)),
        (8, String::new(), down(Reason::LdapCode)),
        (10, String::new(), down(Reason::LdapReferralOnly)),
        (13, "confidentiality required".to_owned(), down(Reason::LdapCode)),
        (53, String::new(), down(Reason::LdapCode)),
    ] {
        let text: &'static str = text.leak();
        let outcome = run(Directory { bind: (code, text), ..RIGHT }, with_bind).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{code} {text}: {outcome:?}");
        if code != 0 {
            let fact = outcome.evidence.facts.iter().find(|fact| fact.name == "code").unwrap();
            assert_eq!(fact.value, code.to_string());
            assert_eq!(outcome.attempts, 1, "no account is locked by trying again");
        }
        let wants_tls = outcome.evidence.detail.contains("starttls");
        assert_eq!(wants_tls, code == 13, "{outcome:?}");
    }
}

#[tokio::test]
async fn each_end_of_a_search_has_its_reason() {
    let up = (Verdict::Up, Reason::None);
    let down = |reason| (Verdict::Down, reason);
    for (directory, min_entries, expected) in [
        (RIGHT, 1, up),
        (RIGHT, 3, up),
        (RIGHT, 4, down(Reason::LdapNoEntries)),
        (Directory { entries: 0, ..RIGHT }, 1, down(Reason::LdapNoEntries)),
        (Directory { search: 4, entries: 10, ..RIGHT }, 5, up),
        (Directory { search: 4, entries: 2, ..RIGHT }, 5, down(Reason::LdapCode)),
        (Directory { entries: 0, references: 2, ..RIGHT }, 1, down(Reason::LdapReferralOnly)),
        (Directory { references: 2, ..RIGHT }, 1, up),
        (Directory { entries: 0, search: 10, ..RIGHT }, 1, down(Reason::LdapReferralOnly)),
        (Directory { entries: 0, search: 32, ..RIGHT }, 1, down(Reason::LdapCode)),
        (Directory { entries: 0, search: 3, ..RIGHT }, 1, down(Reason::LdapCode)),
        // One that does not keep to what was asked of it.
        (Directory { entries: 100, ..RIGHT }, 5, down(Reason::ProtoUnexpectedReply)),
        (Directory { references: 100, ..RIGHT }, 5, down(Reason::ProtoUnexpectedReply)),
        (Directory { is_of_other: true, ..RIGHT }, 1, down(Reason::ProtoIdMismatch)),
        // A root entry that is hidden is nobody's business where something else is searched.
        (Directory { root: &[], ..RIGHT }, 1, up),
    ] {
        let search = Some(people(min_entries));
        let outcome = run(directory, |params| LdapParams { search, ..params }).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{directory:?} {min_entries}: {outcome:?}");
    }
}

#[tokio::test]
async fn the_root_entry_is_believed() {
    let up = (Verdict::Up, Reason::None);
    let require = vec![LdapState::Synchronized, LdapState::GlobalCatalog];
    for (root, ahead_ms, expected) in [
        (RIGHT.root, None, up),
        (RIGHT.root, Some(30_000), up),
        (RIGHT.root, Some(90_000), (Verdict::Degraded, Reason::LdapSkew)),
        (RIGHT.root, Some(-600_000), (Verdict::Degraded, Reason::LdapSkew)),
        (
            &[("isSynchronized", "FALSE"), ("isGlobalCatalogReady", "TRUE")],
            None,
            (Verdict::Down, Reason::LdapNotSynchronized),
        ),
        (
            &[("issynchronized", "TRUE"), ("isGlobalCatalogReady", "FALSE")],
            None,
            (Verdict::Down, Reason::LdapGlobalCatalog),
        ),
        (&[("namingContexts", "x")], None, (Verdict::Down, Reason::LdapNotSynchronized)),
    ] {
        let directory = Directory { root, ahead_ms, ..RIGHT };
        let outcome = run(directory, |params| LdapParams { require: require.clone(), ..params }).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{directory:?}: {outcome:?}");
    }
    let outcome = run(Directory { root: &[], ..RIGHT }, |params| params).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::LdapNoEntries), "{outcome:?}");
}

#[tokio::test]
async fn tls_that_is_not_offered_is_told_from_tls_that_fails() {
    let starttls = |params| LdapParams { security: LdapSecurity::Starttls, ..params };
    let outcome = run(Directory { starttls: 2, ..RIGHT }, starttls).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::LdapNoStarttls), "{outcome:?}");
    assert_eq!(outcome.evidence.phase_failed, "starttls");
    // It says yes, and then does not speak it.
    let outcome = run(RIGHT, starttls).await;
    assert_eq!(
        (outcome.verdict, outcome.evidence.phase_failed.as_str()),
        (Verdict::Down, "tls"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn noise_is_malformed_and_a_farewell_is_heard() {
    let farewell: &[u8] = b"\x30\x0c\x02\x01\x00\x78\x07\x0a\x01\x34\x04\x00\x04\x00";
    for (noise, reason) in [
        (&b"HTTP/1.1 400 Bad Request\r\n"[..], Reason::ProtoMalformed),
        (b"\x30\x84\xff\xff\xff\xff", Reason::ProtoMalformed),
        (b"\x30\x80\x00\x00", Reason::ProtoMalformed),
        (b"\x30\x20\x02\x01\x01", Reason::ProtoClosedEarly),
        (b"", Reason::ProtoClosedEarly),
        (farewell, Reason::ProtoClosedEarly),
    ] {
        let outcome = run(Directory { noise: Some(noise), ..RIGHT }, |params| params).await;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, reason), "{noise:?}: {outcome:?}");
    }
}

/// A lock may begin anew with each try, whatever the password.
#[tokio::test]
async fn an_account_that_lets_nobody_in_is_not_tried_again() {
    for (data, reason) in
        [("775", Reason::AuthLocked), ("532", Reason::AuthExpired), ("533", Reason::AuthDisabled)]
    {
        let text: &'static str = format!("AcceptSecurityContext error, data {data}, v4563").leak();
        let (server, mut tasks) = Directory { bind: (49, text), ..RIGHT }.open().await;
        let (folder, surroundings) = agent_for(&server);
        let check = check(with_bind(params(&server)));
        let outcome = check.run(&surroundings).await;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, reason), "{outcome:?}");
        // Nobody is there any more: whoever dialled would say so.
        tasks.shutdown().await;
        let outcome = check.run(&surroundings).await;
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, reason), "{outcome:?}");
        assert!(outcome.evidence.facts.iter().any(|fact| fact.name == "held_back"), "{outcome:?}");
        std::fs::write(folder.path().join("sonda"), "another").unwrap();
        assert_eq!(check.run(&surroundings).await.reason, Reason::ConnectRefused, "tried at once");
    }
}

#[tokio::test]
async fn a_password_is_never_shown_never_empty_and_rests_when_it_was_wrong() {
    let (server, _tasks) = Directory { bind: (49, "no, hunter2 is wrong"), ..RIGHT }.open().await;
    let (folder, surroundings) = agent_for(&server);
    let check = check(with_bind(params(&server)));
    let (outcome, transcript) = check.run_recorded(&surroundings).await;
    assert_eq!(outcome.reason, Reason::AuthRejected);
    assert!(!format!("{outcome:?} {transcript:?}").contains("hunter2"), "{outcome:?}");
    let outcome = check.run(&surroundings).await;
    assert!(outcome.evidence.facts.iter().any(|fact| fact.name == "held_back"), "{outcome:?}");
    std::fs::write(folder.path().join("sonda"), "\n").unwrap();
    let outcome = check.run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentSecretMissing));
    // In clear it goes only where a line says so.
    std::fs::write(folder.path().join("sonda"), "other").unwrap();
    std::fs::write(folder.path().join("sonda.for"), format!("ldaps://{server}")).unwrap();
    let outcome = check.run(&surroundings).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::AgentTargetForbidden));
}
