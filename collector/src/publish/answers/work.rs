//! Planned work that goes on, or begins soon: for who is on call and for who wonders why something stands still.
//!
//! Told whatever the charter's rule makes of stops meanwhile: where they count, nothing else on the page would
//! say that somebody is at work.

use std::collections::BTreeMap;

use collector_derive::{Declaration, Scope};
use config::Service;

use crate::publish::api::Work;
use crate::publish::moment::Moment;

/// How long before it begins planned work is told, ms: a week, as most are announced.
const AHEAD_MS: i64 = 7 * 86_400_000;

/// The nearest first. Pieces of one entry that touch (a window that was extended) are one.
pub(super) fn work(moment: &Moment) -> Vec<Work> {
    let now_ms = moment.now_ms;
    let mut windows: BTreeMap<u64, Vec<(i64, i64)>> = BTreeMap::new();
    for planned in &moment.corrections.planned {
        windows.entry(planned.entry).or_default().push((planned.window.from_ms, planned.window.to_ms));
    }
    let mut works = Vec::new();
    for declared in moment.declared.iter() {
        let Declaration::Maintenance { scope, note, .. } = &declared.declaration else { continue };
        let held = windows.remove(&declared.entry).unwrap_or_default();
        for (from_ms, to_ms) in joined(held) {
            if to_ms <= now_ms || from_ms > now_ms.saturating_add(AHEAD_MS) {
                continue;
            }
            let services = moment.charter.services.iter().filter(|service| touches(scope, service));
            works.push(Work {
                entry: declared.entry,
                running: from_ms <= now_ms,
                from_ms,
                to_ms,
                scope: scope.iter().map(ToString::to_string).collect(),
                services: services.map(|service| service.id.to_string()).collect(),
                note: note.clone(),
            });
        }
    }
    works.sort_by_key(|work| (work.from_ms, work.to_ms, work.entry));
    works
}

fn joined(mut windows: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    windows.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from_ms, to_ms) in windows {
        match joined.last_mut() {
            Some((_, end_ms)) if from_ms <= *end_ms => *end_ms = to_ms.max(*end_ms),
            _ => joined.push((from_ms, to_ms)),
        }
    }
    joined
}

/// Does it stop anything of the service?
fn touches(scope: &[Scope], service: &Service) -> bool {
    scope.iter().any(|scope| match scope {
        Scope::Site(site) => service.checks().any(|check| check.from.contains(site)),
        scope => service.checks().any(|check| scope.covers(check.id.as_str())),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use collector_derive::{Corrections, Declared, Window};

    use super::*;
    use crate::publish::api::Now;
    use crate::publish::example;

    const HOUR_MS: i64 = 3_600_000;

    fn planned(entry: u64, scope: &str, from_h: i64, to_h: i64) -> Declared {
        let at = |hours: i64| example::NOW_MS + hours * HOUR_MS;
        declared(
            entry,
            Declaration::Maintenance {
                scope: vec![Scope::parse(scope).unwrap()],
                windows: vec![Window::new(at(from_h), at(to_h)).unwrap()],
                note: format!("lavoro {entry}"),
            },
        )
    }

    fn declared(entry: u64, declaration: Declaration) -> Declared {
        let at_ms = example::NOW_MS - 1_000 * HOUR_MS + i64::try_from(entry).unwrap();
        Declared { entry, at_ms, author: "mrossi".to_owned(), uid: None, declaration }
    }

    fn moment(entries: Vec<Declared>) -> Moment {
        let mut moment = example::moment();
        moment.corrections = Corrections::of(&entries, moment.now_ms);
        moment.declared = Arc::new(entries);
        moment
    }

    #[test]
    fn what_goes_on_and_what_begins_within_a_week_is_told() {
        let extended =
            Declaration::Extended { entry: 3, to_ms: example::NOW_MS + 3 * HOUR_MS, note: String::new() };
        let revoked = Declaration::Revoked { entry: 5, note: String::new() };
        let moment = moment(vec![
            planned(1, "*", -4, -2),
            planned(2, "*", 24 * 6, 24 * 6 + 2),
            planned(3, "intranet.posta", -1, 1),
            planned(4, "*", 24 * 8, 24 * 8 + 2),
            planned(5, "*", -1, 1),
            declared(6, extended),
            declared(7, revoked),
        ]);
        let now = Now::of(&moment);
        let told: Vec<_> =
            now.maintenance.iter().map(|work| (work.entry, work.running, work.to_ms)).collect();
        let end = |hours: i64| example::NOW_MS + hours * HOUR_MS;
        assert_eq!(told, [(3, true, end(3)), (2, false, end(24 * 6 + 2))]);
        assert_eq!(now.maintenance[0].services, ["intranet"]);
        assert_eq!(now.maintenance[0].scope, ["intranet.posta"]);
        assert_eq!(now.maintenance[0].note, "lavoro 3");
        assert!(now.maintenance[1].services.len() > 1, "{:?}", now.maintenance[1]);
        assert_eq!(Now::of(&example::moment()).maintenance, []);
    }
}
