//! What a job says, as a request or a kept file carries it.

use serde::{Deserialize, Serialize};

/// A body of a request, bytes: a job reports what it did, not its log.
pub const BODY_BYTES_MAX: usize = 10_000;
/// Of a message that is kept, bytes.
pub const MESSAGE_BYTES_MAX: usize = 400;
/// Of a run's id, bytes.
pub const RID_BYTES_MAX: usize = 64;
/// Nobody keeps a report for longer, ms; what is older is as old as this.
pub const AGE_MS_MAX: u64 = 30 * 86_400_000;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A run begins.
    Start,
    /// A run has ended well.
    Success,
    /// A run has failed.
    Fail,
    /// Something to remember, which changes nothing.
    Log,
}

impl Signal {
    /// The word in a URL.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Success => "success",
            Self::Fail => "fail",
            Self::Log => "log",
        }
    }

    /// The signal of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Start, Self::Success, Self::Fail, Self::Log].into_iter().find(|signal| signal.word() == word)
    }
}

/// What a job says of a run; all of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// Tells runs apart, and one report sent twice from two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    /// How much it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How many it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
    /// With which it ended; anything but 0 makes a success a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long it took, ms; otherwise the time since its start was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// How long ago this was, ms, for a report that could not be delivered at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// For whoever looks.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl Report {
    /// Reads the body of a request: nothing, a JSON object, or text that becomes the message. The error is a
    /// sentence for whoever wrote the script.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        if !text.starts_with('{') {
            return Ok(Self { message: short(text), ..Self::default() });
        }
        let mut report: Self = serde_json::from_str(text).map_err(|error| {
            format!(
                "the body is no JSON object with rid, bytes, items, exit_code, duration_ms, age_ms or message: {error}"
            )
        })?;
        report.message = short(&report.message);
        report.age_ms = report.age_ms.map(|age_ms| age_ms.min(AGE_MS_MAX));
        match report.rid.as_deref().map(is_rid) {
            Some(false) => Err(format!("`rid` is at most {RID_BYTES_MAX} letters, digits, `.`, `_` or `-`")),
            _ => Ok(report),
        }
    }
}

/// Is it the id of a run?
pub fn is_rid(text: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= RID_BYTES_MAX && text.bytes().all(is_sign)
}

/// Jobs say what went wrong at the end.
fn short(text: &str) -> String {
    if text.len() <= MESSAGE_BYTES_MAX {
        return text.to_owned();
    }
    text[text.ceil_char_boundary(text.len() - MESSAGE_BYTES_MAX)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_nothing_or_json_or_text() {
        assert_eq!(Report::read(b""), Ok(Report::default()));
        let read = Report::read(br#" {"rid": "a-1", "bytes": 5, "exit_code": 0} "#).unwrap();
        assert_eq!((read.rid.as_deref(), read.bytes, read.exit_code), (Some("a-1"), Some(5), Some(0)));
        assert_eq!(Report::read(b"disk full\xff").unwrap().message, "disk full\u{fffd}");
        let long = "é".repeat(500) + "end";
        let kept = Report::read(long.as_bytes()).unwrap().message;
        assert!(kept.len() <= MESSAGE_BYTES_MAX && kept.ends_with("end"), "{kept}");
        for bad in [
            r#"{"bytes": -1}"#,
            r#"{"bytes": "many"}"#,
            r#"{"sizes": 1}"#,
            r#"{"rid": "a b"}"#,
            r#"{"rid": ""}"#,
            "{",
        ] {
            assert!(Report::read(bad.as_bytes()).is_err(), "{bad}");
        }
        let nested = format!("{{\"message\": {}1", "[".repeat(5_000));
        assert!(Report::read(nested.as_bytes()).is_err());
    }
}
