//! What holds for every scenario, whatever it says: of random ones, each made from one number.

use collector_derive::{Figure, Outlook};
use config::{Availability, Fraction};
use proptest::prelude::*;

use crate::given::{self, Entry, Evidence, Given, Initial, Maintenance, Sample, Says, State, Tree};
use crate::product::{Manner, World};
use crate::random::dice::Dice;
use crate::{model, product, random};

/// The service scenario of a number; `None` if that is of another kind.
fn service(seed: u64) -> Option<Given> {
    let case = random::case(seed);
    let given = (case.kind == "service").then(|| given::read(&case.input, &case.policy))?.ok()?;
    (given.start < given.end).then_some(given)
}

/// Over its whole period, with all that is known.
fn whole(given: &Given) -> Figure {
    World::of(given).unwrap().figure(given, (given.start, given.end), i64::MAX).unwrap()
}

/// Every sample of every vantage.
fn samples(given: &mut Given) -> impl Iterator<Item = &mut Sample> {
    let sites = given.checks.values_mut().flat_map(|check| match &mut check.evidence {
        Evidence::Sites { sites, .. } => sites.as_mut_slice(),
        _ => &mut [],
    });
    sites.flat_map(|site| &mut site.vantages).flat_map(|vantage| &mut vantage.samples)
}

/// No sample has to be confirmed, and only one vantage sees each check.
fn one_plain_vantage(given: &mut Given) {
    for check in given.checks.values_mut() {
        (check.confirm_down, check.confirm_up, check.backdate) = (1, 1, true);
        if let Evidence::Sites { sites, .. } = &mut check.evidence {
            sites.truncate(1);
            for site in sites {
                site.vantages.truncate(1);
            }
        }
    }
    given.policy.maintenance = Maintenance::Count;
    given.policy.initial = Initial::Unknown;
}

/// The same tree over other checks.
fn renamed(tree: &Tree, names: &[String]) -> Tree {
    let all = |of: &[Tree]| of.iter().map(|tree| renamed(tree, names)).collect();
    match tree {
        Tree::Check(name) => Tree::Check(names[name.len() % names.len()].clone()),
        Tree::All(of) => Tree::All(all(of)),
        Tree::Any(of) => Tree::Any(all(of)),
        Tree::AtLeast(n, of) => Tree::AtLeast(*n, all(of)),
        Tree::Weighted { num, den, of } => {
            let of = of.iter().map(|(weight, tree)| (*weight, renamed(tree, names))).collect();
            Tree::Weighted { num: *num, den: *den, of }
        }
        Tree::Mean(of) => Tree::Mean(of.clone()),
    }
}

