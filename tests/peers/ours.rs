//! Our side: one check from a charter's text, run once.

use std::time::Duration;

use config::AgentConfig;
use probe_agent::probe::Check;

use crate::situation::{Said, Situation};

/// Asks the situation's target once.
pub(crate) fn ask(situation: &Situation) -> Said {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(async {
        let check = check(situation);
        let config = AgentConfig {
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
fn check(situation: &Situation) -> Check {
    let text = format!(
        "organisation: {{name: Prova}}\nsites: {{qui: {{agents: [noi]}}}}\nservices:\n  s:\n    components:\n      \
         c: {{every: 60s, timeout: 2s, attempts: 1, {}, targets: {{t: {:?}}}}}\n",
        situation.ours, situation.target
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vedetta.yaml");
    std::fs::write(&path, &text).unwrap();
    if let Some(pem) = &situation.authority {
        std::fs::copy(pem, folder.path().join("radice.pem")).unwrap();
    }
    let loaded = config::load(&path).unwrap_or_else(|error| panic!("{}:\n{error}", situation.name));
    let spec = loaded.vedetta.charter.checks().next().unwrap().spec();
    Check::new(spec).unwrap_or_else(|error| panic!("{}: {error}", situation.name))
}
