//! A year of Senigallia's charter with outages of every cause, delivered as agents deliver, has the figures that
//! an independent model gives: to the millisecond.

mod events;
mod model;

use std::collections::BTreeMap;

use collector::publish::api::{Figure, Year};
use collector_api::{ClockReading, Lost, LostReason, Reason, Record, Verdict};
use config::{Component, FigureRule, Node, SiteId};
use harness::place::get;
use harness::{Feeder, Place};

use events::{CORRECTIONS, Correction, END_MS, Effect, MINUTE_MS, START_MS};
use model::{Model, Sums, World};

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
    let place = Place::of_charter(
        &charter_text(),
        &[
            ("senigallia-ap.csv", &points),
            (
                "senigallia-applicazioni.csv",
                include_str!("../../config/examples/senigallia-applicazioni.csv"),
            ),
            ("senigallia-host.csv", include_str!("../../config/examples/senigallia-host.csv")),
            ("senigallia-backup.csv", include_str!("../../config/examples/senigallia-backup.csv")),
        ],
    );
    let charter = config::load(&place.path("vedetta.yaml")).unwrap().vedetta.charter;
    let mut world = World::new();
    for (seed, agent) in (1..).zip(charter.agents()) {
        let here = |site: &SiteId| charter.site(site).unwrap().agents.contains(agent);
        let own = charter.checks().filter(|check| check.from.iter().any(here));
        let checks: Vec<String> = own.map(|check| check.id.to_string()).collect();
        let mut feeder = Feeder::enrolled(&place.line_for(agent.as_str()), seed);
        Telling { agent: agent.as_str(), checks: &checks, feeder: &mut feeder, world: &mut world }.tell();
    }

    for Correction { scope, typed: [from, to], down, .. } in CORRECTIONS {
        let mut arguments =
            if *down { vec!["force", "down", scope, "--evidence", "prova"] } else { vec!["annul", scope] };
        arguments.extend(["--from", from, "--to", to, "--note", "prova"]);
        let output = place.collector_command(&arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    let year: Year = serde_json::from_str(&get(place.listening().web, "/api/v1/years/2025")).unwrap();
    let model = Model::of(&charter, &world, HOLD_MS);
    let mut compared = 0;
    for service in charter.services.iter().filter(|service| service.checks().next().is_some()) {
        let told = year.services.iter().find(|told| told.id == service.id.as_str()).unwrap();
        assert_same(service.id.as_str(), &told.figure, model.service(service, MEASURED_FROM_MS, END_MS));
        let ours: BTreeMap<&str, &Figure> =
            told.components.iter().map(|component| (component.path.as_str(), &component.figure)).collect();
        each(&service.components, "", &mut |path, component| {
            if matches!(&service.figure, FigureRule::MeanOf(of) if of == &component.id) {
                // Its members are in the mean; its own state says only whether half of them work.
                return;
            }
            let name = format!("{}.{path}", service.id);
            assert_same(&name, ours[path], model.of_component(component, MEASURED_FROM_MS, END_MS));
            compared += 1;
        });
        assert!(told.figure.down_ms > 0, "{}: nothing happened to it", service.id);
    }
    assert!(compared > 20, "{compared} components");
    place.assert_verifies();
}

/// The example as it is shipped, in force in the year that is told.
fn charter_text() -> String {
    let text = include_str!("../../config/examples/senigallia.yaml");
    let (charter, _) = text.split_once("\ncollector:").unwrap();
    charter
        .replace("in_force_from: 2027-01-01", "in_force_from: 2025-01-01")
        .replace("measured_from: 2027-03-15", "measured_from: 2025-03-15")
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
    let told = Sums { up: told.up_ms, down: told.down_ms, unknown: told.unknown_ms };
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
