use config::Calendar;
use proptest::prelude::*;

use super::*;
use crate::deadline::tests::{LIMITS, at, limit, office};

fn promise(percent: u64) -> Availability {
    Availability { target: Fraction::new(percent, 100).unwrap(), strict: false }
}

/// Opened each day of June 2026 at 09:00, in the words `hours later` or none.
fn june(taken_after_h: &[Option<i64>]) -> Vec<Request> {
    let opened = (1..).map(|day| at(&format!("2026-06-{day:02}T09:00")));
    let request = |(opened_ms, after_h): (i64, &Option<i64>)| Request {
        opened_ms,
        taken_ms: after_h.map(|hours| opened_ms + hours * 3_600_000),
        cancelled: false,
    };
    opened.zip(taken_after_h).map(request).collect()
}

fn counted(requests: Vec<Request>, now: &str) -> RequestFigure {
    let office = office();
    RequestFigure::of(requests, &limit("24 hours", &office), Period::civil_year(2026), at(now))
}

#[test]
fn a_share_is_compared_exactly() {
    // (in time, late) of 85%: 17 of 20 is just enough, 16 of 19 is not (T04, T05).
    for (on_time, late, percent, standing) in
        [(17, 3, "85.0000", Standing::Met), (16, 3, "84.2105", Standing::Breached)]
    {
        let taken: Vec<_> =
            std::iter::repeat_n(Some(1), on_time).chain(std::iter::repeat_n(Some(48), late)).collect();
        let figure = counted(june(&taken), "2026-12-31T00:00");
        assert_eq!((figure.on_time, figure.late), (u64::try_from(on_time).unwrap(), 3));
        assert_eq!(figure.share().unwrap().percent_floor(4), percent);
        assert_eq!(figure.standing(&promise(85)), standing);
        let strict = Availability { strict: true, ..promise(85) };
        assert_eq!(figure.standing(&strict), Standing::Breached);
    }
}

#[test]
fn what_is_open_waits_until_it_is_overdue() {
    // Eight in time, one overdue, one opened three hours ago (T06).
    let mut requests = june(&[Some(1); 8]);
    for opened in ["2026-06-10T09:00", "2026-06-12T09:00"] {
        requests.push(Request { opened_ms: at(opened), taken_ms: None, cancelled: false });
    }
    let figure = counted(requests.clone(), "2026-06-12T12:00");
    assert_eq!((figure.on_time, figure.late, figure.overdue_open, figure.pending), (8, 0, 1, 1));
    assert_eq!(figure.next_due_ms, Some(at("2026-06-13T09:00")));
    assert_eq!(figure.share().unwrap().percent_floor(4), "88.8888");
    assert_eq!(figure.standing(&promise(90)), Standing::Breached);
    assert_eq!(figure.pending_may_fail(&promise(90)), Some(0));
    assert_eq!((figure.worst_end(), figure.best_end()), (Ratio::new(8, 10), Ratio::new(9, 10)));
    // At its due instant it still waits, a millisecond later it is overdue.
    let at_ms = |now_ms| {
        RequestFigure::of(requests.clone(), &limit("24 hours", &office()), Period::civil_year(2026), now_ms)
    };
    assert_eq!(at_ms(at("2026-06-13T09:00")).overdue_open, 1);
    assert_eq!(at_ms(at("2026-06-13T09:00") + 1).overdue_open, 2);
}

#[test]
fn how_many_may_still_fail() {
    // 20 of 22 is 90.9%, 19 of 22 is 86.3% (T12).
    let figure = RequestFigure { on_time: 19, late: 1, pending: 2, ..RequestFigure::default() };
    assert_eq!(figure.pending_may_fail(&promise(90)), Some(1));
    for (on_time, late, pending, percent, strict, may_fail) in [
        (0, 0, 0, 90, false, Some(0)),
        (9, 1, 0, 90, false, Some(0)),
        (9, 1, 0, 90, true, None),
        (8, 2, 1, 90, false, None),
        (0, 0, 3, 0, false, Some(3)),
        (5, 0, 5, 50, false, Some(5)),
        (5, 0, 5, 50, true, Some(4)),
        (5, 1, 5, 100, false, None),
    ] {
        let figure = RequestFigure { on_time, late, pending, ..RequestFigure::default() };
        let promise = Availability { strict, ..promise(percent) };
        assert_eq!(figure.pending_may_fail(&promise), may_fail, "{figure:?} {promise:?}");
    }
}

#[test]
fn a_request_counts_in_the_year_it_was_opened() {
    let office = office();
    let request =
        |opened, taken| Request { opened_ms: at(opened), taken_ms: Some(at(taken)), cancelled: false };
    let requests = [
        request("2026-12-31T13:30", "2027-01-04T12:00"),
        request("2027-01-02T09:00", "2027-01-02T10:00"),
        Request { cancelled: true, ..request("2026-06-01T09:00", "2026-06-01T10:00") },
    ];
    let of = |year| {
        let limit = limit("1 working day", &office);
        RequestFigure::of(requests, &limit, Period::civil_year(year), at("2027-02-01T00:00"))
    };
    assert_eq!((of(2026).on_time, of(2026).not_counted), (1, 2));
    assert_eq!((of(2027).on_time, of(2027).not_counted), (1, 2));
    // Nothing is no 100% (T13).
    let none = of(2025);
    assert_eq!((none.share(), none.worked, none.not_counted), (None, None, 3));
    assert_eq!(none.standing(&promise(85)), Standing::NoData);
}

