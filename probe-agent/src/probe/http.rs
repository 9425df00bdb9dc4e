//! `probe: http`: a request, the redirects it leads to, and what the last answer must be.
//!
//! Why hyper and rustls and not an HTTP client: phases must be told apart, and a client tells none. No
//! cookie, proxy or pool exists; each request has a connection of its own, and the body is read to its
//! end or to a cap: a page that cannot be read whole is not served. Files in reading order: where a
//! request goes, how it is made and sent, where a redirect may lead, what the answer must be.

mod place;
mod request;
mod redirects;
mod rejections;
mod status;
mod answer;

use collector_api::{Reason, Verdict};
use config::{Family, HostPort, HttpAuth, HttpAuthScheme, HttpParams, HttpRedirects};
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use tokio::time::Instant;

use self::answer::{Answer, Wishes};
use self::place::Place;
use self::rejections::Rejections;
use self::status::StatusPattern;
use super::{Fault, Surroundings, Trace, connect};
use crate::resolve::SystemResolver;
use crate::tls::Tls;

/// One HTTP check.
#[derive(Debug)]
pub struct Http {
    place: Place,
    /// Dialled instead of what the URL's host resolves to.
    pinned: Option<HostPort>,
    resolver: Option<SystemResolver>,
    family: Family,
    tls: Tls,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    auth: Option<HttpAuth>,
    rejections: Rejections,
    redirects: HttpRedirects,
    wishes: Wishes,
}

impl Http {
    /// Reads the URL and what else does not change once.
    pub fn new(params: &HttpParams) -> Result<Self, String> {
        let tls = Tls::new(&params.tls, &["http/1.1"])?;
        let status = params
            .status
            .iter()
            .map(|text| StatusPattern::parse(text).ok_or_else(|| format!("`{text}` is not a status")))
            .collect::<Result<_, _>>()?;
        let headers = params.headers.iter().map(|header| {
            let name =
                HeaderName::try_from(&header.name).map_err(|_| format!("`{}` is no header", header.name))?;
            let value = HeaderValue::try_from(&header.value).map_err(|_| format!("the value of `{name}`"))?;
            Ok((name, value))
        });
        Ok(Self {
            place: Place::parse(&params.url, &tls)?,
            pinned: params.connect.clone(),
            resolver: params.resolver.as_ref().map(SystemResolver::by_server).transpose()?,
            family: params.family,
            tls,
            method: params.method.parse().map_err(|_| format!("`{}` is not a method", params.method))?,
            headers: headers.collect::<Result<_, String>>()?,
            body: Bytes::from(params.body.clone().unwrap_or_default()),
            auth: params.auth.clone(),
            rejections: Rejections::default(),
            redirects: params.redirects.clone(),
            wishes: Wishes { status, answer: params.answer.clone(), authenticates: params.auth.is_some() },
        })
    }

    /// What is dialled.
    pub fn address(&self) -> &HostPort {
        self.pinned.as_ref().unwrap_or(&self.place.address)
    }

    pub(super) async fn attempt(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let Some(auth) = &self.auth else { return self.attempt_as(None, surroundings, trace).await };
        let secret = surroundings.secrets.read(&auth.secret).await?;
        let credentials = credentials(auth, &secret, trace)?;
        self.rejections.permit(&secret, Instant::now())?;
        let seen = self.attempt_as(Some(&credentials), surroundings, trace).await;
        match &seen {
            Err(fault) if fault.reason == Reason::AuthRejected => {
                self.rejections.learn(&secret, true, Instant::now());
            }
            // Whoever did not come so far learned nothing about the secret.
            Err(fault) if fault.verdict() != Verdict::Degraded => {}
            _ => self.rejections.learn(&secret, false, Instant::now()),
        }
        seen
    }

    async fn attempt_as(
        &self,
        credentials: Option<&HeaderValue>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        // Where it has been; nowhere but at its own URL until the first redirect.
        let mut visited: Vec<Place> = Vec::new();
        let mut method = self.method.clone();
        let mut attention = None;
        loop {
            let place = visited.last().unwrap_or(&self.place);
            let request = self.request(place, &method, credentials)?;
            let (answer, seen) = self.ask(place, request, surroundings, trace).await?;
            attention = attention.or(seen);
            let Some(location) = self.location_to_follow(&answer) else {
                return self.judge(&answer, &visited, attention, trace);
            };
            if visited.is_empty() {
                visited.push(self.place.clone());
            }
            let next = redirects::next(&self.redirects, &visited, &location, &self.tls)?;
            method = redirects::method_after(answer.status, &method);
            visited.push(next);
            trace.begin_hop();
        }
    }

