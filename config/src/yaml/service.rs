//! A row: for whom, what is promised, what it consists of.

use serde_json::json;

use crate::problem::Place;
use crate::text::say;
use crate::yaml::component::ComponentKeys;
use crate::yaml::duration::Millis;
use crate::yaml::nearest;
use crate::yaml::node::Node;
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Named, Report, Shape, shape};
use crate::{Fraction, Id, Severity, UserGroup, Within};

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
        /// How its figure is made: `mean of COMPONENT`; without it, all components must be up.
        figure: decisive At<String>,
        /// Who answers for it.
        owner: optional String,
        /// Whom to call.
        contact: optional String,
        /// What to do when it is down: a text or an address.
        runbook: optional String,
        /// Who is told, by their names under `alerting`.
        alert: optional Vec<At<Id>>,
        /// How urgent it is that it is down: `page` or `ticket`.
        severity: optional At<Severity>,
        /// Down for less than this in all, it is told the next morning only.
        alert_after: optional At<Millis>,
        /// Its name before this one: its history goes on.
        was: optional At<Id>,
        /// For whoever reads.
        note: optional String,
    }
}

shape! {
    /// A commitment of `kind: availability`.
    AvailabilityKeys {
        /// `availability`
        kind: checked String,
        /// More than this share of the year.
        above: decisive At<Fraction>,
        /// This share of the year, or more.
        at_least: decisive At<Fraction>,
        /// When the promise holds: `24x7` or a calendar.
        hours: optional At<String>,
        /// When somebody is told that the year's budget goes too fast; the usual tiers without it.
        burn: optional At<Vec<BurnKeys>>,
    }
}

shape! {
    /// One tier of `burn:`: a part of the budget, gone within a window.
    BurnKeys {
        /// Of the year's budget.
        part: required At<Fraction>,
        /// Gone within this long.
        window: required At<Millis>,
        /// And still going: the window at its end that must burn as fast; a twelfth of `window` without it.
        short: optional At<Millis>,
        /// How urgent it is: `page`, `ticket` or `trend`; by the window's length without it.
        severity: optional Severity,
    }
}

shape! {
    /// A commitment of `kind: taken_in_charge` or `kind: answered`.
    TimelinessKeys {
        /// `taken_in_charge` or `answered`
        kind: checked String,
        /// How soon: `3 days`, `1 working day`, `8 working hours`.
        within: required At<Within>,
        /// Of how many of the year's requests; all of them without it.
        share: optional At<Fraction>,
        /// The calendar that working days and hours, and limits that roll, follow.
        hours: optional At<String>,
        /// A limit in days that ends on a day without hours ends with the next day that has some.
        roll: optional At<bool>,
    }
}

shape! {
    /// A commitment of `kind: on_request`.
    OnRequestKeys {
        /// `on_request`
        kind: checked String,
    }
}

/// A commitment and its place.
#[derive(Debug)]
pub(crate) struct CommitmentKeys {
    pub(crate) at: Place,
    pub(crate) promise: PromiseKeys,
}

/// One kind with its keys.
#[derive(Debug)]
pub(crate) enum PromiseKeys {
    Availability(AvailabilityKeys),
    TakenInCharge(TimelinessKeys),
    Answered(TimelinessKeys),
    OnRequest,
}

/// The kinds of the charter.
pub(crate) const KINDS: [&str; 4] = ["availability", "taken_in_charge", "answered", "on_request"];

impl Shape for CommitmentKeys {
    /// The kind is looked at first: another kind has other keys, and they are not at fault.
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let Some(kind) = node.get("kind") else {
            if let Some(word) = node.scalar().filter(|word| KINDS.contains(word)) {
                let message = say!("write it as `{{kind: {word}}}`", "scrivilo come `{{kind: {word}}}`");
                report.problem(node.at, message);
                return None;
            }
            report.missing(node.at, "kind");
            return None;
        };
        let word = kind.scalar().unwrap_or_default();
        let promise = match word {
            "availability" => AvailabilityKeys::read(node, report).map(PromiseKeys::Availability),
            "taken_in_charge" => TimelinessKeys::read(node, report).map(PromiseKeys::TakenInCharge),
            "answered" => TimelinessKeys::read(node, report).map(PromiseKeys::Answered),
            "on_request" => OnRequestKeys::read(node, report).map(|_| PromiseKeys::OnRequest),
            _ => {
                let what = say!("kind of commitment", "il tipo di impegno");
                report.problem(kind.at, nearest::unknown_value(what, word, &KINDS));
                None
            }
        };
        promise.map(|promise| Self { at: node.at, promise })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        definitions.refer("CommitmentKeys", |definitions| {
            let keys = [
                AvailabilityKeys::schema(definitions),
                TimelinessKeys::schema(definitions),
                TimelinessKeys::schema(definitions),
                OnRequestKeys::schema(definitions),
            ];
            let by_kind = KINDS.iter().zip(keys).map(|(kind, keys)| schema::when("kind", kind, &keys));
            json!({
                "type": "object",
                "required": ["kind"],
                "properties": {"kind": schema::words(KINDS)},
                "allOf": by_kind.collect::<Vec<_>>(),
            })
        })
    }
}

impl Shape for Within {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let within = node.scalar().and_then(Self::parse);
        report.expected(
            within,
            node,
            say!(
                "a limit such as `3 days`, `1 working day`, `8 working hours` or `24 hours`",
                "un termine come `3 days`, `1 working day` (giorno lavorativo), `8 working hours` o `24 hours`"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text("^[0-9]+ (working )?(hours?|days?)$")
    }
}
