use std::collections::BTreeMap;

use baton_domain::{
    Account, AccountId, AccountMode, Actor, Address, Cause, Closing, CommandId, Conversation, ConversationId, DAY_MS,
    Direction, Event, FollowUp, FollowUpKind, HOUR_MS, InboxId, LogBody, LogEntry, MemberId, Message, MessageId,
    MessageKind, Outcome, OwnerChange, Scope, Snooze, Source, Stamp, Status, Timestamp, evolve,
};
use baton_protocol::{ExceptionKind, Group, ListQuery, ThreadItem, Turn, View};
use uuid::Uuid;

use super::{Listed, Viewer, exceptions, page, place, thread, turn};

const NOW: Timestamp = Timestamp(1_795_428_000_000);

fn me() -> MemberId {
    MemberId(Uuid::from_u128(100))
}

fn account() -> AccountId {
    AccountId(Uuid::from_u128(60))
}

fn accounts() -> BTreeMap<AccountId, Account> {
    let account = Account {
        id: account(),
        inbox: InboxId(Uuid::from_u128(50)),
        address: "sales@example.com".to_owned(),
        name: String::new(),
        aliases: Vec::new(),
        live_since: NOW,
        mode: AccountMode::Together,
        hosted_by: None,
        signatures: Vec::new(),
        folders: Vec::new(),
    };
    BTreeMap::from([(account.id, account)])
}

fn message(id: u128, at: Timestamp) -> Box<Message> {
    Box::new(Message {
        id: MessageId(Uuid::from_u128(id)),
        direction: Direction::Inbound,
        kind: MessageKind::Human,
        from: Address::default(),
        to: Vec::new(),
        cc: Vec::new(),
        reply_to: Vec::new(),
        subject: "Lamps".to_owned(),
        at,
        header_id: None,
        references: Vec::new(),
        preview: String::new(),
        blob: None,
        size: 0,
        attachments: Vec::new(),
        account: Some(account()),
        returns_at: None,
        bounced: None,
        facts: baton_domain::MessageFacts::default(),
    })
}

fn created(history: bool) -> Event {
    Event::Created {
        number: 1,
        inbox: InboxId(Uuid::from_u128(50)),
        account: Some(account()),
        contact: Address::default(),
        subject: "Lamps".to_owned(),
        source: Source {
            channel: "email".to_owned(),
            address: String::new(),
            at: NOW,
        },
        history,
    }
}

fn mine() -> Event {
    Event::OwnerChanged {
        owner: Some(me()),
        how: OwnerChange::Claimed,
        context: None,
    }
}

fn due(at: Timestamp, kind: FollowUpKind) -> Event {
    let follow_up = FollowUp {
        due: at,
        kind,
        text: None,
        by: None,
        zone: None,
        fired: false,
        closes_at: None,
    };
    Event::FollowUpSet {
        follow_up: Some(follow_up),
        cause: Cause::Person,
    }
}

fn status(status: Status) -> Event {
    Event::StatusChanged {
        status,
        cause: Cause::Reply,
    }
}

fn after(events: &[Event]) -> Conversation {
    let mut state = None;
    for (event, number) in events.iter().zip(1..) {
        let stamp = Stamp {
            number,
            at: NOW,
            actor: Actor::Operator,
            conversation: ConversationId(Uuid::from_u128(1)),
        };
        state = evolve(state, stamp, event);
    }
    state.unwrap()
}

fn check(events: &[Event], now: Timestamp, group: Option<Group>, late: bool, whose: Turn) {
    let conversation = after(events);
    let accounts = accounts();
    let viewer = Viewer {
        me: me(),
        now,
        day_ends: Timestamp(NOW.0 + 14 * HOUR_MS),
        accounts: &accounts,
    };
    let placement = place(&conversation, &viewer);
    assert_eq!(
        (placement.group, placement.late, turn(&conversation, now)),
        (group, late, whose)
    );
}

