//! The tree, second by second: one rule for every node (D13).

use std::collections::BTreeMap;

use super::{Letters, check, log};
use crate::given::{Given, Tree};

pub(super) fn letters(tree: &Tree, given: &Given) -> Result<Letters, String> {
    let mut leaves: BTreeMap<&str, Letters> = BTreeMap::new();
    gather(tree, given, &mut leaves)?;
    let names: Vec<&str> = leaves.keys().copied().collect();
    let columns: Vec<&Letters> = leaves.values().collect();
    let mut letters: Letters = Vec::new();
    for second in 0..(given.end - given.start) as usize {
        // Where no leaf says anything else than a second ago, neither does the tree.
        let same = second > 0 && columns.iter().all(|leaf| leaf[second] == leaf[second - 1]);
        let letter = match letters.last() {
            Some(letter) if same => *letter,
            _ => {
                let says: Vec<u8> = columns.iter().map(|leaf| leaf[second]).collect();
                node(tree, &|name| {
                    names.iter().position(|known| *known == name).map_or(b'K', |place| says[place])
                })
            }
        };
        letters.push(letter);
    }
    Ok(letters)
}

fn gather<'a>(tree: &'a Tree, given: &Given, leaves: &mut BTreeMap<&'a str, Letters>) -> Result<(), String> {
    let of: Vec<&Tree> = match tree {
        Tree::Check(name) => {
            let measured = given.checks.get(name).ok_or_else(|| format!("no check `{name}`"))?;
            if !leaves.contains_key(name.as_str()) {
                let mut letters = check::letters(measured, given);
                let covers = |scope: &str| scope == "*" || scope == name;
                log::correct(&mut letters, &covers, b'K', given);
                leaves.insert(name, letters);
            }
            Vec::new()
        }
        Tree::All(of) | Tree::Any(of) | Tree::AtLeast(_, of) => of.iter().collect(),
        Tree::Weighted { of, .. } => of.iter().map(|(_, node)| node).collect(),
        Tree::Mean(_) => return Err("a mean has no letters of its own".to_owned()),
    };
    of.into_iter().try_for_each(|node| gather(node, given, leaves))
}

fn node(tree: &Tree, leaf: &dyn Fn(&str) -> u8) -> u8 {
    let plain = |of: &[Tree]| -> Vec<(i128, u8)> { of.iter().map(|child| (1, node(child, leaf))).collect() };
    match tree {
        Tree::Check(name) => leaf(name),
        Tree::All(of) => answer(of.len() as i128, 1, &plain(of)),
        Tree::Any(of) => answer(1, 1, &plain(of)),
        Tree::AtLeast(n, of) => answer(*n, 1, &plain(of)),
        Tree::Weighted { num, den, of } => {
            let members: Vec<(i128, u8)> =
                of.iter().map(|(weight, child)| (i128::from(*weight), node(child, leaf))).collect();
            let total: i128 = members.iter().map(|(weight, _)| weight).sum();
            answer(num * total, *den, &members)
        }
        Tree::Mean(_) => b'K',
    }
}

/// `need / of_one` of the members' weight must be up. What nobody knows matters only where it can decide.
fn answer(need: i128, of_one: i128, members: &[(i128, u8)]) -> u8 {
    let weight = |letter: u8| -> i128 {
        members.iter().filter(|(_, says)| *says == letter).map(|(weight, _)| weight).sum()
    };
    let (up, unknown, maintenance) = (weight(b'U'), weight(b'K'), weight(b'M'));
    let class = |up: i128| match up {
        up if up * of_one >= need => b'U',
        up if (up + maintenance) * of_one >= need => b'M',
        _ => b'D',
    };
    if class(up) == class(up + unknown) { class(up) } else { b'K' }
}
