//! What was not observed, for `vedetta gaps`.

use std::sync::Arc;

use collector_derive::{Corrections, Period};

use super::{ActError, Acts};
use crate::gaps::{Heard, Observed, first_spoken, gaps};
use crate::operator::{GapsAnswer, GapsQuestion};
use crate::publish::{Asked, Moments as _};

/// Two years: more would be answered slowly, and by a file nobody reads.
const LENGTH_MAX_MS: u64 = 2 * 366 * 86_400_000;

impl Acts {
    /// Every gap of a stretch of time, with the agents' evidence.
    pub async fn gaps(&self, question: GapsQuestion) -> Result<GapsAnswer, ActError> {
        let period = Period::new(question.from_ms, question.to_ms);
        let period = period.filter(|period| period.length_ms() <= LENGTH_MAX_MS).ok_or_else(|| {
            ActError::Refused("ask for a stretch that is not empty and not longer than two years".to_owned())
        })?;
        let present = self.core.work.present(Arc::clone(&self.core));
        let truth = self.core.work.truth();
        let told = tokio::task::spawn_blocking(move || {
            let moment = present.moment(&Asked::of(period)).map_err(|error| error.to_string())?;
            let known = truth.known();
            let corrections = Corrections::of(&known.declared(), moment.now_ms);
            let (heard, first_ms) = {
                let ledger = known.ledger();
                (Heard::of(ledger.runs()), first_spoken(ledger.runs()))
            };
            let observed = Observed {
                figures: &moment.figures,
                heard: &heard,
                first_ms: &first_ms,
                corrections: &corrections,
            };
            let store = truth.store().map_err(|error| error.to_string())?;
            Ok::<_, String>(gaps(&observed, &store))
        });
        told.await.map_err(|error| ActError::Failed(error.to_string()))?.map_err(ActError::Failed)
    }
}
