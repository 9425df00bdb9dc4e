//! What takes two persons, and who they are.

use super::*;

#[test]
fn another_person_approves_and_root_is_one_person_whomever_it_names() {
    for (proposer, approver, refused) in [
        ("m.rossi", "g.verdi", None),
        ("m.rossi", "root", None),
        ("m.rossi", "g.verdi (root)", None),
        ("root", "m.rossi", None),
        ("uid 1001", "uid 1003", None),
        ("m.rossi", "m.rossi", Some("m.rossi proposed entry #4")),
        ("root", "root", Some("root proposed entry #4")),
        ("m.rossi (root)", "m.rossi (root)", Some("m.rossi (root) proposed entry #4")),
        ("m.rossi (root)", "g.verdi (root)", Some("g.verdi (root) is root as well")),
        ("root", "g.verdi (root)", Some("is root as well")),
        ("g.verdi (root)", "root", Some("is root as well")),
        ("root", "vedetta", Some("the collector's own user counts as root")),
        ("vedetta", "m.rossi (root)", Some("the collector's own user counts as root")),
        // Root names whom it acts for, and that one does not approve it; another one does.
        ("m.rossi (root)", "g.verdi", None),
        ("m.rossi (root)", "m.rossi", Some("the same person by name")),
        ("m.rossi", "m.rossi (root)", Some("the same person by name")),
        // One uid is one person, whatever it was called at the time.
        ("m.rossi", "mario.rossi", Some("by another name")),
        ("uid 1001", "m.rossi", Some("by another name")),
        // The entry says whose it is, also of who left since; whom the machine cannot name proves nothing.
        ("l.bianchi", "m.rossi", None),
        ("nobody", "m.rossi", Some("whose account `nobody` is cannot be told")),
        ("m.rossi", "nobody", Some("whose account `nobody` is cannot be told")),
    ] {
        let mut journal = Journal::new();
        let entry = journal.by(proposer, &force(ForcedState::Up, hours(-5, -4)));
        assert!(rows(&journal.declared, &journal.notices)[0].proposed);
        let approve = Wish::Approve { entry };
        if let Some(part) = refused {
            journal.refused(&approve, approver, part);
            continue;
        }
        journal.by(approver, &approve);
        assert!(!rows(&journal.declared, &journal.notices)[0].proposed);
        journal.refused(&approve, "c.neri", "was approved already");
    }
}

#[test]
fn only_a_force_up_is_approved_and_an_approval_can_be_taken_back() {
    let mut journal = Journal::new();
    let down = journal.by("root", &force(ForcedState::Down, hours(-5, -4)));
    let up = journal.by("root", &force(ForcedState::Up, hours(-5, -4)));
    let planned = journal.by("root", &maintain(&["wifi"], &[hours(50, 56)]));
    for (entry, part) in [
        (down, "holds without approval"),
        (planned, "only a `force up`"),
        (1, "declares nothing"),
        (77, "no entry"),
    ] {
        journal.refused(&Wish::Approve { entry }, "m.rossi", part);
    }
    let approval = journal.by("m.rossi", &Wish::Approve { entry: up });
    journal.by("root", &revoke(approval));
    assert!(rows(&journal.declared, &journal.notices)[1].proposed, "it is proposed again");
    journal.refused(&revoke(approval), "root", "taken back by #8 already");
    journal.refused(&revoke(88), "root", "no entry #88");
    journal.refused(&revoke(2), "root", "declares nothing");
    journal.by("g.verdi", &Wish::Approve { entry: up });
    journal.by("root", &revoke(up));
    journal.refused(&Wish::Approve { entry: up }, "m.rossi", "taken back");
}

/// Journals of before entries said whose account it was.
#[test]
fn an_old_proposal_is_looked_up_by_its_name() {
    for (proposer, approver, refused) in [
        ("m.rossi", "g.verdi", None),
        ("m.rossi", "root", None),
        ("m.rossi", "mario.rossi", Some("by another name")),
        ("g.verdi (root)", "root", Some("is root as well")),
        ("l.bianchi", "m.rossi", Some("whose account `l.bianchi` is cannot be told")),
    ] {
        let mut journal = Journal::new();
        let entry = journal.by(proposer, &force(ForcedState::Up, hours(-5, -4)));
        journal.declared[0].uid = None;
        if let Some(part) = refused {
            journal.refused(&Wish::Approve { entry }, approver, part);
            continue;
        }
        journal.by(approver, &Wish::Approve { entry });
        assert!(!rows(&journal.declared, &journal.notices)[0].proposed);
    }
}

#[test]
fn an_approval_that_got_into_the_journal_all_the_same_has_no_effect() {
    let mut journal = Journal::new();
    let entry = journal.by("m.rossi", &force(ForcedState::Up, hours(-5, -4)));
    for author in ["mario.rossi", "m.rossi (root)"] {
        journal.write(author, Declaration::Approved { entry });
        assert!(rows(&journal.declared, &journal.notices)[0].proposed, "{author}");
    }
    journal.by("g.verdi", &Wish::Approve { entry });
    assert_eq!(rows(&journal.declared, &journal.notices)[0].approved_by, Some(7));
}

/// Else one person would have alone what somebody else no longer stands for.
#[test]
fn taking_a_revocation_back_puts_no_force_up_in_force_again() {
    for taken_back in [0, 1] {
        let mut journal = Journal::new();
        let proposal = journal.by("m.rossi", &force(ForcedState::Up, hours(-5, -4)));
        let approval = journal.by("g.verdi", &Wish::Approve { entry: proposal });
        let first = journal.by("g.verdi", &revoke([proposal, approval][taken_back]));
        journal.refused(&revoke(first), "m.rossi", "by one person's word");
        journal.refused(&revoke(first), "g.verdi", "by one person's word");
        if taken_back == 1 {
            journal.by("c.neri", &Wish::Approve { entry: proposal });
            journal.by("m.rossi", &revoke(first));
        }
    }
    // One that nobody approved is only proposed again.
    let mut journal = Journal::new();
    let proposal = journal.by("m.rossi", &force(ForcedState::Up, hours(-5, -4)));
    let first = journal.by("m.rossi", &revoke(proposal));
    journal.by("m.rossi", &revoke(first));
    assert!(rows(&journal.declared, &journal.notices)[0].proposed);
}
