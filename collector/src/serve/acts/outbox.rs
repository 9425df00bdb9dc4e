//! Looking into the outbox: what waits and why, trying again, and a test message. Nothing of it is a declaration, so
//! the journal has none of it; the log says who asked.

use std::sync::Arc;
use std::time::Duration;

use tracing::info;

use super::{ActError, Acts};
use crate::declare::{Refusal, say};
use crate::operator::{Message, OutboxAnswer, OutboxRetryQuestion, OutboxTestQuestion};
use crate::outbox::Standing;
use crate::outbox::queue::Shown;
use crate::serve::outbox::letter;

/// Whoever tests waits for the first attempt's end, a little less than the command waits for the answer.
const PATIENCE: Duration = Duration::from_secs(25);

impl Acts {
    /// Every message of the last three months.
    pub fn outbox(&self) -> OutboxAnswer {
        self.shown(&self.core.outbox.all())
    }

    /// Tries one now, and waits for what becomes of it.
    pub async fn outbox_retry(
        &self,
        author: String,
        question: OutboxRetryQuestion,
    ) -> Result<OutboxAnswer, ActError> {
        let key = question.key;
        match self.core.outbox.retry(&self.core, &key).await {
            Some(Ok(_)) => info!(author, key, "a message is tried again"),
            Some(Err(_)) => {
                return Err(declined(say!("`{key}` was sent already", "`{key}` è già stato inviato")));
            }
            None => {
                return Err(declined(say!(
                    "there is no message `{key}`; `vedetta outbox` lists them",
                    "non c'è un messaggio `{key}`; `vedetta outbox` li elenca"
                )));
            }
        }
        Ok(self.fates(vec![key]).await)
    }

    /// Sends a recipient of the charter in force a message that says nothing but that it arrives.
    pub async fn outbox_test(
        &self,
        author: String,
        question: OutboxTestQuestion,
    ) -> Result<OutboxAnswer, ActError> {
        let name = question.recipient;
        let charter = self.core.work.charter();
        let Some(recipient) = charter.alerting.iter().find(|one| one.id.as_str() == name) else {
            let known: Vec<&str> = charter.alerting.iter().map(|one| one.id.as_str()).collect();
            let known = if known.is_empty() { "-".to_owned() } else { known.join(", ") };
            return Err(declined(say!(
                "the charter in force has no recipient `{name}`; under `alerting` there are: {known}",
                "la Carta in vigore non ha un destinatario `{name}`; sotto `alerting` ci sono: {known}"
            )));
        };
        let organisation = &charter.organisation.name;
        let subject = format!("[Vedetta] Prova degli avvisi / test message - {organisation}");
        let text = format!(
            "È una prova degli avvisi di Vedetta, chiesta da {author}: nessun servizio è fermo e non c'è nulla da fare. \
             Se la leggi, gli avvisi per \"{name}\" ti arrivano.\n\n\
             This is a test of Vedetta's alerts, asked for by {author}: nothing is down and there is nothing to do. If \
             you read this, alerts for \"{name}\" reach you.\n"
        );
        let keys = self.core.outbox.test(&self.core, &recipient.id, letter(&subject, &text)).await;
        let keys = keys.map_err(ActError::Failed)?;
        if keys.is_empty() {
            return Err(declined(say!(
                "`{name}` has mail addresses and no webhook, and the running collector has no `collector.mail`: nobody \
                 is mailed",
                "`{name}` ha indirizzi di posta e nessun webhook, e il collettore in esecuzione non ha `collector.mail`: \
                 nessuno riceve posta"
            )));
        }
        info!(author, recipient = name, "a test message is sent");
        Ok(self.fates(keys).await)
    }

    async fn fates(&self, keys: Vec<String>) -> OutboxAnswer {
        self.core.outbox.settled(&keys, PATIENCE).await;
        let rows: Vec<Shown> = keys.iter().filter_map(|key| self.core.outbox.row(key)).collect();
        self.shown(&rows)
    }

    fn shown(&self, rows: &[Shown]) -> OutboxAnswer {
        let mails = self.settings.mail.is_some();
        OutboxAnswer { at_ms: self.core.clock.now_ms(), mails, messages: rows.iter().map(message).collect() }
    }
}

fn message(row: &Shown) -> Message {
    let Shown { content, state } = row;
    let content = Arc::as_ref(content);
    Message {
        key: state.key.clone(),
        recipient: content.to.recipient.to_string(),
        way: content.to.way.to_string(),
        standing: state.standing.name().to_owned(),
        subject: content.letter.as_ref().map(|letter| letter.subject.clone()),
        message_id: content.message_id.clone(),
        created_ms: content.created_ms,
        tries: state.tries,
        next_ms: (state.standing == Standing::Waiting).then_some(state.next_ms),
        tried_ms: (state.tries > 0).then_some(state.changed_ms),
        reply: state.reply.clone(),
    }
}

fn declined(said: crate::operator::Said) -> ActError {
    ActError::Declined(Refusal(said))
}
