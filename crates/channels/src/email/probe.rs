//! The connection test: every step by itself, so that a failure says where and why, and a slow step how slow.

use std::cmp::Reverse;
use std::future::Future;
use std::time::Duration;

use baton_domain::{
    ConnectionReport, DAY_MS, FolderForecast, FolderPlan, Forecast, LEFT_OVER_DAYS, ProbeStep, ProbeStepKind, Timestamp,
};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::account::{ConnectError, EmailAccount, Endpoint, GraphApi, Secret, Security};
use super::graph;
use super::imap::{self, Folder, FolderRole, ImapConn};
use super::problem::{in_words, problem};
use super::{net, smtp};

/// Folders that are counted at most: each is a question to the server.
const COUNTED: usize = 200;
/// How long counting may take. It comes after the test, which it must not hold up.
const PATIENCE: Duration = Duration::from_secs(15);

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
    /// What connecting would take in, where it could be counted.
    pub forecast: Option<Forecast>,
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
            forecast: self.forecast.clone(),
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
        forecast: None,
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
    let seen = probe.take(ProbeStepKind::GraphMailbox, opening).await?;
    let of = |role| seen.iter().find(|(folder, _)| folder.role == role);
    probe.inbox_messages = Some(of(FolderRole::Inbox).map_or(0, |(_, total)| *total));
    probe.sent_folder = of(FolderRole::Sent).map(|(folder, _)| folder.name.clone());
    // It sees no other folders than the two.
    probe.forecast = Some(Forecast {
        folders: forecast_of(seen.into_iter().map(|(folder, total)| (folder, Some(total)))),
        recent: None,
        uncounted: 0,
    });
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
    if let Some((exists, folders)) = found {
        probe.inbox_messages = Some(exists);
        let sent = folders.iter().find(|folder| folder.role == FolderRole::Sent);
        probe.sent_folder = sent.map(|folder| folder.name.clone());
        let now = Timestamp(baton_clock::now_ms());
        // Without it the mailbox can be connected as well.
        probe.forecast = tokio::time::timeout(PATIENCE, counted(&mut conn, folders, now))
            .await
            .ok();
    }
    conn.logout().await;
    Some(())
}

/// How many messages INBOX has, and the folders.
async fn folders(conn: &mut ImapConn, account: &EmailAccount) -> Result<(u32, Vec<Folder>), ConnectError> {
    let opened = conn.examine("INBOX").await.map_err(|_| ConnectError::FolderMissing {
        folder: "INBOX".to_owned(),
    })?;
    let folders = conn.folders(account.sent_folder.as_deref()).await;
    let folders = folders.map_err(|error| error.into_connect_error(&account.imap.host))?;
    Ok((opened.exists, folders))
}

/// The folders of an open mailbox, counted.
///
/// # Errors
/// As for every command; where the server is slow, counting is given up.
pub async fn folders_of(conn: &mut ImapConn, now: Timestamp) -> Result<Forecast, imap::ImapError> {
    let folders = conn.folders(None).await?;
    let slow = |_| imap::ImapError::Lost(ConnectError::TimedOut { host: String::new() });
    tokio::time::timeout(PATIENCE, counted(conn, folders, now))
        .await
        .map_err(slow)
}

/// Counts the folders, none of them opened but the one that mail arrives in.
async fn counted(conn: &mut ImapConn, mut folders: Vec<Folder>, now: Timestamp) -> Forecast {
    // Those that are taken in are counted in any case.
    folders.sort_by_key(|folder| plan_of(folder, false));
    let uncounted = folders.len().saturating_sub(COUNTED);
    folders.truncate(COUNTED);
    let arriving = folders
        .iter()
        .find(|folder| folder.role == FolderRole::All)
        .or_else(|| folders.iter().find(|folder| folder.role == FolderRole::Inbox))
        .map(|folder| folder.wire.clone());
    let mut counts = Vec::with_capacity(folders.len());
    for folder in folders {
        let count = conn.status(&folder.wire).await.ok().map(|status| status.exists);
        counts.push((folder, count));
    }
    let recent = match arriving {
        Some(folder) => came_since(conn, &folder, now.plus_ms(-LEFT_OVER_DAYS * DAY_MS)).await,
        None => None,
    };
    Forecast {
        folders: forecast_of(counts),
        recent,
        uncounted: u32::try_from(uncounted).unwrap_or(u32::MAX),
    }
}

