//! Changes of sites, services and components.

use super::{Changes, counted, listed, listed_texts, matched, part_of};
use crate::text::{Text, say};
use crate::yaml::duration::Millis;
use crate::{BurnTier, Commitment, Component, Life, Node, Quorum, Service, Site, SiteFacts};

impl Changes {
    pub(super) fn sites(&mut self, old: &[Site], new: &[Site]) {
        let (pairs, gone) = matched(old, new, |site| &site.id, |_| None);
        for gone in gone {
            self.say(say!("the site `{}` is gone", "la sede `{}` non c'è più", gone.id));
        }
        for (site, before) in new.iter().zip(pairs) {
            let (id, agents) = (&site.id, listed(&site.agents));
            let Some(before) = before else {
                self.say(
                    say!("the site `{id}` is new, with the agents {agents}", "la sede `{id}` è nuova, con le sonde {agents}"; agents),
                );
                continue;
            };
            let of = say!("of the site `{id}`", "della sede `{id}`");
            let what =
                say!("the list of agents at the site `{id}`", "l'elenco delle sonde della sede `{id}`");
            self.text(&what, &listed(&before.agents), &agents);
            let what =
                say!("the list of users at the site `{id}`", "l'elenco degli utenti della sede `{id}`");
            self.text(&what, &listed(&before.users), &listed(&site.users));
            let SiteFacts { name, power, line, vantages, note } = &site.facts;
            let before = &before.facts;
            self.facts(
                &of,
                [
                    ("name", before.name.as_ref(), name.as_ref()),
                    ("power", before.power.as_ref(), power.as_ref()),
                    ("line", before.line.as_ref(), line.as_ref()),
                    ("note", before.note.as_ref(), note.as_ref()),
                ],
            );
            self.facts(&of, [("vantages", before.vantages, *vantages)]);
        }
    }

    pub(super) fn services(&mut self, old: &[Service], new: &[Service]) {
        let (pairs, gone) = matched(old, new, |service| &service.id, |service| service.was.as_ref());
        for gone in gone {
            let checks = counted(gone.checks().count());
            self.say(
                say!("the service `{}` is gone, with {checks}", "il servizio `{}` non c'è più, con {checks}", gone.id; checks),
            );
        }
        for (service, before) in new.iter().zip(pairs) {
            let id = &service.id;
            if let Some(before) = before {
                if before.id != *id {
                    self.say(say!(
                        "the service `{id}` continues what was `{}`",
                        "il servizio `{id}` continua quello che era `{}`",
                        before.id
                    ));
                }
                self.service(before, service);
            } else {
                let checks = counted(service.checks().count());
                self.say(
                    say!("the service `{id}` is new, with {checks}", "il servizio `{id}` è nuovo, con {checks}"; checks),
                );
            }
        }
    }

    fn service(&mut self, old: &Service, new: &Service) {
        // Every field is told, or is the name of what is told: a new one does not compile until it is.
        let Service { id, row, name, users, commitments, components, burn, figure, about, was: _ } = new;
        let of = say!("of the service `{id}`", "del servizio `{id}`");
        self.value(&part_of(say!("the name", "il nome"), &of), &old.name, name);
        self.optional(&part_of(say!("the row", "la riga"), &of), old.row.as_ref(), row.as_ref());
        let what = part_of(say!("the list of users", "l'elenco degli utenti"), &of);
        self.text(&what, &listed(&old.users), &listed(users));
        let promises = |promises: &[Commitment]| listed_texts(promises.iter().map(Commitment::text));
        let what = part_of(say!("the commitment", "l'impegno"), &of);
        self.text(&what, &promises(&old.commitments), &promises(commitments));
        self.text(&super::key_of("burn", &of), &tiers(&old.burn), &tiers(burn));
        let what = part_of(say!("the figure", "la cifra"), &of);
        self.text(&what, &old.figure.text(), &figure.text());
        self.about(&of, &old.about, about);
        self.components(id.as_str(), &old.components, components);
    }

    fn components(&mut self, parent: &str, old: &[Component], new: &[Component]) {
        let (pairs, gone) = matched(old, new, |component| &component.id, |part| part.life.was.as_ref());
        for gone in gone {
            let (id, checks) = (&gone.id, counted(gone.checks().count()));
            self.say(say!(
                "the component `{parent}.{id}` is gone, with {checks}",
                "il componente `{parent}.{id}` non c'è più, con {checks}"; checks
            ));
        }
        for (component, before) in new.iter().zip(pairs) {
            let path = format!("{parent}.{}", component.id);
            if let Some(before) = before {
                if before.id != component.id {
                    self.say(say!(
                        "the component `{path}` continues what was `{}`",
                        "il componente `{path}` continua quello che era `{}`",
                        before.id
                    ));
                }
                self.component(&path, before, component);
            } else {
                let checks = counted(component.checks().count());
                self.say(say!(
                    "the component `{path}` is new, with {checks}",
                    "il componente `{path}` è nuovo, con {checks}"; checks
                ));
            }
        }
    }

    fn component(&mut self, path: &str, old: &Component, new: &Component) {
        let Component { id: _, name, publish, node, about, life, needs, weight } = new;
        let of = say!("of the component `{path}`", "del componente `{path}`");
        self.value(&part_of(say!("the name", "il nome"), &of), &old.name, name);
        match (old.publish, publish) {
            (false, true) => self.say(say!(
                "the component `{path}` is now shown to the public",
                "il componente `{path}` adesso si mostra al pubblico"
            )),
            (true, false) => self.say(say!(
                "the component `{path}` is no longer shown to the public",
                "il componente `{path}` non si mostra più al pubblico"
            )),
            _ => {}
        }
        self.about(&of, &old.about, about);
        let Life { since, until, measured_from, was: _ } = life;
        self.facts(
            &of,
            [
                ("since", old.life.since, *since),
                ("until", old.life.until, *until),
                ("measured_from", old.life.measured_from, *measured_from),
            ],
        );
        self.text(&super::key_of("needs", &of), &listed(&old.needs), &listed(needs));
        self.facts(&of, [("weight", old.weight, *weight)]);
        match (&old.node, node) {
            (Node::Part(before), Node::Part(part)) => self.part(path, before, part),
            (Node::Part(_), _) => self.say(say!(
                "the component `{path}` is now made of parts",
                "il componente `{path}` adesso è fatto di parti"
            )),
            (_, Node::Part(_)) => self.say(say!(
                "the component `{path}` is no longer made of parts",
                "il componente `{path}` non è più fatto di parti"
            )),
            (before, parts) => {
                self.value(&super::key_of("up_if", &of), &quorum(before), &quorum(parts));
                self.components(path, before.parts(), parts.parts());
            }
        }
    }
}

fn tiers(burn: &[BurnTier]) -> Text {
    if burn.is_empty() {
        return say!("as usual", "quello consueto");
    }
    listed(burn.iter().map(|BurnTier { part, window_ms, short_ms, severity }| {
        format!("{part}/{}/{} {}", Millis(*window_ms), Millis(*short_ms), severity.name())
    }))
}

/// How many parts must be up.
fn quorum(node: &Node) -> Quorum {
    match node {
        Node::Some { up_if, .. } => *up_if,
        Node::All(_) | Node::Part(_) => Quorum::All,
    }
}
