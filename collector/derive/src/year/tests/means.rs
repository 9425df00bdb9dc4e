//! The mean over access points.

use config::{ComponentId, Fraction, TargetFacts};

use super::corrected::annulled;
use super::*;
use crate::{Composition, Outlook, Unobserved};

/// What is known of an access point: name, area, weight, since, until.
type Point<'a> = (&'a str, &'a str, u32, Option<Date>, Option<Date>);

use jiff::civil::Date;

/// Service `web` is the mean over `points` of component `ap`, which needs `uplink` (one target, `u`).
fn wifi(points: &[Point<'_>]) -> Charter {
    let mut charter = charter();
    let here = [id("ced")];
    let point = |(name, area, weight, since, until): &Point<'_>| Check {
        facts: TargetFacts {
            area: Some((*area).to_owned()),
            weight: Some(*weight),
            since: *since,
            until: *until,
            ..TargetFacts::default()
        },
        ..check("ap", name, &here)
    };
    let mut ap = part("ap", Quorum::All, points.iter().map(point).collect());
    if let Node::Part(part) = &mut ap.node {
        part.group_by = Some("area".to_owned());
    }
    ap.needs = vec!["uplink".to_owned()];
    let service = &mut charter.services[0];
    service.components = vec![ap, part("uplink", Quorum::All, vec![check("uplink", "u", &here)])];
    service.figure = config::FigureRule::MeanOf(ComponentId::new("ap").unwrap());
    charter
}

/// As seen by `ced1`; the uplink is always up.
fn points_seen(seen: &[(&str, &str)]) -> RunIndex {
    let up = "u".repeat(seen[0].1.len());
    let mut all: Vec<_> = seen.iter().map(|(name, hours)| ("ap", *name, "ced1", *hours)).collect();
    all.push(("uplink", "u", "ced1", up.as_str()));
    runs(&all)
}

fn hours(figure: &Figure) -> [u64; 5] {
    [figure.up_ms, figure.down_ms, figure.unknown_ms, figure.maintenance_ms, figure.weight]
        .map(|ms| if ms < 1_000 { ms } else { ms / 3_600_000 })
}

