//! `probe: oidc`: an OIDC provider, as far as the charter wants it asked.
//!
//! The discovery document alone is served by a file system; so the depth goes on: to keys with which a signature
//! can be verified, to whether the client is still registered (`authorize`), to a token made for this very attempt
//! and verified by the keys of this very attempt (a cached one would hide an outage until it ends), to what it
//! opens. Nobody logs in: the credentials are those of a client, never of a person.
//!
//! The provider's word leads the agent on, so its endpoints must be where the charter says (`hosts`), over https
//! unless the issuer itself is not; and the client's secret goes where the agent's own file lets it.
//! The price: a provider that moves an endpoint to another host is down until somebody has looked.

mod discovery;
mod keys;
mod authorize;
mod grant;
mod token;

use std::sync::Arc;

use collector_api::{Reason, Verdict};
use config::{HostPort, HttpAnswer, HttpRedirects, OidcClient, OidcDepth, OidcParams};
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use serde_json::Value;
use tokio::time::Instant;

use self::authorize::Question;
use self::discovery::Discovery;
use self::keys::Keys;
use self::token::Wanted;
use super::http::answer::{Answer, Wishes};
use super::http::cookies::Cookies;
use super::http::exchange::{Way, exchange};
use super::http::place::Place;
use super::http::redirects::{self, Visit};
use super::http::request::{self, Keep};
use super::http::status::StatusPattern;
use super::roll::Roll;
use super::{Asker, Attempted, Fault, Surroundings, Trace};
use crate::allowed::AllowedTargets;
use crate::clock;
use crate::secrets::Secret;
use crate::tls::Tls;

/// Between an authorization endpoint and the client: providers have a page or two of their own on the way.
const REDIRECTS_MAX: u32 = 5;

/// One check of a provider.
pub struct Oidc {
    params: OidcParams,
    document: Arc<Place>,
    tls: Tls,
    wishes: Wishes,
    keys: Roll,
    clock: clock::WallClock,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oidc").field("params", &self.params).finish_non_exhaustive()
    }
}

/// What one request is made of, beside its place.
struct Request {
    method: Method,
    headers: HeaderMap,
    credentials: Option<HeaderValue>,
    body: Bytes,
    keep: Keep,
}

impl Request {
    fn get() -> Self {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        Self { method: Method::GET, headers, credentials: None, body: Bytes::new(), keep: Keep::Body }
    }
}

impl Oidc {
    /// Reads the issuer and what else does not change once.
    pub fn new(params: OidcParams) -> Result<Self, String> {
        let tls = Tls::new(&params.tls, &["http/1.1"])?;
        let status = StatusPattern::parse("2xx").into_iter().collect();
        Ok(Self {
            document: Arc::new(discovery::place_of(&params.issuer, &tls)?),
            tls,
            wishes: Wishes { status, answer: HttpAnswer::default(), authenticates: true },
            keys: Roll::default(),
            clock: clock::system(),
            params,
        })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let mut walk = Walk { oidc: self, surroundings, trace, attention: None };
        let found = walk.discovery().await?;
        let Some(place) = &found.keys else { return walk.end() };
        if self.params.depth == OidcDepth::Discovery {
            return walk.end();
        }
        let keys = walk.keys(place).await?;
        let Some(client) = &self.params.client else { return walk.end() };
        if let Some(place) = &found.authorize {
            walk.authorize(place, client).await?;
        }
        let Some(place) = &found.token else { return walk.end() };
        let token = walk.token(place, client).await?;
        let subject = walk.verify(&token, &keys)?;
        if let Some(place) = &found.userinfo {
            walk.userinfo(place, client, &token, &keys, subject.as_deref()).await?;
        }
        walk.end()
    }
}

/// One attempt, step by step.
struct Walk<'a> {
    oidc: &'a Oidc,
    surroundings: &'a Surroundings,
    trace: &'a mut Trace,
    /// What is to be returned in the end, if nothing worse is found.
    attention: Option<Fault>,
}

