//! `probe: http`: a request, the redirects it leads to, and what the last answer must be.
//!
//! Why hyper and rustls and not an HTTP client: phases must be told apart, and a client tells none. No pool
//! exists, and no proxy but the one that `probe: browse` names; cookies live for one attempt; each request
//! has a connection of its own, and the body is read to its end or to a cap: a page that cannot be read
//! whole is not served. Files in reading order: where a request goes, by which route, how it is made and sent,
//! where a redirect may lead, what the answer must be.

pub(super) mod place;
mod route;
pub(super) mod request;
pub(super) mod exchange;
pub(super) mod cookies;
pub(super) mod redirects;
pub(super) mod bodies;
pub(super) mod status;
pub(super) mod answer;
mod drift;

pub use bodies::Bodies;
pub use drift::Pages;
pub(super) use route::{Proxy, Route};

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use collector_api::{Reason, Verdict};
use config::{Family, HostPort, HttpAuth, HttpAuthScheme, HttpParams, HttpRedirects};
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use tokio::time::Instant;

use self::answer::{Answer, Wishes};
use self::cookies::Cookies;
use self::drift::Drift;
use self::exchange::Way;
use self::place::Place;
use self::redirects::Visit;
use self::request::Keep;
use self::status::StatusPattern;
use super::{Asker, Attempted, Fault, Surroundings, Trace, base64};
use crate::allowed::AllowedTargets;
use crate::resolve::SystemResolver;
use crate::secrets::Secret;
use crate::tls::Tls;

/// One HTTP check.
#[derive(Debug)]
pub struct Http {
    place: Arc<Place>,
    /// Dialled instead of what the URL's host resolves to.
    pinned: Option<HostPort>,
    /// With its address, which must be an allowed one.
    resolver: Option<(IpAddr, SystemResolver)>,
    family: Family,
    tls: Tls,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    auth: Option<HttpAuth>,
    redirects: HttpRedirects,
    wishes: Wishes,
    /// Must the page be the one that stood there? Boxed, because most checks do not ask.
    drift: Option<Box<Drift>>,
    /// Does the charter say both where the URL's host is and whom to believe that it is it?
    is_whole_way_of_charter: bool,
    /// Where it is not straight there; boxed, because most checks have none.
    route: Option<Box<Route>>,
}

/// An answer that somebody else judges.
#[derive(Debug)]
pub(super) struct Page {
    /// Its status.
    pub status: u16,
    /// Where it leads, as it says.
    pub location: Option<String>,
    /// Its beginning, at most 1 MiB.
    pub body: Vec<u8>,
}

