//! A search filter (RFC 4515): read once, where it is written, and again by the agent.

use serde::{Deserialize, Serialize};

/// Filters within filters.
const DEPTH_MAX: usize = 16;
/// Of a filter's text.
const BYTES_MAX: usize = 2_048;

/// A filter, with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LdapFilter {
    text: String,
    node: LdapNode,
}

/// What a filter means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LdapNode {
    /// `(&…)`
    And(Vec<LdapNode>),
    /// `(|…)`
    Or(Vec<LdapNode>),
    /// `(!…)`
    Not(Box<LdapNode>),
    /// `(a=*)`
    Present(String),
    /// `(a=v)`
    Equal(String, Vec<u8>),
    /// `(a>=v)`
    AtLeast(String, Vec<u8>),
    /// `(a<=v)`
    AtMost(String, Vec<u8>),
    /// `(a~=v)`
    Like(String, Vec<u8>),
    /// `(a=x*y*z)`: the pieces between the stars; the first and the last may be empty.
    Pieces(String, Vec<Vec<u8>>),
    /// `(a:dn:rule:=v)`
    Matching {
        /// Empty when the rule alone says it.
        attribute: String,
        /// Of the name's parts, too?
        dn: bool,
        /// Empty when the attribute's own.
        rule: String,
        /// What is compared.
        value: Vec<u8>,
    },
}

impl LdapFilter {
    /// Reads a filter; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > BYTES_MAX {
            return None;
        }
        let (node, rest) = node(text.trim(), 0)?;
        rest.is_empty().then(|| Self { text: text.trim().to_owned(), node })
    }

    /// What it means.
    pub fn node(&self) -> &LdapNode {
        &self.node
    }
}

/// Anything: what every entry has.
impl Default for LdapFilter {
    fn default() -> Self {
        Self { text: "(objectClass=*)".to_owned(), node: LdapNode::Present("objectClass".to_owned()) }
    }
}

/// One filter in parentheses, and what stands behind it.
fn node(text: &str, depth: usize) -> Option<(LdapNode, &str)> {
    let inner = text.strip_prefix('(').filter(|_| depth < DEPTH_MAX)?;
    let (node, rest) = match inner.as_bytes().first()? {
        b'&' => list(&inner[1..], depth).map(|(nodes, rest)| (LdapNode::And(nodes), rest))?,
        b'|' => list(&inner[1..], depth).map(|(nodes, rest)| (LdapNode::Or(nodes), rest))?,
        b'!' => {
            let (not, rest) = node(&inner[1..], depth + 1)?;
            (LdapNode::Not(Box::new(not)), rest)
        }
        _ => {
            // Parentheses within a value are escaped.
            let end = inner.find(['(', ')'])?;
            (item(&inner[..end])?, &inner[end..])
        }
    };
    Some((node, rest.strip_prefix(')')?))
}

/// At least one; the absolute true and false of RFC 4526 are nothing that proves anything.
fn list(mut text: &str, depth: usize) -> Option<(Vec<LdapNode>, &str)> {
    let mut nodes = Vec::new();
    while text.starts_with('(') {
        let (one, rest) = node(text, depth + 1)?;
        nodes.push(one);
        text = rest;
    }
    (!nodes.is_empty()).then_some((nodes, text))
}

/// Of an attribute with a value.
type Comparison = fn(String, Vec<u8>) -> LdapNode;

fn item(text: &str) -> Option<LdapNode> {
    let (name, value) = text.split_once('=')?;
    if let Some(name) = name.strip_suffix(':') {
        return matching(name, value);
    }
    let compared: Option<(&str, Comparison)> = match name.as_bytes().last()? {
        b'>' => Some((&name[..name.len() - 1], LdapNode::AtLeast)),
        b'<' => Some((&name[..name.len() - 1], LdapNode::AtMost)),
        b'~' => Some((&name[..name.len() - 1], LdapNode::Like)),
        _ => None,
    };
    if let Some((name, compared)) = compared {
        let value = unescaped(value).filter(|_| !value.contains('*'))?;
        return is_attribute(name).then(|| compared(name.to_owned(), value));
    }
    let name = name.to_owned();
    if !is_attribute(&name) {
        return None;
    }
    if value == "*" {
        return Some(LdapNode::Present(name));
    }
    if !value.contains('*') {
        return Some(LdapNode::Equal(name, unescaped(value)?));
    }
    let pieces: Vec<Vec<u8>> = value.split('*').map(unescaped).collect::<Option<_>>()?;
    // Two stars in a row say nothing that one does not.
    let between = pieces.get(1..pieces.len() - 1)?;
    between.iter().all(|piece| !piece.is_empty()).then(|| LdapNode::Pieces(name.clone(), pieces.clone()))
}

