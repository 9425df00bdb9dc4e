//! Whole screens beside `screens/*.txt`, as people see them, and the facts that single figures add.

use super::*;
use crate::publish::api::{
    Alternative, Annotation, Cause, Ceiling, Commitment, Correction, Effect, Forecast, Group, Member,
    Members, Outlook, Sampling, Sealed, Share, Standing, Stretch, Tier, Unobserved, Why, Within,
};
use crate::publish::example;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

fn text(year: &Year, service: usize, all: bool, lang: Lang) -> String {
    show(year, &year.services[service], all, lang, Paint::none())
}

#[track_caller]
fn check(name: &str, actual: &str, expected: &str) {
    assert_eq!(actual, expected, "screens/{name} is another; as it is now:\n{actual}");
}

fn share(p: u64, q: u64) -> Share {
    Share::of(p, q).unwrap()
}

fn outages() -> Vec<Outage> {
    let cause = |site: &str, agent: &str| Cause {
        check: "intranet.posta.smtp".to_owned(),
        site: site.to_owned(),
        agent: agent.to_owned(),
        reason: "connect.refused".to_owned(),
    };
    let annotation = Annotation {
        cause: "third-party".to_owned(),
        note: "guasto del fornitore, ticket 4711".to_owned(),
        entry: 57,
        author: "mrossi".to_owned(),
        at_ms: example::NOW_MS - 4 * DAY_MS,
    };
    let outage = |number: i64| {
        let start_ms = example::NOW_MS - DAY_MS * (7 - number);
        Outage {
            id: format!("intranet-{number}"),
            start_ms,
            end_ms: start_ms + 1_320_000,
            duration_ms: 1_320_000,
            ongoing: number == 6,
            within: Vec::new(),
            causes: vec![cause("ced", "ced1"), cause("ced", "ced2"), cause("biblioteca", "bib1")],
            components: Vec::new(),
            corrections: Vec::new(),
            sampling: Some(Sampling { sure_ms: 1_260_000, possible_ms: 1_380_000 }),
            annotation: (number == 5).then(|| annotation.clone()),
        }
    };
    (0..7).map(outage).collect()
}

fn reading(rule: &str, value: &str, ours: bool, down_hours: u64, standing: Standing) -> Alternative {
    let known = 7_830;
    Alternative {
        rule: rule.to_owned(),
        value: value.to_owned(),
        ours,
        availability: Some(share(known - down_hours, known)),
        lower_bound: Some(share(known - down_hours - 2, known)),
        upper_bound: Some(share(known - down_hours, known)),
        standing: Some(standing),
        outlook: Some(Outlook::Open),
    }
}

/// A running year with everything that a plain service can have.
fn running() -> Year {
    let mut year = Year::of(&example::moment());
    let service = &mut year.services[0];
    service.unobserved = vec![
        Unobserved { why: Why::AgentNetwork, ms: HOUR_MS },
        Unobserved { why: Why::AgentSilent, ms: HOUR_MS },
    ];
    let mut net = service.figure.clone();
    (net.down_ms, net.maintenance_ms) = (net.down_ms - 6 * HOUR_MS, 6 * HOUR_MS);
    net.availability = Share::of(net.up_ms, net.up_ms + net.down_ms);
    service.net = Some(net);
    service.figure.best_total = Share::of(8_688, 8_760);
    let promise = &mut service.commitments[0];
    promise.forecast = Some(Forecast {
        trail_ms: 30 * 86_400_000,
        pace: share(7, 720),
        down_ms: 80 * HOUR_MS,
        breaks: false,
        exhausted_ms: None,
    });
    promise.burn = vec![Tier {
        part: share(2, 100),
        window_ms: 6 * HOUR_MS,
        short_ms: HOUR_MS / 2,
        threshold: share(584, 1_000),
        down: Some(share(1, 6)),
        short_down: None,
        known: Some(share(1, 1)),
        severity: "page".to_owned(),
        firing: false,
    }];
    service.sampling = Some(Sampling { sure_ms: 70 * HOUR_MS, possible_ms: 73 * HOUR_MS });
    service.outages = outages();
    service.readings = vec![
        reading("maintenance", "counts", true, 71, Standing::Met),
        reading("maintenance", "excluded", false, 65, Standing::Met),
        reading("sites", "half down", true, 71, Standing::Met),
        reading("sites", "any down", false, 180, Standing::Breached),
    ];
    year
}

