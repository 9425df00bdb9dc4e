//! The outlet to Alertmanager (API v2): every incident that is worth telling and every raised budget, as alerts.
//!
//! The engine decides; this repeats. An incident becomes an alert when it is due, as it becomes a mail then, and
//! stops being one when it is over: a quarter of an hour after the last fail, so that flaps are one alert. Alerts are
//! sent when one begins, ends or is another, and each minute, because an Alertmanager that was started anew has
//! forgotten them.
//!
//! When an alert ends is said, never left to be guessed. While it lasts, its `endsAt` is a day ahead of each minute's
//! post: a collector that dies resolves nothing (its death is told by the heartbeat and by `VedettaCollectorDown`).
//! What ended is posted with its end until the receiver has taken it, over restarts too: what each receiver believes
//! is kept in the store. The price: of a collector that is never started again, alerts stay for a day.
//!
//! A budget is always a `warning`: nothing about it wakes anybody whom an incident has woken.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use collector_derive::alert::{self, CommitmentKey, Level, Story};
use config::{AlertmanagerConfig, Charter};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::error;

use super::moments::Present;
use super::outward::{Outlet, secret, send};
use crate::publish::words;
use crate::publish::{Alerting, Lang, cause, iso, severity};
use crate::store::{Store as _, Write};

/// As often as the engine looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// At least so often a receiver is told of everything.
const REPEAT_EVERY: Duration = Duration::from_mins(1);
/// So far ahead is the end of what lasts, ms.
const LASTS_MS: i64 = 86_400_000;
/// Alerts that a receiver is told of at a time: a catastrophe has fewer causes.
const ALERTS_MAX: usize = 500;
/// Of `meta`, before the receiver's origin.
const KEY: &str = "alertmanager/";

/// One receiver, and how it is asked.
#[derive(Debug)]
pub(super) struct Receiver {
    config: AlertmanagerConfig,
    secrets: PathBuf,
    client: Client,
    outlet: Arc<Outlet>,
}

/// An alert, as a receiver was told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_ms: i64,
    /// When it was over; `None` while it lasts.
    ends_ms: Option<i64>,
}

/// By what names it: two alerts with the same labels are one.
type Alerts = BTreeMap<String, Told>;

impl Receiver {
    /// Of the configuration, with where the collector's own secrets are.
    pub(super) fn new(config: AlertmanagerConfig, secrets: PathBuf, client: Client) -> Self {
        let outlet = Outlet::new("alertmanager", &config.url);
        Self { config, secrets, client, outlet }
    }

    /// For `/metrics`.
    pub(super) fn outlet(&self) -> Arc<Outlet> {
        Arc::clone(&self.outlet)
    }

    /// Tells it for ever.
    pub(super) async fn follow(self, present: Present) {
        let mut believed = self.remembered(&present).await;
        let mut kept = believed.clone();
        let (mut told, mut told_at): (Alerts, Option<Instant>) = (Alerts::new(), None);
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // Before the first look nothing is known, and nothing is over.
            let Some(decided) = present.core.alerts.newest() else { continue };
            let now = alerts(&decided, &present.core.work.charter());
            let all = with_ends(now, &believed, present.clock.now_ms());
            let is_news = !told.keys().eq(all.keys())
                || all.values().zip(told.values()).any(|(new, old)| new.ends_ms != old.ends_ms);
            let is_due = told_at.is_none_or(|at| at.elapsed() >= REPEAT_EVERY);
            if !is_news && (all.is_empty() || !is_due) {
                continue;
            }
            // What it may believe from here on, whatever becomes of the answer.
            self.remember(&present, &all, &mut kept).await;
            let now_ms = present.clock.now_ms();
            let taken = self.outlet.note(&self.post(&all, now_ms).await, now_ms);
            (told, told_at) = (all.clone(), Some(Instant::now()));
            believed = all;
            if taken {
                believed.retain(|_, alert| alert.ends_ms.is_none());
                told.retain(|_, alert| alert.ends_ms.is_none());
                self.remember(&present, &believed, &mut kept).await;
            }
        }
    }

    async fn post(&self, alerts: &Alerts, now_ms: i64) -> Result<(), String> {
        let body: Vec<_> = alerts.values().map(|alert| alert.json(now_ms)).collect();
        let body = serde_json::to_vec(&body).map_err(|error| error.to_string())?;
        let mut request = self.client.post(format!("{}/api/v2/alerts", self.config.url));
        if let Some((user, name)) = &self.config.login {
            request = request.basic_auth(user, Some(secret(&self.secrets, name)?));
        }
        let request = request.header(CONTENT_TYPE, "application/json").body(body).build();
        send(&self.client, request.map_err(|error| error.without_url().to_string())?).await
    }

    fn key(&self) -> String {
        format!("{KEY}{}", self.outlet.to())
    }

    /// What it believed when this process began.
    async fn remembered(&self, present: &Present) -> Alerts {
        let (truth, key) = (present.core.work.truth(), self.key());
        let read = tokio::task::spawn_blocking(move || truth.store()?.meta(&key)).await;
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => {
                error!(to = self.outlet.to(), %error, "what was told cannot be read; what ended meanwhile is not told");
                None
            }
            Err(_) => None,
        };
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Writes down what it may believe, if that is another than what is `kept`: words may change unnoticed.
    async fn remember(&self, present: &Present, alerts: &Alerts, kept: &mut Alerts) {
        let is_same = alerts.len() == kept.len()
            && alerts
                .iter()
                .zip(kept.iter())
                .all(|((key, one), (old_key, old))| key == old_key && one.ends_ms == old.ends_ms);
        if is_same {
            return;
        }
        let Ok(bytes) = serde_json::to_vec(alerts) else { return };
        match present.ingest.write(vec![Write::Meta(self.key(), bytes)]).await {
            Ok(()) => *kept = alerts.clone(),
            // It is tried again with the next post; only a restart before that could forget an end.
            Err(error) => error!(to = self.outlet.to(), %error, "what was told could not be kept"),
        }
    }
}

