//! Times as people type them, at the turn of a day, a year and a clock.

use super::*;
use crate::publish::Lang;
use crate::publish::words::notices::moment;

/// Wednesday 3 March 2027, 10:00 in Rome.
const NOW_MS: i64 = 1_804_064_400_000;

fn read(text: &str, towards: Towards) -> String {
    match When::parse(text, NOW_MS, towards) {
        Ok(when) => moment(when.at_ms, Lang::En),
        Err(said) => format!("refused: {}", said.en),
    }
}

#[test]
fn times_that_are_planned_are_the_next() {
    for (text, at) in [
        ("2027-03-06 14:00", "Saturday 2027-03-06 14:00 (+01:00)"),
        ("2027-03-06T14:00", "Saturday 2027-03-06 14:00 (+01:00)"),
        ("06/03/2027 14:00", "Saturday 2027-03-06 14:00 (+01:00)"),
        ("6/3/2027 14.00", "Saturday 2027-03-06 14:00 (+01:00)"),
        ("2027-07-06 14:00", "Tuesday 2027-07-06 14:00 (+02:00)"),
        ("2027-03-06T14:00:00Z", "Saturday 2027-03-06 15:00 (+01:00)"),
        ("2027-03-06 14:00:00+05:00", "Saturday 2027-03-06 10:00 (+01:00)"),
        ("sabato 14:00", "Saturday 2027-03-06 14:00 (+01:00)"),
        ("SAB 14:00", "Saturday 2027-03-06 14:00 (+01:00)"),
        ("saturday 9:05", "Saturday 2027-03-06 09:05 (+01:00)"),
        ("mercoledì 14:00", "Wednesday 2027-03-03 14:00 (+01:00)"),
        ("mercoledi 09:00", "Wednesday 2027-03-10 09:00 (+01:00)"),
        ("wed 10:00", "Wednesday 2027-03-10 10:00 (+01:00)"),
        ("domani 08:00", "Thursday 2027-03-04 08:00 (+01:00)"),
        ("oggi 08:00", "Wednesday 2027-03-03 08:00 (+01:00)"),
        ("ieri 23:30", "Tuesday 2027-03-02 23:30 (+01:00)"),
        ("14:00", "Wednesday 2027-03-03 14:00 (+01:00)"),
        ("09:00", "Thursday 2027-03-04 09:00 (+01:00)"),
        ("now", "Wednesday 2027-03-03 10:00 (+01:00)"),
    ] {
        assert_eq!(read(text, Towards::After(NOW_MS)), at, "{text}");
    }
}

#[test]
fn times_that_are_corrected_are_the_last() {
    for (text, at) in [
        ("sabato 14:00", "Saturday 2027-02-27 14:00 (+01:00)"),
        ("mercoledì 14:00", "Wednesday 2027-02-24 14:00 (+01:00)"),
        ("mercoledì 10:00", "Wednesday 2027-03-03 10:00 (+01:00)"),
        ("14:00", "Tuesday 2027-03-02 14:00 (+01:00)"),
        ("09:00", "Wednesday 2027-03-03 09:00 (+01:00)"),
    ] {
        assert_eq!(read(text, Towards::Before(NOW_MS)), at, "{text}");
    }
}

#[test]
fn an_end_is_the_next_after_its_start_and_now_is_now() {
    let start_ms = NOW_MS - 200 * 3_600_000;
    for (text, at) in [
        ("09:00", "Tuesday 2027-02-23 09:00 (+01:00)"),
        ("sabato 14:00", "Saturday 2027-02-27 14:00 (+01:00)"),
        ("oggi 08:00", "Wednesday 2027-03-03 08:00 (+01:00)"),
        ("adesso", "Wednesday 2027-03-03 10:00 (+01:00)"),
    ] {
        let when = When::parse(text, NOW_MS, Towards::After(start_ms)).unwrap();
        assert_eq!(moment(when.at_ms, Lang::En), at, "{text}");
    }
}