#[test]
fn a_running_year() {
    let year = running();
    check("running.it.txt", &text(&year, 0, false, Lang::It), include_str!("screens/running.it.txt"));
    check("running.en.txt", &text(&year, 0, false, Lang::En), include_str!("screens/running.en.txt"));
    check("running-all.it.txt", &text(&year, 0, true, Lang::It), include_str!("screens/running-all.it.txt"));
    assert!(text(&year, 0, false, Lang::It).lines().count() <= 28);
}

#[test]
fn a_closed_year_has_the_words_of_a_closed_year() {
    let mut year = Year::of(&example::moment());
    year.provisional = false;
    year.as_of_ms = year.end_ms;
    year.sealed = Some(Sealed {
        revision: 2,
        at_ms: year.end_ms + 20 * DAY_MS,
        manifest: "ab".repeat(32),
        author: "m.rossi".to_owned(),
        entry: 12,
        changes: 0,
    });
    let service = &mut year.services[0];
    service.figure.up_ms += service.figure.future_ms;
    service.figure.future_ms = 0;
    service.outages = outages();
    service.outages[6].ongoing = false;
    check("closed.it.txt", &text(&year, 0, false, Lang::It), include_str!("screens/closed.it.txt"));
    check("closed.en.txt", &text(&year, 0, false, Lang::En), include_str!("screens/closed.en.txt"));
}

#[test]
fn a_mean_is_told_in_its_members_hours() {
    let mut year = Year::of(&example::moment());
    let service = &mut year.services[2];
    let one = service.figure.clone();
    let member = |name: &str, group: &str, down_hours: u64| {
        let mut figure = one.clone();
        (figure.up_ms, figure.down_ms) =
            (one.up_ms + one.down_ms - down_hours * HOUR_MS, down_hours * HOUR_MS);
        figure.availability = Share::of(figure.up_ms, figure.up_ms + figure.down_ms);
        figure.range = false;
        Member { check: format!("wifi.ap.{name}"), group: Some(group.to_owned()), weight: 1, figure }
    };
    let each = vec![
        member("ap-lungomare-2", "lungomare", 900),
        member("ap-lungomare-1", "lungomare", 410),
        member("ap-biblioteca", "biblioteca", 12),
    ];
    let group = |name: &str, members: &[Member]| {
        let mut figure = one.clone();
        figure.up_ms = members.iter().map(|member| member.figure.up_ms).sum();
        figure.down_ms = members.iter().map(|member| member.figure.down_ms).sum();
        figure.unknown_ms *= members.len() as u64;
        figure.availability = Share::of(figure.up_ms, figure.up_ms + figure.down_ms);
        figure.range = false;
        figure.weight = members.len() as u64;
        Group { name: name.to_owned(), count: members.len() as u64, figure }
    };
    service.figure = Group { ..group("", &each) }.figure;
    service.commitments[0].budget_ms *= 3;
    service.commitments[0].budget_remaining_ms = 2_620 * 3_600_000;
    let groups = vec![group("lungomare", &each[..2]), group("biblioteca", &each[2..])];
    service.members =
        Some(Members { component: "ap".to_owned(), name: "Access point".to_owned(), groups, each });
    check("mean.it.txt", &text(&year, 2, false, Lang::It), include_str!("screens/mean.it.txt"));
    check("mean.en.txt", &text(&year, 2, false, Lang::En), include_str!("screens/mean.en.txt"));
    check("mean-all.it.txt", &text(&year, 2, true, Lang::It), include_str!("screens/mean-all.it.txt"));
}

fn correction(entry: u64, kind: &str, effect: Effect) -> Correction {
    Correction {
        entry,
        at_ms: example::NOW_MS - 3 * DAY_MS,
        author: "mrossi".to_owned(),
        kind: kind.to_owned(),
        scope: vec!["intranet.posta".to_owned()],
        windows: vec![[example::NOW_MS - 5 * DAY_MS, example::NOW_MS - 5 * DAY_MS + 3_600_000]],
        note: "aggiornamento del server".to_owned(),
        evidence: None,
        approved_by: None,
        effect,
    }
}

