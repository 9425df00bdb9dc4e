//! `probe: kerberos`: does the key distribution centre know its realm, and what time is it there?
//!
//! Without a password, a question for a ticket is answered "prove who you are first" (error 25): proof that the
//! centre reads its database, with its clock, which is looked at every time: a clock that is five minutes off stops
//! every login, and other probes read that as a wrong password. With a password a ticket is asked for, and with a
//! service another for that: each is decrypted, so that nobody else can have given it.
//!
//! Without a user, "no such user" (error 6) will do, too: Windows says "wrong realm" before that, MIT's centre and
//! Samba do not, so for those a user should be named.

mod exchange;
mod keys;
mod message;
mod skew;
#[cfg(test)]
pub(super) mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{HostPort, KerberosParams, KerberosTransport};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::{Instant, timeout};

use super::rejections::is_refusal;
use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use crate::clock::{self, WallClock};
use crate::secrets;
use exchange::Way;
use keys::{Etype, Key, Usage};
use message::{Heard, Inner, Principal, Refusal, Reply};
pub(super) use skew::Skew;

/// Who asks when nobody is named.
const NOBODY: &str = "vedetta";
/// RFC 3962, 4: the rounds that everybody uses, 4096.
const USUAL_PARAMETERS: [u8; 4] = [0, 0, 0x10, 0];
/// Of what a centre says to people, bytes.
const TEXT_BYTES_MAX: usize = 128;

/// One Kerberos check.
#[derive(Debug)]
pub struct Kerberos {
    params: KerberosParams,
    client: Principal,
    origin: String,
    timeout: Duration,
    clock: WallClockOf,
}

/// A clock has nothing to show.
struct WallClockOf(WallClock);

impl std::fmt::Debug for WallClockOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WallClock")
    }
}

/// What the first question showed.
pub(super) struct Ping {
    /// `None` when a ticket came at once: its time is for whoever can read it.
    pub(super) skew: Option<Skew>,
    refusal: Option<Refusal>,
}

impl Kerberos {
    /// Prepares the check, whose attempts take so long at most; the error is a sentence for whoever wrote the charter.
    pub fn new(params: KerberosParams, timeout: Duration) -> Result<Self, String> {
        if params.secret.is_some() && params.user.is_none() {
            return Err("`secret` is the password of a `user`".to_owned());
        }
        let client = Principal::user(params.user.as_deref().unwrap_or(NOBODY));
        let origin = secrets::origin("kerberos", &params.kdc);
        Ok(Self { params, client, origin, timeout, clock: WallClockOf(clock::system()) })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let KerberosParams { kdc, family, transport, .. } = &self.params;
        let kdc = connect::locate(kdc, *family, surroundings, trace).await?;
        let mut attention = None;
        let mut way = match transport {
            KerberosTransport::Udp => Way::Udp,
            KerberosTransport::Tcp => Way::Tcp,
            KerberosTransport::Both => {
                attention = self.try_udp(kdc, trace).await?;
                Way::Tcp
            }
        };
        let ping = self.ping(&mut way, kdc, trace).await?;
        if let Some(skew) = ping.skew {
            skew.tell(trace);
            skew.judge()?;
        }
        judge_ping(&ping, self.params.user.is_some())?;
        if let Some(refusal) = &ping.refusal {
            attention = attention.or(judge_offers(refusal, self.params.secret.is_some())?);
        }
        if self.params.secret.is_some() {
            let skew = self.log_in(&mut way, kdc, &ping, surroundings, trace).await?;
            attention = attention.or(skew.attention());
        }
        attention = attention.or(ping.skew.and_then(Skew::attention));
        attention.map_or(Ok(()), Err)
    }

