//! From what was decided to rows: who is reached how, what they read, what programs read.

use std::sync::Arc;

use collector_derive::alert::{Decision, Line, Rise, Story, What};
use config::Charter;
use serde_json::{Value, json};
use tracing::{error, warn};

use crate::outbox::OutboxState;
use crate::outbox::queue::{Matter, Reach};
use crate::outbox::row::Content;
use crate::publish::mail::{self, Letter};
use crate::publish::words::alerts::line;
use crate::publish::{Alerting, Asked, Lang, Moment, Moments as _, incident, iso};
use crate::serve::moments::Present;

/// The rows of decisions that somebody is told of. Without `newest`, or when what is known cannot be computed, in bare
/// words: an alarm without figures is one all the same.
pub(super) fn rows(
    present: &Present,
    decisions: &[Decision],
    newest: Option<&Arc<Alerting>>,
) -> Vec<(Content, OutboxState)> {
    let outbox = &present.core.outbox;
    let charter = present.core.work.charter();
    let reach = Reach { charter: &charter, mail: outbox.courier.mail(), store: &outbox.store };
    let mut moment: Option<Option<Moment>> = None;
    let mut rows = Vec::new();
    for decision in decisions.iter().filter(|decision| !decision.to.is_empty()) {
        if decision.to.iter().all(|recipient| reach.ways(recipient).is_empty()) {
            warn!(
                decision = decision.key(),
                "nobody can be reached: there is no `collector.mail`, and no webhook"
            );
            continue;
        }
        let known = moment.get_or_insert_with(|| newest.and_then(|newest| known(present, newest)));
        let letter = match known {
            Some(moment) => {
                let page = outbox.courier.mail().and_then(|mail| mail.page.as_deref());
                let further = mail::periods(decision).into_iter();
                let further: Vec<Moment> =
                    further.filter_map(|period| present.moment(&Asked::of(period)).ok()).collect();
                outbox.templates.compose_with(decision, moment, &further, page)
            }
            None => bare(decision, &charter),
        };
        let (about, born_ms) = about(decision);
        let facts = facts(decision, &charter);
        let matter = Matter {
            key: decision.key(),
            about,
            born_ms,
            at_ms: decision.at_ms,
            to: &decision.to,
            letter: &letter,
            facts: &facts,
        };
        rows.extend(outbox.queue().rows_of(&matter, reach));
    }
    rows
}

/// What is known now, with what was just decided.
fn known(present: &Present, newest: &Arc<Alerting>) -> Option<Moment> {
    match present.moment(&Asked::default()) {
        Ok(moment) => Some(Moment { alerts: Some(Arc::clone(newest)), ..moment }),
        Err(error) => {
            error!(%error, "what a mail tells cannot be computed; it is told in bare words");
            None
        }
    }
}

/// What a decision is about, and since when.
fn about(decision: &Decision) -> (String, i64) {
    match &decision.what {
        What::Opened(story) | What::Again(story, _) | What::Closed(story) => {
            (format!("incident-{}", story.incident.number), story.incident.opened_ms)
        }
        What::Budget(_) | What::Morning(_) | What::Digest(_) => (decision.key(), 0),
    }
}

fn lines(decision: &Decision) -> Vec<Line> {
    match &decision.what {
        What::Opened(story) | What::Again(story, _) => vec![Line::Open(story.clone())],
        What::Closed(story) => {
            vec![Line::Ended(story.clone(), story.incident.up_since_ms.unwrap_or(decision.at_ms))]
        }
        What::Budget(Rise { key, year, level, .. }) => {
            vec![Line::Budget { key: key.clone(), year: *year, level: *level }]
        }
        What::Morning(morning) => morning.lines.clone(),
        What::Digest(_) => Vec::new(),
    }
}

