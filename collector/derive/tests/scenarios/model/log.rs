//! What people declared, painted over what was voted (D9 to D12).

use super::Letters;
use super::check::{letter, paint};
use crate::given::{Entry, Given, Maintenance, Says, State};

/// Corrects what `covers` says is meant; what is annulled becomes `annulled`.
pub(super) fn correct(letters: &mut Letters, covers: &dyn Fn(&str) -> bool, annulled: u8, given: &Given) {
    let declared: Vec<&Entry> = given.log.iter().filter(|entry| entry.declared <= given.log_as_of).collect();
    let revoked = |entry: &Entry| {
        declared.iter().any(|other| matches!(&other.says, Says::Revoke(target) if *target == entry.id))
    };
    let mut in_force: Vec<&Entry> = declared.iter().copied().filter(|entry| !revoked(entry)).collect();
    in_force.sort_by_key(|entry| entry.declared);
    for entry in &in_force {
        if let Says::Mark { scope, from, to, state } = &entry.says
            && covers(scope)
        {
            let becomes = if *state == State::Unknown { annulled } else { letter(*state) };
            paint(letters, given.start, *from, *to, becomes);
        }
    }
    if given.policy.maintenance == Maintenance::Count {
        return;
    }
    let mut planned = vec![b' '; letters.len()];
    for entry in &in_force {
        if let Says::Maintenance { scope, from, to, announced } = &entry.says
            && covers(scope)
            && (given.policy.late || *announced <= from - given.policy.notice)
        {
            paint(&mut planned, given.start, *from, *to, b'M');
        }
    }
    for (letter, _) in letters.iter_mut().zip(&planned).filter(|(_, planned)| **planned == b'M') {
        *letter = match (given.policy.maintenance, *letter) {
            (Maintenance::Exclude, _) | (Maintenance::ExcludeDown, b'D') => b'M',
            (Maintenance::AsUp, b'D') => b'U',
            (_, as_it_was) => as_it_was,
        };
    }
}
