//! Who the collector is: an Ed25519 key that signs answers, and an own authority for TLS.
//!
//! Agents pin both at enrolment. The key is the identity; TLS with the own authority keeps others
//! from reading along. The listener's certificate is made anew at each start and each day, from a
//! key that never touches the disk, and is valid since 1970, so that an agent whose clock woke up
//! in the wrong decade can still deliver what it measured. Price: nobody but our agents can use
//! this authority for anything, which is how it should be.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use collector_api::{PublicKey, Signature, SigningKey, answer_preimage};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{hkdf, hmac};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use thiserror::Error;

/// The name in the listener's certificate, and in every enrolment line.
pub const SERVER_NAME: &str = "vedetta-collector";

const SIGNING_FILE: &str = "collector.key";
const AUTHORITY_KEY_FILE: &str = "authority.key";
const AUTHORITY_FILE: &str = "authority.der";

/// How long a challenge may be answered, ms.
const CHALLENGE_MS: i64 = 5 * 60 * 1000;
/// Expiry, Unix ms, big endian (8), then the first bytes of its HMAC (16).
const CHALLENGE_BYTES: usize = 24;
const CHALLENGE_INFO: &[u8] = b"vedetta/challenge/v1\0";

/// What the state directory keeps secret, loaded.
pub struct Keys {
    signing: SigningKey,
    challenges: hmac::Key,
    authority: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate for the listener, with its key.
#[derive(Debug)]
pub struct ListenerCertificate {
    /// Signed by the authority.
    pub certificate: CertificateDer<'static>,
    /// PKCS #8; only ever in memory.
    pub key: PrivateKeyDer<'static>,
}

/// Why there are no keys to work with.
#[derive(Debug, Error)]
pub enum KeysError {
    /// `init` has not run, or another directory was meant.
    #[error("there are no keys in `{0}`; make them with `vedetta init`, or correct `collector.state`")]
    Missing(PathBuf),
    /// Somebody else may have read them.
    #[error(
        "others can read `{path}` (mode {mode:04o}); close it with `chmod {wanted:04o} {path}`, and ask who read it"
    )]
    Open {
        /// Directory or file.
        path: PathBuf,
        /// As it is.
        mode: u32,
        /// As it should be.
        wanted: u32,
    },
    /// The file is not what `init` wrote.
    #[error(
        "`{path}` is damaged: {why}; restore it from a backup (new keys mean enrolling every agent again)"
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// In what way.
        why: String,
    },
    /// The system did not let us.
    #[error("cannot use `{path}`")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// No randomness, or a certificate that cannot be made.
    #[error("cannot make keys: {0}")]
    Make(String),
}

impl Keys {
    /// Makes new keys in `directory` unless there are some, and loads them.
    ///
    /// The signing key is written last: while it is missing, nothing has been handed out yet.
    pub fn create(directory: &Path) -> Result<Self, KeysError> {
        if !directory.join(SIGNING_FILE).exists() {
            let key = KeyPair::generate().map_err(|error| KeysError::Make(error.to_string()))?;
            let certificate =
                authority_params().self_signed(&key).map_err(|error| KeysError::Make(error.to_string()))?;
            let mut seed = [0; 32];
            SystemRandom::new()
                .fill(&mut seed)
                .map_err(|_| KeysError::Make("the system gives no random bytes".to_owned()))?;
            write_private(&directory.join(AUTHORITY_KEY_FILE), key.serialize_pem().as_bytes())?;
            write_private(&directory.join(AUTHORITY_FILE), certificate.der())?;
            write_private(&directory.join(SIGNING_FILE), &seed)?;
        }
        Self::open(directory)
    }

