//! A site, its news, and what a defacer leaves of it.

use std::sync::Arc;

use collector_api::Verdict;
use config::{CheckSpec, HttpDrift, HttpParams, Probe};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::Pages;
use crate::probe::http::tests::speak;
use crate::probe::{Check, Outcome, Reason, Surroundings, tests as probes};

const SITE: &str = "<html><head><title>Comune di Senigallia</title><script>var t = 1;</script></head><body>\
    <h1>Benvenuti nel sito istituzionale</h1><p>Uffici, servizi, modulistica, amministrazione trasparente, albo \
    pretorio, anagrafe, tributi, polizia locale, biblioteca, turismo.</p><p>Notizie del 23/11/2026: ";

fn page(news: &str) -> String {
    format!("{SITE}{news}</p></body></html>")
}

/// Serves what `shown` holds when it is asked.
async fn serve(shown: Arc<std::sync::Mutex<String>>) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let body = shown.lock().unwrap().clone();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            speak(stream, Some(answer.as_bytes())).await;
        }
    });
    (port, tasks)
}

fn check(port: u16, drift: HttpDrift) -> Check {
    let params = HttpParams { drift: Some(drift), ..HttpParams::get(format!("http://127.0.0.1:{port}/")) };
    let spec = CheckSpec { probe: Probe::Http(Box::new(params)), ..probes::spec() };
    Check::new(spec).unwrap()
}

fn fact<'o>(outcome: &'o Outcome, name: &str) -> Option<&'o str> {
    outcome.evidence.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
}

const DRIFTED: (Verdict, Reason) = (Verdict::Degraded, Reason::ContentDrift);
const UP: (Verdict, Reason) = (Verdict::Up, Reason::None);

#[tokio::test]
async fn news_are_none_and_a_defaced_site_is_degraded_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let surroundings = || Surroundings { pages: Pages::new(folder.path()), ..probes::surroundings() };
    let shown = Arc::new(std::sync::Mutex::new(page("mercato settimanale spostato")));
    let (port, _tasks) = serve(Arc::clone(&shown)).await;
    let show = |text: String| *shown.lock().unwrap() = text;
    let seen = |outcome: &Outcome| (outcome.verdict, outcome.reason);
    let (first, around) = (check(port, HttpDrift::default()), surroundings());
    assert_eq!(seen(&first.run(&around).await), UP, "what is seen first is believed");
    show(page("iscrizioni agli asili nido, allerta meteo gialla"));
    let news = first.run(&around).await;
    assert_eq!((seen(&news), fact(&news, "text").map(str::len)), (UP, Some(64)), "{news:?}");
    show("<html><body><h1>Hacked by somebody</h1><p>we own your server now</p></body></html>".to_owned());
    let defaced = first.run(&around).await;
    assert_eq!((seen(&defaced), fact(&defaced, "kept")), (DRIFTED, Some("0%")), "{defaced:?}");
    assert!(defaced.evidence.detail.starts_with("0% of the words of before are left, expected at least 50%"));
    let second = check(port, HttpDrift::default());
    assert_eq!(seen(&second.run(&surroundings()).await), DRIFTED, "remembered across a restart");
    show(String::new());
    assert_eq!(seen(&second.run(&around).await), DRIFTED, "an empty page, too");
    show(page("ripristinato"));
    assert_eq!(seen(&second.run(&around).await), UP);
}

#[tokio::test]
async fn a_new_site_settles() {
    let shown = Arc::new(std::sync::Mutex::new(page("")));
    let (port, _tasks) = serve(Arc::clone(&shown)).await;
    let check = check(port, HttpDrift { settles_ms: 0, ..HttpDrift::default() });
    let surroundings = probes::surroundings();
    let mut seen = Vec::new();
    for body in [
        page(""),
        "tutto nuovo, completamente diverso".to_owned(),
        "tutto nuovo, completamente diverso".to_owned(),
    ] {
        *shown.lock().unwrap() = body;
        let outcome = check.run(&surroundings).await;
        seen.push((outcome.verdict, outcome.reason));
    }
    assert_eq!(seen, [UP, DRIFTED, UP], "a directory that cannot be written is no outage");
}

#[tokio::test]
async fn a_pinned_page_must_not_change_at_all() {
    let shown = Arc::new(std::sync::Mutex::new("<p>Accesso  ai servizi</p>".to_owned()));
    let (port, _tasks) = serve(Arc::clone(&shown)).await;
    let surroundings = probes::surroundings();
    let told = check(port, HttpDrift::default()).run(&surroundings).await;
    let pin = fact(&told, "text").map(str::to_owned);
    let pinned = check(port, HttpDrift { pin, ..HttpDrift::default() });
    for (body, expected) in [
        ("<p>Accesso  ai servizi</p>", UP),
        ("<div class=x>accesso ai <b>servizi</b></div>", UP),
        ("<p>Accesso ai servizi 2", (Verdict::Degraded, Reason::ContentNotPinned)),
        ("", (Verdict::Degraded, Reason::ContentNotPinned)),
    ] {
        *shown.lock().unwrap() = body.to_owned();
        let outcome = pinned.run(&surroundings).await;
        assert_eq!((outcome.verdict, outcome.reason), expected, "{body}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_page_that_was_packed_is_not_compared() {
    let packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b".to_vec();
    let (address, _tasks) = crate::probe::http::tests::serve(Some(packed)).await;
    let outcome = check(address.port(), HttpDrift::default()).run(&probes::surroundings()).await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Reason::ProtoUnexpectedReply));
}
