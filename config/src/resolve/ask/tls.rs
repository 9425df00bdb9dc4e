//! How TLS is judged, for whichever kind of probe speaks it.

use std::path::Path;

use super::files;
use crate::text::say;
use crate::yaml::probe::TlsKeys;
use crate::yaml::shape::{At, Report};
use crate::{HostPort, TlsParams};

/// Judges the keys below `tls:`; without any, the defaults. `None` after a problem.
pub(super) fn tls(
    keys: Option<&TlsKeys>,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<TlsParams> {
    let Some(keys) = keys else { return Some(TlsParams::default()) };
    let authority = keys.authority.as_ref().map(|key| authority(key, folder, report));
    let name = keys.name.as_ref().map(|key| name(key, report));
    let sound = authority != Some(None) && name != Some(None);
    let warn_ms = keys.warn.as_ref().map(|warn| warn.value.0);
    sound.then(|| TlsParams { authority: authority.flatten(), name: name.flatten(), warn_ms })
}

pub(super) fn authority(key: &At<String>, folder: Option<&Path>, report: &mut Report<'_>) -> Option<String> {
    match files::certificates(&key.value, folder) {
        Ok(pem) => Some(pem),
        Err(message) => {
            report.problem(key.at, message);
            None
        }
    }
}

fn name(key: &At<String>, report: &mut Report<'_>) -> Option<String> {
    if HostPort::parse(&key.value, Some(443)).is_some_and(|address| address.host == key.value) {
        return Some(key.value.clone());
    }
    let message = say!(
        "`{}` is not a name that a certificate can be for",
        "`{}` non è un nome a cui un certificato possa essere intestato",
        key.value
    );
    report.problem(key.at, message);
    None
}
