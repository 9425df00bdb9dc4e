//! What measures: checks by vantage, agents, and what ingest took in.

use std::fmt::Error;

use super::families::Families;
use super::{Exposition, float, seconds};
use crate::publish::api::{State, VantageNow};

impl Exposition {
    pub(super) fn checks(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_check_up",
            "Is the check up as this agent sees it (1 or 0)? Absent while nobody can say",
            self.vantages().filter_map(|(labels, vantage)| match vantage.state {
                State::Up | State::Degraded => Some((labels, 1.0)),
                State::Down => Some((labels, 0.0)),
                State::Unknown | State::Maintenance => None,
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

    pub(super) fn agents(&self, families: &mut Families<'_>) -> Result<(), Error> {
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

    pub(super) fn ingest(&self, families: &mut Families<'_>) -> Result<(), Error> {
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

    pub(super) fn vantages(&self) -> impl Iterator<Item = ([(&'static str, &str); 4], &VantageNow)> {
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
