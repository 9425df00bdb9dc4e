//! How commands lay text out: aligned columns, and colours only where a person is looking.

use std::io::IsTerminal as _;

use crate::publish::api::State;

/// Whether and how to colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    on: bool,
}

impl Paint {
    /// Colours on a terminal, unless `NO_COLOR` says no (no-color.org).
    pub(super) fn of_stdout() -> Self {
        #[expect(clippy::disallowed_methods, reason = "commands read the environment")]
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { on: std::io::stdout().is_terminal() && !forbidden }
    }

    /// Never.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { on: false }
    }

    /// Always, whatever reads it.
    #[cfg(test)]
    pub(super) fn always() -> Self {
        Self { on: true }
    }

    /// `text` in the colour of a state; the word itself already says it.
    pub(super) fn state(self, state: State, text: &str) -> String {
        let code = match state {
            State::Up => "32",
            State::Degraded => "33",
            State::Down => "1;31",
            State::Unknown => "36",
            State::Maintenance => "35",
        };
        self.with(code, text)
    }

    /// A heading.
    pub(super) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    /// What must not be missed.
    pub(super) fn alarm(self, text: &str) -> String {
        self.with("1;31", text)
    }

    /// What is there for completeness.
    pub(super) fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on && !text.trim().is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A cell and how it is painted; its width is that of the bare text.
pub(super) struct Cell {
    text: String,
    state: Option<State>,
}

impl Cell {
    /// A cell in the colour of a state.
    pub(super) fn state(text: &str, state: State) -> Self {
        Self { text: text.to_owned(), state: Some(state) }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), state: None }
    }
}

/// Rows under a heading, each column as wide as its widest cell, two spaces between.
///
/// What came over the wire (names, reasons) is shown without control characters: a title must not
/// move the cursor.
pub(super) fn table<const N: usize>(heading: [&str; N], rows: Vec<[Cell; N]>, paint: Paint) -> String {
    let mut widths = heading.map(width);
    for row in &rows {
        for (cell, widest) in row.iter().zip(&mut widths) {
            *widest = width(&cell.text).max(*widest);
        }
    }
    let mut text = paint.faint(line(heading.iter().copied().zip(widths)).trim_end());
    text.push('\n');
    for row in rows {
        let mut shown = String::new();
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
        for (index, (cell, width)) in row.into_iter().zip(widths).enumerate().take(last + 1) {
            let bare = plain(&cell.text);
            let gap = if index < last { width.saturating_sub(bare.chars().count()) + 2 } else { 0 };
            shown.push_str(&cell.state.map_or_else(|| bare.clone(), |state| paint.state(state, &bare)));
            shown.extend(std::iter::repeat_n(' ', gap));
        }
        text.push_str(&shown);
        text.push('\n');
    }
    text
}

/// The text without control characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

fn line<'a>(cells: impl Iterator<Item = (&'a str, usize)>) -> String {
    let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
    cells.join("  ")
}

fn width(text: &str) -> usize {
    plain(text).chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_whatever_the_colours() {
        let rows = || {
            vec![
                ["è".into(), Cell::state("fermo", State::Down), "x".into()],
                ["lungo".into(), "".into(), "y".into()],
            ]
        };
        let bare = table(["a", "stato", "z"], rows(), Paint::none());
        assert_eq!(bare, "a      stato  z\nè      fermo  x\nlungo         y\n");
        let painted = table(["a", "stato", "z"], rows(), Paint::always());
        assert!(painted.contains("\x1b[1;31mfermo\x1b[0m  x"), "{painted:?}");
    }

    #[test]
    fn a_title_cannot_move_the_cursor() {
        let text = table(["a"], vec![["\x1b[2Jx\u{7}".into()]], Paint::none());
        assert_eq!(text, "a\n[2Jx\n");
    }
}
