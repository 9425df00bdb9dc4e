//! Planned work: announced, changed, called off, brought back.

use super::*;

#[test]
fn maintenance_is_in_time_by_the_charters_notice_or_marked_late() {
    let journal = Journal::new();
    for (from, in_time) in [(48, true), (47, false), (1, false), (-30, false)] {
        let judged = journal.judge(&maintain(&["wifi"], &[hours(from, from + 6)]), "root").unwrap();
        assert_eq!(judged.windows[0].in_time, in_time, "{from}");
        assert_eq!(judged.doubts.is_empty(), in_time, "{:?}", judged.doubts);
        assert_eq!(judged.notice.is_some(), from > -6, "no notice of what is over");
    }
    let past = journal.judge(&maintain(&["wifi"], &[hours(-30, -20)]), "root").unwrap();
    assert!(past.doubts[0].en.contains("has begun already"), "{:?}", past.doubts);
}

#[test]
fn a_later_charter_makes_nothing_late_and_nothing_in_time() {
    let mut journal = Journal::new();
    let work = journal.by("m.rossi", &maintain(&["wifi"], &[hours(50, 56), hours(90, 96)]));
    let late = journal.by("m.rossi", &maintain(&["wifi"], &[hours(40, 46)]));
    // From an hour later on three days are asked instead of two.
    let mut charter = Charter::clone(&journal.charter);
    charter.rules.readings.notice_ms = 72 * HOUR_MS.unsigned_abs();
    journal.notices = Notices::of([(0, journal.charter.as_ref()), (NOW_MS + HOUR_MS, &charter)]);
    journal.charter = charter.into();
    journal.now_ms = NOW_MS + 2 * HOUR_MS;
    assert_eq!(journal.windows(work), [(50, 56, true), (90, 96, true)]);
    assert_eq!(journal.windows(late), [(40, 46, false)]);
    let in_time = |judged: Judged| judged.windows.iter().map(|held| held.in_time).collect::<Vec<_>>();
    let longer = Wish::Extend { entry: work, until: Until::By(HOUR_MS), note: String::new() };
    assert_eq!(
        in_time(journal.judge(&longer, "m.rossi").unwrap()),
        [false, true],
        "what is added is added now"
    );
    // What is brought back is announced by who brings it back, and by the charter of then.
    let called_off = journal.by("m.rossi", &Wish::Cancel { entry: work, note: String::new() });
    assert_eq!(in_time(journal.judge(&revoke(called_off), "m.rossi").unwrap()), [false, true]);
}

#[test]
fn users_are_told_what_is_called_off_and_what_is_over() {
    let mut journal = Journal::new();
    let work = journal.by("m.rossi", &maintain(&["wifi"], &[hours(50, 56), hours(90, 96)]));
    journal.now_ms = NOW_MS + 51 * HOUR_MS;
    let cancel = journal.judge(&Wish::Cancel { entry: work, note: String::new() }, "m.rossi").unwrap();
    let facts = cancel.notice.unwrap();
    assert_eq!(facts.news, News::CalledOff { windows: vec![hours(90, 96)] }, "not what has begun");
    assert_eq!(facts.note, "cambio dischi");
    let close = Wish::Close { entry: work, at_ms: None, note: String::new() };
    let facts = journal.judge(&close, "m.rossi").unwrap().notice.unwrap();
    assert_eq!(facts.news, News::Over { window: hours(50, 51) });
}

#[test]
fn absurd_windows_are_refused() {
    let journal = Journal::new();
    for (windows, part) in [
        (vec![], "no window is left"),
        (vec![hours(6, 6)], "is empty"),
        (vec![hours(6, 5)], "is empty"),
        (vec![hours(50, 50 + 24 * 32)], "more than 31 days"),
        (vec![hours(24 * 401, 24 * 401 + 6)], "is the year right?"),
        (vec![hours(-24 * 401, -24 * 401 + 6)], "is the year right?"),
        (vec![hours(50, 60), hours(59, 62)], "overlap"),
        ((0..121).map(|n| hours(50 + 2 * n, 51 + 2 * n)).collect(), "more than the 120"),
        (vec![Window { from_ms: i64::MIN, to_ms: i64::MAX }], "31 days"),
    ] {
        journal.refused(&maintain(&["wifi"], &windows), "root", part);
    }
    let sorted = journal.judge(&maintain(&["wifi"], &[hours(60, 62), hours(50, 52)]), "root").unwrap();
    assert!(sorted.windows[0].from_ms < sorted.windows[1].from_ms);
    let long = journal.judge(&maintain(&["wifi"], &[hours(50, 150)]), "root").unwrap();
    assert!(long.doubts[0].en.contains("lasts 100 hours"));
}

