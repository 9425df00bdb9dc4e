//! The messages of RFC 4120, 5.4 and 5.9: the few that are said and heard, pure.
//!
//! picky-krb has types for all of them; they take one field of KRB-ERROR for another type than it is, want an
//! answer's inner tag to be the one of the standard (25), where MIT's centre writes 26, and allocate what a length
//! says. So the reading is our own, on [`super::super::ber`], and picky-krb does the cryptography.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::ber::{
    BIT_STRING, GENERAL_STRING, GENERALIZED_TIME, INTEGER, Malformed, OCTETS, Reader, SEQUENCE, application,
    context, element, integer, number,
};
use super::keys::{Etype, Key};

/// RFC 4120, 5.10.
const VERSION: i64 = 5;
/// The end of 32-bit time: "as long as you like".
const TILL: &[u8] = b"20370913024805Z";
/// Of lists that are looked through.
const LIST_MAX: usize = 64;

/// RFC 4120, 5.2.7 and 7.5.2.
const PA_TGS_REQ: i64 = 1;
const PA_ENC_TIMESTAMP: i64 = 2;
const PA_ETYPE_INFO: i64 = 11;
const PA_ETYPE_INFO2: i64 = 19;

/// A name within a realm: `host/name.example` has two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principal {
    /// RFC 4120, 6.2: 1 is a user, 2 a service.
    kind: i64,
    parts: Vec<String>,
}

impl Principal {
    pub(super) fn user(name: &str) -> Self {
        Self { kind: 1, parts: name.split('/').map(str::to_owned).collect() }
    }

    pub(super) fn service(name: &str) -> Self {
        Self { kind: 2, ..Self::user(name) }
    }

    /// The service that gives out tickets.
    pub(super) fn of_realm(realm: &str) -> Self {
        Self { kind: 2, parts: vec!["krbtgt".to_owned(), realm.to_owned()] }
    }

    /// What a password is salted with unless the centre says otherwise (RFC 4120, 4).
    pub(super) fn salt(&self, realm: &str) -> Vec<u8> {
        format!("{realm}{}", self.parts.concat()).into_bytes()
    }

    fn encode(&self) -> Vec<u8> {
        let parts: Vec<Vec<u8>> = self.parts.iter().map(|part| string(part)).collect();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let names = element(SEQUENCE, &parts);
        element(SEQUENCE, &[&tagged(0, &integer(INTEGER, self.kind)), &tagged(1, &names)])
    }
}

/// A question for the first ticket; `proof` is an encrypted timestamp.
pub(super) fn as_request(
    client: &Principal,
    realm: &str,
    etypes: &[i64],
    nonce: u32,
    proof: Option<&[u8]>,
) -> Vec<u8> {
    let body = request_body(Some(client), realm, &Principal::of_realm(realm), etypes, nonce);
    let proof = proof.map(|proof| preauthentication(PA_ENC_TIMESTAMP, proof));
    request(10, proof.as_deref(), &body)
}

/// The proof of [`as_request`]: the time, encrypted.
pub(super) fn timestamp(now_ms: i64) -> Vec<u8> {
    let micros = now_ms.rem_euclid(1_000) * 1_000;
    element(SEQUENCE, &[&tagged(0, &time(now_ms)), &tagged(1, &integer(INTEGER, micros))])
}

/// RFC 4120, 5.2.9.
pub(super) fn encrypted(etype: Etype, cipher: &[u8]) -> Vec<u8> {
    let etype = integer(INTEGER, etype.number());
    element(SEQUENCE, &[&tagged(0, &etype), &tagged(2, &element(OCTETS, &[cipher]))])
}

/// The body of a question for a service's ticket: what its authenticator signs.
pub(super) fn tgs_body(realm: &str, service: &Principal, nonce: u32) -> Vec<u8> {
    request_body(None, realm, service, &Etype::ALL.map(Etype::number), nonce)
}

