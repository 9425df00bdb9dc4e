//! The collector's own secrets: files of one directory, read anew at each attempt, so that a changed password needs no
//! restart. A name is an [`Id`] and cannot lead out of the directory. Checks' secrets are never here: agents have them.

use std::fmt;
use std::path::PathBuf;

use config::Id;
use tokio::io::AsyncReadExt as _;

/// A long token is a few kB.
const SECRET_BYTES_MAX: u64 = 16 << 10;

/// `secrets` of `collector`.
#[derive(Debug, Clone)]
pub(crate) struct Secrets(PathBuf);

/// One line of text that nobody is shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Of a text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whom it is meant.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What others say, without it: servers repeat what they were told.
    pub(crate) fn out_of(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "***") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secrets {
    /// Of a directory.
    pub(crate) fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The secret of this name, without the end of its line. The error is a sentence.
    pub(crate) async fn read(&self, name: &Id) -> Result<Secret, String> {
        let path = self.0.join(name.as_str());
        let missing = |why: String| format!("the secret `{name}` cannot be read ({}): {why}", path.display());
        let file = tokio::fs::File::open(&path).await.map_err(|error| missing(error.to_string()))?;
        let mut text = String::new();
        let read = file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text).await;
        read.map_err(|error| missing(error.to_string()))?;
        if text.len() as u64 > SECRET_BYTES_MAX {
            return Err(missing("the file is longer than 16 KiB".to_owned()));
        }
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        if secret.is_empty() || secret.chars().any(char::is_control) {
            return Err(missing("the file is not one line of text".to_owned()));
        }
        Ok(Secret(secret.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_one_line_and_is_never_shown() {
        let directory = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(directory.path());
        let name = Id::new("posta").unwrap();
        assert!(secrets.read(&name).await.unwrap_err().contains("`posta` cannot be read"));
        for (text, expected) in
            [("hunter2\n", Some("hunter2")), ("a b\r\n", Some("a b")), ("\n", None), ("a\nb\n", None)]
        {
            std::fs::write(directory.path().join("posta"), text).unwrap();
            let read = secrets.read(&name).await.ok();
            assert_eq!(read.as_ref().map(Secret::expose), expected, "{text:?}");
        }
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(secret.out_of("bad password hunter2!"), "bad password ***!");
    }
}
