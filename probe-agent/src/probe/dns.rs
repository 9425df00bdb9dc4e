//! `probe: dns`: one question to one named server.
//!
//! The system's resolver is not asked: a dead server must not look well because another answered.
//! An answer counts only from the server's address and port (the socket is connected, so the kernel
//! sees to it, and "port unreachable" arrives as such), with our id and our question; others are
//! not heard, and silence is `dns.timeout`.
//!
//! A server that knows no EDNS says so by an error (RFC 6891, 7), and is asked again without, as every
//! resolver does; the evidence shows it.
//!
//! What follows the answer (controls, other servers' serials) is not the server's time: it neither
//! makes the sample slow nor counts in its duration.

mod canonical;
mod exchange;
mod judge;
mod serial;

use std::net::SocketAddr;

use collector_api::{Reason, Verdict};
use config::{DnsFlag, DnsParams, DnsQuestion, DnsTransport, Family, HostPort};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use rustls::pki_types::ServerName;

use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use crate::clock;
use crate::tls::Tls;
use exchange::{OverTls, Question, over_tcp, over_udp};
pub(super) use exchange::{connected, receive};
use judge::{Wanted, rcode_name};
use serial::Serials;

/// One DNS check.
pub struct Dns {
    server: HostPort,
    question: Question,
    transport: DnsTransport,
    /// Of [`DnsTransport::Tls`], and whom the certificate must be for.
    tls: Option<Box<(Tls, ServerName<'static>)>>,
    wanted: Wanted,
    /// Questions that must not be answered.
    must_fail: Vec<Question>,
    serials: Option<Serials>,
    /// For signatures only.
    clock: clock::WallClock,
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dns")
            .field("server", &self.server)
            .field("question", &self.question)
            .finish_non_exhaustive()
    }
}

impl Dns {
    /// Prepares the question.
    pub fn new(params: &DnsParams) -> Result<Self, String> {
        let asked = DnsQuestion { name: params.name.clone(), record_type: params.record_type.clone() };
        let query_asked = query(&asked)?;
        let wanted = Wanted::new(params, query_asked.query_type());
        let edns_refusals: Vec<ResponseCode> = [ResponseCode::FormErr, ResponseCode::NotImp]
            .into_iter()
            // Signatures are asked for by EDNS alone.
            .filter(|&rcode| !params.dnssec && !wanted.accepts(rcode))
            .collect();
        let question = |query| Question {
            query,
            recursion: params.recursion,
            dnssec: params.dnssec,
            validated: params.flags.contains(&DnsFlag::Ad),
            edns_unless: Some(edns_refusals.clone()),
        };
        let tls = (params.transport == DnsTransport::Tls).then(|| {
            let tls = Tls::new(&params.tls, &[])?;
            let name = tls.name(&params.server.host)?;
            Ok::<_, String>(Box::new((tls, name)))
        });
        let must_fail = params.must_fail.iter().map(|asked| query(asked).map(question));
        Ok(Self {
            server: params.server.clone(),
            transport: params.transport,
            tls: tls.transpose()?,
            wanted,
            must_fail: must_fail.collect::<Result<_, _>>()?,
            question: question(query_asked),
            serials: params.soa_serial.as_ref().map(Serials::new).transpose()?,
            clock: clock::system(),
        })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let family = if self.server.host.contains(':') { Family::V6 } else { Family::V4 };
        let server = connect::locate(&self.server, family, surroundings, trace).await?;
        let mut attention = Attention::default();
        let reply = self.answer(server, &mut attention, surroundings, trace).await?;
        trace.answered();
        self.control(server, surroundings, trace).await?;
        if let Some(serials) = &self.serials {
            let own = judge::serial(&reply)
                .ok_or_else(|| Fault::new(Reason::AssertRecords, "no SOA in the answer"))?;
            trace.fact("serial", own.to_string());
            trace.enter("serials");
            serials.compare(own, &self.question, &mut attention, surroundings, trace).await?;
        }
        attention.end()
    }

