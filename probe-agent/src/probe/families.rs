//! `family: both`: the same question over IPv4 and IPv6, and the worse answer counts.
//!
//! Both are asked at the same time, so that attempts fit inside the interval as they do for one, and a
//! black hole of one family does not delay the other. Nobody who has only the broken family is told
//! that the service works. The price: two connections of one place among those that run at once.

use collector_api::{Fact, Verdict};

use super::{Asker, Check, Outcome, Surroundings, Transcript, attempts, trace};

/// Asks over both, IPv4's asker first.
///
/// For whoever reads along, one after the other.
pub(super) async fn run(
    check: &Check,
    [v4, v6]: [&dyn Asker; 2],
    surroundings: &Surroundings,
    transcript: &mut Option<Box<Transcript>>,
) -> Outcome {
    if transcript.is_some() {
        let v4 = attempts::run(check, v4, surroundings, None, transcript).await;
        return worse(v4, attempts::run(check, v6, surroundings, None, transcript).await);
    }
    let (mut none, mut nothing) = (None, None);
    let v4 = attempts::run(check, v4, surroundings, None, &mut none);
    let v6 = attempts::run(check, v6, surroundings, None, &mut nothing);
    let (v4, v6) = tokio::join!(v4, v6);
    worse(v4, v6)
}

/// The outcome that counts, with both told in its facts.
fn worse(v4: Outcome, v6: Outcome) -> Outcome {
    let facts = [("v4", &v4), ("v6", &v6)].map(|(family, outcome)| told(family, outcome));
    let duration_micros = v4.duration_micros.max(v6.duration_micros);
    let attempts = v4.attempts.max(v6.attempts);
    let (family, mut worse) =
        if weight(v6.verdict) > weight(v4.verdict) { ("IPv6", v6) } else { ("IPv4", v4) };
    if worse.verdict != Verdict::Up {
        worse.evidence.detail = trace::cut(&format!("{family}: {}", worse.evidence.detail));
    }
    worse.evidence.facts.splice(0..0, facts);
    Outcome { duration_micros, attempts, ..worse }
}

/// Down is certain whatever the other family would have said; unknown leaves it open.
fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Up => 0,
        Verdict::Degraded => 1,
        Verdict::Unknown => 2,
        Verdict::Down => 3,
    }
}

/// `up 192.0.2.1:443`, `down connect.refused [2001:db8::1]:443`.
fn told(family: &str, outcome: &Outcome) -> Fact {
    let mut value = outcome.verdict.to_string();
    if outcome.verdict != Verdict::Up {
        value = format!("{value} {}", outcome.reason);
    }
    if let Some(remote) = outcome.remote {
        value = format!("{value} {}", trace::shown(remote));
    }
    Fact { name: family.to_owned(), value }
}

#[cfg(test)]
mod tests {
    use collector_api::{Evidence, Reason};

    use super::*;

    fn outcome(verdict: Verdict, reason: Reason, remote: &str) -> Outcome {
        let remote = remote.parse().ok();
        let evidence = Box::new(Evidence { detail: "seen".to_owned(), ..Evidence::default() });
        Outcome { verdict, reason, duration_micros: 7, attempts: 1, remote, evidence, is_brief: false }
    }

    #[test]
    fn the_worse_family_counts_whichever_it_is() {
        let up = || outcome(Verdict::Up, Reason::None, "192.0.2.1:443");
        let degraded = || outcome(Verdict::Degraded, Reason::Slow, "192.0.2.1:443");
        let unknown = || outcome(Verdict::Unknown, Reason::AgentNetworkDown, "");
        let down = || outcome(Verdict::Down, Reason::ConnectRefused, "[2001:db8::1]:443");
        for (v4, v6, verdict, reason, detail) in [
            (up(), up(), Verdict::Up, Reason::None, "seen"),
            (up(), down(), Verdict::Down, Reason::ConnectRefused, "IPv6: seen"),
            (down(), up(), Verdict::Down, Reason::ConnectRefused, "IPv4: seen"),
            (up(), degraded(), Verdict::Degraded, Reason::Slow, "IPv6: seen"),
            (up(), unknown(), Verdict::Unknown, Reason::AgentNetworkDown, "IPv6: seen"),
            (degraded(), unknown(), Verdict::Unknown, Reason::AgentNetworkDown, "IPv6: seen"),
            (down(), unknown(), Verdict::Down, Reason::ConnectRefused, "IPv4: seen"),
        ] {
            let both = worse(v4, v6);
            assert_eq!((both.verdict, both.reason), (verdict, reason));
            assert_eq!(both.evidence.detail, detail);
        }
    }

    #[test]
    fn each_family_is_told() {
        let up = Outcome { attempts: 2, ..outcome(Verdict::Up, Reason::None, "192.0.2.1:443") };
        let down = outcome(Verdict::Down, Reason::ConnectRefused, "[2001:db8::1]:443");
        let both = worse(up, down);
        let facts: Vec<_> =
            both.evidence.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
        assert_eq!(facts, [("v4", "up 192.0.2.1:443"), ("v6", "down connect.refused [2001:db8::1]:443")]);
        assert_eq!(both.attempts, 2);
    }
}
