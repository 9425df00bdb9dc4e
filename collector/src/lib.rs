//! The collector: agents' samples in, annual figures out.
//!
//! `ingest -> store (runs) -> derive (timeline -> vote -> tree -> figure) -> publish`
//!
//! Modules in the order a batch meets them, after what all of them need. Accepted groups and the
//! journal are the only truth; everything else here can be dropped and rebuilt to the same bytes.

pub mod clock;
pub mod keys;
pub mod enrol;
pub mod assign;
pub mod operator;
pub mod declare;
pub mod journal;
pub mod outbox;
pub mod store;
pub mod ledger;
pub mod ingest;
pub mod recall;
pub mod seal;
pub mod compact;
pub mod rebuild;
pub mod witness;
pub mod restore;
pub mod verify;
pub mod publish;
pub mod gaps;
pub mod serve;
pub mod cli;
