//! Who is told what, and when: facts and time in, decisions out.
//!
//! [`step()`] is a pure function: the same state, facts and instant give the same decisions, whoever asks. The
//! state can be stored, so that the transaction that decides keeps it beside what it decided, and a restart at any
//! step changes nothing. Mails, `/metrics` and rules read these decisions; none of them decides anything itself.
//!
//! It looks at how things are *now* and never at a past it was not there for: history that arrives late changes
//! figures and wakes nobody. The price: a stop of which nothing was heard before it was over is in the figures
//! alone. Noise is kept down in one place each: one cause is one incident ([`Root`], [`Subject::held_by`]), which
//! stays open until it was up for a quarter of an hour; a budget speaks only when its [`Level`] rises; all that
//! needs no hurry waits for the [`Morning`].
//!
//! Reading order: `facts -> policy -> incidents -> budgets -> notices -> morning -> decisions`. [`Watched`] makes
//! facts of figures.

mod facts;
mod observe;
mod causes;
mod policy;
mod severity;
mod state;
mod incidents;
mod telling;
mod budgets;
mod notices;
mod morning;
mod decision;
#[cfg(test)]
mod tests;

pub use decision::{Decision, Digest, Line, Morning, Rise, Story, What};
pub use facts::{
    CommitmentFacts, CommitmentKey, Detail, Facts, Level, Notice, NoticeKind, Root, Silence, Subject,
    Telling, Work,
};
pub use observe::{AgentFacts, CERTIFICATE_MS, Outside, Watched};
pub use policy::Policy;
pub use severity::{severity, watched};
pub use state::{Incident, Member, State, Stop, Thing};

/// Folds what is known at `now_ms` into the state; what follows for people is returned in a fixed order.
///
/// A clock that was set back stands still here until it has caught up.
pub fn step(state: &State, facts: &Facts, now_ms: i64) -> (State, Vec<Decision>) {
    let mut state = state.clone();
    let now_ms = state.arrive(now_ms, facts);
    let subjects = incidents::subjects(&state, facts, now_ms);
    let mut decisions = incidents::step(&mut state, facts, &subjects, now_ms);
    decisions.extend(telling::step(&mut state, facts, &subjects, now_ms));
    decisions.extend(budgets::step(&mut state, facts, now_ms));
    notices::step(&mut state, facts, now_ms);
    decisions.extend(morning::step(&mut state, facts, now_ms));
    state.forget(now_ms);
    (state, decisions)
}

/// Up for so long, an incident is over, ms.
pub const STEADY_MS: i64 = 15 * MINUTE_MS;

/// So long without a sample from anybody, a row has no data, ms.
pub const SILENT_MS: i64 = 15 * MINUTE_MS;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
