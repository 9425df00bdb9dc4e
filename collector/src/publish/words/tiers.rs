//! Burn tiers in words: nobody can explain a burn rate, everybody a part of the year's allowance.

use super::Lang;
use super::terms::Terms;
use crate::publish::api::Tier;

/// `2% del fermo ammesso in 6 h`.
pub(crate) fn window(tier: &Tier, terms: &Terms<'_>) -> String {
    let part = tier.part.short(terms.lang);
    let window = length(tier.window_ms, terms.lang);
    match terms.lang {
        Lang::It => format!("{part} del fermo ammesso {} in {window}", terms.in_period()),
        Lang::En => format!("{part} of the down time allowed {} within {window}", terms.in_period()),
    }
}

/// What the tier says now.
pub(crate) fn said(tier: &Tier, lang: Lang) -> &'static str {
    let (it, en) = match (tier.firing, tier.severity.as_str()) {
        (false, _) => ("no", "no"),
        (true, "page") => ("SÌ: avvisa subito", "YES: pages"),
        (true, "ticket") => ("SÌ: nel prossimo giorno lavorativo", "YES: on the next working day"),
        (true, _) => ("SÌ: al riesame periodico", "YES: at the periodic review"),
    };
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}

/// `6 h`, `7 giorni`.
fn length(ms: u64, lang: Lang) -> String {
    let hours = ms / 3_600_000;
    match (hours, lang) {
        (0..72, _) => format!("{hours} h"),
        (_, Lang::It) => format!("{} giorni", hours / 24),
        (_, Lang::En) => format!("{} days", hours / 24),
    }
}
