//! Figures about part of the period, and checks that are judged otherwise.

use config::{AvailabilityWithin, Calendar, DownIf, Judged, Unknown, Vote, Week};

use super::*;
use crate::{Extent, Outlook, Standing};

fn calendar(hours: &str) -> Calendar {
    Calendar {
        id: id("office"),
        act: None,
        hours: Week::parse(hours).unwrap(),
        holidays: Vec::new(),
        exceptions: Vec::new(),
    }
}

fn with_hours(hours: &str) -> Charter {
    let mut charter = charter();
    let target = Fraction::new(98, 100).unwrap();
    let within = AvailabilityWithin { target, strict: true, hours: id("office") };
    charter.services[0].commitments.push(Commitment::AvailabilityWithin(within));
    charter.calendars = vec![calendar(hours)];
    charter
}

fn hours(figure: &Figure) -> [u64; 3] {
    [figure.up_ms, figure.down_ms, figure.unknown_ms].map(|ms| ms / 3_600_000)
}

/// `c` is down from both agents at these hours, of `hours`.
fn down_at(length: usize, down: &[usize]) -> RunIndex {
    let seen: String = (0..length).map(|hour| if down.contains(&hour) { 'd' } else { 'u' }).collect();
    runs_but(length, &["ced1", "ced2"].map(|agent| ("back", "c", agent, seen.as_str())))
}

#[test]
fn a_promise_about_office_hours_counts_those() {
    // 1 January 2026 is a Thursday.
    let runs = down_at(48, &[3, 9, 10, 20, 33]);
    let figures = year(&[(0, with_hours("mon-fri 08:00-14:00"))], &runs, 2026, as_of(48));
    let service = web(&figures);
    assert_eq!(hours(&service.figure), [43, 5, 0]);
    let [within] = &service.within[..] else { panic!("{:?}", service.within) };
    assert_eq!(hours(&within.figure), [9, 3, 0]);
    assert_eq!(within.figure.period_ms(), Period::civil_year(2026).length_ms());
    // 261 working days without holidays.
    assert_eq!(within.figure.scope_ms(), 261 * 6 * 3_600_000);
    assert_eq!(within.figure.standing(&within.promise), Standing::Breached);
}

#[test]
fn hours_change_with_the_charter_that_has_them() {
    let runs = down_at(48, &[9, 33]);
    let history = [(0, with_hours("mon-fri 08:00-09:00")), (as_of(24), with_hours("mon-fri 08:00-12:00"))];
    let figures = year(&history, &runs, 2026, as_of(48));
    assert_eq!(hours(&web(&figures).within[0].figure), [1 + 3, 1, 0]);
    assert!(web(&figures).stretches.is_empty(), "the promise about all hours is the same");
}

/// A promise about a calendar's hours, at least so much of them.
fn promised(percent: u64, calendar: &str) -> Commitment {
    let target = Fraction::new(percent, 100).unwrap();
    Commitment::AvailabilityWithin(AvailabilityWithin { target, strict: false, hours: id(calendar) })
}

/// What is promised of hours changes at noon of 2 January, a Friday: lowered, moved to another calendar, made new, or
/// taken away. The stop is on Thursday from nine to ten.
#[test]
fn a_promise_about_hours_is_judged_as_it_was_made() {
    let with = |promises: &[Commitment]| {
        let mut charter = with_hours("mon-fri 08:00-14:00");
        charter.calendars.push(Calendar { id: id("early"), ..calendar("mon-fri 06:00-10:00") });
        charter.services[0].commitments = promises.to_vec();
        charter
    };
    let day_ms = 86_400_000;
    let period = Period::new(start_ms(), start_ms() + 2 * day_ms).unwrap();
    let runs = down_at(48, &[9]);
    let check = |before: &[Commitment], after: &[Commitment], expected: (Standing, [u64; 3], usize)| {
        let history = [(as_of(0), with(before)), (as_of(36), with(after))];
        let charters = Charters::of(&history, period, as_of(48));
        let figures = charters.figures(&runs, &Corrections::default(), &Reading::default());
        let within = &web(&figures).within[0];
        let found = (within.standing().unwrap(), hours(&within.figure), within.stretches.len());
        assert_eq!(found, expected, "{before:?} then {after:?}");
        let outlook = match expected.0 {
            Standing::Breached => Outlook::Irrecoverable,
            Standing::Met => Outlook::Secured,
            _ => Outlook::Open,
        };
        assert_eq!(within.outlook(), Some(outlook));
        let sum: u64 = within.stretches.iter().map(|stretch| stretch.figure.known_ms()).sum();
        assert!(within.stretches.is_empty() || sum == within.figure.known_ms());
    };
    let (met, breached) = (Standing::Met, Standing::Breached);
    let office = |percent| promised(percent, "office");
    check(&[office(95)], &[office(95)], (breached, [11, 1, 0], 0));
    check(&[office(50)], &[office(50)], (met, [11, 1, 0], 0));
    // Lowered afterwards it excuses nothing, raised it breaks nothing.
    check(&[office(95)], &[office(50)], (breached, [11, 1, 0], 2));
    check(&[office(50)], &[office(95)], (met, [11, 1, 0], 2));
    // Moved to other hours: until then those of before, of which the stop is an eighth, or a tenth.
    check(&[promised(90, "early")], &[office(90)], (breached, [3 + 4 + 2, 1, 0], 2));
    check(&[office(95)], &[promised(95, "early")], (breached, [5 + 4, 1, 0], 2));
    check(&[office(75)], &[promised(75, "early")], (met, [5 + 4, 1, 0], 2));
    // Which of two was moved nobody can say: a new one is held to the time since.
    check(&[office(50)], &[promised(95, "early"), office(50)], (Standing::NoData, [7, 1, 0], 2));
    check(&[], &[office(95)], (met, [11, 1, 0], 2));
}

