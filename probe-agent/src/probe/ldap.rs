//! `probe: ldap`: does the directory let in whom it should, find what it should, and say that it is whole?
//!
//! Three questions on one connection: a bind, the root entry, a search. The root entry of Active Directory tells its
//! clock and whether it is synchronised; where it tells nothing of the kind, nothing is made of that. A search asks
//! for names alone, and for a few: "there are more" is as good an answer as all of them.
//!
//! ldap3 would dial and speak TLS by itself, past the probe's own TLS, which shows what a server's certificate is
//! before it judges; it takes no stream, and neither it nor its `lber` bounds what a server sends. So the handful of
//! messages is written here, on [`super::ber`]. A bind with a name and no password succeeds for anybody (RFC 4513,
//! 5.1.2): it is never made.

mod connection;
mod message;
#[cfg(test)]
mod tests;

use collector_api::{Reason, Verdict};
use config::{HostPort, LdapBind, LdapFilter, LdapParams, LdapScope, LdapSearch, LdapSecurity, LdapState};
use jiff::tz::TimeZone;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::kerberos::Skew;
use super::rejections::is_refusal;
use super::{Asker, Attempted, Fault, Surroundings, Trace, connect};
use crate::clock::{self, WallClock};
use crate::secrets;
use crate::tls::Tls;
pub(super) use connection::Connection;
use connection::Found;
use message::{Outcome, Search, code};

/// What is looked at of the root entry.
const ROOT_ATTRIBUTES: [&str; 4] =
    ["currentTime", "isSynchronized", "isGlobalCatalogReady", "defaultNamingContext"];
/// RFC 4511, 4.5.1.8: no attributes.
const NO_ATTRIBUTES: [&str; 1] = ["1.1"];
/// What a directory is given for one search, s; the attempt's deadline comes first.
const SEARCH_SECONDS: u64 = 60;
/// Of what a directory says to people, bytes.
const TEXT_BYTES_MAX: usize = 160;

/// One LDAP check.
pub struct Ldap {
    params: LdapParams,
    tls: Tls,
    /// Of the root entry: any.
    anything: LdapFilter,
    /// To which secrets must be allowed to go: what is said under TLS is said to `ldaps`, whichever way TLS begins.
    origin: String,
    clock: WallClock,
}

impl std::fmt::Debug for Ldap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ldap").field("params", &self.params).finish_non_exhaustive()
    }
}

impl Ldap {
    /// Prepares the check; the error is a sentence for whoever wrote the charter.
    pub fn new(params: LdapParams) -> Result<Self, String> {
        let tls = Tls::new(&params.tls, &[])?;
        let scheme = if params.security == LdapSecurity::Plain { "ldap" } else { "ldaps" };
        let origin = secrets::origin(scheme, &params.server);
        Ok(Self { params, tls, anything: LdapFilter::default(), origin, clock: clock::system() })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let Some(bind) = &self.params.bind else { return self.attempt_as(None, surroundings, trace).await };
        let secret = surroundings.secrets.read(&bind.secret, &self.origin).await?;
        trace.secret(secret.text.as_bytes());
        let rejections = &surroundings.rejections;
        let permit = rejections.permit_as(&bind.user, &secret.text, &self.origin, Instant::now());
        permit.map_err(|held_back| {
            trace.fact("held_back", format!("{} min", held_back.minutes));
            held_back.fault
        })?;
        let seen = self.attempt_as(Some((bind, &secret)), surroundings, trace).await;
        let learned = match &seen {
            Err(fault) if is_refusal(fault.reason) => Err(fault.reason),
            // Whoever did not come so far learned nothing about the secret.
            Err(fault) if fault.verdict() != Verdict::Degraded => return seen,
            _ => Ok(()),
        };
        rejections.learn_as(&bind.user, &secret.text, &self.origin, learned, Instant::now());
        seen
    }

