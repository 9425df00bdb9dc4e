//! Nights on which the clock is set, and the one between two years.

use config::{Concern, When};

use super::stage::*;
use crate::alert::*;

#[test]
fn the_morning_is_at_half_past_seven_on_the_wall_and_an_hour_is_an_hour() {
    for (saturday, sunday, monday, hours) in
        [("2026-03-28", "2026-03-29", "2026-03-30", 9), ("2026-10-24", "2026-10-25", "2026-10-26", 11)]
    {
        let mut stage = Stage::new(watchful());
        stage.row("intranet", &[(at(&format!("{sunday} 01:30")), at(&format!("{sunday} 06:00")))]);
        stage.play(&format!("{saturday} 12:00"), &format!("{monday} 12:00"));
        let mails = stage.mails("tutto");
        let began_ms = at(&format!("{sunday} 01:35"));
        let times: Vec<i64> =
            stage.decisions.iter().filter(|one| !one.to.is_empty()).map(|one| one.at_ms - began_ms).collect();
        assert_eq!(times[..2], [0, HOUR], "{mails:?}");
        assert!(mails.last().unwrap().starts_with("Mon 07:30 morning"), "{mails:?}");
        // From Saturday 22:00 to Sunday 08:00 on the wall.
        let night = at(&format!("{sunday} 08:00")) - at(&format!("{saturday} 22:00"));
        assert_eq!(night, hours * HOUR);
    }
}

/// Hours that begin in what is skipped begin after it; those that come twice are both duty.
#[test]
fn hours_are_of_the_wall() {
    let policy = || policy_of(vec![recipient("notte", week("sun 02:30-05:00"), &[Concern::Page])]);
    for (day, told) in [("2026-03-29", "Sun 03:00"), ("2026-10-25", "Sun 02:30"), ("2026-11-08", "Sun 02:30")]
    {
        let mut stage = Stage::new(policy());
        stage.row("intranet", &[(at(&format!("{day} 01:00")), at(&format!("{day} 04:50")))]);
        stage.play(&format!("{day} 00:00"), &format!("{day} 04:40"));
        assert!(stage.mails("notte")[0].starts_with(told), "{day}: {:?}", stage.mails("notte"));
    }
}

/// One incident, not two; the old year's level is history, and the first minutes of the new one are no page.
#[test]
fn midnight_of_new_year_ends_and_begins_nothing() {
    let mut stage = Stage::new(watchful());
    stage.row("intranet", &[spell("2026-12-31 20:00", "2027-01-01 00:20")]);
    stage.levels = vec![
        ("intranet", Level::Below, spell("2026-12-20 00:00", "2027-01-01 00:00")),
        ("intranet", Level::Burning, spell("2026-12-31 23:30", "2027-01-01 03:00")),
    ];
    stage.play("2026-12-30 12:00", "2027-01-04 12:00");
    assert_eq!(
        stage.mails("tutto"),
        [
            "Wed 12:00 budget-intranet.2026-1.below",
            "Thu 07:30 morning-2026-12-31",
            "Thu 20:05 incident-1.opened",
            "Thu 21:05 incident-1.again-1",
            "Fri 00:05 incident-1.again-2",
            "Fri 00:35 incident-1.closed",
            "Mon 07:30 morning-2027-01-04",
            "Mon 07:30 digest-2026-12",
        ]
    );
    let What::Digest(digest) = &stage.decisions.last().unwrap().what else { panic!() };
    assert_eq!(digest.incidents, 1);
}

/// 4 November is worked, 8 December is not; a Saturday is worked where the calendar says so.
#[test]
fn holidays_have_no_morning() {
    let mut stage = Stage::new(usual_policy());
    stage.whisper(
        NoticeKind::Certificate,
        "front_end.siti.sito",
        spell("2026-12-01 00:00", "2026-12-31 00:00"),
    );
    stage.play("2026-12-04 12:00", "2026-12-10 12:00");
    assert_eq!(
        stage.mails("ufficio"),
        ["Mon 07:30 morning-2026-12-07", "Wed 07:30 morning-2026-12-09", "Thu 07:30 morning-2026-12-10"]
    );
    assert!(matches!(When::usual(), When::Week(_)));
}
