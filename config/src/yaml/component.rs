//! A component: parts, or one probe and its targets.
//!
//! `probe: KIND` and the parameters of that kind stand on one level with the keys every component has,
//! because that is how people write. So the keys are sorted first: common ones to [`Common`], all
//! others to the kind.

use jiff::civil::Date;
use serde_json::json;

use crate::problem::Place;
use crate::text::say;
use crate::yaml::duration::Millis;
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::probe::ProbeKeys;
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Named, Report, Shape, shape};
use crate::{Id, Quorum, Severity, SiteId, Vote};

shape! {
    /// The keys of every component and part.
    Common {
        /// Its title for people.
        name: optional String,
        /// May it be shown to the public?
        publish: optional bool,
        /// Who answers for it.
        owner: optional String,
        /// Whom to call.
        contact: optional String,
        /// What to do when it is down: a text or an address.
        runbook: optional String,
        /// Who is told, by their names under `alerting`.
        alert: optional Vec<At<Id>>,
        /// How urgent it is that it is down: `page` or `ticket`.
        severity: optional At<Severity>,
        /// Down for less than this in all, it is told the next morning only.
        alert_after: optional At<Millis>,
        /// For whoever reads.
        note: optional String,
        /// Its name before this one: its history goes on.
        was: optional At<Id>,
        /// Part of the service from this day on.
        since: optional At<Date>,
        /// Part of the service until the end of this day.
        until: optional At<Date>,
        /// Measuring it counts from this day.
        measured_from: optional At<Date>,
        /// Components without which it is of no use.
        needs: optional Vec<At<String>>,
        /// The act that approved the list of targets.
        list_approved: optional ApprovedKeys,
        /// What it is made of, instead of a probe.
        parts: decisive At<Named<ComponentKeys>>,
        /// What kind of check.
        probe: decisive At<String>,
        /// What is watched, by name.
        targets: decisive At<Targets>,
        /// The column by which targets are shown together: `area`.
        group_by: optional At<String>,
        /// How many of its targets or parts must be up.
        up_if: decisive At<UpIf>,
        /// Which sites probe.
        from: optional From,
        /// Time between two slots.
        every: optional At<Millis>,
        /// One attempt's deadline.
        timeout: optional At<Millis>,
        /// Attempts of one sample.
        attempts: optional At<u32>,
        /// How long a sample speaks.
        hold: optional At<Millis>,
        /// Slower is degraded.
        warn: optional At<Millis>,
        /// Slower is down.
        crit: optional At<Millis>,
        /// Is the path part of what is measured?
        measures_path: optional bool,
        /// Its weight beside other parts, where they are counted by weight.
        weight: optional At<u32>,
        /// Consecutive fails that make down, instead of the rule.
        confirm_down: optional At<u32>,
        /// Consecutive oks that end it, instead of the rule.
        confirm_up: optional At<u32>,
        /// How the agents of one site vote, instead of the rule.
        vantages: optional At<Vote>,
        /// How the sites vote, instead of the rule.
        sites: optional At<Vote>,
    }
}

shape! {
    /// `list_approved:`
    ApprovedKeys {
        /// Number of the act.
        act: required String,
        /// Its day.
        on: required Date,
    }
}

/// A component with its kind's parameters.
#[derive(Debug)]
pub(crate) struct ComponentKeys {
    pub(crate) at: Place,
    pub(crate) common: Common,
    /// `None` without `probe:`.
    pub(crate) probe: Option<ProbeKeys>,
}

impl Shape for ComponentKeys {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let what = say!(
                "a map with `probe:` and `targets:`, or with `parts:`",
                "una mappa con `probe:` e `targets:`, o con `parts:`"
            );
            return report.expected(None, node, what);
        };
        let is_common = |entry: &&Entry| Common::KEYS.contains(&entry.key.as_str());
        let own: Vec<&Entry> = entries.iter().filter(|entry| !is_common(entry)).collect();
        // What the targets of a kind that is not known look like is not known either.
        let is_known = node.get("probe").is_none_or(ProbeKeys::is_known);
        let common = entries.iter().filter(is_common).filter(|entry| is_known || entry.key != "targets");
        let common = Common::read_entries(common, node.at, report);
        let probe = match node.get("probe") {
            Some(kind) => Some(ProbeKeys::read(kind, &own, node.at, report)?),
            None => without_probe(&own, report),
        };
        Some(Self { at: node.at, common: common?, probe })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        definitions.refer("ComponentKeys", |definitions| {
            let kinds = crate::yaml::probe::schemas(definitions);
            let mut properties = schema::properties(Common::schema_of_keys(definitions));
            let every = kinds.iter().flat_map(|kind| kind.keys.iter().map(move |key| (kind.word, key)));
            if let serde_json::Value::Object(properties) = &mut properties {
                for (word, key) in every {
                    let doc = format!("probe: {word}: {}", key.doc.trim());
                    let known = properties.get(key.name).and_then(|known| known["description"].as_str());
                    let doc = known.map_or_else(|| doc.clone(), |known| format!("{known} {doc}"));
                    properties.insert(key.name.to_owned(), json!({"description": doc}));
                }
                let words = schema::words(kinds.iter().map(|kind| kind.word));
                properties.insert(
                    "probe".to_owned(),
                    json!({"description": "What kind of check.", "allOf": [words]}),
                );
            }
            let without = json!({
                "if": {"not": {"required": ["probe"]}},
                "then": {"propertyNames": schema::words(Common::KEYS.iter().copied())},
            });
            let by_kind = kinds.into_iter().map(|kind| kind.when_probed(Common::KEYS));
            json!({
                "type": "object",
                "description": "A component: parts, or one probe and its targets.",
                "properties": properties,
                "additionalProperties": false,
                "allOf": by_kind.chain([without]).collect::<Vec<_>>(),
            })
        })
    }
}

