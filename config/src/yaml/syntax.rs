//! What a parser complains about, in the words of whoever wrote the file.
//!
//! A parser notices a slip late: a missing colon at the next line, an open quote at the next quote. So the text
//! around its place is looked at for the slips people make (tab, colon, indentation, quote), and the place is
//! that of the slip. This is guesswork on broken text: it only chooses words, never what the file means.

#[cfg(test)]
mod tests;

use crate::problem::{Place, Source};
use crate::text::{Text, say};

/// Where the slip is and what it is.
pub(crate) fn slip(source: Source<'_>, at: Place, complaint: &str) -> (Place, Text) {
    let lines: Vec<&str> = source.text.lines().collect();
    let (at, text) = Slip { lines: &lines, at, complaint }.found();
    (at, say!("not valid YAML: {text}", "YAML non valido: {text}"; text))
}

/// Lines that are looked at before the place of a complaint: an open quote may go on for some.
const LOOK_BACK: usize = 60;

/// Bytes of a line that is looked at.
const LINE_BYTES_MAX: usize = 4_096;

struct Slip<'a> {
    lines: &'a [&'a str],
    /// Where the parser gave up.
    at: Place,
    complaint: &'a str,
}

impl Slip<'_> {
    fn found(&self) -> (Place, Text) {
        let here = (self.at.line as usize).saturating_sub(1);
        let is_one_of = |words: &[&str]| words.iter().any(|word| self.complaint.contains(word));
        if self.at.line == 0 || self.line(here).len() > LINE_BYTES_MAX {
            return (self.at, self.translated());
        }
        self.tab(here)
            .or_else(|| is_one_of(&["quot", "EOF"]).then(|| self.quote(here)).flatten())
            .or_else(|| {
                is_one_of(&["simple key expected", "mapping values"]).then(|| self.colon(here)).flatten()
            })
            .or_else(|| {
                is_one_of(&["mapping values", "expected key", "indent"])
                    .then(|| self.indentation(here))
                    .flatten()
            })
            .unwrap_or_else(|| (self.at, self.translated()))
    }

    fn line(&self, index: usize) -> &str {
        self.lines.get(index).copied().unwrap_or_default()
    }

    fn place(&self, line: usize, column: usize) -> Place {
        let number = |value: usize| u32::try_from(value + 1).unwrap_or(u32::MAX);
        Place { line: number(line), column: number(column), len: 1, ..self.at }
    }

    /// The nearest line above that says something.
    fn above(&self, here: usize) -> Option<usize> {
        (here.saturating_sub(LOOK_BACK)..here).rev().find(|index| says_something(self.line(*index)))
    }

    /// A tab where the indentation is.
    fn tab(&self, here: usize) -> Option<(Place, Text)> {
        let blank = |line: &str| line.len() - line.trim_start().len();
        let tab =
            |index: usize| self.line(index).get(..blank(self.line(index)))?.find('\t').map(|at| (index, at));
        let (line, column) = [here, here.saturating_sub(1), here + 1].into_iter().find_map(tab)?;
        let text = say!(
            "a tab at the beginning of the line; indent with spaces",
            "un carattere di tabulazione a inizio riga; per il rientro usa gli spazi"
        );
        Some((self.place(line, column), text))
    }

    /// A quote that is not closed on its line.
    fn quote(&self, here: usize) -> Option<(Place, Text)> {
        let is_short = |line: &usize| self.line(*line).len() <= LINE_BYTES_MAX;
        let mut lines = (here.saturating_sub(LOOK_BACK)..=here).rev().filter(is_short);
        let (line, column, quote) =
            lines.find_map(|line| open_quote(self.line(line)).map(|(at, quote)| (line, at, quote)))?;
        let text = say!(
            "the quote `{quote}` opens here and is not closed",
            "le virgolette `{quote}` si aprono qui e non si chiudono"
        );
        Some((self.place(line, column), text))
    }

    /// A key without its colon, or without the space behind it; or a text with a colon in it.
    fn colon(&self, here: usize) -> Option<(Place, Text)> {
        let above =
            self.above(here).filter(|above| indentation(self.line(*above)) <= indentation(self.line(here)));
        for line in [Some(here), above].into_iter().flatten() {
            let text = self.line(line);
            let Some(word) = bare_word(text) else { continue };
            let column = indentation(text);
            if let Some(colon) = word.find(':') {
                let text = say!("a space is missing after `:`", "dopo `:` manca uno spazio");
                return Some((self.place(line, column + colon), text));
            }
            let text = say!("a colon is missing: `{word}:`", "mancano i due punti: `{word}:`");
            return Some((self.place(line, column), text));
        }
        let line = self.line(here);
        let first = line.find(": ")?;
        let column = (self.at.column as usize).saturating_sub(1);
        (first + 1 < column && self.complaint.contains("mapping values")).then(|| {
            let text =
                say!("a text with `: ` in it goes in quotes", "un testo che contiene `: ` va tra virgolette");
            (self.at, text)
        })
    }

    /// A line that is deeper than the one it should stand beside, or beside none.
    fn indentation(&self, here: usize) -> Option<(Place, Text)> {
        let own = indentation(self.line(here));
        let start = self.place(here, own);
        let above = self.above(here)?;
        if self.complaint.contains("mapping values") {
            let text = say!(
                "wrong indentation: this line begins further right than the line above, which is complete; the mistake \
                 may be on the line above",
                "rientro sbagliato: questa riga comincia più a destra di quella sopra, che è già completa; l'errore può \
                 essere nella riga sopra"
            );
            return (indentation(self.line(above)) < own).then_some((start, text));
        }
        let begins = |index: usize| says_something(self.line(index)).then(|| indentation(self.line(index)));
        let left = (0..here).rev().find(|index| begins(*index).is_some_and(|begin| begin < own))?;
        // It stood beside others before that line: so that one may be what closed them.
        let text = if (0..left).any(|index| begins(index) == Some(own)) {
            let left = left + 1;
            say!(
                "wrong indentation: here, or at line {left}, which then begins too far left",
                "rientro sbagliato: qui, o alla riga {left}, che allora comincia troppo a sinistra"
            )
        } else {
            say!(
                "wrong indentation: no line above begins here",
                "rientro sbagliato: sopra nessuna riga comincia qui"
            )
        };
        Some((start, text))
    }

    /// The parser's own words; in Italian those we know.
    fn translated(&self) -> Text {
        let complaint = self.complaint;
        let Some((_, en, it)) = COMPLAINTS.iter().find(|(begin, ..)| complaint.starts_with(begin)) else {
            return say!(
                "{complaint}; the mistake may be on the line above",
                "{complaint}; l'errore può essere nella riga sopra"
            );
        };
        let en = if en.is_empty() { complaint } else { en };
        let quoted = complaint.find(['\'', '`']).map_or("", |from| &complaint[from..]);
        if quoted.is_empty() || it.contains('`') {
            say!("{en}; the mistake may be on the line above", "{it}; l'errore può essere nella riga sopra")
        } else {
            say!("{complaint}", "{it} {quoted}")
        }
    }
}

