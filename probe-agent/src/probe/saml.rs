//! `probe: saml`: the metadata of a service or identity provider, and whether what it names is there.
//!
//! Expired metadata and a signing certificate that nobody renewed fail at the next login and not before, and no
//! page shows it. Key changes are told as a fact, also where they are no failure: whoever trusts the other side by a
//! copy must fetch a new one. The metadata's own lifetime is known only if it says when it was made, or its server
//! does (`Last-Modified`); else it is the longest that this agent has seen it have left, so that one that is made
//! anew every two days never "ends soon", and one that nobody renews does.

mod metadata;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use collector_api::{Reason, Verdict};
use config::{HostPort, HttpAnswer, SamlParams};
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::LAST_MODIFIED;

use self::metadata::{Entity, Wanted};
use super::http::answer::{Answer, Wishes};
use super::http::exchange::{Way, exchange};
use super::http::place::Place;
use super::http::redirects::{Visit, is_same_host};
use super::http::request::{self, Keep};
use super::http::status::StatusPattern;
use super::roll::Roll;
use super::{Asker, Attempted, Fault, Surroundings, Trace};
use crate::clock;
use crate::tls::{self, Tls};

/// Of one entity that are asked in one attempt: the deadline is one for all.
const ENDPOINTS_MAX: usize = 8;

/// One check of metadata.
pub struct Saml {
    params: SamlParams,
    document: Arc<Place>,
    tls: Tls,
    wishes: Wishes,
    certificates: Roll,
    /// The most that the metadata was ever seen to have left, ms.
    longest_left_ms: AtomicI64,
    clock: clock::WallClock,
}

impl std::fmt::Debug for Saml {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saml").field("params", &self.params).finish_non_exhaustive()
    }
}

impl Saml {
    /// Reads the URL and what else does not change once.
    pub fn new(params: SamlParams) -> Result<Self, String> {
        let tls = Tls::new(&params.tls, &["http/1.1"])?;
        let status = StatusPattern::parse("2xx").into_iter().collect();
        Ok(Self {
            document: Arc::new(Place::parse(&params.url, &tls)?),
            tls,
            wishes: Wishes { status, answer: HttpAnswer::default(), authenticates: false },
            certificates: Roll::default(),
            longest_left_ms: AtomicI64::new(0),
            clock: clock::system(),
            params,
        })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        trace.begin_step("metadata");
        let (answer, mut attention) = self.ask(&self.document, Keep::Body, surroundings, trace).await?;
        self.wishes.judge(&answer)?;
        if answer.is_cut {
            let detail = "the metadata is larger than 1 MiB and was not read whole";
            return Err(Fault::new(Reason::SamlMetadata, detail));
        }
        let entity = metadata::read(&String::from_utf8_lossy(&answer.body), &self.params.entity)?;
        let now_ms = (self.clock)();
        self.tell(&entity, now_ms, trace);
        let lifetime_ms = self.lifetime_ms(&entity, &answer, now_ms);
        let expiring_ms = self.params.expiring_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
        let wanted = Wanted { signing: &self.params.signing, expiring_ms };
        match entity.judge(&wanted, lifetime_ms, now_ms) {
            Err(fault) if fault.verdict() == Verdict::Degraded => attention = attention.or(Some(fault)),
            seen => seen?,
        }
        // Memory for a body is shared by all checks: what has been read needs none.
        drop(answer);
        if self.params.endpoints {
            for place in self.endpoints(&entity, trace)? {
                attention = self.endpoint(&place, surroundings, trace).await?.or(attention);
            }
        }
        trace.end_step();
        attention.map_or(Ok(()), Err)
    }

    fn tell(&self, entity: &Entity, now_ms: i64, trace: &mut Trace) {
        let signature = if entity.has_signature { "present, not verified" } else { "none" };
        trace.fact("signature", signature);
        trace.fact("certificates", entity.told());
        if let Some(until_ms) = entity.valid_until_ms {
            let until = jiff::Timestamp::from_millisecond(until_ms).unwrap_or_default();
            trace.fact("valid_until", until.to_string());
        }
        if let Some(duration) = &entity.cache_duration {
            trace.fact("cache_duration", duration.clone());
        }
        let names = entity.certificates.iter().map(|one| format!("{:.16}", one.fingerprint)).collect();
        if let Some(change) = self.certificates.see(names, now_ms) {
            trace.fact("certificates_changed", change);
        }
    }

