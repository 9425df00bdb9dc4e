//! Planned work: added, extended, closed, called off.

use super::{
    AHEAD_MAX_MS, Announced, Declaration, HOUR_MS, Item, Judge, Judged, LENGTH_MAX_MS, LENGTH_USUAL_MS, Lang,
    News, NoticeFacts, Refusal, Scope, Until, WINDOWS_MAX, Window, kind, moment, names, notices, remark, say,
    text,
};
use crate::operator::{Held, Said};

impl<'a> Judge<'a> {
    pub(super) fn maintain(
        &self,
        scope: &[String],
        windows: &[Window],
        note: &str,
    ) -> Result<Judged, Refusal> {
        let scope = names::scopes(scope, self.situation.charter)?;
        let note = text(note, "--note")?;
        let mut windows = windows.to_vec();
        windows.sort();
        self.sound(&windows)?;
        let now_ms = self.situation.now_ms;
        let announced =
            windows.iter().map(|window| Announced { window: *window, at_ms: now_ms, added: Vec::new() });
        let announced: Vec<Announced> = announced.collect();
        let held: Vec<Held> = announced.iter().map(|one| one.held(self.situation.notices)).collect();
        let mut doubts: Vec<Said> = self.late(&held).into_iter().collect();
        doubts.extend(windows.iter().filter(|window| length(window) > LENGTH_USUAL_MS).map(|window| {
            let (en, it) = (moment(window.from_ms, Lang::En), moment(window.from_ms, Lang::It));
            let hours = length(window) / HOUR_MS;
            Said {
                en: format!("the window of {en} lasts {hours} hours: is that meant?"),
                it: format!("la finestra di {it} dura {hours} ore: è proprio così?"),
            }
        }));
        doubts.extend(self.same_time(&scope, &windows));
        let ahead = windows.iter().any(|window| window.to_ms > now_ms);
        let notice = ahead.then(|| self.notice(&scope, &note));
        Ok(Judged {
            declaration: Declaration::Maintenance { scope, windows, note },
            windows: held,
            doubts,
            notice,
        })
    }

    pub(super) fn extend(&self, entry: u64, until: Until, note: &str) -> Result<Judged, Refusal> {
        let now_ms = self.situation.now_ms;
        let item = self.maintenance(entry)?;
        let note = remark(note)?;
        self.not_over(entry, item)?;
        // The window it is about: for an end the one before it, for a length the one that runs or is next.
        let held = match until {
            Until::To(to_ms) => item.windows.iter().rfind(|held| held.window.from_ms < to_ms),
            Until::By(_) => item.windows.iter().find(|held| held.window.to_ms >= now_ms),
        };
        let held = held.filter(|held| held.window.to_ms >= now_ms).ok_or_else(|| {
            Refusal(say!(
                "no window of maintenance #{entry} that is not over begins before that end; give a later one",
                "nessuna finestra non ancora conclusa della manutenzione #{entry} comincia prima di quella fine; indicane una successiva"
            ))
        })?;
        let before_ms = held.window.to_ms;
        let to_ms = match until {
            Until::To(to_ms) => to_ms,
            Until::By(by_ms) => before_ms.saturating_add(by_ms),
        };
        if to_ms <= before_ms {
            let (en, it) = (moment(before_ms, Lang::En), moment(before_ms, Lang::It));
            return Err(Refusal(Said {
                en: format!(
                    "maintenance #{entry} lasts until {en} anyway; to end it sooner use `vedetta maintenance close {entry}`"
                ),
                it: format!(
                    "la manutenzione #{entry} dura comunque fino a {it}; per finirla prima usa `vedetta maintenance close {entry}`"
                ),
            }));
        }
        let window = Window { to_ms, ..held.window };
        if item.declared_before(to_ms) != Some(held.window.from_ms) {
            return Err(Refusal(say!(
                "maintenance #{entry} would reach into its own next window; add another maintenance instead",
                "la manutenzione #{entry} invaderebbe la sua finestra successiva; aggiungi invece un'altra manutenzione"
            )));
        }
        if length(&window) > LENGTH_MAX_MS {
            return Err(too_long());
        }
        let from_ms = held.window.from_ms;
        let held: Vec<Held> = item
            .windows
            .iter()
            .map(|other| {
                let mut other = other.clone();
                if other.window.from_ms == from_ms {
                    other.window = window;
                    other.added.push((before_ms, now_ms));
                }
                other
            })
            .map(|one| one.held(self.situation.notices))
            .collect();
        let mut doubts = Vec::new();
        if held.iter().any(|held| held.from_ms == from_ms && !held.in_time) {
            doubts.push(say!(
                "the time that is added is announced now, too late for the {} of notice that the charter asks: it is kept and marked late",
                "il tempo aggiunto è annunciato ora, troppo tardi per il preavviso di {} chiesto dalla Carta: resta registrato e segnato come tardivo",
                notices::hours(self.notice_ms())
            ));
        }
        let notice = Some(self.notice_of(item, News::Planned));
        Ok(Judged {
            declaration: Declaration::Extended { entry, to_ms, note },
            windows: held,
            doubts,
            notice,
        })
    }

