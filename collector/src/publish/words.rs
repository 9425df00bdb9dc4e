//! What people read, in two languages: Italian first, English beside it.
//!
//! Every text of the page and of the commands stands here, one line per text with both languages, so
//! that a translation cannot be forgotten: [`Labels`] are fixed texts, the functions below choose
//! words for states, standings and promises. Names of services and components are the operator's.

mod reasons;
pub(crate) mod terms;
pub(crate) mod sentences;
pub(crate) mod account;
pub(crate) mod readings;
pub(crate) mod tiers;

use collector_api::Reason;

use super::api::{Commitment, Condition, Outlook, Standing, State, Unmeasured};

/// The language of what people read. Programs read `--json`, which has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Lang {
    /// Italian.
    #[default]
    It,
    /// English.
    En,
}

impl Lang {
    /// For what the reader of configuration says.
    pub fn of_config(self) -> config::Lang {
        match self {
            Self::It => config::Lang::It,
            Self::En => config::Lang::En,
        }
    }
}

macro_rules! labels {
    ($($name:ident: $it:literal, $en:literal;)*) => {
        /// Fixed texts of one language.
        #[derive(Debug)]
        pub struct Labels { $(pub $name: &'static str,)* }
        static IT: Labels = Labels { $($name: $it,)* };
        static EN: Labels = Labels { $($name: $en,)* };
    };
}

labels! {
    lang: "it", "en";
    other_lang: "English", "Italiano";
    title: "Disponibilità dei servizi", "Availability of services";
    skip: "Vai alla tabella dei servizi", "Skip to the table of services";
    caption: "Servizi della Carta: stato ora e anno finora", "Services of the charter: state now and year so far";
    service: "Servizio", "Service";
    state: "Stato", "State";
    since: "Da", "Since";
    reason: "Motivo", "Reason";
    seen_from: "Visto da", "Seen from";
    year_so_far: "Anno finora", "Year so far";
    budget_left: "Fermo residuo", "Down time left";
    verdict: "Esito", "Outcome";
    last_sample: "Ultimo dato", "Last sample";
    of: "su", "of";
    nobody: "nessuno", "nobody";
    never: "mai", "never";
    none: "–", "–";
    row: "riga", "row";
    observed_only: "osservato, nessun impegno", "observed, no commitment";
    no_measure: "nessuna misura ancora", "no measure yet";
    no_standard: "nessuno standard", "no standard";
    provisional: "provvisorio", "provisional";
    computed_at: "Calcolato il", "Computed at";
    version: "Versione", "Version";
    agents_caption: "Sonde: come il collettore le vede", "Agents: as the collector sees them";
    agent: "Sonda", "Agent";
    sites: "Sedi", "Sites";
    last_push: "Ultimo invio", "Last push";
    spool: "Spool", "Spool";
    clock: "Orologio", "Clock";
    sends: "invia", "sends";
    silent: "muta", "silent";
    not_enrolled: "non registrata", "not enrolled";
    legend: "Legenda", "Legend";
    word_degraded: "degradato", "degraded";
    legend_degraded: "funziona, ma in parte o lentamente: conta come disponibile", "works, but partly or slowly: counts as up";
    legend_unknown: "nessuno può dirlo: non conta né come disponibile né come fermo", "nobody can say: counts neither as up nor as down";
    legend_range: "Due valori: una parte troppo grande del tempo non è stata osservata; il vero valore sta fra i due.", "Two values: too much of the time was not observed; the true value lies between them.";
    never_measured: "mai misurato", "never measured";
    no_fresh_sample: "nessun campione recente", "no recent sample";
    nothing_measured: "nessuna misura", "nothing measured";
    no_services: "La configurazione non ha servizi.", "The configuration has no services.";
    no_agents: "Nessuna sonda nella configurazione.", "The configuration has no agents.";
    stale_title: "Attenzione: questi dati non sono aggiornati", "Attention: these data are not current";
    stale_never: "Non è ancora arrivato alcun dato.", "No sample has arrived yet.";
    stale_since: "L'ultimo dato è del", "The newest sample is of";
    stale_stream: "Il calcolo è fermo per la sonda", "The derivation has stopped for agent";
    stale_stream_do: "I campioni sono al sicuro; eseguire `vedetta rebuild`.", "The samples are safe; run `vedetta rebuild`.";
    mute_agent: "Iscritta, non ha ancora inviato nulla la sonda", "Enrolled, and nothing pushed yet: agent";
    stale_agent: "Non invia da più di 5 minuti la sonda", "More than 5 minutes without a push of agent";
    refresh_on: "La pagina si aggiorna ogni 30 secondi.", "The page refreshes every 30 seconds.";
    refresh_off: "Aggiornamento automatico sospeso.", "Automatic refresh is off.";
    refresh_stop: "Sospendi", "Stop";
    refresh_start: "Riprendi", "Resume";
    figures: "Dati", "Data";
    up: "disponibile", "up";
    down: "fermo", "down";
    unobserved: "non osservato", "unobserved";
    out_of_scope: "fuori misura (prima dell'inizio)", "out of scope (before measuring began)";
    still_to_come: "ancora da venire", "still to come";
    verdict_row: "esito", "outcome";
    partial_year: "anno", "year";
    certainty: "che cosa decide", "what decides";
    components_and_sites: "Componenti e sedi", "Components and sites";
    as_this_site_sees_it: "come la vede questa sede", "as this site sees it";
    promise: "impegno", "promise";
    availability: "disponibilità", "availability";
    bounds: "limiti", "bounds";
    coverage: "osservato", "observed";
    allowed: "fermo ammesso nell'anno", "down time allowed in the year";
    overrun: "superato di", "overrun by";
    components: "componenti", "components";
    net: "al netto", "net";
    worst: "il peggio", "the worst";
    best_total: "al massimo", "at best";
    forecast: "previsione", "forecast";
    sampling: "incertezza", "uncertainty";
    corrections: "correzioni", "corrections";
    readings: "altre letture", "other readings";
    in_hours: "nelle ore di", "in the hours of";
    everything_else: "il resto, con ogni componente, sede, correzione e lettura delle regole: --all", "the rest, with every component, site, correction and reading of the rules: --all";
    components_title: "Componenti", "Components";
    of_the_stop: "del fermo", "of the stop";
    areas: "Area", "Area";
    weight: "peso", "weight";
    stretches: "Tratti: dal", "Stretches: from";
    until: "al", "to";
    sure_to_possible: "Certo – al più", "Sure – at most";
    annotated: "Causa indicata", "Cause given";
    entry: "Voce", "Entry";
    written: "Scritta", "Written";
    author: "Autore", "Author";
    correction: "Correzione", "Correction";
    about: "Su", "About";
    effect: "Effetto", "Effect";
    note: "Perché", "Why";
    burning: "Consumo", "Burning";
    fires_above: "scatta oltre", "fires above";
    readings_title: "Letture delle regole", "Readings of the rules";
    read_as: "letta così", "read as";
    ours_marked: "* la lettura della Carta", "* the charter's own reading";
    outages: "interruzioni", "outages";
    no_outages: "nessuna interruzione", "no outages";
    ongoing: "in corso", "ongoing";
    began: "Inizio", "Began";
    ended: "Fine", "Ended";
    lasted: "Durata", "Lasted";
    causes: "Cause", "Causes";
}

impl Lang {
    /// The fixed texts.
    pub fn labels(self) -> &'static Labels {
        match self {
            Self::It => &IT,
            Self::En => &EN,
        }
    }
}

/// The word of a state.
pub(crate) fn state(state: State, lang: Lang) -> &'static str {
    match (state, lang) {
        (State::Up, Lang::It) => "disponibile",
        (State::Up, Lang::En) => "up",
        (State::Degraded, Lang::It) => "degradato",
        (State::Degraded, Lang::En) => "degraded",
        (State::Down, Lang::It) => "fermo",
        (State::Down, Lang::En) => "down",
        (State::Unknown, Lang::It) => "non osservato",
        (State::Unknown, Lang::En) => "unobserved",
    }
}

