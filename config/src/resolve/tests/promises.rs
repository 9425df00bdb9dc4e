//! What rows promise, and what is said beside it.

use super::{SITES, charter, loaded};
use crate::{Charter, Commitment, Fraction};

#[test]
fn rows_keep_their_order_and_promise() {
    let text = format!(
        "{SITES}charter: {{act: 1, in_force_from: 2027-01-01}}
services:
  zeta: {{row: 1, name: Zeta, commitments: [{{kind: availability, above: 98%}}]}}
  alfa: {{commitments: [{{kind: availability, at_least: \"99,5 %\", hours: 24x7}}]}}
"
    );
    let charter = loaded(&text).vedetta.charter;
    let shown: Vec<_> =
        charter.services.iter().map(|service| (service.id.as_str(), service.name.as_str())).collect();
    assert_eq!(shown, [("zeta", "Zeta"), ("alfa", "alfa")]);
    let promises: Vec<_> = charter
        .services
        .iter()
        .flat_map(|service| &service.commitments)
        .map(|promise| match promise {
            Commitment::Availability(p) => (p.strict, Some(p.target)),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(promises, [(true, Fraction::new(49, 50)), (false, Fraction::new(199, 200))]);
    assert_eq!(charter.act.act.as_deref(), Some("1"), "a name may look like a number");
    assert_eq!(charter.act.measured_from, None);
}

#[test]
fn all_four_kinds_of_commitment_are_kept() {
    let text = format!(
        "{SITES}calendars: {{uffici: {{hours: \"mon-fri 08:00-14:00\", holidays: [italy]}}}}
services:
  a: {{commitments: [{{kind: availability, above: 98%}}, {{kind: taken_in_charge, within: 8 working hours, share: 90%, hours: uffici}}]}}
  b: {{commitments: [{{kind: availability, at_least: 99%, hours: uffici}}, {{kind: answered, within: 30 days}}, {{kind: on_request}}]}}
"
    );
    let charter = loaded(&text).vedetta.charter;
    let said: Vec<String> =
        charter.services.iter().flat_map(|service| &service.commitments).map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "availability above 98%",
            "taken in charge within 8 working hours of `uffici` in 90%",
            "availability of at least 99% of the hours of `uffici`",
            "answered within 30 days in 100%",
            "on request, without a standard",
        ]
    );
    assert!(charter.services[0].availability().is_some());
    assert!(charter.services[1].availability().is_none(), "hours of a calendar are not the year");
    assert_eq!(charter.services[1].unmeasured().count(), 2, "requests are not probed");
    let note = charter.without_figure().unwrap();
    assert!(note.en.ends_with("in this version: a, b"), "{note}");
    assert!(note.it.starts_with("gli impegni sulle richieste"), "{}", note.it);
}

#[test]
fn what_all_counts_has_no_note() {
    let charter = charter(
        "c: {probe: tcp, targets: {t: \"h:1\"}, owner: Area 4, note: x, since: 2027-01-01, publish: false}",
    );
    assert_eq!(charter.without_figure(), None);
    let component = &charter.services[0].components[0];
    assert_eq!((component.about.owner.as_deref(), component.publish), (Some("Area 4"), false));
    assert_eq!(component.life.since.map(|day| day.to_string()).as_deref(), Some("2027-01-01"));
}

#[test]
fn the_spirit_of_the_charter_is_read() {
    let text = format!(
        "{SITES}alerting: {{office: {{to: area4@comune.example}}, on_call: {{to: reperibile@altro.example, hours: \"mon-sat 07:30-20:00\"}}}}
services:
  wifi:
    row: 3
    users: [cittadini]
    commitments: [{{kind: availability, above: 85%, hours: 24x7}}]
    figure: mean of ap
    components:
      ap: {{probe: tcp, targets: {{ap1: {{address: \"10.0.0.31:443\", area: lungomare, behind: sw1, weight: 2}}}}, group_by: area, needs: [uscita], alert: office}}
      uscita: {{probe: http, targets: {{ospiti: \"http://captive.example/204\"}}, from: [biblioteca], list_approved: {{act: \"prot. 1234\", on: 2027-03-02}}}}
"
    );
    let charter = loaded(&text).vedetta.charter;
    let wifi = &charter.services[0];
    assert_eq!(wifi.figure.to_string(), "mean of ap");
    let [ap, uscita] = wifi.components.as_slice() else { panic!("two components") };
    assert_eq!((ap.needs.join(","), ap.about.alert[0].as_str()), ("uscita".to_owned(), "office"));
    let facts = &ap.checks().next().unwrap().facts;
    assert_eq!(
        (facts.area.as_deref(), facts.behind.as_deref(), facts.weight),
        (Some("lungomare"), Some("sw1"), Some(2))
    );
    assert_eq!(uscita.about.list_approved.as_ref().map(|approved| approved.act.as_str()), Some("prot. 1234"));
    assert_eq!(charter.alerting[1].when.to_string().matches("07:30-20:00").count(), 6);
    // Who says nothing is told of all but the month, in the hours of whoever is on call.
    assert_eq!(charter.alerting[0].when, charter.alerting[1].when);
    assert_eq!(charter.alerting[0].told_of, crate::Concern::usual());
    let json = serde_json::to_string(&charter).unwrap();
    assert_eq!(serde_json::from_str::<Charter>(&json).unwrap(), charter);
}

#[test]
fn a_charter_survives_the_journal() {
    let text = include_str!("../../../reference/vedetta.yaml");
    let charter = loaded(text).vedetta.charter;
    let json = serde_json::to_string(&charter).unwrap();
    assert_eq!(serde_json::from_str::<Charter>(&json).unwrap(), charter);
    // An unknown key would make `deny_unknown_fields` refuse every assignment.
    for check in charter.checks() {
        let json = serde_json::to_string(&check.spec()).unwrap();
        assert_eq!(serde_json::from_str::<crate::CheckSpec>(&json).unwrap(), check.spec());
    }
}

#[test]
fn tiers_are_as_said_or_as_usual() {
    let of = |keys: &str| {
        let text =
            format!("{SITES}services: {{s: {{commitments: {{kind: availability, above: 98%{keys}}}}}}}");
        loaded(&text).vedetta.charter.services[0].clone()
    };
    let usual = of("");
    assert_eq!((usual.burn.len(), usual.burn_tiers().len()), (0, 4));
    let said = of(", burn: [{part: 2%, window: 6h, severity: ticket}, {part: 10%, window: 7d, short: 2h}]");
    let tiers: Vec<_> =
        said.burn.iter().map(|tier| (tier.window_ms, tier.short_ms, tier.severity.name())).collect();
    assert_eq!(tiers, [(21_600_000, 1_800_000, "ticket"), (604_800_000, 7_200_000, "ticket")]);
    assert_eq!(said.burn_tiers(), said.burn);
    // The reference says of four tiers that they are the usual ones.
    let reference = loaded(include_str!("../../../reference/vedetta.yaml")).vedetta.charter;
    assert_eq!(reference.services[0].burn, usual.burn_tiers());
    let none = "services: {s: {commitments: {kind: on_request}}}";
    assert_eq!(loaded(&format!("{SITES}{none}")).vedetta.charter.services[0].burn_tiers(), []);
}
