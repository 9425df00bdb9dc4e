//! What a charter says that no figure of this version looks at: said by `vedetta check`, so that nobody
//! believes in a rule that is only written down.

use crate::text::{Text, say};
use crate::{Charter, Check, Component, FigureRule, Node, Part, Readings, Service};

/// Names of an item that are listed before "…".
const NAMES_MAX: usize = 3;

impl Charter {
    /// One sentence about what is recorded without effect on figures; `None` when all of it counts.
    pub fn without_effect(&self) -> Option<Text> {
        let services = || self.services.iter();
        let components =
            || services().flat_map(|service| service.components.iter().map(move |own| (service, own)));
        let with = |has: fn(&Component) -> bool| {
            components().filter(move |(_, component)| has(component)).map(|(service, own)| path(service, own))
        };
        let checks = |has: fn(&Check) -> bool| {
            self.checks().filter(move |check| has(check)).map(|check| check.id.to_string())
        };
        let unmeasured = services().filter(|service| service.unmeasured().next().is_some());
        let means = services().filter(|service| service.figure != FigureRule::AllUp);
        let items = [
            item(
                &say!(
                    "promises other than a share of the year",
                    "gli impegni diversi da una quota dell'anno"
                ),
                unmeasured.map(|s| s.id.to_string()),
            ),
            item(&Text::same("`figure`"), means.map(|service| service.id.to_string())),
            item(&Text::same("`needs`"), with(|component| !component.needs.is_empty())),
            item(&Text::same("`group_by`"), with(groups)),
            item(&Text::same("`behind`"), checks(|check| check.facts.behind.is_some())),
            item(&Text::same("`weight`"), checks(|check| check.facts.weight.is_some())),
            item(&Text::same("`rules`"), readings(self.rules.readings)),
            item(&Text::same("`calendars`"), self.calendars.iter().map(|calendar| calendar.id.to_string())),
            item(&Text::same("`alerting`"), self.alerting.iter().map(|recipient| recipient.id.to_string())),
        ];
        let items: Vec<Text> = items.into_iter().flatten().collect();
        if items.is_empty() {
            return None;
        }
        let en = items.iter().map(|item| item.en.as_str()).collect::<Vec<_>>().join("; ");
        let it = items.iter().map(|item| item.it.as_str()).collect::<Vec<_>>().join("; ");
        Some(say!(
            "recorded, but without effect on figures in this version: {en}",
            "registrati, ma senza effetto sulle cifre in questa versione: {it}"
        ))
    }
}

fn item(what: &Text, names: impl Iterator<Item = String>) -> Option<Text> {
    let names: Vec<String> = names.collect();
    let more = if names.len() > NAMES_MAX { ", …" } else { "" };
    let shown = names.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| say!("{what} ({shown}{more})", "{what} ({shown}{more})"; what))
}

fn path(service: &Service, component: &Component) -> String {
    format!("{}.{}", service.id, component.id)
}

fn groups(component: &Component) -> bool {
    let grouped = |part: &Part| part.group_by.is_some();
    match &component.node {
        Node::Part(part) => grouped(part),
        Node::All(parts) => parts.iter().any(groups),
    }
}

/// The keys of readings that are not what nobody needs to say.
fn readings(readings: Readings) -> impl Iterator<Item = String> {
    let default = Readings::default();
    let keys = [
        ("maintenance", readings.maintenance != default.maintenance),
        ("late_entries", readings.late_entries != default.late_entries),
        ("notice", readings.notice_ms != default.notice_ms),
    ];
    keys.into_iter().filter(|(_, said)| *said).map(|(key, _)| key.to_owned())
}
