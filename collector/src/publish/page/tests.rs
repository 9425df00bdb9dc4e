use super::*;
use crate::publish::example;
use crate::publish::moment::Moment;

fn page(moment: &Moment, lang: Lang) -> String {
    render(&Now::of(moment), lang, true).unwrap()
}

#[test]
fn it_says_what_is_promised_what_is_and_what_is_left() {
    let page = page(&example::moment(), Lang::It);
    for text in [
        "<html lang=\"it\">",
        "riga 1 · 24x7; disponibilità &#62;98% annuo",
        "<small>riga 2</small>",
        "osservato, nessun impegno",
        "99,09%",                                 // 71 h of 7,833
        "superato di 12\u{a0}h\u{a0}50\u{a0}min", // 188 h of 175 h 12 min
        "connessione rifiutata",
        "in linea",
        "<small>provvisorio</small>",
        "2 su 2",
        "08:50", // down since, today
        "<caption>",
        "http-equiv=\"refresh\" content=\"30\"",
        "23/11/2026 09:12",
    ] {
        assert!(page.contains(text), "{text} is missing in {page}");
    }
    assert!(!page.contains("role=\"alert\""), "nothing is stale");
    assert!(!page.contains("<script"), "works without JavaScript");
    assert!(!page.contains("style="), "the policy forbids inline style");
}

#[test]
fn what_is_to_be_renewed_stands_there_and_nothing_else() {
    use crate::publish::Sighting;
    use collector_api::TlsFacts;
    let moment = |days: i64| {
        let moment = example::moment();
        let check = moment.charter.checks().next().unwrap().id.clone();
        let not_after_ms = example::NOW_MS + days * 86_400_000;
        let names = "portale.example <x>".to_owned();
        let tls = Some((example::NOW_MS, TlsFacts { not_after_ms, names, ..TlsFacts::default() }));
        let sighting = Sighting { tls, ..Sighting::new(check, config::AgentId::new("ced1").unwrap()) };
        Moment { sightings: vec![sighting], ..moment }
    };
    assert!(!page(&moment(100), Lang::It).contains("Da rinnovare"));
    let soon = page(&moment(12), Lang::It);
    for text in
        ["Da rinnovare: certificati e domini", "portale.example &#60;x&#62;", "in scadenza", "05/12/2026"]
    {
        assert!(soon.contains(text), "{text} is missing in {soon}");
    }
    assert!(page(&moment(-1), Lang::En).contains("expired"));
}

#[test]
fn english_beside_it() {
    let page = page(&example::moment(), Lang::En);
    for text in
        ["<html lang=\"en\">", "connection refused", "on track", "overrun by", "2026-11-23 09:12", "99.09%"]
    {
        assert!(page.contains(text), "{text} is missing");
    }
}

#[test]
fn too_little_observed_is_a_range() {
    // 310 h down and 420 h unobserved of 7,833 h.
    let page = page(&example::moment(), Lang::It);
    assert!(page.contains("90,68% – 96,04%"), "{page}");
    assert!(page.contains("osservato 94,63%"), "{page}");
}

#[test]
fn stale_data_are_announced_loudly_and_escaped() {
    let page = page(&example::stale_moment(), Lang::It);
    for text in [
        "role=\"alert\"",
        "L&#39;ultimo dato è del 23/11/2026 09:11.",
        "Il calcolo è fermo per la sonda bib1",
        "&#60;script&#62;",
        "Non invia da più di 5 minuti la sonda bib1 (ultimo invio: 09:02:00).",
    ] {
        assert!(page.contains(text), "{text} is missing in {page}");
    }
    assert!(!page.contains("<script"));
}

#[test]
fn an_agent_that_has_just_been_enrolled_is_not_called_late() {
    let mut moment = example::stale_moment();
    for agent in &mut moment.agents {
        agent.last_push_ms = None;
    }
    let page = page(&moment, Lang::It);
    assert!(page.contains("Iscritta, non ha ancora inviato nulla la sonda bib1."), "{page}");
    assert!(!page.contains("da più di 5 minuti"), "{page}");
}

#[test]
fn no_data_yet_is_no_hundred_percent() {
    let mut moment = example::moment();
    for service in &mut moment.figures.services {
        service.figure.unknown_ms = service.figure.elapsed_ms();
        (service.figure.up_ms, service.figure.down_ms) = (0, 0);
        service.now.last_ms = None;
    }
    for check in &mut moment.figures.checks {
        check.now.last_ms = None;
    }
    let page = page(&moment, Lang::It);
    assert!(page.contains("nessuna misura") && page.contains("non dimostrabile"), "{page}");
    assert!(page.contains("class=\"reason\">la rete della sonda era assente"), "a typed reason stays");
    assert!(page.contains("Non è ancora arrivato alcun dato."), "{page}");
}

