//! What deriving costs: a sample's share of `step`, a year's figures cold and warm, charters made ready for it, a
//! check-year's bytes.
//!
//! `cargo bench -p collector-derive`. Prints the least, the median and the greatest of many rounds; nothing
//! is asserted, because wall time is the machine's. Cold means that 64 MiB were written since the last
//! round, so that nothing of the runs is in a cache.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use collector_api::{
    CheckEntry, ClockReading, ConfigRecord, Group, Reason, Record, Start, StreamId, Verdict,
};
use collector_derive::{
    Accepted, Charters, Period, Run, RunIndex, StreamRuns, StreamState, Vantage, decode_runs, encode_runs,
    step, year,
};
use config::{
    Availability, Charter, CharterAct, Check, CheckId, Commitment, Component, Family, Fraction, HostPort, Id,
    Node, Organisation, Part, Probe, Quorum, Rules, Service, Site, TcpParams, Timing,
};
use prost::Message as _;

const CHECKS: usize = 200;
const CHANGES: usize = 220;
const ROUNDS: usize = 60;
const YEAR: i16 = 2026;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    samples(&mut out)?;
    figures(&mut out, 1)?;
    figures(&mut out, 3)?;
    charters(&mut out)?;
    packs(&mut out)
}

/// `step` over 1,000 slots (decoding, runs, newest samples) of 200 checks, in groups of one slot and batches of ten.
fn samples(out: &mut impl io::Write) -> io::Result<()> {
    const SLOTS: usize = 1_000;
    let mut noise = Noise(1);
    let mut seq = 1;
    let mut batches: Vec<(u64, u64, Vec<u8>)> = Vec::new();
    let mut opening = vec![Record { start: Some(Start::default()), ..Record::default() }];
    opening.push(Record { config: Some(dictionary()), ..Record::default() });
    push(&mut batches, &mut seq, &Group { first_seq: 1, base_ms: 0, records: opening });
    for slot in 0..SLOTS {
        if slot % 10 == 0 {
            batches.push((seq, seq, Vec::new()));
        }
        let record = |check: usize| {
            let failing = (slot + check) % 97 < 2;
            let (verdict, reason) =
                if failing { (Verdict::Down, Reason::ConnectTimeout) } else { (Verdict::Up, Reason::None) };
            Record {
                check_plus_1: u32::try_from(check).unwrap() + 1,
                slot_delta_ms: 300,
                lag_ms: 1,
                outcome: Record::outcome_of(verdict, reason),
                duration: 900,
                evidence: if failing { vec![7; 120] } else { Vec::new() },
                ..Record::default()
            }
        };
        let base_ms = i64::try_from(slot).unwrap() * 60_000 + noise.below(5);
        let group = Group { first_seq: seq, base_ms, records: (0..CHECKS).map(record).collect() };
        push(&mut batches, &mut seq, &group);
    }
    let clock = ClockReading { ntp_error_ms: 1, ..ClockReading::default() };
    let count = u32::try_from(SLOTS * CHECKS).unwrap();
    let all = measure(false, || {
        let (mut state, mut closed) = (StreamState::default(), Vec::new());
        for (first_seq, last_seq, groups) in &batches {
            let received_ms = i64::MAX;
            let batch = Accepted { first_seq: *first_seq, last_seq: *last_seq, received_ms, clock, groups };
            step(&mut state, &batch, &mut closed);
        }
        closed.len()
    });
    report(out, "step, per sample", all.map(|round| round / count))?;
    let decode = measure(false, || {
        let groups = batches.iter().flat_map(|(.., groups)| collector_api::unpack_groups(groups));
        groups.map(|group| Group::read(group.unwrap()).unwrap().records.len()).sum()
    });
    report(out, "  next to it, whole records by prost alone", decode.map(|round| round / count))
}

fn push(batches: &mut Vec<(u64, u64, Vec<u8>)>, seq: &mut u64, group: &Group) {
    if batches.is_empty() {
        batches.push((1, 1, Vec::new()));
    }
    let (_, last_seq, groups) = batches.last_mut().unwrap();
    group.encode_length_delimited(groups).unwrap();
    *seq = group.next_seq();
    *last_seq = *seq - 1;
}

