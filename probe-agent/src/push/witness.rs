//! The agent as witness of the collector's journal: a head seen once must be in every later journal.
//!
//! A journal that does not extend the remembered head was edited, or swapped, or restored from a copy. The agent
//! says so, loudly and once, remembers it, and goes on delivering: an alarm that stops the measuring would destroy
//! what it protects. It ends when the journal opens a new epoch: then somebody answers, by name and in the journal
//! itself, for what was lost, and `vedetta verify` holds whether that is all that agents have seen. Or when somebody
//! removes the file.

use std::io;
use std::path::Path;

use collector_api::{JournalHead, hex_decode, hex_encode};
use serde::{Deserialize, Serialize};
use tracing::{error, warn};

use crate::state_file;

const NAME: &str = "journal.json";
const BYTES_MAX: usize = 16 << 10;

/// What the agent remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Witness {
    /// The newest head it saw.
    pub head: Option<JournalHead>,
    /// What was wrong, once something was; until an epoch is opened.
    pub alarm: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    epoch: u64,
    seq: u64,
    hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alarm: Option<String>,
}

impl Witness {
    /// What was remembered. A file that cannot be read is as none: it is said, and begun anew.
    pub(super) fn load(directory: &Path) -> Self {
        let bytes = match state_file::read(directory, NAME, BYTES_MAX) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Self::default(),
            Err(error) => {
                warn!(%error, "the remembered journal head cannot be read");
                return Self::default();
            }
        };
        let Ok(Stored { epoch, seq, hash, alarm }) = serde_json::from_slice(&bytes) else {
            warn!("the remembered journal head is damaged");
            return Self::default();
        };
        let head = hex_decode(&hash).map(|hash| JournalHead { epoch, seq, hash });
        Self { head, alarm }
    }

    /// Remembers.
    pub(super) fn store(&self, directory: &Path) -> io::Result<()> {
        let Some(head) = &self.head else { return Ok(()) };
        let stored = Stored {
            epoch: head.epoch,
            seq: head.seq,
            hash: hex_encode(&head.hash),
            alarm: self.alarm.clone(),
        };
        state_file::replace(directory, NAME, &serde_json::to_vec_pretty(&stored).map_err(io::Error::from)?)
    }

    /// Looks at a head. `then` is the hash the collector has at the remembered number, if this answer
    /// tells. True if there is something new to store.
    pub(super) fn see(&mut self, head: &JournalHead, then: Option<&[u8]>) -> bool {
        if self.head.as_ref() == Some(head) && then.is_none_or(|then| then == head.hash) {
            return false;
        }
        if let Some(remembered) = &self.head {
            if head.epoch > remembered.epoch {
                let settled = self.alarm.take();
                warn!(
                    epoch = head.epoch,
                    remembered = remembered.seq,
                    settled,
                    "the collector's journal was restored from a copy, as somebody declared in it"
                );
            } else if let Some(what) = contradiction(remembered, head, then)
                && self.alarm.is_none()
            {
                error!(
                    remembered = remembered.seq,
                    offered = head.seq,
                    "the collector's journal does not extend the one this agent saw: {what}"
                );
                self.alarm = Some(what);
            }
        }
        self.head = Some(head.clone());
        true
    }
}

/// Why `head` cannot be a later state of the journal that had `remembered`; `None` if it can.
fn contradiction(remembered: &JournalHead, head: &JournalHead, then: Option<&[u8]>) -> Option<String> {
    let JournalHead { epoch, seq, hash } = remembered;
    if head.epoch < *epoch {
        return Some(format!("epoch {} came after epoch {epoch}", head.epoch));
    }
    if head.seq < *seq {
        return Some(format!("it has {} entries, this agent saw {seq}", head.seq));
    }
    if head.seq == *seq && head.hash != *hash {
        return Some(format!("entry {seq} is another one"));
    }
    let differs = *seq > 0 && then.is_some_and(|then| then != hash.as_slice());
    differs.then(|| format!("entry {seq} is another one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(epoch: u64, seq: u64, hash: u8) -> JournalHead {
        JournalHead { epoch, seq, hash: vec![hash; 32] }
    }

    #[test]
    fn a_journal_may_only_grow() {
        let table: [(JournalHead, Option<u8>, bool); 9] = [
            (head(1, 5, 5), None, false),
            (head(1, 5, 5), Some(5), false),
            (head(1, 9, 9), Some(5), false),
            (head(1, 9, 9), None, false),
            (head(2, 3, 3), Some(0), false),
            (head(1, 9, 9), Some(6), true),
            (head(1, 4, 4), None, true),
            (head(1, 5, 6), None, true),
            (head(0, 9, 9), None, true),
        ];
        for (offered, then, is_alarm) in table {
            let mut witness = Witness { head: Some(head(1, 5, 5)), alarm: None };
            let then = then.map(|hash| vec![hash; 32]);
            witness.see(&offered, then.as_deref());
            assert_eq!(witness.alarm.is_some(), is_alarm, "{offered:?} {then:?}");
            assert_eq!(witness.head, Some(offered), "delivery goes on with what is there");
        }
    }

    #[test]
    fn an_epoch_that_is_opened_ends_the_alarm_and_the_next_loss_begins_one() {
        let mut witness = Witness { head: Some(head(1, 5, 5)), alarm: None };
        witness.see(&head(1, 4, 4), None);
        assert!(witness.alarm.is_some());
        assert!(witness.see(&head(2, 6, 6), Some(&[4; 32])));
        assert_eq!(witness.alarm, None);
        witness.see(&head(2, 7, 7), Some(&[6; 32]));
        assert_eq!(witness.alarm, None);
        witness.see(&head(2, 6, 6), None);
        assert_eq!(witness.alarm.as_deref(), Some("it has 6 entries, this agent saw 7"));
        // A copy of before the epoch was opened.
        let mut witness = Witness { head: Some(head(2, 7, 7)), alarm: None };
        witness.see(&head(1, 9, 9), None);
        assert_eq!(witness.alarm.as_deref(), Some("epoch 1 came after epoch 2"));
    }

    #[test]
    fn the_first_alarm_stays_and_is_remembered() {
        let home = tempfile::tempdir().unwrap();
        let mut witness = Witness::load(home.path());
        assert_eq!(witness, Witness::default());
        assert!(witness.see(&head(1, 5, 5), None));
        assert!(!witness.see(&head(1, 5, 5), None), "nothing new");
        witness.see(&head(1, 4, 4), None);
        let first = witness.alarm.clone().unwrap();
        witness.see(&head(1, 3, 3), None);
        assert_eq!(witness.alarm.as_ref(), Some(&first));
        witness.store(home.path()).unwrap();
        assert_eq!(Witness::load(home.path()), witness);
        std::fs::write(home.path().join(NAME), b"{").unwrap();
        assert_eq!(Witness::load(home.path()), Witness::default());
    }
}
