//! Groups to runs, rule by rule; then whatever bytes there are.

mod openings;

use collector_api::{
    CheckEntry, ConfigRecord, Evidence, Fact, Group, Lost, LostReason, Start, StepRecord, TlsFacts,
};
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::REGISTRATION_ENDS;

const T0: i64 = 1_000_000_000;
const MINUTE: i64 = 60_000;
const HOLD: i64 = 150_000;

/// Writes groups as an agent does. Check 0 is `s.c.a`, check 1 is `s.c.b`.
#[derive(Debug, Clone)]
struct Agent {
    groups: Vec<Group>,
    next_seq: u64,
}

impl Agent {
    /// A stream that opened at [`T0`] with a dictionary of two checks.
    fn new() -> Self {
        let mut agent = Self { groups: Vec::new(), next_seq: 1 };
        agent.start(T0).config(true, &[(0, "s.c.a"), (1, "s.c.b")]);
        agent
    }

    fn add(&mut self, base_ms: i64, record: Record) -> &mut Self {
        let first_seq = self.next_seq;
        self.next_seq += record.span();
        self.groups.push(Group { first_seq, base_ms, records: vec![record] });
        self
    }

    fn start(&mut self, at_ms: i64) -> &mut Self {
        self.add(0, Record { start: Some(Start { at_ms, ..Start::default() }), ..Record::default() })
    }

    fn config(&mut self, begins: bool, checks: &[(u32, &str)]) -> &mut Self {
        let entry = |&(index, check): &(u32, &str)| CheckEntry {
            index,
            check: check.to_owned(),
            interval_ms: 60_000,
            hold_ms: HOLD.unsigned_abs(),
        };
        let config = ConfigRecord { revision: 1, begins, entries: checks.iter().map(entry).collect() };
        self.add(0, Record { config: Some(config), ..Record::default() })
    }

    /// A sample of check `index` at a minute after [`T0`].
    fn sample(&mut self, index: u32, minute: i64, verdict: Verdict) -> &mut Self {
        let outcome = Record::outcome_of(verdict, Reason::None);
        self.add(T0 + minute * MINUTE, Record { check_plus_1: index + 1, outcome, ..Record::default() })
    }

    fn up(&mut self, minutes: impl IntoIterator<Item = i64>) -> &mut Self {
        for minute in minutes {
            self.sample(0, minute, Verdict::Up);
        }
        self
    }

    /// Numbers that were samples only.
    fn lost(&mut self, count: u64, from_ms: i64) -> &mut Self {
        let lost = Lost { count, from_ms, dictionary_kept: true, ..Lost::default() };
        self.add(0, Record { lost: Some(lost), ..Record::default() })
    }

    /// Numbers that may have been anything.
    fn lost_with_names(&mut self) -> &mut Self {
        let lost = Lost { count: 7, reason: LostReason::Corrupt.into(), ..Lost::default() };
        self.add(0, Record { lost: Some(lost), ..Record::default() })
    }

    fn run(&self) -> Story {
        let mut story = Story::default();
        story.deliver(&self.groups, 1, self.next_seq - 1);
        story
    }
}

/// A stream's state and all that came of it. Everything is received at minute 1,000, by a good clock.
#[derive(Default)]
struct Story {
    state: StreamState,
    closed: Vec<Closed>,
    summary: StepSummary,
}

const GOOD: ClockReading = ClockReading { sent_ms: 0, offset_ms: 0, rtt_ms: 0, ntp_error_ms: 10 };

impl Story {
    fn deliver(&mut self, groups: &[Group], first_seq: u64, last_seq: u64) {
        let bytes: Vec<u8> = groups.iter().flat_map(Group::encode_length_delimited_to_vec).collect();
        self.deliver_bytes(&bytes, (first_seq, last_seq), GOOD, T0 + 1_000 * MINUTE);
    }

    fn deliver_bytes(
        &mut self,
        groups: &[u8],
        (first_seq, last_seq): (u64, u64),
        clock: ClockReading,
        at: i64,
    ) {
        let batch = Accepted { first_seq, last_seq, received_ms: at, clock, groups };
        let summary = step(&mut self.state, &batch, &mut self.closed);
        self.summary.samples += summary.samples;
        self.summary.quarantined += summary.quarantined;
        self.summary.lost += summary.lost;
    }