/// Who asks, as the first ticket has it: to be encrypted with that ticket's key.
pub(super) fn authenticator(reply: &Reply<'_>, checksum: &(i64, Vec<u8>), now_ms: i64) -> Vec<u8> {
    let (kind, sum) = checksum;
    let sum =
        element(SEQUENCE, &[&tagged(0, &integer(INTEGER, *kind)), &tagged(1, &element(OCTETS, &[sum]))]);
    let micros = now_ms.rem_euclid(1_000) * 1_000;
    let body = element(
        SEQUENCE,
        &[
            &tagged(0, &integer(INTEGER, VERSION)),
            &element(context(1), &[reply.realm]),
            &element(context(2), &[reply.client]),
            &tagged(3, &sum),
            &tagged(4, &integer(INTEGER, micros)),
            &tagged(5, &time(now_ms)),
        ],
    );
    element(application(2), &[&body])
}

/// A question for a service's ticket, with the first ticket and an encrypted authenticator.
pub(super) fn tgs_request(body: &[u8], ticket: &[u8], authenticator: &[u8]) -> Vec<u8> {
    let inner = element(
        SEQUENCE,
        &[
            &tagged(0, &integer(INTEGER, VERSION)),
            &tagged(1, &integer(INTEGER, 14)),
            &tagged(2, &flags()),
            &element(context(3), &[ticket]),
            &tagged(4, authenticator),
        ],
    );
    let proof = preauthentication(PA_TGS_REQ, &element(application(14), &[&inner]));
    request(12, Some(&proof), body)
}

/// What comes back.
#[derive(Debug)]
pub(super) enum Heard<'a> {
    Error(Box<Refusal>),
    Reply(Reply<'a>),
}

/// KRB-ERROR, which is how most questions are answered, good ones too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// RFC 4120, 7.5.9.
    pub(super) code: i64,
    /// The centre's clock, Unix ms.
    pub(super) at_ms: i64,
    /// What the password is to be salted with, by encryption; RC4 and unknown ones, too.
    pub(super) offers: Vec<Offer>,
    /// Windows' own word (MS-KILE, 2.2.1).
    pub(super) nt_status: Option<u32>,
    /// The centre's, for people.
    pub(super) text: String,
}

/// How a password becomes a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) etype: i64,
    pub(super) salt: Option<Vec<u8>>,
    /// Rounds and the like, if it says so.
    pub(super) parameters: Option<Vec<u8>>,
}

/// AS-REP or TGS-REP: a ticket, and what only the asker can read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply<'a> {
    /// RFC 4120, 7.5.7: 11 or 13.
    pub(super) kind: u8,
    /// With their own heads, to be said again.
    realm: &'a [u8],
    client: &'a [u8],
    pub(super) ticket: &'a [u8],
    pub(super) etype: i64,
    pub(super) cipher: &'a [u8],
}

impl<'a> Heard<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (tag, body) = Reader::new(bytes).next()?.ok_or(Malformed)?;
        let mut fields = Reader::new(Reader::new(body).expect(SEQUENCE)?);
        let kind = tag & 0x1f;
        match tag {
            _ if tag == application(30) => {
                Refusal::read(&mut fields).map(|refusal| Self::Error(Box::new(refusal)))
            }
            _ if tag == application(11) || tag == application(13) => {
                Reply::read(kind, &mut fields).map(Self::Reply)
            }
            _ => Err(Malformed),
        }
    }
}

