//! The charter with every default applied, as a person reads it: 98%, 60s, a file's name for a file's text.
//!
//! Made from what the journal keeps, so that no value can be missing here that counts there. It cannot be read back
//! as a charter, and is not meant to be.

use anyhow::Context as _;
use config::{Charter, Fraction, Opening, Quorum, Readings, Vote, Week};
use serde_yaml::{Mapping, Value};

/// The charter as YAML.
pub(super) fn text(charter: &Charter) -> anyhow::Result<String> {
    let mut charter = charter.clone();
    for service in &mut charter.services {
        service.burn = service.burn_tiers();
    }
    let value = serde_yaml::to_value(&charter).context("the charter cannot be written as YAML")?;
    let mut shown = readable(value);
    if let Some(Value::Mapping(rules)) = shown.get_mut("rules") {
        rules.insert("readings".into(), Value::Mapping(readings(&charter.rules.readings)));
    }
    serde_yaml::to_string(&shown).context("the charter cannot be written as YAML")
}

/// All of them: a revision carries only what differs.
fn readings(readings: &Readings) -> Mapping {
    let Readings { maintenance, late_entries, notice_ms, unknown, vantages, sites } = *readings;
    let words = [
        ("vantages", vantages.to_string()),
        ("sites", sites.to_string()),
        ("unknown", unknown.word().to_owned()),
        ("maintenance", maintenance.word().to_owned()),
        ("late_entries", late_entries.word().to_owned()),
        ("notice", duration(notice_ms)),
    ];
    words.into_iter().map(|(key, word)| (key.into(), word.into())).collect()
}

fn readable(value: Value) -> Value {
    match value {
        Value::Tagged(tagged) => {
            let name = tagged.tag.to_string().trim_start_matches('!').to_owned();
            Value::Mapping(Mapping::from_iter([(Value::String(name), readable(tagged.value))]))
        }
        Value::Sequence(values) => values.into_iter().map(readable).collect(),
        Value::Mapping(map) => of_map(map),
        Value::String(text) if text.contains("-----BEGIN CERTIFICATE-----") => {
            let count = text.matches("-----BEGIN CERTIFICATE-----").count();
            Value::String(format!(
                "file ({count} {})",
                if count == 1 { "certificate" } else { "certificates" }
            ))
        }
        other => other,
    }
}

fn of_map(map: Mapping) -> Value {
    let whole = Value::Mapping(map);
    if let Ok(share) = serde_yaml::from_value::<Fraction>(whole.clone()) {
        return Value::String(share.to_string());
    }
    if let Ok(opening) = serde_yaml::from_value::<Opening>(whole.clone()) {
        return Value::String(opening.to_string());
    }
    let Value::Mapping(map) = whole else { return whole };
    Value::Mapping(map.into_iter().map(|(key, value)| entry(key, value)).collect())
}

/// `every: 1m` for `every_ms: 60000`, and the words of the file for what has words.
fn entry(key: Value, value: Value) -> (Value, Value) {
    let name = key.as_str().unwrap_or_default();
    if let Some(name) = name.strip_suffix("_ms") {
        let shown = value.as_u64().map_or(Value::Null, |ms| Value::String(duration(ms)));
        return (Value::String(name.to_owned()), shown);
    }
    let shown = match name {
        "up_if" => serde_yaml::from_value::<Quorum>(value.clone()).ok().map(|quorum| quorum.to_string()),
        "vantages" | "sites" => {
            serde_yaml::from_value::<Vote>(value.clone()).ok().map(|vote| vote.to_string())
        }
        "hours" => serde_yaml::from_value::<Week>(value.clone()).ok().map(|week| week.to_string()),
        _ => None,
    };
    (key, shown.map_or_else(|| readable(value), Value::String))
}

/// `1m30s`, as it would be written.
fn duration(ms: u64) -> String {
    let mut rest = ms;
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let parts = units.into_iter().filter_map(|(unit, length)| {
        let count = rest / length;
        rest %= length;
        (count > 0).then(|| format!("{count}{unit}"))
    });
    if ms == 0 { "0s".to_owned() } else { parts.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_can_read_it() {
        let charter = "organisation: {name: X}\nsites: {a: {agents: [a1]}}\ncalendars: {k: {hours: \"mon 08:00-14:00\"}}\n\
                       services: {s: {commitments: {kind: availability, at_least: 98.5%}, components: {c: {probe: tcp, vantages: any down, \
                       up_if: all but 1, every: 90s, targets: {t: \"h:1\", u: \"h:2\"}}}}}\n";
        let loaded = config::parse(charter, "f").unwrap_or_else(|refused| panic!("{refused}"));
        let text = text(&loaded.vedetta.charter).unwrap();
        for line in [
            "target: 98.5%",
            "up_if: all but 1",
            "every: 1m30s",
            "hours: mon 08:00-14:00",
            "timeout: 10s",
            "vantages: any \
              down",
            "sites: half down",
            "unknown: apart",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        for noise in ["_ms:", "!", " p: ", " q: "] {
            assert!(!text.contains(noise), "{noise}: {text}");
        }
        let pem = Value::String("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_owned());
        assert_eq!(readable(pem), Value::String("file (1 certificate)".to_owned()));
    }

    #[test]
    fn times_are_written_as_in_the_file() {
        for (ms, text) in [(0, "0s"), (60_000, "1m"), (90_000, "1m30s"), (500, "500ms"), (172_800_000, "2d")]
        {
            assert_eq!(duration(ms), text);
        }
    }
}
