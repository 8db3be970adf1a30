//! What the scheduler finds: deadlines and leases that have come, and conversations whose clocks are to be computed anew.

use super::*;

pub(super) async fn what_is_due_comes_in_order_and_the_next_is_told<S: Subject>(store: S) {
    let start = now();
    let (first, second, later) = (
        ConversationId(id(100)),
        ConversationId(id(101)),
        ConversationId(id(102)),
    );
    append(&store, |head| {
        let mut batch = batch(&head, &[first, second, later]);
        batch.conversations[0].wake = Some((start.plus_ms(-10), Deadline::Escalation));
        batch.conversations[1].wake = Some((start.plus_ms(-20), Deadline::Snooze));
        batch.conversations[2].wake = Some((start.plus_ms(3_600_000), Deadline::Handoff));
        batch.leases.push(lease(102, 3, start.plus_ms(1_800_000), start));
        batch
    })
    .await
    .unwrap();
    let due = store.due(10).await.unwrap();
    let expected = [
        DueRow::Deadline {
            conversation: second,
            what: Deadline::Snooze,
            at: start.plus_ms(-20),
        },
        DueRow::Deadline {
            conversation: first,
            what: Deadline::Escalation,
            at: start.plus_ms(-10),
        },
    ];
    assert_eq!(due.rows, expected);
    assert_eq!(
        due.next,
        Some(start.plus_ms(900_000)),
        "the lock lies idle before anything else happens"
    );
    assert_eq!(store.due(1).await.unwrap().rows.len(), 1);
    append(&store, |head| {
        let mut batch = Batch::at(head);
        batch.conversations.push(ConversationRow {
            conversation: conversation(first, 1),
            wake: None,
        });
        batch.leases.push(lease(102, 3, start.plus_ms(-1), start));
        batch
    })
    .await
    .unwrap();
    let due = store.due(10).await.unwrap();
    assert_eq!(due.rows.len(), 2);
    assert_eq!(
        due.rows[1],
        DueRow::Lease {
            conversation: later,
            token: 3,
            idle: false,
            at: start.plus_ms(-1)
        }
    );
}

pub(super) async fn open_conversations_of_an_inbox_that_promises_anew_are_due_at_once<S: Subject>(store: S) {
    let start = now();
    let (open, over, elsewhere) = (
        ConversationId(id(100)),
        ConversationId(id(101)),
        ConversationId(id(102)),
    );
    append(&store, |head| {
        let mut batch = batch(&head, &[open, over, elsewhere]);
        batch.conversations[0].wake = Some((start.plus_ms(3_600_000), Deadline::Handoff));
        batch.conversations[1].conversation.status = Status::Closed;
        batch.conversations[2].conversation.inbox = InboxId(id(7));
        batch
    })
    .await
    .unwrap();
    let inbox = conversation(open, 1).inbox;
    let at = start.plus_ms(-5);
    append(&store, |head| {
        let mut batch = Batch::at(head);
        batch.retargeted.push((inbox, at));
        batch
    })
    .await
    .unwrap();
    let what = Deadline::Targets;
    let expected = [DueRow::Deadline {
        conversation: open,
        what,
        at,
    }];
    assert_eq!(store.due(10).await.unwrap().rows, expected);
}