#[test]
fn corrections_are_told_with_who_and_why() {
    let mut year = Year::of(&example::moment());
    let service = &mut year.services[3];
    service.outages = outages();
    service.corrections = vec![
        correction(51, "maintenance", Effect::Changed),
        correction(52, "maintenance", Effect::Late),
        correction(53, "annulled", Effect::Changed),
        Correction {
            evidence: Some("prot. 1234".to_owned()),
            ..correction(54, "forced_up", Effect::Proposed)
        },
        Correction {
            evidence: Some("log del router".to_owned()),
            approved_by: Some("bianchi".to_owned()),
            ..correction(55, "forced_down", Effect::Revoked)
        },
    ];
    check(
        "corrected-all.it.txt",
        &text(&year, 3, true, Lang::It),
        include_str!("screens/corrected-all.it.txt"),
    );
    check(
        "corrected-all.en.txt",
        &text(&year, 3, true, Lang::En),
        include_str!("screens/corrected-all.en.txt"),
    );
    let first = text(&year, 3, false, Lang::It);
    assert!(
        first.contains(
            "2 cambiano questo dato; 1 tardiva, senza effetto; 1 proposta, da approvare; 1 revocata"
        )
    );
    assert!(first.lines().count() <= 24, "one screen:\n{first}");
    year.services[3].corrections = vec![correction(56, "maintenance", Effect::PartlyLate)];
    let partly = "1 cambia questo dato; 1 in parte tardiva: cambia il dato solo la parte in tempo";
    assert!(text(&year, 3, false, Lang::It).contains(partly));
    assert!(
        text(&year, 3, true, Lang::En).contains("late in part: only the part in time changes the figure")
    );
}

#[test]
fn it_says_what_would_make_it_certain() {
    let mut year = Year::of(&example::moment());
    let fact = "rispettato se da qui a fine anno fermo e non osservato, insieme, non superano 102 h 09 min; mancato oltre altri 104 h 09 min di fermo";
    let shown = text(&year, 0, false, Lang::It);
    assert!(shown.contains(fact), "{shown}");
    year.services[0].figure.unknown_ms = 200 * HOUR_MS;
    let shown = text(&year, 0, false, Lang::En);
    assert!(shown.contains("until that is settled it cannot be proven"), "{shown}");
    let figure = &mut year.services[0].figure;
    figure.out_of_scope_ms = 1;
    figure.whole_year_lower_bound = Share::of(1, 2);
    figure.whole_year_upper_bound = Share::of(2, 3);
    year.measured_from_ms += 1;
    let shown = text(&year, 0, false, Lang::It);
    assert!(
        shown.contains("anno parziale, misurato dal 01/01/2026; sull'anno intero 50,00% – 66,66%"),
        "{shown}"
    );
    year.services[0].figure.future_ms = 0;
    let shown = text(&year, 0, false, Lang::It);
    assert!(shown.contains("il periodo è finito: decidono solo il non osservato (200 h 00 min)"), "{shown}");
}

#[test]
fn it_says_what_the_targets_allow() {
    let mut year = Year::of(&example::moment());
    year.services[0].ceiling = Some(Ceiling { share: share(9_950, 10_000), component: "dns".to_owned() });
    let shown = text(&year, 0, false, Lang::It);
    assert!(shown.contains("99,50% con i bersagli di oggi, se tutti i fermi coincidessero"), "{shown}");
    assert!(text(&year, 0, false, Lang::En).contains("no more allowed by: DNS"));
}

#[test]
fn a_report_begins_with_a_table_and_tells_each_service() {
    let year = Year::of(&example::moment());
    let text = sheet(&year, Lang::It, Paint::none());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Comune di Esempio · Area 4 - Sistemi Informatici");
    assert_eq!(lines[1], "Disponibilità dei servizi · 2026 (al 23/11/2026 09:12 +01:00)");
    assert!(lines[4].starts_with("1     Gestione data center"), "{text}");
    assert!(lines[4].ends_with("in linea (provvisorio)"), "{text}");
    for service in &year.services {
        assert!(lines.iter().any(|line| line.starts_with(&format!("{} 2026 (al", service.name))), "{text}");
    }
    assert!(sheet(&year, Lang::En, Paint::none()).contains("observed, no commitment"));
}

#[test]
fn observed_without_promise_has_no_verdict() {
    let year = Year::of(&example::moment());
    let shown = text(&year, 1, false, Lang::It);
    assert!(shown.contains("osservato, nessun impegno") && !shown.contains("provvisorio"), "{shown}");
}

