//! Mailboxes over HTTP: connecting, testing, and whether everything received is accounted for.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use baton_channels::email::imap::decode_folder_name;
use baton_channels::email::parse::Unreadable;
use baton_channels::email::probe;
use baton_channels::oauth::{Grant, ProviderKind};
use baton_domain::{Account, AccountId, Capability, Role};
use baton_protocol::{
    AddAccount, AddHosted, ApiError, Balance, ConnectionReport, ErrorCode, FolderCheck, Forecast, MailboxSettings,
    MailboxTrial, MoveHosting, ProviderClient, ProviderName, QuarantineCause, Quarantined, Retried, SetSignIn,
    SignInWay,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{Answered, Problem};
use super::extract::Body;
use crate::auth::Caller;
use crate::core::{AddAccountError, Core};
use crate::directory::NewAccount;
use crate::hosting::accounting::{self, AccountingError};
use crate::hosting::mailbox::{self, BadSettings, Mailbox};
use crate::hosting::{secret, trial, views};

/// Quarantined items shown at most.
const QUARANTINED: u64 = 1000;

pub(super) fn router() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(add_hosted))
        .routes(routes!(move_hosting))
        .routes(routes!(test))
        .routes(routes!(try_out))
        .routes(routes!(sign_in_way, sign_in))
        .routes(routes!(balance))
        .routes(routes!(check))
        .routes(routes!(folders))
        .routes(routes!(quarantine))
        .routes(routes!(retry))
}

fn needs_admin(caller: &Caller) -> Answered<()> {
    if caller.member.role == Role::Admin {
        return Ok(());
    }
    Err(Problem::not_permitted("looking after mailboxes needs an admin"))
}

/// Connect a mailbox. It is tested first; the password is sealed and never comes back.
#[utoipa::path(post, path = "/v1/accounts", tag = "mailboxes", request_body = AddAccount,
    responses((status = 200, description = "Connected", body = Account),
        (status = 403, description = "Needs an admin", body = ApiError),
        (status = 422, description = "The mailbox could not be reached or signed in to", body = ApiError)))]
async fn add(State(core): State<Arc<Core>>, caller: Caller, Body(new): Body<AddAccount>) -> Answered<Json<Account>> {
    needs_admin(&caller)?;
    let mut mailbox = Mailbox::try_from(new.mailbox)?;
    if let Some(words) = probe::first_problem(&mailbox::test(&mut mailbox).await) {
        return Err(Problem::new(ErrorCode::MailboxRefused, words));
    }
    let inbox = match new.inbox {
        Some(inbox) => inbox,
        None => {
            core.directory
                .inbox_named(&mailbox.account.address, core.directory.usual_policy(), core.now())
                .await?
        }
    };
    let account = core.move_in(&mailbox, inbox, new.mode, new.folders).await?;
    Ok(Json(account))
}

/// Connect a mailbox that the caller's own desktop hosts. Nothing of how to sign in to it comes here.
#[utoipa::path(post, path = "/v1/accounts/hosted", tag = "mailboxes", request_body = AddHosted,
    responses((status = 200, description = "Connected", body = Account),
        (status = 403, description = "Needs an admin, or who manages the inbox", body = ApiError)))]
async fn add_hosted(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Body(new): Body<AddHosted>,
) -> Answered<Json<Account>> {
    let inbox = match new.inbox {
        Some(inbox) => {
            let manages = core
                .directory
                .capabilities(&caller.member, inbox)
                .contains(&Capability::Manage);
            if !manages {
                needs_admin(&caller)?;
            }
            inbox
        }
        None => {
            needs_admin(&caller)?;
            core.directory
                .inbox_named(&new.address, core.directory.usual_policy(), core.now())
                .await?
        }
    };
    let account = NewAccount {
        address: new.address,
        name: new.name,
        aliases: Vec::new(),
        inbox,
        mode: new.mode,
        live_since: None,
        folders: new.folders,
        hosted_by: Some(caller.member.id),
    };
    Ok(Json(core.directory.add_account(account, core.now()).await?))
}

