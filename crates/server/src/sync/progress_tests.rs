//! Rights that are lost while something is being read for a desktop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use baton_domain::{AccountId, AccountMode, Capabilities, InboxId, InboxPolicy, Role};
use baton_protocol::ServerMessage;

use super::*;
use crate::Options;
use crate::directory::NewAccount;
use crate::referee::{FolderRole, RawArrival};
use crate::sync::parts::FIRST;

/// A desktop that writes down what it is told, and takes Anna's rights away the moment it hears the first part of a snapshot.
struct Heard {
    said: Vec<ServerMessage>,
    then: Option<Office>,
}

impl Line for Heard {
    async fn text(&mut self, text: axum::extract::ws::Utf8Bytes) -> Result<(), End> {
        let message = serde_json::from_str(&text).unwrap();
        if matches!(message, ServerMessage::Snapshot { part: 0, .. })
            && let Some(office) = self.then.take()
        {
            office.anna_reads(false).await;
        }
        self.said.push(message);
        Ok(())
    }
}

impl Heard {
    fn nothing() -> Self {
        Self {
            said: Vec::new(),
            then: None,
        }
    }

    /// The conversations it was told of.
    fn conversations(&self) -> usize {
        let told = self.said.iter().map(|message| match message {
            ServerMessage::Snapshot { conversations, .. } => conversations.len(),
            ServerMessage::Frame { entries, .. } => entries.iter().filter(|entry| inbox(entry.scope).is_some()).count(),
            _ => 0,
        });
        told.sum()
    }
}

#[derive(Clone)]
struct Office {
    core: Arc<Core>,
    sales: InboxId,
    account: AccountId,
    anna: MemberId,
}

impl Office {
    async fn open(data: &std::path::Path) -> Self {
        let core = Core::open(data, &Options::in_directory(data)).await.unwrap();
        let now = core.now();
        let directory = core.directory.clone();
        let sales = directory
            .inbox_named("Sales", InboxPolicy::default(), now)
            .await
            .unwrap();
        let anna = directory
            .add("Anna", "anna@murmel.example", Role::Rep, now)
            .await
            .unwrap()
            .id;
        let new = NewAccount {
            address: "sales@murmel.example".to_owned(),
            name: "Murmel".to_owned(),
            aliases: Vec::new(),
            inbox: sales,
            mode: AccountMode::Together,
            live_since: None,
            folders: Vec::new(),
            hosted_by: None,
        };
        let account = directory.add_account(new, now).await.unwrap().id;
        Self {
            core,
            sales,
            account,
            anna,
        }
    }

    async fn carl_writes(&self, uid: u32) {
        let arrival = RawArrival {
            account: self.account,
            folder: "INBOX".to_owned(),
            role: FolderRole::Inbox,
            uidvalidity: 1,
            uid,
            internal_date: self.core.now(),
            flags: Vec::new(),
            resync: false,
            raw: format!(
                "From: Carl <carl{uid}@example.com>\r\nTo: sales@murmel.example\r\nSubject: Pod {uid}\r\n\
                 Message-ID: <{uid}@example.com>\r\n\r\nHow much is it?\r\n"
            )
            .into_bytes(),
        };
        let received = self.core.referee.receive_raw(vec![arrival], None).await.unwrap();
        assert_eq!(received.imported, 1);
    }

    async fn anna_reads(&self, may: bool) {
        let capabilities = if may {
            crate::directory::FULL_ACCESS.into()
        } else {
            Capabilities::new()
        };
        self.core
            .directory
            .set_access(self.sales, self.anna, capabilities, self.core.now())
            .await
            .unwrap();
    }

    /// Waits until what was committed lies in the feed.
    async fn fed(&self) {
        let there = self.core.referee.head();
        let mut head = self.core.feed.head();
        head.wait_for(|head| head.number >= there.number).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_read_before_a_right_was_lost_is_not_sent_after_it() {
    let data = tempfile::tempdir().unwrap();
    let office = Office::open(data.path()).await;
    let core = &office.core;
    let mut anna = Progress::resume(core, office.anna, None, Vec::new()).await.unwrap();
    assert_eq!(anna.advance(core, &mut Heard::nothing()).await.unwrap(), Advance::Level);
    // Her rights were looked at; then she loses them, Carl writes, and only now the feed is read.
    assert!(anna.look_at_rights(core));
    office.anna_reads(false).await;
    office.carl_writes(1).await;
    office.fed().await;
    let mut heard = Heard::nothing();
    assert_eq!(anna.frame(core, &mut heard).await.unwrap(), Looked::RightsMoved);
    assert!(heard.said.is_empty(), "{:?}", heard.said);
    // Beginning anew, she is told that the inbox is gone, and of the rest.
    assert_eq!(anna.advance(core, &mut heard).await.unwrap(), Advance::Level);
    let sales = Scope::Inbox { id: office.sales };
    assert_eq!(heard.said.first(), Some(&ServerMessage::ScopeLost { scope: sales }));
    assert_eq!(heard.conversations(), 0, "{:?}", heard.said);
    core.close().await;
}

#[tokio::test]
async fn a_snapshot_ends_between_two_parts_when_the_right_to_it_is_lost() {
    let data = tempfile::tempdir().unwrap();
    let office = Office::open(data.path()).await;
    let core = &office.core;
    for uid in 1..=5 {
        office.carl_writes(uid).await;
    }
    office.fed().await;
    let mut anna = Progress::resume(core, office.anna, None, Vec::new()).await.unwrap();
    let mut heard = Heard {
        said: Vec::new(),
        then: Some(office.clone()),
    };
    assert_eq!(anna.advance(core, &mut heard).await.unwrap(), Advance::Level);
    assert_eq!(
        heard.conversations(),
        usize::try_from(FIRST).unwrap(),
        "one part was on its way before she lost the right, and no other"
    );
    let sales = Scope::Inbox { id: office.sales };
    let lost = ServerMessage::ScopeLost { scope: sales };
    assert!(
        heard.said.contains(&lost),
        "what she got of it is to go: {:?}",
        heard.said
    );
    // Given back, all of it comes.
    office.anna_reads(true).await;
    office.fed().await;
    let mut heard = Heard::nothing();
    anna.advance(core, &mut heard).await.unwrap();
    assert_eq!(heard.conversations(), 5);
    core.close().await;
}
