//! The template of Zabbix, as its importer would look at it.

use super::*;

const ITEM: &[&str] = &[
    "uuid",
    "name",
    "type",
    "key",
    "delay",
    "history",
    "trends",
    "value_type",
    "units",
    "description",
    "valuemap",
    "preprocessing",
    "master_item",
    "url",
    "timeout",
    "status_codes",
    "tags",
    "triggers",
    "trigger_prototypes",
];
const TRIGGER: &[&str] = &["uuid", "expression", "name", "priority", "description", "manual_close", "tags"];
const RULE: &[&str] = &[
    "uuid",
    "name",
    "type",
    "key",
    "delay",
    "lifetime",
    "description",
    "item_prototypes",
    "master_item",
    "lld_macro_paths",
    "preprocessing",
];
const TEMPLATE: &[&str] =
    &["uuid", "template", "name", "description", "groups", "items", "discovery_rules", "macros", "valuemaps"];
const STEPS: &[(&str, usize)] = &[
    ("PROMETHEUS_PATTERN", 3),
    ("PROMETHEUS_TO_JSON", 1),
    ("MULTIPLIER", 1),
    ("CHANGE_PER_SECOND", 1),
    ("JAVASCRIPT", 1),
];

/// The template, and what was met of it so far.
#[derive(Default)]
struct Read {
    uuids: BTreeSet<String>,
    keys: BTreeSet<String>,
    expressions: Vec<String>,
    valuemaps: BTreeSet<String>,
}

#[track_caller]
fn only(of: &Value, keys: &[&str]) {
    for key in of.as_mapping().unwrap().keys() {
        assert!(keys.contains(&key.as_str().unwrap()), "{key:?} in {of:?}");
    }
}

impl Read {
    /// 32 hexadecimal digits of version 4 (RFC 4122), each once.
    #[track_caller]
    fn uuid(&mut self, of: &Value) {
        let uuid = text(of, "uuid");
        let is_hex = uuid.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let is_4 = uuid.len() == 32 && uuid.as_bytes()[12] == b'4' && b"89ab".contains(&uuid.as_bytes()[16]);
        assert!(is_hex && is_4, "{uuid}");
        assert!(self.uuids.insert(uuid.to_owned()), "{uuid} twice");
    }

    fn item(&mut self, item: &Value, is_prototype: bool) {
        only(item, ITEM);
        self.uuid(item);
        let key = text(item, "key");
        assert!(self.keys.insert(key.to_owned()), "{key} twice");
        assert_eq!(key.contains("{#"), is_prototype, "{key}");
        assert!(!text(item, "name").is_empty(), "{key}");
        let value_type = text(item, "value_type");
        assert!(["FLOAT", "CHAR", "TEXT"].contains(&value_type), "{key}: {value_type}");
        // Only numbers have trends.
        assert_eq!(value_type != "FLOAT", text(item, "trends") == "0", "{key}");
        match text(item, "type") {
            "HTTP_AGENT" => assert!(text(item, "url").ends_with("/metrics"), "{key}"),
            "DEPENDENT" => depends(item),
            other => panic!("{key}: {other}"),
        }
        if let Some(valuemap) = item.get("valuemap") {
            self.valuemaps.insert(text(valuemap, "name").to_owned());
        }
        for step in list(item, "preprocessing") {
            prepares(step);
        }
        let (own, other) = if is_prototype {
            ("trigger_prototypes", "triggers")
        } else {
            ("triggers", "trigger_prototypes")
        };
        assert!(item.get(other).is_none(), "{key}");
        for trigger in list(item, own) {
            only(trigger, TRIGGER);
            self.uuid(trigger);
            assert!(["WARNING", "AVERAGE", "HIGH"].contains(&text(trigger, "priority")), "{trigger:?}");
            assert!(
                !text(trigger, "name").is_empty() && !text(trigger, "description").is_empty(),
                "{trigger:?}"
            );
            self.expressions.push(text(trigger, "expression").to_owned());
        }
    }

    fn rule(&mut self, rule: &Value) {
        only(rule, RULE);
        self.uuid(rule);
        assert_eq!(text(rule, "type"), "DEPENDENT");
        depends(rule);
        let steps = list(rule, "preprocessing");
        assert_eq!(text(&steps[0], "type"), "PROMETHEUS_TO_JSON");
        for step in steps {
            prepares(step);
        }
        let macros: BTreeSet<&str> =
            list(rule, "lld_macro_paths").iter().map(|path| text(path, "lld_macro")).collect();
        assert!(!macros.is_empty() && !list(rule, "item_prototypes").is_empty());
        for item in list(rule, "item_prototypes") {
            self.item(item, true);
            for used in macros_of(&serde_yaml::to_string(item).unwrap()) {
                assert!(macros.contains(used.as_str()), "{used} is not discovered");
            }
        }
    }
}

