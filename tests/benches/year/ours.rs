//! Our side: eight agents tell their year, then a fresh collector is asked for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use collector::publish::api::{Figure, Year};
use collector::store::{SqliteStore, Store as _};
use collector_api::{Reason, Record, Verdict};
use harness::{Feeder, Place};

use crate::ask::{ask, timed};
use crate::process::peak_kib;
use crate::world::{AGENTS, Counted, MINUTE_MS, MINUTES, START_MS, Said, World};
use crate::{Answered, Measured};

const PATH: &str = "/api/v1/years/2025?outages=none";
const ROUNDS: usize = 21;
/// Minutes of one group.
const GROUP: usize = 40;

pub(crate) fn measure(world: &World) -> Measured {
    let mut place = Place::of_charter(&charter(world), &[]);
    std::thread::scope(|scope| {
        for agent in 0..AGENTS {
            let line = place.line_for(&format!("a{agent}"));
            let seed = u8::try_from(agent).unwrap() + 1;
            scope.spawn(move || tell(world, agent, Feeder::enrolled(&line, seed)));
        }
    });
    place.take_collector().terminate();
    place.start_collector();
    let collector = place.take_collector();
    let port = place.listening().web.port();
    let (bodies, [first, median]) = timed(ROUNDS, || {
        let (body, took) = ask(port, "GET", PATH, &[]);
        (vec![body], took)
    });
    let year: Year = serde_json::from_str(&bodies[0]).unwrap();
    let answered = |figures: usize, inexact| Answered {
        first,
        median,
        figures,
        inexact,
        peak_kib: peak_kib(collector.pid()),
    };
    let checks = answered(world.checks(), inexact_checks(world, &year));
    let services = answered(world.services(), inexact_services(world, &year));
    collector.terminate();
    let store = SqliteStore::read(&place.state()).unwrap();
    let bytes = store
        .runs()
        .unwrap()
        .iter()
        .map(|pack| pack.runs.len() + pack.check.as_str().len() + 24)
        .sum::<usize>();
    Measured { name: "vedetta", checks, services, bytes: u64::try_from(bytes).unwrap() }
}

fn inexact_checks(world: &World, year: &Year) -> usize {
    let told =
        year.services.iter().flat_map(|service| &service.components).flat_map(|component| &component.checks);
    let told: BTreeMap<&str, &Figure> = told.map(|check| (check.id.as_str(), &check.figure)).collect();
    let wrong = |check: &usize| counted(told[id(*check).as_str()]) != world.defined(*check..*check + 1, 1);
    (0..world.checks()).filter(wrong).count()
}

fn inexact_services(world: &World, year: &Year) -> usize {
    let wrong = |service: &usize| {
        counted(&year.services[*service].figure)
            != world.defined(world.members(*service), world.need(*service))
    };
    (0..world.services()).filter(wrong).count()
}

fn counted(figure: &Figure) -> Counted {
    Counted { up: figure.up_ms, down: figure.down_ms, unknown: figure.unknown_ms }
}

fn id(check: usize) -> String {
    format!("s{}.c.t{check}", check / crate::world::MEMBERS)
}

/// One agent's year, group by group.
fn tell(world: &World, agent: usize, mut feeder: Feeder) {
    let own: Vec<usize> = (0..world.checks()).filter(|check| World::agent(*check) == agent).collect();
    let dictionary: Vec<_> = own.iter().map(|check| (id(*check), 60_000, 150_000)).collect();
    feeder.open(START_MS - MINUTE_MS, &dictionary);
    for first in (0..MINUTES).step_by(GROUP) {
        let base_ms = START_MS + i64::try_from(first).unwrap() * MINUTE_MS;
        let (mut records, mut slot_ms) = (Vec::with_capacity(GROUP * own.len()), base_ms);
        for minute in first..(first + GROUP).min(MINUTES) {
            let at_ms = START_MS + i64::try_from(minute).unwrap() * MINUTE_MS;
            for (place, check) in own.iter().enumerate() {
                let (verdict, reason) = match world.said[*check][minute] {
                    Said::Nothing => continue,
                    Said::Ok => (Verdict::Up, Reason::None),
                    Said::Fail => (Verdict::Down, Reason::ConnectTimeout),
                };
                records.push(Record {
                    check_plus_1: u32::try_from(place).unwrap() + 1,
                    slot_delta_ms: at_ms - slot_ms,
                    outcome: Record::outcome_of(verdict, reason),
                    duration: 700,
                    ..Record::default()
                });
                slot_ms = at_ms;
            }
        }
        if !records.is_empty() {
            feeder.push(base_ms, records);
        }
    }
    feeder.deliver();
}

fn charter(world: &World) -> String {
    let mut text = "organisation: {name: Comune di Esempio}\nrules: {confirm_down: 2}\nsites:\n".to_owned();
    for agent in 0..AGENTS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  sede{agent}: {{agents: [a{agent}], users: [uffici]}}");
    }
    text.push_str("services:\n");
    for service in 0..world.services() {
        let _ = write!(
            text,
            "  s{service}:\n    commitments: [{{kind: availability, above: 98%, hours: 24x7}}]\n    components:\n      \
             c: {{probe: tcp, every: 60s, up_if: at least {}, from: [sede{}], targets: {{",
            world.need(service),
            World::agent(world.members(service).start)
        );
        for check in world.members(service) {
            let _ = write!(text, "t{check}: \"192.0.2.1:443\", ");
        }
        text.push_str("}}\n");
    }
    text
}
