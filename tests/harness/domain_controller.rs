//! A controller of an Active Directory domain, played by Samba: LDAP, Kerberos, DNS and files at an address of its own.
//!
//! It listens where clients look for it (53, 88, 389, 445, 636, 3268), so it lives at the far end of a [`Network`]'s
//! cable; its folder is its own, too. It has a sound user, a disabled one and one whose account has ended.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::{installed, skip};
use crate::daemon::Daemon;
use crate::eventually;
use crate::network::Network;
use crate::place::succeeded;
use crate::servers::Certificate;

/// Of every user, as complicated as a domain wants it.
pub const PASSWORD: &str = "Una.parola.lunga1";
/// The domain.
pub const DOMAIN: &str = "comune.example";
/// Its realm.
pub const REALM: &str = "COMUNE.EXAMPLE";
/// The controller.
pub const HOST: &str = "dc1.comune.example";
/// A user.
pub const USER: &str = "sonda";
/// One that is disabled.
pub const DISABLED: &str = "spenta";
/// One whose account has ended.
pub const ENDED: &str = "scaduta";

/// Debian's.
const LIBFAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// The only controller of [`DOMAIN`].
#[derive(Debug)]
pub struct DomainController {
    samba: PathBuf,
    tool: PathBuf,
    folder: PathBuf,
    daemon: Option<Daemon>,
    network: Network,
}

impl DomainController {
    /// A new domain, which is served; `None` when Samba or faketime is not installed, or this is not root. The
    /// certificate is made for the address that it then has.
    pub fn start(folder: &Path, certificate: impl FnOnce(&str) -> Certificate) -> Option<Self> {
        let (samba, tool) = (installed("samba")?, installed("samba-tool")?);
        if !Path::new(LIBFAKETIME).exists() {
            skip("faketime is not installed");
            return None;
        }
        let mut controller =
            Self { samba, tool, folder: folder.to_owned(), daemon: None, network: Network::lay()? };
        let Certificate { chain, key } = certificate(&controller.address().to_string());
        fs::write(folder.join("chain.pem"), chain).unwrap();
        fs::write(folder.join("key.pem"), key).unwrap();
        fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
        controller.provision();
        for user in [USER, DISABLED, ENDED] {
            controller.administer(&["user", "create", user, PASSWORD]);
        }
        controller.administer(&["user", "disable", DISABLED]);
        controller.administer(&["user", "setexpiry", ENDED, "--days=0"]);
        controller.serve(0);
        Some(controller)
    }

    /// Where it is.
    pub fn address(&self) -> Ipv4Addr {
        self.network.there
    }

    /// Serves with a clock that is so many seconds ahead.
    pub fn serve(&mut self, ahead_s: u32) {
        self.stop();
        let inside = self.network.inside();
        let mut command = Command::new(&inside[0]);
        command.args(&inside[1..]).arg(&self.samba).args(["-F", "-M", "single", "-s"]).arg(self.config());
        command.env("KRB5_CONFIG", self.folder.join("private/krb5.conf"));
        if ahead_s > 0 {
            command.env("LD_PRELOAD", LIBFAKETIME).env("FAKETIME", format!("+{ahead_s}s"));
            // What waits goes on waiting; and what Samba loads by itself hears the same clock.
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("LDB_MODULES_DISABLE_DEEPBIND", "1");
        }
        let mut daemon = Daemon::start(&mut command, &self.folder.join("samba.log"));
        let address = self.address();
        for port in [53, 88, 389, 445, 636, 3268] {
            eventually(&format!("the controller listens on {port}"), || {
                daemon.assert_runs();
                TcpStream::connect((address, port)).ok()
            });
        }
        self.daemon = Some(daemon);
    }

    /// DNS lists another controller, at an address where none is.
    pub fn list_one_more(&self) {
        let address = self.network.here[1].to_string();
        let records = [
            (DOMAIN, "dc2", "A", address.as_str()),
            ("_msdcs.comune.example", "_ldap._tcp.dc", "SRV", "dc2.comune.example 389 0 100"),
            (DOMAIN, "_kerberos._tcp", "SRV", "dc2.comune.example 88 0 100"),
        ];
        let administrator = format!("-UAdministrator%{PASSWORD}");
        for (zone, name, kind, value) in records {
            let mut command = Command::new(&self.tool);
            command.args([
                "dns",
                "add",
                &self.address().to_string(),
                zone,
                name,
                kind,
                value,
                &administrator,
            ]);
            succeeded(command.arg("-s").arg(self.config()));
        }
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.daemon = None;
        // What it has started does not end with it at once.
        self.network.end_processes();
    }

    /// A word of samba-tool, on its database.
    fn administer(&self, words: &[&str]) {
        let database = self.folder.join("private/sam.ldb");
        succeeded(Command::new(&self.tool).args(words).arg("-s").arg(self.config()).arg("-H").arg(database));
    }

    fn provision(&self) {
        let (folder, address) = (self.folder.display(), self.address());
        let mut command = Command::new(&self.tool);
        command.args(["domain", "provision", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL"]);
        command.args(["--domain=COMUNE", "--host-name=dc1", &format!("--realm={REALM}")]);
        command.arg(format!("--adminpass={PASSWORD}")).arg(format!("--host-ip={address}"));
        command.arg(format!("--targetdir={folder}"));
        // Everything in its folder and on its address; nothing of the world outside is asked or told.
        for (option, value) in [
            ("posix:eadb", format!("{folder}/eadb.tdb")),
            ("interfaces", address.to_string()),
            ("bind interfaces only", "yes".to_owned()),
            ("pid directory", format!("{folder}/run")),
            ("ncalrpc dir", format!("{folder}/run/ncalrpc")),
            ("winbindd socket directory", format!("{folder}/run/winbindd")),
            ("ntp signd socket directory", format!("{folder}/run/ntp_signd")),
            ("log file", format!("{folder}/log.%m")),
            ("tls certfile", format!("{folder}/chain.pem")),
            ("tls keyfile", format!("{folder}/key.pem")),
            ("tls cafile", String::new()),
            ("dns forwarder", String::new()),
            ("dns update command", "/bin/true".to_owned()),
            ("spn update command", "/bin/true".to_owned()),
            ("gpo update command", "/bin/true".to_owned()),
        ] {
            command.arg(format!("--option={option}={value}"));
        }
        fs::create_dir(self.folder.join("run")).unwrap();
        succeeded(&mut command);
    }

    fn config(&self) -> PathBuf {
        self.folder.join("etc/smb.conf")
    }
}

impl Drop for DomainController {
    fn drop(&mut self) {
        self.stop();
    }
}
