//! SNMP devices as snmpsim plays them: a second implementation of the protocol beside net-snmp's, and tables of whole
//! devices.
//!
//! A device is a recording: names, types and values in a file, written here by what the device's MIBs say, or made of a
//! real one and shipped with snmpsim. Its name is the community of version 2c and the context of version 3 by which it
//! is asked; one simulator plays several at one address. What a file says from a write on is told from the next question
//! on: it is indexed anew when its time of change is another, in whole seconds, so each write is dated a second later
//! than the one before.
//!
//! snmpsim is Python, which `tests/run --all` installs below `target/` by the hashes of `snmpsim/requirements.txt`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::binaries::{installed, skip, unpacked};
use crate::daemon::Daemon;
use crate::eventually;
use crate::network::Network;
use crate::ports::free_port;

/// The name of a [`METHODS`]' user that most questions are asked by.
pub const USER: &str = "sha256-aes128";
/// Every user's passphrase for signatures.
pub const AUTH: &str = "frase per le firme";
/// Every user's passphrase for encryption.
pub const PRIVACY: &str = "frase per la cifratura";
/// Methods of version 3 as we call them and as snmpsim does, each with a user `AUTH-PRIVACY`. `BLMT` is Blumenthal's
/// way of making a long key of a short hash, without it is Reeder's, so that net-snmp and it differ in the words.
pub const METHODS: [(&str, &str, &str, &str); 8] = [
    ("sha256", "aes128", "SHA256", "AES"),
    ("sha1", "aes128", "SHA", "AES"),
    ("sha1", "aes256", "SHA", "AES256BLMT"),
    ("sha1", "aes256c", "SHA", "AES256"),
    ("sha224", "aes256c", "SHA224", "AES256"),
    ("sha256", "aes192", "SHA256", "AES192BLMT"),
    ("sha384", "aes192c", "SHA384", "AES192"),
    ("sha512", "aes256", "SHA512", "AES256BLMT"),
];

/// A Wi-Fi controller with four access points (`bsnAPTable` of AIRESPACE-WIRELESS-MIB; a row is named by six octets).
pub const CONTROLLER: &str = include_str!("snmpsim/controller.snmprec");
/// A switch that feeds an access point on its port 7 (IF-MIB, ENTITY-SENSOR-MIB, POWER-ETHERNET-MIB); port 8 is off.
pub const SWITCH: &str = include_str!("snmpsim/switch.snmprec");
/// A UPS (UPS-MIB, RFC 1628) on the mains.
pub const UPS: &str = include_str!("snmpsim/ups.snmprec");

/// Of its engines, which then have it in common; 5 is an identifier of octets.
const ENGINE: &str = "80004fb805766564657474";
/// How far ahead files are dated: an index that is younger than its file is made anew.
const AHEAD: Duration = Duration::from_hours(1);

/// One that has begun answers sooner.
const ANSWERED: Duration = Duration::from_millis(500);

/// Names and, of each, type and value as snmpsim writes them: `2|1`.
type Recording = BTreeMap<Vec<u32>, String>;

/// snmpsim's responder, with all its devices.
#[derive(Debug)]
pub struct Simulator {
    python: PathBuf,
    folder: PathBuf,
    host: Ipv4Addr,
    port: u16,
    inside: Vec<String>,
    devices: BTreeMap<String, Recording>,
    writes: u32,
    daemon: Option<Daemon>,
}

impl Simulator {
    /// On loopback, with devices and what each tells; `None` when it is not installed.
    pub fn start(folder: &Path, devices: &[(&str, &str)]) -> Option<Self> {
        Self::start_at(folder, Ipv4Addr::LOCALHOST, Vec::new(), devices)
    }

    /// In a network of its own; `None` when it is not installed.
    pub fn start_inside(folder: &Path, network: &Network, devices: &[(&str, &str)]) -> Option<Self> {
        Self::start_at(folder, network.there, network.inside(), devices)
    }

    fn start_at(
        folder: &Path,
        host: Ipv4Addr,
        inside: Vec<String>,
        devices: &[(&str, &str)],
    ) -> Option<Self> {
        let python = installed("python3")?;
        if !unpacked("snmpsim").join("snmpsim/commands/responder.py").exists() {
            skip("snmpsim is not installed (tests/run --all does that)");
            return None;
        }
        for own in ["data", "tmp"] {
            fs::create_dir(folder.join(own)).unwrap();
        }
        let devices = devices.iter().map(|(name, text)| ((*name).to_owned(), read(text))).collect();
        let folder = folder.to_owned();
        let mut simulator =
            Self { python, folder, host, port: free_port(), inside, devices, writes: 0, daemon: None };
        for name in simulator.devices.keys().cloned().collect::<Vec<_>>() {
            simulator.write(&name);
        }
        simulator.start_again();
        Some(simulator)
    }