    /// With `both`: what is wrong with UDP alone wants attention. It may take half of the time there is.
    async fn try_udp(&self, kdc: SocketAddr, trace: &mut Trace) -> Result<Option<Fault>, Fault> {
        let mut way = Way::Udp;
        let seen = timeout(self.timeout / 2, self.ping(&mut way, kdc, trace)).await;
        let why = match seen {
            Ok(Ok(_)) => return Ok(None),
            Ok(Err(fault)) if fault.verdict() == Verdict::Unknown => return Err(fault),
            Ok(Err(fault)) => fault.detail,
            Err(_elapsed) => "no answer".to_owned(),
        };
        trace.note(|| format!("UDP: {why}"));
        Ok(Some(Fault::degraded(Reason::KrbUdp, format!("UDP: {why}"))))
    }

    /// The question without a proof.
    async fn ping(&self, way: &mut Way, kdc: SocketAddr, trace: &mut Trace) -> Result<Ping, Fault> {
        let etypes = [Etype::Aes256.number(), Etype::Aes128.number(), Etype::RC4];
        let question = message::as_request(&self.client, &self.params.realm, &etypes, nonce()?, None);
        let realm = &self.params.realm;
        trace.sent(|| format!("AS-REQ {} @{realm}", self.params.user.as_deref().unwrap_or(NOBODY)));
        let (answer, window) = self.ask(way, kdc, &question, "as_rtt", trace).await?;
        read_ping(&answer, window, trace)
    }

    /// Asks, over TCP where the answer is too big for a datagram; with the agent's time before and after.
    async fn ask(
        &self,
        way: &mut Way,
        kdc: SocketAddr,
        question: &[u8],
        phase: &'static str,
        trace: &mut Trace,
    ) -> Result<(Vec<u8>, (i64, i64)), Fault> {
        let asked_ms = (self.clock.0)();
        let answer = exchange::ask(*way, kdc, question, phase, trace).await?;
        let is_too_big = *way == Way::Udp
            && matches!(Heard::read(&answer), Ok(Heard::Error(refusal)) if refusal.code == code::RESPONSE_TOO_BIG);
        if !is_too_big {
            return Ok((answer, (asked_ms, (self.clock.0)())));
        }
        trace.note(|| "too big for a datagram");
        *way = Way::Tcp;
        let asked_ms = (self.clock.0)();
        let answer = exchange::ask(*way, kdc, question, phase, trace).await?;
        Ok((answer, (asked_ms, (self.clock.0)())))
    }

