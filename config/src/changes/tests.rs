//! Each kind of change, by its sentence.

use crate::{Charter, Lang, parse};

const BEFORE: &str = r#"
organisation: {name: Comune di Esempio}
charter: {measured_from: 2027-03-15}
sites:
  ced: {agents: [ced1], users: [uffici]}
  biblioteca: {agents: [bib1], users: [uffici]}
services:
  data_center:
    users: [uffici]
    commitments: [{kind: availability, above: 98%}]
    components:
      dns: {probe: dns, targets: {dns1: 10.0.0.53, dns2: 10.0.1.53}, up_if: any, ask: intranet.example A, expect: 10.0.0.80}
      san: {probe: tcp, targets: {san1: "10.0.0.20:443"}}
"#;

fn charter(text: &str) -> Charter {
    parse(text, "vedetta.yaml").unwrap_or_else(|error| panic!("{error}")).vedetta.charter
}

#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(BEFORE.contains(from), "{from}");
    let (old, new) = (charter(BEFORE), charter(&BEFORE.replacen(from, to, 1)));
    assert_eq!(old.describe_changes(&new, Lang::En), expected, "{from} -> {to}");
    assert_eq!(old.describe_changes(&old, Lang::En), [""; 0]);
}

#[test]
fn each_change_is_a_sentence() {
    let dns1 = "of the check `data_center.dns.dns1`";
    check(
        "dns1: 10.0.0.53",
        "dns1: 10.0.0.54",
        &[&format!("the target {dns1} is 10.0.0.54:53, was 10.0.0.53:53")],
    );
    check(", dns2: 10.0.1.53", "", &["the check `data_center.dns.dns2` is gone"]);
    check(
        "san1: \"10.0.0.20:443\"",
        "san2: \"10.0.0.20:443\"",
        &[
            "the check `data_center.san.san1` is gone",
            "the check `data_center.san.san2` is new: tcp of 10.0.0.20:443, from ced, biblioteca, every 1m",
        ],
    );
    check("up_if: any", "up_if: all", &["`up_if` of the component `data_center.dns` is all, was any"]);
    check(
        "above: 98%",
        "at_least: 98.5%",
        &[
            "the commitment of the service `data_center` is availability of at least 98.5%, was availability above 98%",
        ],
    );
    check("2027-03-15", "2027-01-01", &["the day measuring counts from is 2027-01-01, was 2027-03-15"]);
    check(
        "organisation:",
        "rules: {confirm_down: 3}\norganisation:",
        &["the rule `confirm_down` is 3, was 2"],
    );
    check(
        "biblioteca: {agents: [bib1], users: [uffici]}",
        "biblioteca: {agents: [bib1, bib2], users: [uffici]}",
        &["the list of agents at the site `biblioteca` is bib1, bib2, was bib1"],
    );
    check(
        "san: {probe",
        "san: {every: 5m, hold: 10m, warn: 1s, attempts: 2, probe",
        &[
            "`every` of the check `data_center.san.san1` is 5m, was 1m",
            "`hold` of the check `data_center.san.san1` is 10m, was 2m30s",
            "`attempts` of the check `data_center.san.san1` is 2, was 3",
            "`warn` of the check `data_center.san.san1` is 1s, was not set",
        ],
    );
}

#[test]
fn a_parameter_of_a_kind_is_named() {
    let (old, new) = (charter(BEFORE), charter(&BEFORE.replace("expect: 10.0.0.80", "transport: tcp")));
    let of = "of the check `data_center.dns.dns1`";
    assert_eq!(
        old.describe_changes(&new, Lang::En)[..2],
        [
            format!("`expect` {of} is no longer set, was [\"10.0.0.80\"]"),
            format!("`transport` {of} is \"tcp\", was \"udp\""),
        ]
    );
}

#[test]
fn an_authority_is_named_and_never_shown_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let of = |probe: &str| {
        for (name, sign) in [("uno.pem", "AAAA"), ("due.pem", "BBBB")] {
            let pem = format!("-----BEGIN CERTIFICATE-----\n{sign}\n-----END CERTIFICATE-----\n");
            std::fs::write(folder.path().join(name), pem).unwrap();
        }
        let path = folder.path().join("vedetta.yaml");
        let dns = BEFORE.lines().find(|line| line.contains("dns1")).unwrap();
        let check = format!("      c: {{targets: {{x: \"https://uno.example/\"}}, {probe}}}");
        std::fs::write(&path, BEFORE.replace(dns, &check)).unwrap();
        crate::load(&path).unwrap_or_else(|error| panic!("{error}")).vedetta.charter
    };
    let check = "of the check `data_center.c.x`";
    for (old, new, expected) in [
        (
            "probe: http, tls: {authority: uno.pem}",
            "probe: http, tls: {authority: due.pem}",
            &[format!("the authority {check} is another")][..],
        ),
        (
            "probe: browse, interception: {authority: uno.pem}",
            "probe: browse, interception: {authority: due.pem}",
            &[format!("`interception.authority` {check} is another")],
        ),
        (
            "probe: browse",
            "probe: browse, interception: {authority: uno.pem}",
            &[
                format!("`interception` {check} is {{\"expected\":true}}, was not set"),
                format!("`interception.authority` {check} is set"),
            ],
        ),
        (
            "probe: browse, interception: {issuer: Ispezione, authority: uno.pem}",
            "probe: browse, interception: {issuer: Ispezione}",
            &[format!("`interception.authority` {check} is no longer set")],
        ),
    ] {
        assert_eq!(of(old).describe_changes(&of(new), Lang::En), expected, "{old} -> {new}");
    }
}

