//! Names to addresses by the system's resolvers, without anything that would hide the truth.
//!
//! No cache (each attempt asks), no search list (the name is taken as absolute), no hosts file, no
//! retry within one question (attempts are the probe's). `/etc/resolv.conf` is read again when it
//! changes, so that an agent that runs for months follows its network.
//!
//! Servers are asked in the order of the file. One that cannot say is passed over at once, as the C library
//! does; to one that is silent the next is added after half a second instead of its five, since attempts are
//! short, and the first answer counts. The price: a slow first server has a second question beside it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use collector_api::Reason;
use config::{Family, HostPort};
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::{DnsError, NetError};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::{TokioResolver, system_conf};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::probe::Fault;

/// One server's time to answer.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);
/// What a server is ahead of the next. Short, so that a dead first server leaves time for the second within
/// an attempt's deadline.
const HEAD_START: Duration = Duration::from_millis(500);

/// The system's resolver. A clone is the same one.
#[derive(Debug, Clone)]
pub struct SystemResolver {
    file: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    read_as: Option<FileVersion>,
    servers: Result<Servers, String>,
}

/// One resolver for each server, in the order of the file: a pool of several has but one deadline for all of
/// them, which the first, when it is dead, takes whole.
type Servers = Arc<[TokioResolver]>;

/// What tells one writing of a file from the next.
type FileVersion = (std::time::SystemTime, u64, u64);

impl SystemResolver {
    /// By `/etc/resolv.conf`.
    pub fn new() -> Self {
        Self::by_file("/etc/resolv.conf")
    }

    /// By another file of that format.
    pub fn by_file(file: impl Into<PathBuf>) -> Self {
        let state = State { read_as: None, servers: Err("not read yet".to_owned()) };
        Self { file: file.into(), state: Arc::new(Mutex::new(state)) }
    }

    /// By one server, whose address is given.
    pub fn by_server(server: &HostPort) -> Result<Self, String> {
        let ip = server.host.parse().map_err(|_| format!("the resolver `{server}` is not an IP address"))?;
        let mut of_server = NameServerConfig::udp_and_tcp(ip);
        for connection in &mut of_server.connections {
            connection.port = server.port;
        }
        Ok(Self::by_config(ResolverConfig::from_name_servers(vec![of_server])))
    }

    /// By named servers.
    pub fn by_config(config: ResolverConfig) -> Self {
        let servers = build(config);
        Self { file: PathBuf::new(), state: Arc::new(Mutex::new(State { read_as: None, servers })) }
    }

    /// The first address of a name.
    pub async fn resolve(&self, host: &str, family: Family) -> Result<IpAddr, Fault> {
        let servers = self.current().map_err(|detail| Fault::new(Reason::AgentConfigInvalid, detail))?;
        let mut name = Name::from_utf8(host)
            .map_err(|error| Fault::new(Reason::AgentConfigInvalid, format!("{host}: {error}")))?;
        name.set_fqdn(true);
        let (wanted, other) = match family {
            Family::V6 => (RecordType::AAAA, RecordType::A),
            // A check of both asks once as each.
            Family::V4 | Family::Both => (RecordType::A, RecordType::AAAA),
        };
        let fault = match first_answer(&servers, &name, wanted, address).await {
            Ok(address) => return Ok(address),
            Err(error) => fault_of(&error),
        };
        // "Only the other family" is a mistake in the charter, "no address" one in the zone.
        if fault.reason == Reason::ResolveNodata
            && first_answer(&servers, &name, other, address).await.is_ok()
        {
            return Err(Fault::new(
                Reason::ResolveNoFamily,
                format!("{host} has no {wanted} record, but {other}"),
            ));
        }
        Err(fault)
    }

    /// The hosts and ports of a service's records (RFC 2782), in lower case and without the last dot, those that are
    /// tried first in front.
    pub async fn services(&self, name: &str) -> Result<Vec<(String, u16)>, Fault> {
        let servers = self.current().map_err(|detail| Fault::new(Reason::AgentConfigInvalid, detail))?;
        let mut absolute = Name::from_utf8(name)
            .map_err(|error| Fault::new(Reason::AgentConfigInvalid, format!("{name}: {error}")))?;
        absolute.set_fqdn(true);
        let found = first_answer(&servers, &absolute, RecordType::SRV, hosts).await;
        found.map_err(|error| fault_of(&error))
    }

    fn current(&self) -> Result<Servers, String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.file.as_os_str().is_empty() {
            let version = version_of(&self.file);
            if version.is_none() || version != state.read_as {
                state.servers = read(&self.file);
                state.read_as = version;
            }
        }
        state.servers.clone()
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::new()
    }
}