    /// The runs of check 0 as `verdict first..last x count until`, in minutes.
    fn runs(&self) -> Vec<String> {
        let open = self.state.checks().map(|check| (&check.check, check.open));
        let closed = self.closed.iter().map(|closed| (&closed.check, Some(closed.run)));
        let runs = closed.chain(open).filter(|(check, _)| check.as_str() == "s.c.a");
        let minute = |ms: i64| {
            let tenths = (ms - T0) * 10 / MINUTE;
            format!("{}.{}", tenths / 10, tenths % 10).trim_end_matches(".0").to_owned()
        };
        let shown = |run: Run| {
            let (first, last, until) = (minute(run.first_ms), minute(run.last_ms), minute(run.until_ms));
            format!("{} {first}..{last} x{} until {until}", run.verdict, run.count)
        };
        runs.filter_map(|(_, run)| run).map(shown).collect()
    }
}

#[track_caller]
fn check(agent: &Agent, expected: &[&str]) {
    assert_eq!(agent.run().runs(), expected);
}

#[test]
fn alike_samples_are_one_run() {
    check(Agent::new().up(0..5), &["up 0..4 x5 until 6.5"]);
    check(
        Agent::new().up(0..3).sample(0, 3, Verdict::Down).up(4..6),
        &["up 0..2 x3 until 4.5", "down 3..3 x1 until 5.5", "up 4..5 x2 until 7.5"],
    );
}

#[test]
fn a_reason_of_its_own_is_a_run_of_its_own() {
    let mut agent = Agent::new();
    for (minute, reason) in [(0, Reason::ConnectTimeout), (1, Reason::ConnectRefused)] {
        let outcome = Record::outcome_of(Verdict::Down, reason);
        agent.add(T0 + minute * MINUTE, Record { check_plus_1: 1, outcome, ..Record::default() });
    }
    check(&agent, &["down 0..0 x1 until 2.5", "down 1..1 x1 until 3.5"]);
}

#[test]
fn a_run_does_not_bridge_a_gap_longer_than_hold() {
    check(Agent::new().up([0, 2, 4, 7]), &["up 0..4 x3 until 6.5", "up 7..7 x1 until 9.5"]);
}

#[test]
fn lost_cuts_every_hold_until_the_next_sample() {
    let mut agent = Agent::new();
    agent.up(0..3).sample(1, 2, Verdict::Up).lost(7, T0 + 3 * MINUTE).up(4..6);
    check(&agent, &["up 0..2 x3 until 3", "up 4..5 x2 until 7.5"]);
    let story = agent.run();
    assert_eq!(story.summary, StepSummary { samples: 6, quarantined: 0, lost: 7, downs: 0 });
    assert_eq!(story.closed.len(), 2, "the other check's run ends too");
    // Without a time, what is known ends with the stream's latest sample.
    check(Agent::new().up(0..3).sample(1, 2, Verdict::Up).lost(7, 0), &["up 0..2 x3 until 2"]);
    // It never takes back what a sample said at its own time.
    check(Agent::new().up(0..3).lost(7, T0), &["up 0..2 x3 until 2"]);
}

#[test]
fn a_sample_not_later_than_the_one_before_is_unknown_at_its_time() {
    check(
        Agent::new().up(0..3).sample(0, 1, Verdict::Down).sample(0, 2, Verdict::Up).up([3]),
        &["up 0..2 x3 until 4.5", "unknown 2..2 x2 until 4.5", "up 3..3 x1 until 5.5"],
    );
}

#[test]
fn a_stamp_from_the_future_is_unknown_at_most_a_hold_after_its_reception() {
    // Received at minute 1000; the hold is two and a half minutes.
    for (stamp, unknown) in
        [(1_001, "unknown 1001..1001 x1 until 1003.5"), (2_000, "unknown 1002.5..1002.5 x1 until 1005")]
    {
        let mut agent = Agent::new();
        agent.up([0]).sample(0, stamp, Verdict::Up);
        check(&agent, &["up 0..0 x1 until 2.5", unknown]);
    }
}