/// Numbers are scenarios: nothing has to be remembered in a file.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_period_is_the_sum_of_its_parts(seed in 1_u64.., share in 1_i64..100) {
        let Some(given) = service(seed) else { return Ok(()) };
        let middle = given.start + (given.end - given.start) * share / 100;
        let world = World::of(&given).unwrap();
        let part = |stretch| world.figure(&given, stretch, i64::MAX).unwrap();
        let (first, second) = (part((given.start, middle)), part((middle, given.end)));
        let sum = Figure {
            up_ms: first.up_ms + second.up_ms,
            down_ms: first.down_ms + second.down_ms,
            unknown_ms: first.unknown_ms + second.unknown_ms,
            maintenance_ms: first.maintenance_ms + second.maintenance_ms,
            out_of_scope_ms: first.out_of_scope_ms + second.out_of_scope_ms,
            future_ms: first.future_ms + second.future_ms,
            weight: second.weight,
        };
        prop_assert_eq!(sum, part((given.start, given.end)));
    }

    #[test]
    fn how_samples_travelled_is_irrelevant(seed in 1_u64.., batch in 1_usize..20, twice: bool, restarts: bool) {
        let Some(given) = service(seed) else { return Ok(()) };
        let world = World::delivered(&given, Manner { batch, twice, restarts }).unwrap();
        let plain = World::of(&given).unwrap();
        for as_of in [given.as_of, given.end, i64::MAX] {
            let figures = |world: &World| world.figures((given.start, given.end), as_of).unwrap();
            prop_assert_eq!(figures(&world), figures(&plain));
        }
    }

    #[test]
    fn one_more_fail_never_raises_the_worst(seed in 1_u64.., which: usize) {
        let Some(mut given) = service(seed) else { return Ok(()) };
        one_plain_vantage(&mut given);
        let before = whole(&given);
        let mut oks: Vec<&mut Sample> =
            samples(&mut given).filter(|sample| sample.outcome == State::Up).collect();
        let Some(place) = which.checked_rem(oks.len()) else { return Ok(()) };
        oks[place].outcome = State::Down;
        let after = whole(&given);
        prop_assert!(after.worst() <= before.worst(), "{after:?} after {before:?}");
    }

    #[test]
    fn annulling_never_raises_the_worst_nor_lowers_the_best(seed in 1_u64.., more: u64) {
        let Some(mut given) = service(seed) else { return Ok(()) };
        given.log_as_of = i64::MAX;
        let before = whole(&given);
        let mut dice = Dice::new(more);
        let length = given.end - given.start;
        let from = given.start + dice.between(-length / 9, length);
        let names: Vec<String> =
            given.checks.keys().cloned().chain(["*".to_owned(), "site:ced".to_owned()]).collect();
        let says = Says::Mark {
            scope: dice.pick(&names).clone(),
            from,
            to: from + dice.between(0, length),
            state: State::Unknown,
        };
        let declared = given.log.iter().map(|entry| entry.declared).max().unwrap_or(0) + 1;
        given.log.push(Entry { id: "annulled".to_owned(), declared, says });
        let after = whole(&given);
        prop_assert!(after.worst() <= before.worst() || before.elapsed_ms() == 0, "{after:?} after {before:?}");
        prop_assert!(after.best() >= before.best(), "{after:?} after {before:?}");
    }

    #[test]
    fn what_is_settled_stays(seed in 1_u64.., percent in 1_u64..100, strict: bool) {
        let Some(mut given) = service(seed) else { return Ok(()) };
        // Another member is another charter, which no figure knows of before.
        for check in given.checks.values_mut() {
            check.valid = (i64::MIN, i64::MAX);
        }
        given.undecided = true;
        let world = World::of(&given).unwrap();
        let promise = Availability { target: Fraction::new(percent, 100).unwrap(), strict };
        let mut settled = None;
        for tenth in 1..=20 {
            let as_of = given.start + (given.end - given.start) * tenth / 20;
            let figure = world.figure(&given, (given.start, given.end), as_of).unwrap();
            let outlook = figure.outlook(&promise);
            prop_assert!(settled.is_none_or(|settled| settled == outlook), "{settled:?} was {outlook:?} at {as_of}");
            settled = (outlook != Outlook::Open).then_some(outlook);
        }
    }

    #[test]
    fn as_of_an_instant_nothing_later_is_known(seed in 1_u64.., share in 0_i64..110) {
        let Some(mut given) = service(seed) else { return Ok(()) };
        one_plain_vantage(&mut given);
        let as_of = given.start + (given.end - given.start) * share / 100;
        let all = World::of(&given).unwrap();
        for check in given.checks.values_mut() {
            if let Evidence::Sites { sites, .. } = &mut check.evidence {
                for vantage in sites.iter_mut().flat_map(|site| &mut site.vantages) {
                    vantage.samples.retain(|sample| sample.at <= as_of);
                }
            }
        }
        let then = World::of(&given).unwrap();
        let figure = |world: &World| world.figure(&given, (given.start, given.end), as_of).unwrap();
        prop_assert_eq!(figure(&all), figure(&then));
    }

    /// The sites of a charter stay, its tree and its rules change within the period.
    #[test]
    fn each_instant_is_judged_by_the_charter_then_in_force(seed in 1_u64.., other in 1_u64.., share in 1_i64..100) {
        let (Some(mut before), Some(rules)) = (service(seed), service(other)) else { return Ok(()) };
        let is_mean = |given: &Given| matches!(given.tree, Tree::Mean(_));
        if is_mean(&before) || is_mean(&rules) || before.calendar.is_some() {
            return Ok(());
        }
        for check in before.checks.values_mut() {
            (check.confirm_down, check.confirm_up) = (1, 1);
        }
        let names: Vec<String> = before.checks.keys().cloned().collect();
        let tree = renamed(&rules.tree, &names);
        let policy = given::Policy { initial: before.policy.initial, ..rules.policy };
        let after = Given { tree, policy, ..before.clone() };
        let cut = before.start + (before.end - before.start) * share / 100;
        let figures = World::of_two(&before, &after, cut).unwrap().figures((before.start, before.end), before.as_of);
        let figure = figures.unwrap().services[0].figure;
        let (first, second) = (model::letters(&before).unwrap(), model::letters(&after).unwrap());
        let place = usize::try_from(cut - before.start).unwrap();
        let letters = format!("{}{}", &first[..place], &second[place..]);
        let seconds = |letter: char| letters.chars().filter(|here| *here == letter).count() as u64 * 1_000;
        let expected = ['U', 'D', 'K', 'M', 'F'].map(seconds);
        let Figure { up_ms, down_ms, unknown_ms, maintenance_ms, future_ms, .. } = figure;
        prop_assert_eq!([up_ms, down_ms, unknown_ms, maintenance_ms, future_ms], expected);
    }

    /// Whatever of a scenario is missing or nonsense, it is a sentence and no panic.
    #[test]
    fn nonsense_is_a_sentence(seed in 1_u64.., damage in prop::collection::vec((any::<u64>(), 0_usize..9), 1..4)) {
        let mut case = random::case(seed);
        for (place, what) in damage {
            random::damaged(&mut case, place, what);
        }
        if let Ok(given) = given::read(&case.input, &case.policy)
            && let Err(sentence) = product::answer(&given)
        {
            prop_assert!(!sentence.is_empty());
        }
    }
}
