//! What a scope names in the charter: everything, a site, or a dotted name; else the names it may have meant.

use collector_derive::Scope;
use config::{Charter, Component, Node};

use super::{Refusal, say};
use crate::operator::Said;

/// Names are offered, not listed: a large charter has hundreds.
const OFFERED: usize = 4;

/// Of one entry; each is looked for among all names.
const SCOPES_MAX: usize = 64;

/// Reads scopes and finds them in the charter; each once, in the order written.
pub(super) fn scopes(texts: &[String], charter: &Charter) -> Result<Vec<Scope>, Refusal> {
    if texts.is_empty() {
        return Err(Refusal(say!(
            "name what it is about: a service, a component, a check, `site:NAME`, or `*` for everything",
            "indica che cosa riguarda: un servizio, un componente, un controllo, `site:NOME`, oppure `*` per tutto"
        )));
    }
    if texts.len() > SCOPES_MAX {
        return Err(Refusal(say!(
            "more than {SCOPES_MAX} scopes in one entry; name what they are part of",
            "più di {SCOPES_MAX} ambiti in una sola voce; indica ciò di cui fanno parte"
        )));
    }
    let mut scopes = Vec::with_capacity(texts.len());
    for text in texts {
        let scope = scope(text, charter)?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

fn scope(text: &str, charter: &Charter) -> Result<Scope, Refusal> {
    let unknown = |near: Vec<String>| {
        let near = near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        Refusal(say!(
            "the charter in force has no `{text}`; nearest: {near}",
            "la Carta in vigore non ha `{text}`; i più vicini: {near}"
        ))
    };
    match Scope::parse(text) {
        Some(Scope::All) => Ok(Scope::All),
        Some(Scope::Site(site)) if charter.site(&site).is_some() => Ok(Scope::Site(site)),
        Some(Scope::Path(path)) if names(charter).contains(&path) => Ok(Scope::Path(path)),
        _ => match text.strip_prefix("site:") {
            Some(site) => Err(unknown(near(site, &sites(charter), |name| format!("site:{name}")))),
            None => Err(unknown(near(text, &names(charter), ToOwned::to_owned))),
        },
    }
}

/// The titles of what scopes name, for users: `Gestione data center`, `Gestione data center: DNS`. Targets, and
/// components that are not for the public, are not named: the notice then speaks of what they are part of.
pub(super) fn titles(scopes: &[Scope], charter: &Charter) -> Vec<Said> {
    let mut titles: Vec<Said> = Vec::new();
    let mut add = |title: Said| {
        if !titles.contains(&title) {
            titles.push(title);
        }
    };
    for scope in scopes {
        match scope {
            Scope::All => charter.services.iter().for_each(|service| add(same(&service.name))),
            Scope::Site(id) => {
                let named = charter.site(id).and_then(|site| site.facts.name.clone());
                let name = named.unwrap_or_else(|| id.to_string());
                add(say!("all services at {name}", "tutti i servizi della sede {name}"));
            }
            Scope::Path(path) => add(same(&title(path, charter))),
        }
    }
    titles
}

fn title(path: &str, charter: &Charter) -> String {
    let mut names = path.split('.');
    let Some(service) = names.next().and_then(|name| charter.service(name)) else { return path.to_owned() };
    let (mut titles, mut beneath) = (Vec::new(), service.components.as_slice());
    for name in names {
        let found = beneath.iter().find(|component| component.id.as_str() == name);
        let Some(component) = found.filter(|component| component.publish) else { break };
        titles.push(component.name.as_str());
        beneath = match &component.node {
            Node::All(parts) | Node::Some { parts, .. } => parts,
            Node::Part(_) => &[],
        };
    }
    if titles.is_empty() { service.name.clone() } else { format!("{}: {}", service.name, titles.join(", ")) }
}

fn same(text: &str) -> Said {
    Said { en: text.to_owned(), it: text.to_owned() }
}

/// Every name a path may be: services, components, parts, checks.
fn names(charter: &Charter) -> Vec<String> {
    let mut names = Vec::new();
    for service in &charter.services {
        names.push(service.id.to_string());
        for component in &service.components {
            add(service.id.as_str(), component, &mut names);
        }
    }
    names
}

fn add(above: &str, component: &Component, names: &mut Vec<String>) {
    let path = format!("{above}.{}", component.id);
    match &component.node {
        Node::All(parts) | Node::Some { parts, .. } => {
            names.push(path.clone());
            for part in parts {
                add(&path, part, names);
            }
        }
        Node::Part(part) => {
            names.push(path);
            names.extend(part.checks.iter().map(|check| check.id.to_string()));
        }
    }
}

fn sites(charter: &Charter) -> Vec<String> {
    charter.sites.iter().map(|site| site.id.to_string()).collect()
}

/// First the names that end as the word does (`dns` of `data_center.dns`), then those most like it.
fn near(word: &str, known: &[String], shown: impl Fn(&String) -> String) -> Vec<String> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let ends = known.iter().filter(|name| last(name) == last(word));
    let known_str: Vec<&str> = known.iter().map(String::as_str).collect();
    let alike = config::nearest_names(word, &known_str, OFFERED).into_iter().map(ToOwned::to_owned);
    let mut near: Vec<String> = Vec::new();
    for name in ends.cloned().chain(alike) {
        if near.len() < OFFERED && !near.contains(&name) {
            near.push(name);
        }
    }
    near.iter().map(shown).collect()
}
