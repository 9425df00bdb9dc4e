//! The other peer: a plugin of monitoring-plugins, a process for each check, some at a time.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use harness::binaries::skip;
use nix::sys::resource::{UsageWho, getrusage};

use crate::Round;
use crate::load::{Load, Plugin};

/// Where Debian puts them.
const FOLDER: &str = "/usr/lib/nagios/plugins";
/// At a time: those that wait for an answer leave the processors to others.
const AT_A_TIME: usize = 4;

/// One after the other, as many as end in the time; `None` when it is not installed.
pub(crate) fn round(load: &Load, plugin: &Plugin) -> Option<Round> {
    let program = Path::new(FOLDER).join(plugin.name);
    if !program.exists() {
        skip(&format!("{} of monitoring-plugins is not installed", plugin.name));
        return None;
    }
    let before_s = children_s();
    let until = Instant::now() + Duration::from_secs(u64::from(load.seconds));
    let (probes, false_ones) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while Instant::now() < until {
                    let mut command = Command::new(&program);
                    let command =
                        command.args(&plugin.arguments).env("MIBS", "").env("SNMPCONFPATH", "/nonexistent");
                    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
                    probes.fetch_add(1, Ordering::Relaxed);
                    // OK and WARNING.
                    if !matches!(status.code(), Some(0 | 1)) {
                        false_ones.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    Some(Round {
        probes: probes.into_inner(),
        false_ones: false_ones.into_inner(),
        prober_s: children_s() - before_s,
        taker_s: 0.0,
        // Each is gone before the next round: there is no peak that could be compared.
        prober_kib: 0,
        taker_kib: 0,
    })
}

/// User and system CPU of all children that have ended and been waited for, with theirs, s. Our own daemons are among
/// them only once they have ended, which is not while plugins run.
fn children_s() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| {
            let (seconds, micros) =
                (i32::try_from(time.tv_sec()).unwrap(), i32::try_from(time.tv_usec()).unwrap());
            f64::from(seconds) + f64::from(micros) / 1e6
        })
        .sum()
}
