//! What `probe: snmp` asks.

use serde::{Deserialize, Serialize};

use super::{Family, HostPort};
use crate::Id;

/// Parameters of `probe: snmp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnmpParams {
    /// The agent asked, port 161 unless said.
    pub address: HostPort,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
    /// Who asks.
    pub access: SnmpAccess,
    /// Single values, each with what it must be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<SnmpValue>,
    /// Interfaces that must be in operation while they are switched on, by name (`ifName`, `ifDescr`) or index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<String>,
    /// What is asked of a usual kind of device.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub presets: Vec<SnmpPreset>,
    /// A UPS on battery that expects to last for fewer minutes than this is degraded as if its battery were low.
    #[serde(default = "minutes_left")]
    pub minutes_left: u32,
}

impl SnmpParams {
    /// Enough to shut machines down in order.
    pub const MINUTES_LEFT: u32 = 10;
    /// Of one check; more are checks of their own.
    pub const VALUES_MAX: usize = 64;
    /// Of one check: a switch has 48 ports and its uplinks.
    pub const INTERFACES_MAX: usize = 64;
}

fn minutes_left() -> u32 {
    SnmpParams::MINUTES_LEFT
}

/// Who asks, by the names of secrets which only the agent knows. An unauthenticated user of version 3 is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "version", deny_unknown_fields)]
pub enum SnmpAccess {
    /// Version 2c (RFC 1901): the community crosses the network in clear.
    #[serde(rename = "2c")]
    V2c {
        /// The secret that is the community.
        community: Id,
    },
    /// Version 3 (RFC 3414).
    #[serde(rename = "3")]
    V3 {
        /// Its name on the device.
        user: String,
        /// By what messages are authenticated.
        auth: SnmpAuth,
        /// The secret that is the passphrase of that.
        secret: Id,
        /// By what they are encrypted; in clear when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        privacy: Option<SnmpPrivacy>,
        /// The context on the device; the usual one when empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        context: String,
    },
}

/// RFC 3414, 6.3 and RFC 7860. MD5 is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnmpAuth {
    /// HMAC-SHA-96.
    Sha1,
    /// usmHMAC128SHA224AuthProtocol
    Sha224,
    /// usmHMAC192SHA256AuthProtocol
    Sha256,
    /// usmHMAC256SHA384AuthProtocol
    Sha384,
    /// usmHMAC384SHA512AuthProtocol
    Sha512,
}

/// By what, and with which secret, messages are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnmpPrivacy {
    /// By what.
    pub cipher: SnmpCipher,
    /// The secret that is its passphrase.
    pub secret: Id,
}

/// RFC 3826 and what vendors made of it. DES is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnmpCipher {
    /// CFB128-AES-128.
    Aes128,
    /// 192 bits; a hash that is too short for the key is extended as Blumenthal's draft says.
    Aes192,
    /// 256 bits; likewise.
    Aes256,
    /// 192 bits; a hash that is too short is extended as Reeder's draft says, and Cisco does.
    Aes192c,
    /// 256 bits; likewise.
    Aes256c,
}

/// Questions for a usual kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnmpPreset {
    /// A UPS (RFC 1628): its output, its battery, its alarms.
    Ups,
    /// Sensors of a chassis (RFC 3433): does each of them work?
    Sensors,
    /// A machine (RFC 2790): is one of its fixed disks almost full?
    Host,
}

/// One value, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnmpValue {
    /// Which, down to its instance: `1.3.6.1.2.1.1.3.0`.
    pub oid: SnmpOid,
    /// What people call it.
    pub name: String,
    /// A number beyond this is degraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<SnmpLimit>,
    /// A number beyond this is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crit: Option<SnmpLimit>,
    /// It must be one of these, if any is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// Is another value than those degraded only?
    #[serde(default, skip_serializing_if = "is_no")]
    pub otherwise_degraded: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_no(value: &bool) -> bool {
    !*value
}

/// An object identifier (X.660): 2 to 128 numbers (RFC 2578, 3.5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnmpOid(Vec<u32>);

impl SnmpOid {
    /// Numbers in one.
    pub const ARCS_MAX: usize = 128;

    /// Reads `1.3.6.1.2.1.1.3.0`, with or without a dot before it. Names of MIBs are not known.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('.').unwrap_or(text);
        let arcs: Option<Vec<u32>> = text.split('.').take(Self::ARCS_MAX + 1).map(arc).collect();
        arcs.and_then(Self::of)
    }

    /// Of these numbers, when they are one.
    pub fn of(arcs: Vec<u32>) -> Option<Self> {
        let is_begun = matches!(arcs.as_slice(), [0 | 1, 0..=39, ..] | [2, ..]);
        ((2..=Self::ARCS_MAX).contains(&arcs.len()) && is_begun).then_some(Self(arcs))
    }

    /// Its numbers.
    pub fn arcs(&self) -> &[u32] {
        &self.0
    }
}

