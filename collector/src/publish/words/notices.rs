//! Words of what is declared: instants with their offset, windows, the notice that users read.
//!
//! A window is always shown with the offset of the civil time it was read in, because one night a year has
//! an hour twice and one has an hour less. The notice is ready to paste: it names nothing that is not for
//! the public, and no person.

use collector_derive::Window;

use super::Lang;
use crate::operator::{Held, News, NoticeFacts};
use crate::publish::api::Work;
use crate::publish::format::{civil, duration};

/// `sabato 06/03/2027 14:00 (+01:00)`; with seconds where it has some.
pub(crate) fn moment(ms: i64, lang: Lang) -> String {
    let at = civil(ms);
    let day = weekday(at.weekday(), lang);
    let date = match lang {
        Lang::It => at.strftime("%d/%m/%Y"),
        Lang::En => at.strftime("%Y-%m-%d"),
    };
    format!("{day} {date} {}", time(&at))
}

/// `14:00 (+01:00)`, `14:00:30 (+01:00)`.
fn time(at: &jiff::Zoned) -> String {
    let form = if at.second() == 0 { "%H:%M (%:z)" } else { "%H:%M:%S (%:z)" };
    at.strftime(form).to_string()
}

/// `sabato 06/03/2027 14:00 (+01:00) – 20:00 (+01:00), 6 h 00 min`.
pub(crate) fn window(from_ms: i64, to_ms: i64, lang: Lang) -> String {
    let (from, to) = (civil(from_ms), civil(to_ms));
    let end = if from.date() == to.date() { time(&to) } else { moment(to_ms, lang) };
    let lasts = duration(u64::try_from(to_ms.saturating_sub(from_ms)).unwrap_or(0), lang);
    format!("{} – {end}, {lasts}", moment(from_ms, lang))
}

/// `manutenzione in corso fino alle 18:33: aggiornamento posta`, `manutenzione prevista sabato 06/03/2027 14:00 …`.
pub(crate) fn work(work: &Work, now_ms: i64, lang: Lang) -> String {
    let note = work.note.trim().trim_end_matches('.');
    let note = if note.is_empty() { String::new() } else { format!(": {note}") };
    if !work.running {
        let window = window(work.from_ms, work.to_ms, lang);
        return match lang {
            Lang::It => format!("manutenzione prevista {window}{note}"),
            Lang::En => format!("maintenance planned for {window}{note}"),
        };
    }
    let (now, end) = (civil(now_ms), civil(work.to_ms));
    let is_today = now.date() == end.date() && now.offset() == end.offset();
    let time = end.strftime("%H:%M");
    match (lang, is_today) {
        (Lang::It, true) => format!("manutenzione in corso fino alle {time}{note}"),
        (Lang::En, true) => format!("maintenance going on until {time}{note}"),
        (Lang::It, false) => format!("manutenzione in corso fino a {}{note}", moment(work.to_ms, lang)),
        (Lang::En, false) => format!("maintenance going on until {}{note}", moment(work.to_ms, lang)),
    }
}

/// `48 h`; whole hours, as notices are.
pub(crate) fn hours(ms: u64) -> String {
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    if minutes == 0 { format!("{hours} h") } else { format!("{hours} h {minutes:02} min") }
}

