//! The letter that a month begins with, for whoever signs the charter: what each promise has come to, with the tables
//! as files. That of December is about the year that is over, and says how it is closed.

mod figures;

use collector_derive::Period;
use collector_derive::alert::Digest;

use self::figures::Figures;
use super::Attachment;
use super::told::{Opening, Told};
use super::view::{Command, Fact, Item, Section, View};
use crate::publish::api::{Outlook, Standing, Year};
use crate::publish::moment::Moment;
use crate::publish::words::{alerts, notices};
use crate::publish::{Lang, report, words};

/// No file that goes along is longer, bytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// Of a month, with moments of its [periods](super::periods) as far as there are some.
pub(super) fn of(digest: &Digest, periods: &[Moment], told: &Told<'_>) -> (View, Vec<Attachment>) {
    let (year, number) = (digest.month.year(), digest.month.month());
    let is_year = number == 12;
    let find = |period: Option<Period>| {
        let is = |moment: &&Moment| {
            Period::new(moment.figures.start_ms, moment.figures.end_ms).is_some_and(|one| Some(one) == period)
        };
        periods.iter().chain([told.moment]).find(is).map(year_of)
    };
    let month = find(Period::civil_month(year, number));
    let whole = find(Some(Period::civil_year(year)));
    let figures = Figures { month: month.as_ref(), year: whole.as_ref() };
    let name = notices::month(number, Lang::It);
    let provisional = whole.as_ref().is_none_or(|year| year.provisional);
    let counted = figures.outcomes();
    let mut view = told.view(opening(digest, is_year, provisional, &counted));
    view.facts = facts(digest, told);
    view.tables.extend(figures.table(name, year));
    view.steps = steps(year, is_year, provisional, &figures);
    view.sections = sections(digest, &figures, told);
    view.commands = commands(digest, is_year && provisional);
    view.english.steps = figures.in_english();
    view.english.steps.push(if is_year && provisional {
        format!("To close the year: settle gaps, annotate causes, then `vedetta seal {year} --dry-run` and `vedetta seal {year}`.")
    } else {
        "For your information; the files have everything.".to_owned()
    });
    if month.is_none() || whole.is_none() {
        let period = digest.month.strftime("%Y-%m").to_string();
        view.notes.push(format!(
            "Alla composizione di questa mail mancava una parte dei valori: vedetta report {period} --format text li mostra."
        ));
    }
    if provisional {
        view.notes.push(format!(
            "Tutti i valori sono provvisori finché il {year} non è chiuso. Il tempo non osservato non conta né come disponibile né come fermo."
        ));
    }
    let mut files = Vec::new();
    for year in [month.as_ref(), whole.as_ref()].into_iter().flatten() {
        match file(year) {
            Ok(file) => files.push(file),
            Err(note) => view.notes.push(note),
        }
    }
    (view, files)
}

/// As it was sealed, if it was; stops are counted, not listed.
fn year_of(moment: &Moment) -> Year {
    let mut year = if moment.sealed.is_some() { Year::told(moment) } else { Year::without_outages(moment) };
    year.services.iter_mut().for_each(|service| service.outages.clear());
    year
}

fn opening(digest: &Digest, is_year: bool, provisional: bool, counted: &str) -> Opening {
    let year = digest.month.year();
    let (month, month_en) =
        (notices::month(digest.month.month(), Lang::It), notices::month(digest.month.month(), Lang::En));
    let counted = if counted.is_empty() { counted.to_owned() } else { format!(": {counted}") };
    if is_year {
        let how = if provisional { "dati provvisori" } else { "dati chiusi" };
        return Opening {
            kind: "digest",
            tone: "plain",
            badge: format!("CHIUSURA DEL {year}"),
            subject: format!("Chiusura del {year}, {how}{counted}"),
            heading: format!(
                "Il {year} è finito: come sono andati gli impegni della Carta dei Servizi, e come si chiude l'anno."
            ),
            english: format!(
                "{year} is over: how the promises of the charter fared, and how to close the year."
            ),
        };
    }
    let mut title = month.chars();
    let title: String = title.next().into_iter().flat_map(char::to_uppercase).chain(title).collect();
    Opening {
        kind: "digest",
        tone: "plain",
        badge: format!("MESE DI {}", month.to_uppercase()),
        subject: format!("{title} {year}{counted}"),
        heading: format!(
            "Come sono andati gli impegni della Carta dei Servizi a {month} {year}, e nell'anno finora."
        ),
        english: format!(
            "How the promises of the charter fared in {month_en} {year}, and in the year so far."
        ),
    }
}

