//! `probe: http`: one request; its status, and its certificate where there is one.
//!
//! Why hyper and rustls and not an HTTP client: phases must be told apart, and a client tells none.
//! Redirects are not followed (a 3xx is what it is), no cookie, proxy or pool exists, and the body is
//! read to its end, or to a cap, and dropped: a page that cannot be read whole is not served.

mod request;

use std::sync::Arc;

use collector_api::Reason;
use config::{Family, HostPort, HttpParams};
use hyper::{Method, StatusCode, Uri};
use rustls::pki_types::ServerName;

use super::{Fault, Surroundings, Trace, connect};

/// Of a body, bytes; the rest is left unread, and the answer is whole enough.
const BODY_BYTES_MAX: usize = 1 << 20;

/// One HTTP check.
#[derive(Debug)]
pub struct Http {
    /// What is dialled.
    address: HostPort,
    family: Family,
    /// Of the `Host` header.
    host: String,
    /// Path and query.
    target: Uri,
    method: Method,
    status: Vec<StatusPattern>,
    /// Present for `https`.
    tls: Option<Tls>,
}

#[derive(Debug)]
struct Tls {
    name: ServerName<'static>,
    authority: Option<Arc<str>>,
}

/// `200`, or `2xx` for its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatusPattern {
    Exactly(u16),
    Class(u16),
}

impl StatusPattern {
    fn parse(text: &str) -> Option<Self> {
        if let Some(class) = text.strip_suffix("xx") {
            let class = class.parse().ok().filter(|class| (1..=5).contains(class))?;
            return Some(Self::Class(class));
        }
        let status = text.parse().ok().filter(|status| (100..=599).contains(status))?;
        Some(Self::Exactly(status))
    }

    fn holds(self, status: u16) -> bool {
        match self {
            Self::Exactly(wanted) => status == wanted,
            Self::Class(class) => status / 100 == class,
        }
    }
}

impl std::fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

impl Http {
    /// Reads the URL once.
    pub fn new(params: &HttpParams) -> Result<Self, String> {
        let url = &params.url;
        let uri: Uri = url.parse().map_err(|error| format!("url `{url}`: {error}"))?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(format!("url `{url}` begins with neither http:// nor https://")),
        };
        let authority = uri.authority().ok_or_else(|| format!("url `{url}` has no host"))?;
        if authority.as_str().contains('@') {
            return Err(format!("url of host `{}` contains credentials", authority.host()));
        }
        let port_default = if is_tls { 443 } else { 80 };
        let named = HostPort::parse(authority.as_str(), Some(port_default))
            .ok_or_else(|| format!("url `{url}` has no usable host"))?;
        let tls = if is_tls {
            let name = ServerName::try_from(named.host.clone())
                .map_err(|_| format!("`{}` cannot be the name of a certificate", named.host))?;
            Some(Tls { name, authority: params.authority.as_deref().map(Arc::from) })
        } else {
            None
        };
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let status = params
            .status
            .iter()
            .map(|text| StatusPattern::parse(text).ok_or_else(|| format!("`{text}` is not a status")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            address: params.connect.clone().unwrap_or(named),
            family: params.family,
            host: authority.as_str().to_owned(),
            target: target.parse().map_err(|error| format!("url `{url}`: {error}"))?,
            method: params.method.parse().map_err(|_| format!("`{}` is not a method", params.method))?,
            status,
            tls,
        })
    }

    /// What is dialled.
    pub fn address(&self) -> &HostPort {
        &self.address
    }

    pub(super) async fn attempt(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let remote = connect::locate(&self.address, self.family, surroundings, trace).await?;
        let stream = connect::dial(remote, trace).await?;
        let status = match &self.tls {
            None => request::send(self, stream, trace).await?,
            Some(tls) => {
                trace.enter("tls");
                let (shown, stream) =
                    surroundings.tls.connect(tls.authority.as_ref(), tls.name.clone(), stream).await;
                trace.tls = shown.facts();
                let stream = stream?;
                shown.judge()?;
                request::send(self, stream, trace).await?
            }
        };
        self.judge(status)
    }

    /// Is this the status the check wants?
    fn judge(&self, status: StatusCode) -> Result<(), Fault> {
        let status = status.as_u16();
        if self.status.iter().any(|pattern| pattern.holds(status)) {
            return Ok(());
        }
        let wanted: Vec<String> = self.status.iter().map(ToString::to_string).collect();
        Err(Fault::new(Reason::AssertStatus, format!("{status}, expected {}", wanted.join(" or "))))
    }
}

#[cfg(test)]
mod tests;
