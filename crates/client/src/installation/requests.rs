//! Every request of the window, answered. Nothing is decided here.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use baton_channels::email::probe::first_problem;
use baton_domain::{AccountId, CommandBody, SlaPolicy};
use baton_protocol::{
    Acted, ApiError, Discovered, ErrorCode, Forecast, MailboxSettings, ProviderSignIn, Reply, Request, SetSignIn,
    SignInEnd,
};
use url::Url;

use super::setup::connect_mailbox;
use super::{Installation, Place, replica_error};
use crate::bodies;
use crate::engine::{Ask, SendPlan, Told};
use crate::net::error;
use crate::work::people::preview_on_call;
use crate::work::{Attached, Work, now};
use crate::{Language, Notification, NotificationAction, hosting, mailbox, signin};

impl Installation {
    pub(crate) async fn call(self: &Arc<Self>, request: Request) -> Result<Reply, ApiError> {
        match request {
            Request::Boot => Ok(Reply::Boot(self.boot().await)),
            Request::Setup(setup) => Ok(Reply::Setup(self.setup(setup).await?)),
            Request::Unlock(how) => Ok(Reply::Unlock(self.unlock(how).await?)),
            Request::SignOut => Ok(Reply::SignOut(self.sign_out().await?)),
            Request::DiscoverMailbox { address, directory } => {
                Ok(Reply::DiscoverMailbox(discover(&address, directory).await?))
            }
            Request::TestMailbox(settings) => self.test_mailbox(settings).await,
            Request::SignInMailbox { address, client } => {
                let (end, _) = self.sign_ins.sign_in(&*self.shell, &address, &client).await?;
                Ok(Reply::SignInMailbox(end))
            }
            Request::ReconnectMailbox { account, password } => {
                Ok(Reply::ReconnectMailbox(self.reconnect(account, password).await?))
            }
            Request::TryMailbox { account } => {
                let work = self.work().await?;
                Ok(Reply::TryMailbox(work.http.try_mailbox(account).await?))
            }
            Request::ConnectMailbox { mailbox, mode, folders } => {
                let sign_in = mailbox.sign_in.clone();
                let mailbox = self.sign_ins.with_tokens(mailbox)?;
                let account = connect_mailbox(&self.work().await?.http, mailbox, mode, folders).await?;
                self.sign_ins.forget(sign_in.as_ref());
                Ok(Reply::ConnectMailbox(account))
            }
            Request::TestMailboxHere(settings) => {
                let settings = self.sign_ins.with_tokens(settings)?;
                let mut report = mailbox::test(settings).await?;
                if let Some(forecast) = &mut report.forecast {
                    match self.work().await {
                        Ok(work) => propose(&work, forecast).await,
                        // At first run there is nobody yet whose folder it could be.
                        Err(_) => forecast.propose(&[]),
                    }
                }
                Ok(Reply::TestMailboxHere(report))
            }
            Request::HostMailbox { mailbox, mode, folders } => {
                let sign_in = mailbox.sign_in.clone();
                let mailbox = self.sign_ins.with_tokens(mailbox)?;
                let account = hosting::connect(&self.work().await?, mailbox, mode, folders).await?;
                self.sign_ins.forget(sign_in.as_ref());
                Ok(Reply::HostMailbox(account))
            }
            Request::MoveMailbox { account, mailbox, here } => {
                let sign_in = mailbox.sign_in.clone();
                let mailbox = self.sign_ins.with_tokens(mailbox)?;
                let moved = hosting::move_to(&self.work().await?, account, mailbox, here).await?;
                self.sign_ins.forget(sign_in.as_ref());
                Ok(Reply::MoveMailbox(moved))
            }
            Request::OpenLink { url } => self.open_link(&url),
            Request::TestNotification => Ok(Reply::TestNotification(self.test_notification().await)),
            request => at_work(&self.work().await?, request).await,
        }
    }

