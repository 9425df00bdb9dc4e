//! Every wish that makes sense is declared as meant; every other is refused with what to do.

mod agreement;
mod persons;
mod planned;

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
    notices: Notices,
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
        let charter = example::moment().charter;
        let notices = Notices::of([(0, charter.as_ref())]);
        Self { charter, declared: Vec::new(), outages, now_ms: NOW_MS, notices }
    }

    fn judge(&self, wish: &Wish, author: &str) -> Result<Judged, Refusal> {
        let author = &person(author);
        // Three entries that declare nothing stand before.
        let head = 3 + self.declared.len() as u64;
        let Self { charter, declared, outages, now_ms, notices } = self;
        judge(
            wish,
            author,
            &Situation { now_ms: *now_ms, charter, notices, head, declared, outages, account },
        )
    }

    /// Declares it; its entry.
    #[track_caller]
    fn by(&mut self, author: &str, wish: &Wish) -> u64 {
        let Judged { declaration, .. } = self.judge(wish, author).unwrap();
        self.write(author, declaration)
    }

    fn write(&mut self, author: &str, declaration: Declaration) -> u64 {
        let (Person { name: author, uid }, at_ms) = (person(author), self.now_ms);
        let entry = 4 + self.declared.len() as u64;
        self.declared.push(Declared { entry, at_ms, author, uid: Some(uid), declaration });
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

    /// So many hours of notice until the middle of what was declared, then so many.
    fn notices_changing(&self, before: u64, after: u64) -> Notices {
        let charter = |hours: u64| {
            let mut charter = Charter::clone(&self.charter);
            charter.rules.readings.notice_ms = hours * HOUR_MS.unsigned_abs();
            charter
        };
        let middle_ms = self.declared.get(self.declared.len() / 2).map_or(NOW_MS, |declared| declared.at_ms);
        Notices::of([(0, &charter(before)), (middle_ms, &charter(after))])
    }

    fn windows(&self, entry: u64) -> Vec<(i64, i64, bool)> {
        let row = rows(&self.declared, &self.notices).into_iter().find(|row| row.entry == entry).unwrap();
        let hours = |ms: i64| (ms - NOW_MS) / HOUR_MS;
        row.windows.iter().map(|held| (hours(held.from_ms), hours(held.to_ms), held.in_time)).collect()
    }
}

/// As the socket tells of them.
fn person(name: &str) -> Person {
    let uid = match name {
        "nobody" => NOBODY,
        // Who left since.
        "l.bianchi" => 1009,
        _ if name == ROOT || name.ends_with(BY_ROOT) => 0,
        _ => account(name).unwrap(),
    };
    Person { name: name.to_owned(), uid }
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
