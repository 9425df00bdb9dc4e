//! One stream, walked from its first batch to its mark.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use collector_api::{Chain, StreamId, batch_preimage, unpack_groups};
use collector_derive::{Accepted, Run, StreamState, encode_runs};
use config::CheckId;

use super::{Attested, Verified};
use crate::declare::say;
use crate::journal::StreamHead;
use crate::ledger::{RUNS_A_PACK, Step, words_of};
use crate::operator::Said;
use crate::store::{BatchRow, Mark, Receipts, RunsRow, Store, StreamRow};

pub(super) struct Stream<'a> {
    row: &'a StreamRow,
    attested: &'a Attested,
    /// Where the walk stands.
    mark: Mark,
    receipts: Receipts,
    derived: Derived,
    packs: Vec<RunsRow>,
    checkpoint: Option<Vec<u8>>,
    /// A batch that cannot be read hides what comes after it: only the first trouble is told.
    broken: bool,
}

/// What the walk derives, up to where the checkpoint stands.
struct Derived {
    step: Step,
    state: StreamState,
    until_seq: u64,
    runs: BTreeMap<CheckId, Vec<Run>>,
    failed: Option<String>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(
        row: &'a StreamRow,
        attested: &'a Attested,
        step: Step,
        checkpoint: Option<Vec<u8>>,
        packs: Vec<RunsRow>,
    ) -> Self {
        let stored = checkpoint.as_deref().and_then(StreamState::decode);
        let until_seq = stored.map_or(0, |state| state.next_seq().saturating_sub(1));
        Self {
            row,
            attested,
            mark: Mark { last_seq: 0, chain: Chain::genesis(row.stream) },
            receipts: Receipts::opening_after(row.spoken_ms),
            derived: Derived {
                step,
                state: StreamState::opening_after(row.spoken_ms),
                until_seq,
                runs: BTreeMap::new(),
                failed: None,
            },
            packs,
            checkpoint,
            broken: false,
        }
    }

