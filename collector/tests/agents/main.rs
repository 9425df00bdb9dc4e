//! The agents' listener as an agent, and as an attacker, meets it: real sockets, real TLS, port 0.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking too")]

mod place;
mod agent;
mod enrolment;
mod delivery;
mod identity;
mod limits;
mod sealing;
mod knowledge;
mod journal;
