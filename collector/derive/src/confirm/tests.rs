//! Confirmation by picture.

use collector_api::{Reason, StreamId, Verdict};

use super::*;

const MINUTE: i64 = 60_000;

/// One character is one minute. Samples: `u` up, `g` degraded, `d` down, `e` error, `.` none; `|` opens the
/// next stream. Hold is two and a half minutes: `?` where less than a whole minute is known.
struct Picture<'a> {
    samples: &'a str,
    rules: &'a [(i64, u32, u32)],
    as_of: i64,
}

impl Picture<'_> {
    fn drawn(&self) -> String {
        let length = i64::try_from(self.samples.replace('|', "").len()).unwrap();
        let rules: Vec<_> = self
            .rules
            .iter()
            .map(|&(from, down, up)| Confirmation { from_ms: from * MINUTE, down, up })
            .collect();
        let to_ms = self.as_of.min(length) * MINUTE;
        let timeline = confirm(&self.streams(), &rules, (0, to_ms), self.as_of * MINUTE).timeline;
        let says = |minute: i64| {
            let (from_ms, to_ms) = (minute * MINUTE, (minute + 1) * MINUTE);
            let mut here = timeline.stretches().filter(|(start, end, _)| *start < to_ms && from_ms < *end);
            match (here.next().map(|(.., change)| change.verdict), here.next()) {
                (Some(Condition::Up), None) => 'U',
                (Some(Condition::Degraded), None) => 'G',
                (Some(Condition::Down), None) => 'D',
                _ => '?',
            }
        };
        (0..to_ms / MINUTE).map(says).collect()
    }

    fn streams(&self) -> Vec<StreamRuns> {
        let mut at_ms = 0;
        let mut streams = Vec::new();
        for (index, samples) in self.samples.split('|').enumerate() {
            let opened_ms = at_ms;
            let mut runs: Vec<Run> = Vec::new();
            for sample in samples.chars() {
                let verdict = match sample {
                    'u' => Some(Verdict::Up),
                    'g' => Some(Verdict::Degraded),
                    'd' => Some(Verdict::Down),
                    'e' => Some(Verdict::Unknown),
                    _ => None,
                };
                if let Some(verdict) = verdict {
                    add(&mut runs, verdict, at_ms);
                }
                at_ms += MINUTE;
            }
            let open = runs.pop();
            let stream = StreamId([u8::try_from(index).unwrap(); 16]);
            streams.push(StreamRuns { stream, opened_ms, closed: runs, open });
        }
        streams
    }
}

fn add(runs: &mut Vec<Run>, verdict: Verdict, at_ms: i64) {
    let until_ms = at_ms + 5 * MINUTE / 2;
    if let Some(run) = runs.last_mut()
        && run.verdict == verdict
        && at_ms <= run.until_ms
    {
        (run.last_ms, run.until_ms, run.count) = (at_ms, until_ms, run.count + 1);
        return;
    }
    let reason = Reason::None;
    let (first_seq, last_seq, first_ms, last_ms) = (1, 1, at_ms, at_ms);
    runs.push(Run { verdict, reason, first_seq, last_seq, first_ms, last_ms, count: 1, until_ms });
}

/// Two fails make down, one ok ends it.
#[track_caller]
fn check(samples: &str, expected: &str) {
    check_by(&[(0, 2, 1)], samples, expected);
}

#[track_caller]
fn check_by(rules: &[(i64, u32, u32)], samples: &str, expected: &str) {
    assert_eq!(Picture { samples, rules, as_of: 10_000 }.drawn(), expected, "for {samples:?}");
}

#[test]
fn silence_is_neither_up_nor_down() {
    check("..u.....", "??UU????");
    check("..dd....", "??DDD???");
    check("", "");
}

#[test]
fn down_counts_from_the_first_of_two() {
    check("uuddduuu", "UUDDDUUU");
    check("uuduuuuu", "UUUUUUUU");
    check("dduu", "DDUU");
}

#[test]
fn degraded_is_up_and_shows() {
    check("uugguudu", "UUGGUUUU");
    check("ggddgg", "GGDDGG");
}

