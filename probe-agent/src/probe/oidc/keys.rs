//! The keys that a provider publishes (RFC 7517), and what ring can verify with them (RFC 7518, RFC 8037): pure.
//!
//! Only keys for signatures that nobody but their owner can make: `none` and HMAC have no place here, and a
//! symmetric key in a published set is no key at all.

use collector_api::{Reason, hex_encode};
use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::Value;

use crate::probe::{Fault, base64};

/// Of a set; more are not looked at.
const KEYS_MAX: usize = 100;
/// Of a key's name in evidence, bytes.
const NAME_BYTES_MAX: usize = 32;
/// RFC 7518, 3.3; as bits.
const RSA_BITS_MIN: usize = 2_048;
/// What ring verifies with; as bits.
const RSA_BITS_MAX: usize = 8_192;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    /// By its name (RFC 7518, 3.1).
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Self::Es256 | Self::Es384 | Self::EdDsa => return None,
        })
    }
}

/// A key that signatures can be verified with.
#[derive(Debug)]
pub(super) struct Key {
    /// Its `kid`.
    pub id: Option<String>,
    /// For this alone, if it says so.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    /// May a signature of this kind be by it?
    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        let fits = match self.material {
            Material::Rsa { .. } => algorithm.rsa().is_some(),
            Material::P256(_) => algorithm == Algorithm::Es256,
            Material::P384(_) => algorithm == Algorithm::Es384,
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
        };
        fits && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// Is this signature by it?
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let by = |verifier: &'static dyn VerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(verifier, point).verify(message, signature).is_ok()
        };
        self.is_for(algorithm)
            && match &self.material {
                Material::Rsa { n, e } => algorithm.rsa().is_some_and(|parameters| {
                    RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
                }),
                Material::P256(point) => by(&ECDSA_P256_SHA256_FIXED, point),
                Material::P384(point) => by(&ECDSA_P384_SHA384_FIXED, point),
                Material::Ed25519(point) => by(&ED25519, point),
            }
    }
}

/// A published set.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// What can be verified with.
    pub usable: Vec<Key>,
    /// One for each key, also of those that are not usable: it changes when the key does.
    pub names: Vec<String>,
    /// Why the others are not, the first of them.
    unusable: Option<String>,
    /// Is there one that others could use?
    is_beyond_us: bool,
    /// The name of one that is published with its secret half.
    private: Option<String>,
}

/// Reads a set; `None` when it is none.
pub(super) fn read(document: &Value) -> Option<Keys> {
    let mut keys = Keys::default();
    for jwk in document.get("keys")?.as_array()?.iter().take(KEYS_MAX) {
        let id = text(jwk, "kid").map(str::to_owned);
        let name = name_of(jwk, id.as_deref());
        if jwk.get("d").is_some() || jwk.get("k").is_some() {
            keys.private.get_or_insert_with(|| name.clone());
        }
        match material(jwk) {
            Ok(material) => {
                let algorithm = text(jwk, "alg").and_then(Algorithm::of_name);
                keys.usable.push(Key { id, algorithm, material });
            }
            Err(Unusable::Never(why)) => {
                keys.unusable.get_or_insert_with(|| format!("`{name}` {why}"));
            }
            Err(Unusable::ByUs(why)) => {
                keys.is_beyond_us = true;
                keys.unusable.get_or_insert_with(|| format!("`{name}` {why}"));
            }
        }
        keys.names.push(name);
    }
    Some(keys)
}

impl Keys {
    /// Can any signature be verified?
    pub(super) fn judge(&self) -> Result<(), Fault> {
        if self.usable.is_empty() {
            let why = self.unusable.as_deref().unwrap_or("the set is empty");
            // Others may well verify with it; this agent has not seen whether.
            let fault = if self.is_beyond_us { Fault::unseen } else { Fault::new };
            return Err(fault(Reason::OidcNoKey, why.to_owned()));
        }
        match &self.private {
            Some(name) => {
                let detail = format!("`{name}` is published with its secret half: anybody can sign tokens");
                Err(Fault::degraded(Reason::OidcPrivateKey, detail))
            }
            None => Ok(()),
        }
    }
}

/// Why a key is not usable.
enum Unusable {
    Never(&'static str),
    ByUs(&'static str),
}

fn material(jwk: &Value) -> Result<Material, Unusable> {
    if text(jwk, "use").is_some_and(|used| used != "sig") {
        return Err(Unusable::Never("is not for signatures"));
    }
    let operations = jwk.get("key_ops").and_then(Value::as_array);
    if operations.is_some_and(|all| !all.iter().any(|one| one == "verify")) {
        return Err(Unusable::Never("is not to verify with"));
    }
    if let Some(name) = text(jwk, "alg")
        && Algorithm::of_name(name).is_none()
    {
        return Err(match name {
            "ES512" | "ES256K" | "Ed448" => {
                Unusable::ByUs("is of an algorithm that this agent does not verify")
            }
            _ => Unusable::Never("is not for signatures"),
        });
    }
    let number = |name| text(jwk, name).and_then(base64::decode).ok_or(Unusable::Never("is malformed"));
    match (text(jwk, "kty"), text(jwk, "crv")) {
        (Some("RSA"), _) => rsa(&number("n")?, number("e")?),
        (Some("EC"), Some("P-256")) => Ok(Material::P256(point(&number("x")?, &number("y")?, 32)?)),
        (Some("EC"), Some("P-384")) => Ok(Material::P384(point(&number("x")?, &number("y")?, 48)?)),
        (Some("OKP"), Some("Ed25519")) => match number("x")? {
            point if point.len() == 32 => Ok(Material::Ed25519(point)),
            _ => Err(Unusable::Never("is malformed")),
        },
        (Some("EC" | "OKP"), Some(_)) => Err(Unusable::ByUs("is of a curve that this agent does not verify")),
        (Some("oct"), _) => Err(Unusable::Never("is a shared secret, which anybody can sign with now")),
        _ => Err(Unusable::Never("is of no known type")),
    }
}

fn rsa(n: &[u8], e: Vec<u8>) -> Result<Material, Unusable> {
    let zeros = n.iter().take_while(|&&byte| byte == 0).count();
    let n = n[zeros..].to_vec();
    let first = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    match n.len() * 8 - first {
        ..RSA_BITS_MIN => Err(Unusable::Never("is RSA of fewer than 2048 bits")),
        RSA_BITS_MIN..=RSA_BITS_MAX => Ok(Material::Rsa { n, e }),
        _ => Err(Unusable::ByUs("is RSA of more bits than this agent verifies")),
    }
}

/// Uncompressed (SEC 1, 2.3.3), as ring wants it.
fn point(x: &[u8], y: &[u8], bytes: usize) -> Result<Vec<u8>, Unusable> {
    if x.len() != bytes || y.len() != bytes {
        return Err(Unusable::Never("is malformed"));
    }
    Ok([&[4], x, y].concat())
}

/// Its `kid` and some of its digest: a provider may change the key and keep the name.
fn name_of(jwk: &Value, id: Option<&str>) -> String {
    let parts = ["kty", "crv", "n", "e", "x", "y"].map(|part| text(jwk, part).unwrap_or_default());
    let digest = digest(&SHA256, parts.join("\n").as_bytes());
    let digest = hex_encode(&digest.as_ref()[..4]);
    let id = id.unwrap_or_default();
    let id = &id[..id.floor_char_boundary(NAME_BYTES_MAX)];
    if id.is_empty() { digest } else { format!("{id}/{digest}") }
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}
