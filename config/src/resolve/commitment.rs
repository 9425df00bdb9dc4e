//! What a service promises: at most one share of the year, and any number of other promises.

use super::{Context, calendars};
use crate::problem::Place;
use crate::text::say;
use crate::yaml::service::{AvailabilityKeys, CommitmentKeys, PromiseKeys, TimelinessKeys};
use crate::yaml::shape::{At, Report};
use crate::{Availability, AvailabilityWithin, Commitment, Fraction, Id, Timeliness, WithinUnit};

/// Every promise without a defect, in the file's order.
pub(super) fn commitments(
    keys: &[CommitmentKeys],
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Vec<Commitment> {
    let mut commitments: Vec<Commitment> = Vec::new();
    let mut kinds: Vec<&str> = Vec::new();
    for key in keys {
        let (kind, commitment) = match &key.promise {
            PromiseKeys::Availability(promise) => {
                ("availability", availability(key.at, promise, context, report))
            }
            PromiseKeys::TakenInCharge(promise) => {
                ("taken_in_charge", timeliness(promise, context, report).map(Commitment::TakenInCharge))
            }
            PromiseKeys::Answered(promise) => {
                ("answered", timeliness(promise, context, report).map(Commitment::Answered))
            }
            PromiseKeys::OnRequest => ("on_request", Some(Commitment::OnRequest)),
        };
        if kinds.contains(&kind) {
            let message = say!(
                "a second commitment of kind `{kind}`; a service has one",
                "un secondo impegno di tipo `{kind}`; un servizio ne ha uno"
            );
            report.problem(key.at, message);
        }
        kinds.push(kind);
        commitments.extend(commitment);
    }
    commitments
}

fn availability(
    at: Place,
    keys: &AvailabilityKeys,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Commitment> {
    let share = promised(at, keys, report);
    let hours = match &keys.hours {
        Some(hours) if hours.value != "24x7" => {
            if !calendars::is_known(hours, &context.calendars, report) {
                return None;
            }
            Id::new(hours.value.as_str()).ok()
        }
        _ => None,
    };
    let Availability { target, strict } = share?;
    Some(match hours {
        None => Commitment::Availability(Availability { target, strict }),
        Some(hours) => Commitment::AvailabilityWithin(AvailabilityWithin { target, strict, hours }),
    })
}

/// The share that is promised, without judging it.
pub(super) fn share(keys: &AvailabilityKeys) -> Option<Fraction> {
    keys.above.as_ref().or(keys.at_least.as_ref()).map(|key| key.value)
}

fn promised(at: Place, keys: &AvailabilityKeys, report: &mut Report<'_>) -> Option<Availability> {
    let (at, message) = match (&keys.above, &keys.at_least) {
        (Some(above), None) if above.value == (Fraction { p: 1, q: 1 }) => (
            above.at,
            say!(
                "nothing is above 100%; write `at_least: 100%`",
                "nulla supera il 100%; scrivi `at_least: 100%`"
            ),
        ),
        (Some(above), None) => return Some(Availability { target: above.value, strict: true }),
        (None, Some(at_least)) => return Some(Availability { target: at_least.value, strict: false }),
        (Some(above), Some(at_least)) => (
            above.at.max(at_least.at),
            say!(
                "both `above` and `at_least`; the promise is one of them",
                "sia `above` sia `at_least`; l'impegno è uno dei due"
            ),
        ),
        (None, None) => (
            at,
            say!(
                "the share of the year is missing: `above: 98%` or `at_least: 98%`",
                "manca la quota dell'anno: `above: 98%` (più del) o `at_least: 98%` (almeno)"
            ),
        ),
    };
    report.problem(at, message);
    None
}

fn timeliness(keys: &TimelinessKeys, context: &Context<'_>, report: &mut Report<'_>) -> Option<Timeliness> {
    let within = keys.within.value;
    let roll = rolls(keys, report)?;
    let by_calendar = within.unit.is_working() || roll;
    let hours = match &keys.hours {
        Some(hours) if by_calendar && hours.value == "24x7" => {
            let message = say!(
                "`{within}` needs a calendar that closes; `24x7` never does: name one of `calendars`, or write `days` or \
                 `hours`",
                "`{within}` ha bisogno di un calendario che chiude; `24x7` non chiude mai: nominane uno di `calendars`, o \
                 scrivi `days` o `hours`"
            );
            report.problem(hours.at, message);
            return None;
        }
        Some(hours) if by_calendar => {
            if !calendars::is_known(hours, &context.calendars, report) {
                return None;
            }
            Id::new(hours.value.as_str()).ok()
        }
        Some(hours) => {
            let message = if within.unit == WithinUnit::Days {
                say!(
                    "`hours` has no meaning here: `{within}` counts every day; did you mean `working days`, or `roll: true`?",
                    "`hours` qui non significa nulla: `{within}` conta tutti i giorni; forse `working days`, o `roll: true`?"
                )
            } else {
                say!(
                    "`hours` has no meaning here: `{within}` counts every hour; did you mean `working hours`?",
                    "`hours` qui non significa nulla: `{within}` conta tutte le ore; forse `working hours`?"
                )
            };
            report.problem(hours.at, message);
            return None;
        }
        None if roll => {
            let message = say!(
                "`roll` needs a calendar that says which days are open: name one of `calendars` with `hours`",
                "`roll` ha bisogno di un calendario che dica quali giorni sono aperti: nominane uno di `calendars` con `hours`"
            );
            report.problem(keys.roll.as_ref().map_or(keys.within.at, |roll| roll.at), message);
            return None;
        }
        None if within.unit.is_working() => {
            let message = say!(
                "`{within}` needs a calendar: name one of `calendars` with `hours`",
                "`{within}` ha bisogno di un calendario: nominane uno di `calendars` con `hours`"
            );
            report.problem(keys.within.at, message);
            return None;
        }
        None => None,
    };
    let share = keys.share.as_ref().map_or(Fraction { p: 1, q: 1 }, |share: &At<Fraction>| share.value);
    Some(Timeliness { within, share, hours, roll })
}

/// Does the limit move on from a closed day? `None` if it could never end on one.
fn rolls(keys: &TimelinessKeys, report: &mut Report<'_>) -> Option<bool> {
    let within = keys.within.value;
    match &keys.roll {
        Some(roll) if within.unit != WithinUnit::Days => {
            let message = say!(
                "`roll` has no meaning here: only a limit in `days` can end on a closed day, `{within}` cannot",
                "`roll` qui non significa nulla: solo un termine in `days` può scadere in un giorno di chiusura, `{within}` no"
            );
            report.problem(roll.at, message);
            None
        }
        roll => Some(roll.as_ref().is_some_and(|roll| roll.value)),
    }
}
