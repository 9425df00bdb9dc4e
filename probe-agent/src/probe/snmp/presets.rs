//! What is asked of usual kinds of devices, by the MIBs that all vendors share. A table that is empty is no fault: not
//! every chassis has sensors.

use collector_api::Reason;

use super::judge::{Findings, Ups, missing};
use super::message::Value;
use super::oid;
use super::session::Session;
use crate::probe::{Fault, Trace};

/// RFC 1628: `upsBatteryStatus`, `upsEstimatedMinutesRemaining`, `upsEstimatedChargeRemaining`, `upsOutputSource`,
/// `upsAlarmsPresent`.
const UPS: [[u32; 11]; 5] = [
    [1, 3, 6, 1, 2, 1, 33, 1, 2, 1, 0],
    [1, 3, 6, 1, 2, 1, 33, 1, 2, 3, 0],
    [1, 3, 6, 1, 2, 1, 33, 1, 2, 4, 0],
    [1, 3, 6, 1, 2, 1, 33, 1, 4, 1, 0],
    [1, 3, 6, 1, 2, 1, 33, 1, 6, 1, 0],
];
/// `upsAlarmDescr`, whose values are names of alarms below `upsWellKnownAlarms`.
const UPS_ALARM: [u32; 12] = [1, 3, 6, 1, 2, 1, 33, 1, 6, 2, 1, 2];
const UPS_WELL_KNOWN: [u32; 10] = [1, 3, 6, 1, 2, 1, 33, 1, 6, 3];
/// RFC 3433: `entPhySensorOperStatus`.
const SENSOR_STATUS: [u32; 11] = [1, 3, 6, 1, 2, 1, 99, 1, 1, 1, 5];
/// RFC 2790: `hrStorageType`, `hrStorageDescr`, `hrStorageSize`, `hrStorageUsed`.
const STORAGE: [u32; 10] = [1, 3, 6, 1, 2, 1, 25, 2, 3, 1];
const FIXED_DISK: [u32; 10] = [1, 3, 6, 1, 2, 1, 25, 2, 1, 4];
/// Rows of one table.
const ROWS_MAX: usize = 2_048;
/// What a disk is used, per cent, that is told: what is left fills in a night.
const DISK_PERCENT: u64 = 90;

/// `preset: ups`
pub(super) async fn ups(
    minutes_left: u32,
    session: &mut Session<'_>,
    findings: &mut Findings,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let oids: Vec<_> = UPS.iter().filter_map(|arcs| oid(arcs, &[])).collect();
    let values = session.get(&oids, trace).await?;
    let [battery, minutes, charge, output, alarms] = values.as_slice() else { return Ok(()) };
    // A UPS without this one value is none, or speaks its vendor's language only.
    if let Some(fault) = missing("the state of the battery", battery) {
        findings.take(Some(fault));
        return Ok(());
    }
    let mut ups =
        Ups { battery: battery.count(), minutes: minutes.count(), output: output.count(), ..Ups::default() };
    if alarms.count().is_some_and(|count| count > 0) {
        for alarm in alarms_of(session, trace).await? {
            match alarm {
                // upsAlarmBatteryBad; then what the other values say themselves: on battery, battery low, depleted.
                Some(1) => ups.must_replace = true,
                Some(2..=4) => {}
                _ => ups.alarms += 1,
            }
        }
    }
    trace.fact("ups", format!("charge {} %, {} minutes", charge.shown(), minutes.shown()));
    findings.take(ups.judge(minutes_left));
    Ok(())
}

/// The alarms that are present, by their number among those that are well known.
async fn alarms_of(session: &mut Session<'_>, trace: &mut Trace) -> Result<Vec<Option<u32>>, Fault> {
    let Some(column) = oid(&UPS_ALARM, &[]) else { return Ok(Vec::new()) };
    let rows = session.walk(&column, ROWS_MAX, trace).await?;
    let number = |value: &Value| match value {
        Value::Oid(oid) => oid.arcs().strip_prefix(&UPS_WELL_KNOWN)?.first().copied(),
        _ => None,
    };
    Ok(rows.iter().map(|(_, value)| number(value)).collect())
}

/// `preset: sensors`
pub(super) async fn sensors(
    session: &mut Session<'_>,
    findings: &mut Findings,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let Some(column) = oid(&SENSOR_STATUS, &[]) else { return Ok(()) };
    let rows = session.walk(&column, ROWS_MAX, trace).await?;
    // 1 works, 2 has no value now, 3 is broken.
    let broken: Vec<String> = rows
        .iter()
        .filter(|(_, value)| value.count() == Some(3))
        .map(|(index, _)| index.first().map(ToString::to_string).unwrap_or_default())
        .collect();
    trace.fact("sensors", format!("{} of {} work", rows.len() - broken.len(), rows.len()));
    if !broken.is_empty() {
        let detail = format!("broken sensors: {}", broken.join(", "));
        findings.take(Some(Fault::degraded(Reason::SnmpSensor, detail)));
    }
    Ok(())
}

/// `preset: host`
pub(super) async fn host(
    session: &mut Session<'_>,
    findings: &mut Findings,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let Some(kinds) = oid(&STORAGE, &[2]) else { return Ok(()) };
    let rows = session.walk(&kinds, ROWS_MAX, trace).await?;
    let is_disk = |value: &Value| matches!(value, Value::Oid(oid) if oid.arcs() == FIXED_DISK);
    let disks: Vec<Vec<u32>> =
        rows.into_iter().filter(|(_, kind)| is_disk(kind)).map(|(index, _)| index).collect();
    let oids: Vec<_> = disks
        .iter()
        .flat_map(|index| [3, 5, 6].map(|column| oid(&STORAGE, &[&[column], index.as_slice()].concat())))
        .flatten()
        .collect();
    let values = session.get(&oids, trace).await?;
    for disk in values.chunks(3) {
        let [name, size, used] = disk else { continue };
        let (Some(size), Some(used)) = (size.count().filter(|size| *size > 0), used.count()) else {
            continue;
        };
        let percent = used.saturating_mul(100) / size;
        if percent >= DISK_PERCENT {
            let detail = format!("{} is used to {percent} %", name.shown());
            findings.take(Some(Fault::degraded(Reason::SnmpDisk, detail)));
        }
    }
    trace.fact("disks", disks.len().to_string());
    Ok(())
}
