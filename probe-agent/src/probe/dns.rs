//! `probe: dns`: one question to one named server.
//!
//! The system's resolver is not asked: a dead server must not look well because another answered.
//! An answer counts only from the server's address and port (the socket is connected, so the kernel
//! sees to it, and "port unreachable" arrives as such), with our id and our question; others are
//! not heard, and silence is `dns.timeout`.

mod canonical;
mod exchange;

use collector_api::Reason;
use config::{DnsParams, DnsTransport, Family, HostPort};
use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RecordType};

use super::{Fault, Surroundings, Trace, connect};
use canonical::{canonical, canonical_rdata};

/// One DNS check.
#[derive(Debug)]
pub struct Dns {
    server: HostPort,
    query: Query,
    transport: DnsTransport,
    /// As [`rcode_name`] writes them.
    rcodes: Vec<String>,
    /// In [`canonical()`] form.
    expect: Vec<String>,
}

impl Dns {
    /// Prepares the question.
    pub fn new(params: &DnsParams) -> Result<Self, String> {
        let mut name =
            Name::from_utf8(&params.name).map_err(|error| format!("name `{}`: {error}", params.name))?;
        name.set_fqdn(true);
        let record_type: RecordType = params
            .record_type
            .to_ascii_uppercase()
            .parse()
            .map_err(|_| format!("`{}` is not a record type", params.record_type))?;
        Ok(Self {
            server: params.server.clone(),
            query: Query::query(name, record_type),
            transport: params.transport,
            rcodes: params.rcodes.iter().map(|rcode| rcode.to_ascii_uppercase()).collect(),
            expect: params.expect.iter().map(|value| canonical(record_type, value)).collect(),
        })
    }

    /// Who is asked.
    pub fn server(&self) -> &HostPort {
        &self.server
    }

    pub(super) async fn attempt(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let family = if self.server.host.contains(':') { Family::V6 } else { Family::V4 };
        let server = connect::locate(&self.server, family, surroundings, trace).await?;
        let mut reply = match self.transport {
            DnsTransport::Udp => exchange::over_udp(server, &self.query, trace).await?,
            DnsTransport::Tcp => exchange::over_tcp(server, &self.query, trace).await?,
        };
        if reply.metadata.truncation && self.transport == DnsTransport::Udp {
            trace.fact("truncated", "udp");
            reply = exchange::over_tcp(server, &self.query, trace).await.map_err(truncated_and)?;
        }
        trace.fact("rcode", rcode_name(reply.metadata.response_code));
        trace.fact("flags", flags(&reply));
        trace.fact("answers", reply.answers.len().to_string());
        self.judge(&reply)
    }

    /// Is this the answer the check wants?
    fn judge(&self, reply: &Message) -> Result<(), Fault> {
        if reply.metadata.message_type != MessageType::Response {
            return Err(Fault::new(Reason::ProtoUnexpectedReply, "a question came back, not an answer"));
        }
        // RFC 1035, 7.3; an error answer may leave the question out.
        let asks_the_same = reply.queries == [self.query.clone()];
        let may_be_left_out = reply.metadata.response_code != ResponseCode::NoError;
        let fits = asks_the_same || (may_be_left_out && reply.queries.is_empty());
        if !fits {
            return Err(Fault::new(Reason::ProtoIdMismatch, "the answer is to another question"));
        }
        if reply.metadata.truncation {
            return Err(Fault::new(Reason::ProtoTruncated, "the answer over TCP is truncated"));
        }
        self.judge_rcode(reply.metadata.response_code)?;
        self.judge_records(reply)
    }

    fn judge_rcode(&self, rcode: ResponseCode) -> Result<(), Fault> {
        let name = rcode_name(rcode);
        if self.rcodes.contains(&name) {
            return Ok(());
        }
        let reason = match rcode {
            ResponseCode::NXDomain => Reason::DnsNxdomain,
            ResponseCode::ServFail => Reason::DnsServfail,
            ResponseCode::Refused => Reason::DnsRefused,
            _ => Reason::DnsRcode,
        };
        Err(Fault::new(reason, format!("{name}, expected {}", self.rcodes.join(" or "))))
    }

    /// At least one of the expected values must be among the answer's, in whatever order they are.
    /// Without expected values any answer will do, also an empty one.
    fn judge_records(&self, reply: &Message) -> Result<(), Fault> {
        if self.expect.is_empty() {
            return Ok(());
        }
        let wanted = self.query.query_type();
        let values: Vec<String> = reply
            .answers
            .iter()
            .filter(|record| record.dns_class == DNSClass::IN && record.record_type() == wanted)
            .map(|record| canonical_rdata(&record.data))
            .collect();
        if values.iter().any(|value| self.expect.contains(value)) {
            return Ok(());
        }
        let seen = if values.is_empty() { "none".to_owned() } else { values.join(", ") };
        Err(Fault::new(Reason::AssertRecords, format!("{seen}; expected {}", self.expect.join(" or "))))
    }
}

/// RFC 1035's and later mnemonics, as charters write them.
fn rcode_name(rcode: ResponseCode) -> String {
    let name = match rcode {
        ResponseCode::NoError => "NOERROR",
        ResponseCode::FormErr => "FORMERR",
        ResponseCode::ServFail => "SERVFAIL",
        ResponseCode::NXDomain => "NXDOMAIN",
        ResponseCode::NotImp => "NOTIMP",
        ResponseCode::Refused => "REFUSED",
        ResponseCode::YXDomain => "YXDOMAIN",
        ResponseCode::YXRRSet => "YXRRSET",
        ResponseCode::NXRRSet => "NXRRSET",
        ResponseCode::NotAuth => "NOTAUTH",
        ResponseCode::NotZone => "NOTZONE",
        ResponseCode::BADVERS => "BADVERS",
        other => return format!("RCODE{}", u16::from(other)),
    };
    name.to_owned()
}

fn flags(reply: &Message) -> String {
    let set = [
        ("aa", reply.metadata.authoritative),
        ("tc", reply.metadata.truncation),
        ("ra", reply.metadata.recursion_available),
        ("ad", reply.metadata.authentic_data),
    ];
    let names: Vec<&str> = set.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
    names.join(" ")
}

/// UDP said "ask over TCP", and TCP did not work: half a server.
fn truncated_and(fault: Fault) -> Fault {
    match fault.reason {
        reason if reason.name().starts_with("agent.") => fault,
        _ => {
            Fault::new(Reason::ProtoTruncated, format!("truncated over UDP, and over TCP: {}", fault.detail))
        }
    }
}

#[cfg(test)]
mod tests;
