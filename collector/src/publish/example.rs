//! A moment as a municipality might have it on a Monday morning, for the tests of every reader.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use collector_api::{ClockReading, Reason, StreamId, Verdict};
use collector_derive::{
    Burning, Change, CheckFigure, ComponentFigure, Corrections, Figure, Forecast, Notices, Now, Pace, Period,
    ServiceFigure, ServicePace, SiteFigure, Span, State, TRAIL_MS, Timeline, Trail, VantageFigure,
    YearFigures,
};
use config::{
    Availability, BurnTier, Charter, CharterAct, Check, CheckId, Commitment, Component, DnsParams, Fraction,
    HostPort, Id, Node, Organisation, Part, Probe, Quorum, Rules, Service, Site, TcpParams, Timing, YEAR_MS,
};

use super::api::Journal;
use super::asked::{AskError, Asked};
use super::moment::{
    AgentFacts, Alerting, Histogram, IngestFacts, LatestSample, Moment, Moments, OutboxFacts, StaleFacts,
};
use super::vitals::{ClosedFigure, OutletFacts, ProcessFacts, ReloadFacts, StoreFacts, Vitals};
use crate::operator::Said;

/// 23 November 2026, 09:12 in Rome.
pub(crate) const NOW_MS: i64 = 1_795_421_520_000;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const DOWN_SINCE_MS: i64 = NOW_MS - 22 * 60_000;

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn service(row: u32, name: &str, title: &str, above: Option<&str>, components: Vec<Component>) -> Service {
    let promise = above.map(|above| {
        let target = Fraction::from_percent(above).unwrap();
        Commitment::Availability(Availability { target, strict: true })
    });
    Service {
        id: id(name),
        row: Some(row),
        name: title.to_owned(),
        users: vec![id("uffici")],
        commitments: promise.into_iter().collect(),
        components,
        figure: config::FigureRule::AllUp,
        about: config::About::default(),
        was: None,
        burn: Vec::new(),
    }
}

fn check(path: &str, probe: Probe) -> Check {
    let target = path.rsplit('.').next().unwrap();
    Check {
        id: CheckId::new(path).unwrap(),
        target: id(target),
        from: vec![id("ced"), id("biblioteca")],
        timing: Timing {
            every_ms: 60_000,
            timeout_ms: 10_000,
            hold_ms: 150_000,
            attempts: 3,
            warn_ms: None,
            crit_ms: None,
        },
        measures_path: false,
        probe,
        facts: config::TargetFacts::default(),
        judged: config::Judged::default(),
    }
}

fn dns(path: &str, address: &str) -> Check {
    let server = HostPort::parse(address, Some(53)).unwrap();
    let expect = vec!["10.0.0.80".to_owned()];
    check(path, Probe::Dns(DnsParams { expect, ..DnsParams::ask(server, "intranet.example.", "A") }))
}

fn tcp(path: &str, address: &str) -> Check {
    let address = HostPort::parse(address, None).unwrap();
    check(path, Probe::Tcp(TcpParams::connect(address, config::Family::V4)))
}

fn part(name: &str, title: &str, up_if: Quorum, checks: Vec<Check>) -> Component {
    let node = Node::Part(Part { up_if, checks, group_by: None });
    Component {
        id: id(name),
        name: title.to_owned(),
        publish: true,
        node,
        about: config::About::default(),
        life: config::Life::default(),
        needs: Vec::new(),
        weight: None,
    }
}

