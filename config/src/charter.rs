//! The charter, resolved: what the operator's file means, with every default applied.
//!
//! Serialised, it is the body of a configuration revision in the journal, so that any past instant
//! can be judged by the charter then in force.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    AgentId, Canary, CheckId, CheckSpec, ComponentId, Fraction, Id, Probe, Quorum, ServiceId, SiteId, Timing,
    UserGroup,
};

/// Everything that decides figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    /// Whose charter.
    pub organisation: Organisation,
    /// Which act, and since when.
    pub act: CharterAct,
    /// The readings in force.
    pub rules: Rules,
    /// Where users are, in the file's order.
    pub sites: Vec<Site>,
    /// The rows, in the file's order.
    pub services: Vec<Service>,
    /// What agents ask to know whether their own network works.
    pub canaries: Vec<Canary>,
}

/// Whose charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Such as `Comune di Esempio`.
    pub name: String,
    /// The office that answers for it.
    pub unit: Option<String>,
}

/// Which act, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharterAct {
    /// Number and date of the approving act.
    pub act: Option<String>,
    /// The promise holds from this civil day.
    pub in_force_from: Option<Date>,
    /// Measuring counts from this civil day: the year it falls in is partial.
    pub measured_from: Option<Date>,
}

/// The readings in force; a reading that is not here has one answer, in `DEFINITION.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Consecutive fails that make down (D6); at least 1.
    pub confirm_down: u32,
    /// Consecutive oks that end it (D6); at least 1.
    pub confirm_up: u32,
    /// Below this coverage the headline is a range (D20).
    pub coverage_min: Fraction,
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
}

/// A promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Commitment {
    /// A share of the year.
    Availability(Availability),
}

/// `above: 98%` or `at_least: 98%`, around the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// The share of the year.
    pub target: Fraction,
    /// Must the share be more than the target (`above`), or is the target itself enough?
    pub strict: bool,
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
}

/// What a component is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// Like targets under one quorum.
    Part(Part),
    /// Unlike parts, of which all must be up.
    All(Vec<Component>),
}

/// The like targets of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How many must be up.
    pub up_if: Quorum,
    /// At least one; empty only in a component that has no check yet, which is unknown.
    pub checks: Vec<Check>,
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

    /// What `agent` runs: each check of which one of its sites is asked.
    pub fn assigned_to(&self, agent: &AgentId) -> Vec<CheckSpec> {
        let here = |site: &SiteId| self.site(site).is_some_and(|site| site.agents.contains(agent));
        self.checks().filter(|check| check.from.iter().any(here)).map(Check::spec).collect()
    }
}

impl Service {
    /// Its checks, in the file's order.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.components.iter().flat_map(Component::checks)
    }

    /// Its availability commitment, if it makes one.
    pub fn availability(&self) -> Option<Availability> {
        self.commitments.iter().map(|Commitment::Availability(promise)| *promise).next()
    }
}

impl Component {
    /// Its checks and its parts', in the file's order.
    pub fn checks(&self) -> Box<dyn Iterator<Item = &Check> + '_> {
        match &self.node {
            Node::Part(part) => Box::new(part.checks.iter()),
            Node::All(parts) => Box::new(parts.iter().flat_map(Component::checks)),
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
