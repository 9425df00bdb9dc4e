//! The user-based security (RFC 3414): one device's engine, as one user knows it. No socket; time comes in.
//!
//! What a message says of itself is read first and believed last: nothing of it is taken over before its signature is
//! verified, but from an unsigned report, which is a hint, and the engine that a device says it is, which the answers
//! that follow prove. Boots and time are moved on by the monotonic clock of whoever keeps an [`Engine`].

use std::fmt;
use std::time::Duration;

use config::{SnmpAuth, SnmpCipher, SnmpOid};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::super::ber::{INTEGER, OCTETS, Reader, SEQUENCE, element, integer, number};
use super::keys::{Keys, SALT_BYTES};
use super::message::{self, Answer, Question};

/// What a message is (RFC 3412, 6.4).
const SIGNED: u8 = 1;
/// See [`SIGNED`].
const ENCRYPTED: u8 = 2;
/// See [`SIGNED`].
const REPORTABLE: u8 = 4;
/// RFC 3411, 5, `SnmpSecurityModel`.
const USM: i64 = 3;
/// An answer that is older than this, s, is of another time (RFC 3414, 2.2.3).
const WINDOW_S: i32 = 150;
/// The largest datagram that is taken.
const MESSAGE_BYTES_MAX: i64 = 65_507;
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

fn scoped(engine: &[u8], context: &str, pdu: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&element(OCTETS, &[engine]), &element(OCTETS, &[context.as_bytes()]), pdu])
}

/// What a message says for its security (RFC 3414, 2.4).
#[derive(Clone, Copy)]
struct Said<'m> {
    engine: &'m [u8],
    boots: i32,
    time: i32,
    user: &'m [u8],
    signature: &'m [u8],
    salt: &'m [u8],
}

/// RFC 3412, 6.
fn write(flags: u8, message: i32, said: &Said<'_>, data: &[u8]) -> Vec<u8> {
    let whole = |number: i64| integer(INTEGER, number);
    let octets = |bytes: &[u8]| element(OCTETS, &[bytes]);
    let header = [whole(i64::from(message)), whole(MESSAGE_BYTES_MAX), octets(&[flags]), whole(USM)].concat();
    let security = [
        octets(said.engine),
        whole(i64::from(said.boots)),
        whole(i64::from(said.time)),
        octets(said.user),
        octets(said.signature),
        octets(said.salt),
    ]
    .concat();
    let security = octets(&element(SEQUENCE, &[&security]));
    element(SEQUENCE, &[&whole(3), &element(SEQUENCE, &[&header]), &security, data])
}

/// What a message of version 3 says before anything is verified.
struct Head<'m> {
    message: i32,
    flags: u8,
    engine: &'m [u8],
    boots: i32,
    time: i32,
    user: &'m [u8],
    signature: &'m [u8],
    salt: &'m [u8],
    /// Tag and body: a scoped PDU, or one that is encrypted.
    data: (u8, &'m [u8]),
}

impl<'m> Head<'m> {
    /// RFC 3412, 6 and RFC 3414, 2.4; nothing may follow, inside or outside.
    fn of(bytes: &'m [u8]) -> Option<Self> {
        let mut whole = Reader::new(bytes);
        let mut parts = Reader::new(whole.expect(SEQUENCE).ok()?);
        if number(parts.expect(INTEGER).ok()?).ok()? != 3 {
            return None;
        }
        let mut global = Reader::new(parts.expect(SEQUENCE).ok()?);
        let message = i32::try_from(number(global.expect(INTEGER).ok()?).ok()?).ok()?;
        let _size_max = global.expect(INTEGER).ok()?;
        let &[flags] = global.expect(OCTETS).ok()? else { return None };
        let model = number(global.expect(INTEGER).ok()?).ok()?;
        let mut security = Reader::new(parts.expect(OCTETS).ok()?);
        let mut fields = Reader::new(security.expect(SEQUENCE).ok()?);
        let head = Self {
            message,
            flags,
            engine: fields.expect(OCTETS).ok()?,
            boots: natural(fields.expect(INTEGER).ok()?)?,
            time: natural(fields.expect(INTEGER).ok()?)?,
            user: fields.expect(OCTETS).ok()?,
            signature: fields.expect(OCTETS).ok()?,
            salt: fields.expect(OCTETS).ok()?,
            data: parts.next().ok()??,
        };
        let is_all = [whole, parts, global, security, fields].map(|mut reader| reader.next() == Ok(None));
        (model == USM && is_all == [true; 5]).then_some(head)
    }

