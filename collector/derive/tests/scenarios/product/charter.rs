//! The charter of a scenario, and its revisions where members of a mean come and go.

use collector_derive::{DownIf, Vote};
use config::{
    Availability, AvailabilityWithin, Calendar, Charter, CharterAct, Check, CheckId, Commitment, Component,
    Exception, FigureRule, Fraction, Holiday, HostPort, Id, Judged, LateEntries, Node, Opening, Organisation,
    Probe, Quorum, Readings, Rules, Service, Site, TcpParams, Timing, Week,
};

use super::clock::Clock;
use super::tree::{Growth, Leaf, What, id};
use crate::given::{self, Evidence, Given, Holidays, Hours, Maintenance, Target, Tree, Unknown};

/// Revisions, each with the instant from which on it is in force, Unix ms.
pub(super) type History = Vec<(i64, Charter)>;

/// The revisions, and every check of the first, in the charter's order.
///
/// `root` numbers the service's component, so that charters of one history do not mean each other's checks.
pub(super) fn history(given: &Given, clock: Clock, root: usize) -> Result<(History, Vec<Leaf>), String> {
    let mut growth = Growth::new(given, root);
    let service = [id("s")?];
    let component = match &given.tree {
        Tree::Mean(members) => {
            let weighed = members.iter().filter(|(weight, _)| *weight > 0);
            let weighed: Vec<_> =
                weighed.map(|(weight, name)| (*weight, What::Check(name.clone()))).collect();
            let mut component = growth.component(&Tree::All(Vec::new()), (root, 1), &service)?;
            growth.leaves.clear();
            let path = [service[0].clone(), component.id.clone()];
            component.node = growth.part(Quorum::All, &weighed, &path)?;
            component
        }
        tree => growth.component(tree, (root, 1), &service)?,
    };
    let leaves = growth.leaves;
    let charter = charter(given, component, &leaves)?;
    Ok((revisions(given, charter, &leaves, clock), leaves))
}

/// When a check is a member of the scenario's mean.
fn valid(leaf: &Leaf, given: &Given) -> (i64, i64) {
    match &leaf.what {
        What::Check(name) => given.checks.get(name).map_or((i64::MIN, i64::MAX), |check| check.valid),
        What::Always(_) => (i64::MIN, i64::MAX),
    }
}

/// One for each time in which the same members are there. A check that is no member then is measured for
/// another service, so that whatever is said of it alone stays said.
fn revisions(given: &Given, charter: Charter, leaves: &[Leaf], clock: Clock) -> History {
    if !matches!(given.tree, Tree::Mean(_)) {
        return vec![(0, charter)];
    }
    let mut cuts: Vec<i64> =
        leaves.iter().map(|leaf| valid(leaf, given)).flat_map(|(from, to)| [from, to]).collect();
    cuts.push(given.start);
    cuts.retain(|at| (given.start..given.end).contains(at));
    cuts.sort_unstable();
    cuts.dedup();
    let revision = |at: i64| {
        let mut charter = charter.clone();
        let mut other = Service { figure: FigureRule::AllUp, ..charter.services[0].clone() };
        let is_member = |check: &Check| {
            let leaf = leaves.iter().find(|leaf| CheckId::of(&leaf.path) == check.id);
            leaf.is_some_and(|leaf| (valid(leaf, given).0..valid(leaf, given).1).contains(&at))
        };
        for (service, stays) in [(&mut charter.services[0], true), (&mut other, false)] {
            if let Node::Part(part) = &mut service.components[0].node {
                part.checks.retain(|check| is_member(check) == stays);
            }
        }
        if let Ok(id) = id("other") {
            charter.services.push(Service { id, commitments: Vec::new(), ..other });
        }
        (if at == given.start { 0 } else { clock.ms(at) }, charter)
    };
    cuts.into_iter().map(revision).collect()
}

