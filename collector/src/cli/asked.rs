//! Which period a command is about, and as of when: `--year`, `--quarter`, `--month`, `--as-of`.

use std::fmt::Write as _;

use anyhow::bail;
use collector_derive::{Period, instant_ms};
use jiff::civil::Time;

use super::client::Client;
use super::declaring::{Declaring, failure};
use super::when::{Towards, When, calendar_day};
use crate::declare::say;
use crate::operator::Said;
use crate::publish::Lang;
use crate::publish::api::{Now, Year};

/// Arguments of every command that shows figures.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct AskedPeriod {
    /// The civil year; when no period is named the current one, or that of `--as-of`
    #[arg(long, value_name = "YYYY", conflicts_with_all = ["quarter", "month"])]
    year: Option<String>,
    /// A quarter instead, such as 2027-Q1
    #[arg(long, value_name = "YYYY-Qn", conflicts_with = "month")]
    quarter: Option<String>,
    /// A month instead, such as 2027-03
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    /// As it was known at this instant, Europe/Rome where no offset is written: `oggi 18:15`, `23/11/2026 18:15`
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
}

impl AskedPeriod {
    /// A period by its name alone.
    pub(crate) fn named(name: &str, as_of: Option<String>) -> Self {
        Self { year: Some(name.to_owned()), as_of, ..Self::default() }
    }

    /// The figures from the running collector; of the current year when none is named.
    pub(crate) fn figures(&self, client: &Client, more: &[(&str, &str)]) -> anyhow::Result<Year> {
        let name = match [&self.year, &self.quarter, &self.month].into_iter().find_map(Option::as_ref) {
            Some(name) => name.clone(),
            None if self.as_of.is_some() => self.year_of_then(client.lang())?,
            // The collector's clock and zone decide which year it is, not this terminal's.
            None => client.get_json::<Now>("/api/v1/now")?.year.to_string(),
        };
        client.get_json(&self.path(&name, more, client.lang())?)
    }

    /// The instant, Unix ms.
    pub(super) fn as_of_ms(&self, lang: Lang) -> anyhow::Result<Option<i64>> {
        self.as_of.as_deref().map(|text| as_of_ms(text, lang)).transpose()
    }

    /// The civil year of the instant: what was known then of the year that ran then.
    fn year_of_then(&self, lang: Lang) -> anyhow::Result<String> {
        let at_ms = self.as_of_ms(lang)?.unwrap_or_default();
        Ok(Period::civil_year_at(at_ms).civil_year_of_start().to_string())
    }

