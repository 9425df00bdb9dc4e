//! A year of Senigallia's charter with outages of every cause, delivered as agents deliver, has the figures that
//! an independent model gives: to the millisecond. In the middle of it another charter comes into force; some of the
//! stops are in planned work, announced in time or not; one promise is about the offices' hours alone.

pub(crate) mod dated;
mod events;
mod model;

use std::collections::BTreeMap;

use collector::publish::api::{Figure, ServiceYear, Stretch, Year};
use collector_api::{ClockReading, Lost, LostReason, Reason, Record, Verdict};
use config::{Component, FigureRule, Node, SiteId};
use harness::Feeder;
use harness::place::get;

use dated::Dated;
use events::{CHANGE_MS, CORRECTIONS, Correction, END_MS, Effect, MINUTE_MS, PLANNED, Planned, START_MS};
use model::{Asked, Model, Read, Sums, World, office_hours};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// When the collector starts.
const BEGIN_MS: i64 = START_MS - 4 * DAY_MS;
/// Agents ask every twenty minutes, so that a debug build tells a year in seconds; the rules know no other difference.
const EVERY_MS: i64 = 20 * MINUTE_MS;
const HOLD_MS: i64 = EVERY_MS * 5 / 2;
/// 2025-03-15 00:00 in Rome.
const MEASURED_FROM_MS: i64 = START_MS + 73 * 24 * 60 * MINUTE_MS;

#[test]
fn a_year_of_every_cause_has_the_models_figures() {
    let points =
        include_str!("../../config/examples/senigallia-ap.csv").replace(";2027-06-01;", ";2025-06-01;");
    assert!(points.contains("2025-06-01"), "the example has an access point that comes later");
    let place = Dated::serving(
        &first_charter(),
        &[
            ("senigallia-ap.csv", &points),
            (
                "senigallia-applicazioni.csv",
                include_str!("../../config/examples/senigallia-applicazioni.csv"),
            ),
            ("senigallia-host.csv", include_str!("../../config/examples/senigallia-host.csv")),
            ("senigallia-backup.csv", include_str!("../../config/examples/senigallia-backup.csv")),
        ],
        BEGIN_MS,
    );
    let load = || config::load(&place.config()).unwrap().vedetta.charter;
    let before = load();
    let plan = |work: &Planned| {
        place.at(START_MS + work.entered * MINUTE_MS);
        let [from, to] = [work.from, work.to].map(|minute| instant(START_MS + minute * MINUTE_MS));
        let said =
            place.says(&["maintenance", "add", work.scope, "--from", &from, "--to", &to, "--note", "prova"]);
        assert_eq!(said.contains("TARDIVA"), !work.in_time, "{said}");
    };
    PLANNED.iter().filter(|work| START_MS + work.entered * MINUTE_MS < CHANGE_MS).for_each(plan);
    place.at(CHANGE_MS);
    place.reload(&second_charter());
    let charter = load();
    PLANNED.iter().filter(|work| START_MS + work.entered * MINUTE_MS >= CHANGE_MS).for_each(plan);
    place.at(END_MS + DAY_MS);
    let mut world = World::new();
    for (seed, agent) in (1..).zip(charter.agents()) {
        let here = |site: &SiteId| charter.site(site).unwrap().agents.contains(agent);
        let own = charter.checks().filter(|check| check.from.iter().any(here));
        let checks: Vec<String> = own.map(|check| check.id.to_string()).collect();
        let mut feeder = Feeder::enrolled_then(&place.line_for(agent.as_str()), seed, BEGIN_MS);
        Telling { agent: agent.as_str(), checks: &checks, feeder: &mut feeder, world: &mut world }.tell();
    }
    for Correction { scope, typed: [from, to], down, .. } in CORRECTIONS {
        let mut arguments =
            if *down { vec!["force", "down", scope, "--evidence", "prova"] } else { vec!["annul", scope] };
        arguments.extend(["--from", from, "--to", to, "--note", "prova"]);
        place.says(&arguments);
    }

    let year: Year = serde_json::from_str(&get(place.listening().web, "/api/v1/years/2025")).unwrap();
    let model = Model::of([&before, &charter], &world, HOLD_MS);
    let mut compared = 0;
    for service in charter.services.iter().filter(|service| service.checks().next().is_some()) {
        let told = year.services.iter().find(|told| told.id == service.id.as_str()).unwrap();
        compare_service(told, &model);
        let ours: BTreeMap<&str, &Figure> =
            told.components.iter().map(|component| (component.path.as_str(), &component.figure)).collect();
        each(&service.components, "", &mut |path, component| {
            if matches!(&service.figure, FigureRule::MeanOf(of) if of == &component.id) {
                // Its members are in the mean; its own state says only whether half of them work.
                return;
            }
            let name = format!("{}.{path}", service.id);
            assert_same(&name, ours[path], model.of_component(service.id.as_str(), path, WHOLE));
            compared += 1;
        });
        assert!(told.figure.down_ms > 0, "{}: nothing happened to it", service.id);
    }
    assert!(compared > 20, "{compared} components");
    let of = |id: &str| year.services.iter().find(|told| told.id == id).unwrap();
    compare_members(of("wifi"), &points, &model);
    assert_eq!(of("data_center").stretches.len(), 2, "promise and tree are others in the second half");
    assert!(of("data_center").figure.maintenance_ms > 0 && of("data_center").net.is_some());
    assert!(of("intranet").within.len() == 1 && of("intranet").within[0].figure.down_ms > 0);
    place.says(&["verify"]);
}

