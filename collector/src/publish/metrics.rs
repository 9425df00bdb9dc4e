//! `/metrics`: one moment in the `OpenMetrics` text format. Prometheus is a view: nothing is computed
//! here and nothing is kept between scrapes, so that a gauge says what page and report say.
//!
//! States are 0/1 gauges with a `state` label. Label values come from the configuration and from
//! closed lists, never from what a target answered. A check that nobody can judge has no
//! `vedetta_check_up`: a gap, because 0 would be a lie.

mod families;
mod services;
mod measurement;

use std::fmt::Error;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use self::families::Families;
use super::api::Now;
use super::moment::{IngestFacts, Moment};

/// What `/metrics` is served as.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The whole exposition, `# EOF` included.
pub fn render(moment: &Moment) -> Result<String, Error> {
    let mut registry = Registry::default();
    let exposition = Exposition { now: Now::of(moment), ingest: moment.ingest.clone() };
    registry.register_collector(Box::new(exposition));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Exposition {
    now: Now,
    ingest: IngestFacts,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut families = Families::new(encoder);
        self.facts(&mut families)?;
        self.states(&mut families)?;
        self.up_now(&mut families)?;
        self.availability(&mut families)?;
        self.commitments(&mut families)?;
        self.outages(&mut families)?;
        self.checks(&mut families)?;
        self.agents(&mut families)?;
        self.ingest(&mut families)
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
