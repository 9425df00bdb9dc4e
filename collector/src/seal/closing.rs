//! When a year may be closed: when nothing of it is awaited any more (D27).
//!
//! Samples are awaited for [`CLOSE_AFTER_MS`]: spools have emptied by then. A promise about requests is awaited
//! until the last request of the year is due, by each charter that was in force: one of 31 December that is to be
//! answered within 30 days is open until the end of January. That holds of promises without a measure, too: a
//! year must not be closed in words while it is open in the charter.

use collector_derive::{Limit, Period};
use config::{Charter, Commitment};

/// After the year's end: spools have emptied, and what is to be corrected has been (D27).
pub const CLOSE_AFTER_MS: i64 = 15 * 86_400_000;

/// A row whose last request of the year is due later than [`CLOSE_AFTER_MS`] after its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// What the service is called.
    pub service: String,
    /// What is promised.
    pub promise: Commitment,
}

/// The first instant at which a period may be closed, Unix ms, and the row that it waits for, if one does.
/// `history` is every charter with the instant since which it was in force; the first also judges what was
/// before it.
pub(super) fn closes(history: &[(i64, Charter)], period: Period) -> (i64, Option<Awaited>) {
    let mut latest = (period.end_ms().saturating_add(CLOSE_AFTER_MS), None);
    for (place, (from_ms, charter)) in history.iter().enumerate() {
        let from_ms = if place == 0 { period.start_ms() } else { period.start_ms().max(*from_ms) };
        let until_ms = history.get(place + 1).map_or(period.end_ms(), |(next_ms, _)| *next_ms);
        let Some(in_force) = Period::new(from_ms, until_ms.min(period.end_ms())) else { continue };
        for (service, promise) in timely(charter) {
            let (Commitment::TakenInCharge(limit) | Commitment::Answered(limit)) = promise else { continue };
            let limit = Limit::of(limit, &charter.calendars);
            // At the last instant it is still in time. A calendar that never opens makes nothing due.
            let Some(due_ms) = limit.and_then(|limit| limit.closes_ms(in_force)) else { continue };
            if latest.0 <= due_ms {
                let awaited = Awaited { service: service.to_owned(), promise: promise.clone() };
                latest = (due_ms.saturating_add(1), Some(awaited));
            }
        }
    }
    latest
}

/// Every promise of a charter, with what its service is called.
fn timely(charter: &Charter) -> impl Iterator<Item = (&str, &Commitment)> {
    charter
        .services
        .iter()
        .flat_map(|service| service.commitments.iter().map(|promise| (service.name.as_str(), promise)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::format;

    fn charter(promises: &str) -> Charter {
        let text = format!(
            "organisation: {{name: X}}\nsites: {{ced: {{agents: [agent1]}}}}\n\
             calendars: {{uffici: {{hours: \"mon-fri 08:00-14:00\", holidays: [italy]}}}}\n\
             services:\n  dc: {{name: Data center, commitments: [{{kind: availability, above: 98%}}], \
             components: {{dns: {{probe: tcp, targets: {{dns1: \"h:1\"}}}}}}}}\n{promises}"
        );
        config::parse(&text, "f").unwrap_or_else(|error| panic!("{error}")).vedetta.charter
    }

    fn row(id: &str, promise: &str) -> String {
        format!("  {id}: {{name: Reclami, commitments: [{{{promise}, share: 85%}}]}}\n")
    }

    /// 2026 may be closed at this civil time of Rome.
    #[track_caller]
    fn check(history: &[(i64, Charter)], day: &str, awaited: bool) {
        let (from_ms, row) = closes(history, Period::civil_year(2026));
        assert_eq!(format::civil(from_ms).strftime("%Y-%m-%d %H:%M").to_string(), day);
        assert_eq!(row.is_some(), awaited, "{row:?}");
    }

    #[test]
    fn a_year_waits_for_its_last_request() {
        let first_ms = Period::civil_year(2026).start_ms();
        for (promises, day, awaited) in [
            (String::new(), "2027-01-16 00:00", false),
            (row("reclami", "kind: answered, within: 14 days"), "2027-01-16 00:00", false),
            (row("reclami", "kind: answered, within: 15 days"), "2027-01-16 00:00", false),
            (row("reclami", "kind: answered, within: 16 days"), "2027-01-17 00:00", true),
            (row("reclami", "kind: answered, within: 30 days"), "2027-01-31 00:00", true),
            // 30 January 2027 is a Saturday.
            (
                row("reclami", "kind: answered, within: 30 days, hours: uffici, roll: true"),
                "2027-02-02 00:00",
                true,
            ),
            (
                row("aiuto", "kind: taken_in_charge, within: 60 working hours, hours: uffici"),
                "2027-01-18 14:00",
                true,
            ),
            (
                row("aiuto", "kind: taken_in_charge, within: 3 days")
                    + &row("reclami", "kind: answered, within: 30 days"),
                "2027-01-31 00:00",
                true,
            ),
        ] {
            check(&[(first_ms + 1_000, charter(&promises))], day, awaited);
        }
    }

    #[test]
    fn each_charter_of_the_year_is_asked_for_its_own_part() {
        let year = Period::civil_year(2026);
        let slow = charter(&row("reclami", "kind: answered, within: 30 days"));
        let fast = charter("");
        let june_ms = year.start_ms() + 150 * 86_400_000;
        check(&[(0, slow.clone()), (june_ms, fast.clone())], "2027-01-16 00:00", false);
        check(&[(0, fast.clone()), (june_ms, slow.clone())], "2027-01-31 00:00", true);
        // Dropped in December: what was opened until then is due all the same.
        check(&[(0, slow.clone()), (year.end_ms() - 86_400_000, fast.clone())], "2027-01-30 00:00", true);
        check(&[(0, fast), (year.end_ms(), slow)], "2027-01-16 00:00", false);
    }
}
