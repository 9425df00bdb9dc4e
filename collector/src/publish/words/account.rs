//! What a figure is made of, in words: planned stops, unobserved time, members, corrections, outlook.

use std::fmt::Write as _;

use super::terms::Terms;
use super::{Lang, verdict};
use crate::publish::api::{
    Ceiling, Commitment, Correction, Effect, Figure, Forecast, InHours, Member, Members, Outage, Outlook,
    Sampling, ServiceYear, Share, Standing, Stretch, Unobserved, Why, Within, Year,
};
use crate::publish::format;
use crate::publish::words;

/// The figure as if planned work counted as any time.
pub(crate) fn gross(gross: &Figure, target: Option<&Share>, lang: Lang) -> String {
    format!("{} {}", gross.headline(target, lang), lang.labels().with_planned)
}

/// The figure without planned stops, and how long these were.
pub(crate) fn net(net: &Figure, gross: &Figure, target: Option<&Share>, terms: &Terms<'_>) -> String {
    let planned = terms.time(gross.down_ms.saturating_sub(net.down_ms));
    let unplanned = terms.time(net.down_ms);
    let headline = net.headline(target, terms.lang);
    match terms.lang {
        Lang::It => format!("{headline} senza i fermi programmati ({planned}); non programmato {unplanned}"),
        Lang::En => format!("{headline} without planned stops ({planned}); unplanned {unplanned}"),
    }
}

/// What was not observed, why, and what it does to the figure.
pub(crate) fn unobserved(figure: &Figure, reasons: &[Unobserved], terms: &Terms<'_>) -> String {
    let unknown = terms.time(figure.unknown_ms);
    if figure.unknown_ms == 0 {
        return match terms.lang {
            Lang::It => "niente: i due limiti coincidono con il valore".to_owned(),
            Lang::En => "nothing: both bounds are the value".to_owned(),
        };
    }
    let reasons = reasons.iter().filter(|reason| reason.ms > 0);
    let told: Vec<String> = match reasons.clone().collect::<Vec<_>>().as_slice() {
        [only] => vec![why(only.why, terms.lang).to_owned()],
        several => {
            let told = several
                .iter()
                .map(|reason| format!("{} {}", why(reason.why, terms.lang), terms.time(reason.ms)));
            told.collect()
        }
    };
    match (terms.lang, told.as_slice()) {
        (Lang::It, []) => format!(
            "{unknown}: né disponibile né fermo; il limite basso lo conta tutto fermo, l'alto tutto disponibile"
        ),
        (Lang::En, []) => {
            format!("{unknown}: neither up nor down; the lower bound counts it all down, the upper all up")
        }
        (_, told) => format!("{unknown}: {}", told.join(", ")),
    }
}

/// How long a stop lasted; where promises are about a calendar's hours, how much of it was in these.
pub(crate) fn lasted(outage: &Outage, lang: Lang) -> String {
    let in_hours = outage.within.iter().map(|InHours { hours, ms }| match (lang, *ms) {
        (Lang::It, 0) => format!("fuori dalle ore di {hours}"),
        (Lang::En, 0) => format!("outside the hours of {hours}"),
        (Lang::It, ms) if ms == outage.duration_ms => format!("tutta nelle ore di {hours}"),
        (Lang::En, ms) if ms == outage.duration_ms => format!("all in the hours of {hours}"),
        (_, ms) => format!("{} {} {hours}", format::duration(ms, lang), lang.labels().in_hours),
    });
    let in_hours: Vec<String> = in_hours.collect();
    let lasted = format::duration(outage.duration_ms, lang);
    if in_hours.is_empty() { lasted } else { format!("{lasted} ({})", in_hours.join("; ")) }
}

