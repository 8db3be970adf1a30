//! Another matter in the same thread: split off, shown where it goes on, taken back.

use baton_domain::{CommandBody, ConversationId, Event, LogBody, LogEntry, MessageId, Stamp};
use baton_protocol::{Acted, Action, ThreadItem};

use super::{ANNA, BEN, Office};
use crate::engine::{Ask, Told};
use crate::views::thread;

impl Office {
    /// A conversation's log, as its referee knows it.
    pub(super) fn log_of(&self, id: ConversationId) -> Vec<(Stamp, Event)> {
        let of_it = |entry: &LogEntry| match &entry.body {
            LogBody::Conversation { conversation, event } if *conversation == id => Some((
                Stamp {
                    number: entry.number,
                    at: entry.at,
                    actor: entry.actor,
                    conversation: id,
                },
                event.clone(),
            )),
            _ => None,
        };
        self.log.iter().filter_map(of_it).collect()
    }

    /// The messages a desk shows of a conversation.
    fn read(&self, id: ConversationId) -> Vec<MessageId> {
        let of_it =
            |entry: &&LogEntry| matches!(entry.body, LogBody::Conversation { conversation, .. } if conversation == id);
        let entries = self.log.iter().filter(of_it).cloned().collect();
        let items = thread(entries, Vec::new());
        let messages = items.into_iter().filter_map(|item| match item {
            ThreadItem::Message { message, .. } => Some(message.id),
            _ => None,
        });
        messages.collect()
    }

    fn newest(&self, id: ConversationId) -> MessageId {
        self.real(id).last_message.as_ref().unwrap().id
    }
}

/// Carl writes about lamps, and then about chairs.
fn two_matters(office: &mut Office) -> (ConversationId, MessageId, MessageId) {
    let lead = office.carl_writes(None, "Our lamps flicker");
    let lamps = office.newest(lead);
    office.carl_writes(Some(lead), "And we need chairs");
    (lead, lamps, office.newest(lead))
}

fn splits(office: &mut Office, lead: ConversationId, message: MessageId) -> ConversationId {
    let body = CommandBody::Split {
        messages: vec![message],
    };
    let Acted::Done {
        command,
        undoable: true,
        ..
    } = office.act(ANNA, lead, body)
    else {
        panic!("it can be taken back");
    };
    ConversationId(command.0)
}

#[test]
fn every_desk_reads_each_matter_in_its_own_conversation() {
    let mut office = Office::open();
    let (lead, lamps, chairs) = two_matters(&mut office);
    let new = splits(&mut office, lead, chairs);
    office.all_agree();
    assert_eq!(office.read(lead), [lamps]);
    assert_eq!(office.read(new), [chairs.in_conversation(new)]);
    for desk in [ANNA, BEN] {
        let shown = office.shown(desk, new);
        assert_eq!(shown.split.as_ref().unwrap().conversation, lead);
        let opened = office.desks[desk].engine.opened(lead, Vec::new()).unwrap();
        assert!(opened.same.is_empty(), "nobody is asked whether they are one");
        let may = |action| {
            let mut allowed = opened.allowed.iter();
            allowed.find(|one| one.action == action).unwrap().refusal.is_none()
        };
        assert!(!may(Action::Split), "something has to stay");
    }
}

#[test]
fn it_is_taken_back() {
    let mut office = Office::open();
    let (lead, _, chairs) = two_matters(&mut office);
    let waited = office.real(lead).unanswered_since;
    let new = splits(&mut office, lead, chairs);
    let ticket = office.ask(ANNA, Ask::Undo);
    office.settle();
    assert!(matches!(
        office.told(ANNA, ticket),
        Some(Told::Acted(Acted::Done { .. }))
    ));
    office.all_agree();
    assert_eq!(office.real(new).merged.as_ref().unwrap().into, lead);
    assert_eq!(office.desks[BEN].engine.one_with(lead), [lead, new]);
    assert_eq!(
        (office.real(lead).messages, office.real(lead).unanswered_since),
        (2, waited)
    );
}

#[test]
fn taking_it_back_does_not_go_over_what_came_since() {
    let mut office = Office::open();
    let (lead, _, chairs) = two_matters(&mut office);
    let new = splits(&mut office, lead, chairs);
    office.carl_writes(Some(new), "Forty of them");
    let ticket = office.ask(ANNA, Ask::Undo);
    office.settle();
    let told = office.told(ANNA, ticket);
    assert!(matches!(told, Some(Told::Acted(Acted::Refused { .. }))), "{told:?}");
    assert!(office.real(new).merged.is_none());
}

#[test]
fn without_the_server_nothing_is_split() {
    let mut office = Office::open();
    let (lead, _, chairs) = two_matters(&mut office);
    office.cut(ANNA);
    let ticket = office.ask(
        ANNA,
        Ask::Act {
            conversation: lead,
            body: CommandBody::Split { messages: vec![chairs] },
            last_seen: Some(chairs),
        },
    );
    office.settle();
    assert!(matches!(office.told(ANNA, ticket), Some(Told::Failed(_))));
}