fn facts(digest: &Digest, told: &Told<'_>) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Incidenti", format!("{} chiusi nel mese", digest.incidents))];
    let open = told.moment.alerts.as_ref().map(|alerts| alerts.open.len()).filter(|open| *open > 0);
    facts.extend(open.map(|open| Fact::new("Aperti adesso", open.to_string())));
    facts
}

fn steps(year: i16, is_year: bool, provisional: bool, figures: &Figures<'_>) -> Vec<String> {
    let mut steps = Vec::new();
    if figures.is_any(|_, outlook| outlook == Outlook::Irrecoverable) {
        steps.push("Un impegno non è più raggiungibile: va preparata la spiegazione, e il rimedio, per la relazione annuale.".to_owned());
    } else if figures.is_any(|standing, _| standing == Standing::Breached) {
        steps.push("Un impegno è sotto soglia ma recuperabile: chiedere all'Area che cosa pesa di più, e se si può evitare.".to_owned());
    }
    if figures.is_any(|standing, _| matches!(standing, Standing::Indeterminate | Standing::NoData)) {
        steps.push("Un impegno non è dimostrabile perché una parte del tempo non è stata osservata: va chiarita prima della chiusura dell'anno.".to_owned());
    }
    if is_year && provisional {
        steps.push(format!("Prima di chiudere: chiarire il tempo non osservato (vedetta gaps --year {year}) e annotare le cause dei fermi (vedetta outages --year {year})."));
        steps.push(format!("Poi una prova, che non scrive nulla: vedetta seal {year} --dry-run. Se è presto dice da quando si può."));
        steps.push(format!("Infine la chiusura: vedetta seal {year}. Da lì i valori sono definitivi; una correzione successiva è una nuova revisione, e si vede."));
        steps.push(
            "I comandi li dà un operatore sulla macchina del collettore; chi firma decide quando.".to_owned(),
        );
    }
    if steps.is_empty() {
        steps.push("Non c'è nulla da fare: questa mail è per conoscenza.".to_owned());
    }
    steps
}

fn sections(digest: &Digest, figures: &Figures<'_>, told: &Told<'_>) -> Vec<Section> {
    let words_it = told.words(Lang::It);
    let named = |service: &str, hours: Option<&config::Id>| {
        let hours = hours.map_or_else(String::new, |hours| format!(" (ore di {hours})"));
        format!("{}{hours}", words_it.service(service))
    };
    let mut sections = Vec::new();
    let mut add = |title: &str, items: Vec<Item>| {
        if !items.is_empty() {
            sections.push(Section { title: title.to_owned(), lines: items });
        }
    };
    let secured = digest.secured.iter().map(|(key, year)| {
        let name = named(key.service.as_str(), key.hours.as_ref());
        Item::plain(format!("{name}: l'impegno del {year} è già assicurato, qualunque cosa accada"))
    });
    add("Buone notizie", secured.collect());
    let levels = digest.levels.iter().map(|(key, level)| {
        let name = named(key.service.as_str(), key.hours.as_ref());
        Item::plain(format!("{name}: {}", alerts::level(*level, Lang::It)))
    });
    add("Da tenere d'occhio", levels.collect());
    let unmeasured = figures.services().flat_map(|(_, service)| {
        let promises = service.unmeasured.iter().map(|promise| words::unmeasured(promise, Lang::It));
        promises.map(|promise| Item::plain(format!("{}: {promise}", service.name)))
    });
    add("Impegni che non sono ancora misurati", unmeasured.collect());
    sections
}

fn commands(digest: &Digest, is_closing: bool) -> Vec<Command> {
    let (year, month) = (digest.month.year(), digest.month.strftime("%Y-%m").to_string());
    let mut commands = vec![
        Command::new("Tutto il mese in parole", format!("vedetta report {month} --format text")),
        Command::new("Tutto l'anno in parole", format!("vedetta report {year} --format text")),
    ];
    if is_closing {
        commands.push(Command::new("Provare la chiusura", format!("vedetta seal {year} --dry-run")));
    }
    commands
}

/// The table of a period as CSV, or why there is none.
fn file(year: &Year) -> Result<Attachment, String> {
    let period = &year.period;
    match report::csv(year) {
        Ok(bytes) if bytes.len() <= FILE_BYTES_MAX => Ok(Attachment {
            name: format!("carta-{period}.csv"),
            media_type: "text/csv; charset=utf-8".to_owned(),
            bytes,
        }),
        _ => Err(format!(
            "La tabella di {period} è troppo grande per una mail, o non si può scrivere: vedetta report {period} --format csv."
        )),
    }
}
