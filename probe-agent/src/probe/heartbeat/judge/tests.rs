//! One row for each thing a job may do, and not do.

use collector_api::Verdict;
use config::Cadence;
use jiff::Timestamp;

use super::*;
use crate::heartbeats::{Report, Signal};

fn rome() -> TimeZone {
    TimeZone::get("Europe/Rome").unwrap()
}

/// Instants in these tables are of March 2027 in UTC, an hour behind Rome until the 28th.
fn ms(text: &str) -> i64 {
    format!("2027-{text}Z").parse::<Timestamp>().unwrap().as_millisecond()
}

const HOUR: u64 = 3_600_000;

fn params(due: &str) -> HeartbeatParams {
    HeartbeatParams {
        due: Cadence::parse(due).unwrap(),
        zone: "Europe/Rome".to_owned(),
        grace_ms: 2 * HOUR,
        early_ms: HeartbeatParams::EARLY_MS,
        max_duration_ms: None,
        down_after: DownAfter::default(),
        min_bytes: None,
        min_items: None,
        shrink_warn: None,
        slower_warn: None,
        secret: None,
    }
}

fn said(judged: &Judged) -> (Verdict, Reason) {
    match &judged.seen {
        Ok(()) => (Verdict::Up, Reason::None),
        Err(fault) => (fault.verdict(), fault.reason),
    }
}

/// A job that is known since the first of March at noon and has said all this.
fn job(reports: &[(&str, Signal, Report)], params: &HeartbeatParams) -> Job {
    let mut job = Job::new("s.c.notturno", ms("03-01T12:00:00"));
    for (at, signal, report) in reports {
        job.take(*signal, report.clone(), params, ms(at));
    }
    job
}

fn success(at: &str) -> (&str, Signal, Report) {
    (at, Signal::Success, Report::default())
}

const UP: (Verdict, Reason) = (Verdict::Up, Reason::None);
const MISSED: (Verdict, Reason) = (Verdict::Degraded, Reason::HeartbeatMissed);
const FAILED: (Verdict, Reason) = (Verdict::Degraded, Reason::HeartbeatFailed);
const DOWN: (Verdict, Reason) = (Verdict::Down, Reason::HeartbeatNoRestorePoint);
const UNHEARD: (Verdict, Reason) = (Verdict::Unknown, Reason::HeartbeatUnheard);

#[test]
fn a_nightly_job_is_missed_after_grace_and_down_after_two_nights() {
    let params = params("02:30");
    for (reports, now, expected, due) in [
        // Due 01:30 UTC, in time until 03:30.
        (vec![], "03-01T13:00:00", UNHEARD, "03-02T01:30:00"),
        (vec![], "03-02T03:30:00", UNHEARD, "03-02T01:30:00"),
        (vec![], "03-02T03:30:01", MISSED, "03-03T01:30:00"),
        (vec![], "03-03T03:30:01", DOWN, "03-04T01:30:00"),
        (vec![success("03-02T02:10:00")], "03-02T02:11:00", UP, "03-03T01:30:00"),
        (vec![success("03-02T02:10:00")], "03-03T03:30:00", UP, "03-03T01:30:00"),
        (vec![success("03-02T02:10:00")], "03-03T03:30:01", MISSED, "03-04T01:30:00"),
        (vec![success("03-02T02:10:00")], "03-04T03:30:00", MISSED, "03-04T01:30:00"),
        (vec![success("03-02T02:10:00")], "03-04T03:30:01", DOWN, "03-05T01:30:00"),
        // Late is better than never.
        (vec![success("03-02T02:10:00"), success("03-04T12:00:00")], "03-04T12:00:01", UP, "03-05T01:30:00"),
        // Nine minutes early is of that night, eleven of none.
        (vec![success("03-03T01:21:00")], "03-03T03:30:01", UP, "03-04T01:30:00"),
        (vec![success("03-03T01:19:00")], "03-03T03:30:01", MISSED, "03-04T01:30:00"),
    ] {
        let judged = judge(&params, &rome(), &job(&reports, &params), &[], ms(now));
        assert_eq!((said(&judged), judged.due_ms), (expected, Some(ms(due))), "{reports:?} at {now}");
    }
}

#[test]
fn a_period_counts_from_the_last_good_run() {
    let params = params("24h");
    for (reports, now, expected) in [
        (vec![], "03-02T14:00:00", UNHEARD),
        (vec![], "03-02T14:00:01", MISSED),
        (vec![], "03-03T14:00:01", DOWN),
        (vec![success("03-05T20:00:00")], "03-06T22:00:00", UP),
        (vec![success("03-05T20:00:00")], "03-06T22:00:01", MISSED),
        (vec![success("03-05T20:00:00")], "03-07T22:00:00", MISSED),
        (vec![success("03-05T20:00:00")], "03-07T22:00:01", DOWN),
    ] {
        let judged = judge(&params, &rome(), &job(&reports, &params), &[], ms(now));
        assert_eq!(said(&judged), expected, "{reports:?} at {now}");
    }
}