#[test]
fn a_clock_that_nothing_bounds_proves_nothing() {
    let agent = Agent::new().up(0..3).clone();
    let bytes: Vec<u8> = agent.groups.iter().flat_map(Group::encode_length_delimited_to_vec).collect();
    for (clock, verdict) in [
        (GOOD, "up"),
        (ClockReading { ntp_error_ms: 0, ..GOOD }, "unknown"),
        (ClockReading { ntp_error_ms: 5_002, ..GOOD }, "unknown"),
        (ClockReading { ntp_error_ms: 5_001, ..GOOD }, "up"),
        (ClockReading { ntp_error_ms: 0, rtt_ms: 20, offset_ms: -4_000, ..GOOD }, "up"),
        (ClockReading { ntp_error_ms: 0, rtt_ms: 20, offset_ms: -6_000, ..GOOD }, "unknown"),
        (ClockReading { ntp_error_ms: 0, rtt_ms: u64::MAX, offset_ms: i64::MIN, ..GOOD }, "unknown"),
    ] {
        let mut story = Story::default();
        story.deliver_bytes(&bytes, (1, agent.next_seq - 1), clock, T0 + 10 * MINUTE);
        assert_eq!(story.runs(), [format!("{verdict} 0..2 x3 until 4.5")], "{clock:?}");
        let opened = if verdict == "up" { T0 } else { 0 };
        assert_eq!(story.state.opened_ms(), Some(opened), "an unbounded clock does not date the opening");
    }
}

#[test]
fn an_unchanged_check_keeps_its_run_across_a_new_dictionary() {
    let mut agent = Agent::new();
    agent.up(0..2).start(T0 + MINUTE).config(true, &[(0, "s.c.b")]).config(false, &[(7, "s.c.a")]);
    agent.sample(7, 2, Verdict::Up);
    check(&agent, &["up 0..2 x3 until 4.5"]);
}

#[test]
fn a_check_that_changes_or_leaves_ends_its_run() {
    check(
        Agent::new().up(0..2).config(true, &[(1, "s.c.b")]).sample(1, 2, Verdict::Up),
        &["up 0..1 x2 until 3.5"],
    );
    let mut agent = Agent::new();
    let entry = CheckEntry { index: 0, check: "s.c.a".to_owned(), interval_ms: 60_000, hold_ms: 60_000 };
    let config = ConfigRecord { revision: 2, begins: false, entries: vec![entry] };
    agent.up(0..2).add(0, Record { config: Some(config), ..Record::default() }).up([2]);
    check(&agent, &["up 0..1 x2 until 3.5", "up 2..2 x1 until 3"]);
    assert_eq!(agent.run().state.revision(), 2);
}

#[test]
fn a_check_that_comes_back_must_be_later_than_when_it_left() {
    let mut agent = Agent::new();
    agent.up(0..5).config(true, &[(1, "s.c.b")]).sample(1, 5, Verdict::Up);
    agent.config(true, &[(0, "s.c.a"), (1, "s.c.b")]);
    agent.sample(0, 3, Verdict::Up).sample(0, 6, Verdict::Up);
    check(&agent, &["up 0..4 x5 until 6.5", "unknown 4..4 x1 until 6.5", "up 6..6 x1 until 8.5"]);
}

#[test]
fn what_cannot_be_read_is_lost() {
    for (what, record) in [
        ("an index of no check", Record { check_plus_1: 9, ..Record::default() }),
        ("a record of no known kind", Record::default()),
        ("a time before 1970", Record { check_plus_1: 1, slot_delta_ms: i64::MIN, ..Record::default() }),
    ] {
        let mut agent = Agent::new();
        agent.up(0..3).add(0, record).up(4..6);
        assert_eq!(agent.run().runs(), ["up 0..2 x3 until 2", "up 4..5 x2 until 7.5"], "{what}");
        assert_eq!(agent.run().summary.quarantined, 1, "{what}");
    }
}

