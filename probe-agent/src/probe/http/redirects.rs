//! Which redirects are followed: pure.
//!
//! A redirect is followed only where a user of the portal would not be surprised: not from https down
//! to http, not to a host that nobody named, not in circles. `www.` in front of a host, or not, is the
//! same host: half of all portals redirect to do no more than that. A circle is the same question again:
//! method, URL and cookies; a form that leads back to its page, or a page that first sets a cookie, is none.

use std::sync::Arc;

use collector_api::Reason;
use config::HttpRedirects;
use hyper::{Method, StatusCode};

use super::cookies::Cookies;
use super::place::Place;
use crate::probe::Fault;
use crate::tls::{self, Tls};

/// One question of an attempt.
#[derive(Debug, Clone)]
pub(in crate::probe) struct Visit {
    /// Where it was asked.
    pub place: Arc<Place>,
    /// How.
    pub method: Method,
    /// With which cookies, as they were sent.
    pub cookies: String,
}

/// How to go on after the last of `visited` led to `location`; `cookies` are what has been set by now.
pub(in crate::probe) fn next(
    policy: &HttpRedirects,
    visited: &[Visit],
    status: StatusCode,
    location: &str,
    cookies: &Cookies,
    tls: &Tls,
) -> Result<Visit, Fault> {
    let refused = |detail: String| Fault::new(Reason::AssertRedirect, detail);
    let (Some(first), Some(last)) = (visited.first(), visited.last()) else {
        return Err(Fault::new(Reason::AgentInternal, "redirected from nowhere"));
    };
    let (first, from) = (&first.place, &last.place);
    let url = from.url.join(location).map_err(|error| refused(format!("leads to no URL: {error}")))?;
    let nowhere = |why: String| refused(format!("leads to where nobody can go: {why}"));
    let mut to = Place::of(url, tls).map_err(nowhere)?;
    // A name that the charter gives is that of its own URL.
    if to.name.is_some() && to.address.host != first.address.host {
        to.name = Some(tls::name_of(&to.address.host).map_err(nowhere)?);
    }
    if from.name.is_some() && to.name.is_none() {
        return Err(refused(format!("leads from https to {}", to.shown())));
    }
    let host = to.address.host.as_str();
    let is_named = is_same_host(host, &first.address.host) || policy.hosts.iter().any(|named| named == host);
    if !is_named {
        return Err(refused(format!("leads to `{host}`, which `redirects: hosts` does not name")));
    }
    let method = method_after(status, &last.method);
    let cookies = cookies.for_host(host);
    // Nothing but cookies is remembered between requests, so the same question gets the same answer.
    let is_same =
        |before: &Visit| before.place.url == to.url && before.method == method && before.cookies == cookies;
    if visited.iter().any(is_same) {
        return Err(refused(format!("goes in circles, again to {}", to.shown())));
    }
    if visited.len() > usize::try_from(policy.max).unwrap_or(usize::MAX) {
        return Err(refused(format!("goes on after {} redirects, to {}", policy.max, to.shown())));
    }
    Ok(Visit { place: Arc::new(to), method, cookies })
}

/// Is the last URL the one that was expected?
pub(in crate::probe) fn ends(policy: &HttpRedirects, last: &Place) -> Result<(), Fault> {
    match &policy.end {
        Some(end) if !last.url.as_str().starts_with(end.as_str()) => {
            Err(Fault::new(Reason::AssertRedirect, format!("ends at {}, expected {end}", last.shown())))
        }
        _ => Ok(()),
    }
}