    /// Where the read API has them.
    fn path(&self, name: &str, more: &[(&str, &str)], lang: Lang) -> anyhow::Result<String> {
        if Period::parse(name).is_none() {
            bail!(failure(&no_period(name), lang));
        }
        let kind = match name.split_once('-') {
            None => "years",
            Some((_, part)) if part.starts_with('Q') => "quarters",
            Some(_) => "months",
        };
        let as_of = self.as_of.as_deref().map(|text| instant(text, lang)).transpose()?;
        let as_of = as_of.as_deref().map(|as_of| ("as_of", as_of));
        let query = as_of.into_iter().chain(more.iter().copied());
        let query: Vec<String> = query.map(|(key, value)| format!("{key}={}", encoded(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        Ok(format!("/api/v1/{kind}/{name}{mark}{}", query.join("&")))
    }
}

/// What is said of a name that is none.
pub(super) fn no_period(name: &str) -> Said {
    say!(
        "`{name}` is no period; write 2027, 2027-Q1 or 2027-03",
        "`{name}` non è un periodo; scrivi 2027, 2027-Q1 o 2027-03"
    )
}

/// Where the read API has the present, or what was known at an instant.
pub(super) fn now(as_of: Option<&str>, lang: Lang) -> anyhow::Result<String> {
    known("/api/v1/now", as_of, lang)
}

/// Where the read API has the certificates, or those that were known at an instant.
pub(super) fn certificates(as_of: Option<&str>, lang: Lang) -> anyhow::Result<String> {
    known("/api/v1/certificates", as_of, lang)
}

fn known(path: &str, as_of: Option<&str>, lang: Lang) -> anyhow::Result<String> {
    let as_of = as_of.map(|text| instant(text, lang)).transpose()?;
    let query = as_of.map(|as_of| format!("?as_of={}", encoded(&as_of)));
    Ok(format!("{path}{}", query.unwrap_or_default()))
}

/// Where the socket has what is declared, or was by an instant.
pub(super) fn declared(as_of_ms: Option<i64>) -> String {
    let query = as_of_ms.map(|as_of_ms| format!("?as_of_ms={as_of_ms}"));
    format!("/acts/declared{}", query.unwrap_or_default())
}

/// An instant, Unix ms, written as `--from` is; a day alone is its beginning.
pub(super) fn as_of_ms(text: &str, lang: Lang) -> anyhow::Result<i64> {
    if let Some(day) = calendar_day(text.trim()) {
        return Ok(instant_ms(day.to_datetime(Time::midnight())));
    }
    let now_ms = Declaring::now_ms();
    let when = When::parse(text, now_ms, Towards::Before(now_ms)).map_err(|said| failure(&said, lang))?;
    Ok(when.at_ms)
}

/// The same as the read API takes it.
fn instant(text: &str, lang: Lang) -> anyhow::Result<String> {
    as_of_ms(text, lang).map(|at_ms| at_ms.to_string())
}

/// A query's value: what is not plain is written by its bytes (RFC 3986, 2.1).
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_one_place() {
        for (name, as_of, path) in [
            ("2027", None, "/api/v1/years/2027?outages=none"),
            ("2027-Q1", None, "/api/v1/quarters/2027-Q1?outages=none"),
            (
                "2027-03",
                Some("2027-04-01T12:00+02:00"),
                "/api/v1/months/2027-03?as_of=1806573600000&outages=none",
            ),
            ("2027", Some("01/04/2027 12:00"), "/api/v1/years/2027?as_of=1806573600000&outages=none"),
            ("2027", Some("2027-04-01 12:00:00"), "/api/v1/years/2027?as_of=1806573600000&outages=none"),
            ("2027", Some("2027-04-01"), "/api/v1/years/2027?as_of=1806530400000&outages=none"),
            ("2027", Some("2027-04-01T12:00"), "/api/v1/years/2027?as_of=1806573600000&outages=none"),
        ] {
            let asked = AskedPeriod::named(name, as_of.map(str::to_owned));
            assert_eq!(asked.path(name, &[("outages", "none")], Lang::It).unwrap(), path);
        }
        assert_eq!(now(None, Lang::It).unwrap(), "/api/v1/now");
        assert_eq!(now(Some("2027-04-01T12:00"), Lang::It).unwrap(), "/api/v1/now?as_of=1806573600000");
        assert!(now(Some("oggi 00:00"), Lang::It).is_ok());
        let then = certificates(Some("2027-04-01"), Lang::It).unwrap();
        assert_eq!(then, "/api/v1/certificates?as_of=1806530400000");
    }

    #[test]
    fn what_cannot_be_read_is_said_in_the_language_of_who_asks() {
        let wrong = |lang| AskedPeriod::default().path("novembre", &[], lang).unwrap_err().to_string();
        assert_eq!(wrong(Lang::En), "`novembre` is no period; write 2027, 2027-Q1 or 2027-03");
        assert_eq!(wrong(Lang::It), "`novembre` non è un periodo; scrivi 2027, 2027-Q1 o 2027-03");
        for text in ["ieri", "in principio", "2027-13-01T00:00:00Z"] {
            let wrong = |lang| now(Some(text), lang).unwrap_err().to_string();
            assert!(
                wrong(Lang::It).starts_with(&format!("`{text}` non è un orario; scrivi")),
                "{}",
                wrong(Lang::It)
            );
            assert!(
                wrong(Lang::En).starts_with(&format!("`{text}` is no time; write")),
                "{}",
                wrong(Lang::En)
            );
        }
        assert_eq!(declared(None), "/acts/declared");
        assert_eq!(declared(Some(5)), "/acts/declared?as_of_ms=5");
        for (text, year) in
            [("2026-06-01", "2026"), ("2027-01-01T00:00", "2027"), ("2026-12-31T23:00:00Z", "2027")]
        {
            let asked = AskedPeriod { as_of: Some(text.to_owned()), ..AskedPeriod::default() };
            assert_eq!(asked.year_of_then(Lang::It).unwrap(), year, "the year of {text}, in Rome");
        }
    }
}
