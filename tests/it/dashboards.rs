//! Every query of every dashboard and rule finds data in a Prometheus that knows a fortnight of a collector.
//!
//! The fortnight is synthetic, and of the past: Senigallia's charter, whose agents deliver through the front door, in a
//! collector whose calendar the story owns. At each hour it is asked for its exposition as a scrape asks; promtool
//! makes blocks of what it said, and Debian's Prometheus serves them. So the time stamps alone are not a scrape's; that
//! Prometheus reads a running collector is the story `scraped`. On the last morning something of all that a panel lists
//! is wrong, so that a list without data is a defect of the list.

use std::collections::BTreeMap;
use std::path::PathBuf;

use collector_api::{Evidence, Lost, LostReason, Reason, Record, TlsFacts, Verdict};
use config::SiteId;
use harness::dashboards::{Dashboard, Query, names, rules, text};
use harness::place::get;
use harness::prometheus::{Backfill, Prometheus};
use harness::{Feeder, eventually};
use prost::Message as _;
use serde_json::Value;

use crate::past_year::dated::Dated;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Monday, 24 November 2025, 8:00 in Rome.
const NOW_MS: i64 = 1_763_967_600_000;
const FORTNIGHT_MS: i64 = NOW_MS - 14 * DAY_MS;
/// Delivered from here on: half of the last thirty days are known, and more, so that there is a forecast.
const FIRST_MS: i64 = NOW_MS - 24 * DAY_MS;
/// As in `past_year`: a debug build tells it in seconds.
const EVERY_MS: i64 = 20 * MINUTE_MS;
const HOLD_MS: i64 = EVERY_MS * 5 / 2;
/// What Grafana makes of a scrape an hour: four of them.
const RATE_INTERVAL: &str = "4h";
/// Bytes of an exposition are nothing; what Prometheus keeps of each series is.
const SERIES_MAX: usize = 2_000;

/// Something that happened, in hours before the end.
struct Event {
    from_h: i64,
    to_h: i64,
    checks: &'static str,
    says: (Verdict, Reason),
}

const EVENTS: [Event; 7] = [
    fails(250, 230, "intranet.posta.lettura", Reason::ProtoTimeout),
    fails(200, 199, "front_end.suap", Reason::AssertStatus),
    fails(120, 0, "wifi.ap.roma-2", Reason::ConnectHostUnreachable),
    fails(26, 0, "wifi.ap.biblioteca-1", Reason::ConnectHostUnreachable),
    fails(6, 0, "data_center.dns.dns1", Reason::ConnectTimeout),
    fails(3, 0, "intranet.sso", Reason::TlsExpired),
    Event {
        from_h: 5,
        to_h: 0,
        checks: "data_center.backup.lavori.documenti",
        says: (Verdict::Degraded, Reason::HeartbeatMissed),
    },
];

const fn fails(from_h: i64, to_h: i64, checks: &'static str, reason: Reason) -> Event {
    Event { from_h, to_h, checks, says: (Verdict::Down, reason) }
}

/// Of which checks a certificate is seen, and when it ends, in days after the end.
const CERTIFICATES: [(&str, i64); 3] =
    [("front_end.siti.comune", 9), ("front_end.suap", 60), ("intranet.sso", 0)];

/// What rules compare and this collector has not: nothing goes out of it.
const ABSENT: [&str; 1] = ["vedetta_outlet_last_success_timestamp_seconds"];

/// Who says nothing in the last two hours.
const SILENT: &str = "pas1";

