//! Ports that stay free while nothing listens on them.
//!
//! Taken below the kernel's ephemeral range: a probe that dials a closed port within that range can
//! be given the very port as its own, and then connects to itself.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

use ring::rand::{SecureRandom as _, SystemRandom};

const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;

/// A port of 127.0.0.1 that is free now; another one at each call.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(u16::MAX);
    if NEXT.load(Ordering::SeqCst) == u16::MAX {
        NEXT.store(random_below(u64::from(COUNT)).try_into().unwrap(), Ordering::SeqCst);
    }
    loop {
        let port = FIRST + NEXT.fetch_add(1, Ordering::SeqCst) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A random number below `bound`.
pub fn random_below(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).unwrap();
    u64::from_be_bytes(bytes) % bound
}
