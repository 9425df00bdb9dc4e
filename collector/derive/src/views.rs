//! The three ways in which planned work is counted, side by side.
//!
//! A figure has to stand beside the one with every stop and the one net of stops in planned work (D12). Each
//! thing on the way to it is made once, and again only where that comes out otherwise.

use std::sync::Arc;

use crate::Timeline;

/// One thing as planned work is counted by the rules, as if it counted, and as if only stops in it did not.
#[derive(Debug, Clone)]
pub(crate) struct Views<T> {
    own: T,
    /// `None`: as by the rules.
    gross: Option<T>,
    /// `None`: as by the rules.
    net: Option<T>,
}

/// How planned work is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// As the rules say.
    Own,
    /// Whatever happened in it counts.
    Gross,
    /// Stops in it do not count.
    Net,
}

impl<T> Views<T> {
    pub(crate) fn one(own: T) -> Self {
        Self { own, gross: None, net: None }
    }

    /// Of a thing that is made anew for each way of counting that differs in what it is made of.
    pub(crate) fn each(gross: bool, net: bool, make: impl Fn(View) -> T) -> Self {
        Self {
            own: make(View::Own),
            gross: gross.then(|| make(View::Gross)),
            net: net.then(|| make(View::Net)),
        }
    }

    pub(crate) fn get(&self, view: View) -> &T {
        match view {
            View::Own => &self.own,
            View::Gross => self.gross.as_ref().unwrap_or(&self.own),
            View::Net => self.net.as_ref().unwrap_or(&self.own),
        }
    }

    /// Those that were made.
    pub(crate) fn made_mut(&mut self) -> impl Iterator<Item = (View, &mut T)> {
        let own = std::iter::once((View::Own, &mut self.own));
        own.chain(self.gross.as_mut().map(|made| (View::Gross, made)))
            .chain(self.net.as_mut().map(|made| (View::Net, made)))
    }

    /// Is it another than by the rules?
    pub(crate) fn differs(&self, view: View) -> bool {
        match view {
            View::Own => false,
            View::Gross => self.gross.is_some(),
            View::Net => self.net.is_some(),
        }
    }
}

impl Views<Arc<Timeline>> {
    /// Each made otherwise; what comes out alike is kept once.
    pub(crate) fn map(&self, anew: impl Fn(View, &Arc<Timeline>) -> Arc<Timeline>) -> Self {
        let own = anew(View::Own, &self.own);
        let other = |view: View| {
            let made = anew(view, self.get(view));
            (!Arc::ptr_eq(&made, &own) && made != own).then_some(made)
        };
        let (gross, net) = (other(View::Gross), other(View::Net));
        Self { own, gross, net }
    }
}
