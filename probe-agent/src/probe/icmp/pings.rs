//! The agent's two ICMP sockets, one of each family, shared by every check: surge-ping behind one file.
//!
//! Replies are matched by host, identifier and sequence number. On an unprivileged socket the kernel owns
//! the identifier, so the number alone tells two checks of one host apart: it is counted per agent, not
//! per check. All requests pass one gate that paces them: a burst would overflow the socket's buffer, and
//! read as loss.
//!
//! A raw socket also hears advice of routers (redirect, source quench, "too big"), which says nothing about
//! the host; surge-ping takes it for the reply, and waits no more. So the request is repeated with the same
//! number: whichever reply comes is one to it, also that of the first. A router that advises each time,
//! sooner than the host replies, leaves the host unseen: that is unknown, never a lost packet, and the
//! unprivileged socket, to which the kernel gives replies only, is the cure.
//!
//! A client of surge-ping that has stopped receiving says so to nobody. So silence is believed only of a
//! socket that hears the agent's own loopback, or where a fresh one does not hear it either.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use collector_api::Reason;
use ring::rand::{SecureRandom as _, SystemRandom};
use surge_ping::{Client, Config, ICMP, IcmpPacket, PingIdentifier, PingSequence, SurgeError};
use tokio::task::JoinError;
use tokio::time::{Instant, sleep_until};

use super::super::Fault;

/// Between two requests of the agent: 2,000 a second, which no socket buffer minds.
const PACE: Duration = Duration::from_micros(500);
/// Timers are no finer; requests within it go at once.
const TIMER_GRAIN: Duration = Duration::from_millis(1);
/// What a loopback takes at most.
const LOOPBACK_PATIENCE: Duration = Duration::from_millis(300);
/// Numbers still in use are skipped, so many times.
const NUMBER_TRIES: u32 = 3;
/// So often a request is repeated that a router's advice came before the reply of.
const REPEATED_MAX: u32 = 8;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Echo {
    /// It came back.
    Reply { micros: u64, ttl: Option<u8> },
    /// It did not.
    Lost,
    /// Something else came back, or it could not even go.
    Refused(Fault),
}

impl Echo {
    /// The task that waited is gone: a defect.
    pub(super) fn of_panic(_: JoinError) -> Self {
        Self::Refused(Fault::new(Reason::AgentInternal, "the echo request's task ended by itself"))
    }
}

/// The sockets, opened when first needed.
#[derive(Debug, Default)]
pub struct Pings {
    v4: Arc<Ear>,
    v6: Arc<Ear>,
    gate: Arc<Gate>,
}

/// One family's socket.
#[derive(Default)]
struct Ear {
    client: Mutex<Option<Client>>,
    identifier: OnceLock<PingIdentifier>,
    number: AtomicU16,
}

/// When the next request may go.
#[derive(Debug, Default)]
struct Gate(Mutex<Option<Instant>>);

/// A socket that is open, and the way through the gate.
#[derive(Clone)]
pub(super) struct Line {
    client: Client,
    identifier: PingIdentifier,
    ear: Arc<Ear>,
    gate: Arc<Gate>,
    is_v4: bool,
}

impl Pings {
    /// The line to an address.
    pub(super) fn line(&self, host: IpAddr) -> Result<Line, Fault> {
        let is_v4 = host.is_ipv4();
        let ear = if is_v4 { &self.v4 } else { &self.v6 };
        let mut kept = ear.client.lock().unwrap_or_else(PoisonError::into_inner);
        let client = if let Some(client) = &*kept {
            client.clone()
        } else {
            let client = open(is_v4).map_err(|error| fault_of_open(&error, is_v4))?;
            kept.insert(client).clone()
        };
        drop(kept);
        Ok(self.line_of(client, is_v4))
    }

    fn line_of(&self, client: Client, is_v4: bool) -> Line {
        let ear = Arc::clone(if is_v4 { &self.v4 } else { &self.v6 });
        let identifier = *ear.identifier.get_or_init(identifier);
        Line { client, identifier, ear, gate: Arc::clone(&self.gate), is_v4 }
    }

