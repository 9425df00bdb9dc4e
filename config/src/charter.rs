//! The charter, resolved: what the operator's file means, with every default applied.
//!
//! Serialised, it is the body of a configuration revision in the journal, so that any past instant
//! can be judged by the charter then in force.

mod facts;
mod assigned;
mod webhook;

use serde::{Deserialize, Serialize};

use crate::text::{Text, say};
use crate::{
    AgentId, Availability, BurnTier, Calendar, Canary, CheckId, CheckSpec, Commitment, ComponentId, Id,
    Judged, Probe, Quorum, Rules, ServiceId, SiteId, Timing, UserGroup, YEAR_MS,
};
pub use facts::{
    ALERT_AFTER_MS, About, Approved, CharterAct, Concern, Life, Organisation, Recipient, SiteFacts,
    TargetFacts, When,
};
pub use webhook::{Recipe, Webhook};

/// Is nothing said? Then a revision does not carry it, and one of an older version is read as not saying it.
pub(crate) fn unsaid<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Everything that decides figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    /// Whose charter.
    pub organisation: Organisation,
    /// Which act, and since when.
    pub act: CharterAct,
    /// The readings in force.
    pub rules: Rules,
    /// Named hours, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendars: Vec<Calendar>,
    /// Where users are, in the file's order.
    pub sites: Vec<Site>,
    /// The rows, in the file's order.
    pub services: Vec<Service>,
    /// What agents ask to know whether their own network works.
    pub canaries: Vec<Canary>,
    /// Who is told, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerting: Vec<Recipient>,
}

/// Where users are; its agents are its vantages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Its name.
    pub id: SiteId,
    /// Who probes from there.
    pub agents: Vec<AgentId>,
    /// Who works there.
    pub users: Vec<UserGroup>,
    /// What else is said of it.
    #[serde(default, skip_serializing_if = "unsaid")]
    pub facts: SiteFacts,
}

/// A row of the charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name in commands and metrics.
    pub id: ServiceId,
    /// Its row in the charter's table.
    pub row: Option<u32>,
    /// Its title for people.
    pub name: String,
    /// For whom.
    pub users: Vec<UserGroup>,
    /// What is promised; none means "osservato, nessun impegno".
    pub commitments: Vec<Commitment>,
    /// All must be up (D13).
    pub components: Vec<Component>,
    /// When the budget of its promise around the clock goes too fast; the usual tiers where it names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub burn: Vec<BurnTier>,
    /// How its figure is made of its components'.
    #[serde(default, skip_serializing_if = "unsaid")]
    pub figure: FigureRule,
    /// For people.
    #[serde(default, skip_serializing_if = "unsaid")]
    pub about: About,
    /// Its name before this one: its history goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<ServiceId>,
}

/// How a service's figure is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureRule {
    /// Up when all components are.
    #[default]
    AllUp,
    /// The mean over the targets of one component, such as access points.
    MeanOf(ComponentId),
}

/// A named part of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Its name within its parent.
    pub id: ComponentId,
    /// Its title for people; the id when the file has none.
    pub name: String,
    /// May it be shown to the public?
    pub publish: bool,
    /// What it is made of.
    pub node: Node,
    /// For people.
    #[serde(default, skip_serializing_if = "unsaid")]
    pub about: About,
    /// Since when, until when, and under which name before.
    #[serde(default, skip_serializing_if = "unsaid")]
    pub life: Life,
    /// Components (`name`, or `service.name` of another service) without which it is of no use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Its weight among the parts beside it, where they are counted by weight; 1 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

/// What a component is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// Like targets under one quorum.
    Part(Part),
    /// Unlike parts, of which all must be up.
    All(Vec<Component>),
    /// Parts of which some suffice, such as two lines to the same place.
    Some {
        /// How many parts must be up.
        up_if: Quorum,
        /// At least one.
        parts: Vec<Component>,
    },
}

