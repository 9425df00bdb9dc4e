//! A scenario as the product would hold it: a charter, and runs that came through `step`.

use collector_api::{
    CheckEntry, ClockReading, ConfigRecord, Group, Lost, LostReason, Reason, Record, Start, StreamId, Verdict,
};
use collector_derive::{Accepted, Run, RunIndex, StreamRuns, StreamState, Vantage, step};
use config::{
    AgentId, Availability, Charter, CharterAct, Check, CheckId, Commitment, Component, Fraction, HostPort,
    Id, Node, Organisation, Part, Probe, Quorum, Rules, Service, Site, TcpParams, Timing,
};
use prost::Message as _;
use serde_json::Value;

use crate::input::{RunCase, checks, list, ms, text};

pub(crate) struct World {
    pub(crate) charter: Charter,
    pub(crate) runs: RunIndex,
}

pub(crate) fn build(case: &RunCase) -> World {
    let mut sites = Vec::new();
    let mut charter_checks = Vec::new();
    let mut runs = RunIndex::default();
    for (name, check) in checks(&case.input) {
        let id = check_id(name);
        let mut vantages = Vec::new();
        let mut from = Vec::new();
        for (site, members) in sites_of(name, check) {
            let agents: Vec<AgentId> =
                members.iter().map(|(agent, _)| lower(&format!("{site}-{agent}"))).collect();
            let measured = agents.iter().zip(&members).map(|(agent, (_, seen))| Vantage {
                agent: agent.clone(),
                streams: vec![stream(&id, check, seen, case)],
            });
            vantages.extend(measured);
            from.push(site.clone());
            sites.push(Site { id: site, agents, users: Vec::new(), facts: config::SiteFacts::default() });
        }
        runs.checks.insert(id.clone(), vantages);
        charter_checks.push(charter_check(id, name, from));
    }
    World { charter: charter(&case.input, sites, charter_checks), runs }
}

/// The sites of a check, each with its vantages.
fn sites_of<'a>(name: &str, check: &'a Value) -> Vec<(Id, Vec<(String, &'a Value)>)> {
    let members = |site: &'a Value| -> Vec<(String, &'a Value)> {
        let vantages = site["vantages"].as_object();
        vantages.into_iter().flatten().map(|(name, seen)| (name.clone(), seen)).collect()
    };
    match check["sites"].as_object() {
        Some(sites) => sites.iter().map(|(name, site)| (lower(name), members(site))).collect(),
        None if check.get("vantages").is_some() => vec![(lower(name), members(check))],
        // A given timeline is what its one vantage saw.
        None => vec![(lower(name), vec![("given".to_owned(), check)])],
    }
}

fn stream(id: &CheckId, check: &Value, seen: &Value, case: &RunCase) -> StreamRuns {
    let stream = StreamId([7; 16]);
    let given = |closed| StreamRuns { stream, opened_ms: i64::MIN, closed, open: None };
    if check.get("timeline").is_some() {
        let spans = list(&check["timeline"]).iter();
        given(spans.filter_map(|span| run(ms(&span[0]), ms(&span[1]), text(&span[2]))).collect())
    } else if check.get("events").is_some() {
        given(events(list(&check["events"]), case.end_ms))
    } else {
        Deliveries::new(id, check).all(seen, case.data_as_of_ms)
    }
}

/// A state-change history: each state lasts until the next event, which may say that it did not know.
fn events(events: &[Value], end_ms: i64) -> Vec<Run> {
    let next = |index: usize| events.get(index + 1);
    let lasting = |(index, event): (usize, &Value)| {
        let known = next(index).is_none_or(|next| next[2] != "unknown");
        let until_ms = next(index).map_or(end_ms, |next| ms(&next[0]));
        run(ms(&event[0]), until_ms, if known { text(&event[1]) } else { "unknown" })
    };
    events.iter().enumerate().filter_map(lasting).collect()
}

