//! What a correction would change: the figures without it and with it, before anything is written.
//!
//! Names are read as of the entry's instant. Where a name was another's in the time that is corrected, or was
//! nobody's, an entry is written, is in force for ever, and does nothing: better to ask while it is typed.

use collector_derive::{
    Charters, Corrections, Declaration, Declared, Figure, Period, Reading, RunIndex, Window, YearFigures,
};
use config::Charter;

/// Does a correction, as it would be written, change no figure of any service, site or check? What still waits
/// for approval is read as approved. `false` of what corrects nothing.
pub fn is_idle(
    history: &[(i64, Charter)],
    runs: &RunIndex,
    declared: &[Declared],
    wished: &Declared,
) -> bool {
    let Some((entry, window)) = corrected(declared, wished) else { return false };
    let as_of_ms = wished.at_ms;
    let Some(period) = Period::new(window.from_ms, window.to_ms.min(as_of_ms)) else { return true };
    let charters = Charters::of(history, period, as_of_ms);
    let figures = |corrections| charters.figures(runs, corrections, &Reading::default());
    let without = Corrections::of(declared, as_of_ms);
    let all: Vec<Declared> = declared.iter().chain([wished]).cloned().collect();
    let mut with = Corrections::of(&all, as_of_ms);
    with.marks.extend(with.proposed.iter().filter(|mark| mark.entry == entry).cloned());
    integers(&figures(&without)) == integers(&figures(&with))
}

/// The correction that it makes, and of when.
fn corrected(declared: &[Declared], wished: &Declared) -> Option<(u64, Window)> {
    match &wished.declaration {
        Declaration::Annulled { window, .. } | Declaration::Forced { window, .. } => {
            Some((wished.entry, *window))
        }
        Declaration::Approved { entry } => {
            let proposed = declared.iter().find(|other| other.entry == *entry)?;
            let Declaration::Forced { window, .. } = &proposed.declaration else { return None };
            Some((*entry, *window))
        }
        _ => None,
    }
}

fn integers(figures: &YearFigures) -> Vec<Figure> {
    let services = figures.services.iter().flat_map(|service| {
        let sites = service.sites.iter().map(|site| site.figure);
        [service.figure].into_iter().chain(sites)
    });
    services.chain(figures.checks.iter().map(|check| check.figure)).collect()
}

#[cfg(test)]
mod tests;