fn version_of(file: &Path) -> Option<FileVersion> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}

fn read(file: &Path) -> Result<Servers, String> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
    let (config, _options) =
        system_conf::parse_resolv_conf(bytes).map_err(|error| format!("{shown}: {error}"))?;
    build(config)
}

fn build(config: ResolverConfig) -> Result<Servers, String> {
    let mut options = ResolverOpts::default();
    options.cache_size = 0;
    options.attempts = 0;
    options.num_concurrent_reqs = 1;
    options.timeout = SERVER_TIMEOUT;
    options.use_hosts_file = ResolveHosts::Never;
    options.os_port_selection = true;
    let of_server = |server| {
        let alone = ResolverConfig::from_name_servers(vec![server]);
        let mut builder = TokioResolver::builder_with_config(alone, TokioRuntimeProvider::default());
        *builder.options_mut() = options.clone();
        builder.build().map_err(|error| error.to_string())
    };
    config.name_servers.into_iter().map(of_server).collect()
}

/// The first answer of the servers; when there is none, the failure that says most.
async fn first_answer<T: Send + 'static>(
    servers: &Servers,
    name: &Name,
    wanted: RecordType,
    pick: fn(&[Record]) -> Option<T>,
) -> Result<T, NetError> {
    if let [only] = &**servers {
        return picked(only.clone(), name.clone(), wanted, pick).await;
    }
    let mut asked = JoinSet::new();
    // Of a file that names no server.
    let mut failure = NetError::NoConnections;
    for (at, server) in servers.iter().enumerate() {
        asked.spawn(picked(server.clone(), name.clone(), wanted, pick));
        let is_last = at + 1 == servers.len();
        let next_at = Instant::now() + HEAD_START;
        loop {
            let ended = tokio::select! {
                ended = asked.join_next() => ended,
                () = sleep_until(next_at), if !is_last => break,
            };
            match ended {
                Some(Ok(Err(error))) if !is_answer(&error) => {
                    if matches!(failure, NetError::NoConnections | NetError::Timeout) {
                        failure = error;
                    }
                    if !is_last {
                        break;
                    }
                }
                Some(Ok(answer)) => return answer,
                // The task is gone: a defect, and no word of the server.
                Some(Err(_)) => {}
                None => break,
            }
        }
    }
    Err(failure)
}

/// "No such name" and "no such record" are answers; anything else another server may know better.
fn is_answer(error: &NetError) -> bool {
    matches!(
        error,
        NetError::Dns(DnsError::NoRecordsFound(none))
            if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError)
    )
}

async fn picked<T>(
    resolver: TokioResolver,
    name: Name,
    wanted: RecordType,
    pick: fn(&[Record]) -> Option<T>,
) -> Result<T, NetError> {
    let lookup = resolver.lookup(name.clone(), wanted).await?;
    pick(lookup.answers()).ok_or_else(|| {
        let query = hickory_proto::op::Query::query(name, wanted);
        hickory_net::NoRecords::new(query, ResponseCode::NoError).into()
    })
}

/// The first address.
fn address(records: &[Record]) -> Option<IpAddr> {
    records.iter().find_map(|record| match &record.data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    })
}

/// The hosts of SRV records; `.` is none (RFC 2782).
fn hosts(records: &[Record]) -> Option<Vec<(String, u16)>> {
    let mut found: Vec<(u16, String, u16)> = records
        .iter()
        .filter_map(|record| match &record.data {
            RData::SRV(srv) if !srv.target.is_root() => {
                let host = srv.target.to_ascii().trim_end_matches('.').to_ascii_lowercase();
                Some((srv.priority, host, srv.port))
            }
            _ => None,
        })
        .collect();
    found.sort();
    (!found.is_empty()).then(|| found.into_iter().map(|(_, host, port)| (host, port)).collect())
}

/// What the resolver's error means.
fn fault_of(error: &NetError) -> Fault {
    let reason = match error {
        NetError::Timeout => Reason::ResolveTimeout,
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Reason::ResolveNxdomain,
            ResponseCode::NoError => Reason::ResolveNodata,
            ResponseCode::Refused => Reason::ResolveRefused,
            _ => Reason::ResolveServfail,
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => Reason::ResolveRefused,
        NetError::Io(error) => match Fault::of_connect(error).reason {
            reason @ (Reason::AgentFdExhausted | Reason::AgentPermission) => reason,
            Reason::ConnectTimeout => Reason::ResolveTimeout,
            _ => Reason::ResolveServfail,
        },
        _ => Reason::ResolveServfail,
    };
    Fault::new(reason, error.to_string())
}

#[cfg(test)]
mod tests;
