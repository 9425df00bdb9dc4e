//! What outlives a sample: the certificate that a check was shown, the end of the registration it was told.
//!
//! Evidence comes on a change of verdict or reason, on failure, and once an hour: a certificate that is changed while
//! all goes well is seen here up to an hour later. What a check saw stays known while it sees nothing (its server
//! refuses connections), for [`REMEMBERED_MS`]; it survives a restart with the checkpoint, and a rebuild with the groups.

use collector_api::{Evidence, TlsFacts};
use collector_derive::{Latest, REGISTRATION_ENDS};
use config::{AgentId, CheckId};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What nobody has seen for longer is not served any more, ms.
pub(super) const REMEMBERED_MS: i64 = 30 * 86_400_000;

/// What one check saw from one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// The check.
    pub check: CheckId,
    /// The agent.
    pub agent: AgentId,
    /// The last handshake that showed a certificate, and when, Unix ms.
    pub tls: Option<(i64, TlsFacts)>,
    /// When the registration ends, as the last answer that told it says, and when that came, Unix ms.
    pub registration: Option<(i64, i64)>,
}

impl Sighting {
    /// Of a check that saw nothing yet.
    pub fn new(check: CheckId, agent: AgentId) -> Self {
        Self { check, agent, tls: None, registration: None }
    }

    /// What a check remembers; what is newer counts. Evidence that cannot be read tells nothing.
    pub fn learn(&mut self, latest: &Latest) {
        for (bytes, at_ms) in [(&latest.lasting, latest.lasting_ms), (&latest.evidence, latest.evidence_ms)] {
            let Ok(evidence) = <Evidence as prost::Message>::decode(bytes.as_slice()) else { continue };
            if let Some(tls) = evidence.tls
                && self.tls.as_ref().is_none_or(|(seen_ms, _)| *seen_ms <= at_ms)
            {
                self.tls = Some((at_ms, tls));
            }
            let told = evidence.facts.iter().find(|fact| fact.name == REGISTRATION_ENDS);
            if let Some(ends_ms) = told.and_then(|fact| first_instant(&fact.value))
                && self.registration.is_none_or(|(seen_ms, _)| seen_ms <= at_ms)
            {
                self.registration = Some((at_ms, ends_ms));
            }
        }
    }
}

/// Of a day, UTC: nothing is valid on the rest of it for sure.
fn first_instant(day: &str) -> Option<i64> {
    let day: Date = day.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use collector_api::{Fact, Reason, Verdict};
    use prost::Message as _;

    use super::*;

    fn evidence(not_after_ms: i64, expires: &str) -> Vec<u8> {
        let facts = [expires].into_iter().filter(|day| !day.is_empty());
        let facts = facts.map(|day| Fact { name: REGISTRATION_ENDS.to_owned(), value: day.to_owned() });
        let tls = (not_after_ms > 0).then(|| TlsFacts { not_after_ms, ..TlsFacts::default() });
        Evidence { tls, facts: facts.collect(), ..Evidence::default() }.encode_to_vec()
    }

    fn latest(evidence: Vec<u8>, evidence_ms: i64, lasting: Vec<u8>, lasting_ms: i64) -> Latest {
        let (at_ms, duration_micros) = (evidence_ms, 0);
        let (verdict, reason) = (Verdict::Up, Reason::None);
        Latest { at_ms, duration_micros, verdict, reason, evidence, evidence_ms, lasting, lasting_ms }
    }

    #[test]
    fn the_newest_of_each_is_known_whatever_came_since() {
        let new = || Sighting::new(CheckId::new("web.portal.one").unwrap(), AgentId::new("ced1").unwrap());
        let mut sighting = new();
        sighting.learn(&latest(evidence(0, ""), 9, evidence(500, "2027-03-01"), 7));
        let tls = TlsFacts { not_after_ms: 500, ..TlsFacts::default() };
        assert_eq!(sighting.tls, Some((7, tls)));
        assert_eq!(sighting.registration, Some((7, 1_803_859_200_000)));
        // Another stream of the agent, from before.
        sighting.learn(&latest(evidence(400, "2026-03-01"), 3, Vec::new(), 0));
        assert_eq!(sighting.tls.as_ref().map(|(at_ms, tls)| (*at_ms, tls.not_after_ms)), Some((7, 500)));
        sighting.learn(&latest(evidence(600, "soon"), 9, Vec::new(), 0));
        assert_eq!(sighting.tls.as_ref().map(|(at_ms, tls)| (*at_ms, tls.not_after_ms)), Some((9, 600)));
        assert_eq!(sighting.registration, Some((7, 1_803_859_200_000)), "no day is no news");
        let mut nothing = new();
        nothing.learn(&latest(vec![0xff], 9, Vec::new(), 0));
        assert_eq!(nothing, new());
    }
}
