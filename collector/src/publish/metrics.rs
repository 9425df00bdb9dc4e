//! `/metrics`: one moment in the `OpenMetrics` text format. Prometheus is a view: nothing is computed
//! here and nothing is kept between scrapes, so that a gauge says what page and report say.
//!
//! States are 0/1 gauges with a `state` label. Label values come from the configuration and from
//! closed lists, never from what a target answered. A check that nobody can judge has no
//! `vedetta_check_up`: a gap, because 0 would be a lie.

mod families;

use std::fmt::Error;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use self::families::Families;
use super::api::{Commitment, ComponentNow, Now, Outlook, ServiceNow, Standing, State, VantageNow};
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
        self.availability(&mut families)?;
        self.commitments(&mut families)?;
        self.outages(&mut families)?;
        self.checks(&mut families)?;
        self.agents(&mut families)?;
        self.ingest(&mut families)
    }
}

const STATES: [(State, &str); 4] =
    [(State::Up, "up"), (State::Degraded, "degraded"), (State::Down, "down"), (State::Unknown, "unknown")];

const STANDINGS: [(Standing, &str); 4] = [
    (Standing::Met, "met"),
    (Standing::Breached, "breached"),
    (Standing::Indeterminate, "indeterminate"),
    (Standing::NoData, "no_data"),
];

