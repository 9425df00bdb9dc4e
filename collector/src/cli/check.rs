//! `vedetta check`: everything wrong with the file, at once, before anybody relies on it.

mod effective;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use config::{Charter, Loaded};

use super::place::Place;
use crate::publish::Lang;
use crate::publish::mail::{Problem, Templates};
use crate::serve::admission;

/// Read the configuration and say everything that is wrong with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The file; the same as `--config`
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Print the charter as it is understood, every default applied, for people to read
    #[arg(long)]
    effective: bool,
    /// The language of the text; that of the terminal (`LANG`) when absent
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

impl Check {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let path = self.file.unwrap_or(self.place.config);
        let spoken = self.lang.unwrap_or_else(of_terminal);
        let lang = spoken.of_config();
        match config::load(&path) {
            Ok(loaded) if self.effective => {
                out.write_all(effective::text(&loaded.vedetta.charter)?.as_bytes())?;
                Ok(ExitCode::SUCCESS)
            }
            Ok(loaded) => {
                report(&loaded, lang, out)?;
                let collector = &loaded.vedetta.collector;
                let group = collector.operators.as_deref();
                if let Some(said) =
                    group.and_then(|group| admission::doubt(&collector.state_directory, group))
                {
                    let (path, why) = (path.display(), said.get(spoken));
                    writeln!(out, "{}: {path}: `collector.operators`: {why}", warning(lang))?;
                }
                templates(collector.mail.as_ref(), (&path, lang), out)?;
                if let Some(text) = loaded.vedetta.charter.without_figure() {
                    writeln!(out, "{}: {}", note(lang), text.get(lang))?;
                }
                writeln!(out, "{}: {}", path.display(), summary(&loaded.vedetta.charter, lang))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(problems) => {
                writeln!(out, "{}", problems.show(lang))?;
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

/// Italian where the terminal is (POSIX, 8.2: the first of these that is set and not empty holds), else English.
#[expect(clippy::disallowed_methods, reason = "the language of a terminal stands in its environment")]
fn of_terminal() -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    let locale = set.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
    if locale.starts_with("it") { Lang::It } else { Lang::En }
}

/// Warnings, each as `warning: file:line:column: …`.
fn report(loaded: &Loaded, lang: config::Lang, out: &mut dyn Write) -> std::io::Result<()> {
    let warning = warning(lang);
    for doubt in &loaded.warnings {
        writeln!(out, "{warning}: {}", doubt.show(lang))?;
    }
    Ok(())
}

/// Own texts of mails that cannot be used.
fn templates(
    mail: Option<&config::MailConfig>,
    (path, lang): (&Path, config::Lang),
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let Some(directory) = mail.and_then(|mail| mail.templates.as_deref()) else { return Ok(()) };
    let (warning, path) = (warning(lang), path.display());
    for Problem { file, why } in Templates::problems_in(directory) {
        let told = match lang {
            config::Lang::En => {
                format!("`{file}` cannot be used, mails are made with the built-in text: {why}")
            }
            config::Lang::It => {
                format!("`{file}` non si può usare, le mail hanno il testo di fabbrica: {why}")
            }
        };
        writeln!(out, "{warning}: {path}: `collector.mail.templates`: {told}")?;
    }
    Ok(())
}

fn warning(lang: config::Lang) -> &'static str {
    match lang {
        config::Lang::En => "warning",
        config::Lang::It => "avviso",
    }
}

fn note(lang: config::Lang) -> &'static str {
    match lang {
        config::Lang::En => "note",
        config::Lang::It => "nota",
    }
}

/// What the charter amounts to, on one line.
fn summary(charter: &Charter, lang: config::Lang) -> String {
    let promised = charter.services.iter().filter(|service| !service.commitments.is_empty()).count();
    let services = charter.services.len();
    let (checks, sites, agents) = (charter.checks().count(), charter.sites.len(), charter.agents().len());
    match lang {
        config::Lang::En => format!(
            "fine; {} ({promised} with a commitment), {}, {}, {}",
            counted(services, ["service", "services"]),
            counted(checks, ["check", "checks"]),
            counted(sites, ["site", "sites"]),
            counted(agents, ["agent", "agents"]),
        ),
        config::Lang::It => format!(
            "va bene; {} ({promised} con un impegno), {}, {}, {}",
            counted(services, ["servizio", "servizi"]),
            counted(checks, ["controllo", "controlli"]),
            counted(sites, ["sede", "sedi"]),
            counted(agents, ["sonda", "sonde"]),
        ),
    }
}

fn counted(count: usize, [one, many]: [&str; 2]) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_texts_of_mails_are_tried() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("opened.txt"), "{{ heading }}").unwrap();
        std::fs::write(directory.path().join("morning.html"), "<p>{{ headline }}</p>").unwrap();
        let mail = config::MailConfig {
            from: "vedetta@comune.example".to_owned(),
            relays: Vec::new(),
            security: config::MailSecurity::Starttls,
            authority: None,
            login: None,
            page: None,
            templates: Some(directory.path().to_owned()),
        };
        let mut out = Vec::new();
        templates(Some(&mail), (Path::new("vedetta.yaml"), config::Lang::It), &mut out).unwrap();
        let told = String::from_utf8(out).unwrap();
        let start = "avviso: vedetta.yaml: `collector.mail.templates`: `morning.html` non si può usare";
        assert!(told.starts_with(start) && told.lines().count() == 1, "{told}");
    }
}