impl Walk<'_> {
    fn end(self) -> Result<(), Fault> {
        self.trace.end_step();
        self.attention.map_or(Ok(()), Err)
    }

    /// What is only degraded waits for the end.
    fn hear(&mut self, seen: Result<(), Fault>) -> Result<(), Fault> {
        match seen {
            Err(fault) if fault.verdict() == Verdict::Degraded => {
                self.attention.get_or_insert(fault);
                Ok(())
            }
            seen => seen,
        }
    }

    async fn discovery(&mut self) -> Result<Discovery, Fault> {
        self.trace.begin_step("discovery");
        let document = self.document(&self.oidc.document).await?;
        let Oidc { params, document: home, tls, .. } = self.oidc;
        discovery::judge(&document, params, home, tls)
    }

    async fn keys(&mut self, place: &Arc<Place>) -> Result<Keys, Fault> {
        self.trace.begin_step("jwks");
        let document = self.document(place).await?;
        let none = || Fault::new(Reason::OidcNoKey, "the document is no set of keys");
        let keys = keys::read(&document).ok_or_else(none)?;
        self.trace.fact("keys", keys.names.join(" "));
        if let Some(change) = self.oidc.keys.see(keys.names.clone(), (self.oidc.clock)()) {
            self.trace.fact("keys_changed", change);
        }
        self.hear(keys.judge())?;
        Ok(keys)
    }

    async fn authorize(&mut self, endpoint: &Arc<Place>, client: &OidcClient) -> Result<(), Fault> {
        let Some(question) = Question::new(client, &self.oidc.params.issuer)? else { return Ok(()) };
        self.trace.begin_step("authorize");
        let mut first = (**endpoint).clone();
        let unaskable = |why: String| Fault::new(Reason::OidcDiscovery, why);
        let name = first.name.take();
        first = Place { name, ..Place::of(question.url(&endpoint.url)?, &self.oidc.tls).map_err(unaskable)? };
        let hosts = self.oidc.params.hosts.clone();
        let policy = HttpRedirects { max: REDIRECTS_MAX, hosts, end: None };
        let mut cookies = Cookies::default();
        let mut visited = vec![Visit { place: Arc::new(first), method: Method::GET, cookies: String::new() }];
        while let Some(visit) = visited.last() {
            let asking = request::make(visit, None, None, Bytes::new())?;
            let place = Arc::clone(&visit.place);
            let answer = self.ask(&place, asking, Keep::Nothing, None).await?;
            let Some(location) = location(&answer) else { return Err(not_sent_back(&answer)) };
            if let Ok(to) = place.url.join(&location)
                && question.is_answer(&to)
            {
                let said = question.judge(&to)?;
                self.trace.fact("authorize", said);
                return Ok(());
            }
            cookies.take(&place.address.host, &answer.headers);
            let next = redirects::next(&policy, &visited, answer.status, &location, &cookies, &self.oidc.tls);
            visited.push(next.map_err(|fault| {
                Fault::new(fault.reason, fault.detail.replace("`redirects: hosts`", "`hosts`"))
            })?);
            self.trace.begin_hop();
        }
        Err(Fault::new(Reason::AgentInternal, "nothing was asked"))
    }

    async fn token(&mut self, endpoint: &Arc<Place>, client: &OidcClient) -> Result<String, Fault> {
        self.trace.begin_step("token");
        let Some(name) = &client.secret else {
            return Err(Fault::new(Reason::AgentConfigInvalid, "a token needs the client's secret"));
        };
        let (rejections, origin) = (&self.surroundings.rejections, endpoint.origin());
        let Secret { text: secret, at } = self.surroundings.secrets.read(name, &origin).await?;
        self.trace.secret(secret.as_bytes());
        rejections.permit(&secret, &origin, Instant::now()).map_err(|held_back| {
            self.trace.fact("held_back", format!("{} min", held_back.minutes));
            held_back.fault
        })?;
        let grant = grant::grant(client, &secret);
        let mut request = Request { method: Method::POST, keep: Keep::Secret, ..Request::get() };
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers.insert(CONTENT_TYPE, form);
        request.body = Bytes::from(grant.form);
        if let Some(header) = grant.header {
            self.trace.secret(header.as_bytes());
            request.credentials = Some(sensitive(&header)?);
        }
        let answer = self.request(endpoint, request, at.as_ref()).await?;
        let issued = grant::token(&answer, &self.oidc.wishes);
        match &issued {
            Ok(token) => {
                self.trace.secret(token.as_bytes());
                rejections.learn(&secret, &origin, true, Instant::now());
            }
            Err(fault) if fault.reason == Reason::AuthRejected => {
                rejections.learn(&secret, &origin, false, Instant::now());
            }
            Err(_) => {}
        }
        issued
    }

    /// Is the token by the provider, for whom it must be, now? Tells whom it is about.
    fn verify(&mut self, token: &str, keys: &Keys) -> Result<Option<String>, Fault> {
        self.trace.end_step();
        self.trace.enter("verify");
        let Some(signed) = token::read(token) else {
            self.trace.fact("token", "opaque: issued, nothing in it verified");
            return match &self.oidc.params.audience {
                Some(_) => Err(Fault::new(Reason::OidcClaim, "the token is opaque: it shows no `aud`")),
                None => Ok(None),
            };
        };
        self.trace.fact("token", signed.shown());
        signed.verify(keys)?;
        let OidcParams { issuer, audience, skew_warn_ms, .. } = &self.oidc.params;
        let skew_warn_ms = i64::try_from(*skew_warn_ms).unwrap_or(i64::MAX);
        let wanted = Wanted { issuer, audience: audience.as_deref(), skew_warn_ms };
        self.hear(signed.judge(&wanted, (self.oidc.clock)()))?;
        Ok(signed.text("sub").map(str::to_owned))
    }

    async fn userinfo(
        &mut self,
        endpoint: &Arc<Place>,
        client: &OidcClient,
        token: &str,
        keys: &Keys,
        subject: Option<&str>,
    ) -> Result<(), Fault> {
        self.trace.begin_step("userinfo");
        // What the secret has bought goes where the secret may go, whatever the document says.
        let at = match &client.secret {
            Some(name) => self.surroundings.secrets.read(name, &endpoint.origin()).await?.at,
            None => None,
        };
        let mut request = Request { keep: Keep::Secret, ..Request::get() };
        request.credentials = Some(sensitive(&format!("Bearer {token}"))?);
        let answer = self.request(endpoint, request, at.as_ref()).await?;
        // A token of a moment ago that is refused is the provider's fault, and nobody's password.
        self.oidc.wishes.judge(&answer).map_err(|fault| match fault.reason {
            Reason::AuthRejected => Fault::new(Reason::OidcError, refusal(&answer)),
            _ => fault,
        })?;
        let about = about(&answer.body, keys)?;
        match about.get("sub").and_then(Value::as_str).filter(|about| !about.is_empty()) {
            None => Err(Fault::new(Reason::OidcClaim, "userinfo has no `sub`")),
            // Core, 5.3.2.
            Some(about) if subject.is_some_and(|subject| subject != about) => {
                Err(Fault::new(Reason::OidcClaim, "`sub` of userinfo is not that of the token"))
            }
            Some(_) => Ok(()),
        }
    }

    /// A JSON document that is there for everybody.
    async fn document(&mut self, place: &Arc<Place>) -> Result<Value, Fault> {
        let answer = self.request(place, Request::get(), None).await?;
        self.oidc.wishes.judge(&answer)?;
        json(&answer)
    }

    async fn request(
        &mut self,
        place: &Arc<Place>,
        request: Request,
        at: Option<&AllowedTargets>,
    ) -> Result<Answer, Fault> {
        let visit = Visit { place: Arc::clone(place), method: request.method, cookies: String::new() };
        let asking =
            request::make(&visit, Some(&request.headers), request.credentials.as_ref(), request.body)?;
        self.ask(place, asking, request.keep, at).await
    }

    async fn ask(
        &mut self,
        place: &Place,
        asking: request::Asking,
        keep: Keep,
        at: Option<&AllowedTargets>,
    ) -> Result<Answer, Fault> {
        let way = Way {
            address: &place.address,
            resolver: &self.surroundings.resolver,
            family: self.oidc.params.family,
            tls: &self.oidc.tls,
            at,
            keep,
        };
        let (answer, seen) = exchange(way, place, asking, self.surroundings, self.trace).await?;
        self.attention = self.attention.take().or(seen);
        Ok(answer)
    }
}

