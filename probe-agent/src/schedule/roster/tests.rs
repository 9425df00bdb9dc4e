//! Adopting assignments.

use collector_api::{Reason, Verdict};

use super::*;

fn check(id: &str, address: &str) -> String {
    format!(
        r#"{{"id":"{id}","timing":{{"every_ms":60000,"timeout_ms":5000,"hold_ms":150000,"attempts":3}},
            "probe":{{"kind":"tcp","address":"{address}"}}}}"#
    )
}

fn assignment(revision: u64, checks: Vec<String>) -> Assignment {
    Assignment { revision, agent: "ced1".to_owned(), checks, canaries: Vec::new() }
}

fn outcome(verdict: Verdict, reason: Reason) -> Outcome {
    Outcome { verdict, ..Outcome::not_run(reason, "") }
}

#[test]
fn a_check_keeps_its_state_across_assignments() {
    let mut roster = Roster::default();
    let first =
        roster.adopt(&assignment(1, vec![check("a.b.c", "10.0.0.1:1"), check("a.b.d", "10.0.0.2:1")]));
    assert_eq!(first.kept, [None, None]);
    assert!(roster.sample(1, 0, 0, 0, outcome(Verdict::Up, Reason::None)).changed);

    let second =
        roster.adopt(&assignment(2, vec![check("a.b.d", "10.0.0.9:1"), check("a.b.e", "10.0.0.3:1")]));
    assert_eq!(second.kept, [Some(1), None]);
    assert_eq!(second.new_slots(), HashMap::from([(1, 0)]));
    let sample = roster.sample(0, 0, 0, 60_000, outcome(Verdict::Up, Reason::None));
    assert_eq!((sample.check, sample.revision, sample.changed), (0, 2, false));
}

#[test]
fn an_unchanged_check_keeps_what_its_probe_remembers() {
    let ready = |roster: &Roster, slot| match roster.work(slot) {
        Work::Ready(check) => Arc::clone(check),
        Work::Invalid(sentence) => panic!("{sentence}"),
    };
    let mut roster = Roster::default();
    roster.adopt(&assignment(1, vec![check("a.b.c", "10.0.0.1:1"), check("a.b.d", "10.0.0.2:1")]));
    let before = [ready(&roster, 0), ready(&roster, 1)];
    roster.adopt(&assignment(2, vec![check("a.b.d", "10.0.0.9:1"), check("a.b.c", "10.0.0.1:1")]));
    assert!(Arc::ptr_eq(&before[0], &ready(&roster, 1)), "only its place has changed");
    assert!(!Arc::ptr_eq(&before[1], &ready(&roster, 0)), "it has another target");
}

#[test]
fn what_cannot_be_decoded_fails_alone() {
    let unknown = check("a.b.d", "10.0.0.1:1").replace("tcp", "telepathy");
    let bad_url = r#"{"id":"a.b.e","timing":{"every_ms":1,"timeout_ms":1,"hold_ms":1,"attempts":1},
        "probe":{"kind":"http","url":"ftp://www.comune.example"}}"#;
    let mut roster = Roster::default();
    let adopted = roster.adopt(&assignment(
        7,
        vec![
            "{}".to_owned(),
            check("a.b.c", "10.0.0.1:1"),
            unknown,
            bad_url.to_owned(),
            "no JSON".to_owned(),
        ],
    ));
    let entries: Vec<(u32, &str)> =
        adopted.dictionary.entries.iter().map(|entry| (entry.index, entry.check.as_str())).collect();
    assert_eq!(
        entries,
        [(1, "a.b.c"), (2, "a.b.d"), (3, "a.b.e")],
        "the index is the place in the assignment"
    );
    assert_eq!(adopted.refused.len(), 4);
    assert!(adopted.refused[0].starts_with("check 0 of the assignment: "), "{:?}", adopted.refused);
    assert!(adopted.refused[1].starts_with("a.b.d: "), "{:?}", adopted.refused);
    assert!(matches!(roster.work(0), Work::Ready(_)));
    assert!(matches!(roster.work(1), Work::Invalid(_)));
    assert!(matches!(roster.work(2), Work::Invalid(_)));
    assert_eq!(roster.checks()[2].every_ms, EVERY_MS_MIN);
}

#[test]
fn canaries_are_read_and_bad_ones_told() {
    let mut assignment = assignment(1, Vec::new());
    assignment.canaries = vec![r#"{"address":"10.0.0.1:53"}"#.to_owned(), "?".to_owned()];
    let adopted = Roster::default().adopt(&assignment);
    assert_eq!(adopted.canaries, [HostPort { host: "10.0.0.1".to_owned(), port: 53 }]);
    assert_eq!(adopted.refused.len(), 1);
}

#[test]
fn what_asks_for_too_much_fails_alone() {
    let headers: Vec<String> =
        (0..40_000).map(|number| format!(r#"{{"name":"x-{number}","value":"v"}}"#)).collect();
    let many = format!(
        r#"{{"id":"a.b.e","timing":{{"every_ms":60000,"timeout_ms":5000,"hold_ms":150000,"attempts":3}},
            "probe":{{"kind":"http","url":"http://a.example/","headers":[{}]}}}}"#,
        headers.join(",")
    );
    let mut roster = Roster::default();
    let mut assignment = assignment(1, vec![many, check("a.b.c", "10.0.0.1:1")]);
    assignment.canaries = vec![r#"{"address":"10.0.0.1:53"}"#.to_owned(); Canary::COUNT_MAX + 1];
    let adopted = roster.adopt(&assignment);
    assert_eq!(adopted.refused[0], "a.b.e: `headers` is 40000; this agent does at most 64");
    assert_eq!(adopted.refused[1], "65 canaries; the first 64 are asked");
    assert_eq!(adopted.canaries.len(), Canary::COUNT_MAX);
    assert!(matches!(roster.work(0), Work::Invalid(_)) && matches!(roster.work(1), Work::Ready(_)));
}

#[test]
fn a_panic_while_a_check_is_prepared_is_its_own() {
    let Work::Invalid(sentence) = prepare(|| panic!("as a library might")) else { panic!("not ready") };
    assert!(sentence.starts_with("preparing it fails inside the agent"), "{sentence}");
}
