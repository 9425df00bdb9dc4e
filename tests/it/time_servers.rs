//! Time servers that lose their time, turn away, and are gone: each has its own reason.

use collector::publish::api::State;
use harness::Place;
use harness::clocks::{Chrony, Ntpsec};

#[test]
fn chrony_is_believed_as_long_as_it_believes_itself() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut chrony) = Chrony::start(folder.path()) else { return };
    let place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         ora: {{probe: ntp, targets: {{uno: \"127.0.0.1:{}\"}}, max_stratum: 10, every: 1s, timeout: 800ms, attempts: 1}}",
        chrony.port,
    ));
    place.until_component("ora", State::Up, None);
    chrony.lose_its_time();
    place.until_component("ora", State::Down, Some("ntp.unsynced"));
    chrony.serve_from_afar();
    place.until_component("ora", State::Down, Some("ntp.stratum"));
    chrony.turn_away();
    place.until_component("ora", State::Down, Some("ntp.timeout"));
    chrony.stop();
    place.until_component("ora", State::Down, Some("connect.refused"));
}

/// ntpsec says what chrony does not: the kiss code INIT while it knows no time.
#[test]
fn ntpsec_is_believed_as_long_as_it_believes_itself() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut ntpsec) = Ntpsec::start(folder.path()) else { return };
    let place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         ora: {{probe: ntp, targets: {{uno: \"{}\"}}, max_stratum: 10, every: 1s, timeout: 800ms, attempts: 1}}",
        ntpsec.address(),
    ));
    place.until_component("ora", State::Down, Some("ntp.unsynced"));
    ntpsec.trust_itself();
    place.until_component("ora", State::Up, None);
    ntpsec.turn_away();
    place.until_component("ora", State::Down, Some("ntp.timeout"));
    ntpsec.stop();
    place.until_component("ora", State::Down, Some("connect.refused"));
}
