//! Secrets of checks: files of one directory, which never leave this machine.
//!
//! The collector says which check uses which secret, so a stolen collector could have each of them sent to
//! its own server. Beside a secret `portale` therefore stands `portale.for`, which says on each line an
//! origin to which it may go: `https://portale.example`, `ldaps://dc1.example`. Without that file it goes
//! nowhere, and over plain http only where a line says `http://`. Networks after an origin
//! (`https://intranet.example 10.0.0.0/24`) are the only addresses at which it may be: needed where a check
//! also says where to connect and which authority to believe, since then nothing else proves who is there. With
//! networks behind it, `snmp://*` is every device in them.
//!
//! Both files are read anew for each attempt, so that a changed password needs no restart. A name is an
//! [`Id`], so it cannot lead out of the directory, nor name the other file.

use std::fmt;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use collector_api::Reason;
use config::{HostPort, Id};
use reqwest::Url;

use crate::allowed::AllowedTargets;
use crate::probe::Fault;

/// A long token is a few kB.
const SECRET_BYTES_MAX: u64 = 16 << 10;

/// Where secrets are.
#[derive(Debug, Clone)]
pub struct SecretsDirectory(PathBuf);

/// A secret that may be used.
pub struct Secret {
    /// One line of text.
    pub text: String,
    /// Where alone it may go; everywhere that its origin is when absent.
    pub at: Option<AllowedTargets>,
}