/// How a commitment's year goes, without the word "provvisorio".
///
/// Before the year is sealed the outlook speaks when it is certain, the standing otherwise; afterwards
/// only the standing does.
pub(crate) fn verdict(standing: Standing, outlook: Outlook, provisional: bool, lang: Lang) -> &'static str {
    let (it, en) = match (provisional, outlook, standing) {
        (false, _, Standing::Met) => ("rispettato", "met"),
        (false, _, Standing::Breached) => ("mancato", "missed"),
        (true, Outlook::Secured, _) => ("già assicurato", "already secured"),
        (true, Outlook::Irrecoverable, _) => ("non più raggiungibile", "out of reach"),
        (true, Outlook::Open, Standing::Met) => ("in linea", "on track"),
        (true, Outlook::Open, Standing::Breached) => {
            ("sotto soglia ma recuperabile", "below target but recoverable")
        }
        (_, _, Standing::Indeterminate | Standing::NoData) => ("non dimostrabile", "not provable"),
    };
    match lang {
        Lang::It => it,
        Lang::En => en,
    }
}

/// How a promise stands, of a stretch that is over: the words of a closed year.
pub(crate) fn standing(standing: Standing, lang: Lang) -> &'static str {
    verdict(standing, Outlook::Open, false, lang)
}

/// The promise as the charter words it.
pub(crate) fn promise(commitment: &Commitment, lang: Lang) -> String {
    let target = commitment.target.short(lang);
    match (lang, commitment.strict) {
        (Lang::It, true) => format!("24x7; disponibilità >{target} annuo"),
        (Lang::It, false) => format!("24x7; disponibilità almeno {target} annuo"),
        (Lang::En, true) => format!("24x7; availability >{target} a year"),
        (Lang::En, false) => format!("24x7; availability at least {target} a year"),
    }
}

