//! How a promise stands that was not the same all the period long (D17): each stretch is held to its own.
//!
//! So a promise that is lowered in December does not excuse what an earlier one was broken by, and one that is raised
//! does not break what was kept. Only the promise divides: where but the tree changed, the time is added up.

use config::Availability;

use super::{ServiceFigure, StretchFigure, WithinFigure};
use crate::{Figure, Outlook, Standing};

/// The time for which one promise was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Promised {
    /// Of which stretch of the period, `[from_ms, to_ms)` in Unix ms; `None`: of all of it.
    pub stretch: Option<(i64, i64)>,
    /// What was promised.
    pub promise: Availability,
    /// All other time is out of scope.
    pub figure: Figure,
}

impl ServiceFigure {
    /// The promises made for the period, in order. Stretches without any are left out.
    pub fn promised(&self) -> Vec<Promised> {
        promised(self.promise, &self.figure, &self.stretches, |_| false)
    }

    /// How its promises stand to date (D21): breached if one is, met if all are, which had any time so far. `None`
    /// if nothing was promised.
    pub fn standing(&self) -> Option<Standing> {
        standing(&self.promised())
    }

    /// How the period can still end (D23): irrecoverable if one promise is, secured if all are. Only another promise
    /// can open again what was secured. `None` if nothing was promised.
    pub fn outlook(&self) -> Option<Outlook> {
        outlook(&self.promised())
    }
}

impl WithinFigure {
    /// As of [`ServiceFigure::promised`].
    pub fn promised(&self) -> Vec<Promised> {
        // Also the same share of another calendar's hours is another promise.
        promised(Some(self.promise), &self.figure, &self.stretches, |stretch| stretch.promise_changed)
    }

    /// As of [`ServiceFigure::standing`].
    pub fn standing(&self) -> Option<Standing> {
        standing(&self.promised())
    }

    /// As of [`ServiceFigure::outlook`].
    pub fn outlook(&self) -> Option<Outlook> {
        outlook(&self.promised())
    }
}

/// Those of the stretches, or the last one of it all, if there was no other; `anew` says which stretches begin with
/// another promise all the same.
fn promised(
    last: Option<Availability>,
    whole: &Figure,
    stretches: &[StretchFigure],
    anew: fn(&StretchFigure) -> bool,
) -> Vec<Promised> {
    if !stretches.iter().any(|stretch| stretch.promise != last || anew(stretch)) {
        let whole = |promise| Promised { stretch: None, promise, figure: *whole };
        return last.map(whole).into_iter().collect();
    }
    let mut promised: Vec<Promised> = Vec::new();
    for here in stretches {
        let Some(promise) = here.promise else { continue };
        match promised.last_mut() {
            Some(Promised { stretch: Some((_, to_ms)), promise: same, figure })
                if *same == promise && *to_ms == here.from_ms && !anew(here) =>
            {
                (*figure, *to_ms) = (figure.and(&here.figure), here.to_ms);
            }
            _ => {
                let stretch = Some((here.from_ms, here.to_ms));
                promised.push(Promised { stretch, promise, figure: here.figure });
            }
        }
    }
    promised
}

fn standing(promised: &[Promised]) -> Option<Standing> {
    if let [only] = promised {
        return Some(only.figure.standing(&only.promise));
    }
    promised.first()?;
    let begun = promised.iter().filter(|promised| promised.figure.elapsed_ms() > 0);
    let standings: Vec<Standing> = begun.map(|here| here.figure.standing(&here.promise)).collect();
    let all = |standing| standings.iter().all(|here| *here == standing);
    Some(if standings.contains(&Standing::Breached) {
        Standing::Breached
    } else if all(Standing::NoData) {
        Standing::NoData
    } else if all(Standing::Met) {
        Standing::Met
    } else {
        Standing::Indeterminate
    })
}

fn outlook(promised: &[Promised]) -> Option<Outlook> {
    let first = promised.first()?;
    if first.stretch.is_none() {
        return Some(first.figure.outlook(&first.promise));
    }
    let counting = promised.iter().filter(|promised| promised.figure.scope_ms() > 0);
    let outlooks: Vec<Outlook> = counting.map(|here| here.figure.outlook(&here.promise)).collect();
    Some(if outlooks.is_empty() {
        Outlook::Open
    } else if outlooks.contains(&Outlook::Irrecoverable) {
        Outlook::Irrecoverable
    } else if outlooks.iter().all(|outlook| *outlook == Outlook::Secured) {
        Outlook::Secured
    } else {
        Outlook::Open
    })
}

impl Figure {
    /// Two figures of stretches of one period that share no time, as one.
    fn and(&self, more: &Self) -> Self {
        let counted = more.scope_ms() + more.maintenance_ms;
        Self {
            up_ms: self.up_ms + more.up_ms,
            down_ms: self.down_ms + more.down_ms,
            unknown_ms: self.unknown_ms + more.unknown_ms,
            maintenance_ms: self.maintenance_ms + more.maintenance_ms,
            out_of_scope_ms: self.out_of_scope_ms - counted,
            future_ms: self.future_ms + more.future_ms,
            weight: self.weight,
        }
    }
}
