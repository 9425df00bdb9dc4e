//! A user's keys for one engine: derived (RFC 3414, A.2), signing (RFC 3414, 6 and RFC 7860), encrypting (RFC 3826 and
//! the two ways in which others lengthen its keys). Pure.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use config::{SnmpAuth, SnmpCipher};
use hmac::digest::Digest;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::usm::User;

/// A passphrase is repeated to so many bytes before it is hashed.
const STRETCHED_BYTES: usize = 1 << 20;
/// Hashed at once.
const CHUNK_BYTES: usize = 4_096;
/// AES.
const BLOCK_BYTES: usize = 16;
/// What is told of an encryption, of which boots and time are the rest (RFC 3826, 3.1.2.1).
pub(super) const SALT_BYTES: usize = 8;

/// Keys of a user for one engine.
#[derive(Clone)]
pub(super) struct Keys {
    auth: SnmpAuth,
    signing: Vec<u8>,
    /// AES of as many bits as the key has.
    encrypting: Option<Vec<u8>>,
}

impl Keys {
    /// Two megabytes are hashed, so not where others wait. `None` of an empty passphrase.
    pub(super) fn of(user: &User, engine: &[u8]) -> Option<Self> {
        let localized = |passphrase: &str| localized(user.auth, passphrase.as_bytes(), engine);
        let encrypting = match &user.privacy {
            None => None,
            Some((cipher, passphrase)) => {
                Some(lengthened(*cipher, user.auth, localized(passphrase)?, engine)?)
            }
        };
        Some(Self { auth: user.auth, signing: localized(&user.passphrase)?, encrypting })
    }

    pub(super) fn has_privacy(&self) -> bool {
        self.encrypting.is_some()
    }

    /// Bytes of a signature.
    pub(super) const fn signature_bytes(&self) -> usize {
        match self.auth {
            SnmpAuth::Sha1 => 12,
            SnmpAuth::Sha224 => 16,
            SnmpAuth::Sha256 => 24,
            SnmpAuth::Sha384 => 32,
            SnmpAuth::Sha512 => 48,
        }
    }

    /// The signature of these parts, one after the other.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        let mut signature = match self.auth {
            SnmpAuth::Sha1 => sum::<Hmac<Sha1>>(&self.signing, parts),
            SnmpAuth::Sha224 => sum::<Hmac<Sha224>>(&self.signing, parts),
            SnmpAuth::Sha256 => sum::<Hmac<Sha256>>(&self.signing, parts),
            SnmpAuth::Sha384 => sum::<Hmac<Sha384>>(&self.signing, parts),
            SnmpAuth::Sha512 => sum::<Hmac<Sha512>>(&self.signing, parts),
        }?;
        signature.truncate(self.signature_bytes());
        Some(signature)
    }

    /// Is this the signature of these parts? It takes as long whichever byte is another.
    pub(super) fn is_signature(&self, signature: &[u8], parts: &[&[u8]]) -> bool {
        self.sign(parts).is_some_and(|right| {
            let others = right.iter().zip(signature).fold(0, |sum, (one, other)| sum | (one ^ other));
            right.len() == signature.len() && others == 0
        })
    }

    /// Encrypts with what an engine's boots, its time and the salt make of the key. `None` without privacy.
    pub(super) fn encrypt(
        &self,
        boots: i32,
        time: i32,
        salt: [u8; SALT_BYTES],
        text: &[u8],
    ) -> Option<Vec<u8>> {
        self.feed_back(boots, time, salt, text, |_text, cipher| cipher)
    }

    /// What [`Self::encrypt`] has made of it; noise where it was another key.
    pub(super) fn decrypt(
        &self,
        boots: i32,
        time: i32,
        salt: [u8; SALT_BYTES],
        text: &[u8],
    ) -> Option<Vec<u8>> {
        self.feed_back(boots, time, salt, text, |cipher, _text| cipher)
    }

    /// CFB of whole blocks (NIST SP 800-38A, 6.3): each is hidden by the encrypted one before, which of what comes in
    /// and what goes out is `fed`.
    fn feed_back(
        &self,
        boots: i32,
        time: i32,
        salt: [u8; SALT_BYTES],
        text: &[u8],
        fed: fn(u8, u8) -> u8,
    ) -> Option<Vec<u8>> {
        let cipher = Cipher::of(self.encrypting.as_deref()?)?;
        let mut block = [0; BLOCK_BYTES];
        block[..4].copy_from_slice(&boots.to_be_bytes());
        block[4..8].copy_from_slice(&time.to_be_bytes());
        block[8..].copy_from_slice(&salt);
        let mut out = Vec::with_capacity(text.len());
        for chunk in text.chunks(BLOCK_BYTES) {
            cipher.encrypt(&mut block);
            for (hiding, byte) in block.iter_mut().zip(chunk) {
                let hidden = *hiding ^ byte;
                out.push(hidden);
                *hiding = fed(*byte, hidden);
            }
        }
        Some(out)
    }
}

