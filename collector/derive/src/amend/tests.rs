//! Marks and planned work on one timeline.

use super::*;

fn timeline(changes: &[(i64, Condition)]) -> Arc<Timeline> {
    let changes = changes.iter().map(|(at_ms, verdict)| Change {
        at_ms: *at_ms,
        verdict: *verdict,
        reason: Reason::None,
    });
    Arc::new(Timeline { changes: changes.collect(), end_ms: 100 })
}

fn shown(timeline: &Timeline) -> Vec<(i64, Condition)> {
    timeline.changes.iter().map(|change| (change.at_ms, change.verdict)).collect()
}

use Condition::{Down, Maintenance as Planned, Unknown, Up};

fn seen() -> Arc<Timeline> {
    timeline(&[(0, Up), (20, Down), (40, Unknown), (50, Up)])
}

fn amends(marks: &[Marked], planned: &[(i64, i64)], policy: Maintenance) -> Amends {
    let planned = planned.iter().map(|stretch| (*stretch, [9, 9])).collect();
    Amends { marks: marks.to_vec(), planned, policy: Some(policy) }
}

fn applied(amends: &Amends) -> (Views<Arc<Timeline>>, Vec<u64>) {
    let mut touched = Vec::new();
    let views = amends.apply(&Views::one(seen()), Unknown, &mut touched);
    (views, touched)
}

#[test]
fn a_later_mark_wins() {
    let marks = [(1, (20, 40), Unknown), (2, (30, 45), Up), (3, (60, 70), Up)];
    let (views, touched) = applied(&amends(&marks, &[], Maintenance::Counts));
    let expected = [(0, Up), (20, Unknown), (30, Up), (45, Unknown), (50, Up)];
    assert_eq!(shown(views.get(View::Own)), expected);
    assert_eq!(touched, [1, 2], "the third says what was measured");
    assert!(!views.differs(View::Net) && !views.differs(View::Gross));
}

#[test]
fn planned_work_by_every_policy() {
    let work = &[(30, 60), (10, 30)][..];
    let net = [(0, Up), (20, Planned), (40, Unknown), (50, Up)];
    for (policy, own) in [
        (Maintenance::Counts, shown(&seen())),
        (Maintenance::Excluded, vec![(0, Up), (10, Planned), (60, Up)]),
        (Maintenance::ExcludedDown, net.to_vec()),
        (Maintenance::AsUp, vec![(0, Up), (40, Unknown), (50, Up)]),
    ] {
        let (views, touched) = applied(&amends(&[], work, policy));
        assert_eq!(shown(views.get(View::Own)), own, "{policy:?}");
        assert_eq!(shown(views.get(View::Net)), net, "{policy:?}");
        assert_eq!(shown(views.get(View::Gross)), shown(&seen()), "{policy:?}");
        assert_eq!(touched, [9, 9, 9, 9], "{policy:?}");
    }
}

#[test]
fn what_changes_nothing_is_shared() {
    let (views, touched) = applied(&amends(&[], &[(60, 70)], Maintenance::Counts));
    assert!(!views.differs(View::Net) && touched.is_empty());
}
