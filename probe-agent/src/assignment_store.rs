//! The newest assignment, kept on disk as the collector signed it, so that an agent that starts while
//! the collector is away goes on with its checks.
//!
//! Signature and addressee are verified on every load: the file is no more trusted than the network.

use std::io;
use std::path::Path;
use std::sync::Arc;

use collector_api::{Assignment, PublicKey, SignedAssignment, limits};
use prost::Message as _;
use thiserror::Error;

use crate::state_file;

const NAME: &str = "assignment";

/// Why an assignment is not used.
#[derive(Debug, Error)]
pub enum AssignmentError {
    /// The state directory failed.
    #[error("cannot keep the assignment in the state directory")]
    Disk(#[from] io::Error),
    /// Not one of the collector's for this agent.
    #[error("the assignment is refused: {0}")]
    Refused(&'static str),
    /// Older than the one in force: an old answer shown again, or a collector restored from a copy.
    #[error(
        "the assignment is refused: its revision {offered} is below {held}; if the collector was restored \
         from a copy, run `vedetta reload` there"
    )]
    Older {
        /// What came.
        offered: u64,
        /// What is in force.
        held: u64,
    },
}

/// The kept assignment; `None` before the first.
pub fn load(
    directory: &Path,
    collector: &PublicKey,
    agent: &str,
) -> Result<Option<Arc<Assignment>>, AssignmentError> {
    let Some(bytes) = state_file::read(directory, NAME, limits::ASSIGNMENT_BYTES_MAX)? else {
        return Ok(None);
    };
    let signed = SignedAssignment::decode(bytes.as_slice())
        .map_err(|_| AssignmentError::Refused("it cannot be decoded"))?;
    let assignment = signed.open(collector, agent).map_err(AssignmentError::Refused)?;
    Ok(Some(Arc::new(assignment)))
}

/// Verifies what the collector sent and keeps it; refuses a lower revision than `held` (0 for none).
pub fn accept(
    directory: &Path,
    signed: &SignedAssignment,
    collector: &PublicKey,
    agent: &str,
    held: u64,
) -> Result<Arc<Assignment>, AssignmentError> {
    let assignment = signed.open(collector, agent).map_err(AssignmentError::Refused)?;
    if assignment.revision < held {
        return Err(AssignmentError::Older { offered: assignment.revision, held });
    }
    state_file::replace(directory, NAME, &signed.encode_to_vec())?;
    Ok(Arc::new(assignment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use collector_api::SigningKey;

    fn signed(revision: u64, agent: &str, key: &SigningKey) -> SignedAssignment {
        let assignment = Assignment {
            revision,
            agent: agent.to_owned(),
            checks: vec!["{}".to_owned()],
            canaries: Vec::new(),
        };
        SignedAssignment::sign(&assignment, key)
    }

    #[test]
    fn keeps_only_what_the_collector_signed_for_this_agent() {
        let home = tempfile::tempdir().unwrap();
        let collector = SigningKey::from_seed(&[1; 32]).unwrap();
        let other = SigningKey::from_seed(&[2; 32]).unwrap();
        let public = collector.public();
        assert!(load(home.path(), &public, "ced1").unwrap().is_none());

        for bad in [signed(3, "ced1", &other), signed(3, "ced2", &collector)] {
            assert!(matches!(
                accept(home.path(), &bad, &public, "ced1", 0),
                Err(AssignmentError::Refused(_))
            ));
        }
        let older = signed(3, "ced1", &collector);
        assert!(matches!(
            accept(home.path(), &older, &public, "ced1", 4),
            Err(AssignmentError::Older { offered: 3, held: 4 })
        ));
        assert!(load(home.path(), &public, "ced1").unwrap().is_none(), "nothing refused is kept");

        let kept = accept(home.path(), &signed(4, "ced1", &collector), &public, "ced1", 4).unwrap();
        assert_eq!(load(home.path(), &public, "ced1").unwrap(), Some(kept));
        assert!(load(home.path(), &other.public(), "ced1").is_err(), "the file is not trusted by itself");
    }
}
