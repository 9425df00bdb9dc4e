//! What was said to a peer and heard from it, line by line, for `vedetta-agent probe`.
//!
//! Bounded like everything that a peer decides: the line, the number of lines and their sum. What is
//! past the bound is counted, not kept.

use tokio::time::Instant;

use super::secrets::Secrets;

/// Of one line, bytes.
const LINE_BYTES_MAX: usize = 512;
/// Of a transcript.
const LINES_MAX: usize = 400;
/// Of all lines, bytes.
const BYTES_MAX: usize = 64 * 1024;

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The probe.
    Sent,
    /// The peer.
    Received,
    /// Nobody: what the probe did or understood.
    Note,
}

impl Direction {
    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Note => "note",
        }
    }

    /// The sign in text.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Sent => ">",
            Self::Received => "<",
            Self::Note => "*",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Of which attempt, from 1.
    pub attempt: usize,
    /// Since the first attempt's begin, µs, monotonic.
    pub micros: u64,
    /// Who said it.
    pub direction: Direction,
    /// Without control characters and without secrets.
    pub text: String,
}

/// The lines of a check's attempts.
#[derive(Debug)]
pub struct Transcript {
    began: Instant,
    attempt: usize,
    lines: Vec<Line>,
    bytes: usize,
    /// Lines that were not kept.
    left_out: usize,
}

impl Transcript {
    /// Empty; the clock starts now.
    pub fn begin() -> Self {
        Self { began: Instant::now(), attempt: 0, lines: Vec::new(), bytes: 0, left_out: 0 }
    }

    /// What was recorded.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How many lines the bounds left out.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    pub(super) fn begin_attempt(&mut self) {
        self.attempt += 1;
    }

    /// Takes bytes in as one or more lines. Secrets go before anything is cut or made printable.
    pub(super) fn take(&mut self, direction: Direction, bytes: &[u8], secrets: &Secrets) {
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let masked = if secrets.is_empty() { bytes.to_vec() } else { secrets.mask(bytes) };
        let masked = masked.strip_suffix(b"\n").unwrap_or(&masked);
        for line in masked.split(|byte| *byte == b'\n') {
            let text = printable(line.strip_suffix(b"\r").unwrap_or(line));
            if self.lines.len() == LINES_MAX || self.bytes + text.len() > BYTES_MAX {
                self.left_out += 1;
                continue;
            }
            self.bytes += text.len();
            self.lines.push(Line { attempt: self.attempt, micros, direction, text });
        }
    }
}

/// Text stays text; any other byte is shown as `\xNN`, so that no terminal obeys a peer.
fn printable(line: &[u8]) -> String {
    let mut text = String::new();
    for chunk in line.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter == '\t' {
                text.push(' ');
            } else if letter.is_control() || is_invisible(letter) {
                text.extend(letter.escape_default());
            } else {
                text.push(letter);
            }
        }
        for byte in chunk.invalid() {
            text.extend(std::ascii::escape_default(*byte).map(char::from));
        }
        if text.len() > LINE_BYTES_MAX {
            break;
        }
    }
    if text.len() > LINE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(LINE_BYTES_MAX));
        text.push('…');
    }
    text
}

/// Turns the direction of writing or hides: text would read as what it is not.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(transcript: &Transcript) -> Vec<&str> {
        transcript.lines().iter().map(|line| line.text.as_str()).collect()
    }

    #[tokio::test]
    async fn lines_are_split_and_made_printable() {
        let mut transcript = Transcript::begin();
        transcript.begin_attempt();
        let none = Secrets::default();
        transcript.take(Direction::Sent, b"GET / HTTP/1.1\r\nHost: h\r\n", &none);
        transcript.take(Direction::Received, b"\x1b[31m\xff\tpi\xc3\xb9\x00", &none);
        transcript.take(Direction::Note, "a\u{202e}b".as_bytes(), &none);
        assert_eq!(
            texts(&transcript),
            ["GET / HTTP/1.1", "Host: h", "\\u{1b}[31m\\xff più\\u{0}", "a\\u{202e}b"]
        );
        assert_eq!(transcript.lines()[1].attempt, 1);
        assert_eq!(transcript.lines()[2].direction, Direction::Received);
    }

    #[tokio::test]
    async fn a_secret_goes_before_the_cut() {
        let mut secrets = Secrets::default();
        secrets.add(b"hunter2");
        let mut transcript = Transcript::begin();
        let long = format!("{}hunter2", "x".repeat(LINE_BYTES_MAX - 5));
        transcript.take(Direction::Received, long.as_bytes(), &secrets);
        transcript.take(Direction::Received, b"hunter2", &secrets);
        assert!(!transcript.lines()[0].text.contains("hu"), "{}", transcript.lines()[0].text);
        assert_eq!(transcript.lines()[1].text, "****");
    }

    #[tokio::test]
    async fn an_endless_peer_is_bounded_and_counted() {
        let mut transcript = Transcript::begin();
        let none = Secrets::default();
        for _ in 0..LINES_MAX {
            transcript.take(Direction::Received, "à".repeat(LINE_BYTES_MAX).as_bytes(), &none);
        }
        let bytes: usize = transcript.lines().iter().map(|line| line.text.len()).sum();
        assert!(bytes <= BYTES_MAX);
        transcript.take(Direction::Received, "\n".repeat(10 * LINES_MAX).as_bytes(), &none);
        assert_eq!(transcript.lines().len(), LINES_MAX);
        assert!(transcript.left_out() > 0);
    }
}