    /// The answer that the check wants, over all that it is asked over.
    async fn answer(
        &self,
        server: SocketAddr,
        attention: &mut Attention,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Message, Fault> {
        if let Some((reply, expiring)) = self.connected(server, &self.question, surroundings, trace).await? {
            tell(&reply, trace);
            attention.hear(self.judge(&reply))?;
            attention.hear(expiring.map_or(Ok(()), Err))?;
            return Ok(reply);
        }
        let reply = over_udp(server, &self.question, "udp_rtt", trace).await?;
        if reply.metadata.truncation {
            trace.fact("truncated", "udp");
            let reply = over_tcp(server, &self.question, trace).await.map_err(truncated_and)?;
            tell(&reply, trace);
            attention.hear(self.judge(&reply))?;
            let detail = "truncated over UDP, complete over TCP";
            attention.hear(Err(Fault::degraded(Reason::ProtoTruncated, detail)))?;
            return Ok(reply);
        }
        tell(&reply, trace);
        attention.hear(self.judge(&reply))?;
        if self.transport == DnsTransport::Both {
            let over_tcp = over_tcp(server, &self.question, trace).await.map_err(only_udp)?;
            attention.hear(self.judge(&over_tcp)).map_err(only_udp)?;
        }
        Ok(reply)
    }

    /// The answer over a connection alone, and what wants attention of its TLS; `None` where datagrams are asked for.
    async fn connected(
        &self,
        server: SocketAddr,
        question: &Question,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Option<(Message, Option<Fault>)>, Fault> {
        if let Some((tls, name)) = self.tls.as_deref() {
            let way = OverTls { server, tls, name, store: &surroundings.tls };
            return way.ask(question, trace).await.map(Some);
        }
        if self.transport == DnsTransport::Tcp {
            return over_tcp(server, question, trace).await.map(|reply| Some((reply, None)));
        }
        Ok(None)
    }

    fn judge(&self, reply: &Message) -> Result<(), Fault> {
        self.wanted.judge(reply, (self.clock)())
    }

    /// Asks what must not be answered: bogus signatures must be SERVFAIL, names of others REFUSED.
    async fn control(
        &self,
        server: SocketAddr,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        for question in &self.must_fail {
            let reply = match self.connected(server, question, surroundings, trace).await? {
                Some((reply, _)) => reply,
                None => over_udp(server, question, "control_rtt", trace).await?,
            };
            let rcode = reply.metadata.response_code;
            trace.fact("control", format!("{} {}", question.query.name(), rcode_name(rcode)));
            if rcode == ResponseCode::NoError {
                let detail =
                    format!("{} {} was answered", question.query.name(), question.query.query_type());
                return Err(Fault::new(Reason::DnsNegativeViolated, detail));
            }
        }
        Ok(())
    }
}

impl Asker for Dns {
    fn address(&self) -> &HostPort {
        &self.server
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// The first thing that wants attention, while the attempt goes on to look for worse.
#[derive(Debug, Default)]
struct Attention(Option<Fault>);

impl Attention {
    /// Keeps what is degraded; an error is what ends the attempt.
    fn hear(&mut self, seen: Result<(), Fault>) -> Result<(), Fault> {
        match seen {
            Err(fault) if fault.verdict() == Verdict::Degraded => {
                self.0.get_or_insert(fault);
                Ok(())
            }
            other => other,
        }
    }

    fn end(&self) -> Result<(), Fault> {
        self.0.clone().map_or(Ok(()), Err)
    }
}

fn query(asked: &DnsQuestion) -> Result<Query, String> {
    let mut name = Name::from_utf8(&asked.name).map_err(|error| format!("name `{}`: {error}", asked.name))?;
    name.set_fqdn(true);
    let record_type: RecordType = asked
        .record_type
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| format!("`{}` is not a record type", asked.record_type))?;
    Ok(Query::query(name, record_type))
}

/// What is worth keeping of an answer, whether it fits or not.
fn tell(reply: &Message, trace: &mut Trace) {
    trace.fact("rcode", rcode_name(reply.metadata.response_code));
    trace.fact("flags", flags(reply));
    trace.fact("answers", reply.answers.len().to_string());
    if let Some(ttl_s) = judge::ttl_min_s(reply) {
        trace.fact("ttl", format!("{ttl_s} s"));
    }
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
    if fault.verdict() == Verdict::Unknown {
        return fault;
    }
    Fault::new(Reason::ProtoTruncated, format!("truncated over UDP, and over TCP: {}", fault.detail))
}

/// Well over UDP; what is wrong over TCP keeps its reason.
fn only_udp(mut fault: Fault) -> Fault {
    fault.detail = format!("right over UDP, over TCP: {}", fault.detail);
    fault
}

#[cfg(test)]
mod tests;
