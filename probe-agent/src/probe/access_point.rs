//! `probe: access_point`: what a controller says of one access point, and what stands in where it says nothing.
//!
//! A controller is read once for all its access points: whoever comes first reads, the others wait for that reading or
//! take the one that is there, which is never older than nine tenths of the interval. The price is that an access point
//! that fails is seen up to so much later; the evidence tells the table's age. One that is gone from the table is down:
//! a controller forgets what has left it. A table that is empty, or without any state, says nothing of anybody, and
//! counts as no answer. Whatever goes wrong on the way to somebody who could tell is unknown, also at the deadline: a
//! name that does not resolve is no access point that is down.

mod controllers;
mod table;
mod rest;
mod fallback;
#[cfg(test)]
mod tests;

pub use controllers::Controllers;
pub use table::Listed;

use std::sync::Arc;
use std::time::Duration;

use collector_api::Reason;
use config::{AccessPointParams, ApSource, Family, HostPort, Timing};
use tokio::time::Instant;

use super::{Asker, Attempted, Fault, Surroundings, Trace, snmp};
use controllers::{Key, Reading};
use rest::Rest;
use table::Table;

/// Of an attempt, for the controller; most of the rest is for what stands in for it.
const CONTROLLER_SHARE: f64 = 0.55;
/// Of an attempt, for all that is asked.
const ASKING_SHARE: f64 = 0.95;
/// Of an attempt: in less time nobody's silence says anything.
const ENOUGH_SHARE: f64 = 0.1;
/// Rows of a controller's table.
const ROWS_MAX: usize = 4_096;
/// Names of access points that are told in one line.
const NAMES_TOLD: usize = 20;

/// One access point.
#[derive(Debug)]
pub struct AccessPoint {
    params: AccessPointParams,
    address: HostPort,
    key: Key,
    timeout: Duration,
    /// An older reading is made anew.
    age_max: Duration,
    rest: Option<Rest>,
}

impl AccessPoint {
    /// Prepares one; the error is a sentence for whoever wrote the charter.
    pub fn new(params: AccessPointParams, timing: &Timing) -> Result<Self, String> {
        let key: Key = serde_json::to_string(&params.controller).map_err(|error| error.to_string())?.into();
        let rest = match &params.controller.source {
            ApSource::Rest { .. } => Some(Rest::new(&params.controller.source)?),
            ApSource::Snmp { .. } => None,
        };
        Ok(Self {
            address: HostPort { host: params.host.clone(), port: 0 },
            key,
            timeout: Duration::from_millis(timing.timeout_ms),
            age_max: Duration::from_millis(timing.every_ms / 10 * 9),
            rest,
            params,
        })
    }

    async fn observe(&self, surroundings: &Surroundings, trace: &mut Trace) -> Result<(), Fault> {
        let began = Instant::now();
        trace.read_silence(fallback::unseen);
        trace.enter("controller");
        let deadline = began + self.timeout.mul_f64(CONTROLLER_SHARE);
        let reading = self.reading(deadline, surroundings, trace).await;
        trace.fact("table_age", format!("{} s", reading.at.elapsed().as_secs()));
        match &reading.table {
            Ok(table) => {
                let told = table.tell(&self.params.name);
                trace.received(|| told.clone());
                trace.fact("controller", told);
                table.judge(&self.params.name)
            }
            Err(fault) => {
                trace.fact("controller", format!("{}: {}", fault.reason, fault.detail));
                let until = began + self.timeout.mul_f64(ASKING_SHARE);
                let time = fallback::Time { until, enough: self.timeout.mul_f64(ENOUGH_SHARE) };
                fallback::ask(&self.params, fault, time, surroundings, trace).await
            }
        }
    }

    /// What is known of the controller, by a reading of our own where there is none that is fresh.
    async fn reading(
        &self,
        deadline: Instant,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Arc<Reading> {
        let slot = surroundings.controllers.slot(&self.key, &self.params.name);
        let mut kept = slot.reading().await;
        if let Some(reading) = kept.as_ref().filter(|reading| reading.is_fresh(self.age_max)) {
            return Arc::clone(reading);
        }
        let read = tokio::time::timeout_at(deadline, self.read(deadline, surroundings, trace)).await;
        let silent = || Fault::new(Reason::ApControllerUnreachable, "the controller does not answer");
        let table = read.unwrap_or_else(|_elapsed| Err(silent()));
        let table = table.and_then(|table| {
            let empty = Fault::new(Reason::ApControllerUnreachable, "its table is empty");
            let stateless = Fault::new(Reason::ApControllerUnreachable, "its table tells nobody's state");
            match (table.is_empty(), table.is_stateless()) {
                (true, _) => Err(empty),
                (_, true) => Err(stateless),
                _ => Ok(table),
            }
        });
        if let Ok(table) = &table {
            let strangers = slot.strangers(table, self.age_max);
            if !strangers.is_empty() {
                let names = strangers.iter().take(NAMES_TOLD).cloned().collect::<Vec<_>>().join(", ");
                tracing::warn!(count = strangers.len(), names, "access points that no target names");
                trace.fact("not_listed", format!("{}: {names}", strangers.len()));
            }
        }
        let reading = Arc::new(Reading { at: Instant::now(), table });
        *kept = Some(Arc::clone(&reading));
        reading
    }

    /// Reads the whole table.
    async fn read(
        &self,
        deadline: Instant,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Table, Fault> {
        let controller = &self.params.controller;
        match (&controller.source, &self.rest) {
            (ApSource::Snmp { address, access, name, state, clients, ip }, _) => {
                let mut session =
                    snmp::open(address, Family::V4, access, deadline, surroundings, trace).await?;
                let names = session.walk(name, ROWS_MAX, trace).await?;
                let states = session.walk(state, ROWS_MAX, trace).await?;
                let mut of = [Vec::new(), Vec::new()];
                for (column, rows) in [clients, ip].into_iter().zip(&mut of) {
                    if let Some(column) = column {
                        *rows = session.walk(column, ROWS_MAX, trace).await?;
                    }
                }
                let [clients, addresses] = of;
                Ok(Table::of_columns(controller, names, &states, &clients, &addresses))
            }
            (ApSource::Rest { .. }, Some(rest)) => rest.read(controller, surroundings, trace).await,
            (ApSource::Rest { .. }, None) => Err(Fault::new(Reason::AgentInternal, "not prepared")),
        }
    }

    /// The controller's table, for a person who writes the list of targets.
    pub async fn list(&self, surroundings: &Surroundings) -> Result<Vec<Listed>, Fault> {
        let mut trace = Trace::begin();
        let table = self.read(Instant::now() + self.timeout, surroundings, &mut trace).await?;
        Ok(table.listed())
    }
}

impl Asker for AccessPoint {
    fn address(&self) -> &HostPort {
        &self.address
    }

    fn attempt<'a>(&'a self, surroundings: &'a Surroundings, trace: &'a mut Trace) -> Attempted<'a> {
        Box::pin(self.observe(surroundings, trace))
    }
}
