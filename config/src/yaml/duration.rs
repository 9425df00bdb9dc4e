//! `60s`, `5m`, `1h30m`, `500ms`; `1GiB`. Units are always written: a bare number asks "of what?".

use crate::text::say;
use crate::yaml::node::Node;
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{Report, Shape};

/// A length of time, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Millis(pub(crate) u64);

/// An amount of storage, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bytes(pub(crate) u64);

/// From the largest, as they must be written.
const TIME_UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Binary only: nobody means 10^9 of a spool.
const BYTE_UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

impl Millis {
    /// Reads `1h30m`: whole numbers with units, each unit once, the largest first.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut total = 0_u64;
        let mut units = TIME_UNITS.iter();
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (_, unit) = units.find(|(name, _)| *name == &rest[..letters])?;
            total = total.checked_add(number.checked_mul(*unit)?)?;
            rest = &rest[letters..];
        }
        (!text.is_empty()).then_some(Self(total))
    }
}

impl std::fmt::Display for Millis {
    /// As it would be written: `1h30m`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (name, unit) in TIME_UNITS {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl Bytes {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = text[..digits].parse().ok()?;
        let unit = text[digits..].trim_start();
        let (_, unit) = BYTE_UNITS.iter().find(|(name, _)| *name == unit)?;
        number.checked_mul(*unit).map(Self)
    }
}

impl Shape for Millis {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let read = node.scalar().and_then(Self::parse);
        report.expected(
            read,
            node,
            say!(
                "a duration such as `60s`, `5m`, `1h30m` or `500ms`",
                "una durata come `60s`, `5m`, `1h30m` o `500ms`"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text("^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$")
    }
}

impl Shape for Bytes {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let read = node.scalar().and_then(Self::parse);
        report.expected(
            read,
            node,
            say!("a size such as `512MiB` or `1GiB`", "una dimensione come `512MiB` o `1GiB`"),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text("^[0-9]+ ?(KiB|MiB|GiB|TiB)$")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_say_their_units() {
        for (text, ms) in [
            ("60s", 60_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("500ms", 500),
            ("1m500ms", 60_500),
            ("1d", 86_400_000),
            ("0s", 0),
        ] {
            assert_eq!(Millis::parse(text), Some(Millis(ms)), "{text}");
        }
        for bad in [
            "",
            "60",
            "s",
            "1.5s",
            "-1s",
            "30m1h",
            "1h1h",
            "60 s",
            "1y",
            "99999999999999999999s",
            "9999999999999d",
        ] {
            assert_eq!(Millis::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_binary() {
        assert_eq!(Bytes::parse("512MiB"), Some(Bytes(536_870_912)));
        assert_eq!(Bytes::parse("1 GiB"), Some(Bytes(1 << 30)));
        for bad in ["", "1", "1GB", "GiB", "1.5GiB", "99999999TiB"] {
            assert_eq!(Bytes::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_duration_shown_reads_back(ms in 0_u64..10_000_000_000) {
            prop_assert_eq!(Millis::parse(&Millis(ms).to_string()), Some(Millis(ms)));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,12}") {
            let _ = (Millis::parse(&text), Bytes::parse(&text));
        }
    }
}
