//! One controller: what DNS says of it, where it is, and what it lacks.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use collector_api::Verdict;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::super::Fault;
use super::super::kerberos::{self, Skew};
use crate::clock::WallClock;

/// LDAP, where it may as well be only under TLS.
const LDAP: u16 = 389;
/// LDAP under TLS.
const LDAPS: u16 = 636;

/// A controller as records name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Of the host, in lower case.
    pub(super) name: String,
    /// `None` where no record of `_ldap` names it.
    pub(super) ldap: Option<u16>,
    /// `None` where no record of `_kerberos` names it.
    pub(super) kerberos: Option<u16>,
}

/// The hosts of both lists, each once, by name.
pub(super) fn listed(ldap: &[(String, u16)], kerberos: &[(String, u16)]) -> Vec<Listed> {
    let mut listed: BTreeMap<&str, (Option<u16>, Option<u16>)> = BTreeMap::new();
    for (name, port) in ldap {
        listed.entry(name).or_default().0.get_or_insert(*port);
    }
    for (name, port) in kerberos {
        listed.entry(name).or_default().1.get_or_insert(*port);
    }
    let of = |(name, (ldap, kerberos)): (&str, _)| Listed { name: name.to_owned(), ldap, kerberos };
    listed.into_iter().map(of).collect()
}

/// A controller, and where it is, or why nobody knows.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) listed: Listed,
    pub(super) address: Result<IpAddr, String>,
}

/// What was seen of a controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) name: String,
    /// Nothing when it is whole.
    pub(super) lacks: Vec<String>,
    pub(super) skew: Option<Skew>,
}

impl Found {
    /// Looks at everything at once; the error is of the agent itself.
    pub(super) async fn look(
        self,
        realm: String,
        ports: Vec<u16>,
        patience: Duration,
        clock: WallClock,
    ) -> Result<Seen, Fault> {
        let Listed { name, ldap, kerberos } = self.listed;
        let mut seen = Seen { name, lacks: Vec::new(), skew: None };
        for (record, port) in [("_ldap", ldap), ("_kerberos", kerberos)] {
            if port.is_none() {
                seen.lacks.push(format!("no record {record}"));
            }
        }
        let address = match self.address {
            Ok(address) => address,
            Err(why) => {
                seen.lacks.push(why);
                return Ok(seen);
            }
        };
        let mut under_way = JoinSet::new();
        for port in ldap.into_iter().chain(ports) {
            under_way.spawn(async move { (port, listens(SocketAddr::new(address, port), patience).await) });
        }
        if let Some(port) = kerberos {
            let asked = timeout(patience, ping(SocketAddr::new(address, port), &realm, &clock)).await;
            match asked {
                Ok(Ok(skew)) => seen.skew = skew,
                Ok(Err(fault)) => seen.lack(&format!("kerberos {port}"), &fault)?,
                Err(_elapsed) => seen.lacks.push(format!("kerberos {port}: no answer")),
            }
        }
        let mut closed = Vec::new();
        while let Some(Ok((port, listens))) = under_way.join_next().await {
            if let Err(fault) = listens {
                closed.push((port, fault));
            }
        }
        closed.sort_by_key(|(port, _)| *port);
        for (port, fault) in closed {
            seen.lack(&port.to_string(), &fault)?;
        }
        Ok(seen)
    }
}

impl Seen {
    /// A lack of the controller; what the agent could not ask is none.
    fn lack(&mut self, what: &str, fault: &Fault) -> Result<(), Fault> {
        if fault.verdict() == Verdict::Unknown {
            return Err(fault.clone());
        }
        self.lacks.push(format!("{what}: {}", fault.reason.describe()));
        Ok(())
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.lacks.is_empty() {
            f.write_str(" whole")?;
        } else {
            write!(f, " {}", self.lacks.join(", "))?;
        }
        self.skew.map_or(Ok(()), |skew| write!(f, ", clock {skew}"))
    }
}

/// Does something accept connections there? In place of LDAP, LDAP under TLS will do.
async fn listens(address: SocketAddr, patience: Duration) -> Result<(), Fault> {
    let dial = |address: SocketAddr| async move {
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(_stream)) => Ok(()),
            Ok(Err(error)) => Err(Fault::of_connect(&error)),
            Err(_elapsed) => Err(Fault::new(collector_api::Reason::ConnectTimeout, "")),
        }
    };
    if address.port() != LDAP {
        return dial(address).await;
    }
    let under_tls = SocketAddr::new(address.ip(), LDAPS);
    let (plain, under_tls) = tokio::join!(dial(address), dial(under_tls));
    plain.or(under_tls)
}

/// Its clock, if it is alive.
async fn ping(kdc: SocketAddr, realm: &str, clock: &WallClock) -> Result<Option<Skew>, Fault> {
    let stream = TcpStream::connect(kdc).await.map_err(|error| Fault::of_connect(&error))?;
    let question = kerberos::question_of_nobody(realm)?;
    let asked_ms = clock();
    let answer = kerberos::over_tcp(stream, &question).await?;
    kerberos::judge_of_nobody(&answer, (asked_ms, clock()))
}