impl Told {
    fn json(&self, now_ms: i64) -> serde_json::Value {
        let ends_ms = self.ends_ms.unwrap_or(now_ms.saturating_add(LASTS_MS));
        json!({
            "labels": self.labels,
            "annotations": self.annotations,
            "startsAt": iso(self.starts_ms),
            "endsAt": iso(ends_ms),
        })
    }
}

/// What is decided, as alerts; the first of very many.
fn alerts(decided: &Alerting, charter: &Charter) -> Alerts {
    let incidents = decided.open.iter().filter_map(|incident| of_incident(incident, decided, charter));
    let budgets =
        decided.levels.iter().filter_map(|(key, level)| Some(of_budget(key, (*level)?, decided, charter)));
    incidents.chain(budgets).take(ALERTS_MAX).map(|alert| (name_of(&alert.labels), alert)).collect()
}

/// `None` while it is not worth telling.
fn of_incident(incident: &alert::Incident, decided: &Alerting, charter: &Charter) -> Option<Told> {
    incident.due_ms?;
    let (kind, about) = cause(&incident.root);
    let service = match kind {
        "row" | "part" | "no_data" => about.split('.').next().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    let story = Story { incident: incident.clone(), down_ms: incident.down_ms(decided.at_ms) };
    let line = alert::Line::Open(story);
    let severity = if severity(&incident.root, charter) == "page" { "critical" } else { "warning" };
    let labels = [
        ("alertname", "VedettaIncident".to_owned()),
        ("source", "collector".to_owned()),
        ("severity", severity.to_owned()),
        ("incident", incident.number.to_string()),
        ("kind", kind.to_owned()),
        ("about", about),
        ("service", service),
    ];
    Some(Told {
        labels: labelled(labels),
        annotations: annotated(&line, decided, charter),
        starts_ms: incident.opened_ms,
        ends_ms: None,
    })
}

fn of_budget(key: &CommitmentKey, level: Level, decided: &Alerting, charter: &Charter) -> Told {
    let year = decided.today.day.year();
    let line = alert::Line::Budget { key: key.clone(), year, level };
    let commitment = key
        .hours
        .as_ref()
        .map_or_else(|| "availability".to_owned(), |hours| format!("availability_within:{hours}"));
    let labels = [
        ("alertname", "VedettaBudget".to_owned()),
        ("source", "collector".to_owned()),
        ("severity", "warning".to_owned()),
        ("service", key.service.to_string()),
        ("commitment", commitment),
        ("level", level.name().to_owned()),
        ("year", year.to_string()),
    ];
    Told {
        labels: labelled(labels),
        annotations: annotated(&line, decided, charter),
        starts_ms: decided.at_ms,
        ends_ms: None,
    }
}

/// An empty label is none.
fn labelled<const N: usize>(labels: [(&str, String); N]) -> BTreeMap<String, String> {
    let some = labels.into_iter().filter(|(_, value)| !value.is_empty());
    some.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The line of the morning mail; its beginning, up to when and why, is the summary.
fn annotated(line: &alert::Line, decided: &Alerting, charter: &Charter) -> BTreeMap<String, String> {
    let said = |lang| words::alerts::line(line, charter, decided.at_ms, lang);
    let (it, en) = (said(Lang::It), said(Lang::En));
    let begin = |text: &str| text.split("; ").next().unwrap_or_default().to_owned();
    [("summary", begin(&it)), ("summary_en", begin(&en)), ("description", it), ("description_en", en)]
        .map(|(name, text)| (name.to_owned(), text))
        .into()
}

fn name_of(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(",")
}

/// What lasts, and what a receiver believes and does not last any more: over now, or since when that was seen first.
fn with_ends(now: Alerts, believed: &Alerts, now_ms: i64) -> Alerts {
    let mut all = now;
    for (name, alert) in believed {
        let is_room = all.len() < 2 * ALERTS_MAX;
        match all.get_mut(name) {
            // Since when a budget is as bad as that, only the first post knew.
            Some(lasting) => lasting.starts_ms = lasting.starts_ms.min(alert.starts_ms),
            None if is_room => {
                let ends_ms = alert.ends_ms.unwrap_or(now_ms).max(alert.starts_ms);
                all.insert(name.clone(), Told { ends_ms: Some(ends_ms), ..alert.clone() });
            }
            None => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::example;

    fn decided() -> (Alerting, Charter) {
        let moment = example::moment();
        (moment.alerts.as_deref().unwrap().clone(), (*moment.charter).clone())
    }

    #[test]
    fn an_incident_and_a_raised_budget_are_alerts_with_the_engines_words() {
        let (decided, charter) = decided();
        let told: Vec<Told> = alerts(&decided, &charter).into_values().collect();
        let [incident, budget] = &told[..] else { panic!("{told:?}") };
        let label = |alert: &Told, name: &str| alert.labels.get(name).cloned().unwrap_or_default();
        let of = |alert: &Told| ["alertname", "severity", "service", "source"].map(|name| label(alert, name));
        assert_eq!(of(incident), ["VedettaIncident", "critical", "intranet", "collector"]);
        assert_eq!(of(budget), ["VedettaBudget", "warning", "intranet", "collector"]);
        assert_eq!(
            (label(incident, "kind"), label(incident, "about")),
            ("row".to_owned(), "intranet".to_owned())
        );
        assert_eq!(label(budget, "level"), "irrecoverable");
        assert!(
            incident.annotations["summary"].starts_with("Gestione intranet: non disponibile"),
            "{incident:?}"
        );
        assert!(incident.annotations["description"].contains("connessione rifiutata"), "{incident:?}");
        assert!(incident.annotations["description_en"].contains("connection refused"), "{incident:?}");
        assert_eq!(incident.starts_ms, decided.open[0].opened_ms);
    }

    #[test]
    fn what_is_not_worth_a_mail_is_no_alert_and_what_can_wait_is_a_warning() {
        let (mut decided, mut charter) = decided();
        charter.services[3].about.severity = Some(config::Severity::Ticket);
        let ticket = alerts(&decided, &charter);
        assert!(ticket.values().all(|alert| alert.labels["severity"] == "warning"), "{ticket:?}");
        decided.open[0].due_ms = None;
        for (_, level) in &mut decided.levels {
            *level = None;
        }
        assert_eq!(alerts(&decided, &charter), Alerts::new());
    }

    #[test]
    fn what_lasts_ends_a_day_ahead_and_what_is_over_keeps_its_end_until_it_is_taken() {
        let (decided, charter) = decided();
        let now = alerts(&decided, &charter);
        let lasting = now.values().next().unwrap().json(1_000);
        assert_eq!(lasting["endsAt"], "1970-01-02T00:00:01.000Z");
        let over = with_ends(Alerts::new(), &now, decided.at_ms + 7);
        assert_eq!(over.len(), now.len());
        assert!(over.values().all(|alert| alert.ends_ms == Some(decided.at_ms + 7)), "{over:?}");
        // A receiver that did not take it is told of the same end later.
        let later = with_ends(Alerts::new(), &over, decided.at_ms + 60_000);
        assert_eq!(later, over);
        // The same cause once more is no longer over.
        assert!(with_ends(now, &over, decided.at_ms + 90_000).values().all(|alert| alert.ends_ms.is_none()));
    }

    #[test]
    fn a_budget_is_as_bad_since_it_was_first_told() {
        let (decided, charter) = decided();
        let first = alerts(&decided, &charter);
        let later = Alerting { at_ms: decided.at_ms + 3_600_000, ..decided.clone() };
        let again = with_ends(alerts(&later, &charter), &first, later.at_ms);
        let budget = again.values().find(|alert| alert.labels["alertname"] == "VedettaBudget").unwrap();
        assert_eq!(budget.starts_ms, decided.at_ms);
    }
}
