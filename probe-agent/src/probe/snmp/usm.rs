//! The user-based security (RFC 3414): one device's engine, as one user knows it. No socket; time comes in.
//!
//! snmp2 derives keys, signs, encrypts, verifies and decrypts. What a message says of itself is read here first,
//! because snmp2 believes it before it has verified it: an engine's boots and time beyond what they can be would
//! overflow its sums, and an unsigned report is one error to it, whatever it reports. Its state is never kept: boots
//! and time are ours, moved on by the monotonic clock, and taken over only from a message that was verified or, when
//! an engine is discovered, is proven by the answers that follow.
//!
//! snmp2 0.5 has one fault that cannot be avoided from outside: before it sums a signed message, it zeroes the signature
//! in place through a shared reference (`v3.rs`, `parse_v3`), which Rust leaves undefined. There is no other way into its
//! verification, and its keys are its own. What can be done here is done: the bytes are ours alone and mutable
//! ([`Engine::hear`] takes them so), and nothing may follow them, so that the place is where the signature is. What a
//! compiler that trusts the reference would do is sum the message with its signature still in it, which no signature
//! fits: an answer refused, never one believed, and seen at once by the stories against net-snmp.

use std::fmt;
use std::time::Duration;

use config::{SnmpAuth, SnmpCipher, SnmpOid};
use snmp2::v3::{Auth, AuthErrorKind, AuthProtocol, Cipher, KeyExtension, Security};
use snmp2::{AsnReader, Error, Pdu};

use super::message::{self, Answer, Question};

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
    /// With keys; its own boots and time are never looked at.
    security: Security,
    boots: i32,
    /// Seconds since its boot, at a moment that whoever keeps this knows.
    time: i32,
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
    fn of(oid: &SnmpOid) -> Option<Self> {
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
    /// Of the report to [`message::v3_discovery`]. `None` for anything else.
    pub(super) fn of(bytes: &[u8], request: i32) -> Option<Self> {
        let head = Head::of(bytes)?;
        let is_report = head.plain.as_ref().is_some_and(|answer| answer.is_report);
        // Some agents answer the message, not the request inside.
        (head.message == request && is_report && head.is_engine()).then(|| Self {
            id: head.engine.to_vec(),
            boots: head.boots,
            time: head.time,
        })
    }
}

impl Engine {
    /// Derives the keys: two megabytes are hashed, so not where others wait. `None` where the keys cannot be.
    pub(super) fn of(user: &User, found: &Discovered) -> Option<Self> {
        let mut security = Security::new(user.name.as_bytes(), user.passphrase.as_bytes())
            .with_auth_protocol(protocol(user.auth))
            .with_context_name(&user.context);
        security = match &user.privacy {
            None => security.with_auth(Auth::AuthNoPriv),
            Some((cipher, passphrase)) => {
                let (cipher, extension) = cipher_of(*cipher);
                let privacy_password = passphrase.as_bytes().to_vec();
                security
                    .with_auth(Auth::AuthPriv { cipher, privacy_password })
                    .with_key_extension_method(extension)
            }
        };
        let security = security.with_engine_id(&found.id).ok()?;
        Some(Self { security, boots: found.boots, time: found.time })
    }

    /// For the transcript.
    pub(super) fn shown(&self) -> String {
        let id = collector_api::hex_encode(self.security.engine_id());
        format!("{id}, boots {}, time {} s", self.boots, self.time)
    }

    /// Lets time pass.
    pub(super) fn age(&mut self, by: Duration) {
        let seconds = i32::try_from(by.as_secs()).unwrap_or(i32::MAX);
        self.time = self.time.saturating_add(seconds);
    }

    /// A signed and, where wanted, encrypted request. `None` where snmp2 cannot make it.
    pub(super) fn request(&self, question: Question, request: i32, oids: &[SnmpOid]) -> Option<Vec<u8>> {
        // The way into snmp2 is to read a message; nobody's keys are needed for one in clear.
        let plain = message::v3(self.security.engine_id(), question, request, oids);
        let mut nobody = Security::new(b"", b"")
            .with_auth(Auth::NoAuthNoPriv)
            .with_engine_id(self.security.engine_id())
            .ok()?;
        let pdu = Pdu::from_bytes_with_security(&plain, Some(&mut nobody)).ok()?;
        pdu.to_bytes_with_security(Some(&self.security_now())).ok()
    }

