//! A real web server with six certificates: each defect has its own reason, from handshake to page.

use collector::publish::api::{Certificates, State};
use harness::place::get;
use harness::servers::{Certificate, Nginx};
use harness::{Place, eventually};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
    date_time_ymd,
};

const NAME: &str = "www.comune.example";

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A leaf of `issuer`, from one year to another, sent with `above`.
fn certificate(
    issuer: &CertifiedIssuer<'_, KeyPair>,
    name: &str,
    years: (i32, i32),
    above: &[&CertifiedIssuer<'_, KeyPair>],
) -> Certificate {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(years.0, 2, 1), date_time_ymd(years.1, 2, 1));
    // Where its issuer can be fetched: `http://a/` (RFC 5280, 4.2.2.1).
    let place = b"\x30\x17\x30\x15\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x09http://a/";
    params.custom_extensions =
        vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], place.to_vec())];
    let key = KeyPair::generate().unwrap();
    let own = params.signed_by(&key, issuer).unwrap().pem();
    let above: String = above.iter().map(|issuer| issuer.pem()).collect();
    Certificate { chain: own + &above, key: key.serialize_pem() }
}

#[test]
fn each_defect_of_a_certificate_has_its_reason() {
    let key = || KeyPair::generate().unwrap();
    let root = CertifiedIssuer::self_signed(authority("radice"), key()).unwrap();
    let middle = CertifiedIssuer::signed_by(authority("intermedia"), key(), &root).unwrap();
    let stranger = CertifiedIssuer::self_signed(authority("sconosciuta"), key()).unwrap();
    let good_years = (2020, 2090);
    let expected = [
        ("buono", certificate(&middle, NAME, good_years, &[&middle]), None),
        ("scaduto", certificate(&middle, NAME, (2019, 2020), &[&middle]), Some("tls.expired")),
        ("futuro", certificate(&middle, NAME, (2089, 2090), &[&middle]), Some("tls.not_yet_valid")),
        ("altrui", certificate(&middle, "altro.example", good_years, &[&middle]), Some("tls.name_mismatch")),
        ("incompleto", certificate(&middle, NAME, good_years, &[]), Some("tls.chain_incomplete")),
        ("ignoto", certificate(&stranger, NAME, good_years, &[&stranger]), Some("tls.untrusted")),
    ];
    let folder = tempfile::tempdir().unwrap();
    let certificates: Vec<Certificate> =
        expected.iter().map(|(_, certificate, _)| certificate.clone()).collect();
    let Some((_nginx, ports)) = Nginx::with_certificates(folder.path(), &certificates) else { return };
    let components: Vec<String> = expected
        .iter()
        .zip(&ports)
        .map(|((name, ..), port)| {
            format!(
                "      {name}: {{probe: http, targets: {{uno: \"https://{NAME}/\"}}, connect: \"127.0.0.1:{port}\", \
                 tls: {{authority: ca.pem}}, every: 1s, timeout: 900ms, attempts: 1}}"
            )
        })
        .collect();
    let services = format!("  portale:\n    users: [uffici]\n    components:\n{}", components.join("\n"));
    let mut place = Place::running_with(&[("ca.pem", &root.pem())], &services);
    for (name, _, reason) in &expected {
        let state = if reason.is_none() { State::Up } else { State::Down };
        place.until_component(name, state, *reason);
    }
    // 2020-02-01: told although it does not verify.
    eventually("the metric says when it expired", || {
        let metrics = get(place.listening().web, "/metrics");
        let told = metrics.lines().any(|line| {
            line.contains("portale.scaduto.uno")
                && line.contains("_not_after_")
                && line.contains(" 1580515200")
        });
        told.then_some(())
    });
    let first = eventually("every certificate is listed once", || {
        let told = listed(&place);
        (told.certificates.len() == expected.len()).then_some(told)
    });
    let lines: Vec<(&str, bool)> =
        first.certificates.iter().map(|line| (line.seen[0].check.as_str(), line.warn)).collect();
    assert_eq!(lines[0], ("portale.scaduto.uno", true), "what ended stands first");
    assert!(lines[1..].iter().all(|(_, warn)| !warn), "{lines:?}");
    let seen = |told: &Certificates| -> Vec<(String, bool)> {
        told.certificates.iter().map(|line| (line.fingerprint.clone(), line.verified)).collect()
    };
    place.take_agent().terminate();
    place.take_collector().kill();
    place.start_collector();
    assert_eq!(seen(&listed(&place)), seen(&first), "the list outlives the collector");
    let shown = place.collector_command(&["certificates", "--lang", "it"]).output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("scaduto, non verificato ovunque") && shown.contains("altro.example"), "{shown}");
    let probed = place.agent_command(&["probe", "portale.incompleto.uno"]).output().unwrap();
    let said = String::from_utf8_lossy(&probed.stdout);
    assert!(!probed.status.success() && said.contains("tls.chain_incomplete"), "{said}");
}

/// `vedetta certificates --json`.
fn listed(place: &Place) -> Certificates {
    let output = place.collector_command(&["certificates", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
