//! The keys of `probe: heartbeat`.

use crate::text::say;
use crate::yaml::duration::{Bytes, Millis};
use crate::yaml::node::Node;
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Report, Shape, shape};
use crate::{DownAfter, Fraction, Id};

shape! {
    /// `probe: heartbeat`
    HeartbeatKeys {
        /// A report is in time for so long after it is due.
        grace: optional At<Millis>,
        /// A report counts for so long before it is due.
        early_tolerance: optional At<Millis>,
        /// A run that takes longer is degraded.
        max_duration: optional At<Millis>,
        /// `2 missed runs`, or a duration: when the last good run is too old.
        down_after: optional At<DownAfter>,
        /// A run that made less has failed.
        min_bytes: optional At<Bytes>,
        /// A run that made fewer has failed.
        min_items: optional At<u32>,
        /// Smaller than the run before by more than this is degraded.
        shrink_warn: optional At<Fraction>,
        /// So many times as long as the run before is degraded.
        slower_warn: optional At<u32>,
        /// On whose wall clock times are.
        zone: optional At<String>,
        /// The name of a secret of the agent, which reports carry.
        secret: decisive At<Id>,
    }
}

impl Shape for DownAfter {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let read = node.scalar().and_then(Self::parse);
        report.expected(
            read,
            node,
            say!(
                "a number of runs such as `2 missed runs`, or a duration such as `50h`",
                "un numero di corse come `2 missed runs`, o una durata come `50h`"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text(
            "^(1 missed run|[0-9]+ missed runs|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
        )
    }
}
