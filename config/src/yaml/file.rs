//! `vedetta.yaml` as a whole.

use crate::HostPort;
use crate::yaml::alerting::RecipientKeys;
use crate::yaml::calendar::CalendarKeys;
use crate::yaml::charter::{CharterKeys, DefaultsKeys, OrganisationKeys, RulesKeys, SiteKeys};
use crate::yaml::collector::CollectorKeys;
use crate::yaml::service::ServiceKeys;
use crate::yaml::shape::{At, Named, shape};

shape! {
    /// One file says everything.
    FileKeys {
        /// Other files beside this one, read as if their entries stood here.
        include: checked Vec<String>,
        /// Whose charter.
        organisation: required OrganisationKeys,
        /// Which act.
        charter: optional CharterKeys,
        /// The readings in force.
        rules: optional RulesKeys,
        /// Named hours.
        calendars: optional Named<CalendarKeys>,
        /// For components that say nothing else.
        defaults: optional DefaultsKeys,
        /// What agents ask to know whether their own network works.
        canaries: optional Vec<At<HostPort>>,
        /// Where users are.
        sites: required Named<SiteKeys>,
        /// The rows.
        services: required Named<ServiceKeys>,
        /// Who is told.
        alerting: optional Named<RecipientKeys>,
        /// How the collector runs.
        collector: optional CollectorKeys,
    }
}
