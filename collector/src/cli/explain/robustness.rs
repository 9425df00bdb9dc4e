//! The robustness table: the same measurements under each other reading of the rules (operators.md 2.2).

use crate::cli::terminal::{Cell, Paint, table};
use crate::publish::Lang;
use crate::publish::api::ServiceYear;
use crate::publish::words::readings::{outcome, rule, value};

/// Ours is marked; a headline and an outcome under each.
pub(super) fn show(service: &ServiceYear, provisional: bool, lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    // Where the headline is a range, so is each reading's: one number would seem to contradict it.
    let range = service.promised().1.range;
    let rows = service.readings.iter().map(|reading| -> [Cell; 5] {
        let headline = reading.availability.as_ref().map(|share| share.text(lang));
        let bounds = match (&reading.lower_bound, &reading.upper_bound) {
            (Some(lower), Some(upper)) => format!("{} – {}", lower.text(lang), upper.text(lang)),
            _ => String::new(),
        };
        let mark = if reading.ours { "* " } else { "  " };
        [
            format!("{mark}{}", rule(&reading.rule, lang)).into(),
            value(&reading.rule, &reading.value, lang).into(),
            match headline {
                None => l.nothing_measured.to_owned(),
                Some(_) if range => l.see_bounds.to_owned(),
                Some(headline) => headline,
            }
            .into(),
            bounds.into(),
            outcome(reading, provisional, lang).unwrap_or_default().into(),
        ]
    });
    let table =
        table([l.readings_title, l.read_as, l.availability, l.bounds, l.verdict_row], rows.collect(), paint);
    format!("{table}{}\n", paint.faint(l.ours_marked))
}
