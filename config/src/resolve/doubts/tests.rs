//! What is said of a charter that loads and may yet surprise: by line, in both languages.

use crate::{Problem, parse};

const SITES: &str = "organisation: {name: X}\ncanaries: []\nsites: {a: {agents: [a1], users: [u], power: p1}, b: {agents: [b1], users: [u], power: p2}}\n";

#[track_caller]
fn warnings(text: &str) -> Vec<Problem> {
    parse(text, "vedetta.yaml").unwrap_or_else(|error| panic!("{error}")).warnings
}

/// One line of services, and the beginnings of all that is said of it.
#[track_caller]
fn check(rest: &str, en: &[&str], it: &[&str]) {
    let said = warnings(&format!("{SITES}{rest}"));
    assert_eq!(said.len(), en.len(), "{rest}: {said:?}");
    for ((warning, en), it) in said.iter().zip(en).zip(it) {
        let shown = format!("{}: {}", warning.line, warning.message.en);
        assert!(shown.starts_with(en), "{rest}: {shown}");
        assert!(warning.message.it.starts_with(it), "{rest}: {}", warning.message.it);
    }
}

#[test]
fn what_counts_for_no_figure_is_told_at_its_line() {
    for (rest, en, it) in [
        (
            "services: {s: {components: {d: {probe: tcp, targets: {t: \"h:2\"}}, c: {needs: d, probe: tcp, targets: {t: \"h:1\"}}}}}",
            "4: in this version only the targets of a mean count with what they need (`figure: mean of`); `needs`",
            "in questa versione solo i bersagli di una media contano con ciò",
        ),
        (
            "services: {s: {components: {c: {group_by: area, probe: tcp, targets: {t: {address: \"h:1\", area: x}}}}}}",
            "4: areas are told apart in a mean only (`figure: mean of`); `group_by` is only recorded",
            "le aree si distinguono solo in una media",
        ),
        (
            "services: {s: {components: {c: {parts: {p: {probe: tcp, targets: {t: {address: \"h:1\", weight: 2}}}}}}}}",
            "4: `weight` counts for nothing here: it counts among the targets of a mean",
            "`weight` qui non conta",
        ),
        (
            "services: {s: {components: {c: {weight: 2, probe: tcp, targets: {t: \"h:1\"}}}}}",
            "4: `weight` counts for nothing here",
            "`weight` qui non conta",
        ),
        (
            "services: {s: {components: {c: {parts: {p: {weight: 2, probe: tcp, targets: {t: \"h:1\"}}}}}}}",
            "4: `weight` counts for nothing here",
            "`weight` qui non conta",
        ),
        (
            "services: {s: {components: {c: {probe: tcp, targets: {t: {address: \"h:1\", behind: sw}}}}}}",
            "4: in this version a target is judged by its own check alone; `behind`",
            "in questa versione un bersaglio si giudica solo dal suo controllo",
        ),
        (
            "services: {}\nalerting:\n  ced: {to: a@b.example}\n  b: {to: b@b.example}",
            "6: nobody is mailed: `collector` has no `mail`, which says who takes the mails",
            "nessuno riceve posta: a `collector` manca `mail`",
        ),
    ] {
        let said = warnings(&format!("{SITES}{rest}"));
        let said: Vec<&Problem> =
            said.iter().filter(|w| !w.message.en.starts_with("no check runs")).collect();
        assert_eq!(said.len(), 1, "{rest}: {said:?}");
        let shown = format!("{}: {}", said[0].line, said[0].message.en);
        assert!(shown.starts_with(en), "{rest}: {shown}");
        assert!(said[0].message.it.starts_with(it), "{rest}: {}", said[0].message.it);
    }
}

/// What a figure follows needs no word.
#[test]
fn what_counts_is_no_warning() {
    for rest in [
        "services: {s: {figure: mean of c, components: {c: {probe: tcp, group_by: area, targets: {t: {address: \"h:1\", area: x, weight: 2}}}}}}",
        "services: {s: {figure: mean of c, components: {d: {probe: tcp, targets: {t: \"h:2\"}}, c: {needs: d, probe: tcp, targets: {t: \"h:1\"}}}}}",
        "services: {s: {components: {c: {up_if: at least 50% by weight, probe: tcp, targets: {t: {address: \"h:1\", weight: 2}}}}}}",
        "services: {s: {components: {c: {up_if: at least 50% by weight, parts: {p: {weight: 2, probe: tcp, targets: {t: \"h:1\"}}}}}}}",
        "calendars: {k: {hours: 24x7}}\nservices: {s: {commitments: {kind: availability, above: 98%, hours: k}, components: {c: {probe: tcp, targets: {t: \"h:1\"}}}}}",
        "rules: {maintenance: excluded, late_entries: effective, notice: 24h, unknown: down, vantages: any down, sites: all down}\nservices: {s: {components: {c: {probe: tcp, targets: {t: \"h:1\"}}}}}",
    ] {
        check(rest, &[], &[]);
    }
}

