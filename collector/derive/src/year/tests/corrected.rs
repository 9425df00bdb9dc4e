//! Corrections and planned work, from declarations to figures.

use config::{DownIf, LateEntries, Maintenance, Vote};
use proptest::prelude::*;

use super::*;
use crate::{Declaration, Declared, ForcedState, Scope, Window};

pub(super) fn scope(text: &str) -> Vec<Scope> {
    vec![Scope::parse(text).unwrap()]
}

fn window(from: i64, to: i64) -> Window {
    Window { from_ms: as_of(from), to_ms: as_of(to) }
}

/// Written by Anna five days before the year, unless said otherwise.
fn by_anna(entry: u64, declaration: Declaration) -> Declared {
    Declared { entry, at_ms: start_ms() - 120 * HOUR, author: "anna".to_owned(), uid: None, declaration }
}

pub(super) fn annulled(entry: u64, about: &str, (from, to): (i64, i64)) -> Declared {
    let (scope, window) = (scope(about), window(from, to));
    by_anna(entry, Declaration::Annulled { outage: None, scope, window, note: String::new() })
}

fn forced(entry: u64, state: ForcedState, about: &str, (from, to): (i64, i64)) -> Declared {
    let (scope, window, evidence) = (scope(about), window(from, to), "prot. 1".to_owned());
    by_anna(entry, Declaration::Forced { state, scope, window, evidence, note: String::new() })
}

fn work(entry: u64, about: &str, (from, to): (i64, i64)) -> Declared {
    let (scope, windows) = (scope(about), vec![window(from, to)]);
    by_anna(entry, Declaration::Maintenance { scope, windows, note: String::new() })
}

fn read(charter: Charter, runs: &RunIndex, declared: &[Declared], hour: i64) -> YearFigures {
    let history = [(0, charter)];
    let corrections = Corrections::of(declared, as_of(hour));
    Charters::of(&history, Period::civil_year(2026), as_of(hour)).figures(
        runs,
        &corrections,
        &Reading::default(),
    )
}

fn drawn(charter: Charter, runs: &RunIndex, declared: &[Declared], hour: i64) -> String {
    draw(&web(&read(charter, runs, declared, hour)).timeline)
}

fn hours(figure: &Figure) -> [u64; 4] {
    [figure.up_ms, figure.down_ms, figure.unknown_ms, figure.maintenance_ms].map(|ms| ms / 3_600_000)
}

fn with(maintenance: Maintenance) -> Charter {
    let mut charter = charter();
    charter.rules.readings.maintenance = maintenance;
    charter
}

/// `c` is down from both agents.
fn back_down(seen: &str) -> RunIndex {
    let seen = ["ced1", "ced2"].map(|agent| ("back", "c", agent, seen));
    runs_but(seen[0].3.len(), &seen)
}

#[test]
fn what_is_annulled_is_unknown_and_later_words_win() {
    let runs = back_down("uudddduu");
    let approved = Declared { author: "bruno".to_owned(), ..by_anna(4, Declaration::Approved { entry: 3 }) };
    let all = [
        annulled(1, "web.back.c", (2, 5)),
        forced(2, ForcedState::Down, "web", (0, 1)),
        forced(3, ForcedState::Up, "web.back", (4, 6)),
        approved,
    ];
    assert_eq!(drawn(charter(), &runs, &all[..1], 8), "UU???DUU");
    assert_eq!(drawn(charter(), &runs, &all[..2], 8), "DU???DUU");
    assert_eq!(drawn(charter(), &runs, &all[..3], 8), "DU???DUU", "proposed is without effect");
    assert_eq!(drawn(charter(), &runs, &all, 8), "DU??UUUU");
    assert_eq!(web(&read(charter(), &runs, &all, 8)).corrections, [1, 2, 3]);
    let elsewhere = [annulled(1, "web.front", (2, 5)), annulled(2, "mail", (2, 5))];
    assert_eq!(drawn(charter(), &runs, &elsewhere[1..], 8), "UUDDDDUU");
    assert_eq!(web(&read(charter(), &runs, &elsewhere, 8)).corrections, [1]);
}

