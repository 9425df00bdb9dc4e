//! Incidents that nobody would be told of: recipients are named, and none of them is told of their severity.

use crate::text::say;
use crate::yaml::component::ComponentKeys;
use crate::yaml::file::FileKeys;
use crate::yaml::shape::{At, Named, Report};
use crate::{About, Component, Concern, Id, Recipient, Service, Severity};

/// Of services and components that say who is told, or how urgent they are. A charter without recipients knows it.
pub(in crate::resolve) fn warn(
    keys: &FileKeys,
    services: &[Service],
    recipients: &[Recipient],
    report: &mut Report<'_>,
) {
    if recipients.is_empty() {
        return;
    }
    let nobody = Said { alert: &[], severity: Severity::Page };
    report.within("services", |report| {
        for (name, keys) in keys.services.sound() {
            let Some(service) = services.iter().find(|service| service.id == name.value) else { continue };
            report.within(name.value.as_str(), |report| {
                // Without a component nothing can be down.
                if service.components.is_empty() {
                    return;
                }
                let said = nobody.and(&service.about);
                if !said.is_heard(recipients) {
                    unheard(name, &said, report);
                    return;
                }
                parts(keys.components.as_ref(), &service.components, said, recipients, report);
            });
        }
    });
}

fn parts(
    keys: Option<&Named<ComponentKeys>>,
    components: &[Component],
    above: Said<'_>,
    recipients: &[Recipient],
    report: &mut Report<'_>,
) {
    for (name, keys) in keys.into_iter().flat_map(Named::sound) {
        let Some(component) = components.iter().find(|component| component.id == name.value) else {
            continue;
        };
        report.within(name.value.as_str(), |report| {
            let said = above.and(&component.about);
            if !said.is_heard(recipients) {
                unheard(name, &said, report);
                return;
            }
            let inner = keys.common.parts.as_ref().map(|parts| &parts.value);
            parts(inner, component.node.parts(), said, recipients, report);
        });
    }
}

/// Recipients have addresses, and no mail leaves: said once, at the first of them.
pub(in crate::resolve) fn warn_unmailed(keys: &FileKeys, report: &mut Report<'_>) {
    if keys.collector.as_ref().is_some_and(|collector| collector.mail.is_some()) {
        return;
    }
    let alerting = keys.alerting.iter().flat_map(Named::sound);
    let mut addressed =
        alerting.filter(|(_, recipient)| recipient.to.as_ref().is_some_and(|to| !to.is_empty()));
    let Some((name, _)) = addressed.next() else { return };
    let message = say!(
        "nobody is mailed: `collector` has no `mail`, which says who takes the mails; what would have been told is on \
         the page, in the log and in `vedetta today`",
        "nessuno riceve posta: a `collector` manca `mail`, che dice chi prende la posta; ciò che si sarebbe detto è \
         nella pagina, nel registro di sistema e in `vedetta today`"
    );
    report.within("alerting", |report| report.warning(name.at, message));
}

/// What is said here, or above.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    alert: &'a [Id],
    severity: Severity,
}

impl<'a> Said<'a> {
    fn and(self, about: &'a About) -> Self {
        Self {
            alert: if about.alert.is_empty() { self.alert } else { &about.alert },
            severity: about.severity.unwrap_or(self.severity),
        }
    }

    fn is_heard(&self, recipients: &[Recipient]) -> bool {
        let concern = if self.severity == Severity::Page { Concern::Page } else { Concern::Ticket };
        let named = |one: &&Recipient| self.alert.is_empty() || self.alert.contains(&one.id);
        recipients.iter().filter(named).any(|one| one.told_of.contains(&concern))
    }
}

fn unheard(name: &At<Id>, said: &Said<'_>, report: &mut Report<'_>) {
    let severity = said.severity.name();
    let message = say!(
        "nobody is told when it is down: none of its recipients is told of `{severity}`; see `told_of` under `alerting`, \
         `alert` and `severity` here",
        "nessuno è avvisato quando è fermo: nessuno dei suoi destinatari riceve `{severity}`; guarda `told_of` sotto \
         `alerting`, `alert` e `severity` qui"
    );
    report.warning(name.at, message);
}
