//! What the collector shows: page, read API, metrics, reports. Same figures, several readers.
//!
//! `Moment -> answers (api) -> page | metrics | report`. Nothing here computes an availability, keeps a
//! figure or reads a clock: a [`Moment`] comes in, text goes out.

pub(crate) mod words;
pub(crate) mod format;
mod asked;
mod moment;
mod sighting;
mod vitals;
pub mod api;
mod answers;
pub mod metrics;
pub mod page;
pub mod report;
pub mod mail;
pub mod rules;
mod router;

pub(crate) use answers::{cause, changes, incident, severity};
pub use asked::{Accounts, AskError, Asked, Reader, instant_ms};
pub use format::ZONE;
pub(crate) use format::iso;
pub use moment::{
    Account, AgentFacts, Alerting, Histogram, IngestFacts, LatestSample, Ledgered, Moment, Moments,
    OutboxFacts, SealedFacts, StaleFacts,
};
pub use router::{rehearse, router};
pub use sighting::Sighting;
pub use vitals::{ClosedFigure, OutletFacts, ProcessFacts, ReloadFacts, StoreFacts, Vitals};
pub use words::Lang;

#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod deployed;
