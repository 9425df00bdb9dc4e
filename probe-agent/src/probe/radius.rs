//! `probe: radius`: does the server answer, and does it let in whom it should?
//!
//! Without a user, Status-Server (RFC 5997) asks for the server's state: cheap, and proof of the shared
//! secret, but not that anybody gets in. With one, a login with a password (PAP): proof that the server
//! reaches its directory of users. What a phone does (802.1X: PEAP, EAP-TLS) is not tried.
//!
//! Every question carries a Message-Authenticator, and an answer without one is degraded: it could be forged
//! (CVE-2024-3596). What is not signed with the shared secret is no answer; it is waited on, since a forged
//! datagram must not decide. A server that knows neither the client nor the secret is silent (RFC 2865, 3),
//! so silence cannot tell the two from a dead server, and says so.

mod packet;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::{HostPort, RadiusExpect, RadiusParams};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout};

use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use crate::secrets::{self, Secret};
use packet::{Attribute, Code, Defect, Reply, Request};

/// Of one attempt: the question, and three times more with the same identifier (RFC 5080, 2.2.1).
const SENDINGS: u32 = 4;
/// RFC 2865, 3.
const PACKET_BYTES_MAX: usize = 4_096;
/// Of the server's message in evidence, bytes.
const MESSAGE_BYTES_MAX: usize = 128;

/// One RADIUS check.
#[derive(Debug)]
pub struct Radius {
    params: RadiusParams,
    origin: String,
    /// Between two sendings.
    patience: Duration,
}

/// Secrets of one attempt.
struct Credentials {
    shared: Secret,
    password: Option<Secret>,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    reply: Reply,
    /// How often the question was sent before it came.
    sendings: u32,
}

impl Radius {
    /// Prepares the check, whose attempts take so long at most.
    pub fn new(params: RadiusParams, timeout: Duration) -> Self {
        let origin = secrets::origin("radius", &params.server);
        Self { params, origin, patience: timeout / SENDINGS }
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let shared = surroundings.secrets.read(&self.params.secret, &self.origin).await?;
        trace.secret(shared.text.as_bytes());
        let Some(login) = &self.params.login else {
            return self.ask(&Credentials { shared, password: None }, surroundings, trace).await;
        };
        let password = surroundings.secrets.read(&login.secret, &self.origin).await?;
        trace.secret(password.text.as_bytes());
        let text = password.text.clone();
        let is_good = login.expect != RadiusExpect::Reject;
        let rejections = &surroundings.rejections;
        if is_good {
            rejections.permit(&text, &self.origin, Instant::now()).map_err(|held_back| {
                trace.fact("held_back", format!("{} min", held_back.minutes));
                match held_back.fault.reason {
                    Reason::AuthRejected => Fault::new(Reason::RadiusReject, held_back.fault.detail),
                    _ => held_back.fault,
                }
            })?;
        }
        let credentials = Credentials { shared, password: Some(password) };
        let seen = self.ask(&credentials, surroundings, trace).await;
        match &seen {
            // Nobody locks the account of a user that must not come in.
            _ if !is_good => {}
            Err(fault) if fault.reason == Reason::RadiusReject => {
                rejections.learn(&text, &self.origin, false, Instant::now());
            }
            // Whoever did not come so far learned nothing about the password.
            Err(fault) if fault.verdict() != Verdict::Degraded => {}
            _ => rejections.learn(&text, &self.origin, true, Instant::now()),
        }
        seen
    }

