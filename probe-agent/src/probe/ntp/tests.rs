//! The NTP probe against servers that answer right, wrong, late and never.

use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{CheckSpec, Family, HostPort, NtpParams, Probe, Timing};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::super::tests::{spec, surroundings};
use super::super::{Check, Outcome, Surroundings};
use super::*;
use crate::allowed::AllowedTargets;
use crate::clock;

/// How a server answers. RFC 5905, figure 8.
#[derive(Debug, Clone, Copy)]
struct Answer {
    leap: u8,
    version: u8,
    mode: u8,
    stratum: u8,
    reference: [u8; 4],
    /// Its clock minus this machine's.
    ahead_ms: i64,
    /// Says that it received so much after it sent.
    held_ms: i64,
    /// The origin timestamp is another's.
    is_bogus: bool,
    /// Its clock is what the client's was.
    is_echo: bool,
    /// The answer comes from another port.
    is_elsewhere: bool,
    /// The answer leaves so late, with the times of when the question came.
    late: Duration,
    bytes: usize,
}

const RIGHT: Answer = Answer {
    leap: 0,
    version: 4,
    mode: 4,
    stratum: 2,
    reference: [10, 0, 0, 1],
    ahead_ms: 0,
    held_ms: 0,
    is_bogus: false,
    is_echo: false,
    is_elsewhere: false,
    late: Duration::ZERO,
    bytes: 48,
};

const KISS: Answer = Answer { leap: 3, stratum: 0, ..RIGHT };

fn timestamp(unix_ms: i64) -> [u8; 8] {
    let unix_ms = u64::try_from(unix_ms).unwrap();
    let seconds = unix_ms / 1_000 + 2_208_988_800;
    ((seconds << 32) | (((unix_ms % 1_000) << 32) / 1_000)).to_be_bytes()
}

impl Answer {
    fn to(self, request: [u8; 48]) -> Vec<u8> {
        let now_ms = clock::system()() + self.ahead_ms;
        let mut reply = [0; 48];
        reply[0] = self.leap << 6 | self.version << 3 | self.mode;
        reply[1] = self.stratum;
        reply[12..16].copy_from_slice(&self.reference);
        reply[24..32].copy_from_slice(&request[40..48]);
        reply[32..40].copy_from_slice(&timestamp(now_ms + self.held_ms));
        reply[40..48].copy_from_slice(&timestamp(now_ms));
        if self.is_bogus {
            reply[31] ^= 1;
        }
        if self.is_echo {
            reply.copy_within(24..32, 32);
            reply.copy_within(24..32, 40);
        }
        reply[..self.bytes].to_vec()
    }
}

/// Servers that live as long as this does.
#[derive(Default)]
struct Servers(JoinSet<()>);

impl Servers {
    async fn at(&mut self, address: &str, answer: Answer) -> HostPort {
        let socket = UdpSocket::bind((address, 0)).await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let elsewhere = UdpSocket::bind((address, 0)).await.unwrap();
        self.0.spawn(async move {
            let mut request = [0; 48];
            loop {
                let (_, from) = socket.recv_from(&mut request).await.unwrap();
                let reply = answer.to(request);
                tokio::time::sleep(answer.late).await;
                let sender = if answer.is_elsewhere { &elsewhere } else { &socket };
                sender.send_to(&reply, from).await.unwrap();
            }
        });
        HostPort { host: address.to_owned(), port }
    }

    async fn server(&mut self, answer: Answer) -> HostPort {
        self.at("127.0.0.1", answer).await
    }

    async fn ahead(&mut self, ahead_ms: i64) -> HostPort {
        self.server(Answer { ahead_ms, ..RIGHT }).await
    }
}

fn params(server: HostPort, peers: Vec<HostPort>) -> NtpParams {
    NtpParams {
        server,
        family: Family::V4,
        peers,
        offset_warn_ms: NtpParams::OFFSET_WARN_MS,
        offset_crit_ms: NtpParams::OFFSET_CRIT_MS,
        max_stratum: 4,
    }
}

fn check(params: NtpParams) -> CheckSpec {
    let timing = Timing { timeout_ms: 1_000, attempts: 1, ..spec().timing };
    CheckSpec { probe: Probe::Ntp(params), timing, ..spec() }
}

async fn run(params: NtpParams) -> Outcome {
    Check::new(check(params)).unwrap().run(&surroundings()).await
}

