//! What we say and what `blackbox_exporter` says of the same situations, against the same fake peers.
//!
//! `cargo test -p tests --test peers`. Every situation names our verdict and reason, the exporter's
//! `probe_success`, and, where the two disagree, why; `AGREEMENT.md` beside this file is written from that
//! table, and a test fails when it is not what the table says (`VEDETTA_WRITE=1` writes it anew). Without
//! `prometheus-blackbox-exporter` our own half is still checked.

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
mod table;

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
        let mut said = ours::ask(situation);
        for _ in 1..exporter::ASKED_AT_MOST {
            if said != situation.ours_says() {
                said = ours::ask(situation);
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

#[test]
fn every_disagreement_is_explained_and_nothing_else() {
    let situations = situations();
    assert!(situations.len() >= 60, "only {}", situations.len());
    for situation in &situations {
        assert_eq!(situation.disagrees(), !situation.why.is_empty(), "{}", situation.name);
    }
    table::assert_written(&situations);
}

/// Our verdict and reason, as one text.
impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.verdict, self.reason, self.detail)
    }
}
