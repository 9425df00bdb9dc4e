//! What agents have seen of the journal: the heads they were told, and what of them the journal no longer has.
//!
//! A journal whose end was cut off is sound in itself. But every signed answer carries its head, agents remember
//! the newest, and their hello says it: so the collector keeps, for each agent, the last head it was told, and the
//! first that the journal turned out not to have. That is no truth of its own, only a reminder of what others know:
//! whoever cuts the journal can drop it too, and then the next hello of the agent brings it back. What is told is
//! kept once a minute and when the collector stops; what is missed, at once and for ever. A journal that is restored
//! from an older copy has lost its end as well, and is told so until somebody answers for it ([`crate::restore`]).

use std::sync::Arc;

use collector_api::{JournalHead, hex_decode, hex_encode};
use serde::{Deserialize, Serialize};

use crate::declare::say;
use crate::operator::Said;
use crate::restore::Restored;
use crate::store::{Store, StoreError, Write};

/// Of `meta`; the agent's id follows.
const KEY: &str = "witness/";

/// A head as an agent has seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Of which epoch of the journal.
    pub epoch: u64,
    /// Its newest entry then.
    pub seq: u64,
    /// That entry's SHA-256, hexadecimal.
    pub hash: String,
}

/// What one agent has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The newest head it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Seen>,
    /// The highest head it has seen that the journal did not have when that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Seen>,
    /// The newest head it had been told before, if the journal had that one when the other was found missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seen>,
}

/// A head that the journal does not have and nobody answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Which.
    pub head: Seen,
    /// As [`Witness::before`].
    pub before: Option<Seen>,
}

/// What the journal has: the hash of each entry, and which it lost when it was restored.
pub trait Entries {
    /// Of the entry of this number, if there is one.
    fn hash_of(&self, seq: u64) -> Option<[u8; 32]>;
    /// Every restore that was declared.
    fn restored(&self) -> Arc<Vec<Restored>>;
}

impl Seen {
    /// As the wire has it; `None` before the first entry, or if it is no head.
    pub fn of(head: &JournalHead) -> Option<Self> {
        let whole = head.seq > 0 && head.hash.len() == 32;
        whole.then(|| Self { epoch: head.epoch, seq: head.seq, hash: hex_encode(&head.hash) })
    }

    /// Does the journal have it, or somebody answer for its loss?
    fn is_settled(&self, journal: &impl Entries) -> bool {
        let hash = hex_decode(&self.hash);
        journal.hash_of(self.seq).is_some_and(|known| hash.as_deref() == Some(&known[..]))
            || journal.restored().iter().any(|restored| restored.restore.covers(self))
    }

    /// What is wrong, if the journal does not have it.
    pub fn missed_by(&self, journal: &impl Entries, agent: &str) -> Option<Said> {
        let Self { seq, .. } = self;
        if self.is_settled(journal) {
            return None;
        }
        Some(if journal.hash_of(*seq).is_none() {
            say!(
                "the journal ends before entry {seq}, which agent `{agent}` has seen",
                "il registro finisce prima della voce {seq}, che la sonda `{agent}` ha visto"
            )
        } else {
            say!(
                "entry {seq} of the journal is another one than agent `{agent}` has seen",
                "la voce {seq} del registro non è quella che la sonda `{agent}` ha visto"
            )
        })
    }
}

impl Witness {
    /// As it is kept of an agent; `Err` of what was kept and cannot be read.
    pub fn kept(store: &dyn Store, agent: &str) -> Result<Result<Self, String>, StoreError> {
        let kept = store.meta(&format!("{KEY}{agent}"))?;
        Ok(kept.map_or_else(
            || Ok(Self::default()),
            |bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
        ))
    }

    /// As it is kept.
    pub fn write(&self, agent: &str) -> Option<Write> {
        Some(Write::Meta(format!("{KEY}{agent}"), serde_json::to_vec(self).ok()?))
    }

    /// The agent has seen this head. True if something is missed that was not before: it must not wait.
    pub fn saw(&mut self, head: &JournalHead, journal: &impl Entries) -> bool {
        let Some(seen) = Seen::of(head) else { return false };
        if self.last.as_ref() == Some(&seen) {
            return false;
        }
        let missed_before = self.missed.clone();
        let last = self.last.replace(seen.clone());
        let is_lost = |seen: &&Seen| !seen.is_settled(journal);
        for lost in last.iter().chain([&seen]).filter(is_lost) {
            match self.missed.as_ref().filter(is_lost) {
                Some(missed) if (missed.epoch, missed.seq) >= (lost.epoch, lost.seq) => continue,
                // One loss: the copy is of before the first of it.
                Some(_) => {}
                None => self.before = last.clone().filter(|last| !is_lost(&last)),
            }
            self.missed = Some(lost.clone());
        }
        self.missed != missed_before
    }

    /// What of it is lost, the highest if several are.
    pub fn missing(&self, journal: &impl Entries) -> Option<Missing> {
        let lost = self.missed.iter().chain(&self.last).filter(|seen| !seen.is_settled(journal));
        let head = lost.max_by_key(|seen| (seen.epoch, seen.seq))?.clone();
        let before = self.before.clone().filter(|_| self.missed.as_ref() == Some(&head));
        Some(Missing { head, before })
    }

