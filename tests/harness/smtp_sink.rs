//! A relay that takes mail on loopback, keeps it to be looked at, and behaves as badly as a story wants.
//!
//! It notes a message when its last line has come, before it says so: what a kill in between leaves with the relay is
//! what a real one would have, too.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::servers::Certificate;

/// One message as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// When its last line came.
    pub at: Instant,
    /// Its recipient outside.
    pub to: String,
    /// Head and body, unfolded, without the dots of the wire.
    pub text: String,
}

impl Received {
    /// A line of its head; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let head = self.text.split("\n\n").next().unwrap_or_default();
        let of =
            |line: &'_ str| line.split_once(": ").is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        head.lines()
            .find(|line| of(line))
            .and_then(|line| line.split_once(": "))
            .map_or("", |(_, value)| value)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.header("Message-ID")
    }

    /// The text with quoted-printable undone, as far as ASCII goes.
    pub fn plain(&self) -> String {
        self.text.replace("=\n", "").replace("=20", " ").replace("=3D", "=")
    }
}

/// How it behaves from the next command on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// Takes everything.
    #[default]
    Kind,
    /// Hangs up on whoever connects.
    Away,
    /// `451` to each recipient the first time he is named.
    Greylists,
    /// `550` to each recipient.
    Refuses,
    /// `452` when the message has come.
    Full,
    /// Hangs up when the message has come, and keeps it.
    HangsUpBefore250,
    /// Says `250` and hangs up.
    HangsUpAfter250,
    /// Does not offer STARTTLS.
    Strips,
}

/// Where in a dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Somebody connected.
    Connected,
    /// `EHLO` has come.
    Hello,
    /// A recipient was named.
    Recipient,
    /// `DATA` has come.
    Data,
    /// The message has come, and nothing was said yet.
    Before250,
    /// It was said.
    After250,
}

#[derive(Debug, Default)]
struct Sunk {
    manner: Manner,
    received: Vec<Received>,
    logins: Vec<String>,
    named: BTreeSet<String>,
    dialogues: u64,
    /// Whom to kill where, and how long after that.
    kills: Option<(Stage, Pid, Duration)>,
}

/// The relay. Its thread ends with it.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    sunk: Arc<Mutex<Sunk>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SmtpSink {
    /// On a free port, in clear.
    pub fn start() -> Self {
        Self::serving(None)
    }

    /// On a free port, with STARTTLS.
    pub fn with_tls(certificate: &Certificate) -> Self {
        let chain =
            CertificateDer::pem_slice_iter(certificate.chain.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Self::serving(Some(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())))
    }

    fn serving(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sunk, ends) = (Arc::new(Mutex::new(Sunk::default())), Arc::new(AtomicBool::new(false)));
        let (of, seen) = (Arc::clone(&sunk), Arc::clone(&ends));
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                let (of, tls) = (Arc::clone(&of), tls.clone());
                std::thread::spawn(move || {
                    Dialogue { sunk: &of, is_secured: false, to: String::new() }.held(stream, tls);
                });
            }
        });
        Self { address, sunk, ends, thread: Some(thread) }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it behaves from now on.
    pub fn behave(&self, manner: Manner) {
        self.sunk.lock().unwrap().manner = manner;
    }

    /// Kills a process at the next such stage, a moment later.
    pub fn kill_at(&self, stage: Stage, pid: u32, after: Duration) {
        self.sunk.lock().unwrap().kills = Some((stage, Pid::from_raw(pid.cast_signed()), after));
    }

    /// Is nobody left to be killed?
    pub fn has_killed(&self) -> bool {
        self.sunk.lock().unwrap().kills.is_none()
    }

    /// Everything that came, in its order.
    pub fn received(&self) -> Vec<Received> {
        self.sunk.lock().unwrap().received.clone()
    }

    /// What was said behind `AUTH`.
    pub fn logins(&self) -> Vec<String> {
        self.sunk.lock().unwrap().logins.clone()
    }

    /// How often somebody connected.
    pub fn dialogues(&self) -> u64 {
        self.sunk.lock().unwrap().dialogues
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes the accept, which then looks.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

struct Dialogue<'a> {
    sunk: &'a Mutex<Sunk>,
    is_secured: bool,
    to: String,
}

/// What became of a dialogue.
enum End<S> {
    HungUp,
    /// TLS begins.
    Secures(S),
}

