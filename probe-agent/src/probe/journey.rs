//! `probe: journey`: requests in a row, as a visitor makes them: cookies are carried, values are taken out of one
//! answer and put into the next request, and the first step that fails is the verdict.
//!
//! A page that answers proves little about a portal whose login is broken; a form that is filled in does. There is no
//! browser: no script runs, and a portal that is nothing but script cannot be walked. Steps marked `always` (a
//! logout) are asked also after a failure, for which a share of the deadline is kept; that they fail is degraded.
//!
//! A secret goes where the agent's own file lets it, and rests once it is rejected, so that no account is locked.
//! Whether it was rejected no protocol says here: a step that sends one and does not get what it expects, for
//! another reason than a server's own failure, is taken for a rejection. Many a portal leads whoever it rejects on like
//! whoever it lets in, and shows it on the next page only; so when the step behind the one that sent it meets the
//! unexpected three times in a row, the secret rests as well. The price: a portal whose next page is broken by itself for
//! so long is asked again after that rest only.

mod saml_request;
mod text;

use std::sync::Arc;
use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{HostPort, HttpRedirects, JourneyBody, JourneyField, JourneyParams, JourneyStep, JourneyValue};
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::Url;
use tokio::time::{Instant, timeout_at};

use self::text::Values;
use super::http::answer::{Answer, Wishes};
use super::http::cookies::Cookies;
use super::http::exchange::{Way, exchange};
use super::http::place::Place;
use super::http::redirects::{self, Visit, is_same_host};
use super::http::request::{self, Keep};
use super::http::status::StatusPattern;
use super::{Asker, Attempted, Fault, Surroundings, Trace, attempts};
use crate::allowed::AllowedTargets;
use crate::secrets::Secret;
use crate::tls::{self, Tls};

/// Redirects that one step follows.
const REDIRECTS_MAX: u32 = 5;
/// Of the deadline, what steps that are always asked may have.
const CLEANUP_MAX: Duration = Duration::from_secs(5);

/// One journey.
#[derive(Debug)]
pub struct Journey {
    home: Place,
    tls: Tls,
    steps: Vec<Step>,
    redirects: HttpRedirects,
    family: config::Family,
    timeout: Duration,
}

#[derive(Debug)]
struct Step {
    /// `step2.login`.
    label: Arc<str>,
    asked: JourneyStep,
    method: Method,
    wishes: Wishes,
}

impl Journey {
    /// Reads what does not change once; `timeout` is an attempt's.
    pub fn new(params: JourneyParams, timeout: Duration) -> Result<Self, String> {
        let tls = Tls::new(&params.tls, &["http/1.1"])?;
        let home = Place::parse(&params.url, &tls)?;
        let steps = params.steps.into_iter().enumerate().map(|(at, step)| Step::new(at, step));
        let mut hosts = params.hosts;
        hosts.push(home.address.host.clone());
        Ok(Self {
            steps: steps.collect::<Result<_, _>>()?,
            redirects: HttpRedirects { max: REDIRECTS_MAX, hosts, end: None },
            family: params.family,
            home,
            tls,
            timeout,
        })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let began = Instant::now();
        let cleans_up = self.steps.iter().any(|step| step.asked.always);
        let kept = if cleans_up { CLEANUP_MAX.min(self.timeout / 4) } else { Duration::ZERO };
        let until = |step: &Step| {
            // A little less than all: who waits must hear of the failure, and not of the deadline.
            began + if step.asked.always { self.timeout * 49 / 50 } else { self.timeout.saturating_sub(kept) }
        };
        let mut walk = Walk::new(self, surroundings);
        let (mut failed, mut attention) = (None, None);
        for step in &self.steps {
            if failed.is_some() && !step.asked.always {
                continue;
            }
            trace.begin_step(Arc::clone(&step.label));
            let seen = if cleans_up {
                let limit_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
                let seen = timeout_at(until(step), walk.step(step, trace)).await;
                seen.unwrap_or_else(|_| Err(attempts::timed_out_in(trace.phase(), limit_ms)))
            } else {
                walk.step(step, trace).await
            };
            match seen {
                Ok(()) => {}
                Err(fault) if fault.verdict() == Verdict::Degraded => attention = attention.or(Some(fault)),
                Err(fault) if step.asked.always => {
                    let detail = format!("{}: {}: {}", step.label, fault.reason, fault.detail);
                    attention = attention.or(Some(Fault::degraded(Reason::JourneyCleanup, detail)));
                }
                Err(mut fault) => {
                    trace.fail_here();
                    fault.detail = format!("{}: {}", step.label, fault.detail);
                    failed = Some(fault);
                }
            }
        }
        if failed.is_none() {
            trace.end_step();
            walk.prove(&Ok(()));
        }
        failed.or(walk.attention.take()).or(attention).map_or(Ok(()), Err)
    }
}

