//! What was measured, corrected: annulled, forced, approved, taken back.

use collector_derive::{Corrections, Mark};

use super::{
    AHEAD_MAX_MS, Cause, Declaration, Declared, ForcedState, Item, Judge, Judged, Lang, Refusal, Register,
    Scope, Stopped, Window, kind, maintenance::empty, moment, names, same_person, say, text,
};
use crate::operator::{Held, Said};
use crate::publish::format;

impl Judge<'_> {
    pub(super) fn annul_outage(&self, id: &str, note: &str) -> Result<Judged, Refusal> {
        let outage = self.outage(id)?;
        let note = text(note, "--note")?;
        let window = Window { to_ms: outage.window.to_ms.min(self.situation.now_ms), ..outage.window };
        let scope: Vec<Scope> = outage.checks.iter().filter_map(|check| Scope::parse(check)).collect();
        if scope.is_empty() || window.from_ms >= window.to_ms {
            return Err(Refusal(say!(
                "no check was measured down in the outage `{id}` (it is declared, or of a charter that is gone); annul a scope instead: `vedetta annul SCOPE --from … --to …`",
                "nell'interruzione `{id}` nessun controllo è stato misurato fermo (è dichiarata, o di una Carta superata); annulla invece un ambito: `vedetta annul AMBITO --from … --to …`"
            )));
        }
        let mut doubts: Vec<Said> = self.annulled_already(&scope, window).into_iter().collect();
        if outage.ongoing {
            doubts.push(say!(
                "the outage still lasts: what is measured from now on counts; annul the rest when it is over",
                "l'interruzione è ancora in corso: ciò che si misura da adesso conta; annulla il resto quando sarà finita"
            ));
        }
        let declaration = Declaration::Annulled { outage: Some(id.to_owned()), scope, window, note };
        Ok(Judged { doubts, ..Judged::plain(declaration) })
    }

    pub(super) fn annul(&self, scope: &[String], window: Window, note: &str) -> Result<Judged, Refusal> {
        let scope = names::scopes(scope, self.situation.charter)?;
        let note = text(note, "--note")?;
        self.past(window)?;
        let doubts = self.annulled_already(&scope, window).into_iter().collect();
        let declaration = Declaration::Annulled { outage: None, scope, window, note };
        Ok(Judged { doubts, ..Judged::plain(declaration) })
    }

    pub(super) fn force(
        &self,
        state: ForcedState,
        scope: &[String],
        window: Window,
        evidence: &str,
        note: &str,
    ) -> Result<Judged, Refusal> {
        let scope = names::scopes(scope, self.situation.charter)?;
        let evidence = text(evidence, "--evidence")?;
        let note = text(note, "--note")?;
        self.past(window)?;
        let declaration = Declaration::Forced { state, scope, window, evidence, note };
        Ok(Judged::plain(declaration))
    }

    pub(super) fn annotate(&self, outage: &str, cause: Cause, note: &str) -> Result<Judged, Refusal> {
        let Stopped { id, service, window, .. } = self.outage(outage)?;
        let note = text(note, "--note")?;
        let before = self.register.in_force().filter(|item| {
            matches!(&item.declared.declaration, Declaration::Annotated { outage: theirs, .. } if theirs == id)
        });
        let doubts = before.last().map(|item| {
            let entry = item.declared.entry;
            say!(
                "this holds instead of what entry #{entry} said",
                "questo vale al posto di quanto detto dalla voce #{entry}"
            )
        });
        let (outage, service, window) = (id.clone(), Some(service.clone()), Some(*window));
        let declaration = Declaration::Annotated { outage, service, window, cause, note };
        Ok(Judged { doubts: doubts.into_iter().collect(), ..Judged::plain(declaration) })
    }

    pub(super) fn approve(&self, entry: u64) -> Result<Judged, Refusal> {
        let item = self.item(entry)?;
        match &item.declared.declaration {
            Declaration::Forced { state: ForcedState::Up, .. } => {}
            Declaration::Forced { state: ForcedState::Down, .. } => {
                return Err(Refusal(say!(
                    "entry #{entry} is a `force down`: it holds without approval",
                    "la voce #{entry} è un `force down`: vale senza approvazione"
                )));
            }
            other => {
                let is = kind(other);
                return Err(Refusal(Said {
                    en: format!("entry #{entry} is {}: only a `force up` is approved", is.en),
                    it: format!("la voce #{entry} è {}: si approva soltanto un `force up`", is.it),
                }));
            }
        }
        if let Some(by) = item.approved_by {
            let who = self.register.get(by).map_or("?", |item| item.declared.author.as_str());
            return Err(Refusal(say!(
                "entry #{entry} was approved already, by {who} (#{by}); there is nothing to do",
                "la voce #{entry} è già approvata da {who} (#{by}); non c'è nulla da fare"
            )));
        }
        let approval = self.with_account(&self.next_entry(Declaration::Approved { entry }))?;
        let wished = self.with_account(item.declared)?;
        if same_person(&approval, &wished) {
            return Err(self.same(entry, &wished));
        }
        Ok(Judged::plain(Declaration::Approved { entry }))
    }

    /// Why this person does not approve what they proposed themselves.
    fn same(&self, entry: u64, wished: &Declared) -> Refusal {
        let (theirs, author) = (wished.author.as_str(), self.author.name.as_str());
        Refusal(if wished.uid != Some(self.author.uid) {
            say!(
                "entry #{entry} was proposed by {theirs} and cannot be approved by {author}, who is the same person by name: ask a colleague to run `vedetta approve {entry}` with an own account",
                "la voce #{entry} è stata proposta da {theirs} e non può approvarla {author}, che per nome è la stessa persona: chiedi a un collega di eseguire `vedetta approve {entry}` con il proprio account"
            )
        } else if theirs == author {
            say!(
                "{author} proposed entry #{entry}, and another person must approve it: ask a colleague to run `vedetta approve {entry}` with an own account",
                "la voce #{entry} è stata proposta da {author} e la deve approvare un'altra persona: chiedi a un collega di eseguire `vedetta approve {entry}` con il proprio account"
            )
        } else if self.author.uid == 0 {
            say!(
                "entry #{entry} was proposed by {theirs}, and {author} is root as well (the collector's own user counts as root): whoever approves must come with an own account; `collector.operators` names the group that lets it in",
                "la voce #{entry} è stata proposta da {theirs}, e anche {author} è root (l'utente del collettore conta come root): chi approva deve usare un proprio account; `collector.operators` indica il gruppo che lo ammette"
            )
        } else {
            say!(
                "entry #{entry} was proposed by {theirs}, which is the account of {author} by another name: another person must approve it, with an own account",
                "la voce #{entry} è stata proposta da {theirs}, che è l'account di {author} con un altro nome: la deve approvare un'altra persona, con il proprio account"
            )
        })
    }

    pub(super) fn revoke(&self, entry: u64, note: &str) -> Result<Judged, Refusal> {
        let item = self.item(entry)?;
        let note = text(note, "--note")?;
        let declaration = Declaration::Revoked { entry, note };
        let revocation = self.next_entry(declaration.clone());
        let after: Vec<Declared> = self.situation.declared.iter().cloned().chain([revocation]).collect();
        self.raises_nothing(entry, &after)?;
        let register = Register::of(&after);
        let windows = self.brought_back(item, &register);
        let mut doubts = Vec::new();
        if let Declaration::Revoked { entry: named, .. } = &item.declared.declaration {
            doubts.extend(again(*named, &register));
        }
        if windows.iter().any(|held| !held.in_time) {
            doubts.push(say!(
                "what this brings back is announced by it, as of now: that is too late for what is marked so",
                "ciò che torna previsto è annunciato da questa revoca, da adesso: troppo tardi per quanto è segnato così"
            ));
        }
        if item.windows.iter().any(|held| held.window.from_ms <= self.situation.now_ms) {
            doubts.push(say!(
                "maintenance #{entry} has begun: this takes back what was held, too; `vedetta maintenance cancel` calls off only the rest",
                "la manutenzione #{entry} è cominciata: così si revoca anche ciò che si è svolto; `vedetta maintenance cancel` disdice soltanto il resto"
            ));
        }
        Ok(Judged { windows, doubts, ..Judged::plain(declaration) })
    }

    /// Refuses what would put a `force up` in force that is not: that takes two persons each time.
    fn raises_nothing(&self, entry: u64, after: &[Declared]) -> Result<(), Refusal> {
        let before = Corrections::of(self.situation.declared, i64::MAX);
        let raised = Corrections::of(after, i64::MAX).marks.into_iter().find(|mark| {
            mark.approved_by.is_some() && before.marks.iter().all(|other| other.entry != mark.entry)
        });
        let Some(Mark { entry: forced, .. }) = raised else { return Ok(()) };
        Err(Refusal(say!(
            "to take back #{entry} would put the `force up` #{forced} in force again, by one person's word; propose it anew with `vedetta force up`, or approve it again with `vedetta approve {forced}` if it only waits for that",
            "revocare la #{entry} rimetterebbe in vigore il `force up` #{forced} per decisione di una sola persona; proponilo di nuovo con `vedetta force up`, oppure approvalo di nuovo con `vedetta approve {forced}` se attende soltanto quello"
        )))
    }

    /// The windows of a maintenance that are longer, or there again, when what ended them, called them off or took
    /// them back is taken back, each with whether it is still announced in time (D12).
    fn brought_back(&self, item: &Item<'_>, after: &Register<'_>) -> Vec<Held> {
        let Some(of) = self.register.maintenance_behind(item) else { return Vec::new() };
        let held = |register: &Register<'_>| -> Vec<Held> {
            let item = register.get(of).filter(|item| item.revoked_by.is_none());
            item.map_or_else(Vec::new, |item| item.held(self.situation.notices))
        };
        let before = held(&self.register);
        let mut back = held(after);
        back.retain(|held| !before.iter().any(|one| one.from_ms == held.from_ms && one.to_ms >= held.to_ms));
        back
    }

    /// Only what was can be corrected.
    fn past(&self, window: Window) -> Result<(), Refusal> {
        if window.from_ms >= window.to_ms {
            return Err(empty());
        }
        if window.to_ms > self.situation.now_ms {
            let (en, it) = (moment(window.to_ms, Lang::En), moment(window.to_ms, Lang::It));
            return Err(Refusal(Said {
                en: format!(
                    "{en} is still to come: only what is over can be corrected; give an earlier `--to`"
                ),
                it: format!(
                    "{it} deve ancora venire: si corregge soltanto ciò che è passato; indica un `--to` precedente"
                ),
            }));
        }
        // The charter in force says from when on anything counts; before that day nobody measured.
        if let Some(day) = self.situation.charter.act.measured_from
            && format::civil(window.to_ms).date() < day
        {
            return Err(Refusal(say!(
                "nothing counts before {day} (`measured_from:`), so that there is nothing to correct; is the date right?",
                "prima del {day} nulla conta (`measured_from:`), quindi non c'è nulla da correggere; la data è giusta?"
            )));
        }
        if window.to_ms.saturating_sub(window.from_ms) > AHEAD_MAX_MS {
            return Err(Refusal(say!(
                "the stretch is longer than 400 days; is the year right?",
                "il tratto supera i 400 giorni; l'anno è giusto?"
            )));
        }
        Ok(())
    }

    fn annulled_already(&self, scope: &[Scope], window: Window) -> Option<Said> {
        let before = self.register.in_force().find(|item| match &item.declared.declaration {
            Declaration::Annulled { scope: theirs, window: held, .. } => {
                held.from_ms < window.to_ms
                    && window.from_ms < held.to_ms
                    && theirs.iter().any(|theirs| scope.contains(theirs))
            }
            _ => false,
        })?;
        let entry = before.declared.entry;
        Some(say!(
            "entry #{entry} annuls some of this already",
            "la voce #{entry} annulla già una parte di questo"
        ))
    }
}

/// What becomes of the entry that a revocation took back when that is taken back.
fn again(entry: u64, after: &Register<'_>) -> Option<Said> {
    Some(match after.get(entry)?.revoked_by {
        None => say!(
            "entry #{entry} has effect again with this",
            "con questa la voce #{entry} torna ad avere effetto"
        ),
        Some(by) => {
            say!("entry #{entry} stays taken back, by #{by}", "la voce #{entry} resta revocata, dalla #{by}")
        }
    })
}
