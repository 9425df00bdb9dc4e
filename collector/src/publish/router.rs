//! Routes of the `web` listener and of the Unix socket: nothing can be changed here, nothing is cached or framed.
//!
//! Each answer takes one [`Moment`] off the async threads, because figures are computed for it. Every route is a
//! GET; axum answers other methods with 405.
//!
//! What a reader can cost. A figure of the present is milliseconds. `?as_of=`, a part of a closed year, and
//! `?account=` are seconds of a processor and as much memory again as all runs: of those, `web` makes one at a
//! time, refuses the others with 503 and `Retry-After`, and keeps the newest two instants for ten minutes; whoever
//! asks on and on keeps one core busy, and neither the operators' answers nor the writing of samples wait for more
//! than the one that is being made. The accounts of all services at once are for operators. One thing is written:
//! the first question about an instant that is later than everything stored leaves one row, which says that
//! nothing may be stamped at or before it any more.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use collector_derive::Period;
use collector_derive::alert::Decision;
use serde::Serialize;

use super::api::{Alerts, Certificates, Mails, Now, Problem, Ready, Year};
use super::asked::{Accounts, AskError, Asked, Reader, instant_ms};
use super::moment::{Alerting, Moment, Moments};
use super::words::Lang;
use super::{mail, metrics, page};
use crate::declare::say;
use crate::operator::Said;

type Source = State<Readers>;

/// Where moments come from, and who asks for them.
#[derive(Clone)]
struct Readers {
    moments: Arc<dyn Moments>,
    reader: Reader,
}

impl Readers {
    fn moment(&self, asked: Asked) -> Result<Moment, AskError> {
        self.moments.moment(&Asked { reader: self.reader, ..asked })
    }
}

/// The routes over `moments`, for those who come this way.
pub fn router(moments: Arc<dyn Moments>, reader: Reader) -> Router {
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
        .route("/api/v1/alerts", get(alerts))
        .route("/api/v1/mails", get(mails))
        .route("/api/v1/certificates", get(certificates))
        .route(
            "/api/v1/years/{name}",
            get(async |moments: Source, name: Path<String>, query: Query<PeriodQuery>| {
                period(moments, Length::Year, &name, query.0).await
            }),
        )
        .route(
            "/api/v1/quarters/{name}",
            get(async |moments: Source, name: Path<String>, query: Query<PeriodQuery>| {
                period(moments, Length::Quarter, &name, query.0).await
            }),
        )
        .route(
            "/api/v1/months/{name}",
            get(async |moments: Source, name: Path<String>, query: Query<PeriodQuery>| {
                period(moments, Length::Month, &name, query.0).await
            }),
        )
        .route("/healthz", get(async || typed("text/plain; charset=utf-8", "ok\n")))
        .route("/readyz", get(ready))
        .fallback(async || {
            problem(StatusCode::NOT_FOUND, "nothing is here; the page is at /, figures at /api/v1/years/YYYY")
        })
        .layer(map_response(guarded))
        .with_state(Readers { moments, reader })
}

/// `?refresh=off` stops the page's own refreshing (WCAG 2.2.1).
#[derive(Debug, serde::Deserialize)]
struct PageQuery {
    refresh: Option<String>,
}

async fn html(State(moments): Source, Query(query): Query<PageQuery>, lang: Lang) -> Response {
    let refresh = query.refresh.as_deref() != Some("off");
    let page = computed(move || {
        let moment = moments.moment(Asked { sightings: true, ..Asked::default() })?;
        Ok(page::render(&Now::of(&moment), lang, refresh))
    });
    match page.await {
        Ok(Ok(page)) => typed("text/html; charset=utf-8", page),
        Ok(Err(_)) => failed(),
        Err(error) => refused(&error),
    }
}

async fn exposition(State(moments): Source, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = metrics::Format::accepted(accept);
    let told = computed(move || {
        let moment = moments.moment(Asked::default())?;
        Ok(metrics::render(&moment, &moments.moments.vitals(), format))
    });
    match told.await {
        Ok(Ok(text)) => typed(format.content_type(), text),
        Ok(Err(_)) => failed(),
        Err(error) => refused(&error),
    }
}

/// `?as_of=INSTANT` asks for what was known then.
#[derive(Debug, serde::Deserialize)]
struct NowQuery {
    as_of: Option<String>,
}

async fn now(moments: Source, query: Query<NowQuery>) -> Response {
    present(moments, query, |moment| told(&Now::of(moment))).await
}

async fn certificates(moments: Source, query: Query<NowQuery>) -> Response {
    present(moments, query, |moment| told(&Certificates::of(moment))).await
}

