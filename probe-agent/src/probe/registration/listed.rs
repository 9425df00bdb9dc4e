//! Which RDAP service is a domain's: IANA's list of them (RFC 9224), read at most once a day.
//!
//! The list is somebody else's word about where to go: the agent goes only where its `allowed_targets` let it, and never
//! from a list that came by https to a service in clear. A list that cannot be read is no fault of the domain's; the
//! service that was found before is then asked on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use collector_api::Reason;
use config::{HostPort, TlsParams};
use serde_json::Value;
use tokio::time::Instant;

use super::{Http, asking, reading, unseen};
use crate::probe::{Asker as _, Fault, Surroundings, Trace};

/// IANA changes its list a few times a month.
const GOOD_FOR: Duration = Duration::from_hours(24);

/// A domain whose service the list knows.
pub(super) struct Listed {
    list: Http,
    /// Did it come by https?
    is_private: bool,
    domain: String,
    tls: TlsParams,
    found: Mutex<Option<Found>>,
}

/// What the list said last.
#[derive(Clone)]
struct Found {
    until: Instant,
    /// `None` where it names none.
    service: Option<Arc<Http>>,
}

impl Listed {
    pub(super) fn new(list: &str, domain: &str, tls: &TlsParams) -> Result<Self, String> {
        Ok(Self {
            is_private: list.starts_with("https://"),
            // The name is the registry's, if the charter gives one.
            list: reading(list.to_owned(), &TlsParams { name: None, ..tls.clone() })?,
            domain: domain.to_owned(),
            tls: tls.clone(),
            found: Mutex::default(),
        })
    }

    pub(super) fn address(&self) -> &HostPort {
        self.list.address()
    }