#[track_caller]
fn depends(of: &Value) {
    let master = of.get("master_item").map(|master| text(master, "key"));
    assert_eq!((text(of, "delay"), master), ("0", Some("vedetta.metriche")), "{of:?}");
}

/// `{#NAME}`s of a text.
fn macros_of(text: &str) -> BTreeSet<String> {
    let pieces = text.split("{#").skip(1).filter_map(|piece| piece.split_once('}'));
    pieces.map(|(name, _)| format!("{{#{name}}}")).collect()
}

/// A step of preprocessing: its words, and metrics and labels that there are.
#[track_caller]
fn prepares(step: &Value) {
    only(step, &["type", "parameters", "error_handler", "error_handler_params"]);
    let (kind, parameters) = (text(step, "type"), list(step, "parameters"));
    let count = STEPS.iter().find(|(known, _)| *known == kind).map(|(_, count)| *count);
    assert_eq!(count, Some(parameters.len()), "{step:?}");
    assert!(["", "DISCARD_VALUE", "CUSTOM_VALUE"].contains(&text(step, "error_handler")), "{step:?}");
    let parameter = |at: usize| parameters[at].as_str().unwrap();
    match kind {
        "PROMETHEUS_PATTERN" => {
            let labels = exists(parameter(0));
            match (parameter(1), parameter(2)) {
                ("value", "") | ("function", "count") => {}
                ("label", label) => assert!(labels.contains(label), "{label} of {step:?}"),
                other => panic!("{other:?}"),
            }
        }
        "PROMETHEUS_TO_JSON" if !parameter(0).starts_with('{') => drop(exists(parameter(0))),
        _ => {}
    }
}

/// The labels of the metric of a pattern, which is exported with all the labels that the pattern names.
#[track_caller]
fn exists(pattern: &str) -> BTreeSet<String> {
    let name: String = pattern.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let labels = exported().remove(&name).unwrap_or_else(|| panic!("`{name}` is not exported"));
    let within = pattern.split_once('{').map_or("", |(_, rest)| rest);
    for pair in within.split(',').filter(|pair| pair.contains('=')) {
        let label = pair.split(['=', '~']).next().unwrap();
        assert!(labels.contains(label), "`{name}` has no label `{label}`");
    }
    labels
}

/// Every `/Vedetta/KEY` of an expression; a key ends where its brackets do.
fn keys_of(expression: &str) -> Vec<String> {
    let pieces = expression.split("/Vedetta/").skip(1);
    let key = |piece: &str| {
        let mut depth = 0_i32;
        let end = piece.find(|c| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            depth == 0 && (c == ')' || c == ',')
        });
        piece[..end.unwrap_or(piece.len())].to_owned()
    };
    pieces.map(key).collect()
}

#[test]
fn zabbix_would_take_the_template_and_every_metric_in_it_is_exported() {
    let file = shipped("zabbix/vedetta.yaml");
    let export = file.get("zabbix_export").unwrap();
    only(export, &["version", "date", "groups", "templates"]);
    assert_eq!(text(export, "version"), "6.0");
    let mut read = Read::default();
    for group in list(export, "groups") {
        read.uuid(group);
    }
    let [template] = list(export, "templates") else { panic!("not one template") };
    only(template, TEMPLATE);
    read.uuid(template);
    assert_eq!(text(template, "template"), "Vedetta");
    for item in list(template, "items") {
        read.item(item, false);
    }
    for rule in list(template, "discovery_rules") {
        read.rule(rule);
    }
    for valuemap in list(template, "valuemaps") {
        read.uuid(valuemap);
    }
    let known: BTreeSet<String> =
        list(template, "valuemaps").iter().map(|valuemap| text(valuemap, "name").to_owned()).collect();
    assert_eq!(known, read.valuemaps);
    assert_eq!(list(template, "discovery_rules").len(), 3);
    assert!(read.expressions.len() > 10);
    for expression in &read.expressions {
        let keys = keys_of(expression);
        assert!(!keys.is_empty(), "{expression}");
        for key in keys {
            assert!(read.keys.contains(&key), "{key} of {expression} is no item");
        }
    }
    let used = serde_yaml::to_string(template).unwrap();
    for name in list(template, "macros").iter().map(|one| text(one, "macro")) {
        assert!(used.matches(name).count() > 1, "{name} is not used");
    }
}
