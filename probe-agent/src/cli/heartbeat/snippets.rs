//! What to paste into a script where this program is not: the lines of HEARTBEATS.md, with a job and an address.
//!
//! They are cut out of the document, so that what is told and what is printed are one; the price is that the document's
//! example has fixed words, which a test keeps.

use std::io::Write;

use config::{CheckId, HostPort};

const DOCUMENT: &str = include_str!("../../../HEARTBEATS.md");
/// What the document's examples are about.
const EXAMPLE_ADDRESS: &str = "127.0.0.1:8090";
const EXAMPLE_JOB: &str = "data_center.backup.lavori.protocollo";

/// Prints the lines for shells, then those for PowerShell.
pub(super) fn print(job: &CheckId, agent: &HostPort, out: &mut dyn Write) -> std::io::Result<()> {
    if is_of_this_machine(&agent.host) {
        writeln!(
            out,
            "# {agent} is this machine; for others `heartbeats: {{listen: …}}` in agent.yaml, a token, and --agent."
        )?;
    }
    writeln!(out, "# The token, if the job needs one, is in the file named here.")?;
    for (title, language) in [("curl", "sh"), ("PowerShell", "powershell")] {
        let lines =
            block(language).replace(EXAMPLE_ADDRESS, &agent.to_string()).replace(EXAMPLE_JOB, job.as_str());
        write!(out, "\n# {title}\n{lines}")?;
    }
    Ok(())
}

fn is_of_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The first block of a language.
fn block(language: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("```{language}\n")).unwrap_or_default();
    rest.split_once("```").unwrap_or_default().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_blocks_of_the_document_are_about_the_job() {
        for language in ["sh", "powershell"] {
            for word in [EXAMPLE_ADDRESS, EXAMPLE_JOB] {
                assert_eq!(block(language).matches(word).count(), 1, "{language}: {word}");
            }
        }
        let job = CheckId::new("rete.copie.posta").unwrap();
        for (host, is_here) in
            [("127.0.0.1", true), ("localhost", true), ("::1", true), ("sonda.example", false)]
        {
            let mut out = Vec::new();
            print(&job, &HostPort { host: host.to_owned(), port: 8091 }, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let shown = if host == "::1" { "[::1]" } else { host };
            let url = format!("\"http://{shown}:8091/v1/heartbeats/rete.copie.posta?rid=");
            assert_eq!(text.matches(&url).count(), 2, "{text}");
            assert!(!text.contains(EXAMPLE_JOB), "{text}");
            assert_eq!(text.contains("is this machine"), is_here, "{text}");
        }
    }
}
