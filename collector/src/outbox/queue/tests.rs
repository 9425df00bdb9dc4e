//! Which rows there are, and when each is tried.

use config::MailConfig;
use serde_json::json;

use super::*;
use crate::outbox::example::{NOW_MS, id, letter, vedetta};

const MINUTE_MS: i64 = 60 * SECOND_MS;

/// A queue with what is needed to add to it.
struct Place {
    charter: Charter,
    mail: Option<MailConfig>,
    queue: Queue,
}

impl Place {
    fn new() -> Self {
        let (charter, mail) = vedetta();
        Self { charter, mail: Some(mail), queue: Queue::default() }
    }

    /// What is added when `key` of incident 7 (or the one that began then) is decided; their keys.
    fn decided(&mut self, key: &str, born_ms: i64, to: &[&str], at_ms: i64) -> Vec<String> {
        let to: Vec<Id> = to.iter().map(|name| id(name)).collect();
        let (letter, facts) = (letter(), json!({"kind": key}));
        let matter = Matter {
            key: format!("incident-7.{key}"),
            about: "incident-7".to_owned(),
            born_ms,
            at_ms,
            to: &to,
            letter: &letter,
            facts: &facts,
        };
        let reach = Reach { charter: &self.charter, mail: self.mail.as_ref(), store: &[7; 32] };
        let rows = self.queue.rows_of(&matter, reach);
        let keys = rows.iter().map(|(_, state)| state.key.clone()).collect();
        self.queue.admit(rows);
        keys
    }

    fn content(&self, key: &str) -> Arc<Content> {
        self.queue.row(key).unwrap().content
    }

    fn state(&self, key: &str) -> OutboxState {
        self.queue.row(key).unwrap().state
    }

    fn due(&mut self, now_ms: i64, count: usize) -> Vec<String> {
        self.queue.due(now_ms, count).into_iter().map(|due| due.key).collect()
    }
}

fn later() -> Outcome {
    Outcome::not_now("451 greylisted")
}

#[test]
fn each_way_of_each_recipient_is_a_row_of_its_own() {
    let mut place = Place::new();
    let keys = place.decided("opened", 5, &["ufficio", "stanza", "cellulare", "nessuno"], NOW_MS);
    let ways = ["ufficio/a@b.example", "ufficio/c@d.example", "stanza/s@b.example", "stanza/webhook"];
    let numbers = ["cellulare/+390711", "cellulare/+390712"];
    let expected: Vec<String> =
        ways.iter().chain(&numbers).map(|way| format!("incident-7.opened/{way}")).collect();
    assert_eq!(keys, expected, "an address that is named twice is told once");
    assert_eq!(place.content(&expected[0]).facts, Value::Null, "a mail carries nothing for programs");
    assert_eq!(place.content(&expected[3]).facts, json!({"kind": "opened"}));
    place.mail = None;
    let keys = place.decided("closed", 5, &["ufficio", "stanza"], NOW_MS);
    assert_eq!(keys, ["incident-7.closed/stanza/webhook"], "nobody is mailed");
}

#[test]
fn what_is_decided_again_is_not_told_again_but_another_incident_of_the_number_is() {
    let mut place = Place::new();
    let [first, _] = &place.decided("opened", 5, &["ufficio"], NOW_MS)[..] else { panic!("two addresses") };
    assert_eq!(place.decided("opened", 5, &["ufficio"], NOW_MS + 1), [""; 0]);
    let anew = place.decided("opened", 6, &["ufficio"], NOW_MS + 2);
    assert_eq!(anew[0], format!("{first}~6"));
    assert_eq!(place.decided("opened", 6, &["ufficio"], NOW_MS + 3), [""; 0]);
    assert_ne!(place.content(first).message_id, place.content(&anew[0]).message_id);
    assert_eq!(place.content(&anew[0]).thread, None, "what was before is another story");
}