#[test]
fn where_a_dictionary_may_be_lost_no_index_is_believed_until_one_begins() {
    let before = "up 0..2 x3 until 2";
    let mut agent = Agent::new();
    agent.up(0..3).lost_with_names().up(3..5);
    check(&agent, &[before]);
    assert_eq!(agent.run().summary, StepSummary { samples: 3, quarantined: 2, lost: 7, downs: 0 });
    // Neither a piece without its beginning, nor a LOST of samples only, nor a Start says what indices mean.
    agent.config(false, &[(0, "s.c.a")]).lost(1, 0).start(T0 + 5 * MINUTE).up([5]);
    check(&agent, &[before]);
    // The other check has its index by now: believed, sample 3 would have been the wrong one's.
    agent.config(true, &[(0, "s.c.b")]).config(false, &[(1, "s.c.a")]).sample(1, 6, Verdict::Up);
    check(&agent, &[before, "up 6..6 x1 until 8.5"]);
    // Times still may not go back: what is known of a check outlives the gap.
    agent.sample(1, 2, Verdict::Up);
    check(&agent, &[before, "up 6..6 x1 until 8.5", "unknown 6..6 x1 until 8.5"]);
}

#[test]
fn missing_doubled_and_broken_groups_are_lost() {
    // Any of these may have been a dictionary, so it is repeated.
    let repeated = [(0, "s.c.a"), (1, "s.c.b")];
    let agent = Agent::new().up(0..4).config(true, &repeated).up(4..6).clone();
    let expected = ["up 0..2 x3 until 2", "up 4..5 x2 until 7.5"];
    let mut missing = agent.clone();
    missing.groups.remove(5);
    assert_eq!(missing.run().runs(), expected);
    assert_eq!(missing.run().summary, StepSummary { samples: 5, quarantined: 0, lost: 1, downs: 0 });

    let mut doubled = agent.clone();
    doubled.groups[5] = doubled.groups[4].clone();
    assert_eq!(doubled.run().runs(), expected);
    assert_eq!(doubled.run().summary, StepSummary { samples: 5, quarantined: 1, lost: 1, downs: 0 });

    let mut broken = Story::default();
    let mut bytes: Vec<u8> = Vec::new();
    for (index, group) in agent.groups.iter().enumerate() {
        match index {
            5 => bytes.extend([3, 0xff, 0xff, 0xff]),
            _ => bytes.extend(group.encode_length_delimited_to_vec()),
        }
    }
    broken.deliver_bytes(&bytes, (1, agent.next_seq - 1), GOOD, T0 + 1_000 * MINUTE);
    assert_eq!(broken.runs(), expected);
    assert_eq!(broken.summary, StepSummary { samples: 5, quarantined: 1, lost: 1, downs: 0 });

    let mut not_repeated = Agent::new().up(0..6).clone();
    not_repeated.groups.remove(5);
    assert_eq!(not_repeated.run().runs(), [expected[0]]);
}

#[test]
fn a_batch_covers_what_was_signed() {
    let agent = Agent::new().up(0..3).clone();
    // Signed up to three numbers further than its groups go: those are lost.
    let mut short = Story::default();
    short.deliver(&agent.groups, 1, agent.next_seq + 2);
    assert_eq!((short.summary.lost, short.state.next_seq()), (3, agent.next_seq + 3));
    assert_eq!(short.runs(), ["up 0..2 x3 until 2"]);
    // Groups beyond what was signed do not count.
    let mut long = Story::default();
    long.deliver(&agent.groups, 1, agent.next_seq - 2);
    assert_eq!((long.summary.samples, long.summary.quarantined), (2, 1));
    assert_eq!(long.state.next_seq(), agent.next_seq - 1);
}

#[test]
fn a_batch_delivered_again_changes_nothing() {
    let agent = Agent::new().up(0..6).clone();
    let mut story = agent.run();
    let before = story.state.clone();
    story.deliver(&agent.groups, 1, agent.next_seq - 1);
    assert_eq!(story.state, before);
    assert!(story.closed.is_empty());
}

