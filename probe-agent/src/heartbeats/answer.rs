//! From a request to what is kept, and a sentence back.
//!
//! One writer at a time: a report is read into what is kept, and kept, before the next one is looked at.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use config::{CheckId, Id};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use ring::digest::{SHA256, digest};
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::kept::{self, KeptReport};
use super::pace::Refusals;
use super::report::{BODY_BYTES_MAX, is_rid};
use super::{Book, Expected, Job, Jobs, Report, Signal};
use crate::clock::WallClock;
use crate::secrets::SecretsDirectory;

/// Before the id of a job.
const PREFIX: &str = "/v1/heartbeats/";

/// Takes reports.
pub(super) struct Desk {
    jobs: Arc<RwLock<Jobs>>,
    book: Arc<Book>,
    secrets: SecretsDirectory,
    clock: WallClock,
    refusals: Refusals,
    /// Held while a job is read, changed and kept.
    writer: Mutex<()>,
}

/// A refusal: status, and a sentence for whoever wrote the script.
type Refusal = (StatusCode, String);

impl Desk {
    pub(super) fn new(
        jobs: Arc<RwLock<Jobs>>,
        book: Arc<Book>,
        secrets: SecretsDirectory,
        clock: WallClock,
    ) -> Self {
        Self { jobs, book, secrets, clock, refusals: Refusals::new(), writer: Mutex::new(()) }
    }

    /// Answers one request.
    pub(super) async fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (status, sentence) = match self.receive(peer, request).await {
            Ok(sentence) => (StatusCode::OK, sentence),
            Err((status, sentence)) => {
                // Refusing is cheap; who is refused all the time learns nothing more.
                if !self.refusals.take(peer.ip()) {
                    return said(
                        StatusCode::TOO_MANY_REQUESTS,
                        "too many requests were refused; wait a minute",
                    );
                }
                info!(%peer, %status, why = %sentence.escape_debug(), "a heartbeat is refused");
                (status, sentence)
            }
        };
        said(status, &sentence)
    }

    async fn receive(&self, peer: SocketAddr, request: Request<Incoming>) -> Result<String, Refusal> {
        if !self.refusals.has(peer.ip()) {
            return Err((StatusCode::TOO_MANY_REQUESTS, "too many requests were refused; wait".to_owned()));
        }
        let (head, body) = request.into_parts();
        let (id, signal, rid) = asked(&head)?;
        let job = self.jobs.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        let Some(job) = job else {
            let sentence = format!(
                "this agent expects no job `{id}`; `vedetta-agent probe --list` shows those it does expect"
            );
            return Err((StatusCode::NOT_FOUND, sentence));
        };
        self.admit(peer, &head, &id, &job).await?;
        if !job.pace.take() {
            return Err((StatusCode::TOO_MANY_REQUESTS, format!("`{id}` reports too often; wait a minute")));
        }
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                let sentence =
                    format!("the body is over {BODY_BYTES_MAX} bytes; report what was done, not a log");
                (StatusCode::PAYLOAD_TOO_LARGE, sentence)
            } else {
                (StatusCode::BAD_REQUEST, "the body did not arrive whole".to_owned())
            }
        })?;
        let mut report =
            Report::read(&body.to_bytes()).map_err(|sentence| (StatusCode::BAD_REQUEST, sentence))?;
        report.rid = report.rid.or(rid);
        match self.take(&id, signal, report, &job).await {
            Ok(true) => Ok(format!("accepted: {} of {id}", signal.word())),
            Ok(false) => Ok(format!("known already: {} of {id}", signal.word())),
            Err(error) => {
                warn!(%id, %error, "a heartbeat cannot be kept");
                let sentence = "the agent cannot keep it now; send it again later".to_owned();
                Err((StatusCode::SERVICE_UNAVAILABLE, sentence))
            }
        }
    }

    /// May this peer report this job?
    pub(super) async fn admit(
        &self,
        peer: SocketAddr,
        head: &Parts,
        id: &CheckId,
        job: &Expected,
    ) -> Result<(), Refusal> {
        let forbidden = |sentence: String| (StatusCode::FORBIDDEN, sentence);
        if head.headers.contains_key(ORIGIN) {
            return Err(forbidden("this comes from a web page; jobs have none".to_owned()));
        }
        let name = secret_of(id, job).ok_or_else(|| forbidden(format!("`{id}` can have no secret")))?;
        let token = self.secrets.token(&name).await.map_err(|error| {
            warn!(%id, secret = %name.as_str(), %error, "the token of a job cannot be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the agent cannot read the token of this job".to_owned())
        })?;
        let Some(token) = token else {
            if job.params.secret.is_some() {
                let sentence = format!("the secret `{}` of this job is not on the agent", name.as_str());
                return Err((StatusCode::SERVICE_UNAVAILABLE, sentence));
            }
            if peer.ip().to_canonical().is_loopback() {
                return Ok(());
            }
            let name = name.as_str();
            return Err(forbidden(format!(
                "without a token a job reports on the agent's own machine only; put one into the file `{name}` of the \
                 agent's secrets, and send it as `Authorization: Bearer TOKEN`"
            )));
        };
        let shown = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
        if shown.is_some_and(|shown| is_same(shown, &token)) {
            return Ok(());
        }
        let what = if shown.is_some() { "the token is not the job's" } else { "a token is needed" };
        Err((StatusCode::UNAUTHORIZED, format!("{what}: `Authorization: Bearer TOKEN`")))
    }

    /// Takes a report in; on disk when this returns.
    async fn take(
        &self,
        id: &CheckId,
        signal: Signal,
        report: Report,
        job: &Arc<Expected>,
    ) -> io::Result<bool> {
        let _alone = self.writer.lock().await;
        let (book, id, job) = (Arc::clone(&self.book), id.clone(), Arc::clone(job));
        let now_ms = (self.clock)();
        let kept = tokio::task::spawn_blocking(move || {
            let mut kept = book.job(&id)?.unwrap_or_else(|| Job::new(id.as_str(), now_ms));
            let settled = kept.settle(now_ms);
            let is_new = kept.take(signal, report, &job.params, now_ms);
            if is_new || settled {
                book.keep(&id, &kept)?;
            }
            Ok(is_new)
        });
        kept.await.map_err(io::Error::other)?
    }

    /// Begins to expect jobs that are new.
    pub(super) async fn get_to_know(&self, ids: Vec<CheckId>) {
        let _alone = self.writer.lock().await;
        let (book, now_ms) = (Arc::clone(&self.book), (self.clock)());
        let known = tokio::task::spawn_blocking(move || {
            for id in ids {
                let known = match book.job(&id) {
                    Ok(None) => book.keep(&id, &Job::new(id.as_str(), now_ms)),
                    Ok(Some(mut job)) => {
                        if job.settle(now_ms) {
                            book.keep(&id, &job)
                        } else {
                            Ok(())
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                        warn!(%id, %error, "what was kept of a job is damaged; it begins anew");
                        book.keep(&id, &Job::new(id.as_str(), now_ms))
                    }
                    Err(error) => Err(error),
                };
                if let Err(error) = known {
                    warn!(%id, %error, "a job cannot be kept");
                }
            }
        });
        if let Err(error) = known.await {
            warn!(%error, "jobs could not be read");
        }
    }

    /// Takes in reports that waited on disk: what a job on this machine could not deliver while the agent was away.
    pub(super) async fn take_in_kept(&self) {
        let inbox = self.book.own_inbox();
        let Ok(listed) = tokio::task::spawn_blocking(move || kept::list(&inbox)).await else { return };
        for (path, kept) in listed {
            let taken = match kept {
                Ok(kept) => self.take_in(kept).await,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    warn!(path = %path.display(), %error, "a kept report cannot be read and is thrown away");
                    Ok(())
                }
                Err(error) => Err(error),
            };
            match taken {
                Ok(()) => {
                    if let Err(error) = tokio::fs::remove_file(&path).await {
                        warn!(path = %path.display(), %error, "a kept report cannot be removed");
                    }
                }
                Err(error) => warn!(path = %path.display(), %error, "a kept report waits on"),
            }
        }
    }

    async fn take_in(&self, kept: KeptReport) -> io::Result<()> {
        let job = self.jobs.read().unwrap_or_else(PoisonError::into_inner).get(&kept.job).cloned();
        let Some(job) = job else {
            warn!(job = %kept.job, "a kept report is of no job that this agent expects and is thrown away");
            return Ok(());
        };
        let kept = kept.aged((self.clock)());
        info!(job = %kept.job, signal = kept.signal.word(), age_ms = kept.report.age_ms, "a kept report is taken in");
        self.take(&kept.job, kept.signal, kept.report, &job).await?;
        Ok(())
    }
}

