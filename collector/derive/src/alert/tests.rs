//! Worlds that are staged minute by minute, and what people hear of them.

mod stage;
mod week;
mod rules;
mod nights;
mod properties;
mod seen;
