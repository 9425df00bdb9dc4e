//! How the request is made: method, headers, credentials.

use crate::check::bounds::HEADERS_MAX;
use crate::text::say;
use crate::yaml::nearest;
use crate::yaml::probe::{HttpKeys, Pairs};
use crate::yaml::shape::{At, Report};
use crate::{HttpAuth, HttpAuthScheme, HttpHeader};

/// Those that change nothing (RFC 9110, 9.2.1).
const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// Those that may change something.
const MUTATING: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

/// Written by the agent itself, or meant for one connection only.
const OWN_HEADERS: [&str; 8] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "upgrade",
    "accept-encoding",
    "expect",
];

/// Headers that carry nothing but secrets.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// A query that needs a body (`POST`) is fine; all else that is not safe must be wanted.
pub(super) fn method(keys: &HttpKeys, report: &mut Report<'_>) -> Option<String> {
    let Some(key) = &keys.method else {
        if let Some(body) = &keys.body {
            let message = say!(
                "a `body` needs `method: POST`, or another that has one",
                "`body` vuole `method: POST`, o un altro che ne ha"
            );
            report.problem(body.at, message);
            return None;
        }
        return Some("GET".to_owned());
    };
    let method = key.value.as_str();
    if !SAFE.contains(&method) && !MUTATING.contains(&method) {
        let known = [SAFE.as_slice(), MUTATING.as_slice()].concat();
        report.problem(key.at, nearest::unknown_value(say!("method", "il metodo"), method, &known));
        return None;
    }
    if SAFE.contains(&method) && keys.body.is_some() {
        let message = say!("`{method}` has no `body`", "`{method}` non ha `body`");
        report.problem(key.at, message);
        return None;
    }
    let is_query = method == "POST" && keys.body.is_some();
    if !SAFE.contains(&method) && !is_query && keys.mutates != Some(true) {
        let message = say!(
            "`{method}` may change something at every sample; if it may, say `mutates: true`",
            "`{method}` può modificare qualcosa a ogni campione; se va bene, scrivi `mutates: true`"
        );
        report.problem(key.at, message);
        return None;
    }
    Some(method.to_owned())
}

pub(in crate::resolve::ask) fn headers(
    keys: Option<&Pairs<At<String>>>,
    report: &mut Report<'_>,
) -> Option<Vec<HttpHeader>> {
    let mut headers = Vec::new();
    let mut sound = true;
    if let Some((name, _)) = keys.and_then(|keys| keys.0.get(HEADERS_MAX)) {
        let message =
            say!("at most {HEADERS_MAX} headers are sent", "si inviano al più {HEADERS_MAX} intestazioni");
        report.problem(name.at, message);
        sound = false;
    }
    for (name, value) in keys.map(|keys| keys.0.as_slice()).unwrap_or_default() {
        sound &= is_header(name, report) && is_sendable(name, value, report);
        headers.push(HttpHeader { name: name.value.clone(), value: value.value.clone() });
    }
    sound.then_some(headers)
}

/// A token (RFC 9110, 5.6.2).
pub(super) fn is_header(name: &At<String>, report: &mut Report<'_>) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let sound = !name.value.is_empty() && name.value.bytes().all(is_token);
    if !sound {
        let message =
            say!("`{}` is not the name of a header", "`{}` non è il nome di un'intestazione", name.value);
        report.problem(name.at, message);
    }
    sound
}

fn is_sendable(name: &At<String>, value: &At<String>, report: &mut Report<'_>) -> bool {
    let lower = name.value.to_ascii_lowercase();
    let message = if SECRET_HEADERS.contains(&lower.as_str()) {
        say!(
            "`{}` carries a secret, and no secret stands in this file; use `auth` and `secret`",
            "`{}` porta un segreto, e in questo file non ne stanno; usa `auth` e `secret`",
            name.value
        )
    } else if OWN_HEADERS.contains(&lower.as_str()) {
        say!(
            "the header `{}` is written by the agent itself",
            "l'intestazione `{}` la scrive la sonda stessa",
            name.value
        )
    } else if value.value.bytes().any(|byte| !(0x20..0x7f).contains(&byte)) {
        say!("a header's value is printable ASCII", "il valore di un'intestazione è ASCII stampabile")
    } else {
        return true;
    };
    report.problem(name.at, message);
    false
}

/// One of `auth`, `secret` and `user` is there.
pub(super) fn auth(keys: &HttpKeys, report: &mut Report<'_>) -> Option<HttpAuth> {
    let (Some(scheme), Some(secret)) = (&keys.auth, &keys.secret) else {
        let at = keys.auth.as_ref().map(|key| key.at).or(keys.secret.as_ref().map(|key| key.at));
        let at = at.or(keys.user.as_ref().map(|key| key.at))?;
        let message = say!(
            "`auth: basic` or `auth: bearer` and `secret: NAME` go together; the name is that of a file of the agent",
            "`auth: basic` o `auth: bearer` e `secret: NOME` vanno insieme; il nome è quello di un file della sonda"
        );
        report.problem(at, message);
        return None;
    };
    if let (HttpAuthScheme::Bearer, Some(user)) = (scheme.value, &keys.user) {
        let message = say!("a bearer has no `user`", "con `bearer` non c'è `user`");
        report.problem(user.at, message);
        return None;
    }
    if let Some(user) = keys.user.as_ref().filter(|user| user.value.contains(':')) {
        let message =
            say!("a user's name has no `:` (RFC 7617)", "il nome di un utente non ha `:` (RFC 7617)");
        report.problem(user.at, message);
        return None;
    }
    let user = keys.user.as_ref().map(|user| user.value.clone());
    Some(HttpAuth { scheme: scheme.value, user, secret: secret.value.clone() })
}