/// The stretches of time in which a mean has any member.
pub(super) fn with_members(given: &Given, (start, end): (i64, i64)) -> Vec<(i64, i64)> {
    let Tree::Mean(members) = &given.tree else { return vec![(start, end)] };
    let weighed = members.iter().filter(|(weight, _)| *weight > 0);
    let valid = weighed.filter_map(|(_, name)| given.checks.get(name)).map(|check| check.valid);
    let mut valid: Vec<(i64, i64)> = valid.map(|(from, to)| (from.max(start), to.min(end))).collect();
    valid.retain(|(from, to)| from < to);
    valid.sort_unstable();
    let mut united: Vec<(i64, i64)> = Vec::new();
    for (from, to) in valid {
        match united.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => united.push((from, to)),
        }
    }
    united
}

fn charter(given: &Given, component: Component, leaves: &[Leaf]) -> Result<Charter, String> {
    let mean = matches!(given.tree, Tree::Mean(_));
    let figure = if mean { FigureRule::MeanOf(component.id.clone()) } else { FigureRule::AllUp };
    let mut commitments = Vec::new();
    let mut calendars = Vec::new();
    let promised = given.target.map(fraction).transpose()?;
    if let Some(hours) = &given.calendar {
        calendars.push(calendar(hours)?);
        let (target, strict) = promised.unwrap_or((Fraction { p: 1, q: 1 }, false));
        let hours = calendars[0].id.clone();
        commitments.push(Commitment::AvailabilityWithin(AvailabilityWithin { target, strict, hours }));
    } else if let Some((target, strict)) = promised {
        commitments.push(Commitment::Availability(Availability { target, strict }));
    }
    let mut sites = Vec::new();
    for leaf in leaves {
        sites.extend(sites_of(leaf, given)?);
    }
    let (about, name) = (config::About::default(), String::new());
    let service = Service {
        id: id("s")?,
        row: None,
        name,
        users: Vec::new(),
        commitments,
        components: vec![component],
        figure,
        about,
        was: None,
        burn: Vec::new(),
    };
    let organisation =
        Organisation { name: "Comune di Esempio".to_owned(), unit: None, ipa_code: None, contact: None };
    Ok(Charter {
        organisation,
        act: CharterAct { act: None, in_force_from: None, measured_from: None },
        rules: rules(given),
        calendars,
        sites,
        services: vec![service],
        canaries: Vec::new(),
        alerting: Vec::new(),
    })
}

pub(super) fn fraction(target: Target) -> Result<(Fraction, bool), String> {
    let Target { p, q, strict } = target;
    Ok((Fraction::new(p, q).ok_or_else(|| format!("no charter promises {p}/{q}"))?, strict))
}

fn rules(given: &Given) -> Rules {
    let policy = given.policy;
    let readings = Readings {
        maintenance: match policy.maintenance {
            Maintenance::Count => config::Maintenance::Counts,
            Maintenance::Exclude => config::Maintenance::Excluded,
            Maintenance::ExcludeDown => config::Maintenance::ExcludedDown,
            Maintenance::AsUp => config::Maintenance::AsUp,
        },
        late_entries: if policy.late { LateEntries::Effective } else { LateEntries::Recorded },
        notice_ms: u64::try_from(policy.notice).unwrap_or(0) * 1_000,
        unknown: match policy.unknown {
            Unknown::Exclude => config::Unknown::Apart,
            Unknown::Down => config::Unknown::Down,
            Unknown::Up => config::Unknown::Up,
        },
        ..Readings::default()
    };
    Rules { confirm_down: 1, confirm_up: 1, coverage_min: Fraction { p: 99, q: 100 }, readings }
}

/// The sites of a leaf, whose names nobody else has.
pub(super) fn sites_of(leaf: &Leaf, given: &Given) -> Result<Vec<Site>, String> {
    let own = leaf.path.last().map_or("", Id::as_str);
    let named = |place: usize, agents: usize, vantages: Option<Vote>| {
        let agents = (0..agents).map(|agent| id(&format!("{own}-s{place}-a{agent}")));
        Ok::<_, String>(Site {
            id: id(&format!("{own}-s{place}"))?,
            agents: agents.collect::<Result<_, _>>()?,
            users: Vec::new(),
            facts: config::SiteFacts { vantages, ..config::SiteFacts::default() },
        })
    };
    let measured = match &leaf.what {
        What::Check(name) => given.checks.get(name),
        What::Always(_) => None,
    };
    match measured.map(|check| &check.evidence) {
        Some(Evidence::Sites { sites, .. }) => {
            let site = |(place, site): (usize, &given::Site)| {
                named(place, site.vantages.len(), Some(vote(site.quorum)))
            };
            sites.iter().enumerate().map(site).collect()
        }
        _ => Ok(vec![named(0, 1, None)?]),
    }
}

