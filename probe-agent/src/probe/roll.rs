//! Keys that roll over: what a peer publishes is remembered, so that a change shows.
//!
//! Most samples have no evidence, and a change is not a failure; so the last change is told from then on, as
//! long as the agent runs, and stands in the next hour's evidence whatever the sample that met it said.

use std::sync::{Mutex, PoisonError};

/// Of a change, in a text.
const TOLD_MAX: usize = 3;

/// What one peer publishes.
#[derive(Debug, Default)]
pub(super) struct Roll(Mutex<Option<Seen>>);

#[derive(Debug)]
struct Seen {
    names: Vec<String>,
    changed: Option<String>,
}

impl Roll {
    /// Sees the names that are published now, in any order; tells the last change that was seen:
    /// `2027-03-01T08:00:00Z: +new -old`. A name said twice is one.
    pub(super) fn see(&self, mut names: Vec<String>, now_ms: i64) -> Option<String> {
        names.sort_unstable();
        names.dedup();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = seen.as_mut() else {
            *seen = Some(Seen { names, changed: None });
            return None;
        };
        if before.names != names {
            let new = names.iter().filter(|name| !before.names.contains(name)).map(|name| format!("+{name}"));
            let gone =
                before.names.iter().filter(|name| !names.contains(name)).map(|name| format!("-{name}"));
            let told: Vec<String> = new.chain(gone).collect();
            let more = if told.len() > TOLD_MAX { " and more" } else { "" };
            let told = told[..told.len().min(TOLD_MAX)].join(" ");
            let at = jiff::Timestamp::from_second(now_ms.div_euclid(1_000)).unwrap_or_default();
            before.changed = Some(format!("{at}: {told}{more}"));
            before.names = names;
        }
        before.changed.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_change_is_told_from_then_on() {
        let roll = Roll::default();
        let march_ms = 1_803_888_000_000;
        assert_eq!(roll.see(names(&["a", "b"]), 0), None, "the first sight is no change");
        assert_eq!(roll.see(names(&["b", "a", "a"]), 0), None, "nor is another order");
        let told = Some("2027-03-01T08:00:00Z: +c -a".to_owned());
        assert_eq!(roll.see(names(&["c", "b"]), march_ms), told);
        assert_eq!(roll.see(names(&["c", "b"]), march_ms + 3_600_000), told);
        let told = Some("2027-03-01T09:00:00Z: +d +e +f and more".to_owned());
        assert_eq!(roll.see(names(&["d", "e", "f", "g"]), march_ms + 3_600_000), told);
    }
}