/// A run that says `state` over `[from_ms, until_ms)`, with samples enough for any confirmation.
fn run(from_ms: i64, until_ms: i64, state: &str) -> Option<Run> {
    let verdict = match state {
        "up" => Verdict::Up,
        "down" => Verdict::Down,
        "unknown" => Verdict::Unknown,
        other => panic!("no state `{other}`"),
    };
    (from_ms < until_ms).then_some(Run {
        verdict,
        reason: Reason::None,
        first_seq: 1,
        last_seq: 1,
        first_ms: from_ms,
        last_ms: from_ms,
        count: 1_000,
        until_ms,
    })
}

/// Sends samples as an agent does: one record per group, one group per batch.
struct Deliveries {
    check: CheckId,
    state: StreamState,
    closed: Vec<Run>,
    seq: u64,
}

impl Deliveries {
    fn new(check: &CheckId, parameters: &Value) -> Self {
        let mut deliveries =
            Self { check: check.clone(), state: StreamState::default(), closed: Vec::new(), seq: 0 };
        deliveries.send(0, 0, Record { start: Some(Start::default()), ..Record::default() });
        let seconds = |name: &str| parameters[name].as_u64().unwrap() * 1_000;
        let entry = CheckEntry {
            index: 0,
            check: check.to_string(),
            interval_ms: seconds("interval"),
            hold_ms: seconds("hold"),
        };
        let config = ConfigRecord { revision: 1, begins: true, entries: vec![entry] };
        deliveries.send(0, 0, Record { config: Some(config), ..Record::default() });
        deliveries
    }

    fn all(mut self, seen: &Value, data_as_of_ms: i64) -> StreamRuns {
        let mut losses: Vec<(i64, i64)> =
            list(&seen["agent_bad"]).iter().map(|bad| (ms(&bad[0]), ms(&bad[1]))).collect();
        losses.reverse();
        let mut before = None;
        for sample in samples(seen) {
            let (at_ms, outcome, received_ms) = sample;
            if received_ms > data_as_of_ms || losses.iter().any(|&(a, b)| (a..b).contains(&at_ms)) {
                continue;
            }
            while let Some(&(from_ms, to_ms)) = losses.last().filter(|&&(_, to_ms)| to_ms <= at_ms) {
                let reason = LostReason::Cap.into();
                let lost = Lost { count: 1, reason, from_ms, to_ms, dictionary_kept: true };
                self.send(from_ms, at_ms, Record { lost: Some(lost), ..Record::default() });
                losses.pop();
            }
            let outcome = match outcome.as_str() {
                "ok" => Record::outcome_of(Verdict::Up, Reason::None),
                "fail" => Record::outcome_of(Verdict::Down, Reason::ConnectRefused),
                "error" => Record::outcome_of(Verdict::Unknown, Reason::AgentPermission),
                other => panic!("no outcome `{other}`"),
            };
            let record = Record { check_plus_1: 1, outcome, ..Record::default() };
            if before == Some((at_ms, outcome)) {
                // The same sample again is a retransmission: the same number.
                self.seq -= 1;
            }
            self.send(at_ms, received_ms, record);
            before = Some((at_ms, outcome));
        }
        let open = self.state.checks().next().and_then(|check| check.open);
        let opened_ms = self.state.opened_ms().unwrap();
        StreamRuns { stream: StreamId([7; 16]), opened_ms, closed: self.closed, open }
    }

    fn send(&mut self, base_ms: i64, received_ms: i64, record: Record) {
        self.seq += 1;
        let group = Group { first_seq: self.seq, base_ms, records: vec![record] };
        let clock = ClockReading { ntp_error_ms: 1, ..ClockReading::default() };
        let groups = group.encode_length_delimited_to_vec();
        let (first_seq, last_seq) = (self.seq, self.seq);
        let mut closed = Vec::new();
        step(
            &mut self.state,
            &Accepted { first_seq, last_seq, received_ms, clock, groups: &groups },
            &mut closed,
        );
        assert!(closed.iter().all(|closed| closed.check == self.check));
        self.closed.extend(closed.into_iter().map(|closed| closed.run));
    }
}

