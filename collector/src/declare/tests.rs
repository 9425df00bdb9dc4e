//! Every wish that makes sense is declared as meant; every other is refused with what to do.

use proptest::prelude::*;

use super::*;
use crate::publish::example;

const NOW_MS: i64 = example::NOW_MS;
const MIN_MS: i64 = 60_000;

/// A journal in the making: what is declared is judged first, as the collector does.
struct Journal {
    charter: std::sync::Arc<Charter>,
    declared: Vec<Declared>,
    outages: Vec<Stopped>,
    now_ms: i64,
}

impl Journal {
    fn new() -> Self {
        let stopped = |id: &str, from_ms, ongoing, checks: &[&str]| Stopped {
            id: id.to_owned(),
            service: ServiceId::new(id.split('-').next().unwrap()).unwrap(),
            window: Window { from_ms, to_ms: if ongoing { NOW_MS } else { from_ms + 30 * MIN_MS } },
            ongoing,
            checks: checks.iter().map(ToString::to_string).collect(),
        };
        let outages = vec![
            stopped(
                "data_center-2026-11-20T08:00:00Z",
                NOW_MS - 3 * DAY_MS,
                false,
                &["data_center.dns.dns1", "data_center.dns.dns2"],
            ),
            stopped("wifi-2026-11-23T07:50:00Z", NOW_MS - 22 * MIN_MS, true, &["wifi.portale.ospiti"]),
            stopped("front_end-2026-11-21T08:00:00Z", NOW_MS - 2 * DAY_MS, false, &[]),
        ];
        Self { charter: example::moment().charter, declared: Vec::new(), outages, now_ms: NOW_MS }
    }

    fn judge(&self, wish: &Wish, author: &str) -> Result<Judged, Refusal> {
        // Three entries that declare nothing stand before.
        let head = 3 + self.declared.len() as u64;
        let Self { charter, declared, outages, now_ms } = self;
        judge(wish, author, &Situation { now_ms: *now_ms, charter, head, declared, outages, account })
    }

    /// Declares it; its entry.
    #[track_caller]
    fn by(&mut self, author: &str, wish: &Wish) -> u64 {
        let Judged { declaration, .. } = self.judge(wish, author).unwrap();
        let entry = 4 + self.declared.len() as u64;
        self.declared.push(Declared { entry, at_ms: self.now_ms, author: author.to_owned(), declaration });
        entry
    }

    #[track_caller]
    fn refused(&self, wish: &Wish, author: &str, part: &str) {
        let said = match self.judge(wish, author) {
            Err(Refusal(said)) => said,
            Ok(judged) => panic!("{wish:?} gives {judged:?}"),
        };
        assert!(said.en.contains(part), "`{part}` is not in `{}`", said.en);
        assert!(said.it.len() > 10 && said.it != said.en, "{}", said.it);
    }

    fn windows(&self, entry: u64) -> Vec<(i64, i64, bool)> {
        let row = rows(&self.declared, 48 * 3_600_000).into_iter().find(|row| row.entry == entry).unwrap();
        let hours = |ms: i64| (ms - NOW_MS) / HOUR_MS;
        row.windows.iter().map(|held| (hours(held.from_ms), hours(held.to_ms), held.in_time)).collect()
    }
}

