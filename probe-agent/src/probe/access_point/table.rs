//! A controller's table, and what it says of one access point. No socket, no clock.

use std::collections::{BTreeMap, HashMap};

use collector_api::Reason;
use config::{AccessPointParams, ApController};

use super::super::snmp::Value;
use crate::probe::Fault;

/// Of one state or name, letters: a hostile controller's are cut.
const TEXT_MAX: usize = 64;

/// Access points by the names of their targets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Table(BTreeMap<String, Row>);

/// What is said of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    /// As the controller writes it.
    called: String,
    state: String,
    standing: Standing,
    clients: Option<u64>,
    address: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Up,
    Degraded,
    Down,
}

/// One access point for the list of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// As a target is named.
    pub name: String,
    /// Its address, where the controller tells one.
    pub address: String,
    /// As the controller calls it, and its state.
    pub note: String,
}

/// What one row says, before it is judged.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) state: String,
    pub(super) clients: Option<u64>,
    pub(super) address: String,
}

impl Table {
    /// Of rows, in their order. Of two that have one name, the one that is better off: an access point that was
    /// replaced leaves its predecessor behind.
    pub(super) fn of(controller: &ApController, rows: impl Iterator<Item = Told>) -> Self {
        let mut table = BTreeMap::new();
        for told in rows.filter(|told| !told.name.trim().is_empty()) {
            let is_in = |states: &[String]| states.contains(&told.state);
            let standing = if is_in(&controller.up) {
                Standing::Up
            } else if is_in(&controller.degraded) {
                Standing::Degraded
            } else {
                Standing::Down
            };
            let row = Row {
                called: told.name.chars().take(TEXT_MAX).collect(),
                state: told.state.chars().take(TEXT_MAX).collect(),
                standing,
                clients: told.clients,
                address: told.address,
            };
            let name = AccessPointParams::name_of(&told.name);
            let known = table.get(&name).map(|row: &Row| row.standing);
            if known.is_none_or(|known| known != Standing::Up && standing != Standing::Down) {
                table.insert(name, row);
            }
        }
        Self(table)
    }

    /// Of columns, by what stands behind their names.
    pub(super) fn of_columns(
        controller: &ApController,
        names: Vec<(Vec<u32>, Value)>,
        states: &[(Vec<u32>, Value)],
        clients: &[(Vec<u32>, Value)],
        addresses: &[(Vec<u32>, Value)],
    ) -> Self {
        let by_index =
            |rows: &'_ [(Vec<u32>, Value)]| -> HashMap<Vec<u32>, Value> { rows.iter().cloned().collect() };
        let (states, clients, addresses) = (by_index(states), by_index(clients), by_index(addresses));
        let shown = |rows: &HashMap<Vec<u32>, Value>, index: &[u32]| {
            rows.get(index).map(Value::shown).unwrap_or_default()
        };
        let rows = names.into_iter().map(|(index, name)| Told {
            name: name.shown(),
            state: shown(&states, &index),
            clients: clients.get(&index).and_then(Value::count),
            address: shown(&addresses, &index),
        });
        Self::of(controller, rows)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Has it names, and no state of anybody: the column or field is another, or was not read?
    pub(super) fn is_stateless(&self) -> bool {
        self.0.values().all(|row| row.state.trim().is_empty())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// For evidence.
    pub(super) fn tell(&self, name: &str) -> String {
        match self.0.get(name) {
            None => format!("absent among {}", self.0.len()),
            Some(row) => {
                let clients = row.clients.map(|clients| format!(", {clients} clients")).unwrap_or_default();
                format!("{}: {}{clients}", row.called, row.state)
            }
        }
    }

    /// Without clients it is up: nobody is there.
    pub(super) fn judge(&self, name: &str) -> Result<(), Fault> {
        let Some(row) = self.0.get(name) else {
            let detail = format!("the controller tells of {} others", self.0.len());
            return Err(Fault::new(Reason::ApAbsent, detail));
        };
        let detail = format!("state {}", row.state);
        match row.standing {
            Standing::Up => Ok(()),
            Standing::Degraded => Err(Fault::degraded(Reason::ApRadioOff, detail)),
            Standing::Down => Err(Fault::new(Reason::ApDisassociated, detail)),
        }
    }

    pub(super) fn listed(self) -> Vec<Listed> {
        let rows = self.0.into_iter();
        rows.map(|(name, row)| Listed {
            name,
            address: row.address,
            note: format!("{}: {}", row.called, row.state),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use collector_api::Verdict;
    use config::{ApSource, TlsParams};

    use super::*;

    fn controller() -> ApController {
        let source = ApSource::Rest {
            url: "https://wifi.example/".to_owned(),
            header: None,
            secret: None,
            list: String::new(),
            name: "name".to_owned(),
            state: "state".to_owned(),
            clients: None,
            ip: None,
            tls: TlsParams::default(),
        };
        ApController { source, up: vec!["1".to_owned()], degraded: vec!["4".to_owned()] }
    }

    fn told(name: &str, state: &str, clients: u64) -> Told {
        Told {
            name: name.to_owned(),
            state: state.to_owned(),
            clients: Some(clients),
            address: String::new(),
        }
    }

    #[test]
    fn the_table_says_who_is_up() {
        let rows =
            [told("AP Roma.1", "1", 0), told("roma-2", "2", 9), told("roma-3", "4", 1), told(" ", "1", 0)];
        let table = Table::of(&controller(), rows.into_iter());
        for (name, verdict, reason, shown) in [
            ("ap-roma-1", Verdict::Up, Reason::None, "AP Roma.1: 1, 0 clients"),
            ("roma-2", Verdict::Down, Reason::ApDisassociated, "roma-2: 2, 9 clients"),
            ("roma-3", Verdict::Degraded, Reason::ApRadioOff, "roma-3: 4, 1 clients"),
            ("roma-4", Verdict::Down, Reason::ApAbsent, "absent among 3"),
        ] {
            let seen = table.judge(name).err();
            let seen = seen.map_or((Verdict::Up, Reason::None), |fault| (fault.verdict(), fault.reason));
            assert_eq!((seen, table.tell(name).as_str()), ((verdict, reason), shown), "{name}");
        }
    }

    #[test]
    fn of_two_with_one_name_the_better_counts() {
        for states in [["1", "2"], ["2", "1"], ["4", "1"], ["1", "4"]] {
            let rows = states.map(|state| told("roma-1", state, 0));
            assert_eq!(Table::of(&controller(), rows.into_iter()).judge("roma-1"), Ok(()), "{states:?}");
        }
    }
}
