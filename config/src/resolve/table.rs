//! Targets as rows of a CSV file: `name;address` and more, one line each.
//!
//! Lists of many like things live in spreadsheets; so both separators are taken, as are the mark that
//! Excel puts before the first letter, quotes, and columns in any order. Problems point into the CSV.

use std::collections::HashMap;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::files;
use crate::Id;
use crate::problem::Place;
use crate::text::say;
use crate::yaml::component::{Target, TargetKeys};
use crate::yaml::nearest;
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::shape::{At, Named, Report, Shape};
use crate::yaml::signs;

/// The column of names; all others are the keys of a target, of which `address` is needed.
const NAME: &str = "name";

/// More targets than this are not one component.
const ROWS_MAX: usize = 10_000;

/// The rows of a file, in its order. `None` after a problem with the file as a whole.
pub(super) fn targets(
    name: &At<String>,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<Named<Target>> {
    let text = match files::table(&name.value, folder) {
        Ok(text) => text,
        Err(message) => {
            report.problem(name.at, message);
            return None;
        }
    };
    let file = report.take_in(&name.value, text.clone());
    let table = Table { text: &text, lines: text.lines().collect(), file };
    let mut records = table.records();
    let header = records.next().and_then(Result::ok).unwrap_or_default();
    let name_at = columns(&header, &table, report)?;
    let mut targets = Named { entries: Vec::new(), nameless: 0 };
    let mut lines: HashMap<Id, u32> = HashMap::new();
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(1, |position| line(position.line()));
                let message = say!(
                    "not a row of CSV: a quote is not closed, or it is not UTF-8",
                    "non è una riga CSV: mancano le virgolette di chiusura, o non è UTF-8"
                );
                report.problem(table.whole_line(line), message);
                return None;
            }
        };
        if report.is_full() {
            break;
        }
        if targets.count() == ROWS_MAX {
            let message = say!(
                "more than {ROWS_MAX} targets in one component",
                "più di {ROWS_MAX} bersagli in un solo componente"
            );
            report.problem(table.place(&record, 0), message);
            return None;
        }
        let at = table.place(&record, name_at);
        let id = match Id::new(record.get(name_at).unwrap_or_default()) {
            Ok(id) => id,
            Err(error) => {
                report.problem(at, error.text());
                targets.nameless += 1;
                continue;
            }
        };
        if let Some(before) = lines.insert(id.clone(), at.line) {
            let message = say!(
                "the name `{id}` is already in line {before}",
                "il nome `{id}` è già alla riga {before}"
            );
            report.problem(at, message);
            targets.nameless += 1;
            continue;
        }
        let target = row(&id, at, &header, &record, &table, report);
        targets.entries.push((At { at, value: id }, target));
    }
    Some(targets)
}

/// Where the name is, when all columns are known.
fn columns(header: &StringRecord, table: &Table<'_>, report: &mut Report<'_>) -> Option<usize> {
    let mut known = vec![NAME];
    known.extend(TargetKeys::KEYS);
    let mut sound = true;
    for (index, column) in header.iter().enumerate() {
        let twice = header.iter().take(index).any(|before| before == column);
        let message = if index == 0 && !header.iter().any(|column| known.contains(&column)) {
            // No column of ours, so it is the first target and not a header with a slip.
            return headless(table, report);
        } else if twice {
            say!("the column `{column}` is there twice", "la colonna `{column}` c'è due volte")
        } else if known.contains(&column) {
            continue;
        } else {
            nearest::unknown_value(say!("column", "la colonna"), column, &known)
        };
        report.problem(table.place(header, index), message);
        sound = false;
    }
    let at = |wanted: &str| header.iter().position(|column| column == wanted);
    match (at(NAME), at("address")) {
        (Some(name), Some(_)) if sound => Some(name),
        (Some(_), Some(_)) => None,
        _ => {
            if sound {
                headless(table, report)
            } else {
                None
            }
        }
    }
}

fn headless(table: &Table<'_>, report: &mut Report<'_>) -> Option<usize> {
    let message = say!(
        "the first line names the columns; it must be `name;address`, and more if wanted",
        "la prima riga nomina le colonne; deve essere `name;address`, ed eventualmente altre"
    );
    report.problem(table.whole_line(1), message);
    None
}

/// One target: its cells are read as the keys of a target in the charter are. A row with a defect keeps its
/// name.
fn row(
    id: &Id,
    at: Place,
    header: &StringRecord,
    record: &StringRecord,
    table: &Table<'_>,
    report: &mut Report<'_>,
) -> Option<Target> {
    let cells = header.iter().enumerate().filter(|(_, column)| *column != NAME);
    let entries: Vec<Entry> = cells
        .filter_map(|(index, column)| {
            let text = record.get(index).filter(|text| !text.is_empty())?;
            let at = table.place(record, index);
            let node = Node { at, value: Value::Text(text.to_owned()) };
            Some(Entry { key: column.to_owned(), key_at: at, node })
        })
        .collect();
    if let Some(index) = (header.len()..record.len()).find(|index| !record[*index].is_empty()) {
        let message = say!(
            "more fields than columns; a text with the separator in it stands in quotes",
            "più campi che colonne; un testo che contiene il separatore va tra virgolette"
        );
        report.problem(table.place(record, index), message);
        return None;
    }
    if !entries.iter().any(|entry| entry.key == "address") {
        report.problem(
            at,
            say!("the target `{id}` has no address", "il bersaglio `{id}` non ha un indirizzo (`address`)"),
        );
        return None;
    }
    let node = Node { at, value: Value::Map(entries) };
    report.within(id.as_str(), |report| {
        signs::warn(&node, report);
        Target::read(&node, report)
    })
}

/// The text and its number in the report.
struct Table<'t> {
    text: &'t str,
    lines: Vec<&'t str>,
    file: u16,
}

impl<'t> Table<'t> {
    fn records(&self) -> impl Iterator<Item = csv::Result<StringRecord>> + use<'t> {
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(self.text);
        let header =
            text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
        let separator = if header.contains(';') { b';' } else { b',' };
        ReaderBuilder::new()
            .has_headers(false)
            .delimiter(separator)
            .comment(Some(b'#'))
            .trim(Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes())
            .into_records()
    }

    /// The place of a field; of its line where the text of the field is not found as it stands.
    fn place(&self, record: &StringRecord, index: usize) -> Place {
        let number = record.position().map_or(1, |position| line(position.line()));
        let whole = self.whole_line(number);
        let field = record.get(index).unwrap_or_default();
        let Some(text) = self.lines.get(number.saturating_sub(1) as usize) else { return whole };
        let mut from = 0;
        for before in record.iter().take(index) {
            let Some(found) = text[from..].find(before) else { return whole };
            from += found + before.len();
        }
        let Some(found) = text[from..].find(field).filter(|_| !field.is_empty()) else { return whole };
        let column = text[..from + found].chars().count() + 1;
        Place { column: line(column as u64), len: line(field.chars().count() as u64), ..whole }
    }

    fn whole_line(&self, number: u32) -> Place {
        Place { file: self.file, line: number, column: 1, len: 1 }
    }
}

fn line(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
