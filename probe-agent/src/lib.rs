//! The agent: `assignment -> schedule -> probe -> sample -> spool -> push`.

pub mod sample;
pub mod state_file;
pub mod identity;
pub mod collector_client;
pub mod assignment_store;
pub mod status;
pub mod spool;
pub mod push;
