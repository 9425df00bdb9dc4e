//! A reply of SMTP (RFC 5321, 4.2) and what it means: by its code and enhanced code (RFC 3463), never by its text.

use collector_api::Reason;
use config::SmtpExpect;

use crate::probe::{Fault, Trace, mail};

/// Lines of one reply.
const LINES_MAX: usize = 128;

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// Class, subject, detail.
    pub(super) enhanced: Option<(u16, u16, u16)>,
    /// After the code.
    pub(super) texts: Vec<String>,
}

/// What is replied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Banner,
    Ehlo,
    Starttls,
    Auth,
    Mail,
    Rcpt(SmtpExpect),
    /// `DATA`, which wants 354.
    Data,
    /// The message itself.
    Body,
}

impl Reply {
    /// Reads a reply to its last line.
    pub(super) async fn read(wire: &mut mail::Wire, step: Step, trace: &mut Trace) -> Result<Self, Fault> {
        let mut reply: Option<Self> = None;
        loop {
            let line = wire.line(trace).await?;
            let Some((code, is_last, text)) = parse(&line) else {
                return Err(strange(step, &format!("`{}`", mail::quoted(&line))));
            };
            let reply =
                reply.get_or_insert_with(|| Self { code, enhanced: enhanced(&text), texts: Vec::new() });
            if reply.code != code || reply.texts.len() == LINES_MAX {
                return Err(strange(
                    step,
                    &format!("one reply of codes {} and {code}, or without end", reply.code),
                ));
            }
            reply.texts.push(text);
            if is_last {
                return Ok(reply.clone());
            }
        }
    }

    /// Does the reply to `EHLO` offer this?
    pub(super) fn offers(&self, keyword: &str) -> bool {
        self.texts.iter().skip(1).any(|text| {
            text.split_ascii_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case(keyword))
        })
    }

    /// Does the reply to `EHLO` offer this way to log in?
    pub(super) fn offers_auth(&self, mechanism: &str) -> bool {
        self.texts.iter().skip(1).any(|text| {
            // `AUTH=LOGIN` is how some wrote it before RFC 2554.
            let mut words = text.split(|c: char| c.is_ascii_whitespace() || c == '=');
            words.next().is_some_and(|word| word.eq_ignore_ascii_case("AUTH"))
                && words.any(|word| word.eq_ignore_ascii_case(mechanism))
        })
    }

    fn shown(&self) -> String {
        let text = self.texts.first().map(String::as_str).unwrap_or_default();
        format!("{} {}", self.code, mail::quoted(text.as_bytes()))
    }

    /// What evidence tells of a reply that is not what was hoped for.
    pub(super) fn note(&self, trace: &mut Trace) {
        trace.fact("code", self.code.to_string());
        if let Some((class, subject, detail)) = self.enhanced {
            trace.fact("enhanced", format!("{class}.{subject}.{detail}"));
        }
    }
}

/// Is the reply what the step wants?
pub(super) fn judge(step: Step, reply: &Reply) -> Result<(), Fault> {
    let class = reply.code / 100;
    let is_wanted = match step {
        Step::Auth => matches!(class, 2 | 3),
        Step::Data => reply.code == 354,
        Step::Rcpt(SmtpExpect::Refused) => class == 5 || is_denied_for_now(reply),
        _ => class == 2,
    };
    if is_wanted {
        return Ok(());
    }
    let reason = match (step, class) {
        _ if reply.code == 421 => Reason::Smtp421,
        (Step::Rcpt(SmtpExpect::Refused), 2) => Reason::SmtpOpenRelay,
        (_, 4 | 5) => refusal(step, reply),
        (Step::Banner, _) => Reason::ProtoBadGreeting,
        _ => Reason::ProtoUnexpectedReply,
    };
    let detail = reply.shown();
    Err(match reason {
        Reason::SmtpGreylisted => Fault::degraded(reason, detail),
        _ => Fault::new(reason, detail),
    })
}

