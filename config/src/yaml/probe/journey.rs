//! The keys of `probe: journey`.

use crate::text::say;
use crate::yaml::duration::Millis;
use crate::yaml::node::{Node, Value};
use crate::yaml::probe::{JsonScalar, Pairs, TlsKeys};
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Named, Report, Shape, shape};
use crate::{Family, HeaderIs, Id, JourneyValue};

shape! {
    /// `probe: journey`
    JourneyKeys {
        /// Requests in order.
        steps: required At<JourneySteps>,
        /// May a request change something there?
        mutates: optional bool,
        /// Where it may go.
        hosts: decisive Vec<At<String>>,
        /// How TLS is judged.
        tls: decisive TlsKeys,
        /// `v4`, `v6` or `both`.
        family: decisive At<Family>,
    }
}

/// `steps:` of a journey.
#[derive(Debug)]
pub(crate) struct JourneySteps(pub(crate) Vec<At<JourneyStepKeys>>);

impl Shape for JourneySteps {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        Vec::read(node, report).map(Self)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        <Vec<JourneyStepKeys>>::schema(definitions)
    }
}

shape! {
    /// One of `steps:`
    JourneyStepKeys {
        /// Its name in phases.
        name: required At<Id>,
        /// A page.
        get: decisive At<String>,
        /// Where something is sent.
        post: decisive At<String>,
        /// Of the request.
        headers: decisive Pairs<At<String>>,
        /// What a form sends.
        form: decisive Pairs<JourneyValue>,
        /// The same as a JSON object.
        json: decisive Pairs<JourneyValue>,
        /// What is sent as it stands.
        body: decisive At<String>,
        /// What the answer must be.
        expect: decisive JourneyExpectKeys,
        /// What later steps need of it.
        extract: decisive Named<At<ExtractKeys>>,
        /// Is it asked also after a failure?
        always: optional bool,
        /// Slower is degraded.
        warn: decisive At<Millis>,
    }
}

shape! {
    /// `expect:` of a step.
    JourneyExpectKeys {
        /// Statuses that are up.
        status: decisive Vec<At<String>>,
        /// What must be in the body.
        text: decisive Vec<At<String>>,
        /// What must not be in the body.
        no_text: decisive Vec<At<String>>,
        /// What the values of a JSON body must be.
        json: decisive Pairs<JsonScalar>,
        /// What headers must be.
        header: decisive Pairs<HeaderIs>,
        /// Where it must lead.
        redirect: decisive At<String>,
        /// What it asks of an identity provider.
        saml_request: decisive At<SamlRequestKeys>,
    }
}

shape! {
    /// `saml_request:`
    SamlRequestKeys {
        /// Whom it is for.
        destination: decisive At<String>,
        /// Who asks.
        issuer: decisive At<String>,
    }
}

shape! {
    /// Where a value is.
    ExtractKeys {
        /// The value of an `<input>`.
        field: decisive At<String>,
        /// A place in JSON.
        json: decisive At<String>,
        /// The value of a header.
        header: decisive At<String>,
        /// The text before it.
        after: decisive At<String>,
        /// The text behind it.
        before: decisive At<String>,
    }
}

shape! {
    /// A value that only the agent knows.
    SecretKeys {
        /// The name of a file of the agent.
        secret: required Id,
    }
}

impl Shape for JourneyValue {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        if let Value::Map(_) = node.value {
            return SecretKeys::read(node, report).map(|keys| Self::Secret(keys.secret));
        }
        let text = node.scalar().map(|text| Self::Text(text.to_owned()));
        let what = say!("a text, or `{{secret: NAME}}`", "un testo, o `{{secret: NOME}}`");
        report.expected(text, node, what)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        schema::any([schema::scalar(), SecretKeys::schema(definitions)])
    }
}
