//! No secret stands in a charter: it is shown to people, copied, and kept in the journal for years.
//!
//! Looked for before anything else is read, over the whole tree: a message about a value could repeat it.

use crate::mask::{SECRET_KEYS, masked, secret_of_query};
use crate::problem::LINE_BYTES_MAX;
use crate::text::{Text, say};
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::shape::Report;
use crate::{Id, Webhook};

/// Reports each value in clear: under a key such as `password`, in a URL, in what a probe says.
pub(crate) fn refuse(node: &Node, report: &mut Report<'_>) {
    refuse_of(node, None, report);
}

/// Who has the file that a secret should be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Agent,
    Collector,
}

impl Whose {
    fn file(self) -> Text {
        match self {
            Self::Agent => say!("a file of the agent", "un file della sonda"),
            Self::Collector => say!("a file of the collector", "un file del collettore"),
        }
    }
}

/// `whose` is not known at the top of the file.
fn refuse_of(node: &Node, whose: Option<Whose>, report: &mut Report<'_>) {
    match &node.value {
        Value::List(nodes) => nodes.iter().for_each(|node| refuse_of(node, whose, report)),
        Value::Map(entries) => {
            for entry in entries {
                if report.is_full() {
                    return;
                }
                // A relay's and a webhook's secrets are the collector's.
                let own = matches!(entry.key.as_str(), "collector" | "alerting");
                let whose = whose.unwrap_or(if own { Whose::Collector } else { Whose::Agent });
                if let Some(message) = in_clear(entry, whose) {
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
                    refuse_of(&entry.node, Some(whose), report);
                } else {
                    report.within(key, |report| refuse_of(&entry.node, Some(whose), report));
                }
            }
        }
        Value::Text(text) if text.contains("://") => {
            if let Some(message) = in_url_of(text, whose.unwrap_or(Whose::Agent)) {
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

/// The collector fills in its own secrets where their place is.
fn in_url_of(url: &str, whose: Whose) -> Option<Text> {
    if whose == Whose::Agent {
        return in_url(url);
    }
    let url = url.replace(Webhook::SECRET, "");
    let name = secret_of_query(&url)?;
    Some(say!(
        "a URL with `{name}=` in clear; no secret stands in this file: write `{name}={{secret}}`, and `webhook_secret: \
         NAME`, a file of the collector",
        "un URL con `{name}=` in chiaro; in questo file non sta nessun segreto: scrivi `{name}={{secret}}`, e \
         `webhook_secret: NOME`, un file del collettore"
    ))
}

fn in_clear(entry: &Entry, whose: Whose) -> Option<Text> {
    let file = whose.file();
    let key = entry.key.as_str();
    // `${name}` stands for what a journey has taken out of a page.
    let text = entry.node.scalar().filter(|text| !(text.starts_with("${") && text.ends_with('}')))?;
    if SECRET_KEYS.contains(&key.to_lowercase().as_str()) {
        return Some(say!(
            "`{key}` holds a secret in clear; no secret stands in this file: write `secret: NAME`, {file}",
            "`{key}` contiene un segreto in chiaro; in questo file non sta nessun segreto: scrivi `secret: NOME`, {file}"; file
        ));
    }
    match key {
        "secret" | "webhook_secret" if Id::new(text).is_err() => Some(say!(
            "`{key}` is the name of {file} (lower-case letters, digits, `_`, `-`), not the secret itself",
            "`{key}` è il nome di {file} (lettere minuscole, cifre, `_`, `-`), non il segreto stesso"; file
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