/// A promise that nothing is compared with yet, as the charter words it.
pub(crate) fn unmeasured(promise: &Unmeasured, lang: Lang) -> String {
    let share = promise.share.as_ref().map(|share| share.short(lang)).unwrap_or_default();
    let within = promise.within.as_deref().map(|within| within_words(within, lang)).unwrap_or_default();
    let hours = promise.hours.as_deref().unwrap_or_default();
    let whole = promise.share.as_ref().is_none_or(|share| share.p == share.q);
    match (promise.kind.as_str(), lang) {
        ("taken_in_charge", Lang::It) if whole => format!("presa in carico entro {within}"),
        ("taken_in_charge", Lang::It) => format!("presa in carico entro {within} in almeno {share} dei casi"),
        ("taken_in_charge", Lang::En) if whole => format!("taken in charge within {within}"),
        ("taken_in_charge", Lang::En) => {
            format!("taken in charge within {within} in at least {share} of cases")
        }
        ("answered", Lang::It) if whole => format!("risposta entro {within}"),
        ("answered", Lang::It) => format!("risposta entro {within} in almeno {share} dei casi"),
        ("answered", Lang::En) if whole => format!("answered within {within}"),
        ("answered", Lang::En) => format!("answered within {within} in at least {share} of cases"),
        ("on_request", Lang::It) => "a richiesta".to_owned(),
        ("on_request", Lang::En) => "on request".to_owned(),
        (_, Lang::It) if promise.strict => format!("disponibilità >{share} nelle ore di `{hours}`"),
        (_, Lang::It) => format!("disponibilità almeno {share} nelle ore di `{hours}`"),
        (_, Lang::En) if promise.strict => format!("availability >{share} in the hours of `{hours}`"),
        (_, Lang::En) => format!("availability at least {share} in the hours of `{hours}`"),
    }
}

/// `8 working hours` for people; as it stands where this version does not know it.
fn within_words(within: &str, lang: Lang) -> String {
    let Some(config::Within { count, unit }) = config::Within::parse(within).filter(|_| lang == Lang::It)
    else {
        return within.to_owned();
    };
    let (one, many) = match unit {
        config::WithinUnit::Hours => ("ora", "ore"),
        config::WithinUnit::Days => ("giorno", "giorni"),
        config::WithinUnit::WorkingHours => ("ora lavorativa", "ore lavorative"),
        config::WithinUnit::WorkingDays => ("giorno lavorativo", "giorni lavorativi"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What stands where the outcome would, for a row without a promise that has a figure.
pub(crate) fn no_outcome(unmeasured: &[Unmeasured], lang: Lang) -> &'static str {
    let l = lang.labels();
    match unmeasured {
        [] => l.observed_only,
        promises if promises.iter().all(|promise| promise.kind == "on_request") => l.no_standard,
        _ => l.no_measure,
    }
}

/// What a typed reason means. A name this version does not know is shown as it is.
pub(crate) fn reason(name: &str, lang: Lang) -> String {
    let known = Reason::ALL.iter().find(|reason| reason.name() == name);
    match (known, lang) {
        (Some(Reason::None), _) => String::new(),
        (Some(reason), Lang::It) => reasons::italian(*reason).to_owned(),
        (Some(reason), Lang::En) => reason.describe().to_owned(),
        (None, _) => name.to_owned(),
    }
}

/// Why something is as it is: its typed reason, or that nobody knows.
pub(crate) fn why(condition: &Condition, lang: Lang) -> String {
    match (&condition.reason, condition.state, condition.last_sample_ms) {
        (Some(name), ..) => reason(name, lang),
        (None, State::Unknown, None) => lang.labels().never_measured.to_owned(),
        (None, State::Unknown, Some(_)) => lang.labels().no_fresh_sample.to_owned(),
        (None, ..) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_before_and_after_closing_are_the_designs() {
        use Outlook::{Irrecoverable, Open, Secured};
        use Standing::{Breached, Indeterminate, Met, NoData};
        for (standing, outlook, provisional, word) in [
            (Met, Open, true, "in linea"),
            (Breached, Open, true, "sotto soglia ma recuperabile"),
            (Breached, Irrecoverable, true, "non più raggiungibile"),
            (Met, Secured, true, "già assicurato"),
            (Indeterminate, Open, true, "non dimostrabile"),
            (NoData, Open, true, "non dimostrabile"),
            (Met, Secured, false, "rispettato"),
            (Breached, Irrecoverable, false, "mancato"),
            (Indeterminate, Open, false, "non dimostrabile"),
            (NoData, Open, false, "non dimostrabile"),
        ] {
            assert_eq!(verdict(standing, outlook, provisional, Lang::It), word);
        }
    }

    #[test]
    fn every_reason_has_italian_words_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for known in Reason::ALL.iter().filter(|&&known| known != Reason::None) {
            let words = reason(known.name(), Lang::It);
            assert!(!words.is_empty() && seen.insert(words), "{known}");
        }
        assert_eq!(reason("mail.greylisted", Lang::It), "mail.greylisted");
        assert_eq!(reason("none", Lang::It), "");
    }
}
