//! How each row is written and read: the only place that knows the columns' order.

use collector_api::{Chain, ClockReading, Signature, StreamId};
use config::CheckId;
use prost::Message as _;
use rusqlite::{Row, Rows, Transaction, params};

use crate::enrol::AgentRecord;
use crate::outbox::{OutboxRow, OutboxState, Standing};
use crate::store::{BatchRow, Part, RunsRow, StoreError, Write};

pub(super) fn put(transaction: &Transaction<'_>, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::Meta(key, value) => transaction
            .prepare_cached(
                "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )?
            .execute(params![key, value])?,
        Write::Stream(row) => transaction
            .prepare_cached(
                "INSERT INTO stream (id, agent, last_seq, chain, receipts, spoken_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (id) DO UPDATE SET last_seq = excluded.last_seq, chain = excluded.chain,
                 receipts = excluded.receipts",
            )?
            .execute(params![
                row.stream.0,
                row.agent.as_str(),
                signed(row.mark.last_seq),
                row.mark.chain.0,
                row.receipts.0,
                row.spoken_ms
            ])?,
        Write::Batch(row) => put_batch(transaction, row)?,
        Write::Merged(row) => {
            transaction
                .prepare_cached("DELETE FROM batch WHERE stream = ?1 AND last_seq BETWEEN ?2 AND ?3")?
                .execute(params![row.stream.0, signed(row.first_seq), signed(row.last_seq)])?;
            put_batch(transaction, row)?
        }
        Write::Journal(entry) => transaction
            .prepare_cached("INSERT INTO journal (seq, at_ms, author, act, hash) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![signed(entry.seq), entry.at_ms, entry.author, entry.act, entry.hash])?,
        Write::Agent(agent, record) => put_agent(transaction, agent, record)?,
        Write::Runs(row) => transaction
            .prepare_cached(
                "INSERT INTO run_pack (check_id, stream, place, runs) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (check_id, stream, place) DO UPDATE SET runs = excluded.runs",
            )?
            .execute(params![row.check.as_str(), row.stream.0, row.place, row.runs])?,
        Write::Checkpoint(stream, state) => transaction
            .prepare_cached(
                "INSERT INTO checkpoint (stream, state) VALUES (?1, ?2)
                 ON CONFLICT (stream) DO UPDATE SET state = excluded.state",
            )?
            .execute(params![stream.0, state])?,
        Write::ForgetDerived(stream) => {
            transaction.prepare_cached("DELETE FROM run_pack WHERE stream = ?1")?.execute([stream.0])?;
            transaction.prepare_cached("DELETE FROM checkpoint WHERE stream = ?1")?.execute([stream.0])?
        }
        Write::Outbox(OutboxRow { content, state }) => transaction
            .prepare_cached(
                "INSERT INTO outbox (key, content, standing, tries, next_ms, changed_ms, reply)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key) DO NOTHING",
            )?
            .execute(params![
                state.key,
                content,
                state.standing.name(),
                state.tries,
                state.next_ms,
                state.changed_ms,
                state.reply
            ])?,
        Write::OutboxState(state) => transaction
            .prepare_cached(
                "UPDATE outbox SET standing = ?2, tries = ?3, next_ms = ?4, changed_ms = ?5, reply = ?6 WHERE key = ?1",
            )?
            .execute(params![
                state.key,
                state.standing.name(),
                state.tries,
                state.next_ms,
                state.changed_ms,
                state.reply
            ])?,
        Write::ForgetOutbox(before_ms) => transaction
            .prepare_cached("DELETE FROM outbox WHERE standing <> ?1 AND changed_ms < ?2")?
            .execute(params![Standing::Waiting.name(), before_ms])?,
    };
    Ok(())
}

fn put_batch(transaction: &Transaction<'_>, row: &BatchRow) -> Result<usize, StoreError> {
    let ClockReading { sent_ms, offset_ms, rtt_ms, ntp_error_ms } = row.clock;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO batch (stream, last_seq, first_seq, chain, signature, sent_ms, offset_ms, rtt_ms,
         ntp_error_ms, received_ms, body, parts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    Ok(insert.execute(params![
        row.stream.0,
        signed(row.last_seq),
        signed(row.first_seq),
        row.chain.0,
        row.signature.0,
        sent_ms,
        offset_ms,
        rtt_ms.cast_signed(),
        ntp_error_ms.cast_signed(),
        row.received_ms,
        row.body,
        (!row.parts.is_empty()).then(|| Parts { parts: row.parts.clone() }.encode_to_vec())
    ])?)
}

fn put_agent(transaction: &Transaction<'_>, agent: &str, record: &AgentRecord) -> Result<usize, StoreError> {
    let line = record.line.as_ref();
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO agent (id, public_key, revoked, line_hash, line_expires_ms, line_used_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET public_key = excluded.public_key,
         revoked = excluded.revoked, line_hash = excluded.line_hash,
         line_expires_ms = excluded.line_expires_ms, line_used_by = excluded.line_used_by",
    )?;
    Ok(upsert.execute(params![
        agent,
        record.key.map(|key| key.0),
        i64::from(record.revoked),
        line.map(|line| line.hash),
        line.map(|line| line.expires_ms),
        line.and_then(|line| line.used_by).map(|key| key.0)
    ])?)
}

/// The column `parts`.
#[derive(Clone, PartialEq, prost::Message)]
struct Parts {
    #[prost(message, repeated, tag = "1")]
    parts: Vec<Part>,
}

pub(super) fn batch(stream: StreamId, row: &Row<'_>) -> Result<BatchRow, StoreError> {
    let parts = match row.get::<_, Option<Vec<u8>>>(10)? {
        Some(parts) => {
            Parts::decode(parts.as_slice()).map_err(|error| StoreError::Damaged(error.to_string()))?.parts
        }
        None => Vec::new(),
    };
    Ok(BatchRow {
        stream,
        first_seq: unsigned(row, 0)?,
        last_seq: unsigned(row, 1)?,
        chain: Chain(bytes(row, 2)?),
        signature: Signature(bytes(row, 3)?),
        clock: ClockReading {
            sent_ms: row.get(4)?,
            offset_ms: row.get(5)?,
            rtt_ms: row.get::<_, i64>(6)?.cast_unsigned(),
            ntp_error_ms: row.get::<_, i64>(7)?.cast_unsigned(),
        },
        received_ms: row.get(8)?,
        body: row.get(9)?,
        parts,
    })
}

pub(super) fn packs(mut rows: Rows<'_>) -> Result<Vec<RunsRow>, StoreError> {
    let mut packs = Vec::new();
    while let Some(row) = rows.next()? {
        let check: String = row.get(0)?;
        packs.push(RunsRow {
            check: CheckId::new(check).map_err(|error| StoreError::Damaged(error.to_string()))?,
            stream: StreamId(bytes(row, 1)?),
            place: row.get(2)?,
            runs: row.get(3)?,
        });
    }
    Ok(packs)
}

pub(super) fn outbox(mut rows: Rows<'_>) -> Result<Vec<OutboxRow>, StoreError> {
    let mut outbox = Vec::new();
    while let Some(row) = rows.next()? {
        let standing: String = row.get(2)?;
        let standing = Standing::of(&standing)
            .ok_or_else(|| StoreError::Damaged(format!("a row of the outbox is `{standing}`")))?;
        let state = OutboxState {
            key: row.get(0)?,
            standing,
            tries: row.get(3)?,
            next_ms: row.get(4)?,
            changed_ms: row.get(5)?,
            reply: row.get(6)?,
        };
        outbox.push(OutboxRow { content: row.get(1)?, state });
    }
    Ok(outbox)
}

pub(super) fn bytes<const N: usize>(row: &Row<'_>, index: usize) -> Result<[u8; N], StoreError> {
    optional_bytes(row, index)?.ok_or_else(|| StoreError::Damaged(format!("column {index} is empty")))
}

pub(super) fn optional_bytes<const N: usize>(
    row: &Row<'_>,
    index: usize,
) -> Result<Option<[u8; N]>, StoreError> {
    let Some(value) = row.get::<_, Option<Vec<u8>>>(index)? else { return Ok(None) };
    let length = value.len();
    let value = value.try_into();
    value.map(Some).map_err(|_| StoreError::Damaged(format!("a value of {N} bytes has {length}")))
}

/// Sequence numbers stay below 2^62 ([`collector_api::Batch::check_header`]).
pub(super) fn signed(number: u64) -> i64 {
    number.cast_signed()
}

pub(super) fn unsigned(row: &Row<'_>, index: usize) -> Result<u64, StoreError> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| StoreError::Damaged(format!("{number} is no sequence number")))
}