#[test]
fn maintenance_is_extended_closed_and_called_off() {
    let mut journal = Journal::new();
    let entry = journal.by("root", &maintain(&["wifi"], &[hours(50, 56), hours(100, 106), hours(200, 206)]));
    let extend = |until| Wish::Extend { entry, until, note: String::new() };
    let close = |at_ms| Wish::Close { entry, at_ms, note: String::new() };
    let cancel = Wish::Cancel { entry, note: String::new() };

    journal.by("root", &extend(Until::By(2 * HOUR_MS)));
    assert_eq!(journal.windows(entry)[0], (50, 58, true), "announced early enough");
    journal.refused(&extend(Until::By(43 * HOUR_MS)), "root", "reach into its own next window");
    journal.refused(&extend(Until::To(NOW_MS + 57 * HOUR_MS)), "root", "lasts until");
    journal.refused(&extend(Until::To(NOW_MS + 49 * HOUR_MS)), "root", "begins before that end");
    journal.refused(&close(None), "root", "no window of maintenance #4 runs");

    journal.now_ms = NOW_MS + 57 * HOUR_MS;
    let judged = journal.judge(&extend(Until::By(HOUR_MS)), "root").unwrap();
    assert!(judged.doubts[0].en.contains("too late"), "{:?}", judged.doubts);
    journal.by("root", &extend(Until::To(NOW_MS + 60 * HOUR_MS)));
    assert_eq!(journal.windows(entry)[0], (50, 60, false), "what was added was announced too late");
    journal.now_ms = NOW_MS + 59 * HOUR_MS;
    journal.refused(&close(Some(NOW_MS + 60 * HOUR_MS)), "root", "not before");
    journal.refused(&close(Some(NOW_MS + 49 * HOUR_MS)), "root", "runs then");
    journal.by("root", &close(None));
    assert_eq!(journal.windows(entry)[0], (50, 59, false));
    journal.refused(&close(Some(NOW_MS + 55 * HOUR_MS)), "root", "no window of maintenance #4 runs");

    let called_off = journal.by("root", &cancel);
    assert_eq!(journal.windows(entry), [(50, 59, false)], "what was held stays");
    journal.now_ms += HOUR_MS;
    for wish in [cancel.clone(), extend(Until::By(HOUR_MS)), close(None)] {
        journal.refused(&wish, "root", "was over at");
    }
    journal.by("root", &revoke(called_off));
    assert_eq!(journal.windows(entry).len(), 3, "calling off was taken back");
    journal.now_ms = NOW_MS + 201 * HOUR_MS;
    journal.refused(&cancel, "root", "has begun");
    journal.now_ms = NOW_MS + 207 * HOUR_MS;
    journal.refused(&cancel, "root", "was over at");
}

#[test]
fn what_is_no_maintenance_is_not_extended() {
    let mut journal = Journal::new();
    let annulled = journal.by("root", &annul(&["wifi"], hours(-5, -4)));
    let planned = journal.by("root", &maintain(&["wifi"], &[hours(50, 56)]));
    journal.by("root", &revoke(planned));
    for (entry, part) in [
        (annulled, "is an annulment, not a maintenance"),
        (planned, "taken back by #6 already"),
        (2, "declares nothing"),
        (0, "no entry #0"),
        (99, "its newest is #6"),
    ] {
        journal.refused(&Wish::Cancel { entry, note: String::new() }, "root", part);
        journal.refused(&Wish::Close { entry, at_ms: None, note: String::new() }, "root", part);
        let until = Until::By(HOUR_MS);
        journal.refused(&Wish::Extend { entry, until, note: String::new() }, "root", part);
    }
    let other = journal.by("root", &maintain(&["wifi"], &[hours(50, 56)]));
    journal.by("root", &Wish::Cancel { entry: other, note: String::new() });
    journal.refused(&Wish::Cancel { entry: other, note: String::new() }, "root", "was called off");
}

