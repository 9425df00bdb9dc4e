//! How much one check may ask. `vedetta check` says it with a place; the agent holds to it by itself,
//! because what an assignment carries need not have been checked.

use super::{AccessPointParams, ApController, ApFallback, SnmpParams};
use super::{
    BrowseParams, CheckSpec, HttpParams, IcmpParams, ImapNewest, JourneyParams, JourneyStep, MailLogin,
    MailServer, NtpParams, Probe, RadiusParams, RoundTripParams, UdpParams,
};
use super::{DomainParams, KerberosParams, LdapParams};
use super::{DownAfter, HeartbeatParams};

/// A longer dialogue is a protocol, and deserves a probe of its own.
pub(crate) const STEPS_MAX: usize = 16;
/// Of one text of a dialogue, bytes: the assignment carries it.
pub(crate) const STEP_BYTES_MAX: usize = 4_096;
/// More questions of one check are checks of their own.
pub(crate) const MUST_FAIL_MAX: usize = 4;
/// RFC 2182, 5: no zone needs more; each is asked at every run.
pub(crate) const SERVERS_MAX: usize = 8;
/// Browsers give up at 20; nobody's portal needs half of that.
pub(crate) const REDIRECTS_MAX: u32 = 10;
/// Of a request, beside those of the agent. Servers give up at a hundred.
pub(crate) const HEADERS_MAX: usize = 64;
/// Of wishes, hosts, statuses: what one list of a charter may hold.
const LIST_MAX: usize = 1_000;
/// Of an address of mail (RFC 5321, 4.5.3.1.3, without its brackets).
const ADDRESS_BYTES_MAX: usize = 254;

