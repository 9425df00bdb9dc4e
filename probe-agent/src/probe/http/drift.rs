//! Does a page still say what it said? A defaced site answers 200, quickly, with a valid certificate.
//!
//! Compared are words, not bytes: markup, scripts, whatever has a digit in it (dates, counters) and what is shorter than
//! three letters are left out, so that a portal's daily news are no alarm. Of the page before, a sample of its words is
//! remembered (`memory`), never its text. Whoever defaces a site by a few words is not seen: that is the price of
//! leaving news alone, and what `pin` is for.

mod memory;
mod text;

use std::sync::{Mutex, PoisonError};

use collector_api::{Reason, hex_encode};
use config::{HttpDrift, HttpParams};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use ring::digest::{SHA256, digest};

pub use self::memory::Pages;
use self::memory::{Compared, Page};
use super::answer::{Answer, read};
use crate::probe::{Fault, Surroundings, Trace};

/// Of the digest that names a page's file, bytes.
const NAME_BYTES: usize = 16;

/// How far one page may change.
#[derive(Debug)]
pub(super) struct Drift {
    wanted: HttpDrift,
    /// Of the file that remembers the page: whoever asks otherwise remembers another page.
    name: String,
    /// Read at the first attempt.
    page: Mutex<Option<Page>>,
}

impl Drift {
    /// `None` where the page may change as it likes; the error is a sentence for whoever wrote the charter.
    pub(super) fn of(params: &HttpParams) -> Result<Option<Self>, String> {
        let Some(wanted) = &params.drift else { return Ok(None) };
        if wanted.keeps.p == 0 || wanted.pin.as_ref().is_some_and(|pin| pin.len() != 64) {
            return Err("`drift` asks for nothing that can be compared".to_owned());
        }
        let asked = serde_json::to_vec(params).map_err(|error| error.to_string())?;
        let name = hex_encode(&digest(&SHA256, &asked).as_ref()[..NAME_BYTES]);
        Ok(Some(Self { wanted: wanted.clone(), name: format!("page_{name}"), page: Mutex::default() }))
    }

    /// Compares an answer that is right otherwise; what has changed too far is degraded.
    pub(super) async fn see(
        &self,
        answer: &Answer,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        answer.is_plain()?;
        let text = read(&answer.body, answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes));
        let text = text::normalised(&text);
        let sha256 = hex_encode(digest(&SHA256, text.as_bytes()).as_ref());
        trace.fact("text", sha256.clone());
        if let Some(pin) = &self.wanted.pin {
            if *pin == sha256 {
                return Ok(());
            }
            let detail =
                format!("the text is {}…, pinned is {}…", &sha256[..16], pin.get(..16).unwrap_or(pin));
            return Err(Fault::degraded(Reason::ContentNotPinned, detail));
        }
        let words = text::words(&text);
        drop(text);
        let now_ms = surroundings.clock.now_ms();
        let known = self.page.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if !known {
            let page = surroundings.pages.read(&self.name).await;
            *self.page.lock().unwrap_or_else(PoisonError::into_inner) = Some(page);
        }
        let (compared, changed) = {
            let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
            let page = page.get_or_insert_default();
            let compared = page.compare(&words, &self.wanted, now_ms);
            (compared, compared.is_to_keep.then(|| page.clone()))
        };
        if let Some(page) = changed
            && let Err(error) = surroundings.pages.write(&self.name, page).await
        {
            trace.note(|| format!("the page cannot be remembered across a restart: {error}"));
        }
        self.judge(compared, trace)
    }

    fn judge(&self, compared: Compared, trace: &mut Trace) -> Result<(), Fault> {
        let Compared { kept, of, drifted_since_ms, .. } = compared;
        let percent = (kept * 100).checked_div(of);
        if let Some(percent) = percent {
            trace.fact("kept", format!("{percent}%"));
        }
        let Some(since_ms) = drifted_since_ms else { return Ok(()) };
        let since = jiff::Timestamp::from_millisecond(since_ms).unwrap_or_default();
        let detail = format!(
            "{}% of the words of before are left, expected at least {}; since {since:.0}",
            percent.unwrap_or(0),
            self.wanted.keeps
        );
        Err(Fault::degraded(Reason::ContentDrift, detail))
    }
}

#[cfg(test)]
mod tests;
