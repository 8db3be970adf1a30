//! What splitting a conversation asks of a store: its whole log, and keys that lead there no more.

use baton_store::port::{DroppedKey, KeyHit};

use super::*;

pub async fn the_log_of_a_conversation_is_loaded_whole_and_alone<S: Subject>(store: S) {
    let [first, second, unknown] = [100, 101, 102].map(|n| ConversationId(id(n)));
    append(&store, |head| batch(&head, &[first, second])).await.unwrap();
    append(&store, |head| {
        let mut batch = Batch::at(head);
        for tag in ["one", "two"] {
            let event = Event::Tagged { tag: tag.to_owned() };
            let body = LogBody::Conversation {
                conversation: first,
                event,
            };
            entry(&mut batch, body, Scope::Inbox { id: INBOX });
        }
        batch
    })
    .await
    .unwrap();
    let needs = Needs {
        logs: [first, unknown].into(),
        ..Needs::default()
    };
    let loaded = load(&store, needs).await;
    let numbers = |id| loaded.logs[&id].iter().map(|entry| entry.number).collect::<Vec<_>>();
    assert_eq!((numbers(first), numbers(unknown)), (vec![1, 3, 4], vec![]));
    assert!(!loaded.logs.contains_key(&second), "nobody asked for it");
}

pub async fn a_key_is_dropped_for_the_message_that_has_it<S: Subject>(store: S) {
    append(&store, |head| {
        let mut batch = Batch::at(head);
        batch.keys.push(key_row("a@x", 100, 200, false, 5));
        batch.keys.push(key_row("b@x", 100, 201, false, 6));
        batch.keys.push(key_row("a@x", 101, 202, true, 7));
        batch
    })
    .await
    .unwrap();
    append(&store, |head| {
        let mut batch = Batch::at(head);
        // The second is another message's by now.
        batch.dropped_keys = [("a@x", 200), ("b@x", 200), ("c@x", 200)]
            .map(|(key, message)| DroppedKey {
                key: ThreadKey::header(key),
                conversation: ConversationId(id(100)),
                message: MessageId(id(message)),
            })
            .into();
        batch.keys.push(key_row("a@x", 102, 203, false, 8));
        batch
    })
    .await
    .unwrap();
    let needs = Needs {
        keys: ["a@x", "b@x"].map(ThreadKey::header).into(),
        ..Needs::default()
    };
    let loaded = load(&store, needs).await;
    let lead_to = |key: &str| {
        let hits: &[KeyHit] = &loaded.hits[&ThreadKey::header(key)];
        hits.iter().map(|hit| hit.conversation).collect::<Vec<_>>()
    };
    let to = |ids: &[u128]| ids.iter().map(|n| ConversationId(id(*n))).collect::<Vec<_>>();
    assert_eq!((lead_to("a@x"), lead_to("b@x")), (to(&[102, 101]), to(&[100])));
}
