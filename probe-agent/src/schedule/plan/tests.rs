//! Slots, limits, order and shedding, without a clock.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { at_once: 4, per_lane: 3 };
const QUICK: Duration = Duration::from_millis(10);

/// Everything the plan wants done at this instant.
fn at(plan: &mut Plan, now_ms: u64) -> Vec<Start> {
    plan.wake(now_ms);
    std::iter::from_fn(|| plan.next(now_ms)).collect()
}

fn run(slot: usize, due_ms: u64) -> Start {
    Start::Run { slot, due_ms }
}

fn shed(slot: usize, due_ms: u64) -> Start {
    Start::Shed { slot, due_ms }
}

#[test]
fn slots_are_an_interval_apart_however_late_they_ran() {
    let mut plan = Plan::new(LIMITS);
    plan.add(Lane::Tcp, 1_000, 300);
    assert_eq!(at(&mut plan, 299), []);
    assert_eq!(plan.wake_at(), Some(300));
    assert_eq!(at(&mut plan, 310), [run(0, 300)]);
    plan.finished(0, QUICK);
    assert_eq!(plan.wake_at(), Some(1_300));
    assert_eq!(at(&mut plan, 1_700), [run(0, 1_300)]);
    plan.finished(0, QUICK);
    assert_eq!(at(&mut plan, 2_300), [run(0, 2_300)]);
}

#[test]
fn a_slot_later_than_half_its_interval_is_shed_and_says_so() {
    let mut plan = Plan::new(LIMITS);
    plan.add(Lane::Tcp, 1_000, 0);
    assert_eq!(at(&mut plan, 500), [run(0, 0)]);
    plan.finished(0, QUICK);
    assert_eq!(at(&mut plan, 1_501), [shed(0, 1_000)]);
    assert_eq!(at(&mut plan, 2_000), [run(0, 2_000)]);
}

#[test]
fn after_a_long_stop_there_is_no_burst() {
    let mut plan = Plan::new(LIMITS);
    plan.add(Lane::Tcp, 1_000, 0);
    assert_eq!(at(&mut plan, 3_600_100), [run(0, 3_600_000)]);
    plan.finished(0, QUICK);
    assert_eq!(plan.wake_at(), Some(3_601_000));
}

#[test]
fn the_earliest_latest_start_goes_first() {
    let mut plan = Plan::new(Limits { at_once: 1, per_lane: 1 });
    plan.add(Lane::Tcp, 60_000, 0);
    plan.add(Lane::Tcp, 10_000, 5);
    plan.add(Lane::Dns, 20_000, 5);
    assert_eq!(at(&mut plan, 5), [run(1, 5)], "5 + 5,000 comes before 5 + 10,000 and 0 + 30,000");
    plan.finished(1, QUICK);
    assert_eq!(at(&mut plan, 6), [run(2, 5)]);
    plan.finished(2, QUICK);
    assert_eq!(at(&mut plan, 7), [run(0, 0)]);
}

#[test]
fn no_lane_takes_every_place() {
    let mut plan = Plan::new(LIMITS);
    for _ in 0..5 {
        plan.add(Lane::Http, 10_000, 0);
    }
    plan.add(Lane::Dns, 10_000, 0);
    plan.add(Lane::Dns, 10_000, 0);
    let started = at(&mut plan, 0);
    assert_eq!(started, [run(0, 0), run(1, 0), run(2, 0), run(5, 0)], "3 of a lane, 4 of all");
    assert_eq!(plan.wake_at(), Some(5_001), "when the waiting ones are shed");
    plan.finished(0, QUICK);
    assert_eq!(at(&mut plan, 1), [run(3, 0)]);
    assert_eq!(at(&mut plan, 5_001), [shed(4, 0), shed(6, 0)]);
}

#[test]
fn slow_checks_share_a_lane_and_leave_the_others_alone() {
    let mut plan = Plan::new(LIMITS);
    for _ in 0..4 {
        plan.add(Lane::Tcp, 10_000, 0);
    }
    plan.add(Lane::Tcp, 10_000, 9_000);
    assert_eq!(at(&mut plan, 0), [run(0, 0), run(1, 0), run(2, 0)]);
    for slot in 0..3 {
        plan.finished(slot, Duration::from_secs(5));
    }
    assert_eq!(at(&mut plan, 4_000), [run(3, 0)]);
    plan.finished(3, Duration::from_secs(5));
    assert_eq!(at(&mut plan, 10_000), [run(4, 9_000), run(0, 10_000), run(1, 10_000), run(2, 10_000)]);
}