/// What a request says of who asks.
struct Credentials {
    value: HeaderValue,
    /// Where alone it may be said.
    at: Option<AllowedTargets>,
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
        let place = Place::parse(&params.url, &tls)?;
        let is_place_of_charter = params.connect.is_some() || params.resolver.is_some();
        let is_trust_of_charter =
            place.name.is_none() || params.tls.authority.is_some() || params.tls.name.is_some();
        Ok(Self {
            is_whole_way_of_charter: is_place_of_charter && is_trust_of_charter,
            drift: Drift::of(params)?.map(Box::new),
            place: Arc::new(place),
            route: None,
            pinned: params.connect.clone(),
            resolver: params.resolver.as_ref().map(resolver_at).transpose()?,
            family: params.family,
            tls,
            method: params.method.parse().map_err(|_| format!("`{}` is not a method", params.method))?,
            headers: headers.collect::<Result<_, String>>()?,
            body: Bytes::from(params.body.clone().unwrap_or_default()),
            auth: params.auth.clone(),
            redirects: params.redirects.clone(),
            wishes: Wishes { status, answer: params.answer.clone(), authenticates: params.auth.is_some() },
        })
    }

    /// The same by another route.
    pub(super) fn by(params: &HttpParams, route: Route) -> Result<Self, String> {
        Ok(Self { route: Some(Box::new(route)), ..Self::new(params)? })
    }

    /// The last answer, judged by nobody: for a kind that asks by HTTP and wants something of its own.
    pub(super) async fn fetch(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<Page, Fault> {
        let (answer, visited, _) = self.follow(None, surroundings, trace).await?;
        note(&answer, &visited, trace);
        let location = answer.headers.get(LOCATION);
        Ok(Page {
            status: answer.status.as_u16(),
            location: location.map(|location| String::from_utf8_lossy(location.as_bytes()).into_owned()),
            body: answer.body,
        })
    }

    pub(super) async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let Some(auth) = &self.auth else { return self.attempt_as(None, surroundings, trace).await };
        let (rejections, origin) = (&surroundings.rejections, self.place.origin());
        let Secret { text: secret, at } = surroundings.secrets.read(&auth.secret, &origin).await?;
        if self.is_whole_way_of_charter && at.is_none() {
            let name = &auth.secret;
            let detail = format!(
                "the charter says where {origin} is and whom to believe it; name its address after it in {name}.for"
            );
            return Err(Fault::new(Reason::AgentTargetForbidden, detail));
        }
        let credentials = Credentials { value: credentials(auth, &secret, trace)?, at };
        rejections.permit(&secret, &origin, Instant::now()).map_err(|held_back| {
            trace.fact("held_back", format!("{} min", held_back.minutes));
            held_back.fault
        })?;
        let seen = self.attempt_as(Some(&credentials), surroundings, trace).await;
        match &seen {
            Err(fault) if fault.reason == Reason::AuthRejected => {
                rejections.learn(&secret, &origin, false, Instant::now());
            }
            // Whoever did not come so far learned nothing about the secret.
            Err(fault) if fault.verdict() != Verdict::Degraded => {}
            _ => rejections.learn(&secret, &origin, true, Instant::now()),
        }
        seen
    }

    async fn attempt_as(
        &self,
        credentials: Option<&Credentials>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let (answer, visited, attention) = self.follow(credentials, surroundings, trace).await?;
        self.judge(&answer, &visited, trace)?;
        if let Some(drift) = &self.drift {
            drift.see(&answer, surroundings, trace).await?;
        }
        attention.map_or(Ok(()), Err)
    }

    /// The last answer, the way to it, and what wants attention.
    async fn follow(
        &self,
        credentials: Option<&Credentials>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(Answer, Vec<Visit>, Option<Fault>), Fault> {
        let mut cookies = Cookies::default();
        let first =
            Visit { place: Arc::clone(&self.place), method: self.method.clone(), cookies: String::new() };
        let mut visited = vec![first];
        let mut attention = None;
        while let Some(visit) = visited.last() {
            let is_at_home = visit.place.is_of_same_origin(&self.place);
            let credentials = credentials.filter(|_| is_at_home);
            let request = self.request(visit, is_at_home, credentials)?;
            let at = credentials.and_then(|credentials| credentials.at.as_ref());
            let (answer, seen) = self.ask(&visit.place, request, at, surroundings, trace).await?;
            attention = attention.or(seen);
            if let Some(route) = &self.route {
                route.judge(&answer)?;
            }
            let Some(location) = self.location_to_follow(&answer) else {
                return Ok((answer, visited, attention));
            };
            cookies.take(&visit.place.address.host, &answer.headers);
            let status = answer.status;
            let next = redirects::next(&self.redirects, &visited, status, &location, &cookies, &self.tls)?;
            visited.push(next);
            trace.begin_hop();
        }
        Err(Fault::new(Reason::AgentInternal, "nothing was asked"))
    }

    /// Credentials and the charter's own headers are for the URL's origin only: a redirect must not
    /// carry them to somebody else.
    fn request(
        &self,
        visit: &Visit,
        is_at_home: bool,
        credentials: Option<&Credentials>,
    ) -> Result<request::Asking, Fault> {
        let own = is_at_home.then_some(&self.headers);
        let body = if visit.method == self.method && is_at_home { self.body.clone() } else { Bytes::new() };
        request::make(visit, own, credentials.map(|credentials| &credentials.value), body)
    }

    /// One request on a connection of its own, through a proxy if there is one, `at` these addresses if its secret says
    /// so; with the answer, what wants attention.
    async fn ask(
        &self,
        place: &Place,
        mut asking: request::Asking,
        at: Option<&AllowedTargets>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(Answer, Option<Fault>), Fault> {
        let route = self.route.as_deref();
        let is_compared = self.drift.is_some();
        let keeps_body =
            self.wishes.are_of_body() || is_compared || route.is_some_and(|route| route.keeps_body);
        let keep = if keeps_body { Keep::Body } else { Keep::Nothing };
        if let Some(proxy) = route.and_then(|route| route.proxy.as_ref()) {
            let (stream, passed) = proxy.open(place, &mut asking, surroundings, trace).await?;
            let asked = exchange::over(stream, &self.tls, keep, place, asking, surroundings, trace).await?;
            // What comes through a tunnel is the site's own.
            if place.name.is_none() {
                proxy.judge(&asked.0, &passed, surroundings, trace)?;
            }
            return Ok(asked);
        }
        let address = self.dialled(place);
        let resolver = match &self.resolver {
            Some((at, _)) if !surroundings.allowed.permits(*at) => {
                let detail = format!("the resolver {at} is not in allowed_targets of agent.yaml");
                return Err(Fault::new(Reason::AgentTargetForbidden, detail));
            }
            Some((_, resolver)) => resolver,
            None => &surroundings.resolver,
        };
        let way = Way { address: &address, resolver, family: self.family, tls: &self.tls, at, keep };
        exchange::exchange(way, place, asking, surroundings, trace).await
    }

    /// What is dialled for a place: where the charter pins an address, every place of the URL's host is
    /// there, so that a redirect to https or to `www.` still shows whether this machine serves it. A host
    /// that only `redirects: hosts` names is at its own address.
    fn dialled<'a>(&'a self, place: &'a Place) -> Cow<'a, HostPort> {
        match &self.pinned {
            Some(pinned) if place.address == self.place.address => Cow::Borrowed(pinned),
            Some(pinned) if redirects::is_same_host(&place.address.host, &self.place.address.host) => {
                Cow::Owned(HostPort { host: pinned.host.clone(), port: place.address.port })
            }
            _ => Cow::Borrowed(&place.address),
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

    fn judge(&self, answer: &Answer, visited: &[Visit], trace: &mut Trace) -> Result<(), Fault> {
        note(answer, visited, trace);
        // Whoever was led elsewhere came there without credentials.
        let last = visited.last().map_or(&self.place, |last| &last.place).as_ref();
        let is_at_home = last.is_of_same_origin(&self.place);
        self.wishes.judge(answer).map_err(|fault| match fault.reason {
            Reason::AuthRejected if !is_at_home => Fault::new(Reason::AssertStatus, fault.detail),
            _ => fault,
        })?;
        redirects::ends(&self.redirects, last)
    }
}

impl Asker for Http {
    fn address(&self) -> &HostPort {
        self.pinned.as_ref().unwrap_or(&self.place.address)
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// A resolver whose address is given.
fn resolver_at(server: &HostPort) -> Result<(IpAddr, SystemResolver), String> {
    let at = server.host.parse().map_err(|_| format!("the resolver `{server}` is not an IP address"))?;
    Ok((at, SystemResolver::by_server(server)?))
}

/// What evidence tells of the last answer.
fn note(answer: &Answer, visited: &[Visit], trace: &mut Trace) {
    trace.fact("status", answer.status.as_u16().to_string());
    trace.fact("bytes", answer.bytes.to_string());
    if answer.is_cut {
        trace.fact("body", "cut at the cap");
    }
    if let [_, .., last] = visited {
        trace.fact("redirects", (visited.len() - 1).to_string());
        trace.fact("end", last.place.shown());
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
            format!("Basic {}", base64::encode(pair.as_bytes()))
        }
    };
    let unusable = || format!("secret `{}` has signs that no header can carry", auth.secret);
    let mut value =
        HeaderValue::try_from(value).map_err(|_| Fault::new(Reason::AgentSecretMissing, unusable()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod peers;
