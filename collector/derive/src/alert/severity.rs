//! How urgent an incident is, by what the charter says of its root: what a mail's subject begins with.

use config::{Charter, CheckId, Severity};

use super::causes::{Watcher, watcher};
use super::{Root, Telling};

/// Of an incident about `root`; that of a row where the charter no longer knows it.
pub fn severity(charter: &Charter, root: &Root) -> Severity {
    match root {
        Root::Engine => Severity::Page,
        Root::Row(service) | Root::NoData(service) => of(charter, service.as_str()),
        Root::Part(path) => of(charter, path),
        Root::Line(line) => {
            watched(charter, line).first().map_or(Severity::Page, |check| of(charter, check.as_str()))
        }
    }
}

/// The checks that watch a line; none where nothing does.
pub fn watched(charter: &Charter, line: &str) -> Vec<CheckId> {
    match watcher(charter, line) {
        None => Vec::new(),
        Some(Watcher::Check(check)) => vec![check.id.clone()],
        Some(Watcher::Component(_, component)) => component.checks().map(|check| check.id.clone()).collect(),
    }
}

/// Of the innermost part on the way to `path` that says so.
fn of(charter: &Charter, path: &str) -> Severity {
    let mut telling = Telling::usual();
    let mut names = path.split('.');
    let Some(service) = names.next().and_then(|name| charter.service(name)) else { return telling.severity };
    telling = telling.or(&service.about);
    let mut parts = service.components.as_slice();
    for name in names {
        let Some(part) = parts.iter().find(|part| part.id.as_str() == name) else { break };
        telling = telling.or(&part.about);
        parts = part.node.parts();
    }
    telling.severity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::year::tests::charter;

    #[test]
    fn the_innermost_that_says_so_decides() {
        let mut charter = charter();
        charter.services[0].components[1].about.severity = Some(Severity::Ticket);
        let id = |name: &str| config::Id::new(name).unwrap();
        for (root, wanted) in [
            (Root::Engine, Severity::Page),
            (Root::Row(id("web")), Severity::Page),
            (Root::NoData(id("web")), Severity::Page),
            (Root::Part("web.front".to_owned()), Severity::Page),
            (Root::Part("web.back".to_owned()), Severity::Ticket),
            (Root::Part("gone.back".to_owned()), Severity::Page),
            (Root::Line("c".to_owned()), Severity::Ticket),
            (Root::Line("nobody".to_owned()), Severity::Page),
        ] {
            assert_eq!(severity(&charter, &root), wanted, "{root}");
        }
        charter.services[0].about.severity = Some(Severity::Ticket);
        assert_eq!(severity(&charter, &Root::Part("web.front".to_owned())), Severity::Ticket);
    }
}
