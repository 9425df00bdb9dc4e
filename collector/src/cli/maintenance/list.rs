//! What is declared, as a table: maintenance to come, or everything.

use collector_derive::{Declaration, ForcedState};

use crate::cli::declaring::scopes;
use crate::cli::terminal::{Cell, Paint, table};
use crate::declare::say;
use crate::operator::{DeclaredAnswer, DeclaredRow, Said};
use crate::publish::words::{account, notices};
use crate::publish::{Lang, format};

/// Is it a maintenance that is not over and not taken back?
pub(super) fn is_to_come(row: &DeclaredRow, now_ms: i64) -> bool {
    row.revoked_by.is_none()
        && matches!(row.declaration, Declaration::Maintenance { .. })
        && row.windows.iter().any(|held| held.to_ms > now_ms)
}

pub(super) fn show(answer: &DeclaredAnswer, all: bool, lang: Lang, paint: Paint) -> String {
    if answer.declared.is_empty() {
        let said = if all {
            say!("nothing is declared\n", "nessuna dichiarazione\n")
        } else {
            say!(
                "no maintenance is planned; `--all` shows what is over\n",
                "nessuna manutenzione prevista; `--all` mostra quelle concluse\n"
            )
        };
        return said.get(lang).to_owned();
    }
    let rows = answer.declared.iter().map(|row| -> [Cell; 6] {
        [
            format!("#{}", row.entry).into(),
            what(&row.declaration, lang).into(),
            when(row, answer.now_ms, lang).into(),
            status(row, answer.now_ms).get(lang).into(),
            row.author.clone().into(),
            note(&row.declaration).into(),
        ]
    });
    let heading = match lang {
        Lang::It => ["Voce", "Che cosa", "Quando", "Stato", "Chi", "Nota"],
        Lang::En => ["Entry", "What", "When", "State", "Who", "Note"],
    };
    table(heading, rows.collect(), paint)
}

fn what(declaration: &Declaration, lang: Lang) -> String {
    let (word, about) = match declaration {
        Declaration::Maintenance { scope, .. } => (say!("maintenance", "manutenzione"), scopes(scope)),
        Declaration::Extended { entry, .. } => (say!("extended", "prolungata"), format!("#{entry}")),
        Declaration::Closed { entry, .. } => (say!("closed", "chiusa"), format!("#{entry}")),
        Declaration::Cancelled { entry, .. } => (say!("called off", "disdetta"), format!("#{entry}")),
        Declaration::Annulled { scope, .. } => (say!("annulled", "annullato"), scopes(scope)),
        Declaration::Forced { state: ForcedState::Up, scope, .. } => {
            (say!("up", "disponibile"), scopes(scope))
        }
        Declaration::Forced { scope, .. } => (say!("down", "fermo"), scopes(scope)),
        Declaration::Approved { entry } => (say!("approved", "approvata"), format!("#{entry}")),
        Declaration::Revoked { entry, .. } => (say!("taken back", "revocata"), format!("#{entry}")),
        Declaration::Annotated { outage, cause, .. } => {
            (say!("cause", "causa"), format!("{} ({outage})", account::cause(cause.name(), lang)))
        }
    };
    format!("{} {about}", word.get(lang))
}

/// The window that runs or is next, else the last one, and how many there are.
fn when(row: &DeclaredRow, now_ms: i64, lang: Lang) -> String {
    let count = row.windows.len();
    let place = row.windows.iter().position(|held| held.to_ms > now_ms).unwrap_or(count.saturating_sub(1));
    match (row.windows.get(place), &row.declaration) {
        (Some(held), _) => {
            let window = notices::window(held.from_ms, held.to_ms, lang);
            if count > 1 { format!("{window} ({}/{count})", place + 1) } else { window }
        }
        (None, Declaration::Annulled { window, .. } | Declaration::Forced { window, .. }) => {
            notices::window(window.from_ms, window.to_ms, lang)
        }
        (None, _) => format::date_time(row.at_ms, lang),
    }
}