/// What `tell` makes of the present, or of what was known at an instant.
async fn present(
    State(moments): Source,
    Query(query): Query<NowQuery>,
    tell: fn(&Moment) -> Result<Vec<u8>, AskError>,
) -> Response {
    let answer = computed(move || {
        let as_of_ms = query.as_of.as_deref().map(instant_ms).transpose()?;
        tell(&moments.moment(Asked { as_of_ms, sightings: true, ..Asked::default() })?)
    });
    match answer.await {
        Ok(body) => typed(JSON, body),
        Err(error) => refused(&error),
    }
}

async fn alerts(State(moments): Source) -> Response {
    let alerts = computed(move || {
        let moment = moments.moment(Asked::default())?;
        told(&Alerts::of(decided(&moment)?, &moment.charter))
    });
    match alerts.await {
        Ok(body) => typed(JSON, body),
        Err(error) => refused(&error),
    }
}

/// The mails of this instant. They name machines and persons, and a month's costs two figures more: for operators.
async fn mails(State(readers): Source) -> Response {
    let mails = computed(move || {
        if readers.reader == Reader::Anyone {
            return Err(AskError::Forbidden(say!(
                "mails are shown to operators only: `vedetta mails`",
                "le mail si mostrano solo agli operatori: `vedetta mails`"
            )));
        }
        let moment = readers.moment(Asked::default())?;
        let (templates, page) = (readers.moments.templates(), readers.moments.page());
        let more = |decision: &Decision| -> Result<Vec<Moment>, AskError> {
            let known = mail::periods(decision).into_iter().map(|period| readers.moment(Asked::of(period)));
            known.collect()
        };
        told(&Mails::of(decided(&moment)?, &moment, (&*templates, page.as_deref()), more)?)
    });
    match mails.await {
        Ok(body) => typed(JSON, body),
        Err(error) => refused(&error),
    }
}

fn decided(moment: &Moment) -> Result<&Alerting, AskError> {
    moment.alerts.as_deref().ok_or_else(|| {
        AskError::Busy(say!(
            "nothing was decided yet: the first look comes within seconds of the start",
            "non è ancora stato deciso nulla: il primo sguardo è pochi secondi dopo l'avvio"
        ))
    })
}

/// `?outages=none` leaves the list of stops out; `?as_of=INSTANT` asks for what was known then;
/// `?account=SERVICE` (operators: or `all`) adds what makes up the figure.
#[derive(Debug, serde::Deserialize)]
struct PeriodQuery {
    outages: Option<String>,
    as_of: Option<String>,
    account: Option<String>,
}

/// What a route is about.
#[derive(Debug, Clone, Copy)]
enum Length {
    Year,
    Quarter,
    Month,
}

impl Length {
    /// The period of this length that is called `name`.
    fn period(self, name: &str) -> Result<Period, AskError> {
        let (bytes, words) = match self {
            Self::Year => (
                4,
                say!(
                    "a year has four digits, such as /api/v1/years/2027",
                    "un anno ha quattro cifre, come /api/v1/years/2027"
                ),
            ),
            Self::Quarter => (
                7,
                say!(
                    "a quarter is a year and Q1 to Q4, such as /api/v1/quarters/2027-Q1",
                    "un trimestre è un anno e da Q1 a Q4, come /api/v1/quarters/2027-Q1"
                ),
            ),
            Self::Month => (
                7,
                say!(
                    "a month is a year and 01 to 12, such as /api/v1/months/2027-03",
                    "un mese è un anno e da 01 a 12, come /api/v1/months/2027-03"
                ),
            ),
        };
        let quarter = name.contains('Q') == matches!(self, Self::Quarter);
        let period = Period::parse(name).filter(|_| name.len() == bytes && quarter);
        // Before Unix time nothing can have been measured.
        period.filter(|period| period.end_ms() > 0).ok_or(AskError::Absent(words))
    }
}

async fn period(State(moments): Source, length: Length, name: &str, query: PeriodQuery) -> Response {
    let period = match length.period(name) {
        Ok(period) => period,
        Err(error) => return refused(&error),
    };
    let answer = computed(move || {
        let as_of_ms = query.as_of.as_deref().map(instant_ms).transpose()?;
        let accounts = query.account.as_deref().map_or(Accounts::None, Accounts::parse);
        if accounts == Accounts::All && moments.reader == Reader::Anyone {
            return Err(AskError::Forbidden(all_accounts()));
        }
        let asked = Asked { period: Some(period), as_of_ms, accounts, ..Asked::default() };
        let moment = moments.moment(asked)?;
        known(&moment, period)?;
        let listed = query.outages.as_deref() != Some("none");
        if moment.sealed.is_none() {
            return told(&if listed { Year::of(&moment) } else { Year::without_outages(&moment) });
        }
        let mut year = Year::told(&moment);
        if !listed {
            year.services.iter_mut().for_each(|service| service.outages.clear());
        }
        told(&year)
    });
    match answer.await {
        Ok(body) => typed(JSON, body),
        Err(error) => refused(&error),
    }
}

