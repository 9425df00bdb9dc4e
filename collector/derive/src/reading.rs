//! Rules as they are read: the charter's own, or others instead, to see what would follow from them.

use config::{Check, LateEntries, Maintenance, Rules, Site, Unknown, Vote};

/// What is read otherwise than the charter says. [`Reading::default()`] changes nothing.
///
/// A figure under another reading is never the figure: it stands in the table that shows whether a doubtful
/// word of the charter matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// How the vantages of each site vote, whatever the charter says of it.
    pub vantages: Option<Vote>,
    /// How the sites of each check vote.
    pub sites: Option<Vote>,
    /// How many must know for a vote of vantages or of sites to be one, where there are so many.
    pub known_min: Option<u32>,
    /// How many fails make down.
    pub confirm_down: Option<u32>,
    /// How many oks end it.
    pub confirm_up: Option<u32>,
    /// How a stop during planned work is read.
    pub maintenance: Option<Maintenance>,
    /// How work that was announced too late is read.
    pub late_entries: Option<LateEntries>,
    /// How long before it begins work must be announced, ms.
    pub notice_ms: Option<u64>,
    /// How the headline reads unknown time.
    pub unknown: Option<Unknown>,
    /// How components make a service.
    pub composition: Option<Composition>,
    /// Is the promise "more than", or "at least"?
    pub strict: Option<bool>,
    /// Which part of the period counts.
    pub extent: Option<Extent>,
    /// Do stops count whose cause, as annotated, was not ours?
    pub external: Option<External>,
}

/// How components make a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Composition {
    /// All must be up.
    All,
    /// The mean over them, each weighing the same.
    MeanOfComponents,
}

/// Which part of the period counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// From `measured_from` on.
    Measured,
    /// All of it: what was not measured yet is unknown.
    Whole,
}

/// How stops by causes outside the house are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum External {
    /// As any stop.
    Counts,
    /// Outside the year's time.
    Excluded,
}

impl Reading {
    /// How the vantages of `site` vote on `check`: the component's word goes before the site's.
    pub(crate) fn vantages(&self, rules: &Rules, check: &Check, site: Option<&Site>) -> Vote {
        let said = check.judged.vantages.or_else(|| site.and_then(|site| site.facts.vantages));
        let vote = self.vantages.or(said).unwrap_or(rules.readings.vantages);
        self.known(vote, site.map_or(1, |site| site.agents.len()))
    }

    /// How the sites of `check` vote.
    pub(crate) fn sites(&self, rules: &Rules, check: &Check) -> Vote {
        let vote = self.sites.or(check.judged.sites).unwrap_or(rules.readings.sites);
        self.known(vote, check.from.len())
    }

    /// No more can be asked to know than there are.
    fn known(&self, vote: Vote, voters: usize) -> Vote {
        let Some(known_min) = self.known_min else { return vote };
        let voters = u32::try_from(voters).unwrap_or(u32::MAX);
        Vote { known_min: known_min.min(voters.max(1)), ..vote }
    }

    pub(crate) fn maintenance(&self, rules: &Rules) -> Maintenance {
        self.maintenance.unwrap_or(rules.readings.maintenance)
    }

    pub(crate) fn late_entries(&self, rules: &Rules) -> LateEntries {
        self.late_entries.unwrap_or(rules.readings.late_entries)
    }
}