    const fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// When it is not encrypted, and an answer or a report.
    fn in_clear(&self) -> Option<Answer> {
        let (tag, scoped) = self.data;
        if self.is_encrypted() || tag != SEQUENCE { None } else { answer_in(scoped) }
    }

    /// What stands before and behind the signature in the message that this was read of.
    fn around_signature(&self, bytes: &'m [u8]) -> Option<(&'m [u8], &'m [u8])> {
        let at = self.signature.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
        Some((bytes.get(..at)?, bytes.get(at + self.signature.len()..)?))
    }
}

/// Of a scoped PDU; which context it says it is of does not matter.
fn answer_in(scoped: &[u8]) -> Option<Answer> {
    let mut parts = Reader::new(scoped);
    parts.expect(OCTETS).ok()?;
    parts.expect(OCTETS).ok()?;
    let (tag, body) = parts.next().ok()??;
    Answer::of(tag, body)
}

/// 0 to 2^31 - 1.
fn natural(body: &[u8]) -> Option<i32> {
    i32::try_from(number(body).ok()?).ok().filter(|number| *number >= 0)
}

/// The other side, for tests that are devices: what a request is, and what is said in return.
#[cfg(test)]
#[derive(Debug, Clone)]
pub(super) struct Agent(pub(super) Engine);

/// What an [`Agent`] has heard.
#[cfg(test)]
pub(super) struct Asked {
    pub(super) message: i32,
    pub(super) is_signed: bool,
    pub(super) boots: i32,
    /// When it is signed by the agent's keys and decrypted.
    pub(super) pdu: Option<message::Pdu>,
}

#[cfg(test)]
impl Agent {
    pub(super) fn hear(&self, request: &[u8]) -> Asked {
        let head = Head::of(request).unwrap();
        let (before, after) = head.around_signature(request).unwrap();
        let blank = vec![0; head.signature.len()];
        let is_ours =
            head.engine == self.0.id && self.0.keys.is_signature(head.signature, &[before, &blank, after]);
        let pdu = is_ours.then(|| {
            let salt = head.salt.try_into().unwrap();
            let plain = self.0.keys.decrypt(head.boots, head.time, salt, head.data.1).unwrap();
            let mut parts = Reader::new(Reader::new(&plain).expect(SEQUENCE).unwrap());
            let (_engine, _context) = (parts.expect(OCTETS).unwrap(), parts.expect(OCTETS).unwrap());
            message::Pdu::read(parts.next().unwrap().unwrap().1).unwrap()
        });
        Asked { message: head.message, is_signed: head.flags & SIGNED != 0, boots: head.boots, pdu }
    }

    pub(super) fn tell_in_clear(&self, message: i32, pdu: &[u8]) -> Vec<u8> {
        self.0.wrap(0, message, pdu).unwrap()
    }

    pub(super) fn tell_signed(&self, message: i32, pdu: &[u8]) -> Vec<u8> {
        self.0.wrap(SIGNED, message, pdu).unwrap()
    }

    pub(super) fn tell_encrypted(&self, message: i32, pdu: &[u8]) -> Vec<u8> {
        self.0.wrap(SIGNED | ENCRYPTED, message, pdu).unwrap()
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
        let flags = SIGNED | ENCRYPTED | REPORTABLE;
        assert_eq!((head.message, head.flags, head.boots, head.time), (9, flags, 3, 160));
        assert_eq!(head.data.0, OCTETS);
    }

    /// A request comes back as if it were an answer: signed rightly, but a question.
    #[test]
    fn an_echo_is_no_answer() {
        let mut engine = engine();
        let bytes = engine.request(Question::Get, 9, &[]).unwrap();
        assert_eq!(engine.hear(&bytes, 9), Heard::Other("neither an answer nor a report"));
        assert_eq!(engine.hear(&bytes, 8), Heard::Other("to another request"));
    }

    /// An answer of this engine to request 9, of one value.
    fn answer(engine: &Engine, flags: u8) -> Vec<u8> {
        engine.wrap(flags, 9, &pdu(0xa2, "1.3.6.1.2.1.1.3.0")).unwrap()
    }

    /// A response or a report of request 9.
    fn pdu(tag: u8, oid: &str) -> Vec<u8> {
        let oid = message::object(&SnmpOid::parse(oid).unwrap());
        let bound = element(SEQUENCE, &[&oid, &integer(INTEGER, 5)]);
        let numbers = [9, 0, 0].map(|number| integer(INTEGER, number)).concat();
        element(tag, &[&numbers, &element(SEQUENCE, &[&bound])])
    }

