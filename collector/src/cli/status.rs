//! `vedetta status`: the page's table in a terminal.

use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;
use std::time::Duration;

use super::asked;
use super::place::Place;
use super::terminal::{Cell, Paint, plain, table};
use crate::publish::api::{Agent, Condition, Figure, Now, ServiceNow, State};
use crate::publish::{Lang, format, page, words};

/// How often `--watch` asks again.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Show every service and component now, the year so far, and the agents
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    place: Place,
    /// Show it again every two seconds, until interrupted
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// As it was known at this instant, Europe/Rome where no offset is written: `oggi 18:15`, `23/11/2026 18:15`
    #[arg(long, value_name = "INSTANT", conflicts_with = "watch")]
    as_of: Option<String>,
    /// The read API's answer instead of text
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Status {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let client = self.place.client()?.speaking(self.lang);
        let path = asked::now(self.as_of.as_deref(), self.lang)?;
        let now = || client.get_json::<Now>(&path);
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &now()?)?;
            writeln!(out)?;
            return Ok(ExitCode::SUCCESS);
        }
        let paint = Paint::of_stdout();
        if !self.watch {
            write!(out, "{}", show(&now()?, self.lang, paint))?;
            return Ok(ExitCode::SUCCESS);
        }
        loop {
            let text = match now() {
                Ok(now) => show(&now, self.lang, paint),
                Err(error) => format!("{}\n", paint.alarm(&format!("{error:#}"))),
            };
            // Home, text, clear the rest: no flicker. Elsewhere than on a terminal one after the other.
            if std::io::stdout().is_terminal() {
                let lines = text.replace('\n', "\x1b[K\n");
                write!(out, "\x1b[H{lines}\x1b[J")?;
            } else {
                writeln!(out, "{text}")?;
            }
            out.flush()?;
            std::thread::sleep(WATCH_EVERY);
        }
    }
}

/// The whole text.
fn show(now: &Now, lang: Lang, paint: Paint) -> String {
    let l = lang.labels();
    let title = format!("{} · {} {}", plain(&now.organisation), l.title, now.year);
    let mut text = format!("{}\n", paint.strong(&title));
    text.push_str(&paint.faint(&format!("{} {}", l.computed_at, format::instant(now.now_ms, lang))));
    text.push('\n');
    for alarm in page::alarms(now, lang) {
        text.push_str(&paint.alarm(&format!("! {}", plain(&alarm))));
        text.push('\n');
    }
    for work in page::works(now, lang) {
        text.push_str(&paint.strong(&format!("~ {}", plain(&work))));
        text.push('\n');
    }
    text.push('\n');
    if now.services.is_empty() {
        text.push_str(l.no_services);
        text.push('\n');
    } else {
        let heading = [
            l.service,
            l.state,
            l.since,
            l.seen_from,
            l.year_so_far,
            l.budget_left,
            l.verdict,
            l.last_sample,
            l.reason,
        ];
        let rows = now.services.iter().flat_map(|service| rows(service, now, lang)).collect();
        text.push_str(&table(heading, rows, paint));
    }
    text.push('\n');
    let heading = [l.agent, l.state, l.sites, l.last_push, l.spool, l.clock];
    let agents = now.agents.iter().map(|agent| agent_row(agent, now.now_ms, lang)).collect();
    text.push_str(&table(heading, agents, paint));
    text
}

fn rows(service: &ServiceNow, now: &Now, lang: Lang) -> Vec<[Cell; 9]> {
    let (promise, figure) = service.promised();
    let provisional = if now.provisional && promise.is_some() { lang.labels().provisional } else { "" };
    let verdict = page::verdict(promise, &service.unmeasured, now.provisional, lang);
    let verdict =
        if provisional.is_empty() { verdict.to_owned() } else { format!("{verdict} ({provisional})") };
    let budget = promise.map_or_else(String::new, |promise| page::budget_left(promise, service, lang));
    let target = promise.map(|promise| &promise.target);
    let mut year = figure.headline(target, lang);
    for (headline, what) in page::beside(service, lang) {
        year = format!("{year}; {headline} {what}");
    }
    let declared = page::declared(service, lang);
    if !declared.is_empty() {
        year = format!("{year}; {declared}");
    }
    let head = row(service.name.clone(), &service.now, year, budget, verdict, now.now_ms, lang);
    let component_year = |figure: &Figure| figure.headline(None, lang);
    let components = service.components.iter().map(|component| {
        let indent = "  ".repeat(1 + component.path.matches('.').count());
        let name = format!("{indent}{}", component.name);
        let year = component_year(&component.figure);
        row(name, &component.now, year, String::new(), String::new(), now.now_ms, lang)
    });
    std::iter::once(head).chain(components).collect()
}

