//! What is promised, how it stands, where it leads.

use collector_derive as derive;
use collector_derive::{Burning, Pace, ServicePace, TRAIL_MS};
use config::{Availability, Quotient, Service, Severity};

use super::figure::{Read, share};
use crate::publish::api::{
    Commitment, Forecast, OfStretch, Outlook, Rolling, Share, Standing, Tier, Unmeasured, Within,
};

/// The row's other promises, as the charter in force says them: those that nothing is compared with.
pub(super) fn unmeasured(service: &derive::ServiceFigure, row: Option<&Service>) -> Vec<Unmeasured> {
    let timely = |kind: &str, promise: &config::Timeliness| Unmeasured {
        kind: kind.to_owned(),
        within: Some(promise.within.to_string()),
        share: Share::of(promise.share.p, promise.share.q),
        strict: false,
        hours: promise.hours.as_ref().map(ToString::to_string),
    };
    let told = |commitment: &config::Commitment| match commitment {
        config::Commitment::Availability(_) => None,
        config::Commitment::AvailabilityWithin(promise) => {
            let measured = service.within.iter().any(|within| within.commitment == *promise);
            (!measured).then(|| Unmeasured {
                kind: commitment.kind().to_owned(),
                within: None,
                share: Share::of(promise.target.p, promise.target.q),
                strict: promise.strict,
                hours: Some(promise.hours.to_string()),
            })
        }
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

/// Its promise around the clock, the last one if there were several, with where its pace leads.
pub(super) fn commitments(service: &derive::ServiceFigure, pace: Option<&ServicePace>) -> Vec<Commitment> {
    let promised = service.promised();
    let told = promised.last().and_then(|derive::Promised { stretch, promise, figure }| {
        let pace = pace.and_then(|pace| pace.promises.iter().find(|pace| pace.hours.is_none()));
        let mut told = commitment(figure, promise, pace)?;
        told.stretch = stretch.map(|(from_ms, to_ms)| OfStretch { from_ms, to_ms });
        (told.standing, told.outlook) = (standing(service.standing()?), outlook(service.outlook()?));
        Some(told)
    });
    told.into_iter().collect()
}

/// Its promises about a calendar's hours.
pub(super) fn within(service: &derive::ServiceFigure, read: Read, pace: Option<&ServicePace>) -> Vec<Within> {
    let told = service.within.iter().filter_map(|within| {
        let of = |pace: &&Pace| {
            (pace.hours.as_ref(), pace.promise) == (Some(&within.commitment.hours), within.promise)
        };
        let pace = pace.and_then(|pace| pace.promises.iter().find(of));
        let promised = within.promised();
        let derive::Promised { stretch, promise, figure } = promised.last()?;
        let mut commitment = commitment(figure, promise, pace)?;
        commitment.stretch = stretch.map(|(from_ms, to_ms)| OfStretch { from_ms, to_ms });
        (commitment.standing, commitment.outlook) =
            (standing(within.standing()?), outlook(within.outlook()?));
        let (kind, hours) = ("availability_within".to_owned(), Some(within.commitment.hours.to_string()));
        Some(Within {
            commitment: Commitment { kind, hours, ..commitment },
            figure: read.with_declared(&within.figure, within.declared.as_ref()),
            gross: read.maybe(within.gross.as_ref()),
            net: read.maybe(within.net.as_ref()),
        })
    });
    told.collect()
}

fn commitment(figure: &derive::Figure, promise: &Availability, pace: Option<&Pace>) -> Option<Commitment> {
    let pace = pace.filter(|_| figure.future_ms > 0);
    let budget = figure.budget(promise);
    Some(Commitment {
        kind: "availability".to_owned(),
        hours: None,
        stretch: None,
        target: Share::of(promise.target.p, promise.target.q)?,
        strict: promise.strict,
        standing: standing(figure.standing(promise)),
        outlook: outlook(figure.outlook(promise)),
        undeclared: None,
        figure: None,
        budget_ms: budget.budget_ms,
        down_max_ms: budget.down_max_ms,
        budget_remaining_ms: budget.remaining_ms,
        required: figure.required(promise).and_then(share),
        forecast: pace.and_then(forecast),
        burn: pace.into_iter().flat_map(|pace| &pace.tiers).filter_map(tier).collect(),
    })
}

pub(super) fn standing(standing: derive::Standing) -> Standing {
    match standing {
        derive::Standing::Met => Standing::Met,
        derive::Standing::Breached => Standing::Breached,
        derive::Standing::Indeterminate => Standing::Indeterminate,
        derive::Standing::NoData => Standing::NoData,
    }
}

pub(super) fn outlook(outlook: derive::Outlook) -> Outlook {
    match outlook {
        derive::Outlook::Secured => Outlook::Secured,
        derive::Outlook::Open => Outlook::Open,
        derive::Outlook::Irrecoverable => Outlook::Irrecoverable,
    }
}

/// Down time of the last day, week and month, also of those before the period; of a mean as often as its members
/// weigh.
pub(super) fn rolling(pace: Option<&ServicePace>) -> Vec<Rolling> {
    let windows = pace.into_iter().flat_map(|pace| pace.rolling);
    let told = windows.map(|(window_ms, saw)| {
        let derive::Trail { down_ms, known_ms, .. } = saw;
        Rolling { window_ms, down_ms, known_ms }
    });
    told.collect()
}

fn forecast(pace: &Pace) -> Option<Forecast> {
    let forecast = pace.forecast.as_ref()?;
    // What is gone already has no day to come.
    let lasts = forecast.exhaust_in_ms.is_some_and(|in_ms| in_ms.floor() > 0);
    Some(Forecast {
        trail_ms: TRAIL_MS,
        pace: pace.month.down_ratio().and_then(share)?,
        down_ms: whole(&forecast.down_ms)?,
        breaks: forecast.breach,
        exhausted_ms: pace.exhausted_at_ms.filter(|_| lasts),
    })
}

fn tier(burning: &Burning) -> Option<Tier> {
    let Burning { tier, threshold, long, short, fires } = burning;
    let severity = match tier.severity {
        Severity::Trend => "trend",
        Severity::Ticket => "ticket",
        Severity::Page => "page",
    };
    Some(Tier {
        part: Share::of(tier.part.p, tier.part.q)?,
        window_ms: tier.window_ms,
        short_ms: tier.short_ms,
        threshold: quotient(threshold)?,
        down: long.down_ratio().and_then(share),
        short_down: short.down_ratio().and_then(share),
        known: long.known_ratio().and_then(share),
        severity: severity.to_owned(),
        firing: *fires,
    })
}

fn quotient(quotient: &Quotient) -> Option<Share> {
    let (p, q) = quotient.parts();
    Share::of(p.try_into().ok()?, q.try_into().ok()?)
}

fn whole(quotient: &Quotient) -> Option<u64> {
    u64::try_from(quotient.floor()).ok()
}
