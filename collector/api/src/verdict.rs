//! What a sample says: one of four verdicts, and why.

/// The verdict of one sample. Up and degraded both count as up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The target did what the check asks.
    Up,
    /// It did, but late, or with something that wants attention.
    Degraded,
    /// It did not.
    Down,
    /// The probe could not be made, so it proves nothing.
    Unknown,
}

impl Verdict {
    /// The two bits that cross the wire.
    pub const fn code(self) -> u32 {
        match self {
            Self::Up => 0,
            Self::Degraded => 1,
            Self::Down => 2,
            Self::Unknown => 3,
        }
    }

    /// The lower two bits of an outcome; total, because two bits have four values.
    pub const fn from_code(code: u32) -> Self {
        match code & 3 {
            0 => Self::Up,
            1 => Self::Degraded,
            2 => Self::Down,
            _ => Self::Unknown,
        }
    }

    /// The word in logs, JSON and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! reasons {
    ($($code:literal $variant:ident $name:literal $what:literal;)*) => {
        /// Why a sample is not plainly up: a closed list, one metric label, stable numbers.
        ///
        /// Numbers are never reused. A number this build does not know reads as
        /// [`Reason::Unlisted`], so that a newer agent never blocks an older collector.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $what] $variant,)* }

        impl Reason {
            /// Every reason, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that crosses the wire.
            pub const fn code(self) -> u32 { match self { $(Self::$variant => $code,)* } }

            /// `class.reason`, as in logs, JSON and metric labels.
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $name,)* } }

            /// One plain English sentence fragment for people.
            pub const fn describe(self) -> &'static str { match self { $(Self::$variant => $what,)* } }

            /// The reason of a number; unknown numbers are [`Reason::Unlisted`].
            pub const fn from_code(code: u32) -> Self {
                match code { $($code => Self::$variant,)* _ => Self::Unlisted }
            }
        }
    };
}

