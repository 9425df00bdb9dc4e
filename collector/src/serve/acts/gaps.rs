//! What was not observed, for `vedetta gaps`.

use std::sync::Arc;

use collector_derive::Period;

use super::{ActError, Acts};
use crate::gaps::{Heard, Observed, first_spoken, gaps};
use crate::operator::{GapsAnswer, GapsQuestion};
use crate::publish::{Asked, Reader};

/// Two years: more would be answered slowly, and by a file nobody reads.
const LENGTH_MAX_MS: u64 = 2 * 366 * 86_400_000;

impl Acts {
    /// Every gap of a stretch of time, with the agents' evidence.
    pub async fn gaps(&self, question: GapsQuestion) -> Result<GapsAnswer, ActError> {
        let period = Period::new(question.from_ms, question.to_ms);
        let period = period.filter(|period| period.length_ms() <= LENGTH_MAX_MS);
        if period.is_none() {
            let sentence = "ask for a stretch that is not empty and not longer than two years";
            return Err(ActError::Refused(sentence.to_owned()));
        }
        let present = self.core.work.present(Arc::clone(&self.core));
        let truth = self.core.work.truth();
        let told = tokio::task::spawn_blocking(move || {
            // A closed year, too, is told as it is known: what settles a gap of it makes a next revision.
            let (moment, heard, first_ms) = match question.as_of_ms {
                None => {
                    let moment = present.present(&Asked { period, ..Asked::default() })?;
                    let known = truth.known();
                    let ledger = known.ledger();
                    (moment, Heard::of(ledger.runs()), first_spoken(ledger.runs()))
                }
                Some(as_of_ms) => {
                    let then = present.recalled(as_of_ms, Reader::Operator)?;
                    let moment = then.moment(period).map_err(|error| ActError::Failed(error.to_string()))?;
                    let runs = then.ledger.runs();
                    (moment, Heard::of(runs), first_spoken(runs))
                }
            };
            let observed = Observed {
                figures: &moment.figures,
                heard: &heard,
                first_ms: &first_ms,
                corrections: &moment.corrections,
            };
            let store = truth.store().map_err(|error| ActError::Failed(error.to_string()))?;
            Ok(gaps(&observed, &store))
        });
        told.await.map_err(|error| ActError::Failed(error.to_string()))?
    }
}
