//! A row: for whom, what is promised, what it consists of.

use crate::problem::Place;
use crate::text::say;
use crate::yaml::component::ComponentKeys;
use crate::yaml::nearest;
use crate::yaml::node::Node;
use crate::yaml::shape::{At, Named, Report, Shape, shape};
use crate::{Fraction, UserGroup};

shape! {
    /// One entry of `services:`
    ServiceKeys {
        /// Its row in the charter's table.
        row: optional At<u32>,
        /// Its title for people.
        name: optional String,
        /// For whom.
        users: optional Vec<At<UserGroup>>,
        /// What is promised.
        commitments: optional Vec<CommitmentKeys>,
        /// What must be up.
        components: optional Named<ComponentKeys>,
    }
}

shape! {
    /// A commitment of `kind: availability`.
    AvailabilityKeys {
        /// Always `availability`: another kind has been refused before these keys are read.
        kind: checked String,
        /// More than this share of the year.
        above: decisive At<Fraction>,
        /// This share of the year, or more.
        at_least: decisive At<Fraction>,
        /// When the promise holds.
        hours: optional At<String>,
    }
}

/// A commitment and its place.
#[derive(Debug)]
pub(crate) struct CommitmentKeys {
    pub(crate) at: Place,
    pub(crate) availability: AvailabilityKeys,
}

/// Kinds of the full grammar that this version does not derive yet.
const LATER: [&str; 3] = ["taken_in_charge", "answered", "on_request"];

impl Shape for CommitmentKeys {
    /// The kind is looked at first: another kind has other keys, and they are not at fault.
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let Some(kind) = node.get("kind") else {
            report.missing(node.at, "kind");
            return None;
        };
        let word = kind.scalar().unwrap_or_default();
        if word != "availability" {
            let message = if LATER.contains(&word) {
                say!(
                    "commitments of kind `{word}` are not available in this version; leave this one out: \
                     a service without a commitment is observed all the same",
                    "gli impegni di tipo `{word}` non sono disponibili in questa versione; togli questo: un servizio senza impegno \
                     si osserva lo stesso"
                )
            } else {
                nearest::unknown_value(
                    say!("kind of commitment", "il tipo di impegno"),
                    word,
                    &["availability"],
                )
            };
            report.problem(kind.at, message);
            return None;
        }
        AvailabilityKeys::read(node, report).map(|availability| Self { at: node.at, availability })
    }
}