fn dictionary() -> ConfigRecord {
    let entry = |place: usize| CheckEntry {
        index: u32::try_from(place).unwrap(),
        check: check_id(place).to_string(),
        interval_ms: 60_000,
        hold_ms: 150_000,
    };
    ConfigRecord { revision: 1, begins: true, entries: (0..CHECKS).map(entry).collect() }
}

/// A year of 200 checks with 220 changes each: 50 services, half of them with a quorum of two of four.
fn figures(out: &mut impl io::Write, vantages: usize) -> io::Result<()> {
    let agents: Vec<Id> = (0..vantages).map(|place| id("agent", place)).collect();
    let vantage = |check: usize, agent: &Id, place: usize| Vantage {
        agent: agent.clone(),
        streams: vec![StreamRuns {
            stream: StreamId([1; 16]),
            opened_ms: 0,
            // Vantages see the same, a few seconds apart.
            closed: runs_of_a_year(check, i64::try_from(place).unwrap() * 7_000),
            open: None,
        }],
    };
    let seen = |check| agents.iter().enumerate().map(|(place, agent)| vantage(check, agent, place)).collect();
    let runs = RunIndex { checks: (0..CHECKS).map(|check| (check_id(check), seen(check))).collect() };
    let history = [(0, charter(agents.clone()))];
    let as_of_ms = Period::civil_year(YEAR).end_ms();
    let figured = || year(&history, &runs, YEAR, as_of_ms).services.len();
    let what = format!("figures of {CHECKS} checks, {} changes", CHECKS * CHANGES * vantages);
    report(out, &format!("{what}, cold"), measure(true, figured))?;
    report(out, &format!("{what}, warm"), measure(false, figured))
}

/// What a scrape does before it asks for the runs, at two lengths of history: it may grow as they do.
fn charters(out: &mut impl io::Write) -> io::Result<()> {
    let plain = charter(vec![id("agent", 0)]);
    let mut before = plain.clone();
    let mut renamed = plain.clone();
    if let Node::Part(part) = &mut before.services[0].components[0].node {
        (part.checks[0].target, part.checks[0].id) = (id("former", 0), former());
    }
    if let Node::Part(part) = &mut renamed.services[0].components[0].node {
        part.checks[0].facts.was = Some(former());
    }
    let (period, end_ms) = (Period::civil_year(YEAR), Period::civil_year(YEAR).end_ms());
    for revisions in [25, 50] {
        let at = |revision: usize| period.start_ms() + i64::try_from(revision).unwrap() * 86_400_000;
        let never: Vec<_> = (0..revisions).map(|revision| (at(revision), plain.clone())).collect();
        let of = |revision: usize| if revision < revisions / 2 { &before } else { &renamed };
        let once: Vec<_> = (0..revisions).map(|revision| (at(revision), of(revision).clone())).collect();
        for (what, history) in [("nothing renamed", never), ("one check renamed", once)] {
            let made_ready = || {
                black_box(Charters::of(&history, period, end_ms));
                revisions
            };
            report(
                out,
                &format!("{revisions} charters of {CHECKS} checks, {what}"),
                measure(false, made_ready),
            )?;
        }
    }
    Ok(())
}

fn former() -> CheckId {
    CheckId::of(&[id("service", 0), id("component", 0), id("former", 0)])
}

/// One check's year in a pack, and how fast packs are read.
fn packs(out: &mut impl io::Write) -> io::Result<()> {
    let years: Vec<Vec<Run>> = (0..CHECKS).map(|check| runs_of_a_year(check, 0)).collect();
    let whole: usize = years.iter().map(|runs| encode_runs(runs).len()).sum();
    writeln!(out, "{:<52} {:>8} bytes", "a check-year in a pack", whole / CHECKS)?;
    let packed: Vec<Vec<u8>> = years.iter().map(|runs| encode_runs(runs)).collect();
    let count = u32::try_from(CHECKS * CHANGES).unwrap();
    let read = measure(false, || packed.iter().map(|pack| decode_runs(pack).unwrap().len()).sum());
    report(out, "reading a pack, per run", read.map(|round| round / count))
}

