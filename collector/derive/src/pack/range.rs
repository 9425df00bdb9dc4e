//! Bits as places in an ever narrower range: one that was likely costs less than a bit.
//!
//! It is the range coder of LZMA, 32 bits wide, on integers alone: each bit keeps its share of the range, and the
//! bytes at the range's top are written once both of its ends agree on them. A reader takes exactly the bytes that
//! were written, so that one too many or too few is noticed; any other bytes read as some numbers.

/// How likely the next of some bits is 0, by those before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    /// In parts of 2^16, never none and never all.
    zero: u16,
    /// How many bits taught it, up to [`SEEN_MAX`].
    seen: u8,
}

const WHOLE: u32 = 1 << 16;
/// What is never seen may come all the same.
const LEAST: u32 = 32;
/// Older bits fade: the next one weighs at least one in so many.
const SEEN_MAX: u8 = 30;

impl Default for Chance {
    fn default() -> Self {
        Self { zero: 1 << 15, seen: 0 }
    }
}

impl Chance {
    /// As if half a bit of either kind had been seen before (Krichevsky and Trofimov): the first ones teach most.
    fn learn(&mut self, bit: bool) {
        let (zero, parts) = (u32::from(self.zero), 2 * u32::from(self.seen) + 3);
        let zero = if bit { zero - 2 * zero / parts } else { zero + 2 * (WHOLE - zero) / parts };
        self.zero = u16::try_from(zero.clamp(LEAST, WHOLE - LEAST)).unwrap_or(u16::MAX);
        self.seen = SEEN_MAX.min(self.seen + 1);
    }

    /// The part of a range that means 0.
    fn share(self, range: u32) -> u32 {
        (range >> 16) * u32::from(self.zero)
    }
}

/// Below it a range is too narrow to share: a byte of it is settled.
const NARROW: u32 = 1 << 24;

/// Appends.
#[derive(Debug)]
pub(super) struct RangeWriter {
    bytes: Vec<u8>,
    /// The range's lower end, below the bytes that are written; bit 32 is a carry into them.
    low: u64,
    range: u32,
    /// The newest byte, which a carry can still change.
    held: Option<u8>,
    /// Bytes 0xFF after it, through which a carry would go.
    full: usize,
}

impl Default for RangeWriter {
    fn default() -> Self {
        Self { bytes: Vec::new(), low: 0, range: u32::MAX, held: None, full: 0 }
    }
}

impl RangeWriter {
    /// One bit, which teaches its chance.
    pub(super) fn put_bit(&mut self, bit: bool, chance: &mut Chance) {
        let share = chance.share(self.range);
        if bit {
            self.low += u64::from(share);
            self.range -= share;
        } else {
            self.range = share;
        }
        chance.learn(bit);
        self.settle();
    }

    /// The lowest `count` bits of `value`, at most 64, of which nothing is known.
    pub(super) fn put(&mut self, value: u64, count: u32) {
        for shift in (0..count).rev() {
            self.range >>= 1;
            if (value >> shift) & 1 == 1 {
                self.low += u64::from(self.range);
            }
            self.settle();
        }
    }

    /// A number of any size: its length in seven bits, then its bits.
    pub(super) fn put_long(&mut self, value: u64) {
        let length = 64 - value.leading_zeros();
        self.put(length.into(), 7);
        self.put(value, length);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        // Four bytes of the lower end; the fifth settles a carry.
        for _ in 0..5 {
            self.shift();
        }
        self.bytes
    }

    fn settle(&mut self) {
        while self.range < NARROW {
            self.range <<= 8;
            self.shift();
        }
    }

    fn shift(&mut self) {
        let [.., carry, top, _, _, _] = self.low.to_be_bytes();
        if top == 0xFF && carry == 0 {
            self.full += 1;
        } else {
            self.bytes.extend(self.held.map(|held| held.wrapping_add(carry)));
            self.bytes.extend(std::iter::repeat_n(0xFF_u8.wrapping_add(carry), self.full));
            (self.held, self.full) = (Some(top), 0);
        }
        self.low = (self.low & 0x00FF_FFFF) << 8;
    }
}

/// Reads what [`RangeWriter`] wrote; `None` past the end.
#[derive(Debug)]
pub(super) struct RangeReader<'a> {
    rest: &'a [u8],
    /// How far what is read is above the range's lower end.
    code: u32,
    range: u32,
}

impl<'a> RangeReader<'a> {
    /// `None` if these bytes are too few for anything.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk()?;
        Some(Self { rest, code: u32::from_be_bytes(*first), range: u32::MAX })
    }

    pub(super) fn take_bit(&mut self, chance: &mut Chance) -> Option<bool> {
        let share = chance.share(self.range);
        let bit = self.code >= share;
        if bit {
            self.code -= share;
            self.range -= share;
        } else {
            self.range = share;
        }
        chance.learn(bit);
        self.settle()?;
        Some(bit)
    }

    /// The next `count` bits; at most 64.
    pub(super) fn take(&mut self, count: u32) -> Option<u64> {
        let mut value = 0;
        for _ in 0..count {
            self.range >>= 1;
            let bit = self.code >= self.range;
            if bit {
                self.code -= self.range;
            }
            value = value << 1 | u64::from(bit);
            self.settle()?;
        }
        Some(value)
    }

    pub(super) fn take_long(&mut self) -> Option<u64> {
        let length = u32::try_from(self.take(7)?).ok()?;
        if length > 64 { None } else { self.take(length) }
    }

    /// Was every byte needed?
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn settle(&mut self) -> Option<()> {
        while self.range < NARROW {
            let (next, rest) = self.rest.split_first()?;
            (self.range, self.code) = (self.range << 8, self.code << 8 | u32::from(*next));
            self.rest = rest;
        }
        Some(())
    }
}