    async fn attempt_as(
        &self,
        bind: Option<(&LdapBind, &secrets::Secret)>,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        let LdapParams { server, family, security, .. } = &self.params;
        let remote = connect::locate(server, *family, surroundings, trace).await?;
        if let Some((_, secret)) = bind {
            secret.goes_to(remote.ip())?;
        }
        let credentials = bind.map(|(bind, secret)| (bind.user.as_str(), secret.text.as_str()));
        let mut stream = connect::dial(remote, trace).await?;
        match security {
            LdapSecurity::Plain => return self.talk(Connection::new(stream), credentials, trace).await,
            LdapSecurity::Ldaps => {}
            LdapSecurity::Starttls => {
                trace.enter("starttls");
                trace.sent(|| "StartTLS");
                let mut connection = Connection::new(stream);
                let outcome = connection.starttls().await?;
                trace.received(|| shown(&outcome));
                if outcome.code != code::SUCCESS {
                    return Err(Fault::new(Reason::LdapNoStarttls, shown(&outcome)));
                }
                stream = connection.into_stream();
            }
        }
        let name = self.tls.name(&server.host).map_err(|why| Fault::new(Reason::AgentConfigInvalid, why))?;
        let secured = surroundings.tls.handshake(&self.tls, name, stream, trace).await?;
        // Boxed: buffers of TLS must not weigh on a directory without it.
        Box::pin(self.talk(Connection::new(secured.stream), credentials, trace)).await?;
        secured.attention.map_or(Ok(()), Err)
    }

    /// Bind, root entry, search, good-bye.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut connection: Connection<S>,
        credentials: Option<(&str, &str)>,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        trace.enter("bind");
        let (user, password) = credentials.unwrap_or_default();
        if credentials.is_some() && (user.is_empty() || password.is_empty()) {
            let detail = "a bind with a name and no password succeeds for anybody, and proves nothing";
            return Err(Fault::new(Reason::AgentConfigInvalid, detail));
        }
        trace.sent(|| if user.is_empty() { "bind, anonymous".to_owned() } else { format!("bind {user}") });
        let outcome = connection.bind(user, password).await?;
        trace.received(|| shown(&outcome));
        judge_bind(&outcome).inspect_err(|_| trace.fact("code", outcome.code.to_string()))?;

        trace.enter("root");
        let asked_ms = (self.clock)();
        let root = connection.search(&self.search_of_root()).await?;
        let window = (asked_ms, (self.clock)());
        trace.received(|| told(&root));
        let skew = tell_root(&root, window, trace);
        self.judge_root(&root)?;

        if let Some(search) = &self.params.search {
            trace.enter("search");
            trace.sent(|| format!("search {} {}", search.base, search.filter));
            let found = connection.search(&search_of(search)).await?;
            trace.received(|| told(&found));
            trace.fact("entries", found.entries.to_string());
            judge_search(&found, search.min_entries)
                .inspect_err(|_| trace.fact("code", code_of(&found).to_string()))?;
        }
        connection.unbind(trace).await;
        skew.filter(|skew| skew.is_far()).map_or(Ok(()), |skew| {
            let detail = format!("{skew} from the agent's clock, which may be the one that is off");
            Err(Fault::degraded(Reason::LdapSkew, detail))
        })
    }

    fn search_of_root(&self) -> Search<'_> {
        Search {
            base: "",
            scope: LdapScope::Base,
            filter: self.anything.node(),
            entries: 1,
            seconds: SEARCH_SECONDS,
            attributes: &ROOT_ATTRIBUTES,
        }
    }

    /// Without a search the root entry is all the proof there is; otherwise it may be hidden, unless something is asked
    /// of it.
    fn judge_root(&self, root: &Found) -> Result<(), Fault> {
        if self.params.search.is_none() {
            judge_search(root, 1)?;
        }
        for state in &self.params.require {
            let (name, reason) = match state {
                LdapState::Synchronized => ("isSynchronized", Reason::LdapNotSynchronized),
                LdapState::GlobalCatalog => ("isGlobalCatalogReady", Reason::LdapGlobalCatalog),
            };
            match value_of(root, name) {
                Some(value) if value.eq_ignore_ascii_case("TRUE") => {}
                Some(value) => return Err(Fault::new(reason, format!("{name} is {value}"))),
                None => return Err(Fault::new(reason, format!("the root entry has no {name}"))),
            }
        }
        Ok(())
    }
}

impl Asker for Ldap {
    fn address(&self) -> &HostPort {
        &self.params.server
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}

fn search_of(search: &LdapSearch) -> Search<'_> {
    Search {
        base: &search.base,
        scope: search.scope,
        filter: search.filter.node(),
        entries: search.min_entries.clamp(LdapParams::ENTRIES_ASKED, LdapParams::MIN_ENTRIES_MAX),
        seconds: SEARCH_SECONDS,
        attributes: &NO_ATTRIBUTES,
    }
}

