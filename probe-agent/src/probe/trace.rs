//! What an attempt leaves behind, whether it ends, fails or is cut off by its deadline.
//!
//! Two things for whoever is to read it: evidence, which is stored with the sample, and a transcript,
//! which is recorded only when a person asks (`vedetta-agent probe`) and costs nothing otherwise: lines
//! are closures. Secrets that the probe names are masked in both.

mod secrets;
mod transcript;

pub use secrets::Secrets;
pub use transcript::{Direction, Line, Transcript};

use std::net::SocketAddr;
use std::sync::Arc;

use collector_api::{Fact, Phase, TlsFacts, limits};
use tokio::time::Instant;

use super::Fault;

/// Phases in evidence: those of four hops. Evidence beyond its limit would be dropped whole.
const PHASES_MAX: usize = 24;

/// A fact's value, bytes at most.
const FACT_BYTES_MAX: usize = 128;

/// A fact's name and value.
pub(super) type Told = (&'static str, String);

/// The phases of one attempt and what it learned.
#[derive(Debug)]
pub struct Trace {
    began: Instant,
    current: Option<(&'static str, Instant)>,
    phases: Vec<Stage>,
    /// The step of an attempt that has steps, and how many phases there were before it.
    step: Option<(Arc<str>, usize)>,
    /// Which request of an attempt, or of its step, that is led on, from 1.
    hop: u32,
    /// The address that is dialled.
    pub remote: Option<SocketAddr>,
    /// What the handshake showed.
    pub tls: Option<TlsFacts>,
    facts: Vec<Told>,
    unsaid: Unsaid,
    secrets: Secrets,
    /// Boxed: nobody asks for it but a person.
    transcript: Option<Box<Transcript>>,
    at_deadline: Option<Result<(), Fault>>,
    silence: Option<fn(&Fault) -> Fault>,
    answered: Option<Instant>,
    /// Where it failed, if it goes on all the same.
    failed: Option<String>,
    measured_micros: Option<u64>,
}

impl Trace {
    /// The attempt begins now.
    pub fn begin() -> Self {
        Self {
            began: Instant::now(),
            current: None,
            phases: Vec::new(),
            step: None,
            hop: 1,
            remote: None,
            tls: None,
            facts: Vec::new(),
            unsaid: Unsaid::default(),
            secrets: Secrets::default(),
            transcript: None,
            at_deadline: None,
            silence: None,
            answered: None,
            failed: None,
            measured_micros: None,
        }
    }

    /// The attempt begins now, and goes on with the transcript of those before it, if there is one.
    pub fn recording(mut transcript: Option<Box<Transcript>>) -> Self {
        if let Some(transcript) = &mut transcript {
            transcript.begin_attempt();
        }
        Self { transcript, ..Self::begin() }
    }

    /// Hands the transcript on.
    pub fn take_transcript(&mut self) -> Option<Box<Transcript>> {
        self.transcript.take()
    }

    /// Masks this value, in every form it may take, in all that is shown of the attempt. Name a secret
    /// before it can appear, and of composed ones (`user:password`) parts and whole.
    pub fn secret(&mut self, value: &[u8]) {
        self.secrets.add(value);
    }

    /// Records what is said to the peer, if somebody asked: `text` is not even made otherwise. Several
    /// lines are recorded as such.
    pub fn sent<T: AsRef<[u8]>>(&mut self, text: impl FnOnce() -> T) {
        self.record(Direction::Sent, text);
    }

    /// Records what the peer says, if somebody asked. Bytes that are no text are shown as `\xNN`.
    pub fn received<T: AsRef<[u8]>>(&mut self, text: impl FnOnce() -> T) {
        self.record(Direction::Received, text);
    }

    /// Records what the probe does or understands, if somebody asked.
    pub fn note<T: AsRef<[u8]>>(&mut self, text: impl FnOnce() -> T) {
        self.record(Direction::Note, text);
    }

    /// Does somebody ask for a transcript? For a probe that would have to keep something to tell it.
    pub fn is_recorded(&self) -> bool {
        self.transcript.is_some()
    }

    fn record<T: AsRef<[u8]>>(&mut self, direction: Direction, text: impl FnOnce() -> T) {
        if let Some(transcript) = &mut self.transcript {
            transcript.take(direction, text().as_ref(), &self.secrets);
        }
    }

    /// Ends the phase before and begins this one.
    pub fn enter(&mut self, phase: &'static str) {
        let now = Instant::now();
        self.end_phase(now);
        self.current = Some((phase, now));
        self.note(|| phase);
        self.at_deadline = None;
    }

    /// Ends the phase before; those that follow are of the next peer, to which this one has led on.
    pub fn begin_hop(&mut self) {
        self.end_phase(Instant::now());
        self.current = None;
        self.hop += 1;
    }

    /// Begins a step, whose phases are told with its name: `token.connect`. The step before has done its part
    /// and becomes one phase of its own name: of a step that is over, how long it took is enough.
    pub fn begin_step(&mut self, name: impl Into<Arc<str>>) {
        self.end_step();
        let name = name.into();
        self.note(|| name.as_bytes().to_vec());
        self.step = Some((name, self.phases.len()));
    }

    /// The attempt fails here, whatever it still does to clean up.
    pub fn fail_here(&mut self) {
        self.failed = Some(self.phase_told());
    }

    /// The step has done its part.
    pub fn end_step(&mut self) {
        self.end_phase(Instant::now());
        self.current = None;
        self.hop = 1;
        let Some((step, before)) = self.step.take() else { return };
        let micros = self.phases.drain(before..).map(|stage| stage.micros).sum();
        self.phases.push(Stage { step: Some(step), hop: 1, name: "", micros });
    }

    /// The same, with its step and hop, as evidence carries it.
    pub fn phase_told(&self) -> String {
        if let Some(failed) = &self.failed {
            return failed.clone();
        }
        phase_told(self.step.as_ref().map(|(step, _)| &**step), self.hop, self.phase())
    }

    /// The phase the attempt is in, or was in when it ended.
    pub fn phase(&self) -> &'static str {
        self.current.map_or("", |(phase, _)| phase)
    }

    /// Says how long the peer took, where that is not how long the attempt took: thresholds are about it.
    pub fn measured(&mut self, micros: u64) {
        self.measured_micros = Some(micros);
    }

    /// The attempt has ended; returns how long it took, or was measured to take, µs. The phase it ended in
    /// stays readable.
    pub fn end(&mut self) -> u64 {
        let now = Instant::now();
        self.end_phase(now);
        self.measured_micros.unwrap_or_else(|| micros_between(self.began, self.answered.unwrap_or(now)))
    }

    /// The target has done its part: what follows is not its time, and does not make it slow.
    pub fn answered(&mut self) {
        self.answered = Some(Instant::now());
    }

    /// Says what it means if the deadline comes in this phase, when "silence" is not the whole truth.
    pub fn at_deadline(&mut self, seen: Result<(), Fault>) {
        self.at_deadline = Some(seen);
    }

    /// What the deadline means, if the phase has said so.
    pub fn take_at_deadline(&mut self) -> Option<Result<(), Fault>> {
        self.at_deadline.take()
    }

    /// Says how the deadline reads whichever phase it comes in: for a kind whose peer is not what it judges.
    pub fn read_silence(&mut self, read: fn(&Fault) -> Fault) {
        self.silence = Some(read);
    }

    /// What the deadline says, as the kind reads it.
    pub fn silence(&self, fault: Fault) -> Fault {
        match self.silence {
            Some(read) => read(&fault),
            None => fault,
        }
    }

    /// Notes a typed fact of the probe kind.
    pub fn fact(&mut self, name: &'static str, value: impl Into<String>) {
        self.facts.push((name, value.into()));
    }

    /// Notes typed facts that are put into words only if the sample has evidence: most have none.
    pub(super) fn facts_later(&mut self, say: impl FnOnce() -> Vec<Told> + Send + Sync + 'static) {
        self.unsaid.0.push(Box::new(say));
    }

    /// The phases as evidence carries them: of too many, the first and the last, which is where it began
    /// and where it failed.
    pub fn phases(&self) -> Vec<Phase> {
        let left_out = self.phases.len().saturating_sub(PHASES_MAX);
        let (first, rest) = self.phases.split_at(self.phases.len().min(PHASES_MAX / 2));
        first
            .iter()
            .chain(&rest[left_out.min(rest.len())..])
            .map(|stage| Phase {
                name: phase_told(stage.step.as_deref(), stage.hop, stage.name),
                micros: stage.micros,
            })
            .collect()
    }

    /// The facts as evidence carries them.
    pub fn facts(&mut self) -> Vec<Fact> {
        self.facts.extend(std::mem::take(&mut self.unsaid.0).into_iter().flat_map(|say| say()));
        self.facts
            .iter()
            .map(|(name, value)| Fact {
                name: (*name).to_owned(),
                value: cut_to(&self.secrets.mask_text(value), FACT_BYTES_MAX),
            })
            .collect()
    }

    /// A fault's detail as evidence carries it.
    pub fn detail(&self, text: &str) -> String {
        cut(&self.secrets.mask_text(text))
    }

    fn end_phase(&mut self, now: Instant) {
        if let Some((phase, began)) = self.current {
            let step = self.step.as_ref().map(|(step, _)| Arc::clone(step));
            let micros = micros_between(began, now);
            self.phases.push(Stage { step, hop: self.hop, name: phase, micros });
        }
    }
}

/// Facts that nobody has put into words yet.
#[derive(Default)]
struct Unsaid(Vec<Say>);

type Say = Box<dyn FnOnce() -> Vec<Told> + Send + Sync>;

impl std::fmt::Debug for Unsaid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} unsaid", self.0.len())
    }
}

