//! The agents' listener: who asks, may it, and a signed answer to everything.
//!
//! Nothing is decompressed or stored before its signature verified. The order is: an agent we know
//! (else the body is not even read), a body within limits, the agent's signature, not revoked, its
//! gate; only then the work. Every answer carries the collector's signature over path, nonce,
//! status and body, so that an agent can ignore what anybody between has made up.

use std::sync::Arc;

use axum::body::Body;
use collector_api::{
    Batch, EnrolAnswer, EnrolRequest, Hello, PublicKey, Refusal, Route, Signature, header, hex_decode,
    hex_encode, limits, request_preimage,
};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use prost::Message;
use tracing::{debug, warn};

use super::Core;
use super::body::{self, BodyError};
use super::listen::Answerer;
use super::patience::Seat;

const NONCE_BYTES: usize = 16;
const ROUTES: [Route; 5] = [Route::Challenge, Route::Enrol, Route::Hello, Route::Batches, Route::Assignment];

/// Answers for [`super::listen::Listener`].
pub(super) fn answerer(core: Arc<Core>) -> Answerer {
    Arc::new(move |request| {
        let core = Arc::clone(&core);
        Box::pin(async move { core.answer(request).await })
    })
}

/// A request whose head has been read.
struct Asked {
    head: Parts,
    nonce: Vec<u8>,
    received_ms: i64,
}

/// Who has proven to be an agent.
pub(super) struct Proven {
    pub(super) agent: String,
}

/// Any answer that is not 200.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) refusal: Refusal,
    pub(super) retry_after_s: Option<u64>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            refusal: Refusal { message: message.into(), ..Refusal::default() },
            retry_after_s: None,
        }
    }

    pub(super) fn wait(status: StatusCode, message: impl Into<String>, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds.max(1)), ..Self::new(status, message) }
    }
}

impl From<BodyError> for Refused {
    fn from(error: BodyError) -> Self {
        let status = match error {
            BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

impl Core {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let nonce = hex_header(&head.headers, header::NONCE).unwrap_or_default();
        let asked = Asked { head, nonce, received_ms: self.clock.now_ms() };
        let outcome = self.route(&asked, body).await;
        let (status, body, retry_after_s) = match outcome {
            Ok(body) => (StatusCode::OK, body, None),
            Err(refused) => {
                let Refused { status, refusal, retry_after_s } = refused;
                let agent = text_header(&asked.head.headers, header::AGENT);
                debug!(%status, agent, path = asked.head.uri.path(), reason = refusal.message, "refused");
                (status, refusal.encode_to_vec(), retry_after_s)
            }
        };
        let signature = self.keys.sign_answer(asked.head.uri.path(), &asked.nonce, status.as_u16(), &body);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        if let Ok(signature) = HeaderValue::from_str(&hex_encode(&signature.0)) {
            headers.insert(header::SIGNATURE, signature);
        }
        if let Some(seconds) = retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let (StatusCode::METHOD_NOT_ALLOWED, Some(route)) = (status, route_of(asked.head.uri.path())) {
            headers.insert(ALLOW, HeaderValue::from_static(route.method()));
        }
        response
    }

    async fn route(&self, asked: &Asked, body: Incoming) -> Result<Vec<u8>, Refused> {
        let Some(route) = route_of(asked.head.uri.path()) else {
            return Err(Refused::new(StatusCode::NOT_FOUND, "no such route in protocol version 1"));
        };
        if asked.head.method.as_str() != route.method() {
            return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "this route has another method"));
        }
        if asked.nonce.len() != NONCE_BYTES {
            return Err(Refused::new(
                StatusCode::BAD_REQUEST,
                format!("the header `{}` must carry 16 bytes in hexadecimal", header::NONCE),
            ));
        }
        match route {
            Route::Challenge => Ok(self.keys.challenge(asked.received_ms)),
            Route::Enrol => self.enrol(asked, body).await,
            Route::Hello => self.hello(asked, body).await,
            Route::Batches => self.batch(asked, body).await,
            Route::Assignment => self.assignment(asked, body).await,
        }
    }

    async fn enrol(&self, asked: &Asked, body: Incoming) -> Result<Vec<u8>, Refused> {
        let body = body::read(body, limits::MESSAGE_BYTES_MAX, self.patience.body).await?;
        let request: EnrolRequest = decode(&body)?;
        let key = request
            .proven_key()
            .ok_or_else(|| Refused::new(StatusCode::UNAUTHORIZED, "the request does not prove its key"))?;
        self.enrolment.enrol(&request, key, asked.received_ms).await?;
        keep_seat(&asked.head);
        Ok(EnrolAnswer { agent: request.agent }.encode_to_vec())
    }