/// What is measured of the year.
const WHOLE: Asked<'_> = Asked { from_ms: MEASURED_FROM_MS, to_ms: END_MS, hours: None, read: Read::Own };

/// A service's figures: its own, with planned stops counted and left out, of each stretch, of promised hours.
fn compare_service(told: &ServiceYear, model: &Model<'_>) {
    let id = told.id.as_str();
    assert_same(id, &told.figure, model.service(id, WHOLE));
    for (what, other, read) in [("gross", &told.gross, Read::Counted), ("net", &told.net, Read::Left)] {
        let other = other.as_ref().unwrap_or(&told.figure);
        assert_same(&format!("{id}, {what}"), other, model.service(id, Asked { read, ..WHOLE }));
    }
    for Stretch { start_ms, end_ms, figure, .. } in &told.stretches {
        let asked = Asked { from_ms: MEASURED_FROM_MS.max(*start_ms), to_ms: *end_ms, ..WHOLE };
        assert_same(&format!("{id} from {start_ms}"), figure, model.service(id, asked));
    }
    let hours = office_hours();
    for within in &told.within {
        assert_eq!(within.commitment.hours.as_deref(), Some("uffici"));
        let asked = Asked { hours: Some(&hours), ..WHOLE };
        assert_same(&format!("{id} in the offices' hours"), &within.figure, model.service(id, asked));
        let net = within.net.as_ref().unwrap_or(&within.figure);
        let asked = Asked { read: Read::Left, ..asked };
        assert_same(&format!("{id} in the offices' hours, net"), net, model.service(id, asked));
    }
}

/// Each member of the mean, and each group as the file has it.
fn compare_members(told: &ServiceYear, file: &str, model: &Model<'_>) {
    let members = told.members.as_ref().unwrap();
    let mut areas: BTreeMap<&str, Sums> = BTreeMap::new();
    let expected = model.members(&told.id, WHOLE);
    assert_eq!(members.each.len(), expected.len());
    for (check, weight, sums) in expected {
        let member = members.each.iter().find(|member| member.check == check).unwrap();
        assert_eq!(member.weight, weight);
        assert_same(&check, &member.figure, sums);
        let (_, name) = check.rsplit_once('.').unwrap();
        let row = file.lines().find(|row| row.starts_with(&format!("{name};"))).unwrap();
        let area = areas.entry(row.split(';').nth(2).unwrap()).or_default();
        area.up += weight * sums.up;
        area.down += weight * sums.down;
        area.unknown += weight * sums.unknown;
    }
    assert_eq!(members.groups.len(), areas.len());
    for group in &members.groups {
        assert_same(&group.name, &group.figure, areas[group.name.as_str()]);
    }
}

/// As it is typed.
fn instant(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap().to_string()
}

/// The example as it is shipped, in force in the year that is told, with a promise about the offices' hours.
fn first_charter() -> String {
    let text = include_str!("../../config/examples/senigallia.yaml");
    let (charter, _) = text.split_once("\ncollector:").unwrap();
    let charter = charter
        .replace("in_force_from: 2027-01-01", "in_force_from: 2025-01-01")
        .replace("measured_from: 2027-03-15", "measured_from: 2025-03-15");
    let (before, intranet) = charter.split_once("\n  intranet:").unwrap();
    let around = "commitments: [{kind: availability, above: 98%, hours: 24x7}]";
    let hours = "commitments: [{kind: availability, above: 99%, hours: uffici}]";
    format!("{before}\n  intranet:{}", changed(intranet, around, hours))
}

/// The same from the middle of the year on: stops in planned work are left out, the data center promises less, and both
/// stores must work.
fn second_charter() -> String {
    let charter = changed(&first_charter(), "maintenance: counts ", "maintenance: excluded_down ");
    let charter =
        changed(&charter, "above: 98%, hours: 24x7}]\n    owner", "above: 97%, hours: 24x7}]\n    owner");
    changed(&charter, "san2: \"192.0.2.21:3260\"}, up_if: any", "san2: \"192.0.2.21:3260\"}, up_if: all")
}

