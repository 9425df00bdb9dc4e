//! What values mean. No socket, no clock.

use std::time::Duration;

use collector_api::{Reason, Verdict};
use config::SnmpValue;

use super::Value;
use crate::probe::Fault;

/// What is wrong, each with its own reason; the worst is the check's.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Fault>);

impl Findings {
    /// One more, if there is one.
    pub(super) fn take(&mut self, fault: impl IntoIterator<Item = Fault>) {
        self.0.extend(fault);
    }

    /// What is down before what is degraded, otherwise in the order of asking; its detail tells all of its kind.
    pub(super) fn worst(self) -> Result<(), Fault> {
        let is_down = |fault: &&Fault| fault.verdict() == Verdict::Down;
        let Some(worst) = self.0.iter().find(is_down).or(self.0.first()) else { return Ok(()) };
        let alike =
            self.0.iter().filter(|fault| fault.reason == worst.reason && fault.verdict() == worst.verdict());
        let others =
            self.0.iter().filter(|fault| fault.reason != worst.reason || fault.verdict() != worst.verdict());
        let details: Vec<&str> = alike.chain(others).map(|fault| fault.detail.as_str()).collect();
        let detail = details.join("; ");
        Err(match worst.verdict() {
            Verdict::Degraded => Fault::degraded(worst.reason, detail),
            _ => Fault::new(worst.reason, detail),
        })
    }
}

/// Nothing was heard of the agent: is the device there? An echo that could not be asked for proves nothing, and
/// silence is then what it is for every other probe.
pub(super) fn silence(fault: &Fault, echo: Result<bool, Fault>) -> Fault {
    match echo {
        Ok(true) => {
            let detail = format!("{}, but the device answers an echo", fault.detail);
            Fault::degraded(Reason::SnmpAgentSilent, detail)
        }
        Ok(false) => Fault::new(Reason::SnmpNoReply, format!("{}, and no echo", fault.detail)),
        Err(unable) => Fault::new(
            Reason::SnmpNoReply,
            format!("{}; an echo cannot be asked for: {}", fault.detail, unable.detail),
        ),
    }
}

/// A value that is not there is degraded: it may be the charter that is wrong.
pub(super) fn missing(name: &str, value: &Value) -> Option<Fault> {
    match value {
        Value::Absent | Value::End => {
            Some(Fault::degraded(Reason::SnmpNoSuch, format!("{name} is not there")))
        }
        Value::Refused(1) => Some(Fault::degraded(Reason::SnmpTooBig, format!("{name} fits into no answer"))),
        Value::Refused(_) => Some(Fault::degraded(Reason::SnmpRefused, format!("{name} {}", value.shown()))),
        _ => None,
    }
}

/// Is a value what it must be?
pub(super) fn value(wanted: &SnmpValue, value: &Value) -> Option<Fault> {
    let name = &wanted.name;
    if let Some(fault) = missing(name, value) {
        return Some(fault);
    }
    let shown = value.shown();
    let number = value.thousandths();
    if (wanted.warn.is_some() || wanted.crit.is_some()) && number.is_none() {
        return Some(Fault::degraded(Reason::SnmpValue, format!("{name} = {shown} is no number")));
    }
    let beyond =
        |limit: Option<config::SnmpLimit>| limit.filter(|limit| number.is_some_and(|n| limit.is_beyond(n)));
    if let Some(crit) = beyond(wanted.crit) {
        return Some(Fault::new(Reason::SnmpValue, format!("{name} = {shown}, {crit} is critical")));
    }
    if !wanted.equals.is_empty() && !wanted.equals.contains(&shown) {
        let detail = format!("{name} = {shown}, not {}", wanted.equals.join(" or "));
        return Some(if wanted.otherwise_degraded {
            Fault::degraded(Reason::SnmpValue, detail)
        } else {
            Fault::new(Reason::SnmpValue, detail)
        });
    }
    beyond(wanted.warn)
        .map(|warn| Fault::degraded(Reason::SnmpValue, format!("{name} = {shown}, {warn} is a warning")))
}

/// For how long a device says that it runs, by each of its clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Uptimes {
    /// `sysUpTime`: of the agent, 497 days at most.
    agent: Option<Duration>,
    /// `hrSystemUptime`: of the machine, 497 days at most.
    machine: Option<Duration>,
    /// `snmpEngineTime`: of the engine, 68 years at most.
    engine: Option<Duration>,
    has_wrapped: bool,
}

