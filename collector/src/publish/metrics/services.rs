//! What services, components and promises are, and the year so far.

use std::fmt::Error;

use super::families::Families;
use super::{Exposition, duration, flag, seconds};
use crate::publish::api::{Commitment, ComponentNow, Outlook, ServiceNow, Share, Standing, State};

const STATES: [(State, &str); 5] = [
    (State::Up, "up"),
    (State::Degraded, "degraded"),
    (State::Down, "down"),
    (State::Unknown, "unknown"),
    (State::Maintenance, "maintenance"),
];

const STANDINGS: [(Standing, &str); 4] = [
    (Standing::Met, "met"),
    (Standing::Breached, "breached"),
    (Standing::Indeterminate, "indeterminate"),
    (Standing::NoData, "no_data"),
];

const OUTLOOKS: [(Outlook, &str); 3] =
    [(Outlook::Secured, "secured"), (Outlook::Open, "open"), (Outlook::Irrecoverable, "irrecoverable")];

impl Exposition {
    /// The services of which something is seen.
    pub(super) fn probed(&self) -> impl Iterator<Item = &ServiceNow> {
        self.now.services.iter().filter(|service| service.is_probed())
    }

    pub(super) fn states(&self, families: &mut Families<'_>) -> Result<(), Error> {
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

    /// How much of each service is up now: of a mean its members' weight, of any other all or nothing.
    pub(super) fn up_now(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_service_availability_current_ratio",
            "Share of the service's weight that is up now; absent while nobody can say",
            self.probed().filter_map(|service| {
                let up = match (&service.mean, service.now.state) {
                    (Some(mean), _) => mean.up.as_ref()?.to_f64(),
                    (None, State::Up | State::Degraded) => 1.0,
                    (None, State::Down) => 0.0,
                    (None, State::Unknown | State::Maintenance) => return None,
                };
                Some(([("service", service.id.as_str())], up))
            }),
        )
    }

    pub(super) fn availability(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_availability_seconds",
            "Seconds of the year by state, time to come included; they sum to the time in scope, of a mean as often as its members weigh",
            self.probed().flat_map(|service| {
                let figure = &service.figure;
                [
                    ("up", figure.up_ms),
                    ("down", figure.down_ms),
                    ("unknown", figure.unknown_ms),
                    ("maintenance", figure.maintenance_ms),
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

    pub(super) fn commitments(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_target_ratio",
            "The share promised; comparison gt is more than, ge at least",
            self.promises().map(|(service, commitment)| {
                let comparison = if commitment.strict { "gt" } else { "ge" };
                let labels = [
                    ("service", service.id.clone()),
                    ("commitment", promise_name(commitment)),
                    ("comparison", comparison.to_owned()),
                ];
                (labels, commitment.target.to_f64())
            }),
        )?;
        families.gauge(
            "vedetta_commitment_availability_ratio",
            "Up time per measured time of the hours that the promise is about, this year so far",
            self.promises().filter_map(|(service, commitment)| {
                let figure = commitment.figure.as_ref().unwrap_or(&service.figure);
                Some((self.promise_year(service, commitment), figure.availability.as_ref()?.to_f64()))
            }),
        )?;
        families.gauge(
            "vedetta_downtime_budget_seconds",
            "Down time that the promise leaves in the year",
            self.promises().map(|(service, commitment)| {
                (self.promise_year(service, commitment), duration(commitment.budget_ms))
            }),
        )?;
        families.gauge(
            "vedetta_downtime_budget_remaining_seconds",
            "What is left of it; negative when overrun",
            self.promises().map(|(service, commitment)| {
                (self.promise_year(service, commitment), seconds(commitment.budget_remaining_ms))
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

    pub(super) fn outages(&self, families: &mut Families<'_>) -> Result<(), Error> {
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
        )?;
        families.gauge(
            "vedetta_outage_longest_seconds",
            "The longest stop of the year so far; 0 when there was none",
            self.probed().map(|service| {
                (
                    [("service", service.id.clone()), ("year", self.year())],
                    duration(service.longest_outage_ms),
                )
            }),
        )?;
        families.gauge(
            "vedetta_downtime_rolling_seconds",
            "Confirmed down time of the window that ends now, of a mean as often as its members weigh",
            self.probed().flat_map(|service| {
                service.rolling.iter().map(|rolling| {
                    let window = format!("{}d", rolling.window_ms / DAY_MS);
                    ([("service", service.id.clone()), ("window", window)], duration(rolling.down_ms))
                })
            }),
        )
    }

    pub(super) fn promise_year(
        &self,
        service: &ServiceNow,
        commitment: &Commitment,
    ) -> [(&'static str, String); 3] {
        let commitment = promise_name(commitment);
        [("service", service.id.clone()), ("commitment", commitment), ("year", self.year())]
    }

    pub(super) fn components(&self) -> impl Iterator<Item = (&ServiceNow, &ComponentNow)> {
        self.now
            .services
            .iter()
            .flat_map(|service| service.components.iter().map(move |component| (service, component)))
    }

    pub(super) fn promises(&self) -> impl Iterator<Item = (&ServiceNow, &Commitment)> {
        self.now
            .services
            .iter()
            .flat_map(|service| service.commitments.iter().map(move |commitment| (service, commitment)))
    }
}

const DAY_MS: u64 = 86_400_000;

type ShareOf = fn(&ServiceNow) -> Option<&Share>;

const SHARES: [(&str, &str, ShareOf); 6] = [
    ("vedetta_availability_ratio", "Up time per measured time, this year so far", |service| {
        service.figure.availability.as_ref()
    }),
    ("vedetta_availability_lower_bound_ratio", "The same if all unobserved time was down", |service| {
        service.figure.lower_bound.as_ref()
    }),
    ("vedetta_availability_upper_bound_ratio", "The same if all unobserved time was up", |service| {
        service.figure.upper_bound.as_ref()
    }),
    (
        "vedetta_availability_coverage_ratio",
        "Time that agents saw per elapsed time, this year so far",
        |service| service.figure.seen(),
    ),
    ("vedetta_availability_net_ratio", "Up time per measured time without planned stops", |service| {
        service.net.as_ref().unwrap_or(&service.figure).availability.as_ref()
    }),
    (
        "vedetta_availability_best_case_ratio",
        "The best the year can end with, if nothing more is down",
        |service| service.figure.best_total.as_ref(),
    ),
];

fn promise_labels(service: &ServiceNow, commitment: &Commitment, state: &str) -> [(&'static str, String); 3] {
    [("service", service.id.clone()), ("commitment", promise_name(commitment)), ("state", state.to_owned())]
}

/// `availability`, or `availability_within:uffici`: a service may promise something of several calendars.
fn promise_name(commitment: &Commitment) -> String {
    match &commitment.hours {
        Some(hours) => format!("{}:{hours}", commitment.kind),
        None => commitment.kind.clone(),
    }
}
