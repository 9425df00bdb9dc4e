//! Real servers of the system, as users meet them: unbound and nginx in the foreground, on loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::installed;
use crate::daemon::Daemon;
use crate::eventually;
use crate::ports::free_port;

/// A resolver that knows one zone.
#[derive(Debug)]
pub struct Unbound {
    program: PathBuf,
    folder: PathBuf,
    /// Of 127.0.0.1.
    pub port: u16,
    daemon: Option<Daemon>,
}

impl Unbound {
    /// Answers `servizio.esempio.test A` with 192.0.2.80; `None` when it is not installed.
    pub fn start(folder: &Path) -> Option<Self> {
        let program = installed("unbound")?;
        let mut unbound = Self { program, folder: folder.to_owned(), port: free_port(), daemon: None };
        unbound.serve("static");
        Some(unbound)
    }

    /// REFUSED to every question from now on.
    pub fn refuse(&mut self) {
        self.serve("always_refuse");
    }

    fn serve(&mut self, zone: &str) {
        self.daemon = None;
        let config = format!(
            "server:\n  interface: 127.0.0.1\n  port: {}\n  do-daemonize: no\n  use-syslog: no\n  \
             chroot: \"\"\n  username: \"\"\n  directory: \"{}\"\n  pidfile: \"\"\n  num-threads: 1\n  \
             access-control: 127.0.0.0/8 allow\n  local-zone: \"esempio.test.\" {zone}\n  \
             local-data: \"servizio.esempio.test. 60 IN A 192.0.2.80\"\nremote-control:\n  control-enable: no\n",
            self.port,
            self.folder.display(),
        );
        let path = self.folder.join("unbound.conf");
        fs::write(&path, config).unwrap();
        let mut command = Command::new(&self.program);
        self.daemon =
            Some(Daemon::start(command.arg("-d").arg("-c").arg(path), &self.folder.join("unbound.log")));
    }
}

/// What a server shows of itself, PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The server's own first, then those above it, as far as they are sent.
    pub chain: String,
    /// Its private key.
    pub key: String,
}

/// A web server whose only page answers a chosen status.
#[derive(Debug)]
pub struct Nginx {
    program: PathBuf,
    folder: PathBuf,
    /// Of 127.0.0.1.
    pub port: u16,
    daemon: Option<Daemon>,
}

impl Nginx {
    /// Answers 200; `None` when it is not installed.
    pub fn start(folder: &Path) -> Option<Self> {
        let program = installed("nginx")?;
        let mut nginx = Self { program, folder: folder.to_owned(), port: free_port(), daemon: None };
        nginx.answer(200);
        Some(nginx)
    }

    /// Answers 200 over TLS, each certificate on a port of its own; `None` when it is not installed.
    pub fn with_certificates(folder: &Path, certificates: &[Certificate]) -> Option<(Self, Vec<u16>)> {
        Self::with_pages(folder, certificates, "")
    }

    /// The same with these locations on its plain port.
    pub fn with_pages(folder: &Path, certificates: &[Certificate], pages: &str) -> Option<(Self, Vec<u16>)> {
        let program = installed("nginx")?;
        let mut nginx = Self { program, folder: folder.to_owned(), port: free_port(), daemon: None };
        let mut ports = Vec::new();
        let mut servers = vec![format!("server {{ listen 127.0.0.1:{}; {pages} }}", nginx.port)];
        for (number, Certificate { chain, key }) in certificates.iter().enumerate() {
            let (chain_path, key_path) =
                (folder.join(format!("{number}.pem")), folder.join(format!("{number}.key")));
            fs::write(&chain_path, chain).unwrap();
            fs::write(&key_path, key).unwrap();
            let port = free_port();
            let (chain, key) = (chain_path.display(), key_path.display());
            servers.push(format!(
                "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; ssl_certificate_key {key};\n\
                 location / {{ return 200 \"x\"; }} }}"
            ));
            ports.push(port);
        }
        nginx.serve(&servers.join("\n"));
        Some((nginx, ports))
    }

    /// Serves what is in `folder/www`, read anew for each request, and 502 at `/rotto`; `None` when it is not installed.
    pub fn of_files(folder: &Path) -> Option<Self> {
        let program = installed("nginx")?;
        let mut nginx = Self { program, folder: folder.to_owned(), port: free_port(), daemon: None };
        let www = folder.join("www");
        fs::create_dir_all(&www).unwrap();
        let (port, www) = (nginx.port, www.display());
        nginx.serve(&format!(
            "server {{ listen 127.0.0.1:{port}; root {www}; location = /rotto {{ return 502; }} }}"
        ));
        Some(nginx)
    }

    /// Answers `status` from now on.
    pub fn answer(&mut self, status: u16) {
        self.stop();
        let server =
            format!("server {{ listen 127.0.0.1:{}; location / {{ return {status} \"x\"; }} }}\n", self.port);
        self.serve(&server);
    }

    fn serve(&mut self, servers: &str) {
        let folder = self.folder.display();
        // Everything it writes stays in the folder; one process, so that its end is its end.
        let config = format!(
            "daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
             fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n\
             {servers} }}\n",
        );
        let path = self.folder.join("nginx.conf");
        fs::write(&path, config).unwrap();
        let mut command = Command::new(&self.program);
        let command = command.arg("-e").arg("stderr").arg("-p").arg(&self.folder).arg("-c").arg(path);
        let mut daemon = Daemon::start(command, &self.folder.join("nginx.log"));
        eventually("nginx listens", || {
            daemon.assert_runs();
            std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
        self.daemon = Some(daemon);
    }

    /// Nothing listens any more.
    pub fn stop(&mut self) {
        self.daemon = None;
    }
}
