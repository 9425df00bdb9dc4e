//! One encoded message of each kind, kept for ever: what version 1 wrote, every later build reads.
//!
//! Each message is built here from fixed values and compared with its file, byte for byte; then the
//! file is read back. `VEDETTA_BLESS=1` writes files that are missing or differ; a blessed change of an
//! old file is a broken protocol, unless nothing was ever released with it. The one part that is not
//! compared is the compressed body of a batch: another zstd may compress otherwise, and nothing signs
//! compressed bytes. Also kept here: what `PROTOCOL.md` says of numbers.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fmt::Debug;
use std::path::PathBuf;

use collector_api::{
    Assignment, Attempt, Batch, BatchAnswer, Chain, CheckEntry, ClockReading, ConfigRecord, DurationCode,
    EnrolAnswer, EnrolLine, EnrolRequest, Evidence, Fact, Group, Hello, HelloAnswer, JournalHead, Lost,
    LostReason, Phase, PlannedWindow, Reason, Record, Refusal, Route, Signature, SignedAssignment,
    SigningKey, Start, StepRecord, StreamId, TlsFacts, Verdict, answer_preimage, batch_preimage, hex_decode,
    hex_encode, limits, request_preimage, unpack_groups,
};
use prost::Message;

const PROTOCOL: &str = include_str!("../PROTOCOL.md");
const STREAM: StreamId = StreamId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
const NONCE: [u8; 16] = [0xa5; 16];
const PLANNED: PlannedWindow = PlannedWindow { from_ms: BASE_MS + 60_000, to_ms: BASE_MS + 7_260_000 };
const CHALLENGE: [u8; 24] = [0xc7; 24];
/// 2026-03-01 00:00 UTC.
const BASE_MS: i64 = 1_772_323_200_000;

fn agent_key() -> SigningKey {
    SigningKey::from_seed(&[7; 32]).unwrap()
}

fn collector_key() -> SigningKey {
    SigningKey::from_seed(&[9; 32]).unwrap()
}

/// The bytes of a golden file; written first when asked for.
#[track_caller]
fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "tests/golden/v1", &format!("{name}.hex")].iter().collect();
    #[expect(clippy::disallowed_methods, reason = "a switch of this test, for whoever adds a message")]
    if std::env::var_os("VEDETTA_BLESS").is_some() {
        let digits = hex_encode(bytes).into_bytes();
        let lines: Vec<_> = digits.chunks(64).collect();
        std::fs::write(&path, [lines.join(&b'\n'), vec![b'\n']].concat()).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    hex_decode(&text.split_whitespace().collect::<String>()).unwrap()
}

/// Does the value give the file's bytes?
#[track_caller]
fn same_bytes(name: &str, bytes: &[u8]) {
    assert_eq!(hex_encode(&golden(name, bytes)), hex_encode(bytes), "{name} is not what version 1 wrote");
}

/// Does the value give the file's bytes, and do these give the value?
#[track_caller]
fn same<M: Message + Default + PartialEq + Debug>(name: &str, value: &M) {
    let bytes = value.encode_to_vec();
    let file = golden(name, &bytes);
    assert_eq!(hex_encode(&file), hex_encode(&bytes), "{name} is not what version 1 wrote");
    assert_eq!(M::decode(file.as_slice()).unwrap(), *value, "{name}");
}

fn evidence() -> Evidence {
    Evidence {
        detail: "certificate expires in 13 days".to_owned(),
        phases: vec![
            Phase { name: "resolve".to_owned(), micros: 1_200 },
            Phase { name: "connect".to_owned(), micros: 20_034 },
        ],
        attempts: vec![
            Attempt { outcome: Record::outcome_of(Verdict::Down, Reason::ConnectTimeout), micros: 5_000_000 },
            Attempt { outcome: Record::outcome_of(Verdict::Degraded, Reason::TlsExpiring), micros: 41_000 },
        ],
        remote: "[2001:db8::1]:443".to_owned(),
        phase_failed: "tls".to_owned(),
        tls: Some(TlsFacts {
            not_after_ms: BASE_MS + 13 * 86_400_000,
            verified: true,
            version: "TLSv1.3".to_owned(),
            fingerprint: vec![0xfe; 32],
            ..TlsFacts::default()
        }),
        facts: vec![Fact { name: "status".to_owned(), value: "200".to_owned() }],
    }
}

