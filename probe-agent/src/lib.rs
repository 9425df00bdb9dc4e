//! The agent: `assignment -> schedule -> probe -> sample -> spool -> push`.

pub mod sample;