    /// Credentials and the charter's own headers are for the URL's origin only: a redirect must not
    /// carry them to somebody else.
    fn request(
        &self,
        place: &Place,
        method: &Method,
        credentials: Option<&HeaderValue>,
    ) -> Result<request::Asking, Fault> {
        let is_at_home = place.is_of_same_origin(&self.place);
        let own = is_at_home.then_some(&self.headers);
        let body = if *method == self.method && is_at_home { self.body.clone() } else { Bytes::new() };
        request::make(place, method, own, credentials.filter(|_| is_at_home), body)
    }

    /// One request on a connection of its own; with the answer, what wants attention.
    async fn ask(
        &self,
        place: &Place,
        asking: request::Asking,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(Answer, Option<Fault>), Fault> {
        let pinned = self.pinned.as_ref().filter(|_| place.address == self.place.address);
        let address = pinned.unwrap_or(&place.address);
        let resolver = self.resolver.as_ref().unwrap_or(&surroundings.resolver);
        let remote = connect::locate_by(resolver, address, self.family, surroundings, trace).await?;
        let stream = connect::dial(remote, trace).await?;
        let keeps_body = self.wishes.are_of_body();
        match &place.name {
            None => Ok((request::send(asking, stream, keeps_body, trace).await?, None)),
            Some(name) => {
                let secured = surroundings.tls.handshake(&self.tls, name.clone(), stream, trace).await?;
                let answer = request::send(asking, secured.stream, keeps_body, trace).await?;
                Ok((answer, secured.attention))
            }
        }
    }

    /// Where the answer leads, if it is a redirect that is no answer.
    fn location_to_follow(&self, answer: &Answer) -> Option<String> {
        let is_followed = redirects::leads_elsewhere(answer.status)
            && !self.wishes.accepts(answer.status)
            && self.redirects.max > 0;
        let location = answer.headers.get(LOCATION).filter(|_| is_followed)?;
        Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
    }

    fn judge(
        &self,
        answer: &Answer,
        visited: &[Place],
        attention: Option<Fault>,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        note(answer, visited, trace);
        // Whoever was led elsewhere came there without credentials.
        let is_at_home = visited.last().is_none_or(|last| last.is_of_same_origin(&self.place));
        self.wishes.judge(answer).map_err(|fault| match fault.reason {
            Reason::AuthRejected if !is_at_home => Fault::new(Reason::AssertStatus, fault.detail),
            _ => fault,
        })?;
        redirects::ends(&self.redirects, visited.last().unwrap_or(&self.place))?;
        attention.map_or(Ok(()), Err)
    }
}

/// What evidence tells of the last answer.
fn note(answer: &Answer, visited: &[Place], trace: &mut Trace) {
    trace.fact("status", answer.status.as_u16().to_string());
    trace.fact("bytes", answer.bytes.to_string());
    if answer.is_cut {
        trace.fact("body", "cut at the cap");
    }
    if let Some(last) = visited.last() {
        trace.fact("redirects", (visited.len() - 1).to_string());
        trace.fact("end", last.shown());
    }
    if let Some(location) = answer.headers.get(LOCATION) {
        trace.fact("location", without_query(&String::from_utf8_lossy(location.as_bytes())));
    }
}

/// A query may carry a session or a token.
fn without_query(location: &str) -> String {
    location.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// The value of `Authorization`; the secret is masked in all that is shown.
fn credentials(auth: &HttpAuth, secret: &str, trace: &mut Trace) -> Result<HeaderValue, Fault> {
    trace.secret(secret.as_bytes());
    let value = match auth.scheme {
        HttpAuthScheme::Bearer => format!("Bearer {secret}"),
        HttpAuthScheme::Basic => {
            let pair =
                auth.user.as_ref().map_or_else(|| secret.to_owned(), |user| format!("{user}:{secret}"));
            trace.secret(pair.as_bytes());
            if let Some((_, password)) = pair.split_once(':') {
                trace.secret(password.as_bytes());
            }
            format!("Basic {}", request::base64(pair.as_bytes()))
        }
    };
    let unusable = || format!("secret `{}` has signs that no header can carry", auth.secret);
    let mut value =
        HeaderValue::try_from(value).map_err(|_| Fault::new(Reason::AgentSecretMissing, unusable()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod peers;