fn start() -> Record {
    let start = Start {
        at_ms: BASE_MS,
        version: "1.0.0".to_owned(),
        boot_id: "b2c9f0de-0000-4000-8000-000000000001".to_owned(),
        last_durable_ms: BASE_MS - 60_000,
    };
    Record { start: Some(start), ..Record::default() }
}

fn config() -> Record {
    let entry = |index, check: &str| CheckEntry {
        index,
        check: check.to_owned(),
        interval_ms: 60_000,
        hold_ms: 150_000,
    };
    let entries = vec![entry(0, "data_center.dns.dns1"), entry(1, "data_center.backup.nas1")];
    let config = ConfigRecord { revision: 1_772_323_199, begins: true, entries };
    Record { config: Some(config), ..Record::default() }
}

fn sample(check_plus_1: u32, slot_delta_ms: i64, verdict: Verdict, reason: Reason) -> Record {
    Record {
        check_plus_1,
        slot_delta_ms,
        lag_ms: 3,
        outcome: Record::outcome_of(verdict, reason),
        duration: DurationCode::from_micros(20_000).0,
        ..Record::default()
    }
}

fn lost() -> Record {
    let lost = Lost {
        count: 1_000,
        reason: LostReason::DiskRefused.into(),
        from_ms: BASE_MS + 60_000,
        to_ms: BASE_MS + 120_000,
        dictionary_kept: false,
    };
    Record { lost: Some(lost), ..Record::default() }
}

fn step() -> Record {
    Record { step: Some(StepRecord { at_ms: BASE_MS + 150_000, step_ms: -7_000 }), ..Record::default() }
}

/// The first group of a stream: numbers 1 to 4.
fn opening() -> Group {
    let records = vec![
        start(),
        config(),
        sample(1, 1_000, Verdict::Up, Reason::None),
        Record {
            evidence: evidence().encode_to_vec(),
            ..sample(2, -250, Verdict::Degraded, Reason::TlsExpiring)
        },
    ];
    Group { first_seq: 1, base_ms: BASE_MS, records }
}

/// Numbers 5 to 1006: LOST takes a thousand.
fn following() -> Group {
    let records = vec![lost(), step(), sample(1, 1_000, Verdict::Unknown, Reason::AgentNetworkDown)];
    Group { first_seq: 5, base_ms: BASE_MS + 180_000, records }
}

const CLOCK: ClockReading =
    ClockReading { sent_ms: BASE_MS + 200_000, offset_ms: -12, rtt_ms: 31, ntp_error_ms: 4 };

fn journal() -> JournalHead {
    JournalHead { epoch: 1, seq: 42, hash: vec![0x42; 32] }
}

#[test]
fn groups_and_their_records() {
    same("evidence", &evidence());
    same("record_start", &start());
    same("record_config", &config());
    same("record_sample", &sample(2, -250, Verdict::Down, Reason::ConnectRefused));
    same("record_lost", &lost());
    same("record_step", &step());
    for (name, group, next_seq) in [("group_opening", opening(), 5), ("group_following", following(), 1_007)]
    {
        same(name, &group);
        let read = Group::read(&golden(name, &group.encode_to_vec())).unwrap();
        assert_eq!((read.next_seq(), read), (next_seq, group));
    }
}

#[test]
fn chain_values() {
    let genesis = Chain::genesis(STREAM);
    let first = genesis.extend(&opening().encode_to_vec());
    let second = first.extend(&following().encode_to_vec());
    same_bytes("chain", &[genesis.0, first.0, second.0].concat());
    let by_hand = |parts: &[&[u8]]| sha256(&parts.concat());
    assert_eq!(genesis.0, by_hand(&[b"vedetta/stream/v1\0", &STREAM.0]));
    assert_eq!(first.0, by_hand(&[&genesis.0, &opening().encode_to_vec()]));
}

