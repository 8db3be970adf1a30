//! What connections tell one another without the log: notifications shown on one device of a member, sessions that ended, how mailboxes
//! are doing, and who is where. Between several servers on one PostgreSQL it travels in batches, at most ten a second, and never in a commit.
//!
//! A wire that breaks loses what was said on it. So everything that lasts is said again now and then, what is not said again fades,
//! and whoever comes back asks the others for all of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use baton_domain::{AccountId, ConversationId, DeviceId, InboxId, MemberId, SessionId};
use baton_protocol::{AccountHealth, MailboxTrial};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};
use uuid::Uuid;

use super::presence::{BATCH_MS, Look};
use crate::core::Core;
use crate::hosting::said::Order;
use crate::hosting::{self, trial};

/// The least time between two batches to the other servers.
const BATCH: Duration = Duration::from_millis(BATCH_MS);
/// How often a server says again who is where on it.
const AGAIN: Duration = Duration::from_secs(10);
/// Who was not mentioned for so long is not there: their server died without a word.
const FADES: Duration = Duration::from_secs(35);
/// News that wait for the next batch at most; presence that is dropped is said again.
const WAITING: usize = 1024;
/// The length of one batch in bytes: PostgreSQL takes less than 8,000.
const LONGEST: usize = 7_000;

/// A notification was shown or handled on one device of a member: the others are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Whose.
    pub member: MemberId,
    /// The connection that said so; it is not told again.
    pub connection: SessionId,
    /// Its device.
    pub device: DeviceId,
    /// The notification's key.
    pub key: String,
    /// Handled, not only shown.
    pub handled: bool,
}

/// What one server tells the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum News {
    /// A connection of a member looks somewhere.
    Looks {
        member: MemberId,
        connection: SessionId,
        at: Option<(ConversationId, InboxId)>,
        active: bool,
    },
    /// A connection of a member ended.
    Left { member: MemberId, connection: SessionId },
    /// A notification was shown or handled.
    Shown(Shown),
    /// A mailbox that is hosted here is doing so.
    Health { order: Order, health: Box<AccountHealth> },
    /// Whoever hosts this mailbox is asked to test it.
    TestMailbox { ask: Uuid, account: AccountId },
    /// How that went, or why it could not begin.
    MailboxTested {
        ask: Uuid,
        done: Result<MailboxTrial, String>,
    },
    /// A session was ended.
    Ended { session: SessionId },
    /// Whoever says this has just come: who is where?
    Asks,
}

/// A batch of news, as it is read: written in parts, see [`batches`].
#[derive(Debug, Deserialize)]
struct Batch {
    server: Uuid,
    news: Vec<News>,
}

/// What connections tell one another without the log.
#[derive(Debug)]
pub struct Relay {
    shown: broadcast::Sender<Shown>,
    others: OnceLock<mpsc::Sender<News>>,
    /// Who waits here for a test of a mailbox that another server makes.
    asked: Mutex<BTreeMap<Uuid, oneshot::Sender<Result<MailboxTrial, String>>>>,
}

/// Nobody waits any more.
struct Waits<'a>(&'a Relay, Uuid);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.answer(self.1);
    }
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            shown: broadcast::Sender::new(256),
            others: OnceLock::new(),
            asked: Mutex::default(),
        }
    }
}

impl Relay {
    /// Tells a member's other devices.
    pub fn tell(&self, shown: Shown) {
        self.to_others(News::Shown(shown.clone()));
        self.heard(shown);
    }

    /// Hears what is told.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Shown> {
        self.shown.subscribe()
    }

    /// A connection of a member looks somewhere.
    pub(super) fn looks(&self, member: MemberId, connection: SessionId, look: Look) {
        self.to_others(looks(member, connection, look));
    }

    /// A connection of a member ended.
    pub(super) fn left(&self, member: MemberId, connection: SessionId) {
        self.to_others(News::Left { member, connection });
    }

    /// Has the server that hosts a mailbox test it; `None` when it can't be asked, or ends before it answers.
    pub async fn test_mailbox(&self, account: AccountId) -> Option<Result<MailboxTrial, String>> {
        let ask = Uuid::new_v4();
        let (answer, answered) = oneshot::channel();
        self.waits_for(ask, answer);
        let _waits = Waits(self, ask);
        self.others.get()?.try_send(News::TestMailbox { ask, account }).ok()?;
        answered.await.ok()
    }

    fn waits_for(&self, ask: Uuid, answer: oneshot::Sender<Result<MailboxTrial, String>>) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(ask, answer);
    }

    fn answer(&self, ask: Uuid) -> Option<oneshot::Sender<Result<MailboxTrial, String>>> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.remove(&ask)
    }

    fn heard(&self, shown: Shown) {
        // Nobody listens when no desktop is connected.
        let _ = self.shown.send(shown);
    }

    fn to_others(&self, news: News) {
        if let Some(others) = self.others.get() {
            // A full line drops it: what lasts is said again.
            let _ = others.try_send(news);
        }
    }
}

