//! Our side: one agent, one collector.

use std::fmt::Write as _;

use harness::Place;

use crate::{Process, STEADY, Stage};

/// Everything that the whole takes, MiB.
pub(crate) fn run(stage: Stage) -> f64 {
    let timing = "probe: tcp, every: 1s, timeout: 900ms, attempts: 1";
    let mut services = String::new();
    for (n, target) in stage.ending.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            services,
            "  s{n}: {{users: [uffici], alert_after: 0s, components: {{porta: {{{timing}, targets: {{una: \"{}\"}}}}}}}}",
            target.address()
        );
    }
    let steady: Vec<String> = (0..STEADY).map(|n| format!("t{n}: \"{}\"", stage.steady.address())).collect();
    let _ = writeln!(
        services,
        "  ferme: {{users: [uffici], components: {{porta: {{{timing}, targets: {{{}}}}}}}}}",
        steady.join(", ")
    );
    let mail = format!(
        ", mail: {{from: vedetta@comune.example, relay: \"{}\", security: none}}",
        stage.relay.address()
    );
    let on_call = "  uno: {to: turno@comune.example, hours: 24x7, told_of: [page, ticket]}";
    let place = Place::telling(&services, on_call, &mail, &[]);
    let (agent, collector) = place.pids();
    stage.tell(
        "vedetta",
        &[Process { name: "agent", pid: agent }, Process { name: "collector", pid: collector }],
    )
}
