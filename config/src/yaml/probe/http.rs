//! The keys of `probe: http`.

use crate::text::say;
use crate::yaml::duration::{Bytes, Millis};
use crate::yaml::node::{Node, Value};
use crate::yaml::probe::TlsKeys;
use crate::yaml::scalar::words;
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Report, Shape, shape};
use crate::{Family, Fraction, HeaderIs, HttpAuthScheme, Id};

shape! {
    /// `probe: http`
    HttpKeys {
        /// `GET`, `HEAD`, `POST`…
        method: optional At<String>,
        /// May the request change something there?
        mutates: optional bool,
        /// Of the request.
        headers: decisive Pairs<At<String>>,
        /// Of the request.
        body: decisive At<String>,
        /// `basic` or `bearer`.
        auth: decisive At<HttpAuthScheme>,
        /// For `basic`.
        user: decisive At<String>,
        /// The name of a secret of the agent.
        secret: decisive At<Id>,
        /// Statuses that are up.
        status: optional Vec<At<String>>,
        /// What the answer's headers must be.
        expect_headers: decisive Pairs<HeaderIs>,
        /// What must be in the body.
        text: decisive Vec<At<String>>,
        /// What must not be in the body.
        no_text: decisive Vec<At<String>>,
        /// What the values of a JSON body must be.
        json: decisive Pairs<JsonScalar>,
        /// How large the body must be.
        size: decisive SizeKeys,
        /// How far the page may change.
        drift: decisive At<DriftKeys>,
        /// Which redirects are followed.
        redirects: decisive RedirectKeys,
        /// Connect there instead of where the name leads.
        connect: optional At<String>,
        /// Ask this server where the name leads.
        resolver: optional At<String>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

shape! {
    /// How large a body must be.
    SizeKeys {
        /// At least.
        min: decisive At<Bytes>,
        /// At most.
        max: decisive At<Bytes>,
    }
}

shape! {
    /// How far a page may change.
    DriftKeys {
        /// SHA-256 of the page's text, which must not change at all.
        pin: decisive At<String>,
        /// Of the words of the page before, so many must still be there.
        keeps: optional At<Fraction>,
        /// A changed page that stands for so long is the page from then on.
        settles: optional At<Millis>,
    }
}

shape! {
    /// Which redirects are followed.
    RedirectKeys {
        /// How many.
        max: decisive At<u32>,
        /// Where they may lead.
        hosts: decisive Vec<At<String>>,
        /// What the last URL begins with.
        end: decisive At<String>,
    }
}

/// A map whose keys are somebody else's words, in the file's order.
#[derive(Debug)]
pub(crate) struct Pairs<T>(pub(crate) Vec<(At<String>, T)>);

impl<T: Shape> Shape for Pairs<T> {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let what = say!("a map from names to values", "una mappa da nomi a valori");
            return report.expected(None, node, what);
        };
        let mut pairs = Vec::with_capacity(entries.len());
        for entry in entries {
            let value = T::read(&entry.node, report)?;
            pairs.push((At { at: entry.key_at, value: entry.key.clone() }, value));
        }
        Some(Self(pairs))
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        serde_json::json!({"type": "object", "additionalProperties": T::schema(definitions)})
    }
}

/// A value of JSON that is neither a list nor an object, as JSON writes it; a text without its quotes.
#[derive(Debug)]
pub(crate) struct JsonScalar(pub(crate) String);

impl Shape for JsonScalar {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let text = if node.value == Value::Nothing { Some("null") } else { node.scalar() };
        let what = say!(
            "a text, a number, `true`, `false` or `null`",
            "un testo, un numero, `true`, `false` o `null`"
        );
        report.expected(text.map(|text| Self(text.to_owned())), node, what)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::any([schema::scalar(), serde_json::json!({"type": "null"})])
    }
}

shape! {
    /// A part of a header's value.
    ContainsKeys {
        /// It must be there.
        contains: required String,
    }
}

impl Shape for HeaderIs {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        match &node.value {
            Value::Bool(true) => Some(Self::Present),
            Value::Bool(false) => Some(Self::Absent),
            Value::Map(_) => ContainsKeys::read(node, report).map(|keys| Self::Containing(keys.contains)),
            _ => {
                let text = node.scalar().map(|text| Self::Equal(text.to_owned()));
                let what = say!(
                    "`true` (present), `false` (absent), a whole value, or `{{contains: TEXT}}`",
                    "`true` (presente), `false` (assente), un valore intero, o `{{contains: TESTO}}`"
                );
                report.expected(text, node, what)
            }
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let contains = ContainsKeys::schema(definitions);
        schema::any([schema::scalar(), contains])
    }
}

words! { HttpAuthScheme, "scheme", "lo schema", ["basic" => HttpAuthScheme::Basic, "bearer" => HttpAuthScheme::Bearer] }