#[test]
fn hours_stand_with_planned_stops_and_without() {
    let runs = down_at(48, &[9, 10, 33]);
    let mut charter = with_hours("mon-fri 08:00-14:00");
    charter.rules.readings.maintenance = config::Maintenance::ExcludedDown;
    let history = [(0, charter.clone())];
    let planned = crate::Planned {
        entry: 1,
        announced_by: 1,
        announced_ms: as_of(-100),
        declared_ms: as_of(-100),
        scope: vec![crate::Scope::All],
        window: crate::Window { from_ms: as_of(9), to_ms: as_of(11) },
    };
    let corrections = Corrections { planned: vec![planned], ..Corrections::default() };
    let figures = |history: &[(i64, Charter)]| {
        let charters = Charters::of(history, Period::civil_year(2026), as_of(48));
        let figures = charters.figures(&runs, &corrections, &Reading::default());
        let within = web(&figures).within[0].clone();
        (hours(&within.figure), within.gross.map(|f| hours(&f)), within.net.map(|f| hours(&f)))
    };
    assert_eq!(figures(&history), ([9, 1, 0], Some([9, 3, 0]), None));
    charter.rules.readings.maintenance = config::Maintenance::Counts;
    assert_eq!(figures(&[(0, charter)]), ([9, 3, 0], None, Some([9, 1, 0])));
}

#[test]
fn each_stretch_against_its_own_promise() {
    let mut lower = charter();
    lower.services[0].commitments =
        vec![Commitment::Availability(Availability { target: Fraction::new(1, 2).unwrap(), strict: true })];
    let mut smaller = lower.clone();
    smaller.services[0].components.pop();
    let mut another_title = smaller.clone();
    another_title.services[0].components[0].name = "another".to_owned();
    let history = [(0, charter()), (as_of(10), lower), (as_of(20), smaller), (as_of(30), another_title)];
    let runs = down_at(40, &[1, 2, 12, 13, 25]);
    let figures = year(&history, &runs, 2026, as_of(40));
    let stretches = &web(&figures).stretches;
    let shown: Vec<_> = stretches
        .iter()
        .map(|s| {
            let promise = s.promise.unwrap();
            (s.from_ms, s.promise_changed, s.tree_changed, hours(&s.figure), s.figure.standing(&promise))
        })
        .collect();
    assert_eq!(
        shown,
        [
            (as_of(0), false, false, [8, 2, 0], Standing::Breached),
            (as_of(10), true, false, [8, 2, 0], Standing::Met),
            (as_of(20), false, true, [20, 0, 0], Standing::Met),
        ]
    );
    assert_eq!(stretches[2].to_ms, Period::civil_year(2026).end_ms());
    let sum = |of: fn(&Figure) -> u64| stretches.iter().map(|s| of(&s.figure)).sum::<u64>();
    let whole = web(&figures).figure;
    assert_eq!((sum(|f| f.up_ms), sum(|f| f.down_ms)), (whole.up_ms, whole.down_ms));
    assert_eq!(sum(|f| f.future_ms), whole.future_ms);
}

