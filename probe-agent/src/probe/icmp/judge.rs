//! From what became of each packet to a finding: pure.

use collector_api::Reason;
use config::Fraction;

use super::super::trace::Told;
use super::super::{Fault, Trace};
use super::pings::Echo;

/// What became of the packets of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Echoes {
    sent: u32,
    /// Of each reply, µs.
    times: Vec<u64>,
    /// Hop limit of the last reply, where the socket tells.
    ttl: Option<u8>,
    /// What a router, or this host, said of a packet instead of a reply: the last of them.
    refusal: Option<Fault>,
}

impl Echoes {
    pub(super) fn of(sent: u32) -> Self {
        Self { sent, times: Vec::new(), ttl: None, refusal: None }
    }

    /// Takes in one. The error is the agent's own: no packet of this attempt proves anything.
    pub(super) fn take(&mut self, echo: Echo, trace: &mut Trace) -> Result<(), Fault> {
        match echo {
            Echo::Reply { micros, ttl } => {
                trace.received(|| format!("echo reply after {}", milliseconds(micros)));
                self.times.push(micros);
                self.ttl = ttl.or(self.ttl);
            }
            Echo::Lost => trace.note(|| "an echo request without a reply"),
            Echo::Refused(fault) if fault.verdict() == collector_api::Verdict::Unknown => return Err(fault),
            Echo::Refused(fault) => {
                trace.received(|| format!("{}: {}", fault.reason, fault.detail));
                self.refusal = Some(fault);
            }
        }
        Ok(())
    }

    /// Was there no reply, and no word of a router either?
    pub(super) fn is_silence(&self) -> bool {
        self.times.is_empty() && self.refusal.is_none()
    }

    /// Of the replies, µs.
    pub(super) fn average_micros(&self) -> Option<u64> {
        let count = u64::try_from(self.times.len()).ok().filter(|count| *count > 0)?;
        Some(self.times.iter().sum::<u64>() / count)
    }

    /// What evidence says of them.
    pub(super) fn facts(&self) -> Vec<Told> {
        let mut facts = vec![("packets", format!("{} sent, {} back", self.sent, self.times.len()))];
        if let (Some(min), Some(average), Some(max)) =
            (self.times.iter().min(), self.average_micros(), self.times.iter().max())
        {
            let [min, average, max] = [*min, average, *max].map(milliseconds);
            facts.push(("rtt", format!("min {min}, avg {average}, max {max}")));
        }
        if let Some(ttl) = self.ttl {
            facts.push(("ttl", ttl.to_string()));
        }
        facts
    }

    /// Down without any reply, or beyond `crit`; degraded beyond `warn`.
    pub(super) fn judge(&self, warn: Fraction, crit: Option<Fraction>) -> Result<(), Fault> {
        let back = u32::try_from(self.times.len()).unwrap_or(u32::MAX);
        if back == 0 {
            let silence = || Fault::new(Reason::IcmpNoReply, format!("0 of {} answered", self.sent));
            return Err(self.refusal.clone().unwrap_or_else(silence));
        }
        let lost = self.sent.saturating_sub(back);
        let is_over = |limit: Fraction| {
            u128::from(lost) * u128::from(limit.q) > u128::from(self.sent) * u128::from(limit.p)
        };
        let detail = || format!("{lost} of {} lost", self.sent);
        if crit.is_some_and(is_over) {
            return Err(Fault::new(Reason::IcmpLossCrit, detail()));
        }
        if is_over(warn) {
            return Err(Fault::degraded(Reason::IcmpLoss, detail()));
        }
        Ok(())
    }
}

fn milliseconds(micros: u64) -> String {
    format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
}

#[cfg(test)]
mod tests {
    use collector_api::Verdict;

    use super::*;

    const REPLY: Echo = Echo::Reply { micros: 1_000, ttl: Some(64) };

    fn refused(reason: Reason) -> Echo {
        Echo::Refused(Fault::new(reason, "said a router"))
    }

    fn judged(echoes: Vec<Echo>, crit: Option<Fraction>) -> (Verdict, Reason) {
        let mut gathered = Echoes::of(u32::try_from(echoes.len()).unwrap());
        let mut trace = Trace::begin();
        for echo in echoes {
            if let Err(fault) = gathered.take(echo, &mut trace) {
                return (fault.verdict(), fault.reason);
            }
        }
        match gathered.judge(Fraction { p: 1, q: 4 }, crit) {
            Ok(()) => (Verdict::Up, Reason::None),
            Err(fault) => (fault.verdict(), fault.reason),
        }
    }

    #[tokio::test]
    async fn loss_is_judged_as_a_share() {
        let (half, lost) = (Some(Fraction { p: 1, q: 2 }), || Echo::Lost);
        for (echoes, crit, verdict, reason) in [
            (vec![REPLY], None, Verdict::Up, Reason::None),
            (vec![REPLY, REPLY, REPLY, lost()], None, Verdict::Up, Reason::None),
            (vec![REPLY, REPLY, lost(), lost()], None, Verdict::Degraded, Reason::IcmpLoss),
            (vec![REPLY, REPLY, lost(), lost()], half, Verdict::Degraded, Reason::IcmpLoss),
            (vec![REPLY, lost(), lost(), lost()], half, Verdict::Down, Reason::IcmpLossCrit),
            (vec![REPLY, lost(), lost(), lost()], None, Verdict::Degraded, Reason::IcmpLoss),
            (vec![lost(), lost(), lost(), lost()], None, Verdict::Down, Reason::IcmpNoReply),
            (vec![lost()], half, Verdict::Down, Reason::IcmpNoReply),
            (
                vec![lost(), refused(Reason::ConnectHostUnreachable)],
                None,
                Verdict::Down,
                Reason::ConnectHostUnreachable,
            ),
            // A reply proves the host, whatever a router says of another packet.
            (vec![REPLY, refused(Reason::ConnectHostUnreachable)], None, Verdict::Degraded, Reason::IcmpLoss),
            (vec![REPLY, refused(Reason::AgentPermission)], None, Verdict::Unknown, Reason::AgentPermission),
        ] {
            let shown = format!("{echoes:?} {crit:?}");
            assert_eq!(judged(echoes, crit), (verdict, reason), "{shown}");
        }
    }

    #[tokio::test]
    async fn the_times_of_replies_are_told() {
        let mut trace = Trace::begin();
        let mut echoes = Echoes::of(3);
        for micros in [1_500, 500] {
            echoes.take(Echo::Reply { micros, ttl: None }, &mut trace).unwrap();
        }
        let expected = [("packets", "3 sent, 2 back"), ("rtt", "min 0.500 ms, avg 1.000 ms, max 1.500 ms")];
        assert_eq!(echoes.facts(), expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(echoes.average_micros(), Some(1_000));
    }
}
