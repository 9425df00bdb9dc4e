//! What people need to read a dashboard at a glance, in black and white, and without being misled.

use std::collections::BTreeSet;

use harness::dashboards::{Dashboard, selectors, shipped, targets, text};
use serde_json::Value;

/// Grafana's grid.
const COLUMNS: u64 = 24;
/// Each tells a state without its colour.
const SHAPES: [char; 8] = ['●', '◐', '■', '◇', '○', '★', '▼', '?'];
/// Shares that are cut, never rounded up: 97.999 % is not 98 %.
const SHARES: [&str; 10] = [
    "vedetta_availability_ratio",
    "vedetta_availability_lower_bound_ratio",
    "vedetta_availability_upper_bound_ratio",
    "vedetta_availability_coverage_ratio",
    "vedetta_availability_net_ratio",
    "vedetta_availability_best_case_ratio",
    "vedetta_component_availability_ratio",
    "vedetta_commitment_availability_ratio",
    "vedetta_area_availability_ratio",
    "vedetta_service_availability_current_ratio",
];

#[test]
fn each_has_its_place_its_name_and_its_version() {
    let boards = Dashboard::all();
    let files: Vec<&str> = boards.iter().map(|board| board.file.as_str()).collect();
    assert_eq!(files, ["impegni", "oggi", "presa-in-carico", "servizio", "sonde", "wifi"]);
    for board in &boards {
        // Links and bookmarks live on it.
        assert_eq!(text(&board.json["uid"]), format!("vedetta-{}", board.file));
        // Of Grafana 11: newer ones read it and know what changed since, older ones ignore what is new.
        assert_eq!(board.json["schemaVersion"], 39);
        assert_eq!(board.json["timezone"], "Europe/Rome", "the charter's days");
        assert_eq!(board.json["tags"], serde_json::json!(["vedetta"]), "they find each other by it");
        let ids: BTreeSet<u64> = board.panels().iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        let titles: BTreeSet<&str> = board.panels().iter().map(|panel| text(&panel["title"])).collect();
        assert_eq!((ids.len(), titles.len()), (board.panels().len(), board.panels().len()), "{}", board.file);
    }
}

#[test]
fn panels_lie_beside_each_other() {
    for board in Dashboard::all() {
        let mut taken: BTreeSet<(u64, u64)> = BTreeSet::new();
        for panel in board.panels() {
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
            assert!(w > 0 && h > 0 && x + w <= COLUMNS, "{}: {}", board.file, panel["title"]);
            for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(cell), "{}: {} lies on another panel", board.file, panel["title"]);
            }
        }
        // Grafana moves panels up into gaps: what is written is what is seen.
        let bottom = taken.iter().map(|(_, y)| y + 1).max().unwrap();
        assert_eq!(taken.len() as u64, COLUMNS * bottom, "{}: there are gaps", board.file);
    }
}

#[test]
fn a_colour_never_speaks_alone() {
    for board in Dashboard::all() {
        for panel in board.panels() {
            for result in results(&panel["fieldConfig"]) {
                let (words, colour) = (text(&result["text"]), text(&result["color"]));
                assert!(words.chars().any(char::is_alphabetic), "{}: {result}", panel["title"]);
                let shaped = words.starts_with(SHAPES) && words.chars().nth(1) == Some(' ');
                assert!(shaped || colour == "text" || words == "mai", "{}: {result}", panel["title"]);
            }
        }
    }
}

/// Every text that a mapping puts in a value's place.
fn results(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(map) if map.contains_key("text") && map.contains_key("color") => vec![value],
        Value::Object(map) => map.values().flat_map(results).collect(),
        Value::Array(list) => list.iter().flat_map(results).collect(),
        _ => Vec::new(),
    }
}

