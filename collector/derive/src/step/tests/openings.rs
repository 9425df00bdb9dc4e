//! When a stream opens, and what a loss at its head takes with it.

use super::*;

#[test]
fn a_stream_opens_as_its_start_says_but_after_all_that_was_said_before() {
    let (received, first_of_all) = (10 * MINUTE, -T0);
    for (what, start, spoken, opened) in [
        ("the first stream opens as its start says", 1, None, 1),
        ("a start after all that was said is believed", 3 * MINUTE, Some(2 * MINUTE), 3 * MINUTE),
        ("one before the clock was set right is not", -T0 + 1, Some(2 * MINUTE), 2 * MINUTE + 1),
        ("what was said in the very millisecond is kept", 2 * MINUTE, Some(2 * MINUTE), 2 * MINUTE + 1),
        ("one 5 s ahead of the reception opens at it", received + 5_000, Some(2 * MINUTE), received),
        ("one from the future is not believed", received + 5_001, Some(2 * MINUTE), 2 * MINUTE + 1),
        ("nor is that of a first stream", received + 5_001, None, first_of_all),
        ("nor one before 1970", -T0 - 1, None, first_of_all),
        ("what was said in the future was said before", 3 * MINUTE, Some(99 * MINUTE), 99 * MINUTE + 1),
    ] {
        let mut agent = Agent { groups: Vec::new(), next_seq: 1 };
        agent.start(T0 + start);
        let bytes: Vec<u8> = agent.groups.iter().flat_map(Group::encode_length_delimited_to_vec).collect();
        let state = StreamState::opening_after(spoken.map(|ms| T0 + ms));
        let mut story = Story { state, ..Story::default() };
        story.deliver_bytes(&bytes, (1, agent.next_seq - 1), GOOD, T0 + received);
        assert_eq!(story.state.opened_ms().map(|ms| ms - T0), Some(opened), "{what}");
        assert_eq!(StreamState::decode(&story.state.encode()).as_ref(), Some(&story.state), "{what}");
    }
}

#[test]
fn a_stream_whose_start_is_gone_opens_right_after_what_was_said_before() {
    let lost = |to_ms| Lost { count: 9, reason: LostReason::Rewound.into(), to_ms, ..Lost::default() };
    let lost = |to_ms| Record { lost: Some(lost(to_ms)), ..Record::default() };
    for (what, first) in [
        ("a loss whose end nobody knows", lost(0)),
        ("a loss whose end is said wrongly", lost(T0 + 900 * MINUTE)),
        ("a record of a later kind", Record::default()),
        ("a step of the clock", Record { step: Some(StepRecord::default()), ..Record::default() }),
    ] {
        for (spoken, opened) in [(None, 0), (Some(T0 - MINUTE), T0 - MINUTE + 1)] {
            let mut agent = Agent { groups: Vec::new(), next_seq: 1 };
            agent.add(0, first.clone()).config(true, &[(0, "s.c.a")]).up(0..3).start(T0 + 3 * MINUTE);
            let state = StreamState::opening_after(spoken);
            let mut story = Story { state, ..Story::default() };
            story.deliver(&agent.groups, 1, agent.next_seq - 1);
            assert_eq!(story.state.opened_ms(), Some(opened), "{what}: nothing it brings is before that");
            assert_eq!(story.runs(), ["up 0..2 x3 until 4.5"], "{what}");
        }
    }
}

#[test]
fn what_a_full_disk_took_held_no_dictionary_whoever_wrote_the_loss() {
    for (reason, runs) in [
        (LostReason::DiskRefused, &["up 0..2 x3 until 2", "up 3..4 x2 until 6.5"][..]),
        (LostReason::Cap, &["up 0..2 x3 until 2"]),
        (LostReason::Corrupt, &["up 0..2 x3 until 2"]),
    ] {
        let lost = Lost { count: 7, reason: reason.into(), ..Lost::default() };
        let mut agent = Agent::new();
        agent.up(0..3).add(0, Record { lost: Some(lost), ..Record::default() }).up(3..5);
        check(&agent, runs);
    }
}

#[test]
fn a_dictionary_piece_over_its_limit_names_nothing_and_loses_the_names_there_were() {
    let names: Vec<String> = (0..=limits::CONFIG_ENTRIES_MAX).map(|index| format!("s.c.n{index}")).collect();
    let entries: Vec<(u32, &str)> = (0..).zip(names.iter().map(String::as_str)).collect();
    let mut agent = Agent::new();
    agent.up(0..2).config(false, &entries).up(2..4).config(true, &[(0, "s.c.a")]).up(4..6);
    check(&agent, &["up 0..1 x2 until 1", "up 4..5 x2 until 7.5"]);
    let mut most = Agent::new();
    most.up(0..2).config(true, &[(0, "s.c.a")]).config(false, &entries[1..]).up(2..4);
    check(&most, &["up 0..3 x4 until 5.5"]);
}