/// How many messages of a folder came in since then, by the server's calendar; drafts and what is deleted don't count.
async fn came_since(conn: &mut ImapConn, folder: &str, since: Timestamp) -> Option<u32> {
    let since = jiff::Timestamp::from_millisecond(since.0).ok()?;
    let date = since.to_zoned(jiff::tz::TimeZone::UTC).strftime("%d-%b-%Y");
    conn.examine(folder).await.ok()?;
    let found = conn.search(&format!("SINCE {date} UNDELETED UNDRAFT")).await.ok()?;
    u32::try_from(found.len()).ok()
}

/// What becomes of a folder. Where one folder has every message, no other is read.
fn plan_of(folder: &Folder, has_all: bool) -> FolderPlan {
    match folder.role {
        FolderRole::All => FolderPlan::TakenIn,
        FolderRole::Inbox if !has_all => FolderPlan::TakenIn,
        FolderRole::Sent if !has_all => FolderPlan::Ours,
        FolderRole::Inbox | FolderRole::Sent | FolderRole::Other | FolderRole::Aside => FolderPlan::Left,
    }
}

fn forecast_of(folders: impl IntoIterator<Item = (Folder, Option<u32>)>) -> Vec<FolderForecast> {
    let folders: Vec<_> = folders.into_iter().collect();
    let has_all = folders.iter().any(|(folder, _)| folder.role == FolderRole::All);
    let mut forecast: Vec<FolderForecast> = folders
        .into_iter()
        .map(|(folder, messages)| FolderForecast {
            planned: plan_of(&folder, has_all),
            offered: folder.role == FolderRole::Other && !has_all,
            proposed: None,
            name: folder.name,
            messages,
        })
        .collect();
    forecast.sort_by(|one, other| {
        let order = |folder: &FolderForecast| (folder.planned, Reverse(folder.messages));
        order(one).cmp(&order(other)).then_with(|| one.name.cmp(&other.name))
    });
    forecast
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

    fn folder(name: &str, role: FolderRole) -> Folder {
        Folder {
            wire: name.to_owned(),
            name: name.to_owned(),
            role,
        }
    }

    fn planned(folders: impl IntoIterator<Item = (Folder, Option<u32>)>) -> Vec<(String, FolderPlan)> {
        let forecast = forecast_of(folders);
        forecast
            .into_iter()
            .map(|folder| (folder.name, folder.planned))
            .collect()
    }

    #[test]
    fn what_is_taken_in_comes_first_then_what_is_ours_then_the_largest_of_the_rest() {
        let folders = [
            (folder("Archive", FolderRole::Other), Some(5)),
            (folder("Locked", FolderRole::Other), None),
            (folder("Sent", FolderRole::Sent), Some(2)),
            (folder("Done", FolderRole::Other), Some(50)),
            (folder("INBOX", FolderRole::Inbox), Some(0)),
        ];
        let expected = [
            ("INBOX", FolderPlan::TakenIn),
            ("Sent", FolderPlan::Ours),
            ("Done", FolderPlan::Left),
            ("Archive", FolderPlan::Left),
            ("Locked", FolderPlan::Left),
        ];
        assert_eq!(planned(folders), expected.map(|(name, plan)| (name.to_owned(), plan)));
    }

    #[test]
    fn where_one_folder_has_everything_nothing_else_is_read() {
        let folders = [
            (folder("INBOX", FolderRole::Inbox), Some(3)),
            (folder("[Gmail]/Sent Mail", FolderRole::Sent), Some(4)),
            (folder("[Gmail]/All Mail", FolderRole::All), Some(9)),
        ];
        let expected = [
            ("[Gmail]/All Mail", FolderPlan::TakenIn),
            ("[Gmail]/Sent Mail", FolderPlan::Left),
            ("INBOX", FolderPlan::Left),
        ];
        assert_eq!(planned(folders), expected.map(|(name, plan)| (name.to_owned(), plan)));
    }

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
            forecast: None,
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
