//! A service goes down and comes back: the figure says exactly that, to the millisecond of the samples.

use collector::publish::api::{Figure, State};
use collector_api::Verdict;
use harness::{Place, Target, eventually};

const CHECK: &str = "rete.porta.una";

fn sum(figure: &Figure) -> u64 {
    figure.up_ms + figure.down_ms + figure.unknown_ms + figure.out_of_scope_ms + figure.future_ms
}

#[test]
fn one_outage_from_the_first_failing_sample_to_the_first_good_one() {
    let mut target = Target::opened();
    let place = Place::running(&format!(
        "  rete:\n    users: [uffici]\n    commitments: [{{kind: availability, above: 98%}}]\n    components:\n      \
         porta: {{probe: tcp, targets: {{una: \"{}\"}}, every: 500ms, timeout: 400ms, attempts: 1}}",
        target.address(),
    ));
    place.until(State::Up);
    target.close();
    let down = place.until(State::Down);
    assert_eq!(down.now.reason.as_deref(), Some("connect.refused"));
    let seen = eventually("it stays down for some more samples", || {
        let figure = place.service_year().figure;
        (figure.down_ms > 2_000).then_some(figure.down_ms)
    });
    target.open();
    place.until(State::Up);

    let year = place.year();
    let service = &year.services[0];
    assert_eq!(service.outages.len(), 1, "{:?}", service.outages);
    let outage = &service.outages[0];
    assert!(!outage.ongoing);
    let causes: Vec<_> = outage.causes.iter().map(|cause| (&*cause.check, &*cause.reason)).collect();
    assert_eq!(causes, [(CHECK, "connect.refused")]);

    // The samples themselves say when.
    let samples = place.stream().samples;
    let fails = samples.iter().position(|sample| sample.verdict == Verdict::Down).unwrap();
    let good = samples[fails..].iter().find(|sample| sample.verdict == Verdict::Up).unwrap();
    assert_eq!((outage.start_ms, outage.end_ms), (samples[fails].at_ms, good.at_ms));

    let down_ms = u64::try_from(good.at_ms - samples[fails].at_ms).unwrap();
    assert!(down_ms >= seen, "{down_ms} of {seen} ms");
    let component = &service.components[0];
    for figure in [&service.figure, &component.figure, &component.checks[0].figure, &service.sites[0].figure]
    {
        assert_eq!(figure.down_ms, down_ms);
        assert_eq!(sum(figure), u64::try_from(year.end_ms - year.start_ms).unwrap(), "{figure:?}");
    }
    assert_eq!((outage.duration_ms, service.longest_outage_ms), (down_ms, down_ms));
    place.assert_verifies();
}
