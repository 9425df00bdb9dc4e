//! `vedetta report YEAR --format csv`: the year as one flat table, a row per service and one per
//! component beneath it. The JSON form is the read API's [`Year`] itself.
//!
//! RFC 4180: UTF-8, commas, CRLF; decimal points, ISO 8601. A text that a spreadsheet would run as a
//! formula gets an apostrophe in front; numbers are left as they are. Columns are only ever added.

use std::borrow::Cow;

use super::api::{
    Commitment, Figure, Forecast, Group, Members, Outlook, Sampling, ServiceYear, Share, Standing, Year,
};
use super::format::iso;
use super::words::{self, Lang};

/// Every column: its name, and its cell in a row.
const COLUMNS: [(&str, Cell); 50] = [
    ("year", |row| row.year.year.to_string()),
    ("as_of", |row| row.year.as_of.clone()),
    ("provisional", |row| row.year.provisional.to_string()),
    ("row", |row| row.service.row.map_or_else(String::new, |number| number.to_string())),
    ("service", |row| row.service.id.clone()),
    ("component", |row| row.component.to_owned()),
    ("name", |row| harmless(row.name).into_owned()),
    ("target_percent", |row| promised(row, |promise| promise.target.percent.clone())),
    ("comparison", |row| promised(row, |promise| if promise.strict { "gt" } else { "ge" }.to_owned())),
    ("standing", |row| promised(row, |promise| standing(promise.standing).to_owned())),
    ("outlook", |row| promised(row, |promise| outlook(promise.outlook).to_owned())),
    ("availability_percent", |row| percent(row.figure.availability.as_ref())),
    ("lower_bound_percent", |row| percent(row.figure.lower_bound.as_ref())),
    ("upper_bound_percent", |row| percent(row.figure.upper_bound.as_ref())),
    ("coverage_percent", |row| percent(row.figure.coverage.as_ref())),
    ("up_ms", |row| row.figure.up_ms.to_string()),
    ("down_ms", |row| row.figure.down_ms.to_string()),
    ("unknown_ms", |row| row.figure.unknown_ms.to_string()),
    ("out_of_scope_ms", |row| row.figure.out_of_scope_ms.to_string()),
    ("future_ms", |row| row.figure.future_ms.to_string()),
    ("budget_ms", |row| promised(row, |promise| promise.budget_ms.to_string())),
    ("down_max_ms", |row| promised(row, |promise| promise.down_max_ms.to_string())),
    ("budget_remaining_ms", |row| promised(row, |promise| promise.budget_remaining_ms.to_string())),
    (
        "outages",
        |row| if row.component.is_empty() { row.service.outage_count.to_string() } else { String::new() },
    ),
    ("promised_without_measure", |row| {
        let promises = row.service.unmeasured.iter().filter(|_| row.component.is_empty());
        promises.map(|promise| words::unmeasured(promise, Lang::En)).collect::<Vec<_>>().join("; ")
    }),
    ("period", |row| row.year.period.clone()),
    ("sealed_revision", |row| {
        row.year.sealed.as_ref().map_or_else(String::new, |seal| seal.revision.to_string())
    }),
    ("maintenance_ms", |row| row.figure.maintenance_ms.to_string()),
    ("weight", |row| row.figure.weight.to_string()),
    ("net_percent", |row| net(row, |net| percent(net.availability.as_ref()))),
    ("net_down_ms", |row| net(row, |net| net.down_ms.to_string())),
    ("best_total_percent", |row| percent(row.figure.best_total.as_ref())),
    ("required_percent", |row| promised(row, |promise| percent(promise.required.as_ref()))),
    ("forecast_down_ms", |row| forecast(row, |forecast| forecast.down_ms.to_string())),
    ("forecast_exhausted", |row| {
        forecast(row, |forecast| forecast.exhausted_ms.map(iso).unwrap_or_default())
    }),
    ("sure_down_ms", |row| sampled(row, |sampling| sampling.sure_ms)),
    ("possible_down_ms", |row| sampled(row, |sampling| sampling.possible_ms)),
    ("longest_outage_ms", |row| of_service(row, |service| service.longest_outage_ms.to_string())),
    ("unobserved", |row| of_service(row, unobserved)),
    ("corrections", |row| of_service(row, |service| service.corrections.len().to_string())),
    ("members", |row| mean(row, |members| members.each.len().to_string())),
    ("worst_group", |row| {
        mean(row, |members| {
            worst(members).map_or_else(String::new, |group| harmless(&group.name).into_owned())
        })
    }),
    ("worst_group_percent", |row| {
        mean(row, |members| percent(worst(members).and_then(|group| group.figure.availability.as_ref())))
    }),
    ("other_readings", |row| of_service(row, other_readings)),
    ("hours", |row| promised(row, |promise| promise.hours.clone().unwrap_or_default())),
    ("declared_up_ms", |row| row.figure.declared_up_ms.to_string()),
    ("declared_down_ms", |row| row.figure.declared_down_ms.to_string()),
    ("observed_percent", |row| percent(row.figure.seen())),
    ("worst_component", |row| of_service(row, |service| service.worst_component.clone().unwrap_or_default())),
    ("worst_site", |row| of_service(row, |service| service.worst_site.clone().unwrap_or_default())),
];