impl Secret {
    /// May it go to this address? For who has found out where its origin is.
    pub fn goes_to(&self, address: IpAddr) -> Result<(), Fault> {
        if self.at.as_ref().is_none_or(|at| at.permits(address)) {
            return Ok(());
        }
        let detail = format!("{address} is no address to which the secret may go");
        Err(Fault::new(Reason::AgentTargetForbidden, detail))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl SecretsDirectory {
    /// `secrets` of `agent.yaml`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The secret of this name, for an origin such as `https://portale.example:443`: one line of text,
    /// without its end. `agent.secret_missing` when there is none that can be used, and
    /// `agent.target_forbidden` when it is not for this origin.
    pub async fn read(&self, name: &Id, origin: &str) -> Result<Secret, Fault> {
        let (files, name, origin) = (self.clone(), name.clone(), origin.to_owned());
        // One way to a thread that may wait for a disk, not one for each step of two files: of an SNMP check that was two fifths of its CPU.
        tokio::task::spawn_blocking(move || files.look(&name, &origin))
            .await
            .map_err(|error| Fault::new(Reason::AgentSecretMissing, error.to_string()))?
    }

    fn look(&self, name: &Id, origin: &str) -> Result<Secret, Fault> {
        let missing = |why: String| Fault::new(Reason::AgentSecretMissing, format!("secret `{name}`: {why}"));
        let text = text_of(&self.0.join(name.as_str())).map_err(missing)?;
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        if secret.is_empty() {
            return Err(missing("the file is empty".to_owned()));
        }
        if secret.chars().any(char::is_control) {
            return Err(missing("the file is not one line of text".to_owned()));
        }
        let at = self.places(name, origin)?;
        Ok(Secret { text: secret.to_owned(), at })
    }

    /// What reports to this agent must carry; `None` when there is no such secret. It is compared here and goes
    /// nowhere, so no origin need be allowed. The error is a sentence.
    pub async fn token(&self, name: &Id) -> Result<Option<String>, String> {
        let path = self.0.join(name.as_str());
        let text = tokio::task::spawn_blocking(move || match std::fs::exists(&path) {
            Ok(false) => Ok(None),
            _ => text_of(&path).map(Some),
        });
        let Some(text) = text.await.map_err(|error| error.to_string())?? else { return Ok(None) };
        let token = text.trim_ascii_end();
        if token.is_empty() || token.chars().any(char::is_control) {
            return Err("the file is not one line of text".to_owned());
        }
        Ok(Some(token.to_owned()))
    }

    fn places(&self, name: &Id, origin: &str) -> Result<Option<AllowedTargets>, Fault> {
        let forbidden =
            |why: String| Fault::new(Reason::AgentTargetForbidden, format!("secret `{name}`: {why}"));
        let path = self.0.join(format!("{name}.for"));
        let lines = text_of(&path).map_err(|error| {
            let shown = path.display();
            forbidden(format!("say where it may go, with a line `{origin}` in {shown} ({error})"))
        })?;
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut words = line.split_whitespace().map(str::to_owned);
            let named = words.next().unwrap_or_default();
            let named = origin_of(&named)
                .ok_or_else(|| forbidden(format!("`{named}` in {name}.for is no origin, like {origin}")))?;
            // Any device of these networks: hundreds of them share a community, and only where they are tells them apart.
            let is_any = named == any_host_of(origin) && words.clone().next().is_some();
            if named == origin || is_any {
                let networks: Vec<String> = words.collect();
                let at = AllowedTargets::parse(&networks).map_err(|error| forbidden(error.to_string()))?;
                return Ok((!networks.is_empty()).then_some(at));
            }
        }
        Err(forbidden(format!("{name}.for does not let it go to {origin}")))
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > SECRET_BYTES_MAX {
        return Err("the file is longer than 16 KiB".to_owned());
    }
    Ok(text)
}

/// Scheme, host and port, the last also where it is the usual one. Nothing more may be said.
fn origin_of(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let port = match url.scheme() {
        "http" | "https" => url.port_or_known_default()?,
        scheme => url.port().or_else(|| usual_port(scheme))?,
    };
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.username().is_empty();
    // What the URL standard calls special is in lower case already.
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    is_bare.then(|| origin(url.scheme(), &HostPort { host, port }))
}

/// `snmp://*:161`: any host, by that scheme and port. A line that says so must name networks.
fn any_host_of(origin: &str) -> String {
    let scheme = origin.split("://").next().unwrap_or_default();
    let port = origin.rsplit(':').next().unwrap_or_default();
    format!("{scheme}://*:{port}")
}

/// The origin of a protocol other than http, as [`SecretsDirectory::read`] wants it: `radius://10.0.0.12:1812`.
pub fn origin(scheme: &str, address: &HostPort) -> String {
    let HostPort { host, port } = address;
    format!("{scheme}://{}", HostPort { host: host.to_ascii_lowercase(), port: *port })
}

/// Of the protocols that have secrets beside http. A secret for `ldaps`, `smtps`, `imaps` or `pop3s`
/// is said over TLS only, whichever way it begins.
fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "ldap" => Some(389),
        "ldaps" => Some(636),
        "kerberos" => Some(88),
        "radius" => Some(1812),
        "snmp" => Some(161),
        "smtp" | "smtps" => Some(587),
        "imap" => Some(143),
        "imaps" => Some(993),
        "pop3" => Some(110),
        "pop3s" => Some(995),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://portale.example:443";

    #[tokio::test]
    async fn a_secret_is_one_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretsDirectory::new(folder.path());
        let name = Id::new("portale").unwrap();
        std::fs::write(folder.path().join("portale.for"), "https://portale.example").unwrap();
        for (text, expected) in [
            ("hunter2", Some("hunter2")),
            ("hunter2\n", Some("hunter2")),
            ("hunter2\r\n", Some("hunter2")),
            (" with blanks ", Some(" with blanks ")),
            ("", None),
            ("\n", None),
            ("two\nlines\n", None),
            ("header\r\nX-Injected: 1", None),
        ] {
            std::fs::write(folder.path().join("portale"), text).unwrap();
            let read = secrets.read(&name, ORIGIN).await.map(|secret| secret.text);
            assert_eq!(read.as_deref().ok(), expected, "{text:?}");
            if let Err(fault) = read {
                assert_eq!(fault.reason, Reason::AgentSecretMissing);
                assert!(!fault.detail.contains("Injected"), "{fault:?}");
            }
        }
        std::fs::write(folder.path().join("portale"), "x".repeat(20_000)).unwrap();
        assert!(secrets.read(&name, ORIGIN).await.is_err());
        let absent = secrets.read(&Id::new("altro").unwrap(), ORIGIN).await.err().unwrap();
        assert!(absent.detail.starts_with("secret `altro`: No such file"), "{absent:?}");
    }

