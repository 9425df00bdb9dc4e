//! The mails of this instant, composed.

use collector_derive::alert::{Decision, What};

use crate::publish::api::{BrokenTemplate, Mail, Mails};
use crate::publish::mail::{Templates, preview};
use crate::publish::moment::{Alerting, Moment};

impl Mails {
    /// Of what was decided last. `more` answers with the moments of the periods that a decision's letter needs.
    pub fn of<E>(
        decided: &Alerting,
        moment: &Moment,
        (templates, page): (&Templates, Option<&str>),
        more: impl Fn(&Decision) -> Result<Vec<Moment>, E>,
    ) -> Result<Self, E> {
        let mut mails = Vec::new();
        for decision in preview(decided, moment) {
            let letter = templates.compose_with(&decision, moment, &more(&decision)?, page);
            mails.push(Mail { kind: kind(&decision.what).to_owned(), about: decision.key(), letter });
        }
        let broken = templates.problems().iter();
        let broken = broken.map(|one| BrokenTemplate { file: one.file.clone(), why: one.why.clone() });
        Ok(Self { at_ms: decided.at_ms, mails, broken: broken.collect() })
    }
}

fn kind(what: &What) -> &'static str {
    match what {
        What::Opened(_) | What::Again(..) | What::Closed(_) => "incident",
        What::Budget(_) => "budget",
        What::Morning(_) => "morning",
        What::Digest(_) => "digest",
    }
}