#[test]
fn a_month_decides_nothing_by_itself_and_says_so() {
    let mut year = Year::of(&example::moment());
    "2026-03".clone_into(&mut year.period);
    year.services[0].outages = outages();
    let shown = text(&year, 0, false, Lang::It);
    for fact in
        ["ammessi nel mese", "qui una parte dell'anno: da sola non decide", "vedetta outages --month 2026-03"]
    {
        assert!(shown.contains(fact), "{fact} is missing in\n{shown}");
    }
    assert!(text(&year, 0, false, Lang::En).contains("alone it decides nothing"));
}

#[test]
fn a_promise_about_certain_hours_and_stretches_of_a_year() {
    let mut year = Year::of(&example::moment());
    let service = &mut year.services[0];
    let (commitment, figure) = (service.commitments[0].clone(), service.figure.clone());
    let commitment = Commitment { hours: Some("ufficio".to_owned()), ..commitment };
    service.within = vec![Within { commitment, figure: figure.clone(), gross: None, net: None }];
    let stretch = |standing, target| Stretch {
        start_ms: example::NOW_MS - 90 * DAY_MS,
        end_ms: example::NOW_MS - 30 * DAY_MS,
        target: Share::of(target, 100),
        strict: true,
        standing: Some(standing),
        figure: figure.clone(),
    };
    service.stretches = vec![stretch(Standing::Met, 95), stretch(Standing::Breached, 99)];
    for (lang, facts) in [
        (
            Lang::It,
            [
                "ufficio: >98%; 99,09%, fermo 71 h 02 min: in linea",
                ">95%     99,09%",
                "rispettato",
                "mancato",
            ],
        ),
        (Lang::En, ["ufficio: >98%; 99.09%, down 71 h 02 min: on track", ">95%     99.09%", "met", "missed"]),
    ] {
        let shown = text(&year, 0, true, lang);
        for fact in facts {
            assert!(shown.contains(fact), "{fact} is missing in\n{shown}");
        }
    }
}

/// Nothing is promised around the clock: everything on the screen that decides is of the calendar's hours.
#[test]
fn a_promise_about_certain_hours_stands_for_the_row() {
    let mut year = Year::of(&example::moment());
    let service = &mut year.services[3];
    let mut figure = service.figure.clone();
    (figure.up_ms, figure.down_ms, figure.unknown_ms) = (2_202 * HOUR_MS, 30 * HOUR_MS, 2 * HOUR_MS);
    figure.future_ms = 261 * HOUR_MS;
    figure.out_of_scope_ms = 6_265 * HOUR_MS;
    figure.availability = Share::of(2_202, 2_232);
    (figure.lower_bound, figure.upper_bound) = (Share::of(2_202, 2_234), Share::of(2_204, 2_234));
    (figure.coverage, figure.best_total) = (Share::of(2_232, 2_234), Share::of(2_465, 2_495));
    let mut net = figure.clone();
    (net.down_ms, net.maintenance_ms) = (28 * HOUR_MS, 2 * HOUR_MS);
    net.availability = Share::of(2_202, 2_230);
    let commitment = Commitment {
        kind: "availability_within".to_owned(),
        hours: Some("uffici".to_owned()),
        standing: Standing::Met,
        outlook: Outlook::Open,
        budget_ms: 49 * HOUR_MS + HOUR_MS * 9 / 10,
        down_max_ms: 49 * 3_600_000 + 3_240_000,
        budget_remaining_ms: 19 * 3_600_000 + 3_240_000,
        forecast: None,
        figure: Some(figure.clone()),
        ..service.commitments[0].clone()
    };
    service.commitments = vec![commitment.clone()];
    service.within = vec![Within { commitment, figure, gross: None, net: Some(net) }];
    service.net = Some(service.figure.clone());
    service.sampling = Some(Sampling { sure_ms: 70 * HOUR_MS, possible_ms: 73 * HOUR_MS });
    service.outages = outages();
    check("hours.it.txt", &text(&year, 3, false, Lang::It), include_str!("screens/hours.it.txt"));
    check("hours.en.txt", &text(&year, 3, false, Lang::En), include_str!("screens/hours.en.txt"));
}

