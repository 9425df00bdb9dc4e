//! From accepted groups to the annual figure: pure functions, no clock, no I/O, no async.
//!
//! `groups -> run -> timeline -> vote -> tree -> figure`, which is also the reading order. The rules
//! D1 to D28 that the docstrings cite are in `DEFINITION.md` beside this crate. Time is i64 Unix
//! milliseconds, intervals are half-open, figures are integers.

mod run;
mod figure;

pub use figure::{
    ComponentFigure, Figure, Outage, Outlook, Ratio, ServiceFigure, Span, Standing, State, YearFigures, year,
};
pub use run::{Accepted, Closed, Run, RunIndex, StreamRuns, StreamState, Vantage, step};

/// Grows whenever the same groups would give other runs; a store with another one is rebuilt.
pub const DERIVE_VERSION: u32 = 1;
