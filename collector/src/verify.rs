//! Is what is kept what was accepted? Every stored byte is checked against what attests it.
//!
//! Groups by the chain, chains by the agents' signatures, keys by the journal, the journal by its own
//! chain and its end by the heads that agents have seen ([`crate::witness`]), arrivals by the receipts and these by the journal's stream heads,
//! everything derived by deriving it again, closed years by computing them again from what their manifests
//! name. What no one attests yet, the end of a stream since the last
//! heads, can be cut off unseen; then the agent sends it again, for its mark is below what it knows.
//!
//! Reads one snapshot, so that a running collector can be verified; writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use collector_api::{PublicKey, StreamId, hex_decode, hex_encode};
use collector_derive::Declared;
use serde::{Serialize, Serializer};

use crate::declare::say;
use crate::enrol::AgentRecord;
use crate::journal::{self, Act, Entry, StreamHead};
use crate::ledger::Step;
use crate::operator::Said;
use crate::publish::Lang;
use crate::restore::Restored;
use crate::seal::{self, Seal, SealedStream};
use crate::store::{RunsRow, Store, StoreError};
use crate::witness::{Entries, Witness};

mod sealed;
mod stream;
#[cfg(test)]
mod tests;

use stream::Stream;

/// What was looked at, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Streams there are.
    pub streams: u64,
    /// Batches whose groups and chain were computed again.
    pub batches: u64,
    /// Signatures that were checked; of batches that were merged, the newest attests all.
    pub signatures: u64,
    /// Journal entries.
    pub journal_entries: u64,
    /// The newest of them: what an auditor compares with one that was written down. A journal whose end was cut
    /// off is sound in itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal_head: Option<JournalHead>,
    /// The newest entry that each agent was told of, as the collector kept it.
    pub witnesses: BTreeMap<String, u64>,
    /// Closed years, by revision, whose figures were computed again.
    pub seals: u64,
    /// What the journal lost when it was restored, as somebody declared: no differences.
    pub restored: Vec<Restored>,
    /// Packs of runs that were compared with a fresh derivation.
    pub packs: u64,
    /// Entries about a closed year that were made since, by year: they show with its next revision.
    pub pending: BTreeMap<i16, Vec<u64>>,
    /// One sentence each; empty when all is well. In English where a program reads.
    #[serde(serialize_with = "in_english")]
    pub differences: Vec<Said>,
}

fn in_english<S: Serializer>(differences: &[Said], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(differences.iter().map(|said| &said.en))
}

impl Verified {
    /// What is wrong, in one language.
    pub fn told(&self, lang: Lang) -> Vec<&str> {
        self.differences.iter().map(|said| said.get(lang)).collect()
    }
}

/// The newest entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalHead {
    /// Its number.
    pub seq: u64,
    /// Its SHA-256, hexadecimal.
    pub hash: String,
    /// When it was written, Unix ms.
    pub at_ms: i64,
}

/// What the journal attests.
#[derive(Debug, Default)]
struct Attested {
    /// Every key an agent ever enrolled with, the newest last.
    keys: BTreeMap<String, Vec<PublicKey>>,
    revoked: BTreeSet<String>,
    /// By stream, by number; with the entry that says it.
    heads: BTreeMap<StreamId, BTreeMap<u64, (u64, StreamHead)>>,
    sealed: Vec<Seal>,
    declared: Vec<Declared>,
    restored: Vec<Restored>,
}

/// Checks everything. An error means that the store cannot be read at all.
pub fn verify(store: &dyn Store, step: Step) -> Result<Verified, StoreError> {
    // In the engine's own words, which nobody translates.
    let defects = store
        .defects()?
        .into_iter()
        .map(|words| say!("the store's file: {words}", "il file dell'archivio: {words}"));
    let mut verified = Verified { differences: defects.collect(), ..Verified::default() };
    let entries = store.journal()?;
    verified.journal_entries = entries.len() as u64;
    verified.journal_head = entries.last().map(|entry| JournalHead {
        seq: entry.seq,
        hash: hex_encode(&entry.hash),
        at_ms: entry.at_ms,
    });
    let attested = read_journal(&entries, &mut verified.differences);
    let agents = store.agents()?;
    compare_agents(&agents, &attested, &mut verified.differences);
    verified.restored.clone_from(&attested.restored);
    ask_witnesses(store, &agents, &entries, &mut verified)?;

    let mut packs: BTreeMap<StreamId, Vec<RunsRow>> = BTreeMap::new();
    for pack in store.runs()? {
        packs.entry(pack.stream).or_default().push(pack);
    }
    let mut checkpoints: BTreeMap<StreamId, Vec<u8>> = store.checkpoints()?.into_iter().collect();
    let streams = store.streams()?;
    let known: BTreeSet<StreamId> = streams.iter().map(|row| row.stream).collect();
    for row in streams {
        let (checkpoint, packs) = (checkpoints.remove(&row.stream), packs.remove(&row.stream));
        Stream::new(&row, &attested, step, checkpoint, packs.unwrap_or_default()).check(store, &mut verified);
        verified.streams += 1;
    }
    for stream in attested.heads.keys().filter(|stream| !known.contains(stream)) {
        verified.differences.push(say!(
            "stream {stream} is gone; the journal attests that it was there",
            "il flusso {stream} non c'è più; il registro attesta che c'era"
        ));
    }
    for stream in packs.keys().chain(checkpoints.keys()).collect::<BTreeSet<_>>() {
        verified.differences.push(say!(
            "there are runs of stream {stream}, but no such stream",
            "ci sono corse del flusso {stream}, che però non c'è"
        ));
    }
    verified.pending = seal::pending(&attested.declared, &seal::closed(&attested.sealed));
    for seal in &attested.sealed {
        sealed::check(seal, store, step, &mut verified);
    }
    Ok(verified)
}