/// Of a reply that begins with 4 or 5.
fn refusal(step: Step, reply: &Reply) -> Reason {
    let about = reply.enhanced.map(|(_, subject, detail)| (subject, detail));
    let is_final = reply.code >= 500;
    match (step, about) {
        (Step::Starttls, _) => Reason::SmtpNoStarttls,
        (Step::Auth, _) => match reply.code {
            // RFC 4954, 6: 504 is an unknown mechanism, 538 one that needs TLS.
            504 | 538 => Reason::MailNoAuth,
            500.. => Reason::AuthRejected,
            _ => Reason::SmtpTemporary,
        },
        (Step::Mail | Step::Rcpt(_) | Step::Body, Some((2, 2) | (4, 22))) => Reason::SmtpMailboxFull,
        (Step::Mail | Step::Rcpt(_) | Step::Body, Some((3, 4) | (2, 3))) => Reason::SmtpSize,
        // "Not yet": what greylisting says (RFC 6647, 5.1), unless the server says that it is itself in trouble.
        (Step::Rcpt(_), about) if matches!(reply.code, 450 | 451) && !matches!(about, Some((3 | 4, _))) => {
            Reason::SmtpGreylisted
        }
        (Step::Rcpt(_), _) if is_denied_for_now(reply) => Reason::SmtpRelayDenied,
        (_, _) if !is_final => Reason::SmtpTemporary,
        (Step::Rcpt(_), Some((1, 0..=6 | 10))) => Reason::SmtpMailboxUnknown,
        (Step::Rcpt(_), Some((7, _))) => Reason::SmtpRelayDenied,
        (Step::Rcpt(_), None) => match reply.code {
            550 => Reason::SmtpMailboxUnknown,
            552 => Reason::SmtpMailboxFull,
            551 | 553 | 554 => Reason::SmtpRelayDenied,
            _ => Reason::SmtpRejected,
        },
        (Step::Mail | Step::Body, None) if reply.code == 552 => Reason::SmtpSize,
        _ => Reason::SmtpRejected,
    }
}

/// `454 4.7.1 Relay access denied`, as Postfix says it unless told otherwise (`defer_unauth_destination`): it is for
/// good all the same. Not so `451 4.7.1`: what greylisting says proves nothing of a relay.
fn is_denied_for_now(reply: &Reply) -> bool {
    reply.code == 454 && reply.enhanced == Some((4, 7, 1))
}

fn strange(step: Step, detail: &str) -> Fault {
    let reason = if step == Step::Banner { Reason::ProtoBadGreeting } else { Reason::ProtoMalformed };
    Fault::new(reason, detail)
}

/// Code, whether it is the last line, and the text after it.
fn parse(line: &[u8]) -> Option<(u16, bool, String)> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !(b'2'..=b'5').contains(&digits[0]) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (is_last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    Some((code, is_last, String::from_utf8_lossy(text).into_owned()))
}

/// RFC 2034, 4: the first word of the text.
fn enhanced(text: &str) -> Option<(u16, u16, u16)> {
    let mut numbers = text.split(' ').next()?.split('.').map(|part| {
        let sound = !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        sound.then(|| part.parse().ok()).flatten()
    });
    let found = (numbers.next()??, numbers.next()??, numbers.next()??);
    (numbers.next().is_none() && matches!(found.0, 2 | 4 | 5)).then_some(found)
}

#[cfg(test)]
mod tests {
    use collector_api::Verdict;
    use proptest::prelude::*;

    use super::*;

    fn of(line: &str) -> Reply {
        let (code, _, text) = parse(line.as_bytes()).unwrap();
        Reply { code, enhanced: enhanced(&text), texts: vec![text] }
    }

