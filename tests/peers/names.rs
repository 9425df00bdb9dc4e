//! A name server that answers exactly what it is told to, over UDP and TCP at one port.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Of the header's second word.
pub(crate) const AA: u16 = 0x0400;
pub(crate) const TC: u16 = 0x0200;
pub(crate) const RA: u16 = 0x0080;

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What is answered to whatever question.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a manner of its own, and any of them go together")]
pub(crate) struct Answers {
    pub(crate) rcode: u16,
    pub(crate) flags: u16,
    pub(crate) addresses: Vec<Ipv4Addr>,
    /// Nothing comes back over UDP.
    pub(crate) silent: bool,
    /// Another question's number comes back.
    pub(crate) wrong_id: bool,
    /// No more than this many bytes come back.
    pub(crate) cut_at: Option<usize>,
    /// A question with EDNS is FORMERR (RFC 6891, 7).
    pub(crate) refuses_edns: bool,
    /// Over TCP: everything, and without [`TC`].
    pub(crate) tcp: bool,
}

/// Runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Names {
    pub(crate) fn start(answers: Answers) -> Self {
        // TCP first: of both, it is the one whose port the system may already have given away.
        let (listener, socket) = loop {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()) {
                break (listener, socket);
            }
        };
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        let (seen, over_udp) = (Arc::clone(&stop), answers.clone());
        threads.push(std::thread::spawn(move || datagrams(&socket, &over_udp, &seen)));
        if answers.tcp {
            let seen = Arc::clone(&stop);
            threads.push(std::thread::spawn(move || connections(&listener, &answers, &seen)));
        }
        Self { address, stop, threads }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(std::net::TcpStream::connect(self.address));
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn datagrams(socket: &UdpSocket, answers: &Answers, stop: &AtomicBool) {
    socket.set_read_timeout(Some(LOOK_EVERY)).unwrap();
    let mut bytes = [0; 1500];
    while !stop.load(Ordering::SeqCst) {
        let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
        if !answers.silent {
            let _ = socket.send_to(&answers.to(&bytes[..length]), from);
        }
    }
}

fn connections(listener: &TcpListener, answers: &Answers, stop: &AtomicBool) {
    let whole = Answers { flags: answers.flags & !TC, silent: false, ..answers.clone() };
    while let Ok((mut stream, _)) = listener.accept() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let mut length = [0; 2];
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        if stream.read_exact(&mut length).is_err() {
            continue;
        }
        let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
        if stream.read_exact(&mut question).is_err() {
            continue;
        }
        let answer = whole.to(&question);
        let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
        let _ = stream.write_all(&[&length[..], &answer].concat());
    }
}

impl Answers {
    /// RFC 1035, 4.1: header, the question as it came, one A record per address.
    fn to(&self, question: &[u8]) -> Vec<u8> {
        let mut end = 12;
        while question[end] != 0 {
            end += usize::from(question[end]) + 1;
        }
        // ARCOUNT: of a question, its OPT.
        let refuses = self.refuses_edns && question[10..12] != [0, 0];
        let question = &question[..end + 5];
        let id = if self.wrong_id { [question[0] ^ 0xff, question[1]] } else { [question[0], question[1]] };
        let recursion = u16::from(question[2] & 1) << 8;
        let truncated = self.flags & TC != 0;
        let addresses: &[Ipv4Addr] = if truncated || refuses { &[] } else { &self.addresses };
        let rcode = if refuses { 1 } else { self.rcode };
        let mut answer = id.to_vec();
        let words = [0x8000 | recursion | self.flags | rcode, 1, addresses.len().try_into().unwrap(), 0, 0];
        answer.extend(words.iter().flat_map(|word: &u16| word.to_be_bytes()));
        answer.extend(&question[12..]);
        for address in addresses {
            // The name by reference to the question's, A, IN, 60 s.
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            answer.extend(address.octets());
        }
        answer.truncate(self.cut_at.unwrap_or(usize::MAX));
        answer
    }
}
