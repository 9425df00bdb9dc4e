//! Entries that change what earlier ones mean.

use super::*;

fn entries(declarations: Vec<(&str, Declaration)>) -> Vec<Declared> {
    let entry = |(place, (author, declaration)): (usize, (&str, Declaration))| {
        let number = u64::try_from(place).unwrap() + 1;
        let at_ms = i64::try_from(number).unwrap() * 10;
        Declared { entry: number, at_ms, author: author.to_owned(), uid: None, declaration }
    };
    declarations.into_iter().enumerate().map(entry).collect()
}

fn window(from_ms: i64, to_ms: i64) -> Window {
    Window { from_ms, to_ms }
}

fn work(windows: &[(i64, i64)]) -> (&'static str, Declaration) {
    let windows = windows.iter().map(|(from_ms, to_ms)| window(*from_ms, *to_ms)).collect();
    ("anna", Declaration::Maintenance { scope: vec![Scope::All], windows, note: String::new() })
}

fn extended(entry: u64, to_ms: i64) -> (&'static str, Declaration) {
    ("anna", Declaration::Extended { entry, to_ms, note: String::new() })
}

fn closed(entry: u64, at_ms: i64) -> (&'static str, Declaration) {
    ("anna", Declaration::Closed { entry, at_ms, note: String::new() })
}

fn revoked(entry: u64) -> (&'static str, Declaration) {
    ("anna", Declaration::Revoked { entry, note: String::new() })
}

fn forced_up() -> (&'static str, Declaration) {
    let (scope, window) = (vec![Scope::All], window(100, 200));
    let (evidence, note) = ("prot. 1".to_owned(), String::new());
    ("anna", Declaration::Forced { state: ForcedState::Up, scope, window, evidence, note })
}

