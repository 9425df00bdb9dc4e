//! How far a page may change before somebody has to look.

use crate::HttpDrift;
use crate::text::say;
use crate::yaml::probe::DriftKeys;
use crate::yaml::shape::{At, Report};

/// Judges the keys below `drift:`. `None` after a problem.
pub(super) fn drift(
    At { at, value: keys }: &At<DriftKeys>,
    method: Option<&str>,
    report: &mut Report<'_>,
) -> Option<HttpDrift> {
    if method == Some("HEAD") {
        let message = say!(
            "`HEAD` brings no page to compare; use `GET`",
            "`HEAD` non porta una pagina da confrontare; usa `GET`"
        );
        report.problem(*at, message);
        return None;
    }
    let default = HttpDrift::default();
    let Some(pin) = &keys.pin else {
        if let Some(key) = keys.keeps.as_ref().filter(|key| key.value.p == 0) {
            let message = say!(
                "`keeps: 0%` never speaks: some of the page before must be left, such as `50%`",
                "`keeps: 0%` non scatta mai: della pagina di prima deve restare qualcosa, come `50%`"
            );
            report.problem(key.at, message);
            return None;
        }
        return Some(HttpDrift {
            pin: None,
            keeps: keys.keeps.as_ref().map_or(default.keeps, |key| key.value),
            settles_ms: keys.settles.as_ref().map_or(default.settles_ms, |key| key.value.0),
        });
    };
    let others = [keys.keeps.as_ref().map(|key| key.at), keys.settles.as_ref().map(|key| key.at)];
    if let Some(at) = others.into_iter().flatten().next() {
        let message = say!(
            "a page with a `pin` must not change at all; `keeps` and `settles` are for one without",
            "una pagina con un `pin` non deve cambiare affatto; `keeps` e `settles` sono per una senza"
        );
        report.problem(at, message);
        return None;
    }
    let digits = pin.value.to_ascii_lowercase();
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = say!(
            "`pin` is 64 hexadecimal digits, as `vedetta-agent probe` tells them of the page as the fact `text`",
            "`pin` è di 64 cifre esadecimali, come `vedetta-agent probe` le dice della pagina nel fatto `text`"
        );
        report.problem(pin.at, message);
        return None;
    }
    Some(HttpDrift { pin: Some(digits), ..default })
}
