//! Corrections: what people declare about time that probes measured, or could not (D9 to D12).
//!
//! A [`Declaration`] is an entry of the journal, never edited and never removed: a later one changes what
//! an earlier one means. Corrections act on what a check's sites voted, before the tree. Whoever has read a
//! figure can therefore read it again as it was: with the entries up to that instant.

use config::{ServiceId, SiteId};
use serde::{Deserialize, Serialize};

/// An entry of the journal that declares something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its number in the journal: how later entries name it.
    pub entry: u64,
    /// When it was written, Unix ms.
    pub at_ms: i64,
    /// Who wrote it, from the socket's peer.
    pub author: String,
    /// The account behind the author: the uid of the socket's peer, 0 for root and the collector's own user, with
    /// whom nobody logs in. `None` in entries of before it was kept.
    pub uid: Option<u32>,
    /// What it says.
    pub declaration: Declaration,
}

/// What an entry declares. Times are Unix ms, stretches half-open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "declare", rename_all = "snake_case")]
pub enum Declaration {
    /// Work is planned. Every window is written out: a recurrence is no evidence.
    Maintenance {
        /// What it stops.
        scope: Vec<Scope>,
        /// When, in order and apart; at least one.
        windows: Vec<Window>,
        /// What is done, for people.
        note: String,
    },
    /// A maintenance lasts longer: its window that contains or last precedes `to_ms` ends then. The time
    /// that this adds is announced by this entry, not by the first.
    Extended {
        /// The entry of the maintenance.
        entry: u64,
        /// Its new end.
        to_ms: i64,
        /// Why.
        note: String,
    },
    /// A maintenance is over: its window that contains `at_ms` ends then.
    Closed {
        /// The entry of the maintenance.
        entry: u64,
        /// Its new end.
        at_ms: i64,
        /// What was done.
        note: String,
    },
    /// A maintenance is called off: its windows that begin after this entry's instant are not held. What
    /// was held stays; to take that back too is [`Declaration::Revoked`].
    Cancelled {
        /// The entry of the maintenance.
        entry: u64,
        /// Why.
        note: String,
    },
    /// What was measured was wrong: it becomes unknown, never up.
    Annulled {
        /// The outage it was taken from, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outage: Option<String>,
        /// Whose measurements.
        scope: Vec<Scope>,
        /// When.
        window: Window,
        /// Why.
        note: String,
    },
    /// What was measured is replaced by what is proven otherwise. `Up` is proposed until another person
    /// [approves](Declaration::Approved) it; `Down` holds at once.
    Forced {
        /// To what.
        state: ForcedState,
        /// Of what.
        scope: Vec<Scope>,
        /// When.
        window: Window,
        /// What proves it: a document, a ticket, a log.
        evidence: String,
        /// Why.
        note: String,
    },
    /// A second person stands for a proposed entry.
    Approved {
        /// Which.
        entry: u64,
    },
    /// An entry has no effect from now on, as if it had never been made: a maintenance that was entered by
    /// mistake, a correction that was wrong, an approval that is taken back.
    Revoked {
        /// Which.
        entry: u64,
        /// Why.
        note: String,
    },
    /// Whose fault an outage was. Changes no figure: every cause counts, and is listed apart.
    Annotated {
        /// The outage's id.
        outage: String,
        /// Whose outage, as it was called in the figures; entries of before this was written have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<ServiceId>,
        /// From when to when it was, as was known then: the outage that overlaps it most is meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<Window>,
        /// Whose fault.
        cause: Cause,
        /// For people.
        note: String,
    },
}

/// `[from_ms, to_ms)`, not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// First instant.
    pub from_ms: i64,
    /// First instant after it.
    pub to_ms: i64,
}

/// What a declaration is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything the charter measures.
    All,
    /// A service, a component, a part or a single check by its dotted name, with all beneath it:
    /// `data_center`, `data_center.dns`, `data_center.dns.dns1`. As the charter of the entry's instant
    /// names it; a later rename (`was:`) carries it along.
    Path(String),
    /// What one site sees of everything.
    Site(SiteId),
}

/// What a force makes of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForcedState {
    /// It worked.
    Up,
    /// It did not work.
    Down,
}

/// Whose fault an outage was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Our own systems or hands.
    Internal,
    /// A supplier of services: provider, cloud, carrier.
    ThirdParty,
    /// The power supply.
    Power,
    /// The line.
    Network,
    /// Planned work.
    Planned,
    /// Weather, flood, fire.
    ForceMajeure,
    /// An attack.
    Security,
    /// Not found out.
    NotFound,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 8] = [
        Self::Internal,
        Self::ThirdParty,
        Self::Power,
        Self::Network,
        Self::Planned,
        Self::ForceMajeure,
        Self::Security,
        Self::NotFound,
    ];

    /// The word in commands, logs and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::ThirdParty => "third-party",
            Self::Power => "power",
            Self::Network => "network",
            Self::Planned => "planned",
            Self::ForceMajeure => "force-majeure",
            Self::Security => "security",
            Self::NotFound => "not-found",
        }
    }
}

impl Window {
    /// `None` unless the end is after the start.
    pub fn new(from_ms: i64, to_ms: i64) -> Option<Self> {
        (from_ms < to_ms).then_some(Self { from_ms, to_ms })
    }
}

impl Scope {
    /// Reads `*`, `site:NAME` or a dotted name; `None` when it is none of them.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::All),
            _ => match text.strip_prefix("site:") {
                Some(site) => SiteId::new(site).ok().map(Self::Site),
                None => text
                    .split('.')
                    .all(|name| config::Id::new(name).is_ok())
                    .then(|| Self::Path(text.to_owned())),
            },
        }
    }

    /// Is it what this site sees?
    pub fn is_of(&self, site: &SiteId) -> bool {
        matches!(self, Self::Site(named) if named == site)
    }

    /// Is a check of this id (`service.component[.part].target`) in it, from whichever site?
    pub fn covers(&self, check: &str) -> bool {
        match self {
            Self::All => true,
            Self::Site(_) => false,
            Self::Path(path) => {
                check.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }
        }
    }
}

impl std::fmt::Display for Scope {
    /// As it is written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Path(path) => f.write_str(path),
            Self::Site(site) => write!(f, "site:{site}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back() {
        for text in ["*", "site:pascoli", "data_center", "data_center.dns.dns1"] {
            assert_eq!(Scope::parse(text).map(|scope| scope.to_string()).as_deref(), Some(text));
        }
        for bad in ["", "site:", "a..b", ".a", "A b", "site:a b"] {
            assert_eq!(Scope::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_path_covers_what_is_beneath_it() {
        let dns = Scope::Path("data_center.dns".to_owned());
        for (check, covered) in
            [("data_center.dns.dns1", true), ("data_center.dns", true), ("data_center.dns2.a", false)]
        {
            assert_eq!(dns.covers(check), covered, "{check}");
        }
        assert!(Scope::All.covers("x.y.z"));
    }

    #[test]
    fn a_declaration_reads_back_as_written() {
        let text = r#"{"declare":"forced","state":"up","scope":[{"path":"a.b"},"all"],"window":{"from_ms":1,"to_ms":2},"evidence":"prot. 12","note":""}"#;
        let declaration: Declaration = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&declaration).unwrap(), text);
    }
}