#[test]
#[ignore = "takes a minute: a collector's expositions of a fortnight"]
fn every_query_has_data_after_a_fortnight() {
    let place = served();
    let charter = config::load(&place.config()).unwrap().vedetta.charter;
    let mut agents = Vec::new();
    for (seed, agent) in (1..).zip(charter.agents()) {
        let here = |site: &SiteId| charter.site(site).unwrap().agents.contains(agent);
        let own = charter.checks().filter(|check| check.from.iter().any(here));
        let checks: Vec<String> = own.map(|check| check.id.to_string()).collect();
        let feeder = Feeder::enrolled_then(&place.line_for(agent.as_str()), seed, FIRST_MS - DAY_MS);
        agents.push(Agent { name: agent.as_str(), checks, feeder });
    }
    let past = told(&place, &mut agents);
    let paths: Vec<PathBuf> = rules().into_iter().map(|(path, _)| path).collect();
    // Until the next scrape, and no longer: what ended has no marker that says so.
    let Some(prometheus) = Prometheus::remembering(past, &paths, "59m") else { return };

    let mut without = Vec::new();
    let mut asked = 0;
    for board in Dashboard::all() {
        let services = services(&board, &prometheus);
        for query in board.queries() {
            asked += 1;
            let found = services.iter().any(|service| has_data(&prometheus, &query, service));
            if !found && !query.may_be_empty {
                without.push(format!("{}: {}", query.of, filled(&query.expression, &services[0])));
            }
        }
    }
    assert!(asked > 80, "{asked} queries");
    assert!(without.is_empty(), "of {asked}, without data:\n{}", without.join("\n"));
    the_morning(&prometheus);
    the_rules(&prometheus);
}

/// The example as it is shipped, measured since the first sample.
fn served() -> Dated {
    let text = include_str!("../../config/examples/senigallia.yaml");
    let (charter, _) = text.split_once("\ncollector:").unwrap();
    let charter = charter
        .replace("in_force_from: 2027-01-01", "in_force_from: 2025-01-01")
        .replace("measured_from: 2027-03-15", "measured_from: 2025-10-31");
    let files = [
        ("senigallia-ap.csv", include_str!("../../config/examples/senigallia-ap.csv")),
        ("senigallia-applicazioni.csv", include_str!("../../config/examples/senigallia-applicazioni.csv")),
        ("senigallia-host.csv", include_str!("../../config/examples/senigallia-host.csv")),
        ("senigallia-backup.csv", include_str!("../../config/examples/senigallia-backup.csv")),
    ];
    Dated::serving(&charter, &files, FIRST_MS - DAY_MS)
}

/// What every scrape saw, one an hour.
fn told(place: &Dated, agents: &mut [Agent<'_>]) -> Backfill {
    let web = place.listening().web;
    for agent in &mut *agents {
        agent.begin();
    }
    let mut past = Backfill::default();
    let mut from_ms = FIRST_MS;
    while from_ms < NOW_MS {
        let to_ms = from_ms + if from_ms < FORTNIGHT_MS { DAY_MS } else { HOUR_MS };
        place.at(to_ms);
        for agent in &mut *agents {
            agent.tell(from_ms, to_ms);
        }
        if to_ms == NOW_MS - 3 * DAY_MS {
            plan(place, "data_center.sistemi", 48, 52);
            plan(place, "intranet.posta", -1, 2);
        }
        if to_ms == NOW_MS {
            // The engine looks every five seconds, at what is then.
            let decided = || {
                let exposition = get(web, "/metrics");
                let at = value_of(&exposition, "vedetta_alerts_decided_timestamp_seconds")?;
                (at * 1000.0 >= as_float(NOW_MS)).then_some(())
            };
            eventually("the engine has looked at the last morning", decided);
        }
        if to_ms >= FORTNIGHT_MS {
            let exposition = get(web, "/metrics");
            let series = exposition.lines().filter(|line| !line.starts_with('#')).count();
            assert!(series <= SERIES_MAX, "{series} series of the example charter");
            past.scrape(&exposition, to_ms);
        }
        from_ms = to_ms;
    }
    past
}

fn plan(place: &Dated, scope: &str, from_h: i64, to_h: i64) {
    let [from, to] = [from_h, to_h]
        .map(|hours| jiff::Timestamp::from_millisecond(NOW_MS + hours * HOUR_MS).unwrap().to_string());
    place.says(&["maintenance", "add", scope, "--from", &from, "--to", &to, "--note", "prova"]);
}

/// An agent without probes, and what it is to say.
struct Agent<'a> {
    name: &'a str,
    checks: Vec<String>,
    feeder: Feeder,
}

