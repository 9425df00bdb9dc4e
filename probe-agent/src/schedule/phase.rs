//! Where in its interval a check runs: by its name, so that restarts move nothing and nobody herds.

use ring::digest::{SHA256, digest};

/// The offset of a check's slots from the interval's multiples, ms: below `every_ms`.
///
/// A stable hash of check and agent: the same on every machine, version and start, and different
/// for the same check on two agents, so that a target is not asked by all at once.
pub(super) fn phase_ms(check: &str, agent: &str, every_ms: u64) -> u64 {
    let hash = digest(&SHA256, format!("{check}\0{agent}").as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_ref()[..8]);
    u64::from_be_bytes(first) % every_ms.max(1)
}

/// The first slot not before now, on the monotonic clock. Slots lie at wall-clock multiples of the
/// interval plus the phase when the check is taken up; from then on only the monotonic clock counts.
pub(super) fn first_due_ms(phase_ms: u64, every_ms: u64, wall_ms: i64, now_ms: u64) -> u64 {
    let every = i64::try_from(every_ms.max(1)).unwrap_or(i64::MAX);
    let phase = i64::try_from(phase_ms).unwrap_or(0);
    let wait_ms = phase.wrapping_sub(wall_ms).rem_euclid(every);
    now_ms + wait_ms.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_phase_is_for_ever() {
        // Computed by `printf 'data_center.dns.dns1\0ced1' | sha256sum`: a change here moves every slot.
        assert_eq!(phase_ms("data_center.dns.dns1", "ced1", u64::MAX), PHASE_OF_DNS1);
        assert_ne!(
            phase_ms("data_center.dns.dns1", "ced2", 60_000),
            phase_ms("data_center.dns.dns1", "ced1", 60_000)
        );
    }

    const PHASE_OF_DNS1: u64 = 0xc3cc_4688_91d7_1eb0;

    #[test]
    fn phases_spread() {
        let mut tenths = [0_u32; 10];
        for check in 0..1_000 {
            let phase = phase_ms(&format!("data_center.vm.vm{check}"), "ced1", 60_000);
            tenths[usize::try_from(phase / 6_000).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|&count| (60..150).contains(&count)), "{tenths:?}");
    }

    proptest! {
        #[test]
        fn the_first_slot_is_the_next_multiple_plus_phase(
            every_ms in 1_u64..86_400_000, wall_ms in -1_000_000_000_i64..2_000_000_000_000, now_ms in 0_u64..1 << 40,
        ) {
            let phase = phase_ms("a.b.c", "ced1", every_ms);
            let due_ms = first_due_ms(phase, every_ms, wall_ms, now_ms);
            prop_assert!((now_ms..now_ms + every_ms).contains(&due_ms));
            let slot_wall = wall_ms + i64::try_from(due_ms - now_ms).unwrap();
            prop_assert_eq!(slot_wall.rem_euclid(i64::try_from(every_ms).unwrap()), i64::try_from(phase).unwrap());
        }
    }
}
