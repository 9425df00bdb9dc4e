//! Knot with two signed zones, and an unbound that validates them: one by its key, one by a wrong key.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::binaries::installed;
use crate::daemon::Daemon;
use crate::eventually;
use crate::ports::free_port;

/// Its signatures are good for as long as Knot makes them by default: 14 days.
pub const SOUND: &str = "firmata.test";
/// Signed as well, but the resolver knows another key for it.
pub const BOGUS: &str = "rotta.test";

/// Whom the resolver's certificate is for.
pub const RESOLVER: &str = "dns.comune.example";

/// An authoritative server for [`SOUND`] and [`BOGUS`], and a resolver that asks it and validates.
#[derive(Debug)]
pub struct NameServers {
    /// Of 127.0.0.1.
    pub authoritative: u16,
    /// Of 127.0.0.1.
    pub resolver: u16,
    /// The same resolver over TLS, whose certificate is for [`RESOLVER`]; trusted as it is.
    pub resolver_tls: u16,
    /// PEM of that certificate.
    pub certificate: String,
    _knot: Daemon,
    _unbound: Daemon,
}

impl NameServers {
    /// Both answer `www.ZONE A` with 192.0.2.80; `None` when one is not installed.
    pub fn start(folder: &Path) -> Option<Self> {
        let (knotd, keymgr, unbound) = (installed("knotd")?, installed("keymgr")?, installed("unbound")?);
        let (authoritative, resolver, resolver_tls) = (free_port(), free_port(), free_port());
        let certificate = rcgen::generate_simple_self_signed([RESOLVER.to_owned()]).unwrap();
        fs::write(folder.join("dot.pem"), certificate.cert.pem()).unwrap();
        fs::write(folder.join("dot.key"), certificate.signing_key.serialize_pem()).unwrap();
        let certificate = certificate.cert.pem();
        let config = knot_config(folder, authoritative);
        let knot = Daemon::start(Command::new(knotd).arg("-c").arg(&config), &folder.join("knot.log"));
        let ds = eventually("knot has made its keys", || {
            let output = Command::new(&keymgr).arg("-c").arg(&config).args([SOUND, "ds"]).output().unwrap();
            // Algorithm 13 (ECDSA P-256), digest 2 (SHA-256).
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            told.lines().find(|line| line.contains(" 13 2 ")).map(str::to_owned)
        });
        let config = unbound_config(folder, (resolver, resolver_tls), authoritative, &ds);
        let unbound =
            Daemon::start(Command::new(unbound).arg("-d").arg("-c").arg(config), &folder.join("unbound.log"));
        Some(Self { authoritative, resolver, resolver_tls, certificate, _knot: knot, _unbound: unbound })
    }
}

fn knot_config(folder: &Path, port: u16) -> std::path::PathBuf {
    let shown = folder.display();
    fs::create_dir(folder.join("keys")).unwrap();
    let mut config = format!(
        "server:\n  listen: 127.0.0.1@{port}\n  rundir: \"{shown}\"\ndatabase:\n  storage: \"{shown}/keys\"\n\
         log:\n  - target: stderr\n    any: info\nzone:\n"
    );
    for zone in [SOUND, BOGUS] {
        let text = format!(
            "$ORIGIN {zone}.\n$TTL 300\n@ SOA ns hostmaster 2026112301 3600 600 86400 60\n@ NS ns\n\
             ns A 127.0.0.1\nwww A 192.0.2.80\n"
        );
        fs::write(folder.join(format!("{zone}.zone")), text).unwrap();
        writeln!(
            config,
            "  - domain: {zone}\n    storage: \"{shown}\"\n    file: {zone}.zone\n    dnssec-signing: on\n    \
             zonefile-sync: -1"
        )
        .unwrap();
    }
    let path = folder.join("knot.conf");
    fs::write(&path, config).unwrap();
    path
}

fn unbound_config(
    folder: &Path,
    (port, tls_port): (u16, u16),
    authoritative: u16,
    ds: &str,
) -> std::path::PathBuf {
    let wrong = ds.replacen(SOUND, BOGUS, 1);
    let mut config = format!(
        "server:\n  interface: 127.0.0.1\n  interface: 127.0.0.1@{tls_port}\n  port: {port}\n  \
         tls-port: {tls_port}\n  tls-service-key: \"{0}/dot.key\"\n  tls-service-pem: \"{0}/dot.pem\"\n  \
         do-daemonize: no\n  use-syslog: no\n  chroot: \"\"\n  \
         username: \"\"\n  directory: \"{0}\"\n  pidfile: \"\"\n  num-threads: 1\n  \
         module-config: \"validator iterator\"\n  access-control: 127.0.0.0/8 allow\n  \
         do-not-query-localhost: no\n  local-zone: \"test.\" nodefault\n  trust-anchor: \"{ds}\"\n  \
         trust-anchor: \"{wrong}\"\nremote-control:\n  control-enable: no\n",
        folder.display(),
    );
    for zone in [SOUND, BOGUS] {
        writeln!(config, "stub-zone:\n  name: \"{zone}.\"\n  stub-addr: 127.0.0.1@{authoritative}").unwrap();
    }
    let path = folder.join("unbound.conf");
    fs::write(&path, config).unwrap();
    path
}