    /// Signs a connected mailbox in anew: with a password, or on the page and through the client it was connected by.
    async fn reconnect(&self, account: AccountId, password: Option<String>) -> Result<SignInEnd, ApiError> {
        let work = self.work().await?;
        let kept = hosting::kept_here(&work, account).await?;
        let sign_in = async |with: SetSignIn| match kept.clone() {
            Some(kept) => hosting::sign_in_anew(&work, account, kept, with).await,
            None => work.http.set_sign_in(account, &with).await,
        };
        if let Some(password) = password {
            let with = SetSignIn {
                password: Some(password),
                sign_in: None,
            };
            sign_in(with).await?;
            return Ok(SignInEnd::SignedIn {
                held: String::new(),
                ends_at: None,
            });
        }
        let with_password = || error(ErrorCode::BadRequest, "this mailbox is signed in to with a password");
        let (end, grant) = if let Some(kept) = &kept {
            let before = mailbox::grant(kept)?.ok_or_else(with_password)?;
            self.sign_ins
                .sign_in_again(&*self.shell, &kept.address, &before)
                .await?
        } else {
            let way = work.http.sign_in_way(account).await?;
            let client = way.client.ok_or_else(with_password)?;
            self.sign_ins.sign_in(&*self.shell, &way.address, &client).await?
        };
        if let Some(grant) = grant {
            sign_in(signin::anew(&grant)?).await?;
            if let SignInEnd::SignedIn { held, .. } = &end {
                self.sign_ins.forget(Some(&ProviderSignIn::Held { id: held.clone() }));
            }
        }
        Ok(end)
    }

    /// A mailbox is tried from where it will be read: a team's server, or this computer.
    async fn test_mailbox(&self, settings: MailboxSettings) -> Result<Reply, ApiError> {
        let settings = self.sign_ins.with_tokens(settings)?;
        let server = match &*self.place.read().await {
            Place::Ready(_, session, work) if session.embedded.is_none() => Some(work.clone()),
            _ => None,
        };
        let report = match server {
            Some(work) => work.http.test_mailbox(&settings).await?,
            None => mailbox::test(settings).await?,
        };
        Ok(Reply::TestMailbox(report))
    }

    fn open_link(&self, link: &str) -> Result<Reply, ApiError> {
        let bad = || error(ErrorCode::BadRequest, "only web and mail links are opened");
        let url = Url::parse(link).map_err(|_| bad())?;
        if !matches!(url.scheme(), "https" | "http" | "mailto") {
            return Err(bad());
        }
        let opened = self.shell.open_url(url.as_str());
        opened.map_err(|cause| error(ErrorCode::NotFound, cause.to_string()))?;
        Ok(Reply::OpenLink)
    }

    async fn test_notification(&self) -> bool {
        let work = match &*self.place.read().await {
            Place::Ready(_, _, work) => Some(work.clone()),
            _ => None,
        };
        let language = match work {
            Some(work) => work.look(|engine| engine.language()).await,
            None => Language::system(),
        };
        let open = NotificationAction {
            id: "open".to_owned(),
            label: language.say("notify_open", &[]),
        };
        let notification = Notification {
            key: format!("test/{}", now().0),
            title: language.say("notify_test_title", &[]),
            body: language.say("notify_test_text", &[]),
            actions: vec![open],
            conversation: None,
        };
        self.shell.notify(notification).is_ok()
    }
}

async fn discover(address: &str, directory: bool) -> Result<Discovered, ApiError> {
    let found = mailbox::discovered(address, directory).await;
    found.ok_or_else(|| error(ErrorCode::BadRequest, "this is not a mail address"))
}

