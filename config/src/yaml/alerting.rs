//! `alerting:`: who is told, when, and of what.

use crate::Concern;
use crate::yaml::duration::Millis;
use crate::yaml::shape::{At, shape};

shape! {
    /// One entry of `alerting:`
    RecipientKeys {
        /// Mail addresses, one or a list.
        to: required Vec<At<String>>,
        /// When: `24x7`, a calendar, or hours such as `mon-sat 07:30-20:00`.
        hours: optional At<String>,
        /// Of what: `page`, `ticket`, `morning`, `digest`; one or a list.
        told_of: optional At<Vec<Concern>>,
        /// Only of an incident that nobody has taken charge of for this long.
        escalate_after: optional At<Millis>,
        /// For whoever reads the file.
        note: checked String,
    }
}