impl Agent<'_> {
    fn begin(&mut self) {
        let timing = |check: &String| (check.clone(), EVERY_MS.unsigned_abs(), HOLD_MS.unsigned_abs());
        let checks: Vec<_> = self.checks.iter().map(timing).collect();
        self.feeder.open(FIRST_MS, &checks);
        self.feeder.greet("0.1.0", 48_213);
    }

    /// Delivers what it saw in `[from_ms, to_ms)`.
    fn tell(&mut self, from_ms: i64, to_ms: i64) {
        if self.name == SILENT && to_ms > NOW_MS - 2 * HOUR_MS {
            return;
        }
        let mut slot_ms = from_ms;
        while slot_ms < to_ms {
            let records = self.checks.iter().enumerate().map(|(place, check)| record(place, check, slot_ms));
            self.feeder.push(slot_ms, records.collect());
            slot_ms += EVERY_MS;
        }
        if self.name == "bib1" && to_ms == NOW_MS - 10 * HOUR_MS {
            // Two records of the hour before did not survive a full disk.
            let lost = Lost {
                count: 2,
                reason: LostReason::Cap.into(),
                from_ms: from_ms + 1,
                to_ms,
                dictionary_kept: true,
            };
            self.feeder.push(to_ms - 1, vec![Record { lost: Some(lost), ..Record::default() }]);
        }
        self.feeder.deliver();
    }
}

fn record(place: usize, check: &str, slot_ms: i64) -> Record {
    let at = |hours: i64| NOW_MS - hours * HOUR_MS;
    let event = EVENTS.iter().find(|event| {
        check.starts_with(event.checks) && (at(event.from_h)..at(event.to_h)).contains(&slot_ms)
    });
    let (verdict, reason) = event.map_or((Verdict::Up, Reason::None), |event| event.says);
    let ends = CERTIFICATES.iter().find(|(of, _)| check.starts_with(of));
    let evidence = ends.map(|(_, days)| Evidence {
        tls: Some(TlsFacts { not_after_ms: at(3) + days * DAY_MS, verified: true, ..TlsFacts::default() }),
        ..Evidence::default()
    });
    Record {
        check_plus_1: u32::try_from(place).unwrap() + 1,
        slot_delta_ms: if place == 0 { 0 } else { 701 },
        outcome: Record::outcome_of(verdict, reason),
        duration: 300,
        evidence: evidence.map(|evidence| evidence.encode_to_vec()).unwrap_or_default(),
        ..Record::default()
    }
}

/// What can be chosen as `service` at a dashboard's top; one of any name where nothing can.
fn services(board: &Dashboard, prometheus: &Prometheus) -> Vec<String> {
    let mut chosen = BTreeMap::new();
    for variable in board.variables().iter().filter(|variable| variable["type"] == "query") {
        let asked = text(&variable["query"]).strip_prefix("label_values(").unwrap();
        let (of, label) = asked.strip_suffix(')').unwrap().rsplit_once(", ").unwrap();
        let query = format!("count by ({label}) ({})", filled(of, ""));
        let rows =
            prometheus.rows_at(&query, NOW_MS / 1000).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert!(!rows.is_empty(), "{}: nothing to choose as {label}", board.title());
        let values: Vec<String> = rows.iter().map(|(row, _)| text(&row[label]).to_owned()).collect();
        chosen.insert(label.to_owned(), values);
    }
    chosen.remove("service").unwrap_or_else(|| vec![String::new()])
}

fn has_data(prometheus: &Prometheus, query: &Query, service: &str) -> bool {
    let expression = filled(&query.expression, service);
    let found = if query.is_instant {
        prometheus.rows_at(&expression, NOW_MS / 1000).map(|rows| rows.len())
    } else {
        let range = (FORTNIGHT_MS / 1000, NOW_MS / 1000);
        prometheus.lines_over(&expression, range, HOUR_MS / 1000)
    };
    found.unwrap_or_else(|error| panic!("{}: {error}\n{expression}", query.of)) > 0
}

/// With something in the place of each of Grafana's variables.
fn filled(expression: &str, service: &str) -> String {
    let filled = expression
        .replace("$__rate_interval", RATE_INTERVAL)
        .replace("$__range", "14d")
        .replace("$job", ".+")
        .replace("$service", service)
        .replace("$year", "2025");
    assert!(!filled.replace("\"$1\"", "").contains('$'), "a variable that Grafana does not have: {filled}");
    filled
}