impl Step {
    fn new(at: usize, asked: JourneyStep) -> Result<Self, String> {
        let status = asked.status.iter().map(|text| StatusPattern::parse(text));
        let status =
            status.collect::<Option<Vec<_>>>().ok_or_else(|| format!("`{}` has no status", asked.name))?;
        Ok(Self {
            label: Arc::from(format!("step{}.{}", at + 1, asked.name)),
            method: asked.method.parse().map_err(|_| format!("`{}` is not a method", asked.method))?,
            wishes: Wishes { status, answer: asked.answer.clone(), authenticates: sends_secret(&asked) },
            asked,
        })
    }

    /// The body is kept where it is judged, and shown nowhere where it may hold what only a session has.
    fn keep(&self, has_secrets: bool) -> Keep {
        let reads = self.wishes.are_of_body() || self.asked.saml_request.is_some();
        match (has_secrets || !self.asked.extract.is_empty(), reads) {
            (true, _) => Keep::Secret,
            (false, true) => Keep::Body,
            (false, false) => Keep::Nothing,
        }
    }
}

fn sends_secret(step: &JourneyStep) -> bool {
    let (JourneyBody::Form(fields) | JourneyBody::Json(fields)) = &step.body else { return false };
    fields.iter().any(|field| matches!(field.value, JourneyValue::Secret(_)))
}

/// What one attempt carries from step to step.
struct Walk<'a> {
    journey: &'a Journey,
    surroundings: &'a Surroundings,
    cookies: Cookies,
    values: Values,
    has_sent_secrets: bool,
    /// Secrets of the step before with their origins: the next page tells whether they were accepted.
    unproven: Vec<(String, String)>,
    /// Of TLS.
    attention: Option<Fault>,
}

/// A body with what its secrets ask for.
#[derive(Default)]
struct Filled {
    body: Bytes,
    content_type: Option<&'static str>,
    /// Where alone it may go.
    at: Option<AllowedTargets>,
    secrets: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(journey: &'a Journey, surroundings: &'a Surroundings) -> Self {
        let (cookies, values) = (Cookies::default(), Values::default());
        let unproven = Vec::new();
        Self { journey, surroundings, cookies, values, has_sent_secrets: false, unproven, attention: None }
    }

    /// One step, and what it shows of the secrets that the one before it sent.
    async fn step(&mut self, step: &Step, trace: &mut Trace) -> Result<(), Fault> {
        if step.asked.always {
            return self.take(step, trace).await;
        }
        let before = std::mem::take(&mut self.unproven);
        let seen = self.take(step, trace).await;
        let own = std::mem::replace(&mut self.unproven, before);
        self.prove(&seen);
        self.unproven = own;
        seen
    }

    /// Learns what became of secrets by what came behind them.
    fn prove(&mut self, seen: &Result<(), Fault>) {
        let rejections = &self.surroundings.rejections;
        for (secret, origin) in self.unproven.drain(..) {
            match seen {
                Err(fault) if is_unmet(fault) => rejections.doubt(&secret, &origin, Instant::now()),
                Err(fault) if fault.verdict() != Verdict::Degraded => {}
                _ => rejections.learn(&secret, &origin, true, Instant::now()),
            }
        }
    }

    async fn take(&mut self, step: &Step, trace: &mut Trace) -> Result<(), Fault> {
        let began = Instant::now();
        let place = Arc::new(self.place(&step.asked)?);
        let origin = place.origin();
        let filled = self.fill(&step.asked.body, &origin, trace).await?;
        let rejections = &self.surroundings.rejections;
        for secret in &filled.secrets {
            rejections.permit(secret, &origin, Instant::now()).map_err(|held_back| {
                trace.fact("held_back", format!("{} min", held_back.minutes));
                held_back.fault
            })?;
        }
        self.has_sent_secrets |= !filled.secrets.is_empty();
        let secrets = filled.secrets.clone();
        let seen = self.walk(step, place, filled, trace).await;
        let seen = if secrets.is_empty() { seen } else { seen.map_err(rejected) };
        for secret in secrets {
            match &seen {
                Ok(()) => self.unproven.push((secret, origin.clone())),
                Err(fault) if fault.reason == Reason::AuthRejected => {
                    rejections.learn(&secret, &origin, false, Instant::now());
                }
                Err(_) => {}
            }
        }
        seen?;
        let took = began.elapsed().as_millis();
        match step.asked.warn_ms {
            Some(warn_ms) if took > u128::from(warn_ms) => {
                Err(Fault::degraded(Reason::Slow, format!("{} took {took} ms", step.label)))
            }
            _ => Ok(()),
        }
    }

