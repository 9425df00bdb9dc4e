//! Declarations: judged against the charter, the journal and the outages, then written.

use std::sync::Arc;

use collector_derive::{Declaration, Declared, Notices, Period, ServiceFigure, Window, YearFigures};
use config::{Charter, ServiceId};
use tracing::info;

use super::super::person::account;
use super::{ActError, Acts};
use crate::declare::{self, Judged, Person, Situation, Stopped, say};
use crate::operator::{DeclareAnswer, DeclareQuestion, DeclaredAnswer, DeclaredQuestion, Said};
use crate::publish::{AskError, Asked, Moments as _, format};
use crate::seal;
use crate::serve::moments::not_to_come;

impl Acts {
    /// Writes what is wished to the journal, or says why not and writes nothing.
    pub async fn declare(
        &self,
        author: Person,
        question: DeclareQuestion,
    ) -> Result<DeclareAnswer, ActError> {
        let _one = self.one.lock().await;
        let DeclareQuestion { wish, dry_run } = question;
        let outages = match declare::outage_of(&wish) {
            Some(id) => self.outages_beside(id).await?,
            None => Vec::new(),
        };
        let truth = self.core.work.truth();
        let (charter, history, declared, head) = {
            let known = truth.known();
            (self.core.work.charter(), known.history(), known.declared(), known.head())
        };
        // As the entry will be stamped.
        let now_ms = self.core.clock.now_ms().max(head.at_ms);
        let (head, asked) = (head.seq, author.clone());
        // Accounts are looked up: maybe far away.
        let judged = tokio::task::spawn_blocking(move || {
            let (charter, declared, outages, notices) =
                (&charter, &declared, &outages, &notices_of(&history));
            let situation = Situation { now_ms, charter, notices, head, declared, outages, account };
            declare::judge(&wish, &asked, &situation)
        });
        let judged = judged.await.map_err(|error| ActError::Failed(error.to_string()))?;
        let Judged { declaration, windows, mut doubts, notice } = judged?;
        doubts.extend(self.doubted(&author, &declaration, (head + 1, now_ms)).await?);
        doubts.extend(self.of_closed_years(&author, &declaration, (head + 1, now_ms)));
        let mut entry = None;
        if !dry_run {
            let seq = truth.declare(&author, declaration.clone(), now_ms).await?;
            info!(author = author.name, entry = seq, what = name(&declaration), "a declaration is recorded");
            entry = Some(seq);
        }
        Ok(DeclareAnswer { entry, author: author.name, declaration, windows, doubts, notice })
    }

    /// Every declaration and what became of it, now or up to an instant.
    pub async fn declared(&self, question: DeclaredQuestion) -> Result<DeclaredAnswer, ActError> {
        let (ingest, _) = self.core.work.truth().past();
        let now_ms = self.core.clock.now_ms();
        let Some(as_of_ms) = question.as_of_ms else {
            let notice_ms = self.core.work.charter().rules.readings.notice_ms;
            let notices = notices_of(&ingest.known().history());
            let declared = declare::rows(&ingest.known().declared(), &notices);
            return Ok(DeclaredAnswer { now_ms, notice_ms, declared });
        };
        not_to_come(as_of_ms, now_ms)?;
        let worker = Arc::clone(&ingest);
        let settled = tokio::task::spawn_blocking(move || worker.settle(as_of_ms)).await;
        let settled = settled.map_err(|error| ActError::Failed(error.to_string()))?;
        settled.map_err(|error| ActError::Failed(error.to_string()))?;
        // From here on nothing is entered at or before it any more.
        let mut declared = Vec::clone(&ingest.known().declared());
        declared.retain(|entry| entry.at_ms <= as_of_ms);
        // What comes into force later asks nothing of what is entered by then.
        let notices = notices_of(&ingest.known().history());
        let (notice_ms, declared) = (notices.at(as_of_ms), declare::rows(&declared, &notices));
        Ok(DeclaredAnswer { now_ms: as_of_ms, notice_ms, declared })
    }

    /// What shows only in a next revision of a year that is closed.
    fn of_closed_years(
        &self,
        author: &Person,
        declaration: &Declaration,
        (entry, at_ms): (u64, i64),
    ) -> Vec<Said> {
        let (Person { name: author, uid }, declaration) = (author.clone(), declaration.clone());
        let wished = Declared { entry, at_ms, author, uid: Some(uid), declaration };
        let truth = self.core.work.truth();
        let known = truth.known();
        let years = seal::closed_years(&known.declared(), &wished, &seal::closed(&known.sealed()));
        let said = |year: &i16| {
            say!(
                "the year {year} is closed: what is told of it stays as it was sealed, until `vedetta seal {year} --revise` makes the next revision",
                "l'anno {year} è chiuso: quanto se ne mostra resta com'è stato sigillato, finché `vedetta seal {year} --revise` non fa la revisione successiva"
            )
        };
        years.iter().map(said).collect()
    }