#[tokio::test]
async fn every_answer_has_its_verdict() {
    let late = Duration::from_hours(1);
    for (what, answer, verdict, reason) in [
        ("right", RIGHT, Verdict::Up, Reason::None),
        ("exactly our time", Answer { is_echo: true, ..RIGHT }, Verdict::Up, Reason::None),
        ("stratum 1", Answer { stratum: 1, reference: *b"GPS\0", ..RIGHT }, Verdict::Up, Reason::None),
        ("version 3", Answer { version: 3, ..RIGHT }, Verdict::Up, Reason::None),
        ("RATE", Answer { reference: *b"RATE", ..KISS }, Verdict::Degraded, Reason::NtpKodRate),
        ("DENY", Answer { reference: *b"DENY", ..KISS }, Verdict::Down, Reason::NtpKodDeny),
        ("RSTR", Answer { reference: *b"RSTR", ..KISS }, Verdict::Down, Reason::NtpKodDeny),
        ("INIT", Answer { reference: *b"INIT", ..KISS }, Verdict::Down, Reason::NtpUnsynced),
        ("stratum 0", Answer { reference: [0; 4], ..KISS }, Verdict::Down, Reason::NtpUnsynced),
        ("leap 3", Answer { leap: 3, ..RIGHT }, Verdict::Down, Reason::NtpUnsynced),
        ("stratum 16", Answer { stratum: 16, ..RIGHT }, Verdict::Down, Reason::NtpUnsynced),
        ("stratum 5", Answer { stratum: 5, ..RIGHT }, Verdict::Down, Reason::NtpStratum),
        ("wrong origin", Answer { is_bogus: true, ..RIGHT }, Verdict::Down, Reason::NtpBogusOrigin),
        ("another source", Answer { is_elsewhere: true, ..RIGHT }, Verdict::Down, Reason::NtpTimeout),
        ("never", Answer { late, ..RIGHT }, Verdict::Down, Reason::NtpTimeout),
        ("short", Answer { bytes: 40, ..RIGHT }, Verdict::Down, Reason::ProtoMalformed),
        ("version 7", Answer { version: 7, ..RIGHT }, Verdict::Down, Reason::ProtoMalformed),
        ("a client's", Answer { mode: 3, ..RIGHT }, Verdict::Down, Reason::ProtoUnexpectedReply),
        ("sent before received", Answer { held_ms: 60_000, ..RIGHT }, Verdict::Down, Reason::ProtoMalformed),
        ("a second off", Answer { ahead_ms: 1_000, ..RIGHT }, Verdict::Degraded, Reason::NtpOffsetWarn),
        ("a second behind", Answer { ahead_ms: -1_000, ..RIGHT }, Verdict::Degraded, Reason::NtpOffsetWarn),
        ("a minute off", Answer { ahead_ms: 60_000, ..RIGHT }, Verdict::Down, Reason::NtpOffset),
        (
            "ten years behind",
            Answer { ahead_ms: -315_000_000_000, ..RIGHT },
            Verdict::Down,
            Reason::NtpOffset,
        ),
        ("leap +1", Answer { leap: 1, ..RIGHT }, Verdict::Degraded, Reason::NtpLeap),
        ("leap -1", Answer { leap: 2, ..RIGHT }, Verdict::Degraded, Reason::NtpLeap),
    ] {
        let mut servers = Servers::default();
        let server = servers.server(answer).await;
        let outcome = run(params(server, Vec::new())).await;
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{what}: {outcome:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_refused_and_asked_again() {
    let server = Servers::default().server(RIGHT).await;
    let spec = CheckSpec { timing: spec().timing, ..check(params(server, Vec::new())) };
    let outcome = Check::new(spec).unwrap().run(&surroundings()).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::ConnectRefused), "{outcome:?}");
    assert_eq!(outcome.attempts, 3);
}

#[tokio::test]
async fn ipv6_is_asked_from_ipv6() {
    let mut servers = Servers::default();
    let server = servers.at("::1", RIGHT).await;
    let outcome = run(params(server, Vec::new())).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
}

/// The path's delay, all of it on the way back, looks like an offset of half of it.
#[tokio::test]
async fn what_the_path_explains_is_no_offset() {
    let mut servers = Servers::default();
    let server = servers.server(Answer { late: Duration::from_millis(300), ..RIGHT }).await;
    let outcome = run(NtpParams { offset_warn_ms: 100, ..params(server, Vec::new()) }).await;
    assert_eq!(outcome.verdict, Verdict::Up, "{outcome:?}");
    assert!(outcome.duration_micros >= 290_000, "{outcome:?}");
}

#[tokio::test]
async fn what_an_answer_says_is_told() {
    let mut servers = Servers::default();
    let server = servers.ahead(10_000).await;
    let (peer, dead) = (servers.ahead(0).await, Servers::default().server(RIGHT).await);
    let check = Check::new(check(params(server, vec![peer, dead]))).unwrap();
    let (outcome, transcript) = check.run_recorded(&surroundings()).await;
    let fact = |name: &str| {
        let facts = &outcome.evidence.facts;
        facts.iter().find(|fact| fact.name == name).map_or("", |fact| fact.value.as_str())
    };
    assert!(fact("offset").starts_with("+10.0") || fact("offset").starts_with("+9.9"), "{outcome:?}");
    assert_eq!((fact("stratum"), fact("leap"), fact("reference")), ("2", "none", "10.0.0.1"));
    assert_eq!(fact("peers"), "1");
    assert!(outcome.evidence.detail.contains("of 1 peers 0 side with the server, 1 with the agent"));
    let lines: Vec<&str> = transcript.lines().iter().map(|line| line.text.as_str()).collect();
    assert!(lines.iter().any(|line| line.starts_with("stratum 2, reference 10.0.0.1")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("connect.refused")), "{lines:?}");
}

#[tokio::test]
async fn more_clocks_say_whose_is_wrong() {
    const S: i64 = 1_000;
    for (what, server, peers, verdict, reason) in [
        ("the agent's, alone", 10 * S, &[10 * S, 10 * S][..], Verdict::Unknown, Reason::AgentClockUnsynced),
        ("the agent's", -90 * S, &[-90 * S], Verdict::Unknown, Reason::AgentClockUnsynced),
        ("the server's", 10 * S, &[0, 0], Verdict::Down, Reason::NtpOffset),
        ("a tie", 10 * S, &[10 * S, 0], Verdict::Down, Reason::NtpOffset),
        ("all differ", 10 * S, &[30 * S, -30 * S], Verdict::Down, Reason::NtpOffset),
        ("two of three", 10 * S, &[11 * S, 9 * S, 0], Verdict::Unknown, Reason::AgentClockUnsynced),
        ("nobody to ask", 10 * S, &[], Verdict::Down, Reason::NtpOffset),
        ("right: nobody is asked", 0, &[10 * S, 10 * S], Verdict::Up, Reason::None),
    ] {
        let mut servers = Servers::default();
        let asked = servers.ahead(server).await;
        let mut named = Vec::new();
        for ahead_ms in peers {
            named.push(servers.ahead(*ahead_ms).await);
        }
        let outcome = run(params(asked, named)).await;
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{what}: {outcome:?}");
    }
}

/// Three that would accuse the agent's clock, and may not.
#[tokio::test]
async fn who_gives_no_time_has_no_voice() {
    let mut servers = Servers::default();
    let ahead_ms = 10_000;
    let server = servers.ahead(ahead_ms).await;
    let unsynced = servers.server(Answer { leap: 3, ahead_ms, ..RIGHT }).await;
    let far = servers.server(Answer { stratum: 15, ahead_ms, ..RIGHT }).await;
    let forbidden = servers.at("127.0.0.2", Answer { ahead_ms, ..RIGHT }).await;
    let silent = servers.server(Answer { late: Duration::from_hours(1), ahead_ms, ..RIGHT }).await;
    let itself = server.clone();
    let spec = check(params(server, vec![unsynced, far, forbidden, silent, itself]));
    let allowed = AllowedTargets::parse(&["127.0.0.1".to_owned()]).unwrap();
    let outcome = Check::new(spec).unwrap().run(&Surroundings { allowed, ..surroundings() }).await;
    // The silent one takes its second, which is all of the attempt's: the answer is judged nevertheless.
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::NtpOffset), "{outcome:?}");
}

