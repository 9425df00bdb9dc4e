//! Tokens that another implementation signed (`signed_by_openssl.json`), and what attackers make of them.

use serde_json::json;

use super::super::keys;
use super::*;

/// When the tokens of the file were issued; they end an hour later.
const ISSUED_MS: i64 = 1_803_888_000_000;

fn signed() -> Value {
    serde_json::from_str(include_str!("signed_by_openssl.json")).unwrap()
}

fn token(name: &str) -> String {
    signed()["tokens"][name].as_str().unwrap().to_owned()
}

fn wanted<'w>(issuer: &'w str, audience: Option<&'w str>) -> Wanted<'w> {
    Wanted { issuer, audience, skew_warn_ms: 30_000 }
}

#[test]
fn every_algorithm_verifies_and_no_other_token_does() {
    let keys = keys::read(&signed()).unwrap();
    assert_eq!(keys.usable.len(), 4);
    for name in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"] {
        let token = token(name);
        assert_eq!(read(&token).unwrap().verify(&keys), Ok(()), "{name}");
        // One bit of the claims, and one of the signature.
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        let claims = base64::encode_url(&[&base64::decode(claims).unwrap()[..], b" "].concat());
        let mut broken = base64::decode(signature).unwrap();
        broken[20] ^= 1;
        for forged in [
            format!("{header}.{claims}.{signature}"),
            format!("{message}.{}", base64::encode_url(&broken)),
            format!("{message}."),
        ] {
            let fault = read(&forged).unwrap().verify(&keys).unwrap_err();
            assert_eq!(fault.reason, Reason::OidcSigInvalid, "{name}");
        }
    }
}

#[test]
fn nobody_signs_without_a_key() {
    let keys = keys::read(&signed()).unwrap();
    for (name, detail) in [
        ("none", "signed with `none`, with which anybody can sign"),
        ("HS256", "signed with `HS256`, with which anybody can sign"),
    ] {
        let fault = read(&token(name)).unwrap().verify(&keys).unwrap_err();
        assert_eq!((fault.reason, fault.detail.as_str()), (Reason::OidcSigInvalid, detail));
    }
    let rewritten = |header: &Value| {
        let token = token("RS256");
        let rest = token.split_once('.').unwrap().1;
        format!("{}.{rest}", base64::encode_url(header.to_string().as_bytes()))
    };
    for (header, reason) in [
        (json!({ "alg": "NONE" }), Reason::OidcSigInvalid),
        (json!({ "alg": "RS256", "kid": "rsa", "crit": ["exp"] }), Reason::OidcSigInvalid),
        (json!({ "alg": "ES256", "kid": "rsa" }), Reason::OidcSigInvalid),
        (json!({ "alg": "RS256", "kid": "p256" }), Reason::OidcSigInvalid),
        (json!({ "alg": "RS256", "kid": "of_last_year" }), Reason::OidcUnknownKey),
        (json!({ "alg": 7 }), Reason::OidcSigInvalid),
    ] {
        let forged = rewritten(&header);
        assert_eq!(read(&forged).unwrap().verify(&keys).unwrap_err().reason, reason, "{header}");
    }
    let beyond = rewritten(&json!({ "alg": "ES512" }));
    let fault = read(&beyond).unwrap().verify(&keys).unwrap_err();
    assert_eq!(fault.verdict(), collector_api::Verdict::Unknown, "not seen is not down: {fault:?}");
}

#[test]
fn a_key_without_a_name_is_found_by_its_type() {
    let mut document = signed();
    for key in document["keys"].as_array_mut().unwrap() {
        key.as_object_mut().unwrap().remove("kid");
    }
    let keys = keys::read(&document).unwrap();
    let token = token("RS256");
    let (_, rest) = token.split_once('.').unwrap();
    let unnamed = format!("{}.{rest}", base64::encode_url(br#"{"alg":"RS256"}"#));
    // Another header, so another message: the signature is looked for, and not found.
    let fault = read(&unnamed).unwrap().verify(&keys).unwrap_err();
    assert_eq!(fault.detail, "the signature (RS256) is not by any published key");
}

#[test]
fn keys_are_usable_or_say_why_not() {
    let good = signed()["keys"][1].clone();
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        json!({ "keys": [key] })
    };
    let small = base64::encode_url(&[0xff; 128]);
    for (document, expected) in [
        (json!({ "keys": [good.clone()] }), None),
        (json!({ "keys": [] }), Some((Reason::OidcNoKey, "the set is empty"))),
        (with("use", json!("enc")), Some((Reason::OidcNoKey, "is not for signatures"))),
        (with("key_ops", json!(["encrypt"])), Some((Reason::OidcNoKey, "is not to verify with"))),
        (with("alg", json!("HS256")), Some((Reason::OidcNoKey, "is not for signatures"))),
        (with("x", json!("AA")), Some((Reason::OidcNoKey, "is malformed"))),
        (
            with("crv", json!("P-521")),
            Some((Reason::OidcNoKey, "is of a curve that this agent does not verify")),
        ),
        (with("d", json!("AAAA")), Some((Reason::OidcPrivateKey, "anybody can sign tokens"))),
        (
            json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] }),
            Some((Reason::OidcNoKey, "is a shared secret, which anybody can sign with now")),
        ),
        (
            json!({ "keys": [{ "kty": "RSA", "n": small, "e": "AQAB" }] }),
            Some((Reason::OidcNoKey, "is RSA of fewer than 2048 bits")),
        ),
        (json!({ "keys": [7, null, {}] }), Some((Reason::OidcNoKey, "is of no known type"))),
    ] {
        let seen = keys::read(&document).unwrap().judge().err();
        let seen = seen.as_ref().map(|fault| (fault.reason, fault.detail.as_str()));
        let fits = match (seen, expected) {
            (Some((reason, detail)), Some((wanted, end))) => reason == wanted && detail.ends_with(end),
            (seen, expected) => seen == expected,
        };
        assert!(fits, "{document}: {seen:?}, expected {expected:?}");
    }
    assert!(keys::read(&json!([])).is_none() && keys::read(&json!({ "keys": {} })).is_none());
}

