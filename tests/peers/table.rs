//! `AGREEMENT.md`: the table as people read it.

use std::fmt::Write as _;
use std::path::Path;

use crate::plugins::Told;
use crate::situation::Situation;

/// Fails unless the file is what the table says; writes it when `VEDETTA_WRITE` is 1.
pub(crate) fn assert_written(situations: &[Situation], told: &[Told]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/AGREEMENT.md");
    let text = text(situations) + &text_of_plugins(told);
    if harness::binaries::setting("VEDETTA_WRITE").as_deref() == Some("1") {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "write `{}` anew: VEDETTA_WRITE=1 cargo test -p tests --test peers",
        path.display()
    );
}

fn text(situations: &[Situation]) -> String {
    let different = situations.iter().filter(|situation| situation.disagrees()).count();
    let mut text = format!(
        "# {} situations, seen by us and by blackbox_exporter\n\n\
         Written from the table of `cargo test -p tests --test peers`, which checks it against both; the exporter is \
         Debian 12's, 0.23.\nUp and degraded count as up. In {different} of {} the two disagree, each time for the \
         reason given.\n\n| Situation | We say | It says | Why they differ |\n|---|---|---|---|\n",
        situations.len(),
        situations.len(),
    );
    for Situation { name, ours, says: (verdict, reason), they_say, why, .. } in situations {
        let kind = ours.split([' ', ',']).nth(1).unwrap_or_default();
        let reason = if *reason == "none" { String::new() } else { format!(" `{reason}`") };
        let they = if *they_say { "up" } else { "down" };
        let _ = writeln!(text, "| {kind}: {name} | {verdict}{reason} | {they} | {why} |");
    }
    text
}

fn text_of_plugins(told: &[Told]) -> String {
    let different = told.iter().filter(|row| row.disagrees()).count();
    let mut text = format!(
        "\n# {} more, seen by us and by monitoring-plugins\n\nOf real servers, net-snmp's snmpd, chrony, postfix, \
         dovecot, slapd and FreeRADIUS; the plugins are Debian 12's, 2.3.3. Their OK, WARNING, CRITICAL and UNKNOWN\nstand here as up, degraded, down and unknown. In \
         {different} of {} the two disagree.\n`check_ups` asks a daemon of Network UPS Tools, which our UPS preset does \
         not: there is nothing to compare.\n\n| Situation | We say | It says | Why they differ |\n|---|---|---|---|\n",
        told.len(),
        told.len(),
    );
    for Told { plugin, name, says: (verdict, reason), they_say, why } in told {
        let reason = if *reason == "none" { String::new() } else { format!(" `{reason}`") };
        let _ = writeln!(text, "| {plugin}: {name} | {verdict}{reason} | {they_say} | {why} |");
    }
    text
}
