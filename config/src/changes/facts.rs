//! Changes of what stands beside the tree: readings, calendars, recipients, what people need to know.
//!
//! Each structure is taken apart by all its fields, so that a new one does not compile until it is told.

use super::{Changes, key_of, listed, listed_texts, matched, part_of};
use crate::text::{Text, say};
use crate::yaml::duration::Millis;
use crate::{
    About, Approved, Calendar, CharterAct, Exception, Organisation, Readings, Recipient, Rules, Severity,
};

impl Changes {
    pub(super) fn organisation(&mut self, old: &Organisation, new: &Organisation) {
        let Organisation { name, unit, ipa_code, contact } = new;
        self.value(&say!("the organisation", "l'ente"), &old.name, name);
        self.optional(&say!("the unit", "l'ufficio"), old.unit.as_ref(), unit.as_ref());
        self.optional(&say!("the IPA code", "il codice IPA"), old.ipa_code.as_ref(), ipa_code.as_ref());
        let what = say!("the contact of the organisation", "il contatto dell'ente");
        self.optional(&what, old.contact.as_ref(), contact.as_ref());
    }

    pub(super) fn act(&mut self, old: &CharterAct, new: &CharterAct) {
        let CharterAct { act, in_force_from, measured_from } = new;
        self.optional(&say!("the act", "l'atto"), old.act.as_ref(), act.as_ref());
        let what = say!("the day the charter is in force from", "il giorno da cui la Carta è in vigore");
        self.optional(&what, old.in_force_from.as_ref(), in_force_from.as_ref());
        let what = say!("the day measuring counts from", "il giorno da cui la misura conta");
        self.optional(&what, old.measured_from.as_ref(), measured_from.as_ref());
    }

    pub(super) fn rules(&mut self, old: &Rules, new: &Rules) {
        let Rules { confirm_down, confirm_up, coverage_min, readings } = new;
        let rule = |key: &str| say!("the rule `{key}`", "la regola `{key}`");
        self.value(&rule("confirm_down"), &old.confirm_down, confirm_down);
        self.value(&rule("confirm_up"), &old.confirm_up, confirm_up);
        self.value(&rule("coverage_min"), &old.coverage_min, coverage_min);
        let Readings { maintenance, late_entries, notice_ms, unknown, vantages, sites } = readings;
        let old = &old.readings;
        self.value(&rule("maintenance"), &old.maintenance.word(), &maintenance.word());
        self.value(&rule("late_entries"), &old.late_entries.word(), &late_entries.word());
        self.value(&rule("notice"), &Millis(old.notice_ms), &Millis(*notice_ms));
        self.value(&rule("unknown"), &old.unknown.word(), &unknown.word());
        self.value(&rule("vantages"), &old.vantages, vantages);
        self.value(&rule("sites"), &old.sites, sites);
    }

    pub(super) fn calendars(&mut self, old: &[Calendar], new: &[Calendar]) {
        let (pairs, gone) = matched(old, new, |calendar| &calendar.id, |_| None);
        for gone in gone {
            self.say(say!("the calendar `{}` is gone", "il calendario `{}` non c'è più", gone.id));
        }
        for (calendar, before) in new.iter().zip(pairs) {
            let Calendar { id, act, hours, holidays, exceptions } = calendar;
            let Some(before) = before else {
                let message =
                    say!("the calendar `{id}` is new: {hours}", "il calendario `{id}` è nuovo: {hours}");
                self.say(message);
                continue;
            };
            let of = say!("of the calendar `{id}`", "del calendario `{id}`");
            self.optional(&part_of(say!("the act", "l'atto"), &of), before.act.as_ref(), act.as_ref());
            let what = part_of(say!("the hours", "gli orari"), &of);
            self.value(&what, &before.hours.to_string(), &hours.to_string());
            let what = part_of(say!("the list of holidays", "l'elenco delle festività"), &of);
            self.text(&what, &listed(&before.holidays), &listed(holidays));
            let what = part_of(say!("the list of exceptions", "l'elenco delle eccezioni"), &of);
            self.text(&what, &days(&before.exceptions), &days(exceptions));
        }
    }

    pub(super) fn alerting(&mut self, old: &[Recipient], new: &[Recipient]) {
        let (pairs, gone) = matched(old, new, |recipient| &recipient.id, |_| None);
        for gone in gone {
            self.say(say!("the recipient `{}` is gone", "il destinatario `{}` non c'è più", gone.id));
        }
        for (recipient, before) in new.iter().zip(pairs) {
            let Recipient { id, to, webhook, when, told_of, escalate_after_ms } = recipient;
            let addresses = listed(to);
            let Some(before) = before else {
                let reached = match webhook {
                    Some(webhook) if to.is_empty() => Text::same(webhook.to_string()),
                    Some(webhook) => say!("{addresses}, {webhook}", "{addresses}, {webhook}"; addresses),
                    None => addresses,
                };
                self.say(say!(
                    "the recipient `{id}` is new: {reached}, {when}",
                    "il destinatario `{id}` è nuovo: {reached}, {when}"; reached
                ));
                continue;
            };
            let of = say!("of the recipient `{id}`", "del destinatario `{id}`");
            let what = part_of(say!("the list of addresses", "l'elenco degli indirizzi"), &of);
            self.text(&what, &listed(&before.to), &addresses);
            self.optional(&key_of("webhook", &of), before.webhook.as_ref(), webhook.as_ref());
            self.value(&key_of("hours", &of), &before.when.to_string(), &when.to_string());
            self.text(&key_of("told_of", &of), &listed(&before.told_of), &listed(told_of));
            let after = |ms: &Option<u64>| ms.map(Millis);
            let (old, new) = (after(&before.escalate_after_ms), after(escalate_after_ms));
            self.optional(&key_of("escalate_after", &of), old.as_ref(), new.as_ref());
        }
    }

    pub(super) fn about(&mut self, of: &Text, old: &About, new: &About) {
        let About { owner, contact, runbook, note, alert, severity, alert_after_ms, list_approved } = new;
        self.facts(
            of,
            [
                ("owner", old.owner.as_ref(), owner.as_ref()),
                ("contact", old.contact.as_ref(), contact.as_ref()),
                ("runbook", old.runbook.as_ref(), runbook.as_ref()),
                ("note", old.note.as_ref(), note.as_ref()),
            ],
        );
        self.text(&key_of("alert", of), &listed(&old.alert), &listed(alert));
        let word = |severity: &Option<Severity>| severity.map(Severity::name);
        let (was, is) = (word(&old.severity), word(severity));
        self.optional(&key_of("severity", of), was.as_ref(), is.as_ref());
        let (was, is) = (old.alert_after_ms.map(Millis), alert_after_ms.map(Millis));
        self.optional(&key_of("alert_after", of), was.as_ref(), is.as_ref());
        let act = |approved: &Approved| format!("{} ({})", approved.act, approved.on);
        self.facts(
            of,
            [("list_approved", old.list_approved.as_ref().map(act), list_approved.as_ref().map(act))],
        );
    }
}

/// Days that an act closes or opens.
fn days(exceptions: &[Exception]) -> Text {
    listed_texts(exceptions.iter().map(|Exception { on, hours, act }| {
        let hours = if hours.is_empty() { say!("closed", "chiuso") } else { listed(hours) };
        let act = act.as_ref().map_or_else(String::new, |act| format!(" ({act})"));
        say!("{on} {hours}{act}", "{on} {hours}{act}"; hours)
    }))
}
