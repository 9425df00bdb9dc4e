//! What stories are told with: real daemons, real servers, real sockets on loopback.
//!
//! A [`Place`] is a throw-away installation with a collector and one agent, both child processes of
//! the test that end with it. What happened is read as an operator reads it (the read API, the
//! commands), and below that, from the store's own reader and the agent's status file.
//!
//! Nothing here waits for luck: [`eventually`] looks again until something is true, within a bound
//! that only a defect reaches.

#![expect(clippy::unwrap_used, reason = "a story fails by panicking, and says where")]

pub mod patience;
pub mod binaries;
pub mod daemon;
pub mod ports;
pub mod target;
pub mod feeder;
pub mod servers;
pub mod authority;
pub mod web_servers;
pub mod clocks;
pub mod directories;
pub mod mail_servers;
pub mod smtp_sink;
pub mod name_servers;
pub mod sso_servers;
pub mod network;
pub mod domain_controller;
pub mod snmp_agents;
pub mod snmpsim;
pub mod mounts;
pub mod stored;
pub mod place;
pub mod prometheus;
pub mod dashboards;
pub mod alertmanager;

pub use authority::Authority;
pub use feeder::Feeder;
pub use patience::{eventually, eventually_after};
pub use place::{Place, get, succeeded};
pub use smtp_sink::SmtpSink;
pub use target::Target;
