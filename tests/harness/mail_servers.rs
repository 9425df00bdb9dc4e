//! Real servers of mail on loopback: postfix takes messages in, dovecot keeps them and says who may log in. Their
//! own folders, ports and accounts; the machine's mail is not touched. Both need root, to give up its rights.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::unistd::Uid;
use serde_json::Value;

use crate::binaries::{installed, skip};
use crate::daemon::Daemon;
use crate::eventually;
use crate::place::succeeded;
use crate::ports::free_port;
use crate::servers::Certificate;

/// The mailbox that can be looked into.
pub const MAILBOX: &str = "sonda@comune.example";
/// Mail for it is taken too.
pub const OTHER: &str = "altri@comune.example";
/// Mail for it is taken at the door, and comes back: nobody behind it is called so.
pub const STRANGER: &str = "ignota@comune.example";
/// Its mailbox is as good as full; mail for it comes back.
pub const FULL: &str = "piena@comune.example";
/// Arrives in [`MAILBOX`], in its `Junk`.
pub const JUNK: &str = "spazzatura@comune.example";
/// Arrives in [`MAILBOX`] twice.
pub const TWICE: &str = "doppia@comune.example";
/// Never arrives, and nobody says so.
pub const LOST: &str = "persa@comune.example";
/// Who logs in to the first.
pub const USER: &str = "sonda";
/// Who logs in to the full one, with the same password.
pub const FULL_USER: &str = "piena";
/// What the full mailbox may hold.
const QUOTA_BYTES: usize = 1_000;
/// What it holds.
const HELD_BYTES: usize = 950;
/// What postfix runs, below its two listeners.
const SERVICES: &str = "postlog unix-dgram n - n - 1 postlogd\n\
    cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\ntlsmgr unix - - n 1000? 1 tlsmgr\n\
    rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n\
    trace unix - - n - 0 bounce\nverify unix - - n - 1 verify\nproxymap unix - - n - - proxymap\n\
    lmtp unix - - n - - lmtp\nerror unix - - n - - error\nretry unix - - n - - error\n\
    anvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\ndiscard unix - - n - - discard\n\
    pickup unix n - n 60 1 pickup\nshowq unix n - n - - showq\nflush unix n - n 1000? 0 flush\n";

/// Ports of 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub struct MailPorts {
    /// Submission, with `STARTTLS`.
    pub submission: u16,
    /// SMTP without TLS.
    pub clear: u16,
    /// SMTP that takes mail from anybody for anybody.
    pub open: u16,
    /// IMAP over TLS.
    pub imaps: u16,
    /// POP3 over TLS.
    pub pop3s: u16,
    lmtp: u16,
    auth: u16,
}

/// One postfix and one dovecot behind it.
#[derive(Debug)]
pub struct MailServers {
    /// Where they listen.
    pub ports: MailPorts,
    folder: PathBuf,
    postfix: PathBuf,
    dovecot: PathBuf,
    postfix_runs: Option<Daemon>,
    dovecot_runs: Option<Daemon>,
}

