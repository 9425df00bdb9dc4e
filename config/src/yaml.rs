//! What the YAML may say: one file per section, each a list of keys and their types.
//!
//! Nothing here knows what the words mean together; that is `resolve`. A shape with a defect is reported
//! and left out, and reading goes on, so that one run finds all of them.

pub(crate) mod node;
pub(crate) mod syntax;
pub(crate) mod shape;
pub(crate) mod schema;
pub(crate) mod signs;
pub(crate) mod nearest;
pub(crate) mod scalar;
pub(crate) mod duration;
pub(crate) mod file;
pub(crate) mod charter;
pub(crate) mod calendar;
pub(crate) mod service;
pub(crate) mod component;
pub(crate) mod probe;
pub(crate) mod alerting;
pub(crate) mod collector;
pub(crate) mod outlets;
pub(crate) mod agent;
