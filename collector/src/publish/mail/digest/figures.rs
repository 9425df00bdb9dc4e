//! What a month's letter shows in its table, and says of it in a word.

use crate::publish::api::{Figure, Outlook, ServiceYear, Share, Standing, Year};
use crate::publish::mail::view::{Row, Table};
use crate::publish::words::terms::Terms;
use crate::publish::{Lang, words};

/// The tables behind a letter.
pub(super) struct Figures<'a> {
    pub(super) month: Option<&'a Year>,
    pub(super) year: Option<&'a Year>,
}

impl Figures<'_> {
    /// Services with something to see, those of the year or else of the month.
    pub(super) fn services(&self) -> impl Iterator<Item = (&Year, &ServiceYear)> {
        let year = self.year.or(self.month);
        year.into_iter().flat_map(|year| year.services.iter().map(move |service| (year, service)))
    }

    /// `2 in linea, 1 non dimostrabile`.
    pub(super) fn outcomes(&self) -> String {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for (year, service) in self.services() {
            let Some(promise) = service.promised().0 else { continue };
            let word = words::verdict(promise.standing, promise.outlook, year.provisional, Lang::It);
            match counts.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => counts.push((word, 1)),
            }
        }
        counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn table(&self, month: &str, year: i16) -> Option<Table> {
        let is_over = self.year.is_some_and(|year| year.as_of_ms >= year.end_ms);
        let (so_far, left, how, what) = if is_over {
            ("Anno", "Margine", "Com'è andata", "anno intero")
        } else {
            ("Anno finora", "Ancora ammesso", "Come va", "anno finora")
        };
        let columns = ["Impegno", so_far, "Nel mese", "Fermo", left, how];
        let rows = self.services().filter(|(_, service)| service.is_probed());
        let rows: Vec<Row> = rows.map(|(year, service)| self.row(year, service)).collect();
        (!rows.is_empty()).then(|| Table {
            caption: format!("Servizi della Carta: {month} {year} e {what}"),
            of: "Servizio".to_owned(),
            columns: columns.map(str::to_owned).to_vec(),
            rows,
        })
    }

    fn row(&self, year: &Year, service: &ServiceYear) -> Row {
        let lang = Lang::It;
        let none = || lang.labels().none.to_owned();
        let (promise, figure) = service.promised();
        let target = promise.map(|promise| &promise.target);
        let terms = Terms::of(year, service, lang);
        let month = self.month.and_then(|month| month.services.iter().find(|one| one.id == service.id));
        let in_month = month.map(|service| service.promised().1);
        let down = match in_month {
            Some(in_month) => {
                format!("{}, di cui nel mese {}", terms.time(figure.down_ms), terms.time(in_month.down_ms))
            }
            None => terms.time(figure.down_ms),
        };
        let planned = service.beside().1.map(|net| figure.down_ms.saturating_sub(net.down_ms));
        let planned = planned
            .filter(|ms| *ms > 0)
            .map_or_else(String::new, |ms| format!("; programmato {}", terms.time(ms)));
        let left = promise.map_or_else(none, |promise| {
            let left = terms.time(promise.budget_remaining_ms.unsigned_abs());
            let all = terms.time(promise.budget_ms);
            if promise.budget_remaining_ms < 0 {
                format!("superato di {left} su {all}")
            } else {
                format!("{left} su {all}")
            }
        });
        let outcome = match promise {
            Some(promise) => {
                let word = words::verdict(promise.standing, promise.outlook, year.provisional, lang);
                if year.provisional {
                    format!("{word} ({})", lang.labels().provisional)
                } else {
                    word.to_owned()
                }
            }
            None => words::no_outcome(&service.unmeasured, lang).to_owned(),
        };
        let cells = vec![
            promise.map_or_else(none, |promise| words::threshold(&promise.target, promise.strict, lang)),
            figure.headline(target, lang),
            in_month.map_or_else(none, |figure: &Figure| figure.headline(target, lang)),
            format!("{down}{planned}"),
            left,
            outcome,
        ];
        Row { name: service.name.clone(), cells }
    }

    pub(super) fn in_english(&self) -> Vec<String> {
        let promising =
            self.services().filter_map(|(year, service)| Some((year, service, service.promised().0?)));
        let told = promising.take(12).map(|(year, service, promise)| {
            let target: Option<&Share> = Some(&promise.target);
            let headline = service.promised().1.headline(target, Lang::En);
            let word = words::verdict(promise.standing, promise.outlook, year.provisional, Lang::En);
            let provisional = if year.provisional { " (provisional)" } else { "" };
            let threshold = words::threshold(&promise.target, promise.strict, Lang::En);
            format!("{}: {headline} so far, promised {threshold}: {word}{provisional}", service.name)
        });
        told.collect()
    }

    pub(super) fn is_any(&self, is: impl Fn(Standing, Outlook) -> bool) -> bool {
        self.services().any(|(_, service)| {
            service.promised().0.is_some_and(|promise| is(promise.standing, promise.outlook))
        })
    }
}
