//! `probe: ldap`: a bind, a search, and what the root entry says.

use std::path::Path;

use super::{family_of, tls};
use crate::text::say;
use crate::yaml::probe::LdapKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, HostPort, LdapBind, LdapParams, LdapSearch, LdapSecurity, TlsParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: LdapParams,
    family: Option<At<Family>>,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &LdapKeys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let security = keys.security.as_ref().map(|key| key.value).unwrap_or_default();
    let mut sound = is_bind_whole(keys, report) & is_search_whole(keys, report);
    if let Some(tls) = keys.tls.as_ref().filter(|_| security == LdapSecurity::Plain) {
        let message = say!("`security: plain` has no `tls`", "con `security: plain` non c'è `tls`");
        report.problem(tls.at, message);
        sound = false;
    }
    let tls = match &keys.tls {
        None => Some(TlsParams::default()),
        Some(keys) => tls::tls(Some(&keys.value), folder, report),
    };
    if let Some(secret) = keys.secret.as_ref().filter(|_| sound && security == LdapSecurity::Plain) {
        let message = say!(
            "the secret goes over the network in clear: `security: plain` hides nothing",
            "il segreto passa in chiaro sulla rete: `security: plain` non nasconde nulla"
        );
        report.warning(secret.at, message);
    }
    let bind = keys.user.as_ref().zip(keys.secret.as_ref());
    let search = keys.base.as_ref().map(|base| LdapSearch {
        base: base.value.clone(),
        scope: keys.scope.as_ref().map(|key| key.value).unwrap_or_default(),
        filter: keys.filter.as_ref().map(|key| key.value.clone()).unwrap_or_default(),
        min_entries: keys.min_entries.as_ref().map_or(1, |key| key.value),
    });
    let params = LdapParams {
        server: HostPort { host: String::new(), port: security.port() }, // `of` puts the target's in place
        family: Family::default(),
        security,
        tls: tls?,
        bind: bind.map(|(user, secret)| LdapBind { user: user.value.clone(), secret: secret.value.clone() }),
        search,
        require: keys.require.clone().unwrap_or_default(),
    };
    sound.then(|| Asked { params, family: keys.family.clone() })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<LdapParams> {
        let Some(server) = HostPort::parse(&target.value, Some(self.params.security.port())) else {
            let message = say!(
                "`{}` is not a server: a name or an address, such as `dc1.example` or `10.0.0.10:636`",
                "`{}` non è un server: un nome o un indirizzo, come `dc1.example` o `10.0.0.10:636`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        let family = family_of(&server.host, self.family.as_ref(), report)?;
        Some(LdapParams { server, family, ..self.params.clone() })
    }
}

/// `user` and `secret` go together: with an empty password, a directory says yes to anybody (RFC 4513, 5.1.2).
fn is_bind_whole(keys: &LdapKeys, report: &mut Report<'_>) -> bool {
    let (user, secret) = (keys.user.as_ref().map(|key| key.at), keys.secret.as_ref().map(|key| key.at));
    if let (Some(at), None) | (None, Some(at)) = (user, secret) {
        let message = say!(
            "`user` and `secret: NAME` go together; the name is that of a file of the agent with the password",
            "`user` e `secret: NOME` vanno insieme; il nome è quello di un file della sonda con la password"
        );
        report.problem(at, message);
        return false;
    }
    is_short(keys.user.as_ref(), report)
}

/// What is about a search needs a `base`.
fn is_search_whole(keys: &LdapKeys, report: &mut Report<'_>) -> bool {
    let about = [
        keys.scope.as_ref().map(|key| key.at),
        keys.filter.as_ref().map(|key| key.at),
        keys.min_entries.as_ref().map(|key| key.at),
    ];
    if let (None, Some(at)) = (&keys.base, about.into_iter().flatten().min()) {
        let message = say!(
            "this is about a search, and without `base` only the root entry is read",
            "questo riguarda una ricerca, e senza `base` si legge solo la voce radice"
        );
        report.problem(at, message);
        return false;
    }
    let max = LdapParams::MIN_ENTRIES_MAX;
    if let Some(key) = keys.min_entries.as_ref().filter(|key| !(1..=max).contains(&key.value)) {
        let message = say!(
            "`min_entries` is {}; it must be from 1 to {max}",
            "`min_entries` è {}; va da 1 a {max}",
            key.value
        );
        report.problem(key.at, message);
        return false;
    }
    is_short(keys.base.as_ref(), report)
}

fn is_short(name: Option<&At<String>>, report: &mut Report<'_>) -> bool {
    let Some(name) = name.filter(|name| name.value.len() > LdapParams::NAME_BYTES_MAX) else { return true };
    let message = say!(
        "{} bytes; a name of a directory has at most {} here",
        "{} byte; un nome di una directory ne ha qui al più {}",
        name.value.len(),
        LdapParams::NAME_BYTES_MAX
    );
    report.problem(name.at, message);
    false
}
