//! Eras: the stretches of a period under one charter, each judged by its own (piecewise).
//!
//! A closed past keeps the tree it was measured under. Confirmation is the exception: it looks at the whole
//! series, with the rules then in force, because a streak does not end where a charter changes.

use std::borrow::Cow;

use config::Charter;

/// A stretch of time and the charter in force in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Era<'a> {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) charter: &'a Charter,
}

impl<'a> Era<'a> {
    /// Cuts `[from_ms, to_ms)` where a revision comes into force that judges otherwise than the one
    /// before; the first revision judges all time before it. At least one era if there is a revision.
    pub(crate) fn cut(history: &'a [(i64, Cow<'_, Charter>)], from_ms: i64, to_ms: i64) -> Vec<Self> {
        let mut eras: Vec<Self> = Vec::new();
        for (index, (valid_from_ms, charter)) in history.iter().enumerate() {
            let charter = charter.as_ref();
            let start_ms = if index == 0 { from_ms } else { *valid_from_ms };
            match eras.last_mut() {
                Some(last) if start_ms <= last.from_ms => last.charter = charter,
                Some(_) if start_ms >= to_ms => {}
                Some(last) if alike(last.charter, charter) => last.charter = charter,
                _ => eras.push(Self { from_ms: start_ms, to_ms, charter }),
            }
        }
        for index in 1..eras.len() {
            eras[index - 1].to_ms = eras[index].from_ms;
        }
        eras
    }
}

/// Do two charters judge alike? Canaries and names of acts do not judge.
fn alike(a: &Charter, b: &Charter) -> bool {
    (&a.rules, &a.sites, &a.services, &a.calendars) == (&b.rules, &b.sites, &b.services, &b.calendars)
}
