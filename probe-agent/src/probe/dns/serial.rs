//! Is a server's copy of the zone behind that of the others?
//!
//! Only the newest serial is right, so only who is behind is blamed: of two servers one finding. Servers
//! that do not answer are not heard; their own checks say so. How long a server has been behind is
//! remembered here and nowhere else: an agent that restarts begins to wait anew, which can make a
//! skew degraded for longer, never down too early.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use collector_api::Reason;
use config::{HostPort, SoaSerial};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::super::{Fault, Surroundings, Trace};
use super::exchange::{Question, over_udp};
use super::{Attention, judge};

/// The others' time to answer; they are not what is measured.
const PATIENCE: Duration = Duration::from_secs(2);

/// A zone's other servers, and since when this one is behind.
#[derive(Debug)]
pub(super) struct Serials {
    others: Vec<SocketAddr>,
    within: Duration,
    behind_since: Mutex<Option<Instant>>,
}

impl Serials {
    /// The error is a sentence for whoever wrote the charter.
    pub(super) fn new(params: &SoaSerial) -> Result<Self, String> {
        let address = |server: &HostPort| {
            let ip: IpAddr = server.host.parse().map_err(|_| format!("`{server}` is not an IP address"))?;
            Ok(SocketAddr::new(ip, server.port))
        };
        let others = params.same_as.iter().map(address).collect::<Result<_, String>>()?;
        let within = Duration::from_millis(params.within_ms);
        Ok(Self { others, within, behind_since: Mutex::new(None) })
    }

    /// Compares the serial that the checked server told with what the others tell now. The deadline may come
    /// meanwhile: silent others must not make this server look so, and what was heard by then holds.
    pub(super) async fn compare(
        &self,
        own: u32,
        question: &Question,
        attention: &mut Attention,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<(), Fault> {
        trace.at_deadline(attention.end());
        let mut asking = self.ask(question, surroundings, trace);
        let give_up_at = Instant::now() + PATIENCE;
        let before = *self.behind_since.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest: Option<u32> = None;
        let mut seen = Ok(());
        while let Ok(Some(told)) = timeout_at(give_up_at, asking.join_next()).await {
            let Ok((server, told)) = told else { continue };
            trace.note(|| match &told {
                Ok(Some(serial)) => format!("{server} has serial {serial}"),
                Ok(None) => format!("{server} tells no serial"),
                Err(fault) => format!("{server}: {}: {}", fault.reason, fault.detail),
            });
            let Ok(Some(serial)) = told else { continue };
            if newest.is_none_or(|newest| is_newer(serial, newest)) {
                newest = Some(serial);
                trace.fact("other_serial", format!("{serial} {server}"));
                seen = self.judge(own, serial, before);
                trace.at_deadline(seen.clone().and_then(|()| attention.end()));
            }
        }
        attention.hear(seen)
    }

    /// All others at once.
    fn ask(&self, question: &Question, surroundings: &Surroundings, trace: &mut Trace) -> JoinSet<Told> {
        let mut asking = JoinSet::new();
        for &server in &self.others {
            if !surroundings.allowed.permits(server.ip()) {
                trace.note(|| format!("{server} is not in allowed_targets of agent.yaml"));
                continue;
            }
            let question = question.clone();
            asking.spawn(async move {
                let reply = over_udp(server, &question, "udp_rtt", &mut Trace::begin()).await;
                (server, reply.map(|reply| judge::serial(&reply)))
            });
        }
        asking
    }

    /// `before`: since when it was behind in the run before. When nobody answers, that is kept.
    fn judge(&self, own: u32, newest: u32, before: Option<Instant>) -> Result<(), Fault> {
        let now = Instant::now();
        let since = is_newer(newest, own).then(|| before.unwrap_or(now));
        *self.behind_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
        since.map_or(Ok(()), |since| Err(skew(own, newest, now.duration_since(since), self.within)))
    }
}

/// A server, and the serial it told.
type Told = (SocketAddr, Result<Option<u32>, Fault>);

/// Behind is degraded, behind for longer than `within` is down.
fn skew(own: u32, newest: u32, behind: Duration, within: Duration) -> Fault {
    let detail = format!("serial {own}, another server has {newest}, for {} s", behind.as_secs());
    if behind > within {
        Fault::new(Reason::DnsSerialSkew, detail)
    } else {
        Fault::degraded(Reason::DnsSerialSkew, detail)
    }
}

/// RFC 1982, 3.2: serials turn over.
const fn is_newer(one: u32, other: u32) -> bool {
    one.wrapping_sub(other).cast_signed() > 0
}

#[cfg(test)]
mod tests {
    use collector_api::Verdict;

    use super::*;

    #[test]
    fn serials_turn_over() {
        for (one, other, newer) in [
            (2, 1, true),
            (1, 2, false),
            (1, 1, false),
            (0, u32::MAX, true),
            (u32::MAX, 0, false),
            (2_026_112_301, 2_026_112_300, true),
        ] {
            assert_eq!(is_newer(one, other), newer, "{one} {other}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn behind_is_degraded_then_down_until_it_has_caught_up() {
        let params = SoaSerial { same_as: Vec::new(), within_ms: 60_000 };
        let serials = Serials::new(&params).unwrap();
        for (pause_s, own, told, verdict) in [
            (0, 7, &[7][..], None),
            (10, 7, &[8], Some(Verdict::Degraded)),
            (60, 7, &[7, 8], Some(Verdict::Degraded)),
            // Nobody answers: nothing is forgotten.
            (1, 7, &[], None),
            // A still newer one does not begin anew: it has not caught up.
            (1, 8, &[8, 9], Some(Verdict::Down)),
            (10, 9, &[9], None),
            (10, 9, &[10], Some(Verdict::Degraded)),
            // Ahead of the others: they are behind, and their checks say so.
            (200, 11, &[10], None),
        ] {
            tokio::time::advance(Duration::from_secs(pause_s)).await;
            let before = *serials.behind_since.lock().unwrap();
            let seen = told.iter().map(|&serial| serials.judge(own, serial, before)).next_back();
            let seen = seen.and_then(Result::err).map(|fault| fault.verdict());
            assert_eq!(seen, verdict, "own {own}, told {told:?}");
        }
    }
}