#[track_caller]
fn check_windows(declarations: Vec<(&str, Declaration)>, expected: &[(i64, i64, u64)]) {
    let corrections = Corrections::of(&entries(declarations), i64::MAX);
    let found = corrections.planned.iter().map(|p| (p.window.from_ms, p.window.to_ms, p.announced_by));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn windows_grow_and_end_by_later_entries() {
    let two = || work(&[(100, 200), (300, 400)]);
    check_windows(vec![two()], &[(100, 200, 1), (300, 400, 1)]);
    check_windows(vec![two(), extended(1, 250)], &[(100, 200, 1), (200, 250, 2), (300, 400, 1)]);
    check_windows(vec![two(), extended(1, 500)], &[(100, 200, 1), (300, 400, 1), (400, 500, 2)]);
    check_windows(vec![two(), extended(1, 150)], &[(100, 150, 1), (300, 400, 1)]);
    check_windows(vec![two(), extended(1, 90)], &[(100, 200, 1), (300, 400, 1)]);
    check_windows(vec![two(), closed(1, 150)], &[(100, 150, 1), (300, 400, 1)]);
    check_windows(vec![two(), closed(1, 100)], &[(300, 400, 1)]);
    check_windows(vec![two(), closed(1, 250)], &[(100, 200, 1), (300, 400, 1)]);
    check_windows(
        vec![two(), extended(1, 250), closed(1, 220)],
        &[(100, 200, 1), (200, 220, 2), (300, 400, 1)],
    );
    check_windows(vec![two(), extended(1, 250), revoked(2)], &[(100, 200, 1), (300, 400, 1)]);
    check_windows(vec![two(), revoked(1)], &[]);
}

#[test]
fn what_a_revocation_brings_back_is_announced_by_it() {
    let two = || work(&[(100, 200), (300, 400)]);
    let cancelled = |entry| ("anna", Declaration::Cancelled { entry, note: String::new() });
    let back = [(100, 150, 1), (150, 200, 3), (300, 400, 1)];
    check_windows(vec![two(), closed(1, 150), revoked(2)], &back);
    check_windows(vec![two(), extended(1, 150), revoked(2)], &back);
    check_windows(vec![two(), cancelled(1), revoked(2)], &[(100, 200, 3), (300, 400, 3)]);
    check_windows(vec![two(), revoked(1), revoked(2)], &[(100, 200, 3), (300, 400, 3)]);
    check_windows(vec![two(), closed(1, 150), revoked(2), revoked(3)], &[(100, 150, 1), (300, 400, 1)]);
    check_windows(
        vec![two(), closed(1, 150), revoked(2), revoked(3), revoked(4)],
        &[(100, 150, 1), (150, 200, 5), (300, 400, 1)],
    );
    // What was announced anew in the meantime is not announced sooner again.
    check_windows(
        vec![two(), closed(1, 150), extended(1, 250), revoked(2)],
        &[(100, 150, 1), (150, 200, 3), (200, 250, 3), (300, 400, 1)],
    );
    // A revocation of something else brings nothing back.
    check_windows(vec![two(), forced_up(), revoked(2)], &[(100, 200, 1), (300, 400, 1)]);
    let declared = entries(vec![work(&[(15, 200), (210, 220)]), cancelled(1), revoked(2)]);
    let planned = Corrections::of(&declared, i64::MAX).planned;
    let announced: Vec<_> = planned
        .iter()
        .map(|planned| (planned.announced_ms, planned.is_in_time(&Notices::always(100))))
        .collect();
    assert_eq!(announced, [(10, false), (30, true)], "what had begun was held all the time");
}

#[test]
fn what_is_called_off_is_what_has_not_begun() {
    let cancelled = |entry| ("anna", Declaration::Cancelled { entry, note: String::new() });
    check_windows(vec![work(&[(10, 15), (100, 200)]), cancelled(1)], &[(10, 15, 1)]);
    check_windows(vec![work(&[(20, 25), (21, 200)]), cancelled(1)], &[(20, 25, 1)]);
}

#[test]
fn what_is_added_is_announced_by_what_added_it() {
    let corrections = Corrections::of(&entries(vec![work(&[(100, 200)]), extended(1, 250)]), i64::MAX);
    let in_time: Vec<_> = [80, 90, 91, 180, 181]
        .map(|notice| {
            corrections.planned.iter().map(|p| p.is_in_time(&Notices::always(notice))).collect::<Vec<_>>()
        })
        .to_vec();
    assert_eq!(
        in_time,
        [vec![true, true], vec![true, true], vec![false, true], vec![false, true], vec![false, false]]
    );
}

#[test]
fn up_needs_somebody_else() {
    let approved = |author| (author, Declaration::Approved { entry: 1 });
    for (declarations, in_force) in [
        (vec![forced_up()], false),
        (vec![forced_up(), approved("anna")], false),
        (vec![forced_up(), approved("bruno")], true),
        (vec![forced_up(), approved("bruno"), revoked(2)], false),
        (vec![forced_up(), approved("bruno"), revoked(2), approved("carla")], true),
        (vec![forced_up(), approved("bruno"), revoked(1)], false),
    ] {
        let shown = format!("{declarations:?}");
        let corrections = Corrections::of(&entries(declarations), i64::MAX);
        assert_eq!(!corrections.marks.is_empty(), in_force, "{shown}");
    }
    let both = entries(vec![forced_up(), approved("bruno")]);
    assert_eq!(Corrections::of(&both, 19).proposed.len(), 1);
    assert_eq!(Corrections::of(&both, 20).marks[0].approved_by, Some(2));
    assert_eq!(Corrections::of(&both, 9), Corrections::default());
}

#[test]
fn the_last_word_on_an_outage_counts() {
    let said = |cause| {
        let (outage, note) = ("web-2026".to_owned(), String::new());
        ("anna", Declaration::Annotated { outage, service: None, window: None, cause, note })
    };
    let declared = entries(vec![said(Cause::Power), said(Cause::Network), revoked(2)]);
    let last = |as_of_ms| {
        let said = Corrections::of(&declared, as_of_ms).annotations;
        said.last().map(|said| (said.outage.clone(), said.cause, said.stop.clone()))
    };
    assert_eq!(last(20), Some(("web-2026".to_owned(), Cause::Network, None)));
    assert_eq!(last(30), Some(("web-2026".to_owned(), Cause::Power, None)));
    assert!(Corrections::of(&declared, 30).is_empty());
}
