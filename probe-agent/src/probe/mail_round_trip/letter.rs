//! The message that is sent, and how it is known again among others' mail.
//!
//! A token is 128 random bits and an HMAC over them with the agent's own key: nobody else can make a message that
//! counts, and nothing is ever deleted that the agent did not send.

use jiff::Timestamp;
use ring::hmac;

use super::book::{Bounce, Found};

/// Bytes of the HMAC that are said.
const MAC_BYTES: usize = 16;
/// Random bytes.
pub(super) const RANDOM_BYTES: usize = 16;

/// The header that carries the token.
pub(super) const HEADER: &str = "X-Vedetta-Token";

/// One correspondence, and the key that proves its messages.
#[derive(Debug)]
pub(super) struct Hand {
    key: hmac::Key,
    name: String,
}

impl Hand {
    pub(super) fn new(key: &[u8], name: &str) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), name: name.to_owned() }
    }

    /// `random.mac`, both in hex.
    pub(super) fn sign(&self, random: &[u8]) -> String {
        let random = collector_api::hex_encode(random);
        let mac = hmac::sign(&self.key, format!("{}\n{random}", self.name).as_bytes());
        format!("{random}.{}", collector_api::hex_encode(&mac.as_ref()[..MAC_BYTES]))
    }

    /// Is it one of this correspondence?
    pub(super) fn is_own(&self, token: &str) -> bool {
        let Some((random, _)) = token.split_once('.') else { return false };
        let Some(random) = collector_api::hex_decode(random).filter(|random| random.len() == RANDOM_BYTES)
        else {
            return false;
        };
        let own = self.sign(&random);
        // In constant time: a guess must not get warmer.
        let differing = own.bytes().zip(token.bytes()).fold(0, |bits, (a, b)| bits | (a ^ b));
        own.len() == token.len() && differing == 0
    }
}

/// The message (RFC 5322; RFC 3834 for `Auto-Submitted`). No line begins with a dot.
pub(super) fn message(from: &str, to: &str, token: &str, at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
    let random = token.split('.').next().unwrap_or_default();
    let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let short = &random[..random.len().min(8)];
    format!(
        "From: Vedetta <{from}>\r\nTo: <{to}>\r\nSubject: Vedetta: prova di recapito {short}\r\nDate: {date}\r\n\
         Message-ID: <{random}@{domain}>\r\nAuto-Submitted: auto-generated\r\n{HEADER}: {token}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         Messaggio automatico: misura se la posta arriva. Lo elimina chi lo ha inviato.\r\n\
         An automatic message: it measures whether mail arrives. Its sender deletes it.\r\n"
    )
}

/// The value of a header, unfolded; the first where there are several.
fn header(headers: &str, name: &str) -> Option<String> {
    let mut lines = headers.lines().skip_while(|line| {
        line.split_once(':').is_none_or(|(own, _)| !own.trim_end().eq_ignore_ascii_case(name))
    });
    let mut value = lines.next()?.split_once(':')?.1.trim().to_owned();
    for more in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push(' ');
        value.push_str(more.trim());
    }
    Some(value)
}

/// An own message by its headers.
pub(super) fn found(
    headers: &str,
    uid: u32,
    is_junk: bool,
    internal_ms: Option<i64>,
    hand: &Hand,
) -> Option<Found> {
    let token = header(headers, HEADER).filter(|token| hand.is_own(token))?;
    // The first is the last server's: those below may be the sender's own words.
    let results = header(headers, "Authentication-Results").unwrap_or_default().to_ascii_lowercase();
    let passes = |method: &str| results.contains(&format!("{method}=pass"));
    let is_authentic = passes("dmarc") || !results.contains("dmarc=") && (passes("spf") || passes("dkim"));
    Some(Found { token, uid, is_junk, internal_ms, is_authentic })
}

/// Is it a report about delivery (RFC 3464)?
pub(super) fn is_report(headers: &str) -> bool {
    header(headers, "Content-Type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/report"))
}

/// Of which of these tokens a report says that delivery failed.
pub(super) fn bounce<'t>(report: &[u8], tokens: impl Iterator<Item = &'t str>) -> Option<Bounce> {
    let text = String::from_utf8_lossy(report);
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase())
        })
    };
    // `delayed` is no failure yet.
    if field("Action").as_deref() != Some("failed") {
        return None;
    }
    // The Message-ID and the header both begin with the random part.
    let of = |token: &&str| token.split('.').next().is_some_and(|random| text.contains(random));
    let token = tokens.into_iter().find(of)?.to_owned();
    let status = field("Status").unwrap_or_default();
    let sound = status.len() <= 11 && status.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Some(Bounce { token, status: if sound { status } else { String::new() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_own_or_it_is_not() {
        let hand = Hand::new(&[7; 32], "a");
        let token = hand.sign(&[1; RANDOM_BYTES]);
        assert!(hand.is_own(&token));
        assert!(!Hand::new(&[7; 32], "b").is_own(&token), "another correspondence");
        assert!(!Hand::new(&[8; 32], "a").is_own(&token), "another agent");
        for strange in ["", ".", "x.y", &token[1..], &token[..token.len() - 1], &format!("{token}0")] {
            assert!(!hand.is_own(strange), "{strange}");
        }
    }

    #[test]
    fn a_message_is_as_mail_is_written_and_known_again() {
        let hand = Hand::new(&[7; 32], "a");
        let token = hand.sign(&[1; RANDOM_BYTES]);
        let message = message("sonda@comune.example", "b@altrove.example", &token, 1_795_435_200_000);
        assert!(message.contains("\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"), "{message}");
        assert!(message.contains("\r\nMessage-ID: <01010101010101010101010101010101@comune.example>\r\n"));
        assert!(message.lines().all(|line| line.len() < 200 && !line.starts_with('.')));
        assert_eq!(message.matches('\n').count(), message.matches("\r\n").count());
        let (headers, _) = message.split_once("\r\n\r\n").unwrap();
        for (results, expected) in [
            ("", false),
            ("Authentication-Results: mx; dmarc=pass", true),
            ("Authentication-Results: mx;\r\n\tspf=pass", true),
            ("Authentication-Results: mx; spf=pass; dmarc=fail", false),
            ("Authentication-Results: mx; dmarc=fail\r\nAuthentication-Results: sender; dmarc=pass", false),
        ] {
            let found = found(&format!("{results}\r\n{headers}"), 3, false, None, &hand).unwrap();
            assert_eq!((found.is_authentic, found.token == token), (expected, true), "{results}");
        }
        assert_eq!(found("X-Vedetta-Token: abc", 3, false, None, &hand), None);
    }

    #[test]
    fn a_report_is_about_one_message_and_final() {
        let tokens = ["aa11.x", "bb22.y"];
        let report = |action: &str| {
            format!("Action: {action}\r\nStatus: 5.1.1\r\n\r\nMessage-ID: <bb22@c.example>\r\n")
        };
        let failed = bounce(report("failed").as_bytes(), tokens.into_iter()).unwrap();
        assert_eq!((failed.token.as_str(), failed.status.as_str()), ("bb22.y", "5.1.1"));
        assert_eq!(bounce(report("delayed").as_bytes(), tokens.into_iter()), None);
        assert_eq!(bounce(report("failed").as_bytes(), ["cc.z"].into_iter()), None);
        assert!(is_report("Subject: x\r\nContent-Type: multipart/report;\r\n report-type=delivery-status"));
        assert!(!is_report("Content-Type: text/plain"));
    }
}
