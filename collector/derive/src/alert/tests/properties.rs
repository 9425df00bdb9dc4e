//! Whatever happens in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use collector_api::Reason;
use config::{Concern, Severity, When};
use proptest::prelude::*;

use super::stage::*;
use crate::Condition;
use crate::alert::*;

/// What one tick brings: how long after the last one, and how each subject is.
#[derive(Debug, Clone)]
struct Tick {
    after_ms: i64,
    states: Vec<u8>,
    planned: bool,
    notices: u8,
    level: u8,
    ack: bool,
}

fn tick() -> impl Strategy<Value = Tick> {
    let after =
        prop_oneof![8 => 1_000_i64..10 * MINUTE, 2 => 10 * MINUTE..5 * HOUR, 1 => HOUR..9 * 24 * HOUR];
    (
        after,
        prop::collection::vec(0_u8..6, 5),
        prop::bool::weighted(0.1),
        0_u8..8,
        0_u8..16,
        prop::bool::weighted(0.05),
    )
        .prop_map(|(after_ms, states, planned, notices, level, ack)| Tick {
            after_ms,
            states,
            planned,
            notices,
            level,
            ack,
        })
}

/// A line, a part, and rows: the part hangs on the line, one row on the part, one on the line; one on nothing.
fn roots() -> [(Root, Vec<Root>); 5] {
    let line = Root::Line("fibra".to_owned());
    let part = Root::Part("b.posta".to_owned());
    [
        (line.clone(), vec![]),
        (part.clone(), vec![line.clone()]),
        (Root::Row(id("a")), vec![line]),
        (Root::Row(id("b")), vec![part]),
        (Root::Row(id("c")), vec![]),
    ]
}

fn facts(policy: &Policy, tick: &Tick, newest: u64, now_ms: i64) -> Facts {
    let state = |code: u8| match code {
        0 | 1 => Condition::Down,
        2 => Condition::Unknown,
        3 => Condition::Degraded,
        _ => Condition::Up,
    };
    let down: Vec<Root> = roots()
        .into_iter()
        .zip(&tick.states)
        .filter(|(_, code)| state(**code) == Condition::Down)
        .map(|((root, _), _)| root)
        .collect();
    let subject = |((root, causes), code): ((Root, Vec<Root>), &u8)| Subject {
        held_by: causes.into_iter().filter(|cause| down.contains(cause)).collect(),
        root,
        state: state(*code),
        since_ms: (*code != 0).then_some(now_ms - i64::from(*code) * MINUTE),
        reason: Reason::None,
        failing: 1,
        vantages: 1,
        planned: tick.planned,
        telling: Telling { alert: vec![], severity: Severity::Page, after_ms: 300_000 },
    };
    let notice = |(place, name): (u8, &str)| {
        (tick.notices & (1 << place) != 0).then(|| Notice {
            kind: NoticeKind::Member,
            name: name.to_owned(),
            since_ms: now_ms - MINUTE,
            detail: Detail::None,
            held_by: down.iter().filter(|root| matches!(root, Root::Line(_))).cloned().collect(),
        })
    };
    let levels = Level::ALL.into_iter().enumerate().filter(|(place, _)| tick.level & (1 << place) != 0);
    Facts {
        policy: policy.clone(),
        subjects: roots().into_iter().zip(&tick.states).map(subject).collect(),
        silences: Vec::new(),
        commitments: vec![CommitmentFacts {
            key: CommitmentKey { service: id("c"), hours: None },
            year: crate::day_of(now_ms).year(),
            levels: levels.map(|(_, level)| level).collect(),
            secured: false,
            up_of_known: (1, 1),
            budget_ms: 1,
            remaining_ms: 1,
            alert: Vec::new(),
        }],
        notices: (0..).zip(["ap1", "ap2", "ap3"]).filter_map(notice).collect(),
        planned: Vec::new(),
        computed_ms: now_ms,
        stale: Vec::new(),
        acked: tick.ack.then_some(newest).into_iter().collect(),
    }
}

fn policy() -> Policy {
    let mut late = recipient("capo", When::Always, &[Concern::Page]);
    late.escalate_after_ms = Some(1_800_000);
    policy_of(vec![
        recipient("turno", When::Always, &[Concern::Page, Concern::Ticket]),
        recipient("reperibile", When::usual(), &Concern::usual()),
        late,
    ])
}

