//! `alerting:`: who is told.

use crate::yaml::shape::{At, shape};

shape! {
    /// One entry of `alerting:`
    RecipientKeys {
        /// Mail addresses, one or a list.
        to: required Vec<At<String>>,
        /// When: `24x7`, a calendar, or hours such as `mon-sat 07:30-20:00`.
        hours: optional At<String>,
        /// For whoever reads the file.
        note: checked String,
    }
}
