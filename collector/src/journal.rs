//! The journal: append-only, hash-chained, the collector's own truth beside the groups.
//!
//! Configuration revisions, what happens to agents, closed years and how far streams had come are entries; what
//! figures mean at any past instant follows from them alone. Every signed answer carries the head, so that agents witness it.
//! Pure: the store keeps rows, this says what a row is and whether rows are a journal.

use collector_api::{JournalHead, hex_encode};
use collector_derive::{Declaration, Declared};
use config::Charter;
use ring::digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::operator::Said;
use crate::restore::{Restore, Restored};
use crate::seal::{Manifest, Seal};
use crate::store::StreamRow;

const TAG: &[u8] = b"vedetta/journal/v1\0";
/// How the act of an entry begins that opens an epoch.
const RESTORED: &str = r#"{"act":"restored""#;

/// One entry, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: u64,
    /// When, Unix ms.
    pub at_ms: i64,
    /// Who: a user's name, an agent's id, or `vedetta`.
    pub author: String,
    /// An [`Act`] as JSON.
    pub act: String,
    /// SHA-256 over the entry before and this one.
    pub hash: [u8; 32],
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// This charter is in force from the entry's instant.
    Revision {
        /// Resolved.
        charter: Box<Charter>,
        /// The file as the operator wrote it.
        #[serde(default)]
        source: String,
    },
    /// A line that enrols an agent was printed.
    LineOpened {
        /// Which.
        agent: String,
    },
    /// An agent showed its key.
    Enrolled {
        /// Which.
        agent: String,
        /// Hexadecimal.
        key: String,
    },
    /// An agent is refused from now on.
    Revoked {
        /// Which.
        agent: String,
    },
    /// Somebody declares something about the past or the future.
    Declared {
        /// What.
        declaration: Declaration,
        /// As [`Declared::uid`]. Entries of before it was kept have none, and stay the bytes they are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uid: Option<u32>,
    },
    /// A year is closed.
    Sealed {
        /// What its figures came from, and their hash.
        manifest: Box<Manifest>,
        /// Of the manifest's bytes, hexadecimal: what a report quotes.
        sha256: String,
    },
    /// How far streams had come, those that moved since the entry before.
    StreamHeads {
        /// By stream.
        heads: Vec<StreamHead>,
    },
    /// The journal goes on after it was restored from a copy; its epoch is another from here on.
    Restored {
        /// What it lost.
        restore: Restore,
    },
}

/// Where a stream stood. All but the number in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamHead {
    /// Which.
    pub stream: String,
    /// Its mark.
    pub last_seq: u64,
    /// The chain value there.
    pub chain: String,
    /// [`crate::store::Receipts`] there.
    pub receipts: String,
}

impl StreamHead {
    /// Of the stream as it is.
    pub fn of(row: &StreamRow) -> Self {
        Self {
            stream: row.stream.to_string(),
            last_seq: row.mark.last_seq,
            chain: row.mark.chain.to_string(),
            receipts: hex_encode(&row.receipts.0),
        }
    }
}

impl Entry {
    /// What the entry says.
    pub fn read(&self) -> Result<Act, JournalError> {
        serde_json::from_str(&self.act).map_err(|error| JournalError::Act(self.seq, error.to_string()))
    }

    /// The epoch that it opens, if it opens one.
    fn opens(&self) -> Option<u64> {
        // Charters are large: only what begins like one is read.
        match self.act.starts_with(RESTORED).then(|| self.read()) {
            Some(Ok(Act::Restored { restore })) => Some(restore.epoch),
            _ => None,
        }
    }

    /// As a loss is told, when it answers for one.
    pub fn restores(&self, restore: Restore) -> Restored {
        Restored { entry: self.seq, at_ms: self.at_ms, author: self.author.clone(), restore }
    }

    /// As a closed year is shown, when it closes one.
    pub fn seals(&self, manifest: Manifest, sha256: String) -> Seal {
        Seal { entry: self.seq, at_ms: self.at_ms, author: self.author.clone(), manifest, sha256 }
    }

    /// As figures read it, when it declares something.
    pub fn declares(&self, declaration: Declaration, uid: Option<u32>) -> Declared {
        Declared { entry: self.seq, at_ms: self.at_ms, author: self.author.clone(), uid, declaration }
    }
}

