//! How the collector itself is: process, disk, configuration, ways out; and closed years, which no rule reads.

use std::fmt::Error;

use super::families::Families;
use super::{Exposition, flag, float, seconds};
use crate::publish::vitals::Vitals;

const NONE: [(&str, &str); 0] = [];

impl Exposition {
    pub(super) fn vitals(&self, families: &mut Families<'_>) -> Result<(), Error> {
        let Vitals { store, reload, closed, ready, .. } = &self.vitals;
        families.gauge(
            "vedetta_ready",
            "Is there nothing that /readyz complains about (1 or 0)?",
            ready.map(|ready| (NONE, flag(ready))),
        )?;
        families.gauge(
            "vedetta_closed_year_availability_ratio",
            "The row's headline of a closed year, as it was sealed",
            closed.iter().map(|figure| {
                let labels = [("service", figure.service.clone()), ("year", figure.year.to_string())];
                (labels, figure.availability)
            }),
        )?;
        families.gauge(
            "vedetta_storage_size_bytes",
            "The store's files",
            store.bytes.map(|bytes| (NONE, float(bytes))),
        )?;
        families.gauge(
            "vedetta_storage_free_ratio",
            "What the collector may still write per size of the store's file system",
            store
                .free_of_bytes
                .filter(|(_, all)| *all > 0)
                .map(|(free, all)| (NONE, float(free) / float(all))),
        )?;
        families.gauge(
            "vedetta_config_last_reload_successful",
            "Was the newest configuration that somebody tried taken (1 or 0)?",
            reload.map(|reload| (NONE, flag(reload.successful))),
        )?;
        families.gauge(
            "vedetta_config_last_reload_success_timestamp_seconds",
            "When a configuration was read without an error",
            reload.map(|reload| (NONE, seconds(reload.success_ms))),
        )?;
        self.outlets(families)?;
        self.process(families)
    }

    fn outlets(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.counter(
            "vedetta_outlet_requests",
            "Requests to what alerts and heartbeats go out to, by whether they were taken",
            self.vitals.outlets.iter().flat_map(|one| {
                [("taken", one.taken), ("failed", one.failed)].map(|(result, count)| {
                    ([("outlet", one.outlet), ("to", one.to.as_str()), ("result", result)], count)
                })
            }),
        )?;
        families.gauge(
            "vedetta_outlet_last_success_timestamp_seconds",
            "When the newest of them was taken; 0 when none was",
            self.vitals.outlets.iter().map(|one| {
                ([("outlet", one.outlet), ("to", one.to.as_str())], seconds(one.taken_ms.unwrap_or(0)))
            }),
        )
    }

    /// Names as every Prometheus client library has them.
    fn process(&self, families: &mut Families<'_>) -> Result<(), Error> {
        let process = &self.vitals.process;
        families.seconds_counter(
            "process_cpu_seconds",
            "Processor time of all threads, in the kernel and outside",
            process.cpu_seconds,
        )?;
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Memory that is in RAM", process.resident_bytes.map(float)),
            ("process_open_fds", "Open descriptors", process.open_fds.map(float)),
            ("process_max_fds", "How many descriptors may be open", process.max_fds.map(float)),
            ("process_start_time_seconds", "When the process began", process.started_ms.map(seconds)),
        ] {
            families.gauge(name, help, value.map(|value| (NONE, value)))?;
        }
        Ok(())
    }
}
