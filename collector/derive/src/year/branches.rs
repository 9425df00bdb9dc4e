//! Of what a service is made, and from where it is seen: figures of components and sites.

use super::means::Found;
use super::read::{Line, Reader};
use super::{CheckFigure, ComponentFigure, SiteFigure};
use crate::Now;
use crate::judge::{Judged, JudgedService, SiteTree, Tree};
use crate::tree::Branch;
use crate::views::View;

impl Reader<'_> {
    pub(super) fn components(
        &self,
        service: &JudgedService<'_>,
        checks: &[CheckFigure],
        whole: &Line,
        net: bool,
    ) -> Vec<ComponentFigure> {
        let tree = service.tree.get(View::Own);
        let component = |branch: &Branch| {
            let join = |view| {
                self.join(|era| {
                    let branches = &era.same(service)?.tree.get(view).branches;
                    branches.iter().find(|other| other.path == branch.path).map(|branch| &branch.timeline)
                })
            };
            let from_ms = self.eras.last().map_or(self.measured_from_ms, |listed| {
                self.counts_from(listed, &format!("{}.{}", service.id, branch.path))
            });
            let Line { timeline, figure, spans } = self.line(join(View::Own), from_ms, Some(whole));
            let net = net.then(|| self.figure(&join(View::Net), from_ms));
            ComponentFigure {
                path: branch.path.clone(),
                checks: branch.checks.clone(),
                figure,
                net: net.filter(|net| *net != figure),
                timeline: spans,
                now: self.now(&timeline, &checks[branch.checks.clone()]),
            }
        };
        tree.branches.iter().map(component).collect()
    }

    pub(super) fn sites(
        &self,
        service: &JudgedService<'_>,
        checks: &[CheckFigure],
        whole: &Line,
        net: bool,
    ) -> Vec<SiteFigure> {
        let measured = [(self.measured_from_ms.min(self.period.end_ms()), self.period.end_ms())];
        let figure = |place: usize, view: View, line: &Line| {
            let tree =
                |era: &'_ Judged<'_>| era.same(service).is_some_and(|s| is_mean_of(s.tree.get(view), place));
            if !self.eras.iter().any(tree) {
                return line.figure;
            }
            let site = service.tree.get(View::Own).sites[place].site;
            let means = self.means(service, &measured, |era| {
                let sites = era.same(service).map(|service| &service.tree.get(view).sites);
                let here = sites.and_then(|sites| sites.iter().find(|other| other.site == site));
                Found::of(here.map(|here| (here.members.as_deref(), &here.timeline)))
            });
            means.figure()
        };
        let site = |(place, here): (usize, &SiteTree<'_>)| {
            let site = here.site;
            let join = |view| {
                self.join(|era| {
                    let sites = &era.same(service)?.tree.get(view).sites;
                    sites.iter().find(|other| other.site == site).map(|here| &here.timeline)
                })
            };
            let line = self.line(join(View::Own), self.measured_from_ms, Some(whole));
            let own = figure(place, View::Own, &line);
            let net = net
                .then(|| figure(place, View::Net, &self.line(join(View::Net), self.measured_from_ms, None)));
            let seen = checks[service.checks.clone()].iter().flat_map(|check| &check.vantages);
            let seen: Vec<_> = seen.filter(|vantage| vantage.site == *site).collect();
            let members = seen.iter().map(|vantage| &vantage.now);
            let now = Now::of(&line.timeline, self.period.start_ms(), seen.iter().copied(), members);
            let net = net.filter(|net| *net != own);
            SiteFigure { site: site.clone(), figure: own, net, timeline: line.spans, now }
        };
        service.tree.get(View::Own).sites.iter().enumerate().map(site).collect()
    }
}

fn is_mean_of(tree: &Tree<'_>, site: usize) -> bool {
    tree.sites.get(site).is_some_and(|site| site.members.is_some())
}
