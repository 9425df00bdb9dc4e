//! A year from its samples to its seal, and what is asked of it afterwards, over the web listener.

use collector::operator::{ReloadQuestion, SealAnswer, SealQuestion};
use collector::publish::Lang;
use collector::publish::api::Year;
use collector_api::{
    Batch, Chain, CheckEntry, ClockReading, ConfigRecord, Group, Reason, Record, Start, Verdict,
};
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::agent::Agent;
use crate::place::{BEGAN_MS, CHARTER, Running};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// Numbers `first..` of ten minutes of the charter's only check.
pub(crate) fn ten_minutes(
    agent: &Agent,
    first: u64,
    before: Chain,
    from_ms: i64,
    verdict: Verdict,
) -> (Batch, u64, Chain) {
    let mut records = Vec::new();
    if first == 1 {
        let start = Start { at_ms: from_ms, version: "0.1.0".to_owned(), ..Start::default() };
        let check = "rete.porta.una".to_owned();
        let entry = CheckEntry { index: 0, check, interval_ms: 60_000, hold_ms: 180_000 };
        let config = ConfigRecord { revision: 1, begins: true, entries: vec![entry] };
        records.push(Record { start: Some(start), ..Record::default() });
        records.push(Record { config: Some(config), ..Record::default() });
    }
    records.extend((0..10).map(|minute| Record {
        check_plus_1: 1,
        slot_delta_ms: if minute == 0 { 0 } else { MINUTE },
        outcome: Record::outcome_of(verdict, Reason::None),
        duration: 400,
        ..Record::default()
    }));
    let group = Group { first_seq: first, base_ms: from_ms, records };
    let last = group.next_seq() - 1;
    let group = group.encode_to_vec();
    let sent_ms = from_ms + 10 * MINUTE;
    let clock = ClockReading { sent_ms, offset_ms: 0, rtt_ms: 1, ntp_error_ms: 0 };
    let batch = Batch::pack(agent.stream, (first, last), before, &[&group], clock, &agent.key).unwrap();
    (batch, last, before.extend(&group))
}

pub(crate) async fn get(collector: &Running, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(collector.listening.web).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

pub(crate) async fn year(collector: &Running, path: &str) -> Year {
    let (status, body) = get(collector, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

async fn seal(collector: &Running, revise: bool, dry_run: bool) -> Result<SealAnswer, String> {
    let question = SealQuestion { year: 2027, revise, dry_run, lang: Lang::En };
    collector.acts.seal("m.rossi".to_owned(), question).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_year_is_sealed_shown_and_revised() {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let (first, last, chain) = ten_minutes(&agent, 1, Chain::genesis(agent.stream), BEGAN_MS, Verdict::Up);
    collector.later(11 * MINUTE);
    assert_eq!(agent.push(&first).await.0, 200);
    let heard_ms = collector.now_ms() + 1;
    collector.later(MINUTE);
    let running = year(&collector, "/api/v1/years/2027").await;
    assert!(running.provisional && running.sealed.is_none());
    let then = year(&collector, &format!("/api/v1/years/2027?as_of={heard_ms}")).await;
    assert_eq!(then.as_of_ms, heard_ms);
    let now_then = get(&collector, &format!("/api/v1/now?as_of={heard_ms}")).await;
    assert_eq!(now_then.0, 200);
    collector.enrolled("ced2", 2).await;
    assert_eq!(agent.hello(collector.now_ms()).await.0, 200);
    let error = seal(&collector, false, false).await.unwrap_err();
    assert_eq!(error, "2027 may still change: it can be sealed from 2028-01-16 on");

    collector.later(380 * DAY);
    assert!(seal(&collector, true, false).await.unwrap_err().contains("`vedetta seal 2027` does that"));
    let tried = seal(&collector, false, true).await.unwrap();
    assert_eq!((tried.entry, tried.manifest.revision), (None, 1));
    collector.later(1);
    let sealed = seal(&collector, false, false).await.unwrap();
    assert!(sealed.entry.is_some() && sealed.differences.is_empty());
    assert!(seal(&collector, false, false).await.unwrap_err().contains("is sealed already (revision 1"));
    collector.later(1);
    assert!(seal(&collector, true, false).await.unwrap_err().contains("revision 1 stands"));
    let shown = year(&collector, "/api/v1/years/2027").await;
    let facts = shown.sealed.clone().unwrap();
    assert!(!shown.provisional);
    assert_eq!((facts.revision, facts.author.as_str(), facts.changes), (1, "m.rossi", 0));
    assert_eq!(facts.manifest, sealed.sha256);
    assert_eq!(shown.services, sealed.figures.services);
    let month = year(&collector, "/api/v1/months/2027-01").await;
    assert!(!month.provisional && month.sealed.is_some());
    assert_eq!(month.services[0].figure.up_ms, shown.services[0].figure.up_ms, "all of it was in January");

    // The agent's spool had more of the year.
    let (late, ..) = ten_minutes(&agent, last + 1, chain, BEGAN_MS + 10 * MINUTE, Verdict::Down);
    assert_eq!(agent.push(&late).await.0, 200);
    let renamed = CHARTER.replace("Comune di Esempio", "Comune di Altrove");
    std::fs::write(collector.directory.path().join("vedetta.yaml"), renamed).unwrap();
    collector
        .acts
        .reload("root".to_owned(), ReloadQuestion { dry_run: false, lang: Lang::En })
        .await
        .unwrap();
    let shown = year(&collector, "/api/v1/years/2027").await;
    assert!(shown.sealed.as_ref().unwrap().changes > 0);
    assert_eq!((shown.services[0].figure.down_ms, shown.organisation.as_str()), (0, "Comune di Esempio"));
    collector.later(DAY);
    let revised = seal(&collector, true, false).await.unwrap();
    assert_eq!(revised.manifest.revision, 2);
    assert!(
        revised.differences.iter().any(|line| line.starts_with("rete: down: ")),
        "{:#?}",
        revised.differences
    );
    let shown = year(&collector, "/api/v1/years/2027").await;
    assert_eq!(shown.sealed.as_ref().unwrap().revision, 2);
    assert!(shown.services[0].figure.down_ms > 0);

    // As it was known in between, and before any seal.
    let between = year(&collector, &format!("/api/v1/years/2027?as_of={}", facts.at_ms)).await;
    assert_eq!(between.sealed.as_ref().unwrap().revision, 1);
    assert_eq!(between.services, sealed.figures.services);
    let again = year(&collector, &format!("/api/v1/years/2027?as_of={heard_ms}")).await;
    assert_eq!(again, then, "the same instant, the same answer");
    let now_again = get(&collector, &format!("/api/v1/now?as_of={heard_ms}")).await;
    assert_eq!(now_again, now_then, "and the same bytes");
    let (status, body) = get(&collector, "/api/v1/years/2027?as_of=2099-01-01T00:00:00Z").await;
    assert_eq!(status, 400, "{body}");
    let (directory, now_ms) = collector.stop().await;
    let collector = Running::start_in(directory, collector::serve::Patience::default(), now_ms).await;
    assert_eq!(year(&collector, "/api/v1/years/2027").await, shown);
    assert_eq!(year(&collector, &format!("/api/v1/years/2027?as_of={heard_ms}")).await, then);
    let store = collector::store::SqliteStore::read(&collector.directory.path().join("state")).unwrap();
    let verified = collector::verify::verify(&store, collector_derive::step).unwrap();
    assert_eq!((verified.seals, verified.differences), (2, Vec::new()));
    collector.stop().await;
}
