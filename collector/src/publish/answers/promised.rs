//! All promises of a service that have a figure, those about a calendar's hours among them.

use collector_derive as derive;
use config::Availability;

use super::promise::standing;
use crate::publish::api::{Commitment, Standing, Within};

/// Around the clock first, then each calendar's hours with their figure; how each would stand without what
/// people declared.
pub(super) fn every(
    service: &derive::ServiceFigure,
    around: Vec<Commitment>,
    within: &[Within],
) -> Vec<Commitment> {
    let without = |declared: Option<derive::DeclaredFigure>, promise: Option<Availability>| {
        Some(standing(declared?.without.standing(&promise?)))
    };
    let around = around.into_iter().map(|promise| {
        let undeclared: Option<Standing> = without(service.declared, service.promise);
        // Where the promise changed, no single figure says how it would stand.
        let undeclared = undeclared.filter(|_| promise.stretch.is_none());
        Commitment { undeclared, ..promise }
    });
    let hours = within.iter().map(|told| {
        let hours = told.commitment.hours.as_deref();
        let of = service.within.iter().find(|of| Some(of.commitment.hours.as_str()) == hours);
        let undeclared = of.and_then(|of| without(of.declared, Some(of.promise)));
        let undeclared = undeclared.filter(|_| told.commitment.stretch.is_none());
        Commitment { undeclared, figure: Some(told.figure.clone()), ..told.commitment.clone() }
    });
    around.chain(hours).collect()
}