/// Digits alone: `parse` would take a sign.
fn arc(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl TryFrom<String> for SnmpOid {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not an object identifier in numbers"))
    }
}

impl From<SnmpOid> for String {
    fn from(oid: SnmpOid) -> Self {
        oid.to_string()
    }
}

impl std::fmt::Display for SnmpOid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, arc) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            write!(f, "{dot}{arc}")?;
        }
        Ok(())
    }
}

/// A limit of a number: `> 75`, `< 10`, or `75` for above; at most three decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnmpLimit {
    /// Is what is above it beyond it? Otherwise what is below.
    pub is_above: bool,
    /// The limit itself, in thousandths, which is still within it.
    pub thousandths: i64,
}

impl SnmpLimit {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (is_above, number) = match (text.strip_prefix('<'), text.strip_prefix('>')) {
            (Some(number), _) => (false, number),
            (_, Some(number)) => (true, number),
            (None, None) => (true, text),
        };
        Some(Self { is_above, thousandths: thousandths(number.trim())? })
    }

    /// Is a number, in thousandths, beyond it?
    pub const fn is_beyond(self, thousandths: i64) -> bool {
        if self.is_above { thousandths > self.thousandths } else { thousandths < self.thousandths }
    }
}

/// A decimal number in thousandths; further digits are cut. `None` for what is none, or too large.
pub fn thousandths(text: &str) -> Option<i64> {
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) {
        return None;
    }
    let cut: String = part.chars().chain("000".chars()).take(3).collect();
    let whole: i64 = whole.parse().ok()?;
    let all = whole.checked_mul(1_000)?.checked_add(cut.parse().ok()?)?;
    Some(if is_negative { -all } else { all })
}

impl TryFrom<String> for SnmpLimit {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not a limit such as `> 75` or `< 10`"))
    }
}

impl From<SnmpLimit> for String {
    fn from(limit: SnmpLimit) -> Self {
        limit.to_string()
    }
}

impl std::fmt::Display for SnmpLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.is_above { '>' } else { '<' };
        let minus = if self.thousandths < 0 { "-" } else { "" };
        let all = self.thousandths.unsigned_abs();
        write!(f, "{sign} {minus}{}", all / 1_000)?;
        let part = format!("{:03}", all % 1_000);
        match part.trim_end_matches('0') {
            "" => Ok(()),
            part => write!(f, ".{part}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn identifiers_are_numbers() {
        for (text, shown) in [
            ("1.3.6.1.2.1.1.3.0", Some("1.3.6.1.2.1.1.3.0")),
            (".1.3.6", Some("1.3.6")),
            ("2.999.4294967295", Some("2.999.4294967295")),
            ("1", None),
            ("1.40.1", None),
            ("3.1", None),
            ("1.3.4294967296", None),
            ("1.3.+6", None),
            ("1..3", None),
            ("sysUpTime.0", None),
            ("", None),
        ] {
            assert_eq!(SnmpOid::parse(text).map(|oid| oid.to_string()).as_deref(), shown, "{text}");
        }
        assert!(SnmpOid::parse(&vec!["1"; 128].join(".")).is_some());
        assert!(SnmpOid::parse(&vec!["1"; 129].join(".")).is_none());
    }

    #[test]
    fn limits_have_a_side() {
        for (text, shown, within, beyond) in [
            ("75", "> 75", 75_000, 75_001),
            ("> 2.5", "> 2.5", 2_500, 2_501),
            ("<10", "< 10", 10_000, 9_999),
            ("< -3.25", "< -3.25", -3_250, -3_251),
        ] {
            let limit = SnmpLimit::parse(text).unwrap();
            assert_eq!(limit.to_string(), shown);
            assert!(!limit.is_beyond(within) && limit.is_beyond(beyond), "{text}");
        }
        for bad in ["", ">", "> a", "1.", ".5", "1e3", ">= 3", "--1", "9999999999999999999"] {
            assert_eq!(SnmpLimit::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_limit_reads_back(is_above in any::<bool>(), thousandths in -1_000_000_000_i64..1_000_000_000) {
            let limit = SnmpLimit { is_above, thousandths };
            prop_assert_eq!(SnmpLimit::parse(&limit.to_string()), Some(limit));
        }
    }
}