    /// What came in return for that request.
    pub(super) fn hear(&mut self, bytes: &mut [u8], request: i32) -> Heard {
        let Some(head) = Head::of(bytes) else { return Heard::Other("malformed") };
        if head.message != request {
            return Heard::Other("to another request");
        }
        if !head.is_signed {
            let stat = head.plain.filter(|answer| answer.is_report).and_then(|answer| {
                let (oid, _) = answer.values.into_iter().next()?;
                Stat::of(&oid)
            });
            return stat.map_or(Heard::Other("unsigned"), Heard::Report);
        }
        if head.engine != self.security.engine_id() {
            return Heard::Other("of another engine");
        }
        let (boots, time) = (head.boots, head.time);
        let mut security = self.security_now();
        let read = Pdu::from_bytes_with_security(bytes, Some(&mut security)).map(|pdu| Answer::of(&pdu));
        match read {
            Ok(Some(answer)) if answer.is_report => self.resynchronised(boots, time, &answer),
            Ok(Some(answer)) if answer.request == request => {
                (self.boots, self.time) = (boots, time);
                Heard::Answer(answer)
            }
            Ok(_) => Heard::Other("to another request"),
            // Signed and verified, with more boots than we knew.
            Err(Error::AuthUpdated) => {
                (self.boots, self.time) = (boots, time);
                Heard::Resynchronised
            }
            // Verified before boots and time were compared.
            Err(Error::AuthFailure(
                AuthErrorKind::EngineTimeMismatch | AuthErrorKind::EngineBootsMismatch,
            )) => Heard::Report(Stat::NotInTimeWindow),
            Err(Error::AuthFailure(AuthErrorKind::SignatureMismatch)) => Heard::Other("wrongly signed"),
            Err(_) => Heard::Other("malformed"),
        }
    }

    fn resynchronised(&mut self, boots: i32, time: i32, report: &Answer) -> Heard {
        let stat = report.values.first().and_then(|(oid, _)| Stat::of(oid));
        if stat == Some(Stat::NotInTimeWindow) {
            (self.boots, self.time) = (boots, time);
            return Heard::Resynchronised;
        }
        stat.map_or(Heard::Other("a report of nothing known"), Heard::Report)
    }

    fn security_now(&self) -> Security {
        self.security.clone().with_engine_boots_and_time(i64::from(self.boots), i64::from(self.time))
    }
}

/// What a message of version 3 says before anything is verified.
pub(super) struct Head<'m> {
    pub(super) message: i32,
    pub(super) is_signed: bool,
    engine: &'m [u8],
    pub(super) boots: i32,
    time: i32,
    /// When it is not encrypted, and an answer or a report.
    plain: Option<Answer>,
}

impl<'m> Head<'m> {
    /// RFC 3412, 6 and RFC 3414, 2.4; nothing may follow, inside or outside: snmp2 counts places from the end.
    pub(super) fn of(bytes: &'m [u8]) -> Option<Self> {
        let mut whole = AsnReader::from_bytes(bytes);
        let mut parts = AsnReader::from_bytes(whole.read_raw(0x30).ok()?);
        if whole.bytes_left() > 0 || parts.read_asn_integer().ok()? != 3 {
            return None;
        }
        let mut global = AsnReader::from_bytes(parts.read_raw(0x30).ok()?);
        let message = i32::try_from(global.read_asn_integer().ok()?).ok()?;
        let _size_max = global.read_asn_integer().ok()?;
        let flags = *global.read_asn_octetstring().ok()?.first()?;
        let mut usm = AsnReader::from_bytes(parts.read_asn_octetstring().ok()?);
        let mut fields = AsnReader::from_bytes(usm.read_raw(0x30).ok()?);
        let engine = fields.read_asn_octetstring().ok()?;
        let mut number = || fields.read_asn_integer().ok().and_then(natural);
        let (boots, time) = (number()?, number()?);
        for _name_and_two_parameters in 0..3 {
            fields.read_asn_octetstring().ok()?;
        }
        if usm.bytes_left() > 0 || fields.bytes_left() > 0 {
            return None;
        }
        let plain = if flags & 2 == 0 { plain(parts.read_raw(0x30).ok()?) } else { None };
        Some(Self { message, is_signed: flags & 1 != 0, engine, boots, time, plain })
    }

    fn is_engine(&self) -> bool {
        (ENGINE_BYTES_MIN..=ENGINE_BYTES_MAX).contains(&self.engine.len())
    }
}

/// 0 to 2^31 - 1.
fn natural(number: i64) -> Option<i32> {
    i32::try_from(number).ok().filter(|number| *number >= 0)
}

/// A scoped PDU in clear, read as the message of version 2c that it would be.
fn plain(scoped: &[u8]) -> Option<Answer> {
    let mut parts = AsnReader::from_bytes(scoped);
    parts.read_asn_octetstring().ok()?;
    parts.read_asn_octetstring().ok()?;
    let pdu = &scoped[scoped.len() - parts.bytes_left()..];
    let as_v2c = message::enclosed_as_v2c(pdu);
    Answer::of(&Pdu::from_bytes(&as_v2c).ok()?)
}

