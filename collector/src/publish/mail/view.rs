//! What a letter says, in words: the fields that templates lay out. Every text is one line.
//!
//! One shape for all kinds, so that two templates do for everything. Italian is complete; English beside it is
//! shorter. A field is never absent: a template that names one that is not here is broken.

use serde::Serialize;

use super::clean::clean;

/// No text is longer, characters.
const TEXT_MAX: usize = 700;

/// A letter's facts in words.
#[derive(Debug, Clone, Serialize)]
pub(super) struct View {
    /// Which of [`KINDS`](super::KINDS).
    pub(super) kind: &'static str,
    /// The subject.
    pub(super) subject: String,
    /// Whose charter, and which office.
    pub(super) organisation: String,
    /// `bad`, `warn`, `good` or `plain`: beside a word, never instead of one.
    pub(super) tone: &'static str,
    /// That word: `URGENTE`.
    pub(super) badge: String,
    /// What happened, in a sentence.
    pub(super) heading: String,
    /// What there is to know, in order.
    pub(super) facts: Vec<Fact>,
    /// What to do, in order; empty where there is nothing.
    pub(super) steps: Vec<String>,
    /// What else there is to tell.
    pub(super) sections: Vec<Section>,
    /// Figures.
    pub(super) tables: Vec<Table>,
    /// Commands that fit, on the collector's machine.
    pub(super) commands: Vec<Command>,
    /// Small print.
    pub(super) notes: Vec<String>,
    /// The address of the page, `https:` or `http:`; empty if readers cannot reach it.
    pub(super) page: String,
    /// The same in English, shorter.
    pub(super) english: English,
    /// How log and API name the decision.
    pub(super) key: String,
    /// When it was decided, as people write it.
    pub(super) decided: String,
}

/// `Inizio`, `23/11/2026 08:50 CET`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Fact {
    /// What it is about.
    pub(super) label: String,
    /// What is so.
    pub(super) value: String,
}

/// Like things under a title.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Section {
    /// What they are.
    pub(super) title: String,
    /// Each.
    pub(super) lines: Vec<Item>,
}

/// One of them.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Item {
    /// What it is.
    pub(super) text: String,
    /// What to do about it; empty where there is nothing.
    pub(super) action: String,
}

/// A table of figures.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Table {
    /// What it shows.
    pub(super) caption: String,
    /// What its first column has.
    pub(super) of: String,
    /// The others' headings.
    pub(super) columns: Vec<String>,
    /// Its rows.
    pub(super) rows: Vec<Row>,
}

/// A row of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    /// What it is of.
    pub(super) name: String,
    /// As many as columns.
    pub(super) cells: Vec<String>,
}

/// A command and what it is for.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Command {
    /// What for.
    pub(super) purpose: String,
    /// As it is typed.
    pub(super) line: String,
}

/// The letter in English.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct English {
    /// What happened.
    pub(super) heading: String,
    /// The most important facts.
    pub(super) facts: Vec<Fact>,
    /// What to do.
    pub(super) steps: Vec<String>,
}

impl Fact {
    /// Of a label and a text.
    pub(super) fn new(label: &str, value: impl Into<String>) -> Self {
        Self { label: label.to_owned(), value: value.into() }
    }
}

impl Item {
    /// Without anything to do.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), action: String::new() }
    }
}

impl Command {
    /// For a purpose.
    pub(super) fn new(purpose: &str, line: impl Into<String>) -> Self {
        Self { purpose: purpose.to_owned(), line: line.into() }
    }
}

impl View {
    /// One of everything: what templates are tried with.
    pub(super) fn specimen(kind: &'static str) -> Self {
        let text = || "Prova".to_owned();
        let fact = || Fact::new("Prova", "prova");
        Self {
            kind,
            subject: text(),
            organisation: text(),
            tone: "plain",
            badge: text(),
            heading: text(),
            facts: vec![fact()],
            steps: vec![text()],
            sections: vec![Section { title: text(), lines: vec![Item { text: text(), action: text() }] }],
            tables: vec![Table {
                caption: text(),
                of: text(),
                columns: vec![text()],
                rows: vec![Row { name: text(), cells: vec![text()] }],
            }],
            commands: vec![Command::new("Prova", "vedetta today")],
            notes: vec![text()],
            page: "https://vedetta.example".to_owned(),
            english: English { heading: text(), facts: vec![fact()], steps: vec![text()] },
            key: text(),
            decided: text(),
        }
    }

    /// Makes every text fit for a line, and keeps at most `most` of each list; what is left out is counted where it
    /// was. Of fewer than usual, texts are shorter, too.
    pub(super) fn keep(&mut self, most: usize) {
        let longest = if most < 12 { TEXT_MAX / 4 } else { TEXT_MAX };
        let Self { subject, organisation, badge, heading, key, decided, page, .. } = self;
        for text in [subject, organisation, badge, heading, key, decided, page] {
            *text = clean(text, longest);
        }
        for fact in self.facts.iter_mut().chain(&mut self.english.facts) {
            (fact.label, fact.value) = (clean(&fact.label, longest), clean(&fact.value, longest));
        }
        self.english.heading = clean(&self.english.heading, longest);
        for text in self.steps.iter_mut().chain(&mut self.english.steps).chain(&mut self.notes) {
            *text = clean(text, longest);
        }
        for command in &mut self.commands {
            (command.purpose, command.line) =
                (clean(&command.purpose, longest), clean(&command.line, longest));
        }
        for section in &mut self.sections {
            let left_out = section.lines.len().saturating_sub(most);
            section.lines.truncate(most);
            for item in &mut section.lines {
                (item.text, item.action) = (clean(&item.text, longest), clean(&item.action, longest));
            }
            if left_out > 0 {
                section.lines.push(Item::plain(format!("e altri {left_out}: vedetta today")));
            }
        }
        for table in &mut self.tables {
            let left_out = table.rows.len().saturating_sub(most);
            table.rows.truncate(most);
            for row in &mut table.rows {
                row.name = clean(&row.name, longest);
                for cell in &mut row.cells {
                    *cell = clean(cell, longest);
                }
            }
            if left_out > 0 {
                self.notes.push(format!("Altri {left_out} servizi: negli allegati, o vedetta status."));
            }
        }
    }
}
