//! From attempts to one outcome.
//!
//! A further attempt is made only after a failure that may be chance, after a gap, and only if it
//! can end inside the interval. A success after that is up: what a user's second click would see;
//! the attempts stay in the evidence.

use std::time::Duration;

use collector_api::{Attempt, Evidence, Reason, Record, Verdict};
use config::Timing;
use tokio::time::{Instant, sleep, timeout};

use super::{Asker, Check, Fault, Outcome, Surroundings, Trace, Transcript, connect, may_be_chance, trace};

/// What one attempt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Finding {
    verdict: Verdict,
    reason: Reason,
}

/// Runs the check by one asker. What is said goes on `transcript`, if there is one; `expected` as in
/// [`Check::run_expecting`].
pub(super) async fn run(
    check: &Check,
    asker: &dyn Asker,
    surroundings: &Surroundings,
    expected: Option<(Verdict, Reason)>,
    transcript: &mut Option<Box<Transcript>>,
) -> Outcome {
    let timing = &check.timing;
    let began = Instant::now();
    let mut attempts = Vec::new();
    let mut duration_micros = 0_u64;
    loop {
        let mut trace = Trace::recording(transcript.take());
        let deadline = Duration::from_millis(timing.timeout_ms);
        let seen = match timeout(deadline, asker.attempt(surroundings, &mut trace)).await {
            Ok(seen) => seen,
            Err(_elapsed) => trace
                .take_at_deadline()
                .unwrap_or_else(|| Err(timed_out_in(trace.phase(), timing.timeout_ms)))
                .map_err(|fault| trace.silence(fault)),
        };
        let micros = trace.end();
        let seen = if check.measures_path { seen } else { connect::blame(seen, trace.remote).await };
        if let Err(fault) = &seen {
            trace.note(|| format!("{}: {}", fault.reason, fault.detail));
        }
        *transcript = trace.take_transcript();
        duration_micros += micros;
        let finding = judge(&seen, micros, timing);
        attempts.push(Attempt { outcome: Record::outcome_of(finding.verdict, finding.reason), micros });
        if may_go_on(finding, attempts.len(), began.elapsed(), timing) {
            sleep(Duration::from_millis(timing.attempt_gap_ms())).await;
            continue;
        }
        let tried = attempts.len();
        let is_up = matches!(finding.verdict, Verdict::Up | Verdict::Degraded);
        let is_brief = is_up && tried == 1 && expected == Some((finding.verdict, finding.reason));
        let evidence =
            if is_brief { Evidence::default() } else { evidence(finding, &seen, &mut trace, attempts) };
        return Outcome {
            verdict: finding.verdict,
            reason: finding.reason,
            duration_micros,
            attempts: tried,
            remote: trace.remote,
            evidence: Box::new(evidence),
            is_brief,
        };
    }
}

/// Which silence the deadline met.
pub(super) fn timed_out_in(phase: &str, timeout_ms: u64) -> Fault {
    let reason = match phase {
        "resolve" => Reason::ResolveTimeout,
        "connect" => Reason::ConnectTimeout,
        "proxy_resolve" => Reason::ProxyResolve,
        "proxy_connect" => Reason::ProxyConnect,
        "proxy_reply" => Reason::ProxyTimeout,
        "tls" => Reason::TlsTimeout,
        "udp_rtt" | "tcp_rtt" | "control_rtt" => Reason::DnsTimeout,
        "ntp" => Reason::NtpTimeout,
        "radius" => Reason::RadiusNoReply,
        "as_rtt" | "preauth_rtt" | "tgs_rtt" => Reason::KrbTimeout,
        "snmp" => Reason::SnmpNoReply,
        _ => Reason::ProtoTimeout,
    };
    Fault::new(reason, format!("nothing within {timeout_ms} ms"))
}

/// An attempt that found nothing wrong can still be slow.
fn judge(seen: &Result<(), Fault>, micros: u64, timing: &Timing) -> Finding {
    let over = |limit_ms: Option<u64>| limit_ms.is_some_and(|ms| micros > ms.saturating_mul(1_000));
    match seen {
        // What wants attention anyway does not excuse slowness that the operator calls down.
        Err(fault) if fault.verdict() == Verdict::Degraded && over(timing.crit_ms) => {
            Finding { verdict: Verdict::Down, reason: Reason::AssertLatency }
        }
        Err(fault) => Finding { verdict: fault.verdict(), reason: fault.reason },
        Ok(()) if over(timing.crit_ms) => Finding { verdict: Verdict::Down, reason: Reason::AssertLatency },
        Ok(()) if over(timing.warn_ms) => Finding { verdict: Verdict::Degraded, reason: Reason::Slow },
        Ok(()) => Finding { verdict: Verdict::Up, reason: Reason::None },
    }
}

fn may_go_on(finding: Finding, attempts: usize, elapsed: Duration, timing: &Timing) -> bool {
    let worst_end = elapsed + Duration::from_millis(timing.attempt_gap_ms() + timing.timeout_ms);
    finding.verdict == Verdict::Down
        && may_be_chance(finding.reason)
        && attempts < usize::try_from(timing.attempts).unwrap_or(usize::MAX)
        && worst_end <= Duration::from_millis(timing.every_ms)
}