#[test]
fn the_newest_sample_and_the_newest_evidence_are_kept() {
    let mut agent = Agent::new();
    let outcome = Record::outcome_of(Verdict::Down, Reason::ConnectRefused);
    let failed =
        Record { check_plus_1: 1, outcome, duration: 100, evidence: vec![1, 2, 3], ..Record::default() };
    agent.add(T0, failed).up([1]);
    let story = agent.run();
    let latest = story.state.checks().next().and_then(|check| check.latest.clone()).unwrap();
    assert_eq!((latest.at_ms, latest.verdict, latest.evidence_ms), (T0 + MINUTE, Verdict::Up, T0));
    assert_eq!(latest.evidence, [1, 2, 3]);
}

#[test]
fn what_lasts_is_kept_beside_newer_evidence_that_tells_less() {
    let evidence = |tls: bool, expires: bool| {
        let tls = tls.then(TlsFacts::default);
        let expires =
            expires.then(|| Fact { name: REGISTRATION_ENDS.to_owned(), value: "2027-03-01".to_owned() });
        let detail = "seen".to_owned();
        Evidence { detail, tls, facts: expires.into_iter().collect(), ..Evidence::default() }.encode_to_vec()
    };
    // What each sample's evidence tells (a certificate, an end), and the sample that is remembered beside it.
    for (told, lasting) in [
        (vec![(true, false), (false, false)], Some(0)),
        (vec![(true, true), (true, false), (false, false)], Some(0)),
        (vec![(true, false), (false, false), (true, false), (false, false)], Some(2)),
        (vec![(true, true), (false, false), (false, false)], Some(0)),
        (vec![(true, true), (true, false)], Some(0)),
        (vec![(true, false), (false, false), (true, false)], None),
        (vec![(false, false), (false, false)], None),
        (vec![(true, true), (true, true)], None),
    ] {
        let mut agent = Agent::new();
        for (minute, (tls, expires)) in (0_i64..).zip(&told) {
            let outcome = Record::outcome_of(Verdict::Down, Reason::ConnectRefused);
            let evidence = evidence(*tls, *expires);
            let record = Record { check_plus_1: 1, outcome, duration: 100, evidence, ..Record::default() };
            agent.add(T0 + minute * MINUTE, record);
        }
        let state = agent.run().state;
        let latest = state.checks().next().and_then(|check| check.latest.clone()).unwrap();
        let expected = lasting.map(|index: usize| (evidence(told[index].0, told[index].1), index));
        let expected = expected
            .map_or((Vec::new(), 0), |(bytes, index)| (bytes, T0 + i64::try_from(index).unwrap() * MINUTE));
        assert_eq!((latest.lasting, latest.lasting_ms), expected, "{told:?}");
        assert_eq!(StreamState::decode(&state.encode()), Some(state), "{told:?}");
    }
}

fn any_record() -> impl Strategy<Value = (i64, Record)> {
    let sample = (0_u32..4, -2_i64..20, 0_u32..4, prop::collection::vec(any::<u8>(), 0..3)).prop_map(
        |(check, delta, verdict, evidence)| {
            let outcome = Record::outcome_of(Verdict::from_code(verdict), Reason::None);
            (delta, Record { check_plus_1: check, outcome, evidence, ..Record::default() })
        },
    );
    let lost = (1_u64..5, 0_i64..50, any::<bool>()).prop_map(|(count, minute, dictionary_kept)| {
        let from_ms = if minute == 0 { 0 } else { T0 + minute * MINUTE };
        let lost = Lost { count, from_ms, dictionary_kept, ..Lost::default() };
        (0, Record { lost: Some(lost), ..Record::default() })
    });
    let names = prop::collection::vec((0_u32..4, 0_usize..4, 1_u64..4), 0..4);
    let config = (any::<bool>(), names).prop_map(|(begins, entries)| {
        let checks = ["s.c.a", "s.c.b", "s.c.c", "not a name"];
        let entry = |(index, check, holds): (u32, usize, u64)| CheckEntry {
            index,
            check: checks[check].to_owned(),
            interval_ms: 60_000,
            hold_ms: holds * 60_000,
        };
        let entries = entries.into_iter().map(entry).collect();
        (0, Record { config: Some(ConfigRecord { revision: 1, begins, entries }), ..Record::default() })
    });
    let other = prop_oneof![
        Just((0, Record { start: Some(Start::default()), ..Record::default() })),
        Just((0, Record { step: Some(StepRecord::default()), ..Record::default() })),
    ];
    prop_oneof![12 => sample, 1 => lost, 2 => config, 1 => other]
}

