//! What an answer must be: pure. The status is judged first, then headers, size, texts, JSON.
//!
//! Texts are compared without regard to upper and lower case: "Manutenzione" and "MANUTENZIONE" are
//! the same excuse. A body is read as UTF-8, or as Windows-1252 where its `Content-Type` says Latin;
//! there are no regular expressions: nobody who watches a portal needs one, and no file can be a bomb.

use collector_api::Reason;
use config::{HeaderIs, HeaderWish, HttpAnswer, JsonWish};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, StatusCode};
use serde_json::Value;

use super::bodies::Share;
use super::status::StatusPattern;
use crate::probe::Fault;

/// What came back.
#[derive(Debug)]
pub(in crate::probe) struct Answer {
    /// Of the last request.
    pub status: StatusCode,
    /// Of the last answer.
    pub headers: HeaderMap,
    /// Its beginning, as far as it was kept.
    pub body: Vec<u8>,
    /// Of the body, as far as it was read.
    pub bytes: usize,
    /// Did the cap end the reading?
    pub is_cut: bool,
    /// What the body has taken of the agent's budget.
    pub share: Share,
}

impl Answer {
    /// Can its body be judged?
    pub(super) fn is_plain(&self) -> Result<(), Fault> {
        let encoding = self.headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity");
        let Some(encoding) = encoding else { return Ok(()) };
        let encoding = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
        // A browser would read it; we do not unpack what strangers pack, and have not seen it.
        let detail = format!("the body is in `{encoding}`, although plain was asked for: it is not judged");
        Err(Fault::unseen(Reason::ProtoUnexpectedReply, detail))
    }
}

/// What is wanted of it.
#[derive(Debug)]
pub(in crate::probe) struct Wishes {
    /// One of them must hold.
    pub status: Vec<StatusPattern>,
    /// The rest.
    pub answer: HttpAnswer,
    /// Did the request carry credentials?
    pub authenticates: bool,
}

impl Wishes {
    /// Is this status one of those that are up?
    pub(in crate::probe) fn accepts(&self, status: StatusCode) -> bool {
        self.status.iter().any(|pattern| pattern.holds(status.as_u16()))
    }

    /// Must the body be kept to be judged?
    pub(in crate::probe) fn are_of_body(&self) -> bool {
        let HttpAnswer { text, no_text, json, .. } = &self.answer;
        !(text.is_empty() && no_text.is_empty() && json.is_empty())
    }

    /// Is the answer all that is wanted?
    pub(in crate::probe) fn judge(&self, answer: &Answer) -> Result<(), Fault> {
        self.judge_status(answer)?;
        for wish in &self.answer.headers {
            judge_header(wish, &answer.headers)?;
        }
        self.judge_size(answer)?;
        if !self.are_of_body() {
            return Ok(());
        }
        answer.is_plain()?;
        self.judge_texts(answer)?;
        judge_json(&self.answer.json, answer)
    }

    fn judge_status(&self, answer: &Answer) -> Result<(), Fault> {
        if self.accepts(answer.status) {
            return Ok(());
        }
        let status = answer.status.as_u16();
        let wanted: Vec<String> = self.status.iter().map(ToString::to_string).collect();
        let detail = format!("{status}, expected {}", wanted.join(" or "));
        let retry_after = answer.headers.get(RETRY_AFTER);
        Err(match (status, retry_after) {
            (429, None) => Fault::new(Reason::LimitRate, detail),
            (429 | 503, Some(after)) => {
                let after = String::from_utf8_lossy(after.as_bytes()).into_owned();
                Fault::new(Reason::LimitRate, format!("{status}, asks to come back after {after}"))
            }
            (401, _) if self.authenticates => Fault::new(Reason::AuthRejected, detail),
            _ => Fault::new(Reason::AssertStatus, detail),
        })
    }

    fn judge_size(&self, answer: &Answer) -> Result<(), Fault> {
        let bytes = answer.bytes as u64;
        let HttpAnswer { bytes_min, bytes_max, .. } = self.answer;
        let more = if answer.is_cut { " and more" } else { "" };
        if let Some(min) = bytes_min.filter(|&min| bytes < min) {
            return Err(Fault::new(Reason::AssertSize, format!("{bytes} bytes, expected at least {min}")));
        }
        if let Some(max) = bytes_max.filter(|&max| bytes > max) {
            return Err(Fault::new(
                Reason::AssertSize,
                format!("{bytes} bytes{more}, expected at most {max}"),
            ));
        }
        Ok(())
    }

    fn judge_texts(&self, answer: &Answer) -> Result<(), Fault> {
        let HttpAnswer { text, no_text, .. } = &self.answer;
        if text.is_empty() && no_text.is_empty() {
            return Ok(());
        }
        let body =
            read(&answer.body, answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)).to_lowercase();
        if let Some(found) = no_text.iter().find(|text| body.contains(&text.to_lowercase())) {
            return Err(Fault::new(Reason::AssertBodyForbidden, format!("`{found}` is in the body")));
        }
        if let Some(missing) = text.iter().find(|text| !body.contains(&text.to_lowercase())) {
            let far = if answer.is_cut { "the first 1 MiB of the body" } else { "the body" };
            return Err(Fault::new(Reason::AssertBodyMissing, format!("`{missing}` is not in {far}")));
        }
        Ok(())
    }
}

