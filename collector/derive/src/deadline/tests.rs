use config::{Exception, Holiday, Id, Week};
use proptest::prelude::*;

use super::*;
use crate::instant_ms;

/// The office of the scenarios: a week of 36 hours.
pub(crate) fn office() -> Calendar {
    Calendar {
        id: Id::new("uffici").unwrap(),
        act: None,
        hours: Week::parse("mon-fri 08:00-14:00, tue+thu 15:00-18:00").unwrap(),
        holidays: ["italy", "05-04 San Paolino"].map(|text| Holiday::parse(text).unwrap()).to_vec(),
        exceptions: Vec::new(),
    }
}

/// `2026-04-30T12:00` on a wall in Rome.
pub(crate) fn at(wall: &str) -> i64 {
    instant_ms(wall.parse().unwrap())
}

/// `3 days` or `3 days roll`.
pub(crate) fn limit<'a>(text: &str, calendar: &'a Calendar) -> Limit<'a> {
    let (within, roll) = text.strip_suffix(" roll").map_or((text, false), |within| (within, true));
    Limit { within: Within::parse(within).unwrap(), roll, calendar: Some(calendar) }
}

fn end_of(day: &str) -> i64 {
    let day: jiff::civil::Date = day.parse().unwrap();
    crate::midnight_ms(day.tomorrow().unwrap()) - 1
}

#[test]
fn a_request_is_due_when_the_charter_says() {
    let office = office();
    for (opened, within, due) in [
        // Thursday 2 h and 3 h; 1 May, the weekend and the patron saint closed; Tuesday 3 h (T01).
        ("2026-04-30T12:00", "8 working hours", at("2026-05-05T11:00")),
        // Used up at closing time: due then, not at the next opening.
        ("2026-04-30T12:00", "5 working hours", at("2026-04-30T18:00")),
        ("2026-04-30T12:00", "2 working hours", at("2026-04-30T14:00")),
        // Opened while closed: the clock starts with the next opening (T10).
        ("2026-03-01T20:00", "8 working hours", at("2026-03-03T10:00")),
        ("2026-03-03T14:30", "1 working hour", at("2026-03-03T16:00")),
        ("2026-03-03T07:59:59.999", "1 working hour", at("2026-03-03T09:00")),
        // The day of opening is not counted, whether it is open or not (T02).
        ("2026-04-30T12:00", "1 working day", end_of("2026-05-05")),
        ("2026-05-03T09:00", "1 working day", end_of("2026-05-05")),
        ("2026-05-05T00:00", "1 working day", end_of("2026-05-06")),
        ("2026-05-04T23:59:59.999", "1 working day", end_of("2026-05-05")),
        // Over Easter (T03).
        ("2026-04-02T10:00", "3 days", end_of("2026-04-05")),
        ("2026-04-02T10:00", "3 days roll", end_of("2026-04-07")),
        ("2026-04-02T10:00", "3 working days", end_of("2026-04-08")),
        // A limit that ends on an open day does not move.
        ("2026-04-06T10:00", "3 days roll", end_of("2026-04-09")),
        // 4 October is a holiday from 2026 (T07), and new year's day always was (T08).
        ("2024-10-03T10:00", "1 working day", end_of("2024-10-04")),
        ("2027-10-01T13:00", "1 working day", end_of("2027-10-05")),
        ("2026-12-31T13:30", "1 working day", end_of("2027-01-04")),
        // The night the clocks go forward has an hour less, the day ends when it ends (T09).
        ("2026-03-28T12:00", "24 hours", at("2026-03-29T13:00")),
        ("2026-03-28T12:00", "1 day", end_of("2026-03-29")),
        ("2026-10-24T12:00", "24 hours", at("2026-10-25T11:00")),
        // A leap year's day is a day.
        ("2028-02-28T12:00", "1 day", end_of("2028-02-29")),
        ("2028-02-28T12:00", "30 days", end_of("2028-03-29")),
    ] {
        assert_eq!(limit(within, &office).due_ms(at(opened)), Some(due), "{opened} {within}");
    }
}

#[test]
fn an_act_moves_what_is_due() {
    let mut office = office();
    let day = |on: &str, hours: &[&str]| Exception {
        on: on.parse().unwrap(),
        hours: hours.iter().map(|hours| config::Opening::parse(hours).unwrap()).collect(),
        act: Some("ordinanza 12".to_owned()),
    };
    office.exceptions = vec![day("2026-05-05", &[]), day("2026-05-09", &["09:00-12:00"])];
    for (opened, within, due) in [
        ("2026-04-30T12:00", "1 working day", end_of("2026-05-06")),
        ("2026-04-30T12:00", "8 working hours", at("2026-05-06T11:00")),
        // A Saturday opened by an act.
        ("2026-05-08T13:00", "2 working hours", at("2026-05-09T10:00")),
        ("2026-05-07T13:00", "2 working days", end_of("2026-05-09")),
        ("2026-05-06T13:00", "3 days roll", end_of("2026-05-09")),
    ] {
        assert_eq!(limit(within, &office).due_ms(at(opened)), Some(due), "{opened} {within}");
    }
}

