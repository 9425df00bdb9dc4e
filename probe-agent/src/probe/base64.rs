//! Base64 of both alphabets (RFC 4648, 4 and 5).

/// The standard alphabet, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    written(bytes, *b"+/", true)
}

/// The alphabet of URLs, without padding.
pub(super) fn encode_url(bytes: &[u8]) -> String {
    written(bytes, *b"-_", false)
}

/// Bytes of a text in either alphabet, padded or not. `None` where it is none; blanks are not skipped.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let signs = text.trim_end_matches('=');
    if signs.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(signs.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for sign in signs.bytes() {
        let six = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
            bits &= (1 << held) - 1;
        }
    }
    // What is left over is padding: anything else in it is another text for the same bytes.
    (bits == 0).then_some(bytes)
}

fn written(bytes: &[u8], last: [u8; 2], is_padded: bool) -> String {
    const SIGNS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for sign in 0..4 {
            let six = (bits >> (18 - 6 * sign) & 63) as usize;
            if sign <= three.len() {
                text.push(char::from(SIGNS.get(six).copied().unwrap_or_else(|| last[six - SIGNS.len()])));
            } else if is_padded {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_rfc_4648_has_it() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(encode_url(bytes.as_bytes()), text.trim_end_matches('='));
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!((encode(&[0xfb, 0xff]), encode_url(&[0xfb, 0xff])), ("+/8=".to_owned(), "-_8".to_owned()));
        for bad in ["Z", "Zm9vY", "Zm 9v", "Zm9v\n", "Zh==", "é"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(decode(&encode_url(&bytes)), Some(bytes));
        }
    }
}
