//! The keys of `probe: ldap`.

use crate::text::say;
use crate::yaml::node::Node;
use crate::yaml::probe::TlsKeys;
use crate::yaml::scalar::words;
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Report, Shape, shape};
use crate::{Family, Id, LdapFilter, LdapScope, LdapSecurity, LdapState};

shape! {
    /// `probe: ldap`
    LdapKeys {
        /// `ldaps`, `starttls` or `plain`.
        security: decisive At<LdapSecurity>,
        /// How TLS is judged.
        tls: decisive At<TlsKeys>,
        /// Who binds.
        user: decisive At<String>,
        /// The name of the file of the agent with the user's password.
        secret: decisive At<Id>,
        /// Where to search.
        base: decisive At<String>,
        /// `base`, `one` or `sub`.
        scope: decisive At<LdapScope>,
        /// What to search.
        filter: decisive At<LdapFilter>,
        /// Entries, at least.
        min_entries: decisive At<u32>,
        /// What the root entry must say: `synchronized`, `global_catalog`.
        require: decisive Vec<LdapState>,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

words! { LdapSecurity, "security", "la protezione", ["ldaps" => LdapSecurity::Ldaps, "starttls" => LdapSecurity::Starttls, "plain" => LdapSecurity::Plain] }

words! { LdapScope, "scope", "l'ambito", ["base" => LdapScope::Base, "one" => LdapScope::One, "sub" => LdapScope::Sub] }

words! { LdapState, "state", "lo stato", ["synchronized" => LdapState::Synchronized, "global_catalog" => LdapState::GlobalCatalog] }

impl Shape for LdapFilter {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let filter = node.scalar().and_then(Self::parse);
        let what = say!(
            "a filter in parentheses, such as `(objectClass=user)` (RFC 4515)",
            "un filtro fra parentesi, come `(objectClass=user)` (RFC 4515)"
        );
        report.expected(filter, node, what)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::scalar()
    }
}
