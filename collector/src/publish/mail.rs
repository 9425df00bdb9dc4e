//! What people are told by mail, composed: a decision of the alert engine and what was known then go in, a letter
//! comes out.
//!
//! `facts -> view (facts in words) -> template -> letter`. Nothing here sends anything, reads a clock or computes an
//! availability. Texts are files, which a municipality may replace by its own ([`Templates::load`]); one of its own
//! that cannot be read or filled never costs a mail: the built-in one takes its place, and the mail says so. The
//! price of that: composing cannot fail, so what is too long is cut ([`BYTES_MAX`]) instead of refused.

mod clean;
mod files;
mod view;
mod told;
mod promise;
mod failing;
mod advice;
mod incident;
mod budget;
mod morning;
mod digest;
mod preview;
#[cfg(test)]
mod tests;

use std::path::Path;

use collector_derive::Period;
use collector_derive::alert::{Decision, What};
use serde::{Deserialize, Serialize};

pub use self::files::{BUILT_IN, KINDS, Problem};
pub use self::preview::preview;

use self::files::{Files, Filled};
use self::told::Told;
use self::view::View;
use super::moment::Moment;

/// No letter is longer, attachments apart, bytes.
pub const BYTES_MAX: usize = 100 * 1024;

/// A mail before it has an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// One line without control characters.
    pub subject: String,
    /// Complete by itself.
    pub text: String,
    /// The same, laid out; nothing of it is fetched from anywhere.
    pub html: String,
    /// Files that go along.
    pub attachments: Vec<Attachment>,
}

/// A file that goes along with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name, ASCII.
    pub name: String,
    /// Such as `text/csv; charset=utf-8`.
    pub media_type: String,
    /// What it has.
    #[serde(with = "hexadecimal")]
    pub bytes: Vec<u8>,
}

/// The texts that letters are made with.
#[derive(Debug, Clone)]
pub struct Templates {
    files: Files,
}

impl Default for Templates {
    fn default() -> Self {
        Self::load(None)
    }
}

impl Templates {
    /// The built-in ones, and those of a directory before them. Whatever is wrong with one is a [problem](Problem) and
    /// stands in the log; the others are used.
    pub fn load(directory: Option<&Path>) -> Self {
        let files = Files::load(directory);
        for Problem { file, why } in files.problems() {
            tracing::warn!(file, why, "a template of mails cannot be used; the built-in one is");
        }
        Self { files }
    }

    /// What was wrong with the directory's files when they were read.
    pub fn problems(&self) -> &[Problem] {
        self.files.problems()
    }

    /// The same of a directory that nothing is made with yet: not in the log.
    pub fn problems_in(directory: &Path) -> Vec<Problem> {
        Files::load(Some(directory)).problems().to_vec()
    }

    /// The letter that tells of a decision, with what is known at `moment` of the running year. `page` is the address
    /// of the collector's page, if readers can reach it.
    pub fn compose(&self, decision: &Decision, moment: &Moment, page: Option<&str>) -> Letter {
        self.compose_with(decision, moment, &[], page)
    }

    /// The same with moments of further [`periods`], which a month's letter has tables and files of; without them it
    /// says what it does not know.
    pub fn compose_with(
        &self,
        decision: &Decision,
        moment: &Moment,
        periods: &[Moment],
        page: Option<&str>,
    ) -> Letter {
        let told = Told::of(decision, moment, page);
        let (view, attachments) = match &decision.what {
            What::Opened(story) => (incident::opened(story, &told), Vec::new()),
            What::Again(story, _) => (incident::again(story, &told), Vec::new()),
            What::Closed(story) => (incident::closed(story, &told), Vec::new()),
            What::Budget(rise) => (budget::rose(rise, &told), Vec::new()),
            What::Morning(morning) => (morning::of(morning, &told), Vec::new()),
            What::Digest(digest) => digest::of(digest, periods, &told),
        };
        let Filled { subject, text, html } = self.fill(&view);
        Letter { subject, text, html, attachments }
    }

    /// Lays a view out, cut as much as it takes.
    fn fill(&self, view: &View) -> Filled {
        let mut kept = view.clone();
        for most in [usize::MAX, 12, 4, 1] {
            kept = view.clone();
            kept.keep(most);
            let filled = self.files.fill(&kept);
            if filled.text.len() + filled.html.len() <= BYTES_MAX {
                return filled;
            }
        }
        files::bare(&kept)
    }
}

/// The periods whose moments a letter is the better for: of a month's letter the month, and of December's its year.
pub fn periods(decision: &Decision) -> Vec<Period> {
    let What::Digest(digest) = &decision.what else { return Vec::new() };
    let (year, month) = (digest.month.year(), digest.month.month());
    let mut periods: Vec<Period> = Period::civil_month(year, month).into_iter().collect();
    // Of any other month the year still runs, and the present knows it.
    if month == 12 {
        periods.push(Period::civil_year(year));
    }
    periods
}

/// Bytes in JSON: half as long as a list of numbers.
mod hexadecimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&collector_api::hex_encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        collector_api::hex_decode(&text).ok_or_else(|| de::Error::custom("not hexadecimal"))
    }
}
