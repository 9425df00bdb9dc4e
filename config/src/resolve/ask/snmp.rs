//! `probe: snmp`: an agent of a device, who asks it, and what.

use super::family_of;
use crate::text::{Text, say};
use crate::yaml::probe::{Otherwise, SnmpKeys, SnmpValueKeys, SnmpVersion};
use crate::yaml::shape::{At, Report};
use crate::{
    Family, HostPort, Id, SnmpAccess, SnmpAuth, SnmpCipher, SnmpParams, SnmpPreset, SnmpPrivacy, SnmpValue,
};

/// RFC 1215 and everybody since.
pub(super) const PORT: u16 = 161;
/// RFC 3414, 5, `usmUserName`: of a user's name.
const USER_BYTES_MAX: usize = 32;

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    family: Option<At<Family>>,
    access: SnmpAccess,
    values: Vec<SnmpValue>,
    interfaces: Vec<String>,
    presets: Vec<SnmpPreset>,
    minutes_left: u32,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &SnmpKeys, report: &mut Report<'_>) -> Option<Asked> {
    let access = access(&Credentials::of(keys), report);
    let values = values(keys.values.as_deref().unwrap_or_default(), report);
    let interfaces = interfaces(keys.interfaces.as_deref().unwrap_or_default(), report);
    let presets: Vec<SnmpPreset> = keys.preset.iter().flatten().map(|key| key.value).collect();
    if let Some(key) = keys.minutes_left.as_ref().filter(|_| !presets.contains(&SnmpPreset::Ups)) {
        let message = say!(
            "`minutes_left` is about a UPS; it says nothing without `preset: ups`",
            "`minutes_left` riguarda un gruppo di continuità; senza `preset: ups` non dice niente"
        );
        report.problem(key.at, message);
        return None;
    }
    Some(Asked {
        family: keys.family.clone(),
        access: access?,
        values: values?,
        interfaces: interfaces?,
        presets,
        minutes_left: keys.minutes_left.as_ref().map_or(SnmpParams::MINUTES_LEFT, |key| key.value),
    })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<SnmpParams> {
        let address = address(target, report)?;
        Some(SnmpParams {
            family: family_of(&address.host, self.family.as_ref(), report)?,
            address,
            access: self.access.clone(),
            values: self.values.clone(),
            interfaces: self.interfaces.clone(),
            presets: self.presets.clone(),
            minutes_left: self.minutes_left,
        })
    }
}

/// A device, on port 161 unless said.
pub(super) fn address(target: &At<String>, report: &mut Report<'_>) -> Option<HostPort> {
    let address = HostPort::parse(&target.value, Some(PORT));
    if address.is_none() {
        let message = say!(
            "`{}` is not a device: a name or an address, such as `10.0.0.2` or `ups1.example:161`",
            "`{}` non è un apparato: un nome o un indirizzo, come `10.0.0.2` o `ups1.example:161`",
            target.value
        );
        report.problem(target.at, message);
    }
    address
}

/// The keys that say who asks.
pub(super) struct Credentials<'k> {
    pub(super) version: &'k At<SnmpVersion>,
    pub(super) secret: Option<&'k At<Id>>,
    pub(super) user: Option<&'k At<String>>,
    pub(super) auth: Option<&'k At<SnmpAuth>>,
    pub(super) privacy: Option<&'k At<SnmpCipher>>,
    pub(super) privacy_secret: Option<&'k At<Id>>,
    pub(super) context: Option<&'k At<String>>,
}

impl<'k> Credentials<'k> {
    fn of(keys: &'k SnmpKeys) -> Self {
        Self {
            version: &keys.version,
            secret: keys.secret.as_ref(),
            user: keys.user.as_ref(),
            auth: keys.auth.as_ref(),
            privacy: keys.privacy.as_ref(),
            privacy_secret: keys.privacy_secret.as_ref(),
            context: keys.context.as_ref(),
        }
    }
}

/// Who asks, when that is whole.
pub(super) fn access(keys: &Credentials<'_>, report: &mut Report<'_>) -> Option<SnmpAccess> {
    let Some(secret) = keys.secret else {
        let message = match keys.version.value {
            SnmpVersion::V2c => say!(
                "version 2c needs `secret: NAME`, a file of the agent that holds the community (also where it is `public`)",
                "la versione 2c richiede `secret: NOME`, un file della sonda con la community (anche se è `public`)"
            ),
            SnmpVersion::V3 => say!(
                "version 3 needs `secret: NAME`, a file of the agent that holds the passphrase; a user without one \
                 proves nothing and is not asked as",
                "la versione 3 richiede `secret: NOME`, un file della sonda con la frase segreta; un utente che non ne \
                 ha non prova niente, e non si interroga così"
            ),
        };
        report.problem(keys.version.at, message);
        return None;
    };
    match keys.version.value {
        SnmpVersion::V2c => {
            let of_v3 = [
                ("user", keys.user.map(|key| key.at)),
                ("auth", keys.auth.map(|key| key.at)),
                ("privacy", keys.privacy.map(|key| key.at)),
                ("privacy_secret", keys.privacy_secret.map(|key| key.at)),
                ("context", keys.context.map(|key| key.at)),
            ];
            if let Some((key, at)) = of_v3.into_iter().find_map(|(key, at)| at.map(|at| (key, at))) {
                let message = say!("`{key}` belongs to `version: 3`", "`{key}` è di `version: 3`");
                report.problem(at, message);
                return None;
            }
            Some(SnmpAccess::V2c { community: secret.value.clone() })
        }
        SnmpVersion::V3 => v3(keys, secret, report),
    }
}

