//! `probe: pop3`: a server, and who opens a mailbox there.

use std::path::Path;

use super::{family_of, mail};
use crate::yaml::probe::Pop3Keys;
use crate::yaml::shape::{At, Report};
use crate::{Family, Pop3Params};

/// The question without its target.
#[derive(Debug)]
pub(in crate::resolve) struct Asked {
    spoken: mail::Spoken,
    family: Option<At<Family>>,
}

/// Judges the parameters. `None` after a problem.
pub(super) fn asked(keys: &Pop3Keys, folder: Option<&Path>, report: &mut Report<'_>) -> Option<Asked> {
    let spoken =
        mail::spoken(keys.mode.as_ref(), keys.login.as_ref(), keys.tls.as_ref(), 995, folder, report)?;
    Some(Asked { spoken, family: keys.family.clone() })
}

impl Asked {
    pub(super) fn of(&self, target: &At<String>, report: &mut Report<'_>) -> Option<Pop3Params> {
        let server = self.spoken.at(target, report)?;
        let family = family_of(&server.address.host, self.family.as_ref(), report)?;
        Some(Pop3Params { server, family })
    }
}
