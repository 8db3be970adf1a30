//! What a referee loads to judge whether somebody may go on with what they hold.

use baton_domain::{AfterReply, Closing, Outbound, OutboundState, Outcome, OwnerChange, Part};

use super::*;

pub async fn whoever_replies_and_what_somebody_owns_is_found_without_its_name<S: Subject>(store: S) {
    let [locked, leaving, owned, over, other] = [100, 101, 102, 103, 104].map(|n| ConversationId(id(n)));
    let stamp = |conversation| Stamp {
        number: 2,
        at: Timestamp(6),
        actor: Actor::Operator,
        conversation,
    };
    append(&store, |head| {
        let mut batch = batch(&head, &[locked, leaving, owned, over, other]);
        let mut then = |at: usize, event: Event| {
            let row: &mut ConversationRow = &mut batch.conversations[at];
            let state = row.conversation.clone();
            row.conversation = evolve(Some(state), stamp(row.conversation.id), &event).unwrap();
        };
        let owner = Event::OwnerChanged {
            owner: Some(ANNA),
            how: OwnerChange::Claimed,
            context: None,
        };
        then(
            0,
            Event::LockGranted {
                member: ANNA,
                device: DESK,
                cover: false,
            },
        );
        then(
            1,
            Event::ReplyQueued {
                outbound: Box::new(outbound(200)),
            },
        );
        then(2, owner.clone());
        then(3, owner);
        then(
            3,
            Event::Closed {
                closing: Closing {
                    outcome: Outcome::Won,
                    reason: None,
                    at: Timestamp(6),
                    by: Some(ANNA),
                },
            },
        );
        batch.leases.push(lease(100, 2, now().plus_ms(60_000), now()));
        batch
    })
    .await
    .unwrap();
    let load = async |needs: Needs| {
        let (tx, loaded) = store.begin(&needs).await.unwrap();
        store.rollback(tx).await;
        loaded
    };
    let nothing = load(Needs::default()).await;
    assert!(nothing.conversations.is_empty() && nothing.counts.is_empty());
    let replying = load(Needs {
        replying: true,
        ..Needs::default()
    })
    .await;
    assert_eq!(
        replying.conversations.keys().copied().collect::<Vec<_>>(),
        [locked, leaving]
    );
    assert_eq!(replying.leases.keys().copied().collect::<Vec<_>>(), [locked]);
    let theirs = load(Needs {
        owners: [ANNA, MemberId(id(99))].into(),
        counted: [INBOX].into(),
        ..Needs::default()
    })
    .await;
    assert_eq!(theirs.conversations.keys().copied().collect::<Vec<_>>(), [owned]);
    assert_eq!(theirs.counts, [(INBOX, 5)].into());
}

pub async fn what_somebody_is_writing_is_found_with_where_they_write<S: Subject>(store: S) {
    let [first, second] = [100, 101].map(|n| ConversationId(id(n)));
    append(&store, |head| batch(&head, &[first, second])).await.unwrap();
    let written = |n, conversation, member, text| DraftRow {
        conversation,
        member,
        ..draft(n, 1, text)
    };
    assert!(store.save(written(300, first, ANNA, "Dear Carl")).await);
    assert!(store.save(written(301, second, MemberId(id(99)), "Hello")).await);
    let needs = Needs {
        authors: [ANNA].into(),
        ..Needs::default()
    };
    let (tx, loaded) = store.begin(&needs).await.unwrap();
    store.rollback(tx).await;
    let found: Vec<_> = loaded.drafts.values().map(|draft| draft.text.text.as_str()).collect();
    assert_eq!(found, ["Dear Carl"]);
    assert_eq!(loaded.conversations.keys().copied().collect::<Vec<_>>(), [first]);
}

pub async fn what_somebody_is_writing_is_found_by_where_they_write<S: Subject>(store: S) {
    let [first, second] = [100, 101].map(|n| ConversationId(id(n)));
    append(&store, |head| batch(&head, &[first, second])).await.unwrap();
    let written = |n, conversation, member, text| DraftRow {
        conversation,
        member,
        ..draft(n, 1, text)
    };
    assert!(store.save(written(300, first, ANNA, "Dear Carl")).await);
    assert!(store.save(written(301, first, MemberId(id(99)), "Hello")).await);
    assert!(store.save(written(302, second, ANNA, "Not this")).await);
    let loaded = load(
        &store,
        Needs {
            begun_in: [first].into(),
            ..Needs::default()
        },
    )
    .await;
    let found: Vec<_> = loaded.drafts.values().map(|draft| draft.text.text.as_str()).collect();
    assert_eq!(found, ["Dear Carl", "Hello"]);
}

