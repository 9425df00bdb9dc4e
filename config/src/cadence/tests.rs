//! Rules read, and the nights of Europe/Rome that skip an hour or show it twice.

use proptest::prelude::*;

use super::*;

fn rome() -> TimeZone {
    TimeZone::get("Europe/Rome").unwrap()
}

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

#[test]
fn a_rule_reads_back() {
    for text in [
        "24h",
        "90d",
        "3s",
        "02:30",
        "mon-fri 22:00",
        "mon-fri 22:00, sat+sun 12:00",
        "30 2 * * *",
        "*/15 8-20 * * mon-fri",
        "0 4 1,15 * *",
        "5/20 * * jan-mar 7",
    ] {
        let cadence = Cadence::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(cadence.to_string(), text);
        let json = serde_json::to_string(&cadence).unwrap();
        assert_eq!(serde_json::from_str::<Cadence>(&json).unwrap(), cadence);
    }
    for bad in [
        "",
        "0s",
        "24",
        "25:00",
        "2:30",
        "24:00",
        "lun 22:00",
        "fri-mon 22:00",
        "mon 22:00-23:00",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "* * * *",
        "* * * * * *",
        "@daily",
        "+5 * * * *",
    ] {
        assert_eq!(Cadence::parse(bad), None, "{bad}");
    }
}

/// What is due next, and until when where the night has two readings.
#[test]
fn civil_times_become_instants_night_by_night() {
    for (text, after, earliest, latest) in [
        ("02:30", "2027-01-10T12:00:00Z", "2027-01-11T01:30:00Z", ""),
        ("02:30", "2027-07-10T12:00:00Z", "2027-07-11T00:30:00Z", ""),
        // 28 March 2027: 02:00 is 03:00. Some run it before the gap, some behind it.
        ("02:30", "2027-03-27T12:00:00Z", "2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z"),
        ("30 2 * * *", "2027-03-27T12:00:00Z", "2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z"),
        ("03:00", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z", ""),
        ("02:30", "2027-03-28T00:30:00Z", "2027-03-29T00:30:00Z", ""),
        // 31 October 2027: 03:00 is 02:00 again.
        ("02:30", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"),
        ("30 2 * * sun", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"),
        ("02:30", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z", ""),
        ("mon-fri 22:00", "2027-03-05T21:30:00Z", "2027-03-08T21:00:00Z", ""),
        ("mon-fri 22:00", "2027-03-05T20:59:59Z", "2027-03-05T21:00:00Z", ""),
        ("sat+sun 12:00, mon 06:00", "2027-03-07T11:00:00Z", "2027-03-08T05:00:00Z", ""),
        // Either day will do where both are restricted.
        ("0 4 15 * mon", "2027-03-09T00:00:00Z", "2027-03-15T03:00:00Z", ""),
        ("0 4 13 * mon", "2027-03-09T00:00:00Z", "2027-03-13T03:00:00Z", ""),
        ("0 0 29 2 *", "2024-03-01T00:00:00Z", "2028-02-28T23:00:00Z", ""),
        ("0 12 * * 7", "2027-03-08T00:00:00Z", "2027-03-14T11:00:00Z", ""),
        ("5/20 * * * *", "2027-03-08T00:06:00Z", "2027-03-08T00:25:00Z", ""),
        ("24h", "2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z", ""),
    ] {
        let due = Cadence::parse(text).unwrap().next_after(ms(after), &rome()).unwrap();
        let latest = if latest.is_empty() { earliest } else { latest };
        assert_eq!(due, Due { earliest_ms: ms(earliest), latest_ms: ms(latest) }, "{text} after {after}");
    }
    assert_eq!(Cadence::parse("0 0 30 2 *").unwrap().next_after(0, &rome()), None);
    let utc =
        Cadence::parse("02:30").unwrap().next_after(ms("2027-03-27T12:00:00Z"), &TimeZone::UTC).unwrap();
    assert_eq!(utc.earliest_ms, ms("2027-03-28T02:30:00Z"), "a NAS that lives in UTC");
}

proptest! {
    #[test]
    fn due_times_go_on_and_never_back(
        minute in 0_u8..60, hour in 0_u8..24, step in 1_u8..30, from_days in 0_i64..20_000,
    ) {
        for text in [format!("{minute} {hour} * * *"), format!("*/{step} 1-4 * * *"), format!("{hour:02}:{minute:02}")] {
            let cadence = Cadence::parse(&text).unwrap();
            let mut after_ms = from_days * 86_400_000;
            for _ in 0..4 {
                let due = cadence.next_after(after_ms, &rome()).unwrap();
                prop_assert!(due.earliest_ms > after_ms && due.latest_ms >= due.earliest_ms);
                prop_assert!(due.latest_ms - due.earliest_ms <= 3_600_000);
                prop_assert!(due.earliest_ms - after_ms <= 26 * 3_600_000, "{} after {}", text, after_ms);
                after_ms = due.earliest_ms;
            }
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[0-9*,/: a-z-]{0,24}") {
        if let Some(cadence) = Cadence::parse(&text) {
            let _ = cadence.next_after(1_800_000_000_000, &rome());
        }
    }
}