#[test]
fn net_and_gross_stand_only_where_they_differ() {
    let down = ["ced1", "ced2", "school1"].map(|agent| ("front", "a", agent, "uudduu"));
    let runs = runs_but(6, &down);
    for maintenance in
        [Maintenance::Counts, Maintenance::Excluded, Maintenance::ExcludedDown, Maintenance::AsUp]
    {
        let figures = read(with(maintenance), &runs, &[work(1, "web.front.a", (2, 4))], 6);
        let web = web(&figures);
        // The other target kept the component up: only the check's own figure knows of the work.
        if maintenance != Maintenance::Excluded {
            assert_eq!((web.gross, web.net), (None, None), "{maintenance:?}");
        }
        assert!([web.gross, web.net].iter().flatten().all(|other| *other != web.figure));
        assert!(web.components.iter().all(|component| component.net != Some(component.figure)));
        assert!(figures.checks.iter().all(|check| check.net != Some(check.figure)));
    }
    let figures = read(with(Maintenance::Counts), &runs, &[work(1, "web.front.a", (2, 4))], 6);
    assert!(figures.checks[0].net.is_some());
}

#[test]
fn an_annulled_vote_decides_nothing() {
    let school = [("front", "a", "school1", "uuddduu"), ("front", "b", "school1", "uuddduu")];
    let runs = runs_but(7, &school);
    assert_eq!(drawn(charter(), &runs, &[], 7), "UUDDDUU");
    assert_eq!(drawn(charter(), &runs, &[annulled(1, "site:school", (3, 6))], 7), "UUD???U");
    // Another site's word cannot be known to be outvoted, but where both agree on it nothing changes.
    let runs = runs_but(7, &[]);
    let any_up = {
        let mut charter = charter();
        charter.rules.readings.sites = Vote::of(DownIf::All);
        charter
    };
    assert_eq!(drawn(any_up, &runs, &[annulled(1, "site:school", (3, 6))], 7), "UUUUUUU");
    let figures = read(charter(), &runs, &[annulled(1, "site:school", (3, 6))], 7);
    let school = web(&figures).sites.iter().find(|site| site.site.as_str() == "school").unwrap();
    assert_eq!(draw(&school.timeline), "UUU???U");
}

#[test]
fn planned_work_by_every_rule_with_gross_and_net_beside() {
    let runs = back_down("uudddduu");
    let declared = [work(1, "web.back", (1, 4)), work(2, "web.front", (0, 8))];
    for (rule, own, drawn) in [
        (Maintenance::Counts, [4, 4, 0, 0], "UUDDDDUU"),
        (Maintenance::Excluded, [0, 2, 0, 6], "MMMMDDMM"),
        (Maintenance::ExcludedDown, [4, 2, 0, 2], "UUMMDDUU"),
        (Maintenance::AsUp, [6, 2, 0, 0], "UUUUDDUU"),
    ] {
        let figures = read(with(rule), &runs, &declared, 8);
        let service = web(&figures);
        assert_eq!((hours(&service.figure), draw(&service.timeline).as_str()), (own, drawn), "{rule:?}");
        assert_eq!(hours(&service.net.unwrap_or(service.figure)), [4, 2, 0, 2], "{rule:?}");
        assert_eq!(hours(&service.gross.unwrap_or(service.figure)), [4, 4, 0, 0], "{rule:?}");
        assert_eq!(service.figure.period_ms(), Period::civil_year(2026).length_ms());
        assert_eq!(service.net.is_some(), rule != Maintenance::ExcludedDown);
        assert_eq!(service.gross.is_some(), rule != Maintenance::Counts);
    }
    let figures = read(charter(), &runs, &declared, 8);
    assert_eq!(web(&figures).corrections, [1], "nothing was down in the second");
    assert_eq!(web(&figures).components[0].net, None);
    assert_eq!(hours(&web(&figures).components[1].net.unwrap()), [4, 2, 0, 2]);
    let front_alone = read(charter(), &runs, &declared[1..], 8);
    assert_eq!((web(&front_alone).net, web(&front_alone).gross), (None, None));
}