    /// How long the metadata lives, as far as anybody says.
    fn lifetime_ms(&self, entity: &Entity, answer: &Answer, now_ms: i64) -> i64 {
        let Some(until_ms) = entity.valid_until_ms else { return 0 };
        let modified = answer.headers.get(LAST_MODIFIED).and_then(|value| value.to_str().ok());
        let modified_ms = modified.and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
        let modified_ms = modified_ms.map(|zoned| zoned.timestamp().as_millisecond());
        let left_ms = until_ms.saturating_sub(now_ms);
        let longest_ms = self.longest_left_ms.fetch_max(left_ms, Ordering::Relaxed).max(left_ms);
        let made_ms = entity.made_ms.or(modified_ms).filter(|&made_ms| made_ms < until_ms);
        made_ms.map_or(longest_ms, |made_ms| until_ms.saturating_sub(made_ms))
    }

    /// Where the endpoints are that are asked. The document is a stranger's word: it must not lead this agent to
    /// where nobody named.
    fn endpoints(&self, entity: &Entity, trace: &mut Trace) -> Result<Vec<Arc<Place>>, Fault> {
        let refused = |why: String| Fault::new(Reason::SamlEndpoint, why);
        let all = entity.endpoints.len();
        if all > ENDPOINTS_MAX {
            trace.fact("endpoints", format!("{ENDPOINTS_MAX} of {all} asked"));
        }
        let mut places = Vec::new();
        for location in entity.endpoints.iter().take(ENDPOINTS_MAX) {
            let nowhere = |why: String| refused(format!("leads to where nobody can go: {why}"));
            let mut place = Place::parse(location, &self.tls).map_err(nowhere)?;
            let (host, home) = (place.address.host.as_str(), self.document.address.host.as_str());
            if !is_same_host(host, home) && !self.params.hosts.iter().any(|named| named == host) {
                return Err(refused(format!("one leads to `{host}`, which `hosts` does not name")));
            }
            // A name that the charter gives is that of the document's own host.
            if place.name.is_some() && host != home {
                place.name = Some(tls::name_of(host).map_err(nowhere)?);
            }
            places.push(Arc::new(place));
        }
        Ok(places)
    }

    /// Is somebody at home? A request without a message is none that anybody must understand, and some who work well
    /// answer it with 500 (Shibboleth's service provider): that wants a look, and is no outage. What a gateway says of a
    /// server behind it is one.
    async fn endpoint(
        &self,
        place: &Arc<Place>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Option<Fault>, Fault> {
        trace.begin_step("endpoint");
        let (answer, attention) = self.ask(place, Keep::Nothing, surroundings, trace).await?;
        if !answer.status.is_server_error() {
            return Ok(attention);
        }
        let detail = format!("{} at {}", answer.status.as_u16(), place.shown());
        match answer.status.as_u16() {
            502..=504 => Err(Fault::new(Reason::SamlEndpoint, detail)),
            _ => Ok(attention.or_else(|| {
                let detail = format!("{detail}, to a request without a message");
                Some(Fault::degraded(Reason::SamlEndpoint, detail))
            })),
        }
    }

    async fn ask(
        &self,
        place: &Arc<Place>,
        keep: Keep,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(Answer, Option<Fault>), Fault> {
        let visit = Visit { place: Arc::clone(place), method: Method::GET, cookies: String::new() };
        let asking = request::make(&visit, None, None, Bytes::new())?;
        let way = Way {
            address: &place.address,
            resolver: &surroundings.resolver,
            family: self.params.family,
            tls: &self.tls,
            at: None,
            keep,
        };
        exchange(way, place, asking, surroundings, trace).await
    }
}

impl Asker for Saml {
    fn address(&self) -> &HostPort {
        &self.document.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

#[cfg(test)]
mod tests;
