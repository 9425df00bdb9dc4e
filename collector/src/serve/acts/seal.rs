//! Closing a year: its figures as they are known now, its manifest into the journal, its answer beside it.

use std::sync::Arc;

use serde_json::Value;
use tracing::info;

use super::{ActError, Acts};
use crate::ingest::Ingest;
use crate::journal::Act;
use crate::operator::{SealAnswer, SealQuestion};
use crate::publish::{Lang, Reader};
use crate::seal::{Closing, Difference, Refusal, Seal, SealError, close, differences, newest};
use crate::serve::past::Past;
use crate::store::Write;

impl Acts {
    /// Closes a year, or makes the next revision of one that is closed; says why not, and writes nothing.
    pub async fn seal(&self, author: String, question: SealQuestion) -> Result<SealAnswer, ActError> {
        let _one = self.one.lock().await;
        let SealQuestion { year, revise, dry_run, lang } = question;
        let (ingest, past) = self.core.work.truth().past();
        let stale = ingest
            .known()
            .ledger()
            .stale()
            .next()
            .map(|(_, agent, reason)| Refusal::Stale { agent: agent.clone(), reason: reason.to_owned() });
        if let Some(stale) = stale {
            return Err(ActError::Refused(stale.words(lang)));
        }
        // Everything that is known counts, whatever the clock says.
        let as_of_ms = self.core.clock.now_ms().max(ingest.known().stamp_ms());
        let worker = Arc::clone(&ingest);
        let drafted =
            tokio::task::spawn_blocking(move || draft(&worker, &past, as_of_ms, year, revise, lang));
        let (closing, found) = drafted.await.map_err(|error| ActError::Failed(error.to_string()))??;
        let Closing { manifest, sha256, year: figures, bytes, quiet } = closing;
        let mut entry = None;
        if !dry_run {
            let kept = Write::Meta(manifest.key(), bytes);
            let act = Act::Sealed { manifest: Box::new(manifest.clone()), sha256: sha256.clone() };
            let recorded = ingest.record(as_of_ms, &author, act, vec![kept]).await;
            let seq = recorded.map_err(|error| ActError::Failed(error.to_string()))?;
            info!(author, year, revision = manifest.revision, entry = seq, sha256, "a year is sealed");
            entry = Some(seq);
        }
        Ok(SealAnswer {
            entry,
            author,
            sha256,
            manifest,
            figures,
            differences: found.iter().map(|difference| difference.words(lang)).collect(),
            notes: quiet.iter().map(|quiet| quiet.words(lang)).collect(),
        })
    }
}

/// What would be entered, and what it says otherwise than the revision before.
fn draft(
    ingest: &Ingest,
    past: &Past,
    as_of_ms: i64,
    year: i16,
    revise: bool,
    lang: Lang,
) -> Result<(Closing, Vec<Difference>), ActError> {
    let recalled = past.recalled(ingest, as_of_ms, Reader::Operator)?;
    let before = newest(&recalled.sealed).get(&year).map(|seal| (*seal).clone());
    let refused = |refusal: &Refusal| ActError::Refused(refusal.words(lang));
    match &before {
        Some(Seal { manifest, at_ms, author, .. }) if !revise => {
            let (revision, at_ms, author) = (manifest.revision, *at_ms, author.clone());
            return Err(refused(&Refusal::Sealed { year, revision, at_ms, author }));
        }
        None if revise => return Err(refused(&Refusal::NotSealed(year))),
        Some(_) | None => {}
    }
    let closing = close(&recalled, year, before.as_ref()).map_err(|error| match error {
        SealError::Refused(refusal) => refused(&refusal),
        error => ActError::Failed(error.to_string()),
    })?;
    let Some(before) = before else { return Ok((closing, Vec::new())) };
    let told = past.answer(&before)?;
    let json = |year| serde_json::to_value(year).unwrap_or(Value::Null);
    let found = differences(&json(&*told), &json(&closing.year), false);
    if found.is_empty() {
        return Err(refused(&Refusal::Unchanged { year, revision: before.manifest.revision }));
    }
    Ok((closing, found))
}
