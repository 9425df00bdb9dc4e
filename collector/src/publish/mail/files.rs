//! The files that letters are laid out with, and what becomes of a letter when one of them is broken.
//!
//! Two are built in, `mail.txt` (with the subject in its first line) and `mail.html`. A directory may have its own
//! `mail.*` for all letters, and `opened.*`, `again.*`, `closed.*`, `budget.*`, `morning.*`, `digest.*` for those of
//! a kind. They are Jinja, know the fields of a [`View`] and no others, include nothing, and run out of fuel long
//! before they hold a mail up. HTML is escaped by itself.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};

use super::BYTES_MAX;
use super::clean::clean;
use super::view::View;

/// Those for every kind of letter.
pub const BUILT_IN: [(&str, &str); 2] = [
    ("mail.txt", include_str!("../../../templates/mail/mail.txt")),
    ("mail.html", include_str!("../../../templates/mail/mail.html")),
];

/// The kinds of letters: each may have templates of its own.
pub const KINDS: [&str; 6] = ["opened", "again", "closed", "budget", "morning", "digest"];

/// No template is longer, bytes: the built-in ones have about six thousand.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Instructions, and 64 bytes each: a morning of sixty lines takes some thousands.
const FUEL: u64 = 400_000;
/// No subject is longer, characters: phones show forty.
const SUBJECT_MAX: usize = 160;
/// Lines of the text are no longer where they can be broken, columns.
const COLUMNS: usize = 78;
const WHY_MAX: usize = 300;

/// Why a file is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its name in the directory; the directory itself if that cannot be read.
    pub file: String,
    /// A fragment in English, with the line where there is one.
    pub why: String,
}

/// A letter laid out.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

#[derive(Debug, Clone)]
pub(super) struct Files {
    built_in: Environment<'static>,
    own: Environment<'static>,
    problems: Vec<Problem>,
}

impl Files {
    pub(super) fn load(directory: Option<&Path>) -> Self {
        let mut files = Self { built_in: environment(), own: environment(), problems: Vec::new() };
        for (name, source) in BUILT_IN {
            // Tests fill both.
            let added = files.built_in.add_template(name, source);
            files.note(name, added.map_err(|error| error.to_string()));
        }
        if let Some(directory) = directory {
            files.read(directory);
            // A field that does not exist shows only when a letter is laid out.
            for kind in KINDS {
                let facts = Value::from(Serde(View::specimen(kind)));
                let mut problems = std::mem::take(&mut files.problems);
                for form in ["txt", "html"] {
                    files.render(kind, form, &facts, &mut problems);
                }
                files.problems = problems;
            }
        }
        files
    }

    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn read(&mut self, directory: &Path) {
        let entries = match directory.read_dir() {
            Ok(entries) => entries,
            Err(error) => return self.note(&directory.display().to_string(), Err(error.to_string())),
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let is_text = |name: &String| matches!(name.rsplit_once('.'), Some((_, "txt" | "html")));
        let mut names: Vec<String> = names.filter(is_text).collect();
        names.sort();
        for name in names {
            let read = source_of(&directory.join(&name)).and_then(|source| {
                if !is_known(&name) {
                    let kinds = KINDS.join(".*, ");
                    return Err(format!(
                        "no mail is made with a file of this name; with mail.*, {kinds}.* some are"
                    ));
                }
                self.own.add_template_owned(name.clone(), source).map_err(|error| error.to_string())
            });
            self.note(&name, read);
        }
    }

    fn note(&mut self, file: &str, read: Result<(), String>) {
        if let Err(why) = read {
            note(&mut self.problems, Problem::new(file, &why));
        }
    }

    /// Lays a view out. What is wrong with a file that this letter would be made with stands at its end.
    pub(super) fn fill(&self, view: &View) -> Filled {
        let mut problems: Vec<Problem> =
            self.problems.iter().filter(|problem| problem.concerns(view.kind)).cloned().collect();
        let facts = Value::from(Serde(view));
        let text = self.render(view.kind, "txt", &facts, &mut problems);
        let html = self.render(view.kind, "html", &facts, &mut problems);
        for Problem { file, why } in problems.iter().filter(|problem| !self.problems.contains(problem)) {
            tracing::warn!(file, why, "a template of mails failed; the built-in one is used");
        }
        let (subject, text) = text.map_or_else(|| bare_text(view), |text| parted(&text, &view.subject));
        let html = html.unwrap_or_else(|| bare_html(view, &text));
        Filled { subject, text: with_notes(text, &problems), html: with_html_notes(html, &problems) }
    }

    /// With the kind's own template, the directory's for all, the built-in one: the first that works.
    fn render(&self, kind: &str, form: &str, facts: &Value, problems: &mut Vec<Problem>) -> Option<String> {
        let for_all = format!("mail.{form}");
        for name in [&format!("{kind}.{form}"), &for_all] {
            let Ok(template) = self.own.get_template(name) else { continue };
            match template.render(facts.clone()) {
                Ok(text) if text.len() > BYTES_MAX => {
                    note(problems, Problem::new(name, "what it makes is too long for a mail"));
                }
                Ok(text) => return Some(text),
                Err(error) => note(problems, Problem::new(name, &error.to_string())),
            }
        }
        let rendered =
            self.built_in.get_template(&for_all).and_then(|template| template.render(facts.clone()));
        rendered.map_err(|error| tracing::error!(%error, "a built-in template of mails failed")).ok()
    }
}

/// One of a file is enough.
fn note(problems: &mut Vec<Problem>, problem: Problem) {
    if !problems.iter().any(|known| known.file == problem.file) {
        problems.push(problem);
    }
}

impl Problem {
    fn new(file: &str, why: &str) -> Self {
        Self { file: clean(file, WHY_MAX), why: clean(why, WHY_MAX) }
    }