#[test]
fn a_failure_is_degraded_until_no_copy_is_young_enough() {
    let mut params = params("02:30");
    let code = |exit_code| Report { exit_code: Some(exit_code), ..Report::default() };
    let good = success("03-02T02:00:00");
    for (second, now, expected) in [
        (("03-03T02:00:00", Signal::Fail, code(3)), "03-03T02:00:01", FAILED),
        // A success with a code is none.
        (("03-03T02:00:00", Signal::Success, code(137)), "03-03T02:00:01", FAILED),
        (("03-03T02:00:00", Signal::Fail, code(3)), "03-04T03:30:01", DOWN),
        (("03-03T02:00:00", Signal::Success, code(0)), "03-03T02:00:01", UP),
        (("03-03T02:00:00", Signal::Log, Report::default()), "03-03T02:00:01", UP),
    ] {
        let job = job(&[good.clone(), second.clone()], &params);
        assert_eq!(said(&judge(&params, &rome(), &job, &[], ms(now))), expected, "{second:?} at {now}");
    }
    params.down_after = DownAfter::Ms(50 * HOUR);
    let fail = ("03-03T02:00:00", Signal::Fail, code(3));
    let job = job(&[good, fail], &params);
    for (now, expected) in [("03-04T04:00:00", FAILED), ("03-04T04:00:01", DOWN)] {
        assert_eq!(said(&judge(&params, &rome(), &job, &[], ms(now))), expected, "{now}");
    }
}

#[test]
fn a_run_that_does_not_end_is_an_overrun_and_until_then_not_missed() {
    let mut params = params("22:00");
    params.max_duration_ms = Some(6 * HOUR);
    params.down_after = DownAfter::Missed(3);
    let overrun = (Verdict::Degraded, Reason::HeartbeatOverrun);
    let start = ("03-03T21:00:00", Signal::Start, Report::default());
    let job = job(&[success("03-02T21:30:00"), start], &params);
    for (now, expected) in [
        ("03-03T21:00:01", UP),
        // Grace ends at 23:00.
        ("03-03T23:30:00", UP),
        ("03-04T03:00:00", UP),
        ("03-04T03:00:01", overrun),
    ] {
        assert_eq!(said(&judge(&params, &rome(), &job, &[], ms(now))), expected, "{now}");
    }
    params.max_duration_ms = None;
    assert_eq!(said(&judge(&params, &rome(), &job, &[], ms("03-03T23:30:00"))), MISSED, "no end is promised");
}

#[test]
fn what_a_run_made_is_compared() {
    let mut params = params("24h");
    params.min_bytes = Some(1_000);
    params.shrink_warn = Fraction::from_percent("50%");
    params.slower_warn = Some(3);
    let made = |bytes: u64, minutes: u64| Report {
        bytes: Some(bytes),
        duration_ms: Some(minutes * 60_000),
        ..Report::default()
    };
    let degraded = |reason| (Verdict::Degraded, reason);
    for (first, second, expected) in [
        (made(4_000, 10), made(2_000, 30), UP),
        (made(4_000, 10), made(1_999, 10), degraded(Reason::HeartbeatShrunk)),
        (made(4_000, 10), made(9_000, 31), degraded(Reason::HeartbeatSlower)),
        (made(4_000, 10), made(999, 10), degraded(Reason::HeartbeatTooSmall)),
        (made(4_000, 10), Report::default(), degraded(Reason::HeartbeatTooSmall)),
    ] {
        let reports =
            [("03-02T02:00:00", Signal::Success, first), ("03-03T02:00:00", Signal::Success, second.clone())];
        let job = job(&reports, &params);
        assert_eq!(said(&judge(&params, &rome(), &job, &[], ms("03-03T02:00:01"))), expected, "{second:?}");
    }
}

/// While nobody listened, nobody was late (healthchecks #1160, probes.md 2.20).
#[test]
fn grace_is_longer_by_what_the_agent_was_away() {
    let params = params("02:30");
    let job = job(&[success("03-02T02:00:00")], &params);
    let away = |from, to| vec![Away { from_ms: ms(from), to_ms: ms(to) }];
    for (away, now, expected) in [
        // Forty minutes of it lie behind the time from which a report would have counted.
        (away("03-03T01:00:00", "03-03T02:00:00"), "03-03T04:10:00", UP),
        (away("03-03T01:00:00", "03-03T02:00:00"), "03-03T04:10:01", MISSED),
        // Nobody could have heard it: the next night tells.
        (away("03-03T01:00:00", "03-03T04:00:00"), "03-03T20:00:00", UP),
        (away("03-03T01:00:00", "03-03T04:00:00"), "03-04T03:30:01", MISSED),
        (away("03-02T10:00:00", "03-02T20:00:00"), "03-03T03:30:01", MISSED),
        (away("03-02T20:00:00", "03-04T20:00:00"), "03-05T03:30:00", UP),
        (away("03-02T20:00:00", "03-04T20:00:00"), "03-05T03:30:01", MISSED),
    ] {
        assert_eq!(said(&judge(&params, &rome(), &job, &away, ms(now))), expected, "{away:?} at {now}");
    }
    let params = HeartbeatParams { down_after: DownAfter::Ms(30 * HOUR), ..params };
    let away = away("03-03T04:00:00", "03-04T10:00:00");
    let judged = judge(&params, &rome(), &job, &away, ms("03-04T11:00:00"));
    assert_ne!(said(&judged), DOWN);
}