async fn at_work(work: &Arc<Work>, request: Request) -> Result<Reply, ApiError> {
    match request {
        Request::List(query) => Ok(Reply::List(work.look(|engine| engine.list(&query)).await)),
        Request::Counts => Ok(Reply::Counts(work.look(|engine| engine.counts()).await)),
        Request::Open { conversation } => {
            let opened = work.open(conversation).await.map_err(replica_error)?;
            let opened = opened.ok_or_else(|| error(ErrorCode::NotFound, "there is no such conversation here"))?;
            Ok(Reply::Open(Box::new(opened)))
        }
        Request::Search { text, limit } => Ok(Reply::Search(work.search(&text, limit).await)),
        Request::Exceptions => Ok(Reply::Exceptions(work.look(|engine| engine.exceptions()).await)),
        Request::UsedDetails => Ok(Reply::UsedDetails(work.look(|engine| engine.used_details()).await)),
        Request::Held => Ok(Reply::Held(work.look(|engine| engine.held_list()).await)),
        Request::Team => Ok(Reply::Team(work.look(|engine| engine.team()).await)),
        Request::Health => {
            // Told as far as it is known; what came in since then follows as an event.
            work.count_anew();
            Ok(Reply::Health(work.look(|engine| engine.health_rows()).await))
        }
        Request::Settings => Ok(Reply::Settings(work.look(|engine| engine.settings().clone()).await)),
        Request::Body { message, remote_images } => Ok(Reply::Body(work.body(message, remote_images).await?)),
        Request::Source { message } => Ok(Reply::Source(work.source(message).await?)),
        Request::Nested {
            message,
            index,
            remote_images,
        } => Ok(Reply::Nested(Box::new(
            work.nested(message, index, remote_images).await?,
        ))),
        Request::AnswerInvitation { message, answer } => {
            Ok(Reply::AnswerInvitation(work.answer_invitation(message, answer).await?))
        }
        Request::Forward { message } => Ok(Reply::Forward(Box::new(work.forward(message).await?))),
        Request::SaveAttachment { message, index } => {
            Ok(Reply::SaveAttachment(work.save_attachment(message, index).await?))
        }
        Request::Attach { name, base64, .. } => {
            let bytes = BASE64.decode(base64);
            let bytes = bytes.map_err(|cause| error(ErrorCode::BadRequest, cause.to_string()))?;
            Ok(Reply::Attach(work.attach(Attached { name, bytes }).await?))
        }
        Request::Invite(invite) => Ok(Reply::Invite(work.http.invite(&invite).await?)),
        Request::Sessions => Ok(Reply::Sessions(work.http.sessions().await?)),
        Request::RevokeSession { session } => {
            work.http.end_session(session).await?;
            Ok(Reply::RevokeSession)
        }
        Request::SaveSignature { text } => {
            work.save_signature(text).await?;
            Ok(Reply::SaveSignature)
        }
        Request::SaveAccountSignatures { account, signatures } => Ok(Reply::SaveAccountSignatures(
            work.save_account_signatures(account, signatures).await?,
        )),
        Request::SaveAccountFolders { account, folders } => Ok(Reply::SaveAccountFolders(
            work.save_account_folders(account, folders).await?,
        )),
        Request::MailboxFolders { account } => Ok(Reply::MailboxFolders(folders_of(work, account).await?)),
        Request::PreviewText { text } => Ok(Reply::PreviewText(bodies::as_html(&text))),
        Request::CheckMailbox { account } => Ok(Reply::CheckMailbox(work.http.check_balance(account).await?)),
        Request::Quarantine => Ok(Reply::Quarantine(work.http.quarantine().await?)),
        Request::QuarantineSource { blob } => Ok(Reply::QuarantineSource(work.quarantine_source(&blob).await?)),
        Request::QuarantineRetry => Ok(Reply::QuarantineRetry(work.http.retry_quarantine().await?)),
        Request::SaveEscalation { inbox, path, before } => {
            Ok(Reply::SaveEscalation(work.save_escalation(inbox, path, &before).await?))
        }
        Request::SaveWorkflow(save) => Ok(Reply::SaveWorkflow(work.save_workflow(save).await?)),
        Request::SaveAutoReplies(save) => Ok(Reply::SaveAutoReplies(work.save_auto_replies(save).await?)),
        Request::SaveStaleDays { inbox, days, before } => {
            Ok(Reply::SaveStaleDays(work.save_stale_days(inbox, days, before).await?))
        }
        Request::SaveAvailability(save) => Ok(Reply::SaveAvailability(work.save_availability(save).await?)),
        Request::SaveOnCall(save) => Ok(Reply::SaveOnCall(work.save_on_call(save).await?)),
        Request::PreviewOnCall(asked) => Ok(Reply::PreviewOnCall(preview_on_call(&asked, work.time().await))),
        Request::SaveTargets { inbox, sla, before } => {
            Ok(Reply::SaveTargets(work.save_targets(inbox, sla, &before).await?))
        }
        Request::SaveHours {
            inbox,
            calendar,
            before,
        } => Ok(Reply::SaveHours(work.save_hours(inbox, calendar, &before).await?)),
        Request::Begin {
            conversation,
            inbox,
            account,
            to,
            subject,
        } => {
            let body = CommandBody::Start {
                inbox,
                account,
                to,
                subject,
            };
            Ok(Reply::Begin(work.begin(conversation, body).await?))
        }
        Request::With { email } => Ok(Reply::With(work.look(|engine| engine.with_address(&email)).await)),
        Request::Companies => Ok(Reply::Companies(work.companies().await?)),
        Request::SaveCompanies { companies, based_on } => {
            Ok(Reply::SaveCompanies(work.save_companies(companies, based_on).await?))
        }
        Request::Rules => Ok(Reply::Rules(work.rules().await?)),
        Request::SaveRules { rules, based_on } => Ok(Reply::SaveRules(work.save_rules(rules, based_on).await?)),
        Request::RuleDrift { after } => Ok(Reply::RuleDrift(work.rule_drift(after).await?)),
        Request::RehearseRules { rules, after } => Ok(Reply::RehearseRules(work.rehearse_rules(rules, after).await?)),
        Request::UsualTargets => Ok(Reply::UsualTargets(SlaPolicy::usual())),
        Request::SetAccountMode { account, mode } => {
            Ok(Reply::SetAccountMode(work.set_account_mode(account, mode).await?))
        }
        request => asked(work, request).await,
    }
}

