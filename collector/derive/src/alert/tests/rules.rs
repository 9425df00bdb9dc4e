//! One rule each.

use config::{Concern, When};

use super::stage::*;
use crate::Condition;
use crate::alert::*;

fn opened(stage: &Stage) -> usize {
    stage
        .decisions
        .iter()
        .filter(|decision| matches!(decision.what, What::Opened(_)) && decision.to.is_empty())
        .count()
}

#[test]
fn repeats_after_one_hour_and_four_and_never_again() {
    let mut stage = Stage::new(watchful());
    stage.row("intranet", &[spell("2026-11-17 10:00", "2026-11-17 20:00")]);
    stage.play("2026-11-17 09:00", "2026-11-17 21:00");
    assert_eq!(
        stage.mails("tutto"),
        [
            "Tue 10:05 incident-1.opened",
            "Tue 11:05 incident-1.again-1",
            "Tue 14:05 incident-1.again-2",
            "Tue 20:15 incident-1.closed",
        ]
    );
}

#[test]
fn what_is_told_at_once_is_told_with_the_second_fail() {
    let mut stage = Stage::new(watchful());
    stage.row("intranet", &[spell("2026-11-17 10:00", "2026-11-17 10:03")]).telling.after_ms = 0;
    stage.play("2026-11-17 09:00", "2026-11-17 11:00");
    assert_eq!(stage.mails("tutto"), ["Tue 10:01 incident-1.opened", "Tue 10:18 incident-1.closed"]);
}

#[test]
fn a_blip_waits_for_the_morning_and_the_third_does_not() {
    let mut stage = Stage::new(watchful());
    let blip = |minute: i64| {
        let from_ms = at("2026-11-17 10:00") + minute * MINUTE;
        (from_ms, from_ms + 2 * MINUTE)
    };
    stage.row("intranet", &[blip(0)]);
    stage.row("wifi", &[blip(0), blip(8), blip(16)]).telling.after_ms = 600_000;
    stage.play("2026-11-17 09:00", "2026-11-18 08:00");
    assert_eq!(
        stage.mails("tutto"),
        ["Tue 10:17 incident-2.opened", "Tue 10:33 incident-2.closed", "Wed 07:30 morning-2026-11-18"]
    );
}

/// The part is seen first, then the line that explains it: one incident, and whoever heard of the part hears the end.
#[test]
fn a_cause_that_is_known_later_takes_over() {
    let mut stage = Stage::new(watchful());
    let line = Root::Line("fibra".to_owned());
    stage.row("wifi", &[spell("2026-11-17 10:00", "2026-11-17 11:01")]).held_by = vec![line.clone()];
    stage.actor(line.clone(), &[spell("2026-11-17 10:10", "2026-11-17 11:00")]);
    stage.play("2026-11-17 09:00", "2026-11-17 12:00");
    assert_eq!(
        stage.mails("tutto"),
        ["Tue 10:05 incident-1.opened", "Tue 11:15 incident-2.closed"],
        "repeats count from the first word"
    );
    let What::Closed(story) = &stage.decisions.last().unwrap().what else { panic!() };
    assert_eq!((&story.incident.root, &story.incident.absorbed[..]), (&line, &[1][..]));
    assert_eq!(opened(&stage), 2);
}

#[test]
fn what_outlasts_its_cause_gets_an_incident_of_its_own() {
    let mut stage = Stage::new(watchful());
    let line = Root::Line("fibra".to_owned());
    stage.actor(line.clone(), &[spell("2026-11-17 10:00", "2026-11-17 10:30")]);
    stage.row("wifi", &[spell("2026-11-17 10:00", "2026-11-17 12:00")]).held_by = vec![line];
    stage.play("2026-11-17 09:00", "2026-11-17 11:00");
    assert_eq!(
        stage.mails("tutto"),
        ["Tue 10:05 incident-1.opened", "Tue 10:45 incident-1.closed", "Tue 10:45 incident-2.opened"]
    );
    let roots: Vec<_> =
        stage.state.open().iter().map(|open| (open.root.to_string(), open.opened_ms)).collect();
    assert_eq!(roots, [("wifi".to_owned(), at("2026-11-17 10:00"))]);
}

#[test]
fn off_duty_is_told_when_it_is_still_down() {
    let mut stage = Stage::new(usual_policy());
    stage.row("wifi", &[spell("2026-11-17 02:00", "2026-11-17 07:20")]);
    stage.row("intranet", &[spell("2026-11-17 02:00", "2026-11-17 19:50")]);
    stage.play("2026-11-17 01:00", "2026-11-18 08:00");
    assert_eq!(
        stage.mails("reperibile"),
        [
            "Tue 07:30 incident-2.opened",
            "Tue 08:30 incident-2.again-1",
            "Tue 11:30 incident-2.again-2",
            "Wed 07:30 incident-2.closed",
        ]
    );
}

