//! The operators' socket: the web router, and the acts.
//!
//! Who may open it (`admission`) may read, declare, approve, seal and reload, all of which the journal keeps under
//! the name of the peer's user (`person`) and none of which takes evidence away. Agents' keys are the exception:
//! who gives one decides who measures, so that only root and the collector's own user do; and they alone answer for
//! a journal that lost its end, as only they can have put a copy in its place.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;

use super::acts::{ActError, Acts};
use super::person::{Author, Declarant, Keeper};
use crate::operator::{
    AckQuestion, AgentAddQuestion, AgentRevokeQuestion, DeclareQuestion, DeclaredQuestion, GapsQuestion,
    OutboxRetryQuestion, OutboxTestQuestion, ReloadQuestion, RestoreQuestion, SealQuestion, Trouble,
};

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
        .route("/acts/restore", post(restore))
        .route("/acts/ack", post(ack))
        .route("/acts/outbox", get(outbox))
        .route("/acts/outbox-retry", post(outbox_retry))
        .route("/acts/outbox-test", post(outbox_test))
        .with_state(acts);
    web.merge(acts)
}

async fn reload(
    State(acts): State<Arc<Acts>>,
    Author(author): Author,
    Json(question): Json<ReloadQuestion>,
) -> Response {
    answer(acts.reload(author, question).await)
}

async fn agent_add(
    State(acts): State<Arc<Acts>>,
    Keeper(author): Keeper,
    Json(question): Json<AgentAddQuestion>,
) -> Response {
    answer(acts.agent_add(author, question).await)
}

async fn agent_revoke(
    State(acts): State<Arc<Acts>>,
    Keeper(author): Keeper,
    Json(question): Json<AgentRevokeQuestion>,
) -> Response {
    answer(acts.agent_revoke(author, question.agent).await)
}

async fn seal(
    State(acts): State<Arc<Acts>>,
    Author(author): Author,
    Json(question): Json<SealQuestion>,
) -> Response {
    answer(acts.seal(author, question).await)
}

async fn restore(
    State(acts): State<Arc<Acts>>,
    Keeper(author): Keeper,
    Json(question): Json<RestoreQuestion>,
) -> Response {
    answer(acts.restore(author, question).await)
}

async fn agents(State(acts): State<Arc<Acts>>) -> Response {
    Json(acts.agents()).into_response()
}

async fn declare(
    State(acts): State<Arc<Acts>>,
    Declarant(author): Declarant,
    Json(question): Json<DeclareQuestion>,
) -> Response {
    answer(acts.declare(author, question).await)
}

async fn declared(State(acts): State<Arc<Acts>>, Query(question): Query<DeclaredQuestion>) -> Response {
    answer(acts.declared(question).await)
}

async fn gaps(State(acts): State<Arc<Acts>>, Query(question): Query<GapsQuestion>) -> Response {
    answer(acts.gaps(question).await)
}

async fn ack(
    State(acts): State<Arc<Acts>>,
    Author(author): Author,
    Json(question): Json<AckQuestion>,
) -> Response {
    answer(acts.ack(author, &question))
}

async fn outbox(State(acts): State<Arc<Acts>>) -> Response {
    Json(acts.outbox()).into_response()
}

async fn outbox_retry(
    State(acts): State<Arc<Acts>>,
    Author(author): Author,
    Json(question): Json<OutboxRetryQuestion>,
) -> Response {
    answer(acts.outbox_retry(author, question).await)
}

async fn outbox_test(
    State(acts): State<Arc<Acts>>,
    Author(author): Author,
    Json(question): Json<OutboxTestQuestion>,
) -> Response {
    answer(acts.outbox_test(author, question).await)
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