/// What users are told of maintenance, ready to paste: what comes after `now_ms`, what is called off, what was
/// over early.
pub(crate) fn notice(facts: &NoticeFacts, windows: &[Held], now_ms: i64, lang: Lang) -> String {
    let NoticeFacts { organisation, unit, contact, what, note, news } = facts;
    let what: Vec<&str> = what.iter().map(|what| what.get(lang)).collect();
    let what = what.join("; ");
    let list = |windows: &mut dyn Iterator<Item = Window>| {
        let mut text = String::new();
        for window in windows {
            text.push_str("  - ");
            text.push_str(&stretch(&window, lang));
            text.push('\n');
        }
        text
    };
    let ahead = windows.iter().filter(|held| held.to_ms > now_ms);
    let ahead = list(&mut ahead.map(|held| Window { from_ms: held.from_ms, to_ms: held.to_ms }));
    let signed =
        unit.as_deref().map_or_else(|| organisation.clone(), |unit| format!("{organisation}, {unit}"));
    let note = note.trim_end_matches('.');
    let contact = contact.as_deref().map_or_else(String::new, |contact| match lang {
        Lang::It => format!("Per informazioni: {contact}.\n"),
        Lang::En => format!("Contact: {contact}.\n"),
    });
    let (title, body) = match (news, lang) {
        (News::Planned, Lang::It) => (
            "Avviso di manutenzione programmata",
            format!(
                "Quando:\n{ahead}In questi orari i servizi indicati potranno non essere disponibili.\n\
                 Motivo: {note}.\n"
            ),
        ),
        (News::Planned, Lang::En) => (
            "Notice of planned maintenance",
            format!(
                "When:\n{ahead}During these hours the services named may not be available.\nReason: {note}.\n"
            ),
        ),
        (News::CalledOff { windows }, Lang::It) => (
            "Avviso: manutenzione programmata disdetta",
            format!(
                "Non si svolgerà quanto era previsto:\n{}In questi orari i servizi indicati saranno disponibili \
                 come di consueto.\nL'intervento riguardava: {note}.\n",
                list(&mut windows.iter().copied())
            ),
        ),
        (News::CalledOff { windows }, Lang::En) => (
            "Notice: planned maintenance called off",
            format!(
                "What was planned will not take place:\n{}During these hours the services named will be available \
                 as usual.\nThe work was about: {note}.\n",
                list(&mut windows.iter().copied())
            ),
        ),
        (News::Over { window }, Lang::It) => {
            let still = if ahead.is_empty() { String::new() } else { format!("Resta previsto:\n{ahead}") };
            (
                "Avviso: manutenzione conclusa in anticipo",
                format!(
                    "L'intervento si è svolto {}, e i servizi indicati sono di nuovo disponibili.\n\
                     L'intervento riguardava: {note}.\n{still}",
                    stretch(window, lang)
                ),
            )
        }
        (News::Over { window }, Lang::En) => {
            let still = if ahead.is_empty() { String::new() } else { format!("Still planned:\n{ahead}") };
            (
                "Notice: maintenance over early",
                format!(
                    "The work was done {}, and the services named are available again.\n\
                     The work was about: {note}.\n{still}",
                    stretch(window, lang)
                ),
            )
        }
    };
    let concerned = match lang {
        Lang::It => "Servizi interessati",
        Lang::En => "Services concerned",
    };
    format!("{title}\n\n{concerned}: {what}.\n{body}{contact}\n{signed}\n")
}

/// `sabato 6 marzo 2027, dalle 14:00 alle 20:00`; with the offset only in nights in which clocks change.
fn stretch(window: &Window, lang: Lang) -> String {
    let (from, to) = (civil(window.from_ms), civil(window.to_ms));
    let time = |at: &jiff::Zoned| {
        if from.offset() == to.offset() { at.strftime("%H:%M") } else { at.strftime("%H:%M (%:z)") }
            .to_string()
    };
    let same_day = from.date() == to.date();
    let day = |at: &jiff::Zoned| {
        let (weekday, month) = (weekday(at.weekday(), lang), month(at.month(), lang));
        format!("{weekday} {} {month} {}", at.day(), at.year())
    };
    match (lang, same_day) {
        (Lang::It, true) => format!("{}, dalle {} alle {}", day(&from), time(&from), time(&to)),
        (Lang::It, false) => {
            format!("dalle {} di {} alle {} di {}", time(&from), day(&from), time(&to), day(&to))
        }
        (Lang::En, true) => format!("{}, from {} to {}", day(&from), time(&from), time(&to)),
        (Lang::En, false) => {
            format!("from {} on {} to {} on {}", time(&from), day(&from), time(&to), day(&to))
        }
    }
}

fn weekday(day: jiff::civil::Weekday, lang: Lang) -> &'static str {
    const IT: [&str; 7] = ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"];
    const EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let names = match lang {
        Lang::It => IT,
        Lang::En => EN,
    };
    names[usize::from(day.to_monday_zero_offset().unsigned_abs()).min(6)]
}

