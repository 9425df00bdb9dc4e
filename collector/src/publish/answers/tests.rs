//! What the journal's entries do to a figure, told; what is told only when asked for.

use std::sync::Arc;

use collector_derive::{
    Cause, Corrections, Declaration, Declared, DeclaredFigure, Figure, ForcedState, Incidents, Sampling,
    Scope, StretchFigure, Unobserved, Window, WithinFigure,
};
use config::{Availability, Fraction};

use crate::publish::api::{Effect, Now, OfStretch, Outlook, Standing, Why, Year};
use crate::publish::example::{self, NOW_MS};
use crate::publish::moment::{Account, Moment};
use crate::publish::words::Lang;

const DAY_MS: i64 = 86_400_000;
const WINDOW: Window = Window { from_ms: NOW_MS - 2 * DAY_MS, to_ms: NOW_MS - DAY_MS };

fn scope() -> Vec<Scope> {
    vec![Scope::parse("data_center.dns").unwrap()]
}

fn maintenance() -> Declaration {
    Declaration::Maintenance { scope: scope(), windows: vec![WINDOW], note: "aggiornamento".to_owned() }
}

fn annulled() -> Declaration {
    Declaration::Annulled { outage: None, scope: scope(), window: WINDOW, note: String::new() }
}

fn forced_up() -> Declaration {
    let (evidence, note) = ("prot. 7".to_owned(), String::new());
    Declaration::Forced { state: ForcedState::Up, scope: scope(), window: WINDOW, evidence, note }
}

/// The example with these entries, days before now each, by these authors; `changed` of them change a figure.
fn moment(declared: Vec<(i64, &str, Declaration)>, changed: &[u64]) -> Moment {
    let mut moment = example::moment();
    let entries = (1..).zip(declared).map(|(entry, (days, author, declaration))| {
        let author = author.to_owned();
        Declared { entry, at_ms: NOW_MS - days * DAY_MS, author, uid: None, declaration }
    });
    moment.declared = Arc::new(entries.collect());
    moment.corrections = Corrections::of(&moment.declared, NOW_MS);
    moment.figures.services[0].corrections = changed.to_vec();
    moment
}

#[test]
fn work_that_was_called_off_is_not_told_as_revoked() {
    let cancelled = Declaration::Cancelled { entry: 1, note: String::new() };
    let revoked = |entry| Declaration::Revoked { entry, note: String::new() };
    let effect = |then: Vec<Declaration>| {
        let then = then.into_iter().map(|declaration| (9, "rossi", declaration));
        let moment = moment(std::iter::once((9, "rossi", maintenance())).chain(then).collect(), &[1]);
        Year::of(&moment).services[0].corrections[0].effect
    };
    assert_eq!(effect(vec![]), Effect::Changed);
    assert_eq!(effect(vec![cancelled.clone()]), Effect::CalledOff);
    assert_eq!(effect(vec![revoked(1)]), Effect::Revoked);
    assert_eq!(effect(vec![cancelled, revoked(1)]), Effect::Revoked);
}

#[test]
fn each_entry_says_what_it_does() {
    let revoked = Declaration::Revoked { entry: 6, note: String::new() };
    let moment = moment(
        vec![
            (9, "rossi", maintenance()),
            (3, "rossi", maintenance()),
            (1, "rossi", annulled()),
            (1, "rossi", forced_up()),
            (1, "rossi", forced_up()),
            (1, "rossi", annulled()),
            (1, "bianchi", Declaration::Approved { entry: 5 }),
            (0, "bianchi", revoked),
        ],
        &[1, 3],
    );
    let year = Year::of(&moment);
    let told: Vec<_> = year.services[0].corrections.iter().map(|told| (told.entry, told.effect)).collect();
    let expected =
        [Effect::Changed, Effect::Late, Effect::Changed, Effect::Proposed, Effect::Idle, Effect::Revoked];
    assert_eq!(told, (1..).zip(expected).collect::<Vec<_>>());
    let approved = &year.services[0].corrections[4];
    assert_eq!(approved.approved_by.as_deref(), Some("bianchi"));
    assert_eq!((approved.kind.as_str(), approved.evidence.as_deref()), ("forced_up", Some("prot. 7")));
    assert_eq!(approved.windows, [[WINDOW.from_ms, WINDOW.to_ms]]);
    assert!(year.services[3].corrections.is_empty(), "another service's");
}

