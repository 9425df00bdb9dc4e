//! From accepted groups to the annual figure: pure functions, no clock, no I/O, no async.
//!
//! `groups -> run -> timeline -> vote -> correction -> tree -> scope -> figure -> year`, which is also the
//! reading order. The rules D1 to D28 that the docstrings cite are in `DEFINITION.md` beside this crate. Time
//! is i64 Unix milliseconds, intervals are half-open, figures are integers.
//!
//! [`alert::step`] decides who is told of it. Writing: [`step()`] folds accepted batches into a [`StreamState`] and lets go of runs that can no longer
//! grow, which the store packs ([`encode_runs`]). Reading: [`year()`] lays the runs of a [`RunIndex`] over a
//! period and judges each instant by the charter then in force. Figures are recomputed, never accumulated.

mod run;
mod stream;
mod heads;
mod step;
mod pack;
mod timeline;
mod confirm;
mod sweep;
mod reading;
mod vote;
mod correction;
mod person;
mod corrections;
mod notices;
mod views;
mod amend;
mod ballot;
mod tree;
mod mean;
mod period;
mod scope;
mod deadline;
mod ratio;
mod figure;
mod lineage;
mod era;
mod halves;
mod judge;
mod now;
mod outage;
mod said;
mod year;
mod incident;
mod robustness;
mod unobserved;
mod ceiling;
mod timeliness;
mod burn;
mod forecast;
mod pace;
pub mod alert;

pub use burn::{Burning, Trail, exact_budget};
pub use ceiling::Ceiling;
pub use config::{DownIf, Vote};
pub use correction::{Cause, Declaration, Declared, ForcedState, Scope, Window};
pub use corrections::{Annotation, Corrections, Mark, Planned};
pub use deadline::Limit;
pub use figure::{Budget, Figure, Outlook, Standing};
pub use forecast::{Forecast, TRAIL_MS};
pub use incident::{Bounds, Incident, Incidents, Sampling};
pub use lineage::{Charters, Names};
pub use notices::Notices;
pub use now::Now;
pub use outage::Outage;
pub use pace::{Basis, Pace, ServicePace};
pub use pack::{decode_runs, encode_runs};
pub use period::{Period, day_of, instant_ms, midnight_ms};
pub use person::{BY_ROOT, NOBODY, same_person};
pub use ratio::Ratio;
pub use reading::{Composition, Extent, External, Reading};
pub use robustness::{Alternative, Rule};
pub use run::{Run, RunIndex, StreamRuns, Vantage};
pub use scope::Hours;
pub use step::{Accepted, CLOCK_ERROR_MAX_MS, Closed, StepSummary, step};
pub use stream::{CheckState, Latest, REGISTRATION_ENDS, StreamState};
pub use timeline::{Change, Condition, Span, State, Timeline};
pub use timeliness::{Handling, Request, RequestFigure, Worked};
pub use unobserved::Unobserved;
pub use year::{
    CheckFigure, ComponentFigure, DeclaredFigure, GroupFigure, MeanFigure, MemberFigure, Promised,
    ServiceFigure, SiteFigure, StretchFigure, VantageFigure, WithinFigure, YearFigures, year,
};

/// Grows whenever the same groups would give other runs, or runs other bytes; a store with another one is rebuilt.
pub const DERIVE_VERSION: u32 = 5;