fn judge_header(wish: &HeaderWish, headers: &HeaderMap) -> Result<(), Fault> {
    let found: Vec<String> = headers
        .get_all(wish.name.as_str())
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let name = &wish.name;
    let shown = if found.is_empty() { "absent".to_owned() } else { format!("`{}`", found.join(", ")) };
    let (holds, wanted) = match &wish.is {
        HeaderIs::Present => (!found.is_empty(), "present".to_owned()),
        HeaderIs::Absent => (found.is_empty(), "absent".to_owned()),
        HeaderIs::Equal(value) => (found.iter().any(|found| found == value), format!("`{value}`")),
        HeaderIs::Containing(part) => {
            let lower = part.to_lowercase();
            (
                found.iter().any(|found| found.to_lowercase().contains(&lower)),
                format!("something with `{part}`"),
            )
        }
    };
    if holds {
        return Ok(());
    }
    Err(Fault::new(Reason::AssertHeader, format!("`{name}` is {shown}, expected {wanted}")))
}

fn judge_json(wishes: &[JsonWish], answer: &Answer) -> Result<(), Fault> {
    if wishes.is_empty() {
        return Ok(());
    }
    if answer.is_cut {
        return Err(Fault::new(Reason::AssertJson, "the body is larger than 1 MiB and was not read whole"));
    }
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| Fault::new(Reason::AssertJson, format!("the body is not JSON: {error}")))?;
    for JsonWish { pointer, value } in wishes {
        let found = body.pointer(pointer).map(shown);
        if found.as_deref() != Some(value.as_str()) {
            let found = found.map_or_else(|| "absent".to_owned(), |found| format!("`{found}`"));
            return Err(Fault::new(
                Reason::AssertJson,
                format!("`{pointer}` is {found}, expected `{value}`"),
            ));
        }
    }
    Ok(())
}

