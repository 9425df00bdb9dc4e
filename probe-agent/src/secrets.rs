//! Secrets of checks: files of one directory, which never leave this machine.
//!
//! A file is read anew for each attempt, so that a changed password needs no restart. A name is an
//! [`Id`], so it cannot lead out of the directory.

use std::path::PathBuf;

use collector_api::Reason;
use config::Id;
use tokio::io::AsyncReadExt as _;

use crate::probe::Fault;

/// A long token is a few kB.
const SECRET_BYTES_MAX: u64 = 16 << 10;

/// Where secrets are.
#[derive(Debug, Clone)]
pub struct SecretsDirectory(PathBuf);

impl SecretsDirectory {
    /// `secrets` of `agent.yaml`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The secret of this name: one line of text, without its end. `agent.secret_missing` when there is
    /// none that can be used.
    pub async fn read(&self, name: &Id) -> Result<String, Fault> {
        let missing = |why: String| Fault::new(Reason::AgentSecretMissing, format!("secret `{name}`: {why}"));
        let path = self.0.join(name.as_str());
        let mut text = String::new();
        let file = tokio::fs::File::open(&path).await.map_err(|error| missing(error.to_string()))?;
        file.take(SECRET_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .await
            .map_err(|error| missing(error.to_string()))?;
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        if secret.is_empty() {
            return Err(missing("the file is empty".to_owned()));
        }
        if secret.len() as u64 > SECRET_BYTES_MAX || secret.chars().any(char::is_control) {
            return Err(missing("the file is not one line of text".to_owned()));
        }
        Ok(secret.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_one_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretsDirectory::new(folder.path());
        let name = Id::new("portale").unwrap();
        for (text, expected) in [
            ("hunter2", Some("hunter2")),
            ("hunter2\n", Some("hunter2")),
            ("hunter2\r\n", Some("hunter2")),
            (" with blanks ", Some(" with blanks ")),
            ("", None),
            ("\n", None),
            ("two\nlines\n", None),
            ("header\r\nX-Injected: 1", None),
        ] {
            std::fs::write(folder.path().join("portale"), text).unwrap();
            let read = secrets.read(&name).await;
            assert_eq!(read.as_deref().ok(), expected, "{text:?}");
            if let Err(fault) = read {
                assert_eq!(fault.reason, Reason::AgentSecretMissing);
                assert!(!fault.detail.contains("Injected"), "{fault:?}");
            }
        }
        std::fs::write(folder.path().join("portale"), "x".repeat(20_000)).unwrap();
        assert!(secrets.read(&name).await.is_err());
        let absent = secrets.read(&Id::new("altro").unwrap()).await.unwrap_err();
        assert!(absent.detail.starts_with("secret `altro`: No such file"), "{absent:?}");
    }
}