    /// Loads the keys of `directory`; refuses what others could have read.
    pub fn open(directory: &Path) -> Result<Self, KeysError> {
        if !directory.join(SIGNING_FILE).exists() {
            return Err(KeysError::Missing(directory.to_owned()));
        }
        check_private(directory)?;
        let seed = read_private(&directory.join(SIGNING_FILE))?;
        let damaged =
            |file: &str, why: &str| KeysError::Damaged { path: directory.join(file), why: why.to_owned() };
        let signing =
            SigningKey::from_seed(&seed).ok_or_else(|| damaged(SIGNING_FILE, "it has not 32 bytes"))?;
        let pem = String::from_utf8(read_private(&directory.join(AUTHORITY_KEY_FILE))?)
            .map_err(|_| damaged(AUTHORITY_KEY_FILE, "it is not PEM"))?;
        let key = KeyPair::from_pem(&pem).map_err(|error| damaged(AUTHORITY_KEY_FILE, &error.to_string()))?;
        let authority = CertificateDer::from(read_private(&directory.join(AUTHORITY_FILE))?);
        let issuer = Issuer::new(authority_params(), key);
        Ok(Self { challenges: challenge_key(&seed)?, signing, authority, issuer })
    }

    /// The half that agents pin.
    pub fn public(&self) -> PublicKey {
        self.signing.public()
    }

    /// The key itself, for what is signed elsewhere (assignments).
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The authority's certificate, DER, that agents pin.
    pub fn authority(&self) -> &CertificateDer<'static> {
        &self.authority
    }

    /// Signs the answer to the request that had `nonce`.
    pub fn sign_answer(&self, path: &str, nonce: &[u8], status: u16, body: &[u8]) -> Signature {
        self.signing.sign(&answer_preimage(path, nonce, status, body))
    }

    /// A challenge, good for five minutes. Nothing is stored for it.
    pub fn challenge(&self, now_ms: i64) -> Vec<u8> {
        let expiry = now_ms.saturating_add(CHALLENGE_MS).to_be_bytes();
        let tag = hmac::sign(&self.challenges, &expiry);
        [expiry.as_slice(), &tag.as_ref()[..CHALLENGE_BYTES - expiry.len()]].concat()
    }

    /// Is `challenge` one of ours, and in time?
    pub fn is_fresh(&self, challenge: &[u8], now_ms: i64) -> bool {
        let Some((expiry, tag)) = challenge.split_first_chunk::<8>() else { return false };
        let expires_ms = i64::from_be_bytes(*expiry);
        // No time is leaked by comparing: who could forge byte by byte gains five minutes of nothing,
        // since a signature over the challenge is still needed.
        let ours = hmac::sign(&self.challenges, expiry);
        tag.len() == CHALLENGE_BYTES - expiry.len()
            && ours.as_ref().starts_with(tag)
            && (now_ms..=now_ms.saturating_add(CHALLENGE_MS)).contains(&expires_ms)
    }

    /// A certificate of [`SERVER_NAME`] and `addresses`, valid until 90 days after `now_ms`.
    pub fn listener_certificate(
        &self,
        addresses: &[IpAddr],
        now_ms: i64,
    ) -> Result<ListenerCertificate, KeysError> {
        let make = |error: rcgen::Error| KeysError::Make(error.to_string());
        let key = KeyPair::generate().map_err(make)?;
        let mut params = CertificateParams::new(vec![SERVER_NAME.to_owned()]).map_err(make)?;
        params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
        params.distinguished_name = common_name(SERVER_NAME);
        params.not_before = date_time_ymd(1970, 1, 1);
        let (year, month, day) = civil_day_after(now_ms, 90);
        params.not_after = date_time_ymd(year, month, day);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(make)?;
        Ok(ListenerCertificate {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        })
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys(of {})", self.public())
    }
}

/// Makes `directory` with mode 0700 if it is missing; refuses one that others can list or write.
pub fn make_private_directory(directory: &Path) -> Result<(), KeysError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(at(directory))?;
    check_private(directory)
}

/// Refuses a file or directory on which anybody but its owner has a right.
///
/// A directory's group may pass through (0710), as operators do to the socket: what is in it is closed by itself.
pub fn check_private(path: &Path) -> Result<(), KeysError> {
    let metadata = fs::metadata(path).map_err(at(path))?;
    let mode = metadata.permissions().mode() & 0o7777;
    let (refused, wanted) = if metadata.is_dir() { (0o067, 0o700) } else { (0o077, 0o600) };
    if mode & refused == 0 {
        return Ok(());
    }
    Err(KeysError::Open { path: path.to_owned(), mode, wanted })
}

