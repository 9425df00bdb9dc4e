//! What an instant of the past costs the first time it is asked about.
//!
//! `cargo bench -p collector --bench recall [-- DAYS]`. One agent's 200 checks every 60 s for a year (or
//! DAYS), accepted minute by minute and merged day by day as the nightly pass does; then derived again from
//! the groups up to an instant, as `--as-of` does, and loaded from the checkpoint, as a start does.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::time::Instant;

use collector::compact::next_day;
use collector::journal::{Act, Head};
use collector::ledger::Ledger;
use collector::recall::recall;
use collector::store::{BatchRow, Mark, Receipts, SqliteStore, Store, StreamRow, Write};
use collector_api::{
    Batch, Chain, CheckEntry, ClockReading, ConfigRecord, Group, Reason, Record, SigningKey, Start, StreamId,
    Verdict,
};
use collector_derive::step;
use config::AgentId;
use prost::Message as _;

const CHECKS: u32 = 200;
const EVERY_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
const BEGIN_MS: i64 = 1_767_222_000_000;

/// What is judged costs nothing here: what is asked is only what was known.
const CHARTER: &str = "organisation: {name: Bench}\nsites: {ced: {agents: [ced1]}}\n\
    services: {web: {components: {front: {probe: tcp, targets: {a: \"host.example:1\"}}}}}\n";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let days = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(365_i64);
    let home = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR"))?;
    let mut store = SqliteStore::open(home.path())?;
    let began = Instant::now();
    fill(&mut store, days)?;
    let samples = f64::from(u32::try_from(days)?) * 1440.0 * f64::from(CHECKS);
    println!(
        "{CHECKS} checks every 60 s, {days} days: {samples:.0} samples, filled in {:.1?}",
        began.elapsed()
    );
    drop(store);
    let store = SqliteStore::read(home.path())?;
    for (what, as_of_ms) in [
        ("a day before the end", BEGIN_MS + (days - 1) * DAY_MS),
        ("half way", BEGIN_MS + days / 2 * DAY_MS + DAY_MS / 2),
        ("nothing came since", BEGIN_MS + (days + 1) * DAY_MS),
    ] {
        let (began, worked) = (Instant::now(), cpu_s()?);
        let recalled = recall(&store, step, as_of_ms)?;
        let took = began.elapsed();
        println!(
            "{what:>24}: {took:>8.2?}, {:>6.2} s of a processor, {:>5.1} MB of runs, {:.0} MB at most so far",
            cpu_s()? - worked,
            f64::from(u32::try_from(recalled.bytes())?) / 1e6,
            peak_mb()?
        );
    }
    let began = Instant::now();
    Ledger::load(&store, step)?;
    println!("{:>24}: {:>8.2?}", "a start, for comparison", began.elapsed());
    Ok(())
}

/// Day by day, each in one transaction and then merged.
fn fill(store: &mut SqliteStore, days: i64) -> Outcome<()> {
    let charter = config::parse(CHARTER, "bench.yaml").map_err(|error| error.to_string())?.vedetta.charter;
    let head = Head::EMPTY;
    let act = Act::Revision { charter: Box::new(charter), source: String::new() };
    store.commit(&[Write::Journal(head.next(BEGIN_MS, "bench", &act)?)])?;

    let key = SigningKey::from_seed(&[1; 32]).ok_or("a seed has 32 bytes")?;
    let agent = AgentId::new("ced1")?;
    let stream = StreamId([1; 16]);
    let mut random = Random(1);
    let mut down = vec![false; CHECKS as usize];
    let (mut seq, mut chain, mut receipts) = (0, Chain::genesis(stream), Receipts::NONE);
    for day in 0..days {
        let mut writes = Vec::new();
        for minute in day * 1440..(day + 1) * 1440 {
            let base_ms = BEGIN_MS + minute * EVERY_MS;
            let mut records = if minute == 0 { head_records() } else { Vec::new() };
            records.extend((0..CHECKS).map(|check| {
                let down = &mut down[check as usize];
                *down ^= random.below(if *down { 20 } else { 5_000 }) == 0;
                Record {
                    check_plus_1: check + 1,
                    slot_delta_ms: if check == 0 { 0 } else { EVERY_MS / i64::from(CHECKS) },
                    lag_ms: random.below(4),
                    outcome: Record::outcome_of(
                        if *down { Verdict::Down } else { Verdict::Up },
                        Reason::None,
                    ),
                    duration: 400 + random.below(60),
                    ..Record::default()
                }
            }));
            let group = Group { first_seq: seq + 1, base_ms, records };
            let (first_seq, before) = (seq + 1, chain);
            seq = group.next_seq() - 1;
            let groups = [group.encode_to_vec()];
            chain = chain.extend(&groups[0]);
            let received_ms = base_ms + EVERY_MS;
            let clock = ClockReading { sent_ms: received_ms, offset_ms: 3, rtt_ms: 2, ntp_error_ms: 1 };
            let batch = Batch::pack(stream, (first_seq, seq), before, &groups, clock, &key)?;
            let header = batch.check_header()?;
            receipts = receipts.and(first_seq, seq, received_ms, &clock);
            writes.push(Write::Batch(BatchRow::received(batch, &header, received_ms)));
        }
        let mark = Mark { last_seq: seq, chain };
        writes.push(Write::Stream(StreamRow {
            stream,
            agent: agent.clone(),
            spoken_ms: None,
            mark,
            receipts,
        }));
        store.commit(&writes)?;
        while let Some(day) = next_day(store, stream, BEGIN_MS + (day + 3) * DAY_MS)? {
            let until = Write::Meta(format!("merged/{stream}"), day.until_seq.to_be_bytes().to_vec());
            store.commit(&day.row.map(Write::Merged).into_iter().chain([until]).collect::<Vec<_>>())?;
        }
    }
    let checkpoint = Ledger::rebuild(store, step)?.checkpoint();
    Ok(store.commit(&checkpoint.writes)?)
}

fn head_records() -> Vec<Record> {
    let entries = (0..CHECKS).map(|index| CheckEntry {
        index,
        check: format!("service{}.component.target{index}", index % 7),
        interval_ms: EVERY_MS.unsigned_abs(),
        hold_ms: 3 * EVERY_MS.unsigned_abs(),
    });
    let start = Start { at_ms: BEGIN_MS, version: String::new(), boot_id: String::new(), last_durable_ms: 0 };
    let config = ConfigRecord { revision: 1, begins: true, entries: entries.collect() };
    vec![
        Record { start: Some(start), ..Record::default() },
        Record { config: Some(config), ..Record::default() },
    ]
}

/// What this process has worked so far, s.
fn cpu_s() -> Outcome<f64> {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF)?;
    let seconds =
        |time: nix::sys::time::TimeVal| format!("{}.{:06}", time.tv_sec(), time.tv_usec()).parse::<f64>();
    Ok(seconds(usage.user_time())? + seconds(usage.system_time())?)
}

/// The most this process ever held, MB.
fn peak_mb() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1e3)
}

/// Numerical Recipes' generator: the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(bound)).unwrap_or(0)
    }
}
