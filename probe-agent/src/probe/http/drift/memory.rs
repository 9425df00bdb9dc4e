//! What is remembered of a page: a sample of its words, in a file of the agent's state directory.
//!
//! The sample is those words whose numbers are the smallest: they are the same ones wherever the page is read, and a
//! share of them is a share of all, give or take two in a hundred. The file is written when the page before is
//! replaced, or another begins to stand there: seldom.

use std::io;
use std::path::PathBuf;

use config::HttpDrift;
use serde::{Deserialize, Serialize};

use crate::state_file;

/// Of a page, words.
const SAMPLE_MAX: usize = 512;
/// Two samples as JSON.
const FILE_BYTES_MAX: usize = 64 << 10;
/// A page that has changed further takes the place of the one before, in hundredths that are left.
const FOLLOWED_BELOW: usize = 90;

/// Where pages are remembered.
#[derive(Debug, Clone)]
pub struct Pages {
    directory: PathBuf,
}

impl Pages {
    /// Kept in the state directory.
    pub fn new(state_directory: impl Into<PathBuf>) -> Self {
        Self { directory: state_directory.into() }
    }

    /// One that cannot be read begins anew.
    pub(super) async fn read(&self, name: &str) -> Page {
        let (directory, name) = (self.directory.clone(), name.to_owned());
        let read = move || state_file::read(&directory, &name, FILE_BYTES_MAX);
        let bytes = tokio::task::spawn_blocking(read).await.ok().and_then(Result::ok).flatten();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// After a power cut it may be an older one.
    pub(super) async fn write(&self, name: &str, page: Page) -> io::Result<()> {
        let (directory, name) = (self.directory.clone(), name.to_owned());
        let write = move || {
            let bytes = serde_json::to_vec(&page).map_err(io::Error::other)?;
            state_file::replace_unsynced(&directory, &name, &bytes)
        };
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }
}

/// The page before, and another that stands in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    /// Sorted; empty until a page was seen.
    words: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    other: Option<Other>,
}

/// A page that has little of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Other {
    words: Vec<u64>,
    /// Seen first, Unix ms.
    since_ms: i64,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compared {
    /// Of the remembered words, how many are there.
    pub(super) kept: usize,
    /// How many are remembered; 0 at the first sight.
    pub(super) of: usize,
    /// Since when too few are there, Unix ms; `None` while enough are.
    pub(super) drifted_since_ms: Option<i64>,
    /// Is there something new to remember?
    pub(super) is_to_keep: bool,
}

impl Page {
    /// Compares the page that is there now, by all its words, sorted, with the one before.
    pub(super) fn compare(&mut self, now: &[u64], wanted: &HttpDrift, now_ms: i64) -> Compared {
        let (kept, of) = (kept(&self.words, now), self.words.len());
        let enough = |kept: usize, of: usize| {
            kept as u128 * u128::from(wanted.keeps.q) >= of as u128 * u128::from(wanted.keeps.p)
        };
        if enough(kept, of) {
            let is_followed = of == 0 || kept * 100 < of * FOLLOWED_BELOW;
            let is_to_keep = (is_followed && self.words != sample(now)) || self.other.is_some();
            if is_followed {
                self.words = sample(now);
            }
            self.other = None;
            return Compared { kept, of, drifted_since_ms: None, is_to_keep };
        }
        let lasting =
            self.other.as_ref().filter(|other| enough(self::kept(&other.words, now), other.words.len()));
        let Some(since_ms) = lasting.map(|other| other.since_ms) else {
            self.other = Some(Other { words: sample(now), since_ms: now_ms });
            return Compared { kept, of, drifted_since_ms: Some(now_ms), is_to_keep: true };
        };
        if now_ms.saturating_sub(since_ms) < i64::try_from(wanted.settles_ms).unwrap_or(i64::MAX) {
            return Compared { kept, of, drifted_since_ms: Some(since_ms), is_to_keep: false };
        }
        *self = Self { words: sample(now), other: None };
        Compared { kept, of, drifted_since_ms: None, is_to_keep: true }
    }
}

fn sample(words: &[u64]) -> Vec<u64> {
    words.iter().copied().take(SAMPLE_MAX).collect()
}

fn kept(sample: &[u64], now: &[u64]) -> usize {
    sample.iter().filter(|word| now.binary_search(word).is_ok()).count()
}

#[cfg(test)]
mod tests {
    use config::Fraction;

    use super::*;

    const WANTED: HttpDrift = HttpDrift { pin: None, keeps: Fraction { p: 1, q: 2 }, settles_ms: 1_000 };

    /// Runs of words, as the pages that are seen one after the other, each with its time; per page what is left of
    /// how many, since when it drifts, and whether something is to be kept.
    #[track_caller]
    fn check(pages: &[(std::ops::Range<u64>, i64)], expected: &[(usize, usize, Option<i64>, bool)]) {
        let mut page = Page::default();
        for ((words, at_ms), expected) in pages.iter().zip(expected) {
            let words: Vec<u64> = words.clone().collect();
            let Compared { kept, of, drifted_since_ms, is_to_keep } = page.compare(&words, &WANTED, *at_ms);
            assert_eq!((kept, of, drifted_since_ms, is_to_keep), *expected, "{words:?} at {at_ms}");
            let bytes = serde_json::to_vec(&page).unwrap();
            assert_eq!(serde_json::from_slice::<Page>(&bytes).unwrap(), page, "as it is kept");
        }
    }

    #[test]
    fn what_is_seen_first_is_believed_and_small_changes_are_followed() {
        check(
            &[(0..100, 0), (0..100, 1), (5..105, 2), (20..120, 3), (70..170, 4)],
            &[
                (0, 0, None, true),
                (100, 100, None, false),
                (95, 100, None, false),
                (80, 100, None, true),
                (50, 100, None, true),
            ],
        );
    }

    #[test]
    fn another_page_drifts_until_the_old_one_is_back_or_it_has_settled() {
        check(
            &[(0..100, 0), (200..300, 10), (200..310, 500), (0..100, 600), (0..100, 700)],
            &[
                (0, 0, None, true),
                (0, 100, Some(10), true),
                (0, 100, Some(10), false),
                (100, 100, None, true),
                (100, 100, None, false),
            ],
        );
        check(
            &[
                (0..100, 0),
                (200..300, 10),
                (400..500, 900),
                (400..500, 1_899),
                (400..500, 1_900),
                (400..500, 1_901),
            ],
            &[
                (0, 0, None, true),
                (0, 100, Some(10), true),
                (0, 100, Some(900), true),
                (0, 100, Some(900), false),
                (0, 100, None, true),
                (100, 100, None, false),
            ],
        );
    }

    #[test]
    fn a_page_without_words_drifts_and_then_another_is_seen_first() {
        check(
            &[(0..40, 0), (0..0, 1), (0..0, 2_000), (7..50, 2_001)],
            &[(0, 0, None, true), (0, 40, Some(1), true), (0, 40, None, true), (0, 0, None, true)],
        );
        check(&[(0..0, 0), (0..0, 1)], &[(0, 0, None, false), (0, 0, None, false)]);
    }

    #[test]
    fn a_sample_stands_for_the_whole() {
        let mut page = Page::default();
        let all: Vec<u64> = (0..10_000).collect();
        page.compare(&all, &WANTED, 0);
        assert_eq!(page.words.len(), SAMPLE_MAX);
        let compared = page.compare(&all, &WANTED, 1);
        assert_eq!((compared.kept, compared.of), (SAMPLE_MAX, SAMPLE_MAX));
    }
}
