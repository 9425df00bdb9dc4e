//! What an attempt leaves behind, whether it ends, fails or is cut off by its deadline.

use std::net::SocketAddr;

use collector_api::{Fact, Phase, TlsFacts, limits};
use tokio::time::Instant;

/// A fact's value, bytes at most.
const FACT_BYTES_MAX: usize = 128;

/// The phases of one attempt and what it learned.
#[derive(Debug)]
pub struct Trace {
    began: Instant,
    current: Option<(&'static str, Instant)>,
    phases: Vec<(&'static str, u64)>,
    /// The address that is dialled.
    pub remote: Option<SocketAddr>,
    /// What the handshake showed.
    pub tls: Option<TlsFacts>,
    facts: Vec<(&'static str, String)>,
}

impl Trace {
    /// The attempt begins now.
    pub fn begin() -> Self {
        Self {
            began: Instant::now(),
            current: None,
            phases: Vec::new(),
            remote: None,
            tls: None,
            facts: Vec::new(),
        }
    }

    /// Ends the phase before and begins this one.
    pub fn enter(&mut self, phase: &'static str) {
        let now = Instant::now();
        self.end_phase(now);
        self.current = Some((phase, now));
    }

    /// The phase the attempt is in, or was in when it ended.
    pub fn phase(&self) -> &'static str {
        self.current.map_or("", |(phase, _)| phase)
    }

    /// The attempt has ended; returns how long it took, µs. The phase it ended in stays readable.
    pub fn end(&mut self) -> u64 {
        let now = Instant::now();
        self.end_phase(now);
        micros_between(self.began, now)
    }

    /// Notes a typed fact of the probe kind.
    pub fn fact(&mut self, name: &'static str, value: impl Into<String>) {
        self.facts.push((name, value.into()));
    }

    /// The phases as evidence carries them.
    pub fn phases(&self) -> Vec<Phase> {
        self.phases.iter().map(|&(name, micros)| Phase { name: name.to_owned(), micros }).collect()
    }

    /// The facts as evidence carries them.
    pub fn facts(&self) -> Vec<Fact> {
        self.facts
            .iter()
            .map(|(name, value)| Fact { name: (*name).to_owned(), value: cut_to(value, FACT_BYTES_MAX) })
            .collect()
    }

    fn end_phase(&mut self, now: Instant) {
        if let Some((phase, began)) = self.current {
            self.phases.push((phase, micros_between(began, now)));
        }
    }
}

fn micros_between(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.duration_since(from).as_micros()).unwrap_or(u64::MAX)
}

/// Text for people, within the limit of evidence and on one line: it may quote a hostile server.
pub(super) fn cut(text: &str) -> String {
    cut_to(text, limits::DETAIL_BYTES_MAX)
}

fn cut_to(text: &str, bytes_max: usize) -> String {
    let end = text.floor_char_boundary(bytes_max);
    text[..end].chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_stays_short_and_on_one_line() {
        assert_eq!(cut("a\r\n\u{1b}[31mb"), "a   [31mb");
        let long = "à".repeat(300);
        assert_eq!(cut(&long).len(), limits::DETAIL_BYTES_MAX);
        assert_eq!(cut_to("xàà", 2), "x");
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_cut_off_still_shows_its_phases() {
        let mut trace = Trace::begin();
        trace.enter("resolve");
        tokio::time::advance(std::time::Duration::from_millis(3)).await;
        trace.enter("connect");
        tokio::time::advance(std::time::Duration::from_millis(4)).await;
        assert_eq!(trace.end(), 7_000);
        assert_eq!(trace.phase(), "connect");
        let phases: Vec<_> = trace.phases().into_iter().map(|phase| (phase.name, phase.micros)).collect();
        assert_eq!(phases, [("resolve".to_owned(), 3_000), ("connect".to_owned(), 4_000)]);
    }
}
