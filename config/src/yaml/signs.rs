//! Signs that a word processor puts where YAML wants others: `“` for `"`, `–` for `-`.
//!
//! To YAML they are letters like any other, so that `text: “Mensa”` would wait for a page with those quotes.

use crate::text::{Text, say};
use crate::yaml::node::{Node, Value};
use crate::yaml::shape::Report;

/// Quotes that do not quote.
const QUOTES: [char; 9] = ['“', '”', '„', '‟', '«', '»', '‘', '’', '‚'];

/// Dashes that are no hyphen.
const DASHES: [char; 3] = ['–', '—', '−'];

/// What is put where the right words are not known yet.
const UNFINISHED: [&str; 5] = ["DA COMPILARE", "DA CONFERMARE", "DA DEFINIRE", "TODO", "TBD"];

/// Warns of each key and value that such a quote encloses, and of what is still to be written.
pub(crate) fn warn(node: &Node, report: &mut Report<'_>) {
    match &node.value {
        Value::Text(text) => {
            if let Some(quote) = enclosing(text) {
                report.warning(node.at, part_of_it(quote));
            }
            if UNFINISHED.iter().any(|words| text.starts_with(words)) {
                let message = say!("still to be written: `{text}`", "ancora da scrivere: `{text}`");
                report.warning(node.at, message);
            }
        }
        Value::List(nodes) => nodes.iter().for_each(|node| warn(node, report)),
        Value::Map(entries) => {
            for entry in entries {
                if let Some(quote) = enclosing(&entry.key) {
                    report.warning(entry.key_at, part_of_it(quote));
                }
                if matches!(entry.key.as_str(), "components" | "parts" | "targets") {
                    warn(&entry.node, report);
                } else {
                    report.within(&entry.key, |report| warn(&entry.node, report));
                }
            }
        }
        Value::Nothing | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What to add to a complaint about a text.
pub(crate) fn cure(text: &str) -> Option<Text> {
    if let Some(quote) = enclosing(text) {
        return Some(say!(
            "`{quote}` is no quote here, write `\"`",
            "`{quote}` qui non vale come virgoletta, scrivi `\"`"
        ));
    }
    let dash = text.chars().find(|c| DASHES.contains(c))?;
    Some(say!("`{dash}` is a long dash, write `-`", "`{dash}` è un trattino lungo, scrivi `-`"))
}

fn part_of_it(quote: char) -> Text {
    say!(
        "`{quote}` is no quote here but part of the text; write `\"`",
        "`{quote}` qui non è una virgoletta ma parte del testo; scrivi `\"`"
    )
}

/// The quote that a text begins with, or ends with while no other within opens it. `Citta’` and `l’anno` are
/// words.
fn enclosing(text: &str) -> Option<char> {
    let is_quote = |c: &char| QUOTES.contains(c);
    if let Some(first) = text.chars().next().filter(is_quote) {
        return Some(first);
    }
    let last = text.chars().last().filter(|last| is_quote(last) && *last != '’')?;
    (text.chars().filter(is_quote).count() == 1).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_that_enclose_are_told_from_quotes_within() {
        for (text, quote) in [
            ("“Mensa”", Some('“')),
            ("‘220 ’", Some('‘')),
            ("“DGC 88/2026", Some('“')),
            ("Mensa”", Some('”')),
            ("Biblioteca «Antonelliana»", None),
            ("Comunita’", None),
            ("l’anno", None),
            ("", None),
        ] {
            assert_eq!(enclosing(text), quote, "{text}");
        }
        assert_eq!(cure("08:00–13:30").unwrap().en, "`–` is a long dash, write `-`");
        assert_eq!(cure("08:00-13:30"), None);
    }
}
