//! `probe: registration`: a domain, and until when it is ours.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{http, tls};
use crate::text::say;
use crate::yaml::probe::RegistrationKeys;
use crate::yaml::shape::{At, Report};
use crate::{HostPort, RegistrationParams, TlsParams};

/// Of `rdap`: whoever IANA names.
const BY_IANA: &str = "iana";

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    rdap: Option<String>,
    bootstrap: Option<String>,
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
        let Self { rdap, bootstrap, expires_ms, renew_before_ms, tls } = self;
        if rdap.is_none() && bootstrap.is_none() && expires_ms.is_none() {
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
            bootstrap: bootstrap.clone(),
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
    let (rdap, bootstrap) = match (&keys.rdap, &keys.bootstrap) {
        (Some(key), list) if key.value == BY_IANA => {
            let list = match list {
                None => RegistrationParams::BOOTSTRAP.to_owned(),
                Some(list) => https(list, "bootstrap", report)?,
            };
            (None, Some(list))
        }
        (_, Some(list)) => {
            let message = say!(
                "`bootstrap` is where IANA's list of registries is read; write `rdap: iana` beside it",
                "`bootstrap` è dove si legge l'elenco IANA dei registri; scrivi accanto `rdap: iana`"
            );
            report.problem(list.at, message);
            return None;
        }
        (None, None) => (None, None),
        (Some(key), None) => {
            let service = https(key, "rdap", report)?;
            (Some(format!("{}/", service.trim_end_matches('/'))), None)
        }
    };
    let expires_ms = match &keys.expires {
        None => None,
        Some(day) => Some(begin_ms(day.value)?),
    };
    let renew_before_ms =
        keys.renew_before.as_ref().map_or(RegistrationParams::RENEW_BEFORE_MS, |key| key.value.0);
    Some(Asked { rdap, bootstrap, expires_ms, renew_before_ms, tls: tls? })
}

/// An address of the registry's, or of who knows it.
fn https(key: &At<String>, name: &str, report: &mut Report<'_>) -> Option<String> {
    if !key.value.starts_with("https://") {
        let message = say!(
            "`{name}` is an `https://` address: the registry's RDAP service, or `rdap: iana` for the one that IANA lists",
            "`{name}` è un indirizzo `https://`: il servizio RDAP del registro, o `rdap: iana` per quello dell'elenco IANA"
        );
        report.problem(key.at, message);
        return None;
    }
    http::url(key, "registration", report)?;
    Some(key.value.clone())
}

/// Registries count in UTC; the day's begin, so that nothing is promised for the day itself.
fn begin_ms(day: Date) -> Option<i64> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}