/// Say who hosts a mailbox from now on. Whoever hosts it now finishes what it began, and hands over.
#[utoipa::path(put, path = "/v1/accounts/{id}/hosting", tag = "mailboxes", request_body = MoveHosting,
    params(("id" = String, Path, description = "Which mailbox")),
    responses((status = 200, description = "It is so", body = Account),
        (status = 403, description = "Needs an admin, or whose desktop hosts it", body = ApiError),
        (status = 404, description = "No such mailbox", body = ApiError),
        (status = 422, description = "The mailbox could not be reached or signed in to", body = ApiError)))]
async fn move_hosting(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Body(to): Body<MoveHosting>,
) -> Answered<Json<Account>> {
    let account = core.directory.account(id).ok_or_else(Problem::not_found)?;
    if account.hosted_by != Some(caller.member.id) {
        needs_admin(&caller)?;
    }
    let account = match to {
        MoveHosting::Server { mailbox } => {
            let mut mailbox = Mailbox::try_from(*mailbox)?;
            if let Some(words) = probe::first_problem(&mailbox::test(&mut mailbox).await) {
                return Err(Problem::new(ErrorCode::MailboxRefused, words));
            }
            core.host_here(id, &mailbox).await?
        }
        MoveHosting::Desktop => core.host_at(id, caller.member.id).await?,
    };
    Ok(Json(account))
}

/// Test a mailbox without connecting it: every step by itself. Nothing is changed at the provider.
#[utoipa::path(post, path = "/v1/accounts/test", tag = "mailboxes", request_body = MailboxSettings,
    responses((status = 200, description = "What was found", body = ConnectionReport),
        (status = 403, description = "Needs an admin", body = ApiError)))]
async fn test(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Body(settings): Body<MailboxSettings>,
) -> Answered<Json<ConnectionReport>> {
    needs_admin(&caller)?;
    let mut mailbox = Mailbox::try_from(settings)?;
    let mut report = mailbox::test(&mut mailbox).await;
    if let Some(forecast) = &mut report.forecast {
        forecast.propose(core.directory.documents().members().values());
    }
    Ok(Json(report))
}

/// The folders of a connected mailbox, counted, with what each most likely means. Nothing is changed at the provider.
#[utoipa::path(get, path = "/v1/accounts/{id}/folders", tag = "mailboxes",
    params(("id" = String, Path, description = "Which mailbox")),
    responses((status = 200, description = "Folder by folder", body = Forecast),
        (status = 403, description = "Needs an admin", body = ApiError),
        (status = 404, description = "No such mailbox", body = ApiError),
        (status = 422, description = "The mailbox could not be reached", body = ApiError)))]
async fn folders(State(core): State<Arc<Core>>, caller: Caller, Path(id): Path<AccountId>) -> Answered<Json<Forecast>> {
    needs_admin(&caller)?;
    let account = core.directory.account(id).ok_or_else(Problem::not_found)?;
    let mut forecast = accounting::folders(&core, &account).await?;
    forecast.propose(core.directory.documents().members().values());
    Ok(Json(forecast))
}

/// Test a connected mailbox from end to end: a message to itself leaves, comes back and is deleted again. It never becomes a
/// conversation. Answered when the last step is done, which may take minutes.
#[utoipa::path(post, path = "/v1/accounts/{id}/trial", tag = "mailboxes",
    params(("id" = String, Path, description = "Which mailbox")),
    responses((status = 200, description = "Step by step", body = MailboxTrial),
        (status = 403, description = "Needs an admin", body = ApiError),
        (status = 404, description = "No such mailbox", body = ApiError),
        (status = 422, description = "It can't be tested as it is", body = ApiError)))]
