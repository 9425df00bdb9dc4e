//! What is wrong with a file, where, and how it is shown.
//!
//! A [`Problem`] is rendered when it is made, because the text it points into is at hand only then.
//! The snippet never shows what looks like a secret, and no control character of the file reaches a
//! terminal.

use std::fmt;

use serde::Serialize;

use crate::mask::{masked, without_credentials};
use crate::text::{Lang, Text, say};

/// One thing wrong (or, among warnings, doubtful) in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file as it was named to us.
    pub file: String,
    /// From 1; 0 when the problem is the file as a whole.
    pub line: u32,
    /// From 1, in characters; 0 with `line` 0.
    pub column: u32,
    /// Cause and cure, one sentence without a full stop.
    pub message: Text,
    /// The keys that lead there, such as `services › data_center`; empty at the top.
    pub path: String,
    /// The line and a caret under the place; empty when `line` is 0.
    pub snippet: String,
}

/// Why a file is refused: everything at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// At least one, in the file's order.
    pub problems: Vec<Problem>,
}

impl Problem {
    /// `vedetta.yaml:41:9`, or the file alone when it is about all of it.
    pub fn at(&self) -> String {
        if self.line == 0 {
            self.file.clone()
        } else {
            format!("{}:{}:{}", self.file, self.line, self.column)
        }
    }

    /// `vedetta.yaml:41:9: message   (services › data_center)`, then the snippet.
    pub fn show(&self, lang: Lang) -> String {
        let path = if self.path.is_empty() { String::new() } else { format!("   ({})", self.path) };
        let below = if self.snippet.is_empty() { "" } else { "\n" };
        format!("{}: {}{path}{below}{}", self.at(), self.message.get(lang), self.snippet)
    }
}

impl LoadError {
    /// All problems and a line that counts them.
    pub fn show(&self, lang: Lang) -> String {
        let problems: String = self.problems.iter().map(|problem| problem.show(lang) + "\n").collect();
        let count = match self.problems.len() {
            1 => say!("1 error", "1 errore"),
            count if count >= PROBLEMS_MAX => {
                say!("{count} errors; there may be more", "{count} errori; forse non sono tutti")
            }
            count => say!("{count} errors", "{count} errori"),
        };
        problems + count.get(lang)
    }
}

impl fmt::Display for Problem {
    /// In English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show(Lang::En))
    }
}

impl fmt::Display for LoadError {
    /// In English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show(Lang::En))
    }
}

impl std::error::Error for LoadError {}

/// Where in a file. [`Place::WHOLE`] is the file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// 0 is the file itself; others are files it names, as numbered by the report.
    pub(crate) file: u16,
    /// From 1.
    pub(crate) line: u32,
    /// From 1, in characters.
    pub(crate) column: u32,
    /// Characters; a caret stands under each of those on the first line.
    pub(crate) len: u32,
}

impl Place {
    /// No place within the file.
    pub(crate) const WHOLE: Self = Self { file: 0, line: 0, column: 0, len: 0 };
}

/// A file's name and text: all that rendering a problem takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// Renders a problem at a place.
    #[expect(clippy::needless_pass_by_value, reason = "a message is made where it is said")]
    pub(crate) fn problem(&self, at: Place, message: Text) -> Problem {
        Problem {
            file: self.name.to_owned(),
            line: at.line,
            column: at.column,
            message: message.map(|text| printable(&without_credentials(text))),
            path: String::new(),
            snippet: self.snippet(at),
        }
    }

    /// One problem as a whole refusal.
    pub(crate) fn refuse(&self, at: Place, message: Text) -> LoadError {
        LoadError { problems: vec![self.problem(at, message)] }
    }

    /// What stands at a place, as far as its line goes.
    pub(crate) fn written(&self, at: Place) -> String {
        let line = at.line.checked_sub(1).and_then(|index| self.text.lines().nth(index as usize));
        let from = at.column.saturating_sub(1) as usize;
        line.unwrap_or_default().chars().skip(from).take((at.len as usize).min(LINE_MAX)).collect()
    }

    fn snippet(&self, at: Place) -> String {
        let Some(index) = at.line.checked_sub(1) else { return String::new() };
        let Some(line) = self.text.lines().nth(index as usize) else { return String::new() };
        // No line that somebody wrote is as long, and looking for secrets in it costs time.
        if line.len() > LINE_BYTES_MAX {
            return String::new();
        }
        let masked = printable(&masked(line));
        let characters: Vec<char> = masked.chars().collect();
        let column = (at.column.saturating_sub(1) as usize).min(characters.len());
        // A long line is shown around the place; 30 characters before it give the context.
        let from = if characters.len() <= LINE_MAX { 0 } else { column.saturating_sub(30) };
        let shown: String = characters.iter().skip(from).take(LINE_MAX).collect();
        let room = LINE_MAX.min(characters.len() - from).saturating_sub(column - from).max(1);
        let carets = "^".repeat((at.len as usize).clamp(1, room));
        let number = at.line.to_string();
        let margin = " ".repeat(number.len());
        let shown = shown.trim_end();
        format!("{margin} |\n{number} | {shown}\n{margin} | {}{carets}", " ".repeat(column - from))
    }
}

/// Problems of one file that are reported: nobody reads more, and rendering each costs a walk through the
/// text.
pub(crate) const PROBLEMS_MAX: usize = 200;

/// Bytes of a line of which a part is shown at all.
pub(crate) const LINE_BYTES_MAX: usize = 4096;

/// Characters of a line that a snippet shows.
const LINE_MAX: usize = 110;

/// Control characters (terminal escapes, tabs) and the marks that reorder text become visible ones.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32, len: u32) -> Place {
        Place { file: 0, line, column, len }
    }

    #[test]
    fn a_problem_points_at_its_place() {
        let source = Source { name: "vedetta.yaml", text: "a: 1\n    interval: 60s\n" };
        assert_eq!(
            source.problem(at(2, 5, 8), say!("unknown key", "chiave sconosciuta")).show(Lang::It),
            "vedetta.yaml:2:5: chiave sconosciuta\n  |\n2 |     interval: 60s\n  |     ^^^^^^^^"
        );
        assert_eq!(
            source.problem(Place::WHOLE, Text::same("too large")).to_string(),
            "vedetta.yaml: too large"
        );
    }

    #[test]
    fn escapes_stay_in_the_file() {
        assert_eq!(printable("a\u{1b}[31mb\tc"), "a\u{fffd}[31mb c");
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let text = format!("{}WRONG{}", "x".repeat(400), "y".repeat(400));
        let problem = Source { name: "f", text: &text }.problem(at(1, 401, 5), Text::same("m"));
        let lines: Vec<&str> = problem.snippet.lines().collect();
        assert_eq!(lines[1].find("WRONG"), lines[2].find("^^^^^"));
        assert!(lines[1].len() < 130);
    }
}