    /// What of it the journal does not have, in both languages.
    pub fn contradictions(&self, journal: &impl Entries, agent: &str) -> Vec<Said> {
        let mut seen: Vec<&Seen> = self.missed.iter().chain(&self.last).collect();
        seen.dedup();
        seen.into_iter().filter_map(|seen| seen.missed_by(journal, agent)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restore::Restore;

    /// Entries whose hash is their number, up to one; and what was declared lost.
    #[derive(Default)]
    struct Plain(u8, Vec<Restored>);

    impl Entries for Plain {
        fn hash_of(&self, seq: u64) -> Option<[u8; 32]> {
            u8::try_from(seq).ok().filter(|seq| (1..=self.0).contains(seq)).map(|seq| [seq; 32])
        }

        fn restored(&self) -> Arc<Vec<Restored>> {
            Arc::new(self.1.clone())
        }
    }

    fn head(epoch: u64, seq: u8, hash: u8) -> JournalHead {
        JournalHead { epoch, seq: seq.into(), hash: vec![hash; 32] }
    }

    /// Somebody answers for what a witness misses.
    fn declared(witness: &Witness, journal: &Plain, epoch: u64) -> Restored {
        let missing = witness.missing(journal).map(|missing| ("ced1".to_owned(), missing));
        let restore = Restore::of(epoch, missing.into_iter().collect(), "disco nuovo").unwrap();
        Restored { entry: 7, at_ms: 0, author: "root".to_owned(), restore }
    }

    #[test]
    fn what_the_journal_no_longer_has_is_missed_for_ever() {
        for (seen, journal, words) in [
            (head(1, 5, 5), Plain(5, Vec::new()), None),
            (head(1, 5, 5), Plain(9, Vec::new()), None),
            (head(1, 5, 5), Plain(4, Vec::new()), Some("ends before entry 5, which agent `ced1` has seen")),
            (head(1, 5, 6), Plain(9, Vec::new()), Some("entry 5 of the journal is another one")),
            (head(2, 5, 5), Plain(4, Vec::new()), Some("ends before entry 5")),
            // Of before the journal had any entry, and what is no head.
            (head(1, 0, 0), Plain(4, Vec::new()), None),
            (JournalHead { epoch: 1, seq: 9, hash: vec![1] }, Plain(4, Vec::new()), None),
        ] {
            let mut witness = Witness::default();
            assert_eq!(witness.saw(&seen, &journal), words.is_some(), "{seen:?}");
            let told: Vec<String> =
                witness.contradictions(&journal, "ced1").into_iter().map(|said| said.en).collect();
            assert_eq!(told.len(), usize::from(words.is_some()), "{told:?}");
            assert!(words.is_none_or(|words| told[0].contains(words)), "{told:?}");
        }
    }

    #[test]
    fn what_was_told_last_hides_nothing_that_was_told_before() {
        let mut witness = Witness::default();
        assert!(!witness.saw(&head(1, 5, 5), &Plain(5, Vec::new())));
        // The journal was cut while nobody looked; the agent is told the new head and forgets the old one.
        assert!(witness.saw(&head(1, 3, 3), &Plain(3, Vec::new())));
        assert!(!witness.saw(&head(1, 4, 4), &Plain(4, Vec::new())));
        // Grown past it, with other entries.
        let (journal, read) =
            (Plain(4, Vec::new()), serde_json::from_slice(&serde_json::to_vec(&witness).unwrap()));
        let read: Witness = read.unwrap();
        assert_eq!(read, witness);
        let told = read.contradictions(&journal, "ced1");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].it.contains("finisce prima della voce 5"), "{told:?}");
    }

    #[test]
    fn a_loss_that_somebody_answers_for_is_settled_and_the_next_is_not() {
        // A copy of #4 goes on; the agent has seen #6, and before that, in the copy, #3.
        let (mut witness, mut journal) = (Witness::default(), Plain(4, Vec::new()));
        assert!(!witness.saw(&head(1, 3, 3), &journal));
        assert!(witness.saw(&head(1, 6, 106), &journal));
        assert!(!witness.saw(&head(1, 5, 5), &Plain(5, Vec::new())), "told the copy's own");
        journal.0 = 7;
        assert_eq!(witness.missing(&journal).unwrap().before.unwrap().seq, 3);
        journal.1.push(declared(&witness, &journal, 1));
        assert_eq!(journal.1[0].restore.numbers(), (4, 6));
        assert_eq!((witness.contradictions(&journal, "ced1"), witness.missing(&journal)), (Vec::new(), None));

        // Another agent comes back with more than was declared: nobody answers for that.
        let mut other = Witness::default();
        assert!(!other.saw(&head(1, 5, 105), &journal), "one of the numbers that are declared lost");
        assert!(other.saw(&head(1, 9, 109), &journal));

        // Lost again, below what was missed first: it is not hidden by that.
        assert!(!witness.saw(&head(2, 7, 7), &journal));
        let again = Plain(6, journal.1.clone());
        assert!(witness.saw(&head(2, 6, 6), &again));
        let told = witness.contradictions(&again, "ced1");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].en.contains("ends before entry 7"), "{told:?}");
        assert_eq!(declared(&witness, &again, 2).restore.epoch, 3);
    }

    #[test]
    fn what_came_in_between_does_not_move_where_the_copy_was_taken() {
        let (mut witness, journal) = (Witness::default(), Plain(4, Vec::new()));
        witness.saw(&head(1, 3, 3), &journal);
        assert!(witness.saw(&head(1, 6, 106), &journal));
        witness.saw(&head(1, 4, 4), &journal);
        // An agent whose state was restored as well, and then was not: it knows more of what was lost.
        assert!(witness.saw(&head(1, 8, 108), &journal));
        let missing = witness.missing(&journal).unwrap();
        assert_eq!((missing.head.seq, missing.before.unwrap().seq), (8, 3));
    }
}