/// What whoever opens «Oggi» at eight reads.
fn the_morning(prometheus: &Prometheus) {
    let boards = Dashboard::all();
    let today = boards.iter().find(|board| board.file == "oggi").unwrap();
    let queries = today.queries();
    let rows = |panel: &str, reference: &str| -> Vec<(Value, f64)> {
        let of = format!("{}, {panel}, {reference}", today.title());
        let query = queries.iter().find(|query| query.of == of).unwrap_or_else(|| panic!("no query {of}"));
        let mut rows = prometheus.rows_at(&filled(&query.expression, ""), NOW_MS / 1000).unwrap();
        rows.sort_by(|one, other| one.1.total_cmp(&other.1));
        rows
    };
    let value = |panel: &str| rows(panel, "A")[0].1;
    let incidents = rows("Incidenti aperti, con motivo e luogo", "A");
    let of_row = incidents.iter().find(|(labels, _)| labels["what"] == "Gestione intranet");
    let (labels, since_ms) = of_row.unwrap_or_else(|| panic!("{incidents:#?}"));
    assert_eq!((text(&labels["kind"]), text(&labels["why"])), ("row", "certificato scaduto"));
    assert!((as_float(NOW_MS) - since_ms - as_float(3 * HOUR_MS)).abs() < as_float(EVERY_MS), "{labels}");
    assert_eq!(usize::try_from(whole(value("Incidenti aperti"))), Ok(incidents.len()));

    let silent = rows("Sonde silenziose", "B");
    assert_eq!(
        (silent.len(), text(&silent[0].0["agent"]), text(&silent[0].0["site"])),
        (1, SILENT, "pascoli")
    );
    let points = rows("Access point giù, dal più lungo", "B");
    let named: Vec<(&str, &str, i64)> =
        points.iter().rev().map(|(point, s)| (text(&point["ap"]), text(&point["area"]), hours(*s))).collect();
    assert_eq!(named, [("roma-2", "Piazza Roma", 120), ("biblioteca-1", "Biblioteca", 26)]);
    let certificates = rows("Certificati, per scadenza", "B");
    let soonest: Vec<(&str, i64)> =
        certificates.iter().map(|(one, days)| (text(&one["check"]), whole(*days))).collect();
    assert_eq!(soonest[..2], [("intranet.sso.accesso", 0), ("front_end.siti.comune", 8)]);
    let works = rows("Manutenzioni", "C");
    let now: Vec<(&str, bool)> = works.iter().map(|(work, now)| (text(&work["scope"]), *now > 0.5)).collect();
    assert_eq!(now, [("data_center.sistemi", false), ("intranet.posta", true)]);
    let jobs = rows("Lavori (heartbeat), per scadenza", "C");
    let missed: Vec<&str> =
        jobs.iter().filter(|(_, state)| *state > 2.5).map(|(job, _)| text(&job["check"])).collect();
    assert_eq!(missed, ["data_center.backup.lavori.documenti"]);
    let budgets = rows("Fermo ammesso: com'è cambiato in 7 giorni", "B");
    let intranet = budgets.iter().find(|(row, _)| row["service"] == "intranet").unwrap();
    assert!((intranet.1 + 3.0).abs() < 0.5, "three hours less than a week ago: {budgets:?}");
}

/// Recording rules record something; whatever a rule that is silent compares, is there.
fn the_rules(prometheus: &Prometheus) {
    for [kind, name, query] in prometheus.rules() {
        let rows = prometheus.rows_at(&query, NOW_MS / 1000);
        let rows = rows.unwrap_or_else(|error| panic!("{name}: {error}\n{query}"));
        assert!(kind != "recording" || !rows.is_empty(), "{name} records nothing: {query}");
        // A silent rule compares a state that is not there now: of its metric something is, or the rule watches nothing.
        for (_, metric) in names(&query).filter(|(_, name)| name.starts_with("vedetta_")) {
            let there = !prometheus.rows_at(metric, NOW_MS / 1000).unwrap().is_empty();
            assert!(there || ABSENT.contains(&metric), "{name} compares {metric}, which is nowhere");
        }
    }
}

/// The first sample of a metric without labels.
fn value_of(exposition: &str, name: &str) -> Option<f64> {
    exposition.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

fn hours(seconds: f64) -> i64 {
    whole((seconds / 3600.0).round())
}

#[expect(clippy::cast_possible_truncation, reason = "hours and days of a year")]
fn whole(value: f64) -> i64 {
    value.trunc() as i64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of millennia fit exactly")]
fn as_float(ms: i64) -> f64 {
    ms as f64
}