fn row(
    name: String,
    condition: &Condition,
    year: String,
    budget: String,
    verdict: String,
    now_ms: i64,
    lang: Lang,
) -> [Cell; 9] {
    let l = lang.labels();
    let near =
        |ms: Option<i64>, none: &str| ms.map_or_else(|| none.to_owned(), |ms| format::near(ms, now_ms, lang));
    let reason = words::why(condition, lang);
    [
        name.into(),
        Cell::state(words::state(condition.state, lang), condition.state),
        near(condition.since_ms, l.none).into(),
        page::seen(condition, lang).into(),
        year.into(),
        budget.into(),
        verdict.into(),
        near(condition.last_sample_ms, l.never).into(),
        reason.into(),
    ]
}

fn agent_row(agent: &Agent, now_ms: i64, lang: Lang) -> [Cell; 6] {
    let l = lang.labels();
    let state = match (agent.enrolled, agent.silent) {
        (false, _) => Cell::state(l.not_enrolled, State::Unknown),
        (true, true) => Cell::state(l.silent, State::Down),
        (true, false) => Cell::state(l.sends, State::Up),
    };
    let last = agent.last_push_ms.map_or_else(|| l.never.to_owned(), |ms| format::near(ms, now_ms, lang));
    [
        agent.id.clone().into(),
        state,
        agent.sites.join(", ").into(),
        last.into(),
        agent.spool_bytes.map_or_else(|| l.none.to_owned(), |bytes| format::bytes(bytes, lang)).into(),
        agent.clock_offset_ms.map_or_else(|| l.none.to_owned(), |ms| format::offset(ms, lang)).into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::example;

    #[test]
    fn it_says_what_the_page_says() {
        let now = Now::of(&example::moment());
        let text = show(&now, Lang::It, Paint::none());
        for fact in [
            "Comune di Esempio · Disponibilità dei servizi 2026",
            "non più raggiungibile (provvisorio)",
            "superato di 12 h 50 min",
            "connessione rifiutata",
            "90,68% – 96,04%",
            "  DNS ",
            "    Archivio ",
            "osservato, nessun impegno",
            "bib1",
        ] {
            assert!(text.contains(fact), "{fact} is missing in\n{text}");
        }
        assert!(!text.contains('\x1b') && !text.contains('!'), "{text}");
        assert!(show(&now, Lang::En, Paint::none()).contains("connection refused"));
    }

    #[test]
    fn work_in_progress_is_told() {
        let mut now = Now::of(&example::moment());
        now.maintenance = vec![crate::publish::api::Work {
            entry: 37,
            running: true,
            from_ms: now.now_ms - 1,
            to_ms: now.now_ms + 3_600_000,
            scope: vec!["intranet".to_owned()],
            services: vec!["intranet".to_owned()],
            note: "aggiornamento <posta>".to_owned(),
        }];
        let line = "manutenzione in corso fino alle 10:12: aggiornamento ";
        let text = show(&now, Lang::It, Paint::none());
        assert!(text.lines().nth(2).unwrap().contains(line), "{text}");
        assert!(text.lines().nth(2).unwrap().starts_with("~ Gestione intranet"), "{text}");
        let html = page::render(&now, Lang::It, true).unwrap();
        assert!(html.contains(line) && !html.contains("<posta>"), "{html}");
    }

    #[test]
    fn columns_stand_under_their_heading() {
        let text = show(&Now::of(&example::moment()), Lang::It, Paint::none());
        let at = |line: &str, word: &str| line.find(word).map(|byte| line[..byte].chars().count());
        let heading = text.lines().find(|line| line.starts_with("Servizio")).unwrap();
        let intranet = text.lines().find(|line| line.starts_with("Gestione intranet")).unwrap();
        assert_eq!(at(heading, "Stato"), at(intranet, "fermo"));
        assert_eq!(at(heading, "Anno finora"), at(intranet, "97,59%"));
        assert_eq!(at(heading, "Motivo"), at(intranet, "connessione"));
    }

    #[test]
    fn what_is_stale_comes_first() {
        let text = show(&Now::of(&example::stale_moment()), Lang::It, Paint::none());
        assert!(text.lines().nth(2).unwrap().starts_with("! L'ultimo dato è del"), "{text}");
    }
}