#[test]
fn planned_work_is_silent_until_it_is_over() {
    let mut stage = Stage::new(watchful());
    stage.row("data_center", &[spell("2026-11-17 09:00", "2026-11-17 14:30")]);
    stage.planned = vec![spell("2026-11-17 08:00", "2026-11-17 14:00")];
    stage.play("2026-11-17 07:40", "2026-11-17 15:00");
    assert_eq!(stage.mails("tutto"), ["Tue 14:00 incident-1.opened", "Tue 14:45 incident-1.closed"]);
}

#[test]
fn unknown_time_ends_nothing() {
    let mut stage = Stage::new(watchful());
    stage.row("intranet", &[spell("2026-11-17 10:00", "2026-11-17 10:20")]);
    stage.play("2026-11-17 09:00", "2026-11-17 10:19");
    let mut facts = stage.facts(at("2026-11-17 10:19"));
    facts.subjects[0].state = Condition::Unknown;
    let mut kept = stage.state.clone();
    for minute in 0..120 {
        let now_ms = at("2026-11-17 10:20") + minute * MINUTE;
        facts.computed_ms = now_ms;
        let decisions;
        (kept, decisions) = step(&kept, &facts, now_ms);
        assert!(decisions.is_empty());
    }
    assert_eq!(kept.open().len(), 1);
}

#[test]
fn no_data_is_one_page_for_one_cause_and_none_for_a_reboot() {
    let mut stage = Stage::new(watchful());
    let silent = spell("2026-11-17 10:00", "2026-11-17 12:00");
    stage.silences = vec![
        ("a", vec!["ced1"], vec![silent]),
        ("b", vec!["ced1"], vec![silent]),
        ("c", vec!["ced1", "bib1"], vec![]),
    ];
    stage.off = vec![spell("2026-11-17 14:00", "2026-11-17 16:00")];
    stage.play("2026-11-17 09:00", "2026-11-17 18:00");
    assert_eq!(
        stage.mails("tutto"),
        ["Tue 10:15 incident-1.opened", "Tue 11:15 incident-1.again-1", "Tue 12:15 incident-1.closed"]
    );
    let What::Opened(story) = &stage.decisions[1].what else { panic!("{:?}", stage.decisions[1]) };
    assert!(
        story.incident.is_of(&id("a")) && story.incident.is_of(&id("b")) && !story.incident.is_of(&id("c"))
    );
}

#[test]
fn a_stale_engine_pages() {
    let mut stage = Stage::new(watchful());
    stage.play("2026-11-17 09:00", "2026-11-17 09:10");
    let facts = stage.facts(at("2026-11-17 09:10"));
    let mut keys = Vec::new();
    for minute in 0..30 {
        let now_ms = at("2026-11-17 09:10") + minute * MINUTE;
        let (next, decisions) = step(&stage.state, &facts, now_ms);
        stage.state = next;
        keys.extend(
            decisions.iter().filter(|one| !one.to.is_empty()).map(|one| (wall(one.at_ms), one.key())),
        );
    }
    assert_eq!(keys, [("Tue 09:20".to_owned(), "incident-1.opened".to_owned())]);
    assert_eq!(stage.state.open()[0].root, Root::Engine);
}

#[test]
fn who_takes_charge_stops_repeats_and_escalation() {
    let policy = || {
        let mut boss = recipient("capo", When::Always, &[Concern::Page]);
        boss.escalate_after_ms = Some(30 * 60_000);
        policy_of(vec![recipient("turno", When::Always, &[Concern::Page]), boss])
    };
    for (acked, turno, capo) in [(false, 3, 3), (true, 1, 0)] {
        let mut stage = Stage::new(policy());
        stage.row("intranet", &[spell("2026-11-17 10:00", "2026-11-17 16:00")]);
        stage.play("2026-11-17 09:00", "2026-11-17 10:10");
        for minute in 0..300 {
            let now_ms = at("2026-11-17 10:10") + minute * MINUTE;
            let mut facts = stage.facts(now_ms);
            facts.acked.extend(acked.then_some(1));
            let (next, decisions) = step(&stage.state, &facts, now_ms);
            stage.state = next;
            stage.decisions.extend(decisions);
        }
        assert_eq!((stage.mails("turno").len(), stage.mails("capo").len()), (turno, capo), "acked: {acked}");
    }
}

