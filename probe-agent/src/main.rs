//! `vedetta-agent`: reads arguments and environment, hands over to [`probe_agent::cli`], and turns
//! the outcome into an exit code: 0 fine, 1 failed or down, 2 wrong usage (clap's).

use std::process::ExitCode;

use clap::Parser as _;
use probe_agent::cli::VedettaAgent;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let arguments = VedettaAgent::parse();
    // hickory warns of every stray datagram; what counts becomes a reason.
    let quiet = "info,hickory_net=error,hickory_resolver=error,hickory_proto=error,hyper=warn";
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(quiet)))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
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
