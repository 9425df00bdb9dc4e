//! XML of strangers: a library's tree of it, once it is known what building that costs.
//!
//! roxmltree expands no entity without a DTD, keeps its tree in a list, and stops at a number of nodes. But it compares
//! each attribute of an element with all before it, and gives each element that declares a namespace a copy of all those
//! around it: a megabyte of either takes minutes of a core, or more memory than a host has. So the text is measured
//! first, in one pass. The price: a start tag of more than 8 KiB is refused, and so is a document with thousands of
//! declarations; no metadata comes near either.

use roxmltree::{Document, ParsingOptions};

/// Of one tag, bytes.
const TAG_BYTES_MAX: usize = 8 << 10;
/// Of a document; a federation of a hundred providers declares a thousand.
const NAMESPACES_MAX: usize = 2_048;

/// What is no element, and may be as long as it likes.
const OTHERS: [(&str, &str); 3] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];

/// Reads a document of at most so many nodes; the error is what is wrong with it.
pub(super) fn read(text: &str, nodes_max: u32) -> Result<Document<'_>, String> {
    if text.matches("xmlns").nth(NAMESPACES_MAX).is_some() {
        return Err(format!("more than {NAMESPACES_MAX} declarations of namespaces"));
    }
    if !are_tags_short(text) {
        return Err(format!("a tag of more than {TAG_BYTES_MAX} bytes"));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: nodes_max, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| error.to_string())
}

/// What does not end is the reader's to refuse.
fn are_tags_short(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some((open, close)) = OTHERS.iter().find(|(open, _)| rest.starts_with(open)) {
            let inner = &rest[open.len()..];
            let Some(end) = inner.find(close) else { return true };
            rest = &inner[end..];
            continue;
        }
        match length_of_tag(rest.as_bytes()) {
            Some(length) if length > TAG_BYTES_MAX => return false,
            Some(length) => rest = &rest[length..],
            None => return rest.len() <= TAG_BYTES_MAX,
        }
    }
    true
}

/// As far as the `>` that is in no quotes; no tag is followed further than it may be long.
fn length_of_tag(bytes: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (at, &byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
        if at > TAG_BYTES_MAX {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> Option<String> {
        read(text, 1_000).err()
    }

    #[test]
    fn usual_documents_are_read() {
        let comment =
            format!("<!-- {} --><a b=\"1 > 2\"><![CDATA[<{}]]></a>", "<x ".repeat(9_000), "y".repeat(9_000));
        let text = format!("<?xml version=\"1.0\"?><a xmlns=\"urn:a\" b='\"'>{}</a>", "z".repeat(100_000));
        for whole in ["<a/>", "<a b='>'>c</a>", &comment, &text] {
            assert_eq!(refusal(whole), None, "{whole:.60}");
        }
    }

    #[test]
    fn what_would_cost_too_much_is_refused_before_it_is_built() {
        let attributes = (0..100_000).map(|number| format!(" a{number}=\"\"")).collect::<Vec<_>>().concat();
        let nested =
            (0..40_000).map(|number| format!("<a xmlns:b{number}=\"c\">")).collect::<Vec<_>>().concat();
        let wide =
            (0..40_000).map(|number| format!("<a xmlns:b{number}=\"c\"/>")).collect::<Vec<_>>().concat();
        for (text, sentence) in [
            (format!("<a{attributes}/>"), "a tag of more than 8192 bytes"),
            (format!("<a{attributes}"), "a tag of more than 8192 bytes"),
            (format!("<a b='{}", "c".repeat(1 << 20)), "a tag of more than 8192 bytes"),
            (format!("{nested}{}", "</a>".repeat(40_000)), "more than 2048 declarations of namespaces"),
            (format!("<r>{wide}</r>"), "more than 2048 declarations of namespaces"),
        ] {
            assert_eq!(refusal(&text).as_deref(), Some(sentence));
        }
        assert!(refusal("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>").is_some());
        assert!(refusal(&"<a>".repeat(2_000)).is_some());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_measure(text in "[<>!?'\" \\-a\\[\\]CDATé]{0,60}") {
            let _ = refusal(&text);
        }
    }
}
