//! `probe: http`: one request; its status, and its certificate where there is one.
//!
//! Why hyper and rustls and not an HTTP client: phases must be told apart, and a client tells none.
//! Redirects are not followed (a 3xx is what it is), no cookie, proxy or pool exists, and the body is
//! read to its end, or to a cap, and dropped: a page that cannot be read whole is not served.

mod request;

use collector_api::Reason;
use config::{Family, HostPort, HttpParams};
use hyper::{Method, StatusCode, Uri};
use rustls::pki_types::ServerName;

use super::{Fault, Surroundings, Trace, connect};
use crate::tls::Tls;

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
    tls: Option<(Tls, ServerName<'static>)>,
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
            let tls = Tls::new(&params.tls, &["http/1.1"])?;
            let name = tls.name(&named.host)?;
            Some((tls, name))
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
        let (status, attention) = match &self.tls {
            None => (request::send(self, stream, trace).await?, None),
            Some((tls, name)) => {
                let secured = surroundings.tls.handshake(tls, name.clone(), stream, trace).await?;
                (request::send(self, secured.stream, trace).await?, secured.attention)
            }
        };
        self.judge(status)?;
        attention.map_or(Ok(()), Err)
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