/// The promise is a metric: a number written here would stay what it is when the charter changes.
#[test]
fn no_target_is_written_as_a_number() {
    let charter = config::load(&shipped("config/examples/senigallia.yaml")).unwrap().vedetta.charter;
    let percent = |fraction: config::Fraction| (fraction.p * 100 / fraction.q).to_string();
    let promised: Vec<String> =
        charter.services.iter().filter_map(|service| Some(percent(service.availability()?.target))).collect();
    assert_eq!(promised, ["98", "85", "98"]);
    // What a threshold at a share may be: the rules' own bounds, of which only this one can be configured.
    assert_eq!(percent(charter.rules.coverage_min), "99");
    for board in Dashboard::all() {
        for panel in board.panels() {
            let steps = thresholds(&panel["fieldConfig"]);
            let steps: Vec<String> =
                steps.iter().filter_map(|step| Some(step["value"].as_f64()?.to_string())).collect();
            for step in &steps {
                assert!(!promised.contains(step), "{}: threshold at {step}", panel["title"]);
            }
            let is_margin = text(&panel["title"]).starts_with("Margine");
            assert!(!is_margin || steps.contains(&"0".to_owned()), "{}: not at the target", panel["title"]);
        }
    }
}

fn thresholds(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(map) if map.contains_key("steps") => {
            value["steps"].as_array().unwrap().iter().collect()
        }
        Value::Object(map) => map.values().flat_map(thresholds).collect(),
        Value::Array(list) => list.iter().flat_map(thresholds).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn shares_are_cut_and_never_rounded_up() {
    for query in Dashboard::all().iter().flat_map(Dashboard::queries) {
        let shown = selectors(&query.expression)
            .iter()
            .any(|(_, selector)| SHARES.contains(&selector.split('{').next().unwrap()));
        let cut = query.expression.contains("floor(10000 * (") || query.expression.contains("ceil(10000 * (");
        assert!(!shown || cut, "{}: {}", query.of, query.expression);
    }
}

/// Series of one thing seen by two scrapers, or before and after a move, are one line.
#[test]
fn no_query_shows_raw_series_and_lists_are_of_now() {
    for board in Dashboard::all() {
        for panel in board.panels() {
            let listed = ["table", "stat", "bargauge"].contains(&text(&panel["type"]));
            for target in targets(panel) {
                let expression = text(&target["expr"]);
                let gathers =
                    ["max by (", "min by (", "sum by (", "count by (", "avg by (", "max(", "min(", "sum("];
                assert!(gathers.iter().any(|one| expression.contains(one)), "{expression}");
                assert_eq!(target["instant"] == true, listed, "{}: {expression}", panel["title"]);
                assert_eq!(target["range"] == true, !listed, "{}: {expression}", panel["title"]);
                let Some(why) = target.get("mayBeEmpty") else { continue };
                assert!(text(why).len() > 10, "{}: why may it be empty?", panel["title"]);
                assert!(!text(&panel["fieldConfig"]["defaults"]["noValue"]).is_empty(), "{}", panel["title"]);
            }
        }
    }
}

/// The list of what whoever comes at eight must see.
#[test]
fn today_has_what_cannot_wait() {
    let boards = Dashboard::all();
    let today = boards.iter().find(|board| board.file == "oggi").unwrap();
    let titles: Vec<&str> = today.panels().iter().map(|panel| text(&panel["title"])).collect();
    for title in [
        "Incidenti aperti, con motivo e luogo",
        "Manutenzioni",
        "Ultime 24 ore, riga per riga",
        "Certificati, per scadenza",
        "Lavori (heartbeat), per scadenza",
        "Sonde silenziose",
        "Access point giù, dal più lungo",
        "Fermo ammesso: com'è cambiato in 7 giorni",
        "Controlli con un problema, e da dove",
    ] {
        assert!(titles.contains(&title), "{title}");
    }
    assert_eq!(today.json["time"], serde_json::json!({"from": "now-24h", "to": "now"}));
    let requests = boards.iter().find(|board| board.file == "presa-in-carico").unwrap();
    assert!(
        text(&requests.panels()[0]["options"]["content"]).contains("Nessuna richiesta è ancora importata")
    );
}
