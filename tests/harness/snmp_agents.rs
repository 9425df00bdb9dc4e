//! A real SNMP agent: net-snmp's snmpd in the foreground, on loopback or in a network of its own.
//!
//! It tells what its machine is, and beside that whatever a story writes into a table: a script serves that table
//! through snmpd's `pass`, so that a value changes while the agent runs. The same agent is a switch, a UPS or the
//! controller of access points, depending on what its table says. Whole devices, and the protocol as others speak it, are
//! `snmpsim`'s; the one spoken here is net-snmp's own.

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use crate::binaries::installed;
use crate::daemon::Daemon;
use crate::eventually;
use crate::network::Network;
use crate::ports::free_port;

/// Whoever knows it may read, by version 2c.
pub const COMMUNITY: &str = "comunita-di-prova";
/// May read by version 3, signed with SHA-256 and encrypted with AES-128.
pub const USER: &str = "vedetta";
/// The user's passphrase for signatures.
pub const AUTH: &str = "frase per le firme";
/// The user's passphrase for encryption.
pub const PRIVACY: &str = "frase per la cifratura";
/// `hrSystemUptime.0`, which the table tells too: a machine that has just started is degraded.
pub const UPTIME: &str = ".1.3.6.1.2.1.25.1.1.0";
/// What the table may tell: beside the uptime what net-snmp leaves to everybody, Aruba's access points, and a UPS.
const TOLD: [&str; 4] = [
    ".1.3.6.1.2.1.25.1.1",
    ".1.3.6.1.4.1.8072.9999.9999",
    ".1.3.6.1.4.1.14823.2.2.1.5.2.1.4",
    ".1.3.6.1.2.1.33.1",
];
/// And, where the agent plays a device, its interfaces: `ifEntry`, `ifXEntry`.
const INTERFACES: [&str; 2] = [".1.3.6.1.2.1.2.2.1", ".1.3.6.1.2.1.31.1.1.1"];
/// Methods of version 3 as we call them and as net-snmp does, each with a user `AUTH-PRIVACY` and the passphrases of
/// [`USER`]: every signature, every cipher, and every way in which a key that is too short is lengthened.
pub const METHODS: [(&str, &str, &str, &str); 6] = [
    ("sha1", "aes128", "SHA", "AES"),
    ("sha1", "aes192", "SHA", "AES-192"),
    ("sha1", "aes256c", "SHA", "AES-256-C"),
    ("sha224", "aes256", "SHA-224", "AES-256"),
    ("sha384", "aes192c", "SHA-384", "AES-192-C"),
    ("sha512", "aes256", "SHA-512", "AES-256"),
];

/// Answers GET (`-g`) and GETNEXT (`-n`) from lines `NAME TYPE VALUE` that stand in the order of their names.
const SCRIPT: &str = r#"exec awk -v how="$1" -v oid="$2" '
function is_after(a, b,   x, y, n, m, i) {
  n = split(a, x, "."); m = split(b, y, ".")
  for (i = 1; i <= n && i <= m; i++) if (x[i] + 0 != y[i] + 0) return x[i] + 0 > y[i] + 0
  return n > m
}
how == "-g" ? $1 == oid : is_after($1, oid) {
  print $1; print $2; sub(/^[^ ]+ [^ ]+ /, ""); print; exit
}' "${0%/*}/table"
"#;

/// What an agent tells by its table that plays a device.
fn played() -> Vec<&'static str> {
    [&TOLD[..], &INTERFACES[..]].concat()
}

/// One value of a table: its name, its type as `pass` calls it, and itself.
pub type Told<'t> = (&'t str, &'t str, &'t str);

/// snmpd.
#[derive(Debug)]
pub struct SnmpAgent {
    program: PathBuf,
    folder: PathBuf,
    host: Ipv4Addr,
    port: u16,
    inside: Vec<String>,
    /// What it tells by the table.
    trees: Vec<&'static str>,
    daemon: Option<Daemon>,
}

impl SnmpAgent {
    /// On loopback, with an empty table; `None` when it is not installed.
    pub fn start(folder: &Path) -> Option<Self> {
        Self::start_at(folder, Ipv4Addr::LOCALHOST, Vec::new(), played())
    }

