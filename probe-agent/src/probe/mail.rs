//! What the probes of mail share: a way to a server, lines over it, and who logs in.
//!
//! The dialogues are our own and not a library's, for what a probe needs and a client does not: each phase apart,
//! TLS judged by our engine and told as evidence, a transcript, and memory that a hostile server cannot make grow.
//! An SMTP library decides for itself when to greet again and what to believe; of IMAP's, see `imap`.

mod wire;
mod server;
mod login;
mod token;
#[cfg(test)]
pub(in crate::probe) mod peer;

pub(in crate::probe) use login::{Credentials, Login};
pub(in crate::probe) use server::Server;
pub(in crate::probe) use wire::Wire;

/// Of a server's words in a fault, bytes.
const QUOTED_BYTES_MAX: usize = 160;

/// A server's line as a fault quotes it.
pub(in crate::probe) fn quoted(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(QUOTED_BYTES_MAX)]).into_owned()
}
