//! What a sample learned beyond its head. Opaque to ingest: kept, shown, never counted.

/// Written on a change of verdict or reason, on failure, and once an hour.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Evidence {
    /// What was seen, in at most [`crate::limits::DETAIL_BYTES_MAX`] bytes, secrets masked.
    #[prost(string, tag = "1")]
    pub detail: String,
    /// How long each phase of the deciding attempt took, in order.
    #[prost(message, repeated, tag = "2")]
    pub phases: Vec<Phase>,
    /// Every attempt in order, the deciding one last; empty when there was one.
    #[prost(message, repeated, tag = "3")]
    pub attempts: Vec<Attempt>,
    /// The address that was asked, `ip:port`; `ip` where there is no port.
    #[prost(string, tag = "4")]
    pub remote: String,
    /// The phase that failed; empty when none did.
    #[prost(string, tag = "5")]
    pub phase_failed: String,
    /// What the TLS handshake showed, also when verification failed.
    #[prost(message, optional, tag = "6")]
    pub tls: Option<TlsFacts>,
    /// Typed facts of the probe kind, such as `status` or `rcode`.
    #[prost(message, repeated, tag = "7")]
    pub facts: Vec<Fact>,
}

/// One phase of one attempt.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Phase {
    /// `resolve`, `connect`, `tls`, `processing`, `transfer`, `udp_rtt`…
    #[prost(string, tag = "1")]
    pub name: String,
    /// Microseconds on the monotonic clock.
    #[prost(uint64, tag = "2")]
    pub micros: u64,
}

/// One attempt of a check that tried more than once.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Attempt {
    /// Verdict and reason as in [`crate::Record::outcome`].
    #[prost(uint32, tag = "1")]
    pub outcome: u32,
    /// Microseconds on the monotonic clock.
    #[prost(uint64, tag = "2")]
    pub micros: u64,
}

/// What the handshake showed.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TlsFacts {
    /// End of the leaf's validity, Unix ms.
    #[prost(sint64, tag = "1")]
    pub not_after_ms: i64,
    /// Did the chain, the name and the dates verify?
    #[prost(bool, tag = "2")]
    pub verified: bool,
    /// `TLSv1.2` or `TLSv1.3`; empty when no handshake completed.
    #[prost(string, tag = "3")]
    pub version: String,
    /// SHA-256 of the leaf's DER.
    #[prost(bytes = "vec", tag = "4")]
    pub fingerprint: Vec<u8>,
    /// The soonest end of validity on the path that is used, Unix ms; 0 without a path.
    #[prost(sint64, tag = "5")]
    pub path_not_after_ms: i64,
    /// Who signed the leaf, as it says.
    #[prost(string, tag = "6")]
    pub issuer: String,
    /// Whom the leaf is for: its names, or its subject where it has none; cut after some.
    #[prost(string, tag = "7")]
    pub names: String,
    /// Begin of the leaf's validity, Unix ms; 0 from an agent that does not tell.
    #[prost(sint64, tag = "8")]
    pub not_before_ms: i64,
    /// Whose certificate ends first on the path, where that is not the leaf; cut after some.
    #[prost(string, tag = "9")]
    pub path_ends: String,
}

/// A certificate that ends sooner wants attention, ms.
const CERTIFICATE_WARN_MS: i64 = 21 * 86_400_000;

/// How long before its end a certificate wants attention, ms: 21 days, or a quarter of the leaf's lifetime where that
/// is less, so that a certificate of six days is not "expiring" all its life. Agents judge by it, and collectors show.
pub fn certificate_warn_ms(lifetime_ms: i64) -> i64 {
    CERTIFICATE_WARN_MS.min(lifetime_ms.max(0) / 4)
}

impl TlsFacts {
    /// What ends first on the path ends the service; of a chain without a path only the leaf is known. Unix ms.
    pub fn ends_ms(&self) -> Option<i64> {
        [self.not_after_ms, self.path_not_after_ms].into_iter().filter(|&end_ms| end_ms > 0).min()
    }

    /// [`certificate_warn_ms`] of the leaf; 21 days where nobody told its beginning.
    pub fn warn_ms(&self) -> i64 {
        let lifetime_ms = match self.not_before_ms {
            0 => i64::MAX,
            not_before_ms => self.not_after_ms.saturating_sub(not_before_ms),
        };
        certificate_warn_ms(lifetime_ms)
    }
}

/// A named value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Fact {
    /// What it is.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its value as text.
    #[prost(string, tag = "2")]
    pub value: String,
}