    #[tokio::test]
    async fn a_secret_goes_only_where_the_agent_says() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretsDirectory::new(folder.path());
        let name = Id::new("portale").unwrap();
        std::fs::write(folder.path().join("portale"), "hunter2").unwrap();
        let fault = secrets.read(&name, ORIGIN).await.err().unwrap();
        assert_eq!(fault.reason, Reason::AgentTargetForbidden);
        assert!(fault.detail.contains("with a line `https://portale.example:443` in "), "{fault:?}");
        for (lines, origin, expected) in [
            ("https://portale.example\n", ORIGIN, true),
            ("https://portale.example:443/", ORIGIN, true),
            ("# the portal\n\n https://altro.example\nhttps://PORTALE.example\n", ORIGIN, true),
            ("https://portale.example", "https://portale.example:8443", false),
            ("https://portale.example", "http://portale.example:80", false),
            ("http://portale.example", "http://portale.example:80", true),
            ("https://portale.example", "https://portale.example.evil.example:443", false),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", true),
            ("imaps://posta.example", "imaps://posta.example:993", true),
            ("smtps://posta.example:25", "smtps://posta.example:25", true),
            ("smtps://posta.example", "smtp://posta.example:587", false),
            ("imaps://[2001:db8::1]:993", "imaps://[2001:db8::1]:993", true),
            ("imaps://posta.example/INBOX", "imaps://posta.example:993", false),
            ("https://portale.example/path", ORIGIN, false),
            ("portale.example", ORIGIN, false),
            ("https://portale.example 10.0.0.0/33", ORIGIN, false),
            ("radius://10.0.0.12", "radius://10.0.0.12:1812", true),
            ("ldaps://DC1.example\nldaps://dc1.example:389", "ldaps://dc1.example:389", true),
            ("ldaps://dc1.example", "ldap://dc1.example:389", false),
            ("kerberos://[2001:db8::1]", "kerberos://[2001:db8::1]:88", true),
            ("telepathy://10.0.0.12", "telepathy://10.0.0.12:1", false),
            ("snmp://*", "snmp://10.0.0.2:161", false),
            ("https://*", ORIGIN, false),
            ("", ORIGIN, false),
        ] {
            std::fs::write(folder.path().join("portale.for"), lines).unwrap();
            let read = secrets.read(&name, origin).await.map(|secret| secret.at.is_none());
            assert_eq!(read.is_ok(), expected, "{lines} {origin}: {read:?}");
            if let Err(fault) = read {
                assert_eq!(fault.reason, Reason::AgentTargetForbidden);
            }
        }
        std::fs::write(folder.path().join("portale.for"), "snmp://* 10.0.0.0/24").unwrap();
        let at = secrets.read(&name, "snmp://switch1.example:161").await.ok().unwrap().at.unwrap();
        assert!(at.permits("10.0.0.2".parse().unwrap()) && !at.permits("10.0.1.2".parse().unwrap()));
        assert!(secrets.read(&name, "snmp://switch1.example:1161").await.is_err(), "another port");
        std::fs::write(folder.path().join("portale.for"), "https://portale.example 10.0.0.0/24 192.0.2.1")
            .unwrap();
        let at = secrets.read(&name, ORIGIN).await.ok().unwrap().at.unwrap();
        for (address, expected) in [("10.0.0.9", true), ("192.0.2.1", true), ("192.0.2.2", false)] {
            assert_eq!(at.permits(address.parse().unwrap()), expected, "{address}");
        }
    }
}