const PLAIN: [Point<'static>; 3] =
    [("x", "north", 1, None, None), ("y", "north", 1, None, None), ("z", "south", 2, None, None)];

#[test]
fn weighted_hours_of_members() {
    let runs = points_seen(&[("x", "uudduuuu"), ("y", "uuuuuuuu"), ("z", "uuuuu.dd")]);
    let figures = year(&[(0, wifi(&PLAIN))], &runs, 2026, as_of(8));
    let service = web(&figures);
    assert_eq!(hours(&service.figure), [24, 6, 2, 0, 4]);
    assert_eq!(service.figure.period_ms(), 4 * Period::civil_year(2026).length_ms());
    let mean = service.mean.as_ref().unwrap();
    assert_eq!(mean.component, "ap");
    let members: Vec<_> =
        mean.members.iter().map(|m| (m.name.as_str(), m.weight, hours(&m.figure))).collect();
    assert_eq!(
        members,
        [
            ("web.ap.x", 1, [6, 2, 0, 0, 1]),
            ("web.ap.y", 1, [8, 0, 0, 0, 1]),
            ("web.ap.z", 2, [5, 2, 1, 0, 1]),
        ]
    );
    let groups: Vec<_> =
        mean.groups.iter().map(|g| (g.name.as_deref(), g.members, hours(&g.figure))).collect();
    assert_eq!(groups, [(Some("north"), 2, [14, 2, 0, 0, 2]), (Some("south"), 1, [10, 4, 2, 0, 2])]);
    let since: Vec<_> = mean.members.iter().map(|m| (m.state.unwrap(), m.since_ms)).collect();
    let (up, down) = (Condition::Up, Condition::Down);
    assert_eq!(since, [(up, Some(as_of(4))), (up, None), (down, Some(as_of(6)))]);
    assert_eq!(mean.worst_group().unwrap().name.as_deref(), Some("south"));
    assert_eq!(mean.worst_member().unwrap().name, "web.ap.z");
    assert_eq!(mean.up_now(), Ratio::new(2, 4));
    // Half of the weight suffices to be up, 95% not to be degraded.
    assert_eq!(draw(&service.timeline), "UUUUUUUU");
    assert_eq!(service.now.state, Condition::Degraded);
    assert_eq!(service.components[0].now.state, Condition::Degraded);
    let site = &service.sites[0];
    assert_eq!(site.figure, service.figure);
}

#[test]
fn less_than_half_is_an_outage() {
    let runs = points_seen(&[("x", "uudduu"), ("y", "uuuuuu"), ("z", "uuudd.")]);
    let figures = year(&[(0, wifi(&PLAIN))], &runs, 2026, as_of(6));
    assert_eq!(draw(&web(&figures).timeline), "UUUDUU");
    let outages = figures.outages(web(&figures));
    assert_eq!(outages.len(), 1);
    assert_eq!(outages[0].causes.len(), 2, "x and z");
}

#[test]
fn a_member_needs_what_it_hangs_on() {
    let seen =
        [("ap", "x", "ced1", "uuu.uu"), ("ap", "y", "ced1", "uuuuud"), ("uplink", "u", "ced1", "ud.uuu")];
    let two = [("x", "a", 1, None, None), ("y", "a", 1, None, None)];
    let figures = year(&[(0, wifi(&two))], &runs(&seen), 2026, as_of(6));
    let mean = web(&figures).mean.as_ref().unwrap();
    let members: Vec<_> = mean.members.iter().map(|m| hours(&m.figure)).collect();
    assert_eq!(members, [[3, 1, 2, 0, 1], [3, 2, 1, 0, 1]]);
    // What the check itself saw is told as it was.
    assert_eq!(hours(&figures.check(&check_id("ap", "y")).unwrap().figure), [5, 1, 0, 0, 1]);
}

#[test]
fn what_is_needed_can_be_another_service() {
    let mut charter = wifi(&[("x", "a", 1, None, None)]);
    let mut other = charter.services[0].clone();
    (other.id, other.figure) = (id("net"), config::FigureRule::AllUp);
    other.components = vec![charter.services[0].components.pop().unwrap()];
    if let Node::Part(part) = &mut other.components[0].node {
        part.checks[0].id = CheckId::of(&[id("net"), id("uplink"), id("u")]);
    }
    charter.services[0].components[0].needs = vec!["net.uplink".to_owned()];
    charter.services.push(other);
    let mut seen = runs(&[("ap", "x", "ced1", "uuuu")]);
    let uplink = runs(&[("uplink", "u", "ced1", "uddu")]);
    let net = CheckId::of(&[id("net"), id("uplink"), id("u")]);
    seen.checks.insert(net, uplink.checks[&check_id("uplink", "u")].clone());
    let history = [(0, charter)];
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(4));
    let of = |corrections: &Corrections| charters.figures(&seen, corrections, &Reading::default());
    let figures = of(&Corrections::default());
    assert_eq!(hours(&web(&figures).figure), [2, 2, 0, 0, 1]);
    let [outage] = &figures.outages(web(&figures))[..] else { panic!("one outage") };
    let causes: Vec<_> = outage.causes.iter().map(|(check, ..)| check.as_str()).collect();
    assert_eq!(causes, ["net.uplink.u"], "what made it was in another service");
    let corrections = Corrections::of(&[annulled(3, "net.uplink", (1, 2))], i64::MAX);
    let figures = of(&corrections);
    assert_eq!(hours(&web(&figures).figure), [2, 1, 1, 0, 1]);
    assert_eq!(web(&figures).corrections, [3]);
    assert_eq!(figures.entries(web(&figures), &corrections, (as_of(1), as_of(3))), [3]);
    let told = charters.unobserved(&figures, web(&figures), &seen, &corrections);
    assert_eq!(told, [(Unobserved::Annulled, HOUR.unsigned_abs())]);
}

