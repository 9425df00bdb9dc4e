//! Every kind against a peer that means it ill: silence, hanging up, noise, noise behind what the protocol begins
//! with, one's own words changed, floods, and a byte at a time. No run may panic, come out up, or go on after its
//! deadline; and after thousands of them memory is where it was.
//!
//! A kind is one line of [`ROWS`]. What a run meets follows from its number alone, which is printed when it fails:
//! `VEDETTA_HOSTILE=10000 cargo test -p probe-agent --lib hostile -- --nocapture` is the campaign, ten thousand runs
//! of each kind (`VEDETTA_HOSTILE_KIND=dns` of one, `VEDETTA_SEED=77` from that number on); without it a few hundred.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Timing};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::http::Pages;
use super::kerberos;
use super::mail_round_trip::Posts;
use super::tests::{spec, surroundings};
use super::{Check, Surroundings};
use crate::secrets::SecretsDirectory;

/// One kind, asked in a way to which no noise is the right answer.
struct Row {
    kind: &'static str,
    /// Its parameters as an assignment carries them. `PORT` is the peer's, TCP and UDP; `SECRET` is the name of a
    /// secret that may go there by one of [`SCHEMES`].
    probe: &'static str,
    /// What an answer begins with, given what the peer has just heard; nothing when it speaks first.
    prefix: fn(&[u8]) -> Vec<u8>,
}

