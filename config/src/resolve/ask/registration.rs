//! `probe: registration`: a domain, and until when it is ours.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{http, tls};
use crate::text::say;
use crate::yaml::probe::RegistrationKeys;
use crate::yaml::shape::{At, Report};
use crate::{HostPort, RegistrationParams, TlsParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    rdap: Option<String>,
    expires_ms: Option<i64>,
    renew_before_ms: u64,
    tls: TlsParams,
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<RegistrationParams> {
        let domain = target.value.trim_end_matches('.').to_ascii_lowercase();
        // Any port will do: it tells a name alone from a name with one.
        let is_name = HostPort::parse(&domain, Some(1)).is_some_and(|address| address.host == domain);
        if !is_name || !domain.contains('.') || domain.parse::<std::net::IpAddr>().is_ok() {
            let message = say!(
                "`{}` is not a domain, such as `comune.example`",
                "`{}` non è un dominio, come `comune.example`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        }
        let Self { rdap, expires_ms, renew_before_ms, tls } = self;
        if rdap.is_none() && expires_ms.is_none() {
            let message = say!(
                "nobody says until when `{domain}` is registered: give `rdap`, the registry's service, or `expires`, the day",
                "nessuno dice fino a quando `{domain}` è registrato: scrivi `rdap`, il servizio del registro, o `expires`, il giorno"
            );
            report.problem(target.at, message);
            return None;
        }
        Some(RegistrationParams {
            domain,
            rdap: rdap.clone(),
            expires_ms: *expires_ms,
            renew_before_ms: *renew_before_ms,
            tls: tls.clone(),
        })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(
    keys: &RegistrationKeys,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<Asked> {
    let tls = tls::tls(keys.tls.as_ref(), folder, report);
    let rdap = match &keys.rdap {
        None => None,
        Some(key) => Some(service(key, report)?),
    };
    let expires_ms = match &keys.expires {
        None => None,
        Some(day) => Some(begin_ms(day.value)?),
    };
    let renew_before_ms =
        keys.renew_before.as_ref().map_or(RegistrationParams::RENEW_BEFORE_MS, |key| key.value.0);
    Some(Asked { rdap, expires_ms, renew_before_ms, tls: tls? })
}

/// The address of the service, with a slash at its end.
fn service(key: &At<String>, report: &mut Report<'_>) -> Option<String> {
    if !key.value.starts_with("https://") {
        let message = say!(
            "`rdap` is the `https://` address of the registry's RDAP service",
            "`rdap` è l'indirizzo `https://` del servizio RDAP del registro"
        );
        report.problem(key.at, message);
        return None;
    }
    http::url(key, "registration", report)?;
    Some(format!("{}/", key.value.trim_end_matches('/')))
}

/// Registries count in UTC; the day's begin, so that nothing is promised for the day itself.
fn begin_ms(day: Date) -> Option<i64> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}
