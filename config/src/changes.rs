//! What another charter changes, in words: shown before a reload and kept with the revision.
//!
//! Compares resolved charters, so that a rewritten file with the same meaning changes nothing. What is
//! new or gone as a whole is one sentence, not one for each of its checks; what was renamed with `was:` is
//! compared with what it was, as the figures go on from there, whatever else had its new name.

mod tree;
mod checks;
mod facts;

#[cfg(test)]
mod tests;

use std::fmt::Display;

use crate::text::say;
use crate::{Charter, Id, Lang, Text};

impl Charter {
    /// What `newer` changes, a sentence each, in the order of the file; empty only if both are equal.
    pub fn describe_changes(&self, newer: &Self, lang: Lang) -> Vec<String> {
        self.changes(newer).iter().map(|change| change.get(lang).to_owned()).collect()
    }

    fn changes(&self, newer: &Self) -> Vec<Text> {
        let mut changes = Changes::default();
        changes.organisation(&self.organisation, &newer.organisation);
        changes.act(&self.act, &newer.act);
        changes.rules(&self.rules, &newer.rules);
        let addresses = |charter: &Self| listed(charter.canaries.iter().map(|canary| &canary.address));
        changes.text(
            &say!("the list of canaries", "l'elenco dei canarini"),
            &addresses(self),
            &addresses(newer),
        );
        changes.calendars(&self.calendars, &newer.calendars);
        changes.sites(&self.sites, &newer.sites);
        changes.services(&self.services, &newer.services);
        changes.alerting(&self.alerting, &newer.alerting);
        if changes.0.is_empty() && self != newer {
            changes.say(say!(
                "the order of entries, or a `was`, is another",
                "è cambiato l'ordine delle voci, o un `was`"
            ));
        }
        changes.0
    }
}

#[derive(Debug, Default)]
struct Changes(Vec<Text>);

impl Changes {
    fn say(&mut self, sentence: Text) {
        self.0.push(sentence);
    }

    /// Something that always has a value.
    fn value<T: PartialEq + Display>(&mut self, what: &Text, old: &T, new: &T) {
        self.text(what, &Text::same(old.to_string()), &Text::same(new.to_string()));
    }

    /// Something that always has a value, in words.
    fn text(&mut self, what: &Text, old: &Text, new: &Text) {
        if old != new {
            self.say(say!("{what} is {new}, was {old}", "{what} è {new}, era {old}"; what, new, old));
        }
    }

    /// Something that may have a value.
    fn optional<T: PartialEq + Display>(&mut self, what: &Text, old: Option<&T>, new: Option<&T>) {
        match (old, new) {
            (Some(old), Some(new)) => self.value(what, old, new),
            (None, Some(new)) => {
                self.say(say!("{what} is {new}, was not set", "{what} è {new}, prima non c'era"; what));
            }
            (Some(old), None) => {
                self.say(say!("{what} is no longer set, was {old}", "{what} non c'è più, era {old}"; what));
            }
            (None, None) => {}
        }
    }

    /// Keys that have a value or none, `of` what they are.
    fn facts<const N: usize>(
        &mut self,
        of: &Text,
        facts: [(&str, Option<impl ToString>, Option<impl ToString>); N],
    ) {
        for (key, old, new) in facts {
            let (old, new) = (old.map(|fact| fact.to_string()), new.map(|fact| fact.to_string()));
            self.optional(&key_of(key, of), old.as_ref(), new.as_ref());
        }
    }
}

/// `` `every` of the check `s.c.t` ``
fn key_of(key: &str, of: &Text) -> Text {
    say!("`{key}` {of}", "`{key}` {of}"; of)
}

/// Something `of` something, each in both languages.
#[expect(clippy::needless_pass_by_value, reason = "a text is made where it is said")]
fn part_of(what: Text, of: &Text) -> Text {
    say!("{what} {of}", "{what} {of}"; what, of)
}

/// For each of `new` what it was: of the name that it says it `was`, or else of the same name. And those of
/// `old` that are none of them.
fn matched<'o, T>(
    old: &'o [T],
    new: &[T],
    id: impl Fn(&T) -> &Id,
    was: impl Fn(&T) -> Option<&Id>,
) -> (Vec<Option<&'o T>>, Vec<&'o T>) {
    let of = |wanted: &Id| old.iter().find(|before| id(before) == wanted);
    let renamed: Vec<_> = new.iter().map(|after| was(after).and_then(of)).collect();
    let taken = |before: &T, pairs: &[Option<&T>]| pairs.iter().flatten().any(|pair| id(pair) == id(before));
    let same = |after: &T| of(id(after)).filter(|before| !taken(before, &renamed));
    let pairs: Vec<_> =
        new.iter().zip(&renamed).map(|(after, renamed)| renamed.or_else(|| same(after))).collect();
    let gone = old.iter().filter(|before| !taken(before, &pairs)).collect();
    (pairs, gone)
}

fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> Text {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { say!("none", "vuoto") } else { Text::same(items.join(", ")) }
}

/// Texts, one after the other.
fn listed_texts(items: impl IntoIterator<Item = Text>) -> Text {
    let items: Vec<Text> = items.into_iter().collect();
    let join = |lang| items.iter().map(|item| item.get(lang)).collect::<Vec<_>>().join(", ");
    if items.is_empty() { listed::<String>([]) } else { Text { en: join(Lang::En), it: join(Lang::It) } }
}

fn counted(checks: usize) -> Text {
    match checks {
        0 => say!("no check", "nessun controllo"),
        1 => say!("1 check", "1 controllo"),
        checks => say!("{checks} checks", "{checks} controlli"),
    }
}