#[test]
fn why_members_are_unknown_is_told_as_often_as_they_weigh() {
    let points = [("x", "a", 1, None, None), ("y", "a", 2, None, None), ("z", "b", 4, None, None)];
    let mut none = wifi(&points);
    none.services.clear();
    // Before hour 2 there is no such service; from hour 6 on it is without y.
    let history = [(0, none), (as_of(2), wifi(&points)), (as_of(6), wifi(&[points[0], points[2]]))];
    let seen = [
        ("ap", "x", "ced1", "..uuuuuu"),
        ("ap", "y", "ced1", "..uu.uuu"),
        ("ap", "z", "ced1", "..uuuuuu"),
        ("uplink", "u", "ced1", "..uuuuu."),
    ];
    let runs = runs(&seen);
    let corrections = Corrections::of(&[annulled(3, "web.ap.x", (3, 4))], i64::MAX);
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(8));
    let figures = charters.figures(&runs, &corrections, &Reading::default());
    let service = web(&figures);
    let told = charters.unobserved(&figures, service, &runs, &corrections);
    let hours: Vec<_> = told.iter().map(|(why, ms)| (*why, ms / HOUR.unsigned_abs())).collect();
    let unseen = 2 + 4 + 1;
    let expected = [
        (Unobserved::Annulled, 1),
        (Unobserved::SpoolLost, 2 + 1 + 4),
        (Unobserved::NeverMeasured, 2 * unseen),
    ];
    assert_eq!(hours, expected);
    assert_eq!(told.iter().map(|(_, ms)| ms).sum::<u64>(), service.figure.unknown_ms);
}

#[test]
fn members_come_and_go() {
    // Days of 24 hours: z from the second day on, x to the end of the second.
    let points = [
        ("x", "a", 1, None, Some(date(2026, 1, 2))),
        ("y", "a", 1, None, None),
        ("z", "b", 3, Some(date(2026, 1, 2)), None),
    ];
    let seen = "u".repeat(72);
    let runs = points_seen(&[("x", &seen), ("y", &seen), ("z", &seen)]);
    let figures = year(&[(0, wifi(&points))], &runs, 2026, as_of(72));
    let (service, year_ms) = (web(&figures), Period::civil_year(2026).length_ms());
    assert_eq!(hours(&service.figure), [48 + 72 + 3 * 48, 0, 0, 0, 5]);
    assert_eq!(service.figure.period_ms(), 5 * year_ms);
    assert_eq!(service.figure.future_ms, 4 * (year_ms - 72 * 3_600_000));
    let mean = service.mean.as_ref().unwrap();
    let states: Vec<_> = mean.members.iter().map(|m| (m.name.as_str(), m.state)).collect();
    let up = Some(Condition::Up);
    assert_eq!(states, [("web.ap.y", up), ("web.ap.z", up), ("web.ap.x", None)]);
    assert!(service.stretches.is_empty(), "members that come and go change no tree");
    // Before they come, those to come are counted on: what is certain stays so.
    let early = year(&[(0, wifi(&points))], &runs, 2026, as_of(12));
    let rest = year_ms - 12 * 3_600_000;
    let future = (36 * 3_600_000) + rest + 3 * (rest - 12 * 3_600_000);
    assert_eq!((web(&early).figure.future_ms, web(&early).figure.weight), (future, 5));
    assert_eq!(web(&early).figure.outlook(&above_98()), Outlook::Open);
}

#[test]
fn a_mean_before_it_is_measured_and_before_it_is_there() {
    let runs = points_seen(&[("x", &"u".repeat(48)), ("y", &"u".repeat(48)), ("z", &"u".repeat(48))]);
    let mut late = wifi(&PLAIN);
    late.act.measured_from = Some(date(2026, 1, 2));
    let figures = year(&[(0, late)], &runs, 2026, as_of(48));
    assert_eq!(hours(&web(&figures).figure), [4 * 24, 0, 0, 0, 4]);
    assert_eq!(web(&figures).figure.out_of_scope_ms, 4 * 86_400_000);
    let mut none = wifi(&PLAIN);
    none.services.clear();
    let figures = year(&[(0, none), (as_of(10), wifi(&PLAIN))], &runs, 2026, as_of(48));
    assert_eq!(hours(&web(&figures).figure), [4 * 38, 0, 4 * 10, 0, 4]);
    let empty = year(&[(0, wifi(&[]))], &runs, 2026, as_of(48));
    assert_eq!(hours(&web(&empty).figure), [0, 0, 48, 0, 1]);
}

