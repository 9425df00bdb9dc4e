//! `vedetta force up|down`: what is proven to have been otherwise than measured.

use std::io::Write;
use std::process::ExitCode;

use collector_derive::ForcedState;

use super::declaring::{Declaring, Stretch};
use crate::operator::Wish;

/// Declare with evidence that something worked or did not; `up` has no effect until another person approves
#[derive(Debug, clap::Args)]
pub(crate) struct Force {
    /// To what
    #[arg(value_enum, value_name = "STATE")]
    forced: State,
    /// A service, component, part or check, `site:NAME`, or `*`
    #[arg(required = true)]
    scope: Vec<String>,
    #[command(flatten)]
    stretch: Stretch,
    /// What proves it: a document, a ticket, a log
    #[arg(long)]
    evidence: String,
    /// Why
    #[arg(long)]
    note: String,
    #[command(flatten)]
    declaring: Declaring,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum State {
    /// It worked
    Up,
    /// It did not work
    Down,
}

impl Force {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let Self { forced, scope, stretch, evidence, note, declaring } = self;
        let mut doubts = Vec::new();
        let window = declaring.past(&stretch, &mut doubts)?;
        let state = match forced {
            State::Up => ForcedState::Up,
            State::Down => ForcedState::Down,
        };
        declaring.declare(Wish::Force { state, scope, window, evidence, note }, doubts, out)?;
        Ok(ExitCode::SUCCESS)
    }
}