fn sum<M: Mac + hmac::KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
    let mut mac = <M as hmac::KeyInit>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().to_vec())
}

/// AES by a key of 16, 24 or 32 bytes.
enum Cipher {
    Of128(Aes128),
    Of192(Aes192),
    Of256(Aes256),
}

impl Cipher {
    fn of(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(Self::Of128),
            24 => Aes192::new_from_slice(key).ok().map(Self::Of192),
            32 => Aes256::new_from_slice(key).ok().map(Self::Of256),
            _ => None,
        }
    }

    fn encrypt(&self, block: &mut [u8; BLOCK_BYTES]) {
        match self {
            Self::Of128(cipher) => cipher.encrypt_block(block.into()),
            Self::Of192(cipher) => cipher.encrypt_block(block.into()),
            Self::Of256(cipher) => cipher.encrypt_block(block.into()),
        }
    }
}

/// RFC 3414, A.2: the passphrase over and over, and what it comes to with the engine in its midst.
fn localized(auth: SnmpAuth, passphrase: &[u8], engine: &[u8]) -> Option<Vec<u8>> {
    if passphrase.is_empty() {
        return None;
    }
    Some(match auth {
        SnmpAuth::Sha1 => localized_by::<Sha1>(passphrase, engine),
        SnmpAuth::Sha224 => localized_by::<Sha224>(passphrase, engine),
        SnmpAuth::Sha256 => localized_by::<Sha256>(passphrase, engine),
        SnmpAuth::Sha384 => localized_by::<Sha384>(passphrase, engine),
        SnmpAuth::Sha512 => localized_by::<Sha512>(passphrase, engine),
    })
}

fn localized_by<D: Digest>(passphrase: &[u8], engine: &[u8]) -> Vec<u8> {
    // Whole passphrases, so that each chunk goes on where the one before has ended.
    let chunk = passphrase.repeat(CHUNK_BYTES.div_ceil(passphrase.len()));
    let mut hash = D::new();
    let mut left = STRETCHED_BYTES;
    while left > 0 {
        let next = &chunk[..chunk.len().min(left)];
        hash.update(next);
        left -= next.len();
    }
    let key = hash.finalize();
    D::new().chain_update(&key).chain_update(engine).chain_update(&key).finalize().to_vec()
}

/// As many bytes as the cipher needs. A key that is too short goes on with its own hash (draft-blumenthal-aes-usm-04,
/// 3.1.2.1), or as Cisco has it with a key that is derived of it as it is of a passphrase (draft-reeder-snmpv3-usm-3desede,
/// 2.1).
fn lengthened(cipher: SnmpCipher, auth: SnmpAuth, mut key: Vec<u8>, engine: &[u8]) -> Option<Vec<u8>> {
    let (bytes, is_derived) = match cipher {
        SnmpCipher::Aes128 => (16, false),
        SnmpCipher::Aes192 => (24, false),
        SnmpCipher::Aes256 => (32, false),
        SnmpCipher::Aes192c => (24, true),
        SnmpCipher::Aes256c => (32, true),
    };
    // Once is enough: the shortest of them has 20 bytes, and so has what follows.
    if key.len() < bytes {
        let more = if is_derived { localized(auth, &key, engine)? } else { hash(auth, &key) };
        key.extend(more);
    }
    key.truncate(bytes);
    Some(key)
}

