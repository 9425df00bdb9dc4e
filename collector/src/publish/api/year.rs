//! A period of every service: `GET /api/v1/years/2027`, `…/quarters/2027-Q1`, `…/months/2027-03`.

use serde::{Deserialize, Serialize};

use super::{
    Alternative, Ceiling, Commitment, Correction, Figure, Members, Outage, Sampling, Stretch, Unmeasured,
    Unobserved, Within, promise,
};

/// `GET /api/v1/years/2027`, and the same of a quarter or a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Year {
    /// Which period: `2027`, `2027-Q1`, `2027-03`.
    #[serde(default)]
    pub period: String,
    /// The year it is in.
    pub year: i16,
    /// Whose civil calendar.
    pub zone: String,
    /// The period's first instant, Unix ms.
    pub start_ms: i64,
    /// The next period's first instant, Unix ms.
    pub end_ms: i64,
    /// Up to when data counts, Unix ms.
    pub as_of_ms: i64,
    /// The same as ISO 8601 in UTC.
    pub as_of: String,
    /// True until the year is sealed.
    pub provisional: bool,
    /// The seal whose figures these are; absent while they are provisional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
    /// Whose charter.
    pub organisation: String,
    /// The office that answers for it.
    pub unit: Option<String>,
    /// The act that approved the charter.
    pub act: Option<String>,
    /// From when on measuring counts, Unix ms; after `start_ms` the year is partial (D18).
    pub measured_from_ms: i64,
    /// In the charter's order.
    pub services: Vec<ServiceYear>,
}

/// A closed year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// 1, and one more for each closing after later entries.
    pub revision: u64,
    /// When it was closed, Unix ms.
    pub at_ms: i64,
    /// SHA-256 of its manifest, hexadecimal.
    pub manifest: String,
    /// Who closed it.
    #[serde(default)]
    pub author: String,
    /// The journal entry that has the manifest.
    #[serde(default)]
    pub entry: u64,
    /// How many fields what arrived or was entered since would change: 0 when nothing would.
    #[serde(default)]
    pub changes: u64,
}

/// One service's year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceYear {
    /// Its name in commands and metrics.
    pub id: String,
    /// Its row in the charter's table.
    pub row: Option<u32>,
    /// Its title.
    pub name: String,
    /// For whom.
    pub users: Vec<String>,
    /// Its promises, around the clock, then those about the hours of a calendar; none, and none without a measure either, means that it is observed without one.
    pub commitments: Vec<Commitment>,
    /// Its promises that no figure is compared with yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmeasured: Vec<Unmeasured>,
    /// Its integers.
    pub figure: Figure,
    /// The same as if planned work counted as any time, where the charter's rule reads it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross: Option<Figure>,
    /// The same without planned stops, where there were any: beside the figure, never instead (D12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<Figure>,
    /// Its promises about the hours of a calendar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Within>,
    /// Why time is unknown; they sum to `figure.unknown_ms`; only with `?account=`, and not of a mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unobserved: Vec<Unobserved>,
    /// The most that the tree and today's targets allow; only with `?account=`, and not of a mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Ceiling>,
    /// Of a mean: what it is the mean of (D16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Members>,
    /// Where promise or tree changed within the period: each stretch by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stretches: Vec<Stretch>,
    /// All its stops together: how long they were for certain, and at most (D24); only with `?account=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// The entries of the journal that touch this figure, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
    /// The same measurements by other readings of the rules, ours among them; only with `?account=`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Alternative>,
    /// As each site alone sees it.
    pub sites: Vec<SiteYear>,
    /// Its components and their parts, each before its own parts.
    pub components: Vec<ComponentYear>,
    /// Of several components, the path of the one with the lowest share of known time up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_component: Option<String>,
    /// Of several sites, the one that sees the service worst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_site: Option<String>,
    /// How many stops it had.
    pub outage_count: u64,
    /// The longest of them, ms; 0 when there was none (D28).
    pub longest_outage_ms: u64,
    /// All of them, oldest first; empty with `?outages=none`.
    pub outages: Vec<Outage>,
}

impl ServiceYear {
    /// Is there anything to see? A row that promises only about requests has nothing to probe.
    pub fn is_probed(&self) -> bool {
        !self.components.is_empty() || self.unmeasured.is_empty()
    }

    /// The promise that stands for the row, and its figure: around the clock, or else of a calendar's hours.
    pub fn promised(&self) -> (Option<&Commitment>, &Figure) {
        promise::standing_for(&self.commitments, &self.within, &self.figure)
    }

    /// The figures that stand beside that one, of the same hours: with planned stops, without them.
    pub fn beside(&self) -> (Option<&Figure>, Option<&Figure>) {
        let around = (self.gross.as_ref(), self.net.as_ref());
        promise::beside(self.promised().0, &self.within, around)
    }
}

/// One component's year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentYear {
    /// `component`, or `component.part`.
    pub path: String,
    /// Its title.
    pub name: String,
    /// May it be shown to the public?
    pub publish: bool,
    /// How many of its targets, or of its parts, must be up, such as `any` or `all but 1`; null when it has parts
    /// that all must be.
    pub up_if: Option<String>,
    /// Its integers.
    pub figure: Figure,
    /// Its own checks, not those of its parts.
    pub checks: Vec<CheckYear>,
}

/// One service's year as one site alone sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteYear {
    /// The site.
    pub site: String,
    /// Its integers.
    pub figure: Figure,
}

/// One check's year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckYear {
    /// `service.component[.part].target`.
    pub id: String,
    /// What kind of probe.
    pub kind: String,
    /// What is asked.
    pub target: String,
    /// From where.
    pub from: Vec<String>,
    /// Its integers.
    pub figure: Figure,
}
