//! Closed runs as bytes: what a check's month weighs in the store.
//!
//! Every number is written as its distance from what the runs before make likely: samples one stride
//! apart, holds all alike, outcomes taking turns. Distances are Rice coded with a parameter that follows
//! each column's recent size, because a varint's whole byte per number doubles a pack (a year with 220
//! changes would weigh 1.8 KB). Integers only, so that equal runs give equal bytes on every machine.

mod bits;

use collector_api::{Reason, Record, Verdict};

use crate::Run;
use bits::{BitReader, BitWriter};

/// Packs runs in the given order.
pub fn encode_runs(runs: &[Run]) -> Vec<u8> {
    let mut bits = BitWriter::default();
    let mut model = Model::default();
    bits.put_long(runs.len() as u64);
    for run in runs {
        let columns = model.columns_of(run);
        for (column, value) in columns.into_iter().enumerate() {
            match model.rice_of(column, columns[STEPS]) {
                Some(rice) => rice.put(value, &mut bits),
                None => bits.put_long(value),
            }
        }
        model.learn(run);
    }
    bits.finish()
}

/// Unpacks what [`encode_runs`] wrote; `None` for anything else.
pub fn decode_runs(bytes: &[u8]) -> Option<Vec<Run>> {
    let mut bits = BitReader::new(bytes);
    let mut model = Model::default();
    let count = usize::try_from(bits.take_long()?).ok()?;
    let mut runs = Vec::with_capacity(count.min(bytes.len()));
    for _ in 0..count {
        let mut columns = [0; COLUMNS];
        for column in 0..COLUMNS {
            columns[column] = match model.rice_of(column, columns[STEPS]) {
                Some(rice) => rice.take(&mut bits)?,
                None => bits.take_long()?,
            };
        }
        let run = model.run_of(columns);
        model.learn(&run);
        runs.push(run);
    }
    bits.is_at_end().then_some(runs)
}

/// Columns of a run, in the order they are written.
const COLUMNS: usize = 7;
/// The column of `count - 1`, which comes first: it tells how far the others can be off.
const STEPS: usize = 0;

/// What is likely, given the runs so far.
#[derive(Debug, Default)]
struct Model {
    previous: Option<Run>,
    /// Outcome of the run before the previous one: failing and working take turns.
    outcome: u64,
    /// Of the run with the most samples so far, whose strides are the truest.
    strides: Strides,
    /// By column; for lengths, whether it is the failing turn; for others, whether the run is one sample.
    rices: [[Rice; 2]; COLUMNS],
}

/// Between two samples of the check, in ms and in numbers.
#[derive(Debug, Default, Clone, Copy)]
struct Strides {
    steps: u64,
    ms: u64,
    seq: u64,
}

impl Model {
    /// The code of a column. The first run has nothing to be near to: it is written at length.
    fn rice_of(&mut self, column: usize, steps: u64) -> Option<&mut Rice> {
        let previous = self.previous.as_ref()?;
        let turn = if column == STEPS { previous.verdict == Verdict::Up } else { steps == 0 };
        Some(&mut self.rices[column][usize::from(turn)])
    }

    fn columns_of(&self, run: &Run) -> [u64; COLUMNS] {
        let steps = run.count.wrapping_sub(1);
        let [first_ms, first_seq, length_ms, length_seq, hold_ms] = self.expected(steps);
        [
            steps,
            zigzag(outcome(run).wrapping_sub(self.outcome)),
            zigzag(run.first_ms.cast_unsigned().wrapping_sub(first_ms)),
            zigzag(run.first_seq.wrapping_sub(first_seq)),
            zigzag(run.last_ms.wrapping_sub(run.first_ms).cast_unsigned().wrapping_sub(length_ms)),
            zigzag(run.last_seq.wrapping_sub(run.first_seq).wrapping_sub(length_seq)),
            zigzag(run.until_ms.wrapping_sub(run.last_ms).cast_unsigned().wrapping_sub(hold_ms)),
        ]
    }