reasons! {
    0 None "none" "nothing to report";
    1 Unlisted "unlisted" "a reason this version does not know";
    // The agent could not ask: always unknown.
    10 AgentNetworkDown "agent.network_down" "the agent's own network was down";
    11 AgentOverload "agent.overload_skipped" "the agent was too busy to run the check in time";
    12 AgentFdExhausted "agent.fd_exhausted" "the agent had no file descriptor left";
    13 AgentPermission "agent.permission" "the agent lacks the permission this probe needs";
    14 AgentSecretMissing "agent.secret_missing" "a secret the check needs is not on the agent";
    15 AgentConfigInvalid "agent.config_invalid" "the agent cannot run this check as configured";
    16 AgentClockUnsynced "agent.clock_unsynced" "the agent's clock was wrong";
    17 AgentInternal "agent.internal" "the probe failed inside the agent";
    18 AgentTargetForbidden "agent.target_forbidden" "the agent's list of allowed targets forbids this address";
    // The name.
    30 ResolveTimeout "resolve.timeout" "the resolver did not answer in time";
    31 ResolveNxdomain "resolve.nxdomain" "the name does not exist";
    32 ResolveServfail "resolve.servfail" "the resolver failed";
    33 ResolveRefused "resolve.refused" "the resolver refused";
    34 ResolveNoFamily "resolve.no_family" "the name has no address of the wanted family";
    35 ResolveNodata "resolve.nodata" "the name has no address";
    // The connection.
    50 ConnectRefused "connect.refused" "connection refused";
    51 ConnectTimeout "connect.timeout" "no answer to the connection";
    52 ConnectHostUnreachable "connect.host_unreach" "host unreachable";
    53 ConnectNetUnreachable "connect.net_unreach" "network unreachable";
    54 ConnectAdminProhibited "connect.admin_prohib" "connection administratively prohibited";
    55 ConnectReset "connect.reset" "connection reset";
    56 ConnectSourceBind "connect.source_bind" "the source address could not be used";
    // TLS.
    70 TlsTimeout "tls.timeout" "the TLS handshake did not end in time";
    71 TlsAlert "tls.alert" "the server ended the TLS handshake with an alert";
    72 TlsVersion "tls.version" "no common TLS version";
    73 TlsExpired "tls.expired" "the certificate has expired";
    74 TlsNotYetValid "tls.not_yet_valid" "the certificate is not valid yet";
    75 TlsNameMismatch "tls.name_mismatch" "the certificate is for another name";
    76 TlsUntrusted "tls.untrusted" "the certificate's issuer is not trusted";
    77 TlsChainIncomplete "tls.chain_incomplete" "the server does not send the intermediate certificate";
    78 TlsRevoked "tls.revoked" "the certificate is revoked";
    79 TlsProtocol "tls.protocol" "the server does not speak TLS correctly";
    80 TlsExpiring "tls.expiring" "the certificate expires soon";
    81 TlsWeak "tls.weak" "a key or signature of the certificate is too weak to be trusted";
    // The protocol.
    100 ProtoBadGreeting "proto.bad_greeting" "unexpected greeting";
    101 ProtoUnexpectedReply "proto.unexpected_reply" "unexpected reply";
    102 ProtoMalformed "proto.malformed" "malformed reply";
    103 ProtoClosedEarly "proto.closed_early" "connection closed before the reply was complete";
    104 ProtoTruncated "proto.truncated" "truncated reply";
    105 ProtoIdMismatch "proto.id_mismatch" "the reply does not belong to the request";
    106 ProtoTimeout "proto.timeout" "connected, but no reply in time";
    107 TcpOpen "tcp.open" "the port accepts connections, but must be closed";
    // What the check asserts.
    120 AssertStatus "assert.status" "unexpected status";
    121 AssertHeader "assert.header" "unexpected header";
    122 AssertBodyMissing "assert.body_missing" "required text is missing";
    123 AssertBodyForbidden "assert.body_forbidden" "forbidden text is present";
    124 AssertJson "assert.json" "unexpected JSON value";
    125 AssertRedirect "assert.redirect" "unexpected redirect";
    126 AssertSize "assert.size" "unexpected size";
    127 AssertLatency "assert.latency" "slower than the critical threshold";
    128 AssertRecords "assert.records" "unexpected records";
    129 AssertCount "assert.count" "unexpected count";
    130 Slow "slow" "slower than the warning threshold";
    131 Flaky "flaky" "answered only at a further attempt";
    // DNS.
    150 DnsRcode "dns.rcode" "unexpected response code";
    151 DnsServfail "dns.servfail" "SERVFAIL";
    152 DnsRefused "dns.refused" "REFUSED";
    153 DnsNxdomain "dns.nxdomain" "NXDOMAIN";
    154 DnsTimeout "dns.timeout" "no answer";
    155 DnsNotAuthoritative "dns.not_authoritative" "the answer is not authoritative";
    156 DnsAdMissing "dns.ad_missing" "the answer is not marked as validated";
    157 DnsNegativeViolated "dns.negative_violated" "a name that must not be answered was answered";
    158 DnsSerialSkew "dns.serial_skew" "the zone's serial is behind another server's";
    159 DnsRrsigExpiring "dns.rrsig_expiring" "a signature in the answer expires soon";
    // Limits and credentials.
    160 LimitRate "limit.rate" "the server answers that it is asked too much";
    162 AuthDisabled "auth.disabled" "the account is disabled";
    163 AuthExpired "auth.expired" "the account or its password has expired";
    164 AuthLocked "auth.locked" "the account is locked";
    165 AuthRejected "auth.rejected" "the credentials are rejected";
    166 AuthHeldBack "auth.held_back" "rejected credentials are not tried again for a while";
    167 AuthTokenFetch "auth.token_fetch" "no token came from the identity provider";
    // DNS, continued.
    210 DnsRrsigExpired "dns.rrsig_expired" "a signature in the answer has expired";
    211 DnsUnsigned "dns.unsigned" "the answer carries no signature";
    212 DnsFlags "dns.flags" "unexpected flags";
    213 DnsTtl "dns.ttl" "the answer may be kept for too short a time";
    214 DnsLame "dns.lame" "the server does not serve the zone";
    // OpenID Connect.
    330 OidcIssuerMismatch "oidc.issuer_mismatch" "the provider names another issuer";
    331 OidcNoKey "oidc.no_key" "the provider publishes no key that a signature can be verified with";
    332 OidcSigInvalid "oidc.sig_invalid" "the token's signature is not by a published key";
    333 OidcClaim "oidc.claim" "the token does not say what it must";
    334 OidcError "oidc.error" "the provider answers with an OAuth error";
    335 OidcDiscovery "oidc.discovery" "the provider's discovery document cannot be used";
    336 OidcUnknownKey "oidc.unknown_key" "the token is signed with a key that is not published";
    337 OidcSkew "oidc.skew" "the provider's clock is off by more than the warning threshold";
    338 OidcPrivateKey "oidc.private_key" "the provider publishes a private key";
    // SAML.
    350 SamlExpired "saml.expired" "the metadata has expired";
    351 SamlEntityMismatch "saml.entity_mismatch" "the metadata is not of the entity that it must be of";
    352 SamlNoSigningCert "saml.no_signing_cert" "no signing certificate in the metadata is valid";
    353 SamlEndpoint "saml.endpoint" "an endpoint in the metadata does not answer";
    354 SamlExpiring "saml.expiring" "the metadata or a certificate in it ends soon";
    355 SamlMetadata "saml.metadata" "the document is no SAML metadata";
    356 SamlPin "saml.pin" "the signing certificate is another than the one that is expected";
    357 SamlCertExpired "saml.cert_expired" "a certificate in the metadata has expired, beside one that is valid";
    // Journeys.
    360 JourneyExtract "journey.extract" "a page lacks what the next step needs";
    361 JourneySamlRequest "journey.saml_request" "the request to the identity provider is not what it must be";
    362 JourneyCleanup "journey.cleanup" "the journey succeeds, but not what cleans up after it";
    // NTP.
    170 NtpUnsynced "ntp.unsynced" "the server says that its clock is not synchronised";
    171 NtpKodRate "ntp.kod_rate" "the server asks to be asked less often";
    172 NtpKodDeny "ntp.kod_deny" "the server denies this agent its time";
    173 NtpStratum "ntp.stratum" "the server is too far from a reference clock";
    174 NtpOffset "ntp.offset" "the server's time is wrong";
    175 NtpOffsetWarn "ntp.offset_warn" "the server's time is off by more than the warning threshold";
    176 NtpBogusOrigin "ntp.bogus_origin" "the answer is to a question that was not asked";
    177 NtpTimeout "ntp.timeout" "no answer";
    178 NtpLeap "ntp.leap" "the server announces a leap second";
    // ICMP.
    190 IcmpNoReply "icmp.no_reply" "no echo request was answered";
    191 IcmpLoss "icmp.loss" "more echo requests were lost than the warning threshold allows";
    192 IcmpLossCrit "icmp.loss_crit" "more echo requests were lost than the critical threshold allows";
    193 IcmpTtlExceeded "icmp.ttl_exceeded" "the path goes in a circle or is too long";
    // Heartbeats.
    450 HeartbeatMissed "heartbeat.missed" "the job has not reported in time";
    451 HeartbeatFailed "heartbeat.failed" "the job reports that it failed";
    452 HeartbeatOverrun "heartbeat.overrun" "the job has begun and not ended in time";
    453 HeartbeatNoRestorePoint "heartbeat.no_restore_point" "no good run is young enough";
    454 HeartbeatUnheard "heartbeat.unheard" "the job has not reported yet";
    455 HeartbeatTooSmall "heartbeat.too_small" "the job made less than it must";
    456 HeartbeatShrunk "heartbeat.shrunk" "the job made much less than the time before";
    457 HeartbeatSlower "heartbeat.slower" "the job took much longer than the time before";
    // LDAP.
    370 LdapCode "ldap.code" "the directory answers with an error";
    371 LdapReferralOnly "ldap.referral_only" "the directory only refers to another one";
    372 LdapNotSynchronized "ldap.not_synchronized" "the directory says that it is not synchronised";
    373 LdapNoEntries "ldap.no_entries" "the directory finds fewer entries than it should";
    374 LdapSkew "ldap.skew" "the clock of the directory is off";
    375 LdapNoStarttls "ldap.no_starttls" "the directory offers no encryption";
    376 LdapGlobalCatalog "ldap.gc_not_ready" "the directory says that its global catalog is not ready";
    // Kerberos.
    380 KrbTimeout "krb.timeout" "no answer of the key distribution centre";
    381 KrbError "krb.error" "the key distribution centre answers with an error";
    382 KrbSkew "krb.skew" "the clock of the key distribution centre is off by more than Kerberos tolerates";
    383 KrbSkewWarn "krb.skew_warn" "the clock of the key distribution centre is off";
    384 KrbEtype "krb.etype" "only obsolete encryption is offered";
    385 KrbWrongRealm "krb.wrong_realm" "the key distribution centre is of another realm";
    386 KrbPrincipalUnknown "krb.principal_unknown" "the user is not known there";
    387 KrbServiceUnknown "krb.service_unknown" "the service is not known there";
    388 KrbUdp "krb.udp" "answers over TCP, but not over UDP";
    // RADIUS.
    390 RadiusNoReply "radius.no_reply" "no answer: wrong secret, unknown client, or no server";
    391 RadiusReject "radius.reject" "the server rejects the user";
    392 RadiusAccept "radius.accept_unexpected" "the server accepts a user that must not come in";
    393 RadiusChallenge "radius.challenge_unexpected" "the server asks for more than a password";
    394 RadiusNoMsgAuth "radius.no_msg_auth" "the answer carries no Message-Authenticator";
    395 RadiusBadAuthenticator "radius.bad_authenticator" "the answer is not signed with the shared secret";
    // A domain.
    400 DomainNoRecords "domain.no_srv" "the domain lists no controllers";
    401 DomainNoneWhole "domain.none_whole" "no controller of the domain is whole";
    402 DomainPartial "domain.partial" "not every controller of the domain is whole";
    // SNMP.
    410 SnmpAgentSilent "snmp.agent_silent" "the device is reached, but its SNMP agent does not answer";
    411 SnmpAuth "snmp.auth" "the SNMP agent does not accept the credentials";
    412 SnmpNotInTimeWindow "snmp.not_in_time_window" "the SNMP agent does not agree on its own time";
    413 SnmpNoSuch "snmp.no_such" "a value that is asked for is not there";
    414 SnmpTooBig "snmp.too_big" "the SNMP agent cannot fit a single value into an answer";
    415 SnmpValue "snmp.value" "a value is beyond its limit";
    416 SnmpRestarted "snmp.restarted" "the device has restarted";
    417 SnmpInterfaceDown "snmp.interface_down" "an interface that is switched on is not in operation";
    418 SnmpRefused "snmp.refused" "the SNMP agent answers with an error";
    419 SnmpNoReply "snmp.no_reply" "neither the SNMP agent nor the device answers";
    420 SnmpSensor "snmp.sensor" "a sensor of the device does not work";
    421 SnmpOnBattery "snmp.on_battery" "the UPS runs on its battery";
    422 SnmpBattery "snmp.battery" "the battery of the UPS is low, empty or worn out";
    423 SnmpUpsOutput "snmp.ups_output" "the UPS gives no power";
    424 SnmpUpsAlarm "snmp.ups_alarm" "the UPS has an alarm";
    425 SnmpDisk "snmp.disk" "a disk of the machine is almost full";
    // Mail.
    220 Smtp421 "smtp.421" "the server says that it is not available";
    221 SmtpNoStarttls "smtp.no_starttls" "the mail server does not offer TLS";
    222 SmtpGreylisted "smtp.greylisted" "the server takes mail for the recipient only later";
    223 SmtpRelayDenied "smtp.relay_denied" "the server takes no mail from this agent for the recipient";
    224 SmtpOpenRelay "smtp.open_relay" "the server takes mail for anybody";
    225 SmtpMailboxUnknown "smtp.mailbox_unknown" "the server knows no such mailbox";
    226 SmtpMailboxFull "smtp.mailbox_full" "the recipient's mailbox is full";
    227 SmtpSize "smtp.size" "the message is larger than the server takes";
    228 SmtpRejected "smtp.rejected" "the server refuses";
    229 SmtpTemporary "smtp.temporary" "the server refuses for the time being";
    230 MailNoAuth "mail.no_auth" "the server does not offer this way to log in";
    232 ImapBye "imap.bye" "the server ends the dialogue by itself";
    233 ImapNo "imap.no" "the server says NO";
    234 ImapBad "imap.bad" "the server says BAD";
    235 ImapQuota "imap.quota" "the mailbox is fuller than the warning threshold";
    236 ImapNoStarttls "imap.no_starttls" "the IMAP server does not offer TLS";
    237 ImapStale "imap.stale" "the message that should be there is missing or too old";
    239 Pop3NoStls "pop3.no_stls" "the POP3 server does not offer TLS";
    240 Pop3Err "pop3.err" "the server says -ERR";
    // Browsing.
    300 ProxyResolve "proxy.resolve" "the proxy's name has no address";
    301 ProxyConnect "proxy.connect" "the proxy cannot be reached";
    302 ProxyTimeout "proxy.timeout" "the proxy did not answer in time";
    303 ProxyAuthRequired "proxy.auth_required" "the proxy wants other credentials";
    304 ProxyDenied "proxy.denied" "the proxy denies the way";
    305 ProxyBadGateway "proxy.bad_gateway" "the proxy cannot reach the site";
    306 ProxyBlockpage "proxy.blockpage" "a filter shows its own page instead of the site";
    307 ProxyInterception "proxy.interception" "TLS is opened on the way where it should not be, or not where it should";
    308 ProxyOpen "proxy.open" "a site that must be blocked was reached";
    // What stands before a visitors' network.
    310 PortalShown "portal.shown" "the captive portal stands before the network";
    311 PortalAbsent "portal.absent" "the network is open without its captive portal";
    312 PortalOther "portal.other" "somebody else than the captive portal answers";
    313 PortalBroken "portal.broken" "neither the network nor its captive portal answers as it should";

    320 ContentNotPinned "content.not_pinned" "the page's text is not the one that the charter pins";
    321 ContentDrift "content.drift" "little is left of what stood on the page before";
    // A domain's registration.
    470 RegistrationExpiring "registration.expiring" "the domain's registration ends soon";
    471 RegistrationExpired "registration.expired" "the domain's registration has ended";
    472 RegistrationHold "registration.hold" "the registry keeps the domain out of the DNS";
    473 RegistrationRedemption "registration.redemption" "the domain is about to be given away";
    474 RegistrationUnknown "registration.unknown" "the registry does not know the domain";
    475 RegistrationDateless "registration.dateless" "the registry does not say when the registration ends";
    // Access points.
    430 ApAbsent "ap.absent" "the controller does not know the access point";
    431 ApDisassociated "ap.disassociated" "the controller says that the access point is not in operation";
    432 ApRadioOff "ap.radio_off" "the access point works with something missing, such as a radio";
    433 ApControllerUnreachable "ap.controller_unreachable" "the controller does not tell its table, and nothing stands in for it";
    434 ApNoReply "ap.no_reply" "the controller does not tell its table, and the access point does not answer an echo";
    435 ApPortDown "ap.port_down" "the controller does not tell its table, and nobody is at the access point's switch port";
    241 MailSubmitFailed "mail.submit_failed" "no server took the message";
    242 MailNotDelivered "mail.not_delivered" "the message did not arrive in time";
    243 MailBounced "mail.bounced" "the message came back";
    244 MailJunk "mail.junk" "the message arrived among junk mail";
    245 MailDuplicate "mail.duplicate" "the message arrived more than once";
    246 MailLate "mail.late" "the message arrived late";
    247 MailUnauthenticated "mail.unauthenticated" "the receiver does not find the sender authentic";
    248 MailReceiverUnavailable "mail.receiver_unavailable" "the mailbox could not be looked into";
    250 MailPending "mail.pending" "the first message is still under way";
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), *reason);
        }
        assert_eq!(Reason::from_code(9_999), Reason::Unlisted);
    }

    #[test]
    fn verdicts_read_back() {
        for verdict in [Verdict::Up, Verdict::Degraded, Verdict::Down, Verdict::Unknown] {
            assert_eq!(Verdict::from_code(verdict.code()), verdict);
        }
    }
}