/// `a:dn:rule` before `:=`.
fn matching(name: &str, value: &str) -> Option<LdapNode> {
    let mut parts = name.split(':');
    let attribute = parts.next().unwrap_or_default().to_owned();
    let mut rest: Vec<&str> = parts.collect();
    let dn = rest.first().is_some_and(|part| part.eq_ignore_ascii_case("dn"));
    if dn {
        rest.remove(0);
    }
    let rule = rest.first().copied().unwrap_or_default().to_owned();
    let sound = rest.len() <= 1
        && (attribute.is_empty() || is_attribute(&attribute))
        && (rule.is_empty() || is_attribute(&rule))
        && !(attribute.is_empty() && rule.is_empty());
    let value = unescaped(value).filter(|_| sound && !value.contains('*'))?;
    Some(LdapNode::Matching { attribute, dn, rule, value })
}

/// A name or an OID, perhaps with options (RFC 4512, 2.5).
fn is_attribute(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b';' | b'_'))
}

/// `\2a` stands for a byte (RFC 4515, 3).
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'\\' {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            digit(rest.next()?)? << 4 | digit(rest.next()?)?
        } else {
            byte
        };
        bytes.push(byte);
    }
    Some(bytes)
}

impl TryFrom<String> for LdapFilter {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not a filter such as `(objectClass=user)`"))
    }
}

impl From<LdapFilter> for String {
    fn from(filter: LdapFilter) -> Self {
        filter.text
    }
}

impl std::fmt::Display for LdapFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn equal(name: &str, value: &str) -> LdapNode {
        LdapNode::Equal(name.to_owned(), value.as_bytes().to_vec())
    }

    fn read(text: &str) -> Option<LdapNode> {
        LdapFilter::parse(text).map(|filter| filter.node)
    }

    /// Those of RFC 4515, 4, and what Active Directory is asked.
    #[test]
    fn filters_read_as_rfc_4515_means_them() {
        let matching = |attribute: &str, dn, rule: &str, value: &str| LdapNode::Matching {
            attribute: attribute.to_owned(),
            dn,
            rule: rule.to_owned(),
            value: value.as_bytes().to_vec(),
        };
        for (text, node) in [
            ("(cn=Babs Jensen)", equal("cn", "Babs Jensen")),
            ("(!(cn=Tim Howes))", LdapNode::Not(Box::new(equal("cn", "Tim Howes")))),
            (
                "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
                LdapNode::And(vec![
                    equal("objectClass", "Person"),
                    LdapNode::Or(vec![
                        equal("sn", "Jensen"),
                        LdapNode::Pieces("cn".to_owned(), vec![b"Babs J".to_vec(), Vec::new()]),
                    ]),
                ]),
            ),
            (
                "(o=univ*of*mich*)",
                LdapNode::Pieces(
                    "o".to_owned(),
                    ["univ", "of", "mich", ""].map(|piece| piece.as_bytes().to_vec()).to_vec(),
                ),
            ),
            ("(seeAlso=)", equal("seeAlso", "")),
            ("(cn:caseExactMatch:=Fred)", matching("cn", false, "caseExactMatch", "Fred")),
            ("(cn:=Betty)", matching("cn", false, "", "Betty")),
            ("(o:dn:=Ace Industry)", matching("o", true, "", "Ace Industry")),
            ("(:DN:2.4.6.8.10:=Dino)", matching("", true, "2.4.6.8.10", "Dino")),
            (
                "(userAccountControl:1.2.840.113556.1.4.803:=2)",
                matching("userAccountControl", false, "1.2.840.113556.1.4.803", "2"),
            ),
            ("(o=Parens R Us \\28for all\\29)", equal("o", "Parens R Us (for all)")),
            ("(bin=\\00\\04)", equal("bin", "\0\u{4}")),
            ("(age>=18)", LdapNode::AtLeast("age".to_owned(), b"18".to_vec())),
            ("(age<=18)", LdapNode::AtMost("age".to_owned(), b"18".to_vec())),
            ("(cn~=Fred)", LdapNode::Like("cn".to_owned(), b"Fred".to_vec())),
            ("(objectClass=*)", LdapNode::Present("objectClass".to_owned())),
        ] {
            assert_eq!(read(text), Some(node), "{text}");
        }
        let deep = |depth: usize| format!("{}(a=b){}", "(!".repeat(depth), ")".repeat(depth));
        assert!(read(&deep(15)).is_some());
        for bad in [
            "",
            "a=b",
            "(a=b",
            "(a=b))",
            "(&)",
            "(a)",
            "(=b)",
            "(a b=c)",
            "(a=\\2)",
            "(a=\\zz)",
            "(a=x**y)",
            "(a>=x*)",
            "(:=x)",
            "(a=b)(c=d)",
            deep(16).as_str(),
            deep(100_000).as_str(),
        ] {
            assert_eq!(read(bad), None, "{bad:.40}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(text in "[()&|!=*:a-c\\\\0-9 ~<>]{0,40}") {
            if let Some(filter) = LdapFilter::parse(&text) {
                prop_assert_eq!(LdapFilter::parse(&filter.to_string()), Some(filter));
            }
        }
    }
}
