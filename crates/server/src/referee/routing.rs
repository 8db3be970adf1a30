//! What routing by rules needs loaded, and what it is judged by within a commit: loads, turns and acquaintances at the head, with what was
//! decided in the same commit before. Where there are no rules in force nothing of it is asked, and nothing is slower.

use baton_domain::{
    Acquaintance, Command, CommandBody, Conversation, ConversationId, DocumentBody, Event, MemberId, RoutingFacts,
    RuleSet, Turns,
};
use baton_store::port::{Needs, RoutingNeeds, TurnRow, contact_key};
use std::collections::BTreeMap;

use super::arrival::{Arrival, FolderRole};
use super::cache::Cache;
use super::documents::DocumentSet;
use super::group::Work;
use super::working::Working;

/// Adds what routing asks for this piece of work; nothing where there are no rules in force, or it routes nothing.
pub(super) fn needs(work: &Work, needs: &mut Needs, cache: &Cache, documents: &DocumentSet) {
    let Some((rules, _)) = documents.rules().filter(|_| may_route(work)) else {
        return;
    };
    if matches!(work, Work::Arrival { arrival, .. } if is_history(arrival, documents)) {
        return;
    }
    goes(work, rules, needs);
    let routing = needs.routing.get_or_insert_with(|| {
        Box::new(RoutingNeeds {
            pool: rules.loads(),
            rules: rules.taking_turns(),
            ..RoutingNeeds::default()
        })
    });
    match work {
        Work::Arrival { arrival, .. } => routing.contacts.extend(contacts(arrival)),
        Work::Command { command, .. } => match cache.get(command.conversation) {
            Some(state) => drop(routing.contacts.insert(contact_key(&state.contact.email))),
            None => drop(routing.contacts_of.insert(command.conversation)),
        },
        _ => {}
    }
}

/// A rule that moves what somebody asks about leaves nobody's draft behind.
fn goes(work: &Work, rules: &RuleSet, needs: &mut Needs) {
    if let Work::Command { command, .. } = work
        && matches!(command.body, CommandBody::Route)
        && rules.moves()
    {
        needs.begun_in.insert(command.conversation);
    }
}

/// What arrived before its account went live, or is read anew, routes nothing: a first sync asks for nothing of this.
fn is_history(arrival: &Arrival, documents: &DocumentSet) -> bool {
    let account = documents.accounts().get(&arrival.account);
    arrival.resync || account.is_some_and(|account| arrival.internal_date < account.live_since)
}

/// Whether a piece of work may lead to a routing.
pub(super) fn may_route(work: &Work) -> bool {
    match work {
        Work::Arrival { arrival, .. } => arrival.role != FolderRole::Sent,
        Work::Command { command, .. } => matches!(
            command.body,
            CommandBody::Route
                | CommandBody::MoveToInbox { .. }
                | CommandBody::Split { .. }
                | CommandBody::Receive { .. }
        ),
        _ => false,
    }
}

/// Whether a piece of work changes the rules: what is routed after it needs other facts, and waits for the next commit.
pub(super) fn changes_rules(work: &Work) -> bool {
    let Work::Command { command, .. } = work else {
        return false;
    };
    matches!(&command.body, CommandBody::PutDocument { document } if matches!(**document, DocumentBody::Rules(_)))
}

/// Who may turn out to be the contact of an arrival.
fn contacts(arrival: &Arrival) -> impl Iterator<Item = String> + '_ {
    let parsed = arrival.parsed.as_ref().ok();
    parsed
        .into_iter()
        .flat_map(|parsed| [Some(&parsed.from), parsed.reply_to.first()])
        .flatten()
        .map(|address| contact_key(&address.email))
}

/// Whom an open conversation counts for.
pub(super) fn counts_for(state: &Conversation) -> Option<MemberId> {
    state.owner.filter(|_| !state.status.is_over())
}

impl Working<'_> {
    /// What a command that may route is judged by. `routing` holds the loaded facts.
    pub(super) fn routing_facts<'b>(
        &self,
        rules: Option<(&'b RuleSet, u32)>,
        loaded: Option<(&'b BTreeMap<MemberId, u32>, &'b Turns)>,
        command: &Command,
        state: Option<&Conversation>,
    ) -> Option<RoutingFacts<'b>> {
        let contact = match (&command.body, state) {
            (
                CommandBody::Receive {
                    message, live: true, ..
                },
                None,
            ) => {
                // A form writes from its own address for everybody: whom to answer says who it is.
                let whom = message.reply_to.first().filter(|whom| !whom.email.trim().is_empty());
                &whom.unwrap_or(&message.from).email
            }
            (
                CommandBody::Receive { live: true, .. }
                | CommandBody::Route
                | CommandBody::MoveToInbox { .. }
                | CommandBody::Split { .. },
                Some(state),
            ) => &state.contact.email,
            _ => return None,
        };
        let ((rules, version), (loads, turns)) = (rules?, loaded?);
        Some(RoutingFacts {
            rules,
            version,
            loads,
            turns,
            acquaintance: self.acquaintance(contact, command.conversation),
        })
    }

    /// What is known of a contact beside one conversation, with what was decided in this commit.
    fn acquaintance(&self, contact: &str, beside: ConversationId) -> Acquaintance {
        let key = contact_key(contact);
        let facts = self
            .loaded
            .routing
            .as_ref()
            .and_then(|routing| routing.contacts.get(&key));
        let known = facts.is_some_and(|facts| facts.known.iter().any(|id| *id != beside));
        let mut here = self
            .changed_states()
            .filter(|state| state.id != beside && contact_key(&state.contact.email) == key)
            .peekable();
        let returning = known || here.peek().is_some();
        let of_this_commit = here
            .max_by_key(|state| (counts_for(state).is_some(), state.id))
            .and_then(counts_for);
        let stored = facts.into_iter().flat_map(|facts| &facts.open);
        let stored = stored
            .filter(|(id, _)| *id != beside)
            .find_map(|(id, owner)| match self.state(*id) {
                Some(state) => counts_for(state),
                None => Some(*owner),
            });
        Acquaintance {
            returning,
            open_with: of_this_commit.or(stored),
        }
    }

    /// Keeps loads and turns as they are after an event of this commit.
    pub(super) fn count_routing(&mut self, number: u64, left: Option<MemberId>, after: &Conversation, event: &Event) {
        let Some(routing) = &mut self.loaded.routing else {
            self.batch.turns.extend(turn(number, event));
            return;
        };
        let got = counts_for(after);
        if left != got {
            if let Some(load) = left.and_then(|member| routing.loads.get_mut(&member)) {
                *load = load.saturating_sub(1);
            }
            if let Some(member) = got {
                let load = routing.loads.entry(member).or_insert(0);
                *load = load.saturating_add(1);
            }
        }
        if let Some(row) = turn(number, event) {
            routing.turns.insert((row.rule, row.member), number);
            // One row a rule and member: a multi-row insert must not name the same row twice.
            self.batch
                .turns
                .retain(|known| (known.rule, known.member) != (row.rule, row.member));
            self.batch.turns.push(row);
        }
    }
}

fn turn(number: u64, event: &Event) -> Option<TurnRow> {
    let Event::Routed { routing } = event else { return None };
    let (rule, member) = (routing.rule?, routing.owner?);
    routing.turn.then_some(TurnRow { rule, member, number })
}
