//! Who may be told when, by the charter's recipients and calendars. Times are of the wall in Europe/Rome.

use config::{Calendar, Charter, Concern, Holiday, Id, Opening, Recipient, When};
use jiff::civil::{Date, Weekday};

use crate::period::{instant_ms, minute_of};

/// The morning mail's hour.
const MORNING: (i8, i8) = (7, 30);

/// Recipients and calendars of a charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    recipients: Vec<Recipient>,
    calendars: Vec<Calendar>,
    working: Option<Id>,
}

impl Policy {
    /// Working days are those of the calendar of whoever is told in the morning, or of the first one; without any,
    /// Monday to Friday but for Italy's holidays.
    pub fn of(charter: &Charter) -> Self {
        let mornings = charter.alerting.iter().filter(|one| one.told_of.contains(&Concern::Morning));
        let mut named = mornings.filter_map(|one| match &one.when {
            When::Calendar(id) => Some(id),
            When::Always | When::Week(_) => None,
        });
        let working = named.next().or_else(|| charter.calendars.first().map(|calendar| &calendar.id));
        Self {
            recipients: charter.alerting.clone(),
            working: working.cloned(),
            calendars: charter.calendars.clone(),
        }
    }

    /// Recipients of a concern, in the file's order, of those in `alert` if that names any.
    pub(super) fn concerned<'a>(
        &'a self,
        alert: &'a [Id],
        concern: Concern,
    ) -> impl Iterator<Item = &'a Recipient> {
        let named = move |one: &&Recipient| alert.is_empty() || alert.contains(&one.id);
        self.recipients.iter().filter(named).filter(move |one| one.told_of.contains(&concern))
    }

    /// The same, by name.
    pub(super) fn everybody(&self, concern: Concern) -> Vec<Id> {
        self.concerned(&[], concern).map(|one| one.id.clone()).collect()
    }

    /// May this one be disturbed now?
    pub(super) fn may_hear(&self, recipient: &Recipient, at_ms: i64) -> bool {
        let (day, minute) = minute_of(at_ms);
        let is_open = |hours: &[Opening]| hours.iter().any(|open| (open.from..open.to).contains(&minute));
        match &recipient.when {
            When::Always => true,
            When::Week(week) => {
                let place = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
                week.0.get(place).is_some_and(|hours| is_open(hours))
            }
            // One that is gone closes nobody's ears.
            When::Calendar(id) => self.calendar(id).is_none_or(|calendar| is_open(calendar.hours_on(day))),
        }
    }

    /// The recipient of a name, while there is one.
    pub(super) fn recipient(&self, id: &Id) -> Option<&Recipient> {
        self.recipients.iter().find(|one| one.id == *id)
    }

    /// Is it a working day?
    pub(super) fn is_worked(&self, day: Date) -> bool {
        match self.working.as_ref().and_then(|id| self.calendar(id)) {
            Some(calendar) => !calendar.hours_on(day).is_empty(),
            None => {
                !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !Holiday::Italy.falls_on(day)
            }
        }
    }

    /// When the morning mail of a day is due, Unix ms; `None` on a day that nobody works.
    pub(super) fn morning_ms(&self, day: Date) -> Option<i64> {
        let (hour, minute) = MORNING;
        self.is_worked(day).then(|| instant_ms(day.at(hour, minute, 0, 0)))
    }

    fn calendar(&self, id: &Id) -> Option<&Calendar> {
        self.calendars.iter().find(|calendar| calendar.id == *id)
    }
}
