//! Signing in and out, joining, inviting, and one's sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use baton_domain::{Capabilities, InboxId, Member, SessionId};
use baton_protocol::{ApiError, ErrorCode, Invitation, Invite, Join, SessionInfo, SetAccess, SignIn, SignedIn};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{Answered, Problem};
use super::extract::{Body, Peer};
use crate::auth::{AuthError, Begun, Caller, may_invite, password::PasswordError};
use crate::core::Core;
use crate::directory::Refused;

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(sign_in))
        .routes(routes!(sign_out))
        .routes(routes!(join))
        .routes(routes!(invite))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
        .routes(routes!(me))
        .routes(routes!(set_access))
}

/// Who the caller is and what they may do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The member.
    pub member: Member,
    /// The workspace's name.
    pub workspace: String,
    /// What they may do, inbox by inbox.
    pub inboxes: Vec<MyInbox>,
}

/// What the caller may do in one inbox.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyInbox {
    /// Which.
    pub id: InboxId,
    /// Its name.
    pub name: String,
    /// What.
    pub capabilities: Capabilities,
}

/// Sign in with address and password. The token that comes back is sent as `Authorization: Bearer ...` from then on.
#[utoipa::path(post, path = "/v1/sign-in", tag = "people", request_body = SignIn, security(()),
    responses((status = 200, description = "Signed in", body = SignedIn),
        (status = 401, description = "Address and password do not belong together", body = ApiError),
        (status = 429, description = "Too many attempts", body = ApiError)))]
async fn sign_in(State(core): State<Arc<Core>>, peer: Peer, Body(who): Body<SignIn>) -> Answered<Json<SignedIn>> {
    let begun = core.auth.sign_in(&who, peer.0, core.now()).await?;
    Ok(signed_in(&core, begun))
}

/// Join with an invitation: sets a password and signs in.
#[utoipa::path(post, path = "/v1/join", tag = "people", request_body = Join, security(()),
    responses((status = 200, description = "Joined and signed in", body = SignedIn),
        (status = 400, description = "The password is too short", body = ApiError),
        (status = 410, description = "The invitation was used or has run out", body = ApiError)))]
async fn join(State(core): State<Arc<Core>>, peer: Peer, Body(join): Body<Join>) -> Answered<Json<SignedIn>> {
    let begun = core.auth.join(&join, peer.0, core.now()).await?;
    Ok(signed_in(&core, begun))
}

fn signed_in(core: &Core, begun: Begun) -> Json<SignedIn> {
    let workspace = core
        .directory
        .workspace()
        .map(|workspace| workspace.name)
        .unwrap_or_default();
    Json(SignedIn {
        token: begun.token.reveal().to_owned(),
        member: begun.member,
        workspace,
    })
}

/// End this session.
#[utoipa::path(post, path = "/v1/sign-out", tag = "people",
    responses((status = 204, description = "Signed out")))]
async fn sign_out(State(core): State<Arc<Core>>, caller: Caller) -> Answered<StatusCode> {
    core.auth.end(caller.member.id, caller.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Invite somebody. The code is shown once and is good for seven days.
#[utoipa::path(post, path = "/v1/invitations", tag = "people", request_body = Invite,
    responses((status = 200, description = "The invitation", body = Invitation),
        (status = 403, description = "Needs an admin (or, for reps, a manager)", body = ApiError)))]
async fn invite(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Body(invite): Body<Invite>,
) -> Answered<Json<Invitation>> {
    if !may_invite(caller.member.role, invite.role) {
        return Err(Problem::not_permitted("inviting needs an admin, or a manager for reps"));
    }
    Ok(Json(
        core.auth.invite(&invite, Some(caller.member.id), core.now()).await?,
    ))
}

/// Where the caller is signed in.
#[utoipa::path(get, path = "/v1/sessions", tag = "people",
    responses((status = 200, description = "The newest use first", body = Vec<SessionInfo>)))]
async fn sessions(State(core): State<Arc<Core>>, caller: Caller) -> Answered<Json<Vec<SessionInfo>>> {
    Ok(Json(core.auth.sessions(&caller).await?))
}

/// Sign a session of the caller's out, at once.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "people", params(("id" = String, Path, description = "Which")),
    responses((status = 204, description = "It ended"), (status = 404, description = "No such session", body = ApiError)))]
async fn end_session(State(core): State<Arc<Core>>, caller: Caller, Path(id): Path<SessionId>) -> Answered<StatusCode> {
    if core.auth.end(caller.member.id, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found())
    }
}

/// Who the caller is and what they may do.
#[utoipa::path(get, path = "/v1/me", tag = "people", responses((status = 200, description = "The caller", body = Me)))]
async fn me(State(core): State<Arc<Core>>, caller: Caller) -> Json<Me> {
    let inboxes = core.directory.inboxes().into_iter().filter_map(|inbox| {
        let capabilities = inbox.capabilities_of(&caller.member);
        (!capabilities.is_empty()).then_some(MyInbox {
            id: inbox.id,
            name: inbox.name,
            capabilities,
        })
    });
    let inboxes = inboxes.collect();
    let workspace = core
        .directory
        .workspace()
        .map(|workspace| workspace.name)
        .unwrap_or_default();
    Json(Me {
        member: caller.member,
        workspace,
        inboxes,
    })
}

/// Say what a member may do in an inbox.
#[utoipa::path(put, path = "/v1/inboxes/{id}/access", tag = "people", request_body = SetAccess,
    params(("id" = String, Path, description = "Which inbox")),
    responses((status = 204, description = "Done"),
        (status = 403, description = "Needs an admin or manager", body = ApiError),
        (status = 404, description = "No such inbox or member", body = ApiError)))]
async fn set_access(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(inbox): Path<InboxId>,
    Body(access): Body<SetAccess>,
) -> Answered<StatusCode> {
    let capabilities = core.directory.capabilities(&caller.member, inbox);
    if !capabilities.contains(&baton_domain::Capability::Manage) {
        return Err(Problem::not_permitted(
            "changing who may do what needs to manage the inbox",
        ));
    }
    if core.directory.member(access.member).is_none() {
        return Err(Problem::not_found());
    }
    let wanted = access.capabilities.into_iter().collect();
    core.directory
        .set_access(inbox, access.member, wanted, core.now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let code = match error {
            AuthError::WrongPassword => ErrorCode::WrongPassword,
            AuthError::TooManyAttempts => ErrorCode::TooManyAttempts,
            AuthError::InvitationGone => ErrorCode::InvitationGone,
            AuthError::SignedOut => return Self::signed_out(),
            AuthError::Password(PasswordError::TooShort | PasswordError::TooLong) => ErrorCode::BadRequest,
            AuthError::Refused(refused) => return refused.into(),
            AuthError::Store(error) => return error.into(),
            AuthError::Password(PasswordError::Hash) | AuthError::Random(_) => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Missing(_) => Self::not_found(),
            Refused::Referee(error) => error.into(),
            Refused::Rules(baton_domain::Refusal::NotPermitted { .. }) => Self::not_permitted("the rules refuse it"),
            other => Self::new(ErrorCode::BadRequest, other.to_string()),
        }
    }
}