    /// In a network of its own, of whose interfaces it tells; `None` when it is not installed.
    pub fn start_inside(folder: &Path, network: &Network) -> Option<Self> {
        Self::start_at(folder, network.there, network.inside(), TOLD.to_vec())
    }

    /// There, telling of interfaces what the table says; `None` when it is not installed.
    pub fn play_inside(folder: &Path, network: &Network) -> Option<Self> {
        Self::start_at(folder, network.there, network.inside(), played())
    }

    /// On loopback, of its machine alone and without the price of a script; `None` when it is not installed.
    pub fn of_itself(folder: &Path) -> Option<Self> {
        Self::start_at(folder, Ipv4Addr::LOCALHOST, Vec::new(), Vec::new())
    }

    fn start_at(
        folder: &Path,
        host: Ipv4Addr,
        inside: Vec<String>,
        trees: Vec<&'static str>,
    ) -> Option<Self> {
        let program = installed("snmpd")?;
        let mut agent =
            Self { program, folder: folder.to_owned(), host, port: free_port(), inside, trees, daemon: None };
        fs::write(folder.join("serve"), SCRIPT).unwrap();
        agent.tell(&[]);
        agent.start_again();
        Some(agent)
    }

    /// Where it is asked.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it tells from now on, in any order. Unless it is said otherwise, its machine has run for a day.
    pub fn tell(&self, told: &[Told<'_>]) {
        let arcs =
            |oid: &str| -> Vec<u32> { oid.split('.').skip(1).map(|arc| arc.parse().unwrap()).collect() };
        let mut told = told.to_vec();
        if told.iter().all(|(oid, ..)| *oid != UPTIME) {
            told.push((UPTIME, "timeticks", "8640000"));
        }
        told.sort_by_key(|(oid, ..)| arcs(oid));
        let mut text = String::new();
        for (oid, kind, value) in told {
            writeln!(text, "{oid} {kind} {value}").unwrap();
        }
        // Whole at any time: the script may be reading.
        let written = self.folder.join("table.new");
        fs::write(&written, text).unwrap();
        fs::rename(written, self.folder.join("table")).unwrap();
    }

    /// It hears and says nothing, while its machine answers echoes.
    pub fn freeze(&self) {
        self.daemon.as_ref().unwrap().signal(Signal::SIGSTOP);
    }

    /// It goes on, with what it has not heard yet.
    pub fn thaw(&self) {
        self.daemon.as_ref().unwrap().signal(Signal::SIGCONT);
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    /// A new start, by which an engine's boots grow and its time begins anew.
    pub fn start_again(&mut self) {
        self.stop();
        let folder = self.folder.display();
        let mut config = format!(
            "agentaddress udp:{}\nrocommunity {COMMUNITY} default\n\
             createUser {USER} SHA-256 \"{AUTH}\" AES \"{PRIVACY}\"\nrouser {USER} priv\n",
            self.address()
        );
        for (auth, privacy, their_auth, their_privacy) in METHODS {
            let user = format!("{auth}-{privacy}");
            writeln!(config, "createUser {user} {their_auth} \"{AUTH}\" {their_privacy} \"{PRIVACY}\"")
                .unwrap();
            writeln!(config, "rouser {user} priv").unwrap();
        }
        for tree in &self.trees {
            // Before what snmpd itself knows of it.
            writeln!(config, "pass -p 10 {tree} /bin/sh {folder}/serve").unwrap();
        }
        let path = self.folder.join("snmpd.conf");
        fs::write(&path, config).unwrap();
        let words: Vec<String> =
            self.inside.iter().cloned().chain([self.program.display().to_string()]).collect();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            // Nothing of the system's own agent, neither settings nor state nor multiplexers.
            .env("SNMP_PERSISTENT_DIR", self.folder.join("kept"))
            .env("SNMPCONFPATH", &self.folder)
            .env("MIBS", "")
            .args(["-f", "-Le", "-C", "-I-smux", "-c"])
            .arg(path);
        let log = self.folder.join("snmpd.log");
        let _ = fs::remove_file(&log);
        let mut daemon = Daemon::start(&mut command, &log);
        eventually("snmpd has begun", || {
            daemon.assert_runs();
            daemon.log().contains("NET-SNMP version").then_some(())
        });
        self.daemon = Some(daemon);
    }
}
