//! A mail server that says yes: postfix takes a second to greet where names resolve slowly, and is not what is measured.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// Its port; it runs until the process ends.
pub(crate) fn serve() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || drop(talk(&stream)));
        }
    });
    port
}

/// RFC 5321, as far as whoever comes goes.
fn talk(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 posta.example ESMTP\r\n")?;
    for line in BufReader::new(stream).lines() {
        let line = line?.to_ascii_uppercase();
        let answer: &[u8] = match line.split_whitespace().next() {
            Some("EHLO") => b"250-posta.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            Some("QUIT") => b"221 posta.example\r\n",
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer)?;
        if line.starts_with("QUIT") {
            break;
        }
    }
    Ok(())
}