/// Carries news to the other servers of this workspace and theirs to ours, until the server stops.
pub async fn carry(core: Arc<Core>) {
    let (others, mut ours) = mpsc::channel(WAITING);
    if core.relay.others.set(others).is_err() {
        return;
    }
    let (line, mut theirs) = mpsc::channel(WAITING);
    let listener = core.store.clone();
    let listening = tokio::spawn(async move { listener.hear_news(line).await });
    let mut endings = core.auth.endings();
    let mut health = core.health.subscribe();
    let mut again = tokio::time::interval(AGAIN);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut post = Post::new();
    loop {
        let due = async {
            match post.due {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = core.stop.cancelled() => break,
            Some(news) = ours.recv() => post.add(news),
            ended = endings.recv() => if let Ok(ended) = ended && ended.here {
                post.add(News::Ended { session: ended.session });
            },
            said = theirs.recv() => match said {
                Some(Some(said)) => hear(&core, &mut post, &said),
                // The line is new: what was said before was not heard.
                Some(None) => {
                    post.add(News::Asks);
                    post.everything(&core);
                }
                None => break,
            },
            _ = again.tick() => {
                post.everything(&core);
                if let Some(long_ago) = Instant::now().checked_sub(FADES) {
                    core.presence.fade(long_ago);
                    hosting::fade(&core, long_ago);
                }
            }
            changed = health.changed() => {
                if changed.is_err() {
                    break;
                }
                post.mailboxes(&core, false);
            }
            () = due => post.send(&core).await,
        }
    }
    listening.abort();
}

/// What another server said.
fn hear(core: &Arc<Core>, post: &mut Post, said: &str) {
    let batch: Batch = match serde_json::from_str(said) {
        Ok(batch) => batch,
        Err(error) => {
            tracing::debug!(%error, "another server says what this one does not understand");
            return;
        }
    };
    if batch.server == post.server {
        return;
    }
    for news in batch.news {
        match news {
            News::Looks {
                member,
                connection,
                at,
                active,
            } => core
                .presence
                .heard(member, connection, Look { at, active }, Instant::now()),
            News::Left { member, connection } => core.presence.left(member, connection),
            News::Shown(shown) => core.relay.heard(shown),
            News::Ended { session } => core.auth.heard_end(session),
            News::Health { order, health } => hosting::hear(core, order, *health),
            News::TestMailbox { ask, account } => test(core, ask, account),
            News::MailboxTested { ask, done } => {
                if let Some(waits) = core.relay.answer(ask) {
                    // Whoever asked may have gone since.
                    let _ = waits.send(done);
                }
            }
            News::Asks => post.everything(core),
        }
    }
}

/// Tests a mailbox for another server, if it is hosted here.
fn test(core: &Arc<Core>, ask: Uuid, account: AccountId) {
    let accounts = core.directory.accounts();
    let Some(account) = accounts.into_iter().find(|one| one.id == account) else {
        return;
    };
    if core.hosts.said.told_here().iter().all(|(here, _)| *here != account.id) {
        return;
    }
    let core = Arc::clone(core);
    let serving = core.serving.clone();
    serving.spawn(async move {
        let done = tokio::select! {
            done = trial::run_here(&core, &account) => done.map_err(|error| error.to_string()),
            () = core.stop.cancelled() => Err("the server that reads the mailbox stopped; try again".to_owned()),
        };
        core.relay.to_others(News::MailboxTested { ask, done });
    });
}

/// What waits for the next batch.
struct Post {
    server: Uuid,
    /// Where each connection is now, or that it is gone: what it was before is no news any more.
    places: BTreeMap<SessionId, News>,
    /// How each mailbox is doing now.
    health: BTreeMap<AccountId, News>,
    /// What was last said of each.
    last: BTreeMap<AccountId, AccountHealth>,
    news: Vec<News>,
    sent: Option<Instant>,
    due: Option<Instant>,
}

impl Post {
    fn new() -> Self {
        Self {
            server: Uuid::new_v4(),
            places: BTreeMap::new(),
            health: BTreeMap::new(),
            last: BTreeMap::new(),
            news: Vec::new(),
            sent: None,
            due: None,
        }
    }

    fn add(&mut self, news: News) {
        match news {
            News::Looks { connection, .. } | News::Left { connection, .. } => {
                self.places.insert(connection, news);
            }
            News::Health { ref health, .. } => {
                self.health.insert(health.account, news);
            }
            News::Asks if self.news.contains(&News::Asks) => {}
            News::Asks
            | News::Shown(_)
            | News::Ended { .. }
            | News::TestMailbox { .. }
            | News::MailboxTested { .. } => self.news.push(news),
        }
        let now = Instant::now();
        let due = self.sent.map_or(now, |sent| now.max(sent + BATCH));
        self.due.get_or_insert(due);
    }

    /// Says everything that lasts.
    fn everything(&mut self, core: &Core) {
        self.everybody(core);
        self.mailboxes(core, true);
    }

    /// Says how the mailboxes are doing that are hosted here; `again` also of those of which nothing is new.
    fn mailboxes(&mut self, core: &Core, again: bool) {
        for (account, order) in core.hosts.said.told_here() {
            let Some(mut health) = core.health.borrow().get(&account).cloned() else {
                continue;
            };
            if !again && self.last.get(&account) == Some(&health) {
                continue;
            }
            self.last.insert(account, health.clone());
            // One that does not fit into a message goes without what is nice to know.
            if serde_json::to_string(&health).is_ok_and(|text| text.len() > LONGEST / 2) {
                health.remarks.clear();
            }
            self.add(News::Health {
                order,
                health: Box::new(health),
            });
        }
    }

    /// Says of everybody on this server where they are.
    fn everybody(&mut self, core: &Core) {
        for (member, connection, look) in core.presence.here() {
            self.add(looks(member, connection, look));
        }
    }

    async fn send(&mut self, core: &Core) {
        self.due = None;
        let places = std::mem::take(&mut self.places).into_values();
        let health = std::mem::take(&mut self.health).into_values();
        let news = std::mem::take(&mut self.news).into_iter();
        let news: Vec<News> = news.chain(health).chain(places).collect();
        for batch in batches(self.server, &news) {
            let told = tokio::time::timeout(FADES, core.store.tell_news(&batch)).await;
            if !matches!(told, Ok(Ok(()))) {
                tracing::debug!("the other servers were not told who is where; they are told again");
            }
        }
        self.sent = Some(Instant::now());
    }
}

fn looks(member: MemberId, connection: SessionId, look: Look) -> News {
    News::Looks {
        member,
        connection,
        at: look.at,
        active: look.active,
    }
}

/// News as text, in as many batches as it takes.
fn batches(server: Uuid, news: &[News]) -> Vec<String> {
    let mut batches: Vec<String> = Vec::new();
    for one in news.iter().filter_map(|one| serde_json::to_string(one).ok()) {
        match batches.last_mut().filter(|batch| batch.len() + one.len() < LONGEST) {
            Some(batch) => {
                batch.push(',');
                batch.push_str(&one);
            }
            None => batches.push(format!(r#"{{"server":"{server}","news":[{one}"#)),
        }
    }
    for batch in &mut batches {
        batch.push_str("]}");
    }
    batches
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn news(n: u128) -> News {
        looks(
            MemberId(Uuid::from_u128(n)),
            SessionId(Uuid::from_u128(n)),
            Look {
                at: Some((ConversationId(Uuid::from_u128(n)), InboxId(Uuid::from_u128(1)))),
                active: true,
            },
        )
    }

    #[test]
    fn many_news_travel_in_several_batches_and_all_of_them_arrive() {
        let all: Vec<News> = (1..200)
            .map(news)
            .chain([
                News::Asks,
                News::Ended {
                    session: SessionId(Uuid::max()),
                },
            ])
            .collect();
        let written = batches(Uuid::from_u128(7), &all);
        assert!(written.len() > 1);
        assert!(written.iter().all(|batch| batch.len() < 8_000), "what PostgreSQL takes");
        let read: Vec<News> = written
            .iter()
            .flat_map(|batch| serde_json::from_str::<Batch>(batch).unwrap().news)
            .collect();
        assert_eq!(read, all);
        assert!(batches(Uuid::from_u128(7), &[]).is_empty());
    }

    #[test]
    fn a_batch_leaves_at_once_and_the_next_a_tenth_of_a_second_later() {
        let mut post = Post::new();
        post.add(news(1));
        assert!(post.due.unwrap() <= Instant::now());
        post.due = None;
        let sent = Instant::now() + AGAIN;
        post.sent = Some(sent);
        post.add(news(1));
        post.add(News::Left {
            member: MemberId(Uuid::from_u128(1)),
            connection: SessionId(Uuid::from_u128(1)),
        });
        assert_eq!(post.due, Some(sent + BATCH));
        assert_eq!(post.places.len(), 1, "only where somebody is now is news");
    }
}
