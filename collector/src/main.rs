//! `vedetta`: reads arguments and environment, hands over to [`collector::cli`], and turns the
//! outcome into an exit code: 0 fine, 1 failed, 2 wrong usage (clap's), 3 see `report --exit-code`.

use std::process::ExitCode;

use clap::Parser as _;
use collector::cli::Vedetta;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let arguments = Vedetta::parse();
    // Logs go to stderr, so that stdout is only ever what a command was asked for.
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_env("VEDETTA_LOG").unwrap_or_else(|_| EnvFilter::new("info,hyper=warn")),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
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