/// One cell of a row.
type Cell = fn(&Row<'_>) -> String;

/// A service, or one of its components.
struct Row<'a> {
    year: &'a Year,
    service: &'a ServiceYear,
    /// Empty for the service itself.
    component: &'a str,
    name: &'a str,
    figure: &'a Figure,
    promise: Option<&'a Commitment>,
}

/// The year as CSV.
pub fn csv(year: &Year) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(COLUMNS.map(|(name, _)| name))?;
    for service in &year.services {
        // A promise about a calendar's hours stands beside the figure of these hours.
        let ((promise, figure), name) = (service.promised(), service.name.as_str());
        let row = Row { year, service, component: "", name, figure, promise };
        table.write_record(COLUMNS.map(|(_, cell)| cell(&row)))?;
        for component in &service.components {
            let (name, figure) = (component.name.as_str(), &component.figure);
            let row = Row { year, service, component: &component.path, name, figure, promise: None };
            table.write_record(COLUMNS.map(|(_, cell)| cell(&row)))?;
        }
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// A text of the operator's as a cell: spreadsheets run what begins like this as a formula.
fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn promised(row: &Row<'_>, cell: impl Fn(&Commitment) -> String) -> String {
    row.promise.map_or_else(String::new, cell)
}

fn of_service(row: &Row<'_>, cell: impl Fn(&ServiceYear) -> String) -> String {
    if row.component.is_empty() { cell(row.service) } else { String::new() }
}

fn net(row: &Row<'_>, cell: impl Fn(&Figure) -> String) -> String {
    of_service(row, |service| service.beside().1.map_or_else(String::new, &cell))
}

fn forecast(row: &Row<'_>, cell: impl Fn(&Forecast) -> String) -> String {
    promised(row, |promise| promise.forecast.as_ref().map_or_else(String::new, &cell))
}

fn sampled(row: &Row<'_>, ms: impl Fn(&Sampling) -> u64) -> String {
    of_service(row, |service| {
        service.sampling.as_ref().map_or_else(String::new, |sampling| ms(sampling).to_string())
    })
}

fn mean(row: &Row<'_>, cell: impl Fn(&Members) -> String) -> String {
    of_service(row, |service| service.members.as_ref().map_or_else(String::new, &cell))
}

fn worst(members: &Members) -> Option<&Group> {
    members.groups.first()
}

/// `agent_network 3600000; agent_silent 1200`, ms.
fn unobserved(service: &ServiceYear) -> String {
    let reasons = service.unobserved.iter().map(|reason| format!("{} {}", reason.why.name(), reason.ms));
    reasons.collect::<Vec<_>>().join("; ")
}

/// `maintenance=excluded 99.1234 met; …`: what the same measurements say, read otherwise.
fn other_readings(service: &ServiceYear) -> String {
    let others = service.readings.iter().filter(|reading| !reading.ours).map(|reading| {
        let standing = reading.standing.map_or("", standing);
        format!("{}={} {} {standing}", reading.rule, reading.value, percent(reading.availability.as_ref()))
    });
    others.collect::<Vec<_>>().join("; ")
}

fn percent(share: Option<&Share>) -> String {
    share.map_or_else(String::new, |share| share.percent.clone())
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Met => "met",
        Standing::Breached => "breached",
        Standing::Indeterminate => "indeterminate",
        Standing::NoData => "no_data",
    }
}

fn outlook(outlook: Outlook) -> &'static str {
    match outlook {
        Outlook::Secured => "secured",
        Outlook::Open => "open",
        Outlook::Irrecoverable => "irrecoverable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::example;

    #[test]
    fn a_row_per_service_and_component_with_the_apis_numbers() {
        let year = Year::of(&example::moment());
        let bytes = csv(&year).unwrap();
        assert!(bytes.ends_with(b"\r\n"));
        let mut table = csv::Reader::from_reader(bytes.as_slice());
        let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
        let components: usize = year.services.iter().map(|service| service.components.len()).sum();
        assert_eq!(rows.len(), year.services.len() + components);
        let column = |name| COLUMNS.iter().position(|(column, _)| *column == name).unwrap();
        assert_eq!(&rows[0][column("service")], "data_center");
        assert_eq!(rows[0][column("down_ms")], year.services[0].figure.down_ms.to_string());
        assert_eq!(&rows[1][column("component")], year.services[0].components[0].path);
        assert_eq!(&rows[1][column("standing")], "");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("@sum", "'@sum"),
            ("-1+2", "'-1+2"),
            ("DNS", "DNS"),
        ] {
            assert_eq!(harmless(text), cell);
        }
        let mut year = Year::of(&example::moment());
        "=cmd|'/c calc'!A1".clone_into(&mut year.services[0].name);
        let text = String::from_utf8(csv(&year).unwrap()).unwrap();
        assert!(text.contains(",'=cmd|'/c calc'!A1,"), "{text}");
    }
}
