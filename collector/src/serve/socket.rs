//! The operators' socket: the web router, and the acts.
//!
//! It lies in the state directory with mode 0600: who may open it may act, and the peer's uid is the
//! author that the journal names. Root may act for a person and names it; nobody else can.

use std::sync::Arc;

use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;

use super::acts::{ActError, Acts};
use super::listen::Peer;
use crate::declare::{BY_ROOT, ROOT};
use crate::operator::{
    AS_HEADER, AgentAddQuestion, AgentRevokeQuestion, DeclareQuestion, GapsQuestion, ReloadQuestion,
    SealQuestion, Trouble,
};

const AUTHOR_BYTES_MAX: usize = 64;

/// The acts, beside what `web` answers.
pub(super) fn router(acts: Arc<Acts>, web: Router) -> Router {
    let acts = Router::new()
        .route("/acts/reload", post(reload))
        .route("/acts/agent-add", post(agent_add))
        .route("/acts/agent-revoke", post(agent_revoke))
        .route("/acts/agents", get(agents))
        .route("/acts/declare", post(declare))
        .route("/acts/declared", get(declared))
        .route("/acts/gaps", get(gaps))
        .route("/acts/seal", post(seal))
        .with_state(acts);
    web.merge(acts)
}

async fn reload(
    State(acts): State<Arc<Acts>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(question): Json<ReloadQuestion>,
) -> Response {
    match author(peer, &headers) {
        Ok(author) => answer(acts.reload(author, question).await),
        Err(refusal) => refusal.into_response(),
    }
}

async fn agent_add(
    State(acts): State<Arc<Acts>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(question): Json<AgentAddQuestion>,
) -> Response {
    match author(peer, &headers) {
        Ok(author) => answer(acts.agent_add(author, question).await),
        Err(refusal) => refusal.into_response(),
    }
}

async fn agent_revoke(
    State(acts): State<Arc<Acts>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(question): Json<AgentRevokeQuestion>,
) -> Response {
    match author(peer, &headers) {
        Ok(author) => answer(acts.agent_revoke(author, question.agent).await),
        Err(refusal) => refusal.into_response(),
    }
}

async fn seal(
    State(acts): State<Arc<Acts>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(question): Json<SealQuestion>,
) -> Response {
    match author(peer, &headers) {
        Ok(author) => answer(acts.seal(author, question).await),
        Err(refusal) => refusal.into_response(),
    }
}

async fn agents(State(acts): State<Arc<Acts>>) -> Response {
    Json(acts.agents()).into_response()
}

async fn declare(
    State(acts): State<Arc<Acts>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(question): Json<DeclareQuestion>,
) -> Response {
    match author(peer, &headers) {
        Ok(author) => answer(acts.declare(author, question).await),
        Err(refusal) => refusal.into_response(),
    }
}

async fn declared(State(acts): State<Arc<Acts>>) -> Response {
    Json(acts.declared()).into_response()
}

async fn gaps(State(acts): State<Arc<Acts>>, Query(question): Query<GapsQuestion>) -> Response {
    answer(acts.gaps(question).await)
}

fn answer<T: Serialize>(result: Result<T, ActError>) -> Response {
    match result {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            let status = match &error {
                ActError::Refused(_) | ActError::Declined(_) | ActError::Charter(_) => {
                    StatusCode::UNPROCESSABLE_ENTITY
                }
                ActError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
            };
            let errore = match &error {
                ActError::Declined(refusal) => Some(refusal.0.it.clone()),
                _ => None,
            };
            (status, Json(Trouble { error: error.to_string(), errore })).into_response()
        }
    }
}

/// Who acts: the peer's user, or the person root names.
fn author(peer: Peer, headers: &HeaderMap) -> Result<String, Forbidden> {
    let uid = peer.uid.ok_or(Forbidden("acts come through the collector's own socket only"))?;
    let Some(named) = headers.get(AS_HEADER) else { return Ok(user_name(uid)) };
    if uid != 0 {
        return Err(Forbidden("only root names another author; leave `--as` out"));
    }
    let named = named.to_str().unwrap_or_default().trim();
    if named.is_empty() || named.len() > AUTHOR_BYTES_MAX || named.bytes().any(|byte| byte.is_ascii_control())
    {
        return Err(Forbidden("`--as` takes a name of 1 to 64 printable ASCII characters"));
    }
    Ok(format!("{named}{BY_ROOT}"))
}

fn user_name(uid: u32) -> String {
    // Approvals tell root from others by this name.
    if uid == 0 {
        return ROOT.to_owned();
    }
    match nix::unistd::User::from_uid(uid.into()) {
        Ok(Some(user)) => user.name,
        _ => format!("uid {uid}"),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Forbidden(&'static str);

impl IntoResponse for Forbidden {
    fn into_response(self) -> Response {
        (StatusCode::FORBIDDEN, Json(Trouble { error: self.0.to_owned(), errore: None })).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AS_HEADER.parse().unwrap(), name.parse().unwrap())])
    }

    #[test]
    fn only_root_names_another_author() {
        let of = |uid, headers: &HeaderMap| author(Peer { uid }, headers);
        assert_eq!(of(Some(0), &HeaderMap::new()).unwrap(), "root");
        assert_eq!(of(Some(0), &named("m.rossi")).unwrap(), "m.rossi (root)");
        assert!(of(Some(1000), &named("m.rossi")).is_err());
        assert!(of(Some(0), &named("")).is_err());
        assert!(of(None, &HeaderMap::new()).is_err(), "not by the web listener");
        assert_eq!(of(Some(4_000_000_000), &HeaderMap::new()).unwrap(), "uid 4000000000");
    }
}