    /// The domain's service, as the list says or said; `None` where it names none.
    pub(super) async fn service(
        &self,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Option<Arc<Http>>, Fault> {
        let now = Instant::now();
        let before = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(found) = before.as_ref().filter(|found| now < found.until) {
            return Ok(found.service.clone());
        }
        match self.look_up(surroundings, trace).await {
            Ok(service) => {
                let found = Found { until: now + GOOD_FOR, service: service.clone() };
                *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                trace.begin_hop();
                Ok(service)
            }
            Err(fault) => match before {
                Some(found) => {
                    trace.fact("bootstrap", "the list cannot be read; as it was before");
                    trace.begin_hop();
                    Ok(found.service)
                }
                None => Err(fault),
            },
        }
    }

    async fn look_up(
        &self,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Option<Arc<Http>>, Fault> {
        let page = self.list.fetch(surroundings, trace).await.map_err(|fault| unseen(&fault))?;
        if !(200..300).contains(&page.status) {
            let detail = format!("the list of registries: {}", page.status);
            return Err(Fault::unseen(Reason::AssertStatus, detail));
        }
        let malformed = |what: String| Fault::unseen(Reason::ProtoMalformed, what);
        let list: Value = serde_json::from_slice(&page.body)
            .map_err(|error| malformed(format!("the list of registries is not JSON: {error}")))?;
        let Some(services) = list.get("services").and_then(Value::as_array) else {
            return Err(malformed("the list of registries has no `services`".to_owned()));
        };
        let Some(service) = service_of(services, &self.domain, self.is_private) else {
            trace.fact("bootstrap", "no service is listed");
            return Ok(None);
        };
        let http = asking(&service, &self.domain, &self.tls)
            .map_err(|sentence| malformed(format!("the list of registries names `{service}`: {sentence}")))?;
        Ok(Some(Arc::new(http)))
    }
}

/// The service of the longest suffix that is the domain's (RFC 9224, 4), with a slash at its end.
fn service_of(services: &[Value], domain: &str, only_private: bool) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for service in services {
        let (Some(suffixes), Some(places)) = (texts(service.get(0)), texts(service.get(1))) else { continue };
        let longest = suffixes.filter(|suffix| is_below(domain, suffix)).map(str::len).max();
        let mut places = places.filter(|place| place.starts_with("https://") || !only_private);
        if let (Some(length), Some(place)) = (longest, places.next())
            && best.is_none_or(|(known, _)| known < length)
        {
            best = Some((length, place));
        }
    }
    best.map(|(_, place)| format!("{}/", place.trim_end_matches('/')))
}

fn texts(list: Option<&Value>) -> Option<impl Iterator<Item = &str>> {
    Some(list?.as_array()?.iter().filter_map(Value::as_str))
}

/// By whole labels, whatever the case; nothing is below the empty suffix.
fn is_below(domain: &str, suffix: &str) -> bool {
    let suffix = suffix.trim_matches('.').to_ascii_lowercase();
    let rest = domain.strip_suffix(suffix.as_str());
    !suffix.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use collector_api::Verdict;
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;
    use crate::probe::{Check, Outcome, tests as probes};

    #[test]
    fn the_longest_suffix_of_whole_labels_counts() {
        let list = json!([
            [["com", "net"], ["http://clear.example/", "https://com.example/rdap"]],
            [["example"], ["https://example.example/"]],
            [["Comune.Example."], ["https://comune.example/"]],
            [["chiaro"], ["http://chiaro.example/"]],
            [["munc.example"], ["https://no.example/"]],
            [[""], ["https://root.example/"]],
            [7, ["https://x.example/"]],
            "rotto",
        ]);
        let services = list.as_array().unwrap();
        for (domain, only_private, expected) in [
            ("a.com", true, Some("https://com.example/rdap/")),
            ("a.com", false, Some("http://clear.example/")),
            ("altro.example", true, Some("https://example.example/")),
            ("comune.example", true, Some("https://comune.example/")),
            ("sub.comune.example", true, Some("https://comune.example/")),
            ("xcomune.example", true, Some("https://example.example/")),
            ("a.it", true, None),
            ("a.chiaro", true, None),
        ] {
            assert_eq!(service_of(services, domain, only_private).as_deref(), expected, "{domain}");
        }
    }

    /// Answers each path with a body, and every other with 404; the port stands in for `PORT`.
    async fn serve(pages: Vec<(&'static str, String)>) -> (u16, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = vec![0; 4_096];
                let length = stream.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let page = pages.iter().find(|(known, _)| *known == path);
                let (status, body) = page.map_or(("404 Not Found", String::new()), |(_, body)| {
                    ("200 OK", body.replace("PORT", &port.to_string()))
                });
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (port, tasks)
    }

    fn check(port: u16, expires_ms: Option<i64>) -> Check {
        let params = json!({
            "kind": "registration", "domain": "comune.example", "expires_ms": expires_ms,
            "bootstrap": format!("http://127.0.0.1:{port}/dns.json"),
        });
        let probe = serde_json::from_value(params).unwrap();
        let mut spec = config::CheckSpec { probe, ..probes::spec() };
        (spec.timing.attempts, spec.timing.timeout_ms) = (1, 2_000);
        Check::new(spec).unwrap()
    }

    async fn asked(pages: Vec<(&'static str, String)>, expires_ms: Option<i64>) -> Outcome {
        let (port, _tasks) = serve(pages).await;
        check(port, expires_ms).run(&probes::surroundings()).await
    }

    const LIST: &str = r#"{"services":[[["example"],["http://127.0.0.1:PORT/rdap"]]]}"#;
    const DOMAIN: &str = r#"{"ldhName":"comune.example","status":["active"],
        "events":[{"eventAction":"expiration","eventDate":"2090-01-01T00:00:00Z"}]}"#;

    #[tokio::test]
    async fn a_list_leads_to_the_registry_or_says_nothing_of_the_domain() {
        let list = |text: &str| ("/dns.json", text.to_owned());
        let domain = || ("/rdap/domain/comune.example", DOMAIN.to_owned());
        for (pages, expires_ms, verdict, reason) in [
            (vec![list(LIST), domain()], None, Verdict::Up, Reason::None),
            (vec![list(LIST)], None, Verdict::Down, Reason::RegistrationUnknown),
            (vec![list("{\"services\":[]}")], None, Verdict::Unknown, Reason::RegistrationDateless),
            (vec![list("{\"services\":[]}")], Some(i64::MAX / 2), Verdict::Up, Reason::None),
            (vec![list("{}")], None, Verdict::Unknown, Reason::ProtoMalformed),
            (vec![list("<html>")], Some(i64::MAX / 2), Verdict::Unknown, Reason::ProtoMalformed),
            (vec![], None, Verdict::Unknown, Reason::AssertStatus),
            (
                vec![list(r#"{"services":[[["example"],["gopher://a/"]]]}"#)],
                None,
                Verdict::Unknown,
                Reason::ProtoMalformed,
            ),
        ] {
            let shown = format!("{pages:?}");
            let outcome = asked(pages, expires_ms).await;
            assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{shown}: {outcome:?}");
        }
    }

    #[tokio::test]
    async fn a_list_is_read_once_a_day_and_then_again() {
        let (port, _tasks) =
            serve(vec![("/dns.json", LIST.to_owned()), ("/rdap/domain/comune.example", DOMAIN.to_owned())])
                .await;
        let tls = TlsParams::default();
        let listed =
            Listed::new(&format!("http://127.0.0.1:{port}/dns.json"), "comune.example", &tls).unwrap();
        let surroundings = probes::surroundings();
        let found = listed.service(&surroundings, &mut Trace::begin()).await.unwrap().unwrap();
        let again = listed.service(&surroundings, &mut Trace::begin()).await.unwrap().unwrap();
        assert!(Arc::ptr_eq(&found, &again));
        let past = Instant::now();
        listed.found.lock().unwrap().as_mut().unwrap().until = past;
        let anew = listed.service(&surroundings, &mut Trace::begin()).await.unwrap().unwrap();
        assert!(!Arc::ptr_eq(&found, &anew), "read again");
    }

    #[tokio::test]
    async fn a_list_that_has_gone_leaves_the_service_that_it_named() {
        let (port, tasks) = serve(vec![("/dns.json", LIST.to_owned())]).await;
        let tls = TlsParams::default();
        let listed =
            Listed::new(&format!("http://127.0.0.1:{port}/dns.json"), "comune.example", &tls).unwrap();
        let surroundings = probes::surroundings();
        let found = listed.service(&surroundings, &mut Trace::begin()).await.unwrap().unwrap();
        drop(tasks);
        let past = Instant::now();
        listed.found.lock().unwrap().as_mut().unwrap().until = past;
        let again = listed.service(&surroundings, &mut Trace::begin()).await.unwrap().unwrap();
        assert!(Arc::ptr_eq(&found, &again));
    }
}