#[test]
fn what_is_no_time_is_refused_with_examples() {
    for text in [
        "",
        "sabato",
        "sabato 25:00",
        "2027-02-30 14:00",
        "2027-3-6 14:00",
        "31/02/2027 10:00",
        "lunatico 10:00",
        "14",
        "14:0x",
        "2027-03-06",
        "06/03/27 14:00",
        "sa 14:00",
        "+14:00",
        "99999999999999-01-01 00:00",
    ] {
        let said = read(text, Towards::After(NOW_MS));
        assert!(said.starts_with("refused") && said.contains("saturday 14:00"), "{text}: {said}");
    }
}

#[test]
fn nights_in_which_clocks_change_are_read_by_the_compatible_rule_and_said() {
    for (text, at, doubts) in [
        ("2027-03-28 02:30", "Sunday 2027-03-28 03:30 (+02:00)", Some("does not exist that day")),
        ("2027-10-31 02:30", "Sunday 2027-10-31 02:30 (+02:00)", Some("`2027-10-31T02:30:00+01:00`")),
        ("2027-10-31T02:30:00+01:00", "Sunday 2027-10-31 02:30 (+01:00)", None),
        ("2027-10-31 03:00", "Sunday 2027-10-31 03:00 (+01:00)", None),
        ("2027-10-31 01:59", "Sunday 2027-10-31 01:59 (+02:00)", None),
        ("2027-03-28 03:00", "Sunday 2027-03-28 03:00 (+02:00)", None),
    ] {
        let when = When::parse(text, NOW_MS, Towards::After(NOW_MS)).unwrap();
        assert_eq!(moment(when.at_ms, Lang::En), at);
        let said = when.doubt().map(|said| said.en);
        match doubts {
            Some(part) => assert!(said.as_ref().is_some_and(|said| said.contains(part)), "{text}: {said:?}"),
            None => assert_eq!(said, None, "{text}"),
        }
    }
}

#[test]
fn lengths_have_units() {
    for (text, ms) in [
        ("6h", 21_600_000),
        ("90m", 5_400_000),
        ("90min", 5_400_000),
        ("2d", 172_800_000),
        ("1h30m", 5_400_000),
        ("1h 30m", 5_400_000),
        ("6 ore", 21_600_000),
        ("30s", 30_000),
    ] {
        assert_eq!(length(text), Ok(ms), "{text}");
    }
    for bad in ["", "6", "h", "-6h", "6x", "0h", "1,5h", "99999999999999999h", "6h!"] {
        assert!(length(bad).is_err(), "{bad}");
    }
}

fn days(every: &str, from: &str, until: &str) -> Vec<String> {
    let from: DateTime = from.parse().unwrap();
    let starts = Every::parse(every).unwrap().starts(from, until.parse().unwrap());
    starts.iter().map(|start| start.strftime("%m-%d").to_string()).collect()
}

#[test]
fn a_recurrence_is_written_out() {
    assert_eq!(days("first sat", "2027-03-06T14:00", "2027-06-30"), ["03-06", "04-03", "05-01", "06-05"]);
    assert_eq!(days("primo sabato", "2027-03-07T14:00", "2027-04-30"), ["04-03"]);
    assert_eq!(days("every sat", "2027-03-06T14:00", "2027-03-27"), ["03-06", "03-13", "03-20", "03-27"]);
    assert_eq!(days("ultima domenica", "2027-01-01T01:00", "2027-03-28"), ["01-31", "02-28", "03-28"]);
    assert_eq!(days("quarto lunedì", "2027-02-01T01:00", "2027-03-01"), ["02-22"]);
    assert!(days("first sat", "2027-03-07T14:00", "2027-03-31").is_empty());
    for bad in ["sat", "fifth sat", "first", "first day", "", "prime sabato"] {
        assert!(Every::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn windows_over_the_night_of_a_clock_change_are_as_long_as_said() {
    let start: DateTime = "2027-03-27T22:00".parse().unwrap();
    let six_hours = End::After(6 * 3_600_000).window(start).unwrap();
    assert_eq!(six_hours.to_ms - six_hours.from_ms, 6 * 3_600_000);
    let to_four = End::At("04:00".parse().unwrap(), 1).window(start).unwrap();
    assert_eq!(to_four.to_ms - to_four.from_ms, 5 * 3_600_000, "an hour is skipped");
    assert_eq!(End::At("21:00".parse().unwrap(), 0).window(start), None);
}
