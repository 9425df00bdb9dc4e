//! Values that steps hand on: taken out of answers, and put into requests. Pure, and without regular expressions:
//! no page can make one run away.

use std::collections::HashMap;

use config::ExtractFrom;
use hyper::HeaderMap;
use serde_json::Value;

/// Of one value, bytes: a token of a session is a few kB.
const VALUE_BYTES_MAX: usize = 16 << 10;

/// Of an entity between its signs, bytes: `#x10FFFF`, and zeros that some write in front.
const ENTITY_BYTES_MAX: usize = 12;

/// What steps have taken out so far.
pub(super) type Values = HashMap<String, String>;

/// Finds a value; `None` where it is not, or is too long to be one.
pub(super) fn extracted(from: &ExtractFrom, headers: &HeaderMap, body: &str) -> Option<String> {
    let found = match from {
        ExtractFrom::Field(name) => field(body, name)?,
        ExtractFrom::Json(pointer) => {
            let body: Value = serde_json::from_str(body).ok()?;
            match body.pointer(pointer)? {
                Value::String(text) => text.clone(),
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
                other => other.to_string(),
            }
        }
        ExtractFrom::Header(name) => headers.get(name.as_str())?.to_str().ok()?.to_owned(),
        ExtractFrom::Between { after, before } => {
            let (_, rest) = body.split_once(after.as_str())?;
            rest.split_once(before.as_str())?.0.to_owned()
        }
    };
    (!found.is_empty() && found.len() <= VALUE_BYTES_MAX).then_some(found)
}

/// The value of the first `<input>` of this name, as a browser would send it. Each sign of a page is read once or
/// twice, whatever it nests: a megabyte of half-open tags must not hold up other probes.
pub(super) fn field(body: &str, name: &str) -> Option<String> {
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.get(..6).is_none_or(|word| !word.eq_ignore_ascii_case("input ")) {
            continue;
        }
        // One that does not end takes the rest of the page along, as it does in a browser.
        let tag = tag(rest)?;
        rest = &rest[tag.len()..];
        let attributes = attributes(&tag[5..]);
        let said = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        if said("name").is_some_and(|said| said == name) {
            return Some(said("value").cloned().unwrap_or_default());
        }
    }
    None
}

/// As far as the `>` that is in no quotes.
fn tag(rest: &str) -> Option<&str> {
    let mut quote = None;
    for (at, sign) in rest.char_indices() {
        match (quote, sign) {
            (None, '>') => return Some(&rest[..at]),
            (None, '"' | '\'') => quote = Some(sign),
            (Some(open), sign) if open == sign => quote = None,
            _ => {}
        }
    }
    None
}

/// Names in lower case, and values without their entities.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let is_end = |sign: char| sign.is_whitespace() || sign == '/';
    let mut rest = tag.trim_start_matches(is_end);
    while !rest.is_empty() {
        let end = rest.find(|sign: char| is_end(sign) || sign == '=').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('=').map(str::trim_start) {
            None => ("", after),
            Some(after) => match after.chars().next().filter(|sign| matches!(sign, '"' | '\'')) {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            },
        };
        found.push((name.to_ascii_lowercase(), unescaped(value)));
        rest = after.trim_start_matches(|sign: char| is_end(sign) || sign == '=');
    }
    found
}

/// The entities that stand in values: five by name, the others by number.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let near = &after[..after.floor_char_boundary(ENTITY_BYTES_MAX)];
        let known =
            near.split_once(';').and_then(|(name, _)| Some((entity(name)?, &after[name.len() + 1..])));
        if let Some((sign, after)) = known {
            plain.push(sign);
            rest = after;
        } else {
            plain.push('&');
            rest = after;
        }
    }
    plain.push_str(rest);
    plain
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let hex = number.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
            char::from_u32(code)
        }
    }
}

