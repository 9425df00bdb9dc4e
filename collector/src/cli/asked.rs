//! Which period a command is about, and as of when: `--year`, `--quarter`, `--month`, `--as-of`.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use collector_derive::{Period, instant_ms};
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::client::Client;
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
    /// As it was known at this instant, Europe/Rome where no offset is written: 2027-04-01T12:00
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
            None if self.as_of.is_some() => self.year_of_then()?,
            // The collector's clock and zone decide which year it is, not this terminal's.
            None => client.get_json::<Now>("/api/v1/now")?.year.to_string(),
        };
        client.get_json(&self.path(&name, more)?)
    }

    /// The instant, Unix ms.
    pub(super) fn as_of_ms(&self) -> anyhow::Result<Option<i64>> {
        self.as_of.as_deref().map(as_of_ms).transpose()
    }

    /// The civil year of the instant: what was known then of the year that ran then.
    fn year_of_then(&self) -> anyhow::Result<String> {
        let at_ms = self.as_of_ms()?.unwrap_or_default();
        Ok(Period::civil_year_at(at_ms).civil_year_of_start().to_string())
    }

    /// Where the read API has them.
    fn path(&self, name: &str, more: &[(&str, &str)]) -> anyhow::Result<String> {
        if Period::parse(name).is_none() {
            bail!("`{name}` is no period; write 2027, 2027-Q1 or 2027-03");
        }
        let kind = match name.split_once('-') {
            None => "years",
            Some((_, part)) if part.starts_with('Q') => "quarters",
            Some(_) => "months",
        };
        let as_of = self.as_of.as_deref().map(instant).transpose()?;
        let as_of = as_of.as_deref().map(|as_of| ("as_of", as_of));
        let query = as_of.into_iter().chain(more.iter().copied());
        let query: Vec<String> = query.map(|(key, value)| format!("{key}={}", encoded(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        Ok(format!("/api/v1/{kind}/{name}{mark}{}", query.join("&")))
    }
}

/// Where the read API has the present, or what was known at an instant.
pub(super) fn now(as_of: Option<&str>) -> anyhow::Result<String> {
    let as_of = as_of.map(instant).transpose()?;
    let query = as_of.map(|as_of| format!("?as_of={}", encoded(&as_of)));
    Ok(format!("/api/v1/now{}", query.unwrap_or_default()))
}

/// Where the socket has what is declared, or was by an instant.
pub(super) fn declared(as_of_ms: Option<i64>) -> String {
    let query = as_of_ms.map(|as_of_ms| format!("?as_of_ms={as_of_ms}"));
    format!("/acts/declared{}", query.unwrap_or_default())
}

/// An instant, Unix ms, of what `--as-of` takes.
pub(super) fn as_of_ms(text: &str) -> anyhow::Result<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    instant(text)?.parse().context("an instant is a number of milliseconds")
}

/// An instant as the read API takes it; where no offset is written, a clock on a wall in Europe/Rome showed it.
fn instant(text: &str) -> anyhow::Result<String> {
    if text.parse::<Timestamp>().is_ok() {
        return Ok(text.to_owned());
    }
    let wall = text.parse::<DateTime>().with_context(|| {
        format!("`{text}` is no instant; write 2027-04-01T12:00, with Z or +02:00 behind it if it is not Europe/Rome")
    })?;
    Ok(instant_ms(wall).to_string())
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
                "/api/v1/months/2027-03?as_of=2027-04-01T12%3A00%2B02%3A00&outages=none",
            ),
            ("2027", Some("2027-04-01T12:00"), "/api/v1/years/2027?as_of=1806573600000&outages=none"),
        ] {
            let asked = AskedPeriod::named(name, as_of.map(str::to_owned));
            assert_eq!(asked.path(name, &[("outages", "none")]).unwrap(), path);
        }
        assert_eq!(now(None).unwrap(), "/api/v1/now");
        assert_eq!(now(Some("2027-04-01T12:00")).unwrap(), "/api/v1/now?as_of=1806573600000");
        assert!(now(Some("ieri")).is_err());
        assert_eq!(declared(None), "/acts/declared");
        assert_eq!(declared(Some(5)), "/acts/declared?as_of_ms=5");
        for (text, year) in
            [("2026-06-01", "2026"), ("2027-01-01T00:00", "2027"), ("2026-12-31T23:00:00Z", "2027")]
        {
            let asked = AskedPeriod { as_of: Some(text.to_owned()), ..AskedPeriod::default() };
            assert_eq!(asked.year_of_then().unwrap(), year, "the year of {text}, in Rome");
        }
        let wrong = AskedPeriod::default().path("27", &[]).unwrap_err();
        assert_eq!(wrong.to_string(), "`27` is no period; write 2027, 2027-Q1 or 2027-03");
    }
}
