//! What was accepted up to an instant, derived again from the groups alone.
//!
//! Runs only know the present: a later sample lengthens the newest, a later loss cuts its hold short. So a
//! past instant is derived anew from each stream's first batch, which gives cuts, openings and holds as
//! they were by construction, whatever was merged, rebuilt or restarted since; a stream that has been
//! silent since is loaded as it is. Every batch is stamped
//! later than those before it of its stream: a prefix ends at the first that came after the instant.

use std::ops::ControlFlow;

use collector_api::{Chain, ClockReading, unpack_groups};

use super::load::Stored;
use super::{Derived, Ledger, Step};
use crate::store::{Mark, Receipts, Store, StoreError, StreamRow};

/// A stream as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Prefix {
    /// With the mark and the receipts of then.
    pub row: StreamRow,
    /// When its newest batch of then arrived, Unix ms.
    pub received_ms: i64,
    /// The agent's clock in it.
    pub clock: ClockReading,
}

impl Ledger {
    /// Of the batches that were accepted up to `as_of_ms`, with the streams that had any.
    pub fn up_to(store: &dyn Store, step: Step, as_of_ms: i64) -> Result<(Self, Vec<Prefix>), StoreError> {
        let mut ledger = Self::new(step);
        let mut prefixes = Vec::new();
        for row in store.streams()? {
            prefixes.extend(ledger.load_prefix(store, &row, as_of_ms)?);
        }
        ledger.show();
        Ok((ledger, prefixes))
    }

    fn load_prefix(
        &mut self,
        store: &dyn Store,
        of: &StreamRow,
        as_of_ms: i64,
    ) -> Result<Option<Prefix>, StoreError> {
        let Some(last) = store.newest_batch(of.stream)? else { return Ok(None) };
        if last.received_ms <= as_of_ms {
            // Nothing came since: what is kept of it is what it was.
            self.load_stream(store, of, Stored::of(store, of.stream)?)?;
            let (received_ms, clock) = (last.received_ms, last.clock);
            return Ok(Some(Prefix { row: of.clone(), received_ms, clock }));
        }
        let mut mark = Mark { last_seq: 0, chain: Chain::genesis(of.stream) };
        let mut receipts = Receipts::opening_after(of.spoken_ms);
        let mut newest = None;
        self.streams.insert(of.stream, Derived::opening(of));
        store.batches(of.stream, 0, &mut |stored| {
            if stored.parts.first().map_or(stored.received_ms, |part| part.received_ms) > as_of_ms {
                return ControlFlow::Break(());
            }
            let groups = match stored.open() {
                Ok(groups) => groups,
                Err(error) => {
                    let what = format!("the stored batch up to {} cannot be read: {error}", stored.last_seq);
                    self.mark_stale(of.stream, what);
                    return ControlFlow::Break(());
                }
            };
            let mut taken = 0;
            for batch in stored.batches(&groups) {
                if batch.received_ms > as_of_ms {
                    // Within a merged row only its groups tell the chain value.
                    let groups = unpack_groups(&groups[..taken]).map_while(Result::ok);
                    mark.chain = groups.fold(mark.chain, Chain::extend);
                    return ControlFlow::Break(());
                }
                self.apply(of, &batch);
                taken += batch.groups.len();
                mark.last_seq = batch.last_seq;
                receipts = receipts.and(batch.first_seq, batch.last_seq, batch.received_ms, &batch.clock);
                newest = Some((batch.received_ms, batch.clock));
            }
            mark.chain = stored.chain;
            let stale = self.streams.get(&of.stream).is_some_and(|derived| derived.stale.is_some());
            if stale { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let row = StreamRow { mark, receipts, ..of.clone() };
        Ok(newest.map(|(received_ms, clock)| Prefix { row, received_ms, clock }))
    }
}
