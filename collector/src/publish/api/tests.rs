use super::*;
use crate::publish::example;

/// The reference form as released: a field that changes its name or meaning is another API.
#[test]
fn the_year_is_the_golden_file() {
    let year = Year::of(&example::moment());
    let golden = include_str!("golden-year.json");
    let read: Year = serde_json::from_str(golden).expect("an older answer still reads");
    assert_eq!(read, year);
    assert_eq!(serde_json::to_string_pretty(&year).unwrap() + "\n", golden);
}

#[test]
fn the_integers_sum_to_the_year() {
    let year = Year::of(&example::moment());
    for service in &year.services {
        let Figure { up_ms, down_ms, unknown_ms, out_of_scope_ms, future_ms, .. } = service.figure;
        let sum = up_ms + down_ms + unknown_ms + out_of_scope_ms + future_ms;
        assert_eq!(sum, year.end_ms.abs_diff(year.start_ms));
    }
}

#[test]
fn an_outage_names_its_causes() {
    let year = Year::of(&example::moment());
    let intranet = &year.services[3];
    assert_eq!(intranet.outages.len(), 1);
    let outage = &intranet.outages[0];
    assert!(outage.ongoing && outage.end_ms == year.as_of_ms);
    assert_eq!(outage.causes.len(), 2);
    assert_eq!(outage.causes[0].reason, "connect.refused");
    let now = Now::of(&example::moment());
    assert_eq!(now.services[3].outage_since_ms, Some(outage.start_ms));
    assert_eq!(now.services[0].outage_since_ms, None);
}