impl Refusal {
    fn read(fields: &mut Reader<'_>) -> Result<Self, Malformed> {
        fields.expect(context(0))?;
        fields.expect(context(1))?;
        fields.optional(context(2))?;
        fields.optional(context(3))?;
        let second_ms = time_of(fields.expect_in(context(4), GENERALIZED_TIME)?).ok_or(Malformed)?;
        let micros = number(fields.expect_in(context(5), INTEGER)?)?;
        let code = number(fields.expect_in(context(6), INTEGER)?)?;
        for optional in [7, 8, 9, 10] {
            fields.optional(context(optional))?;
        }
        let text = fields.optional_in(context(11), GENERAL_STRING)?.unwrap_or_default();
        let data = fields.optional_in(context(12), OCTETS)?.unwrap_or_default();
        Ok(Self {
            code,
            at_ms: second_ms.saturating_add(micros.clamp(0, 999_999) / 1_000),
            // What it adds is of many forms; what is not understood says nothing.
            offers: offers(data).unwrap_or_default(),
            nt_status: nt_status(data),
            text: String::from_utf8_lossy(text).into_owned(),
        })
    }
}

impl<'a> Reply<'a> {
    fn read(kind: u8, fields: &mut Reader<'a>) -> Result<Self, Malformed> {
        fields.expect(context(0))?;
        fields.expect(context(1))?;
        fields.optional(context(2))?;
        let realm = fields.expect(context(3))?;
        let client = fields.expect(context(4))?;
        let ticket = fields.expect(context(5))?;
        let mut sealed = Reader::new(fields.expect_in(context(6), SEQUENCE)?);
        let etype = number(sealed.expect_in(context(0), INTEGER)?)?;
        sealed.optional(context(1))?;
        let cipher = sealed.expect_in(context(2), OCTETS)?;
        Ok(Self { kind, realm, client, ticket, etype, cipher })
    }
}

/// What only the asker can read.
pub(super) struct Inner {
    /// The key of the ticket; `None` when it is of another kind than asked for.
    pub(super) key: Option<Key>,
    pub(super) nonce: u32,
    /// When the ticket was first given, Unix ms: the centre's clock.
    pub(super) at_ms: i64,
}

impl Inner {
    /// RFC 4120, 5.4.2: 25 in an AS-REP, 26 in a TGS-REP. MIT's centre writes 26 in both, Heimdal's and Samba's 25.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let (tag, body) = Reader::new(bytes).next()?.ok_or(Malformed)?;
        if tag != application(25) && tag != application(26) {
            return Err(Malformed);
        }
        let mut fields = Reader::new(Reader::new(body).expect(SEQUENCE)?);
        let mut key = Reader::new(fields.expect_in(context(0), SEQUENCE)?);
        let etype = number(key.expect_in(context(0), INTEGER)?)?;
        let bytes = key.expect_in(context(1), OCTETS)?;
        fields.expect(context(1))?;
        let nonce = number(fields.expect_in(context(2), INTEGER)?)?;
        fields.optional(context(3))?;
        fields.expect(context(4))?;
        let at_ms = time_of(fields.expect_in(context(5), GENERALIZED_TIME)?).ok_or(Malformed)?;
        // As a signed number of 32 bits, some write the upper half below zero.
        let nonce = u32::try_from(nonce & 0xffff_ffff).map_err(|_| Malformed)?;
        Ok(Self { key: Etype::of(etype).and_then(|etype| Key::new(etype, bytes)), nonce, at_ms })
    }
}

fn request(kind: u8, proof: Option<&[u8]>, body: &[u8]) -> Vec<u8> {
    let proof = proof.map(|proof| tagged(3, &element(SEQUENCE, &[proof]))).unwrap_or_default();
    let inner = element(
        SEQUENCE,
        &[
            &tagged(1, &integer(INTEGER, VERSION)),
            &tagged(2, &integer(INTEGER, i64::from(kind))),
            &proof,
            &tagged(4, body),
        ],
    );
    element(application(kind), &[&inner])
}

fn request_body(
    client: Option<&Principal>,
    realm: &str,
    service: &Principal,
    etypes: &[i64],
    nonce: u32,
) -> Vec<u8> {
    let client = client.map(|client| tagged(1, &client.encode())).unwrap_or_default();
    let etypes: Vec<u8> = etypes.iter().flat_map(|etype| integer(INTEGER, *etype)).collect();
    element(
        SEQUENCE,
        &[
            &tagged(0, &flags()),
            &client,
            &tagged(2, &string(realm)),
            &tagged(3, &service.encode()),
            &tagged(5, &element(GENERALIZED_TIME, &[TILL])),
            &tagged(7, &integer(INTEGER, i64::from(nonce))),
            &tagged(8, &element(SEQUENCE, &[&etypes])),
        ],
    )
}