impl CheckSpec {
    /// What this check has too much of, as a sentence.
    pub fn excess(&self) -> Option<String> {
        let counted: Vec<(&str, usize, usize)> = match &self.probe {
            Probe::Tcp(tcp) => {
                let texts = tcp.steps.iter().flat_map(|step| [&step.send, &step.expect, &step.reject]);
                let longest = texts.flatten().map(|text| text.bytes().len()).max().unwrap_or(0);
                vec![("steps", tcp.steps.len(), STEPS_MAX), ("bytes of a step", longest, STEP_BYTES_MAX)]
            }
            Probe::Udp(udp) => {
                let longest = udp.send.bytes().len().max(udp.expect.bytes().len());
                vec![("bytes of a datagram", longest, UdpParams::DATAGRAM_BYTES_MAX)]
            }
            Probe::Dns(dns) => {
                let servers = dns.soa_serial.as_ref().map_or(0, |serial| serial.same_as.len());
                vec![
                    ("must_fail", dns.must_fail.len(), MUST_FAIL_MAX),
                    ("soa_serial", servers, SERVERS_MAX),
                    ("expect", dns.expect.len(), LIST_MAX),
                    ("rcodes", dns.rcodes.len(), LIST_MAX),
                    ("flags", dns.flags.len(), LIST_MAX),
                ]
            }
            Probe::Http(http) => of_http(http),
            Probe::Journey(journey) => {
                let most =
                    |count: fn(&JourneyStep) -> usize| journey.steps.iter().map(count).max().unwrap_or(0);
                vec![
                    ("steps", journey.steps.len(), JourneyParams::STEPS_MAX),
                    ("hosts", journey.hosts.len(), LIST_MAX),
                    ("headers", most(|step| step.headers.len()), HEADERS_MAX),
                    ("extract", most(|step| step.extract.len()), HEADERS_MAX),
                    ("status", most(|step| step.status.len()), LIST_MAX),
                ]
            }
            Probe::Oidc(oidc) => vec![("hosts", oidc.hosts.len(), LIST_MAX)],
            Probe::Saml(saml) => {
                vec![("hosts", saml.hosts.len(), LIST_MAX), ("signing", saml.signing.len(), LIST_MAX)]
            }
            Probe::Ntp(ntp) => vec![("peers", ntp.peers.len(), NtpParams::PEERS_MAX)],
            Probe::Heartbeat(heartbeat) => of_heartbeat(heartbeat),
            Probe::Icmp(icmp) => vec![
                ("packets", as_count(icmp.packets), as_count(IcmpParams::PACKETS_MAX)),
                ("size", usize::from(icmp.size), usize::from(IcmpParams::SIZE_MAX)),
            ],
            Probe::Kerberos(kerberos) => {
                let names = [Some(&kerberos.realm), kerberos.user.as_ref(), kerberos.service.as_ref()];
                let longest = names.into_iter().flatten().map(String::len).max().unwrap_or(0);
                vec![("bytes of a name", longest, KerberosParams::NAME_BYTES_MAX)]
            }
            Probe::Domain(domain) => {
                let longest = domain.realm.as_ref().map_or(0, String::len).max(domain.domain.len());
                vec![
                    ("ports", domain.ports.len(), DomainParams::PORTS_MAX),
                    ("bytes of a name", longest, DomainParams::NAME_BYTES_MAX),
                ]
            }
            Probe::Ldap(ldap) => {
                let names =
                    [ldap.bind.as_ref().map(|bind| &bind.user), ldap.search.as_ref().map(|s| &s.base)];
                let longest = names.into_iter().flatten().map(String::len).max().unwrap_or(0);
                let entries = ldap.search.as_ref().map_or(0, |search| search.min_entries);
                vec![
                    ("bytes of a name", longest, LdapParams::NAME_BYTES_MAX),
                    ("min_entries", as_count(entries), as_count(LdapParams::MIN_ENTRIES_MAX)),
                    ("require", ldap.require.len(), LIST_MAX),
                ]
            }
            Probe::Radius(radius) => {
                let texts = [&radius.calling_station, &radius.called_station].into_iter().flatten();
                let user = radius.login.as_ref().map(|login| &login.user);
                let texts = texts.chain(user).chain([&radius.nas_identifier]);
                let longest = texts.map(String::len).max().unwrap_or(0);
                vec![("bytes of an attribute", longest, RadiusParams::TEXT_BYTES_MAX)]
            }
            Probe::AccessPoint(ap) => vec![
                ("up", ap.controller.up.len(), ApController::STATES_MAX),
                ("degraded", ap.controller.degraded.len(), ApController::STATES_MAX),
                ("fallback", ap.fallback.len(), AccessPointParams::FALLBACKS_MAX),
                ("bytes of a port", port_bytes(ap), AccessPointParams::PORT_BYTES_MAX),
            ],
            Probe::Snmp(snmp) => vec![
                ("values", snmp.values.len(), SnmpParams::VALUES_MAX),
                ("interfaces", snmp.interfaces.len(), SnmpParams::INTERFACES_MAX),
                ("preset", snmp.presets.len(), LIST_MAX),
            ],
            Probe::Smtp(smtp) => vec![of_login(&smtp.server), ("rcpt", smtp.rcpt.len(), ADDRESS_BYTES_MAX)],
            Probe::Imap(imap) => {
                vec![of_login(&imap.server), ("mailbox", imap.mailbox.len(), ImapNewest::TEXT_BYTES_MAX)]
            }
            Probe::Pop3(pop3) => vec![of_login(&pop3.server)],
            Probe::Browse(browse) => of_browse(browse),
            Probe::CaptivePortal(portal) => vec![("portal", portal.portal.len(), LIST_MAX)],
            Probe::Certificate(_) | Probe::Registration(_) => Vec::new(),
            Probe::MailRoundTrip(trip) => vec![
                of_login(&trip.submit),
                of_login(&trip.receive),
                ("junk", trip.junk.len(), RoundTripParams::JUNK_MAX),
                ("keep_in_flight", as_count(trip.keep_in_flight), as_count(RoundTripParams::IN_FLIGHT_MAX)),
            ],
        };
        let (what, count, max) = counted.into_iter().find(|(_, count, max)| count > max)?;
        Some(format!("`{what}` is {count}; this agent does at most {max}"))
    }
}

/// Of the longest name of a switch's port.
fn port_bytes(ap: &AccessPointParams) -> usize {
    let of = |fallback: &ApFallback| match fallback {
        ApFallback::SwitchPort { port, .. } => port.len(),
        ApFallback::Icmp | ApFallback::Snmp { .. } => 0,
    };
    ap.fallback.iter().map(of).max().unwrap_or(0)
}

