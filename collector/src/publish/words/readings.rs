//! Other readings of the rules, in words. A rule or value that this version does not know stands as written.

use super::{Lang, verdict};
use crate::publish::api::{Alternative, Outlook, Standing};

/// A rule's name for people; the key stands beside it.
pub(crate) fn rule(key: &str, lang: Lang) -> String {
    let (it, en) = match key {
        "maintenance" => ("fermo programmato", "planned stop"),
        "late_entries" => ("annuncio tardivo", "late announcement"),
        "notice" => ("preavviso", "notice"),
        "known_min" => ("testimoni che devono sapere", "witnesses that must know"),
        "confirm_up" => ("successi che chiudono un fermo", "oks that end it"),
        "unknown" => ("non osservato, nel valore", "unobserved time, in the headline"),
        "vantages" => ("sonde di una sede", "agents of one site"),
        "sites" => ("sedi", "sites"),
        "confirm_down" => ("fallimenti che fanno un fermo", "fails that make down"),
        "composition" => ("componenti", "components"),
        "strict" => ("soglia", "threshold"),
        "extent" => ("anno parziale", "partial year"),
        "external_causes" => ("cause esterne", "external causes"),
        key => return key.to_owned(),
    };
    match lang {
        Lang::It => it.to_owned(),
        Lang::En => en.to_owned(),
    }
}

/// A rule's value for people.
pub(crate) fn value(key: &str, value: &str, lang: Lang) -> String {
    if lang == Lang::En {
        return value.replace('_', " ");
    }
    let it = match (key, value) {
        ("maintenance", "counts") => "conta",
        ("maintenance", "excluded") => "escluso",
        ("external_causes", "counts") => "contano",
        ("external_causes", "excluded") => "escluse",
        ("maintenance", "excluded_down") => "esclusi i soli fermi",
        ("maintenance", "as_up") => "conta come disponibile",
        ("late_entries", "recorded") => "senza effetto",
        ("late_entries", "effective") => "vale",
        ("unknown", "apart") => "a parte",
        ("unknown", "down") => "come fermo",
        ("unknown", "up") => "come disponibile",
        ("composition", "all components") => "tutti disponibili",
        ("composition", "mean of components") => "media dei componenti",
        ("strict", "above") => "oltre",
        ("strict", "at_least") => "almeno",
        ("extent", "measured") => "dall'inizio della misura",
        ("extent", "whole_period") => "periodo intero",
        ("composition", mean) => {
            return mean.replacen("mean of", "media di", 1).replace(", each alike", ", con lo stesso peso");
        }
        ("vantages" | "sites", vote) => return vote_words(vote),
        (_, value) => value,
    };
    it.to_owned()
}

/// `half down, 2 known` as `fermo se lo vede almeno la metà, con 2 che sanno`.
fn vote_words(vote: &str) -> String {
    let Some(config::Vote { down_if, known_min }) = config::Vote::parse(vote) else { return vote.to_owned() };
    let told = match down_if {
        config::DownIf::Majority => "fermo se lo vede la maggioranza".to_owned(),
        config::DownIf::Half => "fermo se lo vede almeno la metà".to_owned(),
        config::DownIf::Any => "fermo se lo vede anche uno solo".to_owned(),
        config::DownIf::All => "fermo se lo vedono tutti".to_owned(),
        config::DownIf::AtLeast(count) => format!("fermo se lo vedono almeno {count}"),
    };
    if known_min > 1 { format!("{told}, con almeno {known_min} che sanno") } else { told }
}

/// Would another reading end otherwise? One sentence for the screen.
pub(crate) fn summary(readings: &[Alternative], provisional: bool, lang: Lang) -> String {
    let said = |reading: &Alternative| outcome(reading, provisional, lang);
    let Some(ours) = readings.iter().find(|reading| reading.ours).map(said) else { return String::new() };
    let others: Vec<&Alternative> = readings.iter().filter(|reading| !reading.ours).collect();
    let differing = others.iter().filter(|reading| said(reading) != ours);
    let told: Vec<String> = differing
        .map(|reading| {
            let value = value(&reading.rule, &reading.value, lang);
            format!("{} «{value}» {}", rule(&reading.rule, lang), said(reading).unwrap_or_default())
        })
        .collect();
    match (lang, told.as_slice()) {
        (Lang::It, []) => {
            format!("con ciascuna di {} altre letture delle regole l'esito è lo stesso", others.len())
        }
        (Lang::En, []) => {
            format!("with each of {} other readings of the rules the outcome is the same", others.len())
        }
        (Lang::It, told) => {
            format!("l'esito cambia con {} di {}: {}", told.len(), others.len(), told.join("; "))
        }
        (Lang::En, told) => {
            format!("the outcome differs with {} of {}: {}", told.len(), others.len(), told.join("; "))
        }
    }
}

/// How the promise stands under a reading; `None` without a promise.
pub(crate) fn outcome(reading: &Alternative, provisional: bool, lang: Lang) -> Option<&'static str> {
    let standing: Standing = reading.standing?;
    Some(verdict(standing, reading.outlook.unwrap_or(Outlook::Open), provisional, lang))
}
