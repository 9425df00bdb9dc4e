//! `vedetta annul`: what was measured was wrong, and becomes unobserved, never available.

use std::io::Write;
use std::process::ExitCode;

use super::declaring::{Declaring, Stretch, failure};
use crate::declare::{instant_of, say};
use crate::operator::Wish;

/// Annul an outage, or what was measured of a scope in a stretch of time; it becomes unobserved
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("end").args(["to", "lasting"]))]
pub(crate) struct Annul {
    /// The id of an outage, which says scope and time itself; or scopes, with `--from` and `--to`
    #[arg(required = true, value_name = "OUTAGE|SCOPE")]
    what: Vec<String>,
    /// The first instant, of a scope
    #[arg(long, value_name = "TIME", requires = "end")]
    from: Option<String>,
    /// The end, of a scope
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<String>,
    /// The length instead of the end, such as 90m
    #[arg(long = "for", value_name = "LENGTH", requires = "from")]
    lasting: Option<String>,
    /// Why it was wrong
    #[arg(long)]
    note: String,
    #[command(flatten)]
    declaring: Declaring,
}

impl Annul {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let Self { what, from, to, lasting, note, declaring } = self;
        let mut doubts = Vec::new();
        let outage = what.iter().find(|what| instant_of(what).is_some());
        let wish = match (from, outage) {
            (None, Some(outage)) if what.len() == 1 => Wish::AnnulOutage { outage: outage.clone(), note },
            (Some(from), None) => {
                let window = declaring.past(&Stretch { from, to, lasting }, &mut doubts)?;
                Wish::Annul { scope: what, window, note }
            }
            (None, None) => {
                let said = say!(
                    "say when with `--from TIME --to TIME`, or name one outage as `vedetta outages` shows it",
                    "di' quando con `--from ORARIO --to ORARIO`, oppure indica un'interruzione come la mostra `vedetta outages`"
                );
                return Err(failure(&said, declaring.lang));
            }
            (_, Some(_)) => {
                let said = say!(
                    "an outage says scope and time itself: name one, without `--from` and without scopes",
                    "un'interruzione ha già ambito e orario: indicane una sola, senza `--from` e senza ambiti"
                );
                return Err(failure(&said, declaring.lang));
            }
        };
        declaring.declare(wish, doubts, out)?;
        Ok(ExitCode::SUCCESS)
    }
}