    /// A ticket for the user and, where asked for, one for the service.
    async fn log_in(
        &self,
        way: &mut Way,
        kdc: SocketAddr,
        ping: &Ping,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Skew, Fault> {
        let Some(name) = &self.params.secret else {
            return Err(Fault::new(Reason::AgentInternal, "nobody to log in"));
        };
        let secret = surroundings.secrets.read(name, &self.origin).await?;
        secret.goes_to(kdc.ip())?;
        trace.secret(secret.text.as_bytes());
        let rejections = &surroundings.rejections;
        let user = self.params.user.as_deref().unwrap_or_default();
        let permit = rejections.permit_as(user, &secret.text, &self.origin, Instant::now());
        permit.map_err(|held_back| {
            trace.fact("held_back", format!("{} min", held_back.minutes));
            held_back.fault
        })?;
        let seen = self.log_in_with(&secret.text, way, kdc, ping, trace).await;
        let learned = match &seen {
            Err(fault) if is_refusal(fault.reason) => Err(fault.reason),
            // A service that is not known comes after a password that was right.
            Ok(_) => Ok(()),
            Err(_) => return seen,
        };
        rejections.learn_as(user, &secret.text, &self.origin, learned, Instant::now());
        seen
    }

    async fn log_in_with(
        &self,
        password: &str,
        way: &mut Way,
        kdc: SocketAddr,
        ping: &Ping,
        trace: &mut Trace,
    ) -> Result<Skew, Fault> {
        let (offset_ms, realm) = (ping.skew.map_or(0, |skew| skew.offset_ms), &self.params.realm);
        let key = self.key(password, ping.refusal.as_ref())?;
        // In the centre's own time: how far the agent's is off has been judged.
        let now_ms = (self.clock.0)().saturating_add(offset_ms);
        let proof = key.encrypt(Usage::Timestamp, &message::timestamp(now_ms))?;
        let nonce = nonce()?;
        let etypes = [key.etype.number()];
        let proof = message::encrypted(key.etype, &proof);
        let question = message::as_request(&self.client, realm, &etypes, nonce, Some(&proof));
        trace.sent(|| "AS-REQ with an encrypted timestamp");
        let (answer, window) = self.ask(way, kdc, &question, "preauth_rtt", trace).await?;
        let reply = granted(&answer, 11, trace)?;
        let inner = opened(&reply, &key, Usage::AsReply, nonce)?;
        trace.received(|| "AS-REP: a ticket");
        trace.fact("ticket", format!("krbtgt/{realm}"));
        let skew = Skew::of(inner.at_ms, window);
        if let Some(service) = &self.params.service {
            let Some(session) = &inner.key else {
                return Err(Fault::new(Reason::KrbEtype, "the ticket's key is of no kind of AES"));
            };
            self.visit(service, &reply, session, offset_ms, way, kdc, trace).await?;
        }
        Ok(skew)
    }

    /// The user's key, salted as the centre says.
    fn key(&self, password: &str, refusal: Option<&Refusal>) -> Result<Key, Fault> {
        let offers = refusal.map(|refusal| refusal.offers.as_slice()).unwrap_or_default();
        let best = Etype::ALL
            .into_iter()
            .find_map(|etype| Some((etype, offers.iter().find(|offer| offer.etype == etype.number())?)));
        let usual = self.client.salt(&self.params.realm);
        let Some((etype, offer)) = best else {
            return Key::of_password(Etype::Aes256, password, &usual);
        };
        if offer.parameters.as_ref().is_some_and(|parameters| *parameters != USUAL_PARAMETERS) {
            let detail = "the centre wants other rounds of PBKDF2 than the usual 4096, which this agent does";
            return Err(Fault::new(Reason::AgentConfigInvalid, detail));
        }
        Key::of_password(etype, password, offer.salt.as_deref().unwrap_or(&usual))
    }

    /// A ticket for a service, by the one that was just given.
    #[expect(
        clippy::too_many_arguments,
        reason = "what the second ticket takes of the first, and the way there"
    )]
    async fn visit(
        &self,
        service: &str,
        reply: &Reply<'_>,
        session: &Key,
        offset_ms: i64,
        way: &mut Way,
        kdc: SocketAddr,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let nonce = nonce()?;
        let body = message::tgs_body(&self.params.realm, &Principal::service(service), nonce);
        let checksum = session.checksum(Usage::TgsChecksum, &body)?;
        let now_ms = (self.clock.0)().saturating_add(offset_ms);
        let authenticator = message::authenticator(reply, &checksum, now_ms);
        let authenticator = session.encrypt(Usage::TgsAuthenticator, &authenticator)?;
        let authenticator = message::encrypted(session.etype, &authenticator);
        let question = message::tgs_request(&body, reply.ticket, &authenticator);
        trace.sent(|| format!("TGS-REQ {service}"));
        let (answer, _) = self.ask(way, kdc, &question, "tgs_rtt", trace).await?;
        let reply = granted(&answer, 13, trace)?;
        opened(&reply, session, Usage::TgsReply, nonce)?;
        trace.received(|| "TGS-REP: a ticket");
        trace.fact("service", service);
        Ok(())
    }
}

