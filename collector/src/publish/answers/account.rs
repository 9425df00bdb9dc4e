//! What a figure is made of: members, stretches, corrections, and what is told only when asked for.

use collector_derive as derive;
use collector_derive::{Declaration, Declared, ForcedState, Rule};
use config::Service;

use super::figure::{Read, share};
use super::promise::{outlook, standing};
use super::{find, title};
use crate::publish::api::{
    Alternative, Annotation, Ceiling, Correction, Effect, Group, MeanNow, Member, Members, Share, Stretch,
    Unobserved, Why,
};
use crate::publish::moment::{Account, Moment};

/// What a mean is of, the worst first.
pub(super) fn members(service: &derive::ServiceFigure, row: Option<&Service>, read: Read) -> Option<Members> {
    let mean = service.mean.as_ref()?;
    let named = row.and_then(|row| find(&row.components, &mean.component));
    let mut members: Vec<&derive::MemberFigure> = mean.members.iter().collect();
    members.sort_by_key(|member| worst_first(&member.figure));
    let each = members.iter().map(|member| Member {
        check: member.name.clone(),
        group: member.group.clone(),
        weight: u64::from(member.weight),
        figure: read.figure(&member.figure),
    });
    Some(Members {
        component: mean.component.clone(),
        name: named.map_or_else(|| title(service, row), |named| named.name.clone()),
        groups: groups(mean, read),
        each: each.collect(),
    })
}

/// The same now: how many, how much is up, which group is worst.
pub(super) fn mean_now(service: &derive::ServiceFigure, read: Read) -> Option<MeanNow> {
    let mean = service.mean.as_ref()?;
    Some(MeanNow {
        component: mean.component.clone(),
        members: mean.members.len() as u64,
        up: mean.up_now().and_then(share),
        worst: groups(mean, read).into_iter().next(),
    })
}

/// Groups that have a name, the worst first.
fn groups(mean: &derive::MeanFigure, read: Read) -> Vec<Group> {
    let mut groups: Vec<&derive::GroupFigure> = mean.groups.iter().collect();
    groups.sort_by_key(|group| worst_first(&group.figure));
    let told = groups.iter().filter_map(|group| {
        let figure = read.figure(&group.figure);
        Some(Group { name: group.name.clone()?, count: group.members as u64, figure })
    });
    told.collect()
}

/// By share of known time up; what nobody knows anything of comes last.
fn worst_first(figure: &derive::Figure) -> (bool, Option<derive::Ratio>) {
    (figure.availability().is_none(), figure.availability())
}

/// Where promise or tree changed within the period.
pub(super) fn stretches(service: &derive::ServiceFigure, read: Read) -> Vec<Stretch> {
    let told = service.stretches.iter().map(|stretch| Stretch {
        start_ms: stretch.from_ms,
        end_ms: stretch.to_ms,
        target: stretch.promise.and_then(|promise| Share::of(promise.target.p, promise.target.q)),
        strict: stretch.promise.is_some_and(|promise| promise.strict),
        standing: stretch.promise.map(|promise| standing(stretch.figure.standing(&promise))),
        figure: read.figure(&stretch.figure),
    });
    told.collect()
}

/// What people say an outage came from, as said last.
pub(super) fn annotation(told: &derive::Annotation) -> Annotation {
    Annotation {
        cause: told.cause.name().to_owned(),
        note: told.note.clone(),
        entry: told.entry,
        author: told.author.clone(),
        at_ms: told.declared_ms,
    }
}

/// The entries of the journal that are about the service's checks and the period's time.
pub(super) fn corrections(moment: &Moment, service: &derive::ServiceFigure) -> Vec<Correction> {
    let mut told: Vec<Correction> =
        moment.declared.iter().filter_map(|declared| correction(moment, service, declared)).collect();
    let (start_ms, end_ms) = (moment.figures.start_ms, moment.figures.end_ms);
    told.retain(|correction| {
        let during = |window: &[i64; 2]| window[0] < end_ms && start_ms < window[1];
        correction.effect == Effect::Changed || correction.windows.iter().any(during)
    });
    told
}

