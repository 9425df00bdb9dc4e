//! Real directories in the foreground, on loopback: slapd, MIT's key distribution centre, `FreeRADIUS`.

use std::fs;
use std::net::{TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::installed;
use crate::daemon::Daemon;
use crate::eventually;
use crate::place::succeeded;
use crate::ports::free_port;
use crate::servers::Certificate;

/// Of every user in these.
pub const PASSWORD: &str = "una parola lunga";

/// `OpenLDAP` with one person, and a user who may look for him.
#[derive(Debug)]
pub struct Slapd {
    program: PathBuf,
    folder: PathBuf,
    /// Of 127.0.0.1.
    pub port: u16,
    /// Of 127.0.0.1, for TLS from the first byte; nothing listens before there is a certificate.
    pub tls_port: u16,
    has_certificate: bool,
    daemon: Option<Daemon>,
}

impl Slapd {
    /// Answers everybody; `None` when it is not installed.
    pub fn start(folder: &Path) -> Option<Self> {
        let (program, slapadd) = (installed("slapd")?, installed("slapadd")?);
        fs::create_dir_all(folder.join("ldap")).unwrap();
        let (port, tls_port) = (free_port(), free_port());
        let folder = folder.to_owned();
        let mut slapd = Self { program, folder, port, tls_port, has_certificate: false, daemon: None };
        let config = slapd.configure("");
        let data = slapd.folder.join("data.ldif");
        let people = "dn: dc=comune,dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: comune\no: Comune\n\n\
                      dn: cn=Anna,dc=comune,dc=example\nobjectClass: person\ncn: Anna\nsn: A\n";
        fs::write(&data, people).unwrap();
        succeeded(Command::new(slapadd).arg("-f").arg(config).arg("-l").arg(data));
        slapd.serve("");
        Some(slapd)
    }

    /// Serves with a word more of configuration from now on.
    pub fn serve(&mut self, policy: &str) {
        self.stop();
        let config = self.configure(policy);
        let mut urls = format!("ldap://127.0.0.1:{}/", self.port);
        if self.has_certificate {
            urls = format!("{urls} ldaps://127.0.0.1:{}/", self.tls_port);
        }
        let mut command = Command::new(&self.program);
        command.args(["-d", "0", "-h", &urls, "-f"]).arg(config);
        let mut daemon = Daemon::start(&mut command, &self.folder.join("slapd.log"));
        eventually("slapd listens", || {
            daemon.assert_runs();
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
        self.daemon = Some(daemon);
    }

    /// Shows this certificate from now on, after `StartTLS` and on a port of its own.
    pub fn show(&mut self, certificate: &Certificate) {
        fs::write(self.folder.join("ldap.pem"), &certificate.chain).unwrap();
        fs::write(self.folder.join("ldap.key"), &certificate.key).unwrap();
        self.has_certificate = true;
        self.serve("");
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    fn configure(&self, policy: &str) -> PathBuf {
        let folder = self.folder.display();
        let tls = if self.has_certificate {
            format!("TLSCertificateFile {folder}/ldap.pem\nTLSCertificateKeyFile {folder}/ldap.key")
        } else {
            String::new()
        };
        let config = format!(
            "include /etc/ldap/schema/core.schema\npidfile {folder}/slapd.pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n\
             {policy}\n{tls}\ndatabase mdb\nsuffix \"dc=comune,dc=example\"\nrootdn \"cn=sonda,dc=comune,dc=example\"\n\
             rootpw \"{PASSWORD}\"\ndirectory {folder}/ldap\n"
        );
        let path = self.folder.join("slapd.conf");
        fs::write(&path, config).unwrap();
        path
    }
}

/// MIT's centre of the realm `COMUNE.EXAMPLE`, with the user `sonda` and the service `HTTP/intranet.example`.
#[derive(Debug)]
pub struct Kdc {
    program: PathBuf,
    kadmin: PathBuf,
    folder: PathBuf,
    /// Of 127.0.0.1, both transports.
    pub port: u16,
    daemon: Option<Daemon>,
}

impl Kdc {
    /// Answers; `None` when it is not installed.
    pub fn start(folder: &Path) -> Option<Self> {
        let (program, kadmin, maker) =
            (installed("krb5kdc")?, installed("kadmin.local")?, installed("kdb5_util")?);
        let mut kdc = Self { program, kadmin, folder: folder.to_owned(), port: free_port(), daemon: None };
        fs::write(folder.join("krb5.conf"), "[libdefaults]\n default_realm = COMUNE.EXAMPLE\n").unwrap();
        kdc.configure(true);
        succeeded(kdc.through(&maker).args(["create", "-s", "-P", "una chiave", "-r", "COMUNE.EXAMPLE"]));
        kdc.administer(&format!("addprinc -pw \"{PASSWORD}\" sonda"));
        kdc.administer("addprinc -randkey HTTP/intranet.example");
        kdc.serve(true);
        Some(kdc)
    }

    /// Serves over TCP, and over UDP if told so.
    pub fn serve(&mut self, has_udp: bool) {
        self.stop();
        self.configure(has_udp);
        let mut command = self.through(&self.program);
        let mut daemon = Daemon::start(command.arg("-n"), &self.folder.join("krb5kdc.log"));
        eventually("krb5kdc listens", || {
            daemon.assert_runs();
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
        self.daemon = Some(daemon);
    }

    /// One word of `kadmin.local`; the centre sees it at its next question.
    pub fn administer(&self, query: &str) {
        succeeded(self.through(&self.kadmin).args(["-r", "COMUNE.EXAMPLE", "-q", query]));
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    fn through(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("KRB5_CONFIG", self.folder.join("krb5.conf"));
        command.env("KRB5_KDC_PROFILE", self.folder.join("kdc.conf"));
        command
    }

    fn configure(&self, has_udp: bool) {
        let (folder, port) = (self.folder.display(), self.port);
        let udp = if has_udp { format!("127.0.0.1:{port}") } else { "\"\"".to_owned() };
        let config = format!(
            "[kdcdefaults]\n kdc_listen = {udp}\n kdc_tcp_listen = 127.0.0.1:{port}\n[realms]\n COMUNE.EXAMPLE = {{\n  \
             database_name = {folder}/principal\n  key_stash_file = {folder}/stash\n  acl_file = {folder}/acl\n  \
             default_principal_flags = +preauth\n }}\n"
        );
        fs::write(self.folder.join("kdc.conf"), config).unwrap();
    }
}

/// `FreeRADIUS` with one user, `sonda`.
#[derive(Debug)]
pub struct FreeRadius {
    program: PathBuf,
    folder: PathBuf,
    /// Of 127.0.0.1.
    pub port: u16,
    signs: bool,
    daemon: Option<Daemon>,
}

impl FreeRadius {
    /// Answers who knows `secret`; `None` when it is not installed.
    pub fn start(folder: &Path, secret: &str) -> Option<Self> {
        let program = installed("freeradius")?;
        let (folder, port) = (folder.to_owned(), free_port());
        let mut radius = Self { program, folder, port, signs: false, daemon: None };
        radius.serve(secret, PASSWORD);
        Some(radius)
    }

    /// Signs answers to logins too from its next start on, as versions do by themselves that are mended after
    /// CVE-2024-3596.
    pub fn sign(&mut self) {
        self.signs = true;
    }

    /// Serves with this shared secret and this password of the user.
    pub fn serve(&mut self, secret: &str, password: &str) {
        self.stop();
        let sign = if self.signs { "update reply {\n Message-Authenticator := 0x00\n }\n" } else { "" };
        let (folder, port) = (self.folder.display(), self.port);
        let config = format!(
            "prefix = /usr\nlocalstatedir = {folder}\nlogdir = {folder}\nrun_dir = {folder}\nraddbdir = {folder}\n\
             libdir = /usr/lib/freeradius\nsecurity {{\n reject_delay = 0\n status_server = yes\n}}\n\
             client sonda {{\n ipaddr = 127.0.0.1\n secret = \"{secret}\"\n}}\n\
             modules {{\n pap {{\n }}\n files {{\n usersfile = {folder}/users\n }}\n}}\n\
             server default {{\n listen {{\n type = auth\n ipaddr = 127.0.0.1\n port = {port}\n }}\n\
             authorize {{\n {sign} files\n pap\n }}\n authenticate {{\n Auth-Type PAP {{\n pap\n }}\n }}\n}}\n"
        );
        fs::write(self.folder.join("radiusd.conf"), config).unwrap();
        fs::write(self.folder.join("users"), format!("sonda Cleartext-Password := \"{password}\"\n"))
            .unwrap();
        let mut command = Command::new(&self.program);
        command.args(["-f", "-n", "radiusd", "-l", "stdout", "-d"]).arg(&self.folder);
        let mut daemon = Daemon::start(&mut command, &self.folder.join("freeradius.log"));
        eventually("freeradius listens", || {
            daemon.assert_runs();
            // A port that nobody listens on cannot be told by UDP; one that is taken can.
            UdpSocket::bind(("127.0.0.1", self.port)).is_err().then_some(())
        });
        self.daemon = Some(daemon);
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.daemon = None;
    }
}
