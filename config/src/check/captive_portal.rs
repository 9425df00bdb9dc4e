//! What `probe: captive_portal` asks.

use serde::{Deserialize, Serialize};

use super::Family;

/// Parameters of `probe: captive_portal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptivePortalParams {
    /// `http://`: an address that answers 204 without a body to whoever reaches it. Never `https://`: a portal cannot
    /// answer for another's name.
    pub url: String,
    /// What stands before the network for whoever is where the agent is.
    #[serde(default)]
    pub expect: Gate,
    /// Hosts of the portal, to which it leads or which its page names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub portal: Vec<String>,
    /// Which addresses of the name to use.
    #[serde(default)]
    pub family: Family,
}

/// What stands before the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Nothing: the Internet.
    #[default]
    Open,
    /// The portal.
    Portal,
}
