//! What a row consists of, and what its parts take from above.

use super::{SITES, from, loaded, only};
use crate::{Fraction, Quorum, parse};

#[test]
fn from_is_where_the_users_are_unless_said() {
    let everywhere = loaded(&format!(
        "{SITES}services: {{s: {{components: {{c: {{probe: tcp, targets: {{t: \"h:1\"}}}}}}}}}}"
    ));
    let check = everywhere.vedetta.charter.checks().next().cloned().unwrap();
    assert_eq!(from(&check), ["ced", "biblioteca", "pascoli", "fuori"]);
    for (key, sites) in [
        ("from: users", vec!["ced", "biblioteca"]),
        ("from: [fuori, ced]", vec!["ced", "fuori"]), // in the order of `sites`
        ("from: pascoli", vec!["pascoli"]),
    ] {
        assert_eq!(
            from(&only(&format!("c: {{probe: tcp, targets: {{t: \"h:1\"}}, {key}}}"))),
            sites,
            "{key}"
        );
    }
}

#[test]
fn settings_come_from_above() {
    let text = format!(
        "{SITES}defaults: {{every: 2m, timeout: 5s, from: [fuori]}}
services:
  s:
    components:
      a: {{probe: tcp, targets: {{t: \"h:1\"}}}}
      b:
        every: 5m
        from: [ced]
        parts:
          x: {{probe: tcp, targets: {{t: \"h:1\"}}}}
          y: {{probe: tcp, targets: {{t: \"h:1\"}}, every: 30s, attempts: 1, from: [pascoli]}}
"
    );
    let charter = loaded(&text).vedetta.charter;
    let seen: Vec<_> = charter
        .checks()
        .map(|check| (check.id.to_string(), check.timing.every_ms / 1000, check.timing.attempts, from(check)))
        .collect();
    assert_eq!(
        seen,
        [
            ("s.a.t".to_owned(), 120, 3, vec!["fuori"]),
            ("s.b.x.t".to_owned(), 300, 3, vec!["ced"]),
            ("s.b.y.t".to_owned(), 30, 1, vec!["pascoli"]),
        ]
    );
    assert!(charter.checks().all(|check| check.timing.timeout_ms == 5_000));
}

#[test]
fn quorums_that_cannot_be_are_refused_and_others_kept() {
    for (words, quorum) in [
        ("any", Some(Quorum::Any)),
        ("2 of 3", Some(Quorum::AtLeast(2))),
        ("all but 2", Some(Quorum::AllBut(2))),
        ("at least 34%", Some(Quorum::AtLeastShare(Fraction { p: 17, q: 50 }))),
        ("all but 3", None),
        ("at least 4", None),
        ("2 of 2", None),
        ("2 of x", None),
        ("at least 0%", None),
    ] {
        let text = format!(
            "{SITES}services: {{s: {{components: {{c: {{probe: tcp, up_if: {words}, targets: {{a: \"h:1\", b: \"h:2\", c: \
             \"h:3\"}}}}}}}}}}"
        );
        let found = parse(&text, "f").ok().and_then(|loaded| {
            match &loaded.vedetta.charter.services[0].components[0].node {
                crate::Node::Part(part) => Some(part.up_if),
                crate::Node::All(_) | crate::Node::Some { .. } => None,
            }
        });
        assert_eq!(found, quorum, "{words}");
    }
}

#[test]
fn names_too_long_for_a_check_are_refused() {
    let long = "x".repeat(64);
    let target = format!("{{{long}: {{probe: tcp, targets: {{{long}: \"h:1\"}}}}}}");
    let text = format!("{SITES}services: {{{long}: {{components: {{{long}: {{parts: {target}}}}}}}}}");
    let refused = parse(&text, "f").unwrap_err();
    assert!(refused.problems[0].message.en.contains("over 256 letters"), "{refused}");
}

#[test]
fn a_former_name_at_any_level_gives_the_former_id() {
    for (components, was) in [
        ("c: {probe: tcp, targets: {t: \"h:1\"}, was: d}", Some("s.d.t")),
        ("c: {probe: tcp, targets: {t: {address: \"h:1\", was: u}}}", Some("s.c.u")),
        (
            "c: {was: d, parts: {p: {was: q, probe: tcp, targets: {t: {address: \"h:1\", was: u}}}}}",
            Some("s.d.q.u"),
        ),
        ("c: {probe: tcp, targets: {t: \"h:1\"}}", None),
    ] {
        let check = only(components);
        assert_eq!(check.facts.was.as_ref().map(crate::CheckId::as_str), was, "{components}");
    }
}

/// A history goes on in one place, at whatever level.
#[test]
fn of_two_with_one_former_name_the_second_is_refused() {
    let check = |name: &str, more: &str| format!("{name}: {{{more}probe: tcp, targets: {{t: \"h:1\"}}}}");
    let services = |one: &str, other: &str| {
        let row = |name: &str, was: &str| format!("{name}: {{{was}components: {{{}}}}}", check("c", ""));
        format!("{}, {}", row("a", one), row("b", other))
    };
    let parts = |one: &str, other: &str| {
        format!("s: {{components: {{c: {{parts: {{{}, {}}}}}}}}}", check("a", one), check("b", other))
    };
    for (written, one, other, refused) in [
        ("services", "was: x, ", "was: x, ", 1),
        ("services", "was: x, ", "was: y, ", 0),
        ("parts", "was: x, ", "was: x, ", 1),
        ("parts", "was: x, ", "", 0),
    ] {
        let text = if written == "services" { services(one, other) } else { parts(one, other) };
        let read = parse(&format!("{SITES}services: {{{text}}}"), "f");
        let problems = read.err().map_or_else(Vec::new, |refused| refused.problems);
        assert_eq!(problems.len(), refused, "{text}: {problems:?}");
        assert!(
            problems.iter().all(|p| p.message.en.starts_with("the history of `x` goes on in `a`")),
            "{problems:?}"
        );
    }
}