/// Does this status lead elsewhere (RFC 9110, 15.4)?
pub(in crate::probe) fn leads_elsewhere(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Which method goes on: as browsers do, a `POST` becomes a `GET` unless the status forbids it.
fn method_after(status: StatusCode, method: &Method) -> Method {
    let is_kept = matches!(status.as_u16(), 307 | 308) || *method == Method::HEAD || *method == Method::GET;
    if is_kept { method.clone() } else { Method::GET }
}

/// Is it the same host, with or without `www.`?
pub(in crate::probe) fn is_same_host(one: &str, other: &str) -> bool {
    bare(one) == bare(other)
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use config::TlsParams;

    use super::*;

    fn place(url: &str) -> Place {
        Place::parse(url, &Tls::new(&TlsParams::default(), &[]).unwrap()).unwrap()
    }

    fn visit(url: &str) -> Visit {
        Visit { place: Arc::new(place(url)), method: Method::GET, cookies: String::new() }
    }

    #[track_caller]
    fn check(policy: &HttpRedirects, visited: &[&str], location: &str, expected: Result<&str, &str>) {
        let visited: Vec<Visit> = visited.iter().map(|url| visit(url)).collect();
        let tls = Tls::new(&TlsParams::default(), &[]).unwrap();
        let next = next(policy, &visited, StatusCode::FOUND, location, &Cookies::default(), &tls);
        let next = next.map(|to| to.place.url.to_string()).map_err(|fault| {
            assert_eq!(fault.reason, Reason::AssertRedirect);
            fault.detail
        });
        assert_eq!(next.as_deref().map_err(String::as_str), expected, "{location}");
    }

    #[test]
    fn a_redirect_is_followed_where_nobody_is_surprised() {
        let policy = HttpRedirects::default();
        let from = "http://comune.example/a/b?c=d";
        for (location, expected) in [
            ("https://comune.example/", Ok("https://comune.example/")),
            ("https://www.comune.example/it#x", Ok("https://www.comune.example/it")),
            ("/it", Ok("http://comune.example/it")),
            ("c?e=f", Ok("http://comune.example/a/c?e=f")),
            ("//www.comune.example/x", Ok("http://www.comune.example/x")),
            ("http://evil.example/", Err("leads to `evil.example`, which `redirects: hosts` does not name")),
            (
                "http://comune.example.evil.example/",
                Err("leads to `comune.example.evil.example`, which `redirects: hosts` does not name"),
            ),
            ("http://203.0.113.7/", Err("leads to `203.0.113.7`, which `redirects: hosts` does not name")),
            ("?c=d", Err("goes in circles, again to http://comune.example/a/b")),
            ("file:///etc/passwd", Err("leads to where nobody can go: `file` is neither http nor https")),
            (
                "http://u:p@comune.example/",
                Err("leads to where nobody can go: the URL of host `comune.example` contains credentials"),
            ),
            ("http://", Err("leads to no URL: empty host")),
        ] {
            check(&policy, &[from], location, expected);
        }
        check(
            &policy,
            &["https://comune.example/"],
            "http://comune.example/x?token=1",
            Err("leads from https to http://comune.example/x"),
        );
    }

    #[test]
    fn hosts_and_a_number_bound_it() {
        let policy = HttpRedirects { max: 1, hosts: vec!["login.example".to_owned()], end: None };
        check(&policy, &["https://a.example/"], "https://login.example/?x", Ok("https://login.example/?x"));
        check(
            &policy,
            &["https://a.example/", "https://login.example/"],
            "https://a.example/back",
            Err("goes on after 1 redirects, to https://a.example/back"),
        );
    }

    #[test]
    fn a_name_of_the_charter_is_for_its_own_host_only() {
        let params = TlsParams { name: Some("backend.example".to_owned()), ..TlsParams::default() };
        let tls = Tls::new(&params, &[]).unwrap();
        let place = Place::parse("https://a.example/", &tls).unwrap();
        let visited = [Visit { place: Arc::new(place), method: Method::GET, cookies: String::new() }];
        let policy = HttpRedirects::default();
        for (location, name) in [("/x", "backend.example"), ("https://www.a.example/", "www.a.example")] {
            let to = next(&policy, &visited, StatusCode::FOUND, location, &Cookies::default(), &tls).unwrap();
            assert_eq!(to.place.name.as_ref().unwrap().to_str(), name);
        }
    }

    #[test]
    fn a_circle_is_the_same_question_again() {
        let tls = Tls::new(&TlsParams::default(), &[]).unwrap();
        let url = "https://a.example/";
        let set = |text: &'static str| {
            let mut cookies = Cookies::default();
            let headers = [(hyper::header::SET_COOKIE, hyper::header::HeaderValue::from_static(text))];
            cookies.take("a.example", &headers.into_iter().collect());
            cookies
        };
        for (method, sent, status, cookies, is_circle) in [
            (Method::GET, "", 302, Cookies::default(), true),
            (Method::POST, "", 303, Cookies::default(), false),
            (Method::POST, "", 307, Cookies::default(), true),
            (Method::GET, "", 302, set("sid=1"), false),
            (Method::GET, "sid=1", 302, set("sid=1"), true),
            (Method::GET, "sid=1", 302, set("sid=2"), false),
        ] {
            let visited = [Visit { method: method.clone(), cookies: sent.to_owned(), ..visit(url) }];
            let status = StatusCode::from_u16(status).unwrap();
            let next = next(&HttpRedirects::default(), &visited, status, url, &cookies, &tls);
            assert_eq!(next.is_err(), is_circle, "{method} {sent} {status}: {next:?}");
        }
    }

    #[test]
    fn the_end_can_be_asserted() {
        let policy =
            HttpRedirects { end: Some("https://www.a.example/it/".to_owned()), ..HttpRedirects::default() };
        assert_eq!(ends(&policy, &place("https://www.a.example/it/index")), Ok(()));
        let fault = ends(&policy, &place("https://www.a.example/en/?s=1")).unwrap_err();
        assert_eq!(fault.detail, "ends at https://www.a.example/en/, expected https://www.a.example/it/");
    }

    #[test]
    fn a_post_becomes_a_get_unless_the_status_forbids_it() {
        for (status, method, after) in [
            (302, Method::POST, Method::GET),
            (303, Method::PUT, Method::GET),
            (307, Method::POST, Method::POST),
            (301, Method::HEAD, Method::HEAD),
        ] {
            assert_eq!(method_after(StatusCode::from_u16(status).unwrap(), &method), after);
        }
        assert!(!leads_elsewhere(StatusCode::NOT_MODIFIED) && !leads_elsewhere(StatusCode::OK));
    }
}
