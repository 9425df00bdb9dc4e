//! `probe: browse`: a site outside, asked as somebody at a desk asks it: through the proxy, past the filter.
//!
//! The request and its judgement are those of `probe: http`; here is what browsing adds. A site that must be blocked is
//! the negative control: it is up when somebody on the way says no, and down when the site itself answered. Silence and
//! a dead proxy are neither, and keep their own reasons. Where TLS is opened on the way, the certificate's authority
//! says by whom: one that leads to the other of the two authorities than expected still serves who browses, and is
//! degraded; one that leads to neither is `tls.untrusted`, as for everybody.
//!
//! `measures_path` holds unless the charter says otherwise: the way is what is promised, and no canary excuses it.

use collector_api::{Reason, Verdict};
use config::{BrowseParams, Browsed, HostPort, HttpAnswer, HttpParams, Interception, TlsParams};

use super::http::{Http, Proxy, Route};
use super::{Asker, Attempted, Fault, Surroundings, Trace};

/// One site.
#[derive(Debug)]
pub struct Browse {
    /// The proxy's, or the site's.
    address: HostPort,
    /// As it is expected to be.
    usual: Http,
    /// The same, with the certificate that is not expected.
    otherwise: Option<Box<Http>>,
    interception: Option<Interception>,
    expect: Browsed,
    has_proxy: bool,
}

impl Browse {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: &BrowseParams) -> Result<Self, String> {
        let interception = params.interception.clone();
        let opened = interception.as_ref().and_then(|interception| interception.authority.clone());
        let opened = opened.map(|authority| TlsParams { authority: Some(authority), ..params.tls.clone() });
        let is_expected = interception.as_ref().is_some_and(|interception| interception.expected);
        let (usual, otherwise) = match opened {
            Some(opened) if is_expected => (opened, Some(params.tls.clone())),
            opened => (params.tls.clone(), opened),
        };
        let usual = asked(params, usual)?;
        let address = match &params.proxy {
            Some(proxy) => proxy.address.clone(),
            None => usual.address().clone(),
        };
        let otherwise = otherwise.map(|tls| asked(params, tls).map(Box::new)).transpose()?;
        let has_proxy = params.proxy.is_some();
        Ok(Self { address, usual, otherwise, interception, expect: params.expect, has_proxy })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let seen = self.usual.observe(surroundings, trace).await;
        let seen = match (&self.otherwise, seen) {
            (Some(otherwise), Err(fault)) if fault.reason == Reason::TlsUntrusted => {
                trace.begin_hop();
                let seen = otherwise.observe(surroundings, trace).await;
                self.judge_otherwise(fault, seen, trace)
            }
            (_, seen) => self.judge_issuer(seen, trace),
        };
        match self.expect {
            Browsed::Open => seen,
            Browsed::Blocked => judge_blocked(seen, self.has_proxy, trace),
        }
    }

    /// By the expected authority it was `untrusted`; `seen` is by the other.
    fn judge_otherwise(&self, untrusted: Fault, seen: Result<(), Fault>, trace: &Trace) -> Result<(), Fault> {
        match seen {
            Err(fault) if fault.reason == Reason::TlsUntrusted => Err(untrusted),
            Err(fault) if fault.verdict() != Verdict::Degraded => Err(fault),
            _ => Err(self.unexpected(issuer(trace))),
        }
    }

    /// The name that the issuer gives itself, where it is said.
    fn judge_issuer(&self, seen: Result<(), Fault>, trace: &Trace) -> Result<(), Fault> {
        let is_served = seen.as_ref().map_or_else(|fault| fault.verdict() == Verdict::Degraded, |()| true);
        let wanted =
            self.interception.as_ref().and_then(|found| Some((found.issuer.as_ref()?, found.expected)));
        match (wanted, &trace.tls) {
            (Some((text, is_expected)), Some(tls)) if is_served => {
                let is_opened = tls.issuer.to_lowercase().contains(&text.to_lowercase());
                if is_opened == is_expected { seen } else { Err(self.unexpected(&tls.issuer)) }
            }
            _ => seen,
        }
    }

    fn unexpected(&self, issuer: &str) -> Fault {
        let is_expected = self.interception.as_ref().is_some_and(|interception| interception.expected);
        let what = if is_expected { "TLS is not opened on the way" } else { "TLS is opened on the way" };
        Fault::degraded(Reason::ProxyInterception, format!("{what}: issued by `{issuer}`"))
    }
}

impl Asker for Browse {
    fn address(&self) -> &HostPort {
        &self.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

fn asked(params: &BrowseParams, tls: TlsParams) -> Result<Http, String> {
    let block_page: Vec<String> = params.block_page.iter().map(|text| text.to_lowercase()).collect();
    let route = Route {
        proxy: params.proxy.as_ref().map(|proxy| Proxy::new(proxy, params.family)),
        keeps_body: !block_page.is_empty(),
        block_page,
    };
    let http = HttpParams {
        status: params.status.clone(),
        answer: HttpAnswer {
            text: params.text.clone(),
            no_text: params.no_text.clone(),
            ..HttpAnswer::default()
        },
        redirects: params.redirects.clone(),
        tls,
        family: params.family,
        ..HttpParams::get(params.url.clone())
    };
    Http::by(&http, route)
}

fn issuer(trace: &Trace) -> &str {
    trace.tls.as_ref().map_or("", |tls| &tls.issuer)
}

/// What came of a site that must not be reached.
fn judge_blocked(seen: Result<(), Fault>, has_proxy: bool, trace: &mut Trace) -> Result<(), Fault> {
    let fault = match seen {
        Ok(()) => return Err(Fault::new(Reason::ProxyOpen, "it answers as if nothing stood between")),
        Err(fault) => fault,
    };
    let is_denied = match fault.reason {
        Reason::ProxyDenied | Reason::ProxyBlockpage => true,
        // A filter without a proxy cuts the connection, or says that it forbids it.
        Reason::ConnectReset | Reason::ConnectAdminProhibited => !has_proxy,
        _ => false,
    };
    if is_denied {
        trace.fact("blocked", fault.reason.name());
        return Ok(());
    }
    if is_of_site(&fault) {
        return Err(Fault::new(
            Reason::ProxyOpen,
            format!("the site answers ({}: {})", fault.reason, fault.detail),
        ));
    }
    Err(fault)
}

/// Can only the site have brought this about?
fn is_of_site(fault: &Fault) -> bool {
    let class = fault.reason.name().split('.').next().unwrap_or_default();
    fault.verdict() == Verdict::Degraded
        || matches!(class, "assert" | "limit" | "auth") && fault.verdict() == Verdict::Down
}

#[cfg(test)]
mod tests;
