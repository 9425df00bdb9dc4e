//! Names that mean it ill, and more of everything than anybody has.

use collector_derive::alert::{Detail, Line, Notice};

use super::*;

/// A moment in which everything is called like this.
fn named(name: &str) -> Moment {
    let mut moment = moment();
    let charter = Arc::make_mut(&mut moment.charter);
    name.clone_into(&mut charter.organisation.name);
    for service in &mut charter.services {
        name.clone_into(&mut service.name);
        service.about.contact = Some(name.to_owned());
        service.about.runbook = Some(name.to_owned());
        for component in &mut service.components {
            name.clone_into(&mut component.name);
        }
    }
    for site in &mut charter.sites {
        site.facts.name = Some(name.to_owned());
    }
    moment
}

fn checked(letter: &Letter, what: &str) {
    let Letter { subject, text, html, .. } = letter;
    assert!(!subject.chars().any(char::is_control) && subject.chars().count() <= 160, "{what}: {subject:?}");
    assert!(text.len() + html.len() <= BYTES_MAX, "{what}: {} and {} bytes", text.len(), html.len());
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let page = roxmltree::Document::parse_with_options(html, options);
    let page = page.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(!page.descendants().any(|one| one.tag_name().name() == "script"), "{what}");
    assert!(!text.chars().any(|one| one.is_control() && one != '\n'), "{what}");
}

#[test]
fn names_stay_names() {
    let templates = Templates::default();
    for name in [
        "<script>alert(1)</script>",
        "a\r\nBcc: altri@comune.example\r\n\r\n<b>",
        "{{ heading }} {% for %}",
        "Città «Ünïcödé» 日本語 \u{202e}odlas\u{0} \u{1b}[31m",
        &"<&'\"".repeat(20_000),
        &"é".repeat(100_000),
    ] {
        let moment = named(name);
        for (kind, what) in every() {
            let decision = decision(what);
            let letter = templates.compose_with(&decision, &moment, &[], None);
            checked(&letter, &format!("{kind} of {}", name.chars().take(12).collect::<String>()));
            assert!(!letter.text.contains("\nBcc:"), "{kind}: {}", letter.text);
        }
    }
}

#[test]
fn ten_thousand_of_each_are_bounded() {
    let templates = Templates::default();
    let mut incident = open();
    let member = |number: usize| Member {
        thing: Thing::Notice(NoticeKind::Member, format!("wifi.part{}.ap{number}", number % 100)),
        from_ms: example::NOW_MS,
        to_ms: None,
    };
    incident.members = (0..10_000).map(member).collect();
    for what in [What::Opened(story(incident.clone())), What::Closed(story(incident.clone()))] {
        checked(&letter(&templates, what), "an incident of ten thousand");
    }
    let notice = |number: usize| Line::Notice {
        notice: Notice {
            kind: if number.is_multiple_of(2) { NoticeKind::Member } else { NoticeKind::Degraded },
            name: format!("wifi.ap.{}", "<'>".repeat(number % 40)),
            since_ms: example::NOW_MS,
            detail: Detail::Text("<'&>".repeat(400)),
            held_by: Vec::new(),
        },
        times: 1,
        over_ms: None,
    };
    let mut lines: Vec<Line> = (0..10_000).map(notice).collect();
    lines.extend((0..200).map(|_| Line::Open(story(incident.clone()))));
    let what = What::Morning(Morning { day: date(2026, 11, 23), lines });
    let letter = letter(&templates, what);
    checked(&letter, "a morning of ten thousand");
    assert!(letter.text.contains("e altri"), "{}", letter.text);
    assert!(letter.subject.contains("200 aperti, 5000 degradati"), "{}", letter.subject);
}

/// Every reason and every kind of notice, about checks that are gone.
#[test]
fn what_the_charter_no_longer_has_is_told_by_its_name() {
    let templates = Templates::default();
    for reason in collector_api::Reason::ALL {
        let mut incident = open();
        (incident.root, incident.reason) = (Root::Part("gone.part".to_owned()), reason.code());
        let letter = letter(&templates, What::Opened(story(incident)));
        checked(&letter, reason.name());
        assert!(letter.subject.contains("gone, part non disponibile"), "{}", letter.subject);
    }
}
