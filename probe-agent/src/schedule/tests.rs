//! The loop against real sockets: entries in order, new assignments, stopping.

use std::path::Path;
use std::time::Duration;

use collector_api::Verdict;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::*;
use crate::allowed::AllowedTargets;
use crate::probe::Rejections;
use crate::probe::Surroundings;
use crate::probe::http::Bodies;
use crate::probe::icmp::Pings;
use crate::resolve::SystemResolver;
use crate::sample::Sample;
use crate::secrets::SecretsDirectory;
use crate::tls::TlsStore;
use crate::{canary, clock};

struct Rig {
    assignments: watch::Sender<Option<Arc<Assignment>>>,
    entries: mpsc::Receiver<Entry>,
    refused: watch::Receiver<Vec<String>>,
    steps: mpsc::Sender<Step>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

fn start(first: Option<Assignment>) -> Rig {
    let surroundings = Arc::new(Surroundings {
        resolver: SystemResolver::new(),
        allowed: AllowedTargets::parse(&["127.0.0.0/8".to_owned()]).unwrap(),
        tls: TlsStore::default(),
        secrets: SecretsDirectory::new("/nonexistent"),
        rejections: Rejections::default(),
        bodies: Bodies::default(),
        pings: Pings::default(),
        snmp: crate::probe::snmp::Engines::default(),
        pages: crate::probe::http::Pages::new("/nonexistent"),
        posts: crate::probe::mail_round_trip::Posts::new("/nonexistent"),
        clock: crate::clock::Calendar::default(),
        controllers: crate::probe::access_point::Controllers::default(),
        clock_servers: Vec::new(),
        heartbeats: Arc::new(crate::heartbeats::Book::new(
            std::path::Path::new("/nonexistent"),
            crate::clock::system(),
        )),
    });
    let (assignments, assignment) = watch::channel(first.map(Arc::new));
    let (entries_in, entries) = mpsc::channel(64);
    let (refused_checks, refused) = watch::channel(Vec::new());
    let (canary_list, canaries) = watch::channel(Vec::new());
    let (steps, steps_out) = mpsc::channel(4);
    let (desk, watch) =
        canary::open(canaries, Vec::new(), Arc::clone(&surroundings), Path::new("/nonexistent"));
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(watch.run());
    let schedule = Schedule {
        agent: "ced1".to_owned(),
        assignments: assignment,
        entries: entries_in,
        refused_checks,
        canaries: canary_list,
        desk,
        steps: steps_out,
        surroundings,
        limits: Limits { at_once: 8, per_lane: 6 },
        clock: Wall(clock::system()),
    };
    let stopped = stop.clone();
    tasks.spawn(async move { run(schedule, stopped).await.unwrap() });
    Rig { assignments, entries, refused, steps, stop, tasks }
}

fn check(id: &str, port: u16) -> String {
    format!(
        r#"{{"id":"{id}","timing":{{"every_ms":200,"timeout_ms":100,"hold_ms":500,"attempts":1}},
            "probe":{{"kind":"tcp","address":"127.0.0.1:{port}"}}}}"#
    )
}

fn assignment(revision: u64, checks: Vec<String>) -> Assignment {
    Assignment { revision, agent: "ced1".to_owned(), checks, canaries: Vec::new() }
}

impl Rig {
    async fn entry(&mut self) -> Entry {
        timeout(Duration::from_secs(10), self.entries.recv()).await.unwrap().unwrap()
    }

    async fn sample(&mut self) -> Sample {
        match self.entry().await {
            Entry::Sample(sample) => sample,
            other => panic!("expected a sample, not {other:?}"),
        }
    }

    async fn dictionary(&mut self) -> Vec<String> {
        loop {
            if let Entry::Dictionary(dictionary) = self.entry().await {
                return dictionary.entries.into_iter().map(|entry| entry.check).collect();
            }
        }
    }
}

#[tokio::test]
async fn a_dictionary_and_then_its_samples_at_even_slots() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut rig = start(Some(assignment(3, vec![check("a.b.c", port)])));
    assert_eq!(rig.dictionary().await, ["a.b.c"]);
    let (first, second, third) = (rig.sample().await, rig.sample().await, rig.sample().await);
    assert_eq!((first.verdict, first.revision, first.check), (Verdict::Up, 3, 0));
    assert!(first.changed && first.evidence.is_some());
    assert!(!second.changed && second.evidence.is_none());
    // The anchor may follow the wall clock by its slack between two slots.
    for (earlier, later) in [(&first, &second), (&second, &third)] {
        let apart_ms = later.slot_ms - earlier.slot_ms;
        assert!(apart_ms % 200 <= 20 || apart_ms % 200 >= 180, "{apart_ms}");
    }
    let phase_ms = i64::try_from(phase::phase_ms("a.b.c", "ced1", 200)).unwrap();
    let off_ms = (first.slot_ms - phase_ms).rem_euclid(200);
    assert!(off_ms <= 20 || off_ms >= 180, "{off_ms} ms off the phase");
}

