//! What the journal lost when it was restored from an older copy, and the epoch that it opens then.
//!
//! A copy goes on where it was taken: what was entered since is gone, its numbers are given again, and agents
//! have seen heads that it does not have ([`crate::witness`]). That is what cutting the journal looks like as well.
//! So it stays a difference until somebody answers for it by name: an entry that names every head that is missing,
//! and opens an epoch by which agents know that the journal they saw is not to be extended. The entry excuses the
//! numbers it names, in epochs before its own, and nothing else: what is lost later, or turns up later, is a
//! difference again.
//!
//! The epoch follows from the journal alone, so that what was asked or sealed before keeps the one it had.

use serde::{Deserialize, Serialize};

use crate::declare::say;
use crate::operator::Said;
use crate::publish::Lang;
use crate::publish::format;
use crate::witness::{Missing, Seen};

/// What an entry says of a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// The epoch that begins with this entry: above that of the journal and of every head it lost.
    pub epoch: u64,
    /// The newest entry that witnesses of the loss had seen before and the journal still has: the copy went on
    /// there, or by what nobody had seen a little later. `None` when no witness had seen any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Seen>,
    /// The heads that the journal does not have, by agent.
    pub lost: Vec<Lost>,
    /// How it came about, for people.
    pub note: String,
}

/// A head that is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Who has seen it.
    pub agent: String,
    /// Which.
    pub head: Seen,
}

/// A restore with the entry that declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Its number in the journal.
    pub entry: u64,
    /// When it was entered, Unix ms.
    pub at_ms: i64,
    /// Who answers for it.
    pub author: String,
    /// What it says.
    pub restore: Restore,
}

impl Restore {
    /// Of a journal of this epoch that has lost these heads; `None` when it has lost none.
    pub fn of(epoch: u64, missing: Vec<(String, Missing)>, note: &str) -> Option<Self> {
        let newest = missing.iter().map(|(_, missing)| missing.head.epoch).max()?;
        let resumed = missing.iter().filter_map(|(_, missing)| missing.before.clone());
        let resumed = resumed.max_by_key(|seen| seen.seq);
        let lost = missing.into_iter().map(|(agent, missing)| Lost { agent, head: missing.head });
        let epoch = epoch.max(newest) + 1;
        Some(Self { epoch, resumed, lost: lost.collect(), note: note.to_owned() })
    }

    /// The first and the last number that is lost.
    pub fn numbers(&self) -> (u64, u64) {
        let numbers = self.lost.iter().map(|lost| lost.head.seq);
        let (first, last) = (numbers.clone().min().unwrap_or(0), numbers.max().unwrap_or(0));
        (self.resumed.as_ref().map_or(first, |resumed| first.min(resumed.seq + 1)), last)
    }

    /// Is this head one that it answers for?
    pub fn covers(&self, seen: &Seen) -> bool {
        let (first, last) = self.numbers();
        seen.epoch < self.epoch && (first..=last).contains(&seen.seq)
    }

    /// Which entries, and who has seen them.
    pub fn words(&self) -> Said {
        let witnesses = self.lost.iter().map(|Lost { agent, head }| format!("`{agent}` #{}", head.seq));
        let witnesses = witnesses.collect::<Vec<_>>().join(", ");
        match self.numbers() {
            (first, last) if first == last => say!(
                "entry {first} of the journal was lost (seen by {witnesses})",
                "la voce {first} del registro è andata persa (vista da {witnesses})"
            ),
            (first, last) => say!(
                "entries {first} to {last} of the journal were lost (seen by {witnesses})",
                "le voci da {first} a {last} del registro sono andate perse (viste da {witnesses})"
            ),
        }
    }
}

impl Restored {
    /// What was lost, who says so, and when they did.
    pub fn words(&self) -> Said {
        let Self { entry, at_ms, author, restore } = self;
        let (lost, note, epoch) = (restore.words(), &restore.note, restore.epoch);
        let (en, it) = (format::instant(*at_ms, Lang::En), format::instant(*at_ms, Lang::It));
        Said {
            en: format!(
                "{} at a restore that {author} declared on {en} (entry {entry}, epoch {epoch}): {note}",
                lost.en
            ),
            it: format!(
                "{} in un ripristino dichiarato da {author} il {it} (voce {entry}, epoca {epoch}): {note}",
                lost.it
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(epoch: u64, seq: u64) -> Seen {
        Seen { epoch, seq, hash: "ab".repeat(32) }
    }

    fn missing(agent: &str, head: Seen, before: Option<Seen>) -> (String, Missing) {
        (agent.to_owned(), Missing { head, before })
    }

    #[test]
    fn it_answers_for_what_it_names_and_nothing_else() {
        let two = vec![
            missing("ced1", seen(1, 12), Some(seen(1, 8))),
            missing("sede1", seen(1, 10), Some(seen(1, 6))),
        ];
        let restore = Restore::of(1, two, "disco nuovo").unwrap();
        assert_eq!((restore.epoch, restore.numbers()), (2, (9, 12)));
        for (head, is_covered) in [
            (seen(1, 8), false),
            (seen(1, 9), true),
            (seen(1, 12), true),
            (seen(1, 13), false),
            (seen(2, 12), false),
        ] {
            assert_eq!(restore.covers(&head), is_covered, "{head:?}");
        }
        assert_eq!(Restore::of(1, Vec::new(), "niente"), None);
    }

    #[test]
    fn its_epoch_is_above_every_one_that_agents_have_seen() {
        // The copy is of before an earlier restore was declared.
        let lost = vec![missing("ced1", seen(4, 30), Some(seen(1, 8)))];
        assert_eq!(Restore::of(1, lost, "x").unwrap().epoch, 5);
    }

    #[test]
    fn one_entry_and_several_are_told_in_both_languages() {
        let restored = |head, before| Restored {
            entry: 11,
            at_ms: 1_795_421_400_000,
            author: "root".to_owned(),
            restore: Restore::of(1, vec![missing("ced1", head, before)], "disco nuovo").unwrap(),
        };
        let words = restored(seen(1, 12), Some(seen(1, 8))).words();
        assert_eq!(
            words.en,
            "entries 9 to 12 of the journal were lost (seen by `ced1` #12) at a restore that root declared on \
             2026-11-23 09:10 +01:00 (entry 11, epoch 2): disco nuovo"
        );
        assert_eq!(
            words.it,
            "le voci da 9 a 12 del registro sono andate perse (viste da `ced1` #12) in un ripristino dichiarato \
             da root il 23/11/2026 09:10 +01:00 (voce 11, epoca 2): disco nuovo"
        );
        let words = restored(seen(1, 12), None).words();
        assert!(words.en.starts_with("entry 12 of the journal was lost (seen"), "{words}");
        assert!(words.it.starts_with("la voce 12 del registro è andata persa"), "{words:?}");
    }
}
