//! A sample that stops speaking before the next one arrives: now and then the service seems unobserved.
//!
//! Figures mend themselves when the samples come; what is shown now, and what was known then, do not. So the
//! time that a sample speaks must cover its interval and what the way to the collector may take.

use crate::problem::Place;
use crate::text::say;
use crate::yaml::duration::Millis;
use crate::yaml::shape::Report;
use crate::{Component, Node};

/// What an agent may take to deliver an unchanged sample: 1 s until it is on its disk, 5 s until it is on the
/// wire, 2 s for a round of canaries, 2 s for the probe and the way.
const DELIVERY_MS: u64 = 10_000;

/// Warns of a part whose samples speak for less than that.
pub(super) fn outlived(at: Place, component: &Component, report: &mut Report<'_>) {
    let Node::Part(part) = &component.node else { return };
    let Some(timing) = part.checks.first().map(|check| check.timing) else { return };
    let needed_ms = timing.every_ms + DELIVERY_MS;
    if timing.hold_ms >= needed_ms {
        return;
    }
    let (hold, every) = (Millis(timing.hold_ms), Millis(timing.every_ms));
    let (delivery, needed) = (Millis(DELIVERY_MS), Millis(needed_ms));
    let message = say!(
        "a sample speaks for {hold} (`hold`), but with `every: {every}` the next may take up to {needed} to arrive ({delivery} \
         to deliver it): what is shown now would again and again be unobserved; write `hold: {needed}` or more",
        "un campione vale {hold} (`hold`), ma con `every: {every}` il successivo può metterci fino a {needed} ad arrivare \
         ({delivery} per consegnarlo): lo stato risulterebbe ogni tanto non osservato; scrivi `hold: {needed}` o più"
    );
    report.warning(at, message);
}
