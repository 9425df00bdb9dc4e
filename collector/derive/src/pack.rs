//! Closed runs as bytes: what a check's year weighs in the store.
//!
//! Every number is written as its distance from what the runs before make likely: samples one stride apart, holds
//! all alike, outcomes taking turns. How long a distance is, is written as bits whose chances are learnt as the
//! pack goes on ([`range`]); so what is as expected, which is nearly everything, costs next to nothing, and a
//! surprise costs itself and no more: codes that follow a mean (Rice) weigh two and a half times as much in a year
//! of 220 changes with half a dozen gaps, after each of which they need dozens of numbers to calm down. Integers
//! only, so that equal runs give equal bytes on every machine.

mod range;

use collector_api::{Reason, Record, Verdict};

use crate::Run;
use range::{Chance, RangeReader, RangeWriter};

/// Packs runs in the given order.
pub fn encode_runs(runs: &[Run]) -> Vec<u8> {
    let mut bits = RangeWriter::default();
    let mut model = Model::default();
    bits.put_long(runs.len() as u64);
    for run in runs {
        let columns = model.columns_of(run);
        for (column, value) in columns.into_iter().enumerate() {
            match model.number_of(column, columns[OUTCOME]) {
                Some(number) => number.put(value, &mut bits),
                None => bits.put_long(value),
            }
        }
        model.learn(run);
    }
    bits.finish()
}

/// Unpacks what [`encode_runs`] wrote; `None` for anything else that is not by chance some runs.
pub fn decode_runs(bytes: &[u8]) -> Option<Vec<Run>> {
    let mut bits = RangeReader::new(bytes)?;
    let mut model = Model::default();
    let count = usize::try_from(bits.take_long()?).ok()?;
    let mut runs = Vec::with_capacity(count.min(bytes.len()));
    for _ in 0..count {
        let mut columns = [0; COLUMNS];
        for column in 0..COLUMNS {
            columns[column] = match model.number_of(column, columns[OUTCOME]) {
                Some(number) => number.take(&mut bits)?,
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
/// The column of the outcome, which comes first: it tells what lengths are likely.
const OUTCOME: usize = 0;

/// What is likely, given the runs so far.
#[derive(Debug, Default)]
struct Model {
    previous: Option<Run>,
    /// Outcome of the run before the previous one: failing and working take turns.
    outcome: u64,
    /// Of the run with the most samples so far, whose strides are the truest.
    strides: Strides,
    /// By column; of runs that are up, of others. For outcomes that of the run before counts.
    numbers: [[Number; 2]; COLUMNS],
}

/// Between two samples of the check, in ms and in numbers.
#[derive(Debug, Default, Clone, Copy)]
struct Strides {
    steps: u64,
    ms: u64,
    seq: u64,
}

impl Model {
    /// How a column is written. The first run has nothing to be near to: it is written at length.
    fn number_of(&mut self, column: usize, outcome: u64) -> Option<&mut Number> {
        let previous = self.previous.as_ref()?;
        let verdict = if column == OUTCOME { previous.verdict } else { self.verdict_of(outcome) };
        Some(&mut self.numbers[column][usize::from(verdict == Verdict::Up)])
    }

    fn columns_of(&self, run: &Run) -> [u64; COLUMNS] {
        let steps = run.count.wrapping_sub(1);
        let [first_ms, first_seq, length_ms, length_seq, hold_ms] = self.expected(steps);
        [
            zigzag(outcome(run).wrapping_sub(self.outcome)),
            steps,
            zigzag(run.first_ms.cast_unsigned().wrapping_sub(first_ms)),
            zigzag(run.first_seq.wrapping_sub(first_seq)),
            zigzag(run.last_ms.wrapping_sub(run.first_ms).cast_unsigned().wrapping_sub(length_ms)),
            zigzag(run.last_seq.wrapping_sub(run.first_seq).wrapping_sub(length_seq)),
            zigzag(run.until_ms.wrapping_sub(run.last_ms).cast_unsigned().wrapping_sub(hold_ms)),
        ]
    }

    fn run_of(&self, columns: [u64; COLUMNS]) -> Run {
        let [outcome, steps, first_ms, first_seq, length_ms, length_seq, hold_ms] = columns;
        let expected = self.expected(steps);
        let outcome = self.outcome_of(outcome);
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

    fn outcome_of(&self, column: u64) -> u32 {
        u32::try_from(found(column, self.outcome)).unwrap_or(u32::MAX)
    }

    fn verdict_of(&self, column: u64) -> Verdict {
        Verdict::from_code(self.outcome_of(column))
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

/// What a column says, where something else was likely.
fn found(column: u64, expected: u64) -> u64 {
    expected.wrapping_add(unzigzag(column))
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

/// A number by how long it is: whether it is 0, else how many bits follow its highest, then these.
#[derive(Debug, Clone, Copy)]
struct Number {
    above_0: Chance,
    /// The length's six bits, each by those before it: a tree of which the first entry is not used.
    length: [Chance; 64],
}

const LENGTH_BITS: u32 = 6;

impl Default for Number {
    fn default() -> Self {
        Self { above_0: Chance::default(), length: [Chance::default(); 64] }
    }
}

impl Number {
    fn put(&mut self, value: u64, bits: &mut RangeWriter) {
        bits.put_bit(value > 0, &mut self.above_0);
        let Some(length) = value.checked_ilog2() else { return };
        let mut place = 1;
        for shift in (0..LENGTH_BITS).rev() {
            let bit = (length >> shift) & 1 == 1;
            bits.put_bit(bit, &mut self.length[place]);
            place = place << 1 | usize::from(bit);
        }
        bits.put(value, length);
    }

    fn take(&mut self, bits: &mut RangeReader<'_>) -> Option<u64> {
        if !bits.take_bit(&mut self.above_0)? {
            return Some(0);
        }
        let (mut place, mut length) = (1, 0);
        for _ in 0..LENGTH_BITS {
            let bit = bits.take_bit(&mut self.length[place])?;
            place = place << 1 | usize::from(bit);
            length = length << 1 | u32::from(bit);
        }
        Some(1 << length | bits.take(length)?)
    }
}

#[cfg(test)]
mod tests;