fn correction(moment: &Moment, service: &derive::ServiceFigure, declared: &Declared) -> Option<Correction> {
    let (kind, scope, windows, note, evidence) = match &declared.declaration {
        Declaration::Maintenance { scope, windows, note } => {
            ("maintenance", scope, windows.clone(), note, None)
        }
        Declaration::Annulled { scope, window, note, .. } => ("annulled", scope, vec![*window], note, None),
        Declaration::Forced { state: ForcedState::Up, scope, window, evidence, note } => {
            ("forced_up", scope, vec![*window], note, Some(evidence.clone()))
        }
        Declaration::Forced { state: ForcedState::Down, scope, window, evidence, note } => {
            ("forced_down", scope, vec![*window], note, Some(evidence.clone()))
        }
        _ => return None,
    };
    let changed = service.corrections.contains(&declared.entry);
    let figures = &moment.figures;
    let is_about = |check| figures.is_about(scope, declared.at_ms, check);
    if !changed && !figures.checks_of(service).any(is_about) {
        return None;
    }
    // As later entries leave them; what is called off altogether as it was written.
    let planned = moment.corrections.planned.iter().filter(|planned| planned.entry == declared.entry);
    let held: Vec<_> = planned.map(|planned| planned.window).collect();
    let windows = if held.is_empty() { windows } else { held };
    let marks = moment.corrections.marks.iter().find(|mark| mark.entry == declared.entry);
    let approved_by = marks.and_then(|mark| mark.approved_by);
    let approved_by = moment.declared.iter().find(|other| Some(other.entry) == approved_by);
    Some(Correction {
        entry: declared.entry,
        at_ms: declared.at_ms,
        author: declared.author.clone(),
        kind: kind.to_owned(),
        scope: scope.iter().map(ToString::to_string).collect(),
        windows: windows.iter().map(|window| [window.from_ms, window.to_ms]).collect(),
        note: note.clone(),
        evidence,
        approved_by: approved_by.map(|other| other.author.clone()),
        effect: effect(moment, declared.entry, changed),
    })
}

fn effect(moment: &Moment, entry: u64, changed: bool) -> Effect {
    let in_force = &moment.corrections;
    let readings = &moment.charter.rules.readings;
    let planned = in_force.planned.iter().filter(|planned| planned.entry == entry);
    let (in_time, late): (Vec<_>, Vec<_>) = planned.partition(|one| one.is_in_time(&moment.figures.notices));
    let (in_time, late) = (!in_time.is_empty(), !late.is_empty());
    // A charter of before may have let late ones have effect: then the figure has changed by nothing else.
    let recorded = late && readings.late_entries == config::LateEntries::Recorded;
    if in_force.proposed.iter().any(|mark| mark.entry == entry) {
        Effect::Proposed
    } else if !in_time && !late && !in_force.marks.iter().any(|mark| mark.entry == entry) {
        if is_called_off(moment, entry) { Effect::CalledOff } else { Effect::Revoked }
    } else if recorded && in_time && changed {
        Effect::PartlyLate
    } else if recorded && !changed {
        Effect::Late
    } else if changed {
        Effect::Changed
    } else {
        Effect::Idle
    }
}

/// Was a maintenance of which nothing is held called off, and not taken back?
fn is_called_off(moment: &Moment, maintenance: u64) -> bool {
    let any = |is: &dyn Fn(&Declaration) -> bool| moment.declared.iter().any(|said| is(&said.declaration));
    any(&|said| matches!(said, Declaration::Cancelled { entry, .. } if *entry == maintenance))
        && !any(&|said| matches!(said, Declaration::Revoked { entry, .. } if *entry == maintenance))
}

/// The most that tree and targets allow.
pub(super) fn ceiling(account: &Account) -> Option<Ceiling> {
    let ceiling = account.ceiling.as_ref()?;
    Some(Ceiling { share: share(ceiling.share)?, component: ceiling.component.clone() })
}

/// Why time is unknown.
pub(super) fn unobserved(account: &Account) -> Vec<Unobserved> {
    let told = account.unobserved.iter().map(|(why, ms)| Unobserved { why: told_why(*why), ms: *ms });
    told.collect()
}

fn told_why(why: derive::Unobserved) -> Why {
    match why {
        derive::Unobserved::Annulled => Why::Annulled,
        derive::Unobserved::AgentNetwork => Why::AgentNetwork,
        derive::Unobserved::AgentClock => Why::AgentClock,
        derive::Unobserved::AgentOther => Why::AgentOther,
        derive::Unobserved::Unconfirmed => Why::Unconfirmed,
        derive::Unobserved::TooFew => Why::TooFew,
        derive::Unobserved::SpoolLost => Why::SpoolLost,
        derive::Unobserved::AgentSilent => Why::AgentSilent,
        derive::Unobserved::NeverMeasured => Why::NeverMeasured,
    }
}

/// The same measurements by other readings.
pub(super) fn readings(account: &Account, service: &derive::ServiceFigure) -> Vec<Alternative> {
    let told = account.readings.iter().map(|reading| {
        let mut promise = service.promise.or_else(|| service.within.first().map(|within| within.promise));
        if let Some(promise) = promise.as_mut().filter(|_| reading.rule == Rule::Strict) {
            promise.strict = reading.value != "at_least";
        }
        Alternative {
            rule: reading.rule.name().to_owned(),
            value: reading.value.clone(),
            ours: reading.is_ours,
            availability: reading.headline.and_then(share),
            lower_bound: reading.figure.worst().and_then(share),
            upper_bound: reading.figure.best().and_then(share),
            standing: reading.standing.map(standing),
            outlook: promise.map(|promise| outlook(reading.figure.outlook(&promise))),
        }
    });
    told.collect()
}
