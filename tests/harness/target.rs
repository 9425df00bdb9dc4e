//! A TCP service that goes down and comes back at the same address; and an address that swallows all.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpSocket;

use crate::ports::free_port;

/// Something that accepts connections while it is open, and refuses them while it is not.
#[derive(Debug)]
pub struct Target {
    address: SocketAddr,
    open: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

impl Target {
    /// Open, on a free port of 127.0.0.1.
    pub fn opened() -> Self {
        Self::opened_at(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Open, at an address of this machine.
    pub fn opened_at(address: IpAddr) -> Self {
        let mut target = Self { address: SocketAddr::new(address, free_port()), open: None };
        target.open();
        target
    }

    /// Where it is, or was.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts connections from now on.
    pub fn open(&mut self) {
        let listener = TcpListener::bind(self.address).unwrap();
        let closes = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&closes);
        let thread =
            std::thread::spawn(move || while listener.accept().is_ok() && !seen.load(Ordering::SeqCst) {});
        self.open = Some((closes, thread));
    }

    /// Refuses connections once this returns.
    pub fn close(&mut self) {
        let Some((closes, thread)) = self.open.take() else { return };
        closes.store(true, Ordering::SeqCst);
        // Wakes the accept, which then looks.
        drop(TcpStream::connect(self.address));
        thread.join().unwrap();
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.close();
    }
}

/// An address of loopback that swallows every connection: its listener's queue is full, and the kernel
/// drops what else comes.
#[derive(Debug)]
pub struct BlackHole {
    listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    /// Ready to swallow.
    pub fn dug() -> Self {
        // Only tokio's socket takes the length of the queue.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let listener = runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
            socket.listen(1).unwrap().into_std().unwrap()
        });
        let address = listener.local_addr().unwrap();
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok();
        let queued = std::iter::from_fn(connect).collect();
        Self { listener, _queued: queued }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }
}
