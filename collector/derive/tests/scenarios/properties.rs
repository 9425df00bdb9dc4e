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
        Tree::Mean(of) => {
            let of = of.iter().map(|(weight, name)| (*weight, names[name.len() % names.len()].clone()));
            Tree::Mean(of.collect())
        }
    }
}

/// What a scenario is the mean of; `None` if it is of none.
fn members(given: &Given) -> Option<Vec<(u32, String)>> {
    let Tree::Mean(members) = &given.tree else { return None };
    Some(members.iter().filter(|(weight, _)| *weight > 0).cloned().collect())
}

/// The letters of the service, or of each member with its weight, by the model.
fn lines(given: &Given) -> Vec<(u32, String)> {
    let letters = |given: &Given| model::letters(given).unwrap();
    let Some(members) = members(given) else { return vec![(1, letters(given))] };
    let line = |(weight, name)| (weight, letters(&Given { tree: Tree::Check(name), ..given.clone() }));
    members.into_iter().map(line).collect()
}

/// Those of one charter up to a place, of another from there on. While the service is no mean, its members are as
/// it is; members of one mean are none of another one.
fn joined(before: &Given, after: &Given, place: usize) -> Vec<(u32, String)> {
    let (first, second) = (lines(before), lines(after));
    let join = |before: &str, after: &str| format!("{}{}", &before[..place], &after[place..]);
    match (members(before), members(after)) {
        (Some(_), None) => first.iter().map(|(weight, line)| (*weight, join(line, &second[0].1))).collect(),
        (None, _) => second.iter().map(|(weight, line)| (*weight, join(&first[0].1, line))).collect(),
        (Some(_), Some(_)) => {
            let none = "O".repeat(first[0].1.len());
            let gone = first.iter().map(|(weight, line)| (*weight, join(line, &none)));
            gone.chain(second.iter().map(|(weight, line)| (*weight, join(&none, line)))).collect()
        }
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
        let given = service(seed);
        prop_assume!(given.is_some());
        let given = given.unwrap();
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
        let given = service(seed);
        prop_assume!(given.is_some());
        let given = given.unwrap();
        let world = World::delivered(&given, Manner { batch, twice, restarts }).unwrap();
        let plain = World::of(&given).unwrap();
        for as_of in [given.as_of, given.end, i64::MAX] {
            let figures = |world: &World| world.figures((given.start, given.end), as_of).unwrap();
            prop_assert_eq!(figures(&world), figures(&plain));
        }
    }

    #[test]
    fn one_more_fail_never_raises_the_worst(seed in 1_u64.., which: usize) {
        let given = service(seed);
        prop_assume!(given.is_some());
        let mut given = given.unwrap();
        one_plain_vantage(&mut given);
        let before = whole(&given);
        let mut oks: Vec<&mut Sample> =
            samples(&mut given).filter(|sample| sample.outcome == State::Up).collect();
        prop_assume!(!oks.is_empty());
        let place = which % oks.len();
        oks[place].outcome = State::Down;
        let after = whole(&given);
        prop_assert!(after.worst() <= before.worst(), "{after:?} after {before:?}");
    }

    #[test]
    fn annulling_never_raises_the_worst_nor_lowers_the_best(seed in 1_u64.., more: u64) {
        let given = service(seed);
        prop_assume!(given.is_some());
        let mut given = given.unwrap();
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
        let given = service(seed);
        prop_assume!(given.is_some());
        let mut given = given.unwrap();
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
        let given = service(seed);
        prop_assume!(given.is_some());
        let mut given = given.unwrap();
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

proptest! {
    // Days of a calendar, second by second and member by member, take their time.
    #![proptest_config(ProptestConfig { cases: config().cases / 4, ..config() })]

    /// The sites of a charter stay, its tree and its rules change within the period; also what it is the mean of.
    #[test]
    fn each_instant_is_judged_by_the_charter_then_in_force(seed in 1_u64.., other in 1_u64.., share in 1_i64..100) {
        let (before, rules) = (service(seed), service(other));
        prop_assume!(before.is_some() && rules.is_some());
        let (mut before, rules) = (before.unwrap(), rules.unwrap());
        for check in before.checks.values_mut() {
            (check.confirm_down, check.confirm_up) = (1, 1);
            check.valid = (i64::MIN, i64::MAX);
        }
        let names: Vec<String> = before.checks.keys().cloned().collect();
        let tree = renamed(&rules.tree, &names);
        let policy = given::Policy { initial: before.policy.initial, ..rules.policy };
        let after = Given { tree, policy, ..before.clone() };
        prop_assume!([&before, &after].iter().all(|given| members(given).is_none_or(|members| !members.is_empty())));
        let cut = before.start + (before.end - before.start) * share / 100;
        let figures = World::of_two(&before, &after, cut).unwrap().figures((before.start, before.end), before.as_of);
        let service = &figures.unwrap().services[0];
        let figure = if before.calendar.is_some() { service.within[0].figure } else { service.figure };
        let place = usize::try_from(cut - before.start).unwrap();
        // A charter that is not in force by as-of says nothing of what is to come either.
        let lines = if cut < before.as_of { joined(&before, &after, place) } else { lines(&before) };
        let seconds = |letter: char| -> u64 {
            let of = |(weight, line): &(u32, String)| {
                line.chars().filter(|here| *here == letter).count() as u64 * u64::from(*weight)
            };
            lines.iter().map(of).sum::<u64>() * 1_000
        };
        let expected = ['U', 'D', 'K', 'M', 'F', 'O'].map(seconds);
        let Figure { up_ms, down_ms, unknown_ms, maintenance_ms, out_of_scope_ms, future_ms, .. } = figure;
        prop_assert_eq!([up_ms, down_ms, unknown_ms, maintenance_ms, future_ms, out_of_scope_ms], expected);
    }
}
