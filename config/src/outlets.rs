//! `collector.alertmanager` and `collector.heartbeat`: whom the collector tells beside people.

use crate::Id;

/// An Alertmanager (API v2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertmanagerConfig {
    /// What stands before `/api/v2/alerts`, without a `/` at its end.
    pub url: String,
    /// Who logs in there (basic authentication), and in which secret of the collector the password is.
    pub login: Option<(String, Id)>,
}

/// Somebody outside who notices when the collector falls silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatConfig {
    /// What is asked while all goes well.
    pub url: String,
    /// The secret of the collector that belongs where [`HeartbeatConfig::SECRET`] stands, such as the check's key.
    pub secret: Option<Id>,
    /// How often, ms.
    pub every_ms: u64,
}

impl HeartbeatConfig {
    /// Stands in the URL for what no file of the configuration holds.
    pub const SECRET: &str = "{secret}";
}