    #[test]
    fn each_reply_has_its_reason_by_codes_alone() {
        use SmtpExpect::{Accepted, Refused};
        let rcpt = Step::Rcpt(Accepted);
        for (step, line, reason, verdict) in [
            (Step::Banner, "220 mx.example Microsoft ESMTP", Reason::None, Verdict::Up),
            (Step::Banner, "220", Reason::None, Verdict::Up),
            (Step::Banner, "421 4.3.2 Service not available", Reason::Smtp421, Verdict::Down),
            (Step::Banner, "554 5.7.1 blocked", Reason::SmtpRejected, Verdict::Down),
            (Step::Banner, "354 go on", Reason::ProtoBadGreeting, Verdict::Down),
            (Step::Ehlo, "502 5.5.2 what?", Reason::SmtpRejected, Verdict::Down),
            (Step::Starttls, "454 4.7.0 TLS not available", Reason::SmtpNoStarttls, Verdict::Down),
            (Step::Starttls, "220 2.0.0 SMTP server ready", Reason::None, Verdict::Up),
            (Step::Auth, "235 2.7.0 Authentication successful", Reason::None, Verdict::Up),
            (Step::Auth, "334 VXNlcm5hbWU6", Reason::None, Verdict::Up),
            (Step::Auth, "535 5.7.3 Authentication unsuccessful", Reason::AuthRejected, Verdict::Down),
            (
                Step::Auth,
                "535 5.7.139 SmtpClientAuthentication is disabled",
                Reason::AuthRejected,
                Verdict::Down,
            ),
            (Step::Auth, "504 5.7.4 Unrecognized authentication type", Reason::MailNoAuth, Verdict::Down),
            (Step::Auth, "454 4.7.0 Temporary authentication failure", Reason::SmtpTemporary, Verdict::Down),
            (Step::Mail, "552 5.3.4 too big", Reason::SmtpSize, Verdict::Down),
            (Step::Mail, "452 4.3.1 no space", Reason::SmtpTemporary, Verdict::Down),
            (
                Step::Mail,
                "530 5.7.0 Must issue a STARTTLS command first",
                Reason::SmtpRejected,
                Verdict::Down,
            ),
            (rcpt, "250 2.1.5 Ok", Reason::None, Verdict::Up),
            (rcpt, "251 will forward", Reason::None, Verdict::Up),
            (rcpt, "450 4.2.0 Greylisted", Reason::SmtpGreylisted, Verdict::Degraded),
            (rcpt, "451 please try again", Reason::SmtpGreylisted, Verdict::Degraded),
            (rcpt, "451 4.7.1 Greylisted", Reason::SmtpGreylisted, Verdict::Degraded),
            (rcpt, "451 4.3.0 Temporary lookup failure", Reason::SmtpTemporary, Verdict::Down),
            (rcpt, "452 4.2.2 over quota", Reason::SmtpMailboxFull, Verdict::Down),
            (rcpt, "552 5.2.2 over quota", Reason::SmtpMailboxFull, Verdict::Down),
            (rcpt, "550 5.1.1 User unknown", Reason::SmtpMailboxUnknown, Verdict::Down),
            (rcpt, "550 5.1.10 RecipientNotFound", Reason::SmtpMailboxUnknown, Verdict::Down),
            (rcpt, "550 no such user", Reason::SmtpMailboxUnknown, Verdict::Down),
            (rcpt, "554 5.7.1 Relay access denied", Reason::SmtpRelayDenied, Verdict::Down),
            (rcpt, "550 5.7.54 Unable to relay recipient", Reason::SmtpRelayDenied, Verdict::Down),
            (rcpt, "454 4.7.1 Relay access denied", Reason::SmtpRelayDenied, Verdict::Down),
            (rcpt, "454 4.3.0 no connection to the database", Reason::SmtpTemporary, Verdict::Down),
            (rcpt, "421 4.7.0 bye", Reason::Smtp421, Verdict::Down),
            (rcpt, "354 what", Reason::ProtoUnexpectedReply, Verdict::Down),
            (Step::Rcpt(Refused), "554 5.7.1 Relay access denied", Reason::None, Verdict::Up),
            (Step::Rcpt(Refused), "454 4.7.1 Relay access denied", Reason::None, Verdict::Up),
            (Step::Rcpt(Refused), "250 2.1.5 Ok", Reason::SmtpOpenRelay, Verdict::Down),
            (Step::Rcpt(Refused), "451 4.7.0 later", Reason::SmtpGreylisted, Verdict::Degraded),
            (Step::Rcpt(Refused), "451 4.7.1 Greylisted", Reason::SmtpGreylisted, Verdict::Degraded),
            (Step::Data, "354 End data with <CR><LF>.<CR><LF>", Reason::None, Verdict::Up),
            (Step::Data, "250 ok", Reason::ProtoUnexpectedReply, Verdict::Down),
            (Step::Body, "554 5.6.0 spam", Reason::SmtpRejected, Verdict::Down),
        ] {
            let seen = judge(step, &of(line));
            let found =
                seen.err().map_or((Reason::None, Verdict::Up), |fault| (fault.reason, fault.verdict()));
            assert_eq!(found, (reason, verdict), "{step:?} {line}");
        }
    }

    #[test]
    fn what_ehlo_offers_is_found_whatever_its_case() {
        let lines =
            ["250-mx.example hello STARTTLS", "250-auth plain LOGIN", "250-AUTH=XOAUTH2", "250 size 1000"];
        let texts = lines.map(|line| parse(line.as_bytes()).unwrap().2).to_vec();
        let reply = Reply { code: 250, enhanced: None, texts };
        assert!(!reply.offers("STARTTLS"), "the greeting is no offer");
        assert!(reply.offers("SIZE") && reply.offers_auth("PLAIN") && reply.offers_auth("xoauth2"));
        assert!(!reply.offers_auth("CRAM-MD5"));
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some((code, _, text)) = parse(&line) {
                prop_assert!((200..600).contains(&code));
                let _ = enhanced(&text);
            }
        }
    }
}
