//! Where books are kept: a file per correspondence in the agent's state directory, and the key of its messages.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use collector_api::Reason;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::OnceCell;

use super::book::Book;
use crate::probe::Fault;
use crate::state_file;

/// A book is a few kB.
const BOOK_BYTES_MAX: usize = 256 << 10;
const KEY_BYTES: usize = 32;
const KEY_NAME: &str = "mail_key";

/// The agent's correspondence.
#[derive(Debug, Clone)]
pub struct Posts {
    directory: PathBuf,
    /// Made by one of those that begin at once: a message signed with another's key would be nobody's.
    key: Arc<OnceCell<Vec<u8>>>,
}

impl Posts {
    /// Kept in the state directory.
    pub fn new(state_directory: impl Into<PathBuf>) -> Self {
        Self { directory: state_directory.into(), key: Arc::default() }
    }

    /// The key that proves own messages; made at the first use.
    pub(super) async fn key(&self) -> Result<Vec<u8>, Fault> {
        self.key.get_or_try_init(|| self.read_or_make_key()).await.cloned()
    }

    async fn read_or_make_key(&self) -> Result<Vec<u8>, Fault> {
        let directory = self.directory.clone();
        blocking(move || {
            if let Some(key) = state_file::read(&directory, KEY_NAME, KEY_BYTES)?
                && key.len() == KEY_BYTES
            {
                return Ok(key);
            }
            let key = random::<KEY_BYTES>()?.to_vec();
            state_file::replace(&directory, KEY_NAME, &key)?;
            Ok(key)
        })
        .await
    }

    /// One that cannot be read begins anew: its messages are then nobody's, which is no outage.
    pub(super) async fn read(&self, name: &str) -> Result<Book, Fault> {
        let (directory, name) = (self.directory.clone(), file_of(name));
        let bytes = blocking(move || state_file::read(&directory, &name, BOOK_BYTES_MAX)).await?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    /// Durably.
    pub(super) async fn write(&self, name: &str, book: &Book) -> Result<(), Fault> {
        let (directory, name) = (self.directory.clone(), file_of(name));
        let bytes = serde_json::to_vec(book).map_err(|error| fault_of(&io::Error::other(error)))?;
        blocking(move || state_file::replace(&directory, &name, &bytes)).await
    }
}

/// Of the system, for keys and tokens.
pub(super) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(bytes)
}

fn file_of(name: &str) -> String {
    format!("round_trip_{name}")
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(act).await.map_err(io::Error::other);
    done.and_then(|done| done).map_err(|error| fault_of(&error))
}

pub(super) fn fault_of(error: &io::Error) -> Fault {
    Fault::new(Reason::AgentInternal, format!("the book of messages: {error}"))
}