/// `(at_ms, outcome, received_ms)` in the order of their times.
fn samples(seen: &Value) -> Vec<(i64, String, i64)> {
    let or = |received: &Value, at_ms| if received.is_null() { at_ms } else { ms(received) };
    let mut samples = Vec::new();
    for sample in list(&seen["samples"]) {
        let at_ms = ms(&sample[0]);
        samples.push((at_ms, text(&sample[1]).to_owned(), or(&sample[2], at_ms)));
    }
    for run in list(&seen["runs"]) {
        let step_ms = usize::try_from(ms(&run["step"])).unwrap();
        for at_ms in (ms(&run["from"])..ms(&run["to"])).step_by(step_ms) {
            samples.push((at_ms, text(&run["outcome"]).to_owned(), or(&run["received"], at_ms)));
        }
    }
    samples.sort_by_key(|sample| sample.0);
    samples
}

fn charter(input: &Value, sites: Vec<Site>, checks: Vec<Check>) -> Charter {
    let number = |name: &str| {
        let given = input["checks"].as_object().unwrap().values().find_map(|check| check[name].as_u64());
        given.map_or(1, |n| u32::try_from(n).unwrap())
    };
    let target = &input["target"];
    let commitments = target["p"].as_u64().zip(target["q"].as_u64()).map(|(p, q)| {
        let strict = target["strict"].as_bool().unwrap_or(true);
        Commitment::Availability(Availability { target: Fraction::new(p, q).unwrap(), strict })
    });
    let up_if = match input["tree"]["op"].as_str() {
        None | Some("all" | "check") => Quorum::All,
        Some("any") => Quorum::Any,
        Some("n_of_m") => Quorum::AtLeast(u32::try_from(input["tree"]["n"].as_u64().unwrap()).unwrap()),
        Some(other) => panic!("no tree `{other}`"),
    };
    let component = Component {
        id: lower("c"),
        name: String::new(),
        publish: true,
        node: Node::Part(Part { up_if, checks, group_by: None }),
        about: config::About::default(),
        life: config::Life::default(),
        needs: Vec::new(),
        weight: None,
    };
    Charter {
        organisation: Organisation {
            name: "Comune di Esempio".to_owned(),
            unit: None,
            ipa_code: None,
            contact: None,
        },
        act: CharterAct { act: None, in_force_from: None, measured_from: None },
        rules: Rules {
            confirm_down: number("confirm_down"),
            confirm_up: number("confirm_up"),
            coverage_min: Fraction::new(99, 100).unwrap(),
            readings: config::Readings::default(),
        },
        sites,
        services: vec![Service {
            id: lower("s"),
            row: None,
            name: String::new(),
            users: Vec::new(),
            commitments: commitments.into_iter().collect(),
            components: vec![component],
            figure: config::FigureRule::AllUp,
            about: config::About::default(),
            was: None,
        }],
        calendars: Vec::new(),
        canaries: Vec::new(),
        alerting: Vec::new(),
    }
}

fn charter_check(id: CheckId, name: &str, from: Vec<Id>) -> Check {
    Check {
        id,
        target: lower(name),
        from,
        timing: Timing {
            every_ms: 60_000,
            timeout_ms: 5_000,
            hold_ms: 150_000,
            attempts: 1,
            warn_ms: None,
            crit_ms: None,
        },
        measures_path: false,
        probe: Probe::Tcp(TcpParams::connect(
            HostPort::parse("service.example:443", None).unwrap(),
            config::Family::V4,
        )),
        facts: config::TargetFacts::default(),
        judged: config::Judged::default(),
    }
}

fn check_id(name: &str) -> CheckId {
    CheckId::of(&[lower("s"), lower("c"), lower(name)])
}

fn lower(name: &str) -> Id {
    Id::new(name.to_lowercase()).unwrap()
}
