//! Who people log in at, on loopback: a certified OIDC provider and a portal with a form, both run by Node.
//!
//! The provider is a package of npm, which `tests/run` installs below `target/` from the lock file beside it. Neither
//! has TLS, so that a story needs no authority: that is told by the stories of certificates.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::binaries::{installed, skip, unpacked};
use crate::daemon::Daemon;
use crate::eventually;
use crate::ports::free_port;

/// oidc-provider with one client, that makes its keys anew at each start.
#[derive(Debug)]
pub struct OidcProvider {
    script: Script,
    settings: Value,
}

impl OidcProvider {
    /// Its only client.
    pub const CLIENT: &str = "sonda";
    /// Where that client lives; nobody goes there.
    pub const REDIRECT_URI: &str = "https://intranet.comune.example/ritorno";
    /// For whom its tokens are.
    pub const AUDIENCE: &str = "https://intranet.comune.example";

    /// Knows the client by `secret`; `None` when Node or the package is missing.
    pub fn start(folder: &Path, secret: &str) -> Option<Self> {
        let packages = unpacked("oidc");
        if !packages.join("node_modules/oidc-provider").exists() {
            skip("npm's oidc-provider is not installed (tests/run does that)");
            return None;
        }
        let script = Script::of("provider", folder)?;
        let settings = json!({
            "installed": packages, "port": script.port, "issuer": script.origin(), "client": Self::CLIENT,
            "client_secret": secret, "redirect_uri": Self::REDIRECT_URI, "audience": Self::AUDIENCE, "clock_ahead_s": 0,
        });
        let mut provider = Self { script, settings };
        provider.begin_anew();
        Some(provider)
    }

    /// To the letter.
    pub fn issuer(&self) -> String {
        self.script.origin()
    }

    /// It takes another secret from its client.
    pub fn change_secret(&mut self, secret: &str) {
        self.settings["client_secret"] = json!(secret);
        self.begin_anew();
    }

    /// Its clock is wrong.
    pub fn set_clock_ahead(&mut self, seconds: i32) {
        self.settings["clock_ahead_s"] = json!(seconds);
        self.begin_anew();
    }

    /// It believes to be somebody else.
    pub fn name_itself(&mut self, issuer: &str) {
        self.settings["issuer"] = json!(issuer);
        self.begin_anew();
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.script.daemon = None;
    }

    fn begin_anew(&mut self) {
        self.script.write(&self.settings);
        self.script.run();
    }
}

/// A portal whose login is a form, with a session and a token against forged requests.
#[derive(Debug)]
pub struct Portal {
    script: Script,
    settings: Value,
}

impl Portal {
    /// What its home page says to whoever is in.
    pub const GREETING: &str = "Le tue pratiche";

    /// Lets `sonda` in with `password`; `None` when Node is missing.
    pub fn start(folder: &Path, password: &str) -> Option<Self> {
        let script = Script::of("portal", folder)?;
        let settings = json!({
            "port": script.port, "password": password, "token_name": "gettone", "greeting": Self::GREETING,
            "home_status": 200, "logout_status": 204,
        });
        let mut portal = Self { script, settings };
        portal.script.write(&portal.settings);
        portal.script.run();
        Some(portal)
    }

    /// Where it is.
    pub fn origin(&self) -> String {
        self.script.origin()
    }

    /// `password`, `token_name`, `greeting`, `home_status` or `logout_status` is another from the next request on.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.settings[name] = value.into();
        self.script.write(&self.settings);
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.script.daemon = None;
    }
}

/// A program of `tests/harness/oidc`, with a file of settings.
#[derive(Debug)]
struct Script {
    node: PathBuf,
    name: &'static str,
    folder: PathBuf,
    /// Of 127.0.0.1.
    port: u16,
    daemon: Option<Daemon>,
}

impl Script {
    fn of(name: &'static str, folder: &Path) -> Option<Self> {
        let node = installed("node")?;
        Some(Self { node, name, folder: folder.to_owned(), port: free_port(), daemon: None })
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Whole or not at all: the program may be reading.
    fn write(&self, settings: &Value) {
        let (path, new) = (self.settings(), self.folder.join(format!("{}.new", self.name)));
        fs::write(&new, settings.to_string()).unwrap();
        fs::rename(new, path).unwrap();
    }

    fn settings(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }

    fn run(&mut self) {
        self.daemon = None;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("harness/oidc/{}.mjs", self.name));
        let mut command = Command::new(&self.node);
        let command = command.arg(script).arg(self.settings());
        let mut daemon = Daemon::start(command, &self.folder.join(format!("{}.log", self.name)));
        eventually(&format!("the {} listens", self.name), || {
            daemon.assert_runs();
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
        self.daemon = Some(daemon);
    }
}
