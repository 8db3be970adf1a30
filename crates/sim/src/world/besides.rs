//! What people do besides answering: they pass on, look at exceptions, call things by their names, and tell two enquiries apart.

use baton_domain::{
    Address, AfterReply, CommandBody, Conversation, ConversationId, DraftText, MessageId, Oddity, StatusId,
};

use super::World;
use super::people::Writing;
use crate::cast::{STATUSES, customer, customers};
use crate::rng::Rng;

impl World {
    /// What a customer wrote goes on to somebody outside; a colleague may be replying.
    pub(super) fn begin_forward(&mut self, who: usize, id: ConversationId, rng: &mut Rng) {
        if self.desks.get(who).is_none_or(|desk| desk.writing.contains_key(&id)) {
            return;
        }
        let messages = self.theirs(who, id);
        let Some(message) = rng.pick(&messages).copied() else {
            return;
        };
        self.look_at(who, id);
        let writing = Writing {
            cover: false,
            text: String::new(),
            after: AfterReply::NothingMore,
            quote: None,
            close: None,
            forwards: Some(message),
            reads_on: false,
            attempts: 0,
            rng: Rng::new(rng.bits()),
        };
        self.by(who, id, "passes something on from");
        if let Some(desk) = self.desks.get_mut(who) {
            desk.writing.insert(id, writing);
        }
        self.types(who, id);
    }

    pub(super) fn settles_exception(&mut self, who: usize, id: ConversationId, rng: &mut Rng) {
        let state = self.desks.get(who).and_then(|desk| desk.engine.as_ref()?.state(id));
        let Some(state) = state else { return };
        let what = if state.corrections_to_look_at().next().is_some() {
            Oddity::Misrouted
        } else if state.comeback_to_look_at().is_some() {
            Oddity::Reopened
        } else {
            Oddity::Stale
        };
        self.act(who, id, CommandBody::SettleException { what }, rng);
    }

    /// By the inbox's own name of where it stands, by none, and now and then by one of something else.
    pub(super) fn names_status(&mut self, who: usize, id: ConversationId, rng: &mut Rng) {
        let state = self.desks.get(who).and_then(|desk| desk.engine.as_ref()?.state(id));
        let Some(stands) = state.map(|state| state.status) else {
            return;
        };
        let any = rng.chance(10);
        let named = STATUSES.iter().filter(|(_, status)| any || *status == stands);
        let named: Vec<&str> = named.map(|(name, _)| *name).collect();
        let status = rng.pick(&named).filter(|_| rng.chance(75));
        let status = status.map(|name| StatusId((*name).to_owned()));
        self.act(who, id, CommandBody::NameStatus { status }, rng);
    }

    pub(super) fn keeps_apart(&mut self, who: usize, id: ConversationId, rng: &mut Rng) {
        let Some(engine) = self.desks.get(who).and_then(|desk| desk.engine.as_ref()) else {
            return;
        };
        let others: Vec<ConversationId> = engine.conversations().map(|other| other.id).collect();
        let from = rng.pick(&others).copied().filter(|other| *other != id);
        if let Some(from) = from {
            self.act(who, id, CommandBody::KeepApart { from }, rng);
        }
    }
}

/// A message passed on: most often to a forwarder nobody else writes to, else to another customer, who may answer it.
pub(super) fn passed_on(state: &Conversation, message: MessageId, text: &str) -> DraftText {
    let number = message.0.as_u128();
    let email = if number.is_multiple_of(3) {
        customer(u64::try_from(number % u128::from(customers())).unwrap_or(0)).address
    } else {
        "haulage@forwarder.example".to_owned()
    };
    DraftText {
        to: vec![Address {
            name: String::new(),
            email,
        }],
        subject: format!("Fwd: {}", state.subject),
        text: text.to_owned(),
        forwards: Some(message),
        ..DraftText::default()
    }
}
