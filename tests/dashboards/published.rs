//! The files against the types that Grafana publishes of its dashboards (npm's `@grafana/schema`, which `tests/run`
//! installs below `target/`): what the types do not know is refused, in the oldest release that is promised and in
//! the newest.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use harness::binaries::{installed, skip, unpacked};
use harness::dashboards::{Dashboard, shipped};

/// What the check says of these files; `None` when it cannot run.
fn checked(files: &[PathBuf]) -> Option<Output> {
    let packages = unpacked("grafana");
    if !packages.join("node_modules/typescript").exists() {
        skip("npm's @grafana/schema is not installed (tests/run does that)");
        return None;
    }
    let check = shipped("tests/harness/grafana/check.mjs");
    Some(Command::new(installed("node")?).arg(check).arg(packages).args(files).output().unwrap())
}

#[test]
fn the_published_types_know_all_of_it() {
    let Some(output) = checked(&Dashboard::paths()) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn what_they_do_not_know_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = fs::read_to_string(shipped("deploy/grafana/dashboards/oggi.json")).unwrap();
    let mistakes = [
        ("\"editable\": false", "\"editabel\": false"),
        ("\"type\": \"stat\"", "\"type\": \"stats\""),
        ("\"colorMode\": \"value\"", "\"colorMode\": \"loud\""),
        ("\"mode\": \"absolute\"", "\"mode\": \"absolut\""),
    ];
    let files = mistakes.iter().enumerate().map(|(place, (right, wrong))| {
        let file = folder.path().join(format!("{place}.json"));
        assert!(good.contains(right), "{right}");
        fs::write(&file, good.replacen(right, wrong, 1)).unwrap();
        file
    });
    let Some(output) = checked(&files.collect::<Vec<_>>()) else { return };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    for place in 0..mistakes.len() {
        assert!(said.contains(&format!("{place}.json (newest release)")), "{place}: {said}");
    }
}
