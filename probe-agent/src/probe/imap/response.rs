//! What a server of IMAP answers: as much of its grammar as the few commands here need, and nothing that nests.

/// One response: its text, and the literals that its `{n}` stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct Response {
    pub(in crate::probe) text: Vec<u8>,
    pub(in crate::probe) literals: Vec<Vec<u8>>,
}

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Ok,
    No,
    Bad,
    Bye,
}

/// What `tag` says in this line, if it is one of its.
pub(super) fn ending(line: &[u8], tag: &str) -> Option<Ending> {
    let rest = line.strip_prefix(tag.as_bytes())?.strip_prefix(b" ")?;
    let word = rest.split(|&byte| byte == b' ').next()?.to_ascii_uppercase();
    match word.as_slice() {
        b"OK" | b"PREAUTH" => Some(Ending::Ok),
        b"NO" => Some(Ending::No),
        b"BAD" => Some(Ending::Bad),
        b"BYE" => Some(Ending::Bye),
        _ => None,
    }
}

/// The length of the literal that follows a line, if one does.
pub(super) fn literal_length(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let from = inner.iter().rposition(|&byte| byte == b'{')? + 1;
    let digits = std::str::from_utf8(&inner[from..]).ok()?;
    // Ten digits are 10 GB: too long is found by whoever reads it.
    let sound = (1..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    sound.then(|| digits.parse().ok()).flatten()
}

impl Response {
    fn line(&self) -> Option<&str> {
        std::str::from_utf8(&self.text).ok()
    }

    /// What follows `* WORD `, upper and lower case alike.
    pub(in crate::probe) fn after(&self, word: &str) -> Option<&str> {
        let rest = self.line()?.strip_prefix("* ")?;
        let (first, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        first.eq_ignore_ascii_case(word).then_some(rest)
    }

    /// The number of `* 12 EXISTS`.
    pub(in crate::probe) fn number_of(&self, word: &str) -> Option<u32> {
        let (number, rest) = self.line()?.strip_prefix("* ")?.split_once(' ')?;
        let own = rest.split_whitespace().next()?;
        own.eq_ignore_ascii_case(word).then(|| number.parse().ok()).flatten()
    }

    /// Is it about a message (`* 12 FETCH (…)`)?
    pub(in crate::probe) fn is_fetch(&self) -> bool {
        self.number_of("FETCH").is_some()
    }

    /// The number after `UID ` of a message.
    pub(in crate::probe) fn uid(&self) -> Option<u32> {
        let text = String::from_utf8_lossy(&self.text);
        let at = text.find("UID ")? + "UID ".len();
        let digits: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    }

    /// When the server took a message in, Unix ms.
    pub(in crate::probe) fn internal_ms(&self) -> Option<i64> {
        let text = String::from_utf8_lossy(&self.text);
        let at = text.find("INTERNALDATE \"")? + "INTERNALDATE \"".len();
        date_ms(text[at..].split('"').next()?)
    }

    /// Used and limit of the quota on storage, where both are told (RFC 2087, 5.1).
    pub(in crate::probe) fn storage(&self) -> Option<(u64, u64)> {
        let rest = self.after("QUOTA")?;
        let list = &rest[rest.find('(')? + 1..rest.rfind(')')?];
        let words: Vec<&str> = list.split_whitespace().collect();
        let three = words.chunks_exact(3).find(|three| three[0].eq_ignore_ascii_case("STORAGE"))?;
        Some((three[1].parse().ok()?, three[2].parse().ok()?))
    }
}

/// `23-Nov-2026 10:00:00 +0100`, of which the day may begin with a blank (RFC 3501, `date-time`).
fn date_ms(text: &str) -> Option<i64> {
    let parsed = jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim_start()).ok()?;
    Some(parsed.to_timestamp().ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Response {
        Response { text: text.as_bytes().to_vec(), literals: Vec::new() }
    }

    #[test]
    fn responses_are_understood() {
        assert_eq!(of("* CAPABILITY IMAP4rev1 QUOTA").after("capability"), Some("IMAP4rev1 QUOTA"));
        assert_eq!(of("* 12 EXISTS").number_of("EXISTS"), Some(12));
        assert_eq!(of("* SEARCH").after("SEARCH"), Some(""));
        assert_eq!(of("* SEARCH 3 5").after("SEARCH"), Some("3 5"));
        let message = of("* 3 FETCH (UID 33 INTERNALDATE \" 1-Nov-2026 10:00:00 +0100\" BODY[] {3} )");
        assert!(message.is_fetch() && message.uid() == Some(33));
        assert_eq!(message.internal_ms(), Some(1_793_523_600_000));
        assert_eq!(of("* QUOTA \"\" (MESSAGE 3 100 STORAGE 90 100)").storage(), Some((90, 100)));
        assert_eq!(of("* QUOTA \"\" ()").storage(), None);
        for (line, tag, expected) in [
            ("v1 OK done", "v1", Some(Ending::Ok)),
            ("v1 no [UNAVAILABLE] x", "v1", Some(Ending::No)),
            ("v1 BAD", "v1", Some(Ending::Bad)),
            ("* BYE", "*", Some(Ending::Bye)),
            ("v11 OK", "v1", None),
            ("* 1 EXISTS", "v1", None),
        ] {
            assert_eq!(ending(line.as_bytes(), tag), expected, "{line}");
        }
        for (line, expected) in
            [("x {12}", Some(12)), ("{}", None), ("x {1", None), ("x {1a}", None), ("x {99999999999}", None)]
        {
            assert_eq!(literal_length(line.as_bytes()), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_understood_or_not(text in proptest::collection::vec(any::<u8>(), 0..80), fetch in any::<bool>()) {
            let mut line = if fetch { b"* 1 FETCH (UID INTERNALDATE \"".to_vec() } else { b"* QUOTA ".to_vec() };
            line.extend_from_slice(&text);
            let _ = literal_length(&line);
            let response = Response { text: line, literals: Vec::new() };
            let _ = (response.uid(), response.internal_ms(), response.storage(), response.number_of("FETCH"));
        }
    }
}