/// The like targets of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How many must be up.
    pub up_if: Quorum,
    /// At least one; empty only in a component that has no check yet, which is unknown.
    pub checks: Vec<Check>,
    /// The column by which targets are shown together: `area`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<String>,
}

/// One probe of one target, from some sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// `service.component[.part].target`.
    pub id: CheckId,
    /// The target's name.
    pub target: Id,
    /// From where; each site votes (D8).
    pub from: Vec<SiteId>,
    /// When, and how patiently.
    pub timing: Timing,
    /// Is the path part of what is measured?
    pub measures_path: bool,
    /// What to ask.
    pub probe: Probe,
    /// What else is said of the target.
    #[serde(default, skip_serializing_if = "unsaid")]
    pub facts: TargetFacts,
    /// Where it is judged otherwise than by the charter's rules.
    #[serde(default, skip_serializing_if = "unsaid")]
    pub judged: Judged,
}

impl FigureRule {
    /// In words, for lists of changes.
    pub fn text(&self) -> Text {
        match self {
            Self::AllUp => say!("all components up", "tutti i componenti attivi"),
            Self::MeanOf(component) => say!("mean of {component}", "media di {component}"),
        }
    }
}

impl std::fmt::Display for FigureRule {
    /// In English words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text().en)
    }
}

impl Charter {
    /// Every check, in the file's order.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.services.iter().flat_map(Service::checks)
    }

    /// The site of a name.
    pub fn site(&self, id: &SiteId) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == *id)
    }

    /// The service of a name.
    pub fn service(&self, id: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.id.as_str() == id)
    }

    /// Every agent, in the file's order, once.
    pub fn agents(&self) -> Vec<&AgentId> {
        let mut agents: Vec<&AgentId> = Vec::new();
        for agent in self.sites.iter().flat_map(|site| &site.agents) {
            if !agents.contains(&agent) {
                agents.push(agent);
            }
        }
        agents
    }
}

impl Service {
    /// Its checks, in the file's order.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.components.iter().flat_map(Component::checks)
    }

    /// Its availability commitment around the clock, if it makes one.
    pub fn availability(&self) -> Option<Availability> {
        self.commitments.iter().find_map(|commitment| match commitment {
            Commitment::Availability(promise) => Some(*promise),
            _ => None,
        })
    }

    /// The tiers of the alert that the budget of its promise around the clock goes too fast: its own, or the usual
    /// ones of the target. None without such a promise.
    pub fn burn_tiers(&self) -> Vec<BurnTier> {
        match self.availability() {
            Some(_) if !self.burn.is_empty() => self.burn.clone(),
            Some(promise) => BurnTier::defaults(promise.target, YEAR_MS),
            None => Vec::new(),
        }
    }

    /// Its commitments that no figure of this version is compared with, in the file's order.
    pub fn unmeasured(&self) -> impl Iterator<Item = &Commitment> {
        self.commitments.iter().filter(|commitment| !commitment.is_measured())
    }
}

impl Component {
    /// Its checks and its parts', in the file's order.
    pub fn checks(&self) -> Box<dyn Iterator<Item = &Check> + '_> {
        match &self.node {
            Node::Part(part) => Box::new(part.checks.iter()),
            Node::All(parts) | Node::Some { parts, .. } => Box::new(parts.iter().flat_map(Component::checks)),
        }
    }
}

impl Node {
    /// The parts it is made of, in the file's order; none where it has targets.
    pub fn parts(&self) -> &[Component] {
        match self {
            Self::Part(_) => &[],
            Self::All(parts) | Self::Some { parts, .. } => parts,
        }
    }
}

impl Check {
    /// As an assignment carries it.
    pub fn spec(&self) -> CheckSpec {
        CheckSpec {
            id: self.id.clone(),
            timing: self.timing,
            measures_path: self.measures_path,
            probe: self.probe.clone(),
        }
    }
}