#[test]
fn an_entry_of_which_a_part_is_late_is_told_so() {
    let later = Window { from_ms: WINDOW.from_ms - 2 * DAY_MS, to_ms: WINDOW.from_ms };
    let windows = vec![later, WINDOW];
    let declaration = Declaration::Maintenance { scope: scope(), windows, note: "aggiornamento".to_owned() };
    // Three and a half days ago: the first window had begun.
    let year = Year::of(&moment(vec![(4, "rossi", declaration)], &[1]));
    assert_eq!(year.services[0].corrections[0].effect, Effect::PartlyLate);
}

#[test]
fn what_is_about_another_time_is_left_out() {
    let long_ago = Window { from_ms: NOW_MS - 800 * DAY_MS, to_ms: NOW_MS - 799 * DAY_MS };
    let declaration = Declaration::Annulled {
        outage: None,
        scope: vec![Scope::All],
        window: long_ago,
        note: String::new(),
    };
    let year = Year::of(&moment(vec![(1, "rossi", declaration)], &[]));
    assert!(year.services.iter().all(|service| service.corrections.is_empty()));
}

#[test]
fn an_outage_carries_the_cause_that_was_given_last() {
    let outage = Year::of(&example::moment()).services[3].outages[0].id.clone();
    let said = |cause, note: &str| Declaration::Annotated {
        outage: outage.clone(),
        service: None,
        window: None,
        cause,
        note: note.to_owned(),
    };
    let entries =
        vec![(1, "rossi", said(Cause::NotFound, "")), (0, "bianchi", said(Cause::Power, "interruttore"))];
    let year = Year::of(&moment(entries, &[]));
    let told = year.services[3].outages[0].annotation.as_ref().unwrap();
    assert_eq!((told.cause.as_str(), told.author.as_str(), told.entry), ("power", "bianchi", 2));
}

fn account() -> Account {
    Account {
        incidents: Incidents { list: Vec::new(), sampling: Some(Sampling { sure_ms: 5, possible_ms: 7 }) },
        unobserved: vec![(Unobserved::SpoolLost, 3)],
        readings: Vec::new(),
        ceiling: None,
    }
}

#[test]
fn an_account_is_told_only_where_there_is_one() {
    let mut moment = example::moment();
    moment.accounts.insert(moment.figures.services[0].id.clone(), account());
    let year = Year::of(&moment);
    assert_eq!(year.services[0].sampling.as_ref().map(|sampling| sampling.possible_ms), Some(7));
    assert_eq!(year.services[0].unobserved[0].why, Why::SpoolLost);
    assert_eq!(year.services[1].sampling, None);
}

#[test]
fn pace_and_tiers_are_of_the_last_days() {
    let now = Now::of(&example::moment());
    let intranet = &now.services[3];
    let day = intranet.rolling.iter().find(|rolling| rolling.window_ms == 86_400_000).unwrap();
    assert_eq!(day.down_ms, 22 * 60_000);
    let promise = &intranet.commitments[0];
    let forecast = promise.forecast.as_ref().unwrap();
    assert!(forecast.breaks && forecast.exhausted_ms.is_none(), "overrun already");
    assert!(promise.burn.is_empty(), "only where the account is asked for");
    let mut moment = example::moment();
    let id = moment.figures.services[3].id.clone();
    let pace = moment.paces.get_mut(&id).unwrap();
    pace.promises[0].tiers = example::burning();
    let burn = &Year::of(&moment).services[3].commitments[0].burn;
    assert_eq!(burn.len(), 4);
    assert!(burn.iter().all(|tier| !tier.firing && tier.known.is_some()));
}

/// Lowered after it was broken: the year is missed, and the time that is left is that of the new promise.
#[test]
fn a_promise_that_changed_is_told_with_its_stretch() {
    let mut moment = example::moment();
    let (start_ms, end_ms) = (moment.figures.start_ms, moment.figures.end_ms);
    let service = &mut moment.figures.services[0];
    let (figure, day_ms) = (service.figure, DAY_MS.unsigned_abs());
    let cut_ms = start_ms + 10 * DAY_MS;
    let rest_ms = figure.period_ms() - 10 * day_ms;
    let of = |up_ms, down_ms, future_ms| {
        let out_of_scope_ms = figure.period_ms() - up_ms - down_ms - future_ms;
        Figure { up_ms, down_ms, future_ms, out_of_scope_ms, ..Figure::default() }
    };
    let stretch = |from_ms, to_ms, percent, figure| StretchFigure {
        from_ms,
        to_ms,
        promise: Some(Availability { target: Fraction { p: percent, q: 100 }, strict: false }),
        promise_changed: from_ms == cut_ms,
        tree_changed: false,
        figure,
    };
    let past_ms = rest_ms - figure.future_ms;
    service.stretches = vec![
        stretch(start_ms, cut_ms, 98, of(9 * day_ms, day_ms, 0)),
        stretch(cut_ms, end_ms, 50, of(past_ms - day_ms, day_ms, figure.future_ms)),
    ];
    service.promise = service.stretches[1].promise;
    let told = &Now::of(&moment).services[0].commitments;
    assert_eq!(
        (told.len(), told[0].standing, told[0].outlook),
        (1, Standing::Breached, Outlook::Irrecoverable)
    );
    assert_eq!(told[0].stretch, Some(OfStretch { from_ms: cut_ms, to_ms: end_ms }));
    assert_eq!(told[0].budget_remaining_ms, (rest_ms / 2 - day_ms).cast_signed());
    let words = crate::publish::words::promise(&told[0], Lang::En);
    assert!(words.ends_with("other stretches against the promise of then"), "{words}");
}

