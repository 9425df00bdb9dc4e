//! `vedetta ack`: somebody takes charge of an incident.

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use crate::declare::say;
use crate::operator::{AckAnswer, AckQuestion};
use crate::publish::Lang;

/// Take charge of an open incident: nobody is told of it again or escalated to, until its end
///
/// Figures stay what they are, and its end is told. `vedetta today` names the incidents that are open.
#[derive(Debug, clap::Args)]
pub(crate) struct Ack {
    /// Its number, as mails and `vedetta today` name it
    incident: u64,
    /// The person root acts for
    #[arg(long = "as", value_name = "NAME")]
    author: Option<String>,
    #[command(flatten)]
    place: Place,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Ack {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let client = self.place.client()?.speaking(self.lang);
        let question = AckQuestion { incident: self.incident };
        let answer: AckAnswer = client.post_json("/acts/ack", self.author.as_deref(), &question)?;
        let AckAnswer { incident, author } = answer;
        let said = say!(
            "incident {incident}: {author} is in charge; it is not told again until it is over",
            "incidente {incident}: in carico a {author}; non se ne avvisa più fino al rientro"
        );
        writeln!(out, "{}", said.get(self.lang))?;
        Ok(ExitCode::SUCCESS)
    }
}
