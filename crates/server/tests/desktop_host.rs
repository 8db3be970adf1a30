//! What a desktop that hosts a mailbox may do over HTTP, and what it may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use baton_channels::email::host::sameness::{Seen, Sighting};
use baton_channels::email::host::wire::{Delivery, GRANT_HEADER, Grant, Heard, Nothing, Take, Taken};
use baton_channels::email::host::{Arrived, FolderCursor, FolderProgress, PortError};
use baton_channels::email::imap::FolderRole;
use baton_domain::{BlobId, Event, LogBody};
use baton_protocol::HealthState;
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use support::{Team, http};

/// A desktop's end of the interface.
struct Desktop {
    base: String,
    token: String,
    grant: Option<Grant>,
}

impl Desktop {
    async fn of(team: &Team, member: baton_domain::MemberId) -> Self {
        Self {
            base: team.url(&format!("/v1/accounts/{}", team.account)),
            token: team.token(member).await,
            grant: None,
        }
    }

    async fn ask<B: Serialize, T: DeserializeOwned>(&self, method: Method, what: &str, body: Option<&B>) -> T {
        let mut request = http()
            .request(method, format!("{}/{what}", self.base))
            .bearer_auth(&self.token);
        if let Some(grant) = &self.grant {
            request = request.header(GRANT_HEADER, grant.to_header());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{what}");
        response.json().await.unwrap()
    }

    async fn take(&mut self) -> Taken {
        let take = Take {
            grant: self.grant.clone(),
        };
        let heard: Heard<Taken> = self.ask(Method::PUT, "host", Some(&take)).await;
        let taken = Result::from(heard).unwrap();
        if let Taken::Held { grant, .. } = &taken {
            self.grant = Some(grant.clone());
        }
        taken
    }

    async fn release(&self) {
        let request = http().delete(format!("{}/host", self.base)).bearer_auth(&self.token);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    }

    async fn upload(&self, team: &Team, raw: &[u8]) {
        let url = team.url(&format!("/v1/blobs/{}", BlobId::of(raw)));
        let put = http().put(url).bearer_auth(&self.token).body(raw.to_vec());
        assert_eq!(put.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    }

    async fn deliver(&self, uid: u32, raw: &[u8]) -> Result<(), PortError> {
        let delivery = Delivery {
            batch: vec![Arrived {
                folder: "INBOX".to_owned(),
                role: FolderRole::Inbox,
                uidvalidity: 1,
                uid,
                internal_date: baton_domain::Timestamp(baton_clock::now_ms()),
                flags: Vec::new(),
                blob: Some(BlobId::of(raw)),
                unreadable: None,
                gone: false,
                size: u32::try_from(raw.len()).unwrap(),
                history: false,
            }],
            progress: FolderProgress {
                cursor: FolderCursor {
                    folder: "INBOX".to_owned(),
                    uidvalidity: 1,
                    lowest: 1,
                    highest: uid,
                    received: uid,
                    found_below: 1,
                    renumbered: false,
                    uid_next: uid + 1,
                    modseq: 0,
                },
                role: FolderRole::Inbox,
                total: uid,
            },
        };
        let heard: Heard<Nothing> = self.ask(Method::POST, "host/mail", Some(&delivery)).await;
        Result::from(heard).map(drop)
    }

    async fn cursors(&self) -> Result<Vec<FolderCursor>, PortError> {
        let heard: Heard<Vec<FolderCursor>> = self.ask(Method::GET, "host/cursors", None::<&()>).await;
        heard.into()
    }

    async fn show(&mut self, seen: &[Sighting]) {
        let heard: Heard<Grant> = self.ask(Method::POST, "host/sightings", Some(&seen)).await;
        self.grant = Some(Result::from(heard).unwrap());
    }
}

fn letter(id: &str) -> Vec<u8> {
    format!("From: Carl <carl@example.com>\r\nTo: sales@murmel.example\r\nSubject: {id}\r\nMessage-ID: <{id}@example.com>\r\n\r\nHow much is {id}?\r\n")
        .into_bytes()
}

async fn imported(team: &Team) -> u32 {
    let balance = team.server.core().balance(team.account).await.unwrap();
    assert_eq!(balance.quarantined, 0);
    balance.imported
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_desktop_of_the_member_it_is_hosted_by_gets_the_lease_and_one_at_a_time() {
    let team = Team::start().await;
    let core = team.server.core();
    let mut anna = Desktop::of(&team, team.anna).await;
    assert_eq!(anna.take().await, Taken::NotYours);
    core.host_at(team.account, team.anna).await.unwrap();
    assert_eq!(Desktop::of(&team, team.ben).await.take().await, Taken::NotYours);
    assert!(matches!(anna.take().await, Taken::Held { .. }));
    // Her other computer waits until this one gives it back.
    let mut other = Desktop::of(&team, team.anna).await;
    assert_eq!(other.take().await, Taken::Elsewhere);
    let first = anna.grant.clone().unwrap().token;
    anna.release().await;
    assert!(matches!(other.take().await, Taken::Held { .. }));
    assert!(other.grant.clone().unwrap().token > first);
    // What the first one still says does not count.
    let raw = letter("late");
    anna.upload(&team, &raw).await;
    assert_eq!(anna.deliver(1, &raw).await, Err(PortError::LeaseLost));
    assert_eq!(imported(&team).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_comes_in_with_its_bytes_and_a_name_alone_brings_none() {
    let team = Team::start().await;
    team.server.core().host_at(team.account, team.anna).await.unwrap();
    let mut anna = Desktop::of(&team, team.anna).await;
    anna.take().await;
    let raw = letter("solo");
    // Ben's bytes are Ben's.
    Desktop::of(&team, team.ben).await.upload(&team, &raw).await;
    assert!(matches!(anna.deliver(1, &raw).await, Err(PortError::Unavailable(_))));
    anna.upload(&team, &raw).await;
    anna.deliver(1, &raw).await.unwrap();
    anna.deliver(1, &raw).await.unwrap();
    assert_eq!(imported(&team).await, 1);
    let cursors = anna.cursors().await.unwrap();
    assert_eq!(
        cursors
            .iter()
            .map(|one| (one.folder.as_str(), one.highest))
            .collect::<Vec<_>>(),
        [("INBOX", 1)]
    );
    // After a restart of the server the grant is still good: nothing of it lives in its memory.
    let team = team.restart().await;
    anna.base = team.url(&format!("/v1/accounts/{}", team.account));
    let second = letter("second");
    anna.upload(&team, &second).await;
    anna.deliver(2, &second).await.unwrap();
    assert_eq!(imported(&team).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_over_shows_the_same_messages_or_reads_the_folder_again() {
    let team = Team::start().await;
    team.server.core().host_at(team.account, team.anna).await.unwrap();
    let mut first = Desktop::of(&team, team.anna).await;
    first.take().await;
    let raw = letter("solo");
    first.upload(&team, &raw).await;
    first.deliver(1, &raw).await.unwrap();
    first.release().await;

    let sighting = |id: &str| Sighting {
        folder: "INBOX".to_owned(),
        uidvalidity: Some(1),
        messages: vec![Seen {
            uid: 1,
            message_id: Some(format!("{id}@example.com")),
        }],
    };
    let mut same = Desktop::of(&team, team.anna).await;
    let Taken::Held { prove, .. } = same.take().await else {
        panic!("not held")
    };
    assert_eq!(
        (prove.len(), prove.first().unwrap().uids.as_slice()),
        (1, [1].as_slice())
    );
    // Without the proof nothing is given out and nothing is taken.
    assert_eq!(same.cursors().await, Err(PortError::LeaseLost));
    same.show(&[sighting("solo")]).await;
    assert_eq!(same.cursors().await.unwrap().first().unwrap().highest, 1);
    // It is kept with the lease.
    let Taken::Held { prove, .. } = same.take().await else {
        panic!("not held")
    };
    assert_eq!(prove, []);
    same.release().await;

    // Another mailbox whose numbers look alike: what lies under the same number is another message, and is not lost.
    let mut other = Desktop::of(&team, team.anna).await;
    other.take().await;
    other.show(&[sighting("stranger")]).await;
    let cursors = other.cursors().await.unwrap();
    assert_eq!(
        cursors
            .iter()
            .map(|one| (one.folder.as_str(), one.uidvalidity))
            .collect::<Vec<_>>(),
        [("INBOX", 0)]
    );
    let stranger = letter("stranger");
    other.upload(&team, &stranger).await;
    other.deliver(1, &stranger).await.unwrap();
    assert_eq!(imported(&team).await, 2);
    team.conversation("stranger").await;
    // What the two have in common is recognised.
    other.deliver(2, &raw).await.unwrap();
    let balance = team.server.core().balance(team.account).await.unwrap();
    assert_eq!((balance.imported, balance.duplicates), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_whose_desktop_is_away_waits_for_it_by_name() {
    let team = Team::start().await;
    let core = team.server.core();
    core.host_at(team.account, team.anna).await.unwrap();
    let mut health = core.health.subscribe();
    let mut desktop = Desktop::of(&team, team.anna).await;
    desktop.take().await;
    let raw = letter("solo");
    desktop.upload(&team, &raw).await;
    desktop.deliver(1, &raw).await.unwrap();
    desktop.release().await;
    let mut anna = team.desk(team.anna).await;
    let conversation = team.conversation("solo").await;
    team.reply(&mut anna, conversation, "4,900 euros.").await;
    let said = health.wait_for(|all| {
        all.get(&team.account).is_some_and(|one| {
            let away = matches!(&one.state, HealthState::HostAway { name, since } if name == "Anna" && since.is_some());
            away && one.waiting_to_send == 1
        })
    });
    tokio::time::timeout(std::time::Duration::from_secs(30), said)
        .await
        .expect("nobody says that the desktop is away")
        .unwrap();
    assert!(anna.entries.iter().all(|entry| !matches!(
        &entry.body,
        LogBody::Conversation {
            event: Event::OutboundSending { .. },
            ..
        }
    )));
}