/// As the machine knows them; `m.rossi` has a second name.
fn account(author: &str) -> Option<u32> {
    match author {
        "m.rossi" | "mario.rossi" | "uid 1001" => Some(1001),
        "g.verdi" => Some(1002),
        "uid 1003" | "c.neri" => Some(1003),
        "vedetta" => Some(0),
        _ => None,
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// From so many hours from now to so many.
fn hours(from: i64, to: i64) -> Window {
    Window { from_ms: NOW_MS + from * HOUR_MS, to_ms: NOW_MS + to * HOUR_MS }
}

fn maintain(scope: &[&str], windows: &[Window]) -> Wish {
    Wish::Maintain { scope: words(scope), windows: windows.to_vec(), note: "cambio dischi".to_owned() }
}

fn annul(scope: &[&str], window: Window) -> Wish {
    Wish::Annul { scope: words(scope), window, note: "falso allarme".to_owned() }
}

fn force(state: ForcedState, window: Window) -> Wish {
    Wish::Force {
        state,
        scope: words(&["intranet"]),
        window,
        evidence: "prot. 123/2026".to_owned(),
        note: "registro del proxy".to_owned(),
    }
}

fn revoke(entry: u64) -> Wish {
    Wish::Revoke { entry, note: "per errore".to_owned() }
}

#[test]
fn scopes_are_names_of_the_charter() {
    let journal = Journal::new();
    for scope in [
        "*",
        "site:biblioteca",
        "data_center",
        "data_center.dns",
        "data_center.dns.dns1",
        "data_center.base",
        "data_center.base.san",
        "data_center.base.san.san1",
    ] {
        journal.judge(&maintain(&[scope], &[hours(50, 56)]), "root").unwrap();
    }
    for (scope, part) in [
        ("dns", "nearest: `data_center.dns`"),
        ("data_centre", "`data_center`"),
        ("data_center.dns.dns3", "`data_center.dns.dns1`"),
        ("data_center.san", "`data_center.base.san`"),
        ("site:bibloteca", "`site:biblioteca`"),
        ("site:", "`site:ced`"),
        ("", "nearest"),
        ("Data Center", "nearest"),
        ("data_center.", "nearest"),
        ("; rm -rf /", "nearest"),
    ] {
        journal.refused(&maintain(&[scope], &[hours(50, 56)]), "root", part);
    }
    journal.refused(&maintain(&[], &[hours(50, 56)]), "root", "name what it is about");
    journal.refused(&maintain(&["wifi"; 65], &[hours(50, 56)]), "root", "more than 64 scopes");
    let twice = journal.judge(&maintain(&["wifi", "wifi"], &[hours(50, 56)]), "root").unwrap();
    let Declaration::Maintenance { scope, .. } = twice.declaration else { panic!() };
    assert_eq!(scope.len(), 1);
}

#[test]
fn maintenance_is_in_time_by_the_charters_notice_or_marked_late() {
    let journal = Journal::new();
    for (from, in_time) in [(48, true), (47, false), (1, false), (-30, false)] {
        let judged = journal.judge(&maintain(&["wifi"], &[hours(from, from + 6)]), "root").unwrap();
        assert_eq!(judged.windows[0].in_time, in_time, "{from}");
        assert_eq!(judged.doubts.is_empty(), in_time, "{:?}", judged.doubts);
        assert_eq!(judged.notice.is_some(), from > -6, "no notice of what is over");
    }
    let past = journal.judge(&maintain(&["wifi"], &[hours(-30, -20)]), "root").unwrap();
    assert!(past.doubts[0].en.contains("has begun already"), "{:?}", past.doubts);
}

#[test]
fn absurd_windows_are_refused() {
    let journal = Journal::new();
    for (windows, part) in [
        (vec![], "no window is left"),
        (vec![hours(6, 6)], "is empty"),
        (vec![hours(6, 5)], "is empty"),
        (vec![hours(50, 50 + 24 * 32)], "more than 31 days"),
        (vec![hours(24 * 401, 24 * 401 + 6)], "is the year right?"),
        (vec![hours(-24 * 401, -24 * 401 + 6)], "is the year right?"),
        (vec![hours(50, 60), hours(59, 62)], "overlap"),
        ((0..121).map(|n| hours(50 + 2 * n, 51 + 2 * n)).collect(), "more than the 120"),
        (vec![Window { from_ms: i64::MIN, to_ms: i64::MAX }], "31 days"),
    ] {
        journal.refused(&maintain(&["wifi"], &windows), "root", part);
    }
    let sorted = journal.judge(&maintain(&["wifi"], &[hours(60, 62), hours(50, 52)]), "root").unwrap();
    assert!(sorted.windows[0].from_ms < sorted.windows[1].from_ms);
    let long = journal.judge(&maintain(&["wifi"], &[hours(50, 150)]), "root").unwrap();
    assert!(long.doubts[0].en.contains("lasts 100 hours"));
}

#[test]
fn maintenance_is_extended_closed_and_called_off() {
    let mut journal = Journal::new();
    let entry = journal.by("root", &maintain(&["wifi"], &[hours(50, 56), hours(100, 106), hours(200, 206)]));
    let extend = |until| Wish::Extend { entry, until, note: String::new() };
    let close = |at_ms| Wish::Close { entry, at_ms, note: String::new() };
    let cancel = Wish::Cancel { entry, note: String::new() };

    journal.by("root", &extend(Until::By(2 * HOUR_MS)));
    assert_eq!(journal.windows(entry)[0], (50, 58, true), "announced early enough");
    journal.refused(&extend(Until::By(43 * HOUR_MS)), "root", "reach into its own next window");
    journal.refused(&extend(Until::To(NOW_MS + 57 * HOUR_MS)), "root", "lasts until");
    journal.refused(&extend(Until::To(NOW_MS + 49 * HOUR_MS)), "root", "begins before that end");
    journal.refused(&close(None), "root", "no window of maintenance #4 runs");

    journal.now_ms = NOW_MS + 57 * HOUR_MS;
    let judged = journal.judge(&extend(Until::By(HOUR_MS)), "root").unwrap();
    assert!(judged.doubts[0].en.contains("too late"), "{:?}", judged.doubts);
    journal.by("root", &extend(Until::To(NOW_MS + 60 * HOUR_MS)));
    assert_eq!(journal.windows(entry)[0], (50, 60, false), "what was added was announced too late");
    journal.now_ms = NOW_MS + 59 * HOUR_MS;
    journal.refused(&close(Some(NOW_MS + 60 * HOUR_MS)), "root", "not before");
    journal.refused(&close(Some(NOW_MS + 49 * HOUR_MS)), "root", "runs then");
    journal.by("root", &close(None));
    assert_eq!(journal.windows(entry)[0], (50, 59, false));
    journal.refused(&close(Some(NOW_MS + 55 * HOUR_MS)), "root", "no window of maintenance #4 runs");

    let called_off = journal.by("root", &cancel);
    assert_eq!(journal.windows(entry), [(50, 59, false)], "what was held stays");
    journal.now_ms += HOUR_MS;
    for wish in [cancel.clone(), extend(Until::By(HOUR_MS)), close(None)] {
        journal.refused(&wish, "root", "was over at");
    }
    journal.by("root", &revoke(called_off));
    assert_eq!(journal.windows(entry).len(), 3, "calling off was taken back");
    journal.now_ms = NOW_MS + 201 * HOUR_MS;
    journal.refused(&cancel, "root", "has begun");
    journal.now_ms = NOW_MS + 207 * HOUR_MS;
    journal.refused(&cancel, "root", "was over at");
}

#[test]
fn what_is_no_maintenance_is_not_extended() {
    let mut journal = Journal::new();
    let annulled = journal.by("root", &annul(&["wifi"], hours(-5, -4)));
    let planned = journal.by("root", &maintain(&["wifi"], &[hours(50, 56)]));
    journal.by("root", &revoke(planned));
    for (entry, part) in [
        (annulled, "is an annulment, not a maintenance"),
        (planned, "taken back by #6 already"),
        (2, "declares nothing"),
        (0, "no entry #0"),
        (99, "its newest is #6"),
    ] {
        journal.refused(&Wish::Cancel { entry, note: String::new() }, "root", part);
        journal.refused(&Wish::Close { entry, at_ms: None, note: String::new() }, "root", part);
        let until = Until::By(HOUR_MS);
        journal.refused(&Wish::Extend { entry, until, note: String::new() }, "root", part);
    }
    let other = journal.by("root", &maintain(&["wifi"], &[hours(50, 56)]));
    journal.by("root", &Wish::Cancel { entry: other, note: String::new() });
    journal.refused(&Wish::Cancel { entry: other, note: String::new() }, "root", "was called off");
}

#[test]
fn an_outage_says_scope_and_interval() {
    let mut journal = Journal::new();
    let of = |outage: &str| Wish::AnnulOutage { outage: outage.to_owned(), note: "falso allarme".to_owned() };
    let judged = journal.judge(&of("data_center-2026-11-20T08:00:00Z"), "root").unwrap();
    let Declaration::Annulled { outage, scope, window, .. } = judged.declaration else { panic!() };
    assert_eq!(outage.as_deref(), Some("data_center-2026-11-20T08:00:00Z"));
    assert_eq!(
        scope.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["data_center.dns.dns1", "data_center.dns.dns2"]
    );
    assert_eq!(window, journal.outages[0].window);
    assert!(judged.doubts.is_empty());
    let lasting = journal.judge(&of("wifi-2026-11-23T07:50:00Z"), "root").unwrap();
    assert!(lasting.doubts[0].en.contains("still lasts"), "{:?}", lasting.doubts);
    journal.refused(&of("front_end-2026-11-21T08:00:00Z"), "root", "no check was measured down");
    journal.refused(
        &of("data_center-2026-11-20T08:00:01Z"),
        "root",
        "nearest: `data_center-2026-11-20T08:00:00Z`",
    );
    journal.refused(&of("nonsense"), "root", "there is no outage");
    journal.by("root", &of("data_center-2026-11-20T08:00:00Z"));
    let again = journal.judge(&of("data_center-2026-11-20T08:00:00Z"), "root").unwrap();
    assert!(again.doubts[0].en.contains("annuls some of this already"));
    journal.outages.clear();
    journal.refused(&of("data_center-2026-11-20T08:00:00Z"), "root", "there is no outage");
    let blame = |outage: &str| {
        let (outage, note) = (outage.to_owned(), "UPS".to_owned());
        Wish::Annotate { outage, cause: Cause::Power, note }
    };
    journal.refused(&blame("x"), "root", "there is no outage");
    let journal = Journal::new();
    let said = journal.judge(&blame("wifi-2026-11-23T07:50:00Z"), "root").unwrap().declaration;
    let Declaration::Annotated { service, window, .. } = said else { panic!("{said:?}") };
    let stopped = &journal.outages[1];
    assert_eq!((service, window), (Some(stopped.service.clone()), Some(stopped.window)));
}

#[test]
fn only_what_is_over_is_corrected_and_with_reasons() {
    let journal = Journal::new();
    for window in [hours(-1, 1), hours(1, 2), Window { from_ms: NOW_MS - 1, to_ms: NOW_MS + 1 }] {
        journal.refused(&annul(&["wifi"], window), "root", "still to come");
        journal.refused(&force(ForcedState::Up, window), "root", "still to come");
        journal.refused(&force(ForcedState::Down, window), "root", "still to come");
    }
    journal.refused(&annul(&["wifi"], hours(-1, -1)), "root", "is empty");
    journal.refused(&annul(&["wifi"], hours(-1, -2)), "root", "is empty");
    journal.refused(&annul(&["wifi"], hours(-24 * 500, -1)), "root", "longer than 400 days");
    journal.judge(&annul(&["wifi"], hours(-1, 0)), "root").unwrap();
    for (evidence, note, part) in [
        ("", "proxy", "`--evidence"),
        ("--", "proxy", "`--evidence"),
        ("prot. 1", " ", "`--note"),
        ("prot. 1", "a\nb c d", "line break"),
        ("prot. 1\u{1b}[2J", "proxy", "control character"),
        (&*"x".repeat(2_001), "proxy", "longer than 2000 bytes"),
    ] {
        let mut wish = force(ForcedState::Down, hours(-2, -1));
        if let Wish::Force { evidence: one, note: other, .. } = &mut wish {
            (*one, *other) = (evidence.to_owned(), note.to_owned());
        }
        journal.refused(&wish, "root", part);
    }
}

#[test]
fn another_person_approves_and_root_is_one_person_whomever_it_names() {
    for (proposer, approver, refused) in [
        ("m.rossi", "g.verdi", None),
        ("m.rossi", "root", None),
        ("m.rossi", "g.verdi (root)", None),
        ("root", "m.rossi", None),
        ("uid 1001", "uid 1003", None),
        ("m.rossi", "m.rossi", Some("m.rossi proposed entry #4")),
        ("root", "root", Some("root proposed entry #4")),
        ("m.rossi (root)", "m.rossi (root)", Some("m.rossi (root) proposed entry #4")),
        ("m.rossi (root)", "g.verdi (root)", Some("g.verdi (root) is root as well")),
        ("root", "g.verdi (root)", Some("is root as well")),
        ("g.verdi (root)", "root", Some("is root as well")),
        ("root", "vedetta", Some("the collector's own user counts as root")),
        ("vedetta", "m.rossi (root)", Some("the collector's own user counts as root")),
        // Root names whom it acts for, and that one does not approve it; another one does.
        ("m.rossi (root)", "g.verdi", None),
        ("m.rossi (root)", "m.rossi", Some("the same person by name")),
        ("m.rossi", "m.rossi (root)", Some("the same person by name")),
        // One uid is one person, whatever it was called at the time.
        ("m.rossi", "mario.rossi", Some("by another name")),
        ("uid 1001", "m.rossi", Some("by another name")),
        // Who left, or was renamed, proves nothing; nor does whom the machine cannot name.
        ("l.bianchi", "m.rossi", Some("whose account `l.bianchi` is cannot be told")),
        ("m.rossi", "nobody", Some("whose account `nobody` is cannot be told")),
    ] {
        let mut journal = Journal::new();
        let entry = journal.by(proposer, &force(ForcedState::Up, hours(-5, -4)));
        assert!(rows(&journal.declared, 0)[0].proposed);
        let approve = Wish::Approve { entry };
        if let Some(part) = refused {
            journal.refused(&approve, approver, part);
            continue;
        }
        journal.by(approver, &approve);
        assert!(!rows(&journal.declared, 0)[0].proposed);
        journal.refused(&approve, "c.neri", "was approved already");
    }
}

#[test]
fn nothing_is_corrected_before_measuring_began() {
    let mut journal = Journal::new();
    std::sync::Arc::make_mut(&mut journal.charter).act.measured_from = Some(jiff::civil::date(2026, 11, 20));
    for window in [hours(-240, -238), hours(-96, -95)] {
        journal.refused(&annul(&["wifi"], window), "root", "nothing counts before 2026-11-20");
        journal.refused(&force(ForcedState::Down, window), "root", "nothing counts before");
    }
    journal.judge(&annul(&["wifi"], hours(-240, -5)), "root").unwrap();
}

#[test]
fn another_cause_of_an_outage_says_what_it_replaces() {
    let mut journal = Journal::new();
    let outage = "data_center-2026-11-20T08:00:00Z".to_owned();
    let annotate = |cause| Wish::Annotate { outage: outage.clone(), cause, note: "linea".to_owned() };
    assert!(journal.judge(&annotate(Cause::Network), "root").unwrap().doubts.is_empty());
    let first = journal.by("root", &annotate(Cause::Network));
    let doubts = journal.judge(&annotate(Cause::Power), "root").unwrap().doubts;
    assert!(doubts[0].en.contains(&format!("entry #{first}")), "{doubts:?}");
    journal.by("root", &revoke(first));
    assert!(journal.judge(&annotate(Cause::Power), "root").unwrap().doubts.is_empty());
}

/// A stop that came after the call-off would else leave the year, by one person's word after the fact.
#[test]
fn what_is_brought_back_is_announced_by_who_brings_it_back() {
    let back = |journal: &Journal, entry| {
        let Judged { windows, doubts, .. } = journal.judge(&revoke(entry), "m.rossi").unwrap();
        let late = doubts.iter().any(|doubt| doubt.en.contains("announced by it, as of now"));
        (windows.iter().map(|held| held.in_time).collect::<Vec<_>>(), late)
    };
    let mut journal = Journal::new();
    let series = journal.by("m.rossi", &maintain(&["wifi"], &[hours(240, 252), hours(480, 492)]));
    let called_off = journal.by("m.rossi", &Wish::Cancel { entry: series, note: String::new() });
    assert_eq!(back(&journal, called_off), (vec![true, true], false), "ten days ahead");
    journal.now_ms = NOW_MS + 230 * HOUR_MS;
    assert_eq!(back(&journal, called_off), (vec![false, true], true), "ten hours ahead");
    journal.now_ms = NOW_MS + 960 * HOUR_MS;
    assert_eq!(back(&journal, called_off), (vec![false, false], true), "after the fact");
    journal.by("m.rossi", &revoke(called_off));
    assert_eq!(journal.windows(series), [(240, 252, false), (480, 492, false)], "as the list then says");

    let mut journal = Journal::new();
    let work = journal.by("m.rossi", &maintain(&["wifi"], &[hours(72, 84)]));
    let until = Until::By(HOUR_MS);
    let longer = journal.by("m.rossi", &Wish::Extend { entry: work, until, note: String::new() });
    journal.now_ms = NOW_MS + 76 * HOUR_MS;
    let over = journal.by("m.rossi", &Wish::Close { entry: work, at_ms: None, note: String::new() });
    assert_eq!(back(&journal, over), (vec![false], true));
    assert_eq!(back(&journal, longer), (vec![], false), "a shorter window brings nothing back");
    journal.by("m.rossi", &revoke(work));
    assert_eq!(back(&journal, over), (vec![], false), "nor does one that is itself taken back");
}

#[test]
fn only_a_force_up_is_approved_and_an_approval_can_be_taken_back() {
    let mut journal = Journal::new();
    let down = journal.by("root", &force(ForcedState::Down, hours(-5, -4)));
    let up = journal.by("root", &force(ForcedState::Up, hours(-5, -4)));
    let planned = journal.by("root", &maintain(&["wifi"], &[hours(50, 56)]));
    for (entry, part) in [
        (down, "holds without approval"),
        (planned, "only a `force up`"),
        (1, "declares nothing"),
        (77, "no entry"),
    ] {
        journal.refused(&Wish::Approve { entry }, "m.rossi", part);
    }
    let approval = journal.by("m.rossi", &Wish::Approve { entry: up });
    let back = journal.by("root", &revoke(approval));
    assert!(rows(&journal.declared, 0)[1].proposed, "it is proposed again");
    journal.refused(&revoke(approval), "root", "taken back by #8 already");
    journal.refused(&revoke(back), "root", "is a revocation");
    journal.refused(&revoke(88), "root", "no entry #88");
    journal.refused(&revoke(2), "root", "declares nothing");
    journal.by("g.verdi", &Wish::Approve { entry: up });
    journal.by("root", &revoke(up));
    journal.refused(&Wish::Approve { entry: up }, "m.rossi", "taken back");
}

#[test]
fn outages_are_found_by_their_instant() {
    for (id, at_ms) in [
        ("rete-2026-11-23T08:10:00Z", Some(1_795_421_400_000)),
        ("wi-fi-2026-11-23T08:10:00.250Z", Some(1_795_421_400_250)),
        ("rete-2026-11-23T08:10:00Z0", Some(1_795_392_000_000)),
        ("rete-2026-11-23T", Some(1_795_392_000_000)),
        ("rete-2026-11-33T08:10:00Z", None),
        ("rete", None),
        ("", None),
        ("T", None),
        ("data_center.dns", None),
        ("èèèèèèèèèèT", None),
    ] {
        assert_eq!(instant_of(id), at_ms, "{id}");
    }
}

#[test]
fn titles_for_users_name_nothing_internal() {
    let charter = example::moment().charter;
    let titles = |scope: &str| {
        let scope = names::scopes(&words(&[scope]), &charter).unwrap();
        names::titles(&scope, &charter).into_iter().map(|said| said.it).collect::<Vec<_>>()
    };
    let service = &charter.service("data_center").unwrap().name;
    assert_eq!(titles("data_center"), [service.as_str()]);
    assert_eq!(titles("data_center.dns"), [format!("{service}: DNS")]);
    assert_eq!(titles("data_center.dns.dns1"), [format!("{service}: DNS")]);
    assert_eq!(titles("data_center.base.san"), [service.as_str()], "not for the public");
    assert_eq!(titles("site:ced"), ["tutti i servizi della sede ced"]);
    assert_eq!(titles("*").len(), charter.services.len());
}

proptest! {
    /// Whatever is typed: no panic, and a refusal leaves nothing to be written.
    #[test]
    fn nothing_typed_breaks_the_judge(
        scope in "\\PC{0,20}", note in "\\PC{0,20}", from_ms: i64, to_ms: i64, entry in 0_u64..12, kind in 0_u8..8,
    ) {
        let mut journal = Journal::new();
        journal.by("root", &maintain(&["wifi"], &[hours(-2, 6), hours(50, 56)]));
        journal.by("root", &force(ForcedState::Up, hours(-5, -4)));
        let window = Window { from_ms, to_ms };
        let wish = match kind {
            0 => Wish::Maintain { scope: vec![scope], windows: vec![window], note },
            1 => Wish::Extend { entry, until: Until::By(from_ms), note },
            2 => Wish::Extend { entry, until: Until::To(to_ms), note },
            3 => Wish::Close { entry, at_ms: Some(from_ms), note },
            4 => Wish::AnnulOutage { outage: scope, note },
            5 => Wish::Annul { scope: words(&["wifi"]), window, note: "perché".to_owned() },
            6 => Wish::Annotate { outage: scope, cause: Cause::Power, note },
            _ => Wish::Revoke { entry, note },
        };
        let _ = journal.judge(&wish, "root");
        let _ = instant_of(&note_of(&wish));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What the commands are refused by, and list, is what figures apply.
    #[test]
    fn the_register_says_what_figures_apply(
        steps in prop::collection::vec((0_u8..9, 0_u64..8, 1_i64..40, any::<bool>()), 1..24),
    ) {
        let mut journal = Journal::new();
        for (kind, back, hours_on, other) in steps {
            let entry = (4 + journal.declared.len() as u64).saturating_sub(back);
            let in_hours = |from: i64| {
                let from_ms = journal.now_ms + from * HOUR_MS;
                Window { from_ms, to_ms: from_ms + 6 * HOUR_MS }
            };
            let past = Window { from_ms: journal.now_ms - 9 * HOUR_MS, to_ms: journal.now_ms };
            let note = String::new();
            let wish = match kind {
                0 | 1 => maintain(&["wifi"], &[in_hours(hours_on), in_hours(hours_on + 30), in_hours(hours_on + 90)]),
                2 => Wish::Extend { entry, until: Until::By(hours_on * HOUR_MS / 4), note },
                3 => Wish::Extend { entry, until: Until::To(journal.now_ms + hours_on * HOUR_MS), note },
                4 => Wish::Close { entry, at_ms: None, note },
                5 => Wish::Cancel { entry, note },
                6 => force(ForcedState::Up, past),
                7 => Wish::Approve { entry },
                _ => revoke(entry),
            };
            let author = if other { "m.rossi" } else { "root" };
            if let Ok(judged) = journal.judge(&wish, author) {
                let declared = Declared {
                    entry: 4 + journal.declared.len() as u64,
                    at_ms: journal.now_ms,
                    author: author.to_owned(),
                    declaration: judged.declaration,
                };
                journal.declared.push(declared);
            }
            journal.now_ms += hours_on * HOUR_MS / 3 + 1;
        }
        let notice_ms = 20 * HOUR_MS.unsigned_abs();
        let corrections = collector_derive::Corrections::of(&journal.declared, i64::MAX);
        let rows = rows(&journal.declared, notice_ms);
        for row in rows.iter().filter(|row| row.revoked_by.is_none()) {
            let mut applied: Vec<Held> = Vec::new();
            for piece in corrections.planned.iter().filter(|piece| piece.entry == row.entry) {
                let Window { from_ms, to_ms } = piece.window;
                let in_time = piece.is_in_time(notice_ms);
                match applied.last_mut().filter(|last| last.to_ms == from_ms) {
                    Some(last) => {
                        (last.to_ms, last.in_time) = (to_ms, last.in_time && in_time);
                        last.in_part |= in_time;
                    }
                    None => applied.push(Held { from_ms, to_ms, in_time, in_part: in_time }),
                }
            }
            prop_assert_eq!(&row.windows, &applied, "entry {}", row.entry);
        }
        let proposed: Vec<u64> = rows.iter().filter(|row| row.proposed).map(|row| row.entry).collect();
        let waiting: Vec<u64> = corrections.proposed.iter().map(|mark| mark.entry).collect();
        prop_assert_eq!(proposed, waiting);
    }
}

fn note_of(wish: &Wish) -> String {
    match wish {
        Wish::Revoke { note, .. } | Wish::Annul { note, .. } | Wish::AnnulOutage { note, .. } => note.clone(),
        _ => String::new(),
    }
}
