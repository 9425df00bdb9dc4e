//! What is promised, and how it stands.

use collector_derive as derive;
use config::{Availability, Service};

use super::figure::share;
use crate::publish::api::{Commitment, Outlook, Share, Standing, Unmeasured};

/// The row's other promises, as the charter in force says them.
pub(super) fn unmeasured(row: Option<&Service>) -> Vec<Unmeasured> {
    let timely = |kind: &str, promise: &config::Timeliness| Unmeasured {
        kind: kind.to_owned(),
        within: Some(promise.within.to_string()),
        share: Share::of(promise.share.p, promise.share.q),
        strict: false,
        hours: promise.hours.as_ref().map(ToString::to_string),
    };
    let told = |commitment: &config::Commitment| match commitment {
        config::Commitment::Availability(_) => None,
        config::Commitment::AvailabilityWithin(promise) => Some(Unmeasured {
            kind: commitment.kind().to_owned(),
            within: None,
            share: Share::of(promise.target.p, promise.target.q),
            strict: promise.strict,
            hours: Some(promise.hours.to_string()),
        }),
        config::Commitment::TakenInCharge(promise) | config::Commitment::Answered(promise) => {
            Some(timely(commitment.kind(), promise))
        }
        config::Commitment::OnRequest => Some(Unmeasured {
            kind: commitment.kind().to_owned(),
            within: None,
            share: None,
            strict: false,
            hours: None,
        }),
    };
    row.into_iter().flat_map(|row| &row.commitments).filter_map(told).collect()
}

pub(super) fn commitments(service: &derive::ServiceFigure) -> Vec<Commitment> {
    service.promise.iter().filter_map(|promise| commitment(&service.figure, promise)).collect()
}

fn commitment(figure: &derive::Figure, promise: &Availability) -> Option<Commitment> {
    let budget = figure.budget(promise);
    Some(Commitment {
        kind: "availability".to_owned(),
        target: Share::of(promise.target.p, promise.target.q)?,
        strict: promise.strict,
        standing: match figure.standing(promise) {
            derive::Standing::Met => Standing::Met,
            derive::Standing::Breached => Standing::Breached,
            derive::Standing::Indeterminate => Standing::Indeterminate,
            derive::Standing::NoData => Standing::NoData,
        },
        outlook: match figure.outlook(promise) {
            derive::Outlook::Secured => Outlook::Secured,
            derive::Outlook::Open => Outlook::Open,
            derive::Outlook::Irrecoverable => Outlook::Irrecoverable,
        },
        budget_ms: budget.budget_ms,
        down_max_ms: budget.down_max_ms,
        budget_remaining_ms: budget.remaining_ms,
        required: figure.required(promise).and_then(share),
        forecast: None,
        burn: Vec::new(),
    })
}
