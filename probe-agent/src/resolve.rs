//! Names to addresses by the system's resolvers, without anything that would hide the truth.
//!
//! No cache (each attempt asks), no search list (the name is taken as absolute), no hosts file, no
//! retry within one question (attempts are the probe's). `/etc/resolv.conf` is read again when it
//! changes, so that an agent that runs for months follows its network.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use collector_api::Reason;
use config::{Family, HostPort};
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::{DnsError, NetError};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, RecordType};
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::{TokioResolver, system_conf};

use crate::probe::Fault;

/// One server's time to answer. Short, so that a dead first server leaves time for the second
/// within an attempt's deadline.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);

/// The system's resolver.
#[derive(Debug)]
pub struct SystemResolver {
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    read_as: Option<FileVersion>,
    resolver: Result<TokioResolver, String>,
}

/// What tells one writing of a file from the next.
type FileVersion = (std::time::SystemTime, u64, u64);

impl SystemResolver {
    /// By `/etc/resolv.conf`.
    pub fn new() -> Self {
        Self::by_file("/etc/resolv.conf")
    }

    /// By another file of that format.
    pub fn by_file(file: impl Into<PathBuf>) -> Self {
        let state = State { read_as: None, resolver: Err("not read yet".to_owned()) };
        Self { file: file.into(), state: Mutex::new(state) }
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
        let resolver = build(config);
        Self { file: PathBuf::new(), state: Mutex::new(State { read_as: None, resolver }) }
    }

    /// The first address of a name.
    pub async fn resolve(&self, host: &str, family: Family) -> Result<IpAddr, Fault> {
        let resolver = self.current().map_err(|detail| Fault::new(Reason::AgentConfigInvalid, detail))?;
        let mut name = Name::from_utf8(host)
            .map_err(|error| Fault::new(Reason::AgentConfigInvalid, format!("{host}: {error}")))?;
        name.set_fqdn(true);
        let (wanted, other) = match family {
            Family::V6 => (RecordType::AAAA, RecordType::A),
            // A check of both asks once as each.
            Family::V4 | Family::Both => (RecordType::A, RecordType::AAAA),
        };
        let fault = match first_address(&resolver, name.clone(), wanted).await {
            Ok(address) => return Ok(address),
            Err(error) => fault_of(&error),
        };
        // "Only the other family" is a mistake in the charter, "no address" one in the zone.
        if fault.reason == Reason::ResolveNodata && first_address(&resolver, name, other).await.is_ok() {
            return Err(Fault::new(
                Reason::ResolveNoFamily,
                format!("{host} has no {wanted} record, but {other}"),
            ));
        }
        Err(fault)
    }

    fn current(&self) -> Result<TokioResolver, String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.file.as_os_str().is_empty() {
            let version = version_of(&self.file);
            if version.is_none() || version != state.read_as {
                state.resolver = read(&self.file);
                state.read_as = version;
            }
        }
        state.resolver.clone()
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

fn read(file: &Path) -> Result<TokioResolver, String> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
    let (config, _options) =
        system_conf::parse_resolv_conf(bytes).map_err(|error| format!("{shown}: {error}"))?;
    build(config)
}

fn build(config: ResolverConfig) -> Result<TokioResolver, String> {
    let mut options = ResolverOpts::default();
    options.cache_size = 0;
    options.attempts = 0;
    options.num_concurrent_reqs = 1;
    options.timeout = SERVER_TIMEOUT;
    options.use_hosts_file = ResolveHosts::Never;
    options.os_port_selection = true;
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build().map_err(|error| error.to_string())
}

async fn first_address(resolver: &TokioResolver, name: Name, wanted: RecordType) -> Result<IpAddr, NetError> {
    let lookup = resolver.lookup(name.clone(), wanted).await?;
    let address = lookup.answers().iter().find_map(|record| match &record.data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    });
    address.ok_or_else(|| {
        let query = hickory_proto::op::Query::query(name, wanted);
        hickory_net::NoRecords::new(query, ResponseCode::NoError).into()
    })
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
