//! A job between its start and its end. Its streams and its exit code are its own.

use std::ffi::OsString;
use std::io::{ErrorKind, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, ExitStatus};

use nix::sys::signal::{Signal as Kill, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::send::{Outlet, Sent};
use crate::heartbeats::{Report, Signal};

/// As shells say it: not found, not executable.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

pub(super) async fn run(outlet: &Outlet, report: Report, program: &OsString, rest: &[OsString]) -> ExitCode {
    let began = Instant::now();
    let start = Report { rid: report.rid.clone(), ..Report::default() };
    let child = Command::new(program).args(rest).spawn();
    let code = match child {
        Ok(child) => {
            let pid = Pid::from_raw(child.id().cast_signed());
            let (said, code) = tokio::join!(outlet.say(Signal::Start, start), end_of(child, pid));
            complain(&said);
            code
        }
        Err(error) => {
            tell(&format!("cannot run {}: {error}", program.display()));
            if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }
        }
    };
    let duration_ms = u64::try_from(began.elapsed().as_millis()).ok();
    let report = Report { exit_code: Some(i32::from(code)), duration_ms, ..report };
    let signal = if code == 0 { Signal::Success } else { Signal::Fail };
    complain(&outlet.say(signal, report).await);
    ExitCode::from(code)
}

/// Waits for the job. Who asks this program to end asks the job; an interrupt of a terminal reaches it anyway.
async fn end_of(mut child: std::process::Child, pid: Pid) -> u8 {
    let (terminate, hangup, interrupt) =
        (signal(SignalKind::terminate()), signal(SignalKind::hangup()), signal(SignalKind::interrupt()));
    let mut ended = tokio::task::spawn_blocking(move || child.wait());
    let (Ok(mut terminate), Ok(mut hangup), Ok(mut interrupt)) = (terminate, hangup, interrupt) else {
        return code_of(&ended.await);
    };
    loop {
        let asked = tokio::select! {
            ended = &mut ended => return code_of(&ended),
            _ = terminate.recv() => Kill::SIGTERM,
            _ = hangup.recv() => Kill::SIGHUP,
            _ = interrupt.recv() => continue,
        };
        // A job that has just ended needs no signal.
        let _ = kill(pid, asked);
    }
}

fn code_of(ended: &Result<std::io::Result<ExitStatus>, tokio::task::JoinError>) -> u8 {
    let Ok(Ok(status)) = ended else { return 1 };
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn complain(sent: &Sent) {
    if !matches!(sent, Sent::Accepted(_)) {
        tell(&format!("the report is {sent}"));
    }
}

/// The job's standard error is this program's: one line among its own. That nobody reads it is no failure.
fn tell(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "vedetta-agent heartbeat: {sentence}");
}
