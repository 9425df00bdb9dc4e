//! The user-based security (RFC 3414): one device's engine, as one user knows it. No socket; time comes in.
//!
//! What a message says of itself is read first and believed last: nothing of it is taken over before its signature is
//! verified, but from an unsigned report, which is a hint, and the engine that a device says it is, which the answers
//! that follow prove. Boots and time are moved on by the monotonic clock of whoever keeps an [`Engine`].

mod head;
#[cfg(test)]
pub(super) mod played;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use config::{SnmpAuth, SnmpCipher, SnmpOid};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::super::ber::{OCTETS, Reader, SEQUENCE, element};
use super::keys::{Keys, SALT_BYTES};
use super::message::{self, Answer, Question};
use head::{ENCRYPTED, Head, REPORTABLE, SIGNED, Said, answer_in, scoped, write};

/// An answer that is older than this, s, is of another time (RFC 3414, 2.2.3).
const WINDOW_S: i32 = 150;
/// RFC 3411, 5, `SnmpEngineID`.
const ENGINE_BYTES_MIN: usize = 5;
/// See [`ENGINE_BYTES_MIN`].
const ENGINE_BYTES_MAX: usize = 32;
/// `usmStats` (RFC 3414, 5): what reports count.
const STATS: [u32; 10] = [1, 3, 6, 1, 6, 3, 15, 1, 1, 0];

/// Who asks, with the secrets.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) auth: SnmpAuth,
    pub(super) passphrase: String,
    pub(super) privacy: Option<(SnmpCipher, String)>,
    pub(super) context: String,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User {}", self.name)
    }
}

/// A device's engine, with the user's keys for it.
#[derive(Clone)]
pub(super) struct Engine {
    id: Vec<u8>,
    user: String,
    context: String,
    keys: Keys,
    pub(super) boots: i32,
    /// Seconds since its boot, at a moment that whoever keeps this knows.
    pub(super) time: i32,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine {}", self.shown())
    }
}

/// What a device has said of itself, unsigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Discovered {
    pub(super) id: Vec<u8>,
    pub(super) boots: i32,
    pub(super) time: i32,
}

/// What a message of version 3 is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Signed, fresh, and to this request.
    Answer(Answer),
    /// The engine's boots or time are others than we thought; they have been taken over, from a signed message.
    Resynchronised,
    /// An unsigned report of this: a hint, as anybody may have sent it.
    Report(Stat),
    /// Not to this request, or not to be believed.
    Other(&'static str),
}

/// What a report counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stat {
    UnsupportedLevel,
    NotInTimeWindow,
    UnknownUser,
    UnknownEngine,
    WrongDigest,
    Decryption,
}

impl Stat {
    fn told_by(report: &Answer) -> Option<Self> {
        let (oid, _) = report.values.first()?;
        let arcs = oid.arcs().strip_prefix(&STATS[..9])?;
        Some(match arcs.first()? {
            1 => Self::UnsupportedLevel,
            2 => Self::NotInTimeWindow,
            3 => Self::UnknownUser,
            4 => Self::UnknownEngine,
            5 => Self::WrongDigest,
            6 => Self::Decryption,
            _ => return None,
        })
    }

    /// For people.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::UnsupportedLevel => "the user may not ask with this level of security",
            Self::NotInTimeWindow => "not in the time window",
            Self::UnknownUser => "the user is unknown there",
            Self::UnknownEngine => "the engine is another",
            Self::WrongDigest => "the passphrase or the algorithm of `auth` is another there",
            Self::Decryption => "the passphrase or the algorithm of `privacy` is another there",
        }
    }
}

impl Discovered {
    /// Of the report to [`discovery`]. `None` for anything else.
    pub(super) fn of(bytes: &[u8], request: i32) -> Option<Self> {
        let head = Head::of(bytes)?;
        let is_report = head.in_clear().is_some_and(|answer| answer.is_report);
        let is_engine = (ENGINE_BYTES_MIN..=ENGINE_BYTES_MAX).contains(&head.engine.len());
        // Some agents answer the message, not the request inside.
        (head.message == request && is_report && is_engine).then(|| Self {
            id: head.engine.to_vec(),
            boots: head.boots,
            time: head.time,
        })
    }
}

impl Engine {
    /// Derives the keys: two megabytes are hashed, so not where others wait. `None` where the keys cannot be.
    pub(super) fn of(user: &User, found: &Discovered) -> Option<Self> {
        Some(Self {
            id: found.id.clone(),
            user: user.name.clone(),
            context: user.context.clone(),
            keys: Keys::of(user, &found.id)?,
            boots: found.boots,
            time: found.time,
        })
    }

    /// For the transcript.
    pub(super) fn shown(&self) -> String {
        format!("{}, boots {}, time {} s", collector_api::hex_encode(&self.id), self.boots, self.time)
    }

    /// Lets time pass.
    pub(super) fn age(&mut self, by: Duration) {
        let seconds = i32::try_from(by.as_secs()).unwrap_or(i32::MAX);
        self.time = self.time.saturating_add(seconds);
    }