fn charter() -> Charter {
    let base = Component {
        id: id("base"),
        name: "Hardware e software di base".to_owned(),
        publish: false,
        node: Node::All(vec![part(
            "san",
            "Archivio",
            Quorum::All,
            vec![tcp("data_center.base.san.san1", "10.0.0.20:443")],
        )]),
        about: config::About::default(),
        life: config::Life::default(),
        needs: Vec::new(),
        weight: None,
    };
    let dns = part(
        "dns",
        "DNS",
        Quorum::Any,
        vec![dns("data_center.dns.dns1", "10.0.0.53"), dns("data_center.dns.dns2", "10.0.1.53")],
    );
    let posta =
        part("posta", "Posta elettronica", Quorum::All, vec![tcp("intranet.posta.smtp", "10.0.0.25:25")]);
    let front_end =
        part("siti", "Siti istituzionali", Quorum::All, vec![tcp("front_end.siti.sito", "10.0.0.80:443")]);
    let portale =
        part("portale", "Portale ospiti", Quorum::All, vec![tcp("wifi.portale.ospiti", "10.9.0.1:443")]);
    let site = |name: &str, agent: &str| Site {
        id: id(name),
        agents: vec![id(agent)],
        users: vec![id("uffici")],
        facts: config::SiteFacts::default(),
    };
    Charter {
        organisation: Organisation {
            name: "Comune di Esempio".to_owned(),
            unit: Some("Area 4 - Sistemi Informatici".to_owned()),
            ipa_code: None,
            contact: None,
        },
        act: CharterAct { act: None, in_force_from: None, measured_from: None },
        rules: Rules {
            confirm_down: 2,
            confirm_up: 1,
            coverage_min: Fraction::from_percent("99%").unwrap(),
            readings: config::Readings::default(),
        },
        sites: vec![site("ced", "ced1"), site("biblioteca", "bib1")],
        services: vec![
            service(1, "data_center", "Gestione data center", Some("98%"), vec![dns, base]),
            service(2, "front_end", "Gestione front end", None, vec![front_end]),
            service(
                3,
                "wifi",
                "WiFi nelle aree coperte e interne agli edifici pubblici",
                Some("85%"),
                vec![portale],
            ),
            service(5, "intranet", "Gestione intranet", Some("98%"), vec![posta]),
        ],
        calendars: Vec::new(),
        canaries: Vec::new(),
        alerting: Vec::new(),
    }
}

fn figure(down_hours: u64, unknown_hours: u64) -> Figure {
    let period = Period::civil_year(2026);
    let elapsed_ms = NOW_MS.abs_diff(period.start_ms());
    let (down_ms, unknown_ms) = (down_hours * HOUR_MS + 125_250, unknown_hours * HOUR_MS);
    Figure {
        up_ms: elapsed_ms - down_ms - unknown_ms,
        down_ms,
        unknown_ms,
        out_of_scope_ms: 0,
        future_ms: period.length_ms() - elapsed_ms,
        ..Figure::default()
    }
}

fn now(state: Verdict, reason: Reason, failing: u32, since_ms: i64) -> Now {
    let known = if state == Verdict::Unknown { 0 } else { 2 };
    Now {
        state: state.into(),
        since_ms: Some(since_ms),
        reason,
        failing,
        known,
        vantages: 2,
        last_ms: Some(NOW_MS - 14_250),
    }
}

struct Sketch {
    state: Verdict,
    reason: Reason,
    failing: u32,
    since_ms: i64,
    figure: Figure,
}

impl Sketch {
    fn now(&self) -> Now {
        now(self.state, self.reason, self.failing, self.since_ms)
    }
}

fn sketch(service: &str) -> Sketch {
    let long_ago_ms = NOW_MS - 40 * 86_400_000;
    let (state, reason, failing, since_ms, figure) = match service {
        "data_center" => (Verdict::Degraded, Reason::DnsTimeout, 1, NOW_MS - 3 * 3_600_000, figure(71, 2)),
        "wifi" => (Verdict::Unknown, Reason::AgentNetworkDown, 0, NOW_MS - 26 * 3_600_000, figure(310, 420)),
        "intranet" => (Verdict::Down, Reason::ConnectRefused, 2, DOWN_SINCE_MS, figure(188, 3)),
        _ => (Verdict::Up, Reason::None, 0, long_ago_ms, figure(4, 0)),
    };
    Sketch { state, reason, failing, since_ms, figure }
}

fn spans(start_ms: i64, sketch: &Sketch) -> Arc<[Span]> {
    let first = Span { start_ms, end_ms: sketch.since_ms, state: State::Up };
    let last = Span { start_ms: sketch.since_ms, end_ms: NOW_MS, state: sketch.state.into() };
    Arc::new([first, last])
}

fn timeline(sketch: &Sketch) -> Arc<Timeline> {
    let start_ms = Period::civil_year(2026).start_ms();
    let changes = vec![
        Change { at_ms: start_ms, verdict: Verdict::Up.into(), reason: Reason::None },
        Change { at_ms: sketch.since_ms, verdict: sketch.state.into(), reason: sketch.reason },
    ];
    Arc::new(Timeline { changes, end_ms: NOW_MS })
}