async fn try_out(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Answered<Json<MailboxTrial>> {
    needs_admin(&caller)?;
    let account = core.directory.account(id).ok_or_else(Problem::not_found)?;
    let done = trial::run(&core, &account).await;
    Ok(Json(done.map_err(|error| {
        Problem::new(ErrorCode::MailboxRefused, error.to_string())
    })?))
}

/// A mailbox as it lies sealed.
async fn sealed(core: &Core, id: AccountId) -> Answered<Mailbox> {
    let account = core.directory.account(id).ok_or_else(Problem::not_found)?;
    let row = core
        .store
        .account_secret(account.id)
        .await?
        .ok_or_else(Problem::not_found)?;
    secret::open(&core.seal, id, &row).map_err(|error| Problem::internal(&error))
}

/// How a mailbox is signed in to. The team's client is in it, tokens and passwords are not.
#[utoipa::path(get, path = "/v1/accounts/{id}/sign-in", tag = "mailboxes",
    params(("id" = String, Path, description = "Which mailbox")),
    responses((status = 200, description = "The way", body = SignInWay),
        (status = 403, description = "Needs an admin", body = ApiError),
        (status = 404, description = "No such mailbox", body = ApiError)))]
async fn sign_in_way(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Answered<Json<SignInWay>> {
    needs_admin(&caller)?;
    let mailbox = sealed(&core, id).await?;
    Ok(Json(SignInWay {
        ends_at: mailbox.sign_in_ends(),
        client: mailbox.grant.as_ref().map(provider_client),
        address: mailbox.account.address,
    }))
}

fn provider_client(grant: &Grant) -> ProviderClient {
    let provider = match grant.provider.kind {
        ProviderKind::Google => ProviderName::Google,
        ProviderKind::Microsoft if grant.provider.is_for_graph() => ProviderName::MicrosoftGraph,
        ProviderKind::Microsoft => ProviderName::Microsoft,
        ProviderKind::Other => ProviderName::Other {
            auth_url: grant.provider.auth_url.to_string(),
            token_url: grant.provider.token_url.to_string(),
            scopes: grant.provider.scopes.clone(),
        },
    };
    ProviderClient {
        tenant: grant.provider.tenant(),
        provider,
        client_id: grant.client.id.clone(),
        client_secret: grant.client.secret.clone(),
    }
}

/// Sign in to a mailbox anew. It is tested first; what was kept before stays until the test went well.
#[utoipa::path(put, path = "/v1/accounts/{id}/sign-in", tag = "mailboxes", request_body = SetSignIn,
    params(("id" = String, Path, description = "Which mailbox")),
    responses((status = 204, description = "Signed in"),
        (status = 403, description = "Needs an admin", body = ApiError),
        (status = 404, description = "No such mailbox", body = ApiError),
        (status = 422, description = "The mailbox could not be reached or signed in to", body = ApiError)))]
async fn sign_in(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Body(with): Body<SetSignIn>,
) -> Answered<StatusCode> {
    needs_admin(&caller)?;
    let mut mailbox = sealed(&core, id).await?.signed_in(with)?;
    if let Some(words) = probe::first_problem(&mailbox::test(&mut mailbox).await) {
        return Err(Problem::new(ErrorCode::MailboxRefused, words));
    }
    let row = secret::seal(&core.seal, id, &mailbox).map_err(|error| Problem::internal(&error))?;
    core.store.put_account_secret(id, row, core.now()).await?;
    core.hosts.look_again();
    Ok(StatusCode::NO_CONTENT)
}

/// Received = accounted for.
#[utoipa::path(get, path = "/v1/accounts/{id}/balance", tag = "mailboxes",
    params(("id" = String, Path, description = "Which mailbox")),
    responses((status = 200, description = "The balance", body = Balance),
        (status = 404, description = "No such mailbox, or not readable", body = ApiError)))]
async fn balance(State(core): State<Arc<Core>>, caller: Caller, Path(id): Path<AccountId>) -> Answered<Json<Balance>> {
    let account = core.directory.account(id).ok_or_else(Problem::not_found)?;
    if !core
        .directory
        .capabilities(&caller.member, account.inbox)
        .contains(&Capability::Read)
    {
        return Err(Problem::not_found());
    }
    Ok(Json(core.balance(id).await?))
}

