//! `probe: registration`: is the domain still ours, and until when?
//!
//! The registry is asked by RDAP (RFC 9083): its answer's `expiration` event and the domain's status. Where the registry
//! says no date (or there is no RDAP, or IANA's list names none), the charter's own `expires` is compared with the clock. A registry that cannot
//! be reached says nothing of the domain, which goes on: unknown, never down. Down is a domain that is out of the DNS by
//! the registry's will, that is about to be given away, that the registry does not know, or whose time is over.

mod listed;

use std::sync::Arc;

use collector_api::Reason;
use config::{HostPort, HttpParams, HttpRedirects, RegistrationParams, TlsParams};
use serde_json::Value;

use self::listed::Listed;
use super::http::{Http, Page, Route};
use super::{Asker, Attempted, Fault, Surroundings, Trace};
use crate::clock;

/// RFC 8056: the domain is registered, and not delegated.
const HELD: [&str; 4] = ["client hold", "server hold", "dns hold", "inactive"];
/// On the way out.
const LEAVING: [&str; 3] = ["redemption period", "pending delete", "not renewed"];
/// Of statuses in evidence: those of a domain are a handful.
const STATUSES_MAX: usize = 8;

/// Who is asked.
enum Registry {
    Nobody,
    Known(Arc<Http>),
    Listed(Box<Listed>),
}

/// One domain.
pub struct Registration {
    /// The registry's, or the domain without a port.
    address: HostPort,
    domain: String,
    registry: Registry,
    expires_ms: Option<i64>,
    renew_before_ms: i64,
    clock: clock::WallClock,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").field("domain", &self.domain).finish_non_exhaustive()
    }
}

impl Registration {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: &RegistrationParams) -> Result<Self, String> {
        let RegistrationParams { domain, rdap, bootstrap, expires_ms, renew_before_ms, tls } = params;
        let registry = match (rdap, bootstrap) {
            (Some(service), _) => Registry::Known(Arc::new(asking(service, domain, tls)?)),
            (None, Some(list)) => Registry::Listed(Box::new(Listed::new(list, domain, tls)?)),
            (None, None) => Registry::Nobody,
        };
        let address = match &registry {
            Registry::Known(http) => http.address().clone(),
            Registry::Listed(listed) => listed.address().clone(),
            Registry::Nobody if expires_ms.is_some() => HostPort { host: domain.clone(), port: 0 },
            Registry::Nobody => {
                return Err(format!(
                    "nobody says until when `{domain}` is registered: neither `rdap` nor `expires`"
                ));
            }
        };
        Ok(Self {
            address,
            domain: domain.clone(),
            registry,
            expires_ms: *expires_ms,
            renew_before_ms: i64::try_from(*renew_before_ms).unwrap_or(i64::MAX),
            clock: clock::system(),
        })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        // Each phase has its own silence; none of them says anything of the domain.
        trace.read_silence(unseen);
        let http = match &self.registry {
            Registry::Nobody => None,
            Registry::Known(http) => Some(Arc::clone(http)),
            Registry::Listed(listed) => listed.service(surroundings, trace).await?,
        };
        let registered = match http {
            None => Registered::default(),
            Some(http) => {
                let page = http.fetch(surroundings, trace).await.map_err(|fault| unseen(&fault))?;
                read(&page, &self.domain)?
            }
        };
        if !registered.status.is_empty() {
            trace.fact("registration", registered.status.join(", "));
        }
        let ends_ms = registered.expires_ms.or(self.expires_ms);
        if let Some(ends_ms) = ends_ms {
            trace.fact("expires", day(ends_ms));
        }
        judge(&registered.status, ends_ms, (self.clock)(), self.renew_before_ms)
    }
}

