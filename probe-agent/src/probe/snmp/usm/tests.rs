use proptest::prelude::*;

use super::super::super::ber::{INTEGER, integer};
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
