//! What the probes of mail have in common: a server, when TLS begins there, and who logs in.

use std::path::Path;

use super::tls;
use crate::text::say;
use crate::yaml::probe::{LoginKeys, OauthKeys, SubmitKeys, TlsKeys};
use crate::yaml::shape::{At, Report};
use crate::{HostPort, MailLogin, MailMethod, MailMode, MailOauth, MailServer, TlsParams};

/// Unless said (RFC 6409, 3.1).
const SUBMISSION_PORT: u16 = 587;

/// A server without its address.
#[derive(Debug, Clone)]
pub(super) struct Spoken {
    mode: Option<At<MailMode>>,
    tls: TlsParams,
    has_tls_keys: bool,
    login: Option<MailLogin>,
    /// The port where the target gives none.
    port: u16,
}

/// Judges how a server is spoken to. `None` after a problem.
pub(super) fn spoken(
    mode: Option<&At<MailMode>>,
    login: Option<&At<LoginKeys>>,
    tls: Option<&TlsKeys>,
    port: u16,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<Spoken> {
    let has_tls_keys = tls.is_some();
    let tls = tls::tls(tls, folder, report);
    let login = login.map(|keys| self::login(&keys.value, report));
    if login == Some(None) {
        return None;
    }
    Some(Spoken { mode: mode.cloned(), tls: tls?, has_tls_keys, login: login.flatten(), port })
}

/// Where messages are handed in. `None` after a problem.
pub(in crate::resolve) fn submission(
    keys: &SubmitKeys,
    folder: Option<&Path>,
    report: &mut Report<'_>,
) -> Option<MailServer> {
    let SubmitKeys { server, mode, login, tls } = keys;
    spoken(mode.as_ref(), login.as_ref(), tls.as_ref(), SUBMISSION_PORT, folder, report)?.at(server, report)
}

impl Spoken {
    pub(super) const fn has_login(&self) -> bool {
        self.login.is_some()
    }

    pub(super) const fn login(&self) -> Option<&MailLogin> {
        self.login.as_ref()
    }

    /// When TLS begins at this address.
    pub(super) fn mode_at(&self, address: &HostPort) -> MailMode {
        self.mode.as_ref().map_or_else(|| MailMode::of_port(address.port), |mode| mode.value)
    }

    /// With its address. `None` after a problem.
    pub(super) fn at(&self, target: &At<String>, report: &mut Report<'_>) -> Option<MailServer> {
        let Some(address) = HostPort::parse(&target.value, Some(self.port)) else {
            let message = say!(
                "`{}` is not a mail server: a name or an address, and perhaps a port, such as `mx.example:{}`",
                "`{}` non è un server di posta: un nome o un indirizzo, ed eventualmente una porta, come `mx.example:{}`",
                target.value,
                self.port
            );
            report.problem(target.at, message);
            return None;
        };
        let mode = self.mode_at(&address);
        if let (MailMode::Plain, Some(key)) = (mode, &self.mode) {
            if self.has_tls_keys {
                let message = say!(
                    "`tls` beside `mode: plain`: no TLS is spoken there",
                    "`tls` accanto a `mode: plain`: lì non si parla TLS"
                );
                report.problem(key.at, message);
                return None;
            }
            if self.login.is_some() {
                let message = say!(
                    "the secret goes over the network in clear: `mode: plain` hides nothing",
                    "il segreto passa in chiaro sulla rete: `mode: plain` non nasconde nulla"
                );
                report.warning(key.at, message);
            }
        }
        Some(MailServer { address, mode, tls: self.tls.clone(), login: self.login.clone() })
    }
}

/// A secret, or an application that gets a token with one.
fn login(keys: &LoginKeys, report: &mut Report<'_>) -> Option<MailLogin> {
    let user = text(&keys.user, MailLogin::USER_BYTES_MAX, report)?;
    match (&keys.secret, &keys.oauth) {
        (Some(secret), None) => {
            let method = keys.method.as_ref().map(|key| key.value).unwrap_or_default();
            Some(MailLogin { user, secret: secret.value.clone(), method, oauth: None })
        }
        (None, Some(oauth)) => {
            if let Some(key) = keys.method.as_ref().filter(|key| key.value != MailMethod::Xoauth2) {
                let message = say!(
                    "`oauth` gives a token, and a token is said by `method: xoauth2`; leave `method` out",
                    "`oauth` dà un token, e un token si dice con `method: xoauth2`; togli `method`"
                );
                report.problem(key.at, message);
                return None;
            }
            let method = MailMethod::Xoauth2;
            let secret = oauth.value.secret.value.clone();
            Some(MailLogin { user, secret, method, oauth: Some(self::oauth(&oauth.value, report)?) })
        }
        _ => {
            let message = say!(
                "`login` has either `secret: NAME`, a file of the agent, or `oauth` with its own `secret`",
                "`login` ha o `secret: NOME`, un file della sonda, o `oauth` con il suo `secret`"
            );
            report.problem(keys.user.at, message);
            None
        }
    }
}

fn oauth(keys: &OauthKeys, report: &mut Report<'_>) -> Option<MailOauth> {
    let url = &keys.token_url;
    let rest = url.value.strip_prefix("https://").or_else(|| url.value.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let sound = host.is_some_and(|host| HostPort::parse(host, Some(443)).is_some())
        && url.value.bytes().all(|byte| byte.is_ascii_graphic());
    if !sound {
        let message = say!(
            "`token_url` is not a URL such as `https://login.example/oauth2/v2.0/token`",
            "`token_url` non è un URL come `https://login.example/oauth2/v2.0/token`"
        );
        report.problem(url.at, message);
        return None;
    }
    if url.value.starts_with("http://") {
        let message = say!(
            "the secret goes over the network in clear: `http://` hides nothing",
            "il segreto passa in chiaro sulla rete: `http://` non nasconde nulla"
        );
        report.warning(url.at, message);
    }
    let client_id = text(&keys.client_id, MailLogin::USER_BYTES_MAX, report)?;
    let scope = text(&keys.scope, MailLogin::USER_BYTES_MAX, report)?;
    Some(MailOauth { token_url: url.value.clone(), client_id, scope })
}

/// A text that goes over the wire within a line: nothing in it may end the line.
pub(super) fn text(key: &At<String>, bytes_max: usize, report: &mut Report<'_>) -> Option<String> {
    let sound = key.value.len() <= bytes_max && key.value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !sound {
        let message = say!(
            "only printable ASCII, at most {bytes_max} signs, is said to a mail server here",
            "qui a un server di posta si dice solo ASCII stampabile, al più {bytes_max} segni"
        );
        report.problem(key.at, message);
        return None;
    }
    Some(key.value.clone())
}

/// An address of mail (RFC 5321, 4.1.2), the usual ones: no quotes, no comments.
pub(in crate::resolve) fn mail_address(key: &At<String>, report: &mut Report<'_>) -> Option<String> {
    let is_sign = |byte: u8| byte.is_ascii_graphic() && !b"<>()[]\\,;:\"@".contains(&byte);
    let sound = key.value.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && key.value.len() <= 254
            && local.bytes().all(is_sign)
            && HostPort::parse(domain, Some(25))
                .is_some_and(|host| host.host == domain && !domain.contains(':'))
    });
    if !sound {
        let message = say!(
            "`{}` is not an address of mail such as `sonda@comune.example`",
            "`{}` non è un indirizzo di posta come `sonda@comune.example`",
            key.value
        );
        report.problem(key.at, message);
        return None;
    }
    Some(key.value.clone())
}
