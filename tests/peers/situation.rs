//! One situation: a fake peer, how each side is told to look at it, and what each says.

use std::any::Any;
use std::path::PathBuf;

/// What our probe said.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) verdict: String,
    pub(crate) reason: String,
    /// For the message of a failed test only.
    pub(crate) detail: String,
}

impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        (&self.verdict, &self.reason) == (&other.verdict, &other.reason)
    }
}

/// One row of the table.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    /// Our component's keys, as the charter has them.
    pub(crate) ours: String,
    pub(crate) target: String,
    /// The exporter's module.
    pub(crate) theirs: String,
    pub(crate) their_target: String,
    /// Verdict and reason.
    pub(crate) says: (&'static str, &'static str),
    pub(crate) they_say: bool,
    /// Why the two disagree; empty when they agree.
    pub(crate) why: &'static str,
    /// The PEM that our keys name `radice.pem`.
    pub(crate) authority: Option<PathBuf>,
    /// What answers, for as long as it is asked.
    pub(crate) _peer: Box<dyn Any>,
}

impl Situation {
    pub(crate) fn ours_says(&self) -> Said {
        let (verdict, reason) = self.says;
        Said { verdict: verdict.to_owned(), reason: reason.to_owned(), detail: "by the table".to_owned() }
    }

    /// Up and degraded are up, as in every figure.
    pub(crate) fn disagrees(&self) -> bool {
        matches!(self.says.0, "up" | "degraded") != self.they_say
    }
}
