//! Interfaces by name: a device counts them anew when it restarts, so the name is what the charter says, and the index
//! that it had is only where it is looked for first.

use std::collections::HashMap;

use super::judge::{self, Findings};
use super::message::Value;
use super::oid;
use super::session::Session;
use crate::probe::{Fault, Trace};

/// `ifDescr`, `ifAdminStatus`, `ifOperStatus` (RFC 2863), ifName.
const DESCRIPTION: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 2];
const ADMIN: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 7];
const OPER: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 8];
const NAME: [u32; 11] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
/// Of one device; a chassis with every line card has a few thousand.
const ROWS_MAX: usize = 4_096;

/// Asks for each interface's state, and judges it.
pub(super) async fn ask(
    names: &[String],
    session: &mut Session<'_>,
    findings: &mut Findings,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let states = found(names, session, trace).await?;
    let mut in_operation = 0;
    for name in names {
        let fault = match states.get(name) {
            Some((admin, oper)) => judge::interface(name, admin, oper),
            None => judge::missing(name, &Value::Absent),
        };
        in_operation += usize::from(fault.is_none());
        findings.take(fault);
    }
    trace.fact("interfaces", format!("{in_operation} of {} as they must be", names.len()));
    Ok(())
}

/// Admin and oper state of those that are there, whatever their index is now.
pub(super) async fn found(
    names: &[String],
    session: &mut Session<'_>,
    trace: &mut Trace,
) -> Result<HashMap<String, (Value, Value)>, Fault> {
    let known = states(names, session, trace).await?;
    if names.iter().all(|name| known.contains_key(name)) {
        return Ok(known);
    }
    look_up(names, session, trace).await?;
    states(names, session, trace).await
}

/// Admin and oper state of those whose index is known and still carries their name.
async fn states(
    names: &[String],
    session: &mut Session<'_>,
    trace: &mut Trace,
) -> Result<HashMap<String, (Value, Value)>, Fault> {
    let known: Vec<(&String, u32)> =
        names.iter().filter_map(|name| Some((name, session.interface(name)?))).collect();
    let columns: [&[u32]; 4] = [&ADMIN, &OPER, &NAME, &DESCRIPTION];
    let oids: Vec<_> =
        known.iter().flat_map(|(_, index)| columns.map(|column| oid(column, &[*index]))).flatten().collect();
    let values = session.get(&oids, trace).await?;
    let mut states = HashMap::new();
    for ((name, index), values) in known.into_iter().zip(values.chunks(columns.len())) {
        let [admin, oper, called, described] = values else { continue };
        let is_it = *name == index.to_string() || called.shown() == *name || described.shown() == *name;
        if is_it && *oper != Value::Absent {
            states.insert(name.clone(), (admin.clone(), oper.clone()));
        }
    }
    Ok(states)
}

/// Which index each name has now: by `ifName`, then by `ifDescr`.
async fn look_up(names: &[String], session: &mut Session<'_>, trace: &mut Trace) -> Result<(), Fault> {
    let mut found: HashMap<String, u32> = HashMap::new();
    for column in [&NAME[..], &DESCRIPTION[..]] {
        if names.iter().all(|name| found.contains_key(name) || name.parse::<u32>().is_ok()) {
            break;
        }
        let Some(column) = oid(column, &[]) else { continue };
        for (index, value) in session.walk(&column, ROWS_MAX, trace).await? {
            let (shown, &[index]) = (value.shown(), index.as_slice()) else { continue };
            if names.contains(&shown) {
                found.entry(shown).or_insert(index);
            }
        }
    }
    session.keep_interfaces(found);
    Ok(())
}
