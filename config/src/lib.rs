//! The vocabulary: ids, the charter and what it means, the parameters of every check, and the only
//! reader of YAML.
//!
//! [`load()`] turns a file into a [`Vedetta`] whose charter is already resolved: every check has its
//! id, its timing and its sites, so that nobody downstream asks what the file might have meant.
//! Shape is refused while parsing, meaning in one pass that reports everything at once; each
//! [`Problem`] names file, line and column. Nothing here reads a clock or a socket.

#![warn(missing_docs)]

mod text;
mod id;
mod fraction;
mod quorum;
mod vote;
mod rules;
mod check;
mod calendar;
mod cadence;
mod commitment;
mod burn;
mod charter;
mod collector;
mod outlets;
mod agent;
mod mask;
mod problem;
mod yaml;
mod include;
mod secrets;
mod resolve;
mod load;
mod state;
mod changes;
mod effect;

pub use agent::{AgentConfig, CollectorSilent};
pub use burn::{BurnError, BurnErrorKind, BurnTier, Severity, YEAR_MS, burn_max};
pub use cadence::{Cadence, Due};
pub use calendar::{Calendar, Exception, Holiday, Opening, Week};
pub use charter::{
    ALERT_AFTER_MS, About, Approved, Charter, CharterAct, Check, Component, Concern, FigureRule, Life, Node,
    Organisation, Part, Recipe, Recipient, Service, Site, SiteFacts, TargetFacts, Webhook, When,
};
pub use check::{AccessPointParams, ApController, ApFallback, ApSource};
pub use check::{
    BrowseParams, Browsed, Canary, CaptivePortalParams, CertificateParams, CheckSpec, DnsFlag, DnsParams,
    DnsQuestion, DnsTransport, DomainParams, DownAfter, Extract, ExtractFrom, Family, Gate, HeaderIs,
    HeaderWish, HeartbeatParams, HostPort, HttpAnswer, HttpAuth, HttpAuthScheme, HttpDrift, HttpHeader,
    HttpParams, HttpRedirects, IcmpParams, ImapNewest, ImapParams, Interception, JourneyBody, JourneyField,
    JourneyParams, JourneyStep, JourneyValue, JsonWish, KerberosParams, KerberosTransport, LdapBind,
    LdapFilter, LdapNode, LdapParams, LdapScope, LdapSearch, LdapSecurity, LdapState, MailLogin, MailMethod,
    MailMode, MailOauth, MailServer, NtpParams, OidcClient, OidcClientAuth, OidcDepth, OidcParams,
    Pop3Params, Probe, ProxyParams, RadiusExpect, RadiusLogin, RadiusParams, RecordMatch, RegistrationParams,
    RoundTripParams, SamlParams, SamlRequest, SmtpDepth, SmtpExpect, SmtpParams, SnmpAccess, SnmpAuth,
    SnmpCipher, SnmpLimit, SnmpOid, SnmpParams, SnmpPreset, SnmpPrivacy, SnmpValue, SoaSerial, StartTls,
    TcpParams, TcpStep, Timing, TlsParams, UdpParams, WireText, thousandths,
};
pub use collector::{CollectorConfig, MailConfig, MailSecurity, RelayLogin, RelayToken, Vedetta};
pub use commitment::{Availability, AvailabilityWithin, Commitment, Timeliness, Within, WithinUnit};
pub use fraction::{Fraction, Quotient};
pub use id::{AgentId, CheckId, ComponentId, Id, IdError, ServiceId, SiteId, UserGroup};
pub use load::{FILE_BYTES_MAX, Loaded, load, load_agent, parse};
pub use outlets::{AlertmanagerConfig, HeartbeatConfig};
pub use problem::{LoadError, Problem};
pub use quorum::Quorum;
pub use rules::{Judged, LateEntries, Maintenance, Readings, Rules, Unknown};
pub use state::state_directory;
pub use text::{Lang, Text};
pub use vote::{DownIf, Vote};
pub use yaml::nearest::nearest_names;
pub use yaml::schema::{agent_schema, schema};