/// A leaf as a check of the charter. What needs no confirmation because it was given says so.
pub(super) fn check(leaf: &Leaf, given: &Given) -> Result<Check, String> {
    let measured = match &leaf.what {
        What::Check(name) => Some(given.checks.get(name).ok_or_else(|| format!("no check `{name}`"))?),
        What::Always(_) => None,
    };
    let hard_start = measured.is_some_and(|check| !check.backdate);
    let confirm = |count: Option<u32>| Some(count.filter(|_| !hard_start).unwrap_or(1));
    let sites = match measured.map(|check| &check.evidence) {
        Some(Evidence::Sites { quorum, .. }) => Some(vote(*quorum)),
        _ => None,
    };
    let hold_ms = u64::try_from(measured.map_or(1, |check| check.hold)).unwrap_or(0) * 1_000;
    let host = HostPort::parse("service.example:443", None).ok_or("no host")?;
    Ok(Check {
        id: CheckId::of(&leaf.path),
        target: leaf.path.last().cloned().ok_or("a leaf without a name")?,
        from: sites_of(leaf, given)?.into_iter().map(|site| site.id).collect(),
        timing: Timing {
            every_ms: u64::try_from(measured.map_or(60, |check| check.interval)).unwrap_or(60) * 1_000,
            timeout_ms: 1,
            hold_ms,
            attempts: 1,
            warn_ms: None,
            crit_ms: None,
        },
        measures_path: false,
        probe: Probe::Tcp(TcpParams::connect(host, config::Family::V4)),
        facts: config::TargetFacts {
            weight: (leaf.weight != 1).then_some(leaf.weight),
            ..config::TargetFacts::default()
        },
        judged: Judged {
            confirm_down: confirm(measured.map(|check| check.confirm_down)),
            confirm_up: confirm(measured.map(|check| check.confirm_up)),
            vantages: None,
            sites,
        },
    })
}

fn vote(quorum: given::Quorum) -> Vote {
    let down_if = match quorum.rule {
        given::Rule::Majority => DownIf::Majority,
        given::Rule::Half => DownIf::Half,
        given::Rule::Any => DownIf::Any,
        given::Rule::All => DownIf::All,
        given::Rule::AtLeast(count) => DownIf::AtLeast(count),
    };
    Vote { down_if, known_min: quorum.min_known }
}

pub(super) fn calendar(hours: &Hours) -> Result<Calendar, String> {
    let openings = |rows: &[(u16, u16)]| {
        let mut openings: Vec<Opening> = Vec::new();
        for (from, to) in rows.iter().copied() {
            match openings.last_mut() {
                Some(last) if from <= last.to => last.to = last.to.max(to),
                _ => openings.push(Opening { from, to }),
            }
        }
        openings
    };
    let week: [Vec<Opening>; 7] = std::array::from_fn(|day| openings(&hours.weekly[day]));
    let closed = hours.closed.iter().map(|day| (*day, Vec::new()));
    let open = hours.open.iter().map(|(day, own)| {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        (*day, own.as_deref().map_or_else(|| week[weekday].clone(), openings))
    });
    let exceptions = closed.chain(open).map(|(on, hours)| Exception { on, hours, act: None }).collect();
    let patron = Holiday::Yearly { month: 5, day: 4, name: "San Paolino".to_owned() };
    Ok(Calendar {
        id: id("hours")?,
        act: None,
        holidays: match hours.holidays {
            Holidays::None => Vec::new(),
            Holidays::Italy => vec![Holiday::Italy],
            Holidays::Senigallia => vec![Holiday::Italy, patron],
        },
        exceptions,
        hours: Week(week),
    })
}