    /// Asks and judges.
    async fn ask(
        &self,
        credentials: &Credentials,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let RadiusParams { server, family, .. } = &self.params;
        let remote = connect::locate(server, *family, surroundings, trace).await?;
        let Credentials { shared, password } = credentials;
        for secret in [Some(shared), password.as_ref()].into_iter().flatten() {
            secret.goes_to(remote.ip())?;
        }
        let shared = shared.text.as_bytes();
        trace.enter("radius");
        let socket = socket_to(remote).await.map_err(|error| Fault::of_connect(&error))?;
        let mut random = [0; 17];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| Fault::new(Reason::AgentInternal, "no random numbers"))?;
        let request = self.request(&random, credentials)?;
        let bytes = request.encode(shared);
        let answer = self.exchange(&socket, &request, &bytes, shared, trace).await?;
        trace.answered();
        tell(&answer, trace);
        self.judge(&answer)
    }

    fn request(&self, random: &[u8; 17], credentials: &Credentials) -> Result<Request, Fault> {
        let [identifier, authenticator @ ..] = *random;
        let params = &self.params;
        let mut attributes = vec![Attribute::text(Attribute::NAS_IDENTIFIER, &params.nas_identifier)];
        let mut code = Code::STATUS_SERVER;
        if let (Some(login), Some(password)) = (&params.login, &credentials.password) {
            code = Code::ACCESS_REQUEST;
            let hidden =
                packet::hide(password.text.as_bytes(), credentials.shared.text.as_bytes(), authenticator)
                    .ok_or_else(|| {
                        let detail = format!("secret `{}`: RADIUS carries at most 128 bytes", login.secret);
                        Fault::new(Reason::AgentSecretMissing, detail)
                    })?;
            attributes.push(Attribute::text(Attribute::USER_NAME, &login.user));
            attributes.push(Attribute { kind: Attribute::USER_PASSWORD, value: hidden });
            // Policies ask where somebody comes from: 19 is wireless (RFC 2865, 5.41), 5 virtual.
            let is_wireless = params.called_station.is_some();
            let port_type = if is_wireless { 19_u32 } else { 5 };
            attributes
                .push(Attribute { kind: Attribute::NAS_PORT_TYPE, value: port_type.to_be_bytes().to_vec() });
            let calling = params.calling_station.iter().map(|text| (Attribute::CALLING_STATION, text));
            let called = params.called_station.iter().map(|text| (Attribute::CALLED_STATION, text));
            attributes.extend(calling.chain(called).map(|(kind, text)| Attribute::text(kind, text)));
        }
        Ok(Request { code, identifier, authenticator, attributes })
    }

    /// Sends, and sends again, until something comes that is an answer.
    async fn exchange(
        &self,
        socket: &UdpSocket,
        request: &Request,
        bytes: &[u8],
        shared: &[u8],
        trace: &mut Trace,
    ) -> Result<Answer, Fault> {
        let mut heard = vec![0; PACKET_BYTES_MAX];
        for sendings in 1.. {
            if sendings <= SENDINGS {
                trace.sent(|| format!("{} {}, {} bytes", request.code, request.identifier, bytes.len()));
                socket.send(bytes).await.map_err(|error| Fault::of_connect(&error))?;
            }
            let until = Instant::now() + self.patience;
            while let Ok(received) =
                timeout(until.saturating_duration_since(Instant::now()), socket.recv(&mut heard)).await
            {
                let length = received.map_err(|error| Fault::of_connect(&error))?;
                match Reply::read(&heard[..length], request, shared) {
                    Ok(reply) => return Ok(Answer { reply, sendings }),
                    // Not to be believed, and not to be forgotten: if nothing better comes, it was this.
                    Err(defect) => {
                        let fault = fault_of(defect);
                        trace.received(|| format!("{length} bytes, ignored: {}", fault.detail));
                        trace.at_deadline(Err(fault));
                    }
                }
            }
        }
        Err(Fault::new(Reason::AgentInternal, "nothing was asked"))
    }

    /// Is this what the check wants to hear?
    fn judge(&self, answer: &Answer) -> Result<(), Fault> {
        let Reply { code, message, .. } = &answer.reply;
        let told = if message.is_empty() { code.to_string() } else { format!("{code}: {message}") };
        let expect = self.params.login.as_ref().map(|login| login.expect);
        match (*code, expect) {
            // RFC 5997, 3.3: on the port of authentication, the answer to Status-Server is an Access-Accept.
            (Code::ACCESS_ACCEPT, None | Some(RadiusExpect::Accept))
            | (Code::ACCOUNTING_RESPONSE, None)
            | (Code::ACCESS_REJECT, Some(RadiusExpect::Reject))
            | (Code::ACCESS_CHALLENGE, Some(RadiusExpect::Challenge)) => attention(answer),
            (Code::ACCESS_REJECT, Some(_)) => Err(Fault::new(Reason::RadiusReject, told)),
            (Code::ACCESS_ACCEPT, Some(_)) => Err(Fault::new(Reason::RadiusAccept, told)),
            (Code::ACCESS_CHALLENGE, Some(_)) => Err(Fault::new(Reason::RadiusChallenge, told)),
            _ => Err(Fault::new(Reason::ProtoUnexpectedReply, told)),
        }
    }
}

impl Asker for Radius {
    fn address(&self) -> &HostPort {
        &self.params.server
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

/// What is right, and wants attention all the same.
fn attention(answer: &Answer) -> Result<(), Fault> {
    if !answer.reply.has_message_authenticator {
        let detail = "the answer could be forged (CVE-2024-3596); update the server or switch it on";
        return Err(Fault::degraded(Reason::RadiusNoMsgAuth, detail));
    }
    // Servers hold rejections back for a second or more, against guessing.
    if answer.sendings > 1 && answer.reply.code != Code::ACCESS_REJECT {
        let detail = format!("answered after the question had been sent {} times", answer.sendings);
        return Err(Fault::degraded(Reason::Flaky, detail));
    }
    Ok(())
}

/// Connected, so that the kernel drops what comes from another address or port.
async fn socket_to(remote: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = match remote {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?,
    };
    socket.connect(remote).await?;
    Ok(socket)
}

fn tell(answer: &Answer, trace: &mut Trace) {
    let Answer { reply, sendings } = answer;
    trace.received(|| format!("{} {}", reply.code, reply.message));
    trace.fact("answer", reply.code.to_string());
    if *sendings > 1 {
        trace.fact("sendings", sendings.to_string());
    }
    if !reply.message.is_empty() {
        let end = reply.message.floor_char_boundary(MESSAGE_BYTES_MAX);
        trace.fact("message", &reply.message[..end]);
    }
}

fn fault_of(defect: Defect) -> Fault {
    let (reason, detail) = match defect {
        Defect::Malformed => (Reason::ProtoMalformed, "not a packet of RADIUS"),
        Defect::Identifier => (Reason::ProtoIdMismatch, "an answer to another question"),
        Defect::Authenticator => {
            (Reason::RadiusBadAuthenticator, "the response authenticator is not of this secret")
        }
        Defect::MessageAuthenticator => {
            (Reason::RadiusBadAuthenticator, "the Message-Authenticator is not of this secret")
        }
    };
    Fault::new(reason, detail)
}

#[cfg(test)]
mod tests;