/// Writes a file of mode 0600 so that a crash leaves the old one or the new one, whole.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = path.with_file_name(format!(".{name}.new"));
    let write = || -> std::io::Result<()> {
        if fresh.exists() {
            fs::remove_file(&fresh)?;
        }
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(at(path))
}

fn read_private(path: &Path) -> Result<Vec<u8>, KeysError> {
    check_private(path)?;
    fs::read(path).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> KeysError {
    let path = path.to_owned();
    move |source| KeysError::Io { path, source }
}

/// Derived (RFC 5869), so that a challenge never exercises the signing key itself.
fn challenge_key(seed: &[u8]) -> Result<hmac::Key, KeysError> {
    let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]);
    let derived = derived.extract(seed);
    let key = derived
        .expand(&[CHALLENGE_INFO], hmac::HMAC_SHA256)
        .map_err(|_| KeysError::Make("the challenge key cannot be derived".to_owned()))?;
    Ok(hmac::Key::from(key))
}

/// The same at creation and at each loading: name and key identifier must agree with the certificate.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name("Vedetta collector authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_before = date_time_ymd(1970, 1, 1);
    // RFC 5280, 4.1.2.5: no well-defined expiration. A key that is pinned ends when it is replaced.
    params.not_after = date_time_ymd(9999, 12, 31);
    params
}

fn common_name(name: &str) -> rcgen::DistinguishedName {
    let mut names = rcgen::DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn civil_day_after(now_ms: i64, days: i64) -> (i32, u8, u8) {
    let day_ms = 24 * 60 * 60 * 1000;
    let then = jiff::Timestamp::from_millisecond(now_ms.saturating_add(days * day_ms)).unwrap_or_default();
    let date = then.to_zoned(jiff::tz::TimeZone::UTC).date();
    (i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private_directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        directory
    }

    #[test]
    fn keys_are_made_once() {
        let directory = private_directory();
        assert!(matches!(Keys::open(directory.path()), Err(KeysError::Missing(_))));
        let first = Keys::create(directory.path()).unwrap();
        let second = Keys::create(directory.path()).unwrap();
        assert_eq!(first.public(), second.public());
        assert_eq!(first.authority(), second.authority());
    }

    #[test]
    fn what_others_can_read_is_refused_with_the_command_that_closes_it() {
        let closed = [
            ("", 0o750, "chmod 0700"),
            ("", 0o711, "chmod 0700"),
            (SIGNING_FILE, 0o640, "chmod 0600"),
            (SIGNING_FILE, 0o610, "chmod 0600"),
        ];
        for (name, mode, command) in closed {
            let directory = private_directory();
            Keys::create(directory.path()).unwrap();
            let path =
                if name.is_empty() { directory.path().to_owned() } else { directory.path().join(name) };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refusal = Keys::open(directory.path()).unwrap_err().to_string();
            assert!(refusal.contains(command), "{refusal}");
        }
        let directory = private_directory();
        Keys::create(directory.path()).unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o710)).unwrap();
        Keys::open(directory.path()).unwrap(); // Operators pass through it to the socket.
    }

    #[test]
    fn challenges_expire_and_cannot_be_made_by_others() {
        let (ours, theirs) = (private_directory(), private_directory());
        let ours = Keys::create(ours.path()).unwrap();
        let theirs = Keys::create(theirs.path()).unwrap();
        let challenge = ours.challenge(1_000_000);
        assert!(ours.is_fresh(&challenge, 1_000_000));
        assert!(ours.is_fresh(&challenge, 1_000_000 + CHALLENGE_MS));
        assert!(!ours.is_fresh(&challenge, 1_000_001 + CHALLENGE_MS));
        assert!(!theirs.is_fresh(&challenge, 1_000_000));
        for length in 0..CHALLENGE_BYTES {
            assert!(!ours.is_fresh(&challenge[..length], 1_000_000), "{length} bytes");
        }
        let mut longer_lived = challenge;
        longer_lived[7] ^= 1;
        assert!(!ours.is_fresh(&longer_lived, 1_000_000));
    }
}