impl Uptimes {
    /// Of the three values, where they are there.
    pub(super) fn of(values: &[Value], has_wrapped: impl FnOnce(u64) -> bool) -> Self {
        let number = |at: usize| values.get(at).and_then(Value::count);
        let ticks = |at: usize| number(at).map(|ticks| Duration::from_millis(ticks.saturating_mul(10)));
        Self {
            agent: ticks(0),
            machine: ticks(1),
            engine: number(2).map(Duration::from_secs),
            has_wrapped: number(0).is_some_and(has_wrapped),
        }
    }

    /// The longest: a counter that has begun anew says too little, never too much.
    fn longest(self) -> Option<Duration> {
        [self.agent, self.machine, self.engine].into_iter().flatten().max()
    }

    pub(super) fn told(self) -> Option<String> {
        let seconds = self.longest()?.as_secs();
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        let wrapped = if self.has_wrapped { ", and 497 days" } else { "" };
        Some(format!("{days} d {hours} h {minutes} min{wrapped}"))
    }

    pub(super) fn judge(self, restarted: Duration) -> Option<Fault> {
        let longest = self.longest().filter(|longest| *longest < restarted && !self.has_wrapped)?;
        let detail = format!("{} s ago", longest.as_secs());
        Some(Fault::degraded(Reason::SnmpRestarted, detail))
    }
}

/// What an interface is instead of in operation, for whoever is at its other end: switched off is out of operation too.
pub(super) fn out_of_operation(name: &str, admin: &Value, oper: &Value) -> Result<Option<String>, Fault> {
    if admin.count().is_some_and(|admin| admin != 1) {
        return Ok(Some(format!("{name} is switched off")));
    }
    match interface(name, admin, oper) {
        None => Ok(None),
        // Its device does not know, or does not tell.
        Some(fault) if fault.verdict() != Verdict::Down => Err(fault),
        Some(fault) => Ok(Some(fault.detail)),
    }
}

/// An interface (RFC 2863): what is switched off is not judged.
pub(super) fn interface(name: &str, admin: &Value, oper: &Value) -> Option<Fault> {
    if let Some(fault) = missing(name, oper) {
        return Some(fault);
    }
    let (admin, oper) = (admin.count(), oper.count());
    if admin.is_some_and(|admin| admin != 1) {
        return None;
    }
    let word = match oper {
        // Up; and dormant: ready, and waiting for something to do.
        Some(1 | 5) => return None,
        Some(2) => "down",
        Some(6) => "not present",
        Some(7) => "down, because what it stands on is",
        Some(3) => "testing",
        _ => {
            let detail = format!("{name} is in a state that its device does not know");
            return Some(Fault::degraded(Reason::SnmpInterfaceDown, detail));
        }
    };
    Some(Fault::new(Reason::SnmpInterfaceDown, format!("{name} is {word}")))
}

/// What a UPS says of itself (RFC 1628); what is absent is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ups {
    /// `upsBatteryStatus`: 2 normal, 3 low, 4 depleted.
    pub(super) battery: Option<u64>,
    /// `upsEstimatedMinutesRemaining`.
    pub(super) minutes: Option<u64>,
    /// `upsOutputSource`: 2 none, 3 normal, 4 bypass, 5 battery, 6 booster, 7 reducer.
    pub(super) output: Option<u64>,
    /// Does its list of alarms say that the battery must be replaced?
    pub(super) must_replace: bool,
    /// Alarms beside that of being on battery and that of the battery.
    pub(super) alarms: usize,
}

