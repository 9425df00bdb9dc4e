use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::publish::example::{self, Fixed};

async fn answer(method: &str, path: &str, not_ready: &[&str]) -> (StatusCode, String, Response<()>) {
    let not_ready = not_ready.iter().map(|reason| say!("{reason}", "motivo: {reason}")).collect();
    let app = router(Arc::new(Fixed { moment: example::moment(), not_ready }), Reader::Anyone);
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, String::from_utf8(body.to_vec()).unwrap(), Response::from_parts(parts, ()))
}

type Response<B> = axum::http::Response<B>;

#[tokio::test]
async fn every_answer_is_read_only_uncached_and_guarded() {
    for path in [
        "/",
        "/en",
        "/static/vedetta.css",
        "/metrics",
        "/api/v1/now",
        "/api/v1/alerts",
        "/api/v1/certificates",
        "/api/v1/years/2026",
        "/healthz",
        "/readyz",
    ] {
        let (status, body, response) = answer("GET", path, &[]).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        for (name, value) in GUARDS {
            assert_eq!(response.headers().get(&name).unwrap(), value, "{path}");
        }
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let (status, ..) = answer(method, path, &[]).await;
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_answers_read_back() {
    let (_, body, response) = answer("GET", "/api/v1/years/2026", &[]).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(serde_json::from_str::<Year>(&body).unwrap(), Year::of(&example::moment()));
    let (_, body, _) = answer("GET", "/api/v1/years/2026?outages=none", &[]).await;
    let year: Year = serde_json::from_str(&body).unwrap();
    assert_eq!((year.services[3].outages.len(), year.services[3].outage_count), (0, 1));
    let (_, body, _) = answer("GET", "/api/v1/now", &[]).await;
    assert_eq!(serde_json::from_str::<Now>(&body).unwrap(), Now::of(&example::moment()));
    let (_, _, response) = answer("GET", "/metrics", &[]).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], metrics::Format::Classic.content_type());
}

#[tokio::test]
async fn metrics_come_as_a_reader_accepts_them() {
    // What Prometheus 2.42 sends.
    let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    for (accept, format) in [
        (prometheus, metrics::Format::OpenMetrics),
        ("*/*", metrics::Format::Classic),
        ("", metrics::Format::Classic),
    ] {
        let app =
            router(Arc::new(Fixed { moment: example::moment(), not_ready: Vec::new() }), Reader::Anyone);
        let request = Request::builder().uri("/metrics").header(header::ACCEPT, accept).body(Body::empty());
        let (parts, body) = app.oneshot(request.unwrap()).await.unwrap().into_parts();
        assert_eq!(parts.headers[header::CONTENT_TYPE], format.content_type(), "{accept}");
        let body = body.collect().await.unwrap().to_bytes();
        assert_eq!(body.ends_with(b"# EOF\n"), format == metrics::Format::OpenMetrics, "{accept}");
    }
}