/// Which job, what happened, which run.
fn asked(head: &Parts) -> Result<(CheckId, Signal, Option<String>), Refusal> {
    let refused = |status, sentence: &str| Err((status, sentence.to_owned()));
    if head.method != Method::POST {
        return refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "a heartbeat is a POST: what opens links by itself must not report for a job",
        );
    }
    let mut rid = None;
    for (key, value) in head.uri.query().into_iter().flat_map(|query| query.split('&')).map(pair) {
        match key {
            "rid" if is_rid(value) => rid = Some(value.to_owned()),
            "rid" => return refused(StatusCode::BAD_REQUEST, "`rid` is letters, digits, `.`, `_` or `-`"),
            "" => {}
            _ => {
                let sentence = "a URL carries `rid` and nothing else: a token in it would end in logs; send it as \
                                `Authorization: Bearer TOKEN`";
                return refused(StatusCode::BAD_REQUEST, sentence);
            }
        }
    }
    let unknown = "the path is /v1/heartbeats/JOB, or that and /start, /success, /fail or /log";
    let Some(path) = head.uri.path().strip_prefix(PREFIX) else {
        return refused(StatusCode::NOT_FOUND, unknown);
    };
    let (id, signal) = match path.split_once('/') {
        Some((id, word)) => (id, Signal::of(word)),
        None => (path, Some(Signal::Success)),
    };
    match (CheckId::new(id), signal) {
        (Ok(id), Some(signal)) => Ok((id, signal, rid)),
        _ => refused(StatusCode::NOT_FOUND, unknown),
    }
}

fn pair(text: &str) -> (&str, &str) {
    text.split_once('=').unwrap_or((text, ""))
}

/// The secret whose token reports carry: the one that is named, or the job's own.
fn secret_of(id: &CheckId, job: &Expected) -> Option<Id> {
    job.params.secret.clone().or_else(|| Id::new(id.as_str().rsplit('.').next()?).ok())
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Hashes differ where tokens do, so that the time it takes tells nothing of how far a guess was right.
fn is_same(shown: &str, token: &str) -> bool {
    digest(&SHA256, shown.as_bytes()).as_ref() == digest(&SHA256, token.as_bytes()).as_ref()
}

fn said(status: StatusCode, sentence: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{sentence}\n"))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}
