//! Name servers, good and bad.

use std::net::Ipv4Addr;

use crate::names::{AA, Answers, Names, RA, TC};
use crate::situation::Situation;

/// Name, what is answered, our keys, their keys below `dns:`, what we say, what they say, why.
type Row =
    (&'static str, Answers, &'static str, &'static str, (&'static str, &'static str), bool, &'static str);

const UP: (&str, &str) = ("up", "none");
const RIGHT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);
const WRONG: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 66);
/// What the exporter needs to compare an address.
const THEIRS_EXPECT: &str = r#"validate_answer_rrs: {fail_if_not_matches_regexp: [".*192.0.2.80"]}"#;

pub(crate) fn situations() -> Vec<Situation> {
    rows().into_iter().map(made).collect()
}

fn a(addresses: &[Ipv4Addr]) -> Answers {
    Answers { flags: RA, addresses: addresses.to_vec(), tcp: true, ..Answers::default() }
}

fn code(rcode: u16) -> Answers {
    Answers { rcode, ..a(&[]) }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    let expect = ", expect: 192.0.2.80";
    vec![
        ("a name and its address", a(&[RIGHT]), expect, THEIRS_EXPECT, UP, true, ""),
        (
            "three addresses, a wrong one last",
            a(&[RIGHT, RIGHT, WRONG]),
            expect,
            THEIRS_EXPECT,
            UP,
            false,
            "`expect` asks whether the address is among the answers, wherever it stands (`matching` asks for more); \
             the exporter's validator fails when any record does not match",
        ),
        (
            "three addresses, a wrong one first",
            a(&[WRONG, RIGHT, RIGHT]),
            expect,
            THEIRS_EXPECT,
            UP,
            false,
            "the same",
        ),
        (
            "one more address than wanted",
            a(&[RIGHT, WRONG]),
            ", expect: 192.0.2.80, matching: exact",
            THEIRS_EXPECT,
            ("down", "assert.records"),
            false,
            "",
        ),
        ("another address", a(&[WRONG]), expect, THEIRS_EXPECT, ("down", "assert.records"), false, ""),
        (
            "an answer without a record",
            a(&[]),
            "",
            "",
            ("down", "assert.count"),
            true,
            "a name whose record was deleted answers like this, and serves nobody; the exporter takes an empty NOERROR \
             as success, and its validators pass over an empty section",
        ),
        ("an answer without a record, where it is right", a(&[]), ", min_count: 0", "", UP, true, ""),
        (
            "a server that knows no EDNS",
            Answers { refuses_edns: true, ..a(&[RIGHT]) },
            expect,
            THEIRS_EXPECT,
            UP,
            true,
            "",
        ),
        ("NXDOMAIN", code(3), "", "", ("down", "dns.nxdomain"), false, ""),
        (
            "NXDOMAIN where it is right",
            code(3),
            ", rcodes: NXDOMAIN",
            "valid_rcodes: [NXDOMAIN]",
            UP,
            true,
            "",
        ),
        ("SERVFAIL", code(2), "", "", ("down", "dns.servfail"), false, ""),
        ("REFUSED", code(5), "", "", ("down", "dns.refused"), false, ""),
        ("no answer", Answers { silent: true, ..a(&[RIGHT]) }, "", "", ("down", "dns.timeout"), false, ""),
        (
            "the answer to another question",
            Answers { wrong_id: true, ..a(&[RIGHT]) },
            "",
            "",
            ("down", "dns.timeout"),
            false,
            "",
        ),
        (
            "truncated over UDP, whole over TCP",
            Answers { flags: RA | TC, ..a(&[RIGHT]) },
            expect,
            THEIRS_EXPECT,
            ("degraded", "proto.truncated"),
            false,
            "we follow the flag to TCP, as every client does, and show that UDP alone would not do; the exporter judges \
             the truncated datagram",
        ),
        (
            "truncated over UDP, TCP refused",
            Answers { flags: RA | TC, tcp: false, ..a(&[RIGHT]) },
            "",
            "",
            ("down", "proto.truncated"),
            true,
            "a client that follows RFC 1035 gets no answer here; the exporter does not look at the flag",
        ),
        ("over TCP as asked", a(&[RIGHT]), ", transport: tcp", "transport_protocol: tcp", UP, true, ""),
        (
            "authoritative, as asked",
            Answers { flags: AA, ..a(&[RIGHT]) },
            ", flags: aa",
            r#"validate_answer_rrs: {fail_if_none_matches_regexp: [".*"]}"#,
            UP,
            true,
            "",
        ),
        (
            "not authoritative, though asked",
            a(&[RIGHT]),
            ", flags: aa",
            "",
            ("down", "dns.not_authoritative"),
            true,
            "the exporter cannot ask for flags of the header: a secondary that lost its zone stays up",
        ),
        (
            "cut in the middle",
            Answers { cut_at: Some(20), ..a(&[RIGHT]) },
            "",
            "",
            ("down", "proto.malformed"),
            false,
            "",
        ),
    ]
}

fn made((name, answers, keys, module, says, they_say, why): Row) -> Situation {
    let names = Names::start(answers);
    let comma = if module.is_empty() { "" } else { ", " };
    Situation {
        name,
        ours: format!("probe: dns, ask: servizio.example A{keys}"),
        target: names.address.to_string(),
        theirs: format!(
            "prober: dns, dns: {{preferred_ip_protocol: ip4, query_name: servizio.example, query_type: A{comma}{module}}}"
        ),
        their_target: names.address.to_string(),
        says,
        they_say,
        why,
        authority: None,
        _peer: Box::new(names),
    }
}
