//! What is watched one by one: members of means and their areas, jobs that report by themselves, reasons, planned
//! work.

use std::fmt::Error;

use collector_derive::{Condition, MemberFigure};
use config::{HeartbeatParams, Probe};
use jiff::tz::TimeZone;

use super::families::Families;
use super::{Exposition, flag, seconds};
use crate::publish::Lang;
use crate::publish::api::Work;
use crate::publish::moment::Moment;
use crate::publish::words;

/// Of how many windows of planned work is told: the nearest.
const WORKS_MAX: usize = 50;
/// How many names of its scope stand in a label.
const SCOPE_MAX: usize = 5;

/// One member of a mean, such as an access point.
#[derive(Debug)]
struct Member {
    service: String,
    name: String,
    area: String,
    is_up: bool,
    /// Of one that is down: since when, Unix ms.
    down_since_ms: Option<i64>,
}

/// The members of one area, together.
#[derive(Debug)]
struct Area {
    service: String,
    name: String,
    /// Up time per measured time of the year so far.
    availability: f64,
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
    areas: Vec<Area>,
    due: Vec<Due>,
}

impl Watched {
    pub(super) fn of(moment: &Moment) -> Self {
        let members = moment.figures.services.iter().flat_map(|service| {
            let members = service.mean.iter().flat_map(|mean| &mean.members);
            members.filter_map(|member| {
                let is_up = is_up(member.state?)?;
                Some(Member {
                    service: service.id.to_string(),
                    name: member.name.clone(),
                    area: member.group.clone().unwrap_or_default(),
                    is_up,
                    down_since_ms: (!is_up).then(|| since_ms(member, moment)),
                })
            })
        });
        let areas = moment.figures.services.iter().flat_map(|service| {
            let groups = service.mean.iter().flat_map(|mean| &mean.groups);
            groups.filter_map(|group| {
                Some(Area {
                    service: service.id.to_string(),
                    name: group.name.clone().unwrap_or_default(),
                    availability: group.figure.availability()?.to_f64(),
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
        Self { members: members.collect(), areas: areas.collect(), due: due.collect() }
    }
}

/// Of a stop that lasts since before the year: since its first instant.
fn since_ms(member: &MemberFigure, moment: &Moment) -> i64 {
    member.since_ms.unwrap_or(moment.figures.start_ms)
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
            "vedetta_member_down_started_timestamp_seconds",
            "First failing sample of the member's stop that lasts, or the year's first instant; absent while it is not down",
            self.watched.members.iter().filter_map(|member| {
                let labels = [
                    ("service", member.service.as_str()),
                    ("member", member.name.as_str()),
                    ("area", member.area.as_str()),
                ];
                Some((labels, seconds(member.down_since_ms?)))
            }),
        )?;
        families.gauge(
            "vedetta_area_availability_ratio",
            "Up time per measured time of a mean's members in this area, this year so far",
            self.watched.areas.iter().map(|area| {
                let labels =
                    [("service", area.service.clone()), ("area", area.name.clone()), ("year", self.year())];
                (labels, area.availability)
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
            "Why the check is not simply up, as this agent sees it: for programs, and in Italian",
            self.vantages().filter_map(|(labels, vantage)| {
                let reason = vantage.reason.clone()?;
                let [service, component, check, agent] = labels.map(|(key, value)| (key, value.to_owned()));
                let why = words::reason(&reason, Lang::It);
                Some([service, component, check, agent, ("reason", reason), ("why", why)])
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
        )?;
        families.gauge(
            "vedetta_maintenance_start_timestamp_seconds",
            "First instant of planned work that goes on now or begins within seven days; of its entry in the journal, the nearest window",
            self.works().map(|(labels, work)| (labels, seconds(work.from_ms))),
        )?;
        families.gauge(
            "vedetta_maintenance_end_timestamp_seconds",
            "First instant after it",
            self.works().map(|(labels, work)| (labels, seconds(work.to_ms))),
        )
    }

    /// The nearest windows of planned work, one of each entry.
    fn works(&self) -> impl Iterator<Item = ([(&'static str, String); 2], &Work)> {
        let works = &self.now.maintenance;
        let is_nearest =
            move |(place, work): &(usize, &Work)| works[..*place].iter().all(|one| one.entry != work.entry);
        let nearest = works.iter().enumerate().filter(is_nearest).take(WORKS_MAX);
        nearest.map(|(_, work)| ([("entry", work.entry.to_string()), ("scope", scope(&work.scope))], work))
    }
}

/// What planned work stops, as it was declared; of very much the first names.
fn scope(declared: &[String]) -> String {
    let names = declared.iter().take(SCOPE_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match declared.len() {
        0 => "tutti i servizi".to_owned(),
        all if all > SCOPE_MAX => format!("{names}, altri {}", all - SCOPE_MAX),
        _ => names,
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
    fn a_scope_is_bounded() {
        let of = |count: usize| scope(&(0..count).map(|place| format!("c{place}")).collect::<Vec<_>>());
        assert_eq!([of(0), of(2)], ["tutti i servizi", "c0, c1"]);
        assert_eq!(of(7), "c0, c1, c2, c3, c4, altri 2");
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
