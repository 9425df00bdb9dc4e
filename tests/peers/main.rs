//! What we say and what others say of the same situations: `blackbox_exporter` of fake peers, and the plugins of
//! monitoring-plugins of real servers.
//!
//! `cargo test -p tests --test peers`. Every situation names our verdict and reason, the exporter's
//! `probe_success`, and, where the two disagree, why; `AGREEMENT.md` beside this file is written from that
//! table, and a test fails when it is not what the table says (`VEDETTA_WRITE=1` writes it anew). Without
//! `prometheus-blackbox-exporter` or the plugins our own half is still checked.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and says where")]

mod situation;
mod ours;
mod exporter;
mod web;
mod certificates;
mod names;
mod http;
mod tls;
mod dns;
mod tcp;
mod icmp;
mod plugins;
mod snmp;
mod time;
mod field;
mod mail;
mod directories;
mod table;

use harness::clocks::Chrony;
use harness::snmp_agents::SnmpAgent;

use plugins::Told;
use situation::{Said, Situation};

fn situations() -> Vec<Situation> {
    let mut all = http::situations();
    all.extend(tls::situations());
    all.extend(dns::situations());
    all.extend(tcp::situations());
    all.extend(icmp::situations());
    all
}

#[test]
fn both_say_what_the_table_says() {
    let situations = situations();
    let theirs = exporter::ask(&situations);
    let mut wrong = Vec::new();
    for (n, situation) in situations.iter().enumerate() {
        let mut said = ours::ask(&situation.into());
        for _ in 1..exporter::ASKED_AT_MOST {
            if said != situation.ours_says() {
                said = ours::ask(&situation.into());
            }
        }
        if said != situation.ours_says() {
            wrong.push(format!("{}: we say {said}", situation.name));
        }
        if let Some(theirs) = &theirs
            && theirs[n] != situation.they_say
        {
            wrong.push(format!("{}: the exporter says {}", situation.name, u8::from(theirs[n])));
        }
    }
    assert!(wrong.is_empty(), "of {} situations:\n{}", situations.len(), wrong.join("\n"));
}

/// Those of the plugins.
fn told() -> Vec<Told> {
    let mut all = snmp::PAIR.told(&snmp::rows());
    all.extend(time::PAIR.told(&time::rows()));
    all.extend(mail::ROWS.iter().chain(directories::ROWS).map(field::Row::told));
    all
}

#[test]
fn the_plugins_say_what_the_table_says() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut wrong = Vec::new();
    if let Some(mut agent) = SnmpAgent::start(folders[0].path()) {
        let port = agent.port();
        wrong.extend(snmp::PAIR.wrong(&snmp::rows(), &mut agent, port, &snmp::SECRETS));
    }
    if let Some(mut chrony) = Chrony::start(folders[1].path()) {
        let port = chrony.port;
        wrong.extend(time::PAIR.wrong(&time::rows(), &mut chrony, port, &[]));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_disagreement_is_explained_and_nothing_else() {
    let situations = situations();
    assert!(situations.len() >= 60, "only {}", situations.len());
    for situation in &situations {
        assert_eq!(situation.disagrees(), !situation.why.is_empty(), "{}", situation.name);
    }
    let told = told();
    for row in &told {
        assert_eq!(row.disagrees(), !row.why.is_empty(), "{}: {}", row.plugin, row.name);
    }
    table::assert_written(&situations, &told);
}

/// Our verdict and reason, as one text.
impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.verdict, self.reason, self.detail)
    }
}