/// Without a kind, every key that is not common to all is unknown.
fn without_probe(own: &[&Entry], report: &mut Report<'_>) -> Option<ProbeKeys> {
    for entry in own {
        match ProbeKeys::owner(&entry.key) {
            Some(owner) => {
                let message = say!(
                    "the key `{}` belongs to `probe: {owner}`; write it beside that `probe`, with `parts` in each of them",
                    "la chiave `{}` è di `probe: {owner}`; scrivila accanto a quel `probe`, con `parts` in ognuna di esse",
                    entry.key
                );
                report.problem(entry.key_at, message);
            }
            None => report.unknown_key(entry, Common::KEYS),
        }
    }
    None
}

/// `up_if:`
#[derive(Debug, Clone, Copy)]
pub(crate) struct UpIf {
    pub(crate) quorum: Quorum,
    /// The M of `N of M`, which must be the number of targets or parts.
    pub(crate) of: Option<usize>,
}

impl Shape for UpIf {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let quorum = Quorum::read(node, report)?;
        let of = match node.scalar().and_then(|text| text.split_once(" of ")) {
            Some((_, members)) => {
                let Ok(members) = members.trim().parse() else {
                    let what =
                        say!("a number after `of`, as in `2 of 3`", "un numero dopo `of`, come in `2 of 3`");
                    return report.expected(None, node, what);
                };
                Some(members)
            }
            None => None,
        };
        Some(Self { quorum, of })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        Quorum::schema(definitions)
    }
}

/// `targets:`
#[derive(Debug)]
pub(crate) enum Targets {
    /// Each with its address.
    Here(Named<Target>),
    /// `{file: x.csv}`: rows of a file beside this one.
    File(At<String>),
}

shape! {
    /// A target of which more is said than its address. In a CSV file, these are the columns.
    TargetKeys {
        /// Where it is, as its kind of probe wants it.
        address: required At<String>,
        /// Where it stands, for `group_by: area`.
        area: optional String,
        /// The target it hangs on, such as the switch of an access point.
        behind: optional At<String>,
        /// The switch of an access point and its port there, for `fallback: switch_port`.
        switch_port: optional At<String>,
        /// Its weight in a mean.
        weight: optional At<u32>,
        /// Part of the component from this day on.
        since: optional At<Date>,
        /// Part of the component until the end of this day.
        until: optional At<Date>,
        /// Its name before this one: its history goes on.
        was: optional At<Id>,
        /// For whoever reads.
        note: optional String,
    }
}

/// `dns1: 10.0.0.53`, or a map of which that is the `address`.
#[derive(Debug)]
pub(crate) struct Target(pub(crate) TargetKeys);

impl Target {
    /// Nothing is said but where it is.
    pub(crate) fn at(address: At<String>) -> Self {
        Self(TargetKeys {
            address,
            area: None,
            behind: None,
            switch_port: None,
            weight: None,
            since: None,
            until: None,
            was: None,
            note: None,
        })
    }
}

impl Shape for Target {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        if let Value::Map(_) = node.value {
            return TargetKeys::read(node, report).map(Self);
        }
        At::read(node, report).map(Self::at)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let keys = TargetKeys::schema(definitions);
        schema::any([schema::scalar(), keys])
    }
}

impl Shape for Targets {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        if let Value::Map(entries) = &node.value {
            if let [only] = entries.as_slice()
                && only.key == "file"
            {
                return At::read(&only.node, report).map(Self::File);
            }
            return Named::read(node, report).map(Self::Here);
        }
        let named = say!(
            "targets with names, such as `{{dns1: 10.0.0.53}}` (history, alerts and reports speak of names), or \
             `{{file: targets.csv}}`",
            "bersagli con un nome, come `{{dns1: 10.0.0.53}}` (storia, avvisi e relazioni parlano di nomi), o \
             `{{file: targets.csv}}`"
        );
        report.expected(None, node, named)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let file = json!({
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "string"}},
            "additionalProperties": false,
        });
        let named = schema::named(&Target::schema(definitions));
        schema::any([file, named])
    }
}

/// `from:`
#[derive(Debug, Clone)]
pub(crate) enum From {
    /// The sites of the service's users.
    Users,
    /// These.
    Sites(Vec<At<SiteId>>),
}

impl Shape for From {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        match node.scalar() {
            Some("users") => Some(Self::Users),
            _ => Vec::read(node, report).map(Self::Sites),
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let sites = <Vec<SiteId>>::schema(definitions);
        schema::any([schema::words(["users"]), sites])
    }
}
