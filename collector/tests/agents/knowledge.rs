//! What is known, and since when: by acts, over the web listener, and with a clock that ran ahead.

use collector::declare::Person;
use collector::operator::{
    DeclareQuestion, DeclaredQuestion, GapsQuestion, ReloadQuestion, SealQuestion, Wish,
};
use collector::publish::Lang;
use collector_api::{Chain, Verdict};
use collector_derive::Window;

use crate::place::{BEGAN_MS, CHARTER, Running};
use crate::sealing::{get, ten_minutes, year};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// 2028-01-01 00:00 in Rome.
const YEAR_END_MS: i64 = 1_830_294_000_000;

async fn declare(collector: &Running, wish: Wish) -> u64 {
    let question = DeclareQuestion { wish, dry_run: false };
    let author = Person { name: "m.rossi".to_owned(), uid: 1001 };
    let answer = collector.acts.declare(author, question).await.unwrap();
    answer.entry.unwrap()
}

/// All there is so far.
fn annul(collector: &Running) -> Wish {
    let window = Window { from_ms: BEGAN_MS, to_ms: collector.now_ms() };
    Wish::Annul { scope: vec!["rete".to_owned()], window, note: "wrong port".to_owned() }
}

/// Ten minutes in which everything was down.
async fn stopped() -> Running {
    let collector = Running::start().await;
    let agent = collector.enrolled("ced1", 1).await;
    let genesis = Chain::genesis(agent.stream);
    let (batch, ..) = ten_minutes(&agent, 1, genesis, BEGAN_MS, Verdict::Down);
    collector.later(11 * MINUTE);
    assert_eq!(agent.push(&batch).await.0, 200);
    collector
}

#[tokio::test]
async fn what_is_declared_holds_at_once_though_the_clock_was_set_back() {
    let collector = stopped().await;
    let down_ms = async || year(&collector, "/api/v1/years/2027").await.services[0].figure.down_ms;
    assert!(down_ms().await > 0);
    // Something is entered while the clock is a day ahead.
    collector.later(DAY);
    collector.line("ced2").await;
    collector.later(MINUTE - DAY);
    let entry = declare(&collector, annul(&collector)).await;
    let declared = collector.acts.declared(DeclaredQuestion { as_of_ms: None }).await.unwrap();
    assert!(declared.declared[0].at_ms > collector.now_ms(), "stamped ahead");
    assert_eq!(down_ms().await, 0, "and in force");
    declare(&collector, Wish::Revoke { entry, note: "it was down".to_owned() }).await;
    assert!(down_ms().await > 0);

    // A charter judges from its stamp on, and that is said.
    let renamed = CHARTER.replace("above: 98%", "above: 97%");
    std::fs::write(collector.directory.path().join("vedetta.yaml"), renamed).unwrap();
    let question = ReloadQuestion { dry_run: false, lang: Lang::En };
    let reloaded = collector.acts.reload("root".to_owned(), question).await.unwrap();
    assert!(reloaded.notes.iter().any(|note| note.contains("had run ahead")), "{:?}", reloaded.notes);
    collector.stop().await;
}

#[tokio::test]
async fn declarations_and_gaps_are_told_as_they_were_known() {
    let collector = stopped().await;
    collector.later(MINUTE);
    let before_ms = collector.now_ms();
    collector.later(MINUTE);
    let entry = declare(&collector, annul(&collector)).await;
    let between_ms = collector.now_ms();
    collector.later(MINUTE);
    let declared = async |as_of_ms| {
        let answer = collector.acts.declared(DeclaredQuestion { as_of_ms: Some(as_of_ms) }).await.unwrap();
        assert_eq!(answer.now_ms, as_of_ms);
        let rows = answer.declared.into_iter();
        rows.map(|row| (row.entry, row.revoked_by)).collect::<Vec<_>>()
    };
    let gaps = async |as_of_ms| {
        let (from_ms, to_ms) = (BEGAN_MS, BEGAN_MS + DAY);
        collector.acts.gaps(GapsQuestion { from_ms, to_ms, as_of_ms }).await.unwrap()
    };
    let (then, now) = (gaps(Some(before_ms)).await, gaps(None).await);
    assert_eq!((then.as_of_ms, now.as_of_ms), (before_ms, collector.now_ms()));
    assert_ne!(then.gaps, now.gaps, "the annulment is a gap");
    let told = (declared(before_ms).await, declared(between_ms).await);
    assert_eq!(told, (Vec::new(), vec![(entry, None)]));

    let revocation = declare(&collector, Wish::Revoke { entry, note: "it was down".to_owned() }).await;
    assert_eq!((declared(before_ms).await, declared(between_ms).await), told, "as it was known");
    assert_eq!(gaps(Some(before_ms)).await, then);
    assert_eq!(declared(collector.now_ms()).await, [(entry, Some(revocation)), (revocation, None)]);
    let to_come = DeclaredQuestion { as_of_ms: Some(collector.now_ms() + 1) };
    let refused = collector.acts.declared(to_come).await.unwrap_err().to_string();
    assert!(refused.contains("still to come"), "{refused}");
    collector.stop().await;
}

#[tokio::test]
async fn a_stretch_that_leaves_a_closed_year_is_told_as_it_is_known() {
    let collector = stopped().await;
    collector.later(YEAR_END_MS + 20 * DAY - collector.now_ms());
    let question = SealQuestion { year: 2027, revise: false, dry_run: false, lang: Lang::En };
    collector.acts.seal("m.rossi".to_owned(), question).await.unwrap();
    collector.later(60 * DAY);
    let told = async |from_ms, to_ms| {
        let answer = collector.acts.gaps(GapsQuestion { from_ms, to_ms, as_of_ms: None }).await.unwrap();
        assert_eq!(answer.as_of_ms, collector.now_ms());
        answer.gaps.last().map(|gap| gap.to_ms)
    };
    assert_eq!(told(YEAR_END_MS - 10 * DAY, YEAR_END_MS + 50 * DAY).await, Some(YEAR_END_MS + 50 * DAY));
    assert_eq!(told(YEAR_END_MS - 10 * DAY, YEAR_END_MS).await, Some(YEAR_END_MS));
    // A month of it is what was sealed; the months after it are not.
    for (month, sealed) in [("2027-12", true), ("2028-01", false)] {
        let (status, body) = get(&collector, &format!("/api/v1/months/{month}")).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body.contains("\"sealed\":{"), sealed, "{month}");
    }
    collector.stop().await;
}

#[tokio::test]
async fn web_tells_one_account_and_operators_all() {
    let collector = stopped().await;
    let (status, body) = get(&collector, "/api/v1/years/2027?account=rete").await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"readings\":["), "{body}");
    let (status, body) = get(&collector, "/api/v1/years/2027?account=all").await;
    assert_eq!(status, 403, "{body}");
    collector.stop().await;
}
