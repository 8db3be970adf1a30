//! The connection test: every step by itself, so that a failure says where and why.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::account::{ConnectError, EmailAccount, Secret};
use super::imap::{FolderRole, ImapConn};
use super::{net, smtp};

/// A step of the test, in the order they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProbeStep {
    /// The mail server's name is known.
    ImapResolve,
    /// It answers.
    ImapConnect,
    /// The connection is protected and the password accepted.
    ImapSignIn,
    /// INBOX can be read, and a folder for sent mail is there.
    Folders,
    /// The sending server's name is known.
    SmtpResolve,
    /// It answers.
    SmtpConnect,
    /// The connection is protected and the password accepted.
    SmtpSignIn,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// The step.
    pub step: ProbeStep,
    /// Why it failed; none where it worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<ConnectError>,
}

/// The whole test. Steps behind a failed one are not taken and not listed; reading and sending are tested independently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionReport {
    /// Whether everything works.
    pub ok: bool,
    /// The steps taken.
    pub steps: Vec<StepReport>,
    /// Messages in INBOX.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub inbox_messages: Option<u32>,
    /// The folder for sent mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sent_folder: Option<String>,
    /// Whether the server tells of new mail by itself; otherwise Baton asks every half minute.
    pub pushes: bool,
}

impl ConnectionReport {
    fn note(&mut self, step: ProbeStep, result: Result<(), ConnectError>) -> bool {
        let error = result.err();
        let ok = error.is_none();
        self.steps.push(StepReport { step, error });
        self.ok &= ok;
        ok
    }
}

/// Tests an account. It changes nothing on the server: no flag, no folder, no message.
pub async fn test(account: &EmailAccount, secret: &Secret) -> ConnectionReport {
    let mut report = ConnectionReport {
        ok: true,
        steps: Vec::new(),
        inbox_messages: None,
        sent_folder: None,
        pushes: false,
    };
    reading(account, secret, &mut report).await;
    sending(account, secret, &mut report).await;
    report
}

async fn reading(account: &EmailAccount, secret: &Secret, report: &mut ConnectionReport) {
    if !report.note(ProbeStep::ImapResolve, net::resolve(&account.imap).await.map(drop)) {
        return;
    }
    if !report.note(ProbeStep::ImapConnect, net::connect_tcp(&account.imap).await.map(drop)) {
        return;
    }
    let mut conn = match ImapConn::open(account, secret).await {
        Ok(conn) => conn,
        Err(error) => {
            report.note(ProbeStep::ImapSignIn, Err(error));
            return;
        }
    };
    report.note(ProbeStep::ImapSignIn, Ok(()));
    report.pushes = conn.can("IDLE");
    let host = &account.imap.host;
    let folders = async {
        let opened = conn.examine("INBOX").await.map_err(|_| ConnectError::FolderMissing {
            folder: "INBOX".to_owned(),
        })?;
        let folders = conn
            .folders(account.sent_folder.as_deref())
            .await
            .map_err(|error| error.into_connect_error(host))?;
        Ok((
            opened.exists,
            folders
                .into_iter()
                .find(|folder| folder.role == FolderRole::Sent)
                .map(|folder| folder.name),
        ))
    };
    let outcome = folders.await.map(|(exists, sent)| {
        report.inbox_messages = Some(exists);
        report.sent_folder = sent;
    });
    report.note(ProbeStep::Folders, outcome);
    conn.logout().await;
}

async fn sending(account: &EmailAccount, secret: &Secret, report: &mut ConnectionReport) {
    if !report.note(ProbeStep::SmtpResolve, net::resolve(&account.smtp).await.map(drop)) {
        return;
    }
    if !report.note(ProbeStep::SmtpConnect, net::connect_tcp(&account.smtp).await.map(drop)) {
        return;
    }
    report.note(ProbeStep::SmtpSignIn, smtp::check(account, secret).await.map(drop));
}