/// What rests on somebody's word is told beside the number, with the entry and what stands without it.
#[test]
fn what_was_declared_is_not_called_measured() {
    let mut year = Year::of(&example::moment());
    let service = &mut year.services[0];
    service.figure.declared_up_ms = 218 * HOUR_MS;
    service.figure.declared_down_ms = 2 * HOUR_MS;
    service.figure.observed = Share::of(7_611, 7_833);
    service.commitments[0].undeclared = Some(Standing::Indeterminate);
    service.corrections = vec![
        correction(28, "forced_up", Effect::Changed),
        correction(29, "forced_down", Effect::Changed),
        correction(30, "forced_up", Effect::Idle),
        correction(31, "maintenance", Effect::Late),
        correction(32, "maintenance", Effect::Late),
    ];
    check("declared.it.txt", &text(&year, 0, false, Lang::It), include_str!("screens/declared.it.txt"));
    check("declared.en.txt", &text(&year, 0, false, Lang::En), include_str!("screens/declared.en.txt"));
}

#[test]
fn a_promise_that_changed_is_on_the_first_screen_with_an_outcome_each() {
    let mut year = Year::of(&example::moment());
    year.measured_from_ms = example::NOW_MS - 60 * DAY_MS;
    let service = &mut year.services[0];
    let cut_ms = example::NOW_MS - 20 * DAY_MS;
    let stretch = |start_ms, end_ms, target, standing| Stretch {
        start_ms,
        end_ms,
        target: Share::of(target, 100),
        strict: true,
        standing: Some(standing),
        figure: service.figure.clone(),
    };
    let before = stretch(year.start_ms, cut_ms, 98, Standing::Met);
    let after = stretch(cut_ms, year.end_ms, 99, Standing::Breached);
    service.stretches = vec![before, after];
    let it = text(&year, 0, false, Lang::It);
    let said = "dal 24/09/2026 10:12 >98%: 99,09%, rispettato; dal 03/11/2026 09:12 >99%: 99,09%, sotto soglia ma recuperabile";
    assert!(it.contains(said), "{it}");
    assert!(text(&year, 0, false, Lang::En).contains(">98%: 99.09%, met; from 2026-11-03 09:12 >99%"));
    year.services[0].stretches[1].target = Share::of(98, 100);
    assert!(!text(&year, 0, false, Lang::It).contains("impegno cambiato"), "only the tree changed");
}

#[test]
fn a_range_is_no_fraction_and_nothing_measured_has_no_table() {
    let mut year = Year::of(&example::moment());
    let shown = text(&year, 2, false, Lang::It);
    assert!(shown.contains("90,68% – 96,04%; del solo tempo misurato 95,81% = 7.103 h"), "{shown}");
    let service = &mut year.services[2];
    service.readings = running().services[0].readings.clone();
    let shown = text(&year, 2, true, Lang::It);
    assert!(shown.contains("* fermo programmato   conta                            → limiti"), "{shown}");
    let service = &mut year.services[2];
    service.figure.unknown_ms += service.figure.known_ms();
    (service.figure.up_ms, service.figure.down_ms, service.figure.availability) = (0, 0, None);
    for lang in [Lang::It, Lang::En] {
        let shown = text(&year, 2, true, lang);
        for absent in [lang.labels().bounds, lang.labels().readings_title, "= 0 s"] {
            assert!(!shown.lines().any(|line| line.trim_start().starts_with(absent)), "{absent}\n{shown}");
        }
    }
}

#[test]
fn the_worst_part_and_site_stand_out() {
    let mut year = Year::of(&example::moment());
    assert!(!text(&year, 0, false, Lang::It).contains("il peggio"), "all are alike");
    let service = &mut year.services[0];
    service.components[0].figure.availability = Share::of(95, 100);
    let mut site = service.sites[0].clone();
    "biblioteca".clone_into(&mut site.site);
    site.figure.availability = Share::of(97, 100);
    site.figure.down_ms = service.figure.down_ms / 2;
    service.sites.push(site);
    service.worst_site = Some("biblioteca".to_owned());
    let shown = text(&year, 0, true, Lang::It);
    assert!(shown.contains("il peggio        componente DNS 95,00%; visto da biblioteca 97,00%"), "{shown}");
    assert!(shown.contains("  biblioteca                   97,00%         35 h 31 min  50,00%"), "{shown}");
}
