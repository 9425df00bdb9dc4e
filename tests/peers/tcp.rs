//! Services that only speak over a connection.

use crate::certificates::Authority;
use crate::situation::Situation;
use crate::web::{Does, Web};

const UP: (&str, &str) = ("up", "none");

/// Name, what answers, our keys, their keys below `tcp:`, what we say, what they say, why.
type Row = (&'static str, Does, &'static str, &'static str, (&'static str, &'static str), bool, &'static str);

pub(crate) fn situations() -> Vec<Situation> {
    let mut situations: Vec<Situation> = rows().into_iter().map(plain).collect();
    situations.extend(closed());
    situations.push(over_tls());
    situations
}

fn rows() -> Vec<Row> {
    let greets = |text: &str| Does::Greets(text.as_bytes().to_vec());
    vec![
        ("a port that listens", Does::HangsUp, "", "", UP, true, ""),
        (
            "the greeting as wanted",
            greets("SSH-2.0-OpenSSH_9.2\r\n"),
            ", expect: \"SSH-2.0-\"",
            "query_response: [{expect: ^SSH-2.0-}]",
            UP,
            true,
            "",
        ),
        (
            "another greeting, then nothing",
            greets("220 posta.example\r\n"),
            ", expect: \"SSH-2.0-\"",
            "query_response: [{expect: ^SSH-2.0-}]",
            ("down", "proto.bad_greeting"),
            false,
            "",
        ),
        (
            "a greeting that says no",
            greets("421 troppe connessioni\r\n"),
            ", expect: \"220 \", reject: \"421\"",
            "query_response: [{expect: ^220}]",
            ("down", "proto.bad_greeting"),
            false,
            "",
        ),
        (
            "silent where a greeting is due",
            Does::IsSilent,
            ", expect: \"SSH-2.0-\"",
            "query_response: [{expect: ^SSH-2.0-}]",
            ("down", "proto.timeout"),
            false,
            "",
        ),
        (
            "closes where a greeting is due",
            Does::HangsUp,
            ", expect: \"SSH-2.0-\"",
            "query_response: [{expect: ^SSH-2.0-}]",
            ("down", "proto.closed_early"),
            false,
            "",
        ),
    ]
}

fn plain((name, does, keys, module, says, they_say, why): Row) -> Situation {
    let web = Web::plain(does);
    made(name, web.address.to_string(), keys, module, (says, they_say, why), Box::new(web))
}

fn closed() -> [Situation; 2] {
    let address = || format!("127.0.0.1:{}", harness::ports::free_port());
    let refused = (("down", "connect.refused"), false, "");
    let right = (UP, false, "a port that must be closed is a check of ours; the exporter has none");
    [
        made("nobody listens", address(), "", "", refused, Box::new(())),
        made(
            "nobody listens, and nobody should",
            address(),
            ", expect_closed: true",
            "",
            right,
            Box::new(()),
        ),
    ]
}

fn over_tls() -> Situation {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    let leaf = authority.leaf(None, (-100, 265));
    let web = Web::tls(Does::Greets(b"* OK pronto\r\n".to_vec()), authority.server(&leaf));
    let pem = authority.pem.display().to_string();
    let keys = ", tls: {authority: radice.pem}, expect: \"* OK\"";
    let module = format!("tls: true, tls_config: {{ca_file: {pem:?}}}, query_response: [{{expect: OK}}]");
    let address = web.address.to_string();
    let made = made("a greeting over TLS", address, keys, &module, (UP, true, ""), Box::new((web, folder)));
    Situation { authority: Some(authority.pem), ..made }
}

fn made(
    name: &'static str,
    address: String,
    keys: &str,
    module: &str,
    (says, they_say, why): ((&'static str, &'static str), bool, &'static str),
    peer: Box<dyn std::any::Any>,
) -> Situation {
    let comma = if module.is_empty() { "" } else { ", " };
    Situation {
        name,
        ours: format!("probe: tcp{keys}"),
        theirs: format!("prober: tcp, tcp: {{preferred_ip_protocol: ip4{comma}{module}}}"),
        target: address.clone(),
        their_target: address,
        says,
        they_say,
        why,
        authority: None,
        _peer: peer,
    }
}
