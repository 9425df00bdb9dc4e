//! Web pages, good and bad.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::situation::Situation;
use crate::web::{Does, Web, answer};

/// One row: name, peer, path, our keys beyond the kind, their keys below `http:`, what we say, what they say.
type Row = (&'static str, Does, &'static str, &'static str, &'static str, (&'static str, &'static str), bool);

const UP: (&str, &str) = ("up", "none");

pub(crate) fn situations() -> Vec<Situation> {
    let mut situations: Vec<Situation> = rows().into_iter().map(plain).collect();
    situations.push(at_v6());
    situations.push(refused());
    situations
}

fn ok(body: &str) -> Does {
    status("200 OK", body)
}

fn status(line: &str, body: &str) -> Does {
    Does::Answers(vec![("*", answer(line, "", body))])
}

fn raw(bytes: &str) -> Does {
    Does::Answers(vec![("*", bytes.as_bytes().to_vec())])
}

fn to(location: &str) -> Vec<u8> {
    answer("302 Found", &format!("location: {location}\r\n"), "")
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    let slow = |ms| Does::Dawdles(Duration::from_millis(ms), answer("200 OK", "", "ok"));
    vec![
        ("a page", ok("ok"), "/", "", "", UP, true),
        ("204 without a body", raw("HTTP/1.1 204 No Content\r\n\r\n"), "/", "", "", UP, true),
        (
            "an HTTP/1.0 answer that ends with the connection",
            raw("HTTP/1.0 200 OK\r\n\r\nok"),
            "/",
            "",
            "",
            UP,
            true,
        ),
        (
            "a chunked page",
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
            "/",
            "",
            "",
            UP,
            true,
        ),
        (
            "an interim answer before the page",
            raw("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
            "/",
            "",
            "",
            UP,
            true,
        ),
        (
            "a head alone, as asked",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"),
            "/",
            ", method: HEAD",
            "method: HEAD",
            UP,
            true,
        ),
        ("404", status("404 Not Found", "no"), "/", "", "", ("down", "assert.status"), false),
        (
            "404 where 404 is right",
            status("404 Not Found", "no"),
            "/",
            ", status: [404]",
            "valid_status_codes: [404]",
            UP,
            true,
        ),
        ("500", status("500 Internal Server Error", "no"), "/", "", "", ("down", "assert.status"), false),
        ("401", status("401 Unauthorized", "no"), "/", "", "", ("down", "assert.status"), false),
        (
            "503 that asks for patience",
            Does::Answers(vec![("*", answer("503 Service Unavailable", "retry-after: 60\r\n", ""))]),
            "/",
            "",
            "",
            ("down", "limit.rate"),
            false,
        ),
        ("accepts and never speaks", Does::IsSilent, "/", "", "", ("down", "proto.timeout"), false),
        ("accepts and closes", Does::HangsUp, "/", "", "", ("down", "proto.closed_early"), false),
        (
            "another protocol",
            Does::Greets(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
            "/",
            "",
            "",
            ("down", "proto.malformed"),
            false,
        ),
        (
            "a page cut short",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
            "/",
            "",
            "",
            ("down", "proto.closed_early"),
            false,
        ),
        (
            "a broken chunk",
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
            "/",
            "",
            "",
            ("down", "proto.malformed"),
            false,
        ),
        ("a body without end", Does::Floods(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), "/", "", "", UP, false),
        (
            "required text there",
            ok("Benvenuti"),
            "/",
            ", text: Benvenuti",
            "fail_if_body_not_matches_regexp: [Benvenuti]",
            UP,
            true,
        ),
        (
            "required text missing",
            ok("Errore"),
            "/",
            ", text: Benvenuti",
            "fail_if_body_not_matches_regexp: [Benvenuti]",
            ("down", "assert.body_missing"),
            false,
        ),
        (
            "a maintenance page with 200",
            ok("sito in manutenzione"),
            "/",
            ", no_text: manutenzione",
            "fail_if_body_matches_regexp: [manutenzione]",
            ("down", "assert.body_forbidden"),
            false,
        ),
        ("the same, and nobody asked", ok("sito in manutenzione"), "/", "", "", UP, true),
        (
            "a header as wanted",
            Does::Answers(vec![("*", answer("200 OK", "x-nodo: uno\r\n", ""))]),
            "/",
            ", expect_headers: {x-nodo: uno}",
            "fail_if_header_not_matches: [{header: x-nodo, regexp: uno}]",
            UP,
            true,
        ),
        (
            "a header missing",
            ok(""),
            "/",
            ", expect_headers: {x-nodo: true}",
            "fail_if_header_not_matches: [{header: x-nodo, regexp: .+}]",
            ("down", "assert.header"),
            false,
        ),
        (
            "JSON as wanted",
            ok(r#"{"stato": {"db": "ok"}}"#),
            "/",
            ", json: {/stato/db: ok}",
            r#"fail_if_body_not_matches_regexp: ['"db": *"ok"']"#,
            UP,
            true,
        ),
        (
            "JSON that says otherwise",
            ok(r#"{"stato": {"db": "ko"}}"#),
            "/",
            ", json: {/stato/db: ok}",
            r#"fail_if_body_not_matches_regexp: ['"db": *"ok"']"#,
            ("down", "assert.json"),
            false,
        ),
        (
            "JSON with the value at another place",
            ok(r#"{"stato": {"db": "ko"}, "prima": {"db": "ok"}}"#),
            "/",
            ", json: {/stato/db: ok}",
            r#"fail_if_body_not_matches_regexp: ['"db": *"ok"']"#,
            ("down", "assert.json"),
            true,
        ),
        ("smaller than it may be", ok("x"), "/", ", size: {min: 1KiB}", "", ("down", "assert.size"), true),
        ("slower than `warn`", slow(400), "/", ", warn: 100ms", "", ("degraded", "slow"), true),
        ("slower than `crit`", slow(400), "/", ", crit: 100ms", "", ("down", "assert.latency"), true),
        (
            "a redirect to a page of the same host",
            Does::Answers(vec![("/", to("/casa")), ("/casa", answer("200 OK", "", "ok"))]),
            "/",
            ", redirects: {max: 3}",
            "",
            UP,
            true,
        ),
        (
            "a form that leads back to its page",
            Does::Answers(vec![
                ("POST /", answer("303 See Other", "location: /\r\n", "")),
                ("/", answer("200 OK", "", "grazie")),
            ]),
            "/",
            ", method: POST, body: a=b",
            "method: POST, body: a=b",
            UP,
            true,
        ),
        (
            "a page that first sets a cookie and leads to itself",
            Does::Answers(vec![
                ("Cookie", answer("200 OK", "", "benvenuti")),
                ("*", answer("302 Found", "location: /\r\nset-cookie: visto=1\r\n", "")),
            ]),
            "/",
            "",
            "",
            UP,
            true,
        ),
        (
            "a redirect that leads to itself",
            Does::Answers(vec![("*", to("/"))]),
            "/",
            ", redirects: {max: 3}",
            "",
            ("down", "assert.redirect"),
            false,
        ),
        (
            "a redirect to a login page, and nobody expects one",
            Does::Answers(vec![("/", to("/login")), ("/login", answer("200 OK", "", "password?"))]),
            "/",
            ", redirects: {max: 3, end: \"/area\"}",
            "",
            ("down", "assert.redirect"),
            true,
        ),
    ]
}

fn why(name: &str) -> &'static str {
    match name {
        "a body without end" => {
            "we read 1 MiB, mark the answer as truncated and judge what was read; the exporter reads on until its \
             deadline and fails, so that a large download is an outage"
        }
        "JSON with the value at another place" => {
            "we compare the value at its place in the document; an expression over the text finds it anywhere"
        }
        "smaller than it may be" => "the exporter measures the size but cannot assert it in the probe",
        "slower than `crit`" => {
            "`crit` makes slow down when the operator asks for it; the exporter has its deadline only, beyond which \
             the true latency is lost"
        }
        "a redirect to a login page, and nobody expects one" => {
            "the exporter follows, and cannot say where the way must end; a login page answers 200"
        }
        _ => "",
    }
}

fn plain((name, does, path, keys, module, says, they_say): Row) -> Situation {
    let web = Web::plain(does);
    // A row cannot name its peer's port, which is known only now.
    let end = format!("http://{}/area", web.address);
    let keys = keys.replace("end: \"/area\"", &format!("end: {end:?}"));
    made(name, web.url(path), &keys, module, says, they_say, Box::new(web))
}

fn made(
    name: &'static str,
    url: String,
    keys: &str,
    module: &str,
    says: (&'static str, &'static str),
    they_say: bool,
    peer: Box<dyn std::any::Any>,
) -> Situation {
    let comma = if module.is_empty() { "" } else { ", " };
    Situation {
        name,
        ours: format!("probe: http{keys}"),
        theirs: format!("prober: http, http: {{preferred_ip_protocol: ip4{comma}{module}}}"),
        target: url.clone(),
        their_target: url,
        says,
        they_say,
        why: why(name),
        authority: None,
        _peer: peer,
    }
}

fn at_v6() -> Situation {
    let web = Web::at(IpAddr::V6(Ipv6Addr::LOCALHOST), ok("ok"), None);
    made("a page over IPv6", web.url("/"), "", "", UP, true, Box::new(web))
}

fn refused() -> Situation {
    let port = harness::ports::free_port();
    let url = format!("http://127.0.0.1:{port}/");
    made("nobody listens", url, "", "", ("down", "connect.refused"), false, Box::new(()))
}
