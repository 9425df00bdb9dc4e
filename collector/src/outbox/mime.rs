//! A letter as the bytes that a relay takes (RFC 5322, MIME): plain and HTML beside each other, attachments behind.
//!
//! Lines are ASCII and short whatever the letter says: every relay takes them. Headers are built by type, so that no
//! title of a service can add one.

use jiff::Timestamp;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment as Attached, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::row::Content;
use crate::publish::mail::Letter;

/// Who mails come from, for people.
const SENDER: &str = "Vedetta";

/// The message; the error is a sentence.
pub(crate) fn message(content: &Content, letter: &Letter, from: &str) -> Result<Vec<u8>, String> {
    let said = |error: &dyn std::error::Error| format!("the mail cannot be made: {error}");
    let address = |text: &str| text.parse::<Address>().map_err(|error| format!("`{text}`: {}", said(&error)));
    let to = content.address().unwrap_or_default();
    let at = Timestamp::from_millisecond(content.created_ms).unwrap_or_default();
    let mut builder = Message::builder()
        .from(Mailbox::new(Some(SENDER.to_owned()), address(from)?))
        .to(Mailbox::new(None, address(to)?))
        .subject(letter.subject.replace(['\r', '\n'], " "))
        .date(at.into())
        .message_id(Some(format!("<{}>", content.message_id)))
        // RFC 3834: nobody's holiday answers it.
        .header(AutoSubmitted)
        .header(NoAutoResponse);
    if let Some(thread) = &content.thread {
        builder = builder.in_reply_to(format!("<{thread}>")).references(format!("<{thread}>"));
    }
    let both = MultiPart::alternative()
        .singlepart(SinglePart::plain(letter.text.clone()))
        .singlepart(SinglePart::html(letter.html.clone()));
    let whole = if letter.attachments.is_empty() {
        both
    } else {
        let mut mixed = MultiPart::mixed().multipart(both);
        for file in &letter.attachments {
            let kind = ContentType::parse(&file.media_type).unwrap_or(ContentType::TEXT_PLAIN);
            mixed = mixed.singlepart(Attached::new(file.name.clone()).body(file.bytes.clone(), kind));
        }
        mixed
    };
    let message = builder.multipart(whole).map_err(|error| said(&error))?;
    Ok(message.formatted())
}

#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Exchange asks for it by another name.
#[derive(Debug, Clone, Copy)]
struct NoAutoResponse;

impl Header for NoAutoResponse {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Auto-Response-Suppress")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "All".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::example;
    use crate::publish::mail::Attachment;

    #[test]
    fn a_mail_says_what_it_must_and_nothing_adds_a_header() {
        let mut content = example::content("a@b.example");
        content.thread = Some("incident-7.opened.00@comune.example".to_owned());
        let letter = Letter {
            subject: "Posta non disponibile\r\nBcc: evil@x.example".to_owned(),
            text: "perché\n.\nè giù\n".to_owned(),
            html: "<p>perché</p>".to_owned(),
            attachments: vec![Attachment {
                name: "cifre.csv".to_owned(),
                media_type: "text/csv; charset=utf-8".to_owned(),
                bytes: "a;b\nè;1\n".into(),
            }],
        };
        let bytes = message(&content, &letter, "vedetta@comune.example").unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.is_ascii() && text.lines().all(|line| line.len() < 998));
        assert!(!text.replace("\r\n", "").contains('\n'), "every line ends with CRLF");
        for line in [
            "From: Vedetta <vedetta@comune.example>\r\n",
            "To: a@b.example\r\n",
            "Date: Mon, 23 Nov 2026 08:12:00 +0000\r\n",
            "Message-ID: <incident-7.again-1.01@comune.example>\r\n",
            "In-Reply-To: <incident-7.opened.00@comune.example>\r\n",
            "References: <incident-7.opened.00@comune.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/mixed;",
            "Content-Type: multipart/alternative;",
            "Content-Disposition: attachment; filename=\"cifre.csv\"\r\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("\nBcc:"), "{text}");
    }
}