/// Bytes of the account's name.
fn of_login(server: &MailServer) -> (&'static str, usize, usize) {
    let user = server.login.as_ref().map_or(0, |login| login.user.len());
    ("user", user, MailLogin::USER_BYTES_MAX)
}

fn of_http(http: &HttpParams) -> Vec<(&'static str, usize, usize)> {
    let answer = &http.answer;
    vec![
        ("headers", http.headers.len(), HEADERS_MAX),
        ("redirects: max", as_count(http.redirects.max), as_count(REDIRECTS_MAX)),
        ("redirects: hosts", http.redirects.hosts.len(), LIST_MAX),
        ("status", http.status.len(), LIST_MAX),
        ("expect_headers", answer.headers.len(), LIST_MAX),
        ("text", answer.text.len(), LIST_MAX),
        ("no_text", answer.no_text.len(), LIST_MAX),
        ("json", answer.json.len(), LIST_MAX),
    ]
}

fn of_heartbeat(heartbeat: &HeartbeatParams) -> Vec<(&'static str, usize, usize)> {
    let missed = match heartbeat.down_after {
        DownAfter::Missed(missed) => missed,
        DownAfter::Ms(_) => 0,
    };
    vec![("down_after", as_count(missed), as_count(HeartbeatParams::MISSED_MAX))]
}

fn of_browse(browse: &BrowseParams) -> Vec<(&'static str, usize, usize)> {
    vec![
        ("redirects: max", as_count(browse.redirects.max), as_count(REDIRECTS_MAX)),
        ("redirects: hosts", browse.redirects.hosts.len(), LIST_MAX),
        ("status", browse.status.len(), LIST_MAX),
        ("block_page", browse.block_page.len(), LIST_MAX),
        ("text", browse.text.len(), LIST_MAX),
        ("no_text", browse.no_text.len(), LIST_MAX),
    ]
}

fn as_count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn excess(probe: &Value) -> Option<String> {
        let timing = json!({ "every_ms": 60_000, "timeout_ms": 5_000, "hold_ms": 150_000, "attempts": 3 });
        let spec = json!({ "id": "a.b.c", "timing": timing, "probe": probe });
        serde_json::from_value::<CheckSpec>(spec).unwrap().excess()
    }

    #[test]
    fn each_kind_has_its_bounds() {
        let header = |number| json!({ "name": format!("x-{number}"), "value": "v" });
        let http = |headers: usize| {
            let headers: Vec<Value> = (0..headers).map(header).collect();
            json!({ "kind": "http", "url": "http://a.example/", "headers": headers })
        };
        let ntp = |peers: usize| json!({ "kind": "ntp", "server": "192.0.2.1:123", "peers": vec!["192.0.2.2:123"; peers] });
        for (fits, does_not, sentence) in [
            (http(64), http(65), "`headers` is 65; this agent does at most 64"),
            (ntp(7), ntp(8), "`peers` is 8; this agent does at most 7"),
            (
                json!({ "kind": "http", "url": "http://a.example/", "redirects": { "max": 10 } }),
                json!({ "kind": "http", "url": "http://a.example/", "redirects": { "max": 11 } }),
                "`redirects: max` is 11; this agent does at most 10",
            ),
            (
                json!({ "kind": "icmp", "host": "192.0.2.1", "packets": 20 }),
                json!({ "kind": "icmp", "host": "192.0.2.1", "packets": 21 }),
                "`packets` is 21; this agent does at most 20",
            ),
            (
                json!({ "kind": "tcp", "address": "192.0.2.1:1", "steps": vec![json!({ "send": "a" }); 16] }),
                json!({ "kind": "tcp", "address": "192.0.2.1:1", "steps": vec![json!({ "send": "a" }); 17] }),
                "`steps` is 17; this agent does at most 16",
            ),
        ] {
            assert_eq!(excess(&fits), None);
            assert_eq!(excess(&does_not).as_deref(), Some(sentence));
        }
    }
}
