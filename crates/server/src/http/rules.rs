//! Routing rules over HTTP: everybody reads the set in force; whoever leads the work changes it and rehearses a draft.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use baton_domain::{Actor, Command, CommandBody, CommandId, ConversationId, DocumentBody, Role, RuleSet, check_rules};
use baton_protocol::{ApiError, ErrorCode, PutRules, Rehearsal, RehearseRules, RuleDrift, RulesInForce, Submitted};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::error::{Answered, Problem};
use super::extract::Body;
use crate::auth::Caller;
use crate::core::Core;
use crate::{drift, rehearsal};

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(rules, put_rules))
        .routes(routes!(rehearse))
        .routes(routes!(drift))
}

/// The routing rules in force, with their version.
#[utoipa::path(get, path = "/v1/rules", tag = "work",
    responses((status = 200, description = "The set", body = RulesInForce)))]
async fn rules(State(core): State<Arc<Core>>, _caller: Caller) -> Json<RulesInForce> {
    Json(core.directory.rules())
}

/// Put another rule set in force. It names the version it was made from: where another is in force now it is refused, and nothing is
/// overwritten. A refusal is an answer too: the status says only whether it was judged.
#[utoipa::path(put, path = "/v1/rules", tag = "work", request_body = PutRules,
    responses((status = 200, description = "Judged: done or refused", body = Submitted),
        (status = 503, description = "Not judged: the same may be sent again", body = ApiError)))]
async fn put_rules(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Body(put): Body<PutRules>,
) -> Answered<Json<Submitted>> {
    let id = CommandId(Uuid::now_v7());
    let command = Command {
        id,
        actor: Actor::Member { id: caller.member.id },
        device: caller.device,
        conversation: ConversationId(Uuid::nil()),
        issued_at: core.now(),
        last_seen: None,
        based_on: Some(put.based_on),
        body: CommandBody::PutDocument {
            document: Box::new(DocumentBody::Rules(put.rules)),
        },
    };
    let answer = core.referee.submit(command).await?;
    Ok(Json(Submitted { command: id, answer }))
}

/// What a draft would have done with past conversations, beside what the set in force would have. One call looks at one page; `next` is where
/// the next one begins. Nothing is changed.
#[utoipa::path(post, path = "/v1/rules/rehearsal", tag = "work", request_body = RehearseRules,
    responses((status = 200, description = "One page", body = Rehearsal),
        (status = 400, description = "The draft can't be used, or no page begins there", body = ApiError),
        (status = 403, description = "Needs a manager", body = ApiError)))]
async fn rehearse(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Body(asked): Body<RehearseRules>,
) -> Answered<Json<Rehearsal>> {
    if !matches!(caller.member.role, Role::Manager | Role::Admin) {
        return Err(Problem::not_permitted("rehearsing rules needs a manager"));
    }
    let after = asked.after.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| Problem::new(ErrorCode::BadRequest, "no page begins there"))?;
    let documents = core.directory.documents();
    let draft: RuleSet = asked.rules.tidied();
    if let Err(refusal) = check_rules(&draft, documents.all(), documents.members()) {
        return Err(Problem::new(
            ErrorCode::BadRequest,
            format!("the draft can't be used: {refusal:?}"),
        ));
    }
    let inboxes = core.readable(caller.member.id).inboxes;
    Ok(Json(
        rehearsal::page(&core.store, &documents, inboxes, &draft, after).await?,
    ))
}

/// Where a page begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
struct After {
    /// The `next` of the page before.
    after: Option<String>,
}

/// What the newest change of the rules did since it was put in force: what the set before would have sent elsewhere, and what people then
/// changed by hand, by rule. One call looks at one page of the conversations the caller reads; `next` is where the next one begins.
#[utoipa::path(get, path = "/v1/rules/drift", tag = "work", params(After),
    responses((status = 200, description = "One page", body = RuleDrift),
        (status = 400, description = "No page begins there", body = ApiError),
        (status = 403, description = "Needs a manager", body = ApiError)))]
async fn drift(State(core): State<Arc<Core>>, caller: Caller, Query(asked): Query<After>) -> Answered<Json<RuleDrift>> {
    if !matches!(caller.member.role, Role::Manager | Role::Admin) {
        return Err(Problem::not_permitted("the report on the rules needs a manager"));
    }
    let after = asked.after.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| Problem::new(ErrorCode::BadRequest, "no page begins there"))?;
    let inboxes = core.readable(caller.member.id).inboxes;
    let documents = core.directory.documents();
    Ok(Json(drift::page(&core.store, &documents, inboxes, after).await?))
}
