//! What is promised, how it stands, where it leads.

use collector_derive as derive;
use collector_derive::{Burning, Hours, Period, TRAIL_MS, Trail};
use config::{Availability, BurnTier, Quotient, Service, Severity, YEAR_MS};

use super::figure::{Read, share};
use crate::publish::api::{
    Commitment, Forecast, OfStretch, Outlook, Rolling, Share, Standing, Tier, Unmeasured, Within,
};
use crate::publish::moment::Account;

/// Down time of these last days is told by itself.
const ROLLING_DAYS: [u64; 3] = [1, 7, 30];
const DAY_MS: u64 = 86_400_000;

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

/// Its promise around the clock, the last one if there were several, with where the pace of late leads: of a mean only
/// with its account.
pub(super) fn commitments(
    service: &derive::ServiceFigure,
    row: Option<&Service>,
    figures: &derive::YearFigures,
    account: Option<&Account>,
) -> Vec<Commitment> {
    let promised = service.promised();
    let told = promised.last().and_then(|derive::Promised { stretch, promise, figure }| {
        let mut told = commitment(figure, promise)?;
        told.stretch = stretch.map(|(from_ms, to_ms)| OfStretch { from_ms, to_ms });
        (told.standing, told.outlook) = (standing(service.standing()?), outlook(service.outlook()?));
        if let Some(period) = period(figures).filter(|_| figure.future_ms > 0) {
            let windows = Windows { service, period, as_of_ms: figures.as_of_ms, account };
            told.forecast = forecast(&windows, figure, promise);
            // Eight windows and their words: a scrape wants none of them.
            told.burn = account.map_or_else(Vec::new, |_| burn(&windows, row, promise));
        }
        Some(told)
    });
    told.into_iter().collect()
}

/// What windows that end at as-of saw of a service.
struct Windows<'a> {
    service: &'a derive::ServiceFigure,
    period: Period,
    as_of_ms: i64,
    account: Option<&'a Account>,
}

impl Windows<'_> {
    /// `None` of a mean, whose time is its members', without its account.
    fn saw(&self, window_ms: u64) -> Option<Trail> {
        if self.service.mean.is_some() {
            return self.account?.trails.get(&window_ms).copied();
        }
        let hours = Hours::around_the_clock(self.period);
        let from_ms = self.as_of_ms.saturating_sub_unsigned(window_ms);
        Some(Trail::of(&self.service.timeline, &hours, from_ms, self.as_of_ms))
    }
}

/// Its promises about a calendar's hours.
pub(super) fn within(service: &derive::ServiceFigure, read: Read) -> Vec<Within> {
    let told = service.within.iter().filter_map(|within| {
        let commitment = commitment(&within.figure, &within.promise)?;
        let (kind, hours) = ("availability_within".to_owned(), Some(within.commitment.hours.to_string()));
        Some(Within {
            commitment: Commitment { kind, hours, ..commitment },
            figure: read.figure(&within.figure),
            net: read.maybe(within.net.as_ref()),
        })
    });
    told.collect()
}

fn commitment(figure: &derive::Figure, promise: &Availability) -> Option<Commitment> {
    let budget = figure.budget(promise);
    Some(Commitment {
        kind: "availability".to_owned(),
        hours: None,
        stretch: None,
        target: Share::of(promise.target.p, promise.target.q)?,
        strict: promise.strict,
        standing: standing(figure.standing(promise)),
        outlook: outlook(figure.outlook(promise)),
        budget_ms: budget.budget_ms,
        down_max_ms: budget.down_max_ms,
        budget_remaining_ms: budget.remaining_ms,
        required: figure.required(promise).and_then(share),
        forecast: None,
        burn: Vec::new(),
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

/// Down time of the last day, week and month, as far as they lie in the period; none of a mean.
pub(super) fn rolling(service: &derive::ServiceFigure, figures: &derive::YearFigures) -> Vec<Rolling> {
    let Some(period) = period(figures).filter(|_| service.mean.is_none()) else { return Vec::new() };
    let hours = Hours::around_the_clock(period);
    let window = |days: u64| {
        let window_ms = days * DAY_MS;
        let from_ms = figures.as_of_ms.saturating_sub_unsigned(window_ms);
        let trail = Trail::of(&service.timeline, &hours, from_ms, figures.as_of_ms);
        Rolling { window_ms, down_ms: trail.down_ms, known_ms: trail.known_ms }
    };
    ROLLING_DAYS.map(window).to_vec()
}

fn period(figures: &derive::YearFigures) -> Option<Period> {
    Period::new(figures.start_ms, figures.end_ms)
}

/// `None` while less than half of the trailing window is known: two good hours say nothing of a year.
fn forecast(windows: &Windows<'_>, figure: &derive::Figure, promise: &Availability) -> Option<Forecast> {
    let end_ms = windows.period.end_ms();
    let trail = windows.saw(TRAIL_MS)?;
    if trail.known_ms.saturating_mul(2) < TRAIL_MS.saturating_mul(figure.weight) {
        return None;
    }
    let forecast = derive::Forecast::of(figure, promise, &trail)?;
    let exhausted_ms = forecast.exhaust_in_ms.and_then(|exhaust_in| whole(&exhaust_in)).filter(|ms| *ms > 0);
    let exhausted_ms = exhausted_ms.map(|ms| windows.as_of_ms.saturating_add_unsigned(ms));
    Some(Forecast {
        trail_ms: TRAIL_MS,
        pace: trail.down_ratio().and_then(share)?,
        down_ms: whole(&forecast.down_ms)?,
        breaks: forecast.breach,
        exhausted_ms: exhausted_ms.filter(|at_ms| *at_ms < end_ms),
    })
}

/// The tiers of a year's promise; a part of a year has no budget of its own.
fn burn(windows: &Windows<'_>, row: Option<&Service>, promise: &Availability) -> Vec<Tier> {
    let Windows { period, as_of_ms, .. } = *windows;
    if period != Period::civil_year(period.civil_year_of_start()) || windows.saw(TRAIL_MS).is_none() {
        return Vec::new();
    }
    let tiers = row.map_or_else(|| BurnTier::defaults(promise.target, YEAR_MS), Service::burn_tiers);
    let saw = |from_ms: i64, to_ms: i64| windows.saw(to_ms.abs_diff(from_ms)).unwrap_or_default();
    let burning = Burning::of(&tiers, promise.target, period.length_ms(), as_of_ms, saw);
    burning.iter().filter_map(tier).collect()
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