/// Why rows are not a journal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    /// A row is missing or doubled.
    #[error("journal entry {0} is missing")]
    Gap(u64),
    /// A row is not what was written.
    #[error(
        "journal entry {0} does not fit the chain: it, or one before it, was changed after it was written"
    )]
    Chain(u64),
    /// A row's act cannot be read by this version.
    #[error("journal entry {0} cannot be read: {1}; was it written by a later version?")]
    Act(u64, String),
}

impl JournalError {
    /// In both languages.
    pub fn said(&self) -> Said {
        let en = self.to_string();
        let it = match self {
            Self::Gap(seq) => format!("manca la voce {seq} del registro"),
            Self::Chain(seq) => format!(
                "la voce {seq} del registro non sta nella catena: essa, o una che la precede, è stata cambiata dopo essere stata scritta"
            ),
            Self::Act(seq, why) => {
                format!(
                    "la voce {seq} del registro non si legge: {why}; l'ha scritta una versione successiva?"
                )
            }
        };
        Said { en, it }
    }
}

/// The head, and what a next entry is chained to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// From 1; grows when a journal is restored from a copy and somebody says so ([`Act::Restored`]).
    pub epoch: u64,
    /// Entries so far.
    pub seq: u64,
    /// Of the newest entry; zeros before the first.
    pub hash: [u8; 32],
    /// When the newest of all entries was made, Unix ms; `i64::MIN` before the first.
    pub at_ms: i64,
}

impl Head {
    /// Before the first entry.
    pub const EMPTY: Self = Self { epoch: 1, seq: 0, hash: [0; 32], at_ms: i64::MIN };

    /// The entry after this head, made when the clock says `now_ms`.
    ///
    /// Here it is decided that the journal's time never runs backwards: an entry is not stamped before the
    /// one it follows, whatever a stepping clock says, so that "the journal up to T" is always a prefix.
    /// The price: after a clock that ran ahead was set right, entries carry the wrong instant until the
    /// right time has passed it.
    pub fn next(&self, now_ms: i64, author: &str, act: &Act) -> Result<Entry, serde_json::Error> {
        let at_ms = now_ms.max(self.at_ms);
        let act = serde_json::to_string(act)?;
        let seq = self.seq + 1;
        let hash = hash(&self.hash, seq, at_ms, author, &act);
        Ok(Entry { seq, at_ms, author: author.to_owned(), act, hash })
    }

    /// The head after `entry`.
    #[must_use]
    pub fn after(self, entry: &Entry) -> Self {
        let epoch = entry.opens().map_or(self.epoch, |opened| opened.max(self.epoch));
        Self { epoch, seq: entry.seq, hash: entry.hash, at_ms: self.at_ms.max(entry.at_ms) }
    }

    /// As answers carry it.
    pub fn wire(&self) -> JournalHead {
        let hash = if self.seq == 0 { Vec::new() } else { self.hash.to_vec() };
        JournalHead { epoch: self.epoch, seq: self.seq, hash }
    }
}

/// Checks that `entries` are a whole journal; returns its head.
pub fn check(entries: &[Entry]) -> Result<Head, JournalError> {
    let mut head = Head::EMPTY;
    for entry in entries {
        if entry.seq != head.seq + 1 {
            return Err(JournalError::Gap(head.seq + 1));
        }
        if entry.hash != hash(&head.hash, entry.seq, entry.at_ms, &entry.author, &entry.act) {
            return Err(JournalError::Chain(entry.seq));
        }
        head = head.after(entry);
    }
    Ok(head)
}

/// Every charter with the instant since which it was in force, in order.
pub fn history(entries: &[Entry]) -> Result<Vec<(i64, Charter)>, JournalError> {
    let mut history = Vec::new();
    for entry in entries {
        if let Act::Revision { charter, .. } = entry.read()? {
            history.push((entry.at_ms, *charter));
        }
    }
    Ok(history)
}

/// Every declaration, in order.
pub fn declared(entries: &[Entry]) -> Result<Vec<Declared>, JournalError> {
    let mut declared = Vec::new();
    for entry in entries {
        if let Act::Declared { declaration, uid } = entry.read()? {
            declared.push(entry.declares(declaration, uid));
        }
    }
    Ok(declared)
}

/// Every closing of a year, in order.
pub fn sealed(entries: &[Entry]) -> Result<Vec<Seal>, JournalError> {
    let mut sealed = Vec::new();
    for entry in entries {
        if let Act::Sealed { manifest, sha256 } = entry.read()? {
            sealed.push(entry.seals(*manifest, sha256));
        }
    }
    Ok(sealed)
}

