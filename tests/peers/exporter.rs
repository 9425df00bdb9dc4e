//! Their side: one exporter with a module per situation.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;

use harness::binaries::installed;
use harness::daemon::Daemon;
use harness::eventually;
use harness::place::get;
use harness::ports::free_port;

use crate::situation::Situation;

/// On a busy machine a deadline may pass before a good peer has answered: then it is asked again.
pub(crate) const ASKED_AT_MOST: usize = 3;

/// `probe_success` of each situation; `None` when the exporter is not installed.
pub(crate) fn ask(situations: &[Situation]) -> Option<Vec<bool>> {
    let program = installed("prometheus-blackbox-exporter")?;
    let folder = tempfile::tempdir().unwrap();
    let mut modules = "modules:\n".to_owned();
    for (n, situation) in situations.iter().enumerate() {
        let _ = writeln!(modules, "  s{n}: {{timeout: 2s, {}}}", situation.theirs);
    }
    let file = folder.path().join("blackbox.yml");
    std::fs::write(&file, modules).unwrap();
    let port = free_port();
    let mut exporter = Daemon::start(
        Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error"),
        &folder.path().join("log"),
    );
    eventually("the exporter listens", || {
        exporter.assert_runs();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
    });
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let asked = situations.iter().enumerate().map(|(n, situation)| {
        let target = situation.their_target.replace('&', "%26").replace('#', "%23");
        let path = format!("/probe?module=s{n}&target={target}");
        let mut up = false;
        for _ in 0..ASKED_AT_MOST {
            up = get(address, &path).lines().any(|line| line == "probe_success 1");
            if up == situation.they_say {
                break;
            }
        }
        up
    });
    Some(asked.collect())
}