/// The same service, up while all of it is.
fn no_mean(points: &[Point<'_>]) -> Charter {
    let mut charter = wifi(points);
    charter.services[0].figure = config::FigureRule::AllUp;
    charter
}

#[test]
fn a_mean_becomes_a_service_that_is_none_and_the_other_way() {
    let runs = points_seen(&[("x", "uudduuuu"), ("y", "uuuuuuuu"), ("z", "uuuuuuuu")]);
    let year_ms = Period::civil_year(2026).length_ms();
    let check = |history: &[(i64, Charter)], expected: [u64; 5]| {
        let figures = year(history, &runs, 2026, as_of(8));
        let figure = web(&figures).figure;
        assert_eq!(hours(&figure), expected);
        assert_eq!(figure.future_ms, expected[4] * (year_ms - 8 * 3_600_000));
        assert_eq!(figure.period_ms(), expected[4] * year_ms);
        assert_eq!(figure.outlook(&above_98()), Outlook::Open);
        assert_eq!(web(&figures).sites[0].figure, figure);
    };
    let (mean, none) = (|| wifi(&PLAIN), || no_mean(&PLAIN));
    check(&[(0, mean())], [30, 2, 0, 0, 4]);
    check(&[(0, none())], [6, 2, 0, 0, 1]);
    check(&[(0, mean()), (as_of(3), none())], [27, 5, 0, 0, 4]);
    check(&[(0, none()), (as_of(3), mean())], [27, 5, 0, 0, 4]);
    check(&[(0, mean()), (as_of(2), none()), (as_of(3), mean())], [27, 5, 0, 0, 4]);
    let mut gone = mean();
    gone.services.clear();
    check(&[(0, mean()), (as_of(5), gone), (as_of(6), none())], [26, 2, 4, 0, 4]);
}

#[test]
fn a_member_that_was_gone_stays_gone_when_the_mean_ends() {
    let points = [("x", "a", 1, None, Some(date(2026, 1, 1))), ("y", "a", 2, None, None)];
    let seen = "u".repeat(48);
    let runs = points_seen(&[("x", &seen), ("y", &seen)]);
    let figures = year(&[(0, wifi(&points)), (as_of(36), no_mean(&points))], &runs, 2026, as_of(48));
    let (service, year_ms) = (web(&figures), Period::civil_year(2026).length_ms());
    assert_eq!(hours(&service.figure), [24 + 2 * 48, 0, 0, 0, 3]);
    assert_eq!(service.figure.future_ms, 2 * (year_ms - 48 * 3_600_000));
    let members = &service.mean.as_ref().unwrap().members;
    let states: Vec<_> = members.iter().map(|m| (m.name.as_str(), m.state)).collect();
    assert_eq!(states, [("web.ap.y", Some(Condition::Up)), ("web.ap.x", None)]);
}

#[test]
fn what_is_to_come_of_a_mean_begins_when_it_is_measured() {
    let mut charter = wifi(&PLAIN);
    let july = jiff::civil::date(2026, 7, 1);
    charter.services[0].components[0].life.measured_from = Some(july);
    let runs = points_seen(&[("x", "uuuuuuuu"), ("y", "uuuuuuuu"), ("z", "uuuuuuuu")]);
    let figures = year(&[(0, charter)], &runs, 2026, as_of(8));
    let to_come = Period::civil_year(2026).end_ms().abs_diff(crate::midnight_ms(july));
    assert_eq!(web(&figures).figure.future_ms, 4 * to_come);
}

#[test]
fn a_service_read_as_the_mean_of_its_components() {
    let down = ["ced1", "ced2"].map(|agent| ("back", "c", agent, "uudduu"));
    let history = [(0, charter())];
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(6));
    let reading = Reading { composition: Some(Composition::MeanOfComponents), ..Reading::default() };
    let figures = charters.figures(&runs_but(6, &down), &Corrections::default(), &reading);
    assert_eq!(hours(&web(&figures).figure), [10, 2, 0, 0, 2]);
    let reading = Reading { composition: Some(Composition::All), ..Reading::default() };
    let history = [(0, wifi(&PLAIN))];
    let charters = Charters::of(&history, Period::civil_year(2026), as_of(6));
    let runs = points_seen(&[("x", "uudduu"), ("y", "uuuuuu"), ("z", "uuuuuu")]);
    let figures = charters.figures(&runs, &Corrections::default(), &reading);
    assert_eq!((hours(&web(&figures).figure), web(&figures).mean.is_none()), ([4, 2, 0, 0, 1], true));
}

