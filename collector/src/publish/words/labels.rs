//! Fixed texts, one line each with both languages, so that a translation cannot be forgotten.

use super::Lang;

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
    word_maintenance: "manutenzione", "maintenance";
    legend_maintenance: "fermo programmato che la regola della Carta lascia fuori dal conto", "planned work that the charter's rule leaves out";
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
    work_title: "Manutenzioni", "Maintenance";
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
    declared: "dichiarato", "declared";
    changed: "impegno cambiato", "promise changed";
    all_hours: "sulle 24 ore", "around the clock";
    left_out: "fuori dal conto", "left out";
    of_the_mean: "media; come servizio è fermo sotto il 50%", "a mean; as a service down below 50%";
    outside_the_mean: "non vede ciò di cui è la media", "sees nothing of what the mean is of";
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
    gross: "al lordo", "gross";
    worst: "il peggio", "the worst";
    worst_area: "area peggiore", "worst area";
    with_planned: "con i fermi programmati", "with planned stops";
    net_of_planned: "senza i fermi programmati", "without planned stops";
    best_total: "al massimo", "at best";
    ceiling: "finora al più", "so far at most";
    down_now: "fermo; ultimo tratto", "down; last part";
    forecast: "previsione", "forecast";
    sampling: "incertezza", "uncertainty";
    corrections: "correzioni", "corrections";
    readings: "altre letture", "other readings";
    in_hours: "nelle ore di", "in the hours of";
    see_bounds: "→ limiti", "→ bounds";
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
    ends: "Fine", "Ends";
    days: "Giorni", "Days";
    certificate: "Certificato per", "Certificate for";
    issuer: "Emesso da", "Issued by";
    domain: "Dominio", "Domain";
    seen_by: "Visto da", "Seen by";
    no_certificates: "nessun certificato è stato visto finora", "no certificate was seen yet";
    endings_caption: "Da rinnovare: certificati e domini", "To renew: certificates and domains";
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
