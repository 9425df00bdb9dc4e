//! Who answers for a network, by what it answers.

use collector_api::Verdict;
use config::CheckSpec;
use serde_json::json;

use super::*;
use crate::probe::http::tests::serve;
use crate::probe::{Check, Outcome, tests as probes};

const PORTAL: &str = "portale.example";

#[test]
fn each_answer_has_its_author() {
    let redirect = |to: &str| (302, Some(to.to_owned()), "");
    for ((status, location, body), expected) in [
        ((204, None, ""), "open"),
        (redirect("https://portale.example/login?mac=x"), "portal"),
        (redirect("http://PORTALE.example:8080/"), "portal"),
        (redirect("http://notportale.example/"), "other"),
        (redirect("http://portale.example.evil.example/"), "other"),
        (redirect("/login"), "other"),
        ((302, None, ""), "broken"),
        ((200, None, "<a href=\"https://portale.example/\">Accedi</a>"), "portal"),
        ((511, None, "vai su PORTALE.EXAMPLE"), "portal"),
        ((200, None, "ilportale.example"), "other"),
        ((200, None, "portale.example.evil"), "other"),
        ((200, None, ""), "other"),
        ((404, None, ""), "broken"),
        ((503, None, "portale.example"), "broken"),
    ] {
        let page = Page { status, location: location.clone(), body: body.as_bytes().to_vec() };
        assert_eq!(find(&page, &[PORTAL.to_owned()]).word(), expected, "{status} {location:?} {body}");
    }
}

#[test]
fn what_is_expected_decides() {
    let portal = || Found::Portal(PORTAL.to_owned());
    let other = || Found::Other(String::new());
    let broken = || Found::Broken(String::new());
    for (expect, found, expected) in [
        (Gate::Open, Found::Open, None),
        (Gate::Open, portal(), Some((Reason::PortalShown, Verdict::Down))),
        (Gate::Open, other(), Some((Reason::PortalOther, Verdict::Down))),
        (Gate::Open, broken(), Some((Reason::PortalBroken, Verdict::Down))),
        (Gate::Portal, portal(), None),
        (Gate::Portal, Found::Open, Some((Reason::PortalAbsent, Verdict::Degraded))),
        (Gate::Portal, other(), Some((Reason::PortalOther, Verdict::Down))),
        (Gate::Portal, broken(), Some((Reason::PortalBroken, Verdict::Down))),
    ] {
        let fault = judge(expect, found).err();
        assert_eq!(fault.map(|fault| (fault.reason, fault.verdict())), expected);
    }
}

async fn ask(port: u16, expect: &str) -> Outcome {
    let url = format!("http://127.0.0.1:{port}/204");
    let probe = json!({ "kind": "captive_portal", "url": url, "expect": expect, "portal": [PORTAL] });
    let probe = serde_json::from_value(probe).unwrap();
    Check::new(CheckSpec { probe, ..probes::spec() }).unwrap().run(&probes::surroundings()).await
}

#[tokio::test]
async fn no_redirect_is_followed_and_where_it_leads_is_told() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: https://portale.example/login?mac=00:11\r\nContent-Length: 0\r\n\r\n";
    let (address, _tasks) = serve(Some(answer.as_bytes().to_vec())).await;
    let outcome = ask(address.port(), "portal").await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Up, Reason::None), "{outcome:?}");
    let fact =
        |name: &str| outcome.evidence.facts.iter().find(|fact| fact.name == name).unwrap().value.clone();
    assert_eq!(
        (fact("found"), fact("location")),
        ("portal".to_owned(), "https://portale.example/login".to_owned())
    );
    let outcome = ask(address.port(), "open").await;
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Down, Reason::PortalShown), "{outcome:?}");
    let (address, _tasks) = serve(Some(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())).await;
    assert_eq!(ask(address.port(), "open").await.verdict, Verdict::Up);
    assert_eq!(ask(address.port(), "portal").await.reason, Reason::PortalAbsent);
    let (address, _tasks) = serve(None).await;
    assert_eq!(ask(address.port(), "open").await.reason, Reason::ProtoTimeout);
}

#[test]
fn https_is_refused() {
    let params = serde_json::from_value(json!({ "url": "https://prova.example/204" })).unwrap();
    assert!(CaptivePortal::new(&params).unwrap_err().contains("in clear"));
}
