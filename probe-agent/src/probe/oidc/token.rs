//! A token: its signature (RFC 7515) by the published keys, and what it claims (RFC 7519): pure.
//!
//! A token that is no JWT proves that the provider issues, no more: only it can say what is in it, and it is not
//! asked (introspection is for those who are shown a token, not for those who asked for one).

use collector_api::Reason;
use serde_json::Value;

use super::keys::{Algorithm, Keys};
use crate::probe::{Fault, base64};

/// Of a token, bytes; a header that carries more does not pass usual servers.
const TOKEN_BYTES_MAX: usize = 64 << 10;

/// Microsoft Entra dates its tokens back so far, and lets them begin then, for clients whose clock is behind, ms.
const BACKDATED_MS: i64 = 300_000;

/// A token that says who signed it.
#[derive(Debug)]
pub(super) struct Signed<'t> {
    header: Value,
    claims: Value,
    message: &'t str,
    signature: Vec<u8>,
}

/// Reads a token; `None` when it is opaque to all but its provider (also when it is encrypted).
pub(super) fn read(token: &str) -> Option<Signed<'_>> {
    let (message, signature) = token.rsplit_once('.').filter(|_| token.len() <= TOKEN_BYTES_MAX)?;
    let (header, claims) = message.split_once('.')?;
    let json = |part: &str| serde_json::from_slice(&base64::decode(part)?).ok();
    let header: Value = json(header)?;
    header.get("alg")?;
    let signature = base64::decode(signature)?;
    Some(Signed { header, claims: json(claims)?, message, signature })
}

impl Signed<'_> {
    /// Is it signed by one of these keys? A key that is not among them is never fetched: they are of this attempt.
    pub(super) fn verify(&self, keys: &Keys) -> Result<(), Fault> {
        let name = self.header.get("alg").and_then(Value::as_str).unwrap_or_default();
        let invalid = |detail: String| Fault::new(Reason::OidcSigInvalid, detail);
        if name.eq_ignore_ascii_case("none") || name.starts_with("HS") {
            return Err(invalid(format!("signed with `{name}`, with which anybody can sign")));
        }
        let Some(algorithm) = Algorithm::of_name(name) else {
            let detail = format!("signed with `{name}`, which this agent does not verify");
            return Err(Fault::unseen(Reason::OidcSigInvalid, detail));
        };
        // RFC 7515, 4.1.11: whoever does not understand it must refuse.
        if self.header.get("crit").is_some() {
            return Err(invalid("the header has `crit`".to_owned()));
        }
        let id = self.header.get("kid").and_then(Value::as_str);
        if let Some(id) = id.filter(|id| !keys.usable.iter().any(|key| key.id.as_deref() == Some(id))) {
            let known: Vec<&str> = keys.usable.iter().filter_map(|key| key.id.as_deref()).collect();
            let detail = format!("signed with key `{id}`; published: {}", known.join(", "));
            return Err(Fault::new(Reason::OidcUnknownKey, detail));
        }
        let named = keys.usable.iter().filter(|key| id.is_none() || key.id.as_deref() == id);
        let mut verifying = named.filter(|key| key.is_for(algorithm));
        if verifying.any(|key| key.verifies(algorithm, self.message.as_bytes(), &self.signature)) {
            return Ok(());
        }
        let by = id.map_or_else(|| "any published key".to_owned(), |id| format!("key `{id}`"));
        Err(invalid(format!("the signature ({name}) is not by {by}")))
    }

    /// Does it say what it must, to whom it is for, now?
    pub(super) fn judge(&self, wanted: &Wanted<'_>, now_ms: i64) -> Result<(), Fault> {
        let false_claim = |detail: String| Fault::new(Reason::OidcClaim, detail);
        let issuer = self.text("iss").unwrap_or_default();
        if issuer != wanted.issuer {
            return Err(false_claim(format!("`iss` is `{issuer}`, expected `{}`", wanted.issuer)));
        }
        if let Some(audience) = wanted.audience
            && !self.is_for(audience)
        {
            return Err(false_claim(format!("`aud` does not contain `{audience}`")));
        }
        let ends_ms = self.time_ms("exp").ok_or_else(|| false_claim("`exp` is missing".to_owned()))?;
        let (after_ms, skew_ms) = (now_ms.saturating_sub(ends_ms), wanted.skew_warn_ms);
        if after_ms >= skew_ms {
            return Err(false_claim(format!("expired {} s before it was issued", after_ms / 1_000)));
        }
        let before_ms = self.time_ms("nbf").map_or(0, |begins_ms| begins_ms.saturating_sub(now_ms));
        if before_ms > skew_ms {
            return Err(false_claim(format!("valid in {} s only (`nbf`)", before_ms / 1_000)));
        }
        let Some(issued_ms) = self.time_ms("iat") else { return Ok(()) };
        let mut skew_seen_ms = issued_ms.saturating_sub(now_ms);
        let as_if_now_ms = skew_seen_ms.saturating_add(BACKDATED_MS);
        if self.time_ms("nbf") == Some(issued_ms) && as_if_now_ms.saturating_abs() <= skew_ms {
            skew_seen_ms = as_if_now_ms;
        }
        if skew_seen_ms.saturating_abs() > skew_ms {
            let (seconds, where_to) =
                (skew_seen_ms / 1_000, if skew_seen_ms > 0 { "ahead" } else { "behind" });
            let detail = format!("`iat` is {} s {where_to}", seconds.saturating_abs());
            return Err(Fault::degraded(Reason::OidcSkew, detail));
        }
        Ok(())
    }

    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// Its claims.
    pub(super) fn claims(&self) -> &Value {
        &self.claims
    }

    /// The name of the algorithm and of the key.
    pub(super) fn shown(&self) -> String {
        let text = |name: &str| self.header.get(name).and_then(Value::as_str).unwrap_or("no key named");
        format!("{} {}", text("alg"), text("kid"))
    }

    fn is_for(&self, audience: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(all)) => all.iter().any(|one| one == audience),
            _ => false,
        }
    }

    /// Seconds since 1970, which may have a fraction (RFC 7519, 2).
    fn time_ms(&self, name: &str) -> Option<i64> {
        let value = self.claims.get(name)?;
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second says nothing here")]
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
        Some(seconds.saturating_mul(1_000))
    }
}

/// What a token must say.
#[derive(Debug)]
pub(super) struct Wanted<'w> {
    pub issuer: &'w str,
    pub audience: Option<&'w str>,
    /// How far two clocks may differ, ms.
    pub skew_warn_ms: i64,
}

#[cfg(test)]
mod tests;
