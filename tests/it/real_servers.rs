//! Servers that people run, failing as they fail: each failure has its own reason.

use collector::publish::api::State;
use harness::Place;
use harness::servers::{Nginx, Unbound};

const TIMES: &str = "every: 500ms, timeout: 400ms, attempts: 1";

#[test]
fn unbound_answers_and_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut unbound) = Unbound::start(folder.path()) else { return };
    let place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         dns: {{probe: dns, targets: {{uno: \"127.0.0.1:{}\"}}, ask: servizio.esempio.test A, expect: 192.0.2.80, {TIMES}}}",
        unbound.port,
    ));
    place.until_component("dns", State::Up, None);
    unbound.refuse();
    place.until_component("dns", State::Down, Some("dns.refused"));
}

#[test]
fn nginx_answers_fails_and_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut nginx) = Nginx::start(folder.path()) else { return };
    let place = Place::running(&format!(
        "  portale:\n    users: [uffici]\n    components:\n      \
         sito: {{probe: http, targets: {{uno: \"http://127.0.0.1:{}/\"}}, {TIMES}}}",
        nginx.port,
    ));
    place.until_component("sito", State::Up, None);
    nginx.answer(500);
    place.until_component("sito", State::Down, Some("assert.status"));
    nginx.answer(200);
    place.until_component("sito", State::Up, None);
    nginx.stop();
    place.until_component("sito", State::Down, Some("connect.refused"));
}