    pub(super) fn check(mut self, store: &dyn Store, verified: &mut Verified) {
        let walked = store.batches(self.row.stream, 0, &mut |row| {
            self.batch(&row, verified);
            if self.broken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(error) = walked {
            let seq = self.mark.last_seq;
            return self.tell(verified, say!("after number {seq}: {error}", "dopo il numero {seq}: {error}"));
        }
        if !self.broken {
            self.end(verified);
            self.compare_derived(verified);
        }
    }

    fn batch(&mut self, row: &BatchRow, verified: &mut Verified) {
        if row.first_seq != self.mark.last_seq + 1 {
            let seq = row.first_seq.min(self.mark.last_seq + 1);
            let what = if row.first_seq <= self.mark.last_seq {
                say!("number {seq} is there twice", "il numero {seq} c'è due volte")
            } else {
                say!("number {seq} is missing", "manca il numero {seq}")
            };
            self.tell(verified, what);
        }
        let groups = match row.open() {
            Ok(groups) => groups,
            Err(error) => {
                self.broken = true;
                let seq = row.last_seq;
                let what = say!(
                    "the batch up to {seq} cannot be read: {error}",
                    "il lotto fino a {seq} non si legge: {error}"
                );
                return self.tell(verified, what);
            }
        };
        let mut last = None;
        for part in row.batches(&groups) {
            self.part(&part, verified);
            last = Some(part);
        }
        if self.mark.chain != row.chain {
            let seq = row.last_seq;
            let what = say!(
                "the groups up to {seq} are not those that were accepted",
                "i gruppi fino a {seq} non sono quelli accettati"
            );
            self.tell(verified, what);
        }
        let newest = last.map(|part| (part.last_seq, part.received_ms, part.clock));
        if newest != Some((row.last_seq, row.received_ms, row.clock)) {
            let seq = row.last_seq;
            let what = say!(
                "the merged row up to {seq} does not end with its newest batch",
                "la riga unita fino a {seq} non finisce con il suo lotto più recente"
            );
            self.tell(verified, what);
        }
        self.signature(row, verified);
        // What follows is judged by itself: one trouble is told once.
        self.mark = Mark { last_seq: row.last_seq, chain: row.chain };
    }

    /// One batch as it was accepted.
    fn part(&mut self, part: &Accepted<'_>, verified: &mut Verified) {
        for group in unpack_groups(part.groups) {
            match group {
                Ok(group) => self.mark.chain = self.mark.chain.extend(group),
                Err(error) => {
                    let seq = part.last_seq;
                    let what = say!(
                        "the groups up to {seq} cannot be walked: {error}",
                        "i gruppi fino a {seq} non si possono percorrere: {error}"
                    );
                    self.tell(verified, what);
                }
            }
        }
        self.mark.last_seq = part.last_seq;
        self.receipts = self.receipts.and(part.first_seq, part.last_seq, part.received_ms, &part.clock);
        self.derived.add(part);
        verified.batches += 1;
        self.head(verified);
    }

    fn signature(&self, row: &BatchRow, verified: &mut Verified) {
        verified.signatures += 1;
        let agent = self.row.agent.as_str();
        let keys = self.attested.keys.get(agent).map_or(&[][..], Vec::as_slice);
        let preimage = batch_preimage(row.stream, row.last_seq, row.chain, &row.clock);
        // An agent that enrolled anew keeps its spool: older batches have the older key's signature.
        if !keys.iter().any(|key| key.verifies(&preimage, &row.signature)) {
            let seq = row.last_seq;
            let what = say!(
                "no key that `{agent}` enrolled with has signed the batch up to {seq}",
                "nessuna chiave con cui `{agent}` si è registrata ha firmato il lotto fino a {seq}"
            );
            self.tell(verified, what);
        }
    }

    /// Does the journal say something of this place?
    fn head(&self, verified: &mut Verified) {
        let heads = self.attested.heads.get(&self.row.stream);
        let Some((entry, head)) = heads.and_then(|heads| heads.get(&self.mark.last_seq)) else { return };
        let walked = StreamRow { mark: self.mark, receipts: self.receipts, ..self.row.clone() };
        let walked = StreamHead::of(&walked);
        if walked.chain != head.chain {
            let seq = head.last_seq;
            let what = say!(
                "up to {seq} it is another than journal entry {entry} attests",
                "fino a {seq} non è quello che attesta la voce {entry} del registro"
            );
            self.tell(verified, what);
        }
        if walked.receipts != head.receipts {
            let seq = head.last_seq;
            let what = say!(
                "when its batches up to {seq} arrived, and with which clock, is not what journal entry {entry} attests",
                "quando sono arrivati i suoi lotti fino a {seq}, e con quale orologio, non è quello che attesta la voce {entry} del registro"
            );
            self.tell(verified, what);
        }
    }

    fn end(&self, verified: &mut Verified) {
        if self.mark.last_seq != self.row.mark.last_seq {
            let (mark, end) = (self.row.mark.last_seq, self.mark.last_seq);
            let what = say!(
                "its mark is {mark}, its batches end at {end}",
                "il suo segno è {mark}, i suoi lotti finiscono a {end}"
            );
            self.tell(verified, what);
        } else if self.mark != self.row.mark {
            let what = say!(
                "the chain value at its mark is not that of its batches",
                "il valore della catena al suo segno non è quello dei suoi lotti"
            );
            self.tell(verified, what);
        }
        if self.receipts != self.row.receipts {
            let what = say!(
                "when its batches arrived, or with which clock, was changed",
                "è stato cambiato quando sono arrivati i suoi lotti, o con quale orologio"
            );
            self.tell(verified, what);
        }
        let heads = self.attested.heads.get(&self.row.stream);
        if let Some((seq, (entry, _))) = heads.and_then(|heads| heads.last_key_value())
            && *seq > self.mark.last_seq
        {
            let end = self.mark.last_seq;
            let what = say!(
                "it ends at {end}; journal entry {entry} attests that it went on to {seq}",
                "finisce a {end}; la voce {entry} del registro attesta che arrivava a {seq}"
            );
            self.tell(verified, what);
        }
    }

    fn compare_derived(&self, verified: &mut Verified) {
        if let Some(reason) = &self.derived.failed {
            return self
                .tell(verified, say!("it cannot be derived: {reason}", "non si può elaborare: {reason}"));
        }
        match &self.checkpoint {
            Some(bytes) if StreamState::decode(bytes).is_none() => {
                // Of another version of derivation: a start derives the stream anew.
                let what = say!(
                    "its checkpoint cannot be read; a start derives the stream anew",
                    "il suo punto di ripresa non si legge; un avvio rielabora il flusso"
                );
                return self.tell(verified, what);
            }
            Some(bytes) if *bytes != self.derived.state.encode() => {
                let what = say!(
                    "its checkpoint is not what its groups give; `vedetta rebuild` makes it anew",
                    "il suo punto di ripresa non è quello che danno i suoi gruppi; `vedetta rebuild` lo rifà"
                );
                self.tell(verified, what);
            }
            Some(_) | None => {}
        }
        let mut fresh: BTreeMap<(&CheckId, u32), Vec<u8>> = BTreeMap::new();
        for (check, runs) in &self.derived.runs {
            let packs = (0..).zip(runs.chunks(RUNS_A_PACK));
            fresh.extend(packs.map(|(place, runs)| ((check, place), encode_runs(runs))));
        }
        for pack in &self.packs {
            verified.packs += 1;
            if fresh.remove(&(&pack.check, pack.place)).as_ref() != Some(&pack.runs) {
                let what = say!("are not what the groups give", "non sono quelle che danno i gruppi");
                self.tell_pack(verified, &pack.check, pack.place, &what);
            }
        }
        for (check, place) in fresh.into_keys() {
            self.tell_pack(verified, check, place, &say!("are missing", "mancano"));
        }
    }

    fn tell_pack(&self, verified: &mut Verified, check: &CheckId, place: u32, what: &Said) {
        let (pack, Said { en, it }) = (u64::from(place) + 1, what);
        let what = Said {
            en: format!("the runs of `{check}` in pack {pack} {en}; `vedetta rebuild` makes them anew"),
            it: format!("le corse di `{check}` nel pacco {pack} {it}; `vedetta rebuild` le rifà"),
        };
        self.tell(verified, what);
    }

    fn tell(&self, verified: &mut Verified, what: Said) {
        let (stream, agent): (StreamId, _) = (self.row.stream, &self.row.agent);
        let Said { en, it } = what;
        verified.differences.push(Said {
            en: format!("stream {stream} of `{agent}`: {en}"),
            it: format!("flusso {stream} di `{agent}`: {it}"),
        });
    }
}

impl Derived {
    fn add(&mut self, batch: &Accepted<'_>) {
        if self.failed.is_some() || batch.last_seq > self.until_seq {
            return;
        }
        let mut closed = Vec::new();
        match catch_unwind(AssertUnwindSafe(|| (self.step)(&mut self.state, batch, &mut closed))) {
            Ok(_) => {}
            Err(panic) => self.failed = Some(words_of(panic.as_ref())),
        }
        for collector_derive::Closed { check, run } in closed {
            self.runs.entry(check).or_default().push(run);
        }
    }
}
