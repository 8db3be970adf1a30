//! A mailbox's settings in their three forms: as they come over the wire, as the channel needs them, and as they lie sealed in
//! the database. And a mail server's trouble in the form the window has words for.

use baton_channels::email::probe;
use baton_channels::email::{ConnectError, EmailAccount, Endpoint, Secret, Security};
use baton_protocol as wire;
use baton_protocol::{MailProblem, MailProblemKind, MailboxSettings};
use serde::{Deserialize, Serialize};

/// How to reach a mailbox, with its password. It lies sealed in the database and never prints.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mailbox {
    /// How to reach it.
    pub account: EmailAccount,
    password: String,
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl Mailbox {
    /// The password.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::new(self.password.clone())
    }
}

impl From<MailboxSettings> for Mailbox {
    fn from(settings: MailboxSettings) -> Self {
        let name = settings.name.trim().to_owned();
        let account = EmailAccount {
            address: settings.address.trim().to_owned(),
            display_name: (!name.is_empty()).then_some(name),
            imap: endpoint(settings.imap),
            smtp: endpoint(settings.smtp),
            user: settings.user.trim().to_owned(),
            extra_ca: settings.extra_ca,
            sent_folder: None,
            provider_files_sent: false,
        };
        Self {
            account,
            password: settings.password,
        }
    }
}

fn endpoint(server: wire::MailServer) -> Endpoint {
    let security = match server.security {
        wire::Security::Tls => Security::Tls,
        wire::Security::StartTls => Security::StartTls,
        wire::Security::Plain => Security::Plain,
    };
    Endpoint::new(server.host.trim(), server.port, security)
}

/// What is wrong, for the window.
#[must_use]
pub fn problem(error: &ConnectError, server: &str) -> MailProblem {
    let (kind, said) = match error {
        ConnectError::NameNotFound { .. } => (MailProblemKind::NameNotFound, None),
        ConnectError::Refused { .. } => (MailProblemKind::Refused, None),
        ConnectError::Unreachable { detail, .. } => (MailProblemKind::Refused, Some(detail)),
        ConnectError::TimedOut { .. } => (MailProblemKind::TimedOut, None),
        ConnectError::NoTlsOffered { .. } | ConnectError::PlainNotAllowed { .. } => (MailProblemKind::NoTls, None),
        ConnectError::Certificate { detail, .. } | ConnectError::BadExtraCa { detail } => {
            (MailProblemKind::Certificate, Some(detail))
        }
        ConnectError::WrongPassword { reply, .. } => (MailProblemKind::WrongPassword, Some(reply)),
        ConnectError::NoLoginOffered { offered, .. } => (MailProblemKind::Protocol, Some(offered)),
        ConnectError::Busy { reply, .. } => (MailProblemKind::Disconnected, Some(reply)),
        ConnectError::FolderMissing { folder } => (MailProblemKind::FolderMissing, Some(folder)),
        ConnectError::Denied { reply, .. } => (MailProblemKind::Rejected, Some(reply)),
        ConnectError::Closed { .. } => (MailProblemKind::Disconnected, None),
        ConnectError::Protocol { detail, .. } => (MailProblemKind::Protocol, Some(detail)),
    };
    MailProblem {
        kind,
        server: server.to_owned(),
        said: said.cloned(),
    }
}

/// Tests a mailbox: every step by itself. Nothing is changed at the provider.
pub async fn test(mailbox: &Mailbox) -> wire::ConnectionReport {
    let found = probe::test(&mailbox.account, &mailbox.secret()).await;
    let steps = found
        .steps
        .into_iter()
        .filter_map(|step| shown(step, &mailbox.account))
        .collect();
    wire::ConnectionReport {
        steps,
        messages: found.inbox_messages,
    }
}

