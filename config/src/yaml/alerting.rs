//! `alerting:`: who is told, when, and of what.

use crate::yaml::duration::Millis;
use crate::yaml::scalar::words;
use crate::yaml::shape::{At, shape};
use crate::{Concern, Id};

shape! {
    /// One entry of `alerting:`
    RecipientKeys {
        /// Mail addresses, one or a list.
        to: optional Vec<At<String>>,
        /// A URL that is told, too, or instead.
        webhook: decisive At<String>,
        /// The name of a secret of the collector, for the webhook.
        webhook_secret: decisive At<Id>,
        /// What the webhook is told: `json`, `teams`, `telegram` or `sms`.
        recipe: decisive At<RecipeWord>,
        /// The chat of `recipe: telegram`.
        chat: decisive At<String>,
        /// The telephone numbers of `recipe: sms`, one or a list.
        numbers: decisive At<Vec<At<String>>>,
        /// What the gateway of `recipe: sms` is sent, with `{number}` and `{text}`.
        template: decisive At<String>,
        /// When: `24x7`, a calendar, or hours such as `mon-sat 07:30-20:00`.
        hours: optional At<String>,
        /// Of what: `page`, `ticket`, `morning`, `digest`; one or a list.
        told_of: optional At<Vec<Concern>>,
        /// Only of an incident that nobody has taken charge of for this long.
        escalate_after: optional At<Millis>,
        /// For whoever reads the file.
        note: checked String,
    }
}

/// A recipe by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecipeWord {
    Json,
    Teams,
    Telegram,
    Sms,
}

words! { RecipeWord, "recipe", "la ricetta", [
    "json" => RecipeWord::Json, "teams" => RecipeWord::Teams, "telegram" => RecipeWord::Telegram, "sms" => RecipeWord::Sms,
] }
