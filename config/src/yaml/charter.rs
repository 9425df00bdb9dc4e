//! The head of the file: whose charter, which act, which readings, which sites.

use jiff::civil::Date;

use crate::yaml::component::From;
use crate::yaml::duration::Millis;
use crate::yaml::shape::{At, shape};
use crate::{AgentId, Fraction, LateEntries, Maintenance, Unknown, UserGroup, Vote};

shape! {
    /// `organisation:`
    OrganisationKeys {
        /// Such as `Comune di Esempio`.
        name: required String,
        /// The office that answers for it.
        unit: optional String,
        /// Its code in the register of public bodies (IPA).
        ipa_code: optional String,
        /// How citizens reach that office.
        contact: optional String,
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
        /// How the agents of one site vote: `majority down`, `2 down`.
        vantages: optional At<Vote>,
        /// How the sites vote: `half down`, `any down`.
        sites: optional At<Vote>,
        /// Time that nobody observed: `apart`, or read as `down` or as `up`.
        unknown: optional Unknown,
        /// A stop during declared maintenance: `counts`, `excluded`, `excluded_down` or `as_up`.
        maintenance: optional At<Maintenance>,
        /// What is entered too late: `recorded` or `effective`.
        late_entries: optional At<LateEntries>,
        /// How long before it begins maintenance must be entered to be planned.
        notice: optional At<Millis>,
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
        /// Its title for people.
        name: optional String,
        /// Who probes from there.
        agents: optional Vec<At<AgentId>>,
        /// Who works there.
        users: optional Vec<At<UserGroup>>,
        /// The power supply its agents hang on; the same word where it is the same one.
        power: optional String,
        /// The line it is connected by; the same word where it is the same one.
        line: optional String,
        /// How its agents vote, instead of the rule.
        vantages: optional At<Vote>,
        /// For whoever reads the file.
        note: optional String,
    }
}