/// A promise about a calendar's hours is a promise everywhere: with its figure in JSON, CSV and metrics.
#[test]
fn a_promise_about_hours_is_a_commitment_everywhere() {
    let mut moment = example::moment();
    let service = &mut moment.figures.services[3];
    let promise = service.promise.take().unwrap();
    let first_ms = service.stops().next().map_or(0, |stop| stop.start_ms);
    let figure = Figure {
        up_ms: 90,
        down_ms: 10,
        out_of_scope_ms: service.figure.period_ms() - 100,
        ..Figure::default()
    };
    let without = Figure { up_ms: 50, down_ms: 0, unknown_ms: 50, ..figure };
    let commitment = config::AvailabilityWithin {
        hours: config::Id::new("uffici").unwrap(),
        target: promise.target,
        strict: true,
    };
    let declared = Some(DeclaredFigure { up_ms: 40, down_ms: 0, without });
    service.within = vec![WithinFigure {
        commitment,
        promise,
        figure,
        gross: None,
        net: None,
        declared,
        stretches: Vec::new(),
        hours: collector_derive::Hours::from(vec![(first_ms - 60_000, first_ms + 30_000)]),
    }];
    let year = Year::of(&moment);
    let told = &year.services[3];
    let in_hours: Vec<u64> =
        told.outages.iter().flat_map(|outage| &outage.within).map(|part| part.ms).collect();
    assert_eq!(
        (in_hours.first(), in_hours.len()),
        (Some(&30_000), told.outages.len()),
        "half a minute of the first"
    );
    let [only] = &told.commitments[..] else { panic!("{:?}", told.commitments) };
    assert_eq!((only.kind.as_str(), only.hours.as_deref()), ("availability_within", Some("uffici")));
    assert_eq!((only.standing, only.undeclared), (Standing::Breached, Some(Standing::Indeterminate)));
    let figure = only.figure.as_ref().unwrap();
    assert_eq!((figure.up_ms, figure.declared_up_ms), (90, 40));
    assert_eq!(figure.seen().map(|share| (share.p, share.q)), Some((50, 100)), "what agents saw");
    assert_eq!(
        (told.promised().0, told.promised().1),
        (Some(&told.within[0].commitment), &told.within[0].figure)
    );
    let csv = String::from_utf8(crate::publish::report::csv(&year).unwrap()).unwrap();
    assert!(csv.contains("98.0000,gt,breached,irrecoverable,90.0000"), "{csv}");
    let metrics = crate::publish::metrics::render(
        &moment,
        &crate::publish::Vitals::default(),
        crate::publish::metrics::Format::OpenMetrics,
    )
    .unwrap();
    for series in [
        "vedetta_target_ratio{service=\"intranet\",commitment=\"availability_within:uffici\",comparison=\"gt\"} 0.98",
        "vedetta_commitment_standing{service=\"intranet\",commitment=\"availability_within:uffici\",state=\"breached\"} 1",
        "vedetta_commitment_availability_ratio{service=\"intranet\",commitment=\"availability_within:uffici\",year=\"2026\"} 0.9",
    ] {
        assert!(metrics.contains(series), "{series} is missing in\n{metrics}");
    }
    assert!(metrics.contains("vedetta_downtime_budget_remaining_seconds{service=\"intranet\""));
    let page = crate::publish::page::render(&Now::of(&moment), Lang::It, false).unwrap();
    assert!(page.contains("90,00%") && page.contains("di cui dichiarato"), "{page}");
    assert!(page.contains("nelle ore di uffici"), "{page}");
}