    /// Does a host answer one of two echo requests, each within half of `patience`? The fault is why none could be
    /// asked for. For kinds that want to tell a silent service from a dead host.
    pub(in crate::probe) async fn is_reached(&self, host: IpAddr, patience: Duration) -> Result<bool, Fault> {
        let line = self.line(host)?;
        for _ in 0..2 {
            line.turn(patience / 2).await?;
            match line.ping(host, &[], patience / 2).await {
                Echo::Reply { .. } => return Ok(true),
                Echo::Lost => {}
                Echo::Refused(fault) if fault.reason.name().starts_with("agent.") => return Err(fault),
                Echo::Refused(_) => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Silence was heard: is it our own ear? `Ok` when the silence stands.
    pub(super) async fn assure(&self, line: &Line) -> Result<(), Fault> {
        if line.hears_itself().await {
            return Ok(());
        }
        let Ok(client) = open(line.is_v4) else { return Ok(()) };
        let fresh = self.line_of(client, line.is_v4);
        if !fresh.hears_itself().await {
            // No loopback here, or nobody answers on it: it cannot testify.
            return Ok(());
        }
        *fresh.ear.client.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.client.clone());
        Err(Fault::new(Reason::AgentInternal, "the ICMP socket had stopped hearing; a new one is open"))
    }
}

impl Line {
    /// Waits for this request's turn; the error when that takes longer than `patience`.
    pub(super) async fn turn(&self, patience: Duration) -> Result<(), Fault> {
        let now = Instant::now();
        let mine = {
            let mut next = self.gate.0.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = next.map_or(now, |next| next.max(now));
            if mine > now + patience {
                let detail = "more echo requests are due than may go in this time";
                return Err(Fault::new(Reason::AgentOverload, detail));
            }
            *next = Some(mine + PACE);
            mine
        };
        if mine > now + TIMER_GRAIN {
            sleep_until(mine).await;
        }
        Ok(())
    }

    /// One request and what becomes of it.
    pub(super) async fn ping(&self, host: IpAddr, payload: &[u8], patience: Duration) -> Echo {
        for _ in 0..NUMBER_TRIES {
            let number = PingSequence(self.ear.number.fetch_add(1, Ordering::Relaxed));
            let began = Instant::now();
            let answered = self.ask(host, number, payload, began + patience).await;
            match answered {
                // All 65,536 numbers later, one may still be waited for.
                Err(SurgeError::IdenticalRequests { .. }) => {}
                Ok(Word::Reply { ttl }) => {
                    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    return Echo::Reply { micros, ttl };
                }
                Ok(Word::Refusal(fault)) => return Echo::Refused(fault),
                Ok(Word::Advice { kind }) => return Echo::Refused(fault_of_advice(kind)),
                Err(SurgeError::Timeout { .. }) => return Echo::Lost,
                Err(error) => return Echo::Refused(self.fault_of(&error)),
            }
        }
        Echo::Refused(Fault::new(Reason::AgentOverload, "no free sequence number"))
    }

    async fn ask(
        &self,
        host: IpAddr,
        number: PingSequence,
        payload: &[u8],
        until: Instant,
    ) -> Result<Word, SurgeError> {
        let mut pinger = self.client.pinger(host, self.identifier).await;
        let mut repeats = Repeats(0);
        loop {
            pinger.timeout(until.saturating_duration_since(Instant::now()));
            let (packet, _theirs) = pinger.ping(number, payload).await?;
            let word = word_of(&packet);
            if !repeats.are_due(&word) {
                return Ok(word);
            }
        }
    }

    async fn hears_itself(&self) -> bool {
        let loopback: IpAddr =
            if self.is_v4 { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        matches!(self.ping(loopback, &[], LOOPBACK_PATIENCE).await, Echo::Reply { .. })
    }

    fn fault_of(&self, error: &SurgeError) -> Fault {
        let fault = match error {
            SurgeError::IOError(error) => Fault::of_connect(error),
            _ => Fault::new(Reason::AgentInternal, error.to_string()),
        };
        if fault.reason == Reason::AgentInternal {
            // Whatever it is, a fresh socket may not have it.
            *self.ear.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        fault
    }
}

fn open(is_v4: bool) -> io::Result<Client> {
    // Unprivileged first, raw if that is not allowed: surge-ping's own order.
    Client::new(&Config::builder().kind(if is_v4 { ICMP::V4 } else { ICMP::V6 }).build())
}

/// Tells this agent's replies from those of other processes with raw sockets.
fn identifier() -> PingIdentifier {
    let mut bytes = [0; 2];
    // Without randomness the number still tells requests of this process apart.
    let _ = SystemRandom::new().fill(&mut bytes);
    PingIdentifier(u16::from_be_bytes(bytes))
}

fn fault_of_open(error: &io::Error, is_v4: bool) -> Fault {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return Fault::of_connect(error);
    }
    let family = if is_v4 { "ICMP" } else { "ICMPv6" };
    let detail = format!(
        "the agent may open no {family} socket: put its group into the range of sysctl \
         net.ipv4.ping_group_range, or give it CAP_NET_RAW (AmbientCapabilities= of its unit)"
    );
    Fault::new(Reason::AgentPermission, detail)
}

/// What a packet says of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Reply {
        ttl: Option<u8>,
    },
    /// Nobody will reply.
    Refusal(Fault),
    /// A router's word about the path, by a message of this type: the reply may come yet.
    Advice {
        kind: u8,
    },
}

/// How often one request was repeated.
#[derive(Debug)]
struct Repeats(u32);

impl Repeats {
    /// Is it to be repeated after this word?
    fn are_due(&mut self, word: &Word) -> bool {
        let is_due = matches!(word, Word::Advice { .. }) && self.0 < REPEATED_MAX;
        self.0 += u32::from(is_due);
        is_due
    }
}

fn fault_of_advice(kind: u8) -> Fault {
    let detail = format!(
        "before each reply a router's advice came (ICMP type {kind}), which hides it on a raw socket: put the \
         agent's group into the range of sysctl net.ipv4.ping_group_range"
    );
    Fault::new(Reason::AgentPermission, detail)
}

fn word_of(packet: &IcmpPacket) -> Word {
    match packet {
        IcmpPacket::V4(packet) => {
            meaning(true, packet.get_icmp_type().0, packet.get_icmp_code().0, packet.get_ttl())
        }
        IcmpPacket::V6(packet) => {
            meaning(false, packet.get_icmpv6_type().0, packet.get_icmpv6_code().0, None)
        }
    }
}

/// RFC 792, RFC 4443 and RFC 4861: a reply, or what a router says instead.
fn meaning(is_v4: bool, kind: u8, code: u8, ttl: Option<u8>) -> Word {
    let (reason, what) = match (is_v4, kind, code) {
        (true, 0, _) | (false, 129, _) => return Word::Reply { ttl },
        // Source quench, redirect, and "too big", which the kernel heeds the next time.
        (true, 4 | 5, _) | (true, 3, 4) | (false, 2 | 137, _) => return Word::Advice { kind },
        (true, 3, 0 | 6 | 11) | (false, 1, 0) => (Reason::ConnectNetUnreachable, "network unreachable"),
        (true, 3, 1 | 7 | 12) | (false, 1, 3) => (Reason::ConnectHostUnreachable, "host unreachable"),
        (true, 3, 9 | 10 | 13) | (false, 1, 1 | 5) => {
            (Reason::ConnectAdminProhibited, "prohibited by a filter")
        }
        (true, 11, _) | (false, 3, _) => (Reason::IcmpTtlExceeded, "time to live exceeded"),
        (true, 3, _) | (false, 1, _) => (Reason::ConnectHostUnreachable, "unreachable"),
        _ => (Reason::ProtoUnexpectedReply, "an unexpected ICMP message"),
    };
    Word::Refusal(Fault::new(reason, format!("a router or the host said: {what} (type {kind}, code {code})")))
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").field("number", &self.number).finish_non_exhaustive()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("is_v4", &self.is_v4).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_of_a_router_has_its_reason() {
        for (is_v4, kind, code, reason) in [
            (true, 0, 0, None),
            (false, 129, 0, None),
            (true, 3, 0, Some(Reason::ConnectNetUnreachable)),
            (true, 3, 1, Some(Reason::ConnectHostUnreachable)),
            (true, 3, 3, Some(Reason::ConnectHostUnreachable)),
            (true, 3, 13, Some(Reason::ConnectAdminProhibited)),
            (true, 11, 0, Some(Reason::IcmpTtlExceeded)),
            (true, 12, 0, Some(Reason::ProtoUnexpectedReply)),
            (true, 3, 2, Some(Reason::ConnectHostUnreachable)),
            (false, 1, 0, Some(Reason::ConnectNetUnreachable)),
            (false, 1, 1, Some(Reason::ConnectAdminProhibited)),
            (false, 1, 3, Some(Reason::ConnectHostUnreachable)),
            (false, 3, 0, Some(Reason::IcmpTtlExceeded)),
            (false, 0, 0, Some(Reason::ProtoUnexpectedReply)),
        ] {
            let seen = match meaning(is_v4, kind, code, None) {
                Word::Reply { .. } => None,
                Word::Refusal(fault) => Some(fault.reason),
                Word::Advice { .. } => panic!("type {kind}, code {code} is no advice"),
            };
            assert_eq!(seen, reason, "v4 {is_v4}, type {kind}, code {code}");
        }
    }