pub(crate) fn month(month: i8, lang: Lang) -> &'static str {
    const IT: [&str; 12] = [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ];
    const EN: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let names = match lang {
        Lang::It => IT,
        Lang::En => EN,
    };
    names[usize::from(month.unsigned_abs()).clamp(1, 12) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Said;

    const HOUR_MS: i64 = 3_600_000;
    /// Saturday 6 March 2027, 14:00 in Rome.
    const FROM_MS: i64 = 1_804_338_000_000;

    fn facts() -> NoticeFacts {
        let what = "Gestione data center: DNS".to_owned();
        NoticeFacts {
            organisation: "Comune di Esempio".to_owned(),
            unit: Some("Area 4".to_owned()),
            contact: Some("area4@comune.example".to_owned()),
            what: vec![Said { en: what.clone(), it: what }],
            note: "sostituzione dei dischi.".to_owned(),
            news: News::Planned,
        }
    }

    #[test]
    fn work_that_goes_on_says_until_when() {
        let told = |from_ms, to_ms, running| Work {
            entry: 1,
            running,
            from_ms,
            to_ms,
            scope: Vec::new(),
            services: Vec::new(),
            note: "aggiornamento posta.".to_owned(),
        };
        let soon = told(FROM_MS, FROM_MS + HOUR_MS, true);
        assert_eq!(
            super::work(&soon, FROM_MS + 1, Lang::It),
            "manutenzione in corso fino alle 15:00: aggiornamento posta"
        );
        assert_eq!(
            super::work(&soon, FROM_MS + 1, Lang::En),
            "maintenance going on until 15:00: aggiornamento posta"
        );
        let long = told(FROM_MS, FROM_MS + 24 * HOUR_MS, true);
        assert_eq!(
            super::work(&long, FROM_MS + 1, Lang::It),
            "manutenzione in corso fino a domenica 07/03/2027 14:00 (+01:00): aggiornamento posta"
        );
        let ahead = told(FROM_MS, FROM_MS + HOUR_MS, false);
        assert_eq!(
            super::work(&ahead, FROM_MS - 1, Lang::It),
            "manutenzione prevista sabato 06/03/2027 14:00 (+01:00) – 15:00 (+01:00), 1 h 00 min: aggiornamento posta"
        );
    }

    #[test]
    fn windows_are_echoed_with_their_offset() {
        assert_eq!(
            window(FROM_MS, FROM_MS + 6 * HOUR_MS, Lang::It),
            "sabato 06/03/2027 14:00 (+01:00) – 20:00 (+01:00), 6 h 00 min"
        );
        assert_eq!(
            window(FROM_MS, FROM_MS + 30_500, Lang::En),
            "Saturday 2027-03-06 14:00 (+01:00) – 14:00:30 (+01:00), 30 s"
        );
        // The night in which summer begins: the wall shows an hour more than passes.
        assert_eq!(
            window(1_806_181_200_000, 1_806_181_200_000 + 6 * HOUR_MS, Lang::It),
            "sabato 27/03/2027 22:00 (+01:00) – domenica 28/03/2027 05:00 (+02:00), 6 h 00 min"
        );
    }

    #[test]
    fn the_notice_can_be_pasted() {
        let held = |from_ms| Held { from_ms, to_ms: from_ms + 6 * HOUR_MS, in_time: true, in_part: true };
        let text =
            notice(&facts(), &[held(FROM_MS - 200 * HOUR_MS), held(FROM_MS)], FROM_MS - HOUR_MS, Lang::It);
        assert_eq!(
            text,
            "Avviso di manutenzione programmata\n\nServizi interessati: Gestione data center: DNS.\nQuando:\n  \
             - sabato 6 marzo 2027, dalle 14:00 alle 20:00\nIn questi orari i servizi indicati potranno non \
             essere disponibili.\nMotivo: sostituzione dei dischi.\nPer informazioni: area4@comune.example.\n\n\
             Comune di Esempio, Area 4\n"
        );
        let english = notice(&facts(), &[held(FROM_MS + 10 * HOUR_MS)], FROM_MS, Lang::En);
        assert!(
            english.contains("from 00:00 to 06:00") && english.contains("Sunday 7 March 2027"),
            "{english}"
        );
    }
    #[test]
    fn users_are_told_of_what_is_called_off_or_over_too() {
        let window = Window { from_ms: FROM_MS, to_ms: FROM_MS + 2 * HOUR_MS };
        let later = Held {
            from_ms: FROM_MS + 240 * HOUR_MS,
            to_ms: FROM_MS + 246 * HOUR_MS,
            in_time: true,
            in_part: true,
        };
        let told = |news, windows: &[Held], lang| {
            notice(&NoticeFacts { news, ..facts() }, windows, FROM_MS + 3 * HOUR_MS, lang)
        };
        assert_eq!(
            told(News::CalledOff { windows: vec![window] }, &[], Lang::It),
            "Avviso: manutenzione programmata disdetta\n\nServizi interessati: Gestione data center: DNS.\nNon si \
             svolgerà quanto era previsto:\n  - sabato 6 marzo 2027, dalle 14:00 alle 16:00\nIn questi orari i servizi \
             indicati saranno disponibili come di consueto.\nL'intervento riguardava: sostituzione dei dischi.\nPer \
             informazioni: area4@comune.example.\n\nComune di Esempio, Area 4\n"
        );
        let over = told(News::Over { window }, &[later], Lang::It);
        for part in [
            "conclusa in anticipo\n",
            "si è svolto sabato 6 marzo 2027, dalle 14:00 alle 16:00, e",
            "Resta previsto:\n  - martedì 16 marzo 2027, dalle 14:00 alle 20:00\n",
        ] {
            assert!(over.contains(part), "`{part}` is not in\n{over}");
        }
        let english = told(News::Over { window }, &[], Lang::En);
        assert!(english.contains("was done Saturday 6 March 2027, from 14:00 to 16:00"), "{english}");
        assert!(!english.contains("Still planned"), "{english}");
    }
}