fn hash(auth: SnmpAuth, key: &[u8]) -> Vec<u8> {
    match auth {
        SnmpAuth::Sha1 => Sha1::digest(key).to_vec(),
        SnmpAuth::Sha224 => Sha224::digest(key).to_vec(),
        SnmpAuth::Sha256 => Sha256::digest(key).to_vec(),
        SnmpAuth::Sha384 => Sha384::digest(key).to_vec(),
        SnmpAuth::Sha512 => Sha512::digest(key).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use collector_api::{hex_decode, hex_encode};

    use super::*;

    const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

    fn keys(encrypting: &str) -> Keys {
        let encrypting = Some(hex_decode(encrypting).unwrap());
        Keys { auth: SnmpAuth::Sha1, signing: vec![0x0b; 20], encrypting }
    }

    /// RFC 3414, A.3.2.
    #[test]
    fn a_key_is_the_one_of_the_standard() {
        let key = localized(SnmpAuth::Sha1, b"maplesyrup", &ENGINE).unwrap();
        assert_eq!(hex_encode(&key), "6695febc9288e36282235fc7151f128497b38f3f");
        assert_eq!(localized(SnmpAuth::Sha1, b"", &ENGINE), None);
    }

    /// draft-blumenthal-aes-usm-04 gives none; draft-reeder-snmpv3-usm-3desede-00, B.1 gives one.
    #[test]
    fn a_short_key_is_lengthened_in_both_ways() {
        let key = localized(SnmpAuth::Sha1, b"maplesyrup", &ENGINE).unwrap();
        let derived = lengthened(SnmpCipher::Aes256c, SnmpAuth::Sha1, key.clone(), &ENGINE).unwrap();
        assert_eq!(hex_encode(&derived), "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c");
        let hashed = lengthened(SnmpCipher::Aes192, SnmpAuth::Sha1, key.clone(), &ENGINE).unwrap();
        assert_eq!(hashed, [&key[..], &Sha1::digest(&key)[..4]].concat());
        let long = localized(SnmpAuth::Sha512, b"maplesyrup", &ENGINE).unwrap();
        let cut = lengthened(SnmpCipher::Aes256, SnmpAuth::Sha512, long.clone(), &ENGINE).unwrap();
        assert_eq!(cut, long[..32]);
    }

    /// RFC 2202, 3 case 1, cut to 96 bits (RFC 3414, 7.3.1).
    #[test]
    fn a_signature_is_the_one_of_the_standard() {
        let keys = keys("");
        assert_eq!(hex_encode(&keys.sign(&[b"Hi ", b"There"]).unwrap()), "b617318655057264e28bc0b6");
        let right = keys.sign(&[b"Hi There"]).unwrap();
        assert!(keys.is_signature(&right, &[b"Hi There"]));
        assert!(!keys.is_signature(&right[..11], &[b"Hi There"]), "a part of it is none");
        assert!(!keys.is_signature(&[], &[b"Hi There"]));
        assert!(!keys.is_signature(&right, &[b"Hi there"]));
    }

    /// NIST SP 800-38A, F.3.13, F.3.15 and F.3.17: the first two blocks, of which the last is cut here.
    #[test]
    fn blocks_are_fed_back_as_the_standard_does() {
        let text = hex_decode("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af").unwrap();
        for (key, expected) in [
            (
                "2b7e151628aed2a6abf7158809cf4f3c",
                "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1c",
            ),
            (
                "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
                "cdc80d6fddf18cab34c25909c99a417467ce7f7f81173621961a2b70171d",
            ),
            (
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5",
            ),
        ] {
            let keys = keys(key);
            // The vector's IV is 000102 … 0f.
            let (boots, time, salt) = (0x0001_0203, 0x0405_0607, [8, 9, 10, 11, 12, 13, 14, 15]);
            let encrypted = keys.encrypt(boots, time, salt, &text).unwrap();
            assert_eq!(hex_encode(&encrypted), expected);
            assert_eq!(keys.decrypt(boots, time, salt, &encrypted).unwrap(), text);
        }
        let none = Keys { encrypting: None, ..keys("") };
        assert_eq!(none.encrypt(0, 0, [0; 8], b"text"), None);
    }
}
