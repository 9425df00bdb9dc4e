//! `vedetta certificates`: what ends by itself unless somebody renews it.

use std::io::Write;
use std::process::ExitCode;

use super::asked;
use super::place::Place;
use super::terminal::{Cell, Paint, table};
use crate::publish::api::{Certificate, Certificates, Registration, Seen, State};
use crate::publish::words::endings;
use crate::publish::{Lang, format};

/// Of a fingerprint in the table, hexadecimal digits; `--json` has it whole.
const DIGITS: usize = 16;
/// Of the checks that saw one, by name.
const NAMED_MAX: usize = 3;

/// List every certificate once, and every domain's registration, what ends first on top
#[derive(Debug, clap::Args)]
pub(crate) struct CertificatesCommand {
    #[command(flatten)]
    place: Place,
    /// As it was known at this instant, Europe/Rome where no offset is written: `oggi 18:15`, `23/11/2026 18:15`
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    /// The read API's answer instead of text
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl CertificatesCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let client = self.place.client()?.speaking(self.lang);
        let path = asked::certificates(self.as_of.as_deref(), self.lang)?;
        let certificates: Certificates = client.get_json(&path)?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &certificates)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&certificates, self.lang, Paint::of_stdout()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(told: &Certificates, lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let mut text = if told.certificates.is_empty() {
        format!("{}\n", l.no_certificates)
    } else {
        let heading = [l.ends, l.days, l.state, l.certificate, l.issuer, l.seen_by, l.last_sample, "SHA-256"];
        let rows = told.certificates.iter().map(|one| certificate(one, told.now_ms, lang));
        table(heading, rows.collect(), paint)
    };
    if !told.registrations.is_empty() {
        let heading = [l.ends, l.days, l.state, l.domain, l.seen_by, l.last_sample];
        let rows = told.registrations.iter().map(|one| registration(one, told.now_ms, lang));
        text.push('\n');
        text.push_str(&table(heading, rows.collect(), paint));
    }
    text
}

fn certificate(one: &Certificate, now_ms: i64, lang: Lang) -> [Cell; 8] {
    let digits = one.fingerprint.get(..DIGITS).unwrap_or(&one.fingerprint);
    [
        format::date(one.ends_ms, lang).into(),
        one.days_left.to_string().into(),
        state(&endings::certificate(one, lang), Some(one.days_left), one.warn || !one.verified),
        one.names.clone().into(),
        one.issuer.clone().into(),
        seen_by(&one.seen, lang).into(),
        format::near(one.last_seen_ms, now_ms, lang).into(),
        digits.into(),
    ]
}

fn registration(one: &Registration, now_ms: i64, lang: Lang) -> [Cell; 6] {
    let l = lang.labels();
    let or_none = |text: Option<String>| text.unwrap_or_else(|| l.none.to_owned());
    [
        or_none(one.ends_ms.map(|ends_ms| format::date(ends_ms, lang))).into(),
        or_none(one.days_left.map(|days| days.to_string())).into(),
        state(&endings::registration(one, lang), one.days_left, one.warn),
        one.domain.clone().into(),
        seen_by(&one.seen, lang).into(),
        one.last_seen_ms.map_or_else(|| l.never.to_owned(), |ms| format::near(ms, now_ms, lang)).into(),
    ]
}

fn state(word: &str, days_left: Option<i64>, warn: bool) -> Cell {
    let state = match (days_left, warn) {
        (Some(..0), _) => State::Down,
        (_, true) => State::Degraded,
        (_, false) => State::Up,
    };
    Cell::state(word, state)
}

/// The checks, each once, with how many vantages saw it.
fn seen_by(seen: &[Seen], lang: Lang) -> String {
    let mut checks: Vec<&str> = seen.iter().map(|seen| seen.check.as_str()).collect();
    checks.dedup();
    let mut agents: Vec<&str> = seen.iter().map(|seen| seen.agent.as_str()).collect();
    agents.sort_unstable();
    agents.dedup();
    if checks.is_empty() {
        return lang.labels().nobody.to_owned();
    }
    let more = checks.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" +{more}") } else { String::new() };
    checks.truncate(NAMED_MAX);
    format!("{}{more} ({})", checks.join(", "), agents.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::example;

    const DAY_MS: i64 = 86_400_000;

    fn told() -> Certificates {
        let seen = |check: &str, agent: &str| Seen {
            check: check.to_owned(),
            agent: agent.to_owned(),
            seen_ms: example::NOW_MS - 60_000,
        };
        let one = Certificate {
            fingerprint: "ab".repeat(32),
            names: "portale.example, www.portale.example".to_owned(),
            issuer: "CN=Autorità".to_owned(),
            not_before_ms: None,
            not_after_ms: example::NOW_MS + 90 * DAY_MS,
            ends_ms: example::NOW_MS + 12 * DAY_MS,
            ended_by: Some("CN=Intermedia".to_owned()),
            days_left: 12,
            warn: true,
            verified: true,
            last_seen_ms: example::NOW_MS - 60_000,
            seen: vec![
                seen("web.portale.a", "bib1"),
                seen("web.portale.a", "ced1"),
                seen("web.portale.b", "ced1"),
                seen("web.posta.c", "ced1"),
                seen("web.posta.d", "ced1"),
            ],
        };
        let fine = Certificate {
            fingerprint: "cd".repeat(32),
            names: "posta.example".to_owned(),
            ends_ms: example::NOW_MS + 90 * DAY_MS,
            ended_by: None,
            days_left: 90,
            warn: false,
            ..one.clone()
        };
        let unknown = Registration {
            domain: "comune.example".to_owned(),
            ends_ms: None,
            days_left: None,
            by_charter: false,
            warn: true,
            last_seen_ms: None,
            seen: Vec::new(),
        };
        let soon = Registration {
            domain: "turismo.example".to_owned(),
            ends_ms: Some(example::NOW_MS + 400 * DAY_MS),
            days_left: Some(400),
            by_charter: true,
            warn: false,
            ..unknown.clone()
        };
        Certificates {
            now_ms: example::NOW_MS,
            now: format::iso(example::NOW_MS),
            certificates: vec![one, fine],
            registrations: vec![unknown, soon],
        }
    }

    #[test]
    fn one_line_says_when_it_ends_what_ends_it_and_who_saw_it() {
        let text = show(&told(), Lang::It, Paint::none());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("Fine") && lines[0].contains("Visto da"), "{text}");
        for fact in [
            "05/12/2026  12 ",
            "finisce con CN=Intermedia",
            "portale.example, www.portale.example",
            "web.portale.a, web.portale.b, web.posta.c +1 (bib1, ced1)",
            "09:11:00",
            "abababababababab",
        ] {
            assert!(lines[1].contains(fact), "{fact} is missing in {}", lines[1]);
        }
        assert!(lines[2].contains("valido") && lines[2].contains("posta.example"), "{text}");
        assert!(lines[5].contains("comune.example") && lines[5].contains("fine non nota"), "{text}");
        assert!(lines[6].contains("400") && lines[6].contains("secondo la Carta"), "{text}");
        let english = show(&told(), Lang::En, Paint::none());
        assert!(english.contains("2026-12-05") && english.contains("ends with CN=Intermedia"), "{english}");
        let none = Certificates { certificates: Vec::new(), registrations: Vec::new(), ..told() };
        assert_eq!(show(&none, Lang::En, Paint::none()), "no certificate was seen yet\n");
    }
}
