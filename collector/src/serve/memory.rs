//! Memory that answers leave behind stays with the process.
//!
//! An answer about a year works in some twenty megabytes and gives them back at once. glibc then returns the end of its
//! heap to the kernel, and each next answer pays for the same pages again: a third of its time. How much may lie idle
//! follows what the program gives back: a block of its own mapping raises the threshold to twice its size (mallopt(3),
//! `M_MMAP_THRESHOLD`), up to 64 MiB. Elsewhere than with glibc this does nothing. The price: as much as the largest
//! answer needed, up to that, stays resident until the process ends; its peak is the same.

use std::hint::black_box;

/// Half of what may lie idle, bytes.
const BLOCK: usize = 24 << 20;

/// From here on what is given back stays at hand. Touches no page.
pub(super) fn keep_at_hand() {
    drop(black_box(Vec::<u8>::with_capacity(BLOCK)));
}
