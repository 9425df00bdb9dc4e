//! `probe: browse`: a site outside, through a proxy or not, that must be reached or must not.

use std::path::Path;

use super::{family_of, http, tls};
use crate::text::say;
use crate::yaml::probe::{BrowseKeys, InterceptionKeys, ProxyKeys};
use crate::yaml::shape::{At, Report};
use crate::{BrowseParams, Browsed, Family, Interception, ProxyParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: BrowseParams,
    family: Option<At<Family>>,
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<BrowseParams> {
        let (host, _) = http::url(target, "browse", report)?;
        let dialled = self.params.proxy.as_ref().map_or(host.as_str(), |proxy| proxy.address.host.as_str());
        let family = family_of(dialled, self.family.as_ref(), report)?;
        let is_plain = target.value.starts_with("http://");
        let is_opened = self.params.interception.as_ref().is_some_and(|interception| interception.expected);
        if is_plain && is_opened {
            let message = say!(
                "`interception` is about TLS, and `http://` has none: the check says nothing of it",
                "`interception` riguarda TLS, e `http://` non ne ha: il controllo non ne dice nulla"
            );
            report.warning(target.at, message);
        }
        Some(BrowseParams { url: target.value.clone(), family, ..self.params.clone() })
    }
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &BrowseKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let status = http::statuses(keys.status.as_deref(), report);
    let redirects = http::redirects::redirects(keys.redirects.as_ref(), report);
    let tls = tls::tls(keys.tls.as_ref(), folder, report);
    let proxy = keys.proxy.as_ref().map(|keys| proxy(keys, report));
    let interception = keys.interception.as_ref().map(|keys| interception(keys, folder, report));
    let expect = keys.expect.as_ref().map_or(Browsed::Open, |key| key.value);
    let texts = |keys: &Option<Vec<At<String>>>| -> Vec<String> {
        keys.iter().flatten().map(|key| key.value.clone()).collect()
    };
    let sound = judges_what_it_sees(keys, expect, report);
    if proxy == Some(None) || interception == Some(None) || !sound {
        return None;
    }
    let params = BrowseParams {
        url: String::new(), // `of` puts the target's in place
        proxy: proxy.flatten(),
        expect,
        block_page: texts(&keys.block_page),
        interception: interception.flatten(),
        status: status?,
        text: texts(&keys.text),
        no_text: texts(&keys.no_text),
        redirects: redirects?,
        tls: tls?,
        family: Family::default(),
    };
    Some(Asked { params, family: keys.family.clone() })
}

/// What a site says is not judged where it must not be reached at all.
fn judges_what_it_sees(keys: &BrowseKeys, expect: Browsed, report: &mut Report<'_>) -> bool {
    let of_site = [&keys.text, &keys.no_text, &keys.status].into_iter().flatten().flatten().next();
    if let (Browsed::Blocked, Some(key)) = (expect, of_site) {
        let message = say!(
            "`expect: blocked` beside what the site must say: it must say nothing; the filter's page is known by \
             `block_page`",
            "`expect: blocked` accanto a ciò che il sito deve dire: non deve dire nulla; la pagina del filtro si \
             riconosce da `block_page`"
        );
        report.problem(key.at, message);
        return false;
    }
    true
}

fn proxy(keys: &ProxyKeys, report: &mut Report<'_>) -> Option<ProxyParams> {
    let keys = &keys.0;
    if let (Some(user), None) = (&keys.user, &keys.secret) {
        let message = say!(
            "a `user` without `secret: NAME`, a file of the agent with the password",
            "`user` senza `secret: NOME`, un file della sonda con la password"
        );
        report.problem(user.at, message);
        return None;
    }
    if let Some(user) = keys.user.as_ref().filter(|user| user.value.contains(':')) {
        let message =
            say!("a user's name has no `:` (RFC 7617)", "il nome di un utente non ha `:` (RFC 7617)");
        report.problem(user.at, message);
        return None;
    }
    Some(ProxyParams {
        address: keys.address.value.clone(),
        user: keys.user.as_ref().map(|user| user.value.clone()),
        secret: keys.secret.as_ref().map(|secret| secret.value.clone()),
    })
}

fn interception(
    keys: &At<InterceptionKeys>,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<Interception> {
    let InterceptionKeys { authority, issuer, expected } = &keys.value;
    if authority.is_none() && issuer.is_none() {
        let message = say!(
            "`interception` needs the `authority` (a file beside this one) or the `issuer` by which it is known",
            "`interception` vuole l'`authority` (un file accanto a questo) o l'`issuer` da cui si riconosce"
        );
        report.problem(keys.at, message);
        return None;
    }
    let authority = match authority {
        None => None,
        Some(key) => Some(tls::authority(key, folder, report)?),
    };
    let issuer = issuer.as_ref().map(|key| key.value.clone());
    Some(Interception { authority, issuer, expected: expected.unwrap_or(true) })
}
