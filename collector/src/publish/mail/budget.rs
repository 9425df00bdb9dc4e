//! The letter about a budget whose level rose: what the level means, what follows, what to do by day and by night.

use collector_derive::alert::{Level, Rise};

use super::told::{Opening, Told};
use super::view::{Command, Fact, Item, Section, View};
use crate::publish::api::{Rolling, ServiceNow, Share, State};
use crate::publish::words::terms::Terms;
use crate::publish::words::{account, alerts};
use crate::publish::{Lang, words};

/// It rose.
pub(super) fn rose(rise: &Rise, told: &Told<'_>) -> View {
    let (it, en) = (told.words(Lang::It), told.words(Lang::En));
    let hours = rise.key.hours.as_ref().map_or_else(String::new, |hours| format!(" (ore di {hours})"));
    let service = rise.key.service.as_str();
    let (name, name_en) = (format!("{}{hours}", it.service(service)), en.service(service));
    let meaning = meaning(rise.level, rise.year);
    let urgent = if rise.level == Level::Burning { "URGENTE - " } else { "" };
    let mut view = told.view(Opening {
        kind: "budget",
        tone: meaning.tone,
        badge: meaning.badge.to_owned(),
        subject: format!("{urgent}{name}: {}", meaning.subject),
        heading: format!("{name}, {}: {}.", rise.year, alerts::level(rise.level, Lang::It)),
        english: format!("{name_en}, {}: {}.", rise.year, alerts::level(rise.level, Lang::En)),
    });
    view.facts = facts(rise, told, Lang::It);
    view.english.facts = facts(rise, told, Lang::En);
    view.sections.push(Section {
        title: "Che cosa vuol dire".to_owned(),
        lines: vec![Item::plain(meaning.it.as_str())],
    });
    view.sections.push(Section {
        title: "Che cosa succede adesso".to_owned(),
        lines: vec![Item::plain(meaning.next)],
    });
    let now = told.service(service);
    let is_down = now.is_some_and(|now| now.now.state == State::Down);
    let steps = |lang: Lang| {
        let mut steps = Vec::new();
        if is_down {
            steps.push(told.words(lang).say(
                "Il servizio è fermo in questo momento: per prima cosa va rimesso in funzione; che cosa guardare lo dice la mail dell'incidente, o: vedetta today.".into(),
                "The service is down right now: restore it first; the incident's mail says how, or `vedetta today`.".into(),
            ));
        }
        steps.extend(meaning.steps(lang).iter().map(|step| (*step).to_owned()));
        steps
    };
    (view.steps, view.english.steps) = (steps(Lang::It), steps(Lang::En));
    view.commands = vec![
        Command::new("Da dove nasce il dato, e che cosa lo decide", format!("vedetta explain {service}")),
        Command::new("I fermi dell'anno, uno per riga", format!("vedetta outages --year {}", rise.year)),
        Command::new(
            "Il tempo non osservato, e come chiarirlo",
            format!("vedetta gaps {service} --year {}", rise.year),
        ),
    ];
    view.notes.push("I valori sono provvisori finché l'anno non è chiuso; i comandi si danno sulla macchina del collettore.".to_owned());
    view
}

/// The promise, the figure and the allowance as they were when it was decided, and where that leads.
fn facts(rise: &Rise, told: &Told<'_>, lang: Lang) -> Vec<Fact> {
    let service = told.service(rise.key.service.as_str());
    let promise = service.and_then(|service| {
        let hours = rise.key.hours.as_ref().map(config::Id::as_str);
        service.commitments.iter().find(|promise| promise.hours.as_deref() == hours)
    });
    let terms = service
        .map_or(Terms { lang, member: None, span: words::terms::Span::Year, period: "" }, |service| {
            Terms::now(service, lang)
        });
    let (up_ms, known_ms) = rise.up_of_known;
    let provisional = lang.labels().provisional;
    let mut facts = Vec::new();
    let pick = |it: &'static str, en: &'static str| if lang == Lang::It { it } else { en };
    if let Some(promise) = promise {
        facts.push(Fact::new(pick("Impegno", "Commitment"), words::promise(promise, lang)));
    }
    if let Some(share) = Share::of(up_ms, known_ms) {
        let shown = share.text_beside(promise.map(|promise| &promise.target), lang);
        let (up, known) = (terms.time(up_ms), terms.time(known_ms));
        let text = match lang {
            Lang::It => format!("{shown} ({provisional}): disponibile {up} su {known} misurati"),
            Lang::En => format!("{shown} ({provisional}): {up} up of {known} measured"),
        };
        facts.push(Fact::new(pick("Finora", "So far"), text));
    }
    let (left, all) = (terms.time(rise.remaining_ms.unsigned_abs()), terms.time(rise.budget_ms));
    let allowed = match (rise.remaining_ms < 0, lang) {
        (false, Lang::It) => format!("ancora {left} su {all} nel {}", rise.year),
        (false, Lang::En) => format!("another {left} of {all} in {}", rise.year),
        (true, Lang::It) => format!("nulla: nel {} erano {all}, superati di {left}", rise.year),
        (true, Lang::En) => format!("none: {all} in {}, overrun by {left}", rise.year),
    };
    facts.push(Fact::new(pick("Fermo ammesso", "Allowed down"), allowed));
    if let Some(service) = service {
        facts.extend(lately(service, &terms));
        if let Some((promise, forecast)) =
            promise.and_then(|promise| Some((promise, promise.forecast.as_ref()?)))
        {
            let text = account::forecast(forecast, promise.required.as_ref(), &terms);
            facts.push(Fact::new(pick("Previsione", "Forecast"), text));
        }
        let state = words::state(service.now.state, lang);
        facts.push(Fact::new(pick("Adesso", "Now"), state));
    }
    facts
}

