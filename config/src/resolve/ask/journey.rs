//! `probe: journey`: steps, judged once, and the place they begin from.

use std::path::Path;

use super::{family_of, http, tls};
use crate::text::{Text, say};
use crate::yaml::probe::{ExtractKeys, JourneyExpectKeys, JourneyKeys, JourneyStepKeys, Pairs};
use crate::yaml::shape::{At, Report};
use crate::{
    Extract, ExtractFrom, Family, HttpAnswer, JourneyBody, JourneyField, JourneyParams, JourneyStep,
    JourneyValue, SamlRequest,
};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: JourneyParams,
    family: Option<At<Family>>,
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<JourneyParams> {
        let (host, _) = http::url(target, "journey", report)?;
        let family = family_of(&host, self.family.as_ref(), report)?;
        Some(JourneyParams { url: target.value.clone(), family, ..self.params.clone() })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &JourneyKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let steps = &keys.steps.value.0;
    let hosts = http::hosts(keys.hosts.as_deref(), report);
    let tls = tls::tls(keys.tls.as_ref(), folder, report);
    if steps.is_empty() || steps.len() > JourneyParams::STEPS_MAX {
        let message = say!(
            "{} steps; a journey has from 1 to {}",
            "{} passi; un percorso ne ha da 1 a {}",
            steps.len(),
            JourneyParams::STEPS_MAX
        );
        report.problem(keys.steps.at, message);
        return None;
    }
    let mut known: Vec<String> = Vec::new();
    let mut read = Vec::with_capacity(steps.len());
    for keys_of_step in steps {
        let step = step(keys_of_step, keys.mutates == Some(true), &known, report);
        known.extend(step.iter().flat_map(|step| &step.extract).map(|one| one.name.to_string()));
        read.extend(step);
    }
    let all_sound = read.len() == steps.len();
    let params = JourneyParams {
        url: String::new(), // `of` puts the target's in place
        steps: Some(read).filter(|_| all_sound)?,
        hosts: hosts?,
        tls: tls?,
        family: Family::default(),
    };
    Some(Asked { params, family: keys.family.clone() })
}

fn step(
    keys: &At<JourneyStepKeys>,
    mutates: bool,
    known: &[String],
    report: &mut Report<'_>,
) -> Option<JourneyStep> {
    let own = &keys.value;
    let (method, url) = request(keys, mutates, report)?;
    let body = body(own, method, report)?;
    let headers = http::sent_headers(own.headers.as_ref(), report)?;
    let texts = headers.iter().map(|header| header.value.as_str()).chain([url.value.as_str()]);
    let fields = match &body {
        JourneyBody::Form(fields) | JourneyBody::Json(fields) => fields.as_slice(),
        JourneyBody::None | JourneyBody::Text(_) => &[],
    };
    let values = fields.iter().filter_map(|field| match &field.value {
        JourneyValue::Text(text) => Some(text.as_str()),
        JourneyValue::Secret(_) => None,
    });
    let as_it_stands = if let JourneyBody::Text(text) = &body { Some(text.as_str()) } else { None };
    if let Some(unknown) =
        texts.chain(values).chain(as_it_stands).flat_map(placeholders).find(|name| !known.contains(name))
    {
        let message = say!(
            "`${{{unknown}}}` is taken out of no step before this one (`extract`)",
            "`${{{unknown}}}` non è estratto in nessun passo prima di questo (`extract`)"
        );
        report.problem(url.at, message);
        return None;
    }
    let (status, answer, redirect, saml_request) = expectations(own.expect.as_ref(), report)?;
    Some(JourneyStep {
        name: own.name.value.clone(),
        method: method.to_owned(),
        url: url.value.clone(),
        headers,
        body,
        status,
        answer,
        redirect,
        saml_request,
        extract: extracts(own, report)?,
        always: own.always == Some(true),
        warn_ms: own.warn.as_ref().map(|warn| warn.value.0),
    })
}

/// A `post` may change something, and says so once for the whole journey.
fn request<'k>(
    keys: &'k At<JourneyStepKeys>,
    mutates: bool,
    report: &mut Report<'_>,
) -> Option<(&'static str, &'k At<String>)> {
    let (method, url) = match (&keys.value.get, &keys.value.post) {
        (Some(url), None) => ("GET", url),
        (None, Some(url)) => ("POST", url),
        _ => {
            let message =
                say!("a step is either `get: URL` or `post: URL`", "un passo è `get: URL` o `post: URL`");
            report.problem(keys.at, message);
            return None;
        }
    };
    let message: Text = if method == "POST" && !mutates {
        say!(
            "a `post` may change something at every sample, be it a session; if it may, say `mutates: true` beside `steps`",
            "un `post` può modificare qualcosa a ogni campione, anche solo una sessione; se va bene, scrivi `mutates: \
             true` accanto a `steps`"
        )
    } else if url.value.contains("://") || url.value.starts_with('/') || url.value.starts_with("${") {
        return Some((method, url));
    } else {
        say!(
            "`{}` is neither a path (`/login`) nor a URL",
            "`{}` non è né un percorso (`/login`) né un URL",
            url.value
        )
    };
    report.problem(url.at, message);
    None
}

