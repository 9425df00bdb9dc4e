//! The store's disk is full: the agent is told 503, nothing is acknowledged that is not stored, and when there
//! is room again all of it arrives once.

use collector::publish::api::State;
use harness::mounts::Mounts;
use harness::ports::random_below;
use harness::{Place, Target, eventually};

const DISK_BYTES: u64 = 8 << 20;
const TARGETS: usize = 40;
/// How often it runs full, each time somewhere else within a transaction.
const ROUNDS: u32 = 3;
/// Below this is left: a few transactions.
const ROOM_BYTES: u64 = 64 << 10;

#[test]
fn what_does_not_fit_is_not_acknowledged_and_arrives_when_there_is_room() {
    let Some(mounts) = Mounts::own() else { return };
    let target = Target::opened();
    let targets: Vec<String> = (0..TARGETS).map(|n| format!("t{n}: \"{}\"", target.address())).collect();
    let mut place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         porta: {{probe: tcp, up_if: any, targets: {{{}}}, every: 200ms, timeout: 150ms, attempts: 1}}",
        targets.join(", "),
    ));
    place.until(State::Up);
    place.take_collector().terminate();
    let disk = mounts.small_disk(&place.state(), DISK_BYTES);
    place.start_collector();

    for round in 1..=ROUNDS {
        let before = refusals(&place);
        disk.fill_but(random_below(ROOM_BYTES));
        restart_agent(&mut place);
        eventually("the disk is full", || (refusals(&place) > before).then_some(()));
        let told = "refused with status 503: the store's disk is full";
        eventually("the agent is told so", || place.agent_status().error.contains(told).then_some(()));
        let (acked, mark) = (place.agent_status().acked_seq, place.stream().mark);
        assert!(acked <= mark, "round {round}: {acked} was acknowledged, {mark} is stored");
        eventually("the agent goes on writing", || {
            (place.agent_status().durable_seq >= mark + TARGETS as u64).then_some(())
        });
        place.service();
    }
    place.assert_verifies();

    disk.make_room();
    restart_agent(&mut place);
    place.until_delivered();
    place.until(State::Up);
    place.assert_verifies();

    // And once more, with a collector that is killed while nothing fits.
    disk.fill_but(random_below(ROOM_BYTES));
    let before = refusals(&place);
    eventually("the disk is full again", || (refusals(&place) > before).then_some(()));
    place.take_collector().kill();
    let (acked, mark) = (place.agent_status().acked_seq, place.stream().mark);
    assert!(acked <= mark, "{acked} was acknowledged, {mark} is stored");
    disk.make_room();
    place.start_collector();
    restart_agent(&mut place);
    place.until_delivered();
    assert_eq!(place.stream().lost, 0);
    assert_eq!(place.service_year().figure.down_ms, 0);
    place.take_agent().terminate();
    place.take_collector().terminate();
    place.assert_rebuilds();
    place.assert_verifies();
}

/// How often a transaction did not fit.
fn refusals(place: &Place) -> usize {
    std::fs::read_to_string(place.path("collector.log")).unwrap().matches("the store's disk is full").count()
}

/// After a 503 an agent comes back within a minute; one that starts comes at once.
fn restart_agent(place: &mut Place) {
    place.take_agent().kill();
    place.start_agent();
}