impl Dialogue<'_> {
    fn held(mut self, stream: TcpStream, tls: Option<Arc<ServerConfig>>) {
        let _best_effort = stream.set_nodelay(true);
        let _so_long = stream.set_read_timeout(Some(Duration::from_mins(1)));
        self.sunk.lock().unwrap().dialogues += 1;
        if self.reached(Stage::Connected) == Manner::Away {
            return;
        }
        let end = self.spoken(stream, true, tls.is_some());
        if let (Some(End::Secures(stream)), Some(tls)) = (end, tls) {
            self.is_secured = true;
            let connection = ServerConnection::new(tls).unwrap();
            self.spoken(StreamOwned::new(connection, stream), false, false);
        }
    }

    /// Kills whom it is to kill here.
    fn reached(&self, stage: Stage) -> Manner {
        let (manner, kills) = {
            let mut sunk = self.sunk.lock().unwrap();
            let is_due = sunk.kills.is_some_and(|(at, ..)| at == stage);
            (sunk.manner, if is_due { sunk.kills.take() } else { None })
        };
        if let Some((_, pid, after)) = kills {
            std::thread::sleep(after);
            let _it_may_be_gone = kill(pid, Signal::SIGKILL);
        }
        manner
    }

    /// `None` when the other side broke off.
    fn spoken<S: Read + Write>(&mut self, stream: S, greets: bool, secures: bool) -> Option<End<S>> {
        let mut stream = BufReader::new(stream);
        if greets {
            say(&mut stream, "220 sink.example ESMTP")?;
        }
        loop {
            let line = heard(&mut stream)?;
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => {
                    let offers = self.reached(Stage::Hello) != Manner::Strips && secures;
                    let starttls = if offers { "250-STARTTLS\r\n" } else { "" };
                    say(
                        &mut stream,
                        &format!("250-sink.example\r\n{starttls}250-AUTH PLAIN XOAUTH2\r\n250 8BITMIME"),
                    )?;
                }
                "STARTTLS" if secures => {
                    say(&mut stream, "220 go on")?;
                    return Some(End::Secures(stream.into_inner()));
                }
                "AUTH" => {
                    self.sunk.lock().unwrap().logins.push(line[5..].to_owned());
                    say(&mut stream, "235 welcome")?;
                }
                "MAIL" => say(&mut stream, "250 ok")?,
                "RCPT" => {
                    line.split(['<', '>']).nth(1).unwrap_or_default().clone_into(&mut self.to);
                    let manner = self.reached(Stage::Recipient);
                    let is_new = self.sunk.lock().unwrap().named.insert(self.to.clone());
                    let reply = match manner {
                        Manner::Greylists if is_new => "451 4.7.1 greylisted, come again",
                        Manner::Refuses => "550 5.1.1 no such user",
                        _ => "250 ok",
                    };
                    say(&mut stream, reply)?;
                }
                "DATA" => {
                    self.reached(Stage::Data);
                    say(&mut stream, "354 go on")?;
                    let text = message(&mut stream)?;
                    self.taken(&mut stream, text)?;
                }
                "QUIT" => {
                    say(&mut stream, "221 bye")?;
                    return Some(End::HungUp);
                }
                _ => say(&mut stream, "500 what?")?,
            }
        }
    }

    fn taken<S: Read + Write>(&self, stream: &mut BufReader<S>, text: String) -> Option<()> {
        let manner = self.sunk.lock().unwrap().manner;
        if manner == Manner::Full {
            return say(stream, "452 4.3.1 no room");
        }
        let received = Received { at: Instant::now(), to: self.to.clone(), text };
        self.sunk.lock().unwrap().received.push(received);
        if self.reached(Stage::Before250) == Manner::HangsUpBefore250 {
            return None;
        }
        say(stream, "250 2.0.0 Ok: queued")?;
        if self.reached(Stage::After250) == Manner::HangsUpAfter250 {
            return None;
        }
        Some(())
    }
}

fn say<S: Read + Write>(stream: &mut BufReader<S>, line: &str) -> Option<()> {
    let stream = stream.get_mut();
    stream.write_all(format!("{line}\r\n").as_bytes()).ok()?;
    stream.flush().ok()
}

fn heard<S: Read + Write>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).ok()? == 0 {
        return None;
    }
    Some(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn message<S: Read + Write>(stream: &mut BufReader<S>) -> Option<String> {
    let mut text = String::new();
    loop {
        let line = heard(stream)?;
        if line == "." {
            // Folded lines are one.
            return Some(text.replace("\n ", " ").replace("\n\t", " "));
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
    }
}
