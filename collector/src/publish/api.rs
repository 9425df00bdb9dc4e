//! The read API's answers, field by field: the reference form of every figure.
//!
//! `GET /api/v1/years/2027`, `/api/v1/quarters/2027-Q1` and `/api/v1/months/2027-03` answer [`Year`]
//! (`?outages=none` leaves the list of stops out, which can be most of the answer), `GET /api/v1/now`
//! answers [`Now`], `GET /api/v1/alerts` [`Alerts`],
//! `GET /api/v1/mails` (operators) [`Mails`], `GET /api/v1/certificates` answers [`Certificates`], `GET /readyz` answers [`Ready`]. `?as_of=INSTANT` asks for what was known then,
//! `?account=SERVICE` (operators: or `all`) for what makes up the figure. Page, metrics and commands show
//! these values and no others, so that they cannot disagree. The types stand apart from derive's: a change of
//! the derivation is not a change of the
//! API. Instants and durations are integers in milliseconds, shares exact fractions; `percent` texts
//! are for eyes, truncated, with a decimal point. Fields are only ever added.

mod figure;
mod promise;
mod outage;
mod account;
mod year;
mod now;
mod alerts;
mod mails;
mod certificates;

pub use account::{
    Alternative, Ceiling, Correction, Effect, Group, Member, Members, Stretch, Unobserved, Why,
};
pub use alerts::{Alerts, BudgetAlert, OpenIncident, TodayLine};
pub use certificates::{Certificate, Certificates, Registration, Seen};
pub use figure::{Figure, Share};
pub use mails::{BrokenTemplate, Mail, Mails};
pub use now::{
    Agent, ComponentNow, Condition, Journal, MeanNow, Now, Rolling, ServiceNow, StaleStream, State,
    VantageNow, Work,
};
pub use outage::{Annotation, Cause, InHours, Outage, Sampling};
pub use promise::{Commitment, Forecast, OfStretch, Outlook, Standing, Tier, Unmeasured, Within};
pub use year::{CheckYear, ComponentYear, Sealed, ServiceYear, SiteYear, Year};

use serde::{Deserialize, Serialize};

/// `GET /readyz`: 200 when ready, 503 when not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// No reason against it.
    pub ready: bool,
    /// Why not, one sentence each.
    pub reasons: Vec<String>,
    /// The same in Italian.
    #[serde(default)]
    pub motivi: Vec<String>,
}

/// The body of every answer that is not 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A sentence that says what to do.
    pub error: String,
    /// The same in Italian, where it was said in both languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errore: Option<String>,
}

#[cfg(test)]
mod tests;