impl Ups {
    pub(super) fn judge(self, minutes_left: u32) -> Vec<Fault> {
        let is_on_battery = self.output == Some(5);
        let mut faults = Vec::new();
        if self.output == Some(2) {
            faults.push(Fault::new(Reason::SnmpUpsOutput, "its output has no source"));
        }
        match self.battery {
            Some(4) => faults.push(Fault::new(Reason::SnmpBattery, "the battery is empty")),
            Some(3) => faults.push(Fault::degraded(Reason::SnmpBattery, "the battery is low")),
            _ => {}
        }
        if let Some(minutes) =
            self.minutes.filter(|minutes| is_on_battery && *minutes < u64::from(minutes_left))
        {
            let detail = format!("{minutes} minutes left, fewer than {minutes_left}");
            faults.push(Fault::degraded(Reason::SnmpBattery, detail));
        }
        if self.must_replace {
            faults.push(Fault::degraded(Reason::SnmpBattery, "the battery must be replaced"));
        }
        if is_on_battery {
            let left = self.minutes.map(|minutes| format!(", {minutes} minutes left")).unwrap_or_default();
            faults.push(Fault::degraded(Reason::SnmpOnBattery, format!("on battery{left}")));
        }
        if self.alarms > 0 {
            faults.push(Fault::degraded(Reason::SnmpUpsAlarm, format!("{} alarms", self.alarms)));
        }
        if self.output == Some(4) {
            faults.push(Fault::degraded(Reason::SnmpUpsAlarm, "on bypass: a power cut would pass through"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use config::{SnmpLimit, SnmpOid};

    use super::*;

    fn wanted(warn: &str, crit: &str, equals: &[&str]) -> SnmpValue {
        SnmpValue {
            oid: SnmpOid::parse("1.3.6.1").unwrap(),
            name: "temp".to_owned(),
            warn: SnmpLimit::parse(warn),
            crit: SnmpLimit::parse(crit),
            equals: equals.iter().map(|text| (*text).to_owned()).collect(),
            otherwise_degraded: false,
        }
    }

    fn seen(fault: Option<Fault>) -> (Verdict, Reason, String) {
        fault
            .map_or((Verdict::Up, Reason::None, String::new()), |f| (f.verdict(), f.reason, f.detail.clone()))
    }

    #[test]
    fn a_value_is_held_against_its_limits() {
        use Verdict::{Degraded, Down, Up};
        for (warn, crit, equals, value, verdict, reason, detail) in [
            ("40", "60", &[][..], Value::Integer(40), Up, Reason::None, ""),
            (
                "40",
                "60",
                &[],
                Value::Integer(41),
                Degraded,
                Reason::SnmpValue,
                "temp = 41, > 40 is a warning",
            ),
            ("40", "60", &[], Value::Integer(61), Down, Reason::SnmpValue, "temp = 61, > 60 is critical"),
            (
                "< 20",
                "",
                &[],
                Value::Text(b"19.9".to_vec()),
                Degraded,
                Reason::SnmpValue,
                "temp = 19.9, < 20 is a warning",
            ),
            (
                "40",
                "",
                &[],
                Value::Text(b"hot".to_vec()),
                Degraded,
                Reason::SnmpValue,
                "temp = hot is no number",
            ),
            ("", "", &["2", "3"], Value::Integer(3), Up, Reason::None, ""),
            ("", "", &["2", "3"], Value::Integer(4), Down, Reason::SnmpValue, "temp = 4, not 2 or 3"),
            ("40", "", &[], Value::Absent, Degraded, Reason::SnmpNoSuch, "temp is not there"),
            ("40", "", &[], Value::Refused(1), Degraded, Reason::SnmpTooBig, "temp fits into no answer"),
            ("40", "", &[], Value::Refused(5), Degraded, Reason::SnmpRefused, "temp refused (genErr)"),
        ] {
            let fault = super::value(&wanted(warn, crit, equals), &value);
            assert_eq!(seen(fault), (verdict, reason, detail.to_owned()), "{value:?}");
        }
        let lenient = SnmpValue { otherwise_degraded: true, ..wanted("", "", &["2"]) };
        assert_eq!(seen(super::value(&lenient, &Value::Integer(4))).0, Degraded);
    }

    #[test]
    fn the_worst_is_told_first() {
        let mut findings = Findings::default();
        findings.take(Some(Fault::degraded(Reason::SnmpNoSuch, "a is not there")));
        findings.take(Some(Fault::new(Reason::SnmpValue, "b is high")));
        findings.take(Some(Fault::new(Reason::SnmpValue, "c is high")));
        let worst = findings.worst().unwrap_err();
        assert_eq!((worst.reason, worst.verdict()), (Reason::SnmpValue, Verdict::Down));
        assert_eq!(worst.detail, "b is high; c is high; a is not there");
        assert_eq!(Findings::default().worst(), Ok(()));
    }

    #[test]
    fn what_is_switched_off_is_not_judged() {
        use Verdict::{Degraded, Down, Up};
        for (admin, oper, verdict, detail) in [
            (1, 1, Up, ""),
            (2, 2, Up, ""),
            (1, 2, Down, "eth0 is down"),
            (1, 7, Down, "eth0 is down, because what it stands on is"),
            (1, 6, Down, "eth0 is not present"),
            (1, 5, Up, ""),
            (1, 4, Degraded, "eth0 is in a state that its device does not know"),
        ] {
            let (verdict_seen, _, told) =
                seen(interface("eth0", &Value::Integer(admin), &Value::Integer(oper)));
            assert_eq!((verdict_seen, told.as_str()), (verdict, detail), "{admin} {oper}");
        }
        let gone = seen(interface("eth0", &Value::Absent, &Value::Absent));
        assert_eq!((gone.0, gone.1), (Degraded, Reason::SnmpNoSuch));
    }

    #[test]
    fn a_silent_agent_is_not_a_dead_device() {
        let silent = Fault::new(Reason::SnmpNoReply, "no answer");
        let denied = Fault::new(Reason::AgentPermission, "no ICMP socket");
        for (echo, verdict, reason) in [
            (Ok(true), Verdict::Degraded, Reason::SnmpAgentSilent),
            (Ok(false), Verdict::Down, Reason::SnmpNoReply),
            (Err(denied), Verdict::Down, Reason::SnmpNoReply),
        ] {
            let fault = silence(&silent, echo);
            assert_eq!((fault.verdict(), fault.reason), (verdict, reason), "{fault:?}");
        }
    }

    #[test]
    fn a_restart_is_told_and_a_wrap_is_none() {
        const MINUTES: u64 = 6_000;
        let values = |agent: Option<u64>, machine: Option<u64>, engine: Option<u64>| {
            [agent, machine, engine].map(|number| number.map_or(Value::Absent, Value::Unsigned))
        };
        for (values, wrapped, expected) in [
            (values(Some(3 * MINUTES), None, None), false, true),
            (values(Some(30 * MINUTES), None, None), false, false),
            // The agent was restarted, not the machine.
            (values(Some(3 * MINUTES), Some(30 * MINUTES), None), false, false),
            // sysUpTime began anew after 497 days.
            (values(Some(3 * MINUTES), None, Some(43_000_000)), false, false),
            (values(Some(3 * MINUTES), None, None), true, false),
            (values(None, None, None), false, false),
        ] {
            let uptimes = Uptimes::of(&values, |_| wrapped);
            let fault = uptimes.judge(Duration::from_mins(15));
            assert_eq!(fault.is_some_and(|f| f.reason == Reason::SnmpRestarted), expected, "{uptimes:?}");
        }
    }

    #[test]
    fn a_ups_on_battery_is_degraded_and_an_empty_one_down() {
        use Verdict::{Degraded, Down, Up};
        let fine = Ups { battery: Some(2), minutes: Some(50), output: Some(3), ..Ups::default() };
        for (ups, verdict, reason) in [
            (fine, Up, Reason::None),
            (Ups::default(), Up, Reason::None),
            (Ups { output: Some(5), ..fine }, Degraded, Reason::SnmpOnBattery),
            (Ups { output: Some(5), minutes: Some(4), ..fine }, Degraded, Reason::SnmpBattery),
            (Ups { minutes: Some(4), ..fine }, Up, Reason::None),
            (Ups { battery: Some(3), output: Some(5), ..fine }, Degraded, Reason::SnmpBattery),
            (Ups { battery: Some(4), output: Some(5), ..fine }, Down, Reason::SnmpBattery),
            (Ups { output: Some(2), ..fine }, Down, Reason::SnmpUpsOutput),
            (Ups { output: Some(4), ..fine }, Degraded, Reason::SnmpUpsAlarm),
            (Ups { must_replace: true, ..fine }, Degraded, Reason::SnmpBattery),
            (Ups { alarms: 2, ..fine }, Degraded, Reason::SnmpUpsAlarm),
        ] {
            let mut findings = Findings::default();
            findings.take(ups.judge(10));
            let (verdict_seen, reason_seen, _) = seen(findings.worst().err());
            assert_eq!((verdict_seen, reason_seen), (verdict, reason), "{ups:?}");
        }
    }
}