fn body(keys: &JourneyStepKeys, method: &str, report: &mut Report<'_>) -> Option<JourneyBody> {
    let fields = |pairs: &Pairs<JourneyValue>| {
        let field = |(name, value): &(At<String>, JourneyValue)| JourneyField {
            name: name.value.clone(),
            value: value.clone(),
        };
        pairs.0.iter().map(field).collect()
    };
    match (&keys.form, &keys.json, &keys.body) {
        (None, None, None) => Some(JourneyBody::None),
        (Some(form), None, None) if method == "POST" => Some(JourneyBody::Form(fields(form))),
        (None, Some(json), None) if method == "POST" => Some(JourneyBody::Json(fields(json))),
        (None, None, Some(text)) if method == "POST" => Some(JourneyBody::Text(text.value.clone())),
        _ => {
            let message = say!(
                "one of `form`, `json` and `body`, and only with `post`",
                "uno solo tra `form`, `json` e `body`, e solo con `post`"
            );
            report.problem(keys.name.at, message);
            None
        }
    }
}

type Expectations = (Vec<String>, HttpAnswer, Option<String>, Option<SamlRequest>);

/// The same words as of `probe: http`, judged by the same rules.
fn expectations(keys: Option<&JourneyExpectKeys>, report: &mut Report<'_>) -> Option<Expectations> {
    let Some(keys) = keys else { return Some((http::success(), HttpAnswer::default(), None, None)) };
    let leads_on = keys.redirect.is_some();
    let status = match &keys.status {
        Some(status) => http::statuses(Some(status), report)?,
        None if leads_on => vec!["3xx".to_owned()],
        None => http::success(),
    };
    if let Some(redirect) = keys.redirect.as_ref().filter(|redirect| !redirect.value.contains("://")) {
        let message = say!(
            "`redirect` is a URL: its host, and what its path begins with",
            "`redirect` è un URL: l'host, e l'inizio del percorso"
        );
        report.problem(redirect.at, message);
        return None;
    }
    let answer = http::answered(
        keys.text.as_deref(),
        keys.no_text.as_deref(),
        keys.json.as_ref(),
        keys.header.as_ref(),
        report,
    )?;
    let saml_request = keys.saml_request.as_ref().map(|keys| SamlRequest {
        destination: keys.value.destination.as_ref().map(|key| key.value.clone()),
        issuer: keys.value.issuer.as_ref().map(|key| key.value.clone()),
    });
    Some((status, answer, keys.redirect.as_ref().map(|key| key.value.clone()), saml_request))
}

fn extracts(keys: &JourneyStepKeys, report: &mut Report<'_>) -> Option<Vec<Extract>> {
    let Some(named) = &keys.extract else { return Some(Vec::new()) };
    let sound: Vec<Extract> = named
        .sound()
        .filter_map(|(name, keys)| Some(Extract { name: name.value.clone(), from: from(keys, report)? }))
        .collect();
    (sound.len() == named.count()).then_some(sound)
}

fn from(keys: &At<ExtractKeys>, report: &mut Report<'_>) -> Option<ExtractFrom> {
    let value = |key: &At<String>| key.value.clone();
    let ExtractKeys { field, json, header, after, before } = &keys.value;
    match (field, json, header, after, before) {
        (Some(field), None, None, None, None) => Some(ExtractFrom::Field(value(field))),
        (None, Some(json), None, None, None) if json.value.starts_with('/') => {
            Some(ExtractFrom::Json(value(json)))
        }
        (None, None, Some(header), None, None) => Some(ExtractFrom::Header(value(header))),
        (None, None, None, Some(after), Some(before)) => {
            Some(ExtractFrom::Between { after: value(after), before: value(before) })
        }
        _ => {
            let message = say!(
                "one of `field: NAME`, `json: /PLACE`, `header: NAME`, or `after:` and `before:` together",
                "uno tra `field: NOME`, `json: /PUNTO`, `header: NOME`, oppure `after:` e `before:` insieme"
            );
            report.problem(keys.at, message);
            None
        }
    }
}

/// The names between `${` and `}`.
fn placeholders(text: &str) -> impl Iterator<Item = String> {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    names.map(|(name, _)| name.to_owned())
}
