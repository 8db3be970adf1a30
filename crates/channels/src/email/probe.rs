//! The connection test: every step by itself, so that a failure says where and why, and a slow step how slow.

use std::future::Future;

use baton_domain::{ConnectionReport, ProbeStep, ProbeStepKind};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::account::{ConnectError, EmailAccount, Endpoint, GraphApi, Secret, Security};
use super::graph;
use super::imap::{self, FolderRole, ImapConn};
use super::problem::{in_words, problem};
use super::{net, smtp};

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
    /// The step.
    pub step: ProbeStepKind,
    /// Why it failed; none where it worked.
    pub error: Option<ConnectError>,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
}

/// The whole test. Steps behind a failed one are not taken and not listed; reading and sending are tested independently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The steps taken.
    pub steps: Vec<StepReport>,
    /// Messages in INBOX.
    pub inbox_messages: Option<u32>,
    /// The folder for sent mail.
    pub sent_folder: Option<String>,
    /// Whether the server tells of new mail by itself; otherwise Baton asks every half minute.
    pub pushes: bool,
}

impl Probe {
    /// Whether everything works.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.steps.iter().all(|step| step.error.is_none())
    }

    /// The test as the window shows it.
    #[must_use]
    pub fn report(&self, account: &EmailAccount) -> ConnectionReport {
        let steps = self.steps.iter().map(|taken| {
            let server = server_of(account, taken.step);
            ProbeStep {
                step: taken.step,
                server: server.to_string(),
                problem: taken.error.as_ref().map(|error| problem(error, server)),
                took_ms: taken.took_ms,
            }
        });
        ConnectionReport {
            steps: steps.collect(),
            messages: self.inbox_messages,
        }
    }

    /// Takes a step and notes how it went.
    async fn take<T>(
        &mut self,
        step: ProbeStepKind,
        doing: impl Future<Output = Result<T, ConnectError>>,
    ) -> Option<T> {
        let begun = Instant::now();
        let (done, error) = match doing.await {
            Ok(done) => (Some(done), None),
            Err(error) => (None, Some(error)),
        };
        let took_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        self.steps.push(StepReport { step, error, took_ms });
        done
    }
}

/// The first thing that is wrong, in words for a terminal and a log.
#[must_use]
pub fn first_problem(report: &ConnectionReport) -> Option<String> {
    report.steps.iter().find_map(|step| step.problem.as_ref()).map(in_words)
}

fn server_of(account: &EmailAccount, step: ProbeStepKind) -> &Endpoint {
    match step {
        ProbeStepKind::ImapConnect
        | ProbeStepKind::ImapTls
        | ProbeStepKind::ImapLogin
        | ProbeStepKind::ImapFolders
        | ProbeStepKind::GraphConnect
        | ProbeStepKind::GraphMailbox => &account.imap,
        ProbeStepKind::SmtpConnect | ProbeStepKind::SmtpTls | ProbeStepKind::SmtpLogin => &account.smtp,
    }
}

/// Tests an account. It changes nothing on the server: no flag, no folder, no message.
pub async fn test(account: &EmailAccount, secret: &Secret) -> Probe {
    let mut probe = Probe {
        steps: Vec::new(),
        inbox_messages: None,
        sent_folder: None,
        pushes: false,
    };
    if let Some(graph) = &account.graph {
        by_graph(account, graph, secret, &mut probe).await;
        return probe;
    }
    reading(account, secret, &mut probe).await;
    sending(account, secret, &mut probe).await;
    probe
}

/// Without TLS there is nothing to secure, and no step to show; what goes wrong in the greeting is shown all the same.
fn forget_unsecured(probe: &mut Probe, server: &Endpoint) {
    if server.security == Security::Plain && probe.steps.last().is_some_and(|step| step.error.is_none()) {
        probe.steps.pop();
    }
}

