//! Taking charge of an incident. It changes who is told and no figure, so the journal has none of it; the log says who.

use tracing::info;

use super::{ActError, Acts};
use crate::declare::{Refusal, say};
use crate::operator::{AckAnswer, AckQuestion};

impl Acts {
    /// From the engine's next look on, a few seconds from now.
    pub fn ack(&self, author: String, question: &AckQuestion) -> Result<AckAnswer, ActError> {
        let incident = question.incident;
        let open = self.core.alerts.newest();
        let open: Vec<u64> =
            open.iter().flat_map(|newest| &newest.open).map(|incident| incident.number).collect();
        if !open.contains(&incident) {
            let known: Vec<String> = open.iter().map(ToString::to_string).collect();
            let known = if known.is_empty() { "-".to_owned() } else { known.join(", ") };
            return Err(ActError::Declined(Refusal(say!(
                "no incident {incident} is open; open are: {known}",
                "nessun incidente {incident} è aperto; aperti sono: {known}"
            ))));
        }
        info!(author, incident, "somebody takes charge of an incident");
        self.core.alerts.take_charge(incident);
        Ok(AckAnswer { incident, author })
    }
}