#[test]
fn what_is_left_of_a_mean_is_told_in_its_own_milliseconds() {
    let figure = Figure { up_ms: 1 << 52, future_ms: 1 << 52, weight: 3, ..Figure::default() };
    let promise = Availability { target: Fraction::new(12_345_679, 100_000_000).unwrap(), strict: true };
    assert!(figure.required(&promise).is_some());
}

proptest! {
    /// Members that are to come are counted on from the start: what is certain of a mean stays so.
    #[test]
    fn an_outlook_of_a_mean_that_is_certain_stays(seen in proptest::collection::vec(any_sight(), 3), strict: bool, p in 1_u64..100) {
        let points = [
            ("x", "a", 2, None, Some(date(2026, 1, 1))),
            ("y", "a", 1, None, None),
            ("z", "b", 3, Some(date(2026, 1, 2)), None),
        ];
        let up = "u".repeat(60);
        let mut all: Vec<_> = ["x", "y", "z"].iter().zip(&seen).map(|(n, s)| ("ap", *n, "ced1", s.as_str())).collect();
        all.push(("uplink", "u", "ced1", &up));
        let (history, runs) = ([(0, wifi(&points))], runs(&all));
        let period = Period::new(start_ms(), as_of(60)).unwrap();
        let promise = Availability { target: Fraction::new(p, 100).unwrap(), strict };
        let mut before = Outlook::Open;
        for hour in 1..=60 {
            let charters = Charters::of(&history, period, as_of(hour));
            let figures = charters.figures(&runs, &Corrections::default(), &Reading::default());
            let outlook = web(&figures).figure.outlook(&promise);
            prop_assert!(before == Outlook::Open || outlook == before, "{before:?} then {outlook:?} at {hour}");
            before = outlook;
        }
    }

    #[test]
    fn members_add_up(seen in proptest::collection::vec(any_sight(), 3), uplink in any_sight(), hour in 1_i64..50) {
        let points = [
            ("x", "a", 2, None, Some(date(2026, 1, 1))),
            ("y", "a", 1, None, None),
            ("z", "b", 3, Some(date(2026, 1, 2)), None),
        ];
        let mut all: Vec<_> = ["x", "y", "z"].iter().zip(&seen).map(|(n, s)| ("ap", *n, "ced1", s.as_str())).collect();
        all.push(("uplink", "u", "ced1", &uplink));
        let (history, runs) = ([(0, wifi(&points))], runs(&all));
        let corrections = Corrections::of(&[annulled(1, "web.ap.z", (3, 30))], i64::MAX);
        let charters = Charters::of(&history, Period::civil_year(2026), as_of(hour));
        let figures = charters.figures(&runs, &corrections, &Reading::default());
        let (service, year_ms) = (web(&figures), Period::civil_year(2026).length_ms());
        prop_assert_eq!(service.figure.period_ms(), service.figure.weight * year_ms);
        let mean = service.mean.as_ref().unwrap();
        for figure in mean.members.iter().map(|m| m.figure).chain(mean.groups.iter().map(|g| g.figure)) {
            prop_assert_eq!(figure.period_ms(), figure.weight * year_ms);
        }
        let weighed: u64 = mean.members.iter().map(|m| u64::from(m.weight) * m.figure.up_ms).sum();
        prop_assert_eq!(weighed, service.figure.up_ms);
        let told = charters.unobserved(&figures, service, &runs, &corrections);
        prop_assert_eq!(told.iter().map(|(_, ms)| ms).sum::<u64>(), service.figure.unknown_ms);
        prop_assert_eq!(mean.groups.iter().map(|g| g.figure.down_ms).sum::<u64>(), service.figure.down_ms);
    }
}
