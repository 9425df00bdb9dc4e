//! Where each promise leads: what the last days saw, and what the rest of the year must be.
//!
//! Windows are the collector's own, over late samples and over new year; a `[30d]` range of a rule would skip gaps.

use std::fmt::Error;

use config::{Quotient, ServiceId};

use super::families::Families;
use super::{Exposition, duration, seconds};
use crate::publish::api::{Commitment, ServiceNow};
use crate::publish::moment::Moment;

const DAY_MS: u64 = 86_400_000;

/// A share of a window that ends now.
#[derive(Debug)]
struct OfWindow {
    service: ServiceId,
    window: String,
    down: Option<f64>,
    known: Option<f64>,
}

/// How fast a promise's budget goes against what is left of it.
#[derive(Debug)]
struct Burn {
    service: ServiceId,
    commitment: String,
    window: String,
    pace: f64,
}

/// What the last days say of every promise.
#[derive(Debug)]
pub(super) struct Paces {
    windows: Vec<OfWindow>,
    burns: Vec<Burn>,
}

impl Paces {
    pub(super) fn of(moment: &Moment) -> Self {
        let paces = || moment.paces.values();
        let windows = paces().flat_map(|pace| {
            pace.rolling.iter().map(|(window_ms, saw)| OfWindow {
                service: pace.service.clone(),
                window: days(*window_ms),
                down: saw.down_ratio().map(collector_derive::Ratio::to_f64),
                known: saw.known_ratio().map(collector_derive::Ratio::to_f64),
            })
        });
        let burns = paces().flat_map(|pace| {
            pace.promises.iter().flat_map(move |promise| {
                let commitment = match &promise.hours {
                    Some(hours) => format!("availability_within:{hours}"),
                    None => "availability".to_owned(),
                };
                promise.adaptive.iter().filter_map(move |(window_ms, burn)| {
                    Some(Burn {
                        service: pace.service.clone(),
                        commitment: commitment.clone(),
                        window: days(*window_ms),
                        pace: float(burn.as_ref()?),
                    })
                })
            })
        });
        Self { windows: windows.collect(), burns: burns.collect() }
    }
}

impl Exposition {
    pub(super) fn paces(&self, families: &mut Families<'_>) -> Result<(), Error> {
        families.gauge(
            "vedetta_window_down_ratio",
            "Down time per known time of the window that ends now; absent where nothing of it is known",
            self.of_windows(|window| window.down),
        )?;
        families.gauge(
            "vedetta_window_known_ratio",
            "Known time per time in scope of the window that ends now",
            self.of_windows(|window| window.known),
        )?;
        families.gauge(
            "vedetta_adaptive_burn_ratio",
            "The window's down ratio against what the rest of the budget bears over the rest of the year: above 1 it will not last",
            self.paces.burns.iter().map(|burn| {
                let labels = [
                    ("service", burn.service.as_str()),
                    ("commitment", burn.commitment.as_str()),
                    ("window", burn.window.as_str()),
                ];
                (labels, burn.pace)
            }),
        )?;
        families.gauge(
            "vedetta_required_availability_ratio",
            "The share of the time to come that must be up if all unobserved time was down; above 1 it cannot be",
            self.promised(|_, commitment| Some(commitment.required.as_ref()?.to_f64())),
        )?;
        families.gauge(
            "vedetta_forecast_down_seconds",
            "Down time by the year's end at the pace of the last 30 days; absent while that is too short to tell",
            self.promised(|_, commitment| Some(duration(commitment.forecast.as_ref()?.down_ms))),
        )?;
        families.gauge(
            "vedetta_forecast_exhausted_timestamp_seconds",
            "When the allowed down time is used up at that pace; absent if not before the year's end",
            self.promised(|_, commitment| Some(seconds(commitment.forecast.as_ref()?.exhausted_ms?))),
        )
    }

    fn of_windows(
        &self,
        share: fn(&OfWindow) -> Option<f64>,
    ) -> impl Iterator<Item = ([(&'static str, &str); 2], f64)> {
        self.paces.windows.iter().filter_map(move |window| {
            let labels = [("service", window.service.as_str()), ("window", window.window.as_str())];
            Some((labels, share(window)?))
        })
    }

    fn promised(
        &self,
        value: fn(&ServiceNow, &Commitment) -> Option<f64>,
    ) -> impl Iterator<Item = ([(&'static str, String); 3], f64)> {
        self.promises().filter_map(move |(service, commitment)| {
            Some((self.promise_year(service, commitment), value(service, commitment)?))
        })
    }
}

fn days(window_ms: u64) -> String {
    format!("{}d", window_ms / DAY_MS)
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn float(quotient: &Quotient) -> f64 {
    let (p, q) = quotient.parts();
    p as f64 / q as f64
}
