//! The plugins of monitoring-plugins: one process per question, whose exit code is the answer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::binaries::skip;

use crate::ours;
use crate::situation::Said;

/// Where Debian puts them.
const FOLDER: &str = "/usr/lib/nagios/plugins";
/// A server that has just been started anew may not listen yet, and on a busy machine a deadline may pass before a good
/// one has answered: then it is asked again.
const ASKED_AT_MOST: usize = 20;
/// Between two questions.
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// One row of the table: what is made of a peer, and how each side is told to look at it.
pub(crate) struct Row<P> {
    pub(crate) name: &'static str,
    pub(crate) prepare: fn(&mut P),
    /// Our component's keys behind `probe: KIND`.
    pub(crate) keys: String,
    /// The plugin's arguments, beside where the peer is.
    pub(crate) arguments: Vec<String>,
    /// Verdict and reason.
    pub(crate) says: (&'static str, &'static str),
    /// `up`, `degraded`, `down` or `unknown`: OK, WARNING, CRITICAL or UNKNOWN.
    pub(crate) they_say: &'static str,
    /// Why the two disagree; empty when they agree.
    pub(crate) why: &'static str,
}

/// The same as people read it.
pub(crate) struct Told {
    pub(crate) plugin: &'static str,
    pub(crate) name: &'static str,
    pub(crate) says: (&'static str, &'static str),
    pub(crate) they_say: &'static str,
    pub(crate) why: &'static str,
}

impl Told {
    /// A warning is another thing than up here, as the plugins tell them apart.
    pub(crate) fn disagrees(&self) -> bool {
        self.says.0 != self.they_say
    }
}

/// One probe of ours beside one plugin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) kind: &'static str,
    pub(crate) plugin: &'static str,
}

impl Pair {
    pub(crate) fn told<P>(self, rows: &[Row<P>]) -> Vec<Told> {
        rows.iter()
            .map(|Row { name, says, they_say, why, .. }| Told {
                plugin: self.plugin,
                name,
                says: *says,
                they_say,
                why,
            })
            .collect()
    }

    /// What either side says otherwise than the table. The peer is at a port of 127.0.0.1.
    pub(crate) fn wrong<P>(
        self,
        rows: &[Row<P>],
        peer: &mut P,
        port: u16,
        secrets: &[(&str, &str)],
    ) -> Vec<String> {
        let plugin = installed(self.plugin);
        let mut wrong = Vec::new();
        for row in rows {
            (row.prepare)(peer);
            let (verdict, reason) = row.says;
            let is_right = |said: &Said| said.verdict == verdict && said.reason == reason;
            let ask = || {
                let asked = ours::Asked {
                    name: row.name,
                    keys: &format!("probe: {}{}", self.kind, row.keys),
                    target: &format!("127.0.0.1:{port}"),
                    authority: None,
                    secrets,
                };
                ours::ask(&asked)
            };
            let said = until(ask, is_right);
            if !is_right(&said) {
                wrong.push(format!("{}: {}: we say {said}", self.plugin, row.name));
            }
            let Some(plugin) = &plugin else { continue };
            let (they, told) = until(|| run(plugin, port, &row.arguments), |(they, _)| *they == row.they_say);
            if they != row.they_say {
                wrong.push(format!("{}: {}: it says {they}: {told}", self.plugin, row.name));
            }
        }
        wrong
    }
}

fn until<T>(mut ask: impl FnMut() -> T, is_right: impl Fn(&T) -> bool) -> T {
    let mut said = ask();
    for _ in 1..ASKED_AT_MOST {
        if is_right(&said) {
            break;
        }
        std::thread::sleep(ASKED_AGAIN_AFTER);
        said = ask();
    }
    said
}

/// `None`, after a line that says so, when it is not installed.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let path = Path::new(FOLDER).join(name);
    if !path.exists() {
        skip(&format!("{name} of monitoring-plugins is not installed"));
        return None;
    }
    Some(path)
}

/// What it says, in our words, and its line.
fn run(plugin: &Path, port: u16, arguments: &[String]) -> (&'static str, String) {
    let mut command = Command::new(plugin);
    command
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .args(arguments)
        // Nothing of the machine's: neither MIBs nor settings of snmpget's.
        .env("MIBS", "")
        .env("SNMPCONFPATH", "/nonexistent");
    word_of(command)
}

/// What a plugin says that is asked so.
pub(crate) fn word_of(mut command: Command) -> (&'static str, String) {
    let output = command.output().unwrap();
    let word = match output.status.code() {
        Some(0) => "up",
        Some(1) => "degraded",
        Some(2) => "down",
        _ => "unknown",
    };
    (word, String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
