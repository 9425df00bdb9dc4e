//! The keys of `probe: tcp`.

use crate::text::say;
use crate::yaml::node::Node;
use crate::yaml::probe::tls::TlsSwitch;
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Report, Shape, shape};
use crate::{Family, WireText};

shape! {
    /// `probe: tcp`
    TcpKeys {
        /// Said after connecting.
        send: decisive At<WireText>,
        /// Waited for.
        expect: decisive At<WireText>,
        /// Must not come before that.
        reject: decisive At<WireText>,
        /// More than one of these in a row.
        steps: decisive At<Vec<At<StepKeys>>>,
        /// Is TLS spoken, and how is it judged?
        tls: decisive At<TlsSwitch>,
        /// Must the port be closed?
        expect_closed: optional At<bool>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

shape! {
    /// One of `steps:`
    StepKeys {
        /// Said.
        send: decisive At<WireText>,
        /// Waited for.
        expect: decisive At<WireText>,
        /// Must not come before that.
        reject: decisive At<WireText>,
    }
}

impl Shape for WireText {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        // Not trimmed: spaces and line ends are part of what crosses the wire.
        let text = node.scalar().and_then(Self::parse);
        let what = say!(
            "a text, with `\\r`, `\\n`, `\\t`, `\\0`, `\\\\` or `\\xNN` for bytes that are none",
            "un testo, con `\\r`, `\\n`, `\\t`, `\\0`, `\\\\` o `\\xNN` per i byte che non lo sono"
        );
        report.expected(text, node, what)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::scalar()
    }
}
