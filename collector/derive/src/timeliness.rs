//! What share of a year's requests was in time.
//!
//! Counts, never times: a request is on time, late, still open and overdue, or still open and not due, which
//! nobody can count yet. The share is exact and compared exactly. A request belongs to the year it was opened
//! in, whenever it is taken.
//!
//! The requests are those known at as-of: whoever calls leaves out what was recorded later. Their instants
//! are believed as they stand, also where another server's clock ran ahead.

use config::{Availability, Fraction};

use crate::deadline::Limit;
use crate::{Hours, Outlook, Period, Ratio, Standing};

/// A request, as a ticket system has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// When it was made, Unix ms.
    pub opened_ms: i64,
    /// When somebody took charge of it (or answered it) for the first time; `None` while nobody has.
    pub taken_ms: Option<i64>,
    /// Is it a duplicate, a test, withdrawn? Then it does not count, whatever else it says.
    pub cancelled: bool,
}

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handling {
    /// Taken, at its due instant at the latest.
    OnTime,
    /// Taken, later.
    Late,
    /// Open, and its due instant has passed: as late, whenever it will be taken.
    OverdueOpen,
    /// Open and not yet overdue: not counted yet.
    Pending,
    /// Cancelled, or of another year.
    NotCounted,
}

impl Handling {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::OnTime, Self::Late, Self::OverdueOpen, Self::Pending, Self::NotCounted];

    /// The word in logs, JSON and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnTime => "on_time",
            Self::Late => "late",
            Self::OverdueOpen => "overdue_open",
            Self::Pending => "pending",
            Self::NotCounted => "not_counted",
        }
    }
}

/// A year's requests, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestFigure {
    /// Taken in time.
    pub on_time: u64,
    /// Taken too late.
    pub late: u64,
    /// Open and overdue.
    pub overdue_open: u64,
    /// Open and not due.
    pub pending: u64,
    /// Cancelled, or of another year.
    pub not_counted: u64,
    /// How many of those on time say they were taken before they were opened: a clock or a clerk erred.
    pub taken_before_opened: u64,
    /// When the next of the pending ones is due, Unix ms.
    pub next_due_ms: Option<i64>,
    /// How long taking charge took; `None` if nothing was taken.
    pub worked: Option<Worked>,
}

/// Time of the calendar between opening and taking charge, over the requests of the year that were taken. By
/// the nearest rank: each is the time of some request, and no mean of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worked {
    /// At least half of the requests took no longer, ms.
    pub median_ms: u64,
    /// At least nine of ten took no longer, ms.
    pub p90_ms: u64,
}

/// Time of a calendar is counted at most this long after the year: a stamp of the year 9999 is an error, and
/// shall not cost eight thousand years of days. Without a calendar nothing is walked and nothing cut.
const WORKED_AFTER_MS: i64 = 10 * 366 * 86_400_000;

impl Request {
    /// How it stands at `as_of_ms` among the requests of the period.
    pub fn handling(&self, limit: &Limit<'_>, period: Period, as_of_ms: i64) -> Handling {
        self.judge(limit, period, as_of_ms).0
    }

    /// With its due instant, where it has one and counts.
    fn judge(&self, limit: &Limit<'_>, period: Period, as_of_ms: i64) -> (Handling, Option<i64>) {
        let of_the_year = (period.start_ms()..period.end_ms()).contains(&self.opened_ms);
        if self.cancelled || !of_the_year {
            return (Handling::NotCounted, None);
        }
        let due_ms = limit.due_ms(self.opened_ms);
        let is_over = |at_ms: i64| due_ms.is_some_and(|due_ms| at_ms > due_ms);
        let handling = match self.taken_ms {
            Some(taken_ms) if is_over(taken_ms) => Handling::Late,
            Some(_) => Handling::OnTime,
            None if is_over(as_of_ms) => Handling::OverdueOpen,
            None => Handling::Pending,
        };
        (handling, due_ms)
    }
}

impl RequestFigure {
    /// Counts the requests of a period as they stand at `as_of_ms`.
    pub fn of(
        requests: impl IntoIterator<Item = Request>,
        limit: &Limit<'_>,
        period: Period,
        as_of_ms: i64,
    ) -> Self {
        let (mut figure, mut taken) = (Self::default(), Vec::new());
        for request in requests {
            let (handling, due_ms) = request.judge(limit, period, as_of_ms);
            *figure.count_of(handling) += 1;
            if handling == Handling::Pending {
                figure.next_due_ms = figure.next_due_ms.into_iter().chain(due_ms).min();
            }
            if let Some(taken_ms) = request.taken_ms.filter(|_| handling != Handling::NotCounted) {
                figure.taken_before_opened += u64::from(taken_ms < request.opened_ms);
                taken.push((request.opened_ms, taken_ms));
            }
        }
        figure.worked = Worked::of(&taken, limit, period);
        figure
    }