fn status(row: &DeclaredRow, now_ms: i64) -> Said {
    if let Some(by) = row.revoked_by {
        return say!("taken back (#{by})", "revocata (#{by})");
    }
    if row.proposed {
        return say!("proposed", "proposta");
    }
    if !matches!(row.declaration, Declaration::Maintenance { .. }) {
        return match row.approved_by {
            Some(by) => say!("in force (approved by #{by})", "in vigore (approvata dalla #{by})"),
            None => say!("in force", "in vigore"),
        };
    }
    let (all, any) =
        (row.windows.iter().all(|held| held.in_time), row.windows.iter().any(|held| held.in_part));
    let late = match (all, any) {
        (true, _) => ("", ""),
        (false, true) => (", late in part", ", in parte tardiva"),
        (false, false) => (", late", ", tardiva"),
    };
    let (en, it) = match (row.windows.first(), row.windows.iter().find(|held| held.to_ms > now_ms)) {
        (None, _) => ("called off", "disdetta"),
        (Some(_), None) => ("over", "conclusa"),
        (Some(_), Some(next)) if next.from_ms <= now_ms => ("runs", "in corso"),
        (Some(_), Some(_)) => ("planned", "prevista"),
    };
    Said { en: format!("{en}{}", late.0), it: format!("{it}{}", late.1) }
}

fn note(declaration: &Declaration) -> String {
    match declaration {
        Declaration::Maintenance { note, .. }
        | Declaration::Extended { note, .. }
        | Declaration::Closed { note, .. }
        | Declaration::Cancelled { note, .. }
        | Declaration::Annulled { note, .. }
        | Declaration::Revoked { note, .. }
        | Declaration::Annotated { note, .. } => note.clone(),
        Declaration::Forced { note, evidence, .. } => format!("{note} [{evidence}]"),
        Declaration::Approved { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Held;

    /// Saturday 6 March 2027, 14:00 in Rome.
    const NOW_MS: i64 = 1_804_338_000_000;
    const HOUR_MS: i64 = 3_600_000;

    fn planned(entry: u64, hours: &[i64]) -> DeclaredRow {
        let held = |from: &i64| {
            let from_ms = NOW_MS + from * HOUR_MS;
            Held { from_ms, to_ms: from_ms + 6 * HOUR_MS, in_time: *from > 48, in_part: *from > 48 }
        };
        DeclaredRow {
            entry,
            at_ms: NOW_MS,
            author: "m.rossi".to_owned(),
            uid: Some(1001),
            declaration: Declaration::Maintenance {
                scope: vec![collector_derive::Scope::All],
                windows: Vec::new(),
                note: "dischi".to_owned(),
            },
            windows: hours.iter().map(held).collect(),
            revoked_by: None,
            approved_by: None,
            proposed: false,
        }
    }

    #[test]
    fn each_has_its_state_and_the_window_that_matters() {
        let extended = Held { from_ms: NOW_MS, to_ms: NOW_MS + HOUR_MS, in_time: false, in_part: true };
        let rows = vec![
            planned(4, &[-20, 60, 90]),
            planned(5, &[-2]),
            planned(6, &[-20]),
            planned(7, &[]),
            DeclaredRow { windows: vec![extended], ..planned(9, &[]) },
            DeclaredRow { revoked_by: Some(9), ..planned(8, &[60]) },
            DeclaredRow { declaration: Declaration::Approved { entry: 3 }, ..planned(10, &[]) },
        ];
        let answer = DeclaredAnswer { now_ms: NOW_MS, notice_ms: 48 * 3_600_000, declared: rows };
        let shown = show(&answer, true, Lang::It, Paint::none());
        for (line, parts) in shown.lines().skip(1).zip([
            ["#4", "martedì 09/03/2027 02:00", "(2/3)", "prevista, in parte tardiva"],
            ["#5", "12:00 (+01:00) – 18:00", "6 h 00 min", "in corso, tardiva"],
            ["#6", "venerdì 05/03/2027", "18:00", "conclusa, tardiva"],
            ["#7", "06/03/2027 14:00", "m.rossi", "disdetta"],
            ["#9", "14:00", "1 h 00 min", "in corso, in parte tardiva"],
            ["#8", "manutenzione *", "dischi", "revocata (#9)"],
            ["#10", "approvata #3", "m.rossi", "in vigore"],
        ]) {
            for part in parts {
                assert!(line.contains(part), "`{part}` is not in `{line}`");
            }
        }
        let to_come: Vec<u64> =
            answer.declared.iter().filter(|row| is_to_come(row, NOW_MS)).map(|row| row.entry).collect();
        assert_eq!(to_come, [4, 5, 9]);
        let nothing = DeclaredAnswer { declared: Vec::new(), ..answer };
        assert!(show(&nothing, false, Lang::En, Paint::none()).contains("no maintenance is planned"));
    }
}
