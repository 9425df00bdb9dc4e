//! What is shipped for Grafana, held against rules, names and published types. No Grafana runs here: how it looks is
//! for people to see. That every query finds data is told by a story (`it/dashboards.rs`).

#![expect(clippy::unwrap_used, reason = "a check's helpers fail by panicking too")]

mod linter;
mod readable;
mod names;
mod published;
