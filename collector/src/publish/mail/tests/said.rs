//! What a letter must say, whatever its words: what, since when, from where, why, how much is left, what to do.

use super::*;

#[test]
fn an_incident_says_all_that_operators_were_promised() {
    let Letter { subject, text, .. } = letter(&Templates::default(), What::Opened(story(open())));
    assert_eq!(subject, "[Carta dei Servizi] URGENTE - Gestione intranet non disponibile");
    for part in [
        "Il servizio «Gestione intranet» non è disponibile da 22 min 00 s.",
        "23/11/2026 08:40 CET",
        "2 sonde su 2: ced1 (CED), bib1 (Biblioteca)",
        "connessione rifiutata (connect.refused)",
        "24x7; disponibilità >98% annuo",
        "(provvisorio)",
        "175 h 12 min",
        "CHE COSA FARE",
        "vedetta-agent probe intranet.posta.smtp",
        "da chiamare: assistenza posta 071 0000000",
        "vedetta outages annotate intranet-2026-11-23T07:50:00Z --cause third-party",
        "vedetta explain intranet",
        "https://vedetta.comune.example/",
        "The service “Gestione intranet” has been down for 22 min 00 s.",
    ] {
        let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unwrapped.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn subjects_tell_urgent_from_patient_from_over() {
    let templates = Templates::default();
    let mut ticket = moment();
    Arc::make_mut(&mut ticket.charter).services[3].about.severity = Some(config::Severity::Ticket);
    let opened = decision(What::Opened(story(open())));
    let subject = |letter: Letter| letter.subject.strip_prefix("[Carta dei Servizi] ").unwrap().to_owned();
    assert_eq!(subject(templates.compose(&opened, &ticket, None)), "Gestione intranet non disponibile");
    for (what, wanted) in [
        (What::Again(story(open()), 1), "ANCORA - Gestione intranet non disponibile da 32 min 00 s"),
        (What::Closed(over()), "RIENTRATO - Gestione intranet, 12 min 00 s"),
        (of_root(Root::NoData(id("front_end"))), "URGENTE - Gestione front end: nessuna misura"),
        (of_root(Root::Line("fibra".to_owned())), "URGENTE - linea fibra non disponibile"),
        (
            of_root(Root::Part("intranet.posta".to_owned())),
            "URGENTE - Gestione intranet, Posta elettronica non disponibile",
        ),
        (rise(Level::Irrecoverable), "Gestione intranet: impegno 2026 non più raggiungibile"),
        (morning(), "Mattina del 23/11: 1 aperto, 1 impegno, 1 certificato, 1 sonda muta"),
        (digest(10), "Ottobre 2026: 2 in linea, 1 non più raggiungibile"),
    ] {
        assert_eq!(subject(letter(&templates, what)), wanted);
    }
}

/// Whatever it is about: somebody knows what to do next, in both languages.
#[test]
fn every_letter_says_what_to_do() {
    for (name, what) in every() {
        let Letter { text, .. } = letter(&Templates::default(), what);
        let (italian, english) = text.split_once("ENGLISH").unwrap();
        assert!(italian.contains("CHE COSA FARE") || italian.contains("->"), "{name}\n{text}");
        assert!(english.lines().any(|line| line.starts_with("- ")), "{name}\n{text}");
    }
}

/// Each stop is a line of the closing letter; of very many the first and the last.
#[test]
fn flaps_are_lines_of_the_closing_letter() {
    let mut story = over();
    let from_ms = story.incident.opened_ms;
    let stop = |number: i64| Stop {
        from_ms: from_ms + number * MINUTE_MS,
        to_ms: Some(from_ms + number * MINUTE_MS + 30_000),
    };
    story.incident.stops = (0..11).map(stop).collect();
    let text = letter(&Templates::default(), What::Closed(story.clone())).text;
    assert!(text.contains("FERMI (11)"), "{text}");
    assert_eq!(text.matches("CET, 30 s").count(), 11, "{text}");
    story.incident.stops = (0..60).map(stop).collect();
    story.incident.stops_left_out = 100;
    let text = letter(&Templates::default(), What::Closed(story)).text;
    assert!(text.contains("FERMI (160)") && text.contains("… altri 120 …"), "{text}");
    assert_eq!(text.matches("CET, 30 s").count(), 40);
}

/// In the night in which an hour comes twice, times say which one.
#[test]
fn times_are_of_the_wall_with_its_zone() {
    let mut story = over();
    // 25 October 2026, 02:30 CEST and an hour later.
    let from_ms = "2026-10-25T00:30:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    story.incident.opened_ms = from_ms;
    story.incident.stops = vec![Stop { from_ms, to_ms: Some(from_ms + 60 * MINUTE_MS) }];
    story.incident.up_since_ms = Some(from_ms + 60 * MINUTE_MS);
    story.down_ms = 3_600_000;
    let text = letter(&Templates::default(), What::Closed(story)).text;
    for part in ["25/10/2026 02:30 CEST", "25/10/2026 02:30 CET", "1 h 00 min"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}