    fn count_of(&mut self, handling: Handling) -> &mut u64 {
        match handling {
            Handling::OnTime => &mut self.on_time,
            Handling::Late => &mut self.late,
            Handling::OverdueOpen => &mut self.overdue_open,
            Handling::Pending => &mut self.pending,
            Handling::NotCounted => &mut self.not_counted,
        }
    }

    /// Those of which it is certain whether they were in time.
    pub fn decided(&self) -> u64 {
        self.on_time + self.late + self.overdue_open
    }

    /// All that count or will.
    pub fn total(&self) -> u64 {
        self.decided() + self.pending
    }

    /// The share in time, of those decided; `None` if none is.
    pub fn share(&self) -> Option<Ratio> {
        Ratio::new(self.on_time, self.decided())
    }

    /// The share if every pending one comes too late.
    pub fn worst_end(&self) -> Option<Ratio> {
        Ratio::new(self.on_time, self.total())
    }

    /// The share if every pending one is still in time.
    pub fn best_end(&self) -> Option<Ratio> {
        Ratio::new(self.on_time + self.pending, self.total())
    }

    /// How the promise stands to date: by the share of those decided. The pending ones are no unknown time:
    /// they have a due instant, and [`pending_may_fail`](Self::pending_may_fail) says what hangs on them.
    pub fn standing(&self, promise: &Availability) -> Standing {
        match self.share() {
            None => Standing::NoData,
            Some(share) if share.meets(promise) => Standing::Met,
            Some(_) => Standing::Breached,
        }
    }

    /// How many of the pending ones may still come too late; `None` if the promise is missed even should none.
    /// Of the requests made so far: later ones make the year longer.
    pub fn pending_may_fail(&self, promise: &Availability) -> Option<u64> {
        let Fraction { p, q } = promise.target;
        let total = u128::from(self.total());
        if total == 0 {
            return Some(0);
        }
        let (whole, rest) = (u128::from(p) * total / u128::from(q), u128::from(p) * total % u128::from(q));
        let need = whole + u128::from(promise.strict || rest > 0);
        let spare = u128::from(self.on_time + self.pending).checked_sub(need)?;
        u64::try_from(spare).ok().map(|spare| spare.min(self.pending))
    }

    /// How the year can still end. While it runs (`is_over` false) any number of requests may follow, and only
    /// a promise of all requests can be beyond repair; after it, the pending ones decide.
    pub fn outlook(&self, promise: &Availability, is_over: bool) -> Outlook {
        let misses = |end: Option<Ratio>| end.is_some_and(|end| !end.meets(promise));
        let all = promise.target.p == promise.target.q;
        if misses(self.best_end()) && (is_over || all) {
            Outlook::Irrecoverable
        } else if is_over && !misses(self.worst_end()) {
            Outlook::Secured
        } else {
            Outlook::Open
        }
    }
}

impl Worked {
    /// The calendar is laid out once for all requests.
    fn of(taken: &[(i64, i64)], limit: &Limit<'_>, period: Period) -> Option<Self> {
        let last_ms = taken.iter().map(|(_, taken_ms)| *taken_ms).max()?;
        let laid_to_ms = last_ms.min(period.end_ms().saturating_add(WORKED_AFTER_MS));
        let laid = Period::new(period.start_ms(), laid_to_ms);
        let hours =
            limit.calendar.map(|calendar| laid.map(|laid| Hours::of(calendar, laid)).unwrap_or_default());
        let worked = |(opened_ms, taken_ms): &(i64, i64)| match &hours {
            Some(hours) => hours.length_within_ms(*opened_ms, *taken_ms),
            None => u64::try_from(taken_ms.saturating_sub(*opened_ms)).unwrap_or(0),
        };
        let mut sorted: Vec<u64> = taken.iter().map(worked).collect();
        sorted.sort_unstable();
        let rank =
            |tenths: usize| sorted.get((sorted.len() * tenths).div_ceil(10).saturating_sub(1)).copied();
        Some(Self { median_ms: rank(5)?, p90_ms: rank(9)? })
    }
}

#[cfg(test)]
mod tests;