    /// Would a letter of this kind be made with it? A morning tells of all: it is read by those who can mend them.
    fn concerns(&self, kind: &str) -> bool {
        let of = self.file.rsplit_once('.').filter(|(_, form)| matches!(*form, "txt" | "html"));
        kind == "morning" || of.is_none_or(|(name, _)| name == kind || name == "mail")
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.add_filter("pad", |text: String, width: usize| pad(&text, width));
    environment.add_filter("wrap", |text: String, indent: usize| wrap(&text, indent));
    environment.add_filter("unbroken", |text: String| unbroken(&text));
    environment
}

fn is_known(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(kind, _)| kind == "mail" || KINDS.contains(&kind))
}

fn source_of(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut source = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut source).map_err(|error| error.to_string())?;
    if source.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it is longer than {FILE_BYTES_MAX} bytes"));
    }
    Ok(source)
}

/// A label of a column; one that is too long for it ends in a colon.
fn pad(text: &str, width: usize) -> String {
    if text.chars().count() < width { format!("{text:<width$}") } else { format!("{text}: ") }
}

/// A duration does not break between number and unit.
fn unbroken(text: &str) -> String {
    let mut joined = String::with_capacity(text.len() + 8);
    let mut before = "";
    for word in text.split(' ') {
        if !joined.is_empty() {
            joined.push(if belong_together(before, word) { '\u{a0}' } else { ' ' });
        }
        joined.push_str(word);
        before = word;
    }
    joined
}

/// `7.838` and `h`, `h` and `00`, `00` and `min`.
fn belong_together(before: &str, word: &str) -> bool {
    let is_unit = |word: &str| matches!(word.trim_end_matches([',', ';', '.', ':', ')']), "h" | "min" | "s");
    let is_number = |word: &str| word.chars().all(|one| one.is_ascii_digit() || one == '.' || one == ',');
    let is_short = word.len() == 2 && is_number(word);
    is_unit(word) && is_number(before.trim_start_matches('(')) || matches!(before, "h" | "min") && is_short
}

