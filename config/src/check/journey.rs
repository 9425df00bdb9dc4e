//! What `probe: journey` asks: requests in a row, each of which may need what the one before has shown.

use serde::{Deserialize, Serialize};

use super::{Family, HttpAnswer, HttpHeader, TlsParams};
use crate::Id;

/// Parameters of `probe: journey`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JourneyParams {
    /// What the steps' URLs are relative to: `http://` or `https://`; no credentials in it.
    pub url: String,
    /// In order; at least one.
    pub steps: Vec<JourneyStep>,
    /// Hosts where it may go beside the URL's own, with or without `www.`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// How TLS is judged, for `https://`.
    #[serde(default, skip_serializing_if = "TlsParams::is_default")]
    pub tls: TlsParams,
    /// Which addresses of a name to use.
    #[serde(default)]
    pub family: Family,
}

/// One request, what its answer must be, and what is taken out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JourneyStep {
    /// Names it in phases: `step2.login`.
    pub name: Id,
    /// `GET` or `POST`.
    pub method: String,
    /// Where, relative to the journey's; `${name}` stands for what was taken before.
    pub url: String,
    /// Of the request; may hold `${name}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HttpHeader>,
    /// What is sent.
    #[serde(default, skip_serializing_if = "JourneyBody::is_none")]
    pub body: JourneyBody,
    /// Statuses that are up; with those of redirects, none is followed.
    pub status: Vec<String>,
    /// What the answer must be beyond that.
    #[serde(default, skip_serializing_if = "HttpAnswer::is_default")]
    pub answer: HttpAnswer,
    /// Where its redirect must lead: host and beginning of the path of this URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// What the SAML request in that redirect, or in the page's form, must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml_request: Option<SamlRequest>,
    /// What is taken out of the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extract: Vec<Extract>,
    /// Is it asked also after a step that failed, such as a logout?
    #[serde(default)]
    pub always: bool,
    /// Slower than this is degraded, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_ms: Option<u64>,
}

/// What a step sends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JourneyBody {
    /// Nothing.
    #[default]
    None,
    /// As a form of a page does.
    Form(Vec<JourneyField>),
    /// As a JSON object of texts.
    Json(Vec<JourneyField>),
    /// As it stands; may hold `${name}`.
    Text(String),
}

impl JourneyBody {
    /// Is nothing sent?
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JourneyField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: JourneyValue,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JourneyValue {
    /// May hold `${name}`.
    Text(String),
    /// The name of a file in the agent's secrets directory.
    Secret(Id),
}

/// A value that later steps may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extract {
    /// For `${name}`.
    pub name: Id,
    /// Where it is.
    pub from: ExtractFrom,
}

/// Where a value is in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtractFrom {
    /// The value of the `<input>` of this name.
    Field(String),
    /// A place in JSON (RFC 6901).
    Json(String),
    /// The value of a header.
    Header(String),
    /// Between two texts.
    Between {
        /// Its first occurrence.
        after: String,
        /// The next occurrence after that.
        before: String,
    },
}

/// What a request for authentication must say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlRequest {
    /// Its `Destination`, to the letter; any when absent, but one must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Its `Issuer`, to the letter; any when absent, but one must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

impl JourneyParams {
    /// Longer ones are several journeys.
    pub const STEPS_MAX: usize = 20;
}
