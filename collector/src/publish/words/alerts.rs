//! Words of what the alert engine decided: a line each, for people who have not seen the system before.

use std::collections::{BTreeMap, BTreeSet};

use collector_api::Reason;
use collector_derive::alert::{
    Detail, Incident, Level, Line, Member, Notice, NoticeKind, Root, Story, Thing, Work,
};
use config::Charter;

use super::{Lang, reason};
use crate::publish::format::{date_time, duration, offset};
use crate::publish::words::notices;

/// Of how many things that an incident explains the names are told.
const NAMES_MAX: usize = 20;
/// So many like targets are told as one.
const LIKE_MIN: usize = 3;

/// What a line is about, for programs.
pub(crate) fn kind(line: &Line) -> &'static str {
    match line {
        Line::Open(_) => "open",
        Line::Ended(..) => "ended",
        Line::Budget { .. } => "budget",
        Line::Notice { notice, .. } => notice.kind.name(),
        Line::Planned(_) => "planned",
    }
}

/// What people call what an incident is about.
pub(crate) fn what(root: &Root, charter: &Charter, lang: Lang) -> String {
    Words { charter, now_ms: 0, lang }.root(root)
}

/// The line as people read it, without a full stop.
pub(crate) fn line(line: &Line, charter: &Charter, now_ms: i64, lang: Lang) -> String {
    let words = Words { charter, now_ms, lang };
    match line {
        Line::Open(story) => words.open(story),
        Line::Ended(story, at_ms) => words.ended(story, *at_ms),
        Line::Budget { key, year, level } => {
            let name = words.service(key.service.as_str());
            let hours = key.hours.as_ref().map_or_else(String::new, |hours| format!(" ({hours})"));
            format!("{name}{hours}, {year}: {}", self::level(*level, lang))
        }
        Line::Notice { notice, times, over_ms } => words.notice(notice, *times, *over_ms),
        Line::Planned(work) => words.planned(work),
    }
}

/// What a budget's level means.
pub(crate) fn level(level: Level, lang: Lang) -> &'static str {
    match (level, lang) {
        (Level::Burning, Lang::It) => "il margine di fermo dell'anno si consuma troppo in fretta",
        (Level::Burning, Lang::En) => "the year's allowance of down time goes too fast",
        (Level::Below, Lang::It) => "sotto soglia alla data, ma recuperabile (provvisorio)",
        (Level::Below, Lang::En) => "below its target to date, but it can recover (provisional)",
        (Level::Forecast, Lang::It) => {
            "con l'andamento degli ultimi trenta giorni l'impegno non sarà mantenuto (provvisorio)"
        }
        (Level::Forecast, Lang::En) => {
            "going on as in the last thirty days, the promise will be broken (provisional)"
        }
        (Level::Irrecoverable, Lang::It) => {
            "l'impegno non è più raggiungibile, nemmeno senza altri fermi (provvisorio)"
        }
        (Level::Irrecoverable, Lang::En) => {
            "the promise cannot be kept any more, even without another stop (provisional)"
        }
    }
}

/// How things of a charter are called, at one instant and in one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) charter: &'a Charter,
    pub(crate) now_ms: i64,
    pub(crate) lang: Lang,
}

