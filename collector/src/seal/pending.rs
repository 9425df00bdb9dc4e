//! What was declared about a closed year since it was closed: it shows with the year's next revision, and not before.

use std::collections::BTreeMap;

use collector_derive::{Declaration, Declared, Period, Window};

use super::Seal;

/// The entry that closed each year last.
pub fn closed(seals: &[Seal]) -> BTreeMap<i16, u64> {
    seals.iter().map(|seal| (seal.manifest.year, seal.entry)).collect()
}

/// Entries since a year was closed that are about its time, by year.
pub fn pending(declared: &[Declared], closed: &BTreeMap<i16, u64>) -> BTreeMap<i16, Vec<u64>> {
    let mut pending: BTreeMap<i16, Vec<u64>> = BTreeMap::new();
    for entry in declared {
        for year in closed_years(declared, entry, closed) {
            pending.entry(year).or_default().push(entry.entry);
        }
    }
    pending
}

/// The closed years that an entry, written after they were closed, is about.
pub fn closed_years(declared: &[Declared], entry: &Declared, closed: &BTreeMap<i16, u64>) -> Vec<i16> {
    let windows = windows_of(declared, entry);
    let is_about = |year: i16| {
        let period = Period::civil_year(year);
        windows.iter().any(|window| window.from_ms < period.end_ms() && period.start_ms() < window.to_ms)
    };
    let later = closed.iter().filter(|(_, seal)| **seal < entry.entry);
    later.map(|(year, _)| *year).filter(|year| is_about(*year)).collect()
}

/// The time that an entry is about; of one about another entry, that one's.
fn windows_of(declared: &[Declared], entry: &Declared) -> Vec<Window> {
    let named = |number: u64| {
        let earlier = declared.iter().find(|other| other.entry == number && number < entry.entry);
        earlier.map_or_else(Vec::new, |other| windows_of(declared, other))
    };
    match &entry.declaration {
        Declaration::Maintenance { windows, .. } => windows.clone(),
        Declaration::Annulled { window, .. } | Declaration::Forced { window, .. } => vec![*window],
        Declaration::Annotated { window, .. } => window.iter().copied().collect(),
        Declaration::Extended { entry, to_ms, .. } => {
            let added = Window { from_ms: to_ms.saturating_sub(1), to_ms: *to_ms };
            named(*entry).into_iter().chain([added]).collect()
        }
        Declaration::Closed { entry, .. }
        | Declaration::Cancelled { entry, .. }
        | Declaration::Approved { entry }
        | Declaration::Revoked { entry, .. } => named(*entry),
    }
}

#[cfg(test)]
mod tests {
    use collector_derive::{Cause, Scope};

    use super::*;

    #[test]
    fn what_is_said_of_a_closed_year_waits_for_its_next_revision() {
        let (start_ms, end_ms) = (Period::civil_year(2026).start_ms(), Period::civil_year(2026).end_ms());
        let window = |from_ms| Window { from_ms, to_ms: from_ms + 1_000 };
        let annul = |from_ms| Declaration::Annulled {
            outage: None,
            scope: vec![Scope::All],
            window: window(from_ms),
            note: String::new(),
        };
        let annotated = |from_ms| Declaration::Annotated {
            outage: "web-2026".to_owned(),
            service: None,
            window: Some(window(from_ms)),
            cause: Cause::Power,
            note: String::new(),
        };
        let revoked = |entry| Declaration::Revoked { entry, note: String::new() };
        let work = Declaration::Maintenance {
            scope: vec![Scope::All],
            windows: vec![window(start_ms - 9_000)],
            note: String::new(),
        };
        let extended = |to_ms| Declaration::Extended { entry: 2, to_ms, note: String::new() };
        let declared: Vec<Declared> = [
            annul(start_ms),
            work,
            // From here on the year is closed.
            annotated(end_ms - 1),
            annotated(end_ms),
            revoked(1),
            revoked(5),
            revoked(4),
            extended(start_ms),
            extended(start_ms + 1),
        ]
        .into_iter()
        .zip(1..)
        .map(|(declaration, entry)| {
            // The seal itself is entry 30.
            let entry = if entry > 2 { entry + 30 } else { entry };
            let declaration = match declaration {
                Declaration::Revoked { entry, note } if entry > 2 => {
                    Declaration::Revoked { entry: entry + 30, note }
                }
                other => other,
            };
            Declared { entry, at_ms: end_ms, author: "anna".to_owned(), uid: None, declaration }
        })
        .collect();
        let waiting = pending(&declared, &BTreeMap::from([(2026, 30)]));
        assert_eq!(waiting, BTreeMap::from([(2026, vec![33, 35, 36, 39])]));
        assert_eq!(pending(&declared, &BTreeMap::from([(2026, 39)])), BTreeMap::new());
        assert_eq!(pending(&declared, &BTreeMap::new()), BTreeMap::new());
    }
}
