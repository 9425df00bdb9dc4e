//! A connection to a directory: one message at a time, each bounded before it is read.

use collector_api::Reason;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::super::ber::{Head, SEQUENCE};
use super::super::{Fault, Trace};
use super::message::{self, Heard, Outcome, Search};

/// Of one message. A root entry is a few kB; of other entries only the names are asked for.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Of the head of a message: a tag, and a length of four bytes behind its own.
const HEAD_BYTES_MAX: usize = 6;
/// References and the like that may come beside the entries asked for.
const OTHERS_MAX: u32 = 64;

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) entries: u32,
    pub(super) references: u32,
    /// Of the first entry.
    pub(super) values: Vec<(String, String)>,
    pub(super) outcome: Option<Outcome>,
}

/// A connection, and the number of the last question.
#[derive(Debug)]
pub(in crate::probe) struct Connection<S> {
    stream: S,
    id: i64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Whose last question had this number.
    pub(in crate::probe) fn new(stream: S) -> Self {
        Self { stream, id: 0 }
    }

    /// The stream, on which nothing is waiting to be read: what comes is read message by message, to the byte, so
    /// that nobody can slip something in before TLS that is taken for what was said under it.
    pub(in crate::probe) fn into_stream(self) -> S {
        self.stream
    }

    pub(in crate::probe) async fn starttls(&mut self) -> Result<Outcome, Fault> {
        let id = self.next_id();
        self.ask(&message::starttls(id)).await?;
        self.outcome(id).await
    }

    pub(super) async fn bind(&mut self, user: &str, password: &str) -> Result<Outcome, Fault> {
        let id = self.next_id();
        self.ask(&message::bind(id, user, password)).await?;
        self.outcome(id).await
    }

    pub(super) async fn search(&mut self, search: &Search<'_>) -> Result<Found, Fault> {
        let id = self.next_id();
        self.ask(&search.encode(id)).await?;
        let mut found = Found::default();
        let mut others = 0;
        while found.entries <= search.entries && others <= OTHERS_MAX {
            match self.hear(id).await? {
                Heard::Done(outcome) => return Ok(Found { outcome: Some(outcome), ..found }),
                Heard::Entry(values) => {
                    if found.entries == 0 {
                        found.values = values;
                    }
                    found.entries += 1;
                }
                Heard::Reference => {
                    found.references += 1;
                    others += 1;
                }
                Heard::Other => others += 1,
            }
        }
        Err(Fault::new(Reason::ProtoUnexpectedReply, "more entries than were asked for"))
    }

    /// Says good-bye; whether it is heard is not the directory's affair any more.
    pub(super) async fn unbind(mut self, trace: &mut Trace) {
        trace.answered();
        trace.enter("unbind");
        trace.at_deadline(Ok(()));
        let id = self.next_id();
        let said = self.ask(&message::unbind(id)).await.is_ok();
        if said {
            let _ = self.stream.shutdown().await;
        }
    }

    fn next_id(&mut self) -> i64 {
        self.id += 1;
        self.id
    }

    async fn ask(&mut self, message: &[u8]) -> Result<(), Fault> {
        let wrote = async {
            self.stream.write_all(message).await?;
            self.stream.flush().await
        };
        wrote.await.map_err(|error| Fault::of_stream(&error))
    }

    async fn outcome(&mut self, id: i64) -> Result<Outcome, Fault> {
        match self.hear(id).await? {
            Heard::Done(outcome) => Ok(outcome),
            _ => Err(Fault::new(Reason::ProtoUnexpectedReply, "an entry, and nothing was searched")),
        }
    }

    /// The next message, which must be about this question.
    async fn hear(&mut self, id: i64) -> Result<Heard, Fault> {
        let bytes = self.message().await?;
        let (about, heard) = Heard::read(&bytes)?;
        match heard {
            // RFC 4511, 4.4: what concerns no question is the directory's farewell.
            Heard::Done(outcome) if about == 0 => {
                let detail = format!("the directory hangs up: {} {}", outcome.code, outcome.text);
                Err(Fault::new(Reason::ProtoClosedEarly, detail))
            }
            heard if about == id => Ok(heard),
            _ => Err(Fault::new(
                Reason::ProtoIdMismatch,
                format!("a message about question {about}, not {id}"),
            )),
        }
    }

    async fn message(&mut self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::with_capacity(256);
        let head = loop {
            if let Some(head) = Head::read(&bytes)? {
                break head;
            }
            let byte = self.stream.read_u8().await.map_err(|error| Fault::of_stream(&error))?;
            bytes.push(byte);
            if bytes[0] != SEQUENCE || bytes.len() > HEAD_BYTES_MAX {
                return Err(Fault::new(Reason::ProtoMalformed, "not a message of LDAP"));
            }
        };
        if head.body > MESSAGE_BYTES_MAX {
            let detail = format!("a message of {} bytes is announced", head.body);
            return Err(Fault::new(Reason::ProtoMalformed, detail));
        }
        bytes.resize(head.own + head.body, 0);
        self.stream.read_exact(&mut bytes[head.own..]).await.map_err(|error| Fault::of_stream(&error))?;
        Ok(bytes)
    }
}
