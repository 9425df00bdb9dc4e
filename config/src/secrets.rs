//! No secret stands in a charter: it is shown to people, copied, and kept in the journal for years.
//!
//! Looked for before anything else is read, over the whole tree: a message about a value could repeat it.

use crate::Id;
use crate::mask::{SECRET_KEYS, masked, secret_of_query};
use crate::problem::LINE_BYTES_MAX;
use crate::text::{Text, say};
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::shape::Report;

/// Reports each value in clear: under a key such as `password`, in a URL, in what a probe says.
pub(crate) fn refuse(node: &Node, report: &mut Report<'_>) {
    match &node.value {
        Value::List(nodes) => nodes.iter().for_each(|node| refuse(node, report)),
        Value::Map(entries) => {
            for entry in entries {
                if report.is_full() {
                    return;
                }
                if let Some(message) = in_clear(entry) {
                    report.problem(entry.key_at, message);
                    continue;
                }
                // What headers may carry is judged with their probe, which knows how else to say it.
                let key = entry.key.as_str();
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
        Value::Text(text) if text.contains("://") => {
            if let Some(message) = in_url(text) {
                report.problem(node.at, message);
            }
        }
        Value::Nothing | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// The secret that a URL carries in its query.
pub(crate) fn in_url(url: &str) -> Option<Text> {
    let name = secret_of_query(url)?;
    Some(say!(
        "a URL with `{name}=` in clear; no secret stands in this file: use `auth: bearer` and `secret: NAME`, a file of \
         the agent",
        "un URL con `{name}=` in chiaro; in questo file non sta nessun segreto: usa `auth: bearer` e `secret: NOME`, un \
         file della sonda"
    ))
}

fn in_clear(entry: &Entry) -> Option<Text> {
    let key = entry.key.as_str();
    // `${name}` stands for what a journey has taken out of a page.
    let text = entry.node.scalar().filter(|text| !(text.starts_with("${") && text.ends_with('}')))?;
    if SECRET_KEYS.contains(&key.to_lowercase().as_str()) {
        return Some(say!(
            "`{key}` holds a secret in clear; no secret stands in this file: write `secret: NAME`, a file of the agent",
            "`{key}` contiene un segreto in chiaro; in questo file non sta nessun segreto: scrivi `secret: NOME`, un \
             file della sonda"
        ));
    }
    match key {
        "secret" if Id::new(text).is_err() => Some(say!(
            "`secret` is the name of a file of the agent (lower-case letters, digits, `_`, `-`), not the secret itself",
            "`secret` è il nome di un file della sonda (lettere minuscole, cifre, `_`, `-`), non il segreto stesso"
        )),
        "send" if logs_in(text) => Some(say!(
            "a login in clear; no secret stands in this file, and `probe: tcp` has none to send",
            "un accesso in chiaro; in questo file non sta nessun segreto, e `probe: tcp` non ne ha da inviare"
        )),
        "body" if carries(text) => Some(say!(
            "the `body` holds a secret in clear; no secret stands in this file: use `auth` and `secret: NAME`, a file of \
             the agent",
            "il `body` contiene un segreto in chiaro; in questo file non sta nessun segreto: usa `auth` e `secret: NOME`, \
             un file della sonda"
        )),
        _ => None,
    }
}

/// Does a body carry a value under a key such as `password`? Its first lines of a usual length are looked at: a
/// file that is made to take long must not.
fn carries(body: &str) -> bool {
    let mut lines = body.lines().take(BODY_LINES_MAX).filter(|line| line.len() <= LINE_BYTES_MAX);
    lines.any(|line| masked(line) != line)
}

/// Lines of a body that are looked at.
const BODY_LINES_MAX: usize = 64;

/// Does a line of a dialogue carry credentials: `AUTH` (SMTP, Redis), `PASS` (POP3, FTP), `LOGIN` (IMAP)?
fn logs_in(text: &str) -> bool {
    let text = text.replace("\\r", "\n").replace("\\n", "\n");
    text.lines().any(|line| {
        let words: Vec<String> = line.split_whitespace().map(str::to_ascii_uppercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        matches!(words.as_slice(), ["AUTH" | "PASS", _, ..] | [_, "LOGIN" | "AUTHENTICATE", _, ..])
    })
}
