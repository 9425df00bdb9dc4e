//! What is said to an operator, in both languages at once.
//!
//! Code, keys and documents are English; whoever writes the charter reads Italian. So a message is made
//! once, in one place, as a pair: `say!` does not compile without the second text, and a [`Text`] cannot
//! be made from one string. The price is that both are formatted when one is read; nobody makes more than a
//! few hundred.

use std::fmt;

use serde::Serialize;

/// The language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Italian.
    It,
}

/// One message in both languages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Text {
    /// In English.
    pub en: String,
    /// In Italian.
    pub it: String,
}

impl Text {
    /// In one language.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::It => &self.it,
        }
    }

    /// What is the same in both: a key, a name, a number.
    pub(crate) fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { it: text.clone(), en: text }
    }

    /// Each language changed in the same way.
    pub(crate) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self { en: change(&self.en), it: change(&self.it) }
    }
}

impl fmt::Display for Text {
    /// In English: what logs and errors of other crates show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

/// Makes a [`Text`]: `say!("unknown site `{word}`", "sede sconosciuta `{word}`")`. Arguments as of
/// `format!` follow, shared by both texts; behind a `;` stand names of variables that are themselves texts.
macro_rules! say {
    ($en:literal, $it:literal $(, $arg:expr)* $(; $($text:ident),+)? $(,)?) => {
        $crate::text::Text {
            en: { $($(let $text = &$text.en;)+)? format_args!($en $(, $arg)*).to_string() },
            it: { $($(let $text = &$text.it;)+)? format_args!($it $(, $arg)*).to_string() },
        }
    };
}
pub(crate) use say;

/// Why a file cannot be read.
pub(crate) fn io_reason(error: &std::io::Error) -> Text {
    match error.kind() {
        std::io::ErrorKind::NotFound => say!("there is no such file", "il file non c'è"),
        std::io::ErrorKind::PermissionDenied => say!("permission denied", "permesso negato"),
        std::io::ErrorKind::IsADirectory => say!("it is a folder", "è una cartella"),
        std::io::ErrorKind::InvalidData => say!("it is not UTF-8", "non è UTF-8"),
        _ => Text::same(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_are_made_at_once() {
        let (count, what) = (2, say!("sites", "sedi"));
        let text = say!("{count} {what} of {}", "{count} {what} su {}", 3; what);
        assert_eq!((text.get(Lang::En), text.get(Lang::It)), ("2 sites of 3", "2 sedi su 3"));
        assert_eq!(text.to_string(), "2 sites of 3");
    }
}
