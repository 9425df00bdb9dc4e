//! One server of chrony's, seen by `probe: ntp` and by `check_ntp_time`.

use harness::clocks::Chrony;

use crate::plugins::{Pair, Row};

pub(crate) const PAIR: Pair = Pair { kind: "ntp", plugin: "check_ntp_time" };

pub(crate) fn rows() -> Vec<Row<Chrony>> {
    let row = |name, prepare: fn(&mut Chrony), says, they_say, why| Row {
        name,
        prepare,
        keys: ", max_stratum: 10".to_owned(),
        arguments: ["-w", "0.5", "-c", "1", "-t", "3"].map(str::to_owned).to_vec(),
        says,
        they_say,
        why,
    };
    vec![
        row("a server that knows the time", |_| {}, ("up", "none"), "up", ""),
        row("one that has lost it", Chrony::lose_its_time, ("down", "ntp.unsynced"), "down", ""),
        row(
            "one that is far from any clock",
            Chrony::serve_from_afar,
            ("down", "ntp.stratum"),
            "up",
            "`max_stratum` says how far from a clock a server may be; the plugin looks at the offset alone",
        ),
        row("one that turns us away", Chrony::turn_away, ("down", "ntp.timeout"), "down", ""),
        row("nobody listens", Chrony::stop, ("down", "connect.refused"), "down", ""),
    ]
}