    fn run_of(&self, columns: [u64; COLUMNS]) -> Run {
        let [steps, outcome, first_ms, first_seq, length_ms, length_seq, hold_ms] = columns;
        let expected = self.expected(steps);
        let found = |column: u64, expected: u64| expected.wrapping_add(unzigzag(column));
        let outcome = u32::try_from(found(outcome, self.outcome)).unwrap_or(u32::MAX);
        let first_ms = found(first_ms, expected[0]).cast_signed();
        let first_seq = found(first_seq, expected[1]);
        let last_ms = first_ms.wrapping_add(found(length_ms, expected[2]).cast_signed());
        Run {
            verdict: Verdict::from_code(outcome),
            reason: Reason::from_code(outcome >> 2),
            first_seq,
            last_seq: first_seq.wrapping_add(found(length_seq, expected[3])),
            first_ms,
            last_ms,
            count: steps.wrapping_add(1),
            until_ms: last_ms.wrapping_add(found(hold_ms, expected[4]).cast_signed()),
        }
    }

    /// First time and number, length in ms and in numbers, and hold of a run that is `steps` strides long.
    fn expected(&self, steps: u64) -> [u64; 5] {
        let Strides { ms, seq, .. } = self.strides;
        let lengths = [steps.wrapping_mul(ms), steps.wrapping_mul(seq)];
        self.previous.map_or([0, 0, lengths[0], lengths[1], 0], |previous| {
            let hold = previous.until_ms.wrapping_sub(previous.last_ms).cast_unsigned();
            let next_ms = previous.last_ms.cast_unsigned().wrapping_add(ms);
            [next_ms, previous.last_seq.wrapping_add(seq), lengths[0], lengths[1], hold]
        })
    }

    fn learn(&mut self, run: &Run) {
        self.outcome = self.previous.as_ref().map_or(0, outcome);
        let steps = run.count.wrapping_sub(1);
        if steps > 0 && steps >= self.strides.steps {
            self.strides = Strides {
                steps,
                ms: rounded(run.last_ms.wrapping_sub(run.first_ms).cast_unsigned(), steps),
                seq: rounded(run.last_seq.wrapping_sub(run.first_seq), steps),
            };
        }
        self.previous = Some(*run);
    }
}

fn outcome(run: &Run) -> u64 {
    u64::from(Record::outcome_of(run.verdict, run.reason))
}

/// `whole / parts`, to the nearest.
fn rounded(whole: u64, parts: u64) -> u64 {
    whole / parts + u64::from(whole % parts > parts / 2)
}

/// Small distances either way become small numbers.
fn zigzag(distance: u64) -> u64 {
    let distance = distance.cast_signed();
    ((distance << 1) ^ (distance >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> u64 {
    (value >> 1) ^ (value & 1).wrapping_neg()
}

/// A Rice code whose parameter follows the mean of what it coded.
#[derive(Debug, Clone, Copy)]
struct Rice {
    /// Four times the running mean.
    mean_x4: u64,
}

/// Longer quotients are written at length instead.
const QUOTIENT_MAX: u64 = 12;
/// Keeps the mean from running away after one huge value.
const WEIGHT_MAX: u64 = 1 << 40;

impl Default for Rice {
    fn default() -> Self {
        Self { mean_x4: 32 }
    }
}

impl Rice {
    fn put(&mut self, value: u64, bits: &mut BitWriter) {
        let low = self.low_bits();
        let quotient = value >> low;
        if quotient < QUOTIENT_MAX {
            bits.put_unary(quotient);
            bits.put(value & ((1 << low) - 1), low);
        } else {
            bits.put_unary(QUOTIENT_MAX);
            bits.put_long(value);
        }
        self.learn(value);
    }

    fn take(&mut self, bits: &mut BitReader<'_>) -> Option<u64> {
        let low = self.low_bits();
        let quotient = bits.take_unary(QUOTIENT_MAX)?;
        let value =
            if quotient < QUOTIENT_MAX { quotient << low | bits.take(low)? } else { bits.take_long()? };
        self.learn(value);
        Some(value)
    }

    fn low_bits(self) -> u32 {
        (self.mean_x4 / 6).checked_ilog2().unwrap_or(0)
    }

    fn learn(&mut self, value: u64) {
        self.mean_x4 = self.mean_x4 - self.mean_x4 / 4 + value.min(WEIGHT_MAX);
    }
}

#[cfg(test)]
mod tests;
