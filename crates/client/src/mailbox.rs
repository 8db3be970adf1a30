//! A mailbox before there is a server for it: where it may be, and whether it can be reached.

use baton_channels::email::discover::{self, SignInHint};
use baton_channels::email::probe::{self, ProbeStep as Taken};
use baton_channels::email::{ConnectError, EmailAccount, Endpoint, Secret, Security};
use baton_protocol::{
    ConnectionReport, Discovered, MailProblem, MailProblemKind, MailServer, MailboxSettings, ProbeStep, ProbeStepKind,
};

/// What is known of an address's mail servers. Nothing here asks the network.
pub(crate) fn discovered(address: &str) -> Option<Discovered> {
    let found = discover::discover(address).into_iter().next()?;
    let known = found.provider.is_some();
    let app_password = matches!(
        found.sign_in,
        SignInHint::AppPassword | SignInHint::EnableImap | SignInHint::OAuth
    );
    Some(Discovered {
        provider: found.provider,
        imap: server(&found.imap),
        smtp: server(&found.smtp),
        guessed: !known,
        app_password_url: found.help_url.filter(|_| app_password),
    })
}

/// Tries a mailbox from this computer: every step by itself. Nothing is changed at the provider.
pub(crate) async fn test(settings: MailboxSettings) -> ConnectionReport {
    let name = settings.name.trim().to_owned();
    let account = EmailAccount {
        address: settings.address.trim().to_owned(),
        display_name: (!name.is_empty()).then_some(name),
        imap: endpoint(&settings.imap),
        smtp: endpoint(&settings.smtp),
        user: settings.user.trim().to_owned(),
        extra_ca: settings.extra_ca,
        sent_folder: None,
        provider_files_sent: false,
    };
    let found = probe::test(&account, &Secret::new(settings.password)).await;
    let shown = |step: probe::StepReport| shown(&step, &account);
    ConnectionReport {
        steps: found.steps.into_iter().filter_map(shown).collect(),
        messages: found.inbox_messages,
    }
}

/// What failed first, in words for a log.
pub(crate) fn first_problem(report: &ConnectionReport) -> Option<String> {
    let problem = report.steps.iter().find_map(|step| step.problem.as_ref())?;
    let said = problem
        .said
        .as_deref()
        .map(|said| format!(": {said}"))
        .unwrap_or_default();
    Some(format!("{} {:?}{said}", problem.server, problem.kind))
}

fn server(end: &Endpoint) -> MailServer {
    MailServer {
        host: end.host.clone(),
        port: end.port,
        security: match end.security {
            Security::Tls => baton_protocol::Security::Tls,
            Security::StartTls => baton_protocol::Security::StartTls,
            Security::Plain => baton_protocol::Security::Plain,
        },
    }
}

fn endpoint(server: &MailServer) -> Endpoint {
    let security = match server.security {
        baton_protocol::Security::Tls => Security::Tls,
        baton_protocol::Security::StartTls => Security::StartTls,
        baton_protocol::Security::Plain => Security::Plain,
    };
    Endpoint::new(server.host.trim(), server.port, security)
}

fn shown(taken: &probe::StepReport, account: &EmailAccount) -> Option<ProbeStep> {
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
        // That a name was found is no news by itself.
        Taken::ImapResolve | Taken::SmtpResolve if taken.error.is_none() => return None,
        Taken::ImapResolve | Taken::ImapConnect => (ProbeStepKind::ImapConnect, &account.imap),
        Taken::ImapSignIn if securing => (ProbeStepKind::ImapTls, &account.imap),
        Taken::ImapSignIn => (ProbeStepKind::ImapLogin, &account.imap),
        Taken::Folders => (ProbeStepKind::ImapFolders, &account.imap),
        Taken::SmtpResolve | Taken::SmtpConnect => (ProbeStepKind::SmtpConnect, &account.smtp),
        Taken::SmtpSignIn if securing => (ProbeStepKind::SmtpTls, &account.smtp),
        Taken::SmtpSignIn => (ProbeStepKind::SmtpLogin, &account.smtp),
    };
    let server = format!("{}:{}", end.host, end.port);
    Some(ProbeStep {
        step,
        problem: taken.error.as_ref().map(|error| problem(error, &server)),
        server,
        took_ms: 0,
    })
}

fn problem(error: &ConnectError, server: &str) -> MailProblem {
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
