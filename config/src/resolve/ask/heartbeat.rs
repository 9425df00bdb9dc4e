//! `probe: heartbeat`: when jobs must report, and what a report must say.

use jiff::tz::TimeZone;

use crate::text::say;
use crate::yaml::duration::Millis;
use crate::yaml::probe::HeartbeatKeys;
use crate::yaml::shape::{At, Report};
use crate::{Cadence, Check, DownAfter, Fraction, HeartbeatParams, Id, Probe, Site};

/// What the targets of a component share.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    zone: String,
    grace_ms: Option<u64>,
    early_ms: Option<u64>,
    max_duration_ms: Option<u64>,
    down_after: Option<At<DownAfter>>,
    min_bytes: Option<u64>,
    min_items: Option<u64>,
    shrink_warn: Option<Fraction>,
    slower_warn: Option<u32>,
    secret: Option<Id>,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &HeartbeatKeys, report: &mut Report<'_>) -> Option<Asked> {
    let durations = [
        ("grace", &keys.grace, 0),
        ("early_tolerance", &keys.early_tolerance, 0),
        ("max_duration", &keys.max_duration, 1),
    ];
    let within = durations.map(|(name, key, least_ms)| is_within(name, key.as_ref(), least_ms, report));
    let zone = zone(keys.zone.as_ref(), report);
    let is_slower_sound = is_slower_sound(keys.slower_warn.as_ref(), report);
    let ms = |key: &Option<At<Millis>>| key.as_ref().map(|key| key.value.0);
    if within.contains(&false) || !is_slower_sound {
        return None;
    }
    Some(Asked {
        zone: zone?,
        grace_ms: ms(&keys.grace),
        early_ms: ms(&keys.early_tolerance),
        max_duration_ms: ms(&keys.max_duration),
        down_after: keys.down_after.clone(),
        min_bytes: keys.min_bytes.as_ref().map(|key| key.value.0),
        min_items: keys.min_items.as_ref().map(|key| key.value.into()),
        shrink_warn: keys.shrink_warn.as_ref().map(|key| key.value),
        slower_warn: keys.slower_warn.as_ref().map(|key| key.value),
        secret: keys.secret.as_ref().map(|key| key.value.clone()),
    })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<HeartbeatParams> {
        let due = due(target, &self.zone, report)?;
        // A default gives way to a period that is short.
        let quarter_ms = due.period_ms().map_or(u64::MAX, |period_ms| period_ms / 4);
        let down_after = self.down_after.as_ref().map_or(DownAfter::default(), |key| key.value);
        if let (DownAfter::Ms(age_ms), Some(period_ms), Some(key)) =
            (down_after, due.period_ms(), &self.down_after)
            && age_ms <= period_ms
        {
            let (age, period) = (Millis(age_ms), Millis(period_ms));
            let message = say!(
                "`down_after` ({age}) must be longer than the period of a job ({period}), or it is down between two \
                 good runs",
                "`down_after` ({age}) deve superare il periodo di un lavoro ({period}), o risulta fermo tra due corse \
                 riuscite"
            );
            report.problem(key.at, message);
            return None;
        }
        Some(HeartbeatParams {
            due,
            zone: self.zone.clone(),
            grace_ms: self.grace_ms.unwrap_or(HeartbeatParams::GRACE_MS.min(quarter_ms)),
            early_ms: self.early_ms.unwrap_or(HeartbeatParams::EARLY_MS),
            max_duration_ms: self.max_duration_ms,
            down_after,
            min_bytes: self.min_bytes,
            min_items: self.min_items,
            shrink_warn: self.shrink_warn,
            slower_warn: self.slower_warn,
            secret: self.secret.clone(),
        })
    }
}