#[test]
fn a_date_is_today_then_overdue_without_anything_happening() {
    let waiting = [
        created(false),
        mine(),
        status(Status::Waiting),
        due(NOW.plus_ms(HOUR_MS), FollowUpKind::Chase { step: 1 }),
    ];
    check(&waiting, NOW, Some(Group::DueToday), false, Turn::Customer);
    check(
        &waiting,
        NOW.plus_ms(2 * HOUR_MS),
        Some(Group::Overdue),
        true,
        Turn::Chase,
    );
    let later = [
        created(false),
        mine(),
        status(Status::Waiting),
        due(NOW.plus_ms(2 * DAY_MS), FollowUpKind::Chase { step: 1 }),
    ];
    check(&later, NOW, None, false, Turn::Customer);
}

#[test]
fn what_the_customer_waits_for_is_my_turn() {
    let answered = [
        created(false),
        mine(),
        status(Status::Assigned),
        Event::MessageReceived {
            message: message(2, NOW),
            live: true,
        },
    ];
    check(&answered, NOW, Some(Group::YourTurn), false, Turn::Ours);
    let unowned = [
        created(false),
        Event::MessageReceived {
            message: message(2, NOW),
            live: true,
        },
    ];
    check(&unowned, NOW, Some(Group::Unassigned), false, Turn::Nobody);
}

#[test]
fn a_snooze_ends_by_the_clock_alone() {
    let snooze = Snooze {
        until: Some(NOW.plus_ms(HOUR_MS)),
        zone: None,
        by: me(),
        since: NOW,
    };
    let asleep = [
        created(false),
        mine(),
        status(Status::Assigned),
        Event::Snoozed { snooze, reason: None },
    ];
    check(&asleep, NOW, None, false, Turn::Snoozed);
    check(&asleep, NOW.plus_ms(HOUR_MS), Some(Group::YourTurn), false, Turn::Ours);
}

#[test]
fn left_over_is_what_a_customer_wrote_in_the_last_thirty_days_and_nobody_answered() {
    let accounts = accounts();
    let viewer = Viewer {
        me: me(),
        now: NOW,
        day_ends: NOW.plus_ms(DAY_MS),
        accounts: &accounts,
    };
    let closed = || Event::Closed {
        closing: Closing {
            outcome: Outcome::Imported,
            reason: None,
            at: NOW,
            by: None,
        },
    };
    let old = |days: i64| {
        let message = message(2, NOW.plus_ms(-days * DAY_MS));
        after(&[created(true), Event::MessageReceived { message, live: false }, closed()])
    };
    assert!(place(&old(29), &viewer).is_in(View::LeftOver));
    assert!(!place(&old(31), &viewer).is_in(View::LeftOver));
    let mut answer = message(3, NOW.plus_ms(-DAY_MS));
    answer.direction = Direction::Outside;
    let answered = after(&[
        created(true),
        Event::MessageReceived {
            message: message(2, NOW.plus_ms(-2 * DAY_MS)),
            live: false,
        },
        Event::OutsideReply {
            message: answer,
            live: false,
        },
        closed(),
    ]);
    assert!(!place(&answered, &viewer).is_in(View::LeftOver));
}

