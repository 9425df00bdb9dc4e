//! How witnesses vote and fails are confirmed: by rule, by site, by component.

use super::{SITES, charter, loaded};
use crate::{DownIf, Fraction, LateEntries, Maintenance, Node, Quorum, Readings, Unknown, Vote, parse};

const COMPONENT: &str = "services: {s: {components: {c: {probe: tcp, targets: {t: \"h:1\"}}}}}";

#[test]
fn every_reading_has_its_key() {
    let rules = "rules: {confirm_down: 3, confirm_up: 2, coverage_min: 95%, vantages: \"2 down, 2 known\", sites: any \
                 down, unknown: up, maintenance: excluded_down, late_entries: effective, notice: 24h}";
    // Of two agents, so that two can know.
    let sites =
        SITES.replace("bib1", "bib1, bib2").replace("pas1", "pas1, pas2").replace("vps1", "vps1, vps2");
    let rules = loaded(&format!("{sites}{rules}\n{COMPONENT}")).vedetta.charter.rules;
    assert_eq!((rules.confirm_down, rules.confirm_up), (3, 2));
    assert_eq!(Some(rules.coverage_min), Fraction::new(95, 100));
    let expected = Readings {
        maintenance: Maintenance::ExcludedDown,
        late_entries: LateEntries::Effective,
        notice_ms: 86_400_000,
        unknown: Unknown::Up,
        vantages: Vote { down_if: DownIf::AtLeast(2), known_min: 2 },
        sites: Vote::of(DownIf::Any),
    };
    assert_eq!(rules.readings, expected);
    assert_eq!(loaded(&format!("{SITES}{COMPONENT}")).vedetta.charter.rules.readings, Readings::default());
}

#[test]
fn a_component_is_judged_as_it_says_or_its_parent() {
    let charter = charter(
        "a: {probe: tcp, targets: {t: \"h:1\"}}, \
         b: {confirm_down: 1, sites: any down, parts: {\
         x: {probe: tcp, targets: {t: \"h:1\"}}, \
         y: {probe: tcp, targets: {t: \"h:2\"}, sites: all down, vantages: half down, confirm_up: 4}}}",
    );
    let judged: Vec<String> = charter
        .checks()
        .map(|check| {
            let judged = serde_json::to_string(&check.judged).unwrap_or_default();
            format!("{} {judged}", check.id)
        })
        .collect();
    assert_eq!(
        judged,
        [
            "s.a.t {}",
            r#"s.b.x.t {"confirm_down":1,"sites":{"down_if":"any"}}"#,
            r#"s.b.y.t {"confirm_down":1,"confirm_up":4,"vantages":{"down_if":"half"},"sites":{"down_if":"all"}}"#,
        ]
    );
}

#[test]
fn a_site_may_vote_otherwise() {
    let sites = SITES.replace("[ced1, ced2]", "[ced1, ced2], vantages: \"any down, 2 known\"");
    let charter = loaded(&format!("{sites}{COMPONENT}")).vedetta.charter;
    let votes: Vec<Option<String>> =
        charter.sites.iter().map(|site| site.facts.vantages.map(|vote| vote.to_string())).collect();
    assert_eq!(votes, [Some("any down, 2 known".to_owned()), None, None, None]);
}

/// The first line of each is in `invalid/`; here is what they must not accuse.
#[test]
fn a_vote_is_refused_only_where_witnesses_are_too_few() {
    for (rest, refused) in [
        // Each component says for itself how many it has.
        (
            "rules: {sites: \"half down, 3 known\"}\nservices: {s: {users: [uffici], components: {c: {sites: half down, probe: tcp, targets: {t: \"h:1\"}}}}}",
            false,
        ),
        (
            "rules: {sites: \"half down, 3 known\"}\nservices: {s: {users: [uffici], components: {c: {probe: tcp, targets: {t: \"h:1\"}}}}}",
            true,
        ),
        (
            "rules: {sites: \"half down, 4 known\"}\nservices: {s: {components: {c: {probe: tcp, targets: {t: \"h:1\"}}}}}",
            false,
        ),
        // More that say down than there are: all that know.
        (
            "rules: {sites: 9 down, vantages: 9 down}\nservices: {s: {components: {c: {probe: tcp, targets: {t: \"h:1\"}}}}}",
            false,
        ),
        (
            "services: {s: {components: {c: {from: ced, vantages: \"half down, 2 known\", probe: tcp, targets: {t: \"h:1\"}}}}}",
            false,
        ),
        (
            "services: {s: {components: {c: {from: [ced, fuori], vantages: \"half down, 2 known\", probe: tcp, targets: {t: \"h:1\"}}}}}",
            true,
        ),
    ] {
        let read = parse(&format!("{SITES}{rest}"), "f");
        assert_eq!(read.is_err(), refused, "{rest}: {:?}", read.err());
    }
}

#[test]
fn parts_may_stand_in_for_each_other() {
    let parts =
        "parts: {x: {weight: 2, probe: tcp, targets: {t: \"h:1\"}}, y: {probe: tcp, targets: {t: \"h:2\"}}}";
    for (up_if, quorum) in [
        ("any", Some(Quorum::Any)),
        ("all", None),
        ("1 of 2", Some(Quorum::AtLeast(1))),
        ("at least 66% by weight", Some(Quorum::AtLeastWeight(Fraction { p: 33, q: 50 }))),
    ] {
        let charter = charter(&format!("c: {{up_if: {up_if}, {parts}}}"));
        let component = &charter.services[0].components[0];
        let found = match &component.node {
            Node::Some { up_if, .. } => Some(*up_if),
            Node::All(_) | Node::Part(_) => None,
        };
        assert_eq!((found, component.node.parts().len()), (quorum, 2), "{up_if}");
        assert_eq!(component.node.parts()[0].weight, Some(2));
        let json = serde_json::to_string(&charter).unwrap_or_default();
        assert_eq!(serde_json::from_str(&json).ok(), Some(charter), "{up_if}");
    }
    for bad in ["at least 3", "all but 2", "1 of 3"] {
        let text = format!("{SITES}services: {{s: {{components: {{c: {{up_if: {bad}, {parts}}}}}}}}}");
        let refused = parse(&text, "f").map(|_| ()).map_err(|error| error.problems.len());
        assert_eq!(refused, Err(1), "{bad}");
    }
}
