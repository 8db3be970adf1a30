//! First run: a sample, a mailbox of one's own, or a team's server.

use std::sync::Arc;
use std::time::Duration;

use baton_domain::AccountMode;
use baton_protocol::{AddAccount, ApiError, Boot, ErrorCode, Join, MailboxSettings, Setup, SignIn, SignedIn};
use tokio::time::timeout;

use super::{Installation, Opened, Place, address_of, new_device, replica_error};
use crate::installation::session::SessionRow;
use crate::net::{Address, Http, error};
use crate::work::Work;
use crate::{Embedded, EmbeddedKind, mailbox};

/// How long the window waits for the first rows; after that it shows how they come in.
const FIRST_ROWS: Duration = Duration::from_secs(15);

impl Installation {
    pub(crate) async fn setup(self: &Arc<Self>, setup: Setup) -> Result<Boot, ApiError> {
        let mut place = self.place.write().await;
        let (opened, before) = match &*place {
            Place::FirstRun(opened) => (opened.clone(), None),
            Place::SignedOut(opened, session) => (opened.clone(), Some(session.clone())),
            // From the sample one goes on to the real thing.
            Place::Ready(opened, session, work) if session.embedded == Some(EmbeddedKind::Sample) => {
                work.stop().await;
                let (opened, session) = (opened.clone(), session.clone());
                self.wipe(&opened, Some(&session)).await?;
                *place = Place::FirstRun(opened.clone());
                (opened, None)
            }
            Place::Ready(..) => return Err(error(ErrorCode::BadRequest, "sign out first")),
            Place::Locked { reason } => return Err(error(ErrorCode::KeyringUnavailable, reason.clone())),
        };
        let (session, running) = match setup {
            Setup::Sample => self.sample(&opened).await?,
            Setup::Mailbox { name, mailbox } => self.own_mailbox(&opened, name, *mailbox).await?,
            Setup::Join {
                server,
                email,
                password,
                invitation,
            } => {
                let session = self
                    .join(&opened, before.as_ref(), &server, email, password, invitation)
                    .await?;
                (session, None)
            }
        };
        // The replica stays where the same person comes back to the same server: what waits in it is theirs.
        let same = before
            .as_ref()
            .is_some_and(|before| before.member.id == session.member.id && before.server == session.server);
        if !same {
            self.wipe_rows(&opened, before.as_ref()).await?;
        }
        session.save(&opened.store).await.map_err(replica_error)?;
        let work = self.begin_work(&opened, &session, running).await?;
        *place = Place::Ready(opened, session, work.clone());
        drop(place);
        first_rows(&work).await;
        Ok(self.boot().await)
    }

    /// Another person's rows go; a server that was just started for the new session stays.
    async fn wipe_rows(&self, opened: &Opened, before: Option<&SessionRow>) -> Result<(), ApiError> {
        if before.is_none() {
            return Ok(());
        }
        let remote = before.filter(|before| before.embedded.is_none());
        self.wipe(opened, remote).await
    }

    async fn sample(&self, opened: &Opened) -> Result<(SessionRow, Option<Embedded>), ApiError> {
        let running = self.start_embedded(opened, EmbeddedKind::Sample).await?;
        let session = SessionRow::embedded(EmbeddedKind::Sample, running.member.clone(), new_device()?);
        Ok((session, Some(running)))
    }

    /// A mailbox of one's own: tried first, then a server in this program takes it over.
    async fn own_mailbox(
        &self,
        opened: &Opened,
        name: String,
        mailbox: MailboxSettings,
    ) -> Result<(SessionRow, Option<Embedded>), ApiError> {
        let report = mailbox::test(mailbox.clone()).await;
        if let Some(words) = mailbox::first_problem(&report) {
            return Err(error(ErrorCode::MailboxRefused, words));
        }
        let kind = EmbeddedKind::Mailbox {
            name,
            email: mailbox.address.clone(),
        };
        let running = self.start_embedded(opened, kind.clone()).await?;
        let http = Http::new()?;
        http.set_address(address_of(&running)?);
        if let Err(error) = connect_mailbox(&http, mailbox).await {
            if let Some(server) = &self.embedded {
                server.stop().await;
            }
            return Err(error);
        }
        let session = SessionRow::embedded(kind, running.member.clone(), new_device()?);
        Ok((session, Some(running)))
    }

    async fn join(
        &self,
        opened: &Opened,
        before: Option<&SessionRow>,
        server: &str,
        email: String,
        password: String,
        invitation: Option<String>,
    ) -> Result<SessionRow, ApiError> {
        let url = Address::parse(server).map_err(|cause| error(ErrorCode::BadRequest, cause.to_string()))?;
        // Signing in again it is the same installation as before.
        let device = match before {
            Some(before) => before.device,
            None => new_device()?,
        };
        let device_name = self.config.device_name.clone();
        let http = Http::new()?;
        let signed_in: SignedIn = match invitation.filter(|code| !code.trim().is_empty()) {
            Some(code) => {
                let join = Join {
                    code: code.trim().to_owned(),
                    password,
                    device,
                    device_name,
                };
                http.join(&url, &join).await?
            }
            None => {
                let who = SignIn {
                    email: email.trim().to_owned(),
                    password,
                    device,
                    device_name,
                };
                http.sign_in(&url, &who).await?
            }
        };
        let address = url.as_str().trim_end_matches('/').to_owned();
        let mut session = SessionRow::remote(address, signed_in.member, device);
        session.set_token(&signed_in.token, &opened.key)?;
        Ok(session)
    }
}

/// Connects a mailbox to the workspace. It may send from the first day; watching only is chosen later.
pub(super) async fn connect_mailbox(http: &Http, mailbox: MailboxSettings) -> Result<baton_domain::Account, ApiError> {
    let account = AddAccount {
        mailbox,
        inbox: None,
        mode: AccountMode::Together,
    };
    http.add_account(&account).await
}

/// Waits until there is something to show: the team, and the first rows.
async fn first_rows(work: &Arc<Work>) {
    let mut events = work.listen();
    let here = async {
        while !work
            .look(|engine| engine.me().is_some() && engine.cursor().is_some())
            .await
        {
            if events.recv().await.is_err() {
                return;
            }
        }
    };
    if timeout(FIRST_ROWS, here).await.is_err() {
        tracing::info!("the first rows are still on their way");
    }
}
