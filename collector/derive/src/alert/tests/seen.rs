//! Facts from real figures: who is down, what explains it, what needs no hurry.
//!
//! Service `web` has `front` (any of `a`, `b`, from ced and school) and `back` (`c`, from ced).

use std::collections::BTreeMap;

use config::{Charter, Node, Severity};

use super::stage::{MINUTE, id};
use crate::alert::*;
use crate::year::tests::{HOUR, as_of, charter, runs_but};
use crate::{Charters, Condition, Corrections, Declaration, Declared, Period, Reading, Scope, Window};

fn facts_of(
    charter: Charter,
    seen: &[(&str, &str, &str, &str)],
    declared: &[Declared],
    outside: &Outside,
) -> Facts {
    let now_ms = as_of(6);
    let history = [(0, charter)];
    let runs = runs_but(6, seen);
    let corrections = Corrections::of(declared, now_ms);
    let reading = Reading::default();
    let recent = Period::new(now_ms - 30 * 24 * HOUR, now_ms).unwrap();
    let recent = Charters::of(&history, recent, now_ms).figures(&runs, &corrections, &reading);
    let year =
        Charters::of(&history, Period::civil_year(2026), now_ms).figures(&runs, &corrections, &reading);
    let basis = crate::Basis { history: &history, runs: &runs, corrections: &corrections, reading: &reading };
    let tiers = |_: &config::ServiceId, _: Option<&config::Id>, promise: &config::Availability| {
        config::BurnTier::defaults(promise.target, config::YEAR_MS)
    };
    let paces: BTreeMap<_, _> =
        year.paces(&basis, tiers).into_iter().map(|pace| (pace.service.clone(), pace)).collect();
    let watched = Watched {
        charter: &history[0].1,
        recent: &recent,
        year: &year,
        paces: &paces,
        corrections: &corrections,
        outside,
    };
    watched.facts(now_ms)
}

fn subjects(facts: &Facts) -> Vec<(String, Condition, Vec<String>)> {
    let shown = |subject: &Subject| {
        let causes = subject.held_by.iter().map(ToString::to_string).collect();
        (subject.root.to_string(), subject.state, causes)
    };
    facts.subjects.iter().map(shown).collect()
}

fn notices(facts: &Facts) -> Vec<String> {
    let shown = |notice: &Notice| {
        let causes: Vec<_> = notice.held_by.iter().map(ToString::to_string).collect();
        format!("{} {} {}", notice.kind.name(), notice.name, causes.join("+")).trim_end().to_owned()
    };
    facts.notices.iter().map(shown).collect()
}

const BACK_DOWN: [(&str, &str, &str, &str); 2] =
    [("back", "c", "ced1", "uuuudd"), ("back", "c", "ced2", "uuuudd")];

#[test]
fn a_row_is_down_since_its_first_fail() {
    let facts = facts_of(charter(), &BACK_DOWN, &[], &Outside::default());
    assert_eq!(subjects(&facts), [("web".to_owned(), Condition::Down, vec![])]);
    let row = &facts.subjects[0];
    assert_eq!((row.since_ms, row.failing, row.planned), (Some(as_of(4)), 2, false));
    assert_eq!((row.telling.severity, row.telling.after_ms), (Severity::Page, 300_000));
    // The check is a line of the row's incident, not of the morning.
    assert_eq!(notices(&facts), ["member web.back.c web"]);
    assert_eq!(facts.silences[0].newest_ms, Some(as_of(6) - MINUTE));
}

#[test]
fn a_part_with_an_owner_takes_its_row_along() {
    let mut charter = charter();
    charter.services[0].about.alert = vec![id("tutti")];
    charter.services[0].components[1].about.severity = Some(Severity::Ticket);
    let facts = facts_of(charter.clone(), &BACK_DOWN, &[], &Outside::default());
    assert_eq!(
        subjects(&facts),
        [
            ("web".to_owned(), Condition::Down, vec!["web.back".to_owned()]),
            ("web.back".to_owned(), Condition::Down, vec![]),
        ]
    );
    let part = &facts.subjects[1].telling;
    assert_eq!(
        (part.severity, &part.alert[..]),
        (Severity::Ticket, &[id("tutti")][..]),
        "the rest is the row's"
    );
    // Another component is down as well, and nobody of its own answers for it.
    let both =
        ["ced1", "ced2", "school1"].map(|agent| ["a", "b"].map(|target| ("front", target, agent, "uuuudd")));
    let seen: Vec<_> = both.into_iter().flatten().chain(BACK_DOWN).collect();
    let facts = facts_of(charter, &seen, &[], &Outside::default());
    assert_eq!(facts.subjects[0].held_by, [], "the row has an incident of its own");
}

