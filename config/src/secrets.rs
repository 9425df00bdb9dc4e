//! No secret stands in a charter: it is shown to people, copied, and kept in the journal for years.
//!
//! Looked for before anything else is read, over the whole tree: a message about a value could repeat it.

use crate::problem::SECRET_KEYS;
use crate::text::say;
use crate::yaml::node::{Node, Value};
use crate::yaml::shape::Report;

/// Reports each value in clear under a key such as `password`.
pub(crate) fn refuse(node: &Node, report: &mut Report<'_>) {
    match &node.value {
        Value::List(nodes) => nodes.iter().for_each(|node| refuse(node, report)),
        Value::Map(entries) => {
            for entry in entries {
                if report.is_full() {
                    return;
                }
                let key = entry.key.as_str();
                if SECRET_KEYS.contains(&key.to_lowercase().as_str()) && entry.node.scalar().is_some() {
                    let message = say!(
                        "`{key}` holds a secret in clear; no secret stands in this file: secrets are files of the agent",
                        "`{key}` contiene un segreto in chiaro; in questo file non sta nessun segreto: i segreti sono \
                         file della sonda"
                    );
                    report.problem(entry.key_at, message);
                    continue;
                }
                // What headers may carry is judged with their probe, which knows how else to say it.
                if key == "headers" {
                    continue;
                }
                // The path of a problem is made of names; these keys stand between them.
                if matches!(key, "components" | "parts" | "targets") {
                    refuse(&entry.node, report);
                } else {
                    report.within(key, |report| refuse(&entry.node, report));
                }
            }
        }
        Value::Nothing | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}