/// Why time is unknown, as a fragment before a duration.
pub(crate) fn why(why: Why, lang: Lang) -> &'static str {
    let (it, en) = match why {
        Why::Annulled => ("misure annullate", "measurements annulled"),
        Why::AgentNetwork => ("rete della sonda assente", "the agent's network down"),
        Why::AgentClock => ("orologio della sonda sbagliato", "the agent's clock wrong"),
        Why::AgentOther => ("controllo non eseguibile dalla sonda", "the agent could not run the check"),
        Why::TooFew => {
            ("meno testimoni di quanti la Carta ne chiede", "fewer witnesses than the charter asks for")
        }
        Why::Unconfirmed => ("guasto non ancora confermato", "failure not yet confirmed"),
        Why::SpoolLost => ("campioni persi prima dell'invio", "samples lost before delivery"),
        Why::AgentSilent => ("nessun campione: sonda o suo host spenti", "no samples: agent or its host off"),
        Why::NeverMeasured => ("mai misurato fin lì", "not measured until then"),
    };
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}

/// The best the period can still end with.
pub(crate) fn best_total(best: &Share, target: Option<&Share>, terms: &Terms<'_>) -> String {
    let best = best.text_beside(target, terms.lang);
    match terms.lang {
        Lang::It => {
            format!("{best} a {}, senza altri fermi e con tutto il non osservato disponibile", terms.end())
        }
        Lang::En => format!("{best} at {}, without further stops and all unobserved time up", terms.end()),
    }
}

/// The most that the tree and today's targets allow.
pub(crate) fn ceiling(
    ceiling: &Ceiling,
    service: &ServiceYear,
    target: Option<&Share>,
    lang: Lang,
) -> String {
    let share = ceiling.share.text_beside(target, lang);
    let component = service.components.iter().find(|component| component.path == ceiling.component);
    let name = component.map_or(ceiling.component.as_str(), |component| component.name.as_str());
    match lang {
        Lang::It => format!(
            "{share} con i bersagli di oggi, se tutti i fermi coincidessero; di più non consente: {name}"
        ),
        Lang::En => {
            format!("{share} with today's targets, had all their stops coincided; no more allowed by: {name}")
        }
    }
}

/// Where the pace of the last days leads.
pub(crate) fn forecast(forecast: &Forecast, required: Option<&Share>, terms: &Terms<'_>) -> String {
    let lang = terms.lang;
    let days = forecast.trail_ms / 86_400_000;
    let down = terms.time(forecast.down_ms);
    let end = terms.end();
    let told = match (lang, forecast.exhausted_ms) {
        (Lang::It, Some(at_ms)) => format!(
            "al ritmo degli ultimi {days} giorni il fermo ammesso finisce il {}; a {end} sarebbe {down}",
            format::date(at_ms, lang)
        ),
        (Lang::En, Some(at_ms)) => format!(
            "at the pace of the last {days} days the allowance is used up on {}; at {end} it would be {down}",
            format::date(at_ms, lang)
        ),
        (Lang::It, None) => format!("al ritmo degli ultimi {days} giorni a {end} {down} di fermo"),
        (Lang::En, None) => format!("at the pace of the last {days} days {down} down at {end}"),
    };
    match required.filter(|share| share.p <= share.q) {
        None => told,
        Some(share) if lang == Lang::It => {
            format!("{told}; d'ora in poi serve almeno {}", rounded_up(share, lang))
        }
        Some(share) => format!("{told}; from now on it takes at least {}", rounded_up(share, lang)),
    }
}

/// A share that must be reached: rounded up, because cut it would not be enough.
fn rounded_up(share: &Share, lang: Lang) -> String {
    let hundredths = (u128::from(share.p) * 10_000).div_ceil(u128::from(share.q.max(1)));
    let hundredths = u64::try_from(hundredths).unwrap_or(u64::MAX);
    Share::of(hundredths, 10_000).map_or_else(String::new, |share| share.text(lang))
}