    /// One request, the redirects it leads to, and what the last answer must be.
    async fn walk(
        &mut self,
        step: &Step,
        place: Arc<Place>,
        filled: Filled,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let headers = self.headers(&step.asked, filled.content_type)?;
        let keep = step.keep(self.has_sent_secrets);
        let cookies = self.cookies.for_host(&place.address.host);
        let mut visited = vec![Visit { place: Arc::clone(&place), method: step.method.clone(), cookies }];
        while let Some(visit) = visited.last() {
            let is_at_home = visit.place.is_of_same_origin(&place);
            let is_asked_again = is_at_home && visit.method == step.method;
            let body = if is_asked_again { filled.body.clone() } else { Bytes::new() };
            let asking = request::make(visit, is_at_home.then_some(&headers), None, body)?;
            let here = Arc::clone(&visit.place);
            let way = Way {
                address: &here.address,
                resolver: &self.surroundings.resolver,
                family: self.journey.family,
                tls: &self.journey.tls,
                at: filled.at.as_ref().filter(|_| is_asked_again),
                keep,
            };
            let (answer, seen) = exchange(way, &here, asking, self.surroundings, trace).await?;
            self.attention = self.attention.take().or(seen);
            self.cookies.take(&here.address.host, &answer.headers);
            let location = location(&answer);
            let is_answer = step.wishes.accepts(answer.status) || !redirects::leads_elsewhere(answer.status);
            if let Some(location) = location.as_ref().filter(|_| !is_answer) {
                let (policy, tls) = (&self.journey.redirects, &self.journey.tls);
                let next = redirects::next(policy, &visited, answer.status, location, &self.cookies, tls);
                visited.push(next.map_err(|mut fault| {
                    fault.detail = fault.detail.replace("`redirects: hosts`", "`hosts`");
                    fault
                })?);
                trace.begin_hop();
                continue;
            }
            return self.judge(step, &answer, &here, location.as_deref(), trace);
        }
        Err(Fault::new(Reason::AgentInternal, "nothing was asked"))
    }

    fn judge(
        &mut self,
        step: &Step,
        answer: &Answer,
        place: &Place,
        location: Option<&str>,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        step.wishes.judge(answer)?;
        let to = location.and_then(|location| place.url.join(location).ok());
        if let Some(wanted) = &step.asked.redirect {
            leads_to(wanted, to.as_ref())?;
        }
        let page = String::from_utf8_lossy(&answer.body);
        if let Some(wanted) = &step.asked.saml_request {
            saml_request::judge(wanted, to.as_ref(), &page)?;
        }
        for one in &step.asked.extract {
            let missing =
                || Fault::new(Reason::JourneyExtract, format!("`{}` is not in the answer", one.name));
            let value = text::extracted(&one.from, &answer.headers, &page).ok_or_else(missing)?;
            trace.secret(value.as_bytes());
            self.values.insert(one.name.to_string(), value);
        }
        Ok(())
    }

    /// Where a step goes. What was taken out of a page is a stranger's word: it must not lead to where nobody named.
    fn place(&self, step: &JourneyStep) -> Result<Place, Fault> {
        let refused = |detail: String| Fault::new(Reason::AssertRedirect, detail);
        let (home, tls) = (&self.journey.home, &self.journey.tls);
        let url = text::filled_url(&step.url, &self.values);
        let url = home.url.join(&url).map_err(|error| refused(format!("leads to no URL: {error}")))?;
        let mut place =
            Place::of(url, tls).map_err(|why| refused(format!("leads to where nobody can go: {why}")))?;
        let host = place.address.host.as_str();
        if !is_same_host(host, &home.address.host)
            && !self.journey.redirects.hosts.iter().any(|named| named == host)
        {
            return Err(refused(format!("leads to `{host}`, which `hosts` does not name")));
        }
        if home.name.is_some() && place.name.is_none() {
            return Err(refused(format!("leads from https to {}", place.shown())));
        }
        // A name that the charter gives is that of the journey's own host.
        if place.name.is_some() && host != home.address.host {
            place.name = Some(tls::name_of(host).map_err(refused)?);
        }
        Ok(place)
    }

