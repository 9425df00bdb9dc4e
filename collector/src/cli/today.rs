//! `vedetta today`: what a working day begins with, as it is at this moment.

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use super::terminal::{Paint, plain};
use crate::publish::api::Alerts;
use crate::publish::{Lang, format};

/// Show what is open, what ended since the last morning, what needs a look, and the work planned for today
#[derive(Debug, clap::Args)]
pub(crate) struct Today {
    #[command(flatten)]
    place: Place,
    /// The read API's answer instead of text
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Today {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let client = self.place.client()?.speaking(self.lang);
        let alerts: Alerts = client.get_json("/api/v1/alerts")?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &alerts)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&alerts, self.lang, Paint::of_stdout()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// One line each; what is open first, and marked.
fn show(alerts: &Alerts, lang: Lang, paint: Paint) -> String {
    let at = format::instant(alerts.at_ms, lang);
    let (title, quiet) = match lang {
        Lang::It => (format!("Oggi, {at}"), "nulla da segnalare"),
        Lang::En => (format!("Today, {at}"), "nothing to report"),
    };
    let mut text = format!("{}\n", paint.strong(&title));
    if alerts.today.is_empty() {
        text.push_str(quiet);
        text.push('\n');
    }
    for line in &alerts.today {
        let words = match lang {
            Lang::It => &line.it,
            Lang::En => &line.en,
        };
        let words = plain(words);
        let marked = match line.kind.as_str() {
            "open" => paint.alarm(&format!("! {words}")),
            "planned" => format!("~ {words}"),
            _ => format!("- {words}"),
        };
        text.push_str(&marked);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::example;

    #[test]
    fn what_is_open_comes_first_and_a_quiet_day_says_so() {
        let moment = example::moment();
        let mut alerts = Alerts::of(moment.alerts.as_deref().unwrap(), &moment.charter);
        let text = show(&alerts, Lang::It, Paint::none());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert_eq!(lines[0], "Oggi, 23/11/2026 09:12 +01:00");
        assert!(lines[1].starts_with("! Gestione intranet: non disponibile"), "{text}");
        assert!(lines[4].starts_with("- sonda bib1: non invia misure"), "{text}");
        alerts.today.clear();
        assert!(show(&alerts, Lang::En, Paint::none()).ends_with("nothing to report\n"));
    }
}
