//! `probe: radius`: a server's state, or the login of one user.

use super::family_of;
use crate::text::say;
use crate::yaml::probe::RadiusKeys;
use crate::yaml::shape::{At, Report};
use crate::{Family, HostPort, RadiusLogin, RadiusParams};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    params: RadiusParams,
    family: Option<At<Family>>,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &RadiusKeys, report: &mut Report<'_>) -> Option<Asked> {
    let texts = [&keys.user, &keys.nas_identifier, &keys.calling_station, &keys.called_station];
    let mut sound = is_login_whole(keys, report);
    for key in texts.into_iter().flatten() {
        if key.value.len() > RadiusParams::TEXT_BYTES_MAX {
            let message = say!(
                "{} bytes; an attribute of RADIUS has at most {}",
                "{} byte; un attributo RADIUS ne ha al più {}",
                key.value.len(),
                RadiusParams::TEXT_BYTES_MAX
            );
            report.problem(key.at, message);
            sound = false;
        }
    }
    let login = keys.user.as_ref().zip(keys.user_secret.as_ref()).map(|(user, secret)| RadiusLogin {
        user: user.value.clone(),
        secret: secret.value.clone(),
        expect: keys.expect.as_ref().map(|key| key.value).unwrap_or_default(),
    });
    let text = |key: &Option<At<String>>| key.as_ref().map(|key| key.value.clone());
    let params = RadiusParams {
        server: HostPort { host: String::new(), port: RadiusParams::PORT }, // `of` puts the target's in place
        family: Family::default(),
        secret: keys.secret.value.clone(),
        login,
        nas_identifier: text(&keys.nas_identifier).unwrap_or_else(|| RadiusParams::NAS_IDENTIFIER.to_owned()),
        calling_station: text(&keys.calling_station),
        called_station: text(&keys.called_station),
    };
    sound.then(|| Asked { params, family: keys.family.clone() })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<RadiusParams> {
        let Some(server) = HostPort::parse(&target.value, Some(RadiusParams::PORT)) else {
            let message = say!(
                "`{}` is not a server: a name or an address, such as `10.0.0.12` or `radius1.example:1812`",
                "`{}` non è un server: un nome o un indirizzo, come `10.0.0.12` o `radius1.example:1812`",
                target.value
            );
            report.problem(target.at, message);
            return None;
        };
        let family = family_of(&server.host, self.family.as_ref(), report)?;
        Some(RadiusParams { server, family, ..self.params.clone() })
    }
}

/// `user` and `user_secret` go together; the rest is about them.
fn is_login_whole(keys: &RadiusKeys, report: &mut Report<'_>) -> bool {
    let (user, secret) = (keys.user.as_ref().map(|key| key.at), keys.user_secret.as_ref().map(|key| key.at));
    match (user, secret) {
        (Some(_), Some(_)) => true,
        (None, None) => {
            let expect = keys.expect.as_ref().map(|key| key.at);
            let stations = [&keys.calling_station, &keys.called_station].into_iter().flatten();
            let Some(at) = stations.map(|key| key.at).chain(expect).min() else { return true };
            let message = say!(
                "this is about a login, and without `user` and `user_secret` nobody logs in",
                "questo riguarda un accesso, e senza `user` e `user_secret` nessuno accede"
            );
            report.problem(at, message);
            false
        }
        (Some(at), None) | (None, Some(at)) => {
            let message = say!(
                "`user` and `user_secret: NAME` go together; the name is that of a file of the agent with the password",
                "`user` e `user_secret: NOME` vanno insieme; il nome è quello di un file della sonda con la password"
            );
            report.problem(at, message);
            false
        }
    }
}