/// `[least, median, greatest]` of many rounds.
fn measure(cold: bool, mut work: impl FnMut() -> usize) -> [Duration; 3] {
    let mut cache = vec![0_u8; 64 << 20];
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|round| {
            if cold {
                cache.fill(u8::try_from(round).unwrap());
                black_box(&cache);
            }
            let began = Instant::now();
            black_box(work());
            began.elapsed()
        })
        .collect();
    rounds.sort();
    [rounds[0], rounds[ROUNDS / 2], rounds[ROUNDS - 1]]
}

fn report(out: &mut impl io::Write, what: &str, [least, median, greatest]: [Duration; 3]) -> io::Result<()> {
    writeln!(out, "{what:<52} min {least:>10.1?}  median {median:>10.1?}  max {greatest:>10.1?}")
}

/// 220 runs, up and down by turns, at one sample a minute and 200 numbers a minute.
fn runs_of_a_year(check: usize, shift_ms: i64) -> Vec<Run> {
    let mut noise = Noise(check as u64 + 1);
    let mut at_ms = Period::civil_year(YEAR).start_ms() + shift_ms;
    let mut seq = check as u64 + 3;
    let run = |change: usize| {
        let (verdict, reason, count) = match change % 2 {
            0 => (Verdict::Up, Reason::None, 4_000 + noise.below(1_500)),
            _ => (Verdict::Down, Reason::ConnectTimeout, 2 + noise.below(12)),
        };
        let first_ms = at_ms + noise.below(5);
        let last_ms = at_ms + (count - 1) * 60_000 + noise.below(5);
        let strides = 200 * u64::try_from(count - 1).unwrap();
        let (first_seq, last_seq) = (seq, seq + strides + u64::try_from(noise.below(4)).unwrap());
        (at_ms, seq) = (at_ms + count * 60_000, seq + strides + 200);
        Run {
            verdict,
            reason,
            first_seq,
            last_seq,
            first_ms,
            last_ms: last_ms.max(first_ms),
            count: u64::try_from(count).unwrap(),
            until_ms: last_ms.max(first_ms) + 150_000,
        }
    };
    (0..CHANGES).map(run).collect()
}

fn charter(agents: Vec<Id>) -> Charter {
    let target = Fraction::new(98, 100).unwrap();
    let site = id("site", 0);
    let service = |place: usize| Service {
        id: id("service", place),
        row: None,
        name: String::new(),
        users: Vec::new(),
        commitments: vec![Commitment::Availability(Availability { target, strict: true })],
        components: vec![Component {
            id: id("component", 0),
            name: String::new(),
            publish: true,
            node: Node::Part(Part {
                up_if: if place.is_multiple_of(2) { Quorum::All } else { Quorum::AtLeast(2) },
                checks: (4 * place..4 * place + 4).map(|check| charter_check(check, &site)).collect(),
                group_by: None,
            }),
            about: config::About::default(),
            life: config::Life::default(),
            needs: Vec::new(),
            weight: None,
        }],
        figure: config::FigureRule::AllUp,
        about: config::About::default(),
        was: None,
        burn: Vec::new(),
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
            confirm_down: 2,
            confirm_up: 1,
            coverage_min: Fraction::new(99, 100).unwrap(),
            readings: config::Readings::default(),
        },
        sites: vec![Site {
            id: site.clone(),
            agents,
            users: Vec::new(),
            facts: config::SiteFacts::default(),
        }],
        services: (0..CHECKS / 4).map(service).collect(),
        calendars: Vec::new(),
        canaries: Vec::new(),
        alerting: Vec::new(),
    }
}

fn charter_check(place: usize, site: &Id) -> Check {
    Check {
        id: check_id(place),
        target: id("target", place),
        from: vec![site.clone()],
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
            Family::V4,
        )),
        facts: config::TargetFacts::default(),
        judged: config::Judged::default(),
    }
}

fn check_id(place: usize) -> CheckId {
    CheckId::of(&[id("service", place / 4), id("component", 0), id("target", place)])
}

fn id(what: &str, place: usize) -> Id {
    Id::new(format!("{what}{place}")).unwrap()
}

/// Small numbers without order, the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % end
    }
}
