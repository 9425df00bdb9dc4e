//! Each letter as people get it: whole texts as files, the acceptance week, broken templates, hostile names.
//!
//! `VEDETTA_BLESS=1 cargo test -p collector mail` writes the files anew; whoever does so reads them as somebody who has
//! never seen the system.

mod hostile;
mod overrides;
mod said;
mod week;

use std::path::PathBuf;
use std::sync::Arc;

use collector_derive::alert::{
    CommitmentKey, Decision, Digest, Incident, Level, Member, Morning, NoticeKind, Rise, Root, Stop, Story,
    Thing, What,
};
use config::Id;
use jiff::civil::date;

use super::*;
use crate::publish::example;

const MINUTE_MS: i64 = 60_000;

fn id(name: &str) -> Id {
    Id::new(name).unwrap()
}

/// The example's Monday morning, with somebody to call.
fn moment() -> Moment {
    let mut moment = example::moment();
    let charter = Arc::make_mut(&mut moment.charter);
    charter.sites[0].facts.name = Some("CED".to_owned());
    charter.sites[1].facts.name = Some("Biblioteca".to_owned());
    charter.sites[1].facts.line = Some("fibra".to_owned());
    charter.services[3].about.owner = Some("Area 4, sistemi".to_owned());
    charter.services[3].components[0].about.contact = Some("assistenza posta 071 0000000".to_owned());
    moment
}

fn open() -> Incident {
    moment().alerts.as_deref().unwrap().open[0].clone()
}

fn story(incident: Incident) -> Story {
    Story { down_ms: incident.down_ms(example::NOW_MS), incident }
}

fn decision(what: What) -> Decision {
    Decision { at_ms: example::NOW_MS, what, to: vec![id("reperibile")] }
}

/// The intranet's incident, over for a quarter of an hour.
fn over() -> Story {
    let mut incident = open();
    let ended_ms = example::NOW_MS - 15 * MINUTE_MS;
    incident.stops = vec![
        Stop { from_ms: incident.opened_ms, to_ms: Some(incident.opened_ms + 5 * MINUTE_MS) },
        Stop { from_ms: incident.opened_ms + 10 * MINUTE_MS, to_ms: Some(ended_ms) },
    ];
    incident.up_since_ms = Some(ended_ms);
    story(incident)
}

fn rise(level: Level) -> What {
    What::Budget(Rise {
        key: CommitmentKey { service: id("intranet"), hours: None },
        year: 2026,
        level,
        rise: 1,
        up_of_known: (7_650 * 3_600_000, 7_838 * 3_600_000),
        budget_ms: 630_720_000,
        remaining_ms: if level == Level::Irrecoverable { -46_205_250 } else { 46_205_250 },
    })
}

fn morning() -> What {
    What::Morning(moment().alerts.as_deref().unwrap().today.clone())
}

fn digest(month: i8) -> What {
    let what = moment().alerts.as_deref().unwrap().month.clone();
    What::Digest(Digest { month: date(2026, month, 1), ..what })
}

fn of_root(root: Root) -> What {
    let reason = collector_api::Reason::None.code();
    What::Opened(story(Incident { root, reason, members: Vec::new(), ..open() }))
}

/// The library's line, with what hangs on it.
fn line() -> What {
    let mut incident = Incident { root: Root::Line("fibra".to_owned()), members: Vec::new(), ..open() };
    incident.reason = collector_api::Reason::ConnectTimeout.code();
    let member = |thing| Member { thing, from_ms: example::NOW_MS, to_ms: None };
    let point = |number| Thing::Notice(NoticeKind::Member, format!("wifi.portale.biblioteca{number}"));
    incident.members = (1..=12).map(|number| member(point(number))).collect();
    incident.members.push(member(Thing::Notice(NoticeKind::Agent, "bib1".to_owned())));
    What::Opened(story(incident))
}

/// Every kind of letter, by the name of its file.
fn every() -> Vec<(&'static str, What)> {
    vec![
        ("opened", What::Opened(story(open()))),
        ("again", What::Again(story(open()), 1)),
        ("closed", What::Closed(over())),
        ("line", line()),
        ("no-data", of_root(Root::NoData(id("front_end")))),
        ("engine", of_root(Root::Engine)),
        ("burning", rise(Level::Burning)),
        ("below", rise(Level::Below)),
        ("forecast", rise(Level::Forecast)),
        ("irrecoverable", rise(Level::Irrecoverable)),
        ("morning", morning()),
        ("digest", digest(10)),
        ("closing", digest(12)),
    ]
}

/// The example's figures as those of October, or of the year.
fn known(periods: &[Period]) -> Vec<Moment> {
    let of = |period: &Period| {
        let mut moment = moment();
        let figures = &mut moment.figures;
        (figures.start_ms, figures.end_ms) = (period.start_ms(), period.end_ms());
        moment
    };
    periods.iter().map(of).collect()
}

fn letter(templates: &Templates, what: What) -> Letter {
    let decision = decision(what);
    templates.compose_with(
        &decision,
        &moment(),
        &known(&periods(&decision)),
        Some("https://vedetta.comune.example/"),
    )
}

