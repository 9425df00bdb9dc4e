//! What the collector asks of others: who, how often it was taken, and a client that cannot be led astray.
//!
//! No proxy, no redirect, no retry of its own, TLS by the one provider and the system's authorities. An address may
//! carry a key in its path: logs and metrics name scheme, host and port alone. An outlet that fails is logged when
//! that begins and when it ends, not at each attempt.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use config::Id;
use reqwest::{Client, Request, Response, StatusCode};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use tracing::{info, warn};

use crate::publish::OutletFacts;

/// To a listener that answers at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From the first name that is looked up to the answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer is no password and no key.
const SECRET_BYTES_MAX: u64 = 4096;

/// A way out.
#[derive(Debug)]
pub(super) struct Outlet {
    name: &'static str,
    to: String,
    taken: AtomicU64,
    failed: AtomicU64,
    /// 0 before the first.
    taken_ms: AtomicI64,
    is_failing: AtomicBool,
}

impl Outlet {
    /// To `url`, of which only scheme, host and port are kept.
    pub(super) fn new(name: &'static str, url: &str) -> Arc<Self> {
        Arc::new(Self {
            name,
            to: origin(url),
            taken: AtomicU64::default(),
            failed: AtomicU64::default(),
            taken_ms: AtomicI64::default(),
            is_failing: AtomicBool::default(),
        })
    }

    /// What is told of it.
    pub(super) fn facts(&self) -> OutletFacts {
        let taken_ms = self.taken_ms.load(Ordering::Relaxed);
        OutletFacts {
            outlet: self.name,
            to: self.to.clone(),
            taken: self.taken.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            taken_ms: (taken_ms != 0).then_some(taken_ms),
        }
    }

    /// Where it leads, for logs and keys.
    pub(super) fn to(&self) -> &str {
        &self.to
    }

    /// Counts how a request ended at `now_ms`, and says when that is news. Was it taken?
    pub(super) fn note(&self, ended: &Result<(), String>, now_ms: i64) -> bool {
        match ended {
            Ok(()) => {
                self.taken.fetch_add(1, Ordering::Relaxed);
                self.taken_ms.store(now_ms, Ordering::Relaxed);
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    info!(outlet = self.name, to = self.to, "takes what it is sent again");
                }
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    warn!(outlet = self.name, to = self.to, %error, "does not take what it is sent; it is tried on");
                }
            }
        }
        ended.is_ok()
    }
}

/// Scheme, host and port; what stands before the host and behind it may be secret.
fn origin(url: &str) -> String {
    reqwest::Url::parse(url).map_or_else(|_| "?".to_owned(), |url| url.origin().ascii_serialization())
}

/// A client for every outlet.
pub(super) fn client() -> Result<Client, String> {
    let mut roots = RootCertStore::empty();
    // What cannot be read is missed when it is needed: an outlet on this machine needs none.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .pool_max_idle_per_host(1)
        .build()
        .map_err(|error| chain_of(&error.without_url()))
}

/// Sends, and is content with any answer of success; a longer answer than its head is not read.
pub(super) async fn send(client: &Client, request: Request) -> Result<(), String> {
    let answer: Response = client.execute(request).await.map_err(|error| chain_of(&error.without_url()))?;
    taken(answer.status())
}

fn taken(status: StatusCode) -> Result<(), String> {
    if status.is_success() { Ok(()) } else { Err(format!("it answers {status}")) }
}

/// The collector's own secret of this name, read anew each time: it may be exchanged while the collector runs.
pub(super) fn secret(directory: &Path, name: &Id) -> Result<String, String> {
    use std::io::Read as _;
    let path: PathBuf = directory.join(name.as_str());
    let named = |why: &dyn std::fmt::Display| format!("the secret `{}`: {why}", path.display());
    let file = fs::File::open(&path).map_err(|error| named(&error))?;
    let mut text = String::new();
    file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| named(&error))?;
    if text.len() as u64 > SECRET_BYTES_MAX {
        return Err(named(&format!("longer than {SECRET_BYTES_MAX} bytes")));
    }
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() || secret.chars().any(char::is_control) {
        return Err(named(&"not one line of text"));
    }
    Ok(secret.to_owned())
}

/// An error with its causes: reqwest's own text says only that sending failed.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_nothing_that_may_be_secret_is_told() {
        for (url, told) in [
            ("https://hc.example/ping/7c1d-key", "https://hc.example"),
            ("https://hc.example:8443/ping?token=x", "https://hc.example:8443"),
            ("https://me:pass@hc.example/x", "https://hc.example"),
            ("http://127.0.0.1:9093", "http://127.0.0.1:9093"),
            ("no url", "?"),
        ] {
            assert_eq!(Outlet::new("heartbeat", url).to(), told);
        }
    }

    #[test]
    fn what_was_taken_and_what_was_not_is_counted() {
        let outlet = Outlet::new("heartbeat", "https://hc.example/ping/key");
        assert_eq!(outlet.facts().taken_ms, None);
        assert!(!outlet.note(&Err("no route".to_owned()), 7));
        assert!(outlet.note(&Ok(()), 8));
        let facts = outlet.facts();
        assert_eq!((facts.taken, facts.failed, facts.taken_ms), (1, 1, Some(8)));
        assert_eq!(taken(StatusCode::NO_CONTENT), Ok(()));
        assert_eq!(taken(StatusCode::FOUND), Err("it answers 302 Found".to_owned()));
    }

    #[test]
    fn a_secret_is_one_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let name = Id::new("key").unwrap();
        assert!(secret(folder.path(), &name).unwrap_err().contains("key"));
        for (text, read) in [("abc\n", Some("abc")), ("a b", Some("a b")), ("", None), ("a\nb\n", None)] {
            fs::write(folder.path().join("key"), text).unwrap();
            assert_eq!(secret(folder.path(), &name).ok().as_deref(), read, "{text:?}");
        }
        fs::write(folder.path().join("key"), "x".repeat(5000)).unwrap();
        assert!(secret(folder.path(), &name).unwrap_err().contains("longer"));
    }
}