impl Asker for Registration {
    fn address(&self) -> &HostPort {
        &self.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// The question about a domain to an RDAP service, whose address ends with a slash (RFC 9082, 3.1.3).
fn asking(service: &str, domain: &str, tls: &TlsParams) -> Result<Http, String> {
    reading(format!("{service}domain/{domain}"), tls)
}

/// A page that is read here.
fn reading(url: String, tls: &TlsParams) -> Result<Http, String> {
    let http = HttpParams { redirects: HttpRedirects::default(), tls: tls.clone(), ..HttpParams::get(url) };
    Http::by(&http, Route { proxy: None, block_page: Vec::new(), keeps_body: true })
}

/// What the registry says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Registered {
    /// Lower case.
    status: Vec<String>,
    expires_ms: Option<i64>,
}

/// A registry that cannot be asked is no fault of the domain's.
fn unseen(fault: &Fault) -> Fault {
    Fault::unseen(fault.reason, format!("the registry says nothing: {}", fault.detail))
}

fn read(page: &Page, domain: &str) -> Result<Registered, Fault> {
    match page.status {
        200..=299 => {}
        404 => {
            let detail = format!("the registry knows no `{domain}`");
            return Err(Fault::new(Reason::RegistrationUnknown, detail));
        }
        429 => return Err(Fault::unseen(Reason::LimitRate, "the registry is asked too often")),
        status => return Err(Fault::unseen(Reason::AssertStatus, format!("the registry answers {status}"))),
    }
    let malformed = |what: String| Fault::unseen(Reason::ProtoMalformed, what);
    let answer: Value = serde_json::from_slice(&page.body)
        .map_err(|error| malformed(format!("the registry's answer is not JSON: {error}")))?;
    let name = answer.get("ldhName").and_then(Value::as_str).unwrap_or_default();
    if !name.trim_end_matches('.').eq_ignore_ascii_case(domain) {
        return Err(malformed(format!("the registry answers about `{name}`")));
    }
    let status = answer.get("status").and_then(Value::as_array);
    let status = status.into_iter().flatten().filter_map(Value::as_str).take(STATUSES_MAX);
    let events = answer.get("events").and_then(Value::as_array);
    let is_end = |event: &&Value| event.get("eventAction").and_then(Value::as_str) == Some("expiration");
    let end = events.into_iter().flatten().find(is_end).and_then(|event| event.get("eventDate")?.as_str());
    let end = end.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    Ok(Registered {
        status: status.map(str::to_lowercase).collect(),
        expires_ms: end.map(jiff::Timestamp::as_millisecond),
    })
}

fn judge(status: &[String], ends_ms: Option<i64>, now_ms: i64, renew_before_ms: i64) -> Result<(), Fault> {
    let among = |known: &[&str]| status.iter().find(|status| known.contains(&status.as_str()));
    if let Some(status) = among(&LEAVING) {
        return Err(Fault::new(Reason::RegistrationRedemption, format!("its status is `{status}`")));
    }
    if let Some(status) = among(&HELD) {
        return Err(Fault::new(Reason::RegistrationHold, format!("its status is `{status}`")));
    }
    let Some(ends_ms) = ends_ms else {
        let detail = "the registry says no date; write it as `expires`";
        return Err(Fault::unseen(Reason::RegistrationDateless, detail));
    };
    let left_ms = ends_ms.saturating_sub(now_ms);
    if left_ms <= 0 {
        return Err(Fault::new(Reason::RegistrationExpired, format!("ended on {}", day(ends_ms))));
    }
    if left_ms < renew_before_ms {
        let detail = format!("ends on {}, in {} days", day(ends_ms), left_ms / 86_400_000);
        return Err(Fault::degraded(Reason::RegistrationExpiring, detail));
    }
    Ok(())
}

/// The day, UTC.
fn day(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map_or_else(|_| at_ms.to_string(), |at| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

#[cfg(test)]
mod tests {
    use collector_api::Verdict;

    use super::*;

    const DOMAIN: &str = "comune.example";
    const DAY_MS: i64 = 86_400_000;

    fn page(status: u16, body: &str) -> Page {
        Page { status, location: None, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_registrys_answer_is_about_the_domain_or_unseen() {
        let known = r#"{"ldhName":"COMUNE.example.","status":["Active"],"events":[
            {"eventAction":"registration","eventDate":"2001-01-01T00:00:00Z"},
            {"eventAction":"expiration","eventDate":"2027-03-01T12:00:00+01:00"}]}"#;
        let registered = read(&page(200, known), DOMAIN).unwrap();
        assert_eq!(
            registered,
            Registered { status: vec!["active".to_owned()], expires_ms: Some(1_803_898_800_000) }
        );
        let dateless = read(&page(200, r#"{"ldhName":"comune.example"}"#), DOMAIN).unwrap();
        assert_eq!(dateless, Registered::default());
        for (status, body, reason, verdict) in [
            (404, "", Reason::RegistrationUnknown, Verdict::Down),
            (429, "", Reason::LimitRate, Verdict::Unknown),
            (503, "", Reason::AssertStatus, Verdict::Unknown),
            (200, "<html>", Reason::ProtoMalformed, Verdict::Unknown),
            (200, r#"{"ldhName":"altro.example"}"#, Reason::ProtoMalformed, Verdict::Unknown),
        ] {
            let fault = read(&page(status, body), DOMAIN).unwrap_err();
            assert_eq!((fault.reason, fault.verdict()), (reason, verdict), "{status} {body}");
        }
    }

    #[test]
    fn a_registration_is_judged_by_its_status_and_then_its_end() {
        let now_ms = 1_800_000_000_000;
        let ends = |days: i64| Some(now_ms + days * DAY_MS);
        for (status, ends_ms, expected) in [
            ("active", ends(31), None),
            ("active", ends(29), Some((Reason::RegistrationExpiring, Verdict::Degraded))),
            ("active", ends(0), Some((Reason::RegistrationExpired, Verdict::Down))),
            ("active", None, Some((Reason::RegistrationDateless, Verdict::Unknown))),
            ("client hold", ends(300), Some((Reason::RegistrationHold, Verdict::Down))),
            ("redemption period", ends(300), Some((Reason::RegistrationRedemption, Verdict::Down))),
            ("pending delete", None, Some((Reason::RegistrationRedemption, Verdict::Down))),
            ("client transfer prohibited", ends(300), None),
        ] {
            let fault = judge(&[status.to_owned()], ends_ms, now_ms, 30 * DAY_MS).err();
            assert_eq!(fault.map(|fault| (fault.reason, fault.verdict())), expected, "{status} {ends_ms:?}");
        }
    }

    #[tokio::test]
    async fn a_registry_that_falls_silent_says_nothing_of_the_domain_in_any_phase() {
        use crate::probe::http::tests::serve;
        use crate::probe::{Check, tests as probes};
        let (silent, _tasks) = serve(None).await;
        let (hole, _queued) = probes::black_hole().await;
        for (rdap, reason) in [
            (format!("http://{hole}/"), Reason::ConnectTimeout),
            (format!("https://{silent}/"), Reason::TlsTimeout),
            (format!("http://{silent}/"), Reason::ProtoTimeout),
        ] {
            let params = serde_json::json!({ "kind": "registration", "domain": DOMAIN, "rdap": rdap });
            let probe = serde_json::from_value(params).unwrap();
            let mut spec = config::CheckSpec { probe, ..probes::spec() };
            (spec.timing.attempts, spec.timing.timeout_ms) = (1, 300);
            let outcome = Check::new(spec).unwrap().run(&probes::surroundings()).await;
            assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, reason), "{rdap}: {outcome:?}");
            let detail = &outcome.evidence.detail;
            assert!(detail.starts_with("the registry says nothing: nothing within"), "{detail}");
        }
    }

    #[tokio::test]
    async fn a_date_of_the_charter_needs_nobody() {
        use crate::probe::{Check, tests as probes};
        for (expires_ms, verdict, reason) in
            [(i64::MAX / 2, Verdict::Up, Reason::None), (1_000, Verdict::Down, Reason::RegistrationExpired)]
        {
            let params =
                serde_json::json!({ "kind": "registration", "domain": DOMAIN, "expires_ms": expires_ms });
            let probe = serde_json::from_value(params).unwrap();
            let check = Check::new(config::CheckSpec { probe, ..probes::spec() }).unwrap();
            let outcome = check.run(&probes::surroundings()).await;
            assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{outcome:?}");
        }
    }
}
