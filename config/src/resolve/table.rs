//! Targets as rows of a CSV file: `name;address`, one line each.
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
use crate::yaml::nearest;
use crate::yaml::shape::{At, Named, Report};

/// `name` and `address` are needed, `note` is for whoever reads the file.
const COLUMNS: [&str; 3] = ["name", "address", "note"];

/// Columns of the full grammar that this version does not read yet.
const LATER: [&str; 6] = ["area", "group", "behind", "weight", "since", "until"];

/// More targets than this are not one component.
const ROWS_MAX: usize = 10_000;

/// The rows of a file, in its order. `None` after a problem with the file as a whole.
pub(super) fn targets(
    name: &At<String>,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<Named<At<String>>> {
    let text = match files::table(&name.value, folder) {
        Ok(text) => text,
        Err(message) => {
            report.problem(name.at, message);
            return None;
        }
    };
    let file = report.take_in(&name.value, text.clone());
    let table = Table { text: &text, file };
    let mut records = table.records();
    let header = records.next().and_then(Result::ok).unwrap_or_default();
    let columns = columns(&header, &table, report)?;
    let mut targets = Named { entries: Vec::new(), nameless: 0 };
    let mut lines: HashMap<Id, u32> = HashMap::new();
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(1, |position| line(position.line()));
                report.problem(
                    table.whole_line(line),
                    "not a row of CSV: a quote is not closed, or it is not UTF-8",
                );
                return None;
            }
        };
        if targets.count() == ROWS_MAX {
            report.problem(table.place(&record, 0), format!("more than {ROWS_MAX} targets in one component"));
            return None;
        }
        let Some((name, address)) = row(&record, columns, &table, report) else {
            targets.nameless += 1;
            continue;
        };
        if let Some(before) = lines.insert(name.value.clone(), name.at.line) {
            report.problem(name.at, format!("the name `{}` is already in line {before}", name.value));
            targets.nameless += 1;
            continue;
        }
        targets.entries.push((name, address));
    }
    Some(targets)
}

/// Where name and address are.
fn columns(header: &StringRecord, table: &Table<'_>, report: &mut Report<'_>) -> Option<(usize, usize)> {
    let mut sound = true;
    for (index, column) in header.iter().enumerate() {
        if COLUMNS.contains(&column) {
            continue;
        }
        let message = if LATER.contains(&column) {
            say!(
                "the column `{column}` is not available in this version",
                "la colonna `{column}` non è disponibile in questa versione"
            )
        } else {
            nearest::unknown_value(say!("column", "una colonna"), column, &COLUMNS)
        };
        report.problem(table.place(header, index), message);
        sound = false;
    }
    let at = |wanted: &str| header.iter().position(|column| column == wanted);
    match (at("name"), at("address")) {
        (Some(name), Some(address)) if sound => Some((name, address)),
        (Some(_), Some(_)) => None,
        _ => {
            if sound {
                let message = "the first line names the columns: `name;address` are needed";
                report.problem(table.whole_line(1), message);
            }
            None
        }
    }
}

/// One target. A row whose address is missing keeps its name.
fn row(
    record: &StringRecord,
    (name, address): (usize, usize),
    table: &Table<'_>,
    report: &mut Report<'_>,
) -> Option<(At<Id>, Option<At<String>>)> {
    let at = table.place(record, name);
    let id = match Id::new(record.get(name).unwrap_or_default()) {
        Ok(id) => id,
        Err(error) => {
            report.problem(at, error.to_string());
            return None;
        }
    };
    let target = record.get(address).filter(|text| !text.is_empty());
    if target.is_none() {
        report.problem(at, format!("the target `{id}` has no address"));
    }
    let target = target.map(|text| At { at: table.place(record, address), value: text.to_owned() });
    Some((At { at, value: id }, target))
}

/// The text and its number in the report.
struct Table<'t> {
    text: &'t str,
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
        let Some(text) = self.text.lines().nth(number.saturating_sub(1) as usize) else { return whole };
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
