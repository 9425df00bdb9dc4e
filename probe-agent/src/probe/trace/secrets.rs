//! Masking secrets by value, in whatever form a peer or a library shows them.
//!
//! Masking by place ("the header `Authorization`") misses the server that echoes it, the redirect that
//! carries it, the error that quotes it. So every form a known secret can take is searched for. Price:
//! a secret of a letter or two masks much that is none.

use std::fmt;

/// What stands where a secret was.
const MASK: &[u8] = b"****";
/// An encoded form shorter than this is not searched for: it would be found everywhere.
const ENCODED_BYTES_MIN: usize = 3;
/// So many bytes of a secret at the end of a text that was cut betray it.
const CUT_BYTES_MIN: usize = 4;

/// The secrets of one check, in every form.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The longest first, so that no form is masked half by a shorter one.
    forms: Vec<Vec<u8>>,
}

impl Secrets {
    /// Knows one more secret. Of a composed one, such as `user:password`, name parts and whole.
    pub fn add(&mut self, secret: &[u8]) {
        if secret.is_empty() {
            return;
        }
        self.add_form(secret.to_vec());
        let encoded = [hex(secret, false), hex(secret, true), json(secret)]
            .into_iter()
            .chain(percent(secret))
            .chain(base64(secret));
        for form in encoded.filter(|form| form.len() >= ENCODED_BYTES_MIN) {
            self.add_form(form);
        }
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// Is nothing secret?
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// The bytes without any secret.
    pub fn mask(&self, bytes: &[u8]) -> Vec<u8> {
        let mut masked = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((&first, after)) = rest.split_first() {
            if let Some(form) = self.forms.iter().find(|form| rest.starts_with(form)) {
                masked.extend_from_slice(MASK);
                rest = &rest[form.len()..];
            } else if rest.len() >= CUT_BYTES_MIN && self.forms.iter().any(|form| form.starts_with(rest)) {
                // Whoever quoted this cut it in the middle of a secret.
                masked.extend_from_slice(MASK);
                break;
            } else {
                masked.push(first);
                rest = after;
            }
        }
        masked
    }

    /// The text without any secret.
    pub fn mask_text(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        String::from_utf8_lossy(&self.mask(text.as_bytes())).into_owned()
    }

    fn add_form(&mut self, form: Vec<u8>) {
        if !self.forms.contains(&form) {
            self.forms.push(form);
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

fn hex(secret: &[u8], upper: bool) -> Vec<u8> {
    let text = collector_api::hex_encode(secret);
    if upper { text.to_ascii_uppercase().into_bytes() } else { text.into_bytes() }
}

/// As a JSON string shows it, without the quotes.
fn json(secret: &[u8]) -> Vec<u8> {
    let quoted = serde_json::to_string(&String::from_utf8_lossy(secret)).unwrap_or_default();
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or_default().as_bytes().to_vec()
}

/// RFC 3986, 2.3: all but the unreserved are encoded; in either case of the digits, and with `+` for a
/// space as forms do.
fn percent(secret: &[u8]) -> [Vec<u8>; 4] {
    let encode = |upper: bool, plus: bool| {
        let mut encoded = Vec::new();
        for &byte in secret {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                encoded.push(byte);
            } else if plus && byte == b' ' {
                encoded.push(b'+');
            } else {
                encoded.push(b'%');
                encoded.extend(hex(&[byte], upper));
            }
        }
        encoded
    };
    [encode(true, false), encode(false, false), encode(true, true), encode(false, true)]
}

/// RFC 4648, 4 and 5, inside a longer encoding at each of the three alignments: only the characters
/// that nothing but the secret decides.
fn base64(secret: &[u8]) -> Vec<Vec<u8>> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = secret.len() * 8;
    let bit = |at: usize| secret[at / 8] >> (7 - at % 8) & 1;
    let mut forms = Vec::new();
    for alphabet in [STANDARD, URL_SAFE] {
        // With 0, 1 or 2 bytes before it, the first whole character begins after 0, 4 or 2 of its bits.
        for skipped in [0, 4, 2] {
            let form = (skipped..bits)
                .step_by(6)
                .filter(|begin| begin + 6 <= bits)
                .map(|begin| (begin..begin + 6).fold(0, |value, at| value << 1 | bit(at)))
                .map(|value| alphabet[usize::from(value)])
                .collect();
            forms.push(form);
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(secrets: &[&str]) -> Secrets {
        let mut all = Secrets::default();
        for secret in secrets {
            all.add(secret.as_bytes());
        }
        all
    }

    #[test]
    fn a_secret_is_masked_in_every_form() {
        let secrets = of(&["hunter2 &\"x"]);
        for (shown, masked) in [
            ("pass=hunter2 &\"x;", "pass=****;"),
            ("q=hunter2%20%26%22x&a=1", "q=****&a=1"),
            ("q=hunter2+%26%22x", "q=****"),
            (r#"{"p":"hunter2 &\"x"}"#, r#"{"p":"****"}"#),
            ("68756e74657232202622780a", "****0a"),
            ("68756E7465723220262278", "****"),
            ("nothing of it", "nothing of it"),
            ("cut here: hunter2", "cut here: ****"),
            ("hunter3", "hunter3"),
        ] {
            assert_eq!(secrets.mask_text(shown), masked, "{shown}");
        }
    }

    #[test]
    fn credentials_are_found_inside_basic_authentication() {
        // `user:hunter22`, `abc:hunter22`, `root0:hunter22`: the three alignments.
        for shown in ["Basic dXNlcjpodW50ZXIyMg==", "Basic YWJjOmh1bnRlcjIy", "Basic cm9vdDA6aHVudGVyMjI="] {
            let masked = of(&["hunter22"]).mask_text(shown);
            assert!(masked.contains("****") && masked.len() < shown.len(), "{masked}");
            let core = shown.trim_end_matches('=');
            assert!(!masked.contains(&core[core.len() - 6..core.len() - 2]), "{masked}");
        }
    }

    #[test]
    fn the_longest_form_wins_and_debug_shows_none() {
        let secrets = of(&["ab", "abcdef"]);
        assert_eq!(secrets.mask_text("xabcdefx"), "x****x");
        assert_eq!(format!("{secrets:?}"), "Secrets");
        assert_eq!(of(&[""]).mask_text("as it is"), "as it is");
    }

    proptest! {
        #[test]
        fn no_secret_is_left(
            secret in "[a-z0-9:/+ &%\"\\\\]{6,20}",
            before in "!{0,5}",
            after in "!{0,5}",
        ) {
            let secrets = of(&[&secret]);
            let masked = secrets.mask_text(&format!("{before}{secret}{after}"));
            prop_assert!(!masked.contains(&secret));
            prop_assert_eq!(masked, format!("{before}****{after}"));
        }
    }
}
