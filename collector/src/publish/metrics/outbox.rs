//! What is still to be told, and what became of attempts to tell it.

use std::fmt::Error;

use super::families::Families;
use super::{Exposition, float, seconds};

impl Exposition {
    pub(super) fn outbox(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_outbox_waiting",
            "Messages that are decided and that nobody has taken yet",
            self.outbox.iter().map(|outbox| ([("", ""); 0], float(outbox.waiting))),
        )?;
        families.gauge(
            "vedetta_outbox_oldest_timestamp_seconds",
            "When the oldest of them was decided; absent while none waits",
            self.outbox.iter().filter_map(|outbox| Some(([("", ""); 0], seconds(outbox.oldest_ms?)))),
        )?;
        families.counter(
            "vedetta_notifications",
            "Attempts to tell somebody by their end: sent, failed and tried again, given_up",
            self.outbox
                .iter()
                .flat_map(|outbox| &outbox.told)
                .map(|(outlet, result, count)| ([("outlet", *outlet), ("result", *result)], *count)),
        )
    }
}
