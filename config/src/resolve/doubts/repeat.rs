//! One thing that is watched twice, and one that is renamed by half.

use std::collections::HashMap;

use crate::text::say;
use crate::yaml::component::{Target, TargetKeys};
use crate::yaml::shape::{At, Named, Report};
use crate::{Check, Id, Part, Probe};

/// The checks of a service so far, by what they ask.
#[derive(Debug, Default)]
pub(super) struct Seen<'s>(HashMap<(&'static str, String), (Id, &'s Check)>);

impl<'s> Seen<'s> {
    /// Warns when another component asks just the same: its failure would seem to be two.
    pub(super) fn add(&mut self, name: &At<Id>, part: &'s Part, report: &mut Report<'_>) {
        let mut is_told = false;
        // A due time is nothing that is asked.
        for check in part.checks.iter().filter(|check| !matches!(check.probe, Probe::Heartbeat(_))) {
            let asked = (check.probe.kind(), check.probe.target());
            match self.0.get(&asked) {
                Some((other, known)) if *other != name.value && known.probe == check.probe && !is_told => {
                    let message = say!(
                        "`{}` asks just what `{}` asks; is one of the two addresses a slip?",
                        "`{}` chiede proprio ciò che chiede `{}`; uno dei due indirizzi è una svista?",
                        check.id,
                        known.id
                    );
                    report.warning(name.at, message);
                    is_told = true;
                }
                Some(_) => {}
                None => {
                    self.0.insert(asked, (name.value.clone(), check));
                }
            }
        }
    }
}

/// Warns of each target of a component that has the address of another one.
pub(crate) fn repeated(targets: &Named<Target>, report: &mut Report<'_>) {
    let mut names: HashMap<String, &Id> = HashMap::new();
    for (name, Target(TargetKeys { address, .. })) in targets.sound() {
        if let Some(other) = names.insert(address.value.to_lowercase(), &name.value) {
            let message = say!(
                "`{}` has the address of `{other}`: one thing counts twice",
                "`{}` ha l'indirizzo di `{other}`: una cosa sola conta due volte",
                name.value
            );
            report.warning(address.at, message);
        }
    }
}

/// Warns when a component and its only target share a name and only the component says that it had another.
pub(crate) fn renamed(name: &At<Id>, was: Option<&At<Id>>, targets: &Named<Target>, report: &mut Report<'_>) {
    let (Some(was), [(target, Some(Target(keys)))]) = (was, targets.entries.as_slice()) else { return };
    if target.value == name.value && keys.was.is_none() {
        let message = say!(
            "the history goes on from `{}.{}`; if the target was called `{}` too, write `{}: {{address: …, was: {}}}`",
            "la storia continua da `{}.{}`; se anche il bersaglio si chiamava `{}`, scrivi `{}: {{address: …, was: {}}}`",
            was.value,
            target.value,
            was.value,
            target.value,
            was.value
        );
        report.warning(target.at, message);
    }
}
