//! Real time servers in the foreground, that never touch this machine's clock: chrony on loopback, and ntpsec,
//! which takes port 123 or none, in a network of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::installed;
use crate::daemon::Daemon;
use crate::eventually;
use crate::network::Network;
use crate::ports::free_port;

/// The right to set the clock (`capability.h`).
const CAP_SYS_TIME: u64 = 1 << 25;

/// chronyd with `-x`: it serves time and sets none.
#[derive(Debug)]
pub struct Chrony {
    program: PathBuf,
    folder: PathBuf,
    /// Of 127.0.0.1.
    pub port: u16,
    daemon: Option<Daemon>,
}

impl Chrony {
    /// Serves this machine's time at stratum 8; `None` when it is not installed.
    pub fn start(folder: &Path) -> Option<Self> {
        let program = installed("chronyd")?;
        let mut chrony = Self { program, folder: folder.to_owned(), port: free_port(), daemon: None };
        chrony.serve("allow 127.0.0.1\nlocal stratum 8\n");
        Some(chrony)
    }

    /// Serves, but says that it knows no time.
    pub fn lose_its_time(&mut self) {
        self.serve("allow 127.0.0.1\n");
    }

    /// Serves its time with the stratum of one that is far from any clock.
    pub fn serve_from_afar(&mut self) {
        self.serve("allow 127.0.0.1\nlocal stratum 14\n");
    }

    /// Hears nobody.
    pub fn turn_away(&mut self) {
        self.serve("deny all\nlocal stratum 8\nallow 192.0.2.1\n");
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    fn serve(&mut self, policy: &str) {
        self.stop();
        let folder = self.folder.display();
        // No command port, no socket, no file outside the folder.
        let config = format!(
            "port {}\nbindaddress 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile {folder}/chronyd.pid\n{policy}",
            self.port
        );
        let path = self.folder.join("chrony.conf");
        fs::write(&path, config).unwrap();
        let mut command = Command::new(&self.program);
        // In the foreground, without root's rights over the clock, as whoever runs the story.
        command.args(["-x", "-d", "-U", "-f"]).arg(path);
        if nix::unistd::Uid::effective().is_root() {
            command.args(["-u", "root"]);
        }
        self.daemon = Some(Daemon::start(&mut command, &self.folder.join("chrony.log")));
    }
}

/// ntpsec's ntpd, told to leave the clock alone and without the right to touch it.
#[derive(Debug)]
pub struct Ntpsec {
    program: PathBuf,
    folder: PathBuf,
    network: Network,
    daemon: Option<Daemon>,
}

impl Ntpsec {
    /// Knows no time yet; `None` when it is not installed or there can be no network for it.
    pub fn start(folder: &Path) -> Option<Self> {
        let (program, network) = (installed("ntpd")?, Network::lay()?);
        installed("setpriv")?;
        let mut ntpsec = Self { program, folder: folder.to_owned(), network, daemon: None };
        ntpsec.serve("");
        Some(ntpsec)
    }

    /// Where it serves.
    pub fn address(&self) -> String {
        format!("{}:123", self.network.there)
    }

    /// Serves this machine's time as one who is on its own, at stratum 8, from some seconds later.
    pub fn trust_itself(&mut self) {
        self.serve("tos orphan 8 orphanwait 1\n");
    }

    /// Hears nobody.
    pub fn turn_away(&mut self) {
        self.serve("tos orphan 8 orphanwait 1\nrestrict default ignore\n");
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    fn serve(&mut self, policy: &str) {
        self.stop();
        let path = self.folder.join("ntpsec.conf");
        fs::write(&path, format!("disable ntp\n{policy}")).unwrap();
        let mut words = self.network.inside();
        words
            .extend(["setpriv", "--bounding-set", "-sys_time", "--inh-caps", "-sys_time"].map(str::to_owned));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg(&self.program).arg("-n").arg("-c").arg(path);
        let daemon = Daemon::start(&mut command, &self.folder.join("ntpsec.log"));
        let rights = eventually("ntpsec runs", || rights_of(daemon.pid(), "ntpd"));
        assert_eq!(rights & CAP_SYS_TIME, 0, "ntpsec might set the clock");
        self.daemon = Some(daemon);
    }
}

/// The effective capabilities of a process, once it runs that program.
fn rights_of(pid: u32, program: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let is_program = value("Name:") == Some(program);
    is_program.then(|| u64::from_str_radix(value("CapEff:").unwrap(), 16).unwrap())
}
