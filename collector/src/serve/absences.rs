//! When the collector may be away: planned work on everything, told with every answer, so that agents who watch over it
//! do not mail of a restart that was announced.
//!
//! It rides on the answer to every batch, so what the journal says is read again only when an entry was made.

use std::sync::{Arc, Mutex, PoisonError};

use collector_api::{PlannedWindow, limits};
use collector_derive::{Corrections, Declared, Scope};

/// What followed from the entries that were looked at last.
#[derive(Debug, Default)]
pub(super) struct Absences(Mutex<(Arc<Vec<Declared>>, Vec<PlannedWindow>)>);

impl Absences {
    /// Those that are not over at `now_ms`, by their beginning. `declared` is the journal's, replaced with each entry.
    pub(super) fn ahead(&self, declared: &Arc<Vec<Declared>>, now_ms: i64) -> Vec<PlannedWindow> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&seen.0, declared) {
            *seen = (Arc::clone(declared), of_everything(declared));
        }
        seen.1.iter().filter(|window| window.to_ms > now_ms).take(limits::PLANNED_MAX).copied().collect()
    }
}

/// Work on all services: whoever plans that of one does not mean the collector.
fn of_everything(declared: &[Declared]) -> Vec<PlannedWindow> {
    let corrections = Corrections::of(declared, i64::MAX);
    let whole = corrections.planned.iter().filter(|planned| planned.scope.contains(&Scope::All));
    let mut windows: Vec<PlannedWindow> = whole
        .map(|planned| PlannedWindow { from_ms: planned.window.from_ms, to_ms: planned.window.to_ms })
        .collect();
    windows.sort_by_key(|window| (window.from_ms, window.to_ms));
    windows.dedup();
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use collector_derive::{Declaration, Window};

    fn maintenance(entry: u64, scope: Scope, from_ms: i64, to_ms: i64) -> Declared {
        let windows = vec![Window { from_ms, to_ms }];
        let declaration = Declaration::Maintenance { scope: vec![scope], windows, note: String::new() };
        Declared { entry, at_ms: 0, author: "mario".to_owned(), uid: None, declaration }
    }

    #[test]
    fn only_work_on_everything_and_only_what_is_not_over() {
        let service = Scope::Path("wifi".to_owned());
        let declared = Arc::new(vec![
            maintenance(1, Scope::All, 5_000, 6_000),
            maintenance(2, service, 1_000, 9_000),
            maintenance(3, Scope::All, 1_000, 2_000),
        ]);
        let absences = Absences::default();
        let told = |now_ms| -> Vec<i64> {
            absences.ahead(&declared, now_ms).iter().map(|window| window.from_ms).collect()
        };
        assert_eq!(
            (told(0), told(1_999), told(2_000), told(6_000)),
            (vec![1_000, 5_000], vec![1_000, 5_000], vec![5_000], vec![])
        );
        let none = Arc::new(Vec::new());
        assert_eq!(absences.ahead(&none, 0), [], "another journal");
        let many: Vec<Declared> =
            (1..=20).map(|n| maintenance(n, Scope::All, i64::try_from(n).unwrap(), 9_000)).collect();
        assert_eq!(absences.ahead(&Arc::new(many), 0).len(), limits::PLANNED_MAX);
    }
}