/// A line each; the same kind may have several.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { kind: "tcp", probe: r#"{"kind":"tcp","address":"127.0.0.1:PORT","steps":[{"expect":"220 posta.example"},{"send":"QUIT\r\n","expect":"221 a presto"}]}"#, prefix: |_| b"220 posta.exampl".to_vec() },
    Row { kind: "udp", probe: r#"{"kind":"udp","address":"127.0.0.1:PORT","send":"ping","expect":"nessun rumore dice questo"}"#, prefix: |_| b"nessun rumore dic".to_vec() },
    Row { kind: "tcp_tls", probe: r#"{"kind":"tcp","address":"127.0.0.1:PORT","tls":{}}"#, prefix: |_| b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03".to_vec() },
    Row { kind: "http", probe: r#"{"kind":"http","url":"http://127.0.0.1:PORT/","answer":{"text":["nessun rumore dice questo"]}}"#, prefix: |_| b"HTTP/1.1 200 OK\r\n".to_vec() },
    Row { kind: "http_json", probe: r#"{"kind":"http","url":"http://127.0.0.1:PORT/","answer":{"json":[{"pointer":"/stato","value":"nessun rumore"}]}}"#, prefix: |_| b"HTTP/1.1 200 OK\r\n\r\n{\"stato\":".to_vec() },
    Row { kind: "http_secret", probe: r#"{"kind":"http","url":"http://127.0.0.1:PORT/","auth":{"scheme":"bearer","secret":"SECRET"},"answer":{"text":["nessun rumore dice questo"]}}"#, prefix: |_| b"HTTP/1.1 302 Found\r\nSet-Cookie: a=b\r\nLocation: /".to_vec() },
    // A page that is looked at twice, as the agent remembers it from one look to the next.
    Row { kind: "http_drift", probe: r#"{"kind":"http","url":"http://127.0.0.1:PORT/","drift":{"keeps":{"p":1,"q":2},"settles_ms":86400000}}"#, prefix: |_| b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 200\r\n\r\n<html><body>Il sito del comune <scrip".to_vec() },
    Row { kind: "http_pin", probe: r#"{"kind":"http","url":"http://127.0.0.1:PORT/","drift":{"pin":"0000000000000000000000000000000000000000000000000000000000000000","keeps":{"p":1,"q":2},"settles_ms":86400000}}"#, prefix: |_| b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Length: 200\r\n\r\n<!--".to_vec() },
    Row { kind: "oidc", probe: r#"{"kind":"oidc","issuer":"http://127.0.0.1:PORT","depth":"token","client":{"id":"a","secret":"SECRET"}}"#, prefix: |_| b"HTTP/1.1 200 OK\r\n\r\n{\"issuer\":\"".to_vec() },
    Row { kind: "oidc_userinfo", probe: r#"{"kind":"oidc","issuer":"http://127.0.0.1:PORT","depth":"userinfo","client":{"id":"a","secret":"SECRET"}}"#, prefix: answer_of_oidc },
    Row { kind: "saml", probe: r#"{"kind":"saml","url":"http://127.0.0.1:PORT/","entity":"nessun rumore"}"#, prefix: |_| b"HTTP/1.1 200 OK\r\n\r\n<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"nessun rumor".to_vec() },
    Row { kind: "journey", probe: r#"{"kind":"journey","url":"http://127.0.0.1:PORT/","steps":[{"name":"a","method":"POST","url":"/","body":{"form":[{"name":"p","value":{"secret":"SECRET"}}]},"status":["2xx"],"saml_request":{},"extract":[{"name":"x","from":{"field":"nessun rumore"}}]}]}"#, prefix: |_| b"HTTP/1.1 200 OK\r\n\r\n<input name=\"SAMLRequest\" value=\"".to_vec() },
    Row { kind: "dns", probe: r#"{"kind":"dns","server":"127.0.0.1:PORT","name":"intranet.example.","record_type":"A","expect":["10.0.0.80"]}"#, prefix: |asked| answer_of_dns(asked, 0) },
    Row { kind: "dns_tcp", probe: r#"{"kind":"dns","server":"127.0.0.1:PORT","name":"intranet.example.","record_type":"TXT","transport":"tcp","expect":["nessun rumore"]}"#, prefix: |asked| answer_of_dns(asked, 2) },
    Row { kind: "dns_signed", probe: r#"{"kind":"dns","server":"127.0.0.1:PORT","name":"intranet.example.","record_type":"A","expect":["10.0.0.80"],"dnssec":true,"rrsig_min_ms":86400000,"must_fail":[{"name":"altri.example.","record_type":"A"}],"soa_serial":{"same_as":["127.0.0.1:PORT"],"within_ms":60000}}"#, prefix: |asked| answer_of_dns(asked, 0) },
    Row { kind: "browse", probe: r#"{"kind":"browse","url":"https://uno.example/","proxy":{"address":"127.0.0.1:PORT"}}"#, prefix: |_| b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec() },
    Row { kind: "browse_plain", probe: r#"{"kind":"browse","url":"http://uno.example/","proxy":{"address":"127.0.0.1:PORT","user":"sonda","secret":"SECRET"},"text":["nessun rumore dice questo"]}"#, prefix: |_| b"HTTP/1.1 407 No\r\nProxy-Authenticate: ".to_vec() },
    Row { kind: "browse_blocked", probe: r#"{"kind":"browse","url":"http://uno.example/","proxy":{"address":"127.0.0.1:PORT"},"expect":"blocked","block_page":["nessun rumore dice questo"]}"#, prefix: |_| b"HTTP/1.1 200 OK\r\nX-Squid-".to_vec() },
    Row { kind: "captive_portal", probe: r#"{"kind":"captive_portal","url":"http://127.0.0.1:PORT/204","expect":"open"}"#, prefix: |_| b"HTTP/1.1 302 Found\r\nLocation: http://".to_vec() },
    Row { kind: "captive_portal_portal", probe: r#"{"kind":"captive_portal","url":"http://127.0.0.1:PORT/204","expect":"portal","portal":["nessun-rumore.example"]}"#, prefix: |_| b"HTTP/1.1 302 Found\r\nLocation: http://".to_vec() },
    Row { kind: "tls", probe: r#"{"kind":"tls","address":"127.0.0.1:PORT"}"#, prefix: |_| b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03".to_vec() },
    Row { kind: "dns_tls", probe: r#"{"kind":"dns","server":"127.0.0.1:PORT","name":"intranet.example.","record_type":"TXT","transport":"tls"}"#, prefix: |_| b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03".to_vec() },
    Row { kind: "tls_smtp", probe: r#"{"kind":"tls","address":"127.0.0.1:PORT","starttls":"smtp"}"#, prefix: |_| b"220 a\r\n250 b\r\n220 c\r\n".to_vec() },
    Row { kind: "tls_imap", probe: r#"{"kind":"tls","address":"127.0.0.1:PORT","starttls":"imap"}"#, prefix: answer_of_imap },
    Row { kind: "tls_pop3", probe: r#"{"kind":"tls","address":"127.0.0.1:PORT","starttls":"pop3"}"#, prefix: answer_of_pop3 },
    Row { kind: "tls_ldap", probe: r#"{"kind":"tls","address":"127.0.0.1:PORT","starttls":"ldap"}"#, prefix: |_| b"\x30\x07\x02\x01\x01\x78\x03\x0a\x01".to_vec() },
    Row { kind: "registration", probe: r#"{"kind":"registration","domain":"comune.example","rdap":"http://127.0.0.1:PORT/"}"#, prefix: |_| b"HTTP/1.1 200 OK\r\n\r\n{\"ldhName\":\"comune.example\",".to_vec() },
    Row { kind: "registration_list", probe: r#"{"kind":"registration","domain":"comune.example","bootstrap":"http://127.0.0.1:PORT/"}"#, prefix: |_| b"HTTP/1.1 200 OK\r\n\r\n{\"services\":[[[\"example\"],[\"http://".to_vec() },
    Row { kind: "domain", probe: r#"{"kind":"domain","domain":"comune.example","resolver":"127.0.0.1:PORT","family":"v4","ports":[]}"#, prefix: |asked| answer_of_dns(asked, 0) },
    Row { kind: "ntp", probe: r#"{"kind":"ntp","server":"127.0.0.1:PORT"}"#, prefix: answer_of_ntp },
    Row { kind: "radius", probe: r#"{"kind":"radius","server":"127.0.0.1:PORT","secret":"SECRET"}"#, prefix: answer_of_radius },
    Row { kind: "radius_login", probe: r#"{"kind":"radius","server":"127.0.0.1:PORT","secret":"SECRET","login":{"user":"sonda","secret":"SECRET"}}"#, prefix: answer_of_radius },
    Row { kind: "kerberos", probe: r#"{"kind":"kerberos","kdc":"127.0.0.1:PORT","realm":"COMUNE.EXAMPLE","transport":"tcp","user":"sonda"}"#, prefix: |_| b"\0\0\0\x80\x7e\x7e\x30\x7c\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x1e\xa4\x11\x18\x0f".to_vec() },
    Row { kind: "kerberos_udp", probe: r#"{"kind":"kerberos","kdc":"127.0.0.1:PORT","realm":"COMUNE.EXAMPLE","transport":"udp"}"#, prefix: |_| b"\x6b\x7e\x30\x7c\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x0b\xa3".to_vec() },
    Row { kind: "kerberos_login", probe: r#"{"kind":"kerberos","kdc":"127.0.0.1:PORT","realm":"COMUNE.EXAMPLE","transport":"tcp","user":"sonda","secret":"SECRET"}"#, prefix: |_| kerberos::tests::asks_for_a_proof() },
    Row { kind: "ldap", probe: r#"{"kind":"ldap","server":"127.0.0.1:PORT","security":"plain","bind":{"user":"cn=sonda","secret":"SECRET"}}"#, prefix: |_| b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0\x30\x60\x02\x01\x02\x64".to_vec() },
    Row { kind: "ldap_search", probe: r#"{"kind":"ldap","server":"127.0.0.1:PORT","security":"plain","search":{"base":"dc=comune,dc=example","scope":"sub","min_entries":1000},"require":["synchronized"]}"#, prefix: |_| b"\x30\x60\x02\x01\x01\x64\x5b\x04\0\x30\x57\x30\x16\x04\x0eisSynchronized\x31".to_vec() },
    Row { kind: "ldap_starttls", probe: r#"{"kind":"ldap","server":"127.0.0.1:PORT","security":"starttls"}"#, prefix: |_| b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0".to_vec() },
    Row { kind: "snmp", probe: r#"{"kind":"snmp","address":"127.0.0.1:PORT","access":{"version":"2c","community":"SECRET"},"interfaces":["eth0"],"presets":["ups"]}"#, prefix: answer_of_snmp },
    Row { kind: "snmp_tables", probe: r#"{"kind":"snmp","address":"127.0.0.1:PORT","access":{"version":"2c","community":"SECRET"},"values":[{"oid":"1.3.6.1.2.1.1.5.0","name":"nome","equals":["nessun rumore dice questo"]}],"presets":["sensors","host"]}"#, prefix: answer_of_snmp },
    Row { kind: "snmp_v3", probe: r#"{"kind":"snmp","address":"127.0.0.1:PORT","access":{"version":"3","user":"vedetta","auth":"sha256","secret":"SECRET","privacy":{"cipher":"aes128","secret":"SECRET"}}}"#, prefix: answer_of_snmp },
    Row { kind: "smtp", probe: r#"{"kind":"smtp","server":{"address":"127.0.0.1:PORT","mode":"plain","login":{"user":"sonda","secret":"SECRET"}},"depth":"rcpt","rcpt":"a@b.example"}"#, prefix: answer_of_smtp },
    Row { kind: "smtp_starttls", probe: r#"{"kind":"smtp","server":{"address":"127.0.0.1:PORT","mode":"starttls"},"depth":"tls"}"#, prefix: answer_of_smtp },
    Row { kind: "imap", probe: r#"{"kind":"imap","server":{"address":"127.0.0.1:PORT","mode":"plain","login":{"user":"sonda","secret":"SECRET"}},"newest":{"within_ms":1,"down_after_ms":2},"quota_warn":{"p":9,"q":10}}"#, prefix: answer_of_imap },
    Row { kind: "imap_token", probe: r#"{"kind":"imap","server":{"address":"127.0.0.1:PORT","mode":"plain","login":{"user":"sonda","secret":"SECRET","method":"xoauth2","oauth":{"token_url":"http://127.0.0.1:PORT/token","client_id":"a","scope":"b"}}}}"#, prefix: |asked| if asked.starts_with(b"POST") { TOKEN.to_vec() } else { answer_of_imap(asked) } },
    Row { kind: "pop3", probe: r#"{"kind":"pop3","server":{"address":"127.0.0.1:PORT","mode":"plain","login":{"user":"sonda","secret":"SECRET"}}}"#, prefix: answer_of_pop3 },
    // One peer plays both servers: well as far as it goes for one of them, the other then hears strange things.
    Row { kind: "mail_round_trip", probe: r#"{"kind":"mail_round_trip","to":"b@altrove.example","from":"sonda@comune.example","submit":{"address":"127.0.0.1:PORT","mode":"plain"},"receive":{"address":"127.0.0.1:PORT","mode":"plain","login":{"user":"b","secret":"SECRET"}},"within_ms":120000,"deadline_ms":600000,"keep_in_flight":3}"#, prefix: answer_of_imap },
    Row { kind: "mail_round_trip_submit", probe: r#"{"kind":"mail_round_trip","to":"b@altrove.example","from":"sonda@comune.example","submit":{"address":"127.0.0.1:PORT","mode":"plain"},"receive":{"address":"127.0.0.1:PORT","mode":"plain","login":{"user":"b","secret":"SECRET"}},"within_ms":120000,"deadline_ms":600000,"keep_in_flight":3}"#, prefix: answer_of_smtp },
    Row { kind: "access_point", probe: r#"{"kind":"access_point","name":"roma-1","host":"127.0.0.1","controller":{"source":{"snmp":{"address":"127.0.0.1:PORT","access":{"version":"2c","community":"SECRET"},"name":"1.3.6.1.4.1.14179.2.2.1.1.3","state":"1.3.6.1.4.1.14179.2.2.1.1.6"}},"up":["nessun rumore"]}}"#, prefix: answer_of_snmp },
    Row { kind: "access_point_switch", probe: r#"{"kind":"access_point","name":"roma-1","host":"127.0.0.1","controller":{"source":{"rest":{"url":"http://127.0.0.1:PORT/","list":"/data","name":"name","state":"state"}},"up":["nessun rumore"]},"fallback":[{"switch_port":{"address":"127.0.0.1:PORT","access":{"version":"2c","community":"SECRET"},"port":"Gi1/0/7"}}]}"#, prefix: answer_of_snmp },
    Row { kind: "access_point_rest", probe: r#"{"kind":"access_point","name":"roma-1","host":"127.0.0.1","controller":{"source":{"rest":{"url":"http://127.0.0.1:PORT/","secret":"SECRET","list":"/data","name":"name","state":"state"}},"up":["nessun rumore"]}}"#, prefix: |_| b"HTTP/1.1 200 OK\r\n\r\n{\"data\":[{\"name\":\"roma-1\",\"state\":\"".to_vec() },
];

/// What noise rightly is where it is no failure: a page may say anything, the first time; then it is another page.
const RIGHTLY: [(&str, Reason); 3] = [
    ("http_drift", Reason::None),
    ("http_drift", Reason::ContentDrift),
    ("http_pin", Reason::ContentNotPinned),
];

/// An attempt's deadline, ms: most of these peers use it up.
const TIMEOUT_MS: u64 = 250;
/// A run that ends neither by itself nor at its deadline; far beyond what a busy machine adds.
const HANG: Duration = Duration::from_mins(1);
/// To which origins of a peer a secret may go.
const SCHEMES: &[&str] = &["http", "radius", "ldap", "kerberos", "snmp", "smtp", "imap", "pop3"];
/// At once: the agent has as many neighbours.
const RUNS_AT_ONCE: u64 = 32;
/// Runs with one set of surroundings: a secret that is rejected once rests for all of them.
const RUNS_TOGETHER: u64 = 64;
/// What the process may hold more after the last three quarters of the runs than after the first, KiB: less than
/// what one KiB kept per run of the campaign would come to, and as much as the allocator may do as it likes.
const GROWTH_KIB_MAX: u64 = 7_500;
/// A peer's turns in one conversation.
const TURNS_MAX: usize = 40;

/// How a peer means it ill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    /// Hears, says nothing.
    Silent,
    /// Hangs up.
    Closing,
    /// Says noise at each turn.
    Noisy,
    /// Says what the protocol begins with, then noise.
    Plausible,
    /// Says what it heard, with a byte or two changed.
    Parrot,
    /// Says noise without end, perhaps behind a plausible beginning.
    Flooding,
    /// The same, a byte at a time.
    Dripping,
}

impl Shape {
    const ALL: [Self; 7] = [
        Self::Silent,
        Self::Closing,
        Self::Noisy,
        Self::Plausible,
        Self::Parrot,
        Self::Flooding,
        Self::Dripping,
    ];
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "a campaign prints what it counted")]
async fn no_kind_is_hurt_or_deceived_by_a_hostile_peer() {
    let runs = number("VEDETTA_HOSTILE", 70);
    let first = number("VEDETTA_SEED", 1);
    let only = asked("VEDETTA_HOSTILE_KIND");
    let secrets = Secrets::new();
    for row in ROWS.iter().filter(|row| only.as_deref().is_none_or(|only| row.kind == only)) {
        let mut seen = BTreeMap::new();
        let warm_runs = (runs / 4).max(64).min(runs);
        campaign(row, first..first + warm_runs, &secrets, &mut seen).await;
        let before_kib = resident_kib();
        campaign(row, first + warm_runs..first + runs, &secrets, &mut seen).await;
        let grown_kib = resident_kib().saturating_sub(before_kib);
        println!("{}: {runs} runs, {grown_kib} KiB more after the last three quarters; {seen:?}", row.kind);
        assert!(grown_kib <= GROWTH_KIB_MAX, "{}: {grown_kib} KiB more after {runs} runs", row.kind);
    }
}

/// Runs the checks of these numbers, some at a time, and counts what they say.
async fn campaign(
    row: &'static Row,
    numbers: std::ops::Range<u64>,
    secrets: &Secrets,
    seen: &mut BTreeMap<(Verdict, Reason), u64>,
) {
    let mut running = JoinSet::new();
    let mut around = secrets.around();
    for number in numbers {
        if number % RUNS_TOGETHER == 0 {
            around = secrets.around();
        }
        running.spawn(run(row, number, secrets.clone(), Arc::clone(&around)));
        if running.len() as u64 >= RUNS_AT_ONCE {
            count(running.join_next().await, seen);
        }
    }
    while let Some(ended) = running.join_next().await {
        count(Some(ended), seen);
    }
}

fn count(
    ended: Option<Result<(Verdict, Reason), tokio::task::JoinError>>,
    seen: &mut BTreeMap<(Verdict, Reason), u64>,
) {
    if let Some(ended) = ended {
        *seen.entry(ended.expect("no probe may panic")).or_default() += 1;
    }
}

/// One run against a peer of its own.
async fn run(
    row: &'static Row,
    number: u64,
    secrets: Secrets,
    around: Arc<Surroundings>,
) -> (Verdict, Reason) {
    let mut dice = Dice(number);
    let shape = Shape::ALL[dice.below(Shape::ALL.len())];
    let peer = Peer::open(shape, row.prefix, number).await;
    let secret = format!("rumore-{}", peer.port);
    secrets.write(&secret, peer.port);
    let probe = row.probe.replace("PORT", &peer.port.to_string()).replace("SECRET", &secret);
    let timing = Timing { timeout_ms: TIMEOUT_MS, attempts: 1, ..spec().timing };
    let probe = serde_json::from_str(&probe).unwrap();
    let check = Check::new(CheckSpec { probe, timing, ..spec() }).unwrap();
    let place = format!("{} {shape:?} VEDETTA_SEED={number}", row.kind);
    let mut said = (Verdict::Unknown, Reason::None);
    for _look in 0..if row.kind == "http_drift" { 2 } else { 1 } {
        // Recorded now and then: a transcript quotes what the peer says.
        let run = async {
            if dice.below(4) == 0 { check.run_recorded(&around).await.0 } else { check.run(&around).await }
        };
        let outcome = timeout(HANG, run).await.unwrap_or_else(|_| panic!("{place}: the run does not end"));
        // The machine answers an echo, and that its agent says nothing of sense, or refuses, is all that these say.
        let is_of_agent =
            (410..=429).contains(&outcome.reason.code()) && outcome.reason != Reason::SnmpRestarted;
        let is_up = outcome.verdict == Verdict::Up || outcome.verdict == Verdict::Degraded && !is_of_agent;
        assert!(!is_up || RIGHTLY.contains(&(row.kind, outcome.reason)), "{place}: {outcome:?}");
        assert_ne!(outcome.reason, Reason::AgentInternal, "{place}: {outcome:?}");
        said = (outcome.verdict, outcome.reason);
    }
    said
}

/// Secrets that may go to a peer.
#[derive(Clone)]
struct Secrets(Arc<tempfile::TempDir>);

impl Secrets {
    fn new() -> Self {
        Self(Arc::new(tempfile::tempdir().unwrap()))
    }

    fn write(&self, name: &str, port: u16) {
        std::fs::write(self.0.path().join(name), "utente:parola\n").unwrap();
        let places: Vec<String> =
            SCHEMES.iter().map(|scheme| format!("{scheme}://127.0.0.1:{port}\n")).collect();
        std::fs::write(self.0.path().join(format!("{name}.for")), places.concat()).unwrap();
    }

    fn around(&self) -> Arc<Surroundings> {
        let (secrets, posts) = (SecretsDirectory::new(self.0.path()), Posts::new(self.0.path()));
        Arc::new(Surroundings { secrets, posts, pages: Pages::new(self.0.path()), ..surroundings() })
    }
}

/// A peer of one run, with TCP and UDP on one port.
struct Peer {
    port: u16,
    _tasks: JoinSet<()>,
}

impl Peer {
    async fn open(shape: Shape, prefix: fn(&[u8]) -> Vec<u8>, number: u64) -> Self {
        let (listener, socket) = loop {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
                break (listener, socket);
            }
        };
        let port = socket.local_addr().unwrap().port();
        let manner = Manner { shape, prefix };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut conversations = JoinSet::new();
            let mut dice = Dice(!number);
            while let Ok((stream, _)) = listener.accept().await {
                conversations.spawn(manner.converse(stream, Dice(dice.next())));
                while conversations.try_join_next().is_some() {}
            }
        });
        tasks.spawn(manner.answer(socket, Dice(number.rotate_left(32))));
        Self { port, _tasks: tasks }
    }
}

/// What a peer does.
#[derive(Clone, Copy)]
struct Manner {
    shape: Shape,
    prefix: fn(&[u8]) -> Vec<u8>,
}

impl Manner {
    /// A connection, until the prober hangs up or the peer has had its turns.
    async fn converse(self, mut stream: impl AsyncRead + AsyncWrite + Unpin, mut dice: Dice) {
        let mut heard = vec![0; 4_096];
        for turn in 0..TURNS_MAX {
            // Whoever is spoken to first begins; half of all protocols wait for that.
            let waits = if turn == 0 { Duration::from_millis(10) } else { HANG };
            let length = match timeout(waits, stream.read(&mut heard)).await {
                Ok(Ok(0) | Err(_)) => return,
                Ok(Ok(length)) => length,
                Err(_elapsed) => 0,
            };
            let said = match self.shape {
                Shape::Silent => continue,
                Shape::Closing => return,
                Shape::Flooding | Shape::Dripping => break,
                Shape::Noisy | Shape::Plausible | Shape::Parrot => self.says(&heard[..length], &mut dice),
            };
            if stream.write_all(&said).await.is_err() || dice.below(8) == 0 {
                return;
            }
        }
        if dice.below(2) == 0 && stream.write_all(&(self.prefix)(&heard)).await.is_err() {
            return;
        }
        loop {
            let noise = dice.noise(8_192);
            let (piece, pause) = match self.shape {
                Shape::Dripping => (&noise[..noise.len().min(1)], Duration::from_millis(2)),
                _ => (&noise[..], Duration::ZERO),
            };
            if stream.write_all(piece).await.is_err() {
                return;
            }
            sleep(pause).await;
        }
    }

    /// Datagrams: to each, none, one, or many.
    async fn answer(self, socket: UdpSocket, mut dice: Dice) {
        let mut heard = vec![0; 4_096];
        while let Ok((length, from)) = socket.recv_from(&mut heard).await {
            let count = match self.shape {
                Shape::Silent => 0,
                Shape::Flooding => 2_000,
                Shape::Dripping => 20,
                Shape::Closing | Shape::Noisy | Shape::Plausible | Shape::Parrot => 1,
            };
            for _ in 0..count {
                let said = match self.shape {
                    Shape::Closing => Vec::new(),
                    _ => self.says(&heard[..length], &mut dice),
                };
                // Too long for a datagram, or nobody there any more.
                let _ = socket.send_to(&said, from).await;
                if self.shape == Shape::Dripping {
                    sleep(Duration::from_millis(2)).await;
                }
            }
        }
    }

    fn says(self, heard: &[u8], dice: &mut Dice) -> Vec<u8> {
        let mut said = match self.shape {
            Shape::Parrot => heard.to_vec(),
            Shape::Noisy => Vec::new(),
            _ => (self.prefix)(heard),
        };
        if self.shape == Shape::Parrot && !said.is_empty() {
            for _ in 0..=dice.below(2) {
                let at = dice.below(said.len());
                said[at] ^= 1 << dice.below(8);
            }
            return said;
        }
        let most = if dice.below(16) == 0 { 40_000 } else { 600 };
        said.extend(dice.noise(most));
        said
    }
}

/// An answer's id, flags, the counts of one question and some answers, and the question, behind as many bytes of
/// length as TCP has (RFC 1035, 4.1).
fn answer_of_dns(asked: &[u8], framing: usize) -> Vec<u8> {
    let Some(message) = asked.get(framing..).filter(|message| message.len() > 12) else { return Vec::new() };
    // Without the record of EDNS, 11 bytes at its end.
    let question = &message[12..message.len().saturating_sub(11).max(12)];
    let length: &[u8] = if framing == 0 { &[] } else { &[2, 0] };
    [length, &message[..2], b"\x81\x80\0\x01\0\x03\0\0\0\x01", question, b"\xc0\x0c"].concat()
}

/// A token, as RFC 6749 has it; nobody looks into it.
const TOKEN: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n{\"access_token\":\"rumore\",\"token_type\":\"Bearer\"}";

/// Good as far as the token, which is opaque; what it opens is noise. The key is that of RFC 7517, A.1.
fn answer_of_oidc(asked: &[u8]) -> Vec<u8> {
    let asked = String::from_utf8_lossy(asked);
    let headers = asked.lines().filter_map(|line| line.split_once(": "));
    let host = headers.filter(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, host)| host).next();
    let home = format!("http://{}", host.unwrap_or_default());
    let body = match asked.split(' ').nth(1).unwrap_or_default() {
        "/keys" => {
            r#"{"keys":[{"kty":"EC","crv":"P-256","use":"sig","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#.to_owned()
        }
        "/token" => return TOKEN.to_vec(),
        "/userinfo" => return b"HTTP/1.1 200 OK\r\n\r\n{\"sub\":\"".to_vec(),
        _ => format!(
            r#"{{"issuer":"{home}","jwks_uri":"{home}/keys","token_endpoint":"{home}/token","userinfo_endpoint":"{home}/userinfo"}}"#
        ),
    };
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn answer_of_smtp(asked: &[u8]) -> Vec<u8> {
    match asked.get(..4) {
        None => b"220 posta.example\r\n".to_vec(),
        Some(b"EHLO") => b"250-posta.example\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 ".to_vec(),
        Some(b"RCPT") => b"250".to_vec(),
        Some(b"DATA") => b"354 \r\n".to_vec(),
        _ => b"250 2.0.0 \r\n".to_vec(),
    }
}

/// Good as far as the search; nothing that noise dates is young enough.
fn answer_of_imap(asked: &[u8]) -> Vec<u8> {
    let asked = String::from_utf8_lossy(asked);
    let Some((tag, words)) = asked.trim_end().split_once(' ') else {
        return if asked.is_empty() { b"* OK ".to_vec() } else { format!("v2 OK {asked}").into_bytes() };
    };
    let more = match words.split(' ').next().unwrap_or_default() {
        "CAPABILITY" => "* CAPABILITY IMAP4rev1 AUTH=PLAIN QUOTA\r\n",
        "AUTHENTICATE" => return b"+ \r\n".to_vec(),
        "UID" => "* SEARCH 1 2 3 ",
        "FETCH" => return b"* 1 FETCH (UID 1 BODY[HEADER] {90}\r\nX-Vedetta-Token: ".to_vec(),
        _ => "* 3 EXISTS\r\n",
    };
    if words.starts_with("UID") {
        more.as_bytes().to_vec()
    } else {
        format!("{more}{tag} OK \r\n").into_bytes()
    }
}

fn answer_of_pop3(asked: &[u8]) -> Vec<u8> {
    match asked.get(..4) {
        Some(b"CAPA") => b"+OK\r\nUSER\r\n".to_vec(),
        Some(b"STAT") => b"+OK -".to_vec(),
        _ => b"+OK \r\n".to_vec(),
    }
}

/// Leap, version, mode and stratum, and from where it is looked at the origin (RFC 5905, figure 8).
fn answer_of_ntp(asked: &[u8]) -> Vec<u8> {
    let origin = asked.get(40..48).unwrap_or_default();
    [b"\x24\x02\x06\xec\0\0\x10\0\0\0\x10\0\x0a\0\0\x01\0\0\0\0\0\0\0\0", origin].concat()
}

/// A response with the question's version, community and number (RFC 3416, 3); of version 3 the question's head.
fn answer_of_snmp(asked: &[u8]) -> Vec<u8> {
    let Some(at) = asked.iter().position(|byte| matches!(byte, 0xa0 | 0xa5)) else { return Vec::new() };
    let mut begun = asked[..asked.len().min(at + 8)].to_vec();
    begun[at] = if asked.windows(3).any(|three| three == [2, 1, 3]) { 0xa8 } else { 0xa2 };
    begun
}

/// Access-Accept of the question's identifier, with a signature's head (RFC 2865, 3).
fn answer_of_radius(asked: &[u8]) -> Vec<u8> {
    let Some(identifier) = asked.get(1) else { return Vec::new() };
    [&[2, *identifier, 0, 38][..], &[0; 16], &[80, 18]].concat()
}

/// `SplitMix64`: the same number, the same throws.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `bound` - 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// At most so many bytes: any, or signs that parsers live on, or words and lines.
    pub(crate) fn noise(&mut self, most: usize) -> Vec<u8> {
        const SIGNS: &[u8] = b"{}[]()<>\"'=:;,./\\-+*%&# \r\n\t\x00019az";
        const WORDS: [&[u8]; 12] = [
            b"\r\n",
            b" ",
            b"250-",
            b"250 ",
            b"* OK ",
            b"+OK ",
            b"{\"",
            b"\":[",
            b"</a>",
            b"9999999999999",
            b": ",
            b"\xff\xff",
        ];
        let length = self.below(most + 1);
        let manner = self.below(3);
        let mut noise = Vec::with_capacity(length + 16);
        while noise.len() < length {
            match manner {
                0 => noise.extend(self.next().to_le_bytes()),
                1 => noise.push(SIGNS[self.below(SIGNS.len())]),
                _ => noise.extend(WORDS[self.below(WORDS.len())]),
            }
        }
        noise.truncate(length);
        noise
    }
}

/// What the process holds, KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "whoever runs a campaign says how long")]
fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How often, unless a campaign says otherwise.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    asked(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}