#[test]
fn what_is_not_decided_is_unknown() {
    check("uuud", "UUU?");
    check("uuudd", "UUUDD");
    check("d", "?");
    // A single fail before anything was confirmed never becomes anything.
    check("duuu", "?UUU");
}

#[test]
fn errors_and_gaps_neither_add_nor_clear() {
    check("uudeduu", "UUD?DUU");
    check("uud.....duu", "UUDD????DUU");
    check("uudeuu", "UUU?UU");
}

#[test]
fn as_many_oks_as_asked_end_it() {
    check_by(&[(0, 2, 2)], "uudduddu", "UUDDDDD?");
    check_by(&[(0, 2, 2)], "uudduuuu", "UUDDUUUU");
    check_by(&[(0, 1, 1)], "udu", "UDU");
}

#[test]
fn the_rule_in_force_at_the_time_confirms() {
    check_by(&[(0, 3, 1), (6, 1, 1)], "uudduuduuu", "UUUUUUDUUU");
    check_by(&[(0, 1, 1), (6, 3, 1)], "ududuuduuu", "UDUDUUUUUU");
    // One sample before the rule, one after it: the second meets the rule then in force.
    check_by(&[(0, 5, 1), (3, 2, 1)], "uudduuu", "UUDDUUU");
}

#[test]
fn a_new_stream_speaks_from_its_opening() {
    // The old stream's last sample holds no longer than that.
    check("uuu|..uu", "UUU??UU");
    // A streak goes on in the next stream.
    check("uud|duu", "UUDDUU");
}

#[test]
fn at_the_instant_of_the_next_opening_the_old_stream_is_silent() {
    let mut streams = Picture { samples: "uuu|.duu", rules: &[], as_of: 0 }.streams();
    let mut old: Vec<Run> = streams[0].runs().copied().collect();
    add(&mut old, Verdict::Down, streams[1].opened_ms);
    (streams[0].closed, streams[0].open) = (old, None);
    let rules = [Confirmation { from_ms: 0, down: 2, up: 1 }];
    let seen = confirm(&streams, &rules, (0, 7 * MINUTE), 7 * MINUTE);
    // One fail is heard, and one is a blip.
    assert!(seen.timeline.changes.iter().all(|change| change.verdict != Condition::Down));
}

#[test]
fn it_does_not_matter_whether_the_last_run_can_still_grow() {
    let open = Picture { samples: "uudd|.duu", rules: &[], as_of: 0 }.streams();
    let mut closed = open.clone();
    for stream in &mut closed {
        stream.closed.extend(stream.open.take());
    }
    let rules = [Confirmation { from_ms: 0, down: 2, up: 1 }];
    let read = |streams: &[StreamRuns]| confirm(streams, &rules, (0, 9 * MINUTE), 9 * MINUTE).timeline;
    assert_eq!(read(&open), read(&closed));
}

#[test]
fn as_of_hides_later_samples() {
    let rules = &[(0, 2, 1)];
    // A sample at the very instant of as-of counts: at minute 4 the second fail is there.
    for (as_of, expected) in [(2, "UU"), (3, "UUU"), (4, "UUUD"), (5, "UUUDD"), (7, "UUUDDDU")] {
        assert_eq!(Picture { samples: "uuudddu", rules, as_of }.drawn(), expected, "as of minute {as_of}");
    }
}

#[test]
fn reading_begins_where_it_can_no_longer_matter() {
    let samples = "dd".to_owned() + &"u".repeat(40) + "d" + &"u".repeat(5);
    let streams = Picture { samples: &samples, rules: &[], as_of: 0 }.streams();
    let rules = [Confirmation { from_ms: 0, down: 2, up: 1 }];
    let window = (41 * MINUTE, 48 * MINUTE);
    assert_eq!(decisive(&streams, &rules, window.0), (0, 1));
    let timeline = confirm(&streams, &rules, window, window.1).timeline;
    let verdicts: Vec<_> = timeline.changes.iter().map(|change| change.verdict).collect();
    assert_eq!(verdicts, [Condition::Up]);
}