/// A stop that came after the call-off would else leave the year, by one person's word after the fact.
#[test]
fn what_is_brought_back_is_announced_by_who_brings_it_back() {
    let back = |journal: &Journal, entry| {
        let Judged { windows, doubts, .. } = journal.judge(&revoke(entry), "m.rossi").unwrap();
        let late = doubts.iter().any(|doubt| doubt.en.contains("announced by it, as of now"));
        (windows.iter().map(|held| held.in_time).collect::<Vec<_>>(), late)
    };
    let mut journal = Journal::new();
    let series = journal.by("m.rossi", &maintain(&["wifi"], &[hours(240, 252), hours(480, 492)]));
    let called_off = journal.by("m.rossi", &Wish::Cancel { entry: series, note: String::new() });
    assert_eq!(back(&journal, called_off), (vec![true, true], false), "ten days ahead");
    journal.now_ms = NOW_MS + 230 * HOUR_MS;
    assert_eq!(back(&journal, called_off), (vec![false, true], true), "ten hours ahead");
    journal.now_ms = NOW_MS + 960 * HOUR_MS;
    assert_eq!(back(&journal, called_off), (vec![false, false], true), "after the fact");
    journal.by("m.rossi", &revoke(called_off));
    assert_eq!(journal.windows(series), [(240, 252, false), (480, 492, false)], "as the list then says");

    let mut journal = Journal::new();
    let work = journal.by("m.rossi", &maintain(&["wifi"], &[hours(72, 84)]));
    let until = Until::By(HOUR_MS);
    let longer = journal.by("m.rossi", &Wish::Extend { entry: work, until, note: String::new() });
    journal.now_ms = NOW_MS + 76 * HOUR_MS;
    let over = journal.by("m.rossi", &Wish::Close { entry: work, at_ms: None, note: String::new() });
    assert_eq!(back(&journal, over), (vec![false], true));
    assert_eq!(back(&journal, longer), (vec![], false), "a shorter window brings nothing back");
    journal.by("m.rossi", &revoke(work));
    assert_eq!(back(&journal, over), (vec![], false), "nor does one that is itself taken back");
}

#[test]
fn what_was_taken_back_is_planned_again_by_taking_that_back() {
    let mut journal = Journal::new();
    let work = journal.by("m.rossi", &maintain(&["wifi"], &[hours(72, 84)]));
    let first = journal.by("m.rossi", &revoke(work));
    journal.refused(&revoke(work), "m.rossi", "`vedetta revoke 5`");
    let judged = journal.judge(&revoke(first), "g.verdi").unwrap();
    assert_eq!(judged.windows.iter().map(|held| held.in_time).collect::<Vec<_>>(), [true]);
    assert!(judged.doubts[0].en.contains("entry #4 has effect again"), "{:?}", judged.doubts);
    let second = journal.by("g.verdi", &revoke(first));
    assert_eq!(journal.windows(work), [(72, 84, true)]);
    journal.refused(&revoke(first), "m.rossi", "taken back by #6 already");

    // And so on; what comes back too late says so.
    journal.now_ms = NOW_MS + 60 * HOUR_MS;
    let third = journal.by("m.rossi", &revoke(second));
    journal.refused(&Wish::Cancel { entry: work, note: String::new() }, "m.rossi", "taken back by #5");
    let judged = journal.judge(&revoke(third), "m.rossi").unwrap();
    assert!(judged.doubts[0].en.contains("entry #6 has effect again"), "{:?}", judged.doubts);
    assert!(judged.doubts[1].en.contains("too late"), "{:?}", judged.doubts);
    journal.by("m.rossi", &revoke(third));
    assert_eq!(journal.windows(work), [(72, 84, false)]);
}

#[test]
fn what_two_entries_take_back_stays_taken_back_by_the_other() {
    let mut journal = Journal::new();
    let annulled = journal.by("m.rossi", &annul(&["wifi"], hours(-5, -4)));
    let one = journal.by("m.rossi", &revoke(annulled));
    let back = journal.by("m.rossi", &revoke(one));
    let other = journal.by("m.rossi", &revoke(annulled));
    let judged = journal.judge(&revoke(back), "m.rossi").unwrap();
    assert!(judged.doubts[0].en.contains(&format!("entry #{one} has effect again")), "{:?}", judged.doubts);
    journal.by("m.rossi", &revoke(back));
    let judged = journal.judge(&revoke(other), "m.rossi").unwrap();
    let stays = format!("entry #{annulled} stays taken back, by #{one}");
    assert!(judged.doubts[0].en.contains(&stays), "{:?}", judged.doubts);
}
