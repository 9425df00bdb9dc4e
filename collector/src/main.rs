//! `vedetta`: reads arguments and environment, hands over to [`collector::cli`], and turns the
//! outcome into an exit code: 0 fine, 1 failed, 2 wrong usage (clap's), 3 see `report --exit-code`.

use std::process::ExitCode;

use clap::Parser as _;
use collector::cli::Vedetta;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is said without `VEDETTA_LOG`.
const QUIET: &str = "info,hyper=warn";

fn main() -> ExitCode {
    let arguments = Vedetta::parse();
    // Logs go to stderr, so that stdout is only ever what a command was asked for.
    #[expect(clippy::disallowed_methods, reason = "the program's own switch, read where arguments are")]
    let wanted = std::env::var("VEDETTA_LOG").ok().and_then(|wanted| wanted.parse().ok());
    let levels: Targets = wanted.or_else(|| QUIET.parse().ok()).unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    tracing_subscriber::registry().with(lines).with(levels).init();
    let mut out = std::io::stdout().lock();
    match arguments.run(&mut out) {
        Ok(code) => code,
        Err(error) if reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a command's failure is said on its stderr")]
            {
                eprintln!("vedetta: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

/// `vedetta … | head` is no failure of ours.
fn reader_left(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
