//! How a promise stands that was not the same all the period long (D17): each stretch is held to its own.
//!
//! So a promise that is lowered in December does not excuse what an earlier one was broken by, and one that is raised
//! does not break what was kept. Only the promise divides: where but the tree changed, the time is added up.

use config::Availability;

use super::{ServiceFigure, StretchFigure};
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
        let other = |stretch: &StretchFigure| stretch.promise != self.promise;
        if !self.stretches.iter().any(other) {
            let whole = |promise| Promised { stretch: None, promise, figure: self.figure };
            return self.promise.map(whole).into_iter().collect();
        }
        let mut promised: Vec<Promised> = Vec::new();
        for here in &self.stretches {
            let Some(promise) = here.promise else { continue };
            match promised.last_mut() {
                Some(Promised { stretch: Some((_, to_ms)), promise: same, figure })
                    if *same == promise && *to_ms == here.from_ms =>
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

    /// How its promises stand to date (D21): breached if one is, met if all are, which had any time so far. `None`
    /// if nothing was promised.
    pub fn standing(&self) -> Option<Standing> {
        let promised = self.promised();
        if let [only] = &promised[..] {
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

    /// How the period can still end (D23): irrecoverable if one promise is, secured if all are. Only another promise
    /// can open again what was secured. `None` if nothing was promised.
    pub fn outlook(&self) -> Option<Outlook> {
        let promised = self.promised();
        if let [only] = &promised[..] {
            return Some(only.figure.outlook(&only.promise));
        }
        promised.first()?;
        let counting = promised.iter().filter(|promised| promised.figure.scope_ms() > 0);
        let outlooks: Vec<Outlook> = counting.map(|here| here.figure.outlook(&here.promise)).collect();
        Some(if outlooks.contains(&Outlook::Irrecoverable) {
            Outlook::Irrecoverable
        } else if outlooks.iter().all(|outlook| *outlook == Outlook::Secured) {
            Outlook::Secured
        } else {
            Outlook::Open
        })
    }
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
