//! Numbers as bits, most significant first; the last byte is filled with zeros.

/// Appends.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// How many bits of the last byte are written; 0 means all.
    filled: u32,
}

impl BitWriter {
    /// The lowest `count` bits of `value`; at most 64.
    pub(super) fn put(&mut self, value: u64, count: u32) {
        for shift in (0..count).rev() {
            self.put_bit((value >> shift) & 1 == 1);
        }
    }

    /// `value` ones and a zero.
    pub(super) fn put_unary(&mut self, value: u64) {
        for _ in 0..value {
            self.put_bit(true);
        }
        self.put_bit(false);
    }

    /// A number of any size: its length in seven bits, then its bits.
    pub(super) fn put_long(&mut self, value: u64) {
        let length = 64 - value.leading_zeros();
        self.put(length.into(), 7);
        self.put(value, length);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn put_bit(&mut self, bit: bool) {
        if self.filled == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (7 - self.filled);
        }
        self.filled = (self.filled + 1) % 8;
    }
}

/// Reads what [`BitWriter`] wrote; `None` past the end.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits read.
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next `count` bits; at most 64.
    pub(super) fn take(&mut self, count: u32) -> Option<u64> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u64::from(self.take_bit()?);
        }
        Some(value)
    }

    /// At most `max` ones and the zero after them.
    pub(super) fn take_unary(&mut self, max: u64) -> Option<u64> {
        for value in 0..=max {
            if !self.take_bit()? {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn take_long(&mut self) -> Option<u64> {
        let length = u32::try_from(self.take(7)?).ok()?;
        if length > 64 { None } else { self.take(length) }
    }

    /// Is nothing left but the zeros that fill the last byte?
    pub(super) fn is_at_end(&mut self) -> bool {
        let whole = self.position.div_ceil(8) == self.bytes.len();
        whole && (self.position..8 * self.bytes.len()).all(|_| self.take_bit() == Some(false))
    }

    fn take_bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.position / 8)?;
        let bit = (byte >> (7 - self.position % 8)) & 1 == 1;
        self.position += 1;
        Some(bit)
    }
}
