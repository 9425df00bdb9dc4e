//! By which route a request goes: through a proxy that is told where to, and past filters that may answer for a site.
//!
//! For https the proxy is asked for a tunnel (CONNECT, RFC 9110, 9.3.6), in which TLS is spoken with the site; for http
//! it is asked for the page by its whole address. It resolves the site's name: this agent never does, because whoever
//! browses through a proxy need not be able to. What is not the site's answer has a reason of its own. In a tunnel's
//! making all answers are the proxy's; a page's are its own when it says so (407, `X-Squid-Error`, or an error of
//! `Proxy-Status`, RFC 9209), because `Via` stands in both. The price: a proxy that signs nothing is taken for the site.
//!
//! Credentials go to the proxy only, in clear as it wants them, and rest after a rejection like all others.

use std::net::IpAddr;

use collector_api::Reason;
use config::{Family, HostPort, HttpAuth, HttpAuthScheme, ProxyParams};
use hyper::Uri;
use hyper::header::{
    CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::answer::{self, Answer};
use super::place::Place;
use super::request::Asking;
use crate::probe::{Fault, Surroundings, Trace, connect};
use crate::secrets::Secret;

/// Of a proxy's answer to CONNECT, bytes.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Read at once.
const CHUNK_BYTES: usize = 2_048;
/// Quoted of what a proxy says, bytes.
const QUOTED_BYTES_MAX: usize = 80;

/// How requests leave, and who may answer for the site.
#[derive(Debug)]
pub(in crate::probe) struct Route {
    /// Through whom.
    pub proxy: Option<Proxy>,
    /// Lower-case texts by which a filter's own page is known.
    pub block_page: Vec<String>,
    /// Is a body kept whatever the check wants of it?
    pub keeps_body: bool,
}

impl Route {
    /// Is it a filter that answers, and not the site?
    pub(super) fn judge(&self, answer: &Answer) -> Result<(), Fault> {
        if self.block_page.is_empty() {
            return Ok(());
        }
        let content_type = answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let location =
            answer.headers.get(LOCATION).map(|to| String::from_utf8_lossy(to.as_bytes()).to_lowercase());
        let body = answer::read(&answer.body, content_type).to_lowercase();
        let is_known = |text: &&String| {
            body.contains(text.as_str()) || location.as_ref().is_some_and(|to| to.contains(text.as_str()))
        };
        match self.block_page.iter().find(is_known) {
            Some(text) => {
                let detail = format!("{}, with `{text}` on it", answer.status.as_u16());
                Err(Fault::new(Reason::ProxyBlockpage, detail))
            }
            None => Ok(()),
        }
    }
}

/// An HTTP proxy.
#[derive(Debug)]
pub(in crate::probe) struct Proxy {
    address: HostPort,
    family: Family,
    auth: Option<HttpAuth>,
}

/// The credentials with which a proxy was asked.
#[derive(Debug, Default)]
pub(super) struct Passed(Option<String>);

impl Proxy {
    /// As the charter names it; `family` is that of its own addresses.
    pub(in crate::probe) fn new(params: &ProxyParams, family: Family) -> Self {
        let ProxyParams { address, user, secret } = params.clone();
        let auth = secret.map(|secret| HttpAuth { scheme: HttpAuthScheme::Basic, user, secret });
        Self { address, family, auth }
    }

    /// A connection on which `place` can be asked (phases `proxy_resolve`, `proxy_connect` and, for https,
    /// `proxy_reply`); a plain request is rewritten for the proxy.
    pub(super) async fn open(
        &self,
        place: &Place,
        asking: &mut Asking,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(TcpStream, Passed), Fault> {
        // What is named by its address is forbidden by any way; a name is the proxy's affair.
        if let Ok(ip) = place.address.host.parse::<IpAddr>() {
            connect::permit(ip, surroundings)?;
        }
        let (authorization, passed, at) = self.credentials(surroundings, trace).await?;
        let resolver = &surroundings.resolver;
        let remote =
            connect::locate_in("proxy_resolve", resolver, &self.address, self.family, surroundings, trace)
                .await
                .map_err(|fault| of_proxy(fault, Reason::ProxyResolve))?;
        if at.is_some_and(|at| !at.permits(remote.ip())) {
            let detail = format!("{} is no address to which the proxy's secret may go", remote.ip());
            return Err(Fault::new(Reason::AgentTargetForbidden, detail));
        }
        let mut stream = connect::dial_in("proxy_connect", remote, trace)
            .await
            .map_err(|fault| of_proxy(fault, Reason::ProxyConnect))?;
        if place.name.is_some() {
            let reply = tunnel(&mut stream, &place.address, authorization.as_ref(), trace).await?;
            self.learn(&passed, reply.status, surroundings);
            reply.tell(trace);
            judge_tunnel(&reply, passed.0.is_some())?;
        } else {
            let whole = place.url.as_str().parse::<Uri>();
            *asking.uri_mut() =
                whole.map_err(|error| Fault::new(Reason::AgentConfigInvalid, error.to_string()))?;
            if let Some(authorization) = authorization {
                asking.headers_mut().insert(PROXY_AUTHORIZATION, authorization);
            }
        }
        Ok((stream, passed))
    }

    /// Is a page's answer the proxy's own?
    pub(super) fn judge(
        &self,
        answer: &Answer,
        passed: &Passed,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let reply = Reply { status: answer.status.as_u16(), ..Reply::of(&answer.headers) };
        self.learn(passed, reply.status, surroundings);
        if reply.status != 407 && reply.error.is_none() {
            return Ok(());
        }
        reply.tell(trace);
        judge_tunnel(&reply, passed.0.is_some())
    }

    fn learn(&self, passed: &Passed, status: u16, surroundings: &Surroundings) {
        if let Some(secret) = &passed.0 {
            surroundings.rejections.learn(secret, &self.origin(), status != 407, Instant::now());
        }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn credentials(
        &self,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(Option<HeaderValue>, Passed, Option<crate::allowed::AllowedTargets>), Fault> {
        let Some(auth) = &self.auth else { return Ok((None, Passed(None), None)) };
        let origin = self.origin();
        let Secret { text, at } = surroundings.secrets.read(&auth.secret, &origin).await?;
        let value = super::credentials(auth, &text, trace)?;
        surroundings.rejections.permit(&text, &origin, Instant::now()).map_err(|held_back| {
            trace.fact("held_back", format!("{} min", held_back.minutes));
            match held_back.fault.reason {
                Reason::AuthRejected => Fault::new(Reason::ProxyAuthRequired, held_back.fault.detail),
                _ => held_back.fault,
            }
        })?;
        Ok((Some(value), Passed(Some(text)), at))
    }
}

/// What kept us from the proxy is the proxy's; what is the agent's own stays so.
fn of_proxy(fault: Fault, reason: Reason) -> Fault {
    if fault.verdict() == collector_api::Verdict::Unknown {
        return fault;
    }
    Fault::new(reason, format!("{}: {}", fault.reason, fault.detail))
}

/// What a proxy says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reply {
    status: u16,
    /// Which error it found.
    error: Option<String>,
    /// Which credentials it wants.
    wants: Option<String>,
}

impl Reply {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).map(|value| quoted(value.as_bytes()));
        let status_error = text("proxy-status").filter(|status| status.contains("error="));
        let wants = headers.get(PROXY_AUTHENTICATE).map(|value| quoted(value.as_bytes()));
        Self { status: 0, error: text("x-squid-error").or(status_error), wants }
    }

    fn tell(&self, trace: &mut Trace) {
        trace.fact("proxy_status", self.status.to_string());
        if let Some(error) = &self.error {
            trace.fact("proxy_error", error.clone());
        }
    }
}

fn quoted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(QUOTED_BYTES_MAX)]).into_owned()
}