#[test]
fn a_check_can_be_judged_otherwise() {
    let one = [("back", "c", "ced1", "uuddu")];
    let judged = |judged: Judged| {
        let mut charter = charter();
        if let Node::Part(part) = &mut charter.services[0].components[1].node {
            part.checks[0].judged = judged;
        }
        draw(&web(&year(&[(0, charter)], &runs_but(5, &one), 2026, as_of(5))).timeline)
    };
    assert_eq!(judged(Judged::default()), "UUUUU");
    assert_eq!(judged(Judged { vantages: Some(Vote::of(DownIf::Any)), ..Judged::default() }), "UUDDU");
    let slow = Judged { vantages: Some(Vote::of(DownIf::Any)), confirm_down: Some(61), ..Judged::default() };
    assert_eq!(judged(slow), "UUDDU", "120 fails in a row");
    assert_eq!(judged(Judged { confirm_down: Some(121), ..slow }), "UUUUU");
    let mut at_ced = charter();
    at_ced.sites[0].facts.vantages = Some(Vote::of(DownIf::Any));
    let figures = year(&[(0, at_ced.clone())], &runs_but(5, &one), 2026, as_of(5));
    assert_eq!(draw(&web(&figures).timeline), "UUDDU");
    let history = [(0, at_ced)];
    let reading = Reading { vantages: Some(Vote::of(DownIf::All)), ..Reading::default() };
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(5));
    let figures = charters.figures(&runs_but(5, &one), &Corrections::default(), &reading);
    assert_eq!(draw(&web(&figures).timeline), "UUUUU", "a reading is instead of what anybody says");
}

#[test]
fn the_whole_period_reads_what_was_not_measured_as_unknown() {
    let mut charter = charter();
    charter.act.measured_from = Some(date(2026, 1, 2));
    charter.rules.readings.unknown = Unknown::Down;
    let history = [(0, charter)];
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(48));
    let seen = format!("{}{}", ".".repeat(24), "u".repeat(24));
    let all = [("front", "a"), ("front", "b"), ("back", "c")];
    let seen: Vec<_> = all
        .iter()
        .flat_map(|(component, target)| {
            ["ced1", "ced2", "school1"].map(|agent| (*component, *target, agent, seen.as_str()))
        })
        .collect();
    let read = |reading: &Reading| charters.figures(&runs(&seen), &Corrections::default(), reading);
    let (ours, whole) =
        (read(&Reading::default()), read(&Reading { extent: Some(Extent::Whole), ..Reading::default() }));
    assert_eq!(hours(&web(&ours).figure), [24, 0, 0]);
    assert_eq!(hours(&web(&whole).figure), [24, 0, 24]);
    assert_eq!((ours.unknown, whole.unknown), (Unknown::Down, Unknown::Down));
    assert_eq!(web(&whole).figure.headline(whole.unknown), Ratio::new(1, 2));
    let apart = read(&Reading { unknown: Some(Unknown::Apart), ..Reading::default() });
    assert_eq!(apart.unknown, Unknown::Apart);
}

#[test]
fn what_a_charter_in_force_had_measured_stays_in_scope() {
    let runs = runs_but(1, &[]);
    // Revisions as (hour in force from, day of January from which on is measured), and the hour that follows.
    let check = |revisions: &[(i64, Option<i8>)], expected: i64| {
        let revision = |(hour, day): &(i64, Option<i8>)| {
            let mut charter = charter();
            charter.act.measured_from = day.map(|day| date(2026, 1, day));
            (as_of(*hour), charter)
        };
        let history: Vec<_> = revisions.iter().map(revision).collect();
        let figures = year(&history, &runs, 2026, as_of(144));
        assert_eq!(figures.measured_from_ms, as_of(expected), "{revisions:?}");
    };
    check(&[(-500, None), (96, Some(5))], 0);
    check(&[(-500, Some(3)), (96, Some(5))], 48);
    check(&[(-500, Some(3)), (96, Some(2))], 24);
    check(&[(-500, Some(3)), (96, None)], 0);
    // Before there was a charter nothing was measured by one.
    check(&[(30, None), (96, Some(2))], 24);
    check(&[(30, None), (96, Some(3))], 30);
    // What had not begun yet can be put off.
    check(&[(-500, Some(5)), (24, Some(6))], 120);
    check(&[(-500, Some(5)), (97, Some(6))], 96);
}

#[test]
fn what_was_measured_of_a_component_stays_in_scope() {
    let from = |day: i8| {
        let mut charter = charter();
        charter.services[0].components[1].life.measured_from = Some(date(2026, 1, day));
        charter
    };
    let mut without = charter();
    without.services[0].components.pop();
    let runs = down_at(120, &[1, 2, 50]);
    let back = |before: Charter, day: i8| {
        let figures = year(&[(0, before), (as_of(96), from(day))], &runs, 2026, as_of(120));
        let component = &web(&figures).components[1].figure;
        (hours(component), component.out_of_scope_ms / 3_600_000)
    };
    assert_eq!(back(charter(), 4), ([117, 3, 0], 0));
    assert_eq!(back(from(3), 4), ([71, 1, 0], 48));
    assert_eq!(back(from(3), 2), ([71, 1, 24], 24));
    assert_eq!(back(without, 4), ([24, 0, 24], 72));
}