fn evidence(
    finding: Finding,
    seen: &Result<(), Fault>,
    trace: &mut Trace,
    attempts: Vec<Attempt>,
) -> Evidence {
    let failed = finding.verdict == Verdict::Down || finding.verdict == Verdict::Unknown;
    Evidence {
        detail: seen.as_ref().err().map(|fault| trace.detail(&fault.detail)).unwrap_or_default(),
        phases: trace.phases(),
        attempts: if attempts.len() > 1 { attempts } else { Vec::new() },
        phase_failed: if failed { trace.phase_told() } else { String::new() },
        remote: trace.remote.map(trace::shown).unwrap_or_default(),
        tls: trace.tls.clone(),
        facts: trace.facts(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        every_ms: 60_000,
        timeout_ms: 5_000,
        hold_ms: 150_000,
        attempts: 3,
        warn_ms: Some(800),
        crit_ms: Some(2_000),
    };

    #[test]
    fn slowness_is_degraded_and_down_only_when_asked() {
        for (micros, warn_ms, crit_ms, verdict, reason) in [
            (1, Some(800), Some(2_000), Verdict::Up, Reason::None),
            (800_000, Some(800), Some(2_000), Verdict::Up, Reason::None),
            (800_001, Some(800), Some(2_000), Verdict::Degraded, Reason::Slow),
            (2_000_000, Some(800), Some(2_000), Verdict::Degraded, Reason::Slow),
            (2_000_001, Some(800), Some(2_000), Verdict::Down, Reason::AssertLatency),
            (4_900_000, Some(800), None, Verdict::Degraded, Reason::Slow),
            (4_900_000, None, None, Verdict::Up, Reason::None),
        ] {
            let timing = Timing { warn_ms, crit_ms, ..TIMING };
            assert_eq!(judge(&Ok(()), micros, &timing), Finding { verdict, reason }, "{micros}");
        }
    }

    #[test]
    fn a_fault_is_judged_before_its_duration() {
        let refused = Err(Fault::new(Reason::ConnectRefused, ""));
        assert_eq!(judge(&refused, 3_000_000, &TIMING).reason, Reason::ConnectRefused);
    }

    #[test]
    fn what_wants_attention_is_degraded_whether_slow_or_not() {
        let expiring = Err(Fault::degraded(Reason::TlsExpiring, ""));
        for (micros, verdict, reason) in [
            (1, Verdict::Degraded, Reason::TlsExpiring),
            (900_000, Verdict::Degraded, Reason::TlsExpiring),
            (2_000_001, Verdict::Down, Reason::AssertLatency),
        ] {
            assert_eq!(judge(&expiring, micros, &TIMING), Finding { verdict, reason }, "{micros}");
        }
    }

    #[test]
    fn attempts_go_on_only_after_chance_and_inside_the_interval() {
        let down = |reason| Finding { verdict: Verdict::Down, reason };
        for (finding, attempts, elapsed_ms, expected) in [
            (down(Reason::ConnectTimeout), 1, 5_000, true),
            (down(Reason::ConnectTimeout), 2, 11_000, true),
            (down(Reason::ConnectTimeout), 3, 17_000, false),
            (down(Reason::ConnectRefused), 1, 1, true),
            (down(Reason::TlsExpired), 1, 1, false),
            (down(Reason::AssertStatus), 1, 1, false),
            (down(Reason::AssertLatency), 1, 1, false),
            (Finding { verdict: Verdict::Up, reason: Reason::None }, 1, 1, false),
            (Finding { verdict: Verdict::Unknown, reason: Reason::ConnectSourceBind }, 1, 1, false),
            (down(Reason::ConnectTimeout), 1, 54_000, true),
            (down(Reason::ConnectTimeout), 1, 54_001, false),
        ] {
            let elapsed = Duration::from_millis(elapsed_ms);
            assert_eq!(may_go_on(finding, attempts, elapsed, &TIMING), expected, "{finding:?} {elapsed_ms}");
        }
    }

    #[test]
    fn silence_is_named_after_its_phase() {
        for (phase, reason) in [
            ("resolve", Reason::ResolveTimeout),
            ("connect", Reason::ConnectTimeout),
            ("tls", Reason::TlsTimeout),
            ("proxy_resolve", Reason::ProxyResolve),
            ("proxy_connect", Reason::ProxyConnect),
            ("proxy_reply", Reason::ProxyTimeout),
            ("processing", Reason::ProtoTimeout),
            ("transfer", Reason::ProtoTimeout),
            ("udp_rtt", Reason::DnsTimeout),
            ("tcp_rtt", Reason::DnsTimeout),
            ("control_rtt", Reason::DnsTimeout),
            ("ntp", Reason::NtpTimeout),
            ("radius", Reason::RadiusNoReply),
            ("as_rtt", Reason::KrbTimeout),
            ("preauth_rtt", Reason::KrbTimeout),
            ("tgs_rtt", Reason::KrbTimeout),
            ("snmp", Reason::SnmpNoReply),
        ] {
            assert_eq!(timed_out_in(phase, TIMING.timeout_ms).reason, reason, "{phase}");
        }
    }
}