fn golden(name: &str, actual: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "src/publish/mail/tests", name].iter().collect();
    #[expect(clippy::disallowed_methods, reason = "a switch of these tests, for whoever changes a text")]
    if std::env::var_os("VEDETTA_BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let file = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(actual, file, "{name}; VEDETTA_BLESS=1 writes it anew");
}

#[test]
fn each_text_is_its_file() {
    let templates = Templates::default();
    assert_eq!(templates.problems(), []);
    for (name, what) in every() {
        let Letter { subject, text, .. } = letter(&templates, what);
        golden(&format!("{name}.txt"), &format!("Oggetto: {subject}\n\n{text}"));
    }
}

/// Well-formed, in two languages, with tables that can be heard, and nothing that is fetched.
#[test]
fn each_page_is_well_formed_and_fetches_nothing() {
    let templates = Templates::default();
    for (name, what) in every() {
        let Letter { html, text, subject, .. } = letter(&templates, what);
        if name == "opened" {
            golden("opened.html", &html);
        }
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let page = roxmltree::Document::parse_with_options(&html, options)
            .unwrap_or_else(|error| panic!("{name}: {error}\n{html}"));
        let elements: Vec<_> = page.descendants().filter(roxmltree::Node::is_element).collect();
        let called = |wanted: &str| elements.iter().filter(|one| one.tag_name().name() == wanted).count();
        assert_eq!(page.root_element().attribute("lang"), Some("it"));
        assert!(elements.iter().any(|one| one.attribute("lang") == Some("en")), "{name}");
        assert_eq!(called("h1"), 1, "{name}");
        for element in &elements {
            let tag = element.tag_name().name();
            assert!(!["img", "script", "link", "style", "iframe", "form"].contains(&tag), "{name}: <{tag}>");
            assert!(tag != "th" || element.attribute("scope").is_some(), "{name}: a heading without scope");
            for attribute in element.attributes() {
                let (key, value) = (attribute.name(), attribute.value());
                assert!(
                    !["src", "background", "srcset"].contains(&key) && !key.starts_with("on"),
                    "{name}: {key}"
                );
                assert!(!value.contains("url("), "{name}: {value}");
                assert!(key != "href" || value == "https://vedetta.comune.example/", "{name}: {value}");
            }
        }
        let title =
            elements.iter().find(|one| one.tag_name().name() == "title").and_then(roxmltree::Node::text);
        assert_eq!(title, Some(subject.as_str()), "{name}");
        // What the text says, the page says.
        let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
        let shown = words(&page.descendants().filter_map(|one| one.text()).collect::<Vec<_>>().join(" "));
        for said in words(&text)
            .split(". ")
            .filter(|said| said.len() > 60 && !said.contains("----") && !said.contains("->"))
        {
            let part: String = said.split(' ').skip(4).take(6).collect::<Vec<_>>().join(" ");
            let unnumbered = !part.split(' ').any(|word| word.len() < 3 || word.ends_with(':'));
            assert!(!unnumbered || shown.contains(&part), "{name}: `{part}` is not on the page");
        }
    }
}

#[test]
fn a_month_takes_its_tables_along() {
    let templates = Templates::default();
    let files = |month| {
        let files = letter(&templates, digest(month)).attachments;
        files
            .into_iter()
            .map(|file| {
                assert_eq!(file.media_type, "text/csv; charset=utf-8");
                assert!(file.bytes.starts_with(b"year,as_of,provisional,"));
                file.name
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(files(10), ["carta-2026-10.csv", "carta-2026.csv"]);
    assert_eq!(files(12), ["carta-2026-12.csv", "carta-2026.csv"]);
    // What is not known is said.
    let alone = templates.compose(&decision(digest(10)), &moment(), None);
    assert!(alone.text.contains("vedetta report 2026-10 --format text"), "{}", alone.text);
    assert_eq!(alone.attachments.len(), 1);
    assert_eq!(periods(&decision(digest(10))), [Period::civil_month(2026, 10).unwrap()]);
    assert_eq!(periods(&decision(morning())), []);
}

#[test]
fn a_letter_survives_being_stored() {
    let letter = letter(&Templates::default(), digest(12));
    let stored = serde_json::to_string(&letter).unwrap();
    assert_eq!(serde_json::from_str::<Letter>(&stored).unwrap(), letter);
}

/// The page's address is only ever an address.
#[test]
fn nothing_else_becomes_a_link() {
    let templates = Templates::default();
    for page in [None, Some("javascript:alert(1)"), Some("vedetta.example"), Some("")] {
        let letter = templates.compose(&decision(morning()), &moment(), page);
        assert!(!letter.html.contains("href"), "{page:?}");
        assert!(!letter.text.contains("Pagina:"), "{page:?}");
    }
}

/// An empty morning is never decided; a letter of one says nothing wrong.
#[test]
fn an_empty_morning_is_short() {
    let what = What::Morning(Morning { day: date(2026, 11, 23), lines: Vec::new() });
    let letter = letter(&Templates::default(), what);
    assert!(letter.text.len() < 2_000, "{}", letter.text);
}