/// The first answer, made before anybody asks and thrown away: of the year of the newest sample.
///
/// A fresh process pays for its first figures with memory that nobody has touched yet, more than half as much again
/// as for the figures themselves; and what cannot be computed shows at the start instead of to the first reader.
/// Nothing is kept of it: every answer is computed anew.
pub fn rehearse(known: impl Fn(&Asked) -> Result<Moment, AskError>) -> Result<(), AskError> {
    let moment = known(&Asked::default())?;
    let newest_ms = moment.latest.values().map(|sample| sample.at_ms).max();
    let year = newest_ms.map(Period::civil_year_at).filter(|year| year.end_ms() <= moment.now_ms);
    let moment = match year {
        None => moment,
        Some(_) => known(&Asked { period: year, ..Asked::default() })?,
    };
    told(&Year::without_outages(&moment)).map(drop)
}

/// The body of an answer. Made where the answer is computed: a year of hundreds of checks is as long as a book.
fn told(answer: &impl Serialize) -> Result<Vec<u8>, AskError> {
    serde_json::to_vec(answer).map_err(|error| AskError::Failed(error.to_string()))
}

/// Is there anything to say about the moment's period?
fn known(moment: &Moment, period: Period) -> Result<(), AskError> {
    let name = period.name();
    let is_year = name.len() == 4;
    if moment.now_ms < period.start_ms() {
        return Err(AskError::Absent(if is_year {
            say!("the year {name} has not begun", "l'anno {name} non è cominciato")
        } else {
            say!("{name} has not begun", "il periodo {name} non è cominciato")
        }));
    }
    let measured = moment.figures.services.iter().any(|service| service.figure.known_ms() > 0);
    let before = moment.began_ms.is_none_or(|began_ms| period.end_ms() <= began_ms);
    if before && !measured {
        return Err(AskError::Absent(if is_year {
            say!(
                "nothing was measured in {name}; ask for a later year",
                "nel {name} non è stato misurato nulla; chiedi un anno successivo"
            )
        } else {
            say!(
                "nothing was measured in {name}; ask for a later period",
                "nel periodo {name} non è stato misurato nulla; chiedi un periodo successivo"
            )
        }));
    }
    Ok(())
}

async fn ready(State(moments): Source) -> Response {
    let reasons = match computed(move || Ok(moments.moments.not_ready())).await {
        Ok(reasons) => reasons,
        Err(error) => return refused(&error),
    };
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (reasons, motivi) = reasons.into_iter().map(|Said { en, it }| (en, it)).unzip();
    json(status, &Ready { ready, reasons, motivi })
}

/// Computes off the async threads.
async fn computed<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AskError> + Send + 'static,
) -> Result<T, AskError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be computed");
        Err(AskError::Failed(NOT_COMPUTED.to_owned()))
    })
}

const JSON: &str = "application/json";
/// About as long as deriving a year of 200 checks takes on a slow machine.
const RETRY_AFTER_S: &str = "30";
const NOT_COMPUTED: &str = "the answer could not be computed; the collector's log says why";

fn all_accounts() -> Said {
    say!(
        "what makes up every figure at once is told to operators only; ask for one service: `?account=SERVICE`",
        "da che cosa nasce ogni dato, tutto insieme, si dice solo agli operatori; chiedi un servizio: `?account=SERVIZIO`"
    )
}

fn failed() -> Response {
    problem(StatusCode::INTERNAL_SERVER_ERROR, NOT_COMPUTED)
}

fn refused(error: &AskError) -> Response {
    let status = match error {
        AskError::Refused(_) => StatusCode::BAD_REQUEST,
        AskError::Absent(_) => StatusCode::NOT_FOUND,
        AskError::Forbidden(_) => StatusCode::FORBIDDEN,
        AskError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        AskError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response =
        json(status, &Problem { error: error.to_string(), errore: error.italian().map(str::to_owned) });
    if matches!(error, AskError::Busy(_)) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
    }
    response
}

fn problem(status: StatusCode, sentence: &str) -> Response {
    json(status, &Problem { error: sentence.to_owned(), errore: None })
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (status, typed(JSON, body)).into_response(),
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