fn component_figures(
    components: &[Component],
    prefix: &str,
    sketch: &Sketch,
    start_ms: i64,
) -> Vec<ComponentFigure> {
    components
        .iter()
        .flat_map(|component| {
            let path = format!("{prefix}{}", component.id);
            let figure = ComponentFigure {
                path: path.clone(),
                checks: 0..0,
                figure: sketch.figure,
                net: None,
                timeline: spans(start_ms, sketch),
                now: sketch.now(),
            };
            let parts = match &component.node {
                Node::All(parts) | Node::Some { parts, .. } => {
                    component_figures(parts, &format!("{path}."), sketch, start_ms)
                }
                Node::Part(_) => Vec::new(),
            };
            std::iter::once(figure).chain(parts)
        })
        .collect()
}

fn range(charter: &Charter, service: &str) -> Range<usize> {
    let of = |check: &Check| check.id.as_str().split('.').next() == Some(service);
    let first = charter.checks().position(of).unwrap();
    first..first + charter.checks().filter(|check| of(check)).count()
}

fn figures(charter: &Charter) -> YearFigures {
    let period = Period::civil_year(2026);
    let service_figure = |service: &Service| {
        let sketch = sketch(service.id.as_str());
        ServiceFigure {
            id: service.id.clone(),
            figure: sketch.figure,
            gross: None,
            net: None,
            declared: None,
            promise: service.availability(),
            within: Vec::new(),
            mean: None,
            stretches: Vec::new(),
            corrections: Vec::new(),
            checks: range(charter, service.id.as_str()),
            needed: Vec::new(),
            components: component_figures(&service.components, "", &sketch, period.start_ms()),
            sites: vec![SiteFigure {
                site: id("ced"),
                figure: sketch.figure,
                net: None,
                timeline: spans(period.start_ms(), &sketch),
                now: sketch.now(),
            }],
            timeline: spans(period.start_ms(), &sketch),
            now: sketch.now(),
        }
    };
    let check_figure = |check: &Check| {
        let sketch = sketch(check.id.as_str().split('.').next().unwrap());
        let vantage = |site: &str, agent: &str| VantageFigure {
            site: id(site),
            agent: id(agent),
            timeline: timeline(&sketch),
            now: sketch.now(),
        };
        CheckFigure {
            id: check.id.clone(),
            figure: sketch.figure,
            net: None,
            timeline: timeline(&sketch),
            now: sketch.now(),
            vantages: vec![vantage("ced", "ced1"), vantage("biblioteca", "bib1")],
        }
    };
    YearFigures {
        year: 2026,
        start_ms: period.start_ms(),
        end_ms: period.end_ms(),
        as_of_ms: NOW_MS,
        measured_from_ms: period.start_ms(),
        coverage_min: Fraction { p: 99, q: 100 },
        unknown: config::Unknown::Apart,
        services: charter.services.iter().map(service_figure).collect(),
        checks: charter.checks().map(check_figure).collect(),
        names: Arc::default(),
        notices: Notices::of([(0, charter)]),
    }
}

/// What a window that ends now saw of a service: its state since it began, and all up before.
fn saw(service: &str, length_ms: u64) -> Trail {
    let sketch = sketch(service);
    let since_ms = NOW_MS.abs_diff(sketch.since_ms).min(length_ms);
    let (down_ms, unknown_ms) = match sketch.state {
        Verdict::Down => (since_ms, 0),
        Verdict::Unknown => (0, since_ms),
        Verdict::Up | Verdict::Degraded => (0, 0),
    };
    Trail { scope_ms: length_ms, known_ms: length_ms - unknown_ms, down_ms }
}

fn pace(service: &ServiceFigure) -> ServicePace {
    let saw = |length_ms| saw(service.id.as_str(), length_ms);
    let month = saw(TRAIL_MS);
    let promise = |promise: Availability| {
        let forecast = Forecast::of(&service.figure, &promise, &month);
        let (hours, tiers, adaptive) = (None, Vec::new(), [(7 * DAY_MS, None), (TRAIL_MS, None)]);
        Pace { hours, promise, tiers, adaptive, month, forecast, exhausted_at_ms: None }
    };
    ServicePace {
        service: service.id.clone(),
        rolling: [DAY_MS, 7 * DAY_MS, TRAIL_MS].map(|length_ms| (length_ms, saw(length_ms))),
        promises: service.promise.into_iter().map(promise).collect(),
    }
}

