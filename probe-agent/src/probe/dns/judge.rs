//! Is this the answer the check wants? Pure: the instant is an argument.

use collector_api::Reason;
use config::{DnsFlag, DnsParams, RecordMatch};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{DNSClass, RData, Record, RecordType};

use super::super::Fault;
use super::canonical::{canonical, canonical_rdata};

/// What an answer must be like.
#[derive(Debug)]
pub(super) struct Wanted {
    record_type: RecordType,
    /// As [`rcode_name`] writes them.
    rcodes: Vec<String>,
    /// In [`canonical()`] form.
    expect: Vec<String>,
    matching: RecordMatch,
    /// As the charter says; `None` for what [`Wanted::count_min`] says.
    min_count: Option<u32>,
    ttl_min_s: u32,
    flags: Vec<DnsFlag>,
    rrsig_min_ms: Option<u64>,
}

impl Wanted {
    pub(super) fn new(params: &DnsParams, record_type: RecordType) -> Self {
        Self {
            record_type,
            rcodes: params.rcodes.iter().map(|rcode| rcode.to_ascii_uppercase()).collect(),
            expect: params.expect.iter().map(|value| canonical(record_type, value)).collect(),
            matching: params.matching,
            min_count: params.min_count,
            ttl_min_s: params.ttl_min_s.unwrap_or(0),
            flags: params.flags.clone(),
            rrsig_min_ms: params.rrsig_min_ms,
        }
    }

    /// Judges an answer at `now_ms`, Unix. What decides comes first: a wrong code explains a missing record.
    pub(super) fn judge(&self, reply: &Message, now_ms: i64) -> Result<(), Fault> {
        if reply.metadata.truncation {
            return Err(Fault::new(Reason::ProtoTruncated, "the answer over TCP is truncated"));
        }
        self.judge_rcode(reply.metadata.response_code)?;
        self.judge_flags(reply)?;
        let values: Vec<String> = self.records(reply).map(|record| canonical_rdata(&record.data)).collect();
        self.judge_records(&values)?;
        let count_min = self.count_min(reply.metadata.response_code);
        if values.len() < count_min as usize {
            if is_referral(reply) {
                return Err(Fault::new(Reason::DnsLame, "a referral to other servers"));
            }
            let detail = format!("{} records, expected at least {count_min}", values.len());
            return Err(Fault::new(Reason::AssertCount, detail));
        }
        if let Some(ttl_s) = ttl_min_s(reply).filter(|ttl_s| *ttl_s < self.ttl_min_s) {
            let detail = format!("{ttl_s} s, expected at least {} s", self.ttl_min_s);
            return Err(Fault::new(Reason::DnsTtl, detail));
        }
        match self.rrsig_min_ms {
            Some(min_ms) => judge_signatures(reply, min_ms, now_ms),
            None => Ok(()),
        }
    }

    /// Records an answer of this code has at least. NOERROR without one is how a deleted record and an alias to
    /// nowhere look: it is no answer, unless the charter says so, or takes "no such name" for one too.
    fn count_min(&self, rcode: ResponseCode) -> u32 {
        let is_due = rcode == ResponseCode::NoError && !self.accepts(ResponseCode::NXDomain);
        self.min_count.unwrap_or(u32::from(is_due && self.expect.is_empty()))
    }

