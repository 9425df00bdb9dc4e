//! Whatever is typed, and in whatever order: the command and the figures agree.

use proptest::prelude::*;

use super::*;

proptest! {
    /// Whatever is typed: no panic, and a refusal leaves nothing to be written.
    #[test]
    fn nothing_typed_breaks_the_judge(
        scope in "\\PC{0,20}", note in "\\PC{0,20}", from_ms: i64, to_ms: i64, entry in 0_u64..12, kind in 0_u8..8,
    ) {
        let mut journal = Journal::new();
        journal.by("root", &maintain(&["wifi"], &[hours(-2, 6), hours(50, 56)]));
        journal.by("root", &force(ForcedState::Up, hours(-5, -4)));
        let window = Window { from_ms, to_ms };
        let wish = match kind {
            0 => Wish::Maintain { scope: vec![scope], windows: vec![window], note },
            1 => Wish::Extend { entry, until: Until::By(from_ms), note },
            2 => Wish::Extend { entry, until: Until::To(to_ms), note },
            3 => Wish::Close { entry, at_ms: Some(from_ms), note },
            4 => Wish::AnnulOutage { outage: scope, note },
            5 => Wish::Annul { scope: words(&["wifi"]), window, note: "perché".to_owned() },
            6 => Wish::Annotate { outage: scope, cause: Cause::Power, note },
            _ => Wish::Revoke { entry, note },
        };
        let _ = journal.judge(&wish, "root");
        let _ = instant_of(&note_of(&wish));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What the commands are refused by, and list, is what figures apply.
    #[test]
    fn the_register_says_what_figures_apply(
        steps in prop::collection::vec((0_u8..9, 0_u64..8, 1_i64..40, any::<bool>()), 1..24),
    ) {
        let mut journal = Journal::new();
        for (kind, back, hours_on, other) in steps {
            let entry = (4 + journal.declared.len() as u64).saturating_sub(back);
            let in_hours = |from: i64| {
                let from_ms = journal.now_ms + from * HOUR_MS;
                Window { from_ms, to_ms: from_ms + 6 * HOUR_MS }
            };
            let past = Window { from_ms: journal.now_ms - 9 * HOUR_MS, to_ms: journal.now_ms };
            let note = String::new();
            let wish = match kind {
                0 | 1 => maintain(&["wifi"], &[in_hours(hours_on), in_hours(hours_on + 30), in_hours(hours_on + 90)]),
                2 => Wish::Extend { entry, until: Until::By(hours_on * HOUR_MS / 4), note },
                3 => Wish::Extend { entry, until: Until::To(journal.now_ms + hours_on * HOUR_MS), note },
                4 => Wish::Close { entry, at_ms: None, note },
                5 => Wish::Cancel { entry, note },
                6 => force(ForcedState::Up, past),
                7 => Wish::Approve { entry },
                _ => revoke(entry),
            };
            let author = if other { "m.rossi" } else { "root" };
            if let Ok(judged) = journal.judge(&wish, author) {
                journal.write(author, judged.declaration);
            }
            journal.now_ms += hours_on * HOUR_MS / 3 + 1;
        }
        // Since some time in the middle 30 hours are asked instead of 20.
        let notices = journal.notices_changing(20, 30);
        let corrections = collector_derive::Corrections::of(&journal.declared, i64::MAX);
        let rows = rows(&journal.declared, &notices);
        for row in rows.iter().filter(|row| row.revoked_by.is_none()) {
            let mut applied: Vec<Held> = Vec::new();
            for piece in corrections.planned.iter().filter(|piece| piece.entry == row.entry) {
                let Window { from_ms, to_ms } = piece.window;
                let in_time = piece.is_in_time(&notices);
                match applied.last_mut().filter(|last| last.to_ms == from_ms) {
                    Some(last) => {
                        (last.to_ms, last.in_time) = (to_ms, last.in_time && in_time);
                        last.in_part |= in_time;
                    }
                    None => applied.push(Held { from_ms, to_ms, in_time, in_part: in_time }),
                }
            }
            prop_assert_eq!(&row.windows, &applied, "entry {}", row.entry);
        }
        let proposed: Vec<u64> = rows.iter().filter(|row| row.proposed).map(|row| row.entry).collect();
        let waiting: Vec<u64> = corrections.proposed.iter().map(|mark| mark.entry).collect();
        prop_assert_eq!(proposed, waiting);
    }
}

fn note_of(wish: &Wish) -> String {
    match wish {
        Wish::Revoke { note, .. } | Wish::Annul { note, .. } | Wish::AnnulOutage { note, .. } => note.clone(),
        _ => String::new(),
    }
}
