//! The robustness table: the same measurements under each other reading of the rules (operators.md 2.2).

use crate::cli::terminal::{Cell, Paint, table};
use crate::publish::Lang;
use crate::publish::api::Alternative;
use crate::publish::words::readings::{outcome, rule, value};

/// Ours is marked; a headline and an outcome under each.
pub(super) fn show(readings: &[Alternative], provisional: bool, lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let rows = readings.iter().map(|reading| -> [Cell; 5] {
        let headline = reading.availability.as_ref();
        let bounds = match (&reading.lower_bound, &reading.upper_bound) {
            (Some(lower), Some(upper)) => format!("{} – {}", lower.text(lang), upper.text(lang)),
            _ => String::new(),
        };
        let mark = if reading.ours { "* " } else { "  " };
        [
            format!("{mark}{}", rule(&reading.rule, lang)).into(),
            value(&reading.rule, &reading.value, lang).into(),
            headline.map_or_else(|| l.nothing_measured.to_owned(), |share| share.text(lang)).into(),
            bounds.into(),
            outcome(reading, provisional, lang).unwrap_or_default().into(),
        ]
    });
    let table =
        table([l.readings_title, l.read_as, l.availability, l.bounds, l.verdict_row], rows.collect(), paint);
    format!("{table}{}\n", paint.faint(l.ours_marked))
}