#[test]
fn late_work_has_no_effect_unless_the_rule_says_so() {
    let runs = back_down("uudddduu");
    let late = [Declared { at_ms: as_of(2) - 47 * HOUR, ..work(1, "*", (2, 4)) }];
    let mut rules = with(Maintenance::ExcludedDown);
    assert_eq!(drawn(rules.clone(), &runs, &late, 8), "UUDDDDUU");
    rules.rules.readings.late_entries = LateEntries::Effective;
    assert_eq!(drawn(rules.clone(), &runs, &late, 8), "UUMMDDUU");
    rules.rules.readings.late_entries = LateEntries::Recorded;
    rules.rules.readings.notice_ms = 47 * 3_600_000;
    assert_eq!(drawn(rules, &runs, &late, 8), "UUMMDDUU");
}

#[test]
fn notice_is_that_of_the_charter_under_which_work_was_planned() {
    let runs = back_down("uudddduu");
    let planned = [Declared { at_ms: as_of(2) - 30 * HOUR, ..work(1, "*", (2, 4)) }];
    let mut before = with(Maintenance::ExcludedDown);
    before.rules.readings.notice_ms = 24 * 3_600_000;
    let mut after = with(Maintenance::ExcludedDown);
    after.rules.readings.notice_ms = 48 * 3_600_000;
    // The longer notice is asked from an hour after the entry on, or from an hour before it.
    for (from_ms, expected) in [(29, "UUMMDDUU"), (31, "UUDDDDUU")] {
        let history = [(0, before.clone()), (as_of(2) - from_ms * HOUR, after.clone())];
        let corrections = Corrections::of(&planned, i64::MAX);
        let charters = Charters::of(&history, Period::civil_year(2026), as_of(8));
        let figures = charters.figures(&runs, &corrections, &Reading::default());
        let late = expected.contains("UUDD");
        assert_eq!(hours(&web(&figures).figure)[3], if late { 0 } else { 2 });
        assert_eq!(corrections.planned[0].is_in_time(&figures.notices), !late);
    }
}

#[test]
fn one_site_in_planned_work_does_not_vote() {
    let school = [("front", "a", "school1", "uuddduu"), ("front", "b", "school1", "uuddduu")];
    let runs = runs_but(7, &school);
    let declared = [work(1, "site:school", (2, 4))];
    assert_eq!(drawn(with(Maintenance::Excluded), &runs, &declared, 7), "UUUUDUU");
    let figures = read(charter(), &runs, &declared, 7);
    assert_eq!(hours(&web(&figures).net.unwrap()), [6, 1, 0, 0]);
    let school = web(&figures).sites.iter().find(|site| site.site.as_str() == "school").unwrap();
    assert_eq!((hours(&school.figure), hours(&school.net.unwrap())), ([4, 3, 0, 0], [4, 1, 0, 2]));
}

#[test]
fn what_is_declared_of_a_former_name_is_of_the_thing() {
    let mut renamed = charter();
    renamed.services[0].was = Some(id("web"));
    renamed.services[0].id = id("portal");
    for component in &mut renamed.services[0].components {
        if let Node::Part(part) = &mut component.node {
            for check in &mut part.checks {
                let former = check.id.clone();
                check.id = CheckId::of(&[id("portal"), component.id.clone(), check.target.clone()]);
                check.facts.was = Some(former);
            }
        }
    }
    let runs = back_down("uudddduu");
    let history = [(0, charter()), (as_of(7), renamed)];
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(8));
    for (about, expected) in
        [("web.back", "UU??DDUU"), ("portal.back.c", "UU??DDUU"), ("web.fro", "UUDDDDUU")]
    {
        let corrections = Corrections::of(&[annulled(1, about, (2, 4))], i64::MAX);
        let figures = charters.figures(&runs, &corrections, &Reading::default());
        assert_eq!(draw(&figures.service("portal").unwrap().timeline), expected, "{about}");
    }
}

