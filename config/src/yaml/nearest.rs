//! What somebody may have meant who wrote a word that is not known here.

use crate::mask::SECRET_KEYS;
use crate::text::{Text, say};

/// Words that others use for ours: distance alone would not find them.
const SYNONYMS: [(&str, &str); 52] = [
    ("servizi", "services"),
    ("sedi", "sites"),
    ("siti", "sites"),
    ("calendari", "calendars"),
    ("impegni", "commitments"),
    ("componenti", "components"),
    ("parti", "parts"),
    ("bersagli", "targets"),
    ("sonde", "agents"),
    ("utenti", "users"),
    ("nome", "name"),
    ("indirizzo", "address"),
    ("zona", "area"),
    ("peso", "weight"),
    ("orari", "hours"),
    ("festivi", "holidays"),
    ("ping", "icmp"),
    ("state_directory", "state"),
    ("interval", "every"),
    ("frequency", "every"),
    ("period", "every"),
    ("retries", "attempts"),
    ("retry", "attempts"),
    ("quorum", "up_if"),
    ("checks", "targets"),
    ("target", "targets"),
    ("hosts", "targets"),
    ("host", "targets"),
    ("address", "targets"),
    ("url", "targets"),
    ("urls", "targets"),
    ("server", "targets"),
    ("servers", "targets"),
    ("kind", "probe"),
    ("type", "probe"),
    ("type", "kind"),
    ("locations", "from"),
    ("where", "from"),
    ("question", "ask"),
    ("query", "ask"),
    ("expected", "expect"),
    ("title", "name"),
    ("description", "note"),
    ("sla", "commitments"),
    ("holiday", "holidays"),
    ("schedule", "hours"),
    ("depends_on", "needs"),
    ("email", "to"),
    ("group", "area"),
    ("valid_from", "since"),
    ("valid_to", "until"),
    ("renamed_from", "was"),
];

/// Keys of the full grammar that this version does not read yet.
const LATER: [&str; 3] = ["down_after", "secret", "controller"];

/// The sentence for a key that is not known.
pub(crate) fn unknown_key(key: &str, known: &[&str]) -> Text {
    // First: who is told "did you mean …?" would leave the secret in the file.
    if SECRET_KEYS.contains(&key) {
        return say!(
            "unknown key `{key}`; no secret stands in this file: write `secret: NAME`, a file of the agent",
            "chiave sconosciuta `{key}`; in questo file non sta nessun segreto: scrivi `secret: NOME`, un file della sonda"
        );
    }
    if let Some(meant) = nearest(key, known) {
        return say!(
            "unknown key `{key}`, did you mean `{meant}`?",
            "chiave sconosciuta `{key}`, forse `{meant}`?"
        );
    }
    if LATER.contains(&key) {
        return say!(
            "the key `{key}` is not available in this version",
            "la chiave `{key}` non è disponibile in questa versione"
        );
    }
    if matches!(key, "timezone" | "time_zone" | "tz") {
        return say!(
            "unknown key `{key}`; days and hours are those of Europe/Rome",
            "chiave sconosciuta `{key}`; giorni e ore sono quelli di Europe/Rome"
        );
    }
    if known.len() > LISTED_MAX {
        let near = alike(key, known).join(", ");
        return say!(
            "unknown key `{key}`; among those known here: {near}",
            "chiave sconosciuta `{key}`; tra quelle che qui si conoscono: {near}"
        );
    }
    let known = known.join(", ");
    say!("unknown key `{key}`; known here: {known}", "chiave sconosciuta `{key}`; qui si conoscono: {known}")
}

/// More known words than this are a wall that nobody reads.
const LISTED_MAX: usize = 12;

/// The few known words that are most like one, the nearest first.
fn alike<'k>(word: &str, known: &[&'k str]) -> Vec<&'k str> {
    nearest_names(word, known, LISTED_MAX / 2)
}

/// The `count` known names that are most like a word, the nearest first; of equally near ones the earlier.
pub fn nearest_names<'k>(word: &str, known: &[&'k str], count: usize) -> Vec<&'k str> {
    let mut near = known.to_vec();
    near.sort_by_cached_key(|known| distance(word, known));
    near.truncate(count);
    near
}

/// The sentence for a word that is not one of a few; in Italian `what` has its article.
#[expect(clippy::needless_pass_by_value, reason = "a message is made where it is said")]
pub(crate) fn unknown_value(what: Text, value: &str, known: &[&str]) -> Text {
    if let Some(meant) = nearest(value, known) {
        return say!(
            "unknown {what} `{value}`, did you mean `{meant}`?",
            "{what} `{value}` non esiste, forse `{meant}`?"; what
        );
    }
    let known = known.join(", ");
    say!("unknown {what} `{value}`; known: {known}", "{what} `{value}` non esiste; ci sono: {known}"; what)
}

/// The known word that `word` most likely stands for; the earlier one of two equally near.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_lowercase();
    let synonym = SYNONYMS.iter().filter(|(theirs, _)| *theirs == word).map(|(_, ours)| *ours);
    let mut synonyms = synonym.filter_map(|ours| known.iter().find(|known| **known == ours));
    if let Some(ours) = synonyms.next() {
        return Some(ours);
    }
    // A third of the letters wrong is still a slip; more is another word.
    let tolerated = (word.chars().count() / 3).clamp(1, 3);
    let near = |known: &&&str| known.len().abs_diff(word.len()) <= 4 * tolerated;
    known
        .iter()
        .filter(near)
        .map(|known| (distance(&word, &known.to_lowercase()), *known))
        .filter(|(distance, known)| *distance <= tolerated && *distance < known.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). Words are cut
/// at 64 characters: no key of ours is as long.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i];
        for j in 1..=b.len() {
            let replace = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_synonyms_are_understood() {
        let known = ["every", "timeout", "attempts", "targets", "up_if", "from"];
        for (word, meant) in [
            ("interval", Some("every")),
            ("evrey", Some("every")),
            ("tiemout", Some("timeout")),
            ("Timeout", Some("timeout")),
            ("target", Some("targets")),
            ("upif", Some("up_if")),
            ("banana", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, &known), meant, "{word}");
        }
    }

    #[test]
    fn distance_counts_slips() {
        for (a, b, slips) in [("", "", 0), ("abc", "", 3), ("form", "from", 1), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), slips, "{a} {b}");
            assert_eq!(distance(b, a), slips, "{b} {a}");
        }
    }
}
