//! One spelling for each record value, so that `Mail.example` and `mail.example.` are one.

use std::net::IpAddr;

use hickory_proto::rr::{RData, RecordType};

/// A value as a charter writes it. Names lose case and final dot, addresses their spelling; TXT is
/// taken to the letter, its quotes aside.
pub(super) fn canonical(record_type: RecordType, value: &str) -> String {
    if record_type == RecordType::TXT {
        let value = value.trim();
        let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        return inner.unwrap_or(value).to_owned();
    }
    value.split_ascii_whitespace().map(canonical_word).collect::<Vec<_>>().join(" ")
}

/// A value as it came, in the same spelling.
pub(super) fn canonical_rdata(data: &RData) -> String {
    match data {
        RData::TXT(txt) => {
            // The strings of one record are one text (RFC 7208, 3.3, and everybody else).
            let bytes: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        other => canonical(other.record_type(), &other.to_string()),
    }
}

fn canonical_word(word: &str) -> String {
    if let Ok(address) = word.parse::<IpAddr>() {
        return address.to_string();
    }
    let word = word.trim_matches('"').to_ascii_lowercase();
    match word.strip_suffix('.') {
        Some("") | None => word,
        Some(name) => name.to_owned(),
    }
}