    /// A question, where a correction would change no figure.
    async fn doubted(
        &self,
        author: &Person,
        declaration: &Declaration,
        (entry, at_ms): (u64, i64),
    ) -> Result<Option<Said>, ActError> {
        let (Person { name: author, uid }, declaration) = (author.clone(), declaration.clone());
        let wished = Declared { entry, at_ms, author, uid: Some(uid), declaration };
        let truth = self.core.work.truth();
        let idle = tokio::task::spawn_blocking(move || {
            let known = truth.known();
            let (history, declared) = (known.history(), known.declared());
            declare::is_idle(&history, known.ledger().runs(), &declared, &wished)
        });
        let idle = idle.await.map_err(|error| ActError::Failed(error.to_string()))?;
        Ok(idle.then(|| {
            say!(
                "this changes no figure: in that time nothing was measured of it, or it is so already, or the name was another's then; are scope and time right?",
                "questo non cambia alcun dato: in quel periodo non c'erano misure, o è già così, o il nome era di altri; ambito e orario sono giusti?"
            )
        }))
    }

    /// Every outage of the civil year in which the one of an id began, or of the quarter or month whose first
    /// instant cut that one; none when the id says no instant.
    async fn outages_beside(&self, id: &str) -> Result<Vec<Stopped>, ActError> {
        let Some(began_ms) = declare::instant_of(id) else { return Ok(Vec::new()) };
        let id = id.to_owned();
        let present = self.core.work.present(Arc::clone(&self.core));
        let told = tokio::task::spawn_blocking(move || {
            let mut told: Option<Vec<Stopped>> = None;
            for period in periods(began_ms) {
                let moment = present.moment(&Asked::of(period))?;
                let of = |service| outages(&moment.figures, service);
                let found: Vec<Stopped> = moment.figures.services.iter().flat_map(of).collect();
                if found.iter().any(|outage| outage.id == id) {
                    return Ok(found);
                }
                told = told.or(Some(found));
            }
            Ok::<_, AskError>(told.unwrap_or_default())
        });
        let told = told.await.map_err(|error| ActError::Failed(error.to_string()))?;
        told.map_err(|error| ActError::Failed(error.to_string()))
    }
}

/// Where an outage that begins then may have been shown: the year, the quarter and the month.
fn periods(began_ms: i64) -> impl Iterator<Item = Period> {
    let began = format::civil(began_ms);
    let (year, month) = (began.year(), began.month());
    let quarter = (month + 2) / 3;
    [format!("{year:04}"), format!("{year:04}-Q{quarter}"), format!("{year:04}-{month:02}")]
        .into_iter()
        .filter_map(|name| Period::parse(&name))
}

fn outages(figures: &YearFigures, service: &ServiceFigure) -> Vec<Stopped> {
    let told = figures.outages(service).into_iter();
    told.filter_map(|outage| stopped(service.id.clone(), outage)).collect()
}

fn stopped(service: ServiceId, outage: collector_derive::Outage) -> Option<Stopped> {
    let mut checks: Vec<String> = outage.causes.iter().map(|(check, ..)| check.to_string()).collect();
    checks.sort();
    checks.dedup();
    let window = Window::new(outage.start_ms, outage.end_ms)?;
    Some(Stopped { id: outage.id, service, window, ongoing: outage.ongoing, checks })
}

/// What notice charters ask.
fn notices_of(history: &[(i64, Charter)]) -> Notices {
    Notices::of(history.iter().map(|(from_ms, charter)| (*from_ms, charter)))
}

/// For the log.
fn name(declaration: &Declaration) -> &'static str {
    match declaration {
        Declaration::Maintenance { .. } => "maintenance",
        Declaration::Extended { .. } => "extended",
        Declaration::Closed { .. } => "closed",
        Declaration::Cancelled { .. } => "cancelled",
        Declaration::Annulled { .. } => "annulled",
        Declaration::Forced { .. } => "forced",
        Declaration::Approved { .. } => "approved",
        Declaration::Revoked { .. } => "revoked",
        Declaration::Annotated { .. } => "annotated",
    }
}