/// A step as the window shows it. That a name was found is no news by itself.
fn shown(taken: probe::StepReport, account: &EmailAccount) -> Option<wire::ProbeStep> {
    use probe::ProbeStep as Taken;
    use wire::ProbeStepKind as Shown;
    let securing = matches!(
        taken.error,
        Some(
            ConnectError::NoTlsOffered { .. }
                | ConnectError::Certificate { .. }
                | ConnectError::PlainNotAllowed { .. }
                | ConnectError::BadExtraCa { .. }
        )
    );
    let (step, end) = match taken.step {
        Taken::ImapResolve | Taken::SmtpResolve if taken.error.is_none() => return None,
        Taken::ImapResolve | Taken::ImapConnect => (Shown::ImapConnect, &account.imap),
        Taken::ImapSignIn if securing => (Shown::ImapTls, &account.imap),
        Taken::ImapSignIn => (Shown::ImapLogin, &account.imap),
        Taken::Folders => (Shown::ImapFolders, &account.imap),
        Taken::SmtpResolve | Taken::SmtpConnect => (Shown::SmtpConnect, &account.smtp),
        Taken::SmtpSignIn if securing => (Shown::SmtpTls, &account.smtp),
        Taken::SmtpSignIn => (Shown::SmtpLogin, &account.smtp),
    };
    let server = server(end);
    let problem = taken.error.as_ref().map(|error| problem(error, &server));
    Some(wire::ProbeStep {
        step,
        server,
        problem,
        took_ms: 0,
    })
}

/// `host:port`.
#[must_use]
pub fn server(end: &Endpoint) -> String {
    format!("{}:{}", end.host, end.port)
}

/// The first thing that is wrong, in words for a terminal and a log.
#[must_use]
pub fn first_problem(report: &wire::ConnectionReport) -> Option<String> {
    let step = report.steps.iter().find(|step| step.problem.is_some())?;
    step.problem.as_ref().map(in_words)
}

/// What is wrong with a mail server, in words for a terminal.
#[must_use]
pub fn in_words(problem: &MailProblem) -> String {
    let server = &problem.server;
    let said = problem
        .said
        .as_deref()
        .map(|said| format!(" It said: {said}"))
        .unwrap_or_default();
    let words = match problem.kind {
        MailProblemKind::NameNotFound => "does not exist, or this machine has no network. Check the name.",
        MailProblemKind::Refused => "can't be reached. Check host, port and firewall.",
        MailProblemKind::TimedOut => "does not answer. Check host, port and firewall.",
        MailProblemKind::NoTls => "offers no encryption. Try the port for TLS (993 and 465) or STARTTLS (143 and 587).",
        MailProblemKind::Certificate => {
            "shows a certificate that is not trusted. Give your own authority with --extra-ca."
        }
        MailProblemKind::WrongPassword => "does not accept the password. Some providers want an app password.",
        MailProblemKind::FolderMissing => "lacks a folder.",
        MailProblemKind::Disconnected => "closed the connection.",
        MailProblemKind::Protocol => "said something that is not mail. Check the port.",
        MailProblemKind::Rejected => "refused.",
        MailProblemKind::DiskFull => "could not be read: there is no room on this machine's disk.",
    };
    format!("{server} {words}{said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> MailboxSettings {
        let server = |host: &str, port| wire::MailServer {
            host: host.to_owned(),
            port,
            security: wire::Security::Tls,
        };
        MailboxSettings {
            address: "sales@murmel.example".to_owned(),
            name: String::new(),
            user: "sales".to_owned(),
            password: "hunter2".to_owned(),
            imap: server("imap.murmel.example", 993),
            smtp: server("smtp.murmel.example", 465),
            extra_ca: None,
        }
    }

    #[test]
    fn a_mailbox_does_not_print_its_password() {
        assert!(!format!("{:?}", Mailbox::from(settings())).contains("hunter2"));
    }

    #[test]
    fn a_failed_handshake_is_shown_as_the_step_that_secures() {
        let mailbox = Mailbox::from(settings());
        let error = ConnectError::NoTlsOffered {
            host: "imap.murmel.example".to_owned(),
            port: 993,
        };
        let report = probe::StepReport {
            step: probe::ProbeStep::ImapSignIn,
            error: Some(error),
        };
        let step = shown(report, &mailbox.account);
        assert_eq!(step.map(|step| step.step), Some(wire::ProbeStepKind::ImapTls));
        let known = probe::StepReport {
            step: probe::ProbeStep::ImapResolve,
            error: None,
        };
        assert_eq!(shown(known, &mailbox.account), None);
    }
}
