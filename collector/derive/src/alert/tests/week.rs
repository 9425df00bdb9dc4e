//! The week that an alarm must be able to live through: few mails, and nothing in it left unsaid.

use collector_api::Reason;
use config::Severity;

use super::stage::*;
use crate::alert::*;

const MONDAY: &str = "2026-11-16 00:00";
const NEXT_MONDAY: &str = "2026-11-23 12:00";

fn line() -> Root {
    Root::Line("fwa-pascoli".to_owned())
}

fn backup() -> Root {
    Root::Part("data_center.backup.lavori".to_owned())
}

/// A school link down from 02:40 to 05:10 with its twelve access points and its agent, a backup missed twice, mail that
/// flaps eleven times, two certificates near their end, three access points dead from Wednesday, five blips of a
/// carrier, work planned for Saturday 08 to 14 with a stop of three hours and the collector rebooted, an outside agent
/// silent on Sunday, a wrong clock, a refused file.
fn week() -> Stage {
    let mut stage = Stage::new(usual_policy());
    let night = spell("2026-11-17 02:40", "2026-11-17 05:10");
    let blips = [
        spell("2026-11-16 10:12", "2026-11-16 10:15"),
        spell("2026-11-17 15:40", "2026-11-17 15:42"),
        spell("2026-11-18 11:05", "2026-11-18 11:09"),
        spell("2026-11-19 19:10", "2026-11-19 19:12"),
        spell("2026-11-20 09:30", "2026-11-20 09:33"),
    ];
    let mut downs = blips.to_vec();
    downs.push(night);
    stage.actor(line(), &downs);
    for number in 1..=12 {
        // The controller is asked each minute: they are seen to come back a little later than their line.
        let name = format!("wifi.ap.pascoli{number}");
        let whisper = stage.whisper(NoticeKind::Member, &name, (night.0 + MINUTE, night.1 + 2 * MINUTE));
        whisper.held_by = vec![line()];
    }
    let silent = (night.0 + 15 * MINUTE, night.1 + MINUTE);
    stage.whisper(NoticeKind::Agent, "pas1", silent).held_by = vec![line()];

    let missed = spell("2026-11-18 06:00", "2026-11-20 03:00");
    let night = stage.whisper(NoticeKind::Heartbeat, "data_center.backup.lavori.notte", missed);
    night.held_by = vec![backup()];
    night.detail = Detail::Reason(Reason::HeartbeatMissed.code());
    let twice = spell("2026-11-19 06:00", "2026-11-20 03:00");
    let part = stage.actor(backup(), &[twice]);
    part.telling.alert = vec![id("ufficio")];
    part.telling.severity = Severity::Ticket;
    part.reason = Reason::HeartbeatNoRestorePoint;
    let work = spell("2026-11-21 09:00", "2026-11-21 12:00");
    stage.row("data_center", &[twice, work]).held_by = vec![backup()];
    stage.planned = vec![spell("2026-11-21 08:00", "2026-11-21 14:00")];
    stage.off = vec![spell("2026-11-21 10:00", "2026-11-21 10:20")];

    let flap = |number: i64| {
        let from_ms = at("2026-11-19 10:00") + number * 10 * MINUTE;
        (from_ms, from_ms + 4 * MINUTE)
    };
    stage.row("intranet", &(0..11).map(flap).collect::<Vec<_>>());

    let always = spell(MONDAY, NEXT_MONDAY);
    for (name, ends) in
        [("front_end.siti.sito", "2026-11-30 12:00"), ("intranet.posta.smtp", "2026-12-04 23:59")]
    {
        stage.whisper(NoticeKind::Certificate, name, always).detail = Detail::Instant(at(ends));
    }
    for name in ["wifi.ap.lungomare3", "wifi.ap.lungomare4", "wifi.ap.rotonda1"] {
        let dead = stage.whisper(NoticeKind::Member, name, spell("2026-11-18 09:00", NEXT_MONDAY));
        dead.detail = Detail::Reason(Reason::ApDisassociated.code());
    }
    let sunday = spell("2026-11-22 03:00", "2026-11-22 22:00");
    stage.whisper(NoticeKind::Agent, "vps1", sunday);
    stage.silences = vec![("front_end", vec!["vps1"], vec![sunday]), ("wifi", vec!["ced1", "bib1"], vec![])];
    let clock = stage.whisper(NoticeKind::Clock, "bib1", spell("2026-11-18 12:00", "2026-11-18 18:00"));
    clock.detail = Detail::Offset(9_000);
    let refused = stage.whisper(NoticeKind::Configuration, "", spell("2026-11-19 16:00", "2026-11-20 08:30"));
    refused.detail = Detail::Text("vedetta.yaml:41:9: unknown key `interval`".to_owned());
    stage
}

