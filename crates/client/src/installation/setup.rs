//! First run: a sample, a mailbox of one's own, or a team's server.

use std::sync::Arc;
use std::time::Duration;

use baton_domain::{AccountMode, FolderChoice};
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
        let (opened, before, sample) = match &*place {
            Place::FirstRun(opened) => (opened.clone(), None, None),
            Place::SignedOut(opened, session) => (opened.clone(), Some(session.clone()), None),
            // From the sample one goes on to the real thing.
            Place::Ready(opened, session, work) if session.embedded == Some(EmbeddedKind::Sample) => {
                (opened.clone(), None, Some((session.clone(), work.clone())))
            }
            Place::Ready(..) => return Err(error(ErrorCode::BadRequest, "sign out first")),
            Place::Locked { reason } => return Err(error(ErrorCode::KeyringUnavailable, reason.clone())),
        };
        let mut setup = setup;
        let sign_in = match &mut setup {
            Setup::Mailbox { mailbox, .. } => {
                let sign_in = mailbox.sign_in.clone();
                **mailbox = self.sign_ins.with_tokens((**mailbox).clone())?;
                sign_in
            }
            Setup::Sample | Setup::Join { .. } => None,
        };
        // What may fail by a wrong password fails before anything is given up.
        let joined = match &setup {
            Setup::Sample => None,
            Setup::Mailbox { mailbox, .. } => {
                mailbox::must_work(mailbox).await?;
                None
            }
            Setup::Join { .. } => Some(self.join(&opened, before.as_ref(), &setup).await?),
        };
        if let Some((session, work)) = sample {
            work.stop().await;
            *place = Place::FirstRun(opened.clone());
            self.wipe(&opened, Some(&session)).await?;
        }
        let (session, running) = match (setup, joined) {
            (_, Some(session)) => (session, None),
            (
                Setup::Mailbox {
                    name,
                    mailbox,
                    mode,
                    folders,
                },
                None,
            ) => self.own_mailbox(&opened, name, (*mailbox, mode, folders)).await?,
            (Setup::Sample | Setup::Join { .. }, None) => self.sample(&opened).await?,
        };
        // The replica stays where the same person comes back to the same server: what waits in it is theirs.
        let same = before
            .as_ref()
            .is_some_and(|before| before.member.id == session.member.id && before.server == session.server);
        if !same {
            self.wipe_rows(&opened, before.as_ref()).await?;
        }
        self.sign_ins.forget(sign_in.as_ref());
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

    /// A mailbox of one's own: a server in this program takes it over.
    async fn own_mailbox(
        &self,
        opened: &Opened,
        name: String,
        (mailbox, mode, folders): (MailboxSettings, AccountMode, Vec<FolderChoice>),
    ) -> Result<(SessionRow, Option<Embedded>), ApiError> {
        let kind = EmbeddedKind::Mailbox {
            name,
            email: mailbox.address.clone(),
        };
        let running = self.start_embedded(opened, kind.clone()).await?;
        let http = Http::new()?;
        http.set_address(address_of(&running)?);
        if let Err(error) = connect_mailbox(&http, mailbox, mode, folders).await {
            if let Some(server) = &self.embedded {
                server.stop().await;
            }
            return Err(error);
        }
        let session = SessionRow::embedded(kind, running.member.clone(), new_device()?);
        Ok((session, Some(running)))
    }

    /// Signs in at a team's server, or joins it with an invitation.
    async fn join(&self, opened: &Opened, before: Option<&SessionRow>, setup: &Setup) -> Result<SessionRow, ApiError> {
        let Setup::Join {
            server,
            email,
            password,
            invitation,
        } = setup
        else {
            return Err(error(ErrorCode::BadRequest, "no server was named"));
        };
        let password = password.clone();
        let url = Address::parse(server).map_err(|cause| error(ErrorCode::BadRequest, cause.to_string()))?;
        // Signing in again it is the same installation as before.
        let device = match before {
            Some(before) => before.device,
            None => new_device()?,
        };
        let device_name = self.config.device_name.clone();
        let http = Http::new()?;
        let signed_in: SignedIn = match invitation.as_ref().filter(|code| !code.trim().is_empty()) {
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

/// Connects a mailbox to the workspace.
pub(super) async fn connect_mailbox(
    http: &Http,
    mailbox: MailboxSettings,
    mode: AccountMode,
    folders: Vec<FolderChoice>,
) -> Result<baton_domain::Account, ApiError> {
    let account = AddAccount {
        mailbox,
        inbox: None,
        mode,
        folders,
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