#[test]
fn working_time_between_two_instants() {
    let office = office();
    let hours = limit("8 working hours", &office);
    for (from, to, worked_s) in [
        ("2026-04-30T12:00", "2026-05-05T11:00", 28_800),
        ("2026-04-30T12:00", "2026-05-05T11:00:01", 28_801),
        ("2026-03-01T20:00", "2026-03-03T10:00", 28_800),
        ("2026-03-02T09:00", "2026-03-02T09:00", 0),
        ("2026-03-02T09:00", "2026-03-02T08:00", 0),
    ] {
        assert_eq!(hours.worked_ms(at(from), at(to)), worked_s * 1_000, "{from} {to}");
    }
    let always = Limit { calendar: None, ..hours };
    assert_eq!(always.worked_ms(at("2026-03-28T12:00"), at("2026-03-29T12:00")), 23 * 3_600_000);
}

#[test]
fn a_calendar_that_never_opens_is_never_due() {
    let closed = Calendar { hours: Week(Default::default()), ..office() };
    for within in ["8 working hours", "1 working day", "3 days roll"] {
        assert_eq!(limit(within, &closed).due_ms(at("2026-04-30T12:00")), None, "{within}");
    }
    assert_eq!(limit("3 days", &closed).due_ms(at("2026-04-30T12:00")), Some(end_of("2026-05-03")));
    // The longest limits on the shortest week are still found.
    let mondays = Calendar { hours: Week::parse("mon 09:00-10:00").unwrap(), ..office() };
    for within in ["1000 working hours", "1000 working days"] {
        assert!(limit(within, &mondays).due_ms(at("2026-04-30T12:00")).is_some(), "{within}");
    }
    // Without a calendar every hour and day is one.
    let always = Limit { calendar: None, ..limit("8 working hours", &closed) };
    assert_eq!(always.due_ms(at("2026-04-30T12:00")), Some(at("2026-04-30T20:00")));
    // No instant is too far for an answer.
    for opened_ms in [i64::MIN, i64::MAX] {
        let _ = limit("3 days roll", &mondays).due_ms(opened_ms);
        assert!(limit("8 hours", &closed).due_ms(opened_ms).is_some());
    }
}

#[test]
fn a_promise_brings_its_calendar() {
    let calendars = [office()];
    let mut promise = Timeliness {
        within: Within::parse("1 working day").unwrap(),
        share: config::Fraction { p: 17, q: 20 },
        hours: Some(Id::new("uffici").unwrap()),
        roll: false,
    };
    assert_eq!(Limit::of(&promise, &calendars), Some(limit("1 working day", &calendars[0])));
    promise.hours = Some(Id::new("scuola").unwrap());
    assert_eq!(Limit::of(&promise, &calendars), None);
    promise.hours = None;
    assert_eq!(Limit::of(&promise, &calendars).unwrap().calendar, None);
    let year = Period::civil_year(2026);
    assert_eq!(limit("1 working day", &calendars[0]).closes_ms(year), Some(end_of("2027-01-04")));
}

/// One of every kind.
pub(crate) const LIMITS: &[&str] = &["8 working hours", "1 working day", "3 days", "3 days roll", "24 hours"];

proptest! {
    #[test]
    fn what_is_opened_later_is_not_due_earlier(
        within in proptest::sample::select(LIMITS),
        opened_min in 0..1_500_000_i64,
        later_ms in prop_oneof![0..5_i64, 0..90_000_000_i64],
    ) {
        let (office, start_ms) = (office(), at("2026-01-01T00:00"));
        let limit = limit(within, &office);
        let opened_ms = start_ms + opened_min * 60_000;
        let (due, later) = (limit.due_ms(opened_ms).unwrap(), limit.due_ms(opened_ms + later_ms).unwrap());
        prop_assert!(opened_ms <= due && due <= later);
    }

    #[test]
    fn at_the_due_instant_the_hours_are_used_up(opened_min in 0..1_500_000_i64, count in 1..40_u32) {
        let (office, start_ms) = (office(), at("2026-01-01T00:00"));
        let limit = limit(&format!("{count} working hours"), &office);
        let opened_ms = start_ms + opened_min * 60_000;
        let due_ms = limit.due_ms(opened_ms).unwrap();
        let need_ms = u64::from(count) * 3_600_000;
        prop_assert_eq!(limit.worked_ms(opened_ms, due_ms), need_ms);
        prop_assert_eq!(limit.worked_ms(opened_ms, due_ms - 1), need_ms - 1);
    }
}