    /// A signed and, where wanted, encrypted request. `None` without randomness.
    pub(super) fn request(&self, question: Question, request: i32, oids: &[SnmpOid]) -> Option<Vec<u8>> {
        let privacy = if self.keys.has_privacy() { ENCRYPTED } else { 0 };
        self.wrap(REPORTABLE | SIGNED | privacy, request, &message::pdu(question, request, oids))
    }

    /// A signed message of this engine's time around a PDU.
    fn wrap(&self, flags: u8, message: i32, pdu: &[u8]) -> Option<Vec<u8>> {
        let scoped = scoped(&self.id, &self.context, pdu);
        let mut salt = [0; SALT_BYTES];
        let is_encrypted = flags & ENCRYPTED != 0;
        let data = if is_encrypted {
            SystemRandom::new().fill(&mut salt).ok()?;
            element(OCTETS, &[&self.keys.encrypt(self.boots, self.time, salt, &scoped)?])
        } else {
            scoped
        };
        let blank = vec![0; self.keys.signature_bytes()];
        let said = Said {
            engine: &self.id,
            boots: self.boots,
            time: self.time,
            user: self.user.as_bytes(),
            signature: &blank,
            salt: if is_encrypted { &salt } else { &[] },
        };
        let unsigned = write(flags, message, &said, &data);
        let signature = self.keys.sign(&[&unsigned])?;
        Some(write(flags, message, &Said { signature: &signature, ..said }, &data))
    }

    /// What came in return for that request.
    pub(super) fn hear(&mut self, bytes: &[u8], request: i32) -> Heard {
        let Some(head) = Head::of(bytes) else { return Heard::Other("malformed") };
        if head.message != request {
            return Heard::Other("to another request");
        }
        if head.flags & SIGNED == 0 {
            let stat =
                head.in_clear().filter(|answer| answer.is_report).and_then(|report| Stat::told_by(&report));
            return stat.map_or(Heard::Other("unsigned"), Heard::Report);
        }
        match self.open(bytes, &head) {
            Err(why) => Heard::Other(why),
            Ok(report) if report.is_report => self.reported(&head, &report),
            Ok(answer) if answer.request != request => Heard::Other("to another request"),
            Ok(_) if self.keys.has_privacy() && !head.is_encrypted() => Heard::Other("in clear"),
            Ok(_) if !self.is_in_time(&head) => Heard::Report(Stat::NotInTimeWindow),
            Ok(answer) => {
                (self.boots, self.time) = (head.boots, head.time);
                Heard::Answer(answer)
            }
        }
    }

    /// Verifies, then decrypts and reads.
    fn open(&self, bytes: &[u8], head: &Head<'_>) -> Result<Answer, &'static str> {
        if head.engine != self.id {
            return Err("of another engine");
        }
        if head.user != self.user.as_bytes() {
            return Err("to another user");
        }
        // RFC 3414, 6.3.2: summed as if its signature were zeros.
        let (before, after) = head.around_signature(bytes).ok_or("malformed")?;
        let blank = vec![0; head.signature.len()];
        if !self.keys.is_signature(head.signature, &[before, &blank, after]) {
            return Err("wrongly signed");
        }
        let read = if head.is_encrypted() { self.decrypted(head) } else { head.in_clear() };
        read.ok_or("neither an answer nor a report")
    }

    fn decrypted(&self, head: &Head<'_>) -> Option<Answer> {
        let (_, encrypted) = Some(head.data).filter(|(tag, _)| *tag == OCTETS)?;
        let salt = <[u8; SALT_BYTES]>::try_from(head.salt).ok()?;
        let plain = self.keys.decrypt(head.boots, head.time, salt, encrypted)?;
        answer_in(Reader::new(&plain).expect(SEQUENCE).ok()?)
    }

    fn reported(&mut self, head: &Head<'_>, report: &Answer) -> Heard {
        let stat = Stat::told_by(report);
        if stat == Some(Stat::NotInTimeWindow) {
            (self.boots, self.time) = (head.boots, head.time);
            return Heard::Resynchronised;
        }
        stat.map_or(Heard::Other("a report of nothing known"), Heard::Report)
    }

    /// RFC 3414, 3.2, 7 b: as new as what is known of the engine, or newer.
    fn is_in_time(&self, head: &Head<'_>) -> bool {
        let is_later = head.boots > self.boots;
        let is_now = head.boots == self.boots && head.time >= self.time.saturating_sub(WINDOW_S);
        head.boots != i32::MAX && (is_later || is_now)
    }
}

/// The question whose report tells a device's engine (RFC 3414, 4).
pub(super) fn discovery(request: i32) -> Vec<u8> {
    let said = Said { engine: b"", boots: 0, time: 0, user: b"", signature: b"", salt: b"" };
    let pdu = message::pdu(Question::Get, request, &[]);
    write(REPORTABLE, request, &said, &scoped(b"", "", &pdu))
}