/// What the distance between samples leaves open.
pub(crate) fn sampling(sampling: &Sampling, terms: &Terms<'_>) -> String {
    // Stops are the service's, also of a mean.
    let terms = terms.of_one();
    let (sure, possible) = (terms.time(sampling.sure_ms), terms.time(sampling.possible_ms));
    match terms.lang {
        Lang::It => format!("fra un campione e l'altro: fermo da {sure} (certo) a {possible} (al più)"),
        Lang::En => {
            format!("between one sample and the next: down from {sure} (sure) to {possible} (at most)")
        }
    }
}

/// How many entries of the journal touch the figure, and how many of them hold.
pub(crate) fn corrections(corrections: &[Correction], lang: Lang) -> String {
    let count = |effect| corrections.iter().filter(|correction| correction.effect == effect).count();
    let changed = count(Effect::Changed) + count(Effect::PartlyLate);
    let mut told = match lang {
        Lang::It if changed == 1 => "1 cambia questo dato".to_owned(),
        Lang::It => format!("{changed} cambiano questo dato"),
        Lang::En if changed == 1 => "1 changes this figure".to_owned(),
        Lang::En => format!("{changed} change this figure"),
    };
    // Those in part late are among those that change it.
    for effect in
        [Effect::PartlyLate, Effect::Idle, Effect::Late, Effect::Proposed, Effect::CalledOff, Effect::Revoked]
    {
        let count = count(effect);
        if count > 0 {
            // Writing to a String cannot fail.
            let _ = write!(told, "; {count} {}", effect_words(effect, count, lang));
        }
    }
    told
}

/// What several entries do to figures, after their number.
fn effect_words(effect: Effect, count: usize, lang: Lang) -> &'static str {
    match (effect, lang) {
        (Effect::Idle, Lang::It) => "senza effetto sul dato",
        (Effect::Idle, Lang::En) => "without effect on the figure",
        (Effect::Late, Lang::It) if count > 1 => "tardive, senza effetto",
        (Effect::Proposed, Lang::It) if count > 1 => "proposte, da approvare",
        (Effect::CalledOff, Lang::It) if count > 1 => "annullate",
        (Effect::Revoked, Lang::It) if count > 1 => "revocate",
        (effect, lang) => effect_word(effect, lang),
    }
}

/// What an entry does to figures.
pub(crate) fn effect_word(effect: Effect, lang: Lang) -> &'static str {
    let (it, en) = match effect {
        Effect::Changed => ("cambia il dato", "changes the figure"),
        Effect::Idle => ("vale, ma non cambia il dato", "holds, without changing the figure"),
        Effect::PartlyLate => (
            "in parte tardiva: cambia il dato solo la parte in tempo",
            "late in part: only the part in time changes the figure",
        ),
        Effect::Late => ("tardiva, senza effetto", "late, without effect"),
        Effect::Proposed => ("proposta, da approvare", "proposed, to be approved"),
        Effect::CalledOff => ("annullata", "called off"),
        Effect::Revoked => ("revocata", "revoked"),
    };
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}

/// What kind of entry; as it stands where this version does not know it.
pub(crate) fn correction_kind(kind: &str, lang: Lang) -> &str {
    match (kind, lang) {
        ("maintenance", Lang::It) => "manutenzione",
        ("annulled", Lang::It) => "misure annullate",
        ("forced_up", Lang::It) => "dichiarato disponibile",
        ("forced_down", Lang::It) => "dichiarato fermo",
        ("forced_up", Lang::En) => "declared up",
        ("forced_down", Lang::En) => "declared down",
        (kind, _) => kind,
    }
}

/// Whose fault an outage was; as it stands where this version does not know it.
pub(crate) fn cause(cause: &str, lang: Lang) -> &str {
    match (cause, lang) {
        ("internal", Lang::It) => "interna",
        ("third-party", Lang::It) => "terzi",
        ("power", Lang::It) => "energia elettrica",
        ("network", Lang::It) => "linea",
        ("planned", Lang::It) => "programmata",
        ("force-majeure", Lang::It) => "forza maggiore",
        ("security", Lang::It) => "attacco",
        ("not-found", Lang::It) => "non trovata",
        (cause, _) => cause,
    }
}