#[test]
fn whole_branches_are_one_sentence() {
    check(
        "      san: {probe: tcp, targets: {san1: \"10.0.0.20:443\"}}\n",
        "",
        &["the component `data_center.san` is gone, with 1 check"],
    );
    let two = BEFORE.replace(
        "services:\n",
        "services:\n  web: {components: {a: {probe: tcp, targets: {x: \"h.example:1\", y: \"h.example:2\"}}}}\n",
    );
    let (old, new) = (charter(BEFORE), charter(&two));
    assert_eq!(old.describe_changes(&new, Lang::En), ["the service `web` is new, with 2 checks"]);
    assert_eq!(new.describe_changes(&old, Lang::En), ["the service `web` is gone, with 2 checks"]);
}

#[test]
fn a_rewritten_file_changes_nothing_and_order_is_said() {
    let rewritten =
        BEFORE.replace("uffici]}", "uffici ] }").replace("probe: dns,", "from: users, probe: dns,");
    assert_eq!(charter(BEFORE).describe_changes(&charter(&rewritten), Lang::En), [""; 0]);
    let swapped = BEFORE
        .replace("  ced: {agents: [ced1], users: [uffici]}\n", "")
        .replace("services:\n", "  ced: {agents: [ced1], users: [uffici]}\nservices:\n");
    assert!(!charter(BEFORE).describe_changes(&charter(&swapped), Lang::En).is_empty());
}

#[test]
fn what_people_and_later_rules_read_is_told_too() {
    let dns = "of the component `data_center.dns`";
    check(
        "ask: intranet.example A",
        "owner: Area 4, note: x, needs: [san], since: 2027-01-01, measured_from: 2027-02-01, ask: intranet.example A",
        &[
            &format!("`owner` {dns} is Area 4, was not set"),
            &format!("`note` {dns} is x, was not set"),
            &format!("`since` {dns} is 2027-01-01, was not set"),
            &format!("`measured_from` {dns} is 2027-02-01, was not set"),
            &format!("`needs` {dns} is san, was none"),
        ],
    );
    check(
        "commitments: [{kind: availability, above: 98%}]",
        "figure: mean of dns, commitments: [{kind: availability, above: 98%}, {kind: answered, within: 30 days}]".replace(", commitments", "\n    commitments").as_str(),
        &[
            "the commitment of the service `data_center` is availability above 98%, answered within 30 days in 100%, was availability above 98%",
            "the figure of the service `data_center` is mean of dns, was all components up",
        ],
    );
    check(
        "sites:\n",
        "calendars: {uffici: {hours: \"mon 08:00-14:00\"}}\nalerting: {office: {to: a@b.example, hours: uffici}}\nrules: {maintenance: excluded, notice: 24h}\nsites:\n",
        &[
            "the rule `maintenance` is excluded, was counts",
            "the rule `notice` is 1d, was 2d",
            "the calendar `uffici` is new: mon 08:00-14:00",
            "the recipient `office` is new: a@b.example, uffici",
        ],
    );
    check(
        "any, ask",
        "any, severity: ticket, alert_after: 0s, ask",
        &[
            "`severity` of the component `data_center.dns` is ticket, was not set",
            "`alert_after` of the component `data_center.dns` is 0s, was not set",
        ],
    );
    let told = |keys: &str| charter(&format!("alerting: {{office: {{to: a@b.example{keys}}}}}\n{BEFORE}"));
    assert_eq!(
        told("").describe_changes(&told(", told_of: [morning, digest], escalate_after: 1h"), Lang::En),
        [
            "`told_of` of the recipient `office` is morning, digest, was page, ticket, morning",
            "`escalate_after` of the recipient `office` is 1h, was not set",
        ]
    );
    check(
        "dns2: 10.0.1.53",
        "dns2: {address: 10.0.1.53, area: sede, weight: 2, until: 2027-12-31}",
        &[
            "`area` of the check `data_center.dns.dns2` is sede, was not set",
            "`weight` of the check `data_center.dns.dns2` is 2, was not set",
            "`until` of the check `data_center.dns.dns2` is 2027-12-31, was not set",
        ],
    );
    check(
        "users: [uffici]}\n  biblioteca",
        "users: [uffici], power: ups1, name: Sede}\n  biblioteca",
        &["`name` of the site `ced` is Sede, was not set", "`power` of the site `ced` is ups1, was not set"],
    );
}