    /// Where all of its devices are asked.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// A device tells this from now on, beside what it told: names, and types with values.
    pub fn tell(&mut self, device: &str, told: &[(&str, &str)]) {
        let recording = self.devices.get_mut(device).unwrap();
        recording.extend(told.iter().map(|(name, value)| (arcs(name), (*value).to_owned())));
        self.write(device);
    }

    /// A device has nothing of these names any more.
    pub fn forget(&mut self, device: &str, names: &[&str]) {
        let recording = self.devices.get_mut(device).unwrap();
        for name in names {
            assert!(recording.remove(&arcs(name)).is_some(), "{device} tells no {name}");
        }
        self.write(device);
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

    /// The same engine, which does not know any more how often it has begun: as after a repair.
    pub fn lose_its_boots(&mut self) {
        self.stop();
        fs::remove_dir_all(self.folder.join("tmp/__pysnmp")).unwrap();
    }

    /// A new start, by which an engine's boots grow and its time begins anew.
    pub fn start_again(&mut self) {
        self.stop();
        let words: Vec<String> =
            self.inside.iter().cloned().chain([self.python.display().to_string()]).collect();
        let folder = self.folder.display();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(["-B", "-s", "-m", "snmpsim.commands.responder", &format!("--cache-dir={folder}/cache")])
            .arg(format!("--v3-engine-id={ENGINE}"))
            .arg(format!("--data-dir={folder}/data"))
            .arg(format!("--agent-udpv4-endpoint={}", self.address()))
            .env("PYTHONPATH", unpacked("snmpsim"))
            // Nothing outside the folder, whoever it runs as: it keeps its boots where temporary files are.
            .env("HOME", &self.folder)
            .env("TMPDIR", self.folder.join("tmp"))
            .env("SNMPSIM_ALLOW_ROOT", "true");
        for (auth, privacy, their_auth, their_privacy) in METHODS {
            command.arg(format!("--v3-user={auth}-{privacy}"));
            command.args([format!("--v3-auth-key={AUTH}"), format!("--v3-auth-proto={their_auth}")]);
            command.args([format!("--v3-priv-key={PRIVACY}"), format!("--v3-priv-proto={their_privacy}")]);
        }
        let log = self.folder.join("snmpsim.log");
        let _ = fs::remove_file(&log);
        let mut daemon = Daemon::start(&mut command, &log);
        // It says that it listens before it does.
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        socket.connect((self.host, self.port)).unwrap();
        socket.set_read_timeout(Some(ANSWERED)).unwrap();
        let question = question(self.devices.keys().next().unwrap());
        eventually("snmpsim answers", || {
            daemon.assert_runs();
            socket.send(&question).ok()?;
            socket.recv(&mut [0; 256]).ok()
        });
        self.daemon = Some(daemon);
    }

    /// Whole at any time: it may be reading.
    fn write(&mut self, device: &str) {
        let mut text = String::new();
        for (name, value) in &self.devices[device] {
            let name: Vec<String> = name.iter().map(ToString::to_string).collect();
            writeln!(text, "{}|{value}", name.join(".")).unwrap();
        }
        self.writes += 1;
        let written = self.folder.join("written");
        fs::write(&written, text).unwrap();
        let file = File::options().write(true).open(&written).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now + AHEAD + Duration::from_secs(self.writes.into())).unwrap();
        fs::rename(written, self.folder.join(format!("data/{device}.snmprec"))).unwrap();
    }
}

/// A real device's recording that comes with snmpsim. Call it of a simulator that has begun.
pub fn recorded(name: &str) -> String {
    let path = unpacked("snmpsim").join(format!("snmpsim/data/recorded/{name}.snmprec"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// For `sysUpTime.0`, by version 2c (RFC 3416, 3).
fn question(community: &str) -> Vec<u8> {
    let asked = b"\xa0\x19\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x03\0\x05\0";
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
    let name = [&[4, length(community.as_bytes())], community.as_bytes()].concat();
    let message = [&b"\x02\x01\x01"[..], &name, asked].concat();
    [&[0x30, length(&message)][..], &message].concat()
}

/// In the order of names, as snmpsim searches it.
fn read(text: &str) -> Recording {
    let records = text.lines().filter(|line| !line.is_empty());
    records
        .map(|line| {
            let (name, value) = line.split_once('|').unwrap();
            (arcs(name), value.to_owned())
        })
        .collect()
}

fn arcs(name: &str) -> Vec<u32> {
    name.split('.').map(|arc| arc.parse().unwrap()).collect()
}