#[test]
fn a_budget_speaks_when_its_level_rises() {
    let mut stage = Stage::new(watchful());
    let from = "2026-10-01 00:00";
    stage.levels = vec![
        ("wifi", Level::Burning, spell("2026-10-01 10:00", "2026-10-01 12:00")),
        ("wifi", Level::Burning, spell("2026-10-02 10:00", "2026-10-02 12:00")),
        // Five hours are no forecast.
        ("wifi", Level::Forecast, spell("2026-10-03 10:00", "2026-10-03 15:00")),
        ("wifi", Level::Below, spell("2026-10-04 10:00", "2026-10-06 10:00")),
        // Lower than what was told.
        ("wifi", Level::Burning, spell("2026-10-07 10:00", "2026-10-07 12:00")),
        // After a week of calm it is news again.
        ("wifi", Level::Burning, spell("2026-10-15 10:00", "2026-10-15 12:00")),
        ("wifi", Level::Irrecoverable, spell("2026-10-16 10:00", "2026-10-16 11:00")),
        ("wifi", Level::Irrecoverable, spell("2026-10-26 10:00", "2026-10-26 11:00")),
    ];
    stage.play(from, "2026-10-28 00:00");
    let budgets: Vec<_> = stage.mails("tutto").into_iter().filter(|mail| mail.contains("budget")).collect();
    assert_eq!(
        budgets,
        [
            "Thu 10:00 budget-wifi.2026-1.burning",
            "Sun 10:00 budget-wifi.2026-2.below",
            "Thu 10:00 budget-wifi.2026-3.burning",
            "Fri 10:00 budget-wifi.2026-4.irrecoverable",
        ]
    );
}

#[test]
fn nothing_about_a_budget_pages_for_an_incident_that_did() {
    let mut stage = Stage::new(watchful());
    stage.row("wifi", &[spell("2026-11-17 08:00", "2026-11-17 13:00")]);
    stage.levels = vec![
        ("wifi", Level::Burning, spell("2026-11-17 11:30", "2026-11-17 15:00")),
        ("intranet", Level::Burning, spell("2026-11-17 11:30", "2026-11-17 15:00")),
    ];
    stage.play("2026-11-17 07:40", "2026-11-18 08:00");
    let mails = stage.mails("tutto");
    let budgets: Vec<_> = mails.iter().filter(|mail| mail.contains("budget")).collect();
    assert_eq!(budgets, ["Tue 11:30 budget-intranet.2026-1.burning"]);
    let What::Morning(morning) = &stage.decisions.last().unwrap().what else { panic!() };
    let told = morning.lines.iter().filter(|line| matches!(line, Line::Budget { .. })).count();
    assert_eq!(told, 2, "the morning tells of both");
}

/// Ten minutes of a wrong clock are worth a line, three are not; and of both nobody knows since when.
#[test]
fn what_began_at_an_unknown_time_began_when_it_was_seen() {
    let mut stage = Stage::new(watchful());
    let clocks = [("long", "2026-11-17 10:10"), ("short", "2026-11-17 10:03")];
    for (name, end) in clocks {
        stage.whisper(NoticeKind::Clock, name, spell("2026-11-17 10:00", end));
    }
    for minute in 0..60 {
        let now_ms = at("2026-11-17 10:00") + minute * MINUTE;
        let mut facts = stage.facts(now_ms);
        for notice in &mut facts.notices {
            notice.since_ms = now_ms;
        }
        stage.state = step(&stage.state, &facts, now_ms).0;
    }
    let now_ms = at("2026-11-17 12:00");
    let today = stage.state.today(&stage.facts(now_ms), now_ms).lines;
    let [Line::Notice { notice, over_ms, .. }] = &today[..] else { panic!("{today:?}") };
    assert_eq!((notice.name.as_str(), notice.since_ms), ("long", at("2026-11-17 10:00")));
    assert_eq!(*over_ms, Some(at("2026-11-17 10:10")));
}

#[test]
fn a_quiet_morning_has_no_mail() {
    let mut stage = Stage::new(usual_policy());
    stage.row("intranet", &[]);
    stage.play("2026-11-16 00:00", "2026-11-23 12:00");
    assert_eq!(stage.decisions, []);
}

/// The collector was off while a row was down and up again; and a state that is read by its first step has no past.
#[test]
fn the_past_alarms_nobody() {
    let mut stage = Stage::new(watchful());
    stage.row("intranet", &[spell("2026-11-17 10:00", "2026-11-17 11:00")]);
    stage.off = vec![spell("2026-11-17 09:30", "2026-11-17 12:00")];
    stage.play("2026-11-17 09:00", "2026-11-18 08:00");
    assert_eq!(stage.decisions, []);
}