#[test]
fn what_was_renamed_is_not_gone() {
    check(
        "san: {probe",
        "storage: {was: san, probe",
        &[
            "the component `data_center.storage` continues what was `san`",
            "the name of the component `data_center.storage` is storage, was san",
        ],
    );
    check(
        "san1: \"10.0.0.20:443\"",
        "san0: {address: \"10.0.0.21:443\", was: san1}",
        &[
            "the check `data_center.san.san0` continues what was `san1`",
            "the target of the check `data_center.san.san0` is 10.0.0.21:443, was 10.0.0.20:443",
        ],
    );
    let renamed =
        BEFORE.replace("  data_center:\n", "  centro:\n    was: data_center\n    name: Data center\n");
    let changes = charter(BEFORE).describe_changes(&charter(&renamed), Lang::En);
    assert_eq!(
        changes,
        [
            "the service `centro` continues what was `data_center`",
            "the name of the service `centro` is Data center, was data_center",
        ]
    );
}

/// As the figures see it: the history goes on under the name, and what had the name before is gone.
#[test]
fn a_name_that_passes_on_is_not_compared_with_who_had_it() {
    let both = |components: &str| charter(&BEFORE.replace("      san: {probe", components));
    let dns = "      dns: {probe: dns, targets: {dns1: 10.0.0.53, dns2: 10.0.1.53}, up_if: any, ask: intranet.example A, expect: 10.0.0.80}\n";
    let new = charter(&BEFORE.replace(dns, "").replace("san: {probe", "dns: {was: san, name: san, probe"));
    assert_eq!(
        charter(BEFORE).describe_changes(&new, Lang::En),
        [
            "the component `data_center.dns` is gone, with 2 checks",
            "the component `data_center.dns` continues what was `san`",
        ]
    );
    let target = BEFORE.replace("dns1: 10.0.0.53, dns2: 10.0.1.53", "dns2: {address: 10.0.0.53, was: dns1}");
    assert_eq!(
        charter(BEFORE).describe_changes(&charter(&target), Lang::En),
        [
            "the check `data_center.dns.dns2` is gone",
            "the check `data_center.dns.dns2` continues what was `dns1`",
        ]
    );
    // Said again at each later reload, it changes nothing.
    let again = both("      san: {was: disco, probe");
    assert_eq!(again.describe_changes(&again, Lang::En), [""; 0]);
    assert_eq!(
        charter(BEFORE).describe_changes(&again, Lang::En),
        ["the order of entries, or a `was`, is another"]
    );
}

#[test]
fn other_tiers_are_told() {
    let of = "`burn` of the service `data_center` is";
    check(
        "above: 98%",
        "above: 98%, burn: {part: 2%, window: 6h}",
        &[&format!("{of} 2%/6h/30m page, was as usual")],
    );
}

#[test]
fn how_witnesses_vote_is_told() {
    check(
        "sites:\n",
        "rules: {vantages: any down, sites: \"half down, 2 known\", unknown: down, maintenance: as_up}\nsites:\n",
        &[
            "the rule `maintenance` is as_up, was counts",
            "the rule `unknown` is down, was apart",
            "the rule `vantages` is any down, was majority down",
            "the rule `sites` is half down, 2 known, was half down",
        ],
    );
    check(
        "{agents: [ced1]",
        "{vantages: any down, agents: [ced1]",
        &["`vantages` of the site `ced` is any down, was not set"],
    );
    check(
        "san: {probe",
        "san: {confirm_down: 1, sites: any down, probe",
        &[
            "`confirm_down` of the check `data_center.san.san1` is 1, was not set",
            "`sites` of the check `data_center.san.san1` is any down, was not set",
        ],
    );
    let parts = |up_if: &str| {
        let parts = "parts: {x: {probe: tcp, targets: {t: \"h:1\"}}, y: {probe: tcp, targets: {t: \"h:2\"}}}";
        charter(
            &BEFORE.replace(
                "services:\n",
                &format!("services:\n  s: {{components: {{c: {{{up_if}{parts}}}}}}}\n"),
            ),
        )
    };
    assert_eq!(
        parts("").describe_changes(&parts("up_if: any, "), Lang::En),
        ["`up_if` of the component `s.c` is any, was all"]
    );
}

#[test]
fn whoever_reads_italian_reads_all_of_it() {
    let new = BEFORE
        .replace("above: 98%", "above: 98%}, {kind: taken_in_charge, within: 1 day, share: 85%")
        .replace("san1: \"10.0.0.20:443\"", "san2: \"10.0.0.20:443\"")
        .replace("dns2: 10.0.1.53", "dns2: {address: 10.0.1.53, area: sede}")
        .replace("agents: [bib1]", "agents: []");
    assert_eq!(
        charter(BEFORE).describe_changes(&charter(&new), Lang::It),
        [
            "l'elenco delle sonde della sede `biblioteca` è vuoto, era bib1",
            "l'impegno del servizio `data_center` è disponibilità oltre il 98%, presa in carico entro 1 giorno nell'85%, \
             era disponibilità oltre il 98%",
            "`area` del controllo `data_center.dns.dns2` è sede, prima non c'era",
            "il controllo `data_center.san.san1` non c'è più",
            "il controllo `data_center.san.san2` è nuovo: tcp di 10.0.0.20:443, da ced, biblioteca, ogni 1m",
        ]
    );
}
