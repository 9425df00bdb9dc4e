//! The head of the file: whose charter, which act, which readings, which sites.

use jiff::civil::Date;

use crate::yaml::component::From;
use crate::yaml::duration::Millis;
use crate::yaml::shape::{At, shape};
use crate::{AgentId, Fraction, UserGroup};

shape! {
    /// `organisation:`
    OrganisationKeys {
        /// Such as `Comune di Esempio`.
        name: required String,
        /// The office that answers for it.
        unit: optional String,
    }
}

shape! {
    /// `charter:`
    CharterKeys {
        /// Number and date of the approving act.
        act: optional String,
        /// The promise holds from this day.
        in_force_from: optional Date,
        /// Measuring counts from this day.
        measured_from: optional Date,
    }
}

shape! {
    /// `rules:`
    RulesKeys {
        /// Consecutive fails that make down.
        confirm_down: optional At<u32>,
        /// Consecutive oks that end it.
        confirm_up: optional At<u32>,
        /// Below this coverage the headline is a range.
        coverage_min: optional Fraction,
    }
}

shape! {
    /// `defaults:`
    DefaultsKeys {
        /// Time between two slots.
        every: optional At<Millis>,
        /// One attempt's deadline.
        timeout: optional At<Millis>,
        /// Attempts of one sample.
        attempts: optional At<u32>,
        /// Which sites probe.
        from: optional From,
    }
}

shape! {
    /// One entry of `sites:`
    SiteKeys {
        /// Who probes from there.
        agents: optional Vec<At<AgentId>>,
        /// Who works there.
        users: optional Vec<At<UserGroup>>,
    }
}