fn any_declared() -> impl Strategy<Value = Vec<Declared>> {
    let about = proptest::sample::select(vec![
        "*",
        "web",
        "web.back",
        "web.front.a",
        "site:ced",
        "site:school",
        "mail",
    ]);
    let one = (0_u8..4, about, 0_i64..40, 1_i64..20).prop_map(|(kind, about, from, length)| {
        let during = (from, from + length);
        match kind {
            0 => annulled(0, about, during),
            1 => forced(0, ForcedState::Down, about, during),
            2 => forced(0, ForcedState::Up, about, during),
            _ => work(0, about, during),
        }
    });
    proptest::collection::vec(one, 0..6).prop_map(|declared| {
        let number = |(place, declared): (usize, Declared)| {
            let entry = u64::try_from(place).unwrap() + 1;
            Declared { entry, ..declared }
        };
        let mut all: Vec<Declared> = declared.into_iter().enumerate().map(number).collect();
        let approved = |entry: &Declared| Declaration::Approved { entry: entry.entry };
        let approvals: Vec<_> = all
            .iter()
            .filter(|d| matches!(d.declaration, Declaration::Forced { .. }))
            .map(approved)
            .collect();
        for declaration in approvals {
            let entry = u64::try_from(all.len()).unwrap() + 1;
            all.push(Declared { author: "bruno".to_owned(), ..by_anna(entry, declaration) });
        }
        all
    })
}

fn any_rule() -> impl Strategy<Value = Maintenance> {
    proptest::sample::select(vec![
        Maintenance::Counts,
        Maintenance::Excluded,
        Maintenance::ExcludedDown,
        Maintenance::AsUp,
    ])
}

proptest! {
    #[test]
    fn corrected_integers_sum(runs in any_runs(), declared in any_declared(), rule in any_rule(), hour in 1_i64..50) {
        let figures = read(with(rule), &runs, &declared, hour);
        let service = web(&figures);
        let lines = service.components.iter().flat_map(|c| [Some(c.figure), c.net]);
        let lines = lines.chain(service.sites.iter().flat_map(|site| [Some(site.figure), site.net]));
        for figure in lines.chain([Some(service.figure), service.net, service.gross]).flatten() {
            prop_assert_eq!(figure.period_ms(), Period::civil_year(2026).length_ms());
        }
        let net = service.net.unwrap_or(service.figure);
        let gross = service.gross.unwrap_or(service.figure);
        prop_assert!(net.down_ms <= gross.down_ms);
        prop_assert_eq!(net.up_ms + net.down_ms + net.maintenance_ms + net.unknown_ms, gross.elapsed_ms());
    }

    /// Whatever else was declared, taking measurements back proves nothing.
    #[test]
    fn an_annulment_never_raises_the_worst_nor_lowers_the_best(
        runs in any_runs(),
        before in any_declared(),
        about in proptest::sample::select(vec!["*", "web.back", "web.front.b", "site:ced", "site:school"]),
        during in (0_i64..40, 1_i64..20),
        rule in any_rule(),
        sites in proptest::sample::select(vec![DownIf::Half, DownIf::Majority, DownIf::Any, DownIf::All]),
        known_min in 1_u32..3,
    ) {
        let mut charter = with(rule);
        charter.rules.readings.sites = Vote { down_if: sites, known_min };
        let figure = |declared: &[Declared]| web(&read(charter.clone(), &runs, declared, 45)).figure;
        let mut after = before.clone();
        let entry = u64::try_from(before.len()).unwrap() + 1;
        after.push(annulled(entry, about, (during.0, during.0 + during.1)));
        let (before, after) = (figure(&before), figure(&after));
        if let (Some(worst), Some(was)) = (after.worst(), before.worst()) {
            prop_assert!(worst <= was, "{after:?} {before:?}");
        }
        if let (Some(best), Some(was)) = (after.best(), before.best()) {
            prop_assert!(best >= was, "{after:?} {before:?}");
        }
    }
}
