//! Are two entries of the journal by one person? What a `force up` asks before it counts (D11).
//!
//! A person is an account: the uid that the kernel tells of the socket's peer, which nobody can choose, and not the
//! name that it had at the time. Root may name whom it acts for; it is root all the same, and whom it named
//! is taken at its word where that makes two entries one person's, never where it would make them two persons'.
//! So one uid is one person, and so is one name. What this proves is that two accounts stood for it; not
//! that nobody has both: who has an own account and may become root by `sudo` can propose as one and approve as the
//! other, for a socket's peer that is root does not tell who it was before. The journal keeps both, name
//! and uid, for whoever reads it.

use crate::Declared;

/// What follows the name of whom root acts for.
pub const BY_ROOT: &str = " (root)";

/// What the kernel says of every user whom it cannot name (`user_namespaces(7)`).
pub const NOBODY: u32 = 65_534;

/// Are both by one person, as far as can be told? Of entries of before uids were kept the names alone
/// decide, as they did then.
pub fn same_person(one: &Declared, other: &Declared) -> bool {
    match (one.uid, other.uid) {
        (None, None) => one.author == other.author,
        (Some(uid), Some(theirs)) if uid == theirs || uid == NOBODY || theirs == NOBODY => true,
        _ => name(&one.author) == name(&other.author),
    }
}

/// Whom the author names, also where root acts for them.
fn name(author: &str) -> &str {
    author.strip_suffix(BY_ROOT).unwrap_or(author)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Declaration;

    #[test]
    fn one_uid_is_one_person_and_so_is_one_name() {
        let by = |(author, uid): (&str, Option<u32>)| Declared {
            entry: 1,
            at_ms: 0,
            author: author.to_owned(),
            uid,
            declaration: Declaration::Approved { entry: 1 },
        };
        for (one, other, same) in [
            (("anna", Some(1001)), ("bruno", Some(1002)), false),
            (("anna", Some(1001)), ("anna.neri", Some(1001)), true),
            (("anna", Some(1001)), ("anna", Some(1002)), true),
            (("anna", Some(1001)), ("root", Some(0)), false),
            (("anna", Some(1001)), ("anna (root)", Some(0)), true),
            (("anna", Some(1001)), ("bruno (root)", Some(0)), false),
            (("root", Some(0)), ("bruno (root)", Some(0)), true),
            (("vedetta", Some(0)), ("root", Some(0)), true),
            (("anna", Some(1001)), ("nobody", Some(NOBODY)), true),
            // Entries of before uids were kept.
            (("anna", None), ("bruno", None), false),
            (("anna", None), ("anna", None), true),
            (("anna", None), ("anna (root)", None), false),
            (("anna", None), ("anna (root)", Some(0)), true),
            (("anna", None), ("bruno", Some(1002)), false),
        ] {
            assert_eq!(same_person(&by(one), &by(other)), same, "{one:?} and {other:?}");
            assert_eq!(same_person(&by(other), &by(one)), same, "{other:?} and {one:?}");
        }
    }
}
