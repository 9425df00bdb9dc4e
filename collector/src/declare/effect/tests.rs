//! What changes something is told from what does not.

use collector_api::{Reason, StreamId, Verdict};
use collector_derive::{ForcedState, Run, Scope, StreamRuns, Vantage};

use super::*;

const HOUR_MS: i64 = 3_600_000;
const BEGIN_MS: i64 = 1_800_000_000_000;

fn charter(components: &str) -> Charter {
    let text = format!(
        "organisation: {{name: Comune di Esempio}}\nsites: {{ced: {{agents: [ced1]}}}}\nservices: {{dc: {{components: {components}}}}}\n"
    );
    config::parse(&text, "f").unwrap_or_else(|problems| panic!("{problems}")).vedetta.charter
}

fn at(hour: i64) -> i64 {
    BEGIN_MS + hour * HOUR_MS
}

/// Up for six hours, but down in the third.
fn runs(checks: &[&str]) -> RunIndex {
    let run = |hour: i64| Run {
        verdict: if hour == 2 { Verdict::Down } else { Verdict::Up },
        reason: Reason::None,
        first_seq: hour.unsigned_abs() * 100 + 1,
        last_seq: hour.unsigned_abs() * 100 + 60,
        first_ms: at(hour),
        last_ms: at(hour + 1) - 60_000,
        count: 60,
        until_ms: at(hour + 1),
    };
    let mut runs = RunIndex::default();
    for check in checks {
        let closed = (0..6).map(run).collect();
        let stream = StreamRuns { stream: StreamId([1; 16]), opened_ms: at(0), closed, open: None };
        let vantage = Vantage { agent: config::AgentId::new("ced1").unwrap(), streams: vec![stream] };
        runs.checks.insert(config::CheckId::new(*check).unwrap(), vec![vantage]);
    }
    runs
}

fn entry(entry: u64, declaration: Declaration) -> Declared {
    Declared { entry, at_ms: at(10), author: "rossi".to_owned(), uid: None, declaration }
}

fn scopes(scope: &str) -> Vec<Scope> {
    vec![Scope::parse(scope).unwrap()]
}

fn hours(from: i64, to: i64) -> Window {
    Window { from_ms: at(from), to_ms: at(to) }
}

fn annul(scope: &str, window: Window) -> Declaration {
    Declaration::Annulled { outage: None, scope: scopes(scope), window, note: String::new() }
}

fn force(state: ForcedState, scope: &str, window: Window) -> Declaration {
    let (evidence, note) = (String::new(), String::new());
    Declaration::Forced { state, scope: scopes(scope), window, evidence, note }
}

#[test]
fn what_changes_no_figure_is_idle() {
    let tree = "{dns: {probe: tcp, up_if: any, targets: {a: \"h:1\", b: \"i:1\"}}}";
    let history = [(at(0), charter(tree))];
    let runs = runs(&["dc.dns.a", "dc.dns.b"]);
    for (declaration, idle) in [
        (annul("dc", hours(2, 3)), false),
        (annul("dc.dns.a", hours(0, 1)), false),
        (annul("*", hours(6, 8)), true),
        (annul("site:altrove", hours(2, 3)), true),
        (annul("posta", hours(2, 3)), true),
        (force(ForcedState::Down, "dc", hours(2, 3)), true),
        (force(ForcedState::Down, "dc", hours(2, 4)), false),
        (force(ForcedState::Up, "dc", hours(2, 3)), false),
        (force(ForcedState::Up, "dc", hours(3, 5)), true),
        (Declaration::Cancelled { entry: 1, note: String::new() }, false),
    ] {
        let wished = entry(2, declaration);
        assert_eq!(is_idle(&history, &runs, &[], &wished), idle, "{:?}", wished.declaration);
    }
    let approved = |window| {
        let proposed = entry(2, force(ForcedState::Up, "dc", window));
        let by = Declared { author: "bianchi".to_owned(), ..entry(3, Declaration::Approved { entry: 2 }) };
        is_idle(&history, &runs, &[proposed], &by)
    };
    assert_eq!((approved(hours(2, 3)), approved(hours(3, 5))), (false, true));
    let again = entry(3, annul("dc", hours(2, 3)));
    assert!(is_idle(&history, &runs, &[entry(2, annul("dc", hours(2, 3)))], &again));
}

#[test]
fn a_name_that_another_check_took_since_means_that_one() {
    let of = |targets: &str| charter(&format!("{{dns: {{probe: tcp, targets: {targets}}}}}"));
    let history = [
        (at(0), of("{a: \"h:1\"}")),
        (at(7), of("{c: {address: \"h:1\", was: a}}")),
        (at(8), of("{c: \"h:1\", a: \"i:1\"}")),
    ];
    let runs = runs(&["dc.dns.a"]);
    let idle = |scope: &str| is_idle(&history, &runs, &[], &entry(2, annul(scope, hours(2, 3))));
    assert_eq!((idle("dc.dns.a"), idle("dc.dns.c")), (true, false));
}