#[test]
fn a_hold_shorter_than_delivery_is_told() {
    let with = |timing: &str| {
        format!(
            "services: {{s: {{components: {{c: {{probe: tcp, {timing}, targets: {{t: \"h:1\", u: \"h:2\"}}}}}}}}}}"
        )
    };
    check(
        &with("every: 2s, timeout: 500ms"),
        &[
            "4: a sample speaks for 5s (`hold`), but with `every: 2s` the next may take up to 12s to arrive (10s to deliver it)",
        ],
        &["un campione vale 5s (`hold`), ma con `every: 2s` il successivo può metterci fino a 12s"],
    );
    for enough in ["every: 2s, timeout: 500ms, hold: 12s", "every: 10s, timeout: 2s", "every: 1h"] {
        check(&with(enough), &[], &[]);
    }
    check(&with("every: 1m, hold: 1m"), &["4: a sample speaks for 1m"], &["un campione vale 1m"]);
}

#[test]
fn one_thing_watched_twice_is_told() {
    check(
        "services: {s: {components: {c: {probe: tcp, targets: {t: \"h:1\", u: \"H:1\"}}}}}",
        &["4: `u` has the address of `t`: one thing counts twice"],
        &["`u` ha l'indirizzo di `t`"],
    );
    check(
        "services: {s: {components: {c: {parts: {p: {probe: tcp, targets: {t: \"h:1\"}}, q: {probe: tcp, targets: {t: \"h:1\"}}}}}}}",
        &["4: `s.c.q.t` asks just what `s.c.p.t` asks"],
        &["`s.c.q.t` chiede proprio ciò che chiede `s.c.p.t`"],
    );
    // The same page, for another text on it, is another question.
    check(
        "services: {s: {components: {c: {probe: http, text: a, targets: {t: \"http://h/\"}}, d: {probe: http, text: b, targets: {t: \"http://h/\"}}}}}",
        &[],
        &[],
    );
}

#[test]
fn redirects_that_are_never_followed_are_told() {
    check(
        "services: {s: {components: {c: {probe: http, targets: {t: \"http://h/\"}, status: [2xx, 3xx], redirects: {max: 3}}}}}",
        &["4: `3xx` is up here, so that no redirect is followed"],
        &["qui `3xx` va bene"],
    );
    check(
        "services: {s: {components: {c: {probe: http, targets: {t: \"https://h.example/\"}, redirects: {end: \"https://sso.example/\"}}}}}",
        &["4: no redirect is followed to `sso.example`, so that `end` is never reached"],
        &["nessun rinvio si segue verso `sso.example`"],
    );
    check(
        "services: {s: {components: {c: {probe: http, targets: {t: \"https://h.example/\"}, redirects: {end: \"https://www.h.example/x\"}}}}}",
        &[],
        &[],
    );
}

#[test]
fn half_a_renaming_is_told() {
    check(
        "services: {s: {components: {tributi: {was: ici, probe: tcp, targets: {tributi: \"h:1\"}}}}}",
        &["4: the history goes on from `ici.tributi`; if the target was called `ici` too"],
        &["la storia continua da `ici.tributi`"],
    );
    check(
        "services: {s: {components: {tributi: {was: ici, probe: tcp, targets: {tributi: {address: \"h:1\", was: ici}}}}}}",
        &[],
        &[],
    );
}

#[test]
fn quotes_and_words_still_to_be_written_are_told() {
    check(
        "services: {s: {components: {c: {probe: http, text: “Mensa”, targets: {t: \"http://h/\"}}}}}",
        &["4: `“` is no quote here but part of the text"],
        &["`“` qui non è una virgoletta ma parte del testo"],
    );
    check(
        "charter: {act: DA COMPILARE}\nservices: {s: {components: {c: {probe: tcp, targets: {t: \"h:1\"}}}}}",
        &["4: still to be written: `DA COMPILARE`"],
        &["ancora da scrivere"],
    );
}

