//! How much memory bodies take that are kept to be judged, of all checks together.
//!
//! A check with `text`, `no_text` or `json` keeps up to 1 MiB, and a thousand probes may run at once. So
//! they share a budget, and take from it what has come, piece by piece. Whoever must wait waits inside its
//! deadline; if that comes meanwhile, the agent was too busy, which is no fault of the target.

use std::sync::Arc;

use collector_api::Reason;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::probe::{Fault, Trace};

/// Of all bodies at once. Judging copies a body, one per thread at a time.
const BYTES_MAX: usize = 16 << 20;

/// The budget.
#[derive(Debug)]
pub struct Bodies(Arc<Semaphore>);

/// What one body has taken; given back when it is dropped.
#[derive(Debug, Default)]
pub(in crate::probe) struct Share(Option<OwnedSemaphorePermit>);

impl Bodies {
    /// A budget of so many bytes.
    pub fn of_bytes(bytes_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes_max)))
    }

    /// Takes so many bytes more, as soon as there are any.
    pub(in crate::probe) async fn take(
        &self,
        bytes: usize,
        share: &mut Share,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let Ok(bytes) = u32::try_from(bytes) else {
            return Err(Fault::new(Reason::AgentInternal, "a body of 4 GiB"));
        };
        let busy = || Fault::new(Reason::AgentOverload, "too many bodies are read at once");
        let taken = if let Ok(taken) = Arc::clone(&self.0).try_acquire_many_owned(bytes) {
            taken
        } else {
            trace.at_deadline(Err(busy()));
            let taken = Arc::clone(&self.0).acquire_many_owned(bytes).await.map_err(|_closed| busy())?;
            trace.take_at_deadline();
            taken
        };
        match &mut share.0 {
            Some(share) => share.merge(taken),
            none => *none = Some(taken),
        }
        Ok(())
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self::of_bytes(BYTES_MAX)
    }
}