#[test]
fn today_lists_what_is_late_first_and_pages_do_not_overlap() {
    let accounts = accounts();
    let viewer = Viewer {
        me: me(),
        now: NOW,
        day_ends: NOW.plus_ms(14 * HOUR_MS),
        accounts: &accounts,
    };
    let all: Vec<(Conversation, super::Placement)> = (0..9)
        .map(|n| {
            let mut conversation = match n % 3 {
                0 => after(&[created(false)]),
                1 => after(&[
                    created(false),
                    mine(),
                    due(NOW.plus_ms(HOUR_MS + n), FollowUpKind::Owed),
                ]),
                _ => after(&[
                    created(false),
                    mine(),
                    due(NOW.plus_ms(-HOUR_MS - n), FollowUpKind::Owed),
                ]),
            };
            conversation.id = ConversationId(Uuid::from_u128(u128::try_from(n).unwrap()));
            conversation.number = u32::try_from(n).unwrap();
            let placement = place(&conversation, &viewer);
            (conversation, placement)
        })
        .collect();
    let numbers = |offset: u32, limit: u32| -> Vec<u32> {
        let query = ListQuery {
            view: View::Today,
            inbox: None,
            owner: None,
            sort: None,
            offset,
            limit,
        };
        let listed = all.iter().map(|(conversation, placement)| Listed {
            id: conversation.id,
            conversation,
            placement,
        });
        let (rows, total, groups) = page(listed, &query);
        assert_eq!(total, 9);
        assert_eq!(
            groups
                .iter()
                .map(|group| (group.group, group.count))
                .collect::<Vec<_>>(),
            [(Group::Overdue, 3), (Group::DueToday, 3), (Group::Unassigned, 3),]
        );
        rows.iter().map(|(_, row)| row.conversation.number).collect()
    };
    assert_eq!(numbers(0, 9), [8, 5, 2, 1, 4, 7, 0, 3, 6]);
    let whole = numbers(0, u32::MAX);
    assert_eq!(whole, numbers(0, 9));
    for offset in 0..=10 {
        for limit in 0..=10 {
            let (from, count) = (usize::try_from(offset).unwrap(), usize::try_from(limit).unwrap());
            let part: Vec<u32> = whole.iter().skip(from).take(count).copied().collect();
            assert_eq!(numbers(offset, limit), part, "{limit} rows from {offset} on");
        }
    }
}