#[test]
fn agents_without_canaries_are_told_once() {
    let text =
        format!("{SITES}services: {{s: {{components: {{c: {{probe: tcp, targets: {{t: \"h:1\"}}}}}}}}}}");
    let said = warnings(&text.replace("canaries: []\n", ""));
    assert_eq!((said.len(), said[0].line), (1, 0));
    assert!(said[0].message.en.starts_with("no `canaries`") && said[0].message.it.starts_with("mancano i"));
    assert_eq!(warnings(&text), []);
}

#[test]
fn one_line_that_all_rows_share_is_one_warning() {
    let row =
        |name: &str| format!("{name}: {{components: {{c: {{probe: tcp, targets: {{t: \"{name}:1\"}}}}}}}}");
    let text = format!("{SITES}services: {{{}, {}}}", row("r"), row("s")).replace("p2", "p1");
    let said = warnings(&text);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].message.en.starts_with("every site that sees `r`, `s` hangs on one power supply, `p1`"));
}

#[test]
fn a_row_that_is_not_probed_is_seen_from_nowhere() {
    let rest = "services: {s: {users: [elsewhere], commitments: {kind: answered, within: 30 days}}}";
    let said = warnings(&format!("{SITES}{rest}"));
    assert!(said.iter().all(|warning| warning.message.en.starts_with("no check runs")), "{said:?}");
}

#[test]
fn what_a_figure_would_not_prove_is_a_warning() {
    let sites = "organisation: {name: X}\ncanaries: []\nsites: {a: {agents: [a1], users: [u], power: ups, line: f1}, b: {agents: [b1], users: [u], power: ups, line: f2}}\n";
    for (rest, warning) in [
        (
            "services: {s: {components: {c: {probe: tcp, targets: {t: \"h:1\"}}}}}",
            "hangs on one power supply, `ups`",
        ),
        (
            "services: {s: {components: {posta: {probe: tcp, targets: {t: \"h:1\"}}}}}",
            "not that a message arrives",
        ),
        (
            "services: {s: {components: {c: {name: Portale unico, parts: {sso: {probe: tcp, targets: {t: \"h:1\"}}}}}}}",
            "not that somebody can log in",
        ),
        ("services: {s: {components: {c: {probe: icmp, targets: {t: h}}}}}", "watched by pings alone"),
        (
            "services: {s: {components: {c: {probe: tcp, targets: {t: \"mx.comune.example:25\"}}}}}\nalerting: {office: {to: a@comune.example}}",
            "`office` reads its mail through what `s.c.t` watches",
        ),
    ] {
        let warnings = warnings(&format!("{sites}{rest}"));
        assert!(warnings.iter().any(|w| w.message.en.contains(warning)), "{rest}: {warnings:?}");
        assert!(warnings.iter().all(|w| w.line > 0 && w.message.en != w.message.it), "{warnings:?}");
    }
    let apart = sites.replace("ups, line: f2", "rete, line: f2");
    let other = "services: {s: {components: {web: {probe: http, targets: {t: \"http://mx.comune.example/\"}}}}}\nalerting: {office: {to: a@comune.example}}";
    assert_eq!(warnings(&format!("{apart}{other}")).len(), 1, "nobody is mailed");
    // Who names the machine promises no more; and one address elsewhere is enough.
    let honest = "services: {s: {components: {copie: {name: Server di backup acceso, probe: tcp, targets: {t: \"mx.comune.example:25\"}}}}}\n\
                  alerting: {office: {to: [a@comune.example, a@altro.example]}}";
    assert_eq!(warnings(&format!("{apart}{honest}")).len(), 1, "nobody is mailed");
}

/// A component that only says how urgent it is, a row whose one recipient wants the morning alone; and those in order.
#[test]
fn an_incident_that_nobody_would_be_told_of_is_told() {
    let alerting = "\nalerting:\n  turno: {to: t@b.example, told_of: page}\n  ufficio: {to: u@b.example, told_of: [morning]}";
    let said = |services: &str| {
        let said = warnings(&format!("{SITES}services:\n{services}{alerting}"));
        let told = said.iter().filter(|warning| warning.message.en.starts_with("nobody is told"));
        told.map(|warning| (warning.line, warning.message.en.contains("`page`"))).collect::<Vec<_>>()
    };
    let targets = "probe: tcp, targets: {t: \"h:1\"}";
    assert_eq!(said(&format!("  s: {{components: {{c: {{{targets}}}}}}}")), []);
    assert_eq!(said(&format!("  s: {{components: {{c: {{severity: ticket, {targets}}}}}}}")), [(5, false)]);
    assert_eq!(said(&format!("  s: {{alert: ufficio, components: {{c: {{{targets}}}}}}}")), [(5, true)]);
    assert_eq!(said("  s: {alert: ufficio}"), [], "nothing of it can be down");
}