/// With the first `from` as `to`; there must be one.
fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the example has no `{from}`");
    text.replacen(from, to, 1)
}

fn each<'a>(components: &'a [Component], parent: &str, visit: &mut impl FnMut(&str, &'a Component)) {
    for component in components {
        let path = format!("{parent}{}", component.id);
        visit(&path, component);
        if let Node::All(parts) | Node::Some { parts, .. } = &component.node {
            each(parts, &format!("{path}."), visit);
        }
    }
}

#[track_caller]
fn assert_same(name: &str, told: &Figure, model: Sums) {
    let told =
        Sums { up: told.up_ms, down: told.down_ms, unknown: told.unknown_ms, excluded: told.maintenance_ms };
    assert_eq!(told, model, "{name}: left is the product's, right the model's");
}

/// One agent's year.
struct Telling<'a> {
    agent: &'a str,
    checks: &'a [String],
    feeder: &'a mut Feeder,
    world: &'a mut World,
}

impl Telling<'_> {
    /// From two days before the year to half a day after it.
    fn tell(mut self) {
        let mut slot_ms = START_MS - 48 * EVERY_MS;
        self.begin(slot_ms);
        let mut before = None;
        while slot_ms < END_MS + 12 * EVERY_MS {
            let effect = events::of_agent(self.agent, slot_ms);
            match effect {
                Some(Effect::Loss) if before != effect => self.lose(slot_ms),
                Some(Effect::Silence | Effect::Loss) => {}
                _ => {
                    if before == Some(Effect::Silence) {
                        self.begin(slot_ms);
                    }
                    if (effect == Some(Effect::Doubt)) != (before == Some(Effect::Doubt)) {
                        let doubt = effect.map(|_| ClockReading::default());
                        self.feeder.reads_clock(doubt);
                    }
                    self.ask(slot_ms, effect == Some(Effect::Doubt));
                }
            }
            before = effect;
            slot_ms += EVERY_MS;
        }
        self.feeder.deliver();
    }

    /// The agent starts, and says what its numbers mean.
    fn begin(&mut self, at_ms: i64) {
        let timing = |check: &String| (check.clone(), EVERY_MS.unsigned_abs(), HOLD_MS.unsigned_abs());
        let checks: Vec<_> = self.checks.iter().map(timing).collect();
        self.feeder.open(at_ms, &checks);
    }

    /// A day of samples is gone: they were numbered.
    fn lose(&mut self, from_ms: i64) {
        let slots = (from_ms..).step_by(usize::try_from(EVERY_MS).unwrap());
        let slots =
            slots.take_while(|at_ms| events::of_agent(self.agent, *at_ms) == Some(Effect::Loss)).count();
        let lost = Lost {
            count: u64::try_from(slots * self.checks.len()).unwrap(),
            reason: LostReason::Cap.into(),
            from_ms,
            to_ms: from_ms + i64::try_from(slots).unwrap() * EVERY_MS,
            dictionary_kept: true,
        };
        self.feeder.push(from_ms, vec![Record { lost: Some(lost), ..Record::default() }]);
        for check in self.checks {
            self.seen(check).cuts.push(from_ms);
        }
    }

    /// One slot: each check a little later than the one before.
    fn ask(&mut self, slot_ms: i64, in_doubt: bool) {
        let mut records = Vec::with_capacity(self.checks.len());
        for (place, check) in self.checks.iter().enumerate() {
            let delta_ms = if place == 0 { 0 } else { 701 };
            let at_slot_ms = slot_ms + 701 * i64::try_from(place).unwrap();
            // An odd number of ms late, another one each time.
            let lag_ms = u32::try_from(
                (slot_ms / EVERY_MS * 7_919 + i64::try_from(place).unwrap() * 31).rem_euclid(997),
            );
            let lag_ms = lag_ms.unwrap();
            let at_ms = at_slot_ms + i64::from(lag_ms);
            let (verdict, reason) = match events::effect(check, self.agent, slot_ms) {
                Some(Effect::Says(verdict, reason)) => (verdict, reason),
                _ => (Verdict::Up, Reason::None),
            };
            records.push(Record {
                check_plus_1: u32::try_from(place).unwrap() + 1,
                slot_delta_ms: delta_ms,
                lag_ms,
                outcome: Record::outcome_of(verdict, reason),
                ..Record::default()
            });
            self.seen(check).samples.push((at_ms, if in_doubt { Verdict::Unknown } else { verdict }));
        }
        self.feeder.push(slot_ms, records);
    }

    fn seen(&mut self, check: &str) -> &mut model::Seen {
        self.world.entry((check.to_owned(), self.agent.to_owned())).or_default()
    }
}
