//! One question to one server, by rsntp, and what its errors mean.
//!
//! rsntp's socket is connected: the kernel drops what comes from another address or port. The first
//! datagram from the server's own address decides; a wrong origin is told as such, and a further attempt
//! asks again.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use collector_api::Reason;
use rsntp::{AsyncSntpClient, Config, KissCode, ProtocolError, SynchronizationError};
use tokio::time::Instant;

use super::super::Fault;
use super::reading::Reading;

/// Longer than any deadline: the attempt's decides.
const LIBRARY_TIMEOUT: Duration = Duration::from_hours(24);

/// Asks; a second time if the agent's clock stepped under the first.
pub(super) async fn ask(server: SocketAddr) -> Result<Reading, Fault> {
    // rsntp binds to IPv4 unless told otherwise.
    let any = if server.is_ipv4() {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
    } else {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    };
    let client = AsyncSntpClient::with_config(Config::default().bind_address(any).timeout(LIBRARY_TIMEOUT));
    for _ in 0..2 {
        let began = Instant::now();
        let answer = client.synchronize(server).await.map_err(|error| fault_of(&error))?;
        if let Some(reading) = Reading::of(&answer, began.elapsed()) {
            return Ok(reading);
        }
    }
    Err(Fault::new(Reason::ProtoMalformed, "the server's timestamps contradict each other, twice"))
}

fn fault_of(error: &SynchronizationError) -> Fault {
    match error {
        SynchronizationError::IOError(error) => Fault::of_connect(error),
        SynchronizationError::ProtocolError(error) => fault_of_protocol(*error),
    }
}

/// RFC 5905, 7.3 and 7.4. rsntp looks at a kiss code before the origin, so one can be forged by whoever
/// guesses a port: none proves more than that the server did not serve.
fn fault_of_protocol(error: ProtocolError) -> Fault {
    match error {
        ProtocolError::KissODeath(KissCode::RateExceeded) => {
            Fault::degraded(Reason::NtpKodRate, "kiss code RATE; a longer `every` helps")
        }
        // rsntp has one word for both.
        ProtocolError::KissODeath(KissCode::AccessDenied) => {
            Fault::new(Reason::NtpKodDeny, "kiss code DENY or RSTR")
        }
        ProtocolError::KissODeath(code) => match code {
            // A server that has lost its time sends stratum 0 with INIT, STEP or (chrony) no code at all.
            KissCode::AssociationNotYetSynchronized => Fault::new(Reason::NtpUnsynced, "kiss code INIT"),
            KissCode::StepChange => Fault::new(Reason::NtpUnsynced, "kiss code STEP"),
            KissCode::Unknown => Fault::new(Reason::NtpUnsynced, "stratum 0, unsynchronised"),
            _ => Fault::new(Reason::ProtoUnexpectedReply, format!("kiss code: {code}")),
        },
        ProtocolError::ServerNotSynchronized => {
            Fault::new(Reason::NtpUnsynced, "leap indicator 3 or a stratum of 16 and more")
        }
        ProtocolError::InvalidOriginateTimestamp => {
            Fault::new(Reason::NtpBogusOrigin, "the origin timestamp is not that of the request")
        }
        ProtocolError::InvalidMode => Fault::new(Reason::ProtoUnexpectedReply, "not the answer of a server"),
        ProtocolError::PacketIsTooShort
        | ProtocolError::InvalidPacketVersion
        | ProtocolError::InvalidLeapIndicator
        | ProtocolError::InvalidTransmitTimestamp
        | ProtocolError::InvalidReferenceIdentifier => Fault::new(Reason::ProtoMalformed, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use collector_api::Verdict;

    #[test]
    fn every_refusal_of_the_library_has_its_reason() {
        for (error, verdict, reason) in [
            (ProtocolError::KissODeath(KissCode::RateExceeded), Verdict::Degraded, Reason::NtpKodRate),
            (ProtocolError::KissODeath(KissCode::AccessDenied), Verdict::Down, Reason::NtpKodDeny),
            (ProtocolError::KissODeath(KissCode::StepChange), Verdict::Down, Reason::NtpUnsynced),
            (ProtocolError::KissODeath(KissCode::Unknown), Verdict::Down, Reason::NtpUnsynced),
            (ProtocolError::KissODeath(KissCode::NoKeyFound), Verdict::Down, Reason::ProtoUnexpectedReply),
            (ProtocolError::ServerNotSynchronized, Verdict::Down, Reason::NtpUnsynced),
            (ProtocolError::InvalidOriginateTimestamp, Verdict::Down, Reason::NtpBogusOrigin),
            (ProtocolError::InvalidMode, Verdict::Down, Reason::ProtoUnexpectedReply),
            (ProtocolError::PacketIsTooShort, Verdict::Down, Reason::ProtoMalformed),
            (ProtocolError::InvalidReferenceIdentifier, Verdict::Down, Reason::ProtoMalformed),
        ] {
            let fault = fault_of_protocol(error);
            assert_eq!((fault.verdict(), fault.reason), (verdict, reason), "{error}");
        }
    }
}