#[test]
fn every_row_is_a_cell_with_scope_and_label() {
    let page = page(&example::moment(), Lang::It);
    let now = Now::of(&example::moment());
    let components: usize = now.services.iter().map(|service| service.components.len()).sum();
    let rows = now.services.len() + components + now.agents.len();
    assert_eq!(page.matches("scope=\"row\"").count(), rows);
    assert_eq!(page.matches("scope=\"col\"").count(), 9 + 7);
    assert_eq!(page.matches("<td").count(), page.matches("<td role=\"cell\"").count());
}

#[test]
fn a_promise_without_a_measure_is_told_and_has_no_outcome() {
    use config::{Commitment, Fraction, Id, Timeliness, Within};
    let mut moment = example::moment();
    let mut charter = (*moment.charter).clone();
    let within = |text: &str| Within::parse(text).unwrap();
    let share = Fraction::from_percent("85%").unwrap();
    charter.services[1].commitments = vec![Commitment::TakenInCharge(Timeliness {
        within: within("3 days"),
        share,
        hours: None,
        roll: false,
    })];
    charter.services[0].commitments.push(Commitment::Answered(Timeliness {
        within: within("1 working day"),
        share: Fraction::from_percent("100%").unwrap(),
        hours: Some(Id::new("uffici").unwrap()),
        roll: false,
    }));
    charter.services[2].commitments.push(Commitment::OnRequest);
    moment.charter = std::sync::Arc::new(charter);
    let text = page(&moment, Lang::It);
    for told in [
        "riga 2 · presa in carico entro 3 giorni in almeno 85% dei casi",
        "risposta entro 1 giorno lavorativo (nessuna misura ancora)",
        "a richiesta (nessuna misura ancora)",
    ] {
        assert!(text.contains(told), "{told} is missing");
    }
    assert!(!text.contains("osservato, nessun impegno"));
    // A row of requests only has nothing to probe: it is not unobserved.
    moment.figures.services[1].components.clear();
    let now = Now::of(&moment);
    assert_eq!(
        now.services.iter().map(crate::publish::api::ServiceNow::is_probed).collect::<Vec<_>>(),
        [true, false, true, true]
    );
    let metrics = crate::publish::metrics::render(
        &moment,
        &crate::publish::Vitals::default(),
        crate::publish::metrics::Format::OpenMetrics,
    )
    .unwrap();
    assert!(metrics.contains("vedetta_service_info{service=\"front_end\""), "{metrics}");
    assert!(!metrics.contains("vedetta_service_state{service=\"front_end\""), "{metrics}");
    let year = crate::publish::api::Year::of(&moment);
    let csv = String::from_utf8(crate::publish::report::csv(&year).unwrap()).unwrap();
    assert!(csv.contains("taken in charge within 3 days in at least 85% of cases"), "{csv}");
    assert_eq!((year.services[1].commitments.len(), year.services[1].unmeasured.len()), (0, 1));
}

#[test]
fn planned_stops_and_means_stand_beside_the_figure() {
    use crate::publish::api::{Group, MeanNow, Share, State};
    let mut now = Now::of(&example::moment());
    let mut net = now.services[0].figure.clone();
    net.availability = Share::of(9_916, 10_000);
    now.services[0].net = Some(net.clone());
    now.services[0].now.state = State::Maintenance;
    let worst = Some(Group { name: "lungomare".to_owned(), count: 12, figure: net });
    now.services[2].mean = Some(MeanNow { component: "ap".to_owned(), members: 150, up: None, worst });
    let page = |lang| render(&now, lang, true).unwrap();
    for text in [
        "<br>99,16%<small>senza i fermi programmati</small>",
        "state maintenance",
        "area peggiore lungomare 99,16%",
        "ore-ap",
    ] {
        assert!(page(Lang::It).contains(text), "{text} is missing");
    }
    for text in [
        "<br>99.16%<small>without planned stops</small>",
        "maintenance",
        "worst area lungomare 99.16%",
        "ap-hours",
    ] {
        assert!(page(Lang::En).contains(text), "{text} is missing");
    }
}