fn v3(keys: &Credentials<'_>, secret: &At<Id>, report: &mut Report<'_>) -> Option<SnmpAccess> {
    let (Some(user), Some(auth)) = (keys.user, keys.auth) else {
        let message = say!(
            "version 3 needs `user` and `auth` (such as `sha256`): what is not authenticated can be anybody's answer",
            "la versione 3 richiede `user` e `auth` (come `sha256`): una risposta non autenticata può essere di chiunque"
        );
        report.problem(keys.version.at, message);
        return None;
    };
    if user.value.len() > USER_BYTES_MAX {
        let message = say!(
            "a user of SNMP has at most {USER_BYTES_MAX} bytes",
            "un utente SNMP ha al più {USER_BYTES_MAX} byte"
        );
        report.problem(user.at, message);
        return None;
    }
    let privacy = match (keys.privacy, keys.privacy_secret) {
        (None, None) => None,
        (Some(cipher), Some(secret)) => {
            Some(SnmpPrivacy { cipher: cipher.value, secret: secret.value.clone() })
        }
        (Some(key), None) => {
            let message = say!(
                "`privacy` needs `privacy_secret: NAME`, a file of the agent that holds its passphrase",
                "`privacy` richiede `privacy_secret: NOME`, un file della sonda con la sua frase segreta"
            );
            report.problem(key.at, message);
            return None;
        }
        (None, Some(key)) => {
            let message = say!(
                "`privacy_secret` without `privacy`: say by what messages are encrypted, such as `aes128`",
                "`privacy_secret` senza `privacy`: di' con che cosa si cifrano i messaggi, come `aes128`"
            );
            report.problem(key.at, message);
            return None;
        }
    };
    Some(SnmpAccess::V3 {
        user: user.value.clone(),
        auth: auth.value,
        secret: secret.value.clone(),
        privacy,
        context: keys.context.map(|key| key.value.clone()).unwrap_or_default(),
    })
}

fn values(keys: &[At<SnmpValueKeys>], report: &mut Report<'_>) -> Option<Vec<SnmpValue>> {
    too_many(keys, SnmpParams::VALUES_MAX, "values", report)?;
    keys.iter().map(|key| value(key, report)).collect()
}

fn value(key: &At<SnmpValueKeys>, report: &mut Report<'_>) -> Option<SnmpValue> {
    let keys = &key.value;
    let equals: Vec<String> = keys.equals.iter().flatten().map(|key| key.value.clone()).collect();
    let mistake: Option<(_, Text)> = match (&keys.warn, &keys.crit, &keys.otherwise) {
        (Some(warn), Some(crit), _) if warn.value.is_above != crit.value.is_above => Some((
            crit.at.max(warn.at),
            say!(
                "`warn` ({}) and `crit` ({}) look at different sides",
                "`warn` ({}) e `crit` ({}) guardano da parti opposte",
                warn.value,
                crit.value
            ),
        )),
        // Whatever is beyond the critical limit would have been warned of.
        (Some(warn), Some(crit), _) if !warn.value.is_beyond(crit.value.thousandths) => Some((
            crit.at.max(warn.at),
            say!(
                "`warn` ({}) never speaks before `crit` ({})",
                "`warn` ({}) non parla mai prima di `crit` ({})",
                warn.value,
                crit.value
            ),
        )),
        (_, _, Some(otherwise)) if equals.is_empty() => {
            Some((otherwise.at, say!("`otherwise` without `equals`", "`otherwise` senza `equals`")))
        }
        _ => None,
    };
    if let Some((at, message)) = mistake {
        report.problem(at, message);
        return None;
    }
    Some(SnmpValue {
        oid: keys.oid.value.clone(),
        name: keys.name.clone().unwrap_or_else(|| keys.oid.value.to_string()),
        warn: keys.warn.as_ref().map(|key| key.value),
        crit: keys.crit.as_ref().map(|key| key.value),
        equals,
        otherwise_degraded: keys.otherwise.as_ref().is_some_and(|key| key.value == Otherwise::Degraded),
    })
}

fn interfaces(keys: &[At<String>], report: &mut Report<'_>) -> Option<Vec<String>> {
    too_many(keys, SnmpParams::INTERFACES_MAX, "interfaces", report)?;
    Some(keys.iter().map(|key| key.value.clone()).collect())
}

fn too_many<T>(keys: &[At<T>], max: usize, name: &str, report: &mut Report<'_>) -> Option<()> {
    let Some(one_more) = keys.get(max) else { return Some(()) };
    let message = say!(
        "more than {max} `{name}` of one check; make it several components",
        "più di {max} `{name}` in un solo controllo; fanne più componenti"
    );
    report.problem(one_more.at, message);
    None
}