#[test]
fn a_signed_batch() {
    let groups = [opening().encode_to_vec(), following().encode_to_vec()];
    let genesis = Chain::genesis(STREAM);
    let packed = Batch::pack(STREAM, (1, 1_006), genesis, &groups, CLOCK, &agent_key()).unwrap();
    let file = Batch::read(&golden("batch", &packed.encode_to_vec())).unwrap();
    let without_body = |batch: &Batch| Batch { body: Vec::new(), ..batch.clone() };
    assert_eq!(without_body(&file), without_body(&packed), "batch is not what version 1 wrote");
    for batch in [file, packed] {
        let header = batch.check_header().unwrap();
        batch.verify(&header, &agent_key().public()).unwrap();
        assert!(batch.verify(&header, &collector_key().public()).is_err());
        let plain = batch.open_body(&header).unwrap();
        let unpacked: Vec<&[u8]> = unpack_groups(&plain).map(Result::unwrap).collect();
        assert_eq!(unpacked, groups);
    }
}

#[test]
fn what_is_signed() {
    let after = Chain([0xab; 32]);
    let body = b"body";
    let (path, method) = (Route::Hello.path(), Route::Hello.method());
    let batch = batch_preimage(STREAM, 1_006, after, &CLOCK);
    let request = request_preimage(method, path, &NONCE, &CHALLENGE, body);
    let answer = answer_preimage(path, &NONCE, 409, body);
    for (name, preimage, key) in [
        ("batch", &batch, agent_key()),
        ("request", &request, agent_key()),
        ("answer", &answer, collector_key()),
    ] {
        same_bytes(&format!("preimage_{name}"), preimage);
        let signature = key.sign(preimage);
        same_bytes(&format!("signature_{name}"), &signature.0);
        assert!(key.public().verifies(preimage, &signature), "{name}");
    }
    let by_hand: Vec<u8> = [
        b"vedetta/batch/v1\0".as_slice(),
        &STREAM.0,
        &1_006_u64.to_be_bytes(),
        &after.0,
        &CLOCK.sent_ms.to_be_bytes(),
        &CLOCK.offset_ms.to_be_bytes(),
        &CLOCK.rtt_ms.to_be_bytes(),
        &CLOCK.ntp_error_ms.to_be_bytes(),
    ]
    .concat();
    assert_eq!(batch, by_hand);
    let fields =
        [field(method.as_bytes()), field(path.as_bytes()), field(&NONCE), field(&CHALLENGE)].concat();
    assert_eq!(request, [b"vedetta/request/v1\0".as_slice(), &fields, &sha256(body)].concat());
    let fields = [field(path.as_bytes()), field(&NONCE)].concat();
    let status = 409_u16.to_be_bytes();
    assert_eq!(answer, [b"vedetta/answer/v1\0".as_slice(), &fields, &status, &sha256(body)].concat());
}

#[test]
fn hello_and_answers() {
    let chain = Chain::genesis(STREAM).0.to_vec();
    let hello = Hello {
        stream: STREAM.0.to_vec(),
        last_seq: 1_006,
        acked_seq: 4,
        sent_ms: BASE_MS,
        version: "1.0.0".to_owned(),
        assignment_revision: 1_772_323_199,
        refused_checks: vec!["data_center.backup.nas1: unknown kind `ftp`".to_owned()],
        spool_bytes: 65_536,
        journal: Some(journal()),
    };
    same("hello", &hello);
    same("hello_first", &Hello { stream: STREAM.0.to_vec(), ..Hello::default() });
    let answer = HelloAnswer {
        acked_seq: 4,
        chain: chain.clone(),
        received_ms: BASE_MS + 15,
        sent_ms: BASE_MS + 17,
        assignment_revision: 1_772_323_200,
        journal: Some(journal()),
        journal_then: vec![0x41; 32],
        planned: vec![PLANNED],
    };
    same("hello_answer", &answer);
    let answer = BatchAnswer {
        acked_seq: 1_006,
        chain: chain.clone(),
        received_ms: BASE_MS + 15,
        sent_ms: BASE_MS + 17,
        assignment_revision: 1_772_323_200,
        journal: Some(journal()),
        planned: vec![PLANNED],
    };
    same("batch_answer", &answer);
    same("journal_head", &journal());
    let conflict = Refusal {
        message: "this batch does not follow the mark".to_owned(),
        expected_seq: 5,
        chain,
        challenge: Vec::new(),
    };
    same("refusal_conflict", &conflict);
    let stale = Refusal {
        message: "the challenge is stale; answer this one".to_owned(),
        challenge: CHALLENGE.to_vec(),
        ..Refusal::default()
    };
    same("refusal_stale", &stale);
}