/// An agent's stream: any records, the clock going on by a few minutes each, at times back.
fn any_stream() -> impl Strategy<Value = Agent> {
    prop::collection::vec(any_record(), 1..60).prop_map(|records| {
        let mut agent = Agent::new();
        let mut minute = 0;
        for (delta, record) in records {
            minute += delta;
            agent.add(T0 + minute * MINUTE, record);
        }
        agent
    })
}

proptest! {
    #[test]
    fn where_batches_are_cut_changes_nothing(agent in any_stream(), cuts in any::<u64>()) {
        let whole = agent.run();
        let mut pieces = Story::default();
        let mut start = 0;
        for end in 1..=agent.groups.len() {
            if end == agent.groups.len() || cuts >> (end % 64) & 1 == 1 {
                let groups = &agent.groups[start..end];
                pieces.deliver(groups, groups[0].first_seq, groups[groups.len() - 1].next_seq() - 1);
                // As after a restart from a checkpoint.
                pieces.state = StreamState::decode(&pieces.state.encode()).unwrap();
                start = end;
            }
        }
        prop_assert_eq!(&pieces.closed, &whole.closed);
        prop_assert_eq!(&pieces.state, &whole.state);
        prop_assert_eq!(pieces.summary, whole.summary);
    }

    #[test]
    fn runs_of_a_check_are_in_order_and_every_number_is_accounted_for(agent in any_stream()) {
        let story = agent.run();
        let open = story.state.checks().map(|check| (&check.check, check.open));
        let closed = story.closed.iter().map(|closed| (&closed.check, Some(closed.run)));
        let mut last = std::collections::BTreeMap::<&CheckId, Run>::new();
        let mut samples = 0;
        for (check, run) in closed.chain(open).filter_map(|(check, run)| Some((check, run?))) {
            prop_assert!(run.first_ms <= run.last_ms && run.last_ms <= run.until_ms);
            prop_assert!(run.first_seq <= run.last_seq && run.count > 0);
            samples += run.count;
            if let Some(before) = last.insert(check, run) {
                prop_assert!(before.last_ms <= run.first_ms, "{before:?} then {run:?}");
                prop_assert!(before.last_seq < run.first_seq);
            }
        }
        prop_assert_eq!(samples, story.summary.samples);
        prop_assert_eq!(story.state.next_seq(), agent.next_seq);
    }

    #[test]
    fn any_bytes_are_accounted_for(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        first in 1_u64..9,
        span in any::<u64>(),
        clock in any::<(i64, u64, u64)>(),
        received_ms in any::<i64>(),
    ) {
        let mut story = Agent::new().up(0..3).run();
        let last_seq = first.saturating_add(span);
        let before = story.state.next_seq();
        let clock = ClockReading { sent_ms: 0, offset_ms: clock.0, rtt_ms: clock.1, ntp_error_ms: clock.2 };
        story.deliver_bytes(&bytes, (first, last_seq), clock, received_ms);
        prop_assert_eq!(story.state.next_seq(), before.max(last_seq.saturating_add(1)));
    }

    #[test]
    fn groups_with_broken_bytes_are_accounted_for(
        agent in any_stream(),
        breaks in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..8),
    ) {
        let mut bytes: Vec<u8> = agent.groups.iter().flat_map(Group::encode_length_delimited_to_vec).collect();
        for (place, byte) in breaks {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let mut story = Story::default();
        story.deliver_bytes(&bytes, (1, agent.next_seq - 1), GOOD, T0 + 1_000 * MINUTE);
        prop_assert_eq!(story.state.next_seq(), agent.next_seq);
    }

    #[test]
    fn any_bytes_are_a_state_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(state) = StreamState::decode(&bytes) {
            prop_assert_eq!(StreamState::decode(&state.encode()), Some(state));
        }
    }
}