/// Everything that is down is an incident's, and no cause has two.
fn check_open(state: &State, facts: &Facts) -> Result<(), TestCaseError> {
    let down = |root: &Root| {
        facts.subjects.iter().find(|subject| subject.root == *root && subject.state == Condition::Down)
    };
    for subject in facts.subjects.iter().filter(|subject| subject.state == Condition::Down) {
        let thing = Thing::Root(subject.root.clone());
        let own = state.open().iter().filter(|open| open.root == subject.root).count();
        let holders = state.open().iter().filter(|open| open.holds(&thing)).count();
        prop_assert!(own <= 1, "one incident of {}", subject.root);
        prop_assert!(own + holders >= 1, "{} is lost", subject.root);
        let explained = subject.held_by.iter().any(|cause| down(cause).is_some());
        prop_assert!(own == 0 || !explained, "{} has an incident beside its cause's", subject.root);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_said_twice(ticks in prop::collection::vec(tick(), 1..120)) {
        let policy = policy();
        let (mut state, mut now_ms) = (State::default(), at("2026-12-20 00:00"));
        let mut sent: BTreeSet<(String, String)> = BTreeSet::new();
        let mut levels: BTreeMap<(String, Level, i16), i64> = BTreeMap::new();
        let (mut opened, mut over) = (BTreeSet::new(), BTreeSet::new());
        for tick in &ticks {
            now_ms += tick.after_ms;
            let facts = facts(&policy, tick, state.open().last().map_or(0, |open| open.number), now_ms);
            // Whoever restarts reads what was stored.
            let read: State = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
            prop_assert_eq!(&read, &state);
            let (next, decisions) = step(&read, &facts, now_ms);
            prop_assert_eq!(step(&state, &facts, now_ms), (next.clone(), decisions.clone()));
            state = next;
            check_open(&state, &facts)?;
            for decision in decisions {
                for who in &decision.to {
                    prop_assert!(
                        sent.insert((decision.key(), who.to_string())),
                        "{} twice to {who}", decision.key()
                    );
                }
                match &decision.what {
                    What::Opened(story) => { opened.insert(story.incident.number); }
                    What::Closed(story) => {
                        over.insert(story.incident.number);
                        over.extend(&story.incident.absorbed);
                    }
                    What::Budget(rise) => for who in &decision.to {
                        let last = levels.insert((who.to_string(), rise.level, rise.year), now_ms);
                        let week = 7 * 24 * HOUR;
                        prop_assert!(last.is_none_or(|last_ms| now_ms - last_ms >= week), "{:?} again", rise.level);
                    },
                    What::Again(..) | What::Morning(_) | What::Digest(_) => {}
                }
            }
        }
        for open in state.open() {
            over.insert(open.number);
            over.extend(&open.absorbed);
        }
        prop_assert_eq!(opened, over, "each incident is open, ended, or another's");
    }

    /// Whoever heard a beginning hears the end, once his hours come.
    #[test]
    fn who_heard_of_the_beginning_hears_of_the_end(ticks in prop::collection::vec(tick(), 1..60)) {
        let policy = policy();
        let (mut state, mut now_ms) = (State::default(), at("2026-03-20 00:00"));
        let mut owes: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        let calm = Tick { after_ms: 15 * MINUTE, states: vec![5; 5], planned: false, notices: 0, level: 0, ack: false };
        let rest = std::iter::repeat_n(&calm, 4 * 24 * 4);
        for tick in ticks.iter().chain(rest) {
            now_ms += tick.after_ms;
            let facts = facts(&policy, tick, 0, now_ms);
            let (next, decisions) = step(&state, &facts, now_ms);
            state = next;
            for decision in decisions {
                for who in &decision.to {
                    let owed = owes.entry(who.to_string()).or_default();
                    match &decision.what {
                        What::Opened(story) => { owed.insert(story.incident.number); }
                        What::Closed(story) => {
                            owed.remove(&story.incident.number);
                            for absorbed in &story.incident.absorbed {
                                owed.remove(absorbed);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        prop_assert!(state.open().is_empty());
        for (who, owed) in owes {
            prop_assert!(owed.is_empty(), "{who} waits for the end of {owed:?}");
        }
    }
}