#[test]
fn working_time_is_of_real_requests() {
    let calendar: Calendar = office();
    let taken = |minutes: i64| Request {
        opened_ms: at("2026-06-03T08:00"),
        taken_ms: Some(at("2026-06-03T08:00") + minutes * 60_000),
        cancelled: false,
    };
    let worked = |minutes: &[i64]| {
        let limit = limit("8 working hours", &calendar);
        let requests = minutes.iter().map(|minutes| taken(*minutes));
        let figure = RequestFigure::of(requests, &limit, Period::civil_year(2026), at("2026-12-31T00:00"));
        (figure.worked.map(|worked| (worked.median_ms / 60_000, worked.p90_ms / 60_000)), figure)
    };
    assert_eq!(worked(&[]).0, None);
    assert_eq!(worked(&[7]).0, Some((7, 7)));
    assert_eq!(worked(&[40, 10, 30, 20]).0, Some((20, 40)));
    assert_eq!(worked(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).0, Some((5, 9)));
    // From Wednesday 08:00 to Thursday 08:00: six hours.
    assert_eq!(worked(&[24 * 60]).0, Some((360, 360)));
    // Taken before it was opened: no time at all, and told.
    let (time, figure) = worked(&[-5]);
    assert_eq!((time, figure.on_time, figure.taken_before_opened), (Some((0, 0)), 1, 1));
    // A stamp from the far future is late, and cheap.
    assert_eq!(worked(&[i64::MAX / 120_000]).1.late, 1);
}

#[test]
fn how_the_year_can_end() {
    for (on_time, late, pending, percent, is_over, outlook) in [
        (10, 0, 0, 90, false, Outlook::Open),
        (10, 0, 0, 90, true, Outlook::Secured),
        (9, 0, 1, 90, true, Outlook::Secured),
        (9, 1, 1, 90, true, Outlook::Open),
        (8, 2, 1, 90, true, Outlook::Irrecoverable),
        // More requests can make it good again, unless all were promised.
        (8, 2, 1, 90, false, Outlook::Open),
        (8, 1, 1, 100, false, Outlook::Irrecoverable),
        (0, 0, 0, 90, true, Outlook::Secured),
    ] {
        let figure = RequestFigure { on_time, late, pending, ..RequestFigure::default() };
        assert_eq!(figure.outlook(&promise(percent), is_over), outlook, "{figure:?} {percent} {is_over}");
    }
}

proptest! {
    #[test]
    fn at_the_due_instant_is_in_time_and_later_is_late(
        within in proptest::sample::select(LIMITS),
        opened_min in 0..500_000_i64,
    ) {
        let (office, year) = (office(), Period::civil_year(2026));
        let limit = limit(within, &office);
        let opened_ms = year.start_ms() + opened_min * 60_000;
        let due_ms = limit.due_ms(opened_ms).unwrap();
        let taken = |taken_ms| {
            let request = Request { opened_ms, taken_ms: Some(taken_ms), cancelled: false };
            request.handling(&limit, year, due_ms)
        };
        prop_assert_eq!(taken(due_ms), Handling::OnTime);
        prop_assert_eq!(taken(due_ms + 1), Handling::Late);
    }

    #[test]
    fn every_request_is_counted_once_and_the_answer_follows(
        requests in proptest::collection::vec((0..800_000_i64, proptest::option::of(0..9_000_i64), 0..10_u8), 0..40),
        now_min in 0..800_000_i64,
        percent in 1..=100_u64,
        strict: bool,
    ) {
        let (office, year) = (office(), Period::civil_year(2026));
        let limit = limit("8 working hours", &office);
        let requests: Vec<_> = requests
            .into_iter()
            .map(|(opened_min, taken_min, cancelled)| {
                let opened_ms = year.start_ms() + opened_min * 60_000;
                let taken_ms = taken_min.map(|minutes| opened_ms + minutes * 60_000);
                Request { opened_ms, taken_ms, cancelled: cancelled == 0 }
            })
            .collect();
        let now_ms = year.start_ms() + now_min * 60_000;
        let figure = RequestFigure::of(requests.iter().copied(), &limit, year, now_ms);
        prop_assert_eq!(figure.total() + figure.not_counted, requests.len() as u64);
        let promise = Availability { strict, ..promise(percent) };
        // By trying, instead of by dividing.
        let end = |failing: u64| Ratio::new(figure.on_time + figure.pending - failing, figure.total());
        let bearable = |failing: &u64| end(*failing).is_none_or(|end| end.meets(&promise));
        let tried = (0..=figure.pending).filter(bearable).max();
        prop_assert_eq!(figure.pending_may_fail(&promise), tried);
        let outlook = figure.outlook(&promise, true);
        prop_assert_eq!(outlook == Outlook::Irrecoverable, tried.is_none());
        prop_assert_eq!(outlook == Outlook::Secured, tried == Some(figure.pending));
    }
}
