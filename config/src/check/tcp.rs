//! What `probe: tcp` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort, TlsParams};

/// Parameters of `probe: tcp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcpParams {
    /// Where.
    pub address: HostPort,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// Speak TLS first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsParams>,
    /// What is then said, in order; without any, connecting is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<TcpStep>,
    /// Must the port be closed? Then a refusal is up, and silence proves nothing.
    #[serde(default, skip_serializing_if = "is_no")]
    pub expect_closed: bool,
}

impl TcpParams {
    /// Connect, and no more.
    pub const fn connect(address: HostPort, family: Family) -> Self {
        Self { address, family, tls: None, steps: Vec::new(), expect_closed: false }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_no(value: &bool) -> bool {
    !*value
}

/// One step of a dialogue: say something, then wait for something.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcpStep {
    /// Sent as it is: no newline is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<WireText>,
    /// Waited for, anywhere in what comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<WireText>,
    /// Must not come before `expect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reject: Option<WireText>,
}

/// Bytes as people write them: text in which `\r`, `\n`, `\t`, `\\`, `\0` and `\xNN` stand for bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WireText(Vec<u8>);

impl WireText {
    /// Reads the text; `None` for an escape that is none, and for nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'\\' => match rest.next()? {
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'0' => 0,
                    b'\\' => b'\\',
                    b'x' => hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?,
                    _ => return None,
                },
                other => other,
            });
        }
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// What crosses the wire.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Any bytes as this would be written.
    pub fn shown(bytes: &[u8]) -> String {
        let mut shown = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\r' => shown.push_str("\\r"),
                    '\n' => shown.push_str("\\n"),
                    '\t' => shown.push_str("\\t"),
                    '\\' => shown.push_str("\\\\"),
                    c if c.is_control() => {
                        c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| shown.push_str(&escape(byte)));
                    }
                    c => shown.push(c),
                }
            }
            chunk.invalid().iter().for_each(|&byte| shown.push_str(&escape(byte)));
        }
        shown
    }
}

fn escape(byte: u8) -> String {
    format!("\\x{byte:02x}")
}

const fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl TryFrom<String> for WireText {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| "not a text with escapes such as `\\r\\n` or `\\x00`".to_owned())
    }
}

impl From<WireText> for String {
    fn from(text: WireText) -> Self {
        WireText::shown(&text.0)
    }
}

impl std::fmt::Display for WireText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Self::shown(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_bytes() {
        for (text, bytes) in [
            ("PING\\r\\n", &b"PING\r\n"[..]),
            ("PING\r\n", b"PING\r\n"),
            ("\\x00\\xFF\\0", &[0, 255, 0]),
            ("a\\\\n", b"a\\n"),
            ("caffè", "caffè".as_bytes()),
        ] {
            assert_eq!(WireText::parse(text).as_ref().map(WireText::bytes), Some(bytes), "{text}");
        }
        for bad in ["", "\\", "\\q", "\\x0", "\\xgg"] {
            assert_eq!(WireText::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(bytes in proptest::collection::vec(any::<u8>(), 1..40)) {
            let shown = WireText::shown(&bytes);
            prop_assert!(!shown.chars().any(char::is_control));
            let read = WireText::parse(&shown);
            prop_assert_eq!(read.as_ref().map(WireText::bytes), Some(bytes.as_slice()));
        }
    }
}