#[test]
fn a_promise_that_changed_is_kept_in_each_of_its_stretches() {
    let promised = |percent: Option<u64>| {
        let mut charter = charter();
        let target = |percent| Availability { target: Fraction::new(percent, 100).unwrap(), strict: true };
        charter.services[0].commitments =
            percent.map(|percent| Commitment::Availability(target(percent))).into_iter().collect();
        charter
    };
    let end_ms = as_of(40);
    let check = |promises: [Option<u64>; 3], down: &[usize], seen: i64, expected: (Standing, Outlook)| {
        let history: Vec<_> = [0, 10, 20]
            .into_iter()
            .zip(promises)
            .map(|(hour, percent)| (as_of(hour), promised(percent)))
            .collect();
        let period = Period::new(start_ms(), end_ms).unwrap();
        let charters = Charters::of(&history, period, as_of(seen));
        let runs = down_at(usize::try_from(seen).unwrap(), down);
        let figures = charters.figures(&runs, &Corrections::default(), &Reading::default());
        let service = web(&figures);
        assert_eq!(
            (service.standing().unwrap(), service.outlook().unwrap()),
            expected,
            "{promises:?} {down:?}"
        );
        let last = service.promised().pop().unwrap();
        assert_eq!(last.figure.period_ms(), period.length_ms());
        last
    };
    let (met, breached) = (Standing::Met, Standing::Breached);
    // Lowered after it was broken; then the stop is in the time of the lower one.
    check([Some(98), Some(98), Some(50)], &[3], 40, (breached, Outlook::Irrecoverable));
    check([Some(50), Some(98), Some(98)], &[3], 40, (met, Outlook::Secured));
    check([Some(50), Some(98), Some(98)], &[13], 30, (breached, Outlook::Irrecoverable));
    check([Some(98), Some(50), Some(50)], &[13], 25, (met, Outlook::Open));
    check([Some(50), Some(60), Some(98)], &[3, 4, 13], 30, (met, Outlook::Open));
    // The budget is that of the last: here of thirty hours, as the two that are alike are one.
    let last = check([Some(98), Some(90), Some(90)], &[13], 30, (met, Outlook::Open));
    assert_eq!((last.stretch, last.figure.down_ms), (Some((as_of(10), end_ms)), 3_600_000));
    assert_eq!(last.figure.budget(&last.promise).budget_ms, 3 * 3_600_000);
    // What was promised once is not forgotten with the promise; one all the time is no matter of stretches.
    check([Some(98), None, None], &[3], 40, (breached, Outlook::Irrecoverable));
    check([None, None, Some(98)], &[3], 40, (met, Outlook::Secured));
    let last = check([Some(90), Some(90), Some(90)], &[3], 30, (met, Outlook::Open));
    assert_eq!((last.stretch, last.figure.scope_ms()), (None, 40 * 3_600_000));
    check([Some(98), Some(50), Some(50)], &[], 40, (met, Outlook::Secured));
}

#[test]
fn a_stretch_of_which_nobody_knows_enough_decides_nothing() {
    let mut lower = charter();
    lower.services[0].commitments[0] =
        Commitment::Availability(Availability { target: Fraction::new(1, 2).unwrap(), strict: true });
    let history = [(as_of(0), charter()), (as_of(10), lower)];
    let seen = |hours: &str| {
        let all = ["a", "b"]
            .iter()
            .flat_map(|target| ["ced1", "ced2", "school1"].map(|agent| ("front", *target, agent, hours)));
        let back = ["ced1", "ced2"].map(|agent| ("back", "c", agent, hours));
        let figures = year(&history, &runs(&all.chain(back).collect::<Vec<_>>()), 2026, as_of(20));
        (web(&figures).standing().unwrap(), web(&figures).outlook().unwrap())
    };
    assert_eq!(seen("uuuuuuuuuuuuuuuuuuuu"), (Standing::Met, Outlook::Open));
    assert_eq!(seen("uu........uuuuuuuuuu"), (Standing::Indeterminate, Outlook::Open));
    assert_eq!(seen("..........uuuuuuuuuu"), (Standing::Indeterminate, Outlook::Open));
    assert_eq!(seen("...................."), (Standing::NoData, Outlook::Open));
}