impl Words<'_> {
    pub(crate) fn say(&self, it: String, en: String) -> String {
        match self.lang {
            Lang::It => it,
            Lang::En => en,
        }
    }

    /// `il 23/11/2026 alle 09:10` would be longer and say no more.
    fn at(&self, ms: i64) -> String {
        date_time(ms, self.lang)
    }

    pub(crate) fn lasted(&self, ms: u64) -> String {
        duration(ms, self.lang)
    }

    /// The title of a service; the name of one that the charter no longer has.
    pub(crate) fn service(&self, id: &str) -> String {
        self.charter.service(id).map_or_else(|| id.to_owned(), |service| service.name.clone())
    }

    /// `Gestione intranet, Posta elettronica`: titles as far as the charter has some, then names.
    pub(crate) fn path(&self, path: &str) -> String {
        let mut names = path.split('.');
        let service = names.next().unwrap_or_default();
        let mut titles = vec![self.service(service)];
        let mut parts = self.charter.service(service).map_or(&[][..], |service| &service.components);
        for name in names {
            match parts.iter().find(|part| part.id.as_str() == name) {
                Some(part) => {
                    titles.push(part.name.clone());
                    parts = part.node.parts();
                }
                None => titles.push(name.to_owned()),
            }
        }
        titles.join(", ")
    }

    pub(crate) fn root(&self, root: &Root) -> String {
        match root {
            Root::Engine => self.say("i calcoli del collettore".into(), "the collector's derivation".into()),
            Root::Line(line) => self.say(format!("la linea {line}"), format!("the line {line}")),
            Root::Row(service) => self.service(service.as_str()),
            Root::Part(path) => self.path(path),
            Root::NoData(service) => {
                let name = self.service(service.as_str());
                self.say(format!("le misure di {name}"), format!("the measurements of {name}"))
            }
        }
    }

    /// What is wrong with it, while it is.
    pub(crate) fn state(&self, root: &Root) -> String {
        match root {
            Root::Row(_) | Root::Part(_) | Root::Line(_) => self.say("non disponibile".into(), "down".into()),
            Root::NoData(_) => self.say("assenti".into(), "missing".into()),
            Root::Engine => self.say("fermi o incompleti".into(), "stopped or incomplete".into()),
        }
    }

    fn open(&self, story: &Story) -> String {
        let Story { incident, down_ms } = story;
        let (root, since) = (self.root(&incident.root), self.at(incident.opened_ms));
        let (lasted, stops) = (self.lasted(*down_ms), incident.stops());
        let state = self.state(&incident.root);
        let text = match (incident.is_down(), stops) {
            (true, 1) => self.say(
                format!("{root}: {state} dal {since}, {lasted}"),
                format!("{root}: {state} since {since}, {lasted}"),
            ),
            (true, _) => self.say(
                format!("{root}: {state}; dal {since} {stops} fermi, {lasted} in tutto"),
                format!("{root}: {state}; since {since} {stops} stops, {lasted} in all"),
            ),
            (false, _) => self.say(
                format!("{root}: in osservazione dopo {stops} fermi dal {since}, {lasted} in tutto"),
                format!("{root}: watched after {stops} stops since {since}, {lasted} in all"),
            ),
        };
        // How `vedetta ack` and mails name it.
        let number = incident.number;
        let number = self.say(format!("; incidente n. {number}"), format!("; incident no. {number}"));
        format!("{text}{}{}{number}", self.why(incident), self.explains(incident))
    }

    fn ended(&self, story: &Story, at_ms: i64) -> String {
        let Story { incident, down_ms } = story;
        let (root, from, to) = (self.root(&incident.root), self.at(incident.opened_ms), self.at(at_ms));
        let (lasted, stops) = (self.lasted(*down_ms), incident.stops());
        let text = if let Root::NoData(service) = &incident.root {
            let name = self.service(service.as_str());
            self.say(
                format!("{name}: nessuna misura dal {from} al {to}, {lasted}; ora è di nuovo misurato"),
                format!("{name}: no measurements from {from} to {to}, {lasted}; measured again"),
            )
        } else if stops == 1 {
            self.say(
                format!("{root}: rientrato, dal {from} al {to}, {lasted}"),
                format!("{root}: over, from {from} to {to}, {lasted}"),
            )
        } else {
            self.say(
                format!("{root}: rientrato, dal {from} al {to} {stops} fermi, {lasted} in tutto"),
                format!("{root}: over, from {from} to {to} {stops} stops, {lasted} in all"),
            )
        };
        format!("{text}{}{}", self.why(incident), self.explains(incident))
    }

    fn why(&self, incident: &Incident) -> String {
        let why = reason(Reason::from_code(incident.reason).name(), self.lang);
        let why = if why.is_empty() { why } else { format!("; {why}") };
        let mut text = why;
        if incident.planned {
            text.push_str("; ");
            text.push_str(
                &self.say("durante una manutenzione programmata".into(), "during planned work".into()),
            );
        }
        if incident.acked && incident.is_down() {
            text.push_str("; ");
            text.push_str(&self.say("preso in carico".into(), "taken charge of".into()));
        }
        text
    }

    /// `; con la stessa causa: …`
    fn explains(&self, incident: &Incident) -> String {
        let names = self.explained(incident).join("; ");
        if names.is_empty() {
            return names;
        }
        self.say(format!("; con la stessa causa: {names}"), format!("; of the same cause: {names}"))
    }

    /// What an incident explains, each once; like targets of one part as one, with their number.
    pub(crate) fn explained(&self, incident: &Incident) -> Vec<String> {
        let alike = members_by_part(incident);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut names: Vec<String> = Vec::new();
        for Member { thing, .. } in &incident.members {
            let name = match thing {
                Thing::Root(root) => self.root(root),
                Thing::Notice(NoticeKind::Member, name) => {
                    let (part, _) = parted(name);
                    match alike.get(part) {
                        Some(like) if like.len() >= LIKE_MIN => {
                            if !seen.insert(part.to_owned()) {
                                continue;
                            }
                            format!("{}: {} ({})", self.path(part), like.len(), self.some(like))
                        }
                        _ => self.path(name),
                    }
                }
                Thing::Notice(kind, name) => self.thing(*kind, name),
            };
            if seen.insert(name.clone()) {
                names.push(name);
            }
        }
        let more = names.len().saturating_sub(NAMES_MAX);
        names.truncate(NAMES_MAX);
        if more > 0 {
            names.push(self.others(more));
        }
        names
    }

    /// The first of these names.
    fn some(&self, names: &[&str]) -> String {
        let mut told = names.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(NAMES_MAX);
        if more > 0 {
            told = format!("{told}, {}", self.others(more));
        }
        told
    }

    pub(crate) fn others(&self, more: usize) -> String {
        self.say(format!("altri {more}"), format!("{more} more"))
    }

    /// What a notice is about.
    pub(crate) fn thing(&self, kind: NoticeKind, name: &str) -> String {
        match kind {
            NoticeKind::Agent | NoticeKind::Clock => {
                self.say(format!("sonda {name}"), format!("agent {name}"))
            }
            NoticeKind::Coverage => self.service(name),
            _ => self.path(name),
        }
    }

    fn notice(&self, notice: &Notice, times: u32, over_ms: Option<i64>) -> String {
        let thing = self.thing(notice.kind, &notice.name);
        let text = self.matter(notice, &thing);
        let since = self.at(notice.since_ms);
        let spell = match (notice.kind, over_ms) {
            // Its end says it all.
            (NoticeKind::Certificate, None) => String::new(),
            (_, None) => self.say(format!(", dal {since}"), format!(", since {since}")),
            (_, Some(over_ms)) => {
                let over = self.at(over_ms);
                self.say(
                    format!(", dal {since} al {over}, rientrato"),
                    format!(", from {since} to {over}, over"),
                )
            }
        };
        let often = match times {
            0 | 1 => String::new(),
            _ => self.say(format!(" ({times} volte)"), format!(" ({times} times)")),
        };
        format!("{text}{spell}{often}")
    }

    fn matter(&self, notice: &Notice, thing: &str) -> String {
        let why = match &notice.detail {
            Detail::Reason(code) => reason(Reason::from_code(*code).name(), self.lang),
            Detail::Text(text) => text.clone(),
            Detail::None | Detail::Instant(_) | Detail::Offset(_) | Detail::Share(..) => String::new(),
        };
        let why = if why.is_empty() { why } else { format!(": {why}") };
        match (notice.kind, &notice.detail) {
            (NoticeKind::Degraded, _) => {
                self.say(format!("{thing}, degradato{why}"), format!("{thing}, degraded{why}"))
            }
            (NoticeKind::Member, _) => {
                self.say(format!("{thing}, fermo{why}"), format!("{thing}, down{why}"))
            }
            (NoticeKind::Certificate, Detail::Instant(ends_ms)) => self.ends(thing, *ends_ms),
            (NoticeKind::Certificate, _) => self
                .say(format!("{thing}, certificato in scadenza"), format!("{thing}, certificate ends soon")),
            (NoticeKind::Heartbeat, _) => self.say(
                format!("{thing}, lavoro non riuscito o non segnalato{why}"),
                format!("{thing}, job failed or not reported{why}"),
            ),
            (NoticeKind::Coverage, Detail::Share(known_ms, of_ms)) => {
                let (known, of) = (self.lasted(*known_ms), self.lasted(*of_ms));
                self.say(
                    format!("{thing}: dell'ultimo giorno misurate {known} su {of}"),
                    format!("{thing}: of the last day {known} of {of} were measured"),
                )
            }
            (NoticeKind::Coverage, _) => self
                .say(format!("{thing}: misurato troppo poco"), format!("{thing}: too little was measured")),
            (NoticeKind::Clock, Detail::Offset(offset_ms)) if *offset_ms != 0 => {
                let off = offset(*offset_ms, self.lang);
                self.say(
                    format!("{thing}: orologio sbagliato ({off})"),
                    format!("{thing}: wrong clock ({off})"),
                )
            }
            // Neither the time servers nor an exchange with the collector bound its error.
            (NoticeKind::Clock, _) => self.say(
                format!("{thing}: orologio che nulla verifica"),
                format!("{thing}: a clock that nothing bounds"),
            ),
            (NoticeKind::Agent, _) => {
                self.say(format!("{thing}: non invia misure"), format!("{thing}: sends nothing"))
            }
            (NoticeKind::Backup, _) => self.say(
                format!("nessuna copia recente dell'archivio delle misure{why}"),
                format!("no fresh backup of the store{why}"),
            ),
            (NoticeKind::Configuration, _) => self.say(
                format!("configurazione rifiutata, resta in vigore quella di prima{why}"),
                format!("a configuration was refused, the one before stays in force{why}"),
            ),
        }
    }

    fn ends(&self, thing: &str, ends_ms: i64) -> String {
        let (when, days) = (self.at(ends_ms), ends_ms.saturating_sub(self.now_ms) / 86_400_000);
        if ends_ms <= self.now_ms {
            return self.say(
                format!("{thing}, certificato scaduto il {when}"),
                format!("{thing}, certificate ended on {when}"),
            );
        }
        self.say(
            format!("{thing}, certificato in scadenza il {when} (fra {days} giorni)"),
            format!("{thing}, certificate ends on {when} (in {days} days)"),
        )
    }

    fn planned(&self, work: &Work) -> String {
        let window = notices::window(work.from_ms, work.to_ms, self.lang);
        let scope: Vec<String> = work.scope.iter().map(|path| self.path(path)).collect();
        let scope = if scope.is_empty() {
            self.say("tutti i servizi".into(), "all services".into())
        } else {
            scope.join("; ")
        };
        let entry = work.entry;
        self.say(
            format!("manutenzione n. {entry} di {scope}: {window}"),
            format!("maintenance no. {entry} of {scope}: {window}"),
        )
    }
}