impl Asker for Kerberos {
    fn address(&self) -> &HostPort {
        &self.params.kdc
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// The question of a ping as nobody, for who only wants to know whether a centre is alive.
pub(super) fn question_of_nobody(realm: &str) -> Result<Vec<u8>, Fault> {
    let etypes = [Etype::Aes256.number(), Etype::Aes128.number(), Etype::RC4];
    Ok(message::as_request(&Principal::user(NOBODY), realm, &etypes, nonce()?, None))
}

/// Judges the answer to that.
pub(super) fn judge_of_nobody(answer: &[u8], window: (i64, i64)) -> Result<Option<Skew>, Fault> {
    let ping = read_ping(answer, window, &mut Trace::begin())?;
    if let Some(skew) = ping.skew {
        skew.judge()?;
    }
    judge_ping(&ping, false)?;
    Ok(ping.skew)
}

pub(super) use exchange::over_tcp;

fn read_ping(answer: &[u8], window: (i64, i64), trace: &mut Trace) -> Result<Ping, Fault> {
    match Heard::read(answer)? {
        Heard::Error(refusal) => {
            tell(&refusal, trace);
            Ok(Ping { skew: Some(Skew::of(refusal.at_ms, window)), refusal: Some(*refusal) })
        }
        // Of a user who need not prove anything.
        Heard::Reply(reply) if reply.kind == 11 => {
            trace.received(|| "AS-REP without a proof");
            trace.fact("answer", "a ticket without a proof");
            Ok(Ping { skew: None, refusal: None })
        }
        Heard::Reply(_) => Err(Fault::new(Reason::ProtoUnexpectedReply, "a ticket for a service")),
    }
}

fn tell(refusal: &Refusal, trace: &mut Trace) {
    let shown = shown(refusal);
    trace.received(|| format!("KRB-ERROR {shown}"));
    trace.fact("answer", shown);
}

/// `25 PREAUTH_REQUIRED`, with what the centre adds for people.
fn shown(refusal: &Refusal) -> String {
    let end = refusal.text.floor_char_boundary(TEXT_BYTES_MAX);
    let name = code::name(refusal.code);
    [refusal.code.to_string().as_str(), name, &refusal.text[..end]].join(" ").trim_end().to_owned()
}

/// Is a centre alive that refuses like this?
fn judge_ping(ping: &Ping, is_user_named: bool) -> Result<(), Fault> {
    match &ping.refusal {
        None => Ok(()),
        Some(refusal) if refusal.code == code::PREAUTH_REQUIRED => Ok(()),
        Some(refusal) if refusal.code == code::CLIENT_UNKNOWN && !is_user_named => Ok(()),
        Some(refusal) => Err(fault_of(refusal)),
    }
}

/// A user without keys of AES: whoever has only RC4 will not get in for much longer, and not by this probe.
fn judge_offers(refusal: &Refusal, logs_in: bool) -> Result<Option<Fault>, Fault> {
    let is_only_old = refusal.offers.iter().any(|offer| offer.etype == Etype::RC4)
        && refusal.offers.iter().all(|offer| Etype::of(offer.etype).is_none());
    let detail = "the user has keys of RC4 only; a change of password makes those of AES";
    match (is_only_old, logs_in) {
        (false, _) => Ok(None),
        (true, false) => Ok(Some(Fault::degraded(Reason::KrbEtype, detail))),
        (true, true) => Err(Fault::new(Reason::KrbEtype, detail)),
    }
}

/// The answer, if it is a ticket of that kind.
fn granted<'a>(answer: &'a [u8], kind: u8, trace: &mut Trace) -> Result<Reply<'a>, Fault> {
    match Heard::read(answer)? {
        Heard::Reply(reply) if reply.kind == kind => Ok(reply),
        Heard::Reply(_) => Err(Fault::new(Reason::ProtoUnexpectedReply, "a ticket of another kind")),
        Heard::Error(refusal) => {
            tell(&refusal, trace);
            Err(fault_of(&refusal))
        }
    }
}

/// What only who knows the key can read, and only in answer to this question.
fn opened(reply: &Reply<'_>, key: &Key, usage: Usage, nonce: u32) -> Result<Inner, Fault> {
    if reply.etype != key.etype.number() {
        let detail =
            format!("the answer is encrypted as type {}, asked for was {}", reply.etype, key.etype.number());
        return Err(Fault::new(Reason::KrbEtype, detail));
    }
    let Some(inner) = key.decrypt(usage, reply.cipher) else {
        return Err(Fault::new(
            Reason::ProtoMalformed,
            "the answer is not encrypted with the key it should be",
        ));
    };
    let inner = Inner::read(&inner)?;
    if inner.nonce != nonce {
        return Err(Fault::new(Reason::ProtoIdMismatch, "the answer is to another question"));
    }
    Ok(inner)
}

