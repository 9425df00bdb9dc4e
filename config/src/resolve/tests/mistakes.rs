//! What is refused and what is doubtful, several at a time.

use proptest::prelude::*;

use super::{SITES, loaded};
use crate::{load_agent, parse};

#[test]
fn every_mistake_of_a_file_is_reported_in_one_run() {
    let text = format!(
        "{SITES}charter: {{measured_from: soon}}
rules: {{confirm_down: 0}}
services:
  s:
    row: one
    users: [uffici]
    components:
      a: {{probe: tcp, targets: {{t: nowhere}}, interval: 60s}}
      b: {{probe: dns, targets: {{t: 10.0.0.53}}, ask: x..y A, rcodes: FINE, every: 1h, timeout: 2h}}
      c: {{probe: http, targets: {{t: \"gopher://h\", u: \"http://u:hunter2@h/\"}}, from: [cde], up_if: 3 of 2}}
      d: {{parts: {{x: {{probe: tcp}}, y: 7}}}}
"
    );
    let refused = parse(&text, "f.yaml").unwrap_err();
    let lines: Vec<(u32, String)> = refused.problems.iter().map(|p| (p.line, p.message.en.clone())).collect();
    let expected = [
        (8, "expected a day"),
        (9, "`confirm_down` is a number of samples"),
        (12, "expected a whole number, found `one`"),
        (15, "`nowhere` is not an address"),
        (15, "unknown key `interval`"),
        (16, "`x..y` is not a name of DNS"),
        (16, "unknown response code `FINE`"),
        (16, "`timeout` (2h) must be shorter"),
        (17, "`gopher://` is not asked"),
        (17, "a URL with a user or password"),
        (17, "unknown site `cde`, did you mean `ced`?"),
        (17, "`up_if` asks for 3"),
        (18, "the key `targets` is missing"),
        (18, "expected a map with `probe:`"),
    ];
    let same = lines.len() == expected.len()
        && lines
            .iter()
            .zip(expected)
            .all(|((line, message), (at, begin))| *line == at && message.starts_with(begin));
    assert!(same, "{lines:#?}");
    let shown = refused.to_string();
    assert!(shown.ends_with("14 errors") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_belongs_to_an_unknown_kind_is_not_accused() {
    let mail = "c: {probe: websocket, targets: {giro: {send: a@b.example, read: c@d.example}}, secret: m365}";
    let text = format!("{SITES}services: {{s: {{components: {{{mail}}}}}}}");
    let refused = parse(&text, "f").unwrap_err();
    assert_eq!(refused.problems.len(), 1, "{refused}");
    assert!(refused.problems[0].message.en.starts_with("`probe: websocket` is not available"), "{refused}");
}

#[test]
fn what_is_doubtful_is_a_warning() {
    let text = format!(
        "{SITES}  vuoto: {{users: [uffici]}}
services:
  s:
    users: [uffici, enti_esterni]
    components:
      a: {{}}
      b: {{probe: tcp, targets: {{t: \"h:1\"}}, from: [ced]}}
  t: {{}}
canaries: []
collector: {{web: {{listen: \"0.0.0.0:80\"}}}}
"
    );
    let warnings: Vec<String> =
        loaded(&text).warnings.iter().map(|w| format!("{}: {}", w.line, w.message)).collect();
    assert_eq!(
        warnings,
        [
            "5: no check runs from the site `biblioteca`: its agents have nothing to do",
            "6: no check runs from the site `pascoli`: its agents have nothing to do",
            "7: no check runs from the site `fuori`: its agents have nothing to do",
            "8: the site `vuoto` has no agent: nothing is seen from there",
            "10: the service `s` is seen from one site only, `ced`",
            "11: no site has the users `enti_esterni`: nothing is seen from where they are",
            "13: the component `a` has no check: it will be unknown",
            "15: the service `t` has no component: it will be unknown",
            "17: page and figures are served without encryption beyond this machine; put a proxy with TLS in front, or \
             keep the address on 127.0.0.1",
        ]
    );
}

#[test]
fn canaries_that_are_all_names_are_doubtful() {
    for (canaries, doubtful) in [
        ("", None),
        ("canaries: [\"192.0.2.1:443\"]\n", None),
        ("canaries: [\"gateway.example:443\", \"[2001:db8::1]:443\"]\n", None),
        ("canaries: [\"gateway.example:443\", \"dns.example:53\"]\n", Some(1)),
    ] {
        let component = "c: {probe: tcp, targets: {t: \"h:1\"}}";
        let text = format!("{canaries}{SITES}services: {{s: {{components: {{{component}}}}}}}");
        let warnings = loaded(&text).warnings;
        let about =
            warnings.iter().find(|w| w.message.en.starts_with("every canary is a name: a new agent that"));
        assert_eq!(about.map(|w| w.line), doubtful, "{canaries}");
        assert!(
            about.is_none_or(|w| w.message.it.starts_with("tutti i canarini sono nomi: un agente nuovo"))
        );
    }
}

#[test]
fn ipv6_without_a_canary_of_it_is_doubtful() {
    let (v4, both) =
        ("canaries: [\"192.0.2.1:443\"]\n", "canaries: [\"192.0.2.1:443\", \"[2001:db8::1]:443\"]\n");
    for (canaries, component, doubtful) in [
        (v4, "{probe: tcp, targets: {t: \"h:1\"}}", None),
        (v4, "{probe: tcp, targets: {t: \"h:1\"}, family: both}", Some(1)),
        (v4, "{probe: icmp, targets: {t: \"2001:db8::9\"}}", Some(1)),
        (v4, "{probe: dns, targets: {t: \"[2001:db8::9]:53\"}, ask: a.example}", Some(1)),
        (v4, "{probe: tcp, targets: {t: \"h:1\"}, family: v6, measures_path: true}", None),
        (both, "{probe: tcp, targets: {t: \"h:1\"}, family: both}", None),
    ] {
        let text = format!("{canaries}{SITES}services: {{s: {{components: {{c: {component}}}}}}}");
        let warnings = loaded(&text).warnings;
        let about = warnings.iter().find(|w| w.message.en.starts_with("no canary has an IPv6 address"));
        assert_eq!(about.map(|w| w.line), doubtful, "{component}");
        assert!(about.is_none_or(|w| w.message.it.starts_with("nessun canarino ha un indirizzo IPv6")));
    }
}

#[test]
fn an_agent_needs_to_say_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.yaml");
    for text in ["", "# nothing\n", "{}\n"] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(load_agent(&path), Ok(crate::AgentConfig::default()), "{text:?}");
    }
    std::fs::write(&path, "collector: 127.0.0.1:9\nstate: state\nspool_bytes_max: 16MiB\n").unwrap();
    let agent = load_agent(&path).unwrap();
    assert_eq!(agent.state_directory, folder.path().join("state"));
    assert_eq!((agent.collector[0].to_string().as_str(), agent.spool_bytes_max), ("127.0.0.1:9", 16 << 20));
    let wrong =
        "colector: x\nspool_bytes_max: 1MiB\nallowed_targets: [10.0.0.0/40]\nntp_servers: [\"a b\"]\n";
    std::fs::write(&path, wrong).unwrap();
    let refused = load_agent(&path).unwrap_err();
    let lines: Vec<u32> = refused.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2, 3, 4], "{refused}");
    assert!(refused.problems[0].message.en.ends_with("did you mean `collector`?"));
}

proptest! {
    /// One slip anywhere in a real file: an answer, with a place within the file, and no panic.
    #[test]
    fn a_slip_is_answered(at in 0_usize..4096, insert in "[ -~\\n]{0,3}", drop in 0_usize..6) {
        let text = include_str!("../../../examples/small-office.yaml");
        let characters: Vec<char> = text.chars().collect();
        let at = at % characters.len();
        let mut slipped: String = characters[..at].iter().collect();
        slipped += &insert;
        slipped.extend(characters[(at + drop).min(characters.len())..].iter());
        if let Err(refused) = parse(&slipped, "f") {
            prop_assert!(!refused.problems.is_empty());
            let lines = u32::try_from(slipped.lines().count()).unwrap();
            for problem in refused.problems {
                prop_assert!((1..=lines).contains(&problem.line), "{problem}");
                prop_assert!(!problem.message.en.contains("without a reason"), "{problem}");
            }
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "(organisation|sites|services|: |\\{|\\}|\\[|\\]|&a|\\*a|- |\\n|  |\"|a|é|\u{0}|\t){0,40}") {
        let _ = parse(&text, "f").map_err(|error| error.to_string());
    }
}
