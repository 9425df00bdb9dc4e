//! The keys of `probe: browse`.

use crate::text::say;
use crate::yaml::node::{Node, Value};
use crate::yaml::probe::{RedirectKeys, TlsKeys};
use crate::yaml::scalar::words;
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Report, Shape, shape};
use crate::{Browsed, Family, HostPort, Id};

shape! {
    /// `probe: browse`
    BrowseKeys {
        /// The way out: `proxy.example:3128`, or a map with `address`, `user` and `secret`.
        proxy: decisive ProxyKeys,
        /// `open`, or `blocked` for a site that must not be reached.
        expect: optional At<Browsed>,
        /// Texts by which the page is known that a filter shows instead of a site.
        block_page: decisive Vec<At<String>>,
        /// Who opens TLS on the way.
        interception: decisive At<InterceptionKeys>,
        /// Statuses that are up.
        status: optional Vec<At<String>>,
        /// What must be in the body.
        text: decisive Vec<At<String>>,
        /// What must not be in the body.
        no_text: decisive Vec<At<String>>,
        /// Which redirects are followed.
        redirects: decisive RedirectKeys,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

shape! {
    /// `proxy:` with credentials
    ProxyMapKeys {
        /// Host and port.
        address: required At<HostPort>,
        /// For basic authentication.
        user: decisive At<String>,
        /// The name of a secret of the agent.
        secret: decisive At<Id>,
    }
}

shape! {
    /// `interception:`
    InterceptionKeys {
        /// A file with the authority that issues certificates on the way.
        authority: decisive At<String>,
        /// A part of its name as issuer.
        issuer: decisive At<String>,
        /// Is TLS to be opened on the way to these sites?
        expected: optional bool,
    }
}

/// `proxy: HOST:PORT`, or with credentials.
#[derive(Debug)]
pub(crate) struct ProxyKeys(pub(crate) ProxyMapKeys);

impl Shape for ProxyKeys {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        if let Value::Map(_) = &node.value {
            return ProxyMapKeys::read(node, report).map(Self);
        }
        let address = node.scalar().and_then(|text| HostPort::parse(text, None));
        let keys = address.map(|address| {
            Self(ProxyMapKeys { address: At { at: node.at, value: address }, user: None, secret: None })
        });
        let what = say!(
            "a proxy's host and port, such as `proxy.example:3128`, or a map with `address`, `user` and `secret`",
            "host e porta di un proxy, come `proxy.example:3128`, o una mappa con `address`, `user` e `secret`"
        );
        report.expected(keys, node, what)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let keys = ProxyMapKeys::schema(definitions);
        schema::any([schema::scalar(), keys])
    }
}

words! { Browsed, "word", "la parola", ["open" => Browsed::Open, "blocked" => Browsed::Blocked] }
