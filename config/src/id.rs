//! Names that an operator gives, checked once, at construction.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::{Text, say};

/// A name: a lower-case letter, then letters, digits, `_` or `-`; at most 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

/// Names an agent.
pub type AgentId = Id;
/// Names a site.
pub type SiteId = Id;
/// Names a service.
pub type ServiceId = Id;
/// Names a component or a part, within its parent.
pub type ComponentId = Id;
/// Names a group of users.
pub type UserGroup = Id;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.text())]
pub struct IdError(String);

impl IdError {
    /// Why, in both languages.
    pub fn text(&self) -> Text {
        let word = &self.0;
        if word.trim().is_empty() {
            return say!("the name is empty", "il nome è vuoto");
        }
        if word.contains('.') && CheckId::new(word.as_str()).is_ok() {
            return say!(
                "`{word}` is not a name but several, joined by dots; one stands here, and with `was` nothing moves elsewhere",
                "`{word}` non è un nome ma più nomi uniti da punti; qui ne sta uno, e con `was` nulla si sposta altrove"
            );
        }
        if word.contains('@') {
            return say!(
                "`{word}` is a mail address; give it a name under `alerting`, and write that name here",
                "`{word}` è un indirizzo di posta; dagli un nome sotto `alerting`, e qui scrivi quel nome"
            );
        }
        say!(
            "`{word}` is not a name: begin with a lower-case letter, go on with lower-case letters, digits, `_` or `-`, at most 64",
            "`{word}` non è un nome: comincia con una lettera minuscola, poi lettere minuscole, cifre, `_` o `-`, al massimo 64"
        )
    }
}

impl Id {
    /// Checks a text.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let bytes = text.as_bytes();
        let well_formed = bytes.first().is_some_and(u8::is_ascii_lowercase)
            && bytes.len() <= 64
            && bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        if well_formed { Ok(Self(text)) } else { Err(IdError(text)) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names a check for ever: `service.component[.part].target`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CheckId(String);

impl CheckId {
    /// Joins names with dots.
    pub fn of<'a>(path: impl IntoIterator<Item = &'a Id>) -> Self {
        let parts: Vec<&str> = path.into_iter().map(Id::as_str).collect();
        Self(parts.join("."))
    }

    /// Checks a text: names joined by dots, at most 256 bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        if text.len() > 256 || text.split('.').any(|part| Id::new(part).is_err()) {
            return Err(IdError(text));
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text {
    ($type:ident) => {
        impl TryFrom<String> for $type {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
        impl From<$type> for String {
            fn from(id: $type) -> Self {
                id.0
            }
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
text!(Id);
text!(CheckId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_once() {
        for good in ["ced1", "data_center", "ap-12"] {
            assert!(Id::new(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "Ced", "a b", "à", "a.b", &"x".repeat(65)] {
            assert!(Id::new(bad).is_err(), "{bad}");
        }
        assert!(CheckId::new("data_center.dns.dns1").is_ok());
        assert!(CheckId::new("data_center..dns1").is_err());
    }
}
