//! Requests to the collector: signed on the way out, verified on the way back, never retried here.
//!
//! The transport trusts only the collector's own authority, under the name of the enrolment line,
//! whatever address is dialled; and still an answer counts only if the collector's key signed it over
//! this request's nonce. So a proxy that ends TLS can read and delay, but not speak for the collector.
//! Whether to try again is the caller's decision, which is why each error variant is one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use collector_api::{
    Batch, BatchAnswer, EnrolAnswer, EnrolRequest, Hello, HelloAnswer, Refusal, Route, Signature,
    SignedAssignment, answer_preimage, header, hex_decode, hex_encode, limits, request_preimage,
};
use config::HostPort;
use prost::Message;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::time::Instant;

use crate::identity::Identity;

/// Until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// From the first byte sent to the last byte read; a full batch over a slow line fits.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// Kept shorter than the collector's own, so that a request rarely meets a connection it just closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// However long the collector asks for: it must be found again after a restart.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(5);

/// What to do next, one variant each.
#[derive(Debug, Error)]
pub enum CollectorError {
    /// No answer, or none that can be read: the request may have arrived. Ask what is there, send the
    /// same again.
    #[error("cannot reach the collector: {0}")]
    Unreachable(String),
    /// An answer that the collector did not sign. As unreachable, and somebody should look.
    #[error(
        "an answer with status {status} came that the collector did not sign; is there a proxy in between?"
    )]
    Forged {
        /// As it came, unproven.
        status: u16,
    },
    /// The collector said no.
    #[error("the collector refused with status {status}: {}", refusal.message)]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Why, and what it expects instead.
        refusal: Refusal,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// Nothing was sent: the identity cannot be used.
    #[error("the identity cannot be used: {0}")]
    Identity(String),
}

/// One agent's connection to its collector. One request at a time.
#[derive(Debug)]
pub struct CollectorClient {
    identity: Arc<Identity>,
    endpoints: Vec<Endpoint>,
    current: usize,
    challenge: Vec<u8>,
    took: Duration,
    random: SystemRandom,
}

#[derive(Debug)]
struct Endpoint {
    http: reqwest::Client,
    base: String,
}

