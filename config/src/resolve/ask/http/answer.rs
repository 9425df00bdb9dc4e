//! What the answer must be beyond its status.

use super::request::is_header;
use crate::text::say;
use crate::yaml::duration::Bytes;
use crate::yaml::probe::{HttpKeys, JsonScalar, Pairs};
use crate::yaml::shape::{At, Report};
use crate::{HeaderIs, HeaderWish, HttpAnswer, JsonWish};

/// So much of a body is read.
const BODY_BYTES_MAX: Bytes = Bytes(1 << 20);

/// Judges the keys about the answer to a request by `method`.
pub(super) fn answer(keys: &HttpKeys, method: Option<&str>, report: &mut Report<'_>) -> Option<HttpAnswer> {
    let headers = headers(keys.expect_headers.as_ref(), report);
    let json = json(keys.json.as_ref(), report);
    let (min, max) = keys.size.as_ref().map_or((None, None), |size| (size.min.as_ref(), size.max.as_ref()));
    let sized = is_size(min, max, report);
    let answer = HttpAnswer {
        headers: headers?,
        text: texts(keys.text.as_deref()),
        no_text: texts(keys.no_text.as_deref()),
        json: json?,
        bytes_min: min.map(|min| min.value.0),
        bytes_max: max.map(|max| max.value.0),
    };
    let of_body = HttpAnswer { headers: Vec::new(), ..answer.clone() };
    if let Some(key) = keys.method.as_ref().filter(|_| method == Some("HEAD") && !of_body.is_default()) {
        let message = say!(
            "`HEAD` brings no body to judge; use `GET`",
            "`HEAD` non porta un corpo da giudicare; usa `GET`"
        );
        report.problem(key.at, message);
        return None;
    }
    sized.then_some(answer)
}

/// What an answer must be, of keys that stand elsewhere than beside `probe: http`.
pub(in crate::resolve::ask) fn answered(
    text: Option<&[At<String>]>,
    no_text: Option<&[At<String>]>,
    in_json: Option<&Pairs<JsonScalar>>,
    in_headers: Option<&Pairs<HeaderIs>>,
    report: &mut Report<'_>,
) -> Option<HttpAnswer> {
    let (headers, json) = (headers(in_headers, report), json(in_json, report));
    let answer = HttpAnswer { text: texts(text), no_text: texts(no_text), ..HttpAnswer::default() };
    Some(HttpAnswer { headers: headers?, json: json?, ..answer })
}

fn texts(keys: Option<&[At<String>]>) -> Vec<String> {
    keys.unwrap_or_default().iter().map(|key| key.value.clone()).collect()
}

fn headers(keys: Option<&Pairs<HeaderIs>>, report: &mut Report<'_>) -> Option<Vec<HeaderWish>> {
    let mut wishes = Vec::new();
    let mut sound = true;
    for (name, is) in keys.map(|keys| keys.0.as_slice()).unwrap_or_default() {
        sound &= is_header(name, report);
        wishes.push(HeaderWish { name: name.value.clone(), is: is.clone() });
    }
    sound.then_some(wishes)
}

fn json(keys: Option<&Pairs<JsonScalar>>, report: &mut Report<'_>) -> Option<Vec<JsonWish>> {
    let mut wishes = Vec::new();
    let mut sound = true;
    for (pointer, value) in keys.map(|keys| keys.0.as_slice()).unwrap_or_default() {
        if !pointer.value.starts_with('/') {
            let message = say!(
                "`{}` is not a place in JSON; write it as `/status` or `/nodes/0/name` (RFC 6901)",
                "`{}` non è un punto del JSON; scrivilo come `/status` o `/nodes/0/name` (RFC 6901)",
                pointer.value
            );
            report.problem(pointer.at, message);
            sound = false;
        }
        wishes.push(JsonWish { pointer: pointer.value.clone(), value: value.0.clone() });
    }
    sound.then_some(wishes)
}

fn is_size(min: Option<&At<Bytes>>, max: Option<&At<Bytes>>, report: &mut Report<'_>) -> bool {
    if let Some(size) = [min, max].into_iter().flatten().find(|size| size.value > BODY_BYTES_MAX) {
        let message = say!("no more than 1MiB of a body is read", "di un corpo si legge non più di 1MiB");
        report.problem(size.at, message);
        return false;
    }
    if let (Some(min), Some(max)) = (min, max)
        && min.value > max.value
    {
        let message = say!("`min` is more than `max`", "`min` è più di `max`");
        report.problem(min.at, message);
        return false;
    }
    true
}
