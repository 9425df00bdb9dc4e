//! Single values: texts, numbers, names, shares, days, addresses.

use std::net::SocketAddr;

use jiff::civil::Date;
use serde_json::json;

use crate::text::{Text, say};
use crate::yaml::nearest;
use crate::yaml::node::{Node, Value};
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{Report, Shape};
use crate::{
    Concern, DnsFlag, DnsTransport, Family, Fraction, HostPort, Id, LateEntries, Maintenance, Quorum,
    RecordMatch, Severity, Unknown, Vote,
};

/// A type that is written as one of a few words: how it is read, and its schema.
macro_rules! words {
    ($type:ty, $en:literal, $it:literal, [$($word:literal => $value:expr),* $(,)?]) => {
        impl $crate::yaml::shape::Shape for $type {
            fn read(
                node: &$crate::yaml::node::Node,
                report: &mut $crate::yaml::shape::Report<'_>,
            ) -> Option<Self> {
                let words = [$(($word, $value)),*];
                $crate::yaml::scalar::one_of(node, $crate::text::say!($en, $it), &words, report)
            }

            fn schema(_: &mut $crate::yaml::schema::Definitions) -> serde_json::Value {
                $crate::yaml::schema::words([$($word),*])
            }
        }
    };
}
pub(crate) use words;

impl Shape for String {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let text = node.scalar().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        report.expected(text, node, say!("a text", "un testo"))
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::scalar()
    }
}

impl Shape for bool {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let value = if let Value::Bool(value) = node.value { Some(value) } else { None };
        report.expected(value, node, say!("`true` or `false`", "`true` o `false`"))
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        json!({"type": "boolean"})
    }
}

impl Shape for u32 {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let number = node.scalar().and_then(|text| text.parse().ok());
        report.expected(number, node, say!("a whole number", "un numero intero"))
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        json!({"type": "integer", "minimum": 0})
    }
}

impl Shape for Id {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let Some(text) = node.scalar() else { return report.expected(None, node, say!("a name", "un nome")) };
        match Self::new(text) {
            Ok(id) => Some(id),
            Err(error) => {
                report.problem(node.at, error.text());
                None
            }
        }
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text(schema::NAME)
    }
}

impl Shape for Fraction {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let share = node.scalar().and_then(Self::from_percent);
        report.expected(
            share,
            node,
            say!("a percentage such as `98%` or `99.5%`", "una percentuale come `98%` o `99.5%`"),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text("^[0-9]{1,3}([.,][0-9]{1,6})? ?%$")
    }
}

impl Shape for Quorum {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let quorum = node.scalar().and_then(Self::parse);
        report.expected(
            quorum,
            node,
            say!(
                "`any`, `all`, `all but 1`, `at least 2`, `2 of 3`, `at least 80%` or `at least 67% by weight`",
                "`any` (uno basta), `all` (tutti), `all but 1`, `at least 2`, `2 of 3`, `at least 80%` o `at least 67% \
                 by weight` (a peso)"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text(
            "^(any|all|all but [0-9]+|at least [0-9]+|[0-9]+ of [0-9]+|at least [0-9.,]+%( by weight)?)$",
        )
    }
}

impl Shape for Vote {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let Some(text) = node.scalar() else {
            let what = say!(
                "how witnesses vote, such as `half down` (who probes is said with `from`)",
                "come votano i testimoni, per esempio `half down` (chi osserva si dice con `from`)"
            );
            return report.expected(None, node, what);
        };
        report.expected(
            Self::parse(text),
            node,
            say!(
                "how witnesses vote, such as `majority down`, `half down`, `any down`, `all down`, `2 down` or `half \
                 down, 2 known`",
                "come votano i testimoni: `majority down` (più di metà), `half down` (almeno metà), `any down` (ne basta \
                 uno), `all down` (tutti), `2 down` o `half down, 2 known`"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text("^(majority|half|any|all|[0-9]+) down(, [0-9]+ known)?$")
    }
}

impl Shape for Date {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        // Exactly YYYY-MM-DD: jiff alone would also take a date with a time behind it.
        let written = node.scalar().filter(|text| text.len() == 10);
        let day = written.and_then(|text| text.parse().ok());
        let is_form = |text: &&str| {
            text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
        };
        if let (None, Some(text)) = (day, written.filter(is_form)) {
            let message = say!("there is no such day as `{text}`", "il giorno `{text}` non esiste");
            report.problem(node.at, message);
            return None;
        }
        report.expected(
            day,
            node,
            say!(
                "a day such as `2027-01-31` (year, month, day)",
                "un giorno come `2027-01-31` (anno, mese, giorno)"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    }
}

impl Shape for HostPort {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let address = node.scalar().and_then(|text| Self::parse(text, None));
        report.expected(
            address,
            node,
            say!(
                "an address such as `10.0.0.20:443` or `host.example:443`",
                "un indirizzo come `10.0.0.20:443` o `host.example:443`"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text(":[0-9]+$")
    }
}

impl Shape for SocketAddr {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let address = node.scalar().and_then(|text| text.parse().ok());
        report.expected(
            address,
            node,
            say!(
                "an IP address and port such as `127.0.0.1:8080` or `\"[::1]:8080\"`",
                "un indirizzo IP con la porta, come `127.0.0.1:8080` o `\"[::1]:8080\"`"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text(":[0-9]+$")
    }
}

words! { Family, "family", "la famiglia", ["v4" => Family::V4, "v6" => Family::V6, "both" => Family::Both] }

words! { DnsTransport, "transport", "il trasporto", ["udp" => DnsTransport::Udp, "tcp" => DnsTransport::Tcp, "tls" => DnsTransport::Tls, "both" => DnsTransport::Both] }

words! { RecordMatch, "way of matching", "il confronto", ["any" => RecordMatch::Any, "all" => RecordMatch::All, "exact" => RecordMatch::Exact, "none" => RecordMatch::None] }

impl Shape for DnsFlag {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        one_of(node, say!("flag", "l'indicatore"), &Self::ALL, report)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::words(Self::ALL.iter().map(|(word, _)| *word))
    }
}

words! { Maintenance, "reading of maintenance", "la lettura delle manutenzioni", ["counts" => Maintenance::Counts, "excluded" => Maintenance::Excluded, "excluded_down" => Maintenance::ExcludedDown, "as_up" => Maintenance::AsUp] }

words! { Unknown, "reading of time that nobody observed", "la lettura del tempo non osservato", ["apart" => Unknown::Apart, "down" => Unknown::Down, "up" => Unknown::Up] }

words! { LateEntries, "reading of late entries", "la lettura delle registrazioni tardive", ["recorded" => LateEntries::Recorded, "effective" => LateEntries::Effective] }

words! { Severity, "severity", "la gravità", ["page" => Severity::Page, "ticket" => Severity::Ticket, "trend" => Severity::Trend] }

words! { Concern, "matter to be told of", "l'argomento di un avviso", ["page" => Concern::Page, "ticket" => Concern::Ticket, "morning" => Concern::Morning, "digest" => Concern::Digest] }

/// One of a few words.
pub(crate) fn one_of<T: Copy>(
    node: &Node,
    what: Text,
    words: &[(&str, T)],
    report: &mut Report<'_>,
) -> Option<T> {
    let word = node.scalar().unwrap_or_default();
    let found = words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        report.problem(node.at, nearest::unknown_value(what, word, &known));
    }
    found
}