#[test]
fn enrolment() {
    let line = EnrolLine {
        addresses: vec!["collector.example:7400".to_owned(), "[::1]:7400".to_owned()],
        authority: vec![0x30, 0x82, 0x01, 0x02],
        collector: collector_key().public().0.to_vec(),
        agent: "ced1".to_owned(),
        code: vec![0x5c; 32],
        server_name: "vedetta-collector".to_owned(),
    };
    same("enrol_line", &line);
    let text = format!("vedetta1:{}", hex_encode(&golden("enrol_line", &line.encode_to_vec())));
    assert_eq!(line.to_line(), text);
    assert_eq!(EnrolLine::from_line(&format!("  {text}\n")), Ok(line.clone()));

    let request = EnrolRequest::new("ced1", &line.code, "1.0.0", &agent_key());
    same("enrol_request", &request);
    assert_eq!(request.proven_key(), Some(agent_key().public()));
    let public = agent_key().public();
    let fields = [field(b"ced1"), field(&line.code), field(&public.0)].concat();
    let by_hand = [b"vedetta/enrol/v1\0".as_slice(), &fields].concat();
    assert!(public.verifies(&by_hand, &Signature::from_slice(&request.proof).unwrap()));
    for other in [
        EnrolRequest { agent: "ced2".to_owned(), ..request.clone() },
        EnrolRequest { code: vec![0; 32], ..request.clone() },
        EnrolRequest { public_key: collector_key().public().0.to_vec(), ..request.clone() },
    ] {
        assert_eq!(other.proven_key(), None, "{other:?}");
    }
    same("enrol_answer", &EnrolAnswer { agent: "ced1".to_owned() });
}

