//! Our side: one check from a charter's text, run once.

use std::path::Path;
use std::time::Duration;

use config::AgentConfig;
use probe_agent::probe::Check;

use crate::situation::{Said, Situation};

/// As whom the target may be given secrets.
const SCHEMES: [&str; 7] = ["snmp", "smtp", "smtps", "imaps", "pop3s", "ldap", "radius"];

/// What is asked, as the charter has it.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// For messages.
    pub(crate) name: &'a str,
    pub(crate) keys: &'a str,
    pub(crate) target: &'a str,
    /// The PEM that the keys name `radice.pem`.
    pub(crate) authority: Option<&'a Path>,
    /// Secrets of the agent, by name; they may go to this machine.
    pub(crate) secrets: &'a [(&'a str, &'a str)],
}

impl<'a> From<&'a Situation> for Asked<'a> {
    fn from(situation: &'a Situation) -> Self {
        Self {
            name: situation.name,
            keys: &situation.ours,
            target: &situation.target,
            authority: situation.authority.as_deref(),
            secrets: &[],
        }
    }
}

/// Asks the target once.
pub(crate) fn ask(asked: &Asked<'_>) -> Said {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(async {
        let check = check(asked);
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in asked.secrets {
            std::fs::write(folder.path().join(name), text).unwrap();
            let origins: Vec<String> =
                SCHEMES.iter().map(|scheme| format!("{scheme}://{} 127.0.0.1/32\n", asked.target)).collect();
            std::fs::write(folder.path().join(format!("{name}.for")), origins.concat()).unwrap();
        }
        let config = AgentConfig {
            secrets_directory: folder.path().to_owned(),
            allowed_targets: vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
            ..AgentConfig::default()
        };
        let surroundings = probe_agent::surroundings(&config).unwrap();
        check.run(&surroundings).await
    });
    runtime.shutdown_timeout(Duration::ZERO);
    Said {
        verdict: outcome.verdict.to_string(),
        reason: outcome.reason.name().to_owned(),
        detail: outcome.evidence.detail,
    }
}

/// Through the file an operator writes, so that its keys are part of what is compared.
fn check(asked: &Asked<'_>) -> Check {
    let text = format!(
        "organisation: {{name: Prova}}\nsites: {{qui: {{agents: [noi]}}}}\nservices:\n  s:\n    components:\n      \
         c: {{every: 60s, timeout: 2s, attempts: 1, {}, targets: {{t: {:?}}}}}\n",
        asked.keys, asked.target
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vedetta.yaml");
    std::fs::write(&path, &text).unwrap();
    if let Some(pem) = asked.authority {
        std::fs::copy(pem, folder.path().join("radice.pem")).unwrap();
    }
    let loaded = config::load(&path).unwrap_or_else(|error| panic!("{}:\n{error}", asked.name));
    let spec = loaded.vedetta.charter.checks().next().unwrap().spec();
    Check::new(spec).unwrap_or_else(|error| panic!("{}: {error}", asked.name))
}