    fn headers(&self, step: &JourneyStep, content_type: Option<&'static str>) -> Result<HeaderMap, Fault> {
        let unusable =
            |name: &str| Fault::new(Reason::JourneyExtract, format!("no header `{name}` can carry it"));
        let mut headers = HeaderMap::new();
        headers.extend(content_type.map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind))));
        for header in &step.headers {
            let value = text::filled(&header.value, &self.values, str::to_owned);
            let name = HeaderName::try_from(&header.name).map_err(|_| unusable(&header.name))?;
            headers.insert(name, HeaderValue::try_from(value).map_err(|_| unusable(&header.name))?);
        }
        Ok(headers)
    }

    async fn fill(&self, body: &JourneyBody, origin: &str, trace: &mut Trace) -> Result<Filled, Fault> {
        let mut filled = Filled::default();
        match body {
            JourneyBody::None => {}
            JourneyBody::Text(text) => {
                filled.body = Bytes::from(text::filled(text, &self.values, str::to_owned));
            }
            JourneyBody::Form(fields) => {
                let fields = self.fields(fields, origin, &mut filled, trace).await?;
                let url = Url::parse_with_params("http://form.invalid/", fields);
                let form = url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default();
                filled.body = Bytes::from(form);
                filled.content_type = Some("application/x-www-form-urlencoded");
            }
            JourneyBody::Json(fields) => {
                let fields = self.fields(fields, origin, &mut filled, trace).await?;
                let object: serde_json::Map<String, serde_json::Value> =
                    fields.into_iter().map(|(name, value)| (name, value.into())).collect();
                filled.body = Bytes::from(serde_json::Value::Object(object).to_string());
                filled.content_type = Some("application/json");
            }
        }
        Ok(filled)
    }

    async fn fields(
        &self,
        fields: &[JourneyField],
        origin: &str,
        filled: &mut Filled,
        trace: &mut Trace,
    ) -> Result<Vec<(String, String)>, Fault> {
        let mut pairs = Vec::with_capacity(fields.len());
        for JourneyField { name, value } in fields {
            let value = match value {
                JourneyValue::Text(text) => text::filled(text, &self.values, str::to_owned),
                JourneyValue::Secret(secret) => {
                    let Secret { text, at } = self.surroundings.secrets.read(secret, origin).await?;
                    if at.is_some() && filled.at.is_some() {
                        let detail = "two secrets of one step have networks in their files; one is enough";
                        return Err(Fault::new(Reason::AgentConfigInvalid, detail));
                    }
                    filled.at = filled.at.take().or(at);
                    trace.secret(text.as_bytes());
                    filled.secrets.push(text.clone());
                    text
                }
            };
            pairs.push((name.clone(), value));
        }
        Ok(pairs)
    }
}

impl Asker for Journey {
    fn address(&self) -> &HostPort {
        &self.home.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// What a step that sent a secret did not get.
fn rejected(mut fault: Fault) -> Fault {
    if is_unmet(&fault) {
        fault.reason = Reason::AuthRejected;
    }
    fault
}

/// Is the answer another than was expected? A server that fails by itself has not looked at any secret.
fn is_unmet(fault: &Fault) -> bool {
    match fault.reason {
        Reason::AssertStatus => !fault.detail.starts_with('5'),
        Reason::AssertBodyMissing
        | Reason::AssertBodyForbidden
        | Reason::AssertJson
        | Reason::AssertHeader
        | Reason::AssertRedirect
        | Reason::JourneyExtract => fault.verdict() == Verdict::Down,
        _ => false,
    }
}

fn location(answer: &Answer) -> Option<String> {
    let location = answer.headers.get(LOCATION).filter(|_| redirects::leads_elsewhere(answer.status))?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

/// The same origin, and a path that begins alike: `https://idp.example` is not `https://idp.example.evil.example`.
fn leads_to(wanted: &str, to: Option<&Url>) -> Result<(), Fault> {
    let fault = |detail: String| Fault::new(Reason::AssertRedirect, detail);
    let expected = Url::parse(wanted).map_err(|_| fault(format!("`{wanted}` is not a URL")))?;
    let Some(to) = to else { return Err(fault(format!("leads nowhere, expected {wanted}"))) };
    if to.origin() == expected.origin() && to.path().starts_with(expected.path()) {
        return Ok(());
    }
    let mut shown = to.clone();
    shown.set_query(None);
    Err(fault(format!("leads to {shown}, expected {wanted}")))
}

#[cfg(test)]
mod tests;