#[test]
fn a_message_id_is_one_per_matter_and_recipient_and_threads_by_the_first() {
    let mut place = Place::new();
    let opened = place.decided("opened", 5, &["ufficio"], NOW_MS);
    let closed = place.decided("closed", 5, &["ufficio", "stanza"], NOW_MS + 1);
    let ids: Vec<String> =
        opened.iter().chain(&closed).map(|key| place.content(key).message_id.clone()).collect();
    for (place_, one) in ids.iter().enumerate() {
        assert!(one.starts_with("incident-7.") && one.ends_with("@comune.example"), "{one}");
        assert!(!ids[..place_].contains(one), "{one} twice");
    }
    let threads: Vec<Option<String>> = closed.iter().map(|key| place.content(key).thread.clone()).collect();
    assert_eq!(threads, [Some(ids[0].clone()), Some(ids[1].clone()), None, None], "each to his own first");
    // The same, decided by the same installation, has the same id; another installation's has not.
    let mut again = Place::new();
    let same = again.decided("opened", 5, &["ufficio"], NOW_MS + 9);
    assert_eq!(again.content(&same[0]).message_id, ids[0]);
    let reach = Reach { charter: &place.charter, mail: place.mail.as_ref(), store: &[8; 32] };
    assert_ne!(message_id(reach, &opened[0], 5, "incident-7.opened"), ids[0]);
}

#[test]
fn the_pauses_grow_from_seconds_to_an_hour() {
    let pauses: Vec<i64> = (1..=11).map(|tries| pause_ms(tries) / SECOND_MS).collect();
    assert_eq!(pauses, [5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 3_600]);
    assert_eq!(pause_ms(u32::MAX), HOUR_MS);
    // In three days that is some eighty attempts.
    let (mut at_ms, mut tries) = (0, 0);
    while at_ms < PATIENCE_MS {
        tries += 1;
        at_ms += pause_ms(tries);
    }
    assert_eq!(tries, 80);
}

#[test]
fn an_attempt_that_fails_is_made_again_until_three_days_are_over() {
    let mut place = Place::new();
    let key = place.decided("opened", 5, &["ufficio"], NOW_MS).swap_remove(0);
    assert_eq!(place.due(NOW_MS - 1, 9), [""; 0]);
    assert_eq!(place.due(NOW_MS, 9).len(), 2);
    assert_eq!(place.due(NOW_MS, 9), [""; 0], "they are under way");
    let state = place.queue.ended(&key, &later(), NOW_MS + 10).unwrap();
    assert_eq!((state.standing, state.tries, state.next_ms), (Standing::Waiting, 1, NOW_MS + 5_010));
    assert_eq!(place.queue.next_ms(), Some(NOW_MS + 5_010));
    // A collector that was off for four days tries once more before it gives up.
    let late_ms = NOW_MS + 4 * 24 * HOUR_MS;
    assert_eq!(place.due(late_ms, 9), std::slice::from_ref(&key));
    let state = place.queue.ended(&key, &later(), late_ms).unwrap();
    assert_eq!((state.standing, state.tries, state.reply.as_str()), (Standing::GivenUp, 2, "451 greylisted"));
    assert_eq!(place.due(late_ms + HOUR_MS, 9), [""; 0]);
    assert!(place.content(&key).letter.is_some(), "somebody may try it again");
    let state = place.queue.retry(&key, late_ms).unwrap().unwrap();
    assert_eq!((state.standing, state.tries), (Standing::Waiting, 0));
    place.due(late_ms, 9);
    let state = place.queue.ended(&key, &Outcome::Taken("250 ok".to_owned()), late_ms).unwrap();
    assert_eq!((state.standing, state.reply.as_str()), (Standing::Sent, "250 ok"));
    assert!(place.content(&key).letter.is_none(), "what was sent is not kept in memory");
    assert_eq!(place.queue.retry(&key, late_ms), Some(Err(Standing::Sent)));
    assert_eq!(place.queue.retry("nobody", late_ms), None);
}

