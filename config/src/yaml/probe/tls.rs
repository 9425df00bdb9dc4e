//! The keys below `tls:`, of whichever kind of probe speaks it.

use crate::text::say;
use crate::yaml::duration::Millis;
use crate::yaml::node::{Node, Value};
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Report, Shape, shape};

shape! {
    /// How TLS is judged.
    TlsKeys {
        /// A file with the only authorities to trust.
        authority: decisive At<String>,
        /// The name to send and to find in the certificate.
        name: decisive At<String>,
        /// With less left, a certificate wants attention.
        warn: decisive At<Millis>,
    }
}

/// `tls: true`, `tls: false`, or how it is judged: for a probe that can do without.
#[derive(Debug)]
pub(crate) enum TlsSwitch {
    /// Plain.
    Off,
    /// Spoken, and judged like this.
    On(TlsKeys),
}

impl Shape for TlsSwitch {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        match &node.value {
            Value::Bool(false) => Some(Self::Off),
            Value::Bool(true) => Some(Self::On(TlsKeys { authority: None, name: None, warn: None })),
            Value::Map(_) => TlsKeys::read(node, report).map(Self::On),
            _ => report.expected(
                None,
                node,
                say!("`true`, `false`, or a map with keys", "`true`, `false`, o una mappa di chiavi"),
            ),
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let keys = TlsKeys::schema(definitions);
        schema::any([serde_json::json!({"type": "boolean"}), keys])
    }
}
