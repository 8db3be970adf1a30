//! Two desktops and their server, over real sockets; the same on SQLite and PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use baton_domain::{Actor, CommandBody, ConversationId, Event, LogBody, LogEntry, Refusal, Role, Scope};
use baton_protocol::{Answer, ClientMessage, Cursor, ServerMessage, SyncRefusal};
use support::{Desk, Team};
use uuid::Uuid;

/// Each story, on both databases.
macro_rules! on_both {
    ($($(#[$doc:meta])* $story:ident),+ $(,)?) => {
        mod on_sqlite {$(
            $(#[$doc])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story(super::Team::start().await).await;
            }
        )+}

        mod on_postgres {$(
            $(#[$doc])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let postgres = baton_tests::postgres::Postgres::start().await.unwrap();
                let url = postgres.database("team").await.unwrap();
                super::$story(super::Team::on(Some(url)).await).await;
            }
        )+}
    };
}

on_both!(
    of_two_claims_at_once_one_wins_and_the_other_is_told_who,
    a_lock_shows_on_the_other_desk,
    a_desk_goes_on_from_its_cursor,
    an_unknown_epoch_gets_a_fresh_snapshot,
    a_revoked_session_is_cut_and_a_removed_member_is_told,
    nobody_sees_another_inbox,
    an_inbox_that_is_given_comes_and_one_that_is_taken_goes,
    a_conversation_that_moves_goes_with_everything_and_leaves_nothing,
    a_notification_handled_on_one_device_is_withdrawn_on_the_other,
    a_lock_is_renewed_by_its_own_device_only,
);

fn event(entry: &LogEntry) -> Option<&Event> {
    match &entry.body {
        LogBody::Conversation { event, .. } => Some(event),
        _ => None,
    }
}

async fn of_two_claims_at_once_one_wins_and_the_other_is_told_who(team: Team) {
    let (mut anna, mut ben) = (team.desk(team.anna).await, team.desk(team.ben).await);
    team.carl_writes("A pod").await;
    let pod = team.conversation("A pod").await;
    let hers = anna.ask(pod, None, CommandBody::Claim).await;
    let his = ben.ask(pod, None, CommandBody::Claim).await;
    let (hers, his) = (anna.answer(hers).await, ben.answer(his).await);
    let owner = match (&hers, &his) {
        (
            Answer::Done { .. },
            Answer::Refused {
                refusal: Refusal::NotOwner { owner, .. },
            },
        ) => (*owner, team.anna),
        (
            Answer::Refused {
                refusal: Refusal::NotOwner { owner, .. },
            },
            Answer::Done { .. },
        ) => (*owner, team.ben),
        other => panic!("{other:?}"),
    };
    assert_eq!(owner.0, owner.1);
    // Both desks read the same: who it is, and that the server set the author, whatever was sent.
    for desk in [&mut anna, &mut ben] {
        let claimed = desk
            .entry(|entry| matches!(event(entry), Some(Event::OwnerChanged { .. })))
            .await;
        assert_eq!(claimed.actor, Actor::Member { id: owner.0 });
    }
}

async fn a_lock_shows_on_the_other_desk(team: Team) {
    team.carl_writes("A pod").await;
    let pod = team.conversation("A pod").await;
    let (mut anna, mut ben) = (team.desk(team.anna).await, team.desk(team.ben).await);
    assert!(matches!(
        anna.act(pod, CommandBody::TakeLock { cover: false }).await,
        Answer::Done { .. }
    ));
    let granted = ben
        .entry(|entry| matches!(event(entry), Some(Event::LockGranted { .. })))
        .await;
    let Some(Event::LockGranted { member, device, .. }) = event(&granted) else {
        panic!()
    };
    assert_eq!((*member, *device), (team.anna, anna.device));
    let refused = ben.act(pod, CommandBody::TakeLock { cover: false }).await;
    assert!(
        matches!(refused, Answer::Refused { refusal: Refusal::LockedBy { member, .. } } if member == team.anna),
        "{refused:?}"
    );
    // Presence: where Anna looks shows at Ben's, and that she left.
    anna.say(&ClientMessage::Presence {
        looking: Some(pod),
        active: true,
    })
    .await;
    let looks = |at: Option<ConversationId>| {
        move |message: &ServerMessage| match message {
            ServerMessage::Presence { present } => present
                .iter()
                .any(|one| one.member == team.anna && one.looking == at)
                .then_some(()),
            _ => None,
        }
    };
    ben.until(looks(Some(pod))).await;
    drop(anna);
    ben.until(looks(None)).await;
}

async fn a_desk_goes_on_from_its_cursor(team: Team) {
    team.carl_writes("First").await;
    let token = team.token(team.anna).await;
    let mut anna = Desk::connect(&team, &token, None, Vec::new()).await;
    anna.read_snapshot().await;
    assert_eq!(anna.conversations.len(), 1);
    let (cursor, scopes) = (anna.cursor.clone(), anna.scopes.clone());
    drop(anna);
    team.carl_writes("Second").await;
    let team = team.restart().await;
    team.carl_writes("Third").await;
    let mut anna = Desk::connect(&team, &token, cursor, scopes).await;
    assert!(!anna.welcomed_with_snapshot);
    for subject in ["Second", "Third"] {
        anna.entry(|entry| matches!(event(entry), Some(Event::Created { subject: one, .. }) if one == subject))
            .await;
    }
    let first = anna
        .entries
        .iter()
        .any(|entry| matches!(event(entry), Some(Event::Created { subject, .. }) if subject == "First"));
    assert!(!first, "what it had was sent again");
}

async fn an_unknown_epoch_gets_a_fresh_snapshot(team: Team) {
    team.carl_writes("A pod").await;
    let desk = team.desk(team.anna).await;
    let (cursor, scopes) = (desk.cursor.clone().unwrap(), desk.scopes.clone());
    let strange = [
        Cursor {
            epoch: Uuid::new_v4(),
            ..cursor.clone()
        },
        Cursor {
            hash: "00".repeat(32),
            ..cursor.clone()
        },
        Cursor {
            number: cursor.number + 1000,
            ..cursor
        },
    ];
    let token = team.token(team.anna).await;
    for cursor in strange {
        let mut again = Desk::connect(&team, &token, Some(cursor), scopes.clone()).await;
        assert!(again.welcomed_with_snapshot);
        again.read_snapshot().await;
        assert_eq!(again.conversations.len(), 1);
        assert!(again.documents.len() >= 5);
    }
}

async fn a_revoked_session_is_cut_and_a_removed_member_is_told(team: Team) {
    let (mut anna, mut ben) = (team.desk(team.anna).await, team.desk(team.ben).await);
    let core = team.server.core();
    let session = core.store.sessions_of(team.anna).await.unwrap().remove(0).id;
    assert!(core.auth.end(team.anna, session).await.unwrap());
    let refused = |message: &ServerMessage| match message {
        ServerMessage::Refused { why } => Some(*why),
        _ => None,
    };
    assert_eq!(anna.until(refused).await, SyncRefusal::SignedOut);
    assert!(anna.ends().await);
    core.remove_member(team.ben).await.unwrap();
    assert_eq!(ben.until(refused).await, SyncRefusal::MemberRemoved);
    assert!(ben.ends().await);
}

async fn nobody_sees_another_inbox(team: Team) {
    let core = team.server.core();
    let board = core
        .directory
        .inbox_named("Board", baton_domain::InboxPolicy::default(), core.now())
        .await
        .unwrap();
    for member in [team.anna, team.ben] {
        core.directory
            .set_access(board, member, baton_domain::Capabilities::new(), core.now())
            .await
            .unwrap();
    }
    let new = baton_server::directory::NewAccount {
        address: "board@murmel.example".to_owned(),
        name: String::new(),
        aliases: Vec::new(),
        inbox: board,
        mode: baton_domain::AccountMode::Together,
        live_since: Some(core.now().plus_ms(-60_000)),
        folders: Vec::new(),
        hosted_by: None,
    };
    let account = core.directory.add_account(new, core.now()).await.unwrap().id;
    team.carl_writes("Before").await;
    let mut anna = team.desk(team.anna).await;
    let secret = team.carl_writes_to(account, "Secret").await;
    let hidden = team.conversation("Secret").await;
    team.carl_writes("After").await;
    anna.entry(|entry| matches!(event(entry), Some(Event::Created { subject, .. }) if subject == "After"))
        .await;
    let board_scope = Scope::Inbox { id: board };
    assert!(!anna.scopes.contains(&board_scope));
    assert!(anna.entries.iter().all(|entry| entry.scope != board_scope));
    assert!(!serde_json::to_string(&anna.entries).unwrap().contains("Secret"));
    // Nor by a command, over HTTP, or by the name of its bytes.
    let answer = anna.act(hidden, CommandBody::Claim).await;
    assert!(
        matches!(
            answer,
            Answer::Refused {
                refusal: Refusal::NotPermitted { .. } | Refusal::Gone
            }
        ),
        "{answer:?}"
    );
    let token = team.token(team.anna).await;
    let blob = baton_domain::BlobId::of(&secret);
    for path in [
        format!("/v1/conversations/{hidden}"),
        format!("/v1/drafts/{hidden}"),
        format!("/v1/blobs/{blob}"),
    ] {
        let response = support::http()
            .get(team.url(&path))
            .bearer_auth(&token)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 404, "{path}");
    }
    let list = support::http()
        .get(team.url("/v1/conversations"))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert!(!list.text().await.unwrap().contains("Secret"));
    // Looking at it is looking at nothing.
    let mut mira = team.desk(team.mira).await;
    anna.say(&ClientMessage::Presence {
        looking: Some(hidden),
        active: true,
    })
    .await;
    mira.until(|message| match message {
        ServerMessage::Presence { present } => present.iter().find(|one| one.member == team.anna).map(|one| {
            assert_eq!(one.looking, None);
        }),
        _ => None,
    })
    .await;
}

async fn an_inbox_that_is_given_comes_and_one_that_is_taken_goes(team: Team) {
    let core = team.server.core();
    team.carl_writes("A pod").await;
    let sales = Scope::Inbox { id: team.inbox };
    let dora = core
        .directory
        .add("Dora", "dora@murmel.example", Role::Rep, core.now())
        .await
        .unwrap();
    core.directory
        .set_access(team.inbox, dora.id, baton_domain::Capabilities::new(), core.now())
        .await
        .unwrap();
    let mut dora = team.desk(dora.id).await;
    assert!(!dora.scopes.contains(&sales) && dora.conversations.is_empty());
    let usual = baton_server::directory::usual_access(Role::Rep);
    core.directory
        .set_access(team.inbox, dora.member, usual, core.now())
        .await
        .unwrap();
    let scopes = dora
        .until(|message| match message {
            ServerMessage::Snapshot { last: true, scopes, .. } => Some(scopes.clone()),
            _ => None,
        })
        .await;
    assert_eq!(scopes, [sales]);
    assert_eq!(dora.conversations.len(), 1);
    team.carl_writes("Another").await;
    dora.entry(|entry| matches!(event(entry), Some(Event::Created { subject, .. }) if subject == "Another"))
        .await;
    core.directory
        .set_access(team.inbox, dora.member, baton_domain::Capabilities::new(), core.now())
        .await
        .unwrap();
    let lost = dora
        .until(|message| match message {
            ServerMessage::ScopeLost { scope } => Some(*scope),
            _ => None,
        })
        .await;
    assert_eq!(lost, sales);
}

async fn a_conversation_that_moves_goes_with_everything_and_leaves_nothing(team: Team) {
    let core = team.server.core();
    let support = core
        .directory
        .inbox_named("Support", baton_domain::InboxPolicy::default(), core.now())
        .await
        .unwrap();
    let nothing = baton_domain::Capabilities::new;
    for member in [team.anna, team.ben] {
        core.directory
            .set_access(support, member, nothing(), core.now())
            .await
            .unwrap();
    }
    let dora = core
        .directory
        .add("Dora", "dora@murmel.example", Role::Rep, core.now())
        .await
        .unwrap()
        .id;
    core.directory
        .set_access(team.inbox, dora, nothing(), core.now())
        .await
        .unwrap();
    let raw = team.carl_writes("A pod").await;
    let pod = team.conversation("A pod").await;
    let (mut anna, mut dora) = (team.desk(team.anna).await, team.desk(dora).await);
    let get = async |member, path: String| {
        let token = team.token(member).await;
        let response = support::http().get(team.url(&path)).bearer_auth(&token).send();
        response.await.unwrap()
    };
    let of_it = format!("/v1/conversations/{pod}");
    let bytes = format!("/v1/blobs/{}", baton_domain::BlobId::of(&raw));
    for path in [&of_it, &bytes] {
        assert_eq!(get(team.anna, path.clone()).await.status(), 200, "{path}");
        assert_eq!(get(dora.member, path.clone()).await.status(), 404, "{path}");
    }

    let body = CommandBody::MoveToInbox {
        inbox: support,
        owner: None,
    };
    let refused = anna.act(pod, body.clone()).await;
    assert!(
        matches!(
            refused,
            Answer::Refused {
                refusal: Refusal::NotPermitted { inbox: Some(there), .. }
            } if there == support
        ),
        "{refused:?}"
    );
    let mut mira = team.desk(team.mira).await;
    let unseen = mira.act(pod, body.clone()).await;
    assert!(
        matches!(
            unseen,
            Answer::Refused {
                refusal: Refusal::NewerMessage { .. }
            }
        ),
        "{unseen:?}"
    );
    let state = core.store.conversation(pod).await.unwrap().unwrap();
    let seen = state.last_message.map(|last| last.id);
    let moved = mira.ask(pod, seen, body).await;
    assert!(matches!(mira.answer(moved).await, Answer::Done { .. }));

    // Sales hears that it left, and nothing after that; Support that it came, and gets all of it.
    let left = anna
        .entry(|entry| matches!(event(entry), Some(Event::MovedOut { to }) if *to == support))
        .await;
    assert_eq!(left.scope, Scope::Inbox { id: team.inbox });
    let came = dora
        .entry(|entry| matches!(event(entry), Some(Event::MovedIn { from, .. }) if *from == team.inbox))
        .await;
    assert_eq!(came.scope, Scope::Inbox { id: support });
    for path in [&of_it, &bytes] {
        assert_eq!(get(team.anna, path.clone()).await.status(), 404, "{path}");
        assert_eq!(get(dora.member, path.clone()).await.status(), 200, "{path}");
    }
    let all: baton_protocol::ConversationWithEntries = get(dora.member, of_it).await.json().await.unwrap();
    assert_eq!(all.conversation.inbox, support);
    assert!(matches!(
        all.entries.first().and_then(event),
        Some(Event::Created { .. })
    ));
    assert!(all.entries.iter().any(|entry| entry.number == came.number));

    // What Carl writes to the old address goes on with it where it lies now.
    team.carl_writes("Re: A pod").await;
    let more = dora
        .entry(|entry| matches!(event(entry), Some(Event::MessageReceived { .. })))
        .await;
    assert!(matches!(more.body, LogBody::Conversation { conversation, .. } if conversation == pod));
    team.carl_writes("Another thing").await;
    anna.entry(|entry| matches!(event(entry), Some(Event::Created { .. })))
        .await;
    let heard = anna.entries.iter().filter(|entry| entry.number > left.number);
    let of_pod =
        |entry: &&LogEntry| matches!(entry.body, LogBody::Conversation { conversation, .. } if conversation == pod);
    assert_eq!(heard.filter(of_pod).count(), 0);
    // Whoever comes later gets it in the snapshot of where it lies, and Sales has none of it.
    let mut later = team.desk(dora.member).await;
    assert!(later.conversations.iter().any(|conversation| conversation.id == pod));
    later = team.desk(team.ben).await;
    assert!(
        !serde_json::to_string(&later.entries)
            .unwrap()
            .contains(&pod.0.to_string())
    );
}

async fn a_notification_handled_on_one_device_is_withdrawn_on_the_other(team: Team) {
    let mut laptop = team.desk(team.anna).await;
    let mut tower = team.desk(team.anna).await;
    let mut ben = team.desk(team.ben).await;
    let key = "anna dueFollowUp 1042".to_owned();
    let notified = ClientMessage::Notified {
        key: key.clone(),
        handled: true,
    };
    laptop.say(&notified).await;
    let heard = |message: &ServerMessage| match message {
        ServerMessage::Notified { key, handled } => Some((key.clone(), *handled)),
        _ => None,
    };
    assert_eq!(tower.until(heard).await, (key, true));
    // Neither the one that said it nor a colleague hears of it: what they hear next is the answer to a ping.
    for desk in [&mut laptop, &mut ben] {
        desk.say(&ClientMessage::Ping).await;
        desk.until(|message| {
            assert!(heard(message).is_none());
            matches!(message, ServerMessage::Pong { .. }).then_some(())
        })
        .await;
    }
}

async fn a_lock_is_renewed_by_its_own_device_only(team: Team) {
    team.carl_writes("A pod").await;
    let pod = team.conversation("A pod").await;
    let (mut anna, mut other) = (team.desk(team.anna).await, team.desk(team.anna).await);
    assert!(matches!(
        anna.act(pod, CommandBody::TakeLock { cover: false }).await,
        Answer::Done { .. }
    ));
    let granted = anna
        .entry(|entry| matches!(event(entry), Some(Event::LockGranted { .. })))
        .await;
    let store = &team.server.core().store;
    let taken = store.lease(pod).await.unwrap().unwrap();
    assert_eq!(taken.token, granted.number);
    let renew = |active_at| ClientMessage::Renew {
        conversation: pod,
        token: granted.number,
        active_at,
    };
    for (desk, moved) in [(&mut other, false), (&mut anna, true)] {
        let active_at = team.server.core().now();
        desk.say(&renew(active_at)).await;
        // Messages of one desk are taken in order: when the ping is answered the renewal is done with.
        desk.say(&ClientMessage::Ping).await;
        desk.until(|message| matches!(message, ServerMessage::Pong { .. }).then_some(()))
            .await;
        let now = store.lease(pod).await.unwrap().unwrap();
        assert_eq!(now.expires > taken.expires, moved);
    }
}
