//! What a file means, by example. Mistakes are in `invalid/`.

mod probes;
mod tree;
mod rules;
mod promises;
mod mistakes;
mod alerting;

use crate::{Charter, Check, Loaded, parse};

const SITES: &str = "
organisation: {name: Comune di Esempio}
sites:
  ced:        {agents: [ced1, ced2], users: [uffici]}
  biblioteca: {agents: [bib1], users: [uffici]}
  pascoli:    {agents: [pas1], users: [scuole]}
  fuori:      {agents: [vps1], users: [cittadini]}
";

#[track_caller]
fn loaded(text: &str) -> Loaded {
    parse(text, "vedetta.yaml").unwrap_or_else(|error| panic!("{error}"))
}

/// The charter with one service `s` for the offices, of the given components.
#[track_caller]
fn charter(components: &str) -> Charter {
    let services = format!("services: {{s: {{users: [uffici], components: {{{components}}}}}}}");
    loaded(&format!("{SITES}{services}")).vedetta.charter
}

#[track_caller]
fn only(components: &str) -> Check {
    let charter = charter(components);
    let mut checks = charter.checks();
    match (checks.next(), checks.next()) {
        (Some(check), None) => check.clone(),
        _ => panic!("not one check: {components}"),
    }
}

fn from(check: &Check) -> Vec<&str> {
    check.from.iter().map(crate::Id::as_str).collect()
}