/// Every restore, in order.
pub fn restored(entries: &[Entry]) -> Result<Vec<Restored>, JournalError> {
    let mut restored = Vec::new();
    for entry in entries {
        if let Act::Restored { restore } = entry.read()? {
            restored.push(entry.restores(restore));
        }
    }
    Ok(restored)
}

fn hash(before: &[u8; 32], seq: u64, at_ms: i64, author: &str, act: &str) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(TAG);
    context.update(before);
    context.update(&seq.to_be_bytes());
    context.update(&at_ms.to_be_bytes());
    for text in [author, act] {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::witness::{Missing, Seen};

    fn journal(count: u64) -> Vec<Entry> {
        let mut head = Head::EMPTY;
        (0..count)
            .map(|n| {
                let act = Act::Revoked { agent: format!("a{n}") };
                let entry = head.next(1000 + i64::try_from(n).unwrap(), "root", &act).unwrap();
                head = head.after(&entry);
                entry
            })
            .collect()
    }

    #[test]
    fn any_change_of_any_entry_shows() {
        let entries = journal(4);
        assert_eq!(check(&entries).unwrap().seq, 4);
        let changes: [fn(&mut Entry); 4] = [
            |entry| entry.at_ms += 1,
            |entry| entry.author.push('x'),
            |entry| entry.act = entry.act.replace("revoked", "Revoked"),
            |entry| entry.hash[31] ^= 1,
        ];
        for change in changes {
            for index in 0..entries.len() {
                let mut forged = entries.clone();
                change(&mut forged[index]);
                assert_eq!(check(&forged), Err(JournalError::Chain(index as u64 + 1)));
            }
        }
        let mut cut = entries;
        cut.remove(1);
        assert_eq!(check(&cut), Err(JournalError::Gap(2)));
    }

    #[test]
    fn a_restore_opens_an_epoch_from_its_entry_on() {
        let mut entries = journal(2);
        let head = check(&entries).unwrap();
        let lost = Seen { epoch: 1, seq: 5, hash: "ab".repeat(32) };
        let missing = vec![("ced1".to_owned(), Missing { head: lost, before: None })];
        let restore = Restore::of(head.epoch, missing, "disco nuovo").unwrap();
        let entry = head.next(3_000, "root", &Act::Restored { restore: restore.clone() }).unwrap();
        assert!(entry.act.starts_with(RESTORED), "{}", entry.act);
        entries.push(entry);
        let after = check(&entries).unwrap();
        assert_eq!((head.epoch, after.epoch, after.wire().epoch), (1, 2, 2));
        entries.push(after.next(4_000, "root", &Act::Revoked { agent: "a".to_owned() }).unwrap());
        assert_eq!(check(&entries).unwrap().epoch, 2);
        assert_eq!(check(&entries[..2]).unwrap().epoch, 1, "what was before keeps the one it had");
        let read = restored(&entries).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!((read[0].entry, &read[0].author, &read[0].restore), (3, &"root".to_owned(), &restore));
    }

    #[test]
    fn its_time_never_runs_backwards() {
        let mut head = Head::EMPTY;
        let mut stamped = Vec::new();
        for now_ms in [-5, 1_000, 400, 999, 1_000, 2_000, i64::MIN, 2_001] {
            let entry = head.next(now_ms, "root", &Act::Revoked { agent: "a".to_owned() }).unwrap();
            head = head.after(&entry);
            stamped.push(entry.at_ms);
        }
        assert_eq!(stamped, [-5, 1_000, 1_000, 1_000, 1_000, 2_000, 2_000, 2_001]);
    }

    #[test]
    fn it_goes_on_after_the_latest_of_a_journal_that_stepped_back() {
        // As versions before this rule could write it: still a journal, and the next entry is after both.
        let act = Act::Revoked { agent: "a".to_owned() };
        let first = Head::EMPTY.next(5_000, "root", &act).unwrap();
        let second = Head { at_ms: 0, ..Head::EMPTY.after(&first) }.next(3_000, "root", &act).unwrap();
        let head = check(&[first, second]).unwrap();
        assert_eq!((head.at_ms, head.next(4_000, "root", &act).unwrap().at_ms), (5_000, 5_000));
    }
}
