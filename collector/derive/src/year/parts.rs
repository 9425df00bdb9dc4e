//! What stands beside a service's figure: promises about some hours, stretches, members of a mean.

use std::sync::Arc;

use config::{Availability, AvailabilityWithin};

use super::{DeclaredFigure, worst};
use crate::{Condition, Figure, Hours, Ratio, Timeline};

/// A promise about a calendar's hours alone.
#[derive(Debug, Clone, PartialEq)]
pub struct WithinFigure {
    /// As the charter in force at as-of has it.
    pub commitment: AvailabilityWithin,
    /// What it promises of these hours.
    pub promise: Availability,
    /// All time outside of them is out of scope.
    pub figure: Figure,
    /// Which they were, by the charters of then.
    pub hours: Hours,
    /// As of [`crate::ServiceFigure::gross`].
    pub gross: Option<Figure>,
    /// As of [`crate::ServiceFigure::net`].
    pub net: Option<Figure>,
    /// As of [`crate::ServiceFigure::declared`].
    pub declared: Option<DeclaredFigure>,
    /// The stretches of the period in which what was promised, or of which calendar, was the same, if there were
    /// several (D17).
    pub stretches: Vec<StretchFigure>,
}

/// A stretch of the period in which a service's promise and tree were the same.
#[derive(Debug, Clone, PartialEq)]
pub struct StretchFigure {
    /// First instant, Unix ms.
    pub from_ms: i64,
    /// First instant after it.
    pub to_ms: i64,
    /// The promise then.
    pub promise: Option<Availability>,
    /// Is it another promise than before?
    pub promise_changed: bool,
    /// Is it another tree than before?
    pub tree_changed: bool,
    /// All time outside the stretch is out of scope.
    pub figure: Figure,
}

/// What a mean is of (D16).
#[derive(Debug, Clone, PartialEq)]
pub struct MeanFigure {
    /// The component whose members these are.
    pub component: String,
    /// Every member of the period, in the charter's order; those that are none any more behind.
    pub members: Vec<MemberFigure>,
    /// The members by their groups, such as areas, in the order of their names. Without a name: no group.
    pub groups: Vec<GroupFigure>,
}

/// One member of a mean.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberFigure {
    /// Its check's id.
    pub name: String,
    /// Such as its area.
    pub group: Option<String>,
    /// How much it weighs; the most it did.
    pub weight: u32,
    /// Its own integers, counted once: out of scope while it was no member, down also while what it needs was.
    pub figure: Figure,
    /// How it is at as-of; `None` if it is no member then.
    pub state: Option<Condition>,
    /// Since when it is so, Unix ms; `None` if since before the period, or if it is no member then.
    pub since_ms: Option<i64>,
    /// How it was, charter by charter.
    pub(crate) turns: Vec<Turn>,
}

/// How a member was while one charter judged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    /// How much it weighed.
    pub(crate) weight: u32,
    pub(crate) timeline: Arc<Timeline>,
    /// Was the service no mean then? It is the service's timeline.
    pub(crate) whole: bool,
}

/// Members of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupFigure {
    /// Such as the area.
    pub name: Option<String>,
    /// How many members it has or had.
    pub members: usize,
    /// Their integers, each as often as it weighs.
    pub figure: Figure,
}

impl MeanFigure {
    /// The group with the lowest share of known time up, the first of equals; `None` if of none is known.
    pub fn worst_group(&self) -> Option<&GroupFigure> {
        worst(self.groups.iter().map(|group| (group, group.figure)))
    }

    /// The member with the lowest share of known time up.
    pub fn worst_member(&self) -> Option<&MemberFigure> {
        worst(self.members.iter().map(|member| (member, member.figure)))
    }

    /// How much of its members' weight is up at as-of, of how much: members in planned work left out.
    pub fn up_now(&self) -> Option<Ratio> {
        let now = self.members.iter().filter(|member| member.state != Some(Condition::Maintenance));
        let weight = |up: bool| -> u64 {
            let counted = now.clone().filter(|member| member.state.is_some_and(|state| !up || state.is_up()));
            counted.map(|member| u64::from(member.weight)).sum()
        };
        Ratio::new(weight(true), weight(false))
    }
}
