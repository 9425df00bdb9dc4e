//! `probe: kerberos`: a key distribution centre, and how far somebody gets with it.

use super::family_of;
use crate::text::say;
use crate::yaml::probe::KerberosKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, HostPort, KerberosParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: KerberosParams,
    family: Option<At<Family>>,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &KerberosKeys, report: &mut Report<'_>) -> Option<Asked> {
    let names = [Some(&keys.realm), keys.user.as_ref(), keys.service.as_ref()];
    let mut sound = true;
    for key in names.into_iter().flatten() {
        if !is_name(&key.value) {
            let message = say!(
                "`{}` is not a name of Kerberos: up to {} letters of ASCII, no blanks and no `@`",
                "`{}` non è un nome di Kerberos: fino a {} lettere ASCII, senza spazi e senza `@`",
                key.value,
                KerberosParams::NAME_BYTES_MAX
            );
            report.problem(key.at, message);
            sound = false;
        }
    }
    if let (None, Some(secret)) = (&keys.user, &keys.secret) {
        let message = say!("`secret` is the password of a `user`", "`secret` è la password di uno `user`");
        report.problem(secret.at, message);
        sound = false;
    }
    if let (None, Some(service)) = (&keys.secret, &keys.service) {
        let message = say!(
            "a ticket for a `service` takes a `user` and a `secret`",
            "un biglietto per un `service` richiede uno `user` e un `secret`"
        );
        report.problem(service.at, message);
        sound = false;
    }
    if let Some(service) = keys.service.as_ref().filter(|key| !key.value.contains('/')) {
        let message = say!(
            "`{}` is not the name of a service, such as `HTTP/intranet.example`",
            "`{}` non è il nome di un servizio, come `HTTP/intranet.example`",
            service.value
        );
        report.problem(service.at, message);
        sound = false;
    }
    let text = |key: &Option<At<String>>| key.as_ref().map(|key| key.value.clone());
    let params = KerberosParams {
        kdc: HostPort { host: String::new(), port: KerberosParams::PORT }, // `of` puts the target's in place
        family: Family::default(),
        realm: keys.realm.value.clone(),
        transport: keys.transport.unwrap_or_default(),
        user: text(&keys.user),
        secret: keys.secret.as_ref().map(|key| key.value.clone()),
        service: text(&keys.service),
    };
    sound.then(|| Asked { params, family: keys.family.clone() })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<KerberosParams> {
        let Some(kdc) = HostPort::parse(&target.value, Some(KerberosParams::PORT)) else {
            let message = say!(
                "`{}` is not a server: a name or an address, such as `10.0.0.10` or `dc1.example:88`",
                "`{}` non è un server: un nome o un indirizzo, come `10.0.0.10` o `dc1.example:88`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        let family = family_of(&kdc.host, self.family.as_ref(), report)?;
        Some(KerberosParams { kdc, family, ..self.params.clone() })
    }
}

/// `@` would begin a realm.
fn is_name(text: &str) -> bool {
    text.len() <= KerberosParams::NAME_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@')
}