    pub(super) fn close(&self, entry: u64, at_ms: Option<i64>, note: &str) -> Result<Judged, Refusal> {
        let now_ms = self.situation.now_ms;
        let item = self.maintenance(entry)?;
        let note = remark(note)?;
        self.not_over(entry, item)?;
        let at_ms = at_ms.unwrap_or(now_ms);
        if at_ms > now_ms {
            return Err(Refusal(say!(
                "a maintenance is closed when it is over, not before; leave `--at` out, or wait",
                "una manutenzione si chiude quando è finita, non prima; togli `--at`, oppure aspetta"
            )));
        }
        let runs = |held: &Announced| held.window.from_ms < at_ms && at_ms < held.window.to_ms;
        let Some(running) = item.windows.iter().find(|held| runs(held) && held.window.to_ms > now_ms) else {
            return Err(Refusal(say!(
                "no window of maintenance #{entry} runs then; to call off what has not begun use `vedetta maintenance cancel {entry}`",
                "in quel momento la manutenzione #{entry} non ha finestre in corso; per disdire ciò che non è cominciato usa `vedetta maintenance cancel {entry}`"
            )));
        };
        let over = Window { to_ms: at_ms, ..running.window };
        let windows = item.held(self.situation.notices).into_iter().map(|held| {
            let closes = held.from_ms < at_ms && at_ms < held.to_ms;
            if closes { Held { to_ms: at_ms, ..held } } else { held }
        });
        let windows = windows.collect();
        let declaration = Declaration::Closed { entry, at_ms, note };
        let notice = Some(self.notice_of(item, News::Over { window: over }));
        Ok(Judged { windows, notice, ..Judged::plain(declaration) })
    }

    pub(super) fn cancel(&self, entry: u64, note: &str) -> Result<Judged, Refusal> {
        let now_ms = self.situation.now_ms;
        let item = self.maintenance(entry)?;
        let note = remark(note)?;
        self.not_over(entry, item)?;
        if item.windows.iter().all(|held| held.window.from_ms <= now_ms) {
            return Err(Refusal(say!(
                "maintenance #{entry} has begun: end it with `vedetta maintenance close {entry}`; if it was entered by mistake, `vedetta revoke {entry}`",
                "la manutenzione #{entry} è cominciata: terminala con `vedetta maintenance close {entry}`; se è stata inserita per errore, `vedetta revoke {entry}`"
            )));
        }
        let (windows, ahead): (Vec<Held>, Vec<Held>) =
            item.held(self.situation.notices).into_iter().partition(|held| held.from_ms <= now_ms);
        let ahead = ahead.into_iter().map(|Held { from_ms, to_ms, .. }| Window { from_ms, to_ms }).collect();
        let declaration = Declaration::Cancelled { entry, note };
        let notice = Some(self.notice_of(item, News::CalledOff { windows: ahead }));
        Ok(Judged { windows, notice, ..Judged::plain(declaration) })
    }

