//! Routes of the `web` listener and of the Unix socket: read-only, nothing cached, nothing framed.
//!
//! Each answer takes one [`Moment`] off the async threads, because figures are computed
//! for it. Every route is a GET; axum answers other methods with 405.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use super::api::{Now, Problem, Ready, Year};
use super::moment::{Moment, Moments};
use super::words::Lang;
use super::{metrics, page};

type Source = State<Arc<dyn Moments>>;

/// The read-only routes over `moments`.
pub fn router(moments: Arc<dyn Moments>) -> Router {
    Router::new()
        .route(
            "/",
            get(async |moments: Source, query: Query<PageQuery>| html(moments, query, Lang::It).await),
        )
        .route(
            "/en",
            get(async |moments: Source, query: Query<PageQuery>| html(moments, query, Lang::En).await),
        )
        .route("/static/vedetta.css", get(async || typed("text/css; charset=utf-8", page::CSS)))
        .route("/metrics", get(exposition))
        .route("/api/v1/now", get(now))
        .route("/api/v1/years/{year}", get(year))
        .route("/healthz", get(async || typed("text/plain; charset=utf-8", "ok\n")))
        .route("/readyz", get(ready))
        .fallback(async || {
            problem(StatusCode::NOT_FOUND, "nothing is here; the page is at /, figures at /api/v1/years/YYYY")
        })
        .layer(map_response(guarded))
        .with_state(moments)
}

/// `?refresh=off` stops the page's own refreshing (WCAG 2.2.1).
#[derive(Debug, serde::Deserialize)]
struct PageQuery {
    refresh: Option<String>,
}

async fn html(State(moments): Source, Query(query): Query<PageQuery>, lang: Lang) -> Response {
    let refresh = query.refresh.as_deref() != Some("off");
    let page = computed(move || page::render(&Now::of(&moments.moment(None)), lang, refresh)).await;
    match page {
        Some(Ok(page)) => typed("text/html; charset=utf-8", page),
        Some(Err(_)) | None => failed(),
    }
}

async fn exposition(State(moments): Source) -> Response {
    match computed(move || metrics::render(&moments.moment(None))).await {
        Some(Ok(text)) => typed(metrics::CONTENT_TYPE, text),
        Some(Err(_)) | None => failed(),
    }
}

async fn now(State(moments): Source) -> Response {
    match computed(move || Now::of(&moments.moment(None))).await {
        Some(now) => json(StatusCode::OK, &now),
        None => failed(),
    }
}

/// `?outages=none` leaves the list of stops out.
#[derive(Debug, serde::Deserialize)]
struct YearQuery {
    outages: Option<String>,
}

async fn year(State(moments): Source, Path(year): Path<String>, Query(query): Query<YearQuery>) -> Response {
    let Some(number) = year.parse::<i16>().ok().filter(|number| (1970..=9998).contains(number)) else {
        return problem(StatusCode::NOT_FOUND, "a year has four digits, such as /api/v1/years/2027");
    };
    let answer = computed(move || {
        let moment = moments.moment(Some(number));
        let of = if query.outages.as_deref() == Some("none") { Year::without_outages } else { Year::of };
        unknown_year(&moment).map_or_else(|| Ok(of(&moment)), Err)
    });
    match answer.await {
        Some(Ok(year)) => json(StatusCode::OK, &year),
        Some(Err(sentence)) => problem(StatusCode::NOT_FOUND, &sentence),
        None => failed(),
    }
}

/// Why there is nothing to say about the moment's year.
fn unknown_year(moment: &Moment) -> Option<String> {
    let figures = &moment.figures;
    if moment.now_ms < figures.start_ms {
        return Some(format!("the year {} has not begun", figures.year));
    }
    let measured = figures.services.iter().any(|service| service.figure.known_ms() > 0);
    let before = moment.began_ms.is_none_or(|began_ms| figures.end_ms <= began_ms);
    (before && !measured).then(|| format!("nothing was measured in {}; ask for a later year", figures.year))
}

async fn ready(State(moments): Source) -> Response {
    let Some(reasons) = computed(move || moments.not_ready()).await else { return failed() };
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &Ready { ready, reasons })
}

/// Computes off the async threads; `None` if the computation panicked.
async fn computed<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::error!(%error, "an answer could not be computed");
            None
        }
    }
}

fn failed() -> Response {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the answer could not be computed; the collector's log says why",
    )
}

fn problem(status: StatusCode, sentence: &str) -> Response {
    json(status, &Problem { error: sentence.to_owned() })
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (status, typed("application/json", body)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn typed(content_type: &'static str, body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

const GUARDS: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

async fn guarded(mut response: Response) -> Response {
    for (name, value) in GUARDS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
