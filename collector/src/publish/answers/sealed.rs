//! A closed year is shown as it was told; what came since is told beside it.

use serde_json::Value;

use crate::publish::api::{Sealed, Year};
use crate::publish::moment::{Moment, SealedFacts};
use crate::seal::differences;

impl Year {
    /// The moment's period: as it was sealed, if it was; else as it is known.
    pub fn told(moment: &Moment) -> Self {
        let Some(SealedFacts { seal, year, changes }) = &moment.sealed else { return Self::of(moment) };
        let mut told = year.as_deref().cloned().unwrap_or_else(|| Self::of(moment));
        told.provisional = false;
        told.sealed = Some(Sealed {
            revision: seal.manifest.revision,
            at_ms: seal.at_ms,
            manifest: seal.sha256.clone(),
            author: seal.author.clone(),
            entry: seal.entry,
            changes: *changes,
        });
        told
    }
}

/// How many figures would be told otherwise now. What is told only when asked for is not compared.
pub(crate) fn changes(sealed: &Year, now: &Moment) -> u64 {
    let json = |year: &Year| serde_json::to_value(year).unwrap_or(Value::Null);
    let found = differences(&json(sealed), &json(&Year::of(now)), true);
    let on_request =
        |name: &String| ["outages", "unobserved", "sampling", "ceiling", "readings"].contains(&name.as_str());
    found.iter().filter(|difference| !difference.path.iter().any(on_request)).count() as u64
}