/// Puts values where `${name}` stands, each as `as_part` writes it. What stands for nothing stays.
pub(super) fn filled(template: &str, values: &Values, as_part: impl Fn(&str) -> String) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| Some((values.get(name)?, after)));
        if let Some((value, after)) = known {
            text.push_str(&as_part(value));
            rest = after;
        } else {
            text.push_str("${");
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

/// A URL: a value is a part of it and encoded, unless all of it is one.
pub(super) fn filled_url(template: &str, values: &Values) -> String {
    let is_whole =
        template.starts_with("${") && template.ends_with('}') && template.matches('}').count() == 1;
    filled(template, values, |value| if is_whole { value.to_owned() } else { encoded(value) })
}

/// RFC 3986, 2.3: all but the unreserved.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&collector_api::hex_encode(&[byte]).to_ascii_uppercase());
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderValue, LOCATION};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let page = r#"<p name="t" value="no"><form><INPUT type=hidden
            name='csrf' value="a&amp;b&#39;&#x3e; > c"/><input name=bare value=x><input name="none"></form>
            <script>var id = 'q1';</script>"#;
        let json = r#"{"a":{"b":"c"},"n":7,"t":true,"l":[]}"#;
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static("/next"))]);
        let between =
            |after: &str, before: &str| ExtractFrom::Between { after: after.into(), before: before.into() };
        for (from, body, expected) in [
            (ExtractFrom::Field("csrf".into()), page, Some("a&b'> > c")),
            (ExtractFrom::Field("bare".into()), page, Some("x")),
            (ExtractFrom::Field("none".into()), page, None),
            (ExtractFrom::Field("t".into()), page, None),
            (between("id = '", "'"), page, Some("q1")),
            (between("id = '", "%"), page, None),
            (ExtractFrom::Json("/a/b".into()), json, Some("c")),
            (ExtractFrom::Json("/n".into()), json, Some("7")),
            (ExtractFrom::Json("/l".into()), json, None),
            (ExtractFrom::Json("/a/b".into()), page, None),
            (ExtractFrom::Header("location".into()), "", Some("/next")),
            (ExtractFrom::Header("x-none".into()), "", None),
        ] {
            assert_eq!(extracted(&from, &headers, body).as_deref(), expected, "{from:?}");
        }
        let long = format!("<input name=x value='{}'>", "y".repeat(VALUE_BYTES_MAX + 1));
        assert_eq!(extracted(&ExtractFrom::Field("x".into()), &headers, &long), None);
    }

    #[test]
    fn values_are_put_where_their_names_stand() {
        let values = Values::from([
            ("t".to_owned(), "a b/ç".to_owned()),
            ("u".to_owned(), "https://x/?a=b".to_owned()),
        ]);
        for (template, url, plain) in [
            ("/p?t=${t}&x", "/p?t=a%20b%2F%C3%A7&x", "/p?t=a b/ç&x"),
            ("${u}", "https://x/?a=b", "https://x/?a=b"),
            ("${t}${t}", "a%20b%2F%C3%A7a%20b%2F%C3%A7", "a b/ça b/ç"),
            ("${none} ${", "${none} ${", "${none} ${"),
        ] {
            assert_eq!(filled_url(template, &values), url);
            assert_eq!(filled(template, &values, str::to_owned), plain);
        }
    }

    /// Read anew from each place, any of these takes minutes; nothing is timed here, a hang is what is seen.
    #[test]
    fn a_megabyte_of_beginnings_is_read_once() {
        for page in [
            "<input ".repeat(150_000),
            format!("{}>", "<input ".repeat(150_000)),
            format!("<input value=\"{}\" name=b>", "&".repeat(1 << 20)),
            format!("<input value='{}' name=b>", "&amp".repeat(1 << 18)),
        ] {
            assert_eq!(field(&page, "a"), None);
        }
        let whole = format!("{}><input name=a value=x>", "<input ".repeat(1_000));
        assert_eq!(field(&whole, "a").as_deref(), Some("x"));
    }

    proptest! {
        #[test]
        fn no_page_breaks_the_reader(page in "[<>&;#='\" a-zé/]{0,80}") {
            let page = format!("<input {page}");
            let _ = field(&page, "a");
        }
    }
}
