//! `vedetta-agent`: reads arguments and environment, hands over to [`probe_agent::cli`], and turns
//! the outcome into an exit code: 0 fine, 1 failed or down, 2 wrong usage (clap's).

use std::process::ExitCode;

use clap::Parser as _;
use probe_agent::cli::VedettaAgent;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is said without `VEDETTA_LOG`. hickory warns of every stray datagram; what counts becomes a reason.
const QUIET: &str = "info,hickory_net=error,hickory_resolver=error,hickory_proto=error,hyper=warn";

fn main() -> ExitCode {
    let arguments = VedettaAgent::parse();
    // Targets and levels only: filters by span and field would bring a regex engine into every agent.
    #[expect(clippy::disallowed_methods, reason = "the program's own switch, read where arguments are")]
    let wanted = std::env::var("VEDETTA_LOG").ok().and_then(|wanted| wanted.parse().ok());
    let levels: Targets = wanted.or_else(|| QUIET.parse().ok()).unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    tracing_subscriber::registry().with(lines).with(levels).init();
    match arguments.run(&mut std::io::stdin().lock(), &mut std::io::stdout()) {
        Ok(code) => code,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a command's failure is said on its stderr")]
            {
                eprintln!("vedetta-agent: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