#[tokio::test]
async fn an_unknown_period_is_a_sentence() {
    for (path, sentence) in [
        ("years/2027", "the year 2027 has not begun"),
        ("quarters/2027-Q1", "2027-Q1 has not begun"),
        ("years/2025", "nothing was measured in 2025; ask for a later year"),
        ("months/2025-12", "nothing was measured in 2025-12; ask for a later period"),
        ("years/MMXXVI", "a year has four digits, such as /api/v1/years/2027"),
        ("years/20260", "a year has four digits, such as /api/v1/years/2027"),
        ("years/1969", "a year has four digits, such as /api/v1/years/2027"),
        ("years/2026-Q1", "a year has four digits, such as /api/v1/years/2027"),
        ("quarters/2026-05", "a quarter is a year and Q1 to Q4, such as /api/v1/quarters/2027-Q1"),
        ("quarters/2026-Q5", "a quarter is a year and Q1 to Q4, such as /api/v1/quarters/2027-Q1"),
        ("months/2026-Q1", "a month is a year and 01 to 12, such as /api/v1/months/2027-03"),
        ("months/2026-13", "a month is a year and 01 to 12, such as /api/v1/months/2027-03"),
    ] {
        let (status, body, _) = answer("GET", &format!("/api/v1/{path}"), &[]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        let problem = serde_json::from_str::<Problem>(&body).unwrap();
        assert_eq!(problem.error, sentence);
        let errore = problem.errore.unwrap();
        assert!(!errore.is_empty() && errore != sentence, "{errore}");
    }
    let (_, body, _) = answer("GET", "/api/v1/years/2025", &[]).await;
    assert!(body.contains("nel 2025 non è stato misurato nulla"), "{body}");
    assert_eq!(answer("GET", "/nothing", &[]).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn quarters_and_months_have_the_shape_of_a_year() {
    for (path, name) in
        [("years/2026", "2026"), ("quarters/2026-Q2", "2026-Q2"), ("months/2026-03", "2026-03")]
    {
        let (status, body, _) = answer("GET", &format!("/api/v1/{path}"), &[]).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        let year: Year = serde_json::from_str(&body).unwrap();
        let period = Period::parse(name).unwrap();
        assert_eq!((year.period.as_str(), year.year), (name, 2026));
        assert_eq!((year.start_ms, year.end_ms), (period.start_ms(), period.end_ms()));
    }
}

#[tokio::test]
async fn the_past_is_asked_by_an_instant() {
    let then_ms = example::NOW_MS - 86_400_000;
    for as_of in [then_ms.to_string(), crate::publish::format::iso(then_ms)] {
        let (_, body, _) = answer("GET", &format!("/api/v1/years/2026?as_of={as_of}"), &[]).await;
        assert_eq!(serde_json::from_str::<Year>(&body).unwrap().as_of_ms, then_ms, "{body}");
        let (_, body, _) = answer("GET", &format!("/api/v1/now?as_of={as_of}"), &[]).await;
        assert_eq!(serde_json::from_str::<Now>(&body).unwrap().now_ms, then_ms, "{body}");
    }
    for (as_of, words) in
        [("yesterday", "takes an instant with its offset"), ("9999-01-01T00:00:00Z", "still to come")]
    {
        for path in ["years/2026", "now"] {
            let (status, body, _) = answer("GET", &format!("/api/v1/{path}?as_of={as_of}"), &[]).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {as_of}");
            assert!(serde_json::from_str::<Problem>(&body).unwrap().error.contains(words), "{body}");
        }
    }
}

/// Figures that do not add up: the arithmetic stops there.
struct Slipped;

impl Moments for Slipped {
    fn moment(&self, _: &Asked) -> Result<Moment, AskError> {
        panic!("the integers sum to the period")
    }

    fn not_ready(&self) -> Vec<Said> {
        Vec::new()
    }
}

#[tokio::test]
async fn what_does_not_add_up_is_an_error_and_no_number() {
    for path in ["/", "/en", "/metrics", "/api/v1/now", "/api/v1/years/2026", "/api/v1/months/2026-03"] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router(Arc::new(Slipped), Reader::Operator).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert!(problem.error.contains("could not be computed"), "{path}: {}", problem.error);
    }
}

/// Somebody else's long answer is being made.
struct Occupied;

impl Moments for Occupied {
    fn moment(&self, asked: &Asked) -> Result<Moment, AskError> {
        match asked.reader {
            Reader::Anyone => Err(AskError::Busy(crate::declare::say!("come again", "torna dopo"))),
            Reader::Operator => Ok(example::moment()),
        }
    }

    fn not_ready(&self) -> Vec<Said> {
        Vec::new()
    }
}

#[tokio::test]
async fn whoever_reaches_web_is_told_when_to_come_again_and_operators_are_answered() {
    for (reader, status) in
        [(Reader::Anyone, StatusCode::SERVICE_UNAVAILABLE), (Reader::Operator, StatusCode::OK)]
    {
        for path in ["/api/v1/years/2026?account=data_center", "/api/v1/now?as_of=0"] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let response = router(Arc::new(Occupied), reader).oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{path}");
            let wait = response.headers().get(header::RETRY_AFTER).map(|wait| wait.to_str().unwrap());
            assert_eq!(wait, (reader == Reader::Anyone).then_some("30"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_accounts_of_all_services_are_for_operators() {
    let (status, body, _) = answer("GET", "/api/v1/years/2026?account=all", &[]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(body.contains("?account=SERVICE"), "{body}");
    assert_eq!(answer("GET", "/api/v1/years/2026?account=data_center", &[]).await.0, StatusCode::OK);
    let app = router(Arc::new(Fixed { moment: example::moment(), not_ready: Vec::new() }), Reader::Operator);
    let request = Request::builder().uri("/api/v1/years/2026?account=all").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::OK);
}

/// Letters of this instant, with the month's table of the month; whoever reaches `web` gets none.
#[tokio::test]
async fn mails_are_shown_to_operators() {
    let (status, ..) = answer("GET", "/api/v1/mails", &[]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let app = router(Arc::new(Fixed { moment: example::moment(), not_ready: Vec::new() }), Reader::Operator);
    let request = Request::builder().uri("/api/v1/mails").body(Body::empty()).unwrap();
    let body = app.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let mails: Mails = serde_json::from_slice(&body).unwrap();
    let kinds: Vec<&str> = mails.mails.iter().map(|mail| mail.kind.as_str()).collect();
    assert_eq!(kinds, ["incident", "budget", "morning", "digest"]);
    let files: Vec<&str> = mails.mails[3].letter.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(files, ["carta-2026-11.csv", "carta-2026.csv"]);
    assert_eq!((mails.at_ms, mails.broken), (example::NOW_MS, Vec::new()));
}

#[tokio::test]
async fn not_ready_says_why_and_healthz_does_not_care() {
    let (status, body, _) = answer("GET", "/readyz", &["the store cannot be written: disk full"]).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let ready: Ready = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (ready.ready, ready.reasons),
        (false, vec!["the store cannot be written: disk full".to_owned()])
    );
    assert_eq!(ready.motivi, ["motivo: the store cannot be written: disk full"]);
    assert_eq!(answer("GET", "/healthz", &["x"]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn refreshing_can_be_stopped() {
    assert!(answer("GET", "/", &[]).await.1.contains("http-equiv=\"refresh\""));
    assert!(!answer("GET", "/?refresh=off", &[]).await.1.contains("http-equiv=\"refresh\""));
}

#[test]
fn the_first_answer_is_of_the_year_of_the_newest_sample() {
    let ago = |years: i64| {
        let asked = std::cell::RefCell::new(Vec::new());
        let known = |of: &Asked| {
            asked.borrow_mut().push(of.period);
            let mut moment = example::moment();
            for sample in moment.latest.values_mut() {
                sample.at_ms -= years * 365 * 86_400_000;
            }
            Ok(moment)
        };
        rehearse(known).unwrap();
        asked.into_inner()
    };
    assert_eq!(ago(0), [None]);
    assert_eq!(ago(1), [None, Some(Period::civil_year(2025))]);
    let failing = |_: &Asked| Err(AskError::Failed("a defect".to_owned()));
    assert_eq!(rehearse(failing).unwrap_err().to_string(), "a defect");
}
