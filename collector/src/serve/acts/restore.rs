//! Answering for a journal that lost its end: what is missing is named, and an epoch opens.

use tracing::warn;

use super::{ActError, Acts};
use crate::declare::{Refusal, say, text};
use crate::operator::{RestoreAnswer, RestoreQuestion};
use crate::restore::Restore;

impl Acts {
    /// Declares that the journal was restored from a copy; refused when nothing of it is known to be lost.
    pub async fn restore(
        &self,
        author: String,
        question: RestoreQuestion,
    ) -> Result<RestoreAnswer, ActError> {
        let _one = self.one.lock().await;
        let RestoreQuestion { note, dry_run } = question;
        let note = text(&note, "--note")?;
        let truth = self.core.work.truth();
        let epoch = truth.known().head().epoch;
        let restore = Restore::of(epoch, self.core.work.missing(), &note).ok_or_else(|| {
            Refusal(say!(
                "no entry of the journal is missing: it has every head that agents have told of since they connected; after a restore wait until `vedetta agent list` shows an agent that has seen more",
                "al registro non manca nessuna voce: ha tutte quelle di cui le sonde hanno detto da quando sono collegate; dopo un ripristino aspetta che `vedetta agent list` mostri una sonda che ne ha viste di più"
            ))
        })?;
        let mut entry = None;
        if !dry_run {
            let seq = truth.restore(&author, restore.clone(), self.core.clock.now_ms()).await?;
            warn!(author, entry = seq, epoch = restore.epoch, "{}", restore.words());
            entry = Some(seq);
        }
        Ok(RestoreAnswer { entry, author, restore })
    }
}
