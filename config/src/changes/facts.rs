//! Changes of what stands beside the tree: readings, calendars, recipients, what people need to know.
//!
//! Each structure is taken apart by all its fields, so that a new one does not compile until it is told.

use super::{Changes, listed, missing};
use crate::yaml::duration::Millis;
use crate::{About, Approved, Calendar, Exception, Id, Organisation, Readings, Recipient, Rules};

impl Changes {
    /// Facts that are texts or nothing, each with its name.
    pub(super) fn facts<const N: usize>(
        &mut self,
        of: &str,
        facts: [(&str, Option<impl ToString>, Option<impl ToString>); N],
    ) {
        for (name, old, new) in facts {
            let (old, new) = (old.map(|fact| fact.to_string()), new.map(|fact| fact.to_string()));
            self.optional(&format!("`{name}` {of}"), old.as_ref(), new.as_ref());
        }
    }

    pub(super) fn organisation(&mut self, old: &Organisation, new: &Organisation) {
        let Organisation { name, unit, ipa_code, contact } = new;
        self.value("the organisation", &old.name, name);
        self.optional("the unit", old.unit.as_ref(), unit.as_ref());
        self.optional("the IPA code", old.ipa_code.as_ref(), ipa_code.as_ref());
        self.optional("the contact of the organisation", old.contact.as_ref(), contact.as_ref());
    }

    pub(super) fn rules(&mut self, old: &Rules, new: &Rules) {
        let Rules { confirm_down, confirm_up, coverage_min, readings } = new;
        self.value("the rule `confirm_down`", &old.confirm_down, confirm_down);
        self.value("the rule `confirm_up`", &old.confirm_up, confirm_up);
        self.value("the rule `coverage_min`", &old.coverage_min, coverage_min);
        let Readings { maintenance, late_entries, notice_ms, unknown, vantages, sites } = readings;
        let before = &old.readings;
        self.value("the rule `maintenance`", &before.maintenance.word(), &maintenance.word());
        self.value("the rule `late_entries`", &before.late_entries.word(), &late_entries.word());
        self.value("the rule `notice`", &Millis(before.notice_ms), &Millis(*notice_ms));
        self.value("the rule `unknown`", &before.unknown.word(), &unknown.word());
        self.value("the rule `vantages`", &before.vantages, vantages);
        self.value("the rule `sites`", &before.sites, sites);
    }

    pub(super) fn calendars(&mut self, old: &[Calendar], new: &[Calendar]) {
        for gone in missing(old, new, |calendar| &calendar.id, |_| None) {
            self.say(format!("the calendar `{}` is gone", gone.id));
        }
        for calendar in new {
            let Calendar { id, act, hours, holidays, exceptions } = calendar;
            let Some(before) = old.iter().find(|before| before.id == *id) else {
                self.say(format!("the calendar `{id}` is new: {hours}"));
                continue;
            };
            let of = format!("of the calendar `{id}`");
            self.optional(&format!("the act {of}"), before.act.as_ref(), act.as_ref());
            self.value(&format!("the hours {of}"), &before.hours.to_string(), &hours.to_string());
            self.value(&format!("the holidays {of}"), &listed(&before.holidays), &listed(holidays));
            let days = |exceptions: &[Exception]| {
                listed(exceptions.iter().map(|Exception { on, hours, act }| {
                    let hours = if hours.is_empty() { "closed".to_owned() } else { listed(hours) };
                    let act = act.as_ref().map_or_else(String::new, |act| format!(" by {act}"));
                    format!("{on} {hours}{act}")
                }))
            };
            self.value(&format!("the exceptions {of}"), &days(&before.exceptions), &days(exceptions));
        }
    }

    pub(super) fn alerting(&mut self, old: &[Recipient], new: &[Recipient]) {
        for gone in missing(old, new, |recipient| &recipient.id, |_| None) {
            self.say(format!("the recipient `{}` is gone", gone.id));
        }
        for Recipient { id, to, when } in new {
            let Some(before) = old.iter().find(|before| before.id == *id) else {
                self.say(format!("the recipient `{id}` is new: {}, {when}", listed(to)));
                continue;
            };
            self.value(&format!("the addresses of the recipient `{id}`"), &listed(&before.to), &listed(to));
            self.value(
                &format!("the hours of the recipient `{id}`"),
                &before.when.to_string(),
                &when.to_string(),
            );
        }
    }

    pub(super) fn about(&mut self, of: &str, old: &About, new: &About) {
        let About { owner, contact, runbook, note, alert, list_approved } = new;
        self.facts(
            of,
            [
                ("owner", old.owner.as_ref(), owner.as_ref()),
                ("contact", old.contact.as_ref(), contact.as_ref()),
                ("runbook", old.runbook.as_ref(), runbook.as_ref()),
                ("note", old.note.as_ref(), note.as_ref()),
            ],
        );
        self.value(&format!("`alert` {of}"), &listed(&old.alert), &listed(alert));
        let act = |approved: &Approved| format!("{} of {}", approved.act, approved.on);
        self.facts(
            of,
            [("list_approved", old.list_approved.as_ref().map(act), list_approved.as_ref().map(act))],
        );
    }

    pub(super) fn was(&mut self, what: &str, new: &str, old: &Id) {
        self.say(format!("the {what} `{new}` continues what was `{old}`"));
    }
}