#[tokio::test]
async fn the_agents_own_servers_have_a_voice() {
    let mut servers = Servers::default();
    let server = servers.ahead(10_000).await;
    let clock_servers = vec![servers.ahead(10_000).await];
    let check = Check::new(check(params(server, Vec::new()))).unwrap();
    let outcome = check.run(&Surroundings { clock_servers, ..surroundings() }).await;
    assert_eq!(
        (outcome.verdict, outcome.reason),
        (Verdict::Unknown, Reason::AgentClockUnsynced),
        "{outcome:?}"
    );
}

#[test]
fn offsets_are_judged_less_what_the_delay_explains() {
    let ntp = Ntp::new(params(HostPort { host: "10.0.0.1".to_owned(), port: 123 }, Vec::new()));
    let reading = |offset_micros: i64, delay_micros: u64| Reading {
        offset_micros,
        delay_micros,
        stratum: 2,
        leap: LeapIndicator::NoWarning,
        reference: String::new(),
    };
    for (offset, delay, expected) in [
        (0, 0, None),
        (500_000, 0, None),
        (-500_001, 0, Some(Reason::NtpOffsetWarn)),
        (600_000, 200_000, None),
        (600_001, 200_000, Some(Reason::NtpOffsetWarn)),
        (5_000_000, 0, Some(Reason::NtpOffsetWarn)),
        (5_000_001, 0, Some(Reason::NtpOffset)),
        (5_000_001, 2, Some(Reason::NtpOffsetWarn)),
        (i64::MAX, 0, Some(Reason::NtpOffset)),
        (i64::MIN, u64::MAX, None),
    ] {
        let seen = ntp.judge(&reading(offset, delay), &[]).err().map(|fault| fault.reason);
        assert_eq!(seen, expected, "{offset} {delay}");
    }
    let far = Reading { stratum: 5, ..reading(i64::MIN, 0) };
    assert_eq!(ntp.judge(&far, &[]).unwrap_err().reason, Reason::NtpStratum);
    assert_eq!(far.differs_by_micros(&reading(i64::MAX, 0)), u64::MAX);
}