    async fn hello(&self, asked: &Asked, body: Incoming) -> Result<Vec<u8>, Refused> {
        let (proven, body) = self.authenticate(asked, body).await?;
        let _entered = self.enter(&proven.agent)?;
        let hello: Hello = decode(&body)?;
        let answer = self.work.hello(&proven, hello, asked.received_ms).await?;
        Ok(answer.encode_to_vec())
    }

    async fn assignment(&self, asked: &Asked, body: Incoming) -> Result<Vec<u8>, Refused> {
        let (proven, _) = self.authenticate(asked, body).await?;
        let _entered = self.enter(&proven.agent)?;
        self.work.assignment(&proven.agent).ok_or_else(|| {
            Refused::new(StatusCode::FORBIDDEN, "the charter in force names no site with this agent")
        })
    }

    async fn batch(&self, asked: &Asked, body: Incoming) -> Result<Vec<u8>, Refused> {
        let (agent, key, revoked) = self.known_agent(asked)?;
        let body = body::read(body, limits::BATCH_WIRE_BYTES_MAX, self.patience.body).await?;
        let malformed =
            |error: collector_api::BatchError| Refused::new(StatusCode::BAD_REQUEST, error.to_string());
        let batch = Batch::read(&body).map_err(malformed)?;
        let header = batch.check_header().map_err(malformed)?;
        batch
            .verify(&header, &key)
            .map_err(|error| Refused::new(StatusCode::UNAUTHORIZED, error.to_string()))?;
        not_revoked(&agent, revoked)?;
        keep_seat(&asked.head);
        let _entered = self.enter(&agent)?;
        let answer = self.work.accept(&Proven { agent }, batch, header, asked.received_ms).await?;
        Ok(answer.encode_to_vec())
    }

    /// Of hello and assignment: an enrolled agent that signed exactly this request, just now.
    async fn authenticate(&self, asked: &Asked, body: Incoming) -> Result<(Proven, Bytes), Refused> {
        let (agent, key, revoked) = self.known_agent(asked)?;
        let unsigned = || Refused::new(StatusCode::UNAUTHORIZED, "the signature does not fit the request");
        let headers = &asked.head.headers;
        let signature =
            hex_header(headers, header::SIGNATURE).and_then(|bytes| Signature::from_slice(&bytes));
        let signature = signature.ok_or_else(unsigned)?;
        let challenge = hex_header(headers, header::CHALLENGE).unwrap_or_default();
        let body = body::read(body, limits::MESSAGE_BYTES_MAX, self.patience.body).await?;
        let (method, path) = (asked.head.method.as_str(), asked.head.uri.path());
        if !key.verifies(&request_preimage(method, path, &asked.nonce, &challenge, &body), &signature) {
            return Err(unsigned());
        }
        let now_ms = self.clock.now_ms();
        if !self.keys.is_fresh(&challenge, now_ms) {
            let mut refused =
                Refused::new(StatusCode::UNAUTHORIZED, "the challenge is stale; answer this one");
            refused.refusal.challenge = self.keys.challenge(now_ms);
            return Err(refused);
        }
        not_revoked(&agent, revoked)?;
        keep_seat(&asked.head);
        Ok((Proven { agent }, body))
    }

    /// The agent a request says it comes from, if it is enrolled; nothing is proven yet.
    fn known_agent(&self, asked: &Asked) -> Result<(String, PublicKey, bool), Refused> {
        let agent = text_header(&asked.head.headers, header::AGENT);
        match self.enrolment.key_of(agent) {
            Some((key, revoked)) => Ok((agent.to_owned(), key, revoked)),
            None => Err(Refused::new(StatusCode::UNAUTHORIZED, "no agent of this name is enrolled")),
        }
    }

    fn enter(&self, agent: &str) -> Result<tokio::sync::OwnedSemaphorePermit, Refused> {
        self.gates.enter(agent).map_err(|wait| {
            Refused::wait(StatusCode::TOO_MANY_REQUESTS, "one request at a time, at a modest rate", wait.0)
        })
    }
}

fn route_of(path: &str) -> Option<Route> {
    ROUTES.into_iter().find(|route| route.path() == path)
}

fn decode<M: Message + Default>(body: &[u8]) -> Result<M, Refused> {
    M::decode(body)
        .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, format!("cannot be decoded: {error}")))
}

fn not_revoked(agent: &str, revoked: bool) -> Result<(), Refused> {
    if !revoked {
        return Ok(());
    }
    warn!(agent, "a revoked agent tried to deliver");
    Err(Refused::new(StatusCode::FORBIDDEN, "this agent is revoked"))
}

/// What has been authenticated keeps its connection when seats run out.
fn keep_seat(head: &Parts) {
    if let Some(seat) = head.extensions.get::<Arc<Seat>>() {
        seat.keep(true);
    }
}

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn hex_header(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    hex_decode(text_header(headers, name))
}