const fn protocol(auth: SnmpAuth) -> AuthProtocol {
    match auth {
        SnmpAuth::Sha1 => AuthProtocol::Sha1,
        SnmpAuth::Sha224 => AuthProtocol::Sha224,
        SnmpAuth::Sha256 => AuthProtocol::Sha256,
        SnmpAuth::Sha384 => AuthProtocol::Sha384,
        SnmpAuth::Sha512 => AuthProtocol::Sha512,
    }
}

const fn cipher_of(cipher: SnmpCipher) -> (Cipher, KeyExtension) {
    match cipher {
        SnmpCipher::Aes128 => (Cipher::Aes128, KeyExtension::Blumenthal),
        SnmpCipher::Aes192 => (Cipher::Aes192, KeyExtension::Blumenthal),
        SnmpCipher::Aes256 => (Cipher::Aes256, KeyExtension::Blumenthal),
        SnmpCipher::Aes192c => (Cipher::Aes192, KeyExtension::Reeder),
        SnmpCipher::Aes256c => (Cipher::Aes256, KeyExtension::Reeder),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user() -> User {
        User {
            name: "vedetta".to_owned(),
            auth: SnmpAuth::Sha256,
            passphrase: "una frase segreta".to_owned(),
            privacy: Some((SnmpCipher::Aes128, "un'altra frase".to_owned())),
            context: String::new(),
        }
    }

    fn engine() -> Engine {
        let found = Discovered { id: vec![0x80, 0, 0x1f, 0x88, 4, 1, 2], boots: 3, time: 100 };
        Engine::of(&user(), &found).unwrap()
    }

    #[test]
    fn nothing_of_a_user_or_an_engine_is_shown_but_its_name() {
        let shown = format!("{:?} {:?}", user(), engine());
        assert_eq!(shown, "User vedetta Engine 80001f88040102, boots 3, time 100 s");
    }

    #[test]
    fn a_request_is_signed_encrypted_and_of_the_engines_time() {
        let oid = SnmpOid::parse("1.3.6.1.2.1.1.3.0").unwrap();
        let mut engine = engine();
        engine.age(Duration::from_mins(1));
        let bytes = engine.request(Question::Get, 9, &[oid]).unwrap();
        let head = Head::of(&bytes).unwrap();
        assert_eq!((head.message, head.is_signed, head.boots, head.time), (9, true, 3, 160));
        assert!(head.plain.is_none());
    }

    /// A request comes back as if it were an answer: signed rightly, but a question.
    #[test]
    fn an_echo_is_no_answer() {
        let mut engine = engine();
        let mut bytes = engine.request(Question::Get, 9, &[]).unwrap();
        assert_eq!(engine.hear(&mut bytes.clone(), 9), Heard::Other("to another request"));
        assert_eq!(engine.hear(&mut bytes.clone(), 8), Heard::Other("to another request"));
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        assert_eq!(engine.hear(&mut bytes, 9), Heard::Other("wrongly signed"));
    }

    #[test]
    fn boots_and_time_beyond_their_range_are_refused_before_they_are_summed() {
        let plain = message::v3_discovery(5);
        assert!(Head::of(&plain).is_some());
        // The two zeros of boots and time become the largest numbers of 8 bytes.
        let at = plain.windows(6).position(|six| six == [2, 1, 0, 2, 1, 0]).unwrap();
        let mut usm_grown = plain.clone();
        usm_grown.splice(at..at + 3, [2, 8, 0x7f, 255, 255, 255, 255, 255, 255, 255]);
        assert!(Head::of(&usm_grown).is_none());
        assert!(Head::of(&[plain, vec![0]].concat()).is_none(), "something follows");
    }

    proptest! {
        #[test]
        fn any_bytes_are_heard_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Discovered::of(&bytes, 1);
            let heard = engine_without_keys().hear(&mut bytes.clone(), 1);
            prop_assert!(matches!(heard, Heard::Other(_)), "{:?}", heard);
        }

        /// Near misses come further than noise does.
        #[test]
        fn a_damaged_message_is_heard_without_harm(at in 0_usize..120, byte in any::<u8>()) {
            let mut engine = engine_without_keys();
            let mut bytes = engine.request(Question::Get, 1, &[]).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            let heard = engine.hear(&mut bytes, 1);
            prop_assert!(!matches!(heard, Heard::Answer(_)), "{:?}", heard);
        }
    }

    /// Keys are made once: two megabytes a case would be most of the test.
    fn engine_without_keys() -> Engine {
        static ENGINE: std::sync::OnceLock<Engine> = std::sync::OnceLock::new();
        ENGINE.get_or_init(engine).clone()
    }
}
