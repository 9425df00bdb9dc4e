//! Time servers that lose their time, turn away, and are gone: each has its own reason.

use collector::publish::api::State;
use harness::Place;
use harness::clocks::{Chrony, Ntpsec};

/// A question as `probe: udp` writes it: a client's, of version 4, whose own time is a word that an answer repeats.
fn question() -> String {
    format!("\\x23{}vedetta!", "\\0".repeat(39))
}

#[test]
fn chrony_is_believed_as_long_as_it_believes_itself() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut chrony) = Chrony::start(folder.path()) else { return };
    let (asked, timing) = (question(), "every: 1s, timeout: 800ms, attempts: 1");
    let target = format!("targets: {{uno: \"127.0.0.1:{}\"}}", chrony.port);
    // Datagrams are asked for what they begin with (a server's answer of version 4, at stratum 8), or for the word.
    let place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    components:\n      \
         ora: {{probe: ntp, {target}, max_stratum: 10, {timing}}}\n      \
         datagramma: {{probe: udp, {target}, send: '{asked}', expect: '$\\x08\\0', {timing}}}\n      \
         parola: {{probe: udp, {target}, send: '{asked}', expect: 'vedetta!', {timing}}}"
    ));
    let until = |state, reasons: [Option<&str>; 2]| {
        place.until_component("ora", state, reasons[0]);
        place.until_component("datagramma", state, reasons[1]);
    };
    until(State::Up, [None; 2]);
    chrony.lose_its_time();
    until(State::Down, ["ntp.unsynced", "proto.unexpected_reply"].map(Some));
    chrony.serve_from_afar();
    until(State::Down, ["ntp.stratum", "proto.unexpected_reply"].map(Some));
    // Whoever asks for no more than an answer has it all the time.
    place.until_component("parola", State::Up, None);
    chrony.turn_away();
    until(State::Down, ["ntp.timeout", "proto.timeout"].map(Some));
    chrony.stop();
    until(State::Down, [Some("connect.refused"); 2]);
    place.until_component("parola", State::Down, Some("connect.refused"));
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
