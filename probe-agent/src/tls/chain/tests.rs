//! Chains of every kind against the judgement, at chosen times; nothing is dialled.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;

use super::*;

const NAME: &str = "www.comune.example";

/// 2030-01-01, in Unix seconds.
const NOW: i64 = 1_893_456_000;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn root(name: &str) -> Self {
        Self(CertifiedIssuer::self_signed(ca(name, (2020, 2090)), KeyPair::generate().unwrap()).unwrap())
    }

    fn below(name: &str, above: &Self) -> Self {
        Self::below_until(name, above, 2090)
    }

    fn below_until(name: &str, above: &Self, year: i32) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::signed_by(ca(name, (2020, year)), key, &above.0).unwrap())
    }

    fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    fn anchor(&self) -> TrustAnchor<'static> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.der()).unwrap();
        roots.roots.remove(0)
    }

    fn leaf(&self, params: &CertificateParams) -> CertificateDer<'static> {
        params.signed_by(&KeyPair::generate().unwrap(), &self.0).unwrap().der().clone()
    }
}

fn ca(name: &str, years: (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    params
}

/// For [`NAME`], from 2029-01-01 to 2031-01-01.
fn leaf() -> CertificateParams {
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    params.not_before = date_time_ymd(2029, 1, 1);
    params.not_after = date_time_ymd(2031, 1, 1);
    params
}

/// Says where its issuer can be fetched: `http://a/` (RFC 5280, 4.2.2.1).
fn leaf_with_place() -> CertificateParams {
    let place = b"\x30\x17\x30\x15\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x09http://a/";
    let oid = [1, 3, 6, 1, 5, 5, 7, 1, 1];
    let mut params = leaf();
    params.custom_extensions = vec![CustomExtension::from_oid_content(&oid, place.to_vec())];
    params
}

fn judged(shown: &[CertificateDer<'static>], anchors: &[TrustAnchor<'static>], now: i64) -> Judged {
    let trust = Trust { anchors, pinned: &[], known: &[] };
    judge(shown, trust, &NAME.try_into().unwrap(), unix_time(now))
}

#[track_caller]
fn check(
    shown: &[CertificateDer<'static>],
    anchors: &[TrustAnchor<'static>],
    now: i64,
    expected: Option<Reason>,
) {
    let judged = judged(shown, anchors, now);
    assert_eq!(judged.fault.as_ref().map(|fault| fault.reason), expected, "{judged:?}");
    assert_eq!(judged.not_after_ms, Some(1_924_992_000_000), "exported whatever the judgement");
}

#[test]
fn a_whole_chain_is_believed_within_its_time() {
    let root = Authority::root("root");
    let middle = Authority::below("middle", &root);
    let shown = [middle.leaf(&leaf()), middle.der()];
    let day = 86_400;
    for (now, expected) in [
        (NOW, None),
        (NOW - 366 * day, Some(Reason::TlsNotYetValid)),
        (NOW + 364 * day, None),
        (NOW + 366 * day, Some(Reason::TlsExpired)),
    ] {
        check(&shown, &[root.anchor()], now, expected);
    }
    let judged = judged(&shown, &[root.anchor()], NOW);
    assert_eq!(judged.intermediates, [middle.der()]);
    assert_eq!(judged.lifetime_ms, 730 * 86_400_000);
    assert_eq!(judged.path_ends, "", "nothing above ends sooner");
    assert!(judged.issuer.contains("middle"), "{}", judged.issuer);
}

#[test]
fn the_soonest_end_of_the_path_counts_also_out_of_time() {
    let root = Authority::root("root");
    let middle = Authority::below_until("middle", &root, 2030);
    let shown = [middle.leaf(&leaf()), middle.der()];
    let just_before = NOW - 60;
    assert_eq!(judged(&shown, &[root.anchor()], just_before).path_not_after_ms, Some(NOW * 1_000));
    assert!(judged(&shown, &[root.anchor()], just_before).path_ends.contains("middle"));
    let after = judged(&shown, &[root.anchor()], NOW + 86_400).fault.unwrap();
    assert_eq!(after.reason, Reason::TlsExpired);
    assert_eq!(after.detail, "a certificate above the server's expired on 2030-01-01");
    let good = Authority::below("good", &root);
    let expired = judged(&[good.leaf(&leaf()), good.der()], &[root.anchor()], NOW + 500 * 86_400);
    assert_eq!(expired.path_not_after_ms, Some(1_924_992_000_000), "the path of when it was valid");
}

#[test]
fn what_is_sent_besides_the_path_troubles_nobody() {
    let root = Authority::root("root");
    let old_root = Authority::root("old root");
    let middle = Authority::below("middle", &root);
    // The same key under an authority of former times, in a certificate that has expired.
    let crossed = ca("middle", (2020, 2022)).signed_by(middle.0.key(), &old_root.0).unwrap();
    for shown in [
        vec![middle.leaf(&leaf()), crossed.der().clone(), middle.der()],
        vec![middle.leaf(&leaf()), middle.der(), crossed.der().clone(), root.der()],
    ] {
        check(&shown, &[root.anchor()], NOW, None);
        check(&shown, &[old_root.anchor(), root.anchor()], NOW, None);
    }
}

#[test]
fn incomplete_and_untrusted_are_told_apart() {
    let root = Authority::root("root");
    let middle = Authority::below("middle", &root);
    let stranger = Authority::root("stranger");
    let strange_middle = Authority::below("strange middle", &stranger);
    let anchors = [root.anchor()];
    for (shown, expected) in [
        // The issuer is not sent, and the leaf says where to fetch it.
        (vec![middle.leaf(&leaf_with_place())], Reason::TlsChainIncomplete),
        (vec![middle.leaf(&leaf_with_place()), stranger.der()], Reason::TlsChainIncomplete),
        // Nothing tells that there is more to send.
        (vec![middle.leaf(&leaf())], Reason::TlsUntrusted),
        // The server sends all it should; the authority is not ours.
        (vec![strange_middle.leaf(&leaf_with_place()), strange_middle.der()], Reason::TlsUntrusted),
        (vec![stranger.leaf(&leaf_with_place()), stranger.der()], Reason::TlsUntrusted),
    ] {
        check(&shown, &anchors, NOW, Some(expected));
    }
    let known = [middle.der()];
    let trust = Trust { anchors: &anchors, pinned: &[], known: &known };
    let bare =
        judge(&[middle.leaf(&leaf())], trust, &NAME.try_into().unwrap(), unix_time(NOW)).fault.unwrap();
    assert_eq!(bare.reason, Reason::TlsChainIncomplete);
    assert_eq!(bare.detail, "the server does not send its issuer, `CN=middle`");
}

#[test]
fn a_self_signed_certificate_is_trusted_only_as_it_is() {
    let key = KeyPair::generate().unwrap();
    let pinned = [leaf().self_signed(&key).unwrap().der().clone()];
    check(&pinned, &[], NOW, Some(Reason::TlsUntrusted));
    let trust = Trust { anchors: &[], pinned: &pinned, known: &[] };
    for (name, now, expected) in [
        (NAME, NOW, None),
        ("intranet.comune.example", NOW, Some(Reason::TlsNameMismatch)),
        (NAME, NOW + 500 * 86_400, Some(Reason::TlsExpired)),
    ] {
        let judged = judge(&pinned, trust, &name.try_into().unwrap(), unix_time(now));
        assert_eq!(judged.fault.map(|fault| fault.reason), expected, "{name} {now}");
    }
    // As appliances make them: an authority that serves itself.
    let mut appliance = ca("switch", (2020, 2090));
    appliance.subject_alt_names = leaf().subject_alt_names;
    let appliance = [appliance.self_signed(&key).unwrap().der().clone()];
    let trust = Trust { anchors: &[], pinned: &appliance, known: &[] };
    let name = NAME.try_into().unwrap();
    assert_eq!(judge(&appliance, trust, &name, unix_time(NOW)).fault, None);
    let unknown = judged(&appliance, &[], NOW).fault.unwrap();
    assert_eq!(unknown.detail, "self-signed; to trust it as it is, name it in `authority`");
}

#[test]
fn all_that_is_wrong_is_told_and_the_dates_come_first() {
    let root = Authority::root("root");
    let shown = [root.leaf(&leaf())];
    let judged = judge(
        &shown,
        Trust { anchors: &[], pinned: &[], known: &[] },
        &"intranet.comune.example".try_into().unwrap(),
        unix_time(NOW + 400 * 86_400),
    );
    let fault = judged.fault.unwrap();
    assert_eq!(fault.reason, Reason::TlsExpired);
    assert_eq!(
        fault.detail,
        "expired on 2031-01-01; issued by `CN=root`, which leads to no authority; the certificate is for \
         www.comune.example"
    );
}

#[test]
fn weak_keys_and_signatures_have_a_reason_of_their_own() {
    let read = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let authority = read(include_str!("weak/authority.pem"));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority).unwrap();
    for (pem, detail) in [
        (include_str!("weak/short_key.pem"), "`CN=chiave corta` has an RSA key of 1024 bits"),
        (include_str!("weak/sha1_signature.pem"), "`CN=firma vecchia` is signed by means of SHA-1 or MD5"),
    ] {
        let fault = judged(&[read(pem)], &roots.roots, NOW).fault.unwrap();
        assert_eq!((fault.reason, fault.detail.as_str()), (Reason::TlsWeak, detail));
    }
    let short = [read(include_str!("weak/short_key.pem"))];
    assert_eq!(weakness_of_leaf(&short).map(|fault| fault.reason), Some(Reason::TlsWeak));
}

#[test]
fn what_is_no_certificate_is_no_panic() {
    for bytes in [&b""[..], b"\x30", b"not a certificate", &[0x30, 0x82, 0xff, 0xff]] {
        let judged = judged(&[CertificateDer::from(bytes.to_vec())], &[], NOW);
        assert_eq!(judged.fault.map(|fault| fault.reason), Some(Reason::TlsUntrusted));
    }
    assert_eq!(judged(&[], &[], NOW).fault.map(|fault| fault.reason), Some(Reason::TlsProtocol));
}