/// The folders of a connected mailbox, looked at by whoever hosts it.
async fn folders_of(work: &Arc<Work>, account: AccountId) -> Result<Forecast, ApiError> {
    let Some(kept) = hosting::kept_here(work, account).await? else {
        return work.http.mailbox_folders(account).await;
    };
    let report = mailbox::test(kept).await?;
    let said = first_problem(&report).unwrap_or_else(|| "its folders could not be counted".to_owned());
    let mut forecast = report.forecast.ok_or_else(|| error(ErrorCode::MailboxRefused, &said))?;
    propose(work, &mut forecast).await;
    Ok(forecast)
}

/// What folders most likely mean to this team.
async fn propose(work: &Work, forecast: &mut Forecast) {
    let team = work.look(|engine| engine.team()).await;
    forecast.propose(&team.members);
}

/// Requests that the engine itself answers.
async fn asked(work: &Arc<Work>, request: Request) -> Result<Reply, ApiError> {
    match request {
        Request::Act {
            conversation,
            body,
            last_seen,
        } => {
            let ask = Ask::Act {
                conversation,
                body,
                last_seen,
            };
            Ok(Reply::Act(acted(work, ask).await?))
        }
        Request::Review { anew } => {
            work.ask(Ask::Review { anew }).await?;
            let review = work.look(|engine| engine.review()).await;
            let review = review.ok_or_else(|| error(ErrorCode::NotFound, "no review was begun"))?;
            Ok(Reply::Review(review))
        }
        Request::SignOffReview => Ok(Reply::SignOffReview(acted(work, Ask::SignOffReview).await?)),
        Request::Undo => Ok(Reply::Undo(acted(work, Ask::Undo).await?)),
        Request::Send {
            conversation,
            after,
            quote,
            close,
            send_at,
            last_seen,
        } => {
            let plan = SendPlan {
                after,
                quote,
                close,
                send_at,
            };
            let ask = Ask::Send {
                conversation,
                plan,
                last_seen,
            };
            Ok(Reply::Send(acted(work, ask).await?))
        }
        Request::ResolveHeld { id, how } => Ok(Reply::ResolveHeld(acted(work, Ask::ResolveHeld { id, how }).await?)),
        Request::Looking { conversation, seen } => {
            work.ask(Ask::Looking { conversation, seen }).await?;
            Ok(Reply::Looking)
        }
        Request::Compose {
            conversation,
            draft,
            cover,
        } => {
            let ask = Ask::Compose {
                conversation,
                draft,
                cover,
            };
            match work.ask(ask).await? {
                Told::Composed(composed) => Ok(Reply::Compose(composed)),
                other => Err(unexpected(&other)),
            }
        }
        Request::Discard { conversation } => {
            work.ask(Ask::Discard { conversation }).await?;
            Ok(Reply::Discard)
        }
        Request::SaveSettings(settings) => {
            work.ask(Ask::SaveSettings(settings)).await?;
            Ok(Reply::SaveSettings(work.look(|engine| engine.settings().clone()).await))
        }
        // Everything else was answered before; a request may carry secrets, so it is not named.
        _ => Err(error(ErrorCode::BadRequest, "this request is not answered at work")),
    }
}

async fn acted(work: &Arc<Work>, ask: Ask) -> Result<Acted, ApiError> {
    match work.ask(ask).await? {
        Told::Acted(acted) => Ok(acted),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(told: &Told) -> ApiError {
    error(ErrorCode::Internal, format!("the engine answered {told:?}"))
}