/// PA-DATA.
fn preauthentication(kind: i64, value: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&tagged(1, &integer(INTEGER, kind)), &tagged(2, &element(OCTETS, &[value]))])
}

fn tagged(number: u8, inner: &[u8]) -> Vec<u8> {
    element(context(number), &[inner])
}

fn string(text: &str) -> Vec<u8> {
    element(GENERAL_STRING, &[text.as_bytes()])
}

/// None set.
fn flags() -> Vec<u8> {
    element(BIT_STRING, &[&[0; 5]])
}

fn time(unix_ms: i64) -> Vec<u8> {
    let shown = Timestamp::from_millisecond(unix_ms).unwrap_or_default();
    let shown = shown.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%SZ").to_string();
    element(GENERALIZED_TIME, &[shown.as_bytes()])
}

/// Unix ms of `20270315093000Z`.
fn time_of(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == 15)?;
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// METHOD-DATA with ETYPE-INFO2 (RFC 4120, 5.2.7.5), or with the ETYPE-INFO of before.
fn offers(data: &[u8]) -> Result<Vec<Offer>, Malformed> {
    let mut found = Vec::new();
    let mut methods = Reader::new(Reader::new(data).expect(SEQUENCE)?);
    while let Some((tag, method)) = methods.next()?.filter(|_| found.len() < LIST_MAX) {
        let mut method = Reader::new(if tag == SEQUENCE { method } else { return Err(Malformed) });
        let kind = number(method.expect_in(context(1), INTEGER)?)?;
        let value = method.expect_in(context(2), OCTETS)?;
        if matches!(kind, PA_ETYPE_INFO | PA_ETYPE_INFO2) && !value.is_empty() {
            let mut entries = Reader::new(Reader::new(value).expect(SEQUENCE)?);
            while let Some((_, entry)) = entries.next()?.filter(|_| found.len() < LIST_MAX) {
                let mut entry = Reader::new(entry);
                let etype = number(entry.expect_in(context(0), INTEGER)?)?;
                let salt = entry.optional(context(1))?.map(|salt| Reader::new(salt).next()).transpose()?;
                let salt = salt.flatten().map(|(_, salt)| salt.to_vec());
                let parameters = entry.optional_in(context(2), OCTETS)?.map(<[u8]>::to_vec);
                found.push(Offer { etype, salt, parameters });
            }
        }
    }
    Ok(found)
}

/// KERB-ERROR-DATA with KERB-EXT-ERROR (MS-KILE, 2.2.1 and 2.2.2): by itself, as Windows sends it, or one of several
/// methods, as Samba does.
fn nt_status(data: &[u8]) -> Option<u32> {
    let list = Reader::new(data).expect(SEQUENCE).ok()?;
    if let Some(status) = extended_error(list) {
        return Some(status);
    }
    let mut methods = Reader::new(list);
    for _ in 0..LIST_MAX {
        let (tag, method) = methods.next().ok()??;
        if let Some(status) = extended_error(method).filter(|_| tag == SEQUENCE) {
            return Some(status);
        }
    }
    None
}

/// A status, and eight bytes more.
fn extended_error(fields: &[u8]) -> Option<u32> {
    let mut fields = Reader::new(fields);
    let kind = number(fields.expect_in(context(1), INTEGER).ok()?).ok()?;
    let value = fields.expect_in(context(2), OCTETS).ok().filter(|value| kind == 3 && value.len() == 12)?;
    value.first_chunk().map(|status| u32::from_le_bytes(*status))
}

#[cfg(test)]
mod tests;
