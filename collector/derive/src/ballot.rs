//! A site's vote as it is cast, also where it cannot be known (D8, D11).

use std::sync::Arc;

use crate::amend::Amends;
use crate::sweep::{Tally, sweep};
use crate::views::{View, Views};
use crate::{Condition, Timeline};

/// A site's vote on a check. One that is annulled could have been any, and one that hangs on what a later sample
/// decides can still be any: the answer is known only where it is the same whatever that was or will be. So taking
/// a vote back decides nothing, and no later sample changes what was known.
pub(crate) struct Ballot {
    pub(crate) unknown: Views<Arc<Timeline>>,
    /// Were the annulled and the undecided up, or down.
    pub(crate) otherwise: Option<[Views<Arc<Timeline>>; 2]>,
}

impl Ballot {
    /// `voted` counts the site's vantages with what is undecided not cast, up or down; `open` if anything is.
    pub(crate) fn new(
        voted: impl Fn(Option<Condition>) -> Arc<Timeline>,
        open: bool,
        amends: &Amends,
        touched: &mut Vec<u64>,
    ) -> Self {
        let not_cast = Views::one(voted(None));
        let unknown = amends.apply(&not_cast, Condition::Unknown, touched);
        let other = |cast: Condition| {
            let voted = if open { Views::one(voted(Some(cast))) } else { not_cast.clone() };
            amends.apply(&voted, cast, &mut Vec::new())
        };
        let otherwise = (open || amends.annuls()).then(|| [Condition::Up, Condition::Down].map(other));
        Self { unknown, otherwise }
    }

    /// What the ballots say by `decide`.
    pub(crate) fn count(
        ballots: &[Self],
        decide: impl Fn(Tally) -> Condition,
        unknown: &Arc<Timeline>,
    ) -> Views<Arc<Timeline>> {
        let differs = |view| ballots.iter().any(|ballot| ballot.differs(view));
        Views::each(differs(View::Gross), differs(View::Net), |view| {
            let by = |which: Option<usize>| {
                let cast: Vec<_> = ballots.iter().map(|ballot| ballot.as_cast(which).get(view)).collect();
                sweep(&cast, &decide).unwrap_or_else(|| Arc::clone(unknown))
            };
            if ballots.iter().all(|ballot| ballot.otherwise.is_none()) {
                return by(None);
            }
            let answers = [by(None), by(Some(0)), by(Some(1))];
            sweep(&answers.each_ref(), unanimous).unwrap_or_else(|| Arc::clone(unknown))
        })
    }

    fn as_cast(&self, which: Option<usize>) -> &Views<Arc<Timeline>> {
        match (&self.otherwise, which) {
            (Some(otherwise), Some(which)) => &otherwise[which],
            _ => &self.unknown,
        }
    }

    fn differs(&self, view: View) -> bool {
        let otherwise = self.otherwise.iter().flatten();
        otherwise.chain([&self.unknown]).any(|cast| cast.differs(view))
    }
}

/// What all say alike, or unknown.
fn unanimous(tally: Tally) -> Condition {
    let all = tally.all();
    if tally.up + tally.degraded == all {
        tally.up_or_degraded()
    } else if tally.down == all {
        Condition::Down
    } else if tally.maintenance == all {
        Condition::Maintenance
    } else {
        Condition::Unknown
    }
}