/// The usual tiers of `intranet`, which stopped 22 minutes ago.
pub(crate) fn burning() -> Vec<Burning> {
    let target = Fraction::from_percent("98%").unwrap();
    let tiers = BurnTier::defaults(target, YEAR_MS);
    Burning::of(&tiers, target, YEAR_MS, NOW_MS, |from_ms, to_ms| saw("intranet", to_ms.abs_diff(from_ms)))
}

/// Row 1 degraded, row 2 up and without a promise, row 3 unobserved, row 5 down and overrun.
pub(crate) fn moment() -> Moment {
    let charter = charter();
    let figures = figures(&charter);
    let sample = LatestSample {
        at_ms: NOW_MS - 14_250,
        duration_micros: 12_345,
        certificate_not_after_ms: Some(NOW_MS + 30 * 86_400_000),
    };
    let latest = charter.checks().map(|check| ((check.id.clone(), id("ced1")), sample)).collect();
    let agent = |name: &str, ago_ms: i64| AgentFacts {
        id: id(name),
        enrolled: true,
        version: Some("0.1.0".to_owned()),
        last_push_ms: Some(NOW_MS - ago_ms),
        clock: Some(ClockReading { sent_ms: NOW_MS, offset_ms: -12, rtt_ms: 3, ntp_error_ms: 0 }),
        spool_bytes: Some(48_213),
        journal_seq: Some(42),
        journal_missed: None,
    };
    Moment {
        now_ms: NOW_MS,
        began_ms: Some(figures.start_ms),
        paces: figures.services.iter().map(|service| (service.id.clone(), pace(service))).collect(),
        figures,
        charter: Arc::new(charter),
        declared: Arc::new(Vec::new()),
        corrections: Corrections::default(),
        accounts: BTreeMap::new(),
        agents: vec![agent("ced1", 4_000), agent("bib1", 5_000)],
        latest,
        sightings: Vec::new(),
        ingest: IngestFacts {
            batches: vec![("accepted", 12_345), ("again", 3)],
            samples: 9_876_543,
            quarantined: 1,
            lost: 17,
            commits: Histogram { buckets: vec![(0.001, 10), (0.01, 90)], count: 101, sum_seconds: 0.75 },
        },
        stale: Vec::new(),
        journal: Journal { epoch: 1, seq: 42, hash: "ab".repeat(32) },
        sealed: None,
        alerts: Some(Arc::new(alerting())),
        outbox: Some(OutboxFacts {
            waiting: 1,
            oldest_ms: Some(NOW_MS - 60_000),
            told: vec![("mail", "sent", 7), ("mail", "failed", 2), ("webhook", "given_up", 1)],
        }),
    }
}

/// The intranet is down, its budget is gone; a certificate and an agent are for the morning.
fn alerting() -> Alerting {
    use collector_derive::alert::{
        CommitmentKey, Detail, Digest, Incident, Level, Line, Member, Morning, Notice, NoticeKind, Root,
        Stop, Story, Thing,
    };
    let stop = |from_ms, to_ms| Stop { from_ms, to_ms };
    let incident = Incident {
        number: 17,
        root: Root::Row(id("intranet")),
        opened_ms: DOWN_SINCE_MS - 600_000,
        stops: vec![stop(DOWN_SINCE_MS - 600_000, Some(DOWN_SINCE_MS - 300_000)), stop(DOWN_SINCE_MS, None)],
        stops_left_out: 0,
        down_before_ms: 300_000,
        up_since_ms: None,
        members: vec![Member {
            thing: Thing::Notice(NoticeKind::Member, "intranet.posta.smtp".to_owned()),
            from_ms: DOWN_SINCE_MS,
            to_ms: None,
        }],
        absorbed: Vec::new(),
        reason: Reason::ConnectRefused.code(),
        seen_by: (2, 2),
        planned: false,
        acked: false,
        due_ms: Some(DOWN_SINCE_MS + 60_000),
        told: BTreeMap::new(),
    };
    let notice = |kind, name: &str, detail| Line::Notice {
        notice: Notice {
            kind,
            name: name.to_owned(),
            since_ms: NOW_MS - 3 * 86_400_000,
            detail,
            held_by: Vec::new(),
        },
        times: 1,
        over_ms: None,
    };
    let key = |service| CommitmentKey { service: id(service), hours: None };
    Alerting {
        at_ms: NOW_MS,
        month: Digest {
            month: collector_derive::day_of(NOW_MS).first_of_month(),
            incidents: 3,
            secured: vec![(key("wifi"), 2026)],
            levels: vec![(key("intranet"), Level::Irrecoverable)],
        },
        computed_ms: NOW_MS,
        levels: vec![(key("data_center"), None), (key("intranet"), Some(Level::Irrecoverable))],
        today: Morning {
            day: collector_derive::day_of(NOW_MS),
            lines: vec![
                Line::Open(Story { down_ms: incident.down_ms(NOW_MS), incident: incident.clone() }),
                Line::Budget { key: key("intranet"), year: 2026, level: Level::Irrecoverable },
                notice(
                    NoticeKind::Certificate,
                    "front_end.siti.sito",
                    Detail::Instant(NOW_MS + 9 * 86_400_000),
                ),
                notice(NoticeKind::Agent, "bib1", Detail::Instant(NOW_MS - 3_600_000)),
            ],
        },
        open: vec![incident],
    }
}

