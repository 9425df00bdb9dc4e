//! Where one request of a check goes: a URL, taken apart once.

use config::HostPort;
use hyper::Uri;
use reqwest::Url;
use rustls::pki_types::ServerName;

use crate::tls::Tls;

/// A URL that can be asked.
#[derive(Debug, Clone)]
pub(in crate::probe) struct Place {
    /// Without a fragment.
    pub url: Url,
    /// What is dialled unless the charter pins another address.
    pub address: HostPort,
    /// Of the `Host` header.
    pub host: String,
    /// Path and query.
    pub target: Uri,
    /// Present for `https`: the name that the certificate must be for.
    pub name: Option<ServerName<'static>>,
}

impl Place {
    /// Reads a URL; the error is a sentence for whoever wrote it.
    pub(in crate::probe) fn parse(text: &str, tls: &Tls) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("url `{text}`: {error}"))?;
        Self::of(url, tls)
    }

    /// Takes a URL apart. One with credentials is refused, and not shown.
    pub(in crate::probe) fn of(mut url: Url, tls: &Tls) -> Result<Self, String> {
        url.set_fragment(None);
        let is_tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(format!("`{other}` is neither http nor https")),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("a URL without a host")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("the URL of host `{host}` contains credentials"));
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = is_tls.then(|| tls.name(&bare)).transpose()?;
        let port = url.port_or_known_default().unwrap_or(if is_tls { 443 } else { 80 });
        // The default port is not said, as browsers do not.
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}{query}", url.path());
        let target = target.parse().map_err(|error| format!("`{target}` cannot be asked: {error}"))?;
        Ok(Self { address: HostPort { host: bare, port }, host, target, name, url })
    }

    /// Scheme, host and port: who may see what was meant for the first.
    pub(in crate::probe) fn is_of_same_origin(&self, other: &Self) -> bool {
        self.name.is_some() == other.name.is_some() && self.address == other.address
    }

    /// The same, written: `https://www.comune.example:443`.
    pub(in crate::probe) fn origin(&self) -> String {
        format!("{}://{}", if self.name.is_some() { "https" } else { "http" }, self.address)
    }

    /// For people: without the query, which may carry a session or a token.
    pub(in crate::probe) fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.to_string()
    }
}