impl MailServers {
    /// Both, with a mailbox and its `password`; `None` when they are not installed or cannot run.
    pub fn start(folder: &Path, certificate: &Certificate, password: &str) -> Option<Self> {
        let (postfix, dovecot) = (installed("postfix")?, installed("dovecot")?);
        if !Uid::effective().is_root() {
            skip("postfix and dovecot need root");
            return None;
        }
        let protocols = Path::new("/usr/lib/dovecot");
        if let Some(lacking) =
            ["imap", "pop3", "lmtp"].into_iter().find(|name| !protocols.join(name).exists())
        {
            skip(&format!("dovecot's {lacking} is not installed"));
            return None;
        }
        let [submission, clear, open, imaps, pop3s, lmtp, auth] = [(); 7].map(|()| free_port());
        let ports = MailPorts { submission, clear, open, imaps, pop3s, lmtp, auth };
        let folder = folder.to_owned();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.join("chain.pem"), &certificate.chain).unwrap();
        fs::write(folder.join("key.pem"), &certificate.key).unwrap();
        let mut servers = Self { ports, folder, postfix, dovecot, postfix_runs: None, dovecot_runs: None };
        for (name, owner) in [("mail", "dovecot"), ("data", "postfix")] {
            fs::create_dir(servers.folder.join(name)).unwrap();
            succeeded(Command::new("chown").arg(owner).arg(servers.folder.join(name)));
        }
        fs::create_dir_all(servers.folder.join("etc")).unwrap();
        fs::create_dir_all(servers.folder.join("spool")).unwrap();
        servers.password(password);
        servers.fill();
        servers.configure_dovecot();
        servers.configure_postfix(true);
        servers.start_dovecot();
        servers.start_postfix();
        Some(servers)
    }

    /// The mailboxes' password from now on.
    pub fn password(&self, password: &str) {
        let users = format!(
            "{USER}:{{PLAIN}}{password}::::::\naltri:{{PLAIN}}{password}::::::\n\
             {FULL_USER}:{{PLAIN}}{password}::::::userdb_quota_rule=*:bytes={QUOTA_BYTES}\n"
        );
        fs::write(self.folder.join("users"), users).unwrap();
    }

    /// What postfix takes it delivers, or keeps for later: the mailboxes' server is being worked on, say.
    pub fn deliver(&self, is_delivered: bool) {
        self.configure_postfix(is_delivered);
        let config = self.folder.join("etc");
        succeeded(Command::new(&self.postfix).arg("-c").arg(&config).arg("reload"));
        if is_delivered {
            succeeded(Command::new(&self.postfix).arg("-c").arg(&config).arg("flush"));
        }
    }

    /// How old the messages are that postfix keeps, the oldest first.
    pub fn kept(&self) -> Vec<Duration> {
        let output =
            Command::new("postqueue").arg("-c").arg(self.folder.join("etc")).arg("-j").output().unwrap();
        let now_s = probe_agent::clock::system()().unsigned_abs() / 1_000;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut kept: Vec<Duration> = told
            .lines()
            .map(|line| {
                let message: Value = serde_json::from_str(line).unwrap();
                Duration::from_secs(now_s.saturating_sub(message["arrival_time"].as_u64().unwrap()))
            })
            .collect();
        kept.sort_by_key(|age| std::cmp::Reverse(*age));
        kept
    }

    /// Nothing takes mail any more.
    pub fn stop_postfix(&mut self) {
        if self.postfix_runs.take().is_some() {
            succeeded(Command::new(&self.postfix).arg("-c").arg(self.folder.join("etc")).arg("stop"));
        }
    }

    /// It does again.
    pub fn start_postfix(&mut self) {
        let mut command = Command::new(&self.postfix);
        let command = command.arg("-c").arg(self.folder.join("etc")).arg("start-fg");
        let mut daemon = Daemon::start(command, &self.folder.join("postfix.out"));
        for port in [self.ports.submission, self.ports.clear, self.ports.open] {
            until_listening("postfix", port, &mut daemon);
        }
        self.postfix_runs = Some(daemon);
    }

    /// No mailbox can be looked into any more, and nobody can log in anywhere.
    pub fn stop_dovecot(&mut self) {
        if self.dovecot_runs.take().is_some() {
            let config = self.folder.join("dovecot.conf");
            // It may already have ended, when its foreground process did.
            let _ended = Command::new(&self.dovecot).arg("-c").arg(config).arg("stop").output();
        }
    }

    fn start_dovecot(&mut self) {
        let mut command = Command::new(&self.dovecot);
        let command = command.arg("-F").arg("-c").arg(self.folder.join("dovecot.conf"));
        let mut daemon = Daemon::start(command, &self.folder.join("dovecot.out"));
        for port in [self.ports.imaps, self.ports.pop3s] {
            until_listening("dovecot", port, &mut daemon);
        }
        self.dovecot_runs = Some(daemon);
    }

    /// The full mailbox holds one message.
    fn fill(&self) {
        let new = self.folder.join("mail").join(FULL_USER).join("new");
        fs::create_dir_all(&new).unwrap();
        let head = "From: altri@comune.example\r\nSubject: allegati\r\n\r\n";
        let message = format!("{head}{}\r\n", "x".repeat(HELD_BYTES - head.len() - 2));
        fs::write(new.join("1.uno.posta"), message).unwrap();
        succeeded(Command::new("chown").arg("-R").arg("dovecot").arg(self.folder.join("mail")));
    }

    fn configure_dovecot(&self) {
        let (folder, MailPorts { imaps, pop3s, lmtp, auth, .. }) = (self.folder.display(), self.ports);
        let config = format!(
            "protocols = imap pop3 lmtp\nlisten = 127.0.0.1\nbase_dir = {folder}/run\nstate_dir = {folder}/state\n\
             log_path = {folder}/dovecot.log\nssl = required\nssl_cert = <{folder}/chain.pem\n\
             ssl_key = <{folder}/key.pem\nauth_username_format = %n\nauth_failure_delay = 0\n\
             auth_mechanisms = plain login\n\
             mail_location = maildir:{folder}/mail/%n\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
             mail_plugins = quota\nplugin {{\n quota = maildir:User quota\n quota_grace = 0\n}}\n\
             protocol imap {{\n mail_plugins = quota imap_quota\n}}\nlmtp_save_to_detail_mailbox = yes\n\
             namespace inbox {{\n inbox = yes\n mailbox Junk {{\n auto = create\n special_use = \\Junk\n }}\n}}\n\
             passdb {{\n driver = passwd-file\n args = username_format=%n {folder}/users\n}}\n\
             userdb {{\n driver = passwd-file\n args = username_format=%n {folder}/users\n \
             default_fields = uid=dovecot gid=dovecot home={folder}/mail/%n\n}}\n\
             service imap-login {{\n inet_listener imap {{\n port = 0\n }}\n \
             inet_listener imaps {{\n port = {imaps}\n ssl = yes\n }}\n}}\n\
             service pop3-login {{\n inet_listener pop3 {{\n port = 0\n }}\n \
             inet_listener pop3s {{\n port = {pop3s}\n ssl = yes\n }}\n}}\n\
             service lmtp {{\n inet_listener lmtp {{\n port = {lmtp}\n }}\n}}\n\
             service anvil {{\n unix_listener anvil-auth-penalty {{\n mode = 0\n }}\n}}\n\
             service auth {{\n inet_listener {{\n port = {auth}\n }}\n}}\n"
        );
        fs::write(self.folder.join("dovecot.conf"), config).unwrap();
    }

    fn configure_postfix(&self, is_delivered: bool) {
        let (folder, MailPorts { submission, clear, open, lmtp, auth, .. }) =
            (self.folder.display(), self.ports);
        let kept = if is_delivered { "" } else { "lmtp" };
        // Another mailbox than the known ones is refused at RCPT; nothing leaves the machine. Whom it relays for
        // Postfix decides as it does by itself: others are put off with 454, not refused.
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {folder}/spool\ndata_directory = {folder}/data\n\
             maillog_file = {folder}/postfix.log\nmaillog_file_prefixes = {folder}\ninet_interfaces = loopback-only\n\
             inet_protocols = ipv4\nmyhostname = posta.example\nmydestination =\nmynetworks =\nalias_maps =\n\
             alias_database =\nrecipient_delimiter = +\nvirtual_mailbox_domains = comune.example\n\
             virtual_mailbox_maps = inline:{{ {MAILBOX}=x, {OTHER}=x, {STRANGER}=x, {FULL}=x, {LOST}=x }}\n\
             virtual_alias_maps = inline:{{ {{ {JUNK} = {USER}+Junk@comune.example }}, \
             {{ {TWICE} = {MAILBOX} {USER}+INBOX@comune.example }} }}\n\
             transport_maps = inline:{{ {LOST}=discard: }}\nvirtual_transport = lmtp:inet:127.0.0.1:{lmtp}\n\
             default_transport = discard:\ndefer_transports = {kept}\n\
             smtpd_recipient_restrictions = permit_sasl_authenticated, reject_unauth_destination\n\
             smtpd_tls_security_level = may\nsmtpd_tls_auth_only = yes\nsmtpd_tls_cert_file = {folder}/chain.pem\n\
             smtpd_tls_key_file = {folder}/key.pem\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n\
             smtpd_sasl_path = inet:127.0.0.1:{auth}\nsmtp_dns_support_level = disabled\n"
        );
        let listeners = format!(
            "127.0.0.1:{submission} inet n - n - - smtpd\n\
             127.0.0.1:{clear} inet n - n - - smtpd -o smtpd_tls_security_level=none \
             -o smtpd_relay_restrictions=reject_unauth_destination\n\
             127.0.0.1:{open} inet n - n - - smtpd -o mynetworks=127.0.0.0/8 \
             -o smtpd_relay_restrictions=permit_mynetworks,reject -o smtpd_recipient_restrictions=\n"
        );
        fs::write(self.folder.join("etc/main.cf"), main).unwrap();
        fs::write(self.folder.join("etc/master.cf"), listeners + SERVICES).unwrap();
    }
}

/// Their children do not end with the foreground process, but when they are told to.
impl Drop for MailServers {
    fn drop(&mut self) {
        for (program, config) in [(&self.postfix, "etc"), (&self.dovecot, "dovecot.conf")] {
            let _ended = Command::new(program).arg("-c").arg(self.folder.join(config)).arg("stop").output();
        }
    }
}

fn until_listening(name: &str, port: u16, daemon: &mut Daemon) {
    eventually(&format!("{name} listens"), || {
        daemon.assert_runs();
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    });
}
