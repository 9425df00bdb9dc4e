//! What `probe: pop3` asks.

use serde::{Deserialize, Serialize};

use super::{Family, MailServer};

/// Parameters of `probe: pop3`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pop3Params {
    /// Where, and how. With a login the mailbox is opened and counted; nothing is fetched.
    pub server: MailServer,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
}
