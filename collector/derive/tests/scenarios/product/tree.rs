//! A scenario's tree as components of one service.
//!
//! A check may stand in several places of a scenario's tree, and in one of a charter: each place is a check
//! of its own, with the same runs. What is up or down whatever happens has no form in a charter; it becomes a
//! check that always was.

use config::{Component, Fraction, Id, Life, Node, Part, Quorum};

use super::charter::check;
use crate::given::{Given, State, Tree};

/// A check of the charter: its id, its name in the scenario or what it always was, its weight.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) path: Vec<Id>,
    pub(crate) what: What,
    pub(crate) weight: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Check(String),
    Always(State),
}

/// Grows components, and remembers the leaves.
pub(super) struct Growth<'a> {
    given: &'a Given,
    root: usize,
    pub(super) leaves: Vec<Leaf>,
}

impl<'a> Growth<'a> {
    /// `root` goes into the names of targets and sites: no two charters of a history share one.
    pub(super) fn new(given: &'a Given, root: usize) -> Self {
        Self { given, root, leaves: Vec::new() }
    }

    /// The tree as one component, named after its place among those beside it.
    pub(super) fn component(
        &mut self,
        tree: &Tree,
        (place, weight): (usize, u32),
        parent: &[Id],
    ) -> Result<Component, String> {
        let id = id(&format!("c{place}"))?;
        let path: Vec<Id> = parent.iter().cloned().chain([id.clone()]).collect();
        let node = match Self::quorum(tree)? {
            Grown::Always(state) => self.part(Quorum::All, &[(1, What::Always(state))], &path)?,
            Grown::Leaf(name) => self.part(Quorum::All, &[(1, What::Check(name))], &path)?,
            Grown::Of(quorum, members) => self.node(quorum, &members, &path)?,
        };
        Ok(Component {
            id,
            name: String::new(),
            publish: true,
            node,
            about: config::About::default(),
            life: Life::default(),
            needs: Vec::new(),
            weight: (weight != 1).then_some(weight),
        })
    }

    /// Targets of one part if all members are checks, else parts.
    fn node(&mut self, quorum: Quorum, members: &[(u32, &Tree)], path: &[Id]) -> Result<Node, String> {
        let leaf = |(weight, tree): &(u32, &Tree)| match tree {
            Tree::Check(name) => Some((*weight, What::Check(name.clone()))),
            _ => None,
        };
        if let Some(leaves) = members.iter().map(leaf).collect::<Option<Vec<_>>>() {
            return self.part(quorum, &leaves, path);
        }
        let numbered = members.iter().enumerate();
        let parts = numbered.map(|(place, (weight, tree))| self.component(tree, (place, *weight), path));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(if quorum == Quorum::All { Node::All(parts) } else { Node::Some { up_if: quorum, parts } })
    }

    pub(super) fn part(
        &mut self,
        up_if: Quorum,
        members: &[(u32, What)],
        path: &[Id],
    ) -> Result<Node, String> {
        let mut checks = Vec::new();
        for (weight, what) in members {
            let target = id(&format!("k{}-{}", self.root, self.leaves.len()))?;
            let path = path.iter().cloned().chain([target]).collect();
            let leaf = Leaf { path, what: what.clone(), weight: *weight };
            checks.push(check(&leaf, self.given)?);
            self.leaves.push(leaf);
        }
        Ok(Node::Part(Part { up_if, checks, group_by: None }))
    }

    fn quorum<'t>(tree: &'t Tree) -> Result<Grown<'t>, String> {
        let one_each = |of: &'t [Tree]| of.iter().map(|tree| (1, tree)).collect::<Vec<_>>();
        let always = |is: bool| Grown::Always(if is { State::Up } else { State::Down });
        Ok(match tree {
            Tree::Check(name) => Grown::Leaf(name.clone()),
            Tree::All(of) if of.is_empty() => always(true),
            Tree::Any(of) if of.is_empty() => always(false),
            Tree::All(of) => Grown::Of(Quorum::All, one_each(of)),
            Tree::Any(of) => Grown::Of(Quorum::Any, one_each(of)),
            Tree::AtLeast(n, _) if *n <= 0 => always(true),
            Tree::AtLeast(n, of) => match u32::try_from(*n) {
                Ok(n) if n as usize <= of.len() => Grown::Of(Quorum::AtLeast(n), one_each(of)),
                _ => always(false),
            },
            Tree::Weighted { num, den, of } => {
                let members: Vec<_> = of
                    .iter()
                    .filter(|(weight, _)| *weight > 0)
                    .map(|(weight, tree)| (*weight, tree))
                    .collect();
                match (u64::try_from(*num), u64::try_from(*den)) {
                    _ if members.is_empty() || *num <= 0 => always(true),
                    (Ok(num), Ok(den)) => match Fraction::new(num, den) {
                        Some(share) => Grown::Of(Quorum::AtLeastWeight(share), members),
                        None => always(false),
                    },
                    _ => return Err(format!("a threshold of {num}/{den}")),
                }
            }
            Tree::Mean(_) => return Err("a mean stands at the root only".to_owned()),
        })
    }
}

/// What a tree is as a component.
enum Grown<'t> {
    Always(State),
    Leaf(String),
    Of(Quorum, Vec<(u32, &'t Tree)>),
}

pub(super) fn id(text: &str) -> Result<Id, String> {
    Id::new(text).map_err(|error| error.to_string())
}