#[test]
fn a_signed_assignment() {
    let assignment = Assignment {
        revision: 1_772_323_199,
        agent: "ced1".to_owned(),
        checks: vec![r#"{"id":"data_center.dns.dns1"}"#.to_owned()],
        canaries: vec![r#"{"address":"192.0.2.1"}"#.to_owned()],
    };
    same("assignment", &assignment);
    let signed = SignedAssignment::sign(&assignment, &collector_key());
    same("signed_assignment", &signed);
    let public = collector_key().public();
    assert_eq!(signed.open(&public, "ced1"), Ok(assignment));
    assert!(signed.open(&public, "ced2").is_err(), "another agent's");
    assert!(signed.open(&agent_key().public(), "ced1").is_err(), "another collector's");
    let by_hand = [b"vedetta/assignment/v1\0".as_slice(), &signed.assignment].concat();
    assert!(public.verifies(&by_hand, &Signature::from_slice(&signed.signature).unwrap()));
}

/// Fields and a record kind that version 1 does not have.
mod later {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Group {
        #[prost(uint64, tag = "1")]
        pub(super) first_seq: u64,
        #[prost(sint64, tag = "2")]
        pub(super) base_ms: i64,
        #[prost(message, repeated, tag = "3")]
        pub(super) records: Vec<Record>,
        #[prost(string, tag = "100")]
        pub(super) note: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Record {
        #[prost(uint32, tag = "1")]
        pub(super) check_plus_1: u32,
        #[prost(uint32, tag = "4")]
        pub(super) outcome: u32,
        #[prost(fixed64, tag = "101")]
        pub(super) weight: u64,
        #[prost(message, optional, tag = "102")]
        pub(super) kind: Option<Kind>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Kind {
        #[prost(uint64, tag = "1")]
        pub(super) count: u64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct BatchAnswer {
        #[prost(uint64, tag = "1")]
        pub(super) acked_seq: u64,
        #[prost(bytes = "vec", tag = "103")]
        pub(super) more: Vec<u8>,
    }
}

#[test]
fn what_a_later_version_adds_is_skipped() {
    let sample = later::Record {
        check_plus_1: 1,
        outcome: Verdict::Down.code() | (4_000 << 2),
        weight: 9,
        kind: None,
    };
    let of_a_later_kind =
        later::Record { check_plus_1: 0, outcome: 0, weight: 0, kind: Some(later::Kind { count: 77 }) };
    let group = later::Group {
        first_seq: 10,
        base_ms: BASE_MS,
        records: vec![sample.clone(), of_a_later_kind, sample],
        note: "from the future".to_owned(),
    };
    same_bytes("later_group", &group.encode_to_vec());
    let read = Group::read(&golden("later_group", &group.encode_to_vec())).unwrap();
    assert_eq!((read.first_seq, read.base_ms, read.records.len(), read.next_seq()), (10, BASE_MS, 3, 13));
    let [first, unknown, last] = read.records.as_slice() else { panic!("three records") };
    assert!(first.is_sample() && last.is_sample());
    assert_eq!((first.verdict(), first.reason()), (Verdict::Down, Reason::Unlisted), "a later reason");
    assert_eq!(*unknown, Record::default(), "none of the kinds that are known");
    assert_eq!((unknown.span(), unknown.is_sample()), (1, false));

    let answer = later::BatchAnswer { acked_seq: 7, more: vec![1, 2, 3] };
    same_bytes("later_batch_answer", &answer.encode_to_vec());
    let read = BatchAnswer::decode(answer.encode_to_vec().as_slice()).unwrap();
    assert_eq!(read, BatchAnswer { acked_seq: 7, ..BatchAnswer::default() });

    let of_samples_only = Lost { count: 3, dictionary_kept: true, ..Lost::default() };
    same("lost_dictionary_kept", &of_samples_only);
    let of_a_later_reason = Lost { count: 3, reason: 900, ..Lost::default() };
    let read = Lost::decode(of_a_later_reason.encode_to_vec().as_slice()).unwrap();
    assert_eq!((read.count, read.reason()), (3, LostReason::Unspecified), "a later reason of LOST");
}

#[test]
fn durations_decode_to_the_same_microseconds_for_ever() {
    let mut micros = Vec::new();
    for code in 0.. {
        let one = DurationCode(code).micros();
        micros.extend_from_slice(&one.to_be_bytes());
        if DurationCode(code + 1).micros() == one {
            break;
        }
    }
    same_bytes("durations_sha256", &sha256(&micros));
}

#[test]
fn the_document_gives_every_number() {
    let has = |what: &str| assert!(PROTOCOL.contains(what), "PROTOCOL.md lacks `{what}`");
    for reason in Reason::ALL {
        has(&format!("| {} | `{}` |", reason.code(), reason.name()));
    }
    let rows = PROTOCOL.lines().skip_while(|line| *line != "### Reasons").skip(1);
    let rows = rows.take_while(|line| !line.starts_with('#')).filter(|line| line.contains("| `"));
    let cells: usize = rows.map(|row| row.matches("| `").count()).sum();
    assert_eq!(cells, Reason::ALL.len(), "a number may not vanish from the list: mark it as no longer used");
    for (name, value) in [
        ("BATCH_WIRE_BYTES_MAX", limits::BATCH_WIRE_BYTES_MAX as u64),
        ("BATCH_BODY_BYTES_MAX", limits::BATCH_BODY_BYTES_MAX as u64),
        ("BATCH_RECORDS_MAX", limits::BATCH_RECORDS_MAX as u64),
        ("BATCH_SPAN_MAX", limits::BATCH_SPAN_MAX),
        ("ZSTD_WINDOW_LOG_MAX", u64::from(limits::ZSTD_WINDOW_LOG_MAX)),
        ("GROUP_BYTES_MAX", limits::GROUP_BYTES_MAX as u64),
        ("GROUP_RECORDS_MAX", limits::GROUP_RECORDS_MAX as u64),
        ("EVIDENCE_BYTES_MAX", limits::EVIDENCE_BYTES_MAX as u64),
        ("DETAIL_BYTES_MAX", limits::DETAIL_BYTES_MAX as u64),
        ("CONFIG_ENTRIES_MAX", limits::CONFIG_ENTRIES_MAX as u64),
        ("CHECKS_MAX", limits::CHECKS_MAX as u64),
        ("MESSAGE_BYTES_MAX", limits::MESSAGE_BYTES_MAX as u64),
        ("ASSIGNMENT_BYTES_MAX", limits::ASSIGNMENT_BYTES_MAX as u64),
        ("PLANNED_MAX", limits::PLANNED_MAX as u64),
        ("STREAMS_PER_AGENT_MAX", limits::STREAMS_PER_AGENT_MAX as u64),
    ] {
        has(&format!("| `{name}` | {value} |"));
    }
    for route in [Route::Challenge, Route::Enrol, Route::Hello, Route::Batches, Route::Assignment] {
        has(&format!("| `{} {}` |", route.method(), route.path()));
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().unwrap()
}

/// A length (u32, big endian), then the bytes.
fn field(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}
