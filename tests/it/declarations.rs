//! What people declare about a real outage: every entry changes the figure as it says, and stays in the journal.
//!
//! A second person needs a second uid, which only root can be: run by anybody else, the story says that it skips
//! what another one does, and fails where nothing may be skipped.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output};

use collector::journal::{Act, Entry};
use collector::operator::{DeclareAnswer, DeclaredAnswer, GapsAnswer};
use collector::publish::api::{State, Why};
use collector::store::{SqliteStore, Store as _};
use harness::binaries::{ours, skip};
use harness::{Place, Target, eventually};
use jiff::Timestamp;
use nix::unistd::{Group, User};

/// An account that is not ours, and a group that it is not in; both are on every machine.
const ANOTHER: &str = "daemon";
const GROUP: &str = "games";

/// An instant with its offset, to the millisecond.
fn iso(ms: i64) -> String {
    Timestamp::from_millisecond(ms).unwrap().to_string()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A command that must do what it says.
#[track_caller]
fn done(place: &Place, arguments: &[&str]) -> String {
    let output = place.collector_command(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

/// A declaration that must be recorded: its entry.
#[track_caller]
fn declared(place: &Place, arguments: &[&str]) -> u64 {
    let answer: DeclareAnswer =
        serde_json::from_str(&done(place, &[arguments, &["--json"]].concat())).unwrap();
    answer.entry.unwrap()
}

/// A command that must be refused: with this exit code and these words.
#[track_caller]
fn refused(place: &Place, arguments: &[&str], code: i32, words: &str) {
    let output = place.collector_command(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
    assert!(text(&output).contains(words), "{arguments:?} says not `{words}`:\n{}", text(&output));
}

/// The journal without what the collector itself enters every hour.
fn journal(place: &Place) -> Vec<Entry> {
    let entries = SqliteStore::read(&place.state()).unwrap().journal().unwrap();
    entries.into_iter().filter(|entry| !matches!(entry.read(), Ok(Act::StreamHeads { .. }))).collect()
}

/// Down for some samples, and up again. The outage's id, its first instant and its end.
fn suffer(place: &Place, target: &mut Target) -> (String, i64, i64) {
    place.until(State::Up);
    target.close();
    place.until(State::Down);
    eventually("it stays down for some more samples", || {
        (place.service_year().figure.down_ms > 2_000).then_some(())
    });
    target.open();
    place.until(State::Up);
    let outage = place.service_year().outages.swap_remove(0);
    assert!(!outage.ongoing);
    (outage.id, outage.start_ms, outage.end_ms)
}

/// Lets the group in, as README tells operators to.
fn admit_a_group(place: &mut Place) {
    let charter = fs::read_to_string(place.path("vedetta.yaml")).unwrap();
    let charter = charter.replace("state: state}", &format!("state: state, operators: {GROUP}}}"));
    fs::write(place.path("vedetta.yaml"), charter).unwrap();
    place.take_collector().terminate();
    place.start_collector();
    // That another user finds program and charter is for the test to see to; the state directory is not.
    let vedetta = place.path("vedetta");
    fs::copy(ours("vedetta"), &vedetta).unwrap();
    for (path, mode) in [(place.path(""), 0o711), (vedetta, 0o755), (place.path("vedetta.yaml"), 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// `vedetta` as another user, who is in this group and in no other.
fn as_another(place: &Place, group: &str, arguments: &[&str]) -> Output {
    let user = User::from_name(ANOTHER).unwrap().unwrap();
    let group = Group::from_name(group).unwrap().unwrap();
    let mut command = Command::new(place.path("vedetta"));
    command.args(arguments).arg("--config").arg(place.path("vedetta.yaml"));
    command.uid(user.uid.as_raw()).gid(group.gid.as_raw()).output().unwrap()
}

/// Another person, through the group: what its members may do, and what they may not.
fn another_approves(place: &mut Place, proposal: &str) {
    admit_a_group(place);
    let outsider = as_another(place, ANOTHER, &["approve", proposal, "--lang", "en"]);
    assert!(text(&outsider).contains("you may not use"), "{}", text(&outsider));

    refused(place, &["approve", proposal, "--as", "g.verdi", "--lang", "en"], 1, "is root as well");
    let approved = as_another(place, GROUP, &["approve", proposal]);
    assert!(approved.status.success(), "{}", text(&approved));
    let entry = journal(place).pop().unwrap();
    let Act::Declared { uid, .. } = entry.read().unwrap() else { panic!("{entry:?}") };
    let account = User::from_name(ANOTHER).unwrap().unwrap().uid.as_raw();
    assert_eq!((entry.author.as_str(), uid), (ANOTHER, Some(account)));
    for (arguments, words) in [
        (vec!["approve", proposal, "--lang", "en"], "approved already"),
        (vec!["revoke", proposal, "--note", "no", "--as", "m.rossi", "--lang", "en"], "only root names"),
        (vec!["agent", "add", "locale", "--lang", "en"], "root and the collector's own user"),
        (vec!["agent", "revoke", "locale"], "solo root e l'utente del collettore"),
        (vec!["verify"], ""), // The store itself is not theirs to open.
    ] {
        let output = as_another(place, GROUP, &arguments);
        assert!(
            !output.status.success() && text(&output).contains(words),
            "{arguments:?}: {}",
            text(&output)
        );
    }
    for arguments in [vec!["status"], vec!["outages"], vec!["reload", "--dry-run"]] {
        let output = as_another(place, GROUP, &arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    }
    for entry in fs::read_dir(place.state()).unwrap().flatten() {
        let (name, mode) = (entry.file_name(), entry.metadata().unwrap().permissions().mode() & 0o777);
        assert_eq!(mode, if name == "collector.sock" { 0o660 } else { 0o600 }, "{}", name.display());
    }
}

#[test]
fn an_outage_is_planned_annulled_forced_and_approved_and_the_journal_keeps_it_all() {
    let mut target = Target::opened();
    let mut place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    commitments: [{{kind: availability, above: 98%}}]\n    components:\n      \
         porta: {{name: Porta di rete, probe: tcp, targets: {{una: \"{}\"}}, every: 500ms, timeout: 400ms, attempts: 1}}",
        target.address(),
    ));
    let (id, start_ms, end_ms) = suffer(&place, &mut target);
    let (from, to) = (iso(start_ms), iso(end_ms));
    let down_ms = u64::try_from(end_ms - start_ms).unwrap();
    assert_eq!(place.service_year().figure.down_ms, down_ms);
    let window = ["--from", &from, "--to", &to];

    malformed_input_changes_nothing(&place, &id, window);

    // Planned afterwards: recorded, marked late, without effect.
    let late =
        done(&place, &[&["maintenance", "add", "rete"], &window[..], &["--note", "cambio router"]].concat());
    assert!(late.contains("TARDIVA") && late.contains("attenzione"), "{late}");
    assert!(!late.contains("Avviso"), "no notice of what is over: {late}");
    assert_eq!(place.service_year().figure.down_ms, down_ms);
    let told = done(&place, &["outages"]);
    assert!(told.contains(&id) && told.contains("manutenzione"), "{told}");
    planned_ahead(&place);

    // Whose fault it was.
    declared(&place, &["outages", "annotate", &id, "--cause", "third-party", "--note", "linea del gestore"]);
    assert!(done(&place, &["outages"]).contains("terzi: linea del gestore"));

    // Annulled: neither down nor up, but unobserved; and taken back.
    let annulment = declared(&place, &["annul", &id, "--note", "prova del gruppo"]);
    let figure = place.service_year().figure;
    assert_eq!(figure.down_ms, 0);
    assert!(figure.unknown_ms >= down_ms, "{figure:?}");
    assert!(place.service_year().outages.is_empty());
    let gaps: GapsAnswer =
        serde_json::from_str(&done(&place, &["gaps", "--at-least", "1s", "--json"])).unwrap();
    let gap = gaps.gaps.iter().find(|gap| gap.from_ms == start_ms).unwrap();
    assert_eq!((gap.to_ms, gap.causes[0].why, gap.causes[0].entry), (end_ms, Why::Annulled, Some(annulment)));
    assert!(done(&place, &["gaps", "--at-least", "1s"]).contains(&format!("vedetta revoke {annulment} ")));
    let revocation =
        declared(&place, &["revoke", &format!("#{annulment}"), "--note", "la misura era giusta"]);
    assert_eq!(place.service_year().figure.down_ms, down_ms);

    // Taken back by mistake: the revocation is revoked, and the annulment holds again; until it is revoked anew.
    let again = done(&place, &["revoke", &revocation.to_string(), "--note", "era quella sbagliata"]);
    assert!(again.contains(&format!("la voce #{annulment} torna ad avere effetto")), "{again}");
    assert_eq!(place.service_year().figure.down_ms, 0);
    refused(
        &place,
        &["revoke", &revocation.to_string(), "--note", "no, era giusta"],
        1,
        "già stata revocata",
    );
    declared(&place, &["revoke", &annulment.to_string(), "--note", "la misura era giusta"]);
    assert_eq!(place.service_year().figure.down_ms, down_ms);

    // Forced up: proposed, until another person approves it.
    let proof = ["--evidence", "registro del router, prot. 12", "--note", "la porta rispondeva"];
    let proposal = declared(&place, &[&["force", "up", "rete.porta"], &window[..], &proof].concat());
    let proposal = proposal.to_string();
    assert_eq!(place.service_year().figure.down_ms, down_ms, "nobody else stands for it");
    refused(&place, &["approve", &proposal, "--lang", "en"], 1, "another person must approve it");
    assert!(done(&place, &["maintenance", "list", "--all"]).contains("proposta"));
    if nix::unistd::Uid::effective().is_root() {
        another_approves(&mut place, &proposal);
        assert_eq!(place.service_year().figure.down_ms, 0);
        assert!(place.service_year().outages.is_empty());
    } else {
        skip("another person approves: only root can be a second one");
    }
    declared(&place, &["revoke", &proposal, "--note", "era un altro giorno"]);
    assert_eq!(place.service_year().figure.down_ms, down_ms);

    // All of it is there after a start, in order, each chained to the one before.
    let (before, listed) = (journal(&place), done(&place, &["maintenance", "list", "--all"]));
    place.take_collector().terminate();
    place.start_collector();
    assert_eq!(journal(&place), before);
    assert_eq!(done(&place, &["maintenance", "list", "--all"]), listed);
    assert_eq!(place.service_year().figure.down_ms, down_ms);
    assert!(before.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
    place.assert_verifies();
}

/// Planned ahead with a notice to paste; longer, then called off.
fn planned_ahead(place: &Place) {
    let note = ["--note", "aggiornamento", "--lang", "it"];
    let dry = ["maintenance", "add", "rete.porta", "--from", "domani 14:00", "--for", "6h", "--dry-run"];
    let before = journal(place);
    assert!(done(place, &[&dry[..], &note].concat()).contains("non è stato registrato nulla"));
    assert_eq!(journal(place), before, "a dry run writes nothing");
    let series = ["maintenance", "add", "rete.porta", "--from", "domani 14:00", "--for", "6h"];
    let now = Timestamp::from_millisecond(place.now().now_ms).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    let until = now.date().checked_add(jiff::Span::new().days(60)).unwrap().to_string();
    let every = ["--every", "every sat", "--until", &until];
    let told = done(place, &[&series[..], &every, &note].concat());
    for part in ["14:00 (+0", "Avviso di manutenzione programmata", "Porta di rete", "dalle 14:00 alle 20:00"]
    {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    let list: DeclaredAnswer =
        serde_json::from_str(&done(place, &["maintenance", "list", "--json"])).unwrap();
    let planned = list.declared.last().unwrap();
    let entry = planned.entry.to_string();
    let first = planned.windows[0];
    assert!(planned.windows.len() > 1);
    declared(place, &["maintenance", "extend", &entry, "--for", "90m"]);
    let list: DeclaredAnswer =
        serde_json::from_str(&done(place, &["maintenance", "list", "--json"])).unwrap();
    assert_eq!(list.declared.last().unwrap().windows[0].to_ms, first.to_ms + 90 * 60_000);
    refused(place, &["maintenance", "close", &entry, "--lang", "en"], 1, "no window of maintenance");
    declared(place, &["maintenance", "cancel", &entry, "--note", "rinviata"]);
    refused(place, &["maintenance", "cancel", &entry, "--lang", "en"], 1, "was called off");
    refused(place, &["maintenance", "extend", &entry, "--for", "1h"], 1, "disdetta");
}

/// Wrong words, wrong times, wrong entries: a sentence each, and a journal as before.
fn malformed_input_changes_nothing(place: &Place, id: &str, window: [&str; 4]) {
    let before = journal(place);
    let with = |head: &[&'static str], tail: &[&'static str]| -> Vec<String> {
        head.iter().chain(&window).chain(tail).map(ToString::to_string).collect()
    };
    let unknown = format!("{id}0");
    let plain = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<String>>();
    for (arguments, code, words) in [
        (with(&["maintenance", "add", "rate"], &["--note", "prova"]), 1, "`rete`"),
        (with(&["maintenance", "add", "site:altrove"], &["--note", "prova"]), 1, "`site:ced`"),
        (with(&["maintenance", "add", "rete"], &["--note", " "]), 1, "--note"),
        (with(&["maintenance", "add", "rete"], &[]), 2, "--note"),
        (
            plain(&["maintenance", "add", "rete", "--from", "lunatico", "--for", "1h", "--note", "prova"]),
            1,
            "non è un orario",
        ),
        (
            plain(&[
                "maintenance",
                "add",
                "rete",
                "--from",
                "sabato 14:00",
                "--for",
                "1x",
                "--note",
                "prova",
            ]),
            1,
            "non è una durata",
        ),
        (plain(&["maintenance", "add", "rete", "--from", "sabato 14:00", "--note", "prova"]), 2, "--to"),
        (
            plain(&[
                "maintenance",
                "add",
                "rete",
                "--from",
                "2099-01-01 10:00",
                "--for",
                "1h",
                "--note",
                "prova",
            ]),
            1,
            "400 giorni",
        ),
        (plain(&["maintenance", "cancel", "99"]), 1, "non ha la voce #99"),
        (plain(&["maintenance", "cancel", "1"]), 1, "non è una dichiarazione"),
        (plain(&["maintenance", "cancel", "uno"]), 2, "number in the journal"),
        (plain(&["annul", &unknown, "--note", "prova"]), 1, id),
        (plain(&["annul", "rete", "--note", "prova"]), 1, "--from"),
        (
            plain(&["annul", "rete", "--from", "adesso", "--for", "1h", "--note", "prova"]),
            1,
            "deve ancora venire",
        ),
        (with(&["annul", id_of_nothing()], &["--note", "prova"]), 1, "ha già ambito e orario"),
        (with(&["force", "up", "rete"], &["--note", "prova"]), 2, "--evidence"),
        (with(&["force", "up", "rete"], &["--note", "prova", "--evidence", "-"]), 1, "--evidence"),
        (with(&["force", "sideways", "rete"], &["--note", "prova", "--evidence", "prot. 1"]), 2, "sideways"),
        (plain(&["approve", "1"]), 1, "non è una dichiarazione"),
        (plain(&["revoke", "12", "--note", "prova"]), 1, "non ha la voce #12"),
        (plain(&["outages", "annotate", id, "--cause", "gremlins", "--note", "prova"]), 2, "third-party"),
        (plain(&["outages", "annotate", &unknown, "--cause", "power", "--note", "prova"]), 1, id),
        (plain(&["gaps", "--from", "adesso", "--to", "2020-01-01 10:00"]), 1, "vuoto"),
        (plain(&["gaps", "rate"]), 1, "i servizi sono: rete"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        refused(place, &arguments, code, words);
    }
    assert_eq!(journal(place), before);
}

fn id_of_nothing() -> &'static str {
    "rete-2026-11-23T08:10:00Z"
}
