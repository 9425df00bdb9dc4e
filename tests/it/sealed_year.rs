//! A year that is over: told as it was known at an instant, sealed, revised after what came late, and computed again
//! by `verify`. Whatever comes in between, the same instant has the same bytes.

use std::ops::Range;

use collector::operator::SealAnswer;
use collector::publish::api::Year;
use collector_api::{Reason, Record, Verdict};
use harness::place::get;
use harness::{Feeder, Place};
use jiff::Timestamp;

const CHARTER: &str = "\
organisation: {name: Comune di Esempio}
sites: {ced: {agents: [ced1], users: [uffici]}}
services:
  rete:
    users: [uffici]
    commitments: [{kind: availability, above: 98%}]
    components:
      porta: {probe: tcp, targets: {una: \"192.0.2.1:443\"}}
";
const CHECK: &str = "rete.porta.una";
/// 2025-01-01 00:00 in Rome.
const START_MS: i64 = 1_735_686_000_000;
const EVERY_MS: i64 = 20 * 60_000;
const SLOTS_A_DAY: i64 = 72;

#[test]
fn a_year_is_told_as_it_was_known_sealed_revised_and_verified() {
    let place = Place::of_charter(CHARTER, &[]);
    let mut feeder = Feeder::enrolled(&place.line_for("ced1"), 9);
    let every_ms = EVERY_MS.unsigned_abs();
    feeder.open(START_MS, &[(CHECK.to_owned(), every_ms, every_ms * 5 / 2)]);
    tell(&mut feeder, 0..180, Verdict::Up);
    feeder.deliver();
    let then = Timestamp::from_millisecond(year(&place).as_of_ms).unwrap().to_string();
    let known_then = known(&place, Some(&then));

    // Half a year arrives late, with a day on which nothing worked.
    tell(&mut feeder, 180..200, Verdict::Up);
    tell(&mut feeder, 200..201, Verdict::Down);
    tell(&mut feeder, 201..350, Verdict::Up);
    feeder.deliver();
    assert_eq!(known(&place, Some(&then)), known_then, "late data tell nothing of what was known");
    assert_eq!(year(&place).services[0].figure.down_ms, 86_400_000);
    assert_ne!(known(&place, None), known_then);

    let first = seal(&place, &[]);
    assert_eq!((first.manifest.revision, first.figures.services[0].figure.down_ms), (1, 86_400_000));
    let refused = place.collector_command(&["seal", "2025", "--lang", "en"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is sealed already"), "{refused:?}");

    // The spool had the end of the year as well.
    tell(&mut feeder, 350..360, Verdict::Up);
    tell(&mut feeder, 360..361, Verdict::Down);
    tell(&mut feeder, 361..366, Verdict::Up);
    feeder.deliver();
    let shown = year(&place);
    assert_eq!(shown.services[0].figure, first.figures.services[0].figure, "shown as it was sealed");
    assert!(shown.sealed.unwrap().changes > 0, "and says that more is known");
    let second = seal(&place, &["--revise"]);
    assert_eq!((second.manifest.revision, second.figures.services[0].figure.down_ms), (2, 2 * 86_400_000));
    assert!(second.differences.iter().any(|line| line.starts_with("rete: ")), "{:#?}", second.differences);
    assert_eq!(year(&place).services[0].figure, second.figures.services[0].figure);
    assert_eq!(known(&place, Some(&then)), known_then, "no seal changes it either");
    place.assert_verifies();
}

/// Whole days of samples with one verdict.
fn tell(feeder: &mut Feeder, days: Range<i64>, verdict: Verdict) {
    let reason = if verdict == Verdict::Down { Reason::ConnectRefused } else { Reason::None };
    for day in days {
        let records = (0..SLOTS_A_DAY).map(|slot| Record {
            check_plus_1: 1,
            slot_delta_ms: if slot == 0 { 0 } else { EVERY_MS },
            outcome: Record::outcome_of(verdict, reason),
            ..Record::default()
        });
        feeder.push(START_MS + day * SLOTS_A_DAY * EVERY_MS, records.collect());
    }
}

fn year(place: &Place) -> Year {
    serde_json::from_str(&get(place.listening().web, "/api/v1/years/2025")).unwrap()
}

/// What the commands say of the year, as of an instant if one is given.
fn known(place: &Place, as_of: Option<&str>) -> String {
    let commands: [&[&str]; 4] = [
        &["explain", "rete", "--year", "2025", "--all"],
        &["outages", "--year", "2025", "--json"],
        &["gaps", "--year", "2025", "--json"],
        &["maintenance", "list", "--all", "--json"],
    ];
    let mut said = String::new();
    for command in commands {
        let as_of = as_of.map(|as_of| ["--as-of", as_of]);
        let arguments: Vec<&str> = command.iter().copied().chain(as_of.into_iter().flatten()).collect();
        said += &done(place, &arguments);
    }
    said
}

fn seal(place: &Place, how: &[&str]) -> SealAnswer {
    let arguments: Vec<&str> = ["seal", "2025", "--json"].into_iter().chain(how.iter().copied()).collect();
    serde_json::from_str(&done(place, &arguments)).unwrap()
}

#[track_caller]
fn done(place: &Place, arguments: &[&str]) -> String {
    let output = place.collector_command(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