/// A text without its quotes, all else as JSON writes it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// The text of a body.
pub(super) fn read(body: &[u8], content_type: Option<&[u8]>) -> String {
    let content_type = String::from_utf8_lossy(content_type.unwrap_or_default()).to_lowercase();
    let is_latin = ["iso-8859-1", "iso-8859-15", "windows-1252", "latin1"]
        .iter()
        .any(|charset| content_type.contains(charset));
    if is_latin {
        // The letters are where Unicode has them; only some signs differ.
        return body.iter().map(|&byte| char::from(byte)).collect();
    }
    String::from_utf8_lossy(body).into_owned()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &[u8]) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (HeaderName::from_static(name), hyper::header::HeaderValue::from_static(value))
            })
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        Answer {
            status,
            headers,
            body: body.to_vec(),
            bytes: body.len(),
            is_cut: false,
            share: Share::default(),
        }
    }

    fn wishes(answer: HttpAnswer) -> Wishes {
        Wishes { status: vec![StatusPattern::parse("2xx").unwrap()], answer, authenticates: false }
    }

    #[track_caller]
    fn check(wishes: &Wishes, answer: &Answer, expected: Option<(Reason, &str)>) {
        let fault = wishes.judge(answer).err();
        assert_eq!(fault.as_ref().map(|fault| (fault.reason, fault.detail.as_str())), expected);
    }

    #[test]
    fn a_status_is_wanted_or_it_says_why_not() {
        let plain = wishes(HttpAnswer::default());
        let with_secret = Wishes { authenticates: true, ..wishes(HttpAnswer::default()) };
        check(&plain, &answer(204, &[], b""), None);
        check(&plain, &answer(500, &[], b""), Some((Reason::AssertStatus, "500, expected 2xx")));
        check(&plain, &answer(503, &[], b""), Some((Reason::AssertStatus, "503, expected 2xx")));
        let later = [("retry-after", "120")];
        check(
            &plain,
            &answer(503, &later, b""),
            Some((Reason::LimitRate, "503, asks to come back after 120")),
        );
        check(&plain, &answer(429, &[], b""), Some((Reason::LimitRate, "429, expected 2xx")));
        check(&plain, &answer(401, &[], b""), Some((Reason::AssertStatus, "401, expected 2xx")));
        check(&with_secret, &answer(401, &[], b""), Some((Reason::AuthRejected, "401, expected 2xx")));
        let busy =
            Wishes { status: vec![StatusPattern::parse("503").unwrap()], ..wishes(HttpAnswer::default()) };
        check(&busy, &answer(503, &later, b""), None);
    }

    #[test]
    fn headers_are_there_or_not_or_say_something() {
        let shown = answer(200, &[("content-type", "text/html; charset=UTF-8"), ("server", "nginx")], b"");
        for (name, is, expected) in [
            ("Content-Type", HeaderIs::Present, None),
            ("content-type", HeaderIs::Containing("HTML".to_owned()), None),
            ("server", HeaderIs::Equal("nginx".to_owned()), None),
            ("server", HeaderIs::Equal("Nginx".to_owned()), Some("`server` is `nginx`, expected `Nginx`")),
            ("server", HeaderIs::Absent, Some("`server` is `nginx`, expected absent")),
            ("x-frame-options", HeaderIs::Absent, None),
            ("x-frame-options", HeaderIs::Present, Some("`x-frame-options` is absent, expected present")),
        ] {
            let wish = HeaderWish { name: name.to_owned(), is };
            let wishes = wishes(HttpAnswer { headers: vec![wish], ..HttpAnswer::default() });
            check(&wishes, &shown, expected.map(|detail| (Reason::AssertHeader, detail)));
        }
    }

    #[test]
    fn texts_are_required_and_forbidden() {
        let wishes = wishes(HttpAnswer {
            text: vec!["Benvenuti".to_owned()],
            no_text: vec!["sito in manutenzione".to_owned(), "Però".to_owned()],
            ..HttpAnswer::default()
        });
        check(&wishes, &answer(200, &[], b"<h1>benvenuti</h1>"), None);
        let maintenance = Some((Reason::AssertBodyForbidden, "`sito in manutenzione` is in the body"));
        check(&wishes, &answer(200, &[], b"BENVENUTI! Sito in MANUTENZIONE"), maintenance);
        check(
            &wishes,
            &answer(200, &[], b""),
            Some((Reason::AssertBodyMissing, "`Benvenuti` is not in the body")),
        );
        let cut = Answer { is_cut: true, ..answer(200, &[], b"x") };
        check(
            &wishes,
            &cut,
            Some((Reason::AssertBodyMissing, "`Benvenuti` is not in the first 1 MiB of the body")),
        );
        let latin = [("content-type", "text/html; charset=ISO-8859-1")];
        let found = Some((Reason::AssertBodyForbidden, "`Però` is in the body"));
        check(&wishes, &answer(200, &latin, b"benvenuti per\xf2"), found);
        check(&wishes, &answer(200, &[], "benvenuti però".as_bytes()), found);
        let zipped = [("content-encoding", "gzip")];
        let detail = "the body is in `gzip`, although plain was asked for: it is not judged";
        check(&wishes, &answer(200, &zipped, b"\x1f\x8b"), Some((Reason::ProtoUnexpectedReply, detail)));
    }

    #[test]
    fn json_is_asked_by_pointers() {
        let body = br#"{"status":"UP","nodes":[{"ok":true,"n":2.50}],"none":null,"a/b":"c"}"#;
        for (pointer, value, expected) in [
            ("/status", "UP", None),
            ("/nodes/0/ok", "true", None),
            ("/nodes/0/n", "2.5", None),
            ("/none", "null", None),
            ("/a~1b", "c", None),
            ("/status", "DOWN", Some("`/status` is `UP`, expected `DOWN`")),
            ("/nodes", "x", Some("`/nodes` is `a list`, expected `x`")),
            ("/absent", "x", Some("`/absent` is absent, expected `x`")),
        ] {
            let wish = JsonWish { pointer: pointer.to_owned(), value: value.to_owned() };
            let wishes = wishes(HttpAnswer { json: vec![wish], ..HttpAnswer::default() });
            check(&wishes, &answer(200, &[], body), expected.map(|detail| (Reason::AssertJson, detail)));
        }
        let wish = JsonWish { pointer: "/status".to_owned(), value: "UP".to_owned() };
        let wishes = wishes(HttpAnswer { json: vec![wish], ..HttpAnswer::default() });
        let fault = wishes.judge(&answer(200, &[], b"<html>")).unwrap_err();
        assert_eq!(fault.reason, Reason::AssertJson);
        let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
        assert_eq!(
            wishes.judge(&answer(200, &[], &deep)).unwrap_err().reason,
            Reason::AssertJson,
            "and no overflow"
        );
        let cut = Answer { is_cut: true, ..answer(200, &[], body) };
        assert_eq!(wishes.judge(&cut).unwrap_err().reason, Reason::AssertJson);
    }

    #[test]
    fn sizes_have_bounds() {
        let wishes = wishes(HttpAnswer { bytes_min: Some(2), bytes_max: Some(3), ..HttpAnswer::default() });
        check(&wishes, &answer(200, &[], b"x"), Some((Reason::AssertSize, "1 bytes, expected at least 2")));
        check(&wishes, &answer(200, &[], b"xx"), None);
        check(&wishes, &answer(200, &[], b"xxxx"), Some((Reason::AssertSize, "4 bytes, expected at most 3")));
        let cut = Answer { is_cut: true, ..answer(200, &[], b"xxxx") };
        check(&wishes, &cut, Some((Reason::AssertSize, "4 bytes and more, expected at most 3")));
    }
}