#[test]
fn few_are_told_little() {
    let mut stage = week();
    stage.play(MONDAY, NEXT_MONDAY);
    assert_eq!(
        stage.mails("reperibile"),
        ["Thu 10:11 incident-6.opened", "Thu 11:11 incident-6.again-1", "Thu 11:59 incident-6.closed"]
    );
    assert_eq!(
        stage.mails("ufficio"),
        [
            "Mon 07:30 morning-2026-11-16",
            "Tue 07:30 morning-2026-11-17",
            "Wed 07:30 morning-2026-11-18",
            "Thu 07:30 morning-2026-11-19",
            "Thu 08:00 incident-5.opened",
            "Fri 07:30 morning-2026-11-20",
            "Fri 08:00 incident-5.closed",
            "Mon 07:30 morning-2026-11-23",
        ]
    );
    assert_eq!(stage.mails("responsabile"), [""; 0]);
    for (who, at_most) in [("reperibile", 6), ("ufficio", 10), ("responsabile", 0)] {
        assert!(stage.mails(who).len() <= at_most, "{who}");
    }
}

/// Everything that somebody was sent.
fn lines(stage: &Stage) -> Vec<Line> {
    let sent = stage.decisions.iter().filter(|decision| !decision.to.is_empty());
    let told = sent.filter_map(|decision| match &decision.what {
        What::Morning(morning) => Some(morning.lines.clone()),
        _ => None,
    });
    told.flatten().collect()
}

fn is_told(lines: &[Line], kind: NoticeKind, name: &str) -> bool {
    lines
        .iter()
        .any(|line| matches!(line, Line::Notice { notice, .. } if notice.kind == kind && notice.name == name))
}