/// How that collector itself was.
pub(crate) fn vitals() -> Vitals {
    Vitals {
        process: ProcessFacts {
            resident_bytes: Some(18 << 20),
            cpu_seconds: Some(42.5),
            open_fds: Some(31),
            max_fds: Some(8_192),
            started_ms: Some(NOW_MS - 86_400_000),
        },
        store: StoreFacts { bytes: Some(212_992), free_of_bytes: Some((30 << 30, 40 << 30)) },
        reload: Some(ReloadFacts { successful: true, success_ms: NOW_MS - 3_600_000 }),
        closed: vec![ClosedFigure { service: "intranet".to_owned(), year: 2025, availability: 0.991_25 }],
        outlets: vec![OutletFacts {
            outlet: "alertmanager",
            to: "http://127.0.0.1:9093".to_owned(),
            taken: 1_440,
            failed: 2,
            taken_ms: Some(NOW_MS - 20_000),
        }],
        ready: Some(true),
    }
}

/// The same with everything that can be wrong: a stale stream, a silent agent, old samples.
pub(crate) fn stale_moment() -> Moment {
    let mut moment = moment();
    moment.now_ms += 11 * 60_000;
    moment.agents[1].last_push_ms = Some(NOW_MS - 600_000);
    moment.stale = vec![StaleFacts {
        stream: StreamId([7; 16]),
        agent: id("bib1"),
        reason: "run 12 <script> ends before it begins".to_owned(),
    }];
    moment
}

/// Always the same moment; its figures are those of 2026, whatever year is asked.
#[derive(Debug)]
pub(crate) struct Fixed {
    /// The moment.
    pub(crate) moment: Moment,
    /// Why not ready.
    pub(crate) not_ready: Vec<Said>,
}

impl Moments for Fixed {
    fn moment(&self, asked: &Asked) -> Result<Moment, AskError> {
        let mut moment = self.moment.clone();
        if asked.as_of_ms.is_some_and(|as_of_ms| as_of_ms > moment.now_ms) {
            return Err(AskError::Refused(crate::declare::say!(
                "that instant is still to come",
                "quell'istante deve ancora venire"
            )));
        }
        let as_of_ms = asked.as_of_ms.unwrap_or(moment.now_ms);
        (moment.now_ms, moment.figures.as_of_ms) = (as_of_ms, as_of_ms);
        if let Some(period) = asked.period.filter(|period| *period != Period::civil_year(2026)) {
            moment.figures = YearFigures {
                year: period.civil_year_of_start(),
                start_ms: period.start_ms(),
                end_ms: period.end_ms(),
                as_of_ms,
                measured_from_ms: period.start_ms(),
                coverage_min: Fraction { p: 99, q: 100 },
                unknown: config::Unknown::Apart,
                services: Vec::new(),
                checks: Vec::new(),
                names: Arc::default(),
                notices: Notices::default(),
            };
        }
        Ok(moment)
    }

    fn not_ready(&self) -> Vec<Said> {
        self.not_ready.clone()
    }
}