/// A phase that has ended, or a whole step, whose phase has no name.
#[derive(Debug)]
struct Stage {
    step: Option<Arc<str>>,
    hop: u32,
    name: &'static str,
    micros: u64,
}

/// `connect`, and `hop2.connect` where the first peer led on to a second; in a step `token.hop2.connect`.
fn phase_told(step: Option<&str>, hop: u32, phase: &str) -> String {
    let hop = (hop > 1 && !phase.is_empty()).then(|| format!("hop{hop}"));
    let words = [step, hop.as_deref(), Some(phase).filter(|phase| !phase.is_empty())];
    words.into_iter().flatten().collect::<Vec<_>>().join(".")
}

fn micros_between(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.duration_since(from).as_micros()).unwrap_or(u64::MAX)
}

/// An address for people; ICMP has no port.
pub(super) fn shown(remote: SocketAddr) -> String {
    if remote.port() == 0 { remote.ip().to_string() } else { remote.to_string() }
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

    #[tokio::test]
    async fn a_transcript_is_made_only_for_who_asks() {
        let mut trace = Trace::begin();
        trace.sent(|| -> String { panic!("nobody asked") });
        assert!(!trace.is_recorded());
        let mut trace = Trace::recording(Some(Box::new(Transcript::begin())));
        trace.enter("connect");
        trace.sent(|| "HELO me");
        let mut trace = Trace::recording(trace.take_transcript());
        trace.received(|| b"250 you");
        let transcript = trace.take_transcript().unwrap();
        let lines: Vec<_> =
            transcript.lines().iter().map(|l| (l.attempt, l.direction.sign(), l.text.as_str())).collect();
        assert_eq!(lines, [(1, "*", "connect"), (1, ">", "HELO me"), (2, "<", "250 you")]);
    }

    #[tokio::test]
    async fn a_secret_is_masked_in_facts_and_detail_and_transcript() {
        let mut trace = Trace::recording(Some(Box::new(Transcript::begin())));
        trace.secret(b"hunter2");
        trace.fact("echo", format!("{}hunter2", "x".repeat(FACT_BYTES_MAX - 3)));
        trace.sent(|| "PASS hunter2");
        assert!(!trace.facts()[0].value.contains("hun"), "{:?}", trace.facts());
        assert_eq!(trace.detail("530 hunter2 is wrong"), "530 **** is wrong");
        assert_eq!(trace.take_transcript().unwrap().lines()[0].text, "PASS ****");
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_is_over_is_one_phase() {
        let mut trace = Trace::begin();
        let names = |trace: &Trace| trace.phases().into_iter().map(|phase| phase.name).collect::<Vec<_>>();
        trace.begin_step("discovery");
        for phase in ["connect", "processing"] {
            trace.enter(phase);
            tokio::time::advance(std::time::Duration::from_millis(2)).await;
        }
        trace.begin_step("token");
        trace.enter("connect");
        trace.begin_hop();
        trace.enter("processing");
        assert_eq!(trace.phase_told(), "token.hop2.processing");
        trace.end();
        assert_eq!(names(&trace), ["discovery", "token.connect", "token.hop2.processing"]);
        assert_eq!(trace.phases()[0].micros, 4_000);
        trace.end_step();
        trace.enter("verify");
        trace.end();
        assert_eq!(names(&trace), ["discovery", "token", "verify"]);
        assert_eq!(trace.phase_told(), "verify");
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