/// The school's line is watched by target `c`; `a` and `b` stand in the school.
#[test]
fn a_line_explains_what_hangs_on_it() {
    let mut charter = charter();
    charter.sites[1].facts.line = Some("c".to_owned());
    charter.sites[1].facts.name = Some("Scuola Pascoli".to_owned());
    if let Node::Part(part) = &mut charter.services[0].components[0].node {
        part.checks[0].facts.area = Some("Scuola Pascoli".to_owned());
        part.checks[1].facts.behind = Some("c".to_owned());
    }
    let agent =
        |name: &str, newest_ms| AgentFacts { id: id(name), newest_ms: Some(newest_ms), offset_ms: None };
    let outside = Outside {
        agents: vec![agent("school1", as_of(5)), agent("ced1", as_of(6)), agent("ced2", as_of(5))],
        ..Outside::default()
    };
    let all =
        ["ced1", "ced2", "school1"].map(|agent| ["a", "b"].map(|target| ("front", target, agent, "uuuudd")));
    let seen: Vec<_> = all.into_iter().flatten().chain(BACK_DOWN).collect();
    let facts = facts_of(charter.clone(), &seen, &[], &outside);
    assert_eq!(
        subjects(&facts),
        [
            ("line/c".to_owned(), Condition::Down, vec![]),
            ("web".to_owned(), Condition::Down, vec!["line/c".to_owned()]),
        ]
    );
    assert_eq!(
        notices(&facts),
        [
            "member web.front.a line/c+web",
            "member web.front.b line/c+web",
            "member web.back.c line/c+web",
            "agent school1 line/c",
            "agent ced2",
        ]
    );
    // The same without the line's being down explains nothing.
    let only_front: Vec<_> = seen.into_iter().filter(|seen| seen.0 == "front").collect();
    let facts = facts_of(charter, &only_front, &[], &outside);
    assert_eq!(subjects(&facts)[1], ("web".to_owned(), Condition::Down, vec![]));
    assert_eq!(notices(&facts)[2], "agent school1");
}

#[test]
fn what_a_component_needs_explains_it() {
    let mut charter = charter();
    charter.services[0].components[0].needs = vec!["back".to_owned()];
    charter.services[0].components[1].about.owner = Some("CED".to_owned());
    let all =
        ["ced1", "ced2", "school1"].map(|agent| ["a", "b"].map(|target| ("front", target, agent, "uuuudd")));
    let seen: Vec<_> = all.into_iter().flatten().chain(BACK_DOWN).collect();
    let facts = facts_of(charter, &seen, &[], &Outside::default());
    assert_eq!(facts.subjects[0].held_by, [Root::Part("web.back".to_owned())]);
}

#[test]
fn planned_work_is_of_what_is_down() {
    let work = |scope| Declared {
        entry: 3,
        at_ms: as_of(1),
        author: "maria".to_owned(),
        uid: None,
        declaration: Declaration::Maintenance {
            scope: vec![scope],
            windows: vec![Window { from_ms: as_of(4), to_ms: as_of(8) }],
            note: String::new(),
        },
    };
    for (scope, planned) in [
        (Scope::All, true),
        (Scope::Path("web.back".to_owned()), true),
        (Scope::Path("web.front".to_owned()), false),
    ] {
        let facts = facts_of(charter(), &BACK_DOWN, &[work(scope.clone())], &Outside::default());
        assert_eq!(facts.subjects[0].planned, planned, "{scope:?}");
        assert_eq!(notices(&facts).is_empty(), planned);
        assert_eq!(facts.planned.len(), 1);
    }
}

#[test]
fn what_needs_no_hurry_is_noticed() {
    let agent = AgentFacts { id: id("ced1"), newest_ms: Some(as_of(6)), offset_ms: Some(-9_000) };
    let check = config::CheckId::new("web.back.c").unwrap();
    let days = |days: i64| as_of(6) + days * 24 * HOUR;
    let outside = Outside {
        agents: vec![agent],
        certificates: vec![(check.clone(), days(20)), (check, days(22))],
        backup: Some((as_of(2), "no copy since Monday".to_owned())),
        refused: Some((as_of(3), "vedetta.yaml:3:1: not valid YAML".to_owned())),
        ..Outside::default()
    };
    // One agent of two fails: the check is degraded, and so is the row.
    let facts = facts_of(charter(), &BACK_DOWN[..1], &[], &outside);
    assert_eq!(facts.subjects[0].state, Condition::Degraded);
    assert_eq!(
        notices(&facts),
        ["degraded web.back.c", "clock ced1", "certificate web.back.c", "backup", "configuration"]
    );
}

#[test]
fn a_budget_has_its_levels() {
    let facts = facts_of(charter(), &BACK_DOWN, &[], &Outside::default());
    let [commitment] = &facts.commitments[..] else { panic!("{:?}", facts.commitments) };
    assert_eq!((commitment.key.service.as_str(), commitment.year, commitment.secured), ("web", 2026, false));
    // Two hours of six are no year: no guard is passed, and six hours are no thirty days.
    assert_eq!(commitment.levels.len(), 0);
    assert_eq!(commitment.up_of_known, (4 * 3_600_000, 6 * 3_600_000));
    assert_eq!(commitment.budget_ms, 175 * 3_600_000 + 12 * 60_000);
}