/// `terzi: guasto di Acme (mrossi)`: what people say an outage came from; empty if nobody did.
pub(crate) fn annotation(outage: &Outage, lang: Lang) -> String {
    let Some(told) = &outage.annotation else { return String::new() };
    let cause = cause(&told.cause, lang);
    if told.note.is_empty() { cause.to_owned() } else { format!("{cause}: {}", told.note) }
}

/// The worst group and the worst member of a mean.
pub(crate) fn worst(members: &Members, lang: Lang) -> String {
    let group = members.groups.first().map(|group| {
        let (figure, count) = (group.figure.headline(None, lang), group.count);
        match lang {
            Lang::It => format!("area peggiore {} {figure} ({count} {})", group.name, members.component),
            Lang::En => format!("worst area {} {figure} ({count} {})", group.name, members.component),
        }
    });
    let member = members.each.first().map(|member| {
        let (name, figure) = (member_name(member), member.figure.headline(None, lang));
        match lang {
            Lang::It => format!("{} peggiore {name} {figure}", members.component),
            Lang::En => format!("worst {} {name} {figure}", members.component),
        }
    });
    group.into_iter().chain(member).collect::<Vec<_>>().join("; ")
}

/// A member's own name: the last of its check's.
pub(crate) fn member_name(member: &Member) -> &str {
    member.check.rsplit('.').next().unwrap_or(&member.check)
}

/// A promise about the hours of a calendar: what it says, its figure, how it stands.
pub(crate) fn within(within: &Within, provisional: bool, terms: &Terms<'_>) -> String {
    let (lang, promise) = (terms.lang, &within.commitment);
    let target = words::threshold(&promise.target, promise.strict, lang);
    let figure = within.figure.headline(Some(&promise.target), lang);
    let down = terms.time(within.figure.down_ms);
    let outcome = verdict(promise.standing, promise.outlook, provisional, lang);
    let hours = promise.hours.as_deref().unwrap_or_default();
    match lang {
        Lang::It => format!("{hours}: {target}; {figure}, fermo {down}: {outcome}"),
        Lang::En => format!("{hours}: {target}; {figure}, down {down}: {outcome}"),
    }
}

/// The figure around the clock, beside a promise about a calendar's hours: observed, without an outcome.
pub(crate) fn around_the_clock(figure: &Figure, terms: &Terms<'_>) -> String {
    let (headline, down) = (figure.headline(None, terms.lang), terms.time(figure.down_ms));
    let unknown = terms.time(figure.unknown_ms);
    match terms.lang {
        Lang::It => format!("{headline}, fermo {down}, non osservato {unknown}; osservato, nessun impegno"),
        Lang::En => format!("{headline}, down {down}, unobserved {unknown}; observed, no commitment"),
    }
}

/// What people declared instead of measuring it, by which entries, and what stands without it.
pub(crate) fn declared(
    figure: &Figure,
    promise: Option<&Commitment>,
    corrections: &[Correction],
    terms: &Terms<'_>,
) -> String {
    let lang = terms.lang;
    let told = declared_time(figure, terms);
    let forced = corrections.iter().filter(|correction| correction.effect == Effect::Changed);
    let forced = forced.filter(|correction| correction.kind.starts_with("forced"));
    let entries: Vec<String> = forced.map(|correction| correction.entry.to_string()).collect();
    let seen = figure.seen().map_or_else(String::new, |share| share.text(lang));
    let without = promise
        .and_then(|promise| promise.undeclared)
        .map(|standing| (standing, standing_word(standing, lang)));
    let (entries, several) = (entries.join(", "), entries.len() > 1);
    let mut text = match (lang, several) {
        (Lang::It, false) => format!("{told} (voce {entries}); le sonde hanno osservato {seen}"),
        (Lang::It, true) => format!("{told} (voci {entries}); le sonde hanno osservato {seen}"),
        (Lang::En, false) => format!("{told} (entry {entries}); agents observed {seen}"),
        (Lang::En, true) => format!("{told} (entries {entries}); agents observed {seen}"),
    };
    if let Some((_, word)) = without {
        // Writing to a String cannot fail.
        let _ = match lang {
            Lang::It => write!(text, "; senza dichiarazioni: {word}"),
            Lang::En => write!(text, "; without declarations: {word}"),
        };
    }
    text
}