fn read_journal(entries: &[Entry], differences: &mut Vec<Said>) -> Attested {
    if let Err(error) = journal::check(entries) {
        differences.push(error.said());
    }
    let mut attested = Attested::default();
    for entry in entries {
        match entry.read() {
            Ok(Act::Enrolled { agent, key }) => {
                let key = hex_decode(&key).and_then(|key| PublicKey::from_slice(&key));
                attested.revoked.remove(&agent);
                attested.keys.entry(agent).or_default().extend(key);
            }
            Ok(Act::Revoked { agent }) => drop(attested.revoked.insert(agent)),
            Ok(Act::StreamHeads { heads }) => {
                for head in heads {
                    let Some(stream) = StreamId::from_hex(&head.stream) else { continue };
                    let of_stream = attested.heads.entry(stream).or_default();
                    of_stream.insert(head.last_seq, (entry.seq, head));
                }
            }
            Ok(Act::Sealed { manifest, sha256 }) => {
                for SealedStream { head, .. } in &manifest.streams {
                    let Some(stream) = StreamId::from_hex(&head.stream) else { continue };
                    let of_stream = attested.heads.entry(stream).or_default();
                    of_stream.entry(head.last_seq).or_insert((entry.seq, head.clone()));
                }
                attested.sealed.push(entry.seals(*manifest, sha256));
            }
            Ok(Act::Declared { declaration, uid }) => {
                attested.declared.push(entry.declares(declaration, uid));
            }
            Ok(Act::Restored { restore }) => attested.restored.push(entry.restores(restore)),
            Ok(Act::Revision { .. } | Act::LineOpened { .. }) => {}
            Err(error) => differences.push(error.said()),
        }
    }
    attested
}

/// The journal as agents have seen it: each head of theirs must be in it.
fn ask_witnesses(
    store: &dyn Store,
    agents: &[(String, AgentRecord)],
    entries: &[Entry],
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let journal = Kept { entries, restored: Arc::new(verified.restored.clone()) };
    for (agent, _) in agents {
        match Witness::kept(store, agent)? {
            Ok(witness) => {
                verified.differences.extend(witness.contradictions(&journal, agent));
                verified.witnesses.extend(witness.last.map(|seen| (agent.clone(), seen.seq)));
            }
            Err(error) => verified.differences.push(say!(
                "what agent `{agent}` has seen of the journal cannot be read: {error}",
                "ciò che la sonda `{agent}` ha visto del registro non si legge: {error}"
            )),
        }
    }
    Ok(())
}

/// The journal's rows.
struct Kept<'a> {
    entries: &'a [Entry],
    restored: Arc<Vec<Restored>>,
}

impl Entries for Kept<'_> {
    fn hash_of(&self, seq: u64) -> Option<[u8; 32]> {
        self.entries.iter().rfind(|entry| entry.seq == seq).map(|entry| entry.hash)
    }

    fn restored(&self) -> Arc<Vec<Restored>> {
        Arc::clone(&self.restored)
    }
}

/// The agents' table is what requests are judged by; the journal says how it came about.
fn compare_agents(agents: &[(String, AgentRecord)], attested: &Attested, differences: &mut Vec<Said>) {
    for (agent, record) in agents {
        if record.key != attested.keys.get(agent).and_then(|keys| keys.last().copied()) {
            differences.push(say!(
                "agent `{agent}` has another key than the journal says",
                "la sonda `{agent}` ha una chiave diversa da quella che dice il registro"
            ));
        }
        if record.revoked != attested.revoked.contains(agent) {
            differences.push(if record.revoked {
                say!(
                    "agent `{agent}` is revoked; the journal does not say so",
                    "la sonda `{agent}` è revocata; il registro non lo dice"
                )
            } else {
                say!(
                    "agent `{agent}` is not revoked; the journal says it is",
                    "la sonda `{agent}` non è revocata; il registro dice che lo è"
                )
            });
        }
    }
    for agent in attested.keys.keys().filter(|agent| !agents.iter().any(|(known, _)| known == *agent)) {
        differences.push(say!(
            "agent `{agent}` is gone; the journal says that it enrolled",
            "la sonda `{agent}` non c'è più; il registro dice che si è registrata"
        ));
    }
}
