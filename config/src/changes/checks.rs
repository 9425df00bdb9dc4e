//! Changes of the targets of one part, and of what each is asked.

use serde_json::Value;

use super::{Changes, key_of, listed, part_of};
use crate::text::{Text, say};
use crate::yaml::duration::Millis;
use crate::{Check, Judged, Part, Probe, TargetFacts, Timing};

impl Changes {
    pub(super) fn part(&mut self, path: &str, old: &Part, new: &Part) {
        let Part { up_if, checks, group_by } = new;
        let of = say!("of the component `{path}`", "del componente `{path}`");
        self.value(&key_of("up_if", &of), &old.up_if, up_if);
        self.facts(&of, [("group_by", old.group_by.as_ref(), group_by.as_ref())]);
        let renamed = |check: &Check| {
            let was = check.facts.was.as_ref()?;
            old.checks.iter().find(|before| before.id == *was)
        };
        let taken: Vec<_> = checks.iter().filter_map(renamed).map(|before| &before.id).collect();
        let same = |check: &Check| {
            let free = |before: &&Check| before.target == check.target && !taken.contains(&&before.id);
            old.checks.iter().find(free)
        };
        let pairs: Vec<_> = checks.iter().map(|check| renamed(check).or_else(|| same(check))).collect();
        let lives = |before: &Check| pairs.iter().flatten().any(|pair| pair.id == before.id);
        for gone in old.checks.iter().filter(|before| !lives(before)) {
            self.say(say!("the check `{}` is gone", "il controllo `{}` non c'è più", gone.id));
        }
        for (check, before) in checks.iter().zip(&pairs) {
            let id = &check.id;
            if let Some(before) = before {
                if before.target != check.target {
                    self.say(say!(
                        "the check `{id}` continues what was `{}`",
                        "il controllo `{id}` continua quello che era `{}`",
                        before.target
                    ));
                }
                self.check(before, check);
            } else {
                let (from, every) = (listed(&check.from), Millis(check.timing.every_ms));
                self.say(say!(
                    "the check `{id}` is new: {} of {}, from {from}, every {every}",
                    "il controllo `{id}` è nuovo: {} di {}, da {from}, ogni {every}",
                    check.probe.kind(), check.probe.target(); from
                ));
            }
        }
    }

    fn check(&mut self, old: &Check, new: &Check) {
        let Check { id, target: _, from, timing, measures_path, probe, facts, judged } = new;
        let of = say!("of the check `{id}`", "del controllo `{id}`");
        self.value(&part_of(say!("the target", "il bersaglio"), &of), &old.probe.target(), &probe.target());
        let what = part_of(say!("the list of sites", "l'elenco delle sedi"), &of);
        self.text(&what, &listed(&old.from), &listed(from));
        self.timing(&of, old.timing, *timing);
        self.value(&key_of("measures_path", &of), &old.measures_path, measures_path);
        let TargetFacts { area, behind, weight, since, until, was: _, note } = facts;
        let before = &old.facts;
        self.facts(
            &of,
            [
                ("area", before.area.as_ref(), area.as_ref()),
                ("behind", before.behind.as_ref(), behind.as_ref()),
                ("note", before.note.as_ref(), note.as_ref()),
            ],
        );
        self.facts(&of, [("weight", before.weight, *weight)]);
        self.facts(&of, [("since", before.since, *since), ("until", before.until, *until)]);
        let Judged { confirm_down, confirm_up, vantages, sites } = *judged;
        let before = old.judged;
        self.facts(
            &of,
            [
                ("confirm_down", before.confirm_down, confirm_down),
                ("confirm_up", before.confirm_up, confirm_up),
            ],
        );
        self.facts(&of, [("vantages", before.vantages, vantages), ("sites", before.sites, sites)]);
        self.parameters(&of, &old.probe, probe);
    }

