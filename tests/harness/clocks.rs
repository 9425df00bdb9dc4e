//! A real time server: chrony in the foreground on loopback, that never touches this machine's clock.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::installed;
use crate::daemon::Daemon;
use crate::ports::free_port;

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