    /// The maintenance of an entry that is in force.
    fn maintenance(&self, entry: u64) -> Result<&Item<'a>, Refusal> {
        let item = self.item(entry)?;
        if matches!(item.declared.declaration, Declaration::Maintenance { .. }) {
            return Ok(item);
        }
        let is = kind(&item.declared.declaration);
        Err(Refusal(Said {
            en: format!(
                "entry #{entry} is {}, not a maintenance; `vedetta maintenance list` shows their numbers",
                is.en
            ),
            it: format!(
                "la voce #{entry} è {}, non una manutenzione; `vedetta maintenance list` ne mostra i numeri",
                is.it
            ),
        }))
    }

    /// Refuses a maintenance of which nothing is to come.
    fn not_over(&self, entry: u64, item: &Item<'_>) -> Result<(), Refusal> {
        match item.windows.last() {
            None => Err(Refusal(say!(
                "maintenance #{entry} was called off; declare a new one with `vedetta maintenance add`",
                "la manutenzione #{entry} è stata disdetta; dichiarane una nuova con `vedetta maintenance add`"
            ))),
            Some(last) if last.window.to_ms < self.situation.now_ms => {
                let to_ms = last.window.to_ms;
                let (en, it) = (moment(to_ms, Lang::En), moment(to_ms, Lang::It));
                Err(Refusal(Said {
                    en: format!(
                        "maintenance #{entry} was over at {en}; declare more with `vedetta maintenance add`, which will be marked late"
                    ),
                    it: format!(
                        "la manutenzione #{entry} è finita {it}; dichiara il resto con `vedetta maintenance add`, che sarà segnato come tardivo"
                    ),
                }))
            }
            Some(_) => Ok(()),
        }
    }

    /// Are windows, in order, such that work can be planned in them?
    fn sound(&self, windows: &[Window]) -> Result<(), Refusal> {
        if windows.is_empty() {
            return Err(Refusal(say!(
                "no window is left: does `--every` have a day between `--from` and `--until`?",
                "non resta nessuna finestra: `--every` ha un giorno fra `--from` e `--until`?"
            )));
        }
        if windows.len() > WINDOWS_MAX {
            return Err(Refusal(say!(
                "{} windows are more than the {WINDOWS_MAX} of one entry; give an earlier `--until`",
                "{} finestre superano le {WINDOWS_MAX} di una voce; indica un `--until` più vicino",
                windows.len()
            )));
        }
        for window in windows {
            if window.from_ms >= window.to_ms {
                return Err(empty());
            }
            if length(window) > LENGTH_MAX_MS {
                return Err(too_long());
            }
            let away_ms = window.from_ms.saturating_sub(self.situation.now_ms);
            if away_ms.saturating_abs() > AHEAD_MAX_MS {
                let (en, it) = (moment(window.from_ms, Lang::En), moment(window.from_ms, Lang::It));
                return Err(Refusal(Said {
                    en: format!("{en} is more than 400 days away; is the year right?"),
                    it: format!("{it} dista più di 400 giorni; l'anno è giusto?"),
                }));
            }
        }
        if windows.windows(2).any(|pair| pair[0].to_ms > pair[1].from_ms) {
            return Err(Refusal(say!(
                "the windows overlap; make them shorter or rarer",
                "le finestre si sovrappongono; accorciale o diradale"
            )));
        }
        Ok(())
    }

    /// What is late, as one sentence.
    fn late(&self, windows: &[Held]) -> Option<Said> {
        let late: Vec<&Held> = windows.iter().filter(|held| !held.in_time).collect();
        let first = late.first()?;
        let notice = notices::hours(self.notice_ms());
        let (en, it) = (moment(first.from_ms, Lang::En), moment(first.from_ms, Lang::It));
        let past = first.from_ms <= self.situation.now_ms;
        let (en_when, it_when) = if past {
            ("has begun already", "è già cominciata")
        } else {
            ("is too close", "è troppo vicina")
        };
        Some(Said {
            en: format!(
                "the window of {en} {en_when} for the {notice} of notice that the charter asks ({} of {} late): it is kept and marked late",
                late.len(),
                windows.len()
            ),
            it: format!(
                "la finestra di {it} {it_when} per il preavviso di {notice} chiesto dalla Carta ({} su {} tardive): resta registrata e segnata come tardiva",
                late.len(),
                windows.len()
            ),
        })
    }

    /// Other maintenance of the same scope at the same time.
    fn same_time(&self, scope: &[Scope], windows: &[Window]) -> Option<Said> {
        let overlaps = |held: &Announced| {
            windows
                .iter()
                .any(|window| window.from_ms < held.window.to_ms && held.window.from_ms < window.to_ms)
        };
        let other = self.register.in_force().find(|item| match &item.declared.declaration {
            Declaration::Maintenance { scope: theirs, .. } => {
                theirs.iter().any(|theirs| scope.contains(theirs)) && item.windows.iter().any(overlaps)
            }
            _ => false,
        })?;
        let entry = other.declared.entry;
        Some(say!(
            "maintenance #{entry} covers some of this already; to change it use `extend`, `close` or `cancel`",
            "la manutenzione #{entry} copre già una parte di questo; per cambiarla usa `extend`, `close` o `cancel`"
        ))
    }

    fn notice_of(&self, item: &Item<'_>, news: News) -> NoticeFacts {
        let facts = match &item.declared.declaration {
            Declaration::Maintenance { scope, note, .. } => self.notice(scope, note),
            _ => self.notice(&[], ""),
        };
        NoticeFacts { news, ..facts }
    }

    fn notice(&self, scope: &[Scope], note: &str) -> NoticeFacts {
        let organisation = &self.situation.charter.organisation;
        NoticeFacts {
            organisation: organisation.name.clone(),
            unit: organisation.unit.clone(),
            contact: organisation.contact.clone(),
            what: names::titles(scope, self.situation.charter),
            note: note.to_owned(),
            news: News::Planned,
        }
    }

    fn notice_ms(&self) -> u64 {
        self.situation.charter.rules.readings.notice_ms
    }
}

fn length(window: &Window) -> i64 {
    window.to_ms.saturating_sub(window.from_ms)
}

pub(super) fn empty() -> Refusal {
    Refusal(say!(
        "the window is empty: its end is not after its start; check `--from`, `--to` and `--for`",
        "la finestra è vuota: la fine non viene dopo l'inizio; controlla `--from`, `--to` e `--for`"
    ))
}

fn too_long() -> Refusal {
    Refusal(say!(
        "a window of more than 31 days is no maintenance; shorten it, or take the component out of the charter with `until:`",
        "una finestra di più di 31 giorni non è una manutenzione; accorciala, oppure togli il componente dalla Carta con `until:`"
    ))
}