    #[test]
    fn advice_is_neither_a_reply_nor_a_refusal() {
        for (is_v4, kind, code) in
            [(true, 4, 0), (true, 5, 0), (true, 5, 1), (true, 3, 4), (false, 2, 0), (false, 137, 0)]
        {
            assert_eq!(meaning(is_v4, kind, code, None), Word::Advice { kind }, "v4 {is_v4}, code {code}");
        }
    }

    #[test]
    fn after_advice_the_reply_is_still_waited_for() {
        let reply = Word::Reply { ttl: Some(64) };
        let refusal = meaning(true, 3, 1, None);
        let redirect = meaning(true, 5, 1, None);
        let mut repeats = Repeats(0);
        assert!(!repeats.are_due(&reply) && !repeats.are_due(&refusal));
        for _ in 0..REPEATED_MAX {
            assert!(repeats.are_due(&redirect));
        }
        assert!(!repeats.are_due(&redirect), "requests are bounded");
        let fault = fault_of_advice(5);
        assert_eq!(fault.verdict(), collector_api::Verdict::Unknown);
        assert!(fault.detail.len() <= collector_api::limits::DETAIL_BYTES_MAX, "{}", fault.detail.len());
    }

    #[test]
    fn who_may_not_is_told_what_to_do() {
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        let fault = fault_of_open(&error, true);
        assert_eq!(
            (fault.reason, fault.verdict()),
            (Reason::AgentPermission, collector_api::Verdict::Unknown)
        );
        for word in ["ping_group_range", "CAP_NET_RAW"] {
            assert!(fault.detail.contains(word), "{}", fault.detail);
        }
        assert!(fault.detail.len() <= collector_api::limits::DETAIL_BYTES_MAX, "{}", fault.detail.len());
    }
}
