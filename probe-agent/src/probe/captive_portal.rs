//! `probe: captive_portal`: what stands before the network for a visitor: nothing, the portal, or something broken.
//!
//! An address that answers 204 to whoever reaches it is asked in clear, as every phone does when it joins a network,
//! and no redirect is followed: where it leads is the answer. TLS would say nothing, because a portal cannot answer for
//! another's name; and a host that is reached by ping proves nothing of the web. A portal is believed by its host: a
//! redirect to it, or a page that names it; all else is somebody else's.
//!
//! Whether the portal's own page works is a check of its own (`probe: http` of that page).

use collector_api::Reason;
use config::{CaptivePortalParams, Gate, HostPort, HttpParams, HttpRedirects};
use reqwest::Url;

use super::http::{Http, Page, Route};
use super::{Asker, Attempted, Fault, Surroundings, Trace};

/// RFC 6585, 6: "network authentication required".
const NETWORK_AUTHENTICATION: u16 = 511;

/// One address that answers 204.
#[derive(Debug)]
pub struct CaptivePortal {
    http: Http,
    expect: Gate,
    /// Lower case.
    hosts: Vec<String>,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// The Internet.
    Open,
    /// The portal, by this host.
    Portal(String),
    /// Something that answers in its place.
    Other(String),
    /// Neither.
    Broken(String),
}

impl CaptivePortal {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: &CaptivePortalParams) -> Result<Self, String> {
        if !params.url.starts_with("http://") {
            return Err(format!(
                "`{}` does not begin with `http://`: a captive portal is found in clear",
                params.url
            ));
        }
        let http = HttpParams {
            redirects: HttpRedirects { max: 0, ..HttpRedirects::default() },
            family: params.family,
            ..HttpParams::get(params.url.clone())
        };
        let route = Route { proxy: None, block_page: Vec::new(), keeps_body: true };
        let hosts = params.portal.iter().map(|host| host.to_lowercase()).collect();
        Ok(Self { http: Http::by(&http, route)?, expect: params.expect, hosts })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let page = self.http.fetch(surroundings, trace).await?;
        let found = find(&page, &self.hosts);
        trace.fact("found", found.word());
        judge(self.expect, found)
    }
}

impl Asker for CaptivePortal {
    fn address(&self) -> &HostPort {
        self.http.address()
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

impl Found {
    fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Portal(_) => "portal",
            Self::Other(_) => "other",
            Self::Broken(_) => "broken",
        }
    }
}

/// Who answered.
fn find(page: &Page, hosts: &[String]) -> Found {
    match (page.status, &page.location) {
        (204, _) => Found::Open,
        (301 | 302 | 303 | 307 | 308, Some(location)) => {
            match Url::parse(location).ok().and_then(|url| url.host_str().map(str::to_lowercase)) {
                Some(host) if hosts.contains(&host) => Found::Portal(host),
                Some(host) => Found::Other(format!("leads to `{host}`")),
                None => Found::Other("leads to another page of its own".to_owned()),
            }
        }
        (200 | NETWORK_AUTHENTICATION, _) => {
            let body = String::from_utf8_lossy(&page.body).to_lowercase();
            match hosts.iter().find(|host| names(&body, host)) {
                Some(host) => Found::Portal(host.clone()),
                None => Found::Other(format!("{}, a page that names no host of the portal", page.status)),
            }
        }
        (status, _) => Found::Broken(format!("{status}, expected 204 or the portal")),
    }
}

/// Does a page name this host, and not one that only ends or begins alike?
fn names(body: &str, host: &str) -> bool {
    let is_of_name =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte));
    body.match_indices(host).any(|(at, _)| {
        let bytes = body.as_bytes();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        !is_of_name(before) && !is_of_name(bytes.get(at + host.len()))
    })
}

fn judge(expect: Gate, found: Found) -> Result<(), Fault> {
    match (expect, found) {
        (Gate::Open, Found::Open) | (Gate::Portal, Found::Portal(_)) => Ok(()),
        (Gate::Open, Found::Portal(host)) => {
            Err(Fault::new(Reason::PortalShown, format!("the portal is `{host}`")))
        }
        // Who visits can browse; that nobody had to agree to anything wants attention.
        (Gate::Portal, Found::Open) => {
            Err(Fault::degraded(Reason::PortalAbsent, "204 without having met the portal"))
        }
        (_, Found::Other(detail)) => Err(Fault::new(Reason::PortalOther, detail)),
        (_, Found::Broken(detail)) => Err(Fault::new(Reason::PortalBroken, detail)),
    }
}

#[cfg(test)]
mod tests;