/// Hold the ledger against the mailbox itself: is there a message in what was read that has no line? Nothing is changed there.
#[utoipa::path(post, path = "/v1/accounts/{id}/balance/check", tag = "mailboxes",
    params(("id" = String, Path, description = "Which mailbox")),
    responses((status = 200, description = "Folder by folder", body = Vec<FolderCheck>),
        (status = 403, description = "Needs an admin", body = ApiError),
        (status = 404, description = "No such mailbox", body = ApiError),
        (status = 422, description = "The mailbox could not be reached", body = ApiError)))]
async fn check(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Answered<Json<Vec<FolderCheck>>> {
    needs_admin(&caller)?;
    let account = core.directory.account(id).ok_or_else(Problem::not_found)?;
    Ok(Json(accounting::check(&core, &account).await?))
}

/// Read once more what lies in quarantine: what can be read now becomes a message.
#[utoipa::path(post, path = "/v1/quarantine/retry", tag = "mailboxes",
    responses((status = 200, description = "What became of it", body = Retried),
        (status = 403, description = "Needs an admin", body = ApiError)))]
async fn retry(State(core): State<Arc<Core>>, caller: Caller) -> Answered<Json<Retried>> {
    needs_admin(&caller)?;
    Ok(Json(accounting::retry(&core, None).await?))
}

/// What could not be read, with its raw source.
#[utoipa::path(get, path = "/v1/quarantine", tag = "mailboxes",
    responses((status = 200, description = "Of all mailboxes the caller reads, the newest first", body = Vec<Quarantined>)))]
async fn quarantine(State(core): State<Arc<Core>>, caller: Caller) -> Answered<Json<Vec<Quarantined>>> {
    let readable = core.readable(caller.member.id);
    let accounts = core.directory.accounts();
    let mine = |account: AccountId| {
        accounts
            .iter()
            .any(|one| one.id == account && readable.inboxes.contains(&one.inbox))
    };
    let rows = core
        .store
        .quarantine(QUARANTINED)
        .await?
        .into_iter()
        .filter(|row| mine(row.account));
    let shown = rows.map(|row| Quarantined {
        account: row.account,
        folder: decode_folder_name(views::told(&row.folder).0),
        uid: row.uid,
        cause: cause(&row.why),
        why: row.why,
        blob: row.blob,
        at: row.at,
    });
    Ok(Json(shown.collect()))
}

/// The ledger keeps the words under which a message was laid aside; those of the parser have a name.
fn cause(why: &str) -> Option<QuarantineCause> {
    const CAUSES: [(Unreadable, QuarantineCause); 4] = [
        (Unreadable::Empty, QuarantineCause::Empty),
        (Unreadable::NoHeaders, QuarantineCause::NoHeaders),
        (Unreadable::TooNested, QuarantineCause::TooNested),
        (Unreadable::ParserFailed, QuarantineCause::Broken),
    ];
    let known = CAUSES.iter().find(|(unreadable, _)| unreadable.to_string() == why);
    known.map(|(_, cause)| *cause)
}

impl From<AccountingError> for Problem {
    fn from(error: AccountingError) -> Self {
        match error {
            AccountingError::Store(error) => error.into(),
            AccountingError::Referee(error) => error.into(),
            AccountingError::Mailbox(words) => Self::new(ErrorCode::MailboxRefused, words),
        }
    }
}

impl From<BadSettings> for Problem {
    fn from(error: BadSettings) -> Self {
        Self::new(ErrorCode::BadRequest, error.to_string())
    }
}

impl From<AddAccountError> for Problem {
    fn from(error: AddAccountError) -> Self {
        match error {
            AddAccountError::Refused(refused) => refused.into(),
            AddAccountError::Store(error) => error.into(),
            AddAccountError::Seal(error) => Self::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_reasons_for_quarantine_are_known_by_the_parsers_own_words() {
        let nothing = baton_channels::email::parse::parse(b"").map_err(|why| why.to_string());
        assert_eq!(nothing.err().as_deref().and_then(cause), Some(QuarantineCause::Empty));
        assert_eq!(
            cause(&Unreadable::ParserFailed.to_string()),
            Some(QuarantineCause::Broken)
        );
        assert_eq!(cause("a character no database takes"), None);
    }
}