/// `nelle ultime 24 h 3 h 10 min, negli ultimi 7 giorni …`: where it goes.
fn lately(service: &ServiceNow, terms: &Terms<'_>) -> Option<Fact> {
    let told = service.rolling.iter().map(|Rolling { window_ms, down_ms, .. }| {
        let (days, down) = (window_ms / 86_400_000, terms.time(*down_ms));
        match (terms.lang, days) {
            (Lang::It, 0 | 1) => format!("{down} nelle ultime 24 ore"),
            (Lang::It, days) => format!("{down} negli ultimi {days} giorni"),
            (Lang::En, 0 | 1) => format!("{down} in the last 24 hours"),
            (Lang::En, days) => format!("{down} in the last {days} days"),
        }
    });
    let told: Vec<String> = told.collect();
    let label = if terms.lang == Lang::It { "Fermo recente" } else { "Down lately" };
    (!told.is_empty()).then(|| Fact::new(label, told.join(", ")))
}

struct Meaning {
    tone: &'static str,
    badge: &'static str,
    subject: String,
    it: String,
    next: &'static str,
    steps: [&'static str; 2],
    steps_en: [&'static str; 1],
}

impl Meaning {
    fn steps(&self, lang: Lang) -> &[&'static str] {
        match lang {
            Lang::It => &self.steps,
            Lang::En => &self.steps_en,
        }
    }
}

fn meaning(level: Level, year: i16) -> Meaning {
    match level {
        Level::Burning => Meaning {
            tone: "bad",
            badge: "URGENTE",
            subject: "il fermo ammesso si consuma troppo in fretta".to_owned(),
            it: format!(
                "Per ogni impegno annuo una parte dell'anno può andare persa: è il fermo ammesso. Di recente se ne è andata \
                 una parte così grande che, continuando, quello di tutto il {year} finirebbe in poche settimane. Il servizio può \
                 anche essere disponibile in questo istante: conta la somma dei fermi recenti, anche brevi."
            ),
            next: "Questo avviso non si ripete. Ne arriva un altro solo se il livello sale: sotto soglia alla data, poi impegno che con \
                   questo andamento non sarà mantenuto, poi non più raggiungibile. Dopo sette giorni buoni il livello scende da sé.",
            steps: [
                "Cerca che cosa si ripete: «vedetta outages» elenca i fermi con la causa; di solito è sempre la stessa.",
                "Quando il servizio è disponibile, di notte non c'è altro da fare: del resto ci si occupa nel primo giorno lavorativo.",
            ],
            steps_en: [
                "Find what repeats itself (`vedetta outages`). If the service is up now, it can wait for the morning.",
            ],
        },
        Level::Below => Meaning {
            tone: "warn",
            badge: "SOTTO SOGLIA",
            subject: "sotto soglia alla data, ma recuperabile".to_owned(),
            it: format!(
                "Contando solo il tempo già passato, la quota promessa non è raggiunta. L'impegno però è dell'anno intero: se il {year} \
                 prosegue con pochi fermi si recupera."
            ),
            next: "Questo avviso non si ripete. Ne arriva un altro solo se anche l'andamento degli ultimi trenta giorni porta a mancare \
                   l'impegno, o se recuperare non è più possibile.",
            steps: [
                "Nessuna urgenza, e di notte nulla: in orario d'ufficio guarda quali fermi pesano di più e se si possono evitare.",
                "Se dei fermi sono di terzi o programmati, annotalo: il dato non cambia, ma la relazione lo dice.",
            ],
            steps_en: [
                "No hurry: in office hours see which stops weigh most, and whether they can be avoided.",
            ],
        },
        Level::Forecast => Meaning {
            tone: "warn",
            badge: "A RISCHIO",
            subject: "con questo andamento l'impegno non sarà mantenuto".to_owned(),
            it: format!(
                "Se fino alla fine del {year} i fermi continuano come negli ultimi trenta giorni, alla chiusura l'impegno risulterà mancato. \
                 È una linea retta, non una certezza: se la causa è tolta, la previsione migliora giorno per giorno."
            ),
            next: "Questo avviso non si ripete. Ne arriva un altro solo se l'impegno diventa irraggiungibile.",
            steps: [
                "Nessuna urgenza, e di notte nulla: in orario d'ufficio togli la causa che pesa di più («vedetta outages»).",
                "Avvisa chi firma la relazione annuale: è il momento di decidere un rimedio, o di prepararne la spiegazione.",
            ],
            steps_en: ["No hurry: remove the heaviest cause, and tell whoever signs the annual report."],
        },
        Level::Irrecoverable => Meaning {
            tone: "bad",
            badge: "IMPEGNO PERSO",
            subject: format!("impegno {year} non più raggiungibile"),
            it: format!(
                "Il fermo di quest'anno ha già superato quello ammesso: anche senza altri fermi fino al 31 dicembre {year} la quota promessa \
                 non sarà raggiunta. Il valore resta provvisorio fino alla chiusura dell'anno: solo correzioni documentate possono cambiarlo."
            ),
            next: "Di questo impegno non arrivano altri avvisi per quest'anno. Gli incidenti continuano a essere segnalati come sempre, e \
                   ogni fermo in meno migliora il valore che sarà pubblicato.",
            steps: [
                "Di notte non c'è nulla da fare. Nei prossimi giorni: controlla che ogni fermo abbia la sua causa annotata e che il tempo non osservato sia chiarito.",
                "Chi firma la relazione prepara la spiegazione e il rimedio: la Carta chiede di rendere conto degli impegni mancati.",
            ],
            steps_en: [
                "Nothing tonight. Annotate every stop's cause, settle what was not observed, and prepare the explanation.",
            ],
        },
    }
}
