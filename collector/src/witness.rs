//! What agents have seen of the journal: the heads they were told, and what of them the journal no longer has.
//!
//! A journal whose end was cut off is sound in itself. But every signed answer carries its head, agents remember
//! the newest, and their hello says it: so the collector keeps, for each agent, the last head it was told, and the
//! first that the journal turned out not to have. That is no truth of its own, only a reminder of what others know:
//! whoever cuts the journal can drop it too, and then the next hello of the agent brings it back. What is told is
//! kept once a minute and when the collector stops; what is missed, at once and for ever. A journal that is restored
//! from an older copy has lost its end as well, and is told so for as long as the copy is used.

use collector_api::{JournalHead, hex_decode, hex_encode};
use serde::{Deserialize, Serialize};

use crate::operator::Said;
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
}

/// What the journal has: its epoch, and the hash of each entry.
pub trait Entries {
    /// Grows when a journal is restored from a copy.
    fn epoch(&self) -> u64;
    /// Of the entry of this number, if there is one.
    fn hash_of(&self, seq: u64) -> Option<[u8; 32]>;
}

impl Seen {
    /// As the wire has it; `None` before the first entry, or if it is no head.
    pub fn of(head: &JournalHead) -> Option<Self> {
        let whole = head.seq > 0 && head.hash.len() == 32;
        whole.then(|| Self { epoch: head.epoch, seq: head.seq, hash: hex_encode(&head.hash) })
    }

    /// Is it one that the journal had, as far as the journal says? Heads of before it was restored are not its own.
    fn is_in(&self, journal: &impl Entries) -> bool {
        let hash = hex_decode(&self.hash);
        self.epoch < journal.epoch()
            || journal.hash_of(self.seq).is_some_and(|known| hash.as_deref() == Some(&known[..]))
    }

    /// What is wrong, if the journal does not have it.
    pub fn missed_by(&self, journal: &impl Entries, agent: &str) -> Option<Said> {
        let Self { seq, .. } = self;
        if self.is_in(journal) {
            return None;
        }
        Some(if journal.hash_of(*seq).is_none() {
            Said {
                en: format!("the journal ends before entry {seq}, which agent `{agent}` has seen"),
                it: format!("il registro finisce prima della voce {seq}, che la sonda `{agent}` ha visto"),
            }
        } else {
            Said {
                en: format!("entry {seq} of the journal is another one than agent `{agent}` has seen"),
                it: format!("la voce {seq} del registro non è quella che la sonda `{agent}` ha visto"),
            }
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
        for seen in self.last.take().iter().chain([&seen]).filter(|seen| !seen.is_in(journal)) {
            if self.missed.as_ref().is_none_or(|missed| missed.seq < seen.seq) {
                self.missed = Some(seen.clone());
            }
        }
        self.last = Some(seen);
        self.missed != missed_before
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

    /// Entries whose hash is their number, up to one; of an epoch.
    struct Plain(u64, u8);

    impl Entries for Plain {
        fn epoch(&self) -> u64 {
            self.0
        }

        fn hash_of(&self, seq: u64) -> Option<[u8; 32]> {
            u8::try_from(seq).ok().filter(|seq| (1..=self.1).contains(seq)).map(|seq| [seq; 32])
        }
    }

    fn head(epoch: u64, seq: u8, hash: u8) -> JournalHead {
        JournalHead { epoch, seq: seq.into(), hash: vec![hash; 32] }
    }

    #[test]
    fn what_the_journal_no_longer_has_is_missed_for_ever() {
        for (seen, journal, words) in [
            (head(1, 5, 5), Plain(1, 5), None),
            (head(1, 5, 5), Plain(1, 9), None),
            (head(1, 5, 5), Plain(1, 4), Some("ends before entry 5, which agent `ced1` has seen")),
            (head(1, 5, 6), Plain(1, 9), Some("entry 5 of the journal is another one")),
            (head(2, 5, 5), Plain(1, 4), Some("ends before entry 5")),
            // Of before the journal was restored, and of before it had any entry.
            (head(1, 5, 5), Plain(2, 4), None),
            (head(1, 0, 0), Plain(1, 4), None),
            (JournalHead { epoch: 1, seq: 9, hash: vec![1] }, Plain(1, 4), None),
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
        assert!(!witness.saw(&head(1, 5, 5), &Plain(1, 5)));
        // The journal was cut while nobody looked; the agent is told the new head and forgets the old one.
        assert!(witness.saw(&head(1, 3, 3), &Plain(1, 3)));
        assert!(!witness.saw(&head(1, 4, 4), &Plain(1, 4)));
        // Grown past it, with other entries.
        let (journal, read) = (Plain(1, 4), serde_json::from_slice(&serde_json::to_vec(&witness).unwrap()));
        let read: Witness = read.unwrap();
        assert_eq!(read, witness);
        let told = read.contradictions(&journal, "ced1");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].it.contains("finisce prima della voce 5"), "{told:?}");
    }
}