/// `18 h 13 min disponibile, 5 min 00 s fermo`.
pub(crate) fn declared_time(figure: &Figure, terms: &Terms<'_>) -> String {
    let (up, down) = match terms.lang {
        Lang::It => ("disponibile", "fermo"),
        Lang::En => ("up", "down"),
    };
    let told = [(figure.declared_up_ms, up), (figure.declared_down_ms, down)];
    let told = told.into_iter().filter(|(ms, _)| *ms > 0);
    told.map(|(ms, word)| format!("{} {word}", terms.time(ms))).collect::<Vec<_>>().join(", ")
}

/// How a promise stands to date, of a year that is still open.
fn standing_word(standing: Standing, lang: Lang) -> &'static str {
    verdict(standing, Outlook::Open, true, lang)
}

/// The stretches of a year in which the promise was not the same, each with its own outcome.
pub(crate) fn promise_changed(year: &Year, service: &ServiceYear, lang: Lang) -> Option<String> {
    let promised = |stretch: &Stretch| (stretch.target.clone(), stretch.strict);
    let stretches: Vec<&Stretch> =
        service.stretches.iter().filter(|stretch| stretch.end_ms > year.measured_from_ms).collect();
    if stretches.windows(2).all(|pair| promised(pair[0]) == promised(pair[1])) {
        return None;
    }
    let told = stretches.iter().map(|stretch| {
        let from = format::date_time(stretch.start_ms.max(year.measured_from_ms), lang);
        let target = stretch.target.as_ref();
        let figure = stretch.figure.headline(target, lang);
        let said = target.map_or_else(
            || lang.labels().observed_only.to_owned(),
            |target| words::threshold(target, stretch.strict, lang),
        );
        let outcome = stretch.standing.map(|standing| match standing {
            Standing::NoData => String::new(),
            standing if stretch.end_ms <= year.as_of_ms => format!(", {}", words::standing(standing, lang)),
            standing => format!(", {}", verdict(standing, Outlook::Open, year.provisional, lang)),
        });
        let outcome = outcome.unwrap_or_default();
        match lang {
            Lang::It => format!("dal {from} {said}: {figure}{outcome}"),
            Lang::En => format!("from {from} {said}: {figure}{outcome}"),
        }
    });
    Some(told.collect::<Vec<_>>().join("; "))
}

/// The component and the site with the lowest share of known time up, where they stand out.
pub(crate) fn worst_part(service: &ServiceYear, lang: Lang) -> Option<String> {
    let shown = |figure: &Figure| figure.headline(None, lang);
    let component = service.components.iter().find(|one| Some(&one.path) == service.worst_component.as_ref());
    let component = component
        .filter(|one| service.components.iter().any(|other| shown(&other.figure) != shown(&one.figure)));
    let site = service.sites.iter().find(|one| Some(&one.site) == service.worst_site.as_ref());
    let site =
        site.filter(|one| service.sites.iter().any(|other| shown(&other.figure) != shown(&one.figure)));
    let component = component.map(|one| match lang {
        Lang::It => format!("componente {} {}", one.name, one.figure.headline(None, lang)),
        Lang::En => format!("component {} {}", one.name, one.figure.headline(None, lang)),
    });
    let site = site.map(|one| match lang {
        Lang::It => format!("visto da {} {}", one.site, one.figure.headline(None, lang)),
        Lang::En => format!("as {} sees it {}", one.site, one.figure.headline(None, lang)),
    });
    let told: Vec<String> = component.into_iter().chain(site).collect();
    (!told.is_empty()).then(|| told.join("; "))
}
