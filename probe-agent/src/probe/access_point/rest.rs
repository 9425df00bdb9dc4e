//! A controller's table from a JSON document, by a mapping: where the list is, and which fields say what.

use collector_api::Reason;
use config::{ApController, ApSource, Family};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use serde_json::Value;
use std::sync::Arc;

use super::ROWS_MAX;
use super::table::{Table, Told};
use crate::probe::http::exchange::{Way, exchange};
use crate::probe::http::place::Place;
use crate::probe::http::redirects::Visit;
use crate::probe::http::request::{self, Keep};
use crate::probe::{Fault, Surroundings, Trace};
use crate::tls::Tls;

/// A REST interface, prepared.
#[derive(Debug)]
pub(super) struct Rest {
    place: Arc<Place>,
    tls: Tls,
    header: HeaderName,
}

impl Rest {
    /// Takes the URL apart; the error is a sentence for whoever wrote the charter.
    pub(super) fn new(source: &ApSource) -> Result<Self, String> {
        let ApSource::Rest { url, header, tls, .. } = source else { return Err("no URL".to_owned()) };
        let tls = Tls::new(tls, &["http/1.1"])?;
        let header = match header {
            None => AUTHORIZATION,
            Some(name) => name.parse().map_err(|_| format!("`{name}` is no name of a header"))?,
        };
        Ok(Self { place: Arc::new(Place::parse(url, &tls)?), tls, header })
    }

    /// Asks for the document, and reads it.
    pub(super) async fn read(
        &self,
        controller: &ApController,
        surroundings: &Surroundings,
        trace: &mut Trace,
    ) -> Result<Table, Fault> {
        let ApSource::Rest { secret, .. } = &controller.source else {
            return Err(Fault::new(Reason::AgentInternal, "no REST interface"));
        };
        let mut headers = HeaderMap::new();
        let mut at = None;
        if let Some(name) = secret {
            let secret = surroundings.secrets.read(name, &self.place.origin()).await?;
            trace.secret(secret.text.as_bytes());
            let bearer = if self.header == AUTHORIZATION { "Bearer " } else { "" };
            let value = HeaderValue::try_from(format!("{bearer}{}", secret.text))
                .map_err(|_| Fault::new(Reason::AgentSecretMissing, "the secret cannot stand in a header"))?;
            headers.insert(self.header.clone(), value);
            at = secret.at;
        }
        let visit = Visit { place: Arc::clone(&self.place), method: Method::GET, cookies: String::new() };
        let asking = request::make(&visit, Some(&headers), None, Bytes::new())?;
        let way = Way {
            address: &self.place.address,
            resolver: &surroundings.resolver,
            family: Family::V4,
            tls: &self.tls,
            at: at.as_ref(),
            keep: Keep::Body,
        };
        let (answer, _attention) = exchange(way, &self.place, asking, surroundings, trace).await?;
        if !answer.status.is_success() {
            return Err(Fault::new(Reason::AssertStatus, format!("status {}", answer.status.as_u16())));
        }
        if answer.is_cut {
            return Err(Fault::new(Reason::AssertSize, "the document is larger than 1 MiB"));
        }
        let document: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| Fault::new(Reason::ProtoMalformed, format!("not JSON: {error}")))?;
        table_of(controller, &document)
    }
}

/// The list of a document, by the controller's mapping.
pub(super) fn table_of(controller: &ApController, document: &Value) -> Result<Table, Fault> {
    let ApSource::Rest { list, name, state, clients, ip, .. } = &controller.source else {
        return Err(Fault::new(Reason::AgentInternal, "no REST interface"));
    };
    let entries = document
        .pointer(list)
        .and_then(Value::as_array)
        .ok_or_else(|| Fault::new(Reason::AssertJson, format!("`{list}` of the document is no list")))?;
    let field = |entry: &Value, name: &str| match entry.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => String::new(),
    };
    let rows = entries.iter().take(ROWS_MAX).map(|entry| Told {
        name: field(entry, name),
        state: field(entry, state),
        clients: clients.as_ref().and_then(|name| entry.get(name)).and_then(Value::as_u64),
        address: ip.as_ref().map(|name| field(entry, name)).unwrap_or_default(),
    });
    Ok(Table::of(controller, rows))
}
