//! What a scrape of the example charter costs, after a month of it.
//!
//! `cargo build --release -p collector -p probe-agent --bins`, then
//! `VEDETTA_BIN_DIR=target/release cargo bench -p tests --bench scrape -- [DAYS]`. Senigallia's agents deliver their
//! days (31) through the front door, a sample of each check a minute, with a stop of some check every hour; then
//! `/metrics` is asked for two hundred times, each over a connection of its own, in both formats.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking, as the stories do")]

#[path = "year/ask.rs"]
#[expect(dead_code, reason = "this benchmark starts nobody else's server")]
mod ask;
#[path = "probing/process.rs"]
#[expect(dead_code, reason = "this benchmark asks for memory alone")]
mod process;

use collector_api::{Reason, Record, Verdict};
use config::{AgentId, Charter, SiteId};
use harness::{Feeder, Place};

use ask::{ask, timed};
use process::peak_kib;

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;
const ROUNDS: usize = 200;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let days: i64 = arguments.next().map_or(31, |text| text.parse().unwrap());
    let mut place = served(days);
    let charter = config::load(&place.path("vedetta.yaml")).unwrap().vedetta.charter;
    let checks: usize =
        (1..).zip(charter.agents()).map(|(seed, agent)| tell(&place, &charter, agent, seed, days)).sum();
    // A look of the engine at all of it, and a collector that has just started, as after a night.
    place.take_collector().terminate();
    place.start_collector();
    let collector = place.take_collector();
    let port = place.listening().web.port();
    println!(
        "{} checks, {checks} pairs of check and agent, {days} days of a sample a minute",
        charter.checks().count()
    );
    let (bodies, [first, median]) = timed(ROUNDS, || {
        let (body, took) = ask(port, "GET", "/metrics", &[]);
        (vec![body], took)
    });
    let series = bodies[0].lines().filter(|line| !line.starts_with('#')).count();
    println!(
        "first {:.2} ms, median of {ROUNDS} {:.2} ms; {series} series, {} kB; collector {:.1} MiB",
        first.as_secs_f64() * 1e3,
        median.as_secs_f64() * 1e3,
        bodies[0].len() / 1_000,
        f64::from(u32::try_from(peak_kib(collector.pid())).unwrap()) / 1024.0,
    );
}

/// The example as it is shipped, measured since the first sample.
fn served(days: i64) -> Place {
    let today = jiff::Zoned::now();
    let first = today.checked_sub(jiff::Span::new().days(days)).unwrap().date();
    let text = include_str!("../../config/examples/senigallia.yaml");
    let (charter, _) = text.split_once("\ncollector:").unwrap();
    let charter = charter
        .replace("in_force_from: 2027-01-01", &format!("in_force_from: {}-01-01", first.year()))
        .replace("measured_from: 2027-03-15", &format!("measured_from: {first}"));
    let files = [
        ("senigallia-ap.csv", include_str!("../../config/examples/senigallia-ap.csv")),
        ("senigallia-applicazioni.csv", include_str!("../../config/examples/senigallia-applicazioni.csv")),
        ("senigallia-host.csv", include_str!("../../config/examples/senigallia-host.csv")),
        ("senigallia-backup.csv", include_str!("../../config/examples/senigallia-backup.csv")),
    ];
    Place::of_charter(&charter, &files)
}

/// One agent's days; how many checks it has.
fn tell(place: &Place, charter: &Charter, agent: &AgentId, seed: u8, days: i64) -> usize {
    let here = |site: &SiteId| charter.site(site).unwrap().agents.contains(agent);
    let own = charter.checks().filter(|check| check.from.iter().any(here));
    let dictionary: Vec<_> = own.map(|check| (check.id.to_string(), 60_000, 150_000)).collect();
    let mut feeder = Feeder::enrolled(&place.line_for(agent.as_str()), seed);
    let minutes = days * DAY_MINUTES;
    let first_ms = jiff::Timestamp::now().as_millisecond() - minutes * MINUTE_MS;
    feeder.open(first_ms - MINUTE_MS, &dictionary);
    for minute in 0..minutes {
        let record = |place: usize| {
            // Each hour three minutes of another check.
            let hour = usize::try_from(minute / 60).unwrap();
            let is_down = minute % 60 < 3 && hour % dictionary.len() == place;
            let (verdict, reason) =
                if is_down { (Verdict::Down, Reason::ConnectTimeout) } else { (Verdict::Up, Reason::None) };
            Record {
                check_plus_1: u32::try_from(place).unwrap() + 1,
                outcome: Record::outcome_of(verdict, reason),
                duration: 700,
                ..Record::default()
            }
        };
        feeder.push(first_ms + minute * MINUTE_MS, (0..dictionary.len()).map(record).collect());
    }
    feeder.deliver();
    dictionary.len()
}
