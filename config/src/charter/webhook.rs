//! A URL that is told what mails tell, and how those who stand behind it want to hear it.

use serde::{Deserialize, Serialize};

use crate::Id;

/// Where it is told, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// `https://`, or `http://` on this machine; [`Webhook::SECRET`] in it stands for the secret.
    pub url: String,
    /// A file in the collector's secrets directory. Where no [`Webhook::SECRET`] takes it, what is sent is signed with
    /// it (`json`), or it goes as a bearer token (`sms`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Id>,
    /// What is sent.
    pub recipe: Recipe,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// All that was decided, for programs.
    Json,
    /// A card for a workflow of Microsoft Teams.
    Teams,
    /// A message of a Telegram bot.
    Telegram {
        /// To which chat: a number or `@channel`.
        chat: String,
    },
    /// One short message for each number.
    Sms {
        /// To whom, such as `+39071123456`.
        numbers: Vec<String>,
        /// What the gateway is sent, with [`Recipe::NUMBER`] and [`Recipe::TEXT`]: JSON when it begins with `{` or
        /// `[`, else a form.
        template: String,
    },
}

impl Webhook {
    /// Stands for the secret.
    pub const SECRET: &'static str = "{secret}";
    /// Where bots of Telegram are, unless the file says otherwise.
    pub const TELEGRAM: &'static str = "https://api.telegram.org/bot{secret}/sendMessage";

    /// Does the URL, or what is sent, have a place for the secret?
    pub fn has_place_for_secret(&self) -> bool {
        let sent = match &self.recipe {
            Recipe::Sms { template, .. } => template.contains(Self::SECRET),
            Recipe::Json | Recipe::Teams | Recipe::Telegram { .. } => false,
        };
        sent || self.url.contains(Self::SECRET)
    }
}

impl Recipe {
    /// Stands for a telephone number.
    pub const NUMBER: &'static str = "{number}";
    /// Stands for the short message.
    pub const TEXT: &'static str = "{text}";

    /// As it is written.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Teams => "teams",
            Self::Telegram { .. } => "telegram",
            Self::Sms { .. } => "sms",
        }
    }

    /// Is a template JSON? Otherwise it is a form.
    pub fn is_json(template: &str) -> bool {
        template.trim_start().starts_with(['{', '[']) && !template.trim_start().starts_with(Self::NUMBER)
    }
}

impl std::fmt::Display for Webhook {
    /// For lists of changes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.recipe.name(), self.url)?;
        if let Some(secret) = &self.secret {
            write!(f, ", secret {secret}")?;
        }
        match &self.recipe {
            Recipe::Json | Recipe::Teams => Ok(()),
            Recipe::Telegram { chat } => write!(f, ", chat {chat}"),
            Recipe::Sms { numbers, template } => write!(f, ", {}: {template}", numbers.join(" ")),
        }
    }
}
