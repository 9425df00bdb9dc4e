//! A network namespace with a cable that can be pulled; needs root.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

use crate::binaries::{installed, skip};
use crate::eventually;
use crate::place::succeeded;

/// Tells the networks of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A namespace behind one cable. This machine's end has two addresses, so that two things at it are
/// two hosts to whoever looks from inside.
#[derive(Debug)]
pub struct Network {
    name: String,
    /// This machine's addresses on the cable.
    pub here: [Ipv4Addr; 2],
    /// The namespace's own.
    pub there: Ipv4Addr,
}

impl Network {
    /// Lays the cable; `None` when this is not root or has no iproute2.
    pub fn lay() -> Option<Self> {
        if !Uid::effective().is_root() {
            skip("a network namespace needs root");
            return None;
        }
        installed("ip")?;
        let id = std::process::id().wrapping_add(NEXT.fetch_add(1, Ordering::SeqCst));
        let third = u8::try_from(id % 256).unwrap();
        let [one, two, inside] = [1, 2, 3].map(|last| Ipv4Addr::new(10, 213, third, last));
        let network = Self { name: format!("vd{id}"), here: [one, two], there: inside };
        let name = &network.name;
        ip(&format!("netns add {name}"));
        ip(&format!("link add {name}h type veth peer name {name}i netns {name}"));
        ip(&format!("addr add {one}/29 dev {name}h"));
        ip(&format!("addr add {two}/29 dev {name}h"));
        ip(&format!("-n {name} addr add {inside}/29 dev {name}i"));
        ip(&format!("-n {name} link set lo up"));
        ip(&format!("-n {name} link set {name}i up"));
        network.mend();
        Some(network)
    }

    /// What a command is started through to be inside.
    pub fn inside(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name].map(str::to_owned).to_vec()
    }

    /// Makes the namespace a router to three hosts, none of which is there: it says that the first is
    /// prohibited and the second unreachable, and swallows what is for the third. Linux says so to one host
    /// once a second at most.
    pub fn route(&self) -> [Ipv4Addr; 3] {
        let third = self.there.octets()[2];
        let hosts = [1, 2, 3].map(|last| Ipv4Addr::new(10, 214, third, last));
        ip(&format!("route add 10.214.{third}.0/24 via {}", self.there));
        self.set("ipv4/ip_forward", "1");
        for (how, host) in ["prohibit", "unreachable", "blackhole"].iter().zip(hosts) {
            ip(&format!("-n {} route add {how} {host}", self.name));
        }
        hosts
    }

    /// Whether the namespace leaves echo requests unanswered.
    pub fn mute(&self, is_mute: bool) {
        self.set("ipv4/icmp_echo_ignore_all", if is_mute { "1" } else { "0" });
    }

    /// A command of iproute2 inside.
    pub fn ip(&self, arguments: &str) {
        ip(&format!("-n {} {arguments}", self.name));
    }

    /// A setting of the namespace's network.
    fn set(&self, setting: &str, value: &str) {
        let write = format!("echo {value} > /proc/sys/net/{setting}");
        succeeded(Command::new("ip").args(["netns", "exec", &self.name, "sh", "-c", &write]));
    }

    /// Ends whatever was started inside, and what that has started, at once.
    pub fn end_processes(&self) {
        let inside = || succeeded(Command::new("ip").args(["netns", "pids", &self.name])).stdout;
        eventually("nothing runs inside any more", || {
            let pids = String::from_utf8(inside()).unwrap();
            for pid in pids.lines().filter_map(|line| line.trim().parse().ok()) {
                // One that has ended meanwhile is what was wanted.
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            pids.trim().is_empty().then_some(())
        });
    }

    /// Pulls the cable.
    pub fn cut(&self) {
        ip(&format!("link set {}h down", self.name));
    }

    /// Plugs it in.
    pub fn mend(&self) {
        ip(&format!("link set {}h up", self.name));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The link's other end goes with it.
        let _ = Command::new("ip").args(["link", "del", &format!("{}h", self.name)]).output();
        let _ = Command::new("ip").args(["netns", "del", &self.name]).output();
    }
}

fn ip(arguments: &str) {
    succeeded(Command::new("ip").args(arguments.split(' ')));
}