#[test]
fn every_fact_is_in_some_mail() {
    let mut stage = week();
    stage.play(MONDAY, NEXT_MONDAY);
    let lines = lines(&stage);
    let ended: Vec<(&Story, i64)> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Ended(story, at_ms) => Some((story, *at_ms)),
            _ => None,
        })
        .collect();

    // The night, with all that hung on the link, in one line; and the five blips, each.
    let of_link: Vec<_> = ended.iter().filter(|(story, _)| story.incident.root == line()).collect();
    assert_eq!(of_link.len(), 6);
    let night = of_link.iter().find(|(story, _)| story.down_ms == 150 * MINUTE.unsigned_abs()).unwrap();
    assert_eq!((night.0.incident.opened_ms, night.1), (at("2026-11-17 02:40"), at("2026-11-17 05:10")));
    let held = |wanted: NoticeKind| {
        let members = night.0.incident.members.iter();
        members.filter(|member| matches!(&member.thing, Thing::Notice(kind, _) if *kind == wanted)).count()
    };
    assert_eq!((held(NoticeKind::Member), held(NoticeKind::Agent)), (12, 1));
    assert!(night.0.incident.members.iter().all(|member| member.to_ms.is_some()));
    let pascoli = |line: &Line| matches!(line, Line::Notice { notice, .. } if notice.name.contains("pascoli") || notice.name == "pas1");
    assert!(!lines.iter().any(pascoli), "what the line explains is no line of its own");

    // The backup: missed once is of the morning, twice is the office's; the row's stop is its.
    let backups = "data_center.backup.lavori.notte";
    assert!(is_told(&lines, NoticeKind::Heartbeat, backups));
    let opened = stage.decisions.iter().find_map(|decision| match &decision.what {
        What::Opened(story) if decision.to.contains(&id("ufficio")) => Some(story),
        _ => None,
    });
    let opened = opened.unwrap();
    assert_eq!((&opened.incident.root, opened.incident.opened_ms), (&backup(), at("2026-11-19 06:00")));
    assert!(opened.incident.holds(&Thing::Root(Root::Row(id("data_center")))));

    // Mail: eleven stops in the closing mail.
    let closed = stage.decisions.iter().find_map(|decision| match &decision.what {
        What::Closed(story) if decision.to.contains(&id("reperibile")) => Some(story),
        _ => None,
    });
    let closed = closed.unwrap();
    assert_eq!((closed.incident.stops(), closed.down_ms), (11, 44 * MINUTE.unsigned_abs()));

    // Saturday: the work in the morning of Monday is over, its stop is told as planned.
    let saturday =
        ended.iter().find(|(story, _)| story.incident.root == Root::Row(id("data_center"))).unwrap();
    assert!(saturday.0.incident.planned && saturday.0.incident.told.is_empty());
    assert_eq!(saturday.0.down_ms, 180 * MINUTE.unsigned_abs());

    // Sunday: the agent, and the row that only it sees.
    assert!(is_told(&lines, NoticeKind::Agent, "vps1"));
    assert!(ended.iter().any(|(story, _)| story.incident.root == Root::NoData(id("front_end"))));
    assert!(
        !ended.iter().any(|(story, _)| story.incident.root == Root::NoData(id("wifi"))),
        "nor the reboot"
    );

    for (kind, names) in [
        (NoticeKind::Certificate, &["front_end.siti.sito", "intranet.posta.smtp"][..]),
        (NoticeKind::Member, &["wifi.ap.lungomare3", "wifi.ap.lungomare4", "wifi.ap.rotonda1"]),
        (NoticeKind::Clock, &["bib1"]),
        (NoticeKind::Configuration, &[""]),
    ] {
        for name in names {
            assert!(is_told(&lines, kind, name), "{kind:?} {name}");
        }
    }
}

/// On the Friday before, the work is in no mail; on a working Saturday it would be. `vedetta today` tells of it.
#[test]
fn today_tells_what_is_planned() {
    let mut stage = week();
    stage.play(MONDAY, "2026-11-21 07:00");
    let now_ms = at("2026-11-21 07:00");
    let today = stage.state.today(&stage.facts(now_ms), now_ms);
    assert!(today.lines.iter().any(|line| matches!(line, Line::Planned(work) if work.entry == 7)));
}

#[test]
fn a_restart_at_any_moment_changes_nothing() {
    let (mut whole, mut broken) = (week(), week());
    whole.play(MONDAY, NEXT_MONDAY);
    for hour in 0..(7 * 24 + 12) {
        let from_ms = at(MONDAY) + hour * HOUR;
        let name = |at_ms: i64| {
            let (day, minute) = crate::period::minute_of(at_ms);
            format!("{day} {:02}:{:02}", minute / 60, minute % 60)
        };
        broken.play(&name(from_ms), &name(from_ms + HOUR));
        let kept = serde_json::to_string(&broken.state).unwrap();
        broken.state = serde_json::from_str(&kept).unwrap();
        assert!(kept.len() < 64 * 1024, "{} bytes", kept.len());
    }
    assert_eq!(whole.decisions, broken.decisions);
    assert_eq!(whole.state, broken.state);
}

/// What was sent, a line each. Whoever words it, in another crate, is tested with the file.
#[test]
fn the_weeks_mails_are_the_file() {
    let mut stage = week();
    stage.play(MONDAY, NEXT_MONDAY);
    let sent: Vec<Decision> =
        stage.decisions.into_iter().filter(|decision| !decision.to.is_empty()).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/alert/tests/week.jsonl");
    #[expect(clippy::disallowed_methods, reason = "a switch of this test, for whoever changes the week")]
    if std::env::var_os("VEDETTA_BLESS").is_some() {
        let lines = sent.iter().map(|decision| serde_json::to_string(decision).unwrap() + "\n");
        std::fs::write(path, lines.collect::<String>()).unwrap();
    }
    let file = std::fs::read_to_string(path).unwrap();
    let read: Vec<Decision> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, sent, "VEDETTA_BLESS=1 writes it anew");
}