/// What a refusal means.
fn fault_of(refusal: &Refusal) -> Fault {
    let by_status = refusal.nt_status.and_then(reason_of_nt_status);
    let reason = match refusal.code {
        code::CLIENT_UNKNOWN => Reason::KrbPrincipalUnknown,
        code::SERVICE_UNKNOWN => Reason::KrbServiceUnknown,
        code::NO_ETYPE => Reason::KrbEtype,
        code::CLIENT_REVOKED => by_status.unwrap_or(Reason::AuthDisabled),
        code::CLIENT_EXPIRED | code::KEY_EXPIRED => by_status.unwrap_or(Reason::AuthExpired),
        code::PREAUTH_FAILED | code::BAD_INTEGRITY => by_status.unwrap_or(Reason::AuthRejected),
        code::SKEW => Reason::KrbSkew,
        code::WRONG_REALM => Reason::KrbWrongRealm,
        _ => Reason::KrbError,
    };
    Fault::new(reason, shown(refusal))
}

/// MS-ERREF, 2.3.1.
fn reason_of_nt_status(status: u32) -> Option<Reason> {
    match status {
        0xc000_0234 => Some(Reason::AuthLocked),
        0xc000_0072 => Some(Reason::AuthDisabled),
        0xc000_0193 | 0xc000_0071 | 0xc000_0224 => Some(Reason::AuthExpired),
        _ => None,
    }
}

/// RFC 4120, 7.5.9.
mod code {
    pub(super) const CLIENT_EXPIRED: i64 = 1;
    pub(super) const CLIENT_UNKNOWN: i64 = 6;
    pub(super) const SERVICE_UNKNOWN: i64 = 7;
    pub(super) const NO_ETYPE: i64 = 14;
    pub(super) const CLIENT_REVOKED: i64 = 18;
    pub(super) const KEY_EXPIRED: i64 = 23;
    pub(super) const PREAUTH_FAILED: i64 = 24;
    pub(super) const PREAUTH_REQUIRED: i64 = 25;
    pub(super) const BAD_INTEGRITY: i64 = 31;
    pub(super) const SKEW: i64 = 37;
    pub(super) const RESPONSE_TOO_BIG: i64 = 52;
    pub(super) const WRONG_REALM: i64 = 68;

    /// As the standard calls it, where that helps.
    pub(super) fn name(code: i64) -> &'static str {
        match code {
            CLIENT_EXPIRED => "NAME_EXP",
            CLIENT_UNKNOWN => "C_PRINCIPAL_UNKNOWN",
            SERVICE_UNKNOWN => "S_PRINCIPAL_UNKNOWN",
            12 => "POLICY",
            NO_ETYPE => "ETYPE_NOSUPP",
            CLIENT_REVOKED => "CLIENT_REVOKED",
            KEY_EXPIRED => "KEY_EXPIRED",
            PREAUTH_FAILED => "PREAUTH_FAILED",
            PREAUTH_REQUIRED => "PREAUTH_REQUIRED",
            BAD_INTEGRITY => "BAD_INTEGRITY",
            SKEW => "SKEW",
            RESPONSE_TOO_BIG => "RESPONSE_TOO_BIG",
            60 => "GENERIC",
            WRONG_REALM => "WRONG_REALM",
            _ => "",
        }
    }
}

fn nonce() -> Result<u32, Fault> {
    let mut bytes = [0; 4];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Fault::new(Reason::AgentInternal, "no random numbers"))?;
    // Of 31 bits: some centres take the number for a signed one.
    Ok(u32::from_be_bytes(bytes) & 0x7fff_ffff)
}