/// A job reports to one agent: a second one would miss it for ever. And who is looked at less often than it is due
/// is seen late.
pub(in crate::resolve) fn heard(name: &At<Id>, checks: &[Check], sites: &[Site], report: &mut Report<'_>) {
    let of_jobs = checks.iter().filter_map(|check| match &check.probe {
        Probe::Heartbeat(params) => Some((check, params)),
        _ => None,
    });
    for (check, params) in of_jobs {
        let agents: usize =
            sites.iter().filter(|site| check.from.contains(&site.id)).map(|site| site.agents.len()).sum();
        if check.from.len() != 1 || agents > 1 {
            let message = say!(
                "the jobs of `{}` would be expected by {agents} agents; a job reports to one: write `from: [SITE]` with a \
                 site of one agent",
                "i lavori di `{}` sarebbero attesi da {agents} sonde; un lavoro si segnala a una sola: scrivi `from: \
                 [SEDE]` con una sede di una sola sonda",
                name.value
            );
            return report.problem(name.at, message);
        }
        let every = Millis(check.timing.every_ms);
        if let Some(period) = params.due.period_ms().map(Millis).filter(|period| *period < every) {
            let message = say!(
                "`{}` must report every {period}, and is looked at every {every} only; shorten `every`",
                "`{}` deve segnalarsi ogni {period}, ma lo si guarda solo ogni {every}; accorcia `every`",
                check.target
            );
            return report.problem(name.at, message);
        }
    }
}

fn due(target: &At<String>, zone: &str, report: &mut Report<'_>) -> Option<Cadence> {
    let Some(due) = Cadence::parse(&target.value) else {
        let message = say!(
            "`{}` does not say when a job must report: a period such as `24h`, a time such as `02:30` or `mon-fri 22:00`, \
             or the five fields of cron, `30 2 * * *`",
            "`{}` non dice quando un lavoro deve segnalarsi: un periodo come `24h`, un'ora come `02:30` o `mon-fri \
             22:00`, o i cinque campi di cron, `30 2 * * *`",
            target.value
        );
        report.problem(target.at, message);
        return None;
    };
    let bounds_ms = HeartbeatParams::PERIOD_MS_MIN..=HeartbeatParams::MS_MAX;
    if let Some(period_ms) = due.period_ms().filter(|period_ms| !bounds_ms.contains(period_ms)) {
        let (period, min, max) = (Millis(period_ms), Millis(*bounds_ms.start()), Millis(*bounds_ms.end()));
        let message = say!(
            "a job must report every {period}; it can be from {min} to {max}",
            "un lavoro deve segnalarsi ogni {period}; si può da {min} a {max}"
        );
        report.problem(target.at, message);
        return None;
    }
    // Any instant will do: a day that never comes does not come after another one either.
    let is_ever = TimeZone::get(zone).is_ok_and(|zone| due.next_after(0, &zone).is_some());
    if !is_ever {
        let message = say!("`{}` is never", "`{}` non è mai", target.value);
        report.problem(target.at, message);
        return None;
    }
    Some(due)
}

fn zone(key: Option<&At<String>>, report: &mut Report<'_>) -> Option<String> {
    let Some(key) = key else { return Some(HeartbeatParams::ZONE.to_owned()) };
    if TimeZone::get(&key.value).is_err() {
        let message = say!(
            "`{}` is no time zone; such as `Europe/Rome` or `UTC`",
            "`{}` non è un fuso orario; per esempio `Europe/Rome` o `UTC`",
            key.value
        );
        report.problem(key.at, message);
        return None;
    }
    Some(key.value.clone())
}

fn is_within(name: &str, key: Option<&At<Millis>>, least_ms: u64, report: &mut Report<'_>) -> bool {
    let Some(key) = key else { return true };
    if (least_ms..=HeartbeatParams::MS_MAX).contains(&key.value.0) {
        return true;
    }
    let (least, most) = (Millis(least_ms), Millis(HeartbeatParams::MS_MAX));
    let message = say!(
        "`{name}` is {}; it must be from {least} to {most}",
        "`{name}` è {}; va da {least} a {most}",
        key.value
    );
    report.problem(key.at, message);
    false
}

fn is_slower_sound(key: Option<&At<u32>>, report: &mut Report<'_>) -> bool {
    let Some(key) = key else { return true };
    if !(2..=HeartbeatParams::TIMES_MAX).contains(&key.value) {
        let message = say!(
            "`slower_warn` is {}; it must be from 2 to {} times",
            "`slower_warn` è {}; va da 2 a {} volte",
            key.value,
            HeartbeatParams::TIMES_MAX
        );
        report.problem(key.at, message);
        return false;
    }
    true
}