#[test]
fn a_check_never_overlaps_itself() {
    let mut plan = Plan::new(LIMITS);
    plan.add(Lane::Tcp, 1_000, 0);
    assert_eq!(at(&mut plan, 0), [run(0, 0)]);
    assert_eq!(at(&mut plan, 1_000), []);
    plan.finished(0, Duration::from_millis(1_200));
    assert_eq!(at(&mut plan, 1_200), [run(0, 1_000)]);
    assert_eq!(at(&mut plan, 2_000), []);
    plan.finished(0, Duration::from_millis(1_400));
    assert_eq!(at(&mut plan, 2_600), [shed(0, 2_000)]);
}

#[test]
fn a_successor_plan_takes_over_slots_and_runs() {
    let mut plan = Plan::new(LIMITS);
    plan.add(Lane::Tcp, 1_000, 0);
    plan.add(Lane::Tcp, 1_000, 700);
    assert_eq!(at(&mut plan, 0), [run(0, 0)]);
    assert_eq!(plan.due_ms(0, 1_000), Some(1_000));
    assert_eq!(plan.due_ms(1, 1_000), Some(700));
    assert_eq!(plan.due_ms(1, 2_000), None, "another interval is another phase");
    assert_eq!(plan.due_ms(2, 1_000), None);
    let mut next = Plan::new(LIMITS);
    next.add(Lane::Tcp, 1_000, 1_000);
    next.mark_running(0);
    assert_eq!(at(&mut next, 1_000), []);
    next.finished(0, QUICK);
    assert_eq!(at(&mut next, 1_001), [run(0, 1_000)]);
}

#[test]
fn a_slot_that_waits_for_room_survives_a_new_assignment() {
    let mut plan = Plan::new(Limits { at_once: 1, per_lane: 1 });
    plan.add(Lane::Tcp, 1_000, 0);
    plan.add(Lane::Tcp, 1_000, 0);
    assert_eq!(at(&mut plan, 0), [run(0, 0)]);
    assert_eq!(plan.due_ms(1, 1_000), Some(0));
}

proptest! {
    /// Whatever runs how long: never over a limit, never twice at once, and each slot that is due
    /// is run or shed, at most once, in order.
    #[test]
    fn limits_hold_and_no_slot_is_said_twice(
        checks in proptest::collection::vec((0_usize..3, 100_u64..2_000, 0_u64..2_000), 1..30),
        durations in proptest::collection::vec(0_u64..3_000, 200),
    ) {
        let mut plan = Plan::new(LIMITS);
        for &(lane, every_ms, due_ms) in &checks {
            plan.add([Lane::Tcp, Lane::Dns, Lane::Http][lane], every_ms, due_ms);
        }
        let mut running: Vec<(u64, usize, u64)> = Vec::new();
        let mut last_due: Vec<Option<u64>> = vec![None; checks.len()];
        let mut durations = durations.into_iter().cycle();
        for now_ms in (0..10_000).step_by(50) {
            let ended: Vec<_> = running.extract_if(.., |(ends_ms, ..)| *ends_ms <= now_ms).collect();
            for (_, slot, took) in ended {
                plan.finished(slot, Duration::from_millis(took));
            }
            for start in at(&mut plan, now_ms) {
                let (slot, due_ms) = match start {
                    Start::Run { slot, due_ms } => {
                        prop_assert!(running.iter().all(|&(_, busy, _)| busy != slot));
                        prop_assert!(now_ms <= due_ms + checks[slot].1 / 2);
                        let took = durations.next().unwrap_or(0);
                        running.push((now_ms + took, slot, took));
                        (slot, due_ms)
                    }
                    Start::Shed { slot, due_ms } => (slot, due_ms),
                };
                prop_assert!(due_ms <= now_ms);
                prop_assert_eq!((due_ms + checks[slot].1 - checks[slot].2 % checks[slot].1) % checks[slot].1, 0);
                prop_assert!(last_due[slot].is_none_or(|last| last < due_ms));
                last_due[slot] = Some(due_ms);
            }
            prop_assert!(running.len() <= LIMITS.at_once);
        }
    }
}