/// What the proxy's own answer means.
fn judge_tunnel(reply: &Reply, has_credentials: bool) -> Result<(), Fault> {
    let error = reply.error.as_ref().map(|error| format!(", {error}")).unwrap_or_default();
    let detail = format!("the proxy answers {}{error}", reply.status);
    Err(match reply.status {
        200..=299 => return Ok(()),
        407 => {
            let wants = reply.wants.as_deref().unwrap_or("no scheme that it names");
            let what =
                if has_credentials { "rejects these credentials and wants" } else { "wants credentials by" };
            Fault::new(Reason::ProxyAuthRequired, format!("the proxy {what} {wants}"))
        }
        // Instead of a tunnel nobody can be led elsewhere: a redirect is a denial, too.
        300..=399 | 403 | 451 => Fault::new(Reason::ProxyDenied, detail),
        500..=599 => Fault::new(Reason::ProxyBadGateway, detail),
        _ => Fault::new(Reason::ProtoUnexpectedReply, detail),
    })
}

/// Asks for a tunnel (phase `proxy_reply`).
async fn tunnel(
    stream: &mut TcpStream,
    to: &HostPort,
    authorization: Option<&HeaderValue>,
    trace: &mut Trace,
) -> Result<Reply, Fault> {
    trace.enter("proxy_reply");
    let mut asked = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n").into_bytes();
    asked.extend_from_slice(concat!("User-Agent: vedetta/", env!("CARGO_PKG_VERSION"), "\r\n").as_bytes());
    if let Some(value) = authorization {
        asked.extend_from_slice(b"Proxy-Authorization: ");
        asked.extend_from_slice(value.as_bytes());
        asked.extend_from_slice(b"\r\n");
    }
    asked.extend_from_slice(b"\r\n");
    trace.sent(|| asked.clone());
    stream.write_all(&asked).await.map_err(|error| Fault::of_stream(&error))?;
    let mut heard = Vec::new();
    let mut chunk = [0; CHUNK_BYTES];
    let end = loop {
        if let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if heard.len() > HEAD_BYTES_MAX {
            return Err(Fault::new(Reason::ProtoMalformed, "the proxy's answer to CONNECT has no end"));
        }
        let length = stream.read(&mut chunk).await.map_err(|error| Fault::of_stream(&error))?;
        if length == 0 {
            return Err(Fault::new(
                Reason::ProtoClosedEarly,
                "the proxy hung up instead of answering CONNECT",
            ));
        }
        heard.extend_from_slice(&chunk[..length]);
    };
    trace.received(|| heard[..end].to_vec());
    let reply = read_head(&heard[..end])
        .ok_or_else(|| Fault::new(Reason::ProtoMalformed, "the proxy's answer to CONNECT is not HTTP/1"))?;
    // A server speaks TLS only after it has been spoken to.
    if reply.status < 300 && heard.len() > end + 4 {
        return Err(Fault::new(Reason::ProtoUnexpectedReply, "the proxy says more than CONNECT asks for"));
    }
    Ok(reply)
}