#[test]
fn history_that_arrived_newest_first_is_read_in_order_and_events_are_folded() {
    let entry = |number: u64, event: Event| LogEntry {
        number,
        at: NOW,
        issued_at: NOW,
        actor: Actor::Operator,
        command: CommandId(Uuid::nil()),
        scope: Scope::Workspace,
        body: LogBody::Conversation {
            conversation: ConversationId(Uuid::from_u128(1)),
            event,
        },
    };
    let received = |id: u128, days: i64| Event::MessageReceived {
        message: message(id, NOW.plus_ms(-days * DAY_MS)),
        live: false,
    };
    let entries = vec![
        entry(1, created(true)),
        entry(2, received(12, 1)),
        entry(3, received(11, 2)),
        entry(4, mine()),
        entry(5, status(Status::Assigned)),
    ];
    let shape: Vec<String> = thread(entries, Vec::new())
        .iter()
        .map(|item| match item {
            ThreadItem::Message { message, .. } => format!("message {}", message.id.0.as_u128()),
            ThreadItem::Events { entries } => format!("{} events", entries.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(shape, ["message 11", "message 12", "3 events"]);
}

#[test]
fn an_answer_from_outside_is_an_exception_until_somebody_owns_the_conversation() {
    let mut answer = message(12, NOW);
    answer.direction = Direction::Outside;
    answer.preview = "Yes, 40 of them.".to_owned();
    let received = Event::MessageReceived {
        message: message(11, NOW),
        live: true,
    };
    let outside = Event::OutsideReply {
        message: answer,
        live: true,
    };
    let open = after(&[created(false), received.clone(), outside.clone()]);
    let found = exceptions(std::iter::once(&open), &BTreeMap::new(), None, NOW);
    assert_eq!(found.len(), 1);
    assert!(matches!(&found[0].what, ExceptionKind::AnsweredOutside { text, .. } if text == "Yes, 40 of them."));

    let taken = after(&[created(false), received.clone(), outside.clone(), mine()]);
    assert_eq!(exceptions(std::iter::once(&taken), &BTreeMap::new(), None, NOW), []);
    let history = after(&[created(true), received, outside]);
    assert_eq!(
        exceptions(std::iter::once(&history), &BTreeMap::new(), None, NOW),
        [],
        "what was so before starts nothing"
    );
}

#[test]
fn what_is_asked_of_me_is_mine_to_see_to_until_it_ends() {
    let theirs = Event::OwnerChanged {
        owner: Some(MemberId(Uuid::from_u128(77))),
        how: OwnerChange::Claimed,
        context: None,
    };
    let asked = |who: MemberId| Event::Escalated {
        reason: baton_domain::EscalationReason::BeforeClosing,
        step: 0,
        asked: [who].into(),
        until: None,
    };
    let accounts = accounts();
    let viewer = Viewer {
        me: me(),
        now: NOW,
        day_ends: Timestamp(NOW.0 + 14 * HOUR_MS),
        accounts: &accounts,
    };
    let placed = |events: &[Event]| {
        let placement = place(&after(events), &viewer);
        (placement.is_in(View::Escalated), placement.group)
    };
    let mine = [created(false), theirs.clone(), asked(me())];
    assert_eq!(placed(&mine), (true, Some(Group::YourTurn)));
    let has_it = Event::EscalationAcknowledged { by: me() };
    let mine: Vec<Event> = mine.into_iter().chain([has_it]).collect();
    assert!(placed(&mine).0);
    let ended = Event::EscalationEnded {
        how: baton_domain::EscalationEnd::Decided,
        reply: None,
    };
    let over: Vec<Event> = mine.into_iter().chain([ended]).collect();
    assert_eq!(placed(&over), (false, None));
    let other = MemberId(Uuid::from_u128(78));
    assert_eq!(placed(&[created(false), theirs, asked(other)]), (false, None));
}

#[test]
fn what_the_rules_sent_to_the_wrong_place_names_the_rule_while_it_is_there() {
    use baton_domain::{Condition, Inbox, InboxPolicy, Routing, Rule, RuleAction, RuleId, RuleSet};
    let rule = RuleId(Uuid::from_u128(9));
    let inbox = Inbox {
        id: InboxId(Uuid::from_u128(50)),
        name: "Sales".to_owned(),
        access: Vec::new(),
        policy: InboxPolicy::default(),
    };
    let inboxes = BTreeMap::from([(inbox.id, inbox)]);
    let rules = RuleSet {
        rules: vec![Rule {
            id: rule,
            name: "Lamps to me".to_owned(),
            enabled: true,
            when: Condition::All { of: Vec::new() },
            then: vec![RuleAction::Assign { to: me() }],
            stop: None,
        }],
    };
    let other = MemberId(Uuid::from_u128(101));
    let owned = |owner, how| Event::OwnerChanged {
        owner: Some(owner),
        how,
        context: None,
    };
    let routed = Event::Routed {
        routing: Box::new(Routing {
            version: 3,
            rule: Some(rule),
            owner: Some(me()),
            turn: false,
            moved_to: None,
            trace: baton_domain::RouteTrace::default(),
        }),
    };
    let events = [
        created(false),
        routed,
        owned(me(), OwnerChange::Routed),
        owned(other, OwnerChange::Assigned),
    ];
    let mut state = None;
    for (event, number) in events.iter().zip(1..) {
        let stamp = Stamp {
            number,
            at: NOW,
            actor: Actor::Member { id: other },
            conversation: ConversationId(Uuid::from_u128(1)),
        };
        state = evolve(state, stamp, event);
    }
    let state = state.unwrap();
    let named = |rules| {
        let found = exceptions(std::iter::once(&state), &inboxes, rules, NOW);
        assert_eq!(found.len(), 1, "{found:?}");
        match &found[0].what {
            ExceptionKind::Misrouted { rule, correction } => {
                assert_eq!((correction.sent.owner, correction.by), (Some(me()), other));
                rule.clone()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(named(Some(&rules)).as_deref(), Some("Lamps to me"));
    assert_eq!(named(None), None);
}

#[test]
fn an_answer_nobody_here_saw_is_an_exception_once_its_copy_had_time_to_come() {
    let mut shows = message(11, NOW);
    shows.facts.unseen = Some(Box::new(baton_domain::UnseenAnswer {
        header_id: "x1@baton.test".to_owned(),
        quoted_from: None,
    }));
    let received = Event::MessageReceived {
        message: shows,
        live: true,
    };
    let state = after(&[created(false), received]);
    let at = state.unseen.as_ref().unwrap().at;
    let found = |now| {
        let found = exceptions(std::iter::once(&state), &BTreeMap::new(), None, now);
        found.iter().any(
            |one| matches!(&one.what, ExceptionKind::AnsweredUnseen { header_id, .. } if header_id == "x1@baton.test"),
        )
    };
    assert!(!found(at.plus_ms(60_000)));
    assert!(found(at.plus_ms(180_000)));
}
