use config::{Exception, Holiday, Id};
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const HOUR_MS: u64 = 3_600_000;

fn calendar(week: &str, holidays: &[&str]) -> Calendar {
    Calendar {
        id: Id::new("uffici").unwrap(),
        act: None,
        hours: Week::parse(week).unwrap(),
        holidays: holidays.iter().map(|text| Holiday::parse(text).unwrap()).collect(),
        exceptions: Vec::new(),
    }
}

fn office() -> Calendar {
    calendar("mon-fri 08:00-14:00, tue+thu 15:00-18:00", &["italy", "05-04 San Paolino"])
}

fn days(from: Date, to: Date) -> Period {
    Period::new(midnight_ms(from), midnight_ms(to)).unwrap()
}

#[test]
fn an_office_year() {
    // 2026: 253 working days of 6 h, 101 of them with 3 h more (Y05).
    let hours = Hours::of(&office(), Period::civil_year(2026));
    assert_eq!(hours.length_ms(), 1_821 * HOUR_MS);
    assert_eq!(hours.stretches().len(), 253 + 101);
    let always = calendar("24x7", &[]);
    for year in [2027, 2028] {
        let period = Period::civil_year(year);
        let hours = Hours::of(&always, period);
        assert_eq!(hours.stretches(), [(period.start_ms(), period.end_ms())]);
        assert_eq!(hours.share_of(period), Ratio::new(1, 1));
    }
    // 2028 begins on a Saturday and has 52 Mondays.
    let mondays = calendar("mon 00:00-24:00", &[]);
    assert_eq!(Hours::of(&mondays, Period::civil_year(2028)).length_ms(), 52 * 24 * HOUR_MS);
}

#[test]
fn the_wall_clock_says_and_the_true_clock_counts() {
    let (spring, autumn) = (date(2026, 3, 29), date(2026, 10, 25));
    // 02:00 to 03:00 is skipped in spring and comes twice in autumn.
    for (hours, in_spring, in_autumn) in [
        ("00:00-24:00", 23 * 60, 25 * 60),
        ("01:00-04:00", 2 * 60, 4 * 60),
        ("02:00-03:00", 0, 2 * 60),
        ("02:30-03:00", 0, 90),
        ("02:30-04:00", 30, 150),
        ("01:00-02:30", 90, 90),
        ("08:00-14:00", 6 * 60, 6 * 60),
    ] {
        let calendar = calendar(&format!("sun {hours}"), &[]);
        for (day, minutes) in [(spring, in_spring), (autumn, in_autumn)] {
            let length = Hours::of(&calendar, days(day, day.tomorrow().unwrap())).length_ms();
            assert_eq!(length, minutes * HOUR_MS / 60, "{day} {hours}");
        }
    }
    // 01:00-02:30 ends at what the clock calls 03:30: nothing counts twice.
    let split = calendar("sun 01:00-02:30, sun 03:10-04:00", &[]);
    let hours = Hours::of(&split, days(spring, date(2026, 3, 30)));
    assert_eq!((hours.stretches().len(), hours.length_ms()), (1, 2 * HOUR_MS));
    // All summer 08:00 is at 06:00 UTC (Z02).
    let office = Hours::of(&office(), days(date(2026, 8, 18), date(2026, 8, 19)));
    assert_eq!(
        office.stretches()[0].0,
        "2026-08-18T06:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond()
    );
}

#[test]
fn acts_close_and_open() {
    let mut calendar = office();
    let saturday = date(2026, 11, 28);
    calendar.exceptions = vec![
        Exception { on: date(2026, 11, 27), hours: Vec::new(), act: None },
        Exception { on: saturday, hours: vec![Opening::parse("09:00-24:00").unwrap()], act: None },
        Exception { on: date(2026, 11, 29), hours: vec![Opening::parse("00:00-01:00").unwrap()], act: None },
    ];
    let hours = Hours::of(&calendar, days(date(2026, 11, 27), date(2026, 11, 30)));
    // Midnight does not part what goes on.
    let from_ms = midnight_ms(saturday) + 9 * 3_600_000;
    assert_eq!(hours.stretches(), [(from_ms, from_ms + 16 * 3_600_000)]);
    assert_eq!(Hours::of_day(&calendar, date(2026, 11, 27)), Hours::default());
}

#[test]
fn hours_are_cut_to_what_is_asked() {
    let hours = Hours { stretches: vec![(0, 10), (20, 30), (40, 50)] };
    let cut = |from_ms, to_ms| hours.within(from_ms, to_ms).collect::<Vec<_>>();
    assert_eq!(cut(5, 45), [(5, 10), (20, 30), (40, 45)]);
    assert_eq!(cut(10, 20), []);
    assert_eq!(cut(30, 10), []);
    assert_eq!(cut(22, 25), [(22, 25)]);
    assert_eq!(hours.length_within_ms(-5, 41), 21);
    for (at_ms, length_ms, after_ms) in [
        (0, 10, Some(10)),
        (5, 6, Some(21)),
        (-9, 20, Some(30)),
        (12, 11, Some(41)),
        (45, 5, Some(50)),
        (45, 6, None),
    ] {
        assert_eq!(hours.after_ms(at_ms, length_ms), after_ms, "{at_ms} {length_ms}");
    }
}

fn weeks() -> impl Strategy<Value = String> {
    let piece = (0..7_usize, 0..48_u16, 1..=48_u16).prop_filter_map("hours", |(day, a, b)| {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let time = |half: u16| format!("{:02}:{:02}", half / 2, half % 2 * 30);
        (a < b).then(|| format!("{} {}-{}", names[day], time(a), time(b)))
    });
    proptest::collection::vec(piece, 1..12).prop_map(|pieces| {
        // Pieces that overlap an earlier one are left out.
        let mut text = String::new();
        for piece in pieces {
            let longer = if text.is_empty() { piece } else { format!("{text}, {piece}") };
            if Week::parse(&longer).is_some() {
                text = longer;
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn periods_that_follow_each_other_join(week in weeks(), year in 2024..2030_i16, cut in 1..8_760_i64) {
        let calendar = calendar(&week, &["italy"]);
        let whole = Period::civil_year(year);
        let cut_ms = whole.start_ms() + cut * 3_600_000 + 1;
        let parts = [(whole.start_ms(), cut_ms), (cut_ms, whole.end_ms())];
        let mut joined = Hours::default();
        for (from_ms, to_ms) in parts {
            for (from_ms, to_ms) in Hours::of(&calendar, Period::new(from_ms, to_ms).unwrap()).stretches {
                joined.push(from_ms, to_ms);
            }
        }
        prop_assert_eq!(&joined, &Hours::of(&calendar, whole));
        for pair in joined.stretches.windows(2) {
            prop_assert!(pair[0].0 < pair[0].1 && pair[0].1 < pair[1].0, "in order and apart");
        }
    }

    #[test]
    fn the_months_of_a_year_sum_to_it(week in weeks(), year in 2024..2030_i16) {
        let calendar = calendar(&week, &["italy", "05-04 San Paolino"]);
        let first = |month: i8| if month > 12 { date(year + 1, 1, 1) } else { date(year, month, 1) };
        let months: u64 =
            (1..=12).map(|month| Hours::of(&calendar, days(first(month), first(month + 1))).length_ms()).sum();
        let whole = Period::civil_year(year);
        let hours = Hours::of(&calendar, whole);
        prop_assert_eq!(months, hours.length_ms());
        prop_assert_eq!(hours.length_within_ms(whole.start_ms(), whole.end_ms()), months);
    }
}