#[tokio::test]
async fn a_new_assignment_keeps_what_it_can() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut rig = start(None);
    rig.assignments.send_replace(Some(Arc::new(assignment(1, vec![check("a.b.c", port)]))));
    rig.dictionary().await;
    assert!(rig.sample().await.changed);
    let unknown = check("a.b.x", port).replace("tcp", "telepathy");
    rig.assignments.send_replace(Some(Arc::new(assignment(2, vec![unknown, check("a.b.c", port)]))));
    assert_eq!(rig.dictionary().await, ["a.b.x", "a.b.c"]);
    let (mut of_known, mut of_unknown) = (None, None);
    while of_known.is_none() || of_unknown.is_none() {
        let sample = rig.sample().await;
        assert_eq!(sample.revision, 2);
        if sample.check == 1 {
            of_known.get_or_insert(sample)
        } else {
            of_unknown.get_or_insert(sample)
        };
    }
    assert!(!of_known.unwrap().changed, "its state is kept");
    let of_unknown = of_unknown.unwrap();
    assert_eq!((of_unknown.verdict, of_unknown.reason), (Verdict::Unknown, Reason::AgentConfigInvalid));
    assert_eq!(rig.refused.borrow().len(), 1);
}

#[tokio::test]
async fn a_step_of_the_clock_is_an_entry() {
    let mut rig = start(None);
    rig.steps.send(Step { at_ms: 5, step_ms: -3_600_000 }).await.unwrap();
    assert_eq!(rig.entry().await, Entry::ClockStep { at_ms: 5, step_ms: -3_600_000 });
}

#[tokio::test]
async fn stopping_ends_the_entries() {
    let mut rig = start(Some(assignment(1, vec![check("a.b.c", 1)])));
    rig.dictionary().await;
    rig.stop.cancel();
    while timeout(Duration::from_secs(10), rig.entries.recv()).await.unwrap().is_some() {}
    rig.tasks.shutdown().await;
}

/// A check whose probe is replaced by what a test wants to see end.
fn running(check: &str) -> (Running, Rig) {
    let rig = start(None);
    let surroundings = Arc::new(Surroundings {
        resolver: SystemResolver::new(),
        allowed: AllowedTargets::parse(&[]).unwrap(),
        tls: TlsStore::default(),
        secrets: SecretsDirectory::new("/nonexistent"),
        rejections: Rejections::default(),
        bodies: Bodies::default(),
        pings: Pings::default(),
        snmp: crate::probe::snmp::Engines::default(),
        pages: crate::probe::http::Pages::new("/nonexistent"),
        posts: crate::probe::mail_round_trip::Posts::new("/nonexistent"),
        clock: crate::clock::Calendar::default(),
        controllers: crate::probe::access_point::Controllers::default(),
        clock_servers: Vec::new(),
        heartbeats: Arc::new(crate::heartbeats::Book::new(
            std::path::Path::new("/nonexistent"),
            crate::clock::system(),
        )),
    });
    let (_list, canaries) = watch::channel(Vec::new());
    let (desk, _watch) =
        canary::open(canaries, Vec::new(), Arc::clone(&surroundings), Path::new("/nonexistent"));
    let schedule = Schedule {
        agent: "ced1".to_owned(),
        assignments: rig.assignments.subscribe(),
        entries: mpsc::channel(1).0,
        refused_checks: watch::channel(Vec::new()).0,
        canaries: watch::channel(Vec::new()).0,
        desk,
        steps: mpsc::channel(1).1,
        surroundings,
        limits: Limits { at_once: 8, per_lane: 6 },
        clock: Wall(clock::system()),
    };
    let mut running = Running::new(&schedule);
    running.adopt(&assignment(1, vec![check.to_owned()]));
    (running, rig)
}

#[tokio::test]
async fn an_unchanged_check_keeps_its_phase() {
    let (mut running, _rig) = running(&check("a.b.c", 1));
    // As if the wall clock had put it elsewhere: a phase is not computed anew for a check that goes on.
    running.plan = Plan::new(running.plan.limits());
    running.plan.add(plan::Lane::Tcp, 200, 1_234_567);
    let slower = check("a.b.x", 1).replace("\"every_ms\":200", "\"every_ms\":400");
    running.adopt(&assignment(2, vec![slower, check("a.b.c", 1)]));
    assert_eq!(running.plan.due_ms(1, 200), Some(1_234_567), "new neighbours do not move it");
    running.adopt(&assignment(3, vec![check("a.b.c", 1).replace("127.0.0.1:1", "127.0.0.1:2")]));
    assert_eq!(running.plan.due_ms(0, 200), Some(1_234_567), "nor does a new target");
}

#[tokio::test]
async fn a_probe_that_panics_hurts_itself_only() {
    let (mut running, _rig) = running(&check("a.b.c", 1));
    let abort = running.probes.spawn(async { panic!("a defect, planted by this test") });
    running.plan.mark_running(0);
    running.flights.insert(abort.id(), Flight { slot: 0, due_ms: 0, started_ms: 0, abort });
    let ended = running.probes.join_next_with_id().await.unwrap();
    let Some(Entry::Sample(sample)) = running.ended(ended) else { panic!("a panic must be said") };
    assert_eq!((sample.verdict, sample.reason), (Verdict::Unknown, Reason::AgentInternal));
    assert!(running.flights.is_empty());
}

#[tokio::test]
async fn a_probe_of_a_check_that_is_gone_says_nothing() {
    let (mut running, _rig) = running(&check("a.b.c", 1));
    let abort = running.probes.spawn(std::future::pending());
    running.plan.mark_running(0);
    running.flights.insert(abort.id(), Flight { slot: 0, due_ms: 0, started_ms: 0, abort });
    running.adopt(&assignment(2, vec![check("a.b.d", 1)]));
    let ended = running.probes.join_next_with_id().await.unwrap();
    assert_eq!(running.ended(ended), None);
}
