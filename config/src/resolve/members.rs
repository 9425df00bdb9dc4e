//! How many of its members a component needs, and by what they are shown together.

use crate::Quorum;
use crate::problem::Place;
use crate::text::say;
use crate::yaml::component::{Common, Target};
use crate::yaml::nearest;
use crate::yaml::shape::{Named, Report};

/// `group_by: area`, when some target says where it is.
pub(super) fn grouped(common: &Common, targets: &Named<Target>, report: &mut Report<'_>) -> Option<String> {
    let key = common.group_by.as_ref()?;
    let message = if key.value != "area" {
        nearest::unknown_value(
            say!("column to group by", "la colonna per raggruppare"),
            &key.value,
            &["area"],
        )
    } else if !targets.sound().any(|(_, target)| target.0.area.is_some()) {
        say!(
            "no target says its `area`; a target is then written as a map, or as a row of a CSV file with that column",
            "nessun bersaglio dice la sua `area`; un bersaglio si scrive allora come mappa, o come riga di un file CSV \
             con quella colonna"
        )
    } else {
        return Some(key.value.clone());
    };
    report.problem(key.at, message);
    None
}

/// What `up_if` counts, and how many there are.
#[derive(Clone, Copy)]
pub(super) enum Members {
    Targets(usize),
    Parts(usize),
}

/// `up_if`, when as many members as it needs are there.
pub(super) fn quorum(common: &Common, at: Place, of: Members, report: &mut Report<'_>) -> Option<Quorum> {
    let (key, members, there) = match of {
        Members::Targets(1) => ("targets", 1, say!("1 target", "1 bersaglio")),
        Members::Targets(count) => ("targets", count, say!("{count} targets", "{count} bersagli")),
        Members::Parts(1) => ("parts", 1, say!("1 part", "1 parte")),
        Members::Parts(count) => ("parts", count, say!("{count} parts", "{count} parti")),
    };
    if members == 0 {
        report.problem(at, say!("`{key}` names nothing", "`{key}` non nomina nulla"));
        return None;
    }
    let Some(up_if) = &common.up_if else { return Some(Quorum::All) };
    let message = match (up_if.value.quorum, up_if.value.of) {
        (Quorum::AtLeast(n), Some(of)) if of != members => say!(
            "`{n} of {of}`, but there are {there}",
            "`{n} of {of}`, ma ci sono {there}"; there
        ),
        (Quorum::AtLeast(n), _) if n as usize > members => say!(
            "`up_if` asks for {n}, but there are only {there}",
            "`up_if` ne chiede {n}, ma ci sono solo {there}"; there
        ),
        (Quorum::AllBut(n), _) if n as usize >= members => say!(
            "`all but {n}` of {there} would be up with none; write `any`",
            "`all but {n}` di {there} sarebbe attivo anche senza nessuno; scrivi `any`"; there
        ),
        (Quorum::AtLeastShare(share) | Quorum::AtLeastWeight(share), _) if share.p == 0 => say!(
            "`at least 0%` would be up with none; write `any`",
            "`at least 0%` sarebbe attivo anche senza nessuno; scrivi `any`"
        ),
        (quorum, _) => return Some(quorum),
    };
    report.problem(up_if.at, message);
    None
}
