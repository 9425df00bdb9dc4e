//! `/metrics`: one moment as `OpenMetrics`, or in the older text format. Prometheus is a view: nothing is computed
//! here and nothing is kept between scrapes, so that a gauge says what page and report say.
//!
//! States are 0/1 gauges with a `state` label. Label values come from the configuration and from
//! closed lists, never from what a target answered. A check that nobody can judge has no
//! `vedetta_check_up`: a gap, because 0 would be a lie.

mod families;
mod services;
mod pace;
mod watched;
mod measurement;
mod alerts;
mod vitals;
mod outbox;
mod classic;

use std::fmt::Error;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use self::alerts::Listed;
use self::families::Families;
use self::pace::Paces;
use self::watched::Watched;
use super::api::{Alerts, Now};
use super::moment::{IngestFacts, Moment, OutboxFacts};
use super::vitals::Vitals;

/// What an exposition is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `OpenMetrics` 1.0, for those who ask for it, as Prometheus does.
    OpenMetrics,
    /// The older text format.
    Classic,
}

impl Format {
    /// By what a reader says it accepts.
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Classic }
    }

    /// What it is served as.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Classic => classic::CONTENT_TYPE,
        }
    }
}

/// The whole exposition.
pub fn render(moment: &Moment, vitals: &Vitals, format: Format) -> Result<String, Error> {
    let mut registry = Registry::default();
    let alerts = moment.alerts.as_deref().map(|decided| Alerts::of(decided, &moment.charter));
    let exposition = Exposition {
        now: Now::of(moment),
        paces: Paces::of(moment),
        watched: Watched::of(moment),
        ingest: moment.ingest.clone(),
        listed: alerts::listed(moment, alerts.as_ref()),
        alerts,
        vitals: vitals.clone(),
        outbox: moment.outbox.clone(),
    };
    registry.register_collector(Box::new(exposition));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(match format {
        Format::OpenMetrics => text,
        Format::Classic => classic::classic(&text),
    })
}

#[derive(Debug)]
struct Exposition {
    now: Now,
    paces: Paces,
    watched: Watched,
    ingest: IngestFacts,
    alerts: Option<Alerts>,
    listed: Vec<Listed>,
    vitals: Vitals,
    outbox: Option<OutboxFacts>,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut families = Families::new(encoder);
        self.facts(&mut families)?;
        self.states(&mut families)?;
        self.up_now(&mut families)?;
        self.availability(&mut families)?;
        self.commitments(&mut families)?;
        self.paces(&mut families)?;
        self.outages(&mut families)?;
        self.checks(&mut families)?;
        self.watched(&mut families)?;
        self.agents(&mut families)?;
        self.ingest(&mut families)?;
        self.alerts(&mut families)?;
        self.outbox(&mut families)?;
        self.vitals(&mut families)
    }
}

impl Exposition {
    fn facts(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.info("vedetta_build", "The collector's build", [[("version", self.now.version.clone())]])?;
        families.info(
            "vedetta_service",
            "A row of the charter",
            self.now.services.iter().map(|service| {
                let row = service.row.map(|row| row.to_string()).unwrap_or_default();
                let unmeasured = service.unmeasured.first().map(|promise| promise.kind.clone());
                let commitment = service.commitments.first().map(|c| c.kind.clone());
                let commitment = commitment.or(unmeasured).unwrap_or_default();
                [
                    ("service", service.id.clone()),
                    ("name", service.name.clone()),
                    ("row", row),
                    ("commitment", commitment),
                    ("audience", service.users.join(",")),
                ]
            }),
        )?;
        families.gauge(
            "vedetta_computed_timestamp_seconds",
            "When these figures were computed",
            [([("year", self.year())], seconds(self.now.now_ms))],
        )
    }

    fn year(&self) -> String {
        self.now.year.to_string()
    }
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn duration(ms: u64) -> f64 {
    float(ms) / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; milliseconds of millennia fit exactly")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests;
