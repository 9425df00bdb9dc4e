//! One request at one place, on a connection of its own.

use collector_api::Reason;
use config::{Family, HostPort};
use tokio::net::TcpStream;

use super::answer::Answer;
use super::place::Place;
use super::request::{self, Keep};
use crate::allowed::AllowedTargets;
use crate::probe::{Fault, Surroundings, Trace, connect};
use crate::resolve::SystemResolver;
use crate::tls::Tls;

/// How a place is reached.
#[derive(Debug, Clone, Copy)]
pub(in crate::probe) struct Way<'a> {
    /// What is dialled.
    pub address: &'a HostPort,
    /// Who is asked where that is.
    pub resolver: &'a SystemResolver,
    /// Which of its addresses.
    pub family: Family,
    /// How TLS is judged, where the place wants it.
    pub tls: &'a Tls,
    /// Where alone it may go, because of a secret that it carries.
    pub at: Option<&'a AllowedTargets>,
    /// What becomes of the body.
    pub keep: Keep,
}

/// Resolves, connects, speaks TLS where the place wants it, asks and reads the answer; with it, what wants
/// attention.
pub(in crate::probe) async fn exchange(
    way: Way<'_>,
    place: &Place,
    asking: request::Asking,
    surroundings: &Surroundings,
    trace: &mut Trace,
) -> Result<(Answer, Option<Fault>), Fault> {
    let remote = connect::locate_by(way.resolver, way.address, way.family, surroundings, trace).await?;
    if way.at.is_some_and(|at| !at.permits(remote.ip())) {
        let detail = format!("{} is no address to which the secret may go", remote.ip());
        return Err(Fault::new(Reason::AgentTargetForbidden, detail));
    }
    let stream = connect::dial(remote, trace).await?;
    over(stream, way.tls, way.keep, place, asking, surroundings, trace).await
}

/// The same over a connection that is open.
pub(in crate::probe) async fn over(
    stream: TcpStream,
    tls: &Tls,
    keep: Keep,
    place: &Place,
    asking: request::Asking,
    surroundings: &Surroundings,
    trace: &mut Trace,
) -> Result<(Answer, Option<Fault>), Fault> {
    let bodies = &surroundings.bodies;
    match &place.name {
        None => Ok((request::send(asking, stream, keep, bodies, trace).await?, None)),
        Some(name) => {
            let secured = surroundings.tls.handshake(tls, name.clone(), stream, trace).await?;
            let answer = request::send(asking, secured.stream, keep, bodies, trace).await?;
            Ok((answer, secured.attention))
        }
    }
}
