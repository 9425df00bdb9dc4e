//! `collector.alertmanager` and `collector.heartbeat`.

use crate::Id;
use crate::yaml::duration::Millis;
use crate::yaml::shape::{At, shape};

shape! {
    /// `alertmanager:` of the collector.
    AlertmanagerKeys {
        /// Where it is: what stands before `/api/v2/alerts`.
        url: required At<String>,
        /// Who logs in there.
        user: decisive At<String>,
        /// The name of a secret of the collector: the password.
        secret: decisive At<Id>,
    }
}

shape! {
    /// `heartbeat:` of the collector.
    HeartbeatKeys {
        /// What is asked while all goes well; `{secret}` in it stands for the secret.
        url: required At<String>,
        /// The name of a secret of the collector, such as the key of the check there.
        secret: decisive At<Id>,
        /// How often.
        every: decisive At<Millis>,
    }
}
