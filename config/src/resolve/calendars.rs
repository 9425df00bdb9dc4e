//! Calendars: their days, each judged once.

use crate::text::say;
use crate::yaml::calendar::CalendarKeys;
use crate::yaml::nearest;
use crate::yaml::shape::{At, Named, Report};
use crate::{Calendar, Exception, Id};

/// Every calendar without a defect, in the file's order.
pub(super) fn calendars(keys: Option<&Named<CalendarKeys>>, report: &mut Report<'_>) -> Vec<Calendar> {
    let sound = keys.into_iter().flat_map(Named::sound);
    sound.map(|(name, keys)| report.within(name.value.as_str(), |report| one(name, keys, report))).collect()
}

fn one(name: &At<Id>, keys: &CalendarKeys, report: &mut Report<'_>) -> Calendar {
    if name.value.as_str() == "24x7" || keys.hours.0.iter().all(Vec::is_empty) {
        let message = say!("the calendar `{}` has no hours", "il calendario `{}` non ha orari", name.value);
        report.problem(name.at, message);
    }
    let closed =
        keys.closed.iter().flatten().map(|day| {
            (day.at, Exception { on: day.value.on, hours: Vec::new(), act: day.value.act.clone() })
        });
    let open = keys.open.iter().flatten().map(|day| {
        let hours = day.value.hours.clone();
        (day.at, Exception { on: day.value.on, hours, act: day.value.act.clone() })
    });
    let mut exceptions: Vec<Exception> = Vec::new();
    for (at, exception) in closed.chain(open) {
        let on = exception.on;
        if exceptions.iter().any(|other| other.on == on) {
            let message =
                say!("the day {on} is closed or opened twice", "il giorno {on} è chiuso o aperto due volte");
            report.problem(at, message);
        } else {
            exceptions.push(exception);
        }
    }
    let holidays = keys.holidays.iter().flatten().map(|holiday| holiday.value.clone()).collect();
    Calendar {
        id: name.value.clone(),
        act: keys.act.clone(),
        hours: keys.hours.clone(),
        holidays,
        exceptions,
    }
}

/// Is there a calendar of that name? Reports if not.
pub(super) fn is_known(word: &At<String>, known: &[&str], report: &mut Report<'_>) -> bool {
    if known.contains(&word.value.as_str()) {
        return true;
    }
    let message = if known.is_empty() {
        say!(
            "unknown calendar `{}`; `calendars` names none",
            "calendario sconosciuto `{}`; `calendars` non ne nomina nessuno",
            word.value
        )
    } else {
        nearest::unknown_value(say!("calendar", "il calendario"), &word.value, known)
    };
    report.problem(word.at, message);
    false
}