#[test]
fn a_name_that_stays_does_not_hide_another_key() {
    let mut document = signed();
    let before = keys::read(&document).unwrap().names;
    document["keys"][3]["x"] = json!(base64::encode_url(&[7; 32]));
    let after = keys::read(&document).unwrap().names;
    assert_eq!(before[..3], after[..3]);
    assert!(before[3] != after[3] && after[3].starts_with("ed/"), "{after:?}");
}

#[test]
fn claims_are_what_they_must_be() {
    let token = token("RS256");
    let signed = read(&token).unwrap();
    let home = "https://accesso.example";
    for (issuer, audience, late_s, expected) in [
        (home, None, 0, None),
        (home, Some("carta"), 30, None),
        (home, None, -30, None),
        ("https://altro.example", None, 0, Some((Reason::OidcClaim, "`iss` is `https://accesso.example`"))),
        (home, Some("altri"), 0, Some((Reason::OidcClaim, "`aud` does not contain `altri`"))),
        (home, None, 31, Some((Reason::OidcSkew, "`iat` is 31 s behind"))),
        (home, None, -600, Some((Reason::OidcSkew, "`iat` is 600 s ahead"))),
        (home, None, 3_629, Some((Reason::OidcSkew, "`iat` is 3629 s behind"))),
        (home, None, 3_660, Some((Reason::OidcClaim, "expired 60 s before it was issued"))),
    ] {
        let seen = signed.judge(&wanted(issuer, audience), ISSUED_MS + late_s * 1_000).err();
        let seen = seen.as_ref().map(|fault| (fault.reason, fault.detail.as_str()));
        let fits = match (seen, expected) {
            (Some((reason, detail)), Some((wanted, begin))) => reason == wanted && detail.starts_with(begin),
            (seen, expected) => seen == expected,
        };
        assert!(fits, "{late_s}: {seen:?}, expected {expected:?}");
    }
}

#[test]
fn claims_of_every_shape_are_read() {
    for (claims, expected) in [
        (json!({ "iss": "i", "exp": 100, "aud": ["a", "b"] }), None),
        (json!({ "iss": "i", "exp": 100.5, "aud": "b" }), None),
        (json!({ "iss": "i", "aud": "b" }), Some(Reason::OidcClaim)),
        (json!({ "iss": "i", "exp": "100", "aud": "b" }), Some(Reason::OidcClaim)),
        (json!({ "iss": "i", "exp": 100, "aud": "b", "nbf": 99 }), Some(Reason::OidcClaim)),
        (
            json!({ "iss": "i", "exp": i64::MAX, "aud": "b", "nbf": i64::MIN, "iat": 1e300 }),
            Some(Reason::OidcSkew),
        ),
        // As Microsoft Entra dates them, and neither less nor without `nbf`.
        (json!({ "iss": "i", "exp": 9_999, "aud": "b", "nbf": -250, "iat": -250 }), None),
        (json!({ "iss": "i", "exp": 9_999, "aud": "b", "nbf": -150, "iat": -150 }), Some(Reason::OidcSkew)),
        (json!({ "iss": "i", "exp": 9_999, "aud": "b", "iat": -250 }), Some(Reason::OidcSkew)),
        (json!(["iss"]), Some(Reason::OidcClaim)),
    ] {
        let part = |value: &Value| base64::encode_url(value.to_string().as_bytes());
        let token = format!("{}.{}.AA", part(&json!({ "alg": "RS256" })), part(&claims));
        let seen = read(&token).unwrap().judge(&wanted("i", Some("b")), 50_000).err();
        assert_eq!(seen.map(|fault| fault.reason), expected, "{claims}");
    }
}

#[test]
fn a_token_that_is_no_jwt_is_opaque() {
    let encrypted = "eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d";
    for opaque in ["", "abc", "a.b.c", "..", "eyJ4IjoxfQ.e30.AA", encrypted, &"a.".repeat(60_000)] {
        assert!(read(opaque).is_none(), "{opaque:.40}");
    }
}