impl Asker for Oidc {
    fn address(&self) -> &HostPort {
        &self.document.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// What userinfo tells, in the clear or signed.
fn about(body: &[u8], keys: &Keys) -> Result<Value, Fault> {
    let text = String::from_utf8_lossy(body);
    if let Some(signed) = token::read(text.trim()) {
        signed.verify(keys)?;
        return Ok(signed.claims().clone());
    }
    serde_json::from_slice(body)
        .map_err(|error| Fault::new(Reason::AssertJson, format!("userinfo is not JSON: {error}")))
}

fn json(answer: &Answer) -> Result<Value, Fault> {
    if answer.is_cut {
        return Err(Fault::new(
            Reason::AssertJson,
            "the document is larger than 1 MiB and was not read whole",
        ));
    }
    serde_json::from_slice(&answer.body)
        .map_err(|error| Fault::new(Reason::AssertJson, format!("the document is not JSON: {error}")))
}

fn location(answer: &Answer) -> Option<String> {
    let location = answer.headers.get(LOCATION).filter(|_| redirects::leads_elsewhere(answer.status))?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

/// Nobody is sent to an address that is not registered, and so to none.
fn not_sent_back(answer: &Answer) -> Fault {
    let status = answer.status.as_u16();
    match status {
        400..=499 if status != 429 => {
            let detail = format!("{status}: it knows no such client, or not with this `redirect_uri`");
            Fault::new(Reason::OidcError, detail)
        }
        200..=299 => {
            Fault::new(Reason::ProtoUnexpectedReply, format!("{status}: a page, despite `prompt=none`"))
        }
        429 => Fault::new(Reason::LimitRate, "429, expected a redirect to the client"),
        _ => Fault::new(Reason::AssertStatus, format!("{status}, expected a redirect to the client")),
    }
}

/// RFC 6750, 3.1: what the error is stands in a header or in the body.
fn refusal(answer: &Answer) -> String {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let error = body.as_ref().and_then(|body| body.get("error")).and_then(Value::as_str);
    let error = error.map_or_else(|| "the token is refused".to_owned(), grant::error_of);
    format!("{} {error}", answer.status.as_u16())
}

fn sensitive(text: &str) -> Result<HeaderValue, Fault> {
    let unusable = |_| Fault::new(Reason::ProtoMalformed, "the token has signs that no header can carry");
    let mut value = HeaderValue::try_from(text).map_err(unusable)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
