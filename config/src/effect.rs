//! Promises that have no figure in this version, said by `vedetta check` in one sentence: they are not doubtful,
//! so they are no warnings.

use crate::text::{Text, say};
use crate::{Charter, Commitment, Service};

impl Charter {
    /// The rows that promise something about requests; `None` when none does.
    pub fn without_figure(&self) -> Option<Text> {
        let is_timely =
            |promise: &Commitment| matches!(promise, Commitment::TakenInCharge(_) | Commitment::Answered(_));
        let promises = |service: &&Service| service.commitments.iter().any(is_timely);
        let rows: Vec<&str> =
            self.services.iter().filter(promises).map(|service| service.id.as_str()).collect();
        let rows = rows.join(", ");
        (!rows.is_empty()).then(|| {
            say!(
                "promises about requests are published without a figure in this version: {rows}",
                "gli impegni sulle richieste in questa versione si pubblicano senza cifra: {rows}"
            )
        })
    }
}