/// Facts of the root entry; its clock, if it tells it.
fn tell_root(root: &Found, window: (i64, i64), trace: &mut Trace) -> Option<Skew> {
    for (name, fact) in [
        ("isSynchronized", "synchronized"),
        ("isGlobalCatalogReady", "global_catalog"),
        ("defaultNamingContext", "naming_context"),
    ] {
        if let Some(value) = value_of(root, name) {
            trace.fact(fact, value);
        }
    }
    let skew = Skew::of(time_of(value_of(root, "currentTime")?)?, window);
    skew.tell(trace);
    Some(skew)
}

/// Unix ms of `20270315093000.0Z` (RFC 4517, 3.3.13).
fn time_of(text: &str) -> Option<i64> {
    let whole = text.strip_suffix('Z')?.split('.').next().filter(|whole| whole.len() == 14)?;
    let at = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", whole).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

fn value_of<'a>(found: &'a Found, name: &str) -> Option<&'a str> {
    let value = found.values.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    value.map(|(_, value)| value.as_str())
}

fn judge_bind(outcome: &Outcome) -> Result<(), Fault> {
    let reason = match outcome.code {
        code::SUCCESS => return Ok(()),
        code::REFERRAL => Reason::LdapReferralOnly,
        code::INVALID_CREDENTIALS => {
            reason_of_active_directory(&outcome.text).unwrap_or(Reason::AuthRejected)
        }
        // 389 Directory Server's word for a lock.
        code::CONSTRAINT if outcome.text.contains("password retry limit") => Reason::AuthLocked,
        _ => Reason::LdapCode,
    };
    Err(Fault::new(reason, explained(outcome)))
}

/// Of 49, Active Directory says why: `… AcceptSecurityContext error, data 532, v4563`.
fn reason_of_active_directory(text: &str) -> Option<Reason> {
    let (_, rest) = text.split_once("data ")?;
    let data = rest.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or_default();
    match data {
        "533" => Some(Reason::AuthDisabled),
        // The password, the account, a password that must be changed first.
        "532" | "701" | "773" => Some(Reason::AuthExpired),
        "775" => Some(Reason::AuthLocked),
        _ => None,
    }
}

fn judge_search(found: &Found, min_entries: u32) -> Result<(), Fault> {
    let count = found.entries;
    let Some(outcome) = &found.outcome else {
        return Err(Fault::new(Reason::AgentInternal, "a search without an end"));
    };
    match outcome.code {
        // "There are more" is no less than was asked for.
        code::SUCCESS | code::SIZE_LIMIT if count >= min_entries => Ok(()),
        code::REFERRAL => Err(Fault::new(Reason::LdapReferralOnly, explained(outcome))),
        code::SUCCESS if count == 0 && found.references > 0 => {
            Err(Fault::new(Reason::LdapReferralOnly, format!("{} references, no entry", found.references)))
        }
        code::SUCCESS => {
            Err(Fault::new(Reason::LdapNoEntries, format!("{count} entries, at least {min_entries} wanted")))
        }
        _ => Err(Fault::new(Reason::LdapCode, explained(outcome))),
    }
}

fn code_of(found: &Found) -> i64 {
    found.outcome.as_ref().map_or(0, |outcome| outcome.code)
}

/// What was said, and where it is known, what helps.
fn explained(outcome: &Outcome) -> String {
    let shown = shown(outcome);
    match outcome.code {
        code::CONFIDENTIALITY => format!("{shown}; the directory wants TLS: `security: starttls` or `ldaps`"),
        code::STRONGER_AUTH => format!("{shown}; the directory wants TLS or signing before a password"),
        _ => shown,
    }
}

fn told(found: &Found) -> String {
    let end = found.outcome.as_ref().map(shown).unwrap_or_default();
    format!("{} entries, {} references; {end}", found.entries, found.references)
}

/// `49 invalidCredentials 80090308: …`
fn shown(outcome: &Outcome) -> String {
    let end = outcome.text.floor_char_boundary(TEXT_BYTES_MAX);
    let name = code::name(outcome.code);
    [outcome.code.to_string().as_str(), name, &outcome.text[..end]].join(" ").trim_end().to_owned()
}
