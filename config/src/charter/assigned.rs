//! What each agent runs.

use jiff::civil::Date;

use crate::{AgentId, Charter, Check, CheckSpec, Component, Node, SiteId};

impl Charter {
    /// What `agent` runs on a civil day: each check of which one of its sites is asked, but for what is gone for
    /// good (`until`). What is yet to come is asked already: that it answers is known before it counts.
    pub fn assigned_to(&self, agent: &AgentId, today: Date) -> Vec<CheckSpec> {
        let here = |site: &SiteId| self.site(site).is_some_and(|site| site.agents.contains(agent));
        let mut checks = Vec::new();
        for service in &self.services {
            remaining(&service.components, today, &mut checks);
        }
        checks.into_iter().filter(|check| check.from.iter().any(here)).map(Check::spec).collect()
    }
}

/// The checks of what is not gone, in the file's order.
fn remaining<'c>(components: &'c [Component], today: Date, checks: &mut Vec<&'c Check>) {
    let is_gone = |until: Option<Date>| until.is_some_and(|until| until < today);
    for component in components.iter().filter(|component| !is_gone(component.life.until)) {
        match &component.node {
            Node::Part(part) => {
                checks.extend(part.checks.iter().filter(|check| !is_gone(check.facts.until)));
            }
            Node::All(parts) | Node::Some { parts, .. } => remaining(parts, today, checks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn what_is_gone_is_asked_no_longer() {
        let text = "organisation: {name: X}\nsites: {a: {agents: [a1]}, b: {agents: [b1]}}\nservices:\n  s:\n    components:\n      \
                    c: {probe: tcp, targets: {t: {address: \"h:1\", until: 2027-03-31}, u: {address: \"h:2\", since: 2028-01-01}}}\n      \
                    d: {until: 2027-06-30, parts: {p: {probe: tcp, targets: {t: \"h:3\"}, from: [a]}}}\n";
        let charter = parse(text, "f").unwrap().vedetta.charter;
        for (agent, day, expected) in [
            ("a1", "2027-03-31", "s.c.t s.c.u s.d.p.t"),
            ("a1", "2027-04-01", "s.c.u s.d.p.t"),
            ("a1", "2027-07-01", "s.c.u"),
            ("b1", "2027-03-31", "s.c.t s.c.u"),
        ] {
            let specs = charter.assigned_to(&AgentId::new(agent).unwrap(), day.parse().unwrap());
            let ids: Vec<&str> = specs.iter().map(|spec| spec.id.as_str()).collect();
            assert_eq!(ids.join(" "), expected, "{agent} on {day}");
        }
    }
}