impl CollectorClient {
    /// A client that dials `addresses` in turn. Opens nothing yet.
    pub fn new(identity: Arc<Identity>, addresses: &[HostPort]) -> Result<Self, CollectorError> {
        let tls = tls_config(&identity.authority)?;
        let endpoints = addresses
            .iter()
            .map(|address| Endpoint::new(address, &identity.server_name, tls.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        if endpoints.is_empty() {
            return Err(CollectorError::Identity("there is no address of the collector".to_owned()));
        }
        Ok(Self {
            identity,
            endpoints,
            current: 0,
            challenge: Vec::new(),
            took: Duration::ZERO,
            random: SystemRandom::new(),
        })
    }

    /// Turns to the next address. False when that is the first one again.
    pub fn next_address(&mut self) -> bool {
        self.current = (self.current + 1) % self.endpoints.len();
        // Another address may be another collector, which would not know this challenge.
        self.challenge.clear();
        self.current > 0
    }

    /// Who this client speaks for.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// From sending the last request to its answer, without what went before it on the same connection.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Shows a one-time code and the agent's key. Unsigned but for the proof inside.
    pub async fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolAnswer, CollectorError> {
        let body =
            self.request(Route::Enrol, request.encode_to_vec(), None, limits::MESSAGE_BYTES_MAX).await?;
        decode(&body)
    }

    /// Says what this agent has, and learns what the collector has.
    pub async fn hello(&mut self, hello: &Hello) -> Result<HelloAnswer, CollectorError> {
        decode(&self.signed(Route::Hello, hello.encode_to_vec(), limits::MESSAGE_BYTES_MAX).await?)
    }

    /// Sends a batch; its own signature authenticates it.
    pub async fn batch(&mut self, batch: &Batch) -> Result<BatchAnswer, CollectorError> {
        let body =
            self.request(Route::Batches, batch.encode_to_vec(), None, limits::MESSAGE_BYTES_MAX).await?;
        decode(&body)
    }

    /// Fetches the newest assignment. The caller verifies it, as it would one from disk.
    pub async fn assignment(&mut self) -> Result<SignedAssignment, CollectorError> {
        decode(&self.signed(Route::Assignment, Vec::new(), limits::ASSIGNMENT_BYTES_MAX).await?)
    }

    /// Signs a request over the collector's challenge; a stale one is answered with a fresh one, once.
    async fn signed(
        &mut self,
        route: Route,
        body: Vec<u8>,
        bytes_max: usize,
    ) -> Result<Vec<u8>, CollectorError> {
        if self.challenge.is_empty() {
            self.challenge =
                self.request(Route::Challenge, Vec::new(), None, limits::MESSAGE_BYTES_MAX).await?;
        }
        let challenge = self.challenge.clone();
        match self.request(route, body.clone(), Some(&challenge), bytes_max).await {
            Err(CollectorError::Refused { status: 401, refusal, .. }) if !refusal.challenge.is_empty() => {
                self.challenge.clone_from(&refusal.challenge);
                self.request(route, body, Some(&refusal.challenge), bytes_max).await
            }
            other => other,
        }
    }

    /// One request, one verified answer's body.
    async fn request(
        &mut self,
        route: Route,
        body: Vec<u8>,
        challenge: Option<&[u8]>,
        bytes_max: usize,
    ) -> Result<Vec<u8>, CollectorError> {
        let mut nonce = [0_u8; 16];
        self.random.fill(&mut nonce).map_err(|_| CollectorError::Identity("no random source".to_owned()))?;
        let endpoint = &self.endpoints[self.current];
        let url = format!("{}{}", endpoint.base, route.path());
        let mut request = match route.method() {
            "GET" => endpoint.http.get(url),
            _ => endpoint.http.post(url).header("content-type", "application/x-protobuf"),
        };
        request = request.header(header::NONCE, hex_encode(&nonce));
        if !matches!(route, Route::Challenge | Route::Enrol) {
            request = request.header(header::AGENT, &self.identity.agent);
        }
        if let Some(challenge) = challenge {
            let preimage = request_preimage(route.method(), route.path(), &nonce, challenge, &body);
            request = request
                .header(header::CHALLENGE, hex_encode(challenge))
                .header(header::SIGNATURE, hex_encode(&self.identity.key.sign(&preimage).0));
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let began = Instant::now();
        let answer = request.send().await.map_err(unreachable)?;
        self.took = began.elapsed();
        self.verified(route, &nonce, answer, bytes_max).await
    }

    /// The body of an answer that the collector signed, if its status is 200.
    async fn verified(
        &self,
        route: Route,
        nonce: &[u8],
        mut answer: reqwest::Response,
        bytes_max: usize,
    ) -> Result<Vec<u8>, CollectorError> {
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
        let signature = answer
            .headers()
            .get(header::SIGNATURE)
            .and_then(|value| Signature::from_slice(&hex_decode(value.to_str().ok()?)?));
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + piece.len() > bytes_max {
                return Err(CollectorError::Unreachable(format!("an answer of more than {bytes_max} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        let preimage = answer_preimage(route.path(), nonce, status, &body);
        if !signature.is_some_and(|signature| self.identity.collector.verifies(&preimage, &signature)) {
            return Err(CollectorError::Forged { status });
        }
        if status == 200 {
            return Ok(body);
        }
        let refusal = Refusal::decode(body.as_slice()).unwrap_or_default();
        Err(CollectorError::Refused { status, refusal, retry_after })
    }
}

impl Endpoint {
    fn new(address: &HostPort, server_name: &str, tls: ClientConfig) -> Result<Self, CollectorError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Dialled(address.clone())))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .https_only(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| CollectorError::Identity(chain_of(&error)))?;
        Ok(Self { http, base: format!("https://{server_name}:{}", address.port) })
    }
}

/// Resolves whatever name is asked to the address that is to be dialled: the URL carries the name of
/// the certificate, which need not be in any DNS.
#[derive(Debug)]
struct Dialled(HostPort);

impl Resolve for Dialled {
    fn resolve(&self, _certificate_name: Name) -> Resolving {
        let HostPort { host, port } = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), port)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// TLS by the one provider, trusting the one authority.
fn tls_config(authority: &[u8]) -> Result<ClientConfig, CollectorError> {
    let identity = |error: rustls::Error| CollectorError::Identity(format!("authority: {error}"));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec())).map_err(identity)?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(identity)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// A signed answer that cannot be decoded is a later version's: nothing of it can be used.
fn decode<M: Message + Default>(body: &[u8]) -> Result<M, CollectorError> {
    M::decode(body)
        .map_err(|error| CollectorError::Unreachable(format!("an answer cannot be decoded: {error}")))
}

fn unreachable(error: reqwest::Error) -> CollectorError {
    CollectorError::Unreachable(chain_of(&error.without_url()))
}

/// An error with its causes: reqwest's own text says only that sending failed.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
