//! In which words a figure's amounts and its period are told: hours of a service, or of a mean's members.

use super::Lang;
use crate::publish::api::{ServiceNow, ServiceYear, Year};
use crate::publish::format;

/// What every sentence about one figure has in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    /// The language.
    pub(crate) lang: Lang,
    /// The component whose targets a mean is of, such as `ap`; none of any other service.
    pub(crate) member: Option<&'a str>,
    /// How long the period is.
    pub(crate) span: Span,
    /// What it is called: `2027-Q1`.
    pub(crate) period: &'a str,
}

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    Year,
    Quarter,
    Month,
}

impl Span {
    /// Of a period's name: `2027`, `2027-Q1`, `2027-03`.
    pub(crate) fn of(period: &str) -> Self {
        match period.split_once('-') {
            Some((_, part)) if part.starts_with('Q') => Self::Quarter,
            Some(_) => Self::Month,
            None => Self::Year,
        }
    }
}

impl<'a> Terms<'a> {
    /// Of a service's figure.
    pub(crate) fn of(year: &'a Year, service: &'a ServiceYear, lang: Lang) -> Self {
        let member = service.members.as_ref().map(|members| members.component.as_str());
        Self { lang, member, span: Span::of(&year.period), period: &year.period }
    }

    /// Of a service now, in the year so far.
    pub(crate) fn now(service: &'a ServiceNow, lang: Lang) -> Self {
        let member = service.mean.as_ref().map(|mean| mean.component.as_str());
        Self { lang, member, span: Span::Year, period: "" }
    }

    /// The same of one member, of which an hour is an hour.
    pub(crate) fn of_one(self) -> Self {
        Self { member: None, ..self }
    }

    /// `8 h 45 min`; of a mean `1.234 ore-ap`, truncated.
    pub(crate) fn time(&self, ms: u64) -> String {
        let Some(member) = self.member else { return format::duration(ms, self.lang) };
        let (hours, minutes) = (ms / 3_600_000, ms / 60_000);
        if ms < 600_000 {
            // Of a few targets a short stop is seconds: `0 min` beside a share that moved explains nothing.
            let seconds = ms / 1000;
            return match self.lang {
                Lang::It => format!("{seconds} s-{member}"),
                Lang::En => format!("{seconds} {member}-s"),
            };
        }
        match (self.lang, hours) {
            (Lang::It, 0) => format!("{minutes} min-{member}"),
            (Lang::En, 0) => format!("{minutes} {member}-min"),
            (Lang::It, _) => format!("{} ore-{member}", format::grouped(hours, self.lang)),
            (Lang::En, _) => format!("{} {member}-hours", format::grouped(hours, self.lang)),
        }
    }

    /// `nell'anno`.
    pub(crate) fn in_period(&self) -> &'static str {
        match (self.span, self.lang) {
            (Span::Year, Lang::It) => "nell'anno",
            (Span::Quarter, Lang::It) => "nel trimestre",
            (Span::Month, Lang::It) => "nel mese",
            (Span::Year, Lang::En) => "in the year",
            (Span::Quarter, Lang::En) => "in the quarter",
            (Span::Month, Lang::En) => "in the month",
        }
    }

    /// `fine anno`.
    pub(crate) fn end(&self) -> &'static str {
        match (self.span, self.lang) {
            (Span::Year, Lang::It) => "fine anno",
            (Span::Quarter, Lang::It) => "fine trimestre",
            (Span::Month, Lang::It) => "fine mese",
            (Span::Year, Lang::En) => "the year's end",
            (Span::Quarter, Lang::En) => "the quarter's end",
            (Span::Month, Lang::En) => "the month's end",
        }
    }

    /// `anno`.
    pub(crate) fn name(&self) -> &'static str {
        match (self.span, self.lang) {
            (Span::Year, Lang::It) => "anno",
            (Span::Quarter, Lang::It) => "trimestre",
            (Span::Month, Lang::It) => "mese",
            (Span::Year, Lang::En) => "year",
            (Span::Quarter, Lang::En) => "quarter",
            (Span::Month, Lang::En) => "month",
        }
    }

    /// The options that name the period again: `--year 2026`, `--month 2026-03`.
    pub(crate) fn option(&self) -> String {
        let option = match self.span {
            Span::Year => "--year",
            Span::Quarter => "--quarter",
            Span::Month => "--month",
        };
        format!("{option} {}", self.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_means_hours_are_its_members() {
        let terms = Terms { lang: Lang::It, member: Some("ap"), span: Span::Year, period: "2027" };
        for (ms, it, en) in [
            (1_234 * 3_600_000 + 3_599_999, "1.234 ore-ap", "1,234 ap-hours"),
            (3_599_999, "59 min-ap", "59 ap-min"),
            (79_001, "79 s-ap", "79 ap-s"),
            (0, "0 s-ap", "0 ap-s"),
        ] {
            assert_eq!(terms.time(ms), it);
            assert_eq!(Terms { lang: Lang::En, ..terms }.time(ms), en);
        }
        assert_eq!(terms.of_one().time(31_500_000), "8 h 45 min");
    }

    #[test]
    fn a_period_is_known_by_its_name() {
        for (period, span, option) in [
            ("2027", Span::Year, "--year 2027"),
            ("2027-Q1", Span::Quarter, "--quarter 2027-Q1"),
            ("2027-03", Span::Month, "--month 2027-03"),
        ] {
            assert_eq!(Span::of(period), span);
            let terms = Terms { lang: Lang::It, member: None, span, period };
            assert_eq!(terms.option(), option);
        }
    }
}