    fn timing(&mut self, of: &Text, old: Timing, new: Timing) {
        let mut duration = |key: &str, old: u64, new: u64| {
            self.value(&key_of(key, of), &Millis(old), &Millis(new));
        };
        duration("every", old.every_ms, new.every_ms);
        duration("timeout", old.timeout_ms, new.timeout_ms);
        duration("hold", old.hold_ms, new.hold_ms);
        self.value(&key_of("attempts", of), &old.attempts, &new.attempts);
        for (key, old, new) in [("warn", old.warn_ms, new.warn_ms), ("crit", old.crit_ms, new.crit_ms)] {
            self.optional(&key_of(key, of), old.map(Millis).as_ref(), new.map(Millis).as_ref());
        }
    }

    /// The parameters are compared as an assignment carries them, so that no kind is forgotten here.
    fn parameters(&mut self, of: &Text, old: &Probe, new: &Probe) {
        if old.kind() != new.kind() {
            self.value(&part_of(say!("the kind", "il tipo"), of), &old.kind(), &new.kind());
            return;
        }
        let (old, new) = (parameters(old), parameters(new));
        let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            match (old.get(key), new.get(key)) {
                (before, after) if before == after => {}
                // Pages of PEM say nothing to a reader; and the target has its own sentence.
                (before, after) if is_authority(key) => {
                    let what = match key.rsplit_once('.') {
                        None => say!("the authority {of}", "l'autorità {of}"; of),
                        Some(_) => key_of(key, of),
                    };
                    self.say(match (before, after) {
                        (None, _) => say!("{what} is set", "{what} adesso c'è"; what),
                        (_, None) => say!("{what} is no longer set", "{what} non c'è più"; what),
                        _ => say!("{what} is another", "{what} è un'altra"; what),
                    });
                }
                _ if matches!(key.as_str(), "address" | "server" | "url" | "issuer") => {}
                (before, after) => self.optional(&key_of(key, of), before, after),
            }
        }
    }
}

/// The keys of a kind; those below `tls` beside the others, as they are told, and every authority apart from what it
/// stands in.
fn parameters(probe: &Probe) -> serde_json::Map<String, Value> {
    let mut parameters = own_parameters(probe);
    if let Some(Value::Object(tls)) = parameters.remove("tls") {
        if !matches!(probe, Probe::Http(_) | Probe::Journey(_) | Probe::Oidc(_) | Probe::Saml(_)) {
            parameters.insert("tls".to_owned(), Value::Bool(true));
        }
        for (key, value) in tls {
            let key = if key == AUTHORITY { key } else { format!("tls.{key}") };
            parameters.insert(key, value);
        }
    }
    let mut authorities = serde_json::Map::new();
    for (key, value) in &mut parameters {
        take_authorities(value, key, &mut authorities);
    }
    parameters.extend(authorities);
    parameters
}

/// The key of a PEM file's text, wherever it stands.
const AUTHORITY: &str = "authority";

fn is_authority(key: &str) -> bool {
    key.rsplit('.').next() == Some(AUTHORITY)
}

/// Takes every authority out of what stands below `path`, whatever the kind nests; its depth is that of our own types.
fn take_authorities(value: &mut Value, path: &str, taken: &mut serde_json::Map<String, Value>) {
    match value {
        Value::Object(keys) => {
            if let Some(authority) = keys.remove(AUTHORITY) {
                taken.insert(format!("{path}.{AUTHORITY}"), authority);
            }
            for (key, value) in keys {
                take_authorities(value, &format!("{path}.{key}"), taken);
            }
        }
        Value::Array(items) => {
            for (item, number) in items.iter_mut().zip(1..) {
                take_authorities(item, &format!("{path}.{number}"), taken);
            }
        }
        _ => {}
    }
}

fn own_parameters(probe: &Probe) -> serde_json::Map<String, Value> {
    match serde_json::to_value(probe) {
        Ok(Value::Object(parameters)) => parameters,
        // Numbers, texts and lists always become JSON.
        _ => serde_json::Map::new(),
    }
}