    /// The records of the type asked, whatever their owner: behind an alias it is another.
    fn records<'m>(&self, reply: &'m Message) -> impl Iterator<Item = &'m Record> {
        let wanted = self.record_type;
        reply
            .answers
            .iter()
            .filter(move |record| record.dns_class == DNSClass::IN && record.record_type() == wanted)
    }

    /// Is an answer of this code what the check wants?
    pub(super) fn accepts(&self, rcode: ResponseCode) -> bool {
        self.rcodes.contains(&rcode_name(rcode))
    }

    fn judge_rcode(&self, rcode: ResponseCode) -> Result<(), Fault> {
        if self.accepts(rcode) {
            return Ok(());
        }
        let reason = match rcode {
            ResponseCode::NXDomain => Reason::DnsNxdomain,
            ResponseCode::ServFail => Reason::DnsServfail,
            ResponseCode::Refused => Reason::DnsRefused,
            // The check wants a refusal, and got an answer.
            ResponseCode::NoError => Reason::DnsNegativeViolated,
            _ => Reason::DnsRcode,
        };
        Err(Fault::new(reason, format!("{}, expected {}", rcode_name(rcode), self.rcodes.join(" or "))))
    }

    fn judge_flags(&self, reply: &Message) -> Result<(), Fault> {
        for flag in &self.flags {
            let is_set = |flag| match flag {
                DnsFlag::Aa | DnsFlag::NoAa => reply.metadata.authoritative,
                DnsFlag::Ad | DnsFlag::NoAd => reply.metadata.authentic_data,
                DnsFlag::Ra | DnsFlag::NoRa => reply.metadata.recursion_available,
            };
            let (reason, detail) = match (flag, is_set(*flag)) {
                // A referral where an answer is due: the server has lost the zone.
                (DnsFlag::Aa, false) if is_referral(reply) => {
                    (Reason::DnsLame, "a referral to other servers")
                }
                (DnsFlag::Aa, false) => (Reason::DnsNotAuthoritative, "aa is not set"),
                (DnsFlag::Ad, false) => (Reason::DnsAdMissing, "ad is not set"),
                (DnsFlag::Ra, false) => (Reason::DnsFlags, "ra is not set: the server does not recurse"),
                (DnsFlag::NoAa, true) => (Reason::DnsFlags, "aa is set"),
                (DnsFlag::NoAd, true) => (Reason::DnsFlags, "ad is set"),
                (DnsFlag::NoRa, true) => {
                    (Reason::DnsFlags, "ra is set: the server recurses for whoever asks")
                }
                _ => continue,
            };
            return Err(Fault::new(reason, detail));
        }
        Ok(())
    }

    /// Sets are compared, in whatever order the answer is. Without expected values any will do.
    fn judge_records(&self, values: &[String]) -> Result<(), Fault> {
        let is_expected = |value: &String| self.expect.contains(value);
        let is_there = |value: &String| values.contains(value);
        let (fits, wanted) = match self.matching {
            _ if self.expect.is_empty() => return Ok(()),
            RecordMatch::Any => (values.iter().any(is_expected), "one of"),
            RecordMatch::All => (self.expect.iter().all(is_there), "all of"),
            RecordMatch::Exact => {
                (self.expect.iter().all(is_there) && values.iter().all(is_expected), "exactly")
            }
            RecordMatch::None => (!values.iter().any(is_expected), "none of"),
        };
        if fits {
            return Ok(());
        }
        let seen = if values.is_empty() { "none".to_owned() } else { values.join(", ") };
        Err(Fault::new(
            Reason::AssertRecords,
            format!("{seen}; expected {wanted} {}", self.expect.join(", ")),
        ))
    }
}

/// The zone's serial, if the answer tells it.
pub(super) fn serial(reply: &Message) -> Option<u32> {
    reply.answers.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    })
}

/// For how long the answer may be kept, seconds; `None` when it is empty.
pub(super) fn ttl_min_s(reply: &Message) -> Option<u32> {
    reply.answers.iter().map(|record| record.ttl).min()
}

/// RFC 1035's and later mnemonics, as charters write them.
pub(super) fn rcode_name(rcode: ResponseCode) -> String {
    let name = match rcode {
        ResponseCode::NoError => "NOERROR",
        ResponseCode::FormErr => "FORMERR",
        ResponseCode::ServFail => "SERVFAIL",
        ResponseCode::NXDomain => "NXDOMAIN",
        ResponseCode::NotImp => "NOTIMP",
        ResponseCode::Refused => "REFUSED",
        ResponseCode::YXDomain => "YXDOMAIN",
        ResponseCode::YXRRSet => "YXRRSET",
        ResponseCode::NXRRSet => "NXRRSET",
        ResponseCode::NotAuth => "NOTAUTH",
        ResponseCode::NotZone => "NOTZONE",
        ResponseCode::BADVERS => "BADVERS",
        other => return format!("RCODE{}", u16::from(other)),
    };
    name.to_owned()
}

fn is_referral(reply: &Message) -> bool {
    reply.answers.is_empty() && reply.authorities.iter().any(|record| record.record_type() == RecordType::NS)
}

/// The earliest end of a signature in the answer decides. Nothing is verified: that is what a validating
/// resolver is asked for with `ad`.
fn judge_signatures(reply: &Message, min_ms: u64, now_ms: i64) -> Result<(), Fault> {
    let Some(left_s) = reply.answers.iter().filter_map(|record| left_s(record, now_ms)).min() else {
        return Err(Fault::new(Reason::DnsUnsigned, "no RRSIG in the answer"));
    };
    if left_s < 0 {
        return Err(Fault::new(Reason::DnsRrsigExpired, format!("{} s ago", -left_s)));
    }
    if left_s.unsigned_abs() < min_ms / 1_000 {
        return Err(Fault::degraded(Reason::DnsRrsigExpiring, format!("in {} h", left_s / 3_600)));
    }
    Ok(())
}

/// How long a signature is valid yet, seconds; `None` for other records.
fn left_s(record: &Record, now_ms: i64) -> Option<i64> {
    // Read by hand: hickory knows RRSIG only together with its validation.
    let RData::Unknown { code: RecordType::RRSIG, rdata } = &record.data else { return None };
    let expiration = u32::from_be_bytes(rdata.anything.get(8..12)?.try_into().ok()?);
    // RFC 4034, 3.1.5: 32 bits that turn over, compared by RFC 1982.
    let seconds_now = u32::try_from(now_ms.div_euclid(1_000).rem_euclid(1 << 32)).ok()?;
    Some(i64::from(expiration.wrapping_sub(seconds_now).cast_signed()))
}