pub async fn what_was_merged_is_loaded_with_what_it_belongs_to<S: Subject>(store: S) {
    let [whole, part, inner, other] = [100, 101, 102, 103].map(|n| ConversationId(id(n)));
    let then = |state: Conversation, event: Event| {
        let stamp = Stamp {
            number: 1,
            at: now(),
            actor: Actor::Operator,
            conversation: state.id,
        };
        evolve(Some(state), stamp, &event).unwrap()
    };
    let goes = |state, into| then(state, Event::Merged { into, number: 1 });
    let takes = |state: Conversation, other: &Conversation| {
        let part = Box::new(Part::of(other, &state, now()));
        then(state, Event::Absorbed { part })
    };
    let in_part = goes(conversation(inner, 12), part);
    let in_whole = goes(takes(conversation(part, 11), &in_part), whole);
    let all = takes(conversation(whole, 10), &in_whole);
    append(&store, |head| {
        let mut batch = batch(&head, &[other]);
        for conversation in [&in_part, &in_whole, &all] {
            batch.conversations.push(ConversationRow {
                conversation: conversation.clone(),
                wake: None,
            });
        }
        batch
    })
    .await
    .unwrap();
    let ids = async |conversations: &[ConversationId], whole: &[ConversationId]| {
        let needs = Needs {
            conversations: conversations.iter().copied().collect(),
            whole: whole.iter().copied().collect(),
            ..Needs::default()
        };
        let loaded = load(&store, needs).await;
        loaded.conversations.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(
        ids(&[inner], &[]).await,
        [whole, part, inner],
        "to the end of the chain"
    );
    assert_eq!(ids(&[whole], &[]).await, [whole]);
    assert_eq!(ids(&[], &[whole]).await, [whole, part, inner]);
    assert_eq!(ids(&[other], &[]).await, [other]);
}

pub async fn a_conversation_that_moved_counts_and_wakes_where_it_lies<S: Subject>(store: S) {
    let [moved, stays] = [100, 101].map(|n| ConversationId(id(n)));
    let elsewhere = InboxId(id(78));
    append(&store, |head| batch(&head, &[moved, stays])).await.unwrap();
    append(&store, |head| {
        let mut batch = Batch::at(head);
        let body = LogBody::Conversation {
            conversation: moved,
            event: Event::MovedOut { to: elsewhere },
        };
        entry(&mut batch, body, Scope::Inbox { id: INBOX });
        let mut state = conversation(moved, 1);
        state.inbox = elsewhere;
        batch.conversations.push(ConversationRow {
            conversation: state,
            wake: None,
        });
        batch
    })
    .await
    .unwrap();
    let loaded = load(
        &store,
        Needs {
            counted: [INBOX, elsewhere].into(),
            conversations: [moved].into(),
            ..Needs::default()
        },
    )
    .await;
    assert_eq!(loaded.counts, [(INBOX, 1), (elsewhere, 1)].into());
    assert_eq!(loaded.conversations[&moved].inbox, elsewhere);
    let at = now().plus_ms(-10);
    append(&store, |head| {
        let mut batch = Batch::at(head);
        let body = LogBody::Conversation {
            conversation: stays,
            event: Event::Tagged { tag: "a".to_owned() },
        };
        entry(&mut batch, body, Scope::Inbox { id: INBOX });
        batch.retargeted.push((elsewhere, at));
        batch
    })
    .await
    .unwrap();
    let due = store.due(10).await.unwrap();
    let expected = DueRow::Deadline {
        conversation: moved,
        what: Deadline::Targets,
        at,
    };
    assert_eq!(due.rows, [expected]);
}

fn outbound(n: u128) -> Outbound {
    Outbound {
        id: MessageId(id(n)),
        state: OutboundState::Queued,
        account: SALES,
        by: ANNA,
        cover: false,
        from: carl(),
        sender: None,
        draft: DraftText::default(),
        header_id: format!("{n}@baton.test"),
        in_reply_to: None,
        references: Vec::new(),
        quote: None,
        after: AfterReply::NothingMore,
        close: None,
        queued_at: Timestamp(6),
        not_before: Timestamp(7),
        send_at: None,
        given_back: None,
        attempt: 0,
        filed: false,
        automatic: None,
    }
}