/// A target's part and its own name.
fn parted(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or((name, name))
}

/// The single targets that an incident explains, each once, by their parts.
fn members_by_part(incident: &Incident) -> BTreeMap<&str, Vec<&str>> {
    let mut parts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for Member { thing, .. } in &incident.members {
        if let Thing::Notice(NoticeKind::Member, name) = thing
            && seen.insert(name)
        {
            let (part, target) = parted(name);
            parts.entry(part).or_default().push(target);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::api::Alerts;
    use crate::publish::example;

    #[test]
    fn each_line_says_what_since_when_and_why() {
        let moment = example::moment();
        let told = Alerts::of(moment.alerts.as_deref().unwrap(), &moment.charter).today;
        let it: Vec<&str> = told.iter().map(|line| line.it.as_str()).collect();
        assert_eq!(
            it,
            [
                "Gestione intranet: non disponibile; dal 23/11/2026 08:40 2 fermi, 27 min 00 s in tutto; connessione \
                 rifiutata; con la stessa causa: Gestione intranet, Posta elettronica, smtp; incidente n. 17",
                "Gestione intranet, 2026: l'impegno non è più raggiungibile, nemmeno senza altri fermi (provvisorio)",
                "Gestione front end, Siti istituzionali, sito, certificato in scadenza il 02/12/2026 09:12 (fra 9 giorni)",
                "sonda bib1: non invia misure, dal 20/11/2026 09:12",
            ]
        );
        assert_eq!(
            told.iter().map(|line| line.kind.as_str()).collect::<Vec<_>>(),
            ["open", "budget", "certificate", "agent"]
        );
        assert!(told[2].en.ends_with("certificate ends on 2026-12-02 09:12 (in 9 days)"), "{}", told[2].en);
    }

    #[test]
    fn what_ended_says_how_long_and_whether_it_was_planned() {
        let moment = example::moment();
        let mut incident = moment.alerts.as_deref().unwrap().open[0].clone();
        incident.root = Root::Line("fibra".to_owned());
        (incident.planned, incident.reason) = (true, Reason::None.code());
        incident.members.clear();
        let ended = Line::Ended(Story { down_ms: 600_000, incident }, example::NOW_MS);
        assert_eq!(
            line(&ended, &moment.charter, example::NOW_MS, Lang::It),
            "la linea fibra: rientrato, dal 23/11/2026 08:40 al 23/11/2026 09:12 2 fermi, 10 min 00 s in tutto; durante una \
             manutenzione programmata"
        );
    }
    #[test]
    fn like_targets_are_told_as_one() {
        let moment = example::moment();
        let mut incident = moment.alerts.as_deref().unwrap().open[0].clone();
        let member = |name: String| Member {
            thing: Thing::Notice(NoticeKind::Member, name),
            from_ms: example::NOW_MS,
            to_ms: None,
        };
        incident.members = (1..=22).map(|number| member(format!("wifi.portale.ap{number}"))).collect();
        incident.members.push(incident.members[3].clone());
        incident.members.push(member("intranet.posta.smtp".to_owned()));
        let words = Words { charter: &moment.charter, now_ms: example::NOW_MS, lang: Lang::It };
        let told = words.explained(&incident);
        assert_eq!(told.len(), 2, "{told:?}");
        let start = "WiFi nelle aree coperte e interne agli edifici pubblici, Portale ospiti: 22 (ap1, ap2, ";
        assert!(told[0].starts_with(start) && told[0].ends_with("ap20, altri 2)"), "{told:?}");
        assert_eq!(told[1], "Gestione intranet, Posta elettronica, smtp");
    }
}
