//! A TCP peer that says exactly what it is told to.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How long a peer that says nothing stays silent: beyond every deadline of the table.
const SILENCE: Duration = Duration::from_secs(4);

/// What happens on each connection.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    /// Reads a request, then writes what belongs to it: the first pair that fits by path, by method and path
    /// (`POST /`), or because it carries a cookie (`Cookie`); `*` fits all.
    Answers(Vec<(&'static str, Vec<u8>)>),
    /// Writes at once, without having read.
    Greets(Vec<u8>),
    /// Reads a head, waits, then writes.
    Dawdles(Duration, Vec<u8>),
    /// Reads a head, writes it, then a body without end.
    Floods(Vec<u8>),
    /// Accepts and says nothing.
    IsSilent,
    /// Accepts and closes.
    HangsUp,
}

/// Runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    pub(crate) fn plain(does: Does) -> Self {
        Self::at(IpAddr::V4(Ipv4Addr::LOCALHOST), does, None)
    }

    pub(crate) fn tls(does: Does, config: ServerConfig) -> Self {
        Self::at(IpAddr::V4(Ipv4Addr::LOCALHOST), does, Some(Arc::new(config)))
    }

    pub(crate) fn at(ip: IpAddr, does: Does, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if seen.load(Ordering::SeqCst) {
                    break;
                }
                let (does, tls) = (does.clone(), tls.clone());
                std::thread::spawn(move || serve(stream, &does, tls));
            }
        });
        Self { address, stop, thread: Some(thread) }
    }

    /// `http://…` with a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the accept, which then looks.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An answer with a length.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn serve(stream: TcpStream, does: &Does, tls: Option<Arc<ServerConfig>>) {
    let _ = stream.set_read_timeout(Some(SILENCE));
    let _ = stream.set_write_timeout(Some(SILENCE));
    // Whatever goes wrong from here on is the prober's doing, and its verdict is what is looked at.
    let _ = match tls {
        None => act(stream, does),
        Some(config) => match ServerConnection::new(config) {
            Ok(connection) => act(StreamOwned::new(connection, stream), does),
            Err(_) => Ok(()),
        },
    };
}

fn act(mut stream: impl std::io::Read + std::io::Write, does: &Does) -> std::io::Result<()> {
    match does {
        Does::Answers(answers) => {
            let text = head(&mut stream)?;
            let mut words = text.split_whitespace();
            let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let asked = format!("{method} {path}");
            let has_cookie = text.to_lowercase().contains("\r\ncookie: ");
            let fits = |(at, _): &&(&str, Vec<u8>)| {
                *at == "*" || *at == path || *at == asked || *at == "Cookie" && has_cookie
            };
            if let Some((_, bytes)) = answers.iter().find(fits) {
                stream.write_all(bytes)?;
            }
        }
        Does::Greets(bytes) => stream.write_all(bytes)?,
        Does::Dawdles(time, bytes) => {
            head(&mut stream)?;
            std::thread::sleep(*time);
            stream.write_all(bytes)?;
        }
        Does::Floods(bytes) => {
            head(&mut stream)?;
            stream.write_all(bytes)?;
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        Does::IsSilent => std::thread::sleep(SILENCE),
        Does::HangsUp => {}
    }
    stream.flush()
}

/// Reads a request with its body, which left unread would break the connection; gives its head.
fn head(stream: &mut impl std::io::Read) -> std::io::Result<String> {
    let (mut bytes, mut byte) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") && bytes.len() < 1 << 14 {
        if stream.take(1).read(&mut byte)? == 0 {
            break;
        }
        bytes.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lower = text.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0).min(1 << 14)];
    stream.read_exact(&mut body)?;
    Ok(text)
}
