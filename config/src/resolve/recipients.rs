//! Recipients of alarms, and who refers to them.

use super::{Context, calendars, webhook};
use crate::text::say;
use crate::yaml::alerting::RecipientKeys;
use crate::yaml::nearest;
use crate::yaml::shape::{At, Named, Report};
use crate::{Concern, Id, Recipient, Severity, Week, When};

/// Every recipient without a defect, in the file's order.
pub(super) fn recipients(
    keys: Option<&Named<RecipientKeys>>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Vec<Recipient> {
    let sound = keys.into_iter().flat_map(Named::sound);
    sound
        .filter_map(|(name, keys)| {
            report.within(name.value.as_str(), |report| {
                let to: Vec<String> = keys.to.iter().flatten().filter_map(|to| address(to, report)).collect();
                let webhook = webhook::webhook(keys, report);
                if keys.to.as_ref().is_none_or(Vec::is_empty) && webhook == Some(None) {
                    let message = say!(
                        "`{}` cannot be told anything: write `to`, mail addresses, or `webhook`",
                        "a `{}` non si può dire nulla: scrivi `to`, indirizzi di posta, o `webhook`",
                        name.value
                    );
                    report.problem(name.at, message);
                }
                let when = keys
                    .hours
                    .as_ref()
                    .map_or_else(|| Some(When::usual()), |hours| when(hours, context, report));
                Some(Recipient {
                    id: name.value.clone(),
                    to,
                    webhook: webhook?,
                    when: when?,
                    told_of: told_of(keys.told_of.as_ref(), report),
                    escalate_after_ms: keys.escalate_after.as_ref().map(|after| after.value.0),
                })
            })
        })
        .collect()
}

/// `alert:` of a service or component: names of recipients.
pub(super) fn alert(keys: Option<&Vec<At<Id>>>, context: &Context<'_>, report: &mut Report<'_>) -> Vec<Id> {
    let mut told = Vec::new();
    for key in keys.into_iter().flatten() {
        if context.recipients.contains(&key.value.as_str()) {
            told.push(key.value.clone());
            continue;
        }
        let what = say!("recipient", "il destinatario");
        let message = if context.recipients.is_empty() {
            say!(
                "unknown recipient `{}`; `alerting` names none",
                "destinatario sconosciuto `{}`; `alerting` non ne nomina nessuno",
                key.value
            )
        } else {
            nearest::unknown_value(what, key.value.as_str(), &context.recipients)
        };
        report.problem(key.at, message);
    }
    told
}

/// Each once; a recipient of nothing is a slip.
fn told_of(keys: Option<&At<Vec<Concern>>>, report: &mut Report<'_>) -> Vec<Concern> {
    let Some(keys) = keys else { return Concern::usual() };
    let twice = keys.value.iter().enumerate().find(|(place, concern)| keys.value[..*place].contains(concern));
    if let Some((_, concern)) = twice {
        report.problem(keys.at, say!("`{concern}` stands here twice", "`{concern}` c'è due volte"));
    }
    if keys.value.is_empty() {
        let message = say!(
            "told of nothing: name `page`, `ticket`, `morning` or `digest`, or leave the key out",
            "non riceverebbe nulla: nomina `page`, `ticket`, `morning` o `digest`, o togli la chiave"
        );
        report.problem(keys.at, message);
    }
    keys.value.clone()
}

/// `severity:` of a service or component. A trend is nobody's alarm.
pub(super) fn severity(key: Option<&At<Severity>>, report: &mut Report<'_>) -> Option<Severity> {
    let key = key?;
    if key.value != Severity::Trend {
        return Some(key.value);
    }
    let message = say!(
        "what is down is `page` or `ticket`; `trend` is for the tiers of a budget",
        "ciò che è fermo è `page` o `ticket`; `trend` vale per le soglie del margine"
    );
    report.problem(key.at, message);
    None
}

/// One `@` between two parts without spaces, the second one a name with a dot.
pub(super) fn address(key: &At<String>, report: &mut Report<'_>) -> Option<String> {
    let plausible = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
    let (local, domain) = key.value.split_once('@').unwrap_or_default();
    let is_domain = domain.contains('.') && !domain.contains('@') && !domain.starts_with('.');
    if plausible(local) && plausible(domain) && is_domain && key.value.len() <= 254 {
        return Some(key.value.clone());
    }
    let message = say!(
        "`{}` is not a mail address such as `ufficio@comune.example`",
        "`{}` non è un indirizzo di posta come `ufficio@comune.example`",
        key.value
    );
    report.problem(key.at, message);
    None
}

/// `24x7`, hours, or the name of a calendar.
fn when(key: &At<String>, context: &Context<'_>, report: &mut Report<'_>) -> Option<When> {
    if key.value == "24x7" {
        return Some(When::Always);
    }
    if let Some(week) = Week::parse(&key.value) {
        return Some(When::Week(week));
    }
    if let Ok(id) = Id::new(key.value.as_str()) {
        return calendars::is_known(key, &context.calendars, report).then_some(When::Calendar(id));
    }
    let message = say!(
        "`{}` is neither `24x7`, nor a calendar, nor hours such as `mon-sat 07:30-20:00`",
        "`{}` non è `24x7`, né un calendario, né un orario come `mon-sat 07:30-20:00`",
        key.value
    );
    report.problem(key.at, message);
    None
}
