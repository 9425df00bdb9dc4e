//! From `host:port` to an open connection: resolve, ask whether it may be dialled, dial.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use collector_api::Reason;
use config::{Family, HostPort};
use tokio::net::{TcpStream, UdpSocket};

use super::{Fault, Surroundings, Trace};
use crate::resolve::SystemResolver;

/// The address to dial, resolved now (phase `resolve`) unless it is one already, and allowed.
///
/// The first address of the answer is taken and no other tried: what is behind the second shows
/// when a resolver turns the order, or as a target of its own; silently taking whichever works
/// would call half a service whole.
pub(super) async fn locate(
    address: &HostPort,
    family: Family,
    surroundings: &Surroundings,
    trace: &mut Trace,
) -> Result<SocketAddr, Fault> {
    locate_by(&surroundings.resolver, address, family, surroundings, trace).await
}

/// The same by another resolver.
pub(super) async fn locate_by(
    resolver: &SystemResolver,
    address: &HostPort,
    family: Family,
    surroundings: &Surroundings,
    trace: &mut Trace,
) -> Result<SocketAddr, Fault> {
    locate_in("resolve", resolver, address, family, surroundings, trace).await
}

/// The same in a phase of its own, for an address that is only on the way.
pub(super) async fn locate_in(
    phase: &'static str,
    resolver: &SystemResolver,
    address: &HostPort,
    family: Family,
    surroundings: &Surroundings,
    trace: &mut Trace,
) -> Result<SocketAddr, Fault> {
    let ip = if let Ok(ip) = address.host.parse::<IpAddr>() {
        ip
    } else {
        trace.enter(phase);
        // Boxed: what is asked by its address must not carry a resolver's state along.
        Box::pin(resolver.resolve(&address.host, family)).await?
    };
    let remote = SocketAddr::new(ip, address.port);
    trace.remote = Some(remote);
    permit(ip, surroundings)?;
    Ok(remote)
}

/// May this address be asked, by whatever way?
pub(super) fn permit(ip: IpAddr, surroundings: &Surroundings) -> Result<(), Fault> {
    if surroundings.allowed.permits(ip) {
        return Ok(());
    }
    let detail = format!("{ip} is not in allowed_targets of agent.yaml");
    Err(Fault::new(Reason::AgentTargetForbidden, detail))
}

/// Dials (phase `connect`).
pub(super) async fn dial(remote: SocketAddr, trace: &mut Trace) -> Result<TcpStream, Fault> {
    dial_in("connect", remote, trace).await
}

/// The same in a phase of its own.
pub(super) async fn dial_in(
    phase: &'static str,
    remote: SocketAddr,
    trace: &mut Trace,
) -> Result<TcpStream, Fault> {
    trace.enter(phase);
    let stream = TcpStream::connect(remote).await.map_err(|error| Fault::of_connect(&error))?;
    // A request must not wait for the acknowledgement of the one before it.
    stream.set_nodelay(true).map_err(|error| Fault::of_connect(&error))?;
    Ok(stream)
}

/// An agent without IPv6 cannot testify about IPv6: its canaries answer over IPv4, and every name with
/// `family: both` would read as half dead. "Network unreachable" without any route out is its own affair.
pub(super) async fn blame(seen: Result<(), Fault>, remote: Option<SocketAddr>) -> Result<(), Fault> {
    match (&seen, remote) {
        (Err(fault), Some(SocketAddr::V6(_)))
            if fault.reason == Reason::ConnectNetUnreachable && !has_ipv6_route().await =>
        {
            Err(Fault::new(Reason::AgentNetworkDown, "this host has no IPv6 route"))
        }
        _ => seen,
    }
}

/// Does the kernel know a way to global unicast addresses? Connecting a datagram socket sends nothing.
async fn has_ipv6_route() -> bool {
    let Ok(socket) = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await else { return false };
    // The first address of 2000::/3; the discard port.
    socket.connect((Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 9)).await.is_ok()
}
