//! A silence, a loss, an annulment and a check nobody measured, through the real ingest.

use collector_api::{Record, Start, Verdict};
use collector_derive::{Charters, Declaration, Declared, ForcedState, Period, Reading, Window, step};
use config::Charter;

use super::*;
use crate::ingest::Ingest;
use crate::ingest::example::{BEGIN_MS, Spool};
use crate::store::MemoryStore;

const MIN_MS: i64 = 60_000;

fn charter() -> Charter {
    let text = "organisation: {name: Comune di Esempio}\n\
        sites: {ced: {agents: [agent1], users: [uffici]}}\n\
        services:\n  \
          dc:\n    users: [uffici]\n    components:\n      \
            dns: {probe: tcp, targets: {dns1: \"192.0.2.1:53\", dns2: \"192.0.2.2:53\"}, every: 60s}\n  \
          altro:\n    users: [uffici]\n    components:\n      \
            porta: {probe: tcp, targets: {mai: \"192.0.2.3:80\"}, every: 60s}\n";
    config::parse(text, "f").unwrap_or_else(|problems| panic!("{problems}")).vedetta.charter
}

/// Ten minutes, fifty of silence and a start, ten minutes, twenty records lost, ten minutes, nothing more.
fn spool() -> Spool {
    let mut spool = Spool::new(1);
    let up = |spool: &mut Spool, minutes: std::ops::Range<i64>| {
        minutes.for_each(|minute| spool.minute(minute, [Verdict::Up, Verdict::Up]));
    };
    up(&mut spool, 0..10);
    let start = Start {
        at_ms: BEGIN_MS + 60 * MIN_MS,
        version: "0".to_owned(),
        boot_id: "b".to_owned(),
        last_durable_ms: BEGIN_MS + 9 * MIN_MS,
    };
    spool.push(vec![Record { start: Some(start), ..Record::default() }]);
    up(&mut spool, 60..70);
    spool.lost(20);
    up(&mut spool, 130..140);
    spool
}

async fn found(declared: &[Declared]) -> GapsAnswer {
    let (spool, store) = (spool(), MemoryStore::default());
    let ingest = Ingest::start(Box::new(store.clone()), step).unwrap();
    ingest.accept(spool.batch(0..spool.len())).await.unwrap();
    let as_of_ms = BEGIN_MS + 150 * MIN_MS;
    let history = [(BEGIN_MS - MIN_MS, charter())];
    let corrections = Corrections::of(declared, as_of_ms);
    let period = Period::new(BEGIN_MS, BEGIN_MS + 200 * MIN_MS).unwrap();
    let ledger = ingest.known().ledger();
    let figures =
        Charters::of(&history, period, as_of_ms).figures(ledger.runs(), &corrections, &Reading::default());
    let (heard, first_ms) = (Heard::of(ledger.runs()), first_spoken(ledger.runs()));
    let observed =
        Observed { figures: &figures, heard: &heard, first_ms: &first_ms, corrections: &corrections };
    gaps(&observed, &store)
}

fn declared(entry: u64, declaration: Declaration) -> Declared {
    Declared { entry, at_ms: BEGIN_MS + 145 * MIN_MS, author: "root".to_owned(), uid: None, declaration }
}

fn minutes(from: i64, to: i64) -> Window {
    Window { from_ms: BEGIN_MS + from * MIN_MS, to_ms: BEGIN_MS + to * MIN_MS }
}

#[tokio::test]
async fn each_gap_has_the_evidence_of_its_agent() {
    let answer = found(&[]).await;
    let of = |service: &str| {
        let gaps =
            answer.gaps.iter().filter(|gap| gap.service == service && gap.to_ms - gap.from_ms > MIN_MS);
        gaps.cloned().collect::<Vec<_>>()
    };
    let told: Vec<_> = of("dc")
        .into_iter()
        .map(|gap| {
            assert_eq!((gap.scope.as_slice(), gap.causes.len()), (&["dc".to_owned()][..], 1), "{gap:?}");
            let cause = &gap.causes[0];
            assert_eq!(cause.checks, ["dc.dns.dns1", "dc.dns.dns2"]);
            let evidence = cause.evidence.as_ref().map(|said| said.en.clone()).unwrap_or_default();
            (cause.why, gap.ongoing, (gap.to_ms - BEGIN_MS) / MIN_MS, evidence)
        })
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    for ((why, ongoing, to_min, evidence), expected) in told.iter().zip([
        (Why::AgentSilent, false, 60, "it started again at"),
        (Why::SpoolLost, false, 130, "20 records are gone: the spool reached its cap"),
        (Why::AgentSilent, true, 150, "what its spool holds may still arrive"),
    ]) {
        assert_eq!((*why, *ongoing, *to_min), (expected.0, expected.1, expected.2));
        assert!(evidence.contains(expected.3), "{evidence}");
    }
    let never = of("altro");
    assert_eq!((never.len(), never[0].causes[0].why), (1, Why::NeverMeasured), "{never:?}");
    assert_eq!(answer.unread, 0);
}

#[tokio::test]
async fn what_people_declared_is_told_as_such() {
    let note = "falso allarme".to_owned();
    let dns1 = vec![Scope::parse("dc.dns.dns1").unwrap()];
    let annulled = Declaration::Annulled {
        outage: None,
        scope: dns1.clone(),
        window: minutes(2, 5),
        note: note.clone(),
    };
    let state = ForcedState::Up;
    let evidence = "prot. 1".to_owned();
    let forced = Declaration::Forced { state, scope: dns1, window: minutes(20, 30), evidence, note };
    let answer = found(&[declared(7, annulled), declared(8, forced)]).await;
    let gap = answer.gaps.iter().find(|gap| gap.service == "dc" && gap.from_ms == BEGIN_MS + 2 * MIN_MS);
    let gap = gap.unwrap_or_else(|| panic!("{:?}", answer.gaps));
    assert_eq!(gap.scope, ["dc.dns.dns1"], "the other target was observed");
    let cause = &gap.causes[0];
    assert_eq!((cause.why, cause.entry, cause.ms), (Why::Annulled, Some(7), 180_000));
    let silence = answer.gaps.iter().find(|gap| gap.service == "dc" && gap.proposed.is_some()).unwrap();
    assert_eq!(silence.proposed, Some(8));
}

#[tokio::test]
async fn what_was_not_read_says_nothing() {
    let mut spool = Spool::new(1);
    (0..80).for_each(|minute| spool.minute(minute, [Verdict::Up, Verdict::Up]));
    let store = MemoryStore::default();
    let ingest = Ingest::start(Box::new(store.clone()), step).unwrap();
    for group in 0..spool.len() {
        ingest.accept(spool.batch(group..group + 1)).await.unwrap();
    }
    let stream = ingest.known().ledger().runs().checks.values().flatten().next().unwrap().streams[0].stream.0;
    let found = |until_seq| {
        records::look_up(&store, &Around { before: Some((stream, 4)), after: (stream, until_seq) })
    };
    assert_eq!(
        (found(20), found(spool.last_seq())),
        (Some(Found::Nothing), None),
        "the rest may hold anything"
    );
}
