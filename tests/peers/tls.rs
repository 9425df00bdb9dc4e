//! Certificates, good and bad.

use crate::certificates::{Authority, Leaf};
use crate::situation::Situation;
use crate::web::{Does, Web, answer};

const UP: (&str, &str) = ("up", "none");
/// Name, what answers, what we say, what they say, why.
type Row = (&'static str, Web, (&'static str, &'static str), bool, &'static str);

const YEAR: (i64, i64) = (-100, 265);

pub(crate) fn situations() -> Vec<Situation> {
    let ours = Authority::new(&kept());
    let foreign = Authority::new(&kept());
    let page = || Does::Answers(vec![("*", answer("200 OK", "", "ok"))]);
    let server = |leaf: Leaf| Web::tls(page(), ours.server(&leaf));
    let good = |days| ours.leaf(None, days);
    let rows: Vec<Row> = vec![
        ("a good certificate", server(good(YEAR)), UP, true, ""),
        (
            "a page that ends with its connection, without close_notify",
            Web::tls(
                Does::Answers(vec![("*", b"HTTP/1.0 200 OK\r\n\r\nok".to_vec())]),
                ours.server(&good(YEAR)),
            ),
            UP,
            true,
            "",
        ),
        (
            "a page cut before its length, without close_notify",
            Web::tls(
                Does::Answers(vec![("*", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok".to_vec())]),
                ours.server(&good(YEAR)),
            ),
            ("down", "proto.closed_early"),
            false,
            "",
        ),
        ("an expired one", server(good((-400, -1))), ("down", "tls.expired"), false, ""),
        ("one that is not valid yet", server(good((1, 400))), ("down", "tls.not_yet_valid"), false, ""),
        (
            "one for another name",
            server(ours.leaf(Some("altro.example"), YEAR)),
            ("down", "tls.name_mismatch"),
            false,
            "",
        ),
        (
            "one of an authority that is not trusted",
            Web::tls(page(), foreign.server(&foreign.leaf(None, YEAR))),
            ("down", "tls.untrusted"),
            false,
            "",
        ),
        (
            "the intermediate is not sent",
            Web::tls(page(), Authority::server_without_intermediate(&good(YEAR))),
            ("down", "tls.chain_incomplete"),
            false,
            "",
        ),
        (
            "an expired certificate in the chain that nobody needs",
            Web::tls(page(), ours.server_with_old_cross_sign(&good(YEAR))),
            UP,
            true,
            "",
        ),
        ("one that ends in five days", server(good((-360, 5))), ("degraded", "tls.expiring"), true, ""),
        (
            "the server wants to see the client's certificate",
            Web::tls(page(), ours.server_for_clients(&good(YEAR))),
            ("down", "tls.alert"),
            false,
            "",
        ),
        (
            "plain HTTP where TLS should be",
            Web::plain(Does::Greets(answer("400 Bad Request", "", "speak TLS elsewhere"))),
            ("down", "tls.protocol"),
            false,
            "",
        ),
        ("accepts and never begins TLS", Web::plain(Does::IsSilent), ("down", "tls.timeout"), false, ""),
    ];
    let pem = ours.pem.display().to_string();
    let made = |(name, web, says, they_say, why): Row| {
        let url = format!("https://{}/", web.address);
        Situation {
            name,
            ours: "probe: http, tls: {authority: radice.pem}".to_owned(),
            theirs: format!(
                "prober: http, http: {{preferred_ip_protocol: ip4, tls_config: {{ca_file: {pem:?}}}}}"
            ),
            target: url.clone(),
            their_target: url,
            says,
            they_say,
            why,
            authority: Some(ours.pem.clone()),
            _peer: Box::new(web),
        }
    };
    rows.into_iter().map(made).collect()
}

/// A folder that stays for the whole process: the authority's file is read by both sides.
fn kept() -> std::path::PathBuf {
    tempfile::tempdir().unwrap().keep()
}