/// Status and headers; `None` for what is no answer of HTTP/1.
fn read_head(head: &[u8]) -> Option<Reply> {
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = std::str::from_utf8(lines.next()?.get(..12)?).ok()?;
    let status = first.strip_prefix("HTTP/1.")?.get(1..)?.strip_prefix(' ')?;
    let status = status.parse().ok().filter(|status| (100..600).contains(status))?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(at) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (&line[..at], line[at + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name.try_into(), HeaderValue::from_bytes(value)) {
            headers.insert::<hyper::header::HeaderName>(name, value);
        }
    }
    Some(Reply { status, ..Reply::of(&headers) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_answer_says_who_is_to_blame() {
        for (head, has_credentials, expected) in [
            ("HTTP/1.1 200 Connection established", false, None),
            ("HTTP/1.0 200 OK\r\nProxy-Agent: x", false, None),
            (
                "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"rete\"",
                false,
                Some((Reason::ProxyAuthRequired, "the proxy wants credentials by Basic realm=\"rete\"")),
            ),
            (
                "HTTP/1.1 407 No",
                true,
                Some((
                    Reason::ProxyAuthRequired,
                    "the proxy rejects these credentials and wants no scheme that it names",
                )),
            ),
            (
                "HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0",
                false,
                Some((Reason::ProxyDenied, "the proxy answers 403, ERR_ACCESS_DENIED 0")),
            ),
            ("HTTP/1.1 451 No", false, Some((Reason::ProxyDenied, "the proxy answers 451"))),
            (
                "HTTP/1.1 302 Found\r\nLocation: x",
                false,
                Some((Reason::ProxyDenied, "the proxy answers 302")),
            ),
            ("HTTP/1.1 502 Bad Gateway", false, Some((Reason::ProxyBadGateway, "the proxy answers 502"))),
            (
                "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_DNS_FAIL 0",
                false,
                Some((Reason::ProxyBadGateway, "the proxy answers 503, ERR_DNS_FAIL 0")),
            ),
            (
                "HTTP/1.1 504 x\r\nProxy-Status: p; error=connection_timeout",
                false,
                Some((Reason::ProxyBadGateway, "the proxy answers 504, p; error=connection_timeout")),
            ),
            ("HTTP/1.1 400 Bad", false, Some((Reason::ProtoUnexpectedReply, "the proxy answers 400"))),
        ] {
            let reply = read_head(head.as_bytes()).unwrap();
            let fault = judge_tunnel(&reply, has_credentials).err();
            let found = fault.as_ref().map(|fault| (fault.reason, fault.detail.as_str()));
            assert_eq!(found, expected, "{head}");
        }
    }

    #[test]
    fn what_is_no_head_is_not_read() {
        for head in [
            "",
            "HTTP/1.1",
            "HTTP/2 200",
            "HTTP/1.1 99 x",
            "HTTP/1.1 900 x",
            "SSH-2.0-OpenSSH",
            "HTTP/1.1\t200 ",
        ] {
            assert_eq!(read_head(head.as_bytes()), None, "{head}");
        }
        assert!(read_head(b"HTTP/1.1 200 OK\r\n: x\r\n\xff\xff: y\r\nno colon").is_some());
    }
}