#[test]
fn who_asks_for_a_pause_gets_it_within_reason() {
    let mut place = Place::new();
    let key = place.decided("opened", 5, &["stanza"], NOW_MS).swap_remove(1);
    for (after_ms, pause) in
        [(None, 5_000), (Some(60_000), 60_000), (Some(1_000), 15_000 + 15_000), (Some(i64::MAX), HOUR_MS)]
    {
        place.due(NOW_MS + 10 * HOUR_MS, 9);
        let outcome = Outcome::Later { reply: String::new(), way: true, after_ms };
        let state = place.queue.ended(&key, &outcome, NOW_MS).unwrap();
        assert_eq!(state.next_ms - NOW_MS, pause, "{after_ms:?}");
    }
}

#[test]
fn a_refusal_for_good_is_given_up_at_once_and_shown_for_a_day() {
    let mut place = Place::new();
    let key = place.decided("opened", 5, &["ufficio"], NOW_MS).swap_remove(0);
    place.due(NOW_MS, 9);
    let state = place.queue.ended(&key, &Outcome::Never("550 no such user".to_owned()), NOW_MS).unwrap();
    assert_eq!(state.standing, Standing::GivenUp);
    let waiting = Waiting { count: 1, oldest_ms: Some(NOW_MS), given_up: 1 };
    assert_eq!(place.queue.waiting(NOW_MS), waiting);
    assert_eq!(place.queue.waiting(NOW_MS + GIVEN_UP_SHOWN_MS), Waiting { given_up: 0, ..waiting });
}

#[test]
fn what_is_new_does_not_wait_behind_what_fails_and_an_open_way_is_used_at_once() {
    let mut place = Place::new();
    let old = place.decided("opened", 5, &["ufficio"], NOW_MS);
    place.due(NOW_MS, 9);
    place.queue.ended(&old[0], &Outcome::no_way("refused"), NOW_MS);
    place.queue.ended(&old[1], &later(), NOW_MS);
    let new = place.decided("closed", 5, &["ufficio"], NOW_MS + MINUTE_MS);
    assert_eq!(place.due(NOW_MS + MINUTE_MS, 1), [new[0].clone()]);
    assert_eq!(place.due(NOW_MS + MINUTE_MS, 9), [new[1].clone(), old[0].clone(), old[1].clone()]);
    for key in &old {
        place.queue.ended(key, &Outcome::no_way("refused"), NOW_MS + MINUTE_MS);
    }
    place.queue.ended(&new[1], &later(), NOW_MS + MINUTE_MS);
    assert_eq!(place.due(NOW_MS + MINUTE_MS, 9), [""; 0]);
    place.queue.ended(&new[0], &Outcome::Taken("250".to_owned()), NOW_MS + MINUTE_MS);
    assert_eq!(place.due(NOW_MS + MINUTE_MS, 9), old, "greylisting asks for patience, a closed way does not");
}

#[test]
fn rows_are_read_back_as_they_were_and_forgotten_in_time() {
    let mut place = Place::new();
    let keys = place.decided("opened", 5, &["ufficio", "stanza"], NOW_MS);
    place.due(NOW_MS, 9);
    place.queue.ended(&keys[0], &Outcome::Taken("250".to_owned()), NOW_MS);
    let stored = place
        .queue
        .rows()
        .into_iter()
        .map(|row| OutboxRow { content: row.content.pack().unwrap(), state: row.state });
    let mut loaded = Queue::load(stored.collect()).unwrap();
    assert_eq!(loaded.rows().len(), 4);
    let waiting = Waiting { count: 3, oldest_ms: Some(NOW_MS), given_up: 0 };
    assert_eq!(loaded.waiting(NOW_MS), waiting);
    assert_eq!(loaded.due(NOW_MS, 9).len(), 3, "what was under way when the process ended is due");
    assert_eq!(loaded.row(&keys[1]).unwrap().content, place.content(&keys[1]));
    assert_eq!(loaded.forget(NOW_MS + KEPT_MS), None);
    assert_eq!(loaded.forget(NOW_MS + KEPT_MS + 1), Some(NOW_MS + 1));
    assert_eq!(loaded.rows().len(), 3, "what waits is never forgotten");
    let damaged = OutboxRow { content: vec![1, 2, 3], state: place.state(&keys[0]) };
    assert!(matches!(Queue::load(vec![damaged]), Err(StoreError::Damaged(_))));
}
