//! What is watched one by one: members of means, jobs that report by themselves, reasons, planned work.

use std::fmt::Error;

use collector_derive::Condition;
use config::{HeartbeatParams, Probe};
use jiff::tz::TimeZone;

use super::families::Families;
use super::{Exposition, flag, seconds};
use crate::publish::moment::Moment;

/// One member of a mean, such as an access point.
#[derive(Debug)]
struct Member {
    service: String,
    name: String,
    area: String,
    is_up: bool,
}

/// Until when a job must have reported.
#[derive(Debug)]
struct Due {
    service: String,
    check: String,
    at_ms: i64,
}

/// What the charter watches one by one.
#[derive(Debug)]
pub(super) struct Watched {
    members: Vec<Member>,
    due: Vec<Due>,
}

impl Watched {
    pub(super) fn of(moment: &Moment) -> Self {
        let members = moment.figures.services.iter().flat_map(|service| {
            let members = service.mean.iter().flat_map(|mean| &mean.members);
            members.filter_map(|member| {
                Some(Member {
                    service: service.id.to_string(),
                    name: member.name.clone(),
                    area: member.group.clone().unwrap_or_default(),
                    is_up: is_up(member.state?)?,
                })
            })
        });
        let due = moment.charter.services.iter().flat_map(|service| {
            service.checks().filter_map(|check| {
                let Probe::Heartbeat(job) = &check.probe else { return None };
                Some(Due {
                    service: service.id.to_string(),
                    check: check.id.to_string(),
                    at_ms: due_ms(job, moment.now_ms)?,
                })
            })
        });
        Self { members: members.collect(), due: due.collect() }
    }
}

/// `None` while nobody can say, or while planned work leaves it out.
fn is_up(state: Condition) -> Option<bool> {
    match state {
        Condition::Up | Condition::Degraded => Some(true),
        Condition::Down => Some(false),
        Condition::Unknown | Condition::Maintenance => None,
    }
}

/// When the report that is waited for next must be there, grace included. `None` of one that is due so long after
/// the last: when that was, its agent knows.
fn due_ms(job: &HeartbeatParams, now_ms: i64) -> Option<i64> {
    if job.due.period_ms().is_some() {
        return None;
    }
    let zone = TimeZone::get(&job.zone).ok()?;
    let due = job.due.next_after(now_ms.checked_sub_unsigned(job.grace_ms)?, &zone)?;
    due.latest_ms.checked_add_unsigned(job.grace_ms)
}

impl Exposition {
    pub(super) fn watched(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_member_up",
            "Is this member of a mean, such as an access point, up with all it needs (1 or 0)? Absent while nobody can say",
            self.watched.members.iter().map(|member| {
                let labels = [
                    ("service", member.service.as_str()),
                    ("member", member.name.as_str()),
                    ("area", member.area.as_str()),
                ];
                (labels, flag(member.is_up))
            }),
        )?;
        families.gauge(
            "vedetta_heartbeat_due_timestamp_seconds",
            "When the job's next report must be there, grace included; absent of jobs due so long after the last report",
            self.watched.due.iter().map(|due| {
                let labels = [("service", due.service.as_str()), ("check", due.check.as_str())];
                (labels, seconds(due.at_ms))
            }),
        )?;
        families.info(
            "vedetta_check_reason",
            "Why the check is not simply up, as this agent sees it",
            self.vantages().filter_map(|([service, component, check, agent], vantage)| {
                Some([service, component, check, agent, ("reason", vantage.reason.as_deref()?)])
            }),
        )?;
        families.gauge(
            "vedetta_maintenance_active",
            "Does planned work stop something of the service now?",
            self.probed().map(|service| {
                let works = self.now.maintenance.iter().filter(|work| work.running);
                let active = works.flat_map(|work| &work.services).any(|stopped| *stopped == service.id);
                ([("service", service.id.as_str())], flag(active))
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use config::{Cadence, DownAfter};

    use super::*;

    fn job(due: &str) -> HeartbeatParams {
        HeartbeatParams {
            due: Cadence::parse(due).unwrap(),
            zone: HeartbeatParams::ZONE.to_owned(),
            grace_ms: HeartbeatParams::GRACE_MS,
            early_ms: HeartbeatParams::EARLY_MS,
            max_duration_ms: None,
            down_after: DownAfter::default(),
            min_bytes: None,
            min_items: None,
            shrink_warn: None,
            slower_warn: None,
            secret: None,
        }
    }

    #[test]
    fn a_job_is_waited_for_until_its_grace_is_over() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        for (due, now, until) in [
            ("02:30", "2026-11-23T00:00:00Z", Some("2026-11-23T03:30:00Z")),
            ("02:30", "2026-11-23T03:29:00Z", Some("2026-11-23T03:30:00Z")),
            ("02:30", "2026-11-23T03:30:00Z", Some("2026-11-24T03:30:00Z")),
            // Shown twice that night: the later reading counts.
            ("02:30", "2026-10-24T20:00:00Z", Some("2026-10-25T03:30:00Z")),
            ("24h", "2026-11-23T00:00:00Z", None),
        ] {
            assert_eq!(due_ms(&job(due), at(now)), until.map(at), "{due} at {now}");
        }
    }
}
