//! What letters of every kind have in common: what is known, how things are called, the frame of a view.

use collector_derive::alert::Decision;

use super::failing::NAMED_MAX;
use super::view::{English, View};
use crate::publish::Lang;
use crate::publish::api::{Now, ServiceNow};
use crate::publish::format;
use crate::publish::moment::Moment;
use crate::publish::words::alerts::Words;

/// What every subject begins with.
const SUBJECT: &str = "[Carta dei Servizi]";

/// A decision's surroundings.
#[derive(Debug)]
pub(super) struct Told<'a> {
    /// What was known.
    pub(super) moment: &'a Moment,
    /// The same as the read API tells it.
    pub(super) now: Now,
    /// When it was decided, Unix ms.
    pub(super) at_ms: i64,
    page: &'a str,
    key: String,
}

/// How a letter begins.
#[derive(Debug)]
pub(super) struct Opening {
    /// As of [`View`].
    pub(super) kind: &'static str,
    /// As of [`View`].
    pub(super) tone: &'static str,
    /// As of [`View`].
    pub(super) badge: String,
    /// The subject without what all begin with.
    pub(super) subject: String,
    /// As of [`View`].
    pub(super) heading: String,
    /// The same in English.
    pub(super) english: String,
}

impl<'a> Told<'a> {
    pub(super) fn of(decision: &Decision, moment: &'a Moment, page: Option<&'a str>) -> Self {
        let is_address = |page: &&str| page.starts_with("https://") || page.starts_with("http://");
        Self {
            moment,
            now: Now::of(moment),
            at_ms: decision.at_ms,
            page: page.filter(is_address).unwrap_or_default(),
            key: decision.key(),
        }
    }

    /// How things are called when it was decided.
    pub(super) fn words(&self, lang: Lang) -> Words<'a> {
        Words { charter: &self.moment.charter, now_ms: self.at_ms, lang }
    }

    /// A service as it is now.
    pub(super) fn service(&self, id: &str) -> Option<&ServiceNow> {
        self.now.services.iter().find(|service| service.id == id)
    }

    /// `CED`: a site's title, or its name.
    pub(super) fn site(&self, id: &config::SiteId) -> String {
        let site = self.moment.charter.site(id);
        site.and_then(|site| site.facts.name.clone()).unwrap_or_else(|| id.to_string())
    }

    /// The first of these names, and how many others there are.
    pub(super) fn some(&self, mut names: Vec<String>, lang: Lang) -> String {
        let more = names.len().saturating_sub(NAMED_MAX);
        names.truncate(NAMED_MAX);
        if more > 0 {
            names.push(self.words(lang).others(more));
        }
        names.join(", ")
    }

    /// A view that has its beginning and nothing else.
    pub(super) fn view(&self, opening: Opening) -> View {
        let Opening { kind, tone, badge, subject, heading, english } = opening;
        let organisation = &self.moment.charter.organisation;
        let unit = organisation.unit.as_deref().map_or_else(String::new, |unit| format!(", {unit}"));
        View {
            kind,
            subject: format!("{SUBJECT} {subject}"),
            organisation: format!("{}{unit}", organisation.name),
            tone,
            badge,
            heading,
            facts: Vec::new(),
            steps: Vec::new(),
            sections: Vec::new(),
            tables: Vec::new(),
            commands: Vec::new(),
            notes: Vec::new(),
            page: self.page.to_owned(),
            english: English { heading: english, ..English::default() },
            key: self.key.clone(),
            decided: format::local(self.at_ms, Lang::It),
        }
    }
}

/// `dal 23/11/2026 08:50:10 alle 08:55:12 CET`, with both days where they differ.
pub(super) fn stretch(from_ms: i64, to_ms: i64, lang: Lang) -> String {
    let (from, to) = (format::civil(from_ms), format::civil(to_ms));
    let first = format!("{} {}", format::date(from_ms, lang), from.strftime("%H:%M:%S"));
    let same = from.date() == to.date() && from.offset() == to.offset();
    let last = if same {
        to.strftime("%H:%M:%S %Z").to_string()
    } else {
        format!("{} {}", format::date(to_ms, lang), to.strftime("%H:%M:%S %Z"))
    };
    let first = if from.offset() == to.offset() { first } else { format!("{first} {}", from.strftime("%Z")) };
    format!("{first} – {last}")
}

/// Milliseconds between, 0 if none.
pub(super) fn between(from_ms: i64, to_ms: i64) -> u64 {
    u64::try_from(to_ms.saturating_sub(from_ms)).unwrap_or(0)
}

/// The one of the language.
pub(super) const fn pick(lang: Lang, it: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}
