//! Browsing as desks do it: squid, which lets through, asks who one is and says no, and behind it nginx as the sites
//! outside; nginx also as a visitors' network with its portal. All of it on loopback, for names that only squid knows.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::{installed, skip};
use crate::daemon::Daemon;
use crate::eventually;
use crate::ports::free_port;

/// A site that squid lets everybody reach.
pub const OUTSIDE: &str = "fuori.example";
/// A site that squid denies to everybody.
pub const DENIED: &str = "vietato.example";
/// Who may pass by [`Squid::guarded`], as a proxy's secret names one.
pub const KNOWN: &str = "sonda:parola-di-squid";
/// The same for squid: `openssl passwd -6 -salt sale parola-di-squid`.
const KNOWN_TO_SQUID: &str =
    "sonda:$6$sale$vtF5XpyLLLajqwuDAKh6bitYpLVlbA03CaoCIj0ck5qSjp1fXu.3PW7hNvR5Y8prvjywne6QtKfEPKocWcKH./\n";

/// Asks for credentials; of squid's own package.
const HELPER: &str = "/usr/lib/squid/basic_ncsa_auth";
/// `nobody`: squid refuses to run as root.
const NOBODY: u32 = 65_534;

/// A proxy that resolves names by a file of its own, and asks no name server.
#[derive(Debug)]
pub struct Squid {
    program: PathBuf,
    folder: tempfile::TempDir,
    /// Of 127.0.0.1; lets everybody through, but not to [`DENIED`].
    pub port: u16,
    /// Of 127.0.0.1; lets only [`KNOWN`] through.
    pub guarded: u16,
    daemon: Option<Daemon>,
}

impl Squid {
    /// Knows both sites' names; `None` when it is not installed.
    pub fn start() -> Option<Self> {
        let program = installed("squid")?;
        if !Path::new(HELPER).exists() {
            skip(&format!("{HELPER} is not installed"));
            return None;
        }
        // A folder that is nobody's own: a story's is private to whoever runs it.
        let folder = tempfile::tempdir().unwrap();
        let mut squid = Self { program, folder, port: free_port(), guarded: free_port(), daemon: None };
        squid.serve();
        Some(squid)
    }

    /// Listens again after [`Squid::stop`].
    pub fn serve(&mut self) {
        let (folder, port, guarded) = (self.folder.path().display(), self.port, self.guarded);
        // Everything it writes stays in the folder; nothing is cached, nobody else is asked.
        let config = format!(
            "http_port 127.0.0.1:{port}\nhttp_port 127.0.0.1:{guarded}\nvisible_hostname proxy.example\n\
             pid_filename none\ncache_log {folder}/cache.log\naccess_log none\ncache_store_log none\n\
             coredump_dir {folder}\ncache deny all\nmemory_cache_shared off\npinger_enable off\nicp_port 0\n\
             hosts_file {folder}/hosts\ndns_nameservers 127.0.0.1\nshutdown_lifetime 0 seconds\n\
             auth_param basic program {HELPER} {folder}/passwd\nauth_param basic children 1\n\
             auth_param basic realm rete\nacl vietati dstdomain {DENIED}\nacl sorvegliata localport {guarded}\n\
             acl noti proxy_auth REQUIRED\nhttp_access deny vietati\nhttp_access deny sorvegliata !noti\n\
             http_access allow localhost\nhttp_access deny all\n"
        );
        let hosts = format!("127.0.0.1 {OUTSIDE}\n127.0.0.1 {DENIED}\n");
        for (name, text) in [("squid.conf", config.as_str()), ("hosts", &hosts), ("passwd", KNOWN_TO_SQUID)] {
            fs::write(self.folder.path().join(name), text).unwrap();
        }
        let mut command = Command::new(&self.program);
        command.args(["-N", "-n", &self.name(), "-f"]).arg(self.folder.path().join("squid.conf"));
        if nix::unistd::Uid::effective().is_root() {
            chown(self.folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            command.uid(NOBODY).gid(NOBODY);
        }
        let log = self.folder.path().join("squid.log");
        let mut daemon = Daemon::start(&mut command, &log);
        eventually("squid listens", || {
            daemon.assert_runs();
            std::net::TcpStream::connect(("127.0.0.1", guarded)).ok()
        });
        self.daemon = Some(daemon);
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.daemon = None;
        // What a killed squid leaves in the kernel's shared memory.
        for segment in ["metadata", "queues", "readers"] {
            let _ = fs::remove_file(format!("/dev/shm/{}-cf__{segment}.shm", self.name()));
        }
    }

    /// Tells its shared memory from other squids'.
    fn name(&self) -> String {
        format!("vd{}", self.port)
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The locations of nginx as a site outside, and as what a visitor's device asks: `/204` is the Internet, the others are
/// a portal that leads to `portale.example`, one that shows its page at once, somebody else's, and one that is broken.
pub const PAGES: &str = "location = / { return 200 \"fuori\"; }\n\
    location = /204 { return 204; }\n\
    location = /portale { return 302 http://portale.example/accesso; }\n\
    location = /pagina { return 200 \"<a href='https://portale.example/'>Accedi</a>\"; }\n\
    location = /altrui { return 302 http://altri.example/; }\n\
    location = /guasto { return 500; }";