/// Graph has one door for both directions. Whether it lets this account send shows only when something is sent.
async fn by_graph(account: &EmailAccount, graph: &GraphApi, secret: &Secret, probe: &mut Probe) -> Option<()> {
    let connecting = net::connect_tcp(&account.imap);
    drop(probe.take(ProbeStepKind::GraphConnect, connecting).await?);
    let opening = graph::look(account, graph, secret);
    let (exists, sent) = probe.take(ProbeStepKind::GraphMailbox, opening).await?;
    (probe.inbox_messages, probe.sent_folder) = (Some(exists), sent);
    Some(())
}

async fn reading(account: &EmailAccount, secret: &Secret, probe: &mut Probe) -> Option<()> {
    let server = &account.imap;
    let tcp: TcpStream = probe.take(ProbeStepKind::ImapConnect, net::connect_tcp(server)).await?;
    let greeted = imap::greeted(tcp, server, account.extra_ca.as_deref());
    let greeted = probe.take(ProbeStepKind::ImapTls, greeted).await?;
    forget_unsecured(probe, server);
    let signing_in = ImapConn::sign_in(server.clone(), greeted, account, secret);
    let mut conn = probe.take(ProbeStepKind::ImapLogin, signing_in).await?;
    probe.pushes = conn.can("IDLE");
    let found = probe
        .take(ProbeStepKind::ImapFolders, folders(&mut conn, account))
        .await;
    if let Some((exists, sent)) = found {
        probe.inbox_messages = Some(exists);
        probe.sent_folder = sent;
    }
    conn.logout().await;
    Some(())
}

/// How many messages INBOX has, and the folder for sent mail.
async fn folders(conn: &mut ImapConn, account: &EmailAccount) -> Result<(u32, Option<String>), ConnectError> {
    let opened = conn.examine("INBOX").await.map_err(|_| ConnectError::FolderMissing {
        folder: "INBOX".to_owned(),
    })?;
    let folders = conn.folders(account.sent_folder.as_deref()).await;
    let folders = folders.map_err(|error| error.into_connect_error(&account.imap.host))?;
    let sent = folders.into_iter().find(|folder| folder.role == FolderRole::Sent);
    Ok((opened.exists, sent.map(|folder| folder.name)))
}

async fn sending(account: &EmailAccount, secret: &Secret, probe: &mut Probe) -> Option<()> {
    let server = &account.smtp;
    let tcp = probe.take(ProbeStepKind::SmtpConnect, net::connect_tcp(server)).await?;
    let greeted = smtp::Dialogue::greeted(tcp, account, smtp::Patience::default());
    let mut dialogue = probe.take(ProbeStepKind::SmtpTls, greeted).await?;
    forget_unsecured(probe, server);
    let signing_in = dialogue.sign_in(&account.user, secret);
    probe.take(ProbeStepKind::SmtpLogin, signing_in).await?;
    dialogue.quit().await;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_its_server_its_problem_and_its_time() {
        let account = EmailAccount {
            address: "sales@murmel.example".to_owned(),
            display_name: None,
            imap: Endpoint::new("imap.murmel.example", 993, Security::Tls),
            smtp: Endpoint::new("smtp.murmel.example", 465, Security::Tls),
            user: "sales".to_owned(),
            extra_ca: None,
            sent_folder: None,
            provider_files_sent: false,
            graph: None,
        };
        let error = ConnectError::TimedOut {
            host: "smtp.murmel.example".to_owned(),
        };
        let step = |step, error, took_ms| StepReport { step, error, took_ms };
        let probe = Probe {
            steps: vec![
                step(ProbeStepKind::ImapConnect, None, 12),
                step(ProbeStepKind::SmtpConnect, Some(error), 15_000),
            ],
            inbox_messages: Some(3),
            sent_folder: None,
            pushes: true,
        };
        assert!(!probe.ok());
        let report = probe.report(&account);
        let times: Vec<_> = report
            .steps
            .iter()
            .map(|step| (step.server.as_str(), step.took_ms))
            .collect();
        assert_eq!(
            times,
            [("imap.murmel.example:993", 12), ("smtp.murmel.example:465", 15_000)]
        );
        assert_eq!(
            first_problem(&report).as_deref(),
            Some("smtp.murmel.example:465 does not answer. Check host, port and firewall.")
        );
    }
}