/// In words that need no figures.
fn bare(decision: &Decision, charter: &Charter) -> Letter {
    let lines = lines(decision);
    let told = |lang| lines.iter().map(move |one| line(one, charter, decision.at_ms, lang));
    let it: Vec<String> = told(Lang::It).collect();
    let en: Vec<String> = told(Lang::En).collect();
    let subject = it.first().cloned().unwrap_or_else(|| decision.key());
    let text = format!("{}\n\n{}\n", it.join("\n"), en.join("\n"));
    letter(&subject, &text)
}

/// A letter of plain text.
pub(in crate::serve) fn letter(subject: &str, text: &str) -> Letter {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Letter {
        subject: subject.to_owned(),
        text: text.to_owned(),
        html: format!("<!doctype html><html lang=\"it\"><body><pre>{escaped}</pre></body></html>"),
        attachments: Vec::new(),
    }
}

/// What programs are told: a contract, keys are only added.
fn facts(decision: &Decision, charter: &Charter) -> Value {
    let kind = match &decision.what {
        What::Opened(_) => "opened",
        What::Again(..) => "again",
        What::Closed(_) => "closed",
        What::Budget(_) => "budget",
        What::Morning(_) => "morning",
        What::Digest(_) => "digest",
    };
    let lines = lines(decision);
    let words =
        |lang| -> Vec<String> { lines.iter().map(|one| line(one, charter, decision.at_ms, lang)).collect() };
    let mut facts = json!({
        "kind": kind,
        "key": decision.key(),
        "at": iso(decision.at_ms),
        "at_ms": decision.at_ms,
        "lines_it": words(Lang::It),
        "lines_en": words(Lang::En),
    });
    let more = match &decision.what {
        What::Opened(story) | What::Again(story, _) | What::Closed(story) => {
            ("incident", told(story, decision, charter))
        }
        What::Budget(Rise { key, year, level, rise, budget_ms, remaining_ms, up_of_known }) => (
            "budget",
            json!({
                "service": key.service, "hours": key.hours, "year": year, "level": level.name(), "rise": rise,
                "budget_ms": budget_ms, "remaining_ms": remaining_ms, "up_ms": up_of_known.0, "known_ms": up_of_known.1,
            }),
        ),
        What::Morning(morning) => ("day", json!(morning.day)),
        What::Digest(digest) => ("month", json!(digest.month.strftime("%Y-%m").to_string())),
    };
    if let Value::Object(facts) = &mut facts {
        facts.insert(more.0.to_owned(), more.1);
    }
    facts
}

/// As `/api/v1/alerts` tells it.
fn told(story: &Story, decision: &Decision, charter: &Charter) -> Value {
    let told = incident(&story.incident, decision.at_ms, charter);
    serde_json::to_value(&told).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::example;

    #[test]
    fn programs_are_told_what_people_are_told() {
        let moment = example::moment();
        let alerting = moment.alerts.as_deref().unwrap();
        let incident = alerting.open[0].clone();
        let story = Story { down_ms: incident.down_ms(alerting.at_ms), incident };
        let opened = Decision { at_ms: alerting.at_ms, what: What::Opened(story.clone()), to: Vec::new() };
        let facts = facts(&opened, &moment.charter);
        assert_eq!((&facts["kind"], &facts["at"]), (&json!("opened"), &json!("2026-11-23T08:12:00.000Z")));
        assert_eq!(facts["incident"]["kind"], "row");
        assert_eq!(facts["incident"]["services"], json!(["intranet"]));
        assert!(
            facts["lines_it"][0].as_str().unwrap().starts_with("Gestione intranet: non disponibile"),
            "{facts}"
        );
        assert!(facts["lines_en"][0].as_str().unwrap().contains(": down"), "{facts}");
        let letter = bare(&opened, &moment.charter);
        assert_eq!(letter.subject, facts["lines_it"][0].as_str().unwrap());
        assert!(letter.text.contains(": down") && letter.html.contains("<pre>"), "{letter:?}");
        let closed = Decision { what: What::Closed(story), ..opened };
        assert_eq!(about(&closed).0, format!("incident-{}", alerting.open[0].number));
    }
}