/// How the parser's complaint begins, and the same in plain words; in English its own ones where none stand.
const COMPLAINTS: [(&str, &str, &str); 17] = [
    ("unclosed bracket", "", "parentesi mai chiusa"),
    ("mismatched bracket", "", "parentesi chiusa da un'altra"),
    ("misplaced bracket", "", "parentesi fuori posto"),
    ("unclosed quote", "a quote is not closed", "virgolette mai chiuse"),
    (
        "mapping values are not allowed",
        "no other key with `:` can be here; a text with `: ` in it goes in quotes",
        "qui non può esserci un'altra chiave con `:`; un testo con `: ` va tra virgolette",
    ),
    ("mapping keys are not allowed", "no key can be here", "qui non può esserci una chiave"),
    (
        "block sequence entries are not allowed",
        "no entry of a list (`- `) can be here",
        "qui non può esserci una voce d'elenco (`- `)",
    ),
    (
        "tab",
        "a tab cannot be here; use spaces",
        "qui un carattere di tabulazione non è ammesso: usa gli spazi",
    ),
    ("simple key expected", "a colon `:` is missing after the key", "dopo la chiave mancano i due punti `:`"),
    (
        "simple key is no longer valid",
        "a key stands on one line, with its `:`",
        "una chiave sta su una riga, con il suo `:`",
    ),
    ("invalid indentation", "wrong indentation", "rientro sbagliato"),
    ("wrongly indented", "wrong indentation", "rientro sbagliato"),
    (
        "while parsing a block mapping",
        "a key should be here; is the indentation right?",
        "qui ci vuole una chiave; il rientro è giusto?",
    ),
    ("while parsing a flow mapping", "`,` or `}` is missing", "manca `,` o `}`"),
    ("while parsing a flow sequence", "`,` or `]` is missing", "manca `,` o `]`"),
    (
        "unexpected character",
        "this sign cannot be here; a text with it goes in quotes",
        "questo segno qui non può stare; un testo che lo contiene va tra virgolette",
    ),
    ("unsupported tag", "", "etichetta (`!`) non ammessa"),
];

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn says_something(line: &str) -> bool {
    let text = line.trim_start();
    !text.is_empty() && !text.starts_with('#')
}

/// The first word of a line that is no key, no entry of a list and no bracket, but looks like a key.
fn bare_word(line: &str) -> Option<&str> {
    let text = line.trim();
    let is_key = text.contains(": ") || text.ends_with(':') || text.contains(": #");
    let word = text.split_whitespace().next()?;
    let name = word.split(':').next().unwrap_or_default();
    let looks_like_one = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    (!is_key && looks_like_one && !word.contains("://")).then_some(word)
}

/// Column and kind of the last quote that opens a value and is not closed.
fn open_quote(line: &str) -> Option<(usize, char)> {
    let characters: Vec<char> = line.chars().collect();
    let mut open: Option<(usize, char)> = None;
    let mut before = ' ';
    let mut index = 0;
    while index < characters.len() {
        let character = characters[index];
        match open {
            Some((_, '"')) if character == '\\' => index += 1,
            Some((_, '\'')) if character == '\'' && characters.get(index + 1) == Some(&'\'') => index += 1,
            Some((_, quote)) if character == quote => open = None,
            None if character == '#' && before == ' ' => return None,
            // A quote within a word is a letter: `l'anno`.
            None if matches!(character, '"' | '\'') && matches!(before, ' ' | '[' | '{' | ',' | '(') => {
                // And one behind a word, as in `DGC 12 "orari`, opens nothing.
                let text: String = characters[..index].iter().collect();
                let text = text.trim_end();
                if text.is_empty() || text.ends_with([':', '-', '[', '{', ',']) {
                    open = Some((index, character));
                }
            }
            _ => {}
        }
        before = character;
        index += 1;
    }
    open
}