/// 28 March skips 02:30, 31 October has it twice: whichever hour a scheduler takes, no night is missed.
#[test]
fn no_night_is_missed_when_the_hour_changes() {
    let mut params = params("02:30");
    params.grace_ms = HOUR / 2;
    params.early_ms = 0;
    for (before, nights) in [
        ("03-27T01:40:00", ["03-28T00:30:01", "03-28T01:00:01", "03-28T01:30:01", "03-28T01:59:00"]),
        ("10-30T00:40:00", ["10-31T00:30:01", "10-31T00:45:00", "10-31T01:30:01", "10-31T01:59:00"]),
    ] {
        for night in nights {
            let mut job = Job::new("s.c.notturno", ms("02-01T12:00:00"));
            job.take(Signal::Success, Report::default(), &params, ms(before));
            let until = ms(night);
            let mut now_ms = ms(before);
            while now_ms < until {
                assert_eq!(said(&judge(&params, &rome(), &job, &[], now_ms)), UP, "before {night}");
                now_ms += 300_000;
            }
            job.take(Signal::Success, Report::default(), &params, until);
            // Until the next night's grace is over.
            for hours in 0..22 {
                let now_ms = until + hours * 3_600_000;
                assert_eq!(said(&judge(&params, &rome(), &job, &[], now_ms)), UP, "{hours} h after {night}");
            }
        }
    }
}

/// Counted one by one, the due times of this sleep take minutes; nothing is timed here, a hang is what is seen.
#[test]
fn a_year_of_sleep_is_not_counted_by_the_second() {
    let away = [Away { from_ms: ms("03-02T02:00:01"), to_ms: ms("03-02T02:00:01") + 366 * 86_400_000 }];
    let woke_ms = away[0].to_ms;
    for (due, grace_ms, wait_ms) in [("1s", 10_000, 10_000), ("* * * * *", 60_000, 120_000)] {
        let params = HeartbeatParams { grace_ms, early_ms: 0, ..params(due) };
        let job = job(&[success("03-02T02:00:00")], &params);
        assert_eq!(
            said(&judge(&params, &rome(), &job, &away, woke_ms + 1_000)),
            UP,
            "{due}: it may still report"
        );
        let late_ms = woke_ms + wait_ms + 3 * i64::try_from(grace_ms).unwrap();
        assert_ne!(said(&judge(&params, &rome(), &job, &away, late_ms)), UP, "{due}: now it has missed");
    }
}

#[test]
fn a_report_that_comes_twice_or_late_changes_nothing() {
    let params = params("24h");
    let report = Report { rid: Some("r1".to_owned()), bytes: Some(5), ..Report::default() };
    let mut job = job(&[], &params);
    assert!(job.take(Signal::Success, report.clone(), &params, ms("03-02T02:00:00")));
    assert!(!job.take(Signal::Success, report.clone(), &params, ms("03-02T02:00:09")));
    let kept = Report { rid: Some("r0".to_owned()), age_ms: Some(HOUR), ..Report::default() };
    assert!(!job.take(Signal::Success, kept.clone(), &params, ms("03-02T02:00:10")));
    // One that waited is as old as it says.
    let failed = Report { age_ms: Some(HOUR), ..Report::default() };
    job.take(Signal::Fail, failed, &params, ms("03-02T02:00:10"));
    assert_eq!(said(&judge(&params, &rome(), &job, &[], ms("03-02T02:01:00"))), UP);
}

#[test]
fn the_time_of_a_run_is_between_its_own_start_and_end() {
    let params = params("24h");
    let rid = |rid: &str| Report { rid: Some(rid.to_owned()), ..Report::default() };
    let run = |end: Report| {
        let reports = [("03-02T02:00:00", Signal::Start, rid("a")), ("03-02T02:10:00", Signal::Success, end)];
        job(&reports, &params).success.unwrap().duration_ms
    };
    assert_eq!((run(rid("a")), run(rid("b")), run(Report::default())), (Some(600_000), None, None));
    let said = Report { duration_ms: Some(5), ..rid("b") };
    assert_eq!(run(said), Some(5));
}

#[test]
fn a_clock_set_back_makes_no_report_of_tomorrow() {
    let params = params("24h");
    let mut job = job(&[success("06-01T00:00:00")], &params);
    assert!(job.settle(ms("03-02T02:00:00")));
    assert!(!job.settle(ms("03-02T02:00:00")));
    assert_eq!(said(&judge(&params, &rome(), &job, &[], ms("03-02T02:00:01"))), UP);
    assert_eq!(said(&judge(&params, &rome(), &job, &[], ms("03-03T04:00:01"))), MISSED);
}