    #[test]
    fn an_answer_is_of_this_engine_to_this_user_signed_encrypted_and_new() {
        const PRIVATE: u8 = SIGNED | ENCRYPTED;
        let known = engine();
        let hear = |bytes: &[u8]| known.clone().hear(bytes, 9);
        let of = |change: fn(&mut Engine)| {
            let mut other = known.clone();
            change(&mut other);
            hear(&answer(&other, PRIVATE))
        };
        assert!(matches!(of(|_| {}), Heard::Answer(_)));
        assert!(matches!(of(|engine| engine.boots = 4), Heard::Answer(_)), "as new as can be");
        assert!(matches!(of(|engine| engine.time = 100_000), Heard::Answer(_)), "our clock is slow");
        for old in [|engine: &mut Engine| engine.boots = 2, |engine: &mut Engine| engine.boots = i32::MAX] {
            assert_eq!(of(old), Heard::Report(Stat::NotInTimeWindow));
        }
        let mut later = known.clone();
        later.age(Duration::from_secs(150));
        assert!(matches!(later.hear(&answer(&known, PRIVATE), 9), Heard::Answer(_)));
        let mut later = known.clone();
        later.age(Duration::from_secs(151));
        assert_eq!(later.hear(&answer(&known, PRIVATE), 9), Heard::Report(Stat::NotInTimeWindow));
        assert_eq!(of(|engine| engine.id.push(1)), Heard::Other("of another engine"));
        assert_eq!(of(|engine| engine.user.push('x')), Heard::Other("to another user"));
        assert_eq!(hear(&answer(&known, SIGNED)), Heard::Other("in clear"));
        assert_eq!(hear(&answer(&known, 0)), Heard::Other("unsigned"));
        // Whichever byte is another, its signature's own too.
        let right = answer(&known, PRIVATE);
        for at in 0..right.len() {
            let mut bytes = right.clone();
            bytes[at] ^= 1;
            assert!(!matches!(hear(&bytes), Heard::Answer(_) | Heard::Resynchronised), "byte {at}");
        }
    }

    #[test]
    fn a_report_moves_the_time_only_when_it_is_signed() {
        let mut ahead = engine();
        (ahead.boots, ahead.time) = (7, 5);
        let report = |flags, stat: u32| {
            let pdu = pdu(0xa8, &format!("1.3.6.1.6.3.15.1.1.{stat}.0"));
            ahead.wrap(flags, 9, &pdu).unwrap()
        };
        let mut known = engine();
        assert_eq!(known.hear(&report(0, 2), 9), Heard::Report(Stat::NotInTimeWindow));
        assert_eq!(known.hear(&report(SIGNED, 3), 9), Heard::Report(Stat::UnknownUser));
        assert_eq!((known.boots, known.time), (3, 100));
        assert_eq!(known.hear(&report(SIGNED, 2), 9), Heard::Resynchronised);
        assert_eq!((known.boots, known.time), (7, 5));
    }

    #[test]
    fn every_method_understands_itself() {
        for auth in [SnmpAuth::Sha1, SnmpAuth::Sha224, SnmpAuth::Sha384, SnmpAuth::Sha512] {
            for cipher in [SnmpCipher::Aes192, SnmpCipher::Aes256c] {
                let user = User { auth, privacy: Some((cipher, "un'altra frase".to_owned())), ..user() };
                let found = Discovered { id: vec![0x80, 0, 0x1f, 0x88, 4], boots: 3, time: 100 };
                let mut engine = Engine::of(&user, &found).unwrap();
                let answer = answer(&engine, SIGNED | ENCRYPTED);
                assert!(matches!(engine.hear(&answer, 9), Heard::Answer(_)), "{auth:?} {cipher:?}");
            }
        }
    }

    #[test]
    fn boots_and_time_beyond_their_range_are_refused_before_they_are_summed() {
        let plain = discovery(5);
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
            let heard = engine_without_keys().hear(&bytes, 1);
            prop_assert!(matches!(heard, Heard::Other(_)), "{:?}", heard);
        }

        /// Near misses come further than noise does.
        #[test]
        fn a_damaged_message_is_heard_without_harm(at in 0_usize..120, byte in any::<u8>()) {
            let mut engine = engine_without_keys();
            let mut bytes = engine.request(Question::Get, 1, &[]).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            let heard = engine.hear(&bytes, 1);
            prop_assert!(!matches!(heard, Heard::Answer(_)), "{:?}", heard);
        }
    }

    /// Keys are made once: two megabytes a case would be most of the test.
    fn engine_without_keys() -> Engine {
        static ENGINE: std::sync::OnceLock<Engine> = std::sync::OnceLock::new();
        ENGINE.get_or_init(engine).clone()
    }
}