/// Breaks a text that begins in column `indent` at spaces; what follows is indented alike.
fn wrap(text: &str, indent: usize) -> String {
    let text = unbroken(text);
    let mut lines = String::with_capacity(text.len() + text.len() / 16);
    let mut column = indent;
    for word in text.split(' ') {
        let width = word.chars().count();
        if !lines.is_empty() && column + 1 + width > COLUMNS {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if !lines.is_empty() {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines.replace('\u{a0}', " ")
}

/// Subject and body of a text whose first line may be its subject.
fn parted(text: &str, otherwise: &str) -> (String, String) {
    let text = text.trim_start();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let subject = first.strip_prefix("Oggetto:").or_else(|| first.strip_prefix("Subject:"));
    let (subject, body) = subject.map_or((otherwise, text), |subject| (subject, rest));
    (clean(subject, SUBJECT_MAX), format!("{}\n", body.trim()))
}

/// A letter without any template: what there is when nothing else works.
pub(super) fn bare(view: &View) -> Filled {
    let (subject, text) = bare_text(view);
    let html = bare_html(view, &text);
    Filled { subject, text, html }
}

fn bare_text(view: &View) -> (String, String) {
    let facts = view.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value));
    let steps = view.steps.iter().map(|step| format!("- {step}"));
    let lines: Vec<String> = std::iter::once(view.heading.clone()).chain(facts).chain(steps).collect();
    let mut text = format!("{}\n", lines.join("\n"));
    let most = (0..=BYTES_MAX / 8).rev().find(|most| text.is_char_boundary(*most));
    text.truncate(most.unwrap_or(0));
    (clean(&view.subject, SUBJECT_MAX), text)
}

fn bare_html(view: &View, text: &str) -> String {
    let (title, text) = (escaped(&view.subject), escaped(text));
    format!(
        "<!DOCTYPE html>\n<html lang=\"it\"><head><meta charset=\"utf-8\"/><title>{title}</title></head>\
         <body><pre style=\"white-space:pre-wrap\">{text}</pre></body></html>\n"
    )
}

fn note_of(problem: &Problem) -> String {
    let Problem { file, why } = problem;
    format!(
        "Il modello della posta «{file}» non si può usare e al suo posto c'è quello di fabbrica: {why}. Da correggere; \
         poi: systemctl restart vedetta. (The mail template cannot be used; the built-in one is in its place.)"
    )
}

fn with_notes(mut text: String, problems: &[Problem]) -> String {
    for problem in problems {
        text.push('\n');
        text.push_str(&wrap(&note_of(problem), 0));
        text.push('\n');
    }
    text
}

fn with_html_notes(html: String, problems: &[Problem]) -> String {
    if problems.is_empty() {
        return html;
    }
    let notes = problems.iter().map(|problem| {
        format!("<p style=\"margin:16px auto;max-width:640px\">{}</p>\n", escaped(&note_of(problem)))
    });
    let notes: String = notes.collect();
    let (body, end) = html.rfind("</body>").map_or((html.as_str(), ""), |place| html.split_at(place));
    format!("{body}{notes}{end}")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_not_within_durations() {
        let text =
            "disponibile 7.650 h 00 min su 7.838 h 00 min misurati, di cui fermo (0 h 12 min), 27 min 00 s";
        for indent in 0..60 {
            let wrapped = wrap(text, indent);
            for line in wrapped.lines() {
                assert!(line.chars().count() <= COLUMNS, "{wrapped}");
                assert!(
                    !["h", "min", "min,", "min),", "s", "00"]
                        .contains(&line.split_whitespace().next().unwrap_or("")),
                    "{wrapped}"
                );
            }
            assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>().join(" "), text);
        }
        assert_eq!(unbroken("dal 23/11/2026 08:40 2 fermi"), "dal 23/11/2026 08:40 2 fermi");
        assert_eq!(
            (pad("Inizio", 8).as_str(), pad("Fermo ammesso", 8).as_str()),
            ("Inizio  ", "Fermo ammesso: ")
        );
    }
}