const OUTLOOKS: [(Outlook, &str); 3] =
    [(Outlook::Secured, "secured"), (Outlook::Open, "open"), (Outlook::Irrecoverable, "irrecoverable")];

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

    /// The services of which something is seen.
    fn probed(&self) -> impl Iterator<Item = &ServiceNow> {
        self.now.services.iter().filter(|service| service.is_probed())
    }

    fn states(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_service_state",
            "The service's state now: exactly one is 1",
            self.probed().flat_map(|service| {
                STATES.map(|(state, name)| {
                    ([("service", service.id.as_str()), ("state", name)], flag(service.now.state == state))
                })
            }),
        )?;
        families.gauge(
            "vedetta_component_state",
            "The component's state now: exactly one is 1",
            self.components().flat_map(|(service, component)| {
                STATES.map(|(state, name)| {
                    let labels = [
                        ("service", service.id.as_str()),
                        ("component", component.path.as_str()),
                        ("state", name),
                    ];
                    (labels, flag(component.now.state == state))
                })
            }),
        )
    }

    fn availability(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_availability_seconds",
            "Seconds of the year by state, time to come included; they sum to the time in scope",
            self.probed().flat_map(|service| {
                let figure = &service.figure;
                [
                    ("up", figure.up_ms),
                    ("down", figure.down_ms),
                    ("unknown", figure.unknown_ms),
                    ("future", figure.future_ms),
                ]
                .map(|(state, ms)| {
                    let labels =
                        [("service", service.id.clone()), ("year", self.year()), ("state", state.into())];
                    (labels, duration(ms))
                })
            }),
        )?;
        for (name, help, share) in SHARES {
            families.gauge(
                name,
                help,
                self.probed().filter_map(|service| {
                    let share = share(service)?.to_f64();
                    Some(([("service", service.id.clone()), ("year", self.year())], share))
                }),
            )?;
        }
        families.gauge(
            "vedetta_component_availability_ratio",
            "The component's up time per measured time, this year so far",
            self.components().filter_map(|(service, component)| {
                let labels = [
                    ("service", service.id.clone()),
                    ("component", component.path.clone()),
                    ("year", self.year()),
                ];
                Some((labels, component.figure.availability.as_ref()?.to_f64()))
            }),
        )
    }

    fn commitments(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_target_ratio",
            "The share promised; comparison gt is more than, ge at least",
            self.promises().map(|(service, commitment)| {
                let comparison = if commitment.strict { "gt" } else { "ge" };
                ([("service", service.id.as_str()), ("comparison", comparison)], commitment.target.to_f64())
            }),
        )?;
        families.gauge(
            "vedetta_downtime_budget_seconds",
            "Down time that the promise leaves in the year",
            self.promises().map(|(service, commitment)| {
                ([("service", service.id.clone()), ("year", self.year())], duration(commitment.budget_ms))
            }),
        )?;
        families.gauge(
            "vedetta_downtime_budget_remaining_seconds",
            "What is left of it; negative when overrun",
            self.promises().map(|(service, commitment)| {
                let labels = [("service", service.id.clone()), ("year", self.year())];
                (labels, seconds(commitment.budget_remaining_ms))
            }),
        )?;
        families.gauge(
            "vedetta_commitment_standing",
            "How the promise stands to date: exactly one is 1",
            self.promises().flat_map(|(service, commitment)| {
                STANDINGS.map(|(standing, name)| {
                    (promise_labels(service, commitment, name), flag(commitment.standing == standing))
                })
            }),
        )?;
        families.gauge(
            "vedetta_commitment_outlook",
            "How the year can still end: exactly one is 1",
            self.promises().flat_map(|(service, commitment)| {
                OUTLOOKS.map(|(outlook, name)| {
                    (promise_labels(service, commitment, name), flag(commitment.outlook == outlook))
                })
            }),
        )
    }

    fn outages(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.counter(
            "vedetta_outages",
            "Confirmed stops of the year so far; falls when late samples join or undo one",
            self.probed()
                .map(|service| ([("service", service.id.clone()), ("year", self.year())], service.outages)),
        )?;
        families.gauge(
            "vedetta_outage_started_timestamp_seconds",
            "First failing sample of the stop that lasts; 0 when none does",
            self.probed().map(|service| {
                ([("service", service.id.as_str())], seconds(service.outage_since_ms.unwrap_or(0)))
            }),
        )
    }

    fn checks(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_check_up",
            "Is the check up as this agent sees it (1 or 0)? Absent while nobody can say",
            self.vantages().filter_map(|(labels, vantage)| match vantage.state {
                State::Up | State::Degraded => Some((labels, 1.0)),
                State::Down => Some((labels, 0.0)),
                State::Unknown => None,
            }),
        )?;
        families.gauge(
            "vedetta_check_duration_last_seconds",
            "How long the newest sample took",
            self.vantages().filter_map(|(labels, vantage)| {
                Some((labels, float(vantage.duration_micros?) / 1_000_000.0))
            }),
        )?;
        families.gauge(
            "vedetta_check_last_sample_timestamp_seconds",
            "When the newest sample was taken",
            self.vantages().filter_map(|(labels, vantage)| Some((labels, seconds(vantage.last_sample_ms?)))),
        )?;
        families.gauge(
            "vedetta_certificate_not_after_timestamp_seconds",
            "End of the served certificate's validity",
            self.vantages()
                .filter_map(|(labels, vantage)| Some((labels, seconds(vantage.certificate_not_after_ms?)))),
        )
    }

    fn agents(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.info(
            "vedetta_agent",
            "An agent of the charter",
            self.now.agents.iter().map(|agent| {
                let version = agent.version.clone().unwrap_or_default();
                [("agent", agent.id.clone()), ("site", agent.sites.join(",")), ("version", version)]
            }),
        )?;
        families.gauge(
            "vedetta_agent_last_push_timestamp_seconds",
            "When the agent's newest batch was accepted; 0 when none was",
            self.now.agents.iter().map(|agent| {
                let labels = [("agent", agent.id.clone()), ("site", agent.sites.join(","))];
                (labels, seconds(agent.last_push_ms.unwrap_or(0)))
            }),
        )?;
        families.gauge(
            "vedetta_agent_clock_offset_seconds",
            "Collector's clock less the agent's, at its newest batch",
            self.now
                .agents
                .iter()
                .filter_map(|agent| Some(([("agent", agent.id.as_str())], seconds(agent.clock_offset_ms?)))),
        )?;
        families.gauge(
            "vedetta_agent_spool_bytes",
            "Bytes in the agent's spool at its newest hello",
            self.now
                .agents
                .iter()
                .filter_map(|agent| Some(([("agent", agent.id.as_str())], float(agent.spool_bytes?)))),
        )
    }

    fn ingest(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.counter(
            "vedetta_ingest_batches",
            "Batches by what became of them",
            self.ingest.batches.iter().map(|(result, count)| ([("result", *result)], *count)),
        )?;
        for (name, help, count) in [
            ("vedetta_ingest_samples", "Samples accepted", self.ingest.samples),
            ("vedetta_ingest_quarantined", "Records that could not be read", self.ingest.quarantined),
            ("vedetta_ingest_lost", "Records declared lost or missing", self.ingest.lost),
        ] {
            families.counter(name, help, [([("", ""); 0], count)])?;
        }
        families.histogram(
            "vedetta_store_commit_duration_seconds",
            "How long a commit of batches took, fsync included",
            &self.ingest.commits,
        )?;
        families.gauge(
            "vedetta_stale_streams",
            "Streams whose derivation failed: what is shown of them is old",
            [([("", ""); 0], float(self.now.stale_streams.len() as u64))],
        )?;
        families.gauge(
            "vedetta_journal_seq",
            "Entries in the journal",
            [([("epoch", self.now.journal.epoch.to_string())], float(self.now.journal.seq))],
        )
    }

    fn year(&self) -> String {
        self.now.year.to_string()
    }

    fn components(&self) -> impl Iterator<Item = (&ServiceNow, &ComponentNow)> {
        self.now
            .services
            .iter()
            .flat_map(|service| service.components.iter().map(move |component| (service, component)))
    }

    fn promises(&self) -> impl Iterator<Item = (&ServiceNow, &Commitment)> {
        self.now
            .services
            .iter()
            .flat_map(|service| service.commitments.iter().map(move |commitment| (service, commitment)))
    }

    fn vantages(&self) -> impl Iterator<Item = ([(&'static str, &str); 4], &VantageNow)> {
        self.components().flat_map(|(service, component)| {
            component.checks.iter().map(move |vantage| {
                let labels = [
                    ("service", service.id.as_str()),
                    ("component", component.path.as_str()),
                    ("check", vantage.check.as_str()),
                    ("agent", vantage.agent.as_str()),
                ];
                (labels, vantage)
            })
        })
    }
}

type ShareOf = fn(&ServiceNow) -> Option<&super::api::Share>;

const SHARES: [(&str, &str, ShareOf); 4] = [
    ("vedetta_availability_ratio", "Up time per measured time, this year so far", |service| {
        service.figure.availability.as_ref()
    }),
    ("vedetta_availability_lower_bound_ratio", "The same if all unobserved time was down", |service| {
        service.figure.lower_bound.as_ref()
    }),
    ("vedetta_availability_upper_bound_ratio", "The same if all unobserved time was up", |service| {
        service.figure.upper_bound.as_ref()
    }),
    ("vedetta_availability_coverage_ratio", "Measured time per elapsed time, this year so far", |service| {
        service.figure.coverage.as_ref()
    }),
];

fn promise_labels<'a>(
    service: &'a ServiceNow,
    commitment: &'a Commitment,
    state: &'a str,
) -> [(&'static str, &'a str); 3] {
    [("service", &service.id), ("commitment", &commitment.kind), ("state", state)]
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
