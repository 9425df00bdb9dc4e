//! `vedetta maintenance …`: work that is planned, and what becomes of it.

mod list;

use std::io::Write;
use std::process::ExitCode;

use collector_derive::Window;

use super::declaring::{Declaring, Stretch, entry, failure};
use super::terminal::Paint;
use super::when::{End, Every, Towards, calendar_day, doubt};
use crate::declare::say;
use crate::operator::{Said, Until, Wish};
use crate::publish::format;

/// Plan, extend, close, call off or list maintenance
#[derive(Debug, clap::Args)]
pub(crate) struct Maintenance {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Plan work, and print the notice for users
    Add(Add),
    /// Let a maintenance last longer
    Extend(Extend),
    /// Say that a maintenance is over before its time
    Close(Close),
    /// Call off what of a maintenance has not begun
    Cancel(Cancel),
    /// List maintenance, or everything that is declared
    List(List),
}

#[derive(Debug, clap::Args)]
struct Add {
    /// A service, component, part or check, `site:NAME`, or `*`
    #[arg(required = true)]
    scope: Vec<String>,
    #[command(flatten)]
    stretch: Stretch,
    /// Again on such days: `every sat`, `first sat`, `last sun`
    #[arg(long, value_name = "DAYS")]
    every: Option<String>,
    /// The last day of the recurrence; the last of its year when absent
    #[arg(long, value_name = "DATE", requires = "every")]
    until: Option<String>,
    /// What is done, in words for users
    #[arg(long)]
    note: String,
    #[command(flatten)]
    declaring: Declaring,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("until").required(true).args(["to", "lasting"]))]
struct Extend {
    /// Its entry in the journal, such as 12
    #[arg(value_parser = entry)]
    entry: u64,
    /// How much longer, such as 2h
    #[arg(long = "for", value_name = "LENGTH")]
    lasting: Option<String>,
    /// Its new end
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Why
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    declaring: Declaring,
}

#[derive(Debug, clap::Args)]
struct Close {
    /// Its entry in the journal, such as 12
    #[arg(value_parser = entry)]
    entry: u64,
    /// When it was over; now when absent
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What was done
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    declaring: Declaring,
}

#[derive(Debug, clap::Args)]
struct Cancel {
    /// Its entry in the journal, such as 12
    #[arg(value_parser = entry)]
    entry: u64,
    /// Why
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    declaring: Declaring,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Also what is over or taken back, and every other declaration
    #[arg(long)]
    all: bool,
    /// As it stood at this instant, Europe/Rome where no offset is written: 2027-04-01T12:00
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    #[command(flatten)]
    declaring: Declaring,
}

impl Maintenance {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        match self.act {
            Act::Add(add) => add.run(out)?,
            Act::Extend(extend) => extend.run(out)?,
            Act::Close(close) => close.run(out)?,
            Act::Cancel(cancel) => {
                let Cancel { entry, note, declaring } = cancel;
                declaring.declare(Wish::Cancel { entry, note }, Vec::new(), out)?;
            }
            Act::List(list) => list.run(out)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn run(self, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut doubts = Vec::new();
        let windows = self.windows(&mut doubts)?;
        let wish = Wish::Maintain { scope: self.scope, windows, note: self.note };
        self.declaring.declare(wish, doubts, out)
    }

    fn windows(&self, doubts: &mut Vec<Said>) -> anyhow::Result<Vec<Window>> {
        let Self { stretch, declaring, .. } = self;
        let from = declaring.time(&stretch.from, Towards::After(Declaring::now_ms()), doubts)?;
        let to = stretch.to.as_ref();
        let to = to.map(|to| declaring.time(to, Towards::After(from.at_ms), doubts)).transpose()?;
        let length_ms = stretch.lasting.as_ref().map(|text| declaring.length(text)).transpose()?;
        let Some(every) = &self.every else {
            let to_ms = match (to, length_ms) {
                (Some(to), _) => to.at_ms,
                (None, length_ms) => from.at_ms.saturating_add(length_ms.unwrap_or(0)),
            };
            return Ok(vec![Window { from_ms: from.at_ms, to_ms }]);
        };
        let every = Every::parse(every).map_err(|said| failure(&said, declaring.lang))?;
        // A recurrence is of the wall clock: `14:00` stays 14:00 in summer.
        let start = from.wall.unwrap_or_else(|| format::civil(from.at_ms).datetime());
        let until = match &self.until {
            None => start.date().last_of_year(),
            Some(until) => calendar_day(until).ok_or_else(|| {
                let said = say!(
                    "`{until}` is no day; write `--until 2027-12-31`",
                    "`{until}` non è un giorno; scrivi `--until 2027-12-31`"
                );
                failure(&said, declaring.lang)
            })?,
        };
        let end = match (to, length_ms) {
            (Some(to), _) => {
                let to = to.wall.unwrap_or_else(|| format::civil(to.at_ms).datetime());
                let days = to.date().since(start.date()).map_or(0, |span| span.get_days());
                End::At(to.time(), days)
            }
            (None, length_ms) => End::After(length_ms.unwrap_or(0)),
        };
        let starts = every.starts(start, until);
        doubts.clear();
        doubts.extend(starts.iter().filter_map(|start| doubt(*start)));
        Ok(starts.into_iter().filter_map(|start| end.window(start)).collect())
    }
}

impl Extend {
    fn run(self, out: &mut dyn Write) -> anyhow::Result<()> {
        let Self { entry, lasting, to, note, declaring } = self;
        let mut doubts = Vec::new();
        let until = match (&lasting, &to) {
            (Some(lasting), _) => Until::By(declaring.length(lasting)?),
            (None, to) => {
                let to = to.as_deref().unwrap_or_default();
                Until::To(declaring.time(to, Towards::After(Declaring::now_ms()), &mut doubts)?.at_ms)
            }
        };
        declaring.declare(Wish::Extend { entry, until, note }, doubts, out)
    }
}

impl Close {
    fn run(self, out: &mut dyn Write) -> anyhow::Result<()> {
        let Self { entry, at, note, declaring } = self;
        let mut doubts = Vec::new();
        let towards = Towards::Before(Declaring::now_ms());
        let at = at.map(|at| declaring.time(&at, towards, &mut doubts)).transpose()?;
        declaring.declare(Wish::Close { entry, at_ms: at.map(|at| at.at_ms), note }, doubts, out)
    }
}

impl List {
    fn run(self, out: &mut dyn Write) -> anyhow::Result<()> {
        let Self { all, as_of, declaring } = self;
        let mut answer = declaring.declared(as_of.as_deref())?;
        if !all {
            answer.declared.retain(|row| list::is_to_come(row, answer.now_ms));
        }
        if declaring.json {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", list::show(&answer, all, declaring.lang, Paint::of_stdout()))?;
        }
        Ok(())
    }
}
