//! The people: small models of how somebody works. They look at a screen, act on what is on it, and take what they are told
//! as people do: read on, send all the same, leave it, ask, or suggest.

use baton_client::engine::{Ask, SendPlan, Told};
use baton_domain::{
    Address, AfterReply, CommandBody, Conversation, ConversationId, DAY_MS, DraftText, Event, HOUR_MS, HandoffContext,
    LockAnswer, LogBody, MemberId, MessageId, Money, OutboundState, Outcome, Priority, Refusal, Role, SECOND_MS,
    Settlement, Status,
};
use baton_protocol::{Acted, HeldResolution};

use super::besides::passed_on;
use super::{Happening, World};
use crate::cast::{PARTNERS, SALES, sentence};
use crate::plan::Deed;
use crate::rng::Rng;
use crate::tally::kind;

/// What somebody waits to hear of.
#[derive(Debug, Clone)]
pub struct Awaited {
    /// What they did, for the totals.
    pub(super) kind: String,
    conversation: Option<ConversationId>,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Act,
    Typing,
    Sending,
}

/// A reply somebody is writing.
#[derive(Debug, Clone)]
pub struct Writing {
    pub(super) cover: bool,
    pub(super) text: String,
    pub(super) after: AfterReply,
    pub(super) quote: Option<Money>,
    pub(super) close: Option<Outcome>,
    /// What they pass on, where it is no reply.
    pub(super) forwards: Option<MessageId>,
    /// They look at the thread again before they send.
    pub(super) reads_on: bool,
    pub(super) attempts: u8,
    pub(super) rng: Rng,
}

/// Something somebody goes on with.
#[derive(Debug, Clone)]
pub enum Scene {
    /// Types on.
    Types(ConversationId),
    /// Sends what they wrote.
    Sends(ConversationId),
    /// Takes the last act back.
    Undoes,
    /// Says what happens next in a conversation in which a colleague is just saying it.
    SetsToo(ConversationId),
}

impl World {
    /// Somebody sets out to do something.
    pub(super) fn deed(&mut self, who: usize, deed: Deed, rng: &mut Rng) {
        let Some(desk) = self.desks.get(who) else { return };
        if desk.asleep || desk.engine.is_none() {
            return;
        }
        let me = desk.person.id;
        let leads = desk.person.role == Role::Manager;
        let mine = move |c: &Conversation| c.owner == Some(me);
        let open = |c: &Conversation| !c.status.is_over();
        let any = rng.chance(12);
        let mut find = |wanted: &dyn Fn(&Conversation) -> bool| self.find(who, rng, &|c| any || wanted(c));
        let found = match deed {
            Deed::Claim => find(&|c| c.owner.is_none() && open(c)),
            Deed::Reply => find(&|c| (mine(c) || c.owner.is_none()) && open(c) && c.lock.is_none()),
            Deed::Cover => find(&|c| c.owner.is_some() && !mine(c) && open(c)),
            Deed::Note | Deed::Tag | Deed::Sort | Deed::Escalate => find(&open),
            Deed::Acknowledge => find(&|c| {
                c.escalation
                    .as_ref()
                    .is_some_and(|running| leads || running.has_asked(me))
            }),
            // Who leads moves; now and then somebody tries who may not.
            Deed::Move if !leads && !any => return,
            Deed::Move => find(&|c| open(c) && c.lock.is_none()),
            Deed::Merge => find(&|c| (mine(c) || c.owner.is_none()) && open(c) && c.lock.is_none()),
            Deed::Unmerge => find(&|c| c.merged.is_some()),
            Deed::Split => find(&|c| (mine(c) || c.owner.is_none()) && c.messages > 1 && c.lock.is_none()),
            Deed::NextStep | Deed::FollowUp | Deed::Close | Deed::Release => find(&|c| mine(c) && open(c)),
            Deed::Assign => find(&open),
            Deed::Snooze | Deed::Block => find(&|c| mine(c) && open(c) && c.blocked.is_none()),
            Deed::HandOff => find(&|c| mine(c) && open(c) && c.handoff.is_none()),
            Deed::CompleteFollowUp => find(&|c| mine(c) && c.follow_up.is_some()),
            Deed::Wake => find(&|c| c.snoozed.is_some()),
            Deed::Reopen => find(&|c| c.status.is_over()),
            Deed::Accept | Deed::Decline => find(&|c| c.handoff.as_ref().is_some_and(|offer| offer.to == me)),
            Deed::Unblock => find(&|c| c.blocked.is_some()),
            Deed::NoReplyNeeded | Deed::NotALead => find(&|c| c.unanswered_since.is_some()),
            Deed::RequestLock | Deed::TakeOver | Deed::Suggest => {
                find(&|c| c.lock.as_ref().is_some_and(|lock| lock.member != me))
            }
            Deed::AnswerRequest => find(&|c| {
                c.lock
                    .as_ref()
                    .is_some_and(|lock| lock.member == me && lock.asked.is_some())
            }),
            Deed::Forward => find(&|c| open(c) && c.messages > 0),
            Deed::SettleException => {
                find(&|c| c.corrections_to_look_at().next().is_some() || c.comeback_to_look_at().is_some())
            }
            Deed::NameStatus => find(&|c| (mine(c) || leads) && open(c)),
            Deed::SetStatus => find(&|c| mine(c) && open(c)),
            Deed::Follow => find(&|c| !mine(c) && !c.followers.contains(&me)),
            Deed::Unfollow => find(&|c| c.followers.contains(&me)),
            // Who leads has the rules asked again, and reminds; now and then somebody tries who may not.
            Deed::Route | Deed::Nudge if !leads && !any => return,
            Deed::Route => find(&|c| c.owner.is_none() && open(c)),
            Deed::Nudge => find(&|c| c.owner.is_some() && !mine(c) && open(c)),
            Deed::KeepApart => find(&open),
            Deed::Settle => return self.settle_doubts(who, rng),
            Deed::ResolveHeld => return self.tidy_held(who, rng),
            Deed::Undo => return self.undo(who),
            Deed::Unplug => return self.unplug(who),
            Deed::Plug => return self.plug(who),
        };
        let Some(id) = found else {
            return self.something_else(who, deed, rng);
        };
        match deed {
            Deed::Reply => self.begin_reply(who, id, false, rng),
            Deed::Cover => self.begin_reply(who, id, true, rng),
            Deed::Move => self.moves(who, id, rng),
            Deed::Merge => self.merges(who, id, rng),
            Deed::Split => self.splits(who, id, rng),
            Deed::Forward => self.begin_forward(who, id, rng),
            Deed::SettleException => self.settles_exception(who, id, rng),
            Deed::NameStatus => self.names_status(who, id, rng),
            Deed::KeepApart => self.keeps_apart(who, id, rng),
            Deed::NextStep if rng.chance(25) => self.both_set(who, id, rng),
            _ => {
                if let Some(body) = self.body(who, deed, rng) {
                    self.act(who, id, body, rng);
                }
            }
        }
    }

    /// Whoever finds nothing to do as they wanted does something small.
    fn something_else(&mut self, who: usize, deed: Deed, rng: &mut Rng) {
        if !matches!(deed, Deed::Note | Deed::Tag | Deed::Sort) {
            let small = rng.pick(&[Deed::Note, Deed::Tag, Deed::Sort]).copied();
            self.deed(who, small.unwrap_or(Deed::Note), rng);
        }
    }

    fn find(&self, who: usize, rng: &mut Rng, wanted: &dyn Fn(&Conversation) -> bool) -> Option<ConversationId> {
        let engine = self.desks.get(who)?.engine.as_ref()?;
        let all: Vec<ConversationId> = engine.conversations().filter(|c| wanted(c)).map(|c| c.id).collect();
        rng.pick(&all).copied()
    }

    fn body(&self, who: usize, deed: Deed, rng: &mut Rng) -> Option<CommandBody> {
        use CommandBody as C;
        let now = self.agenda.now();
        let manager = self
            .desks
            .get(who)
            .is_some_and(|desk| desk.person.role == Role::Manager);
        let text = sentence(rng);
        let later = now.plus_ms(rng.between(HOUR_MS / 60, 5 * DAY_MS));
        let zone = Some("Europe/Berlin".to_owned());
        Some(match deed {
            Deed::Claim => C::Claim,
            Deed::Note => C::AddNote {
                text,
                mentions: Vec::new(),
            },
            Deed::Tag if rng.chance(70) => C::Tag {
                tag: format!("t{}", rng.below(4)),
            },
            Deed::Tag => C::Untag {
                tag: format!("t{}", rng.below(4)),
            },
            Deed::Sort => C::SetFields {
                category: None,
                priority: Some(if rng.chance(50) {
                    Priority::High
                } else {
                    Priority::Normal
                }),
                value: rng.chance(30).then(|| Money {
                    cents: 100_000,
                    currency: "EUR".to_owned(),
                }),
                company: None,
                subject: None,
                details: Box::default(),
            },
            Deed::NextStep => C::SetNextStep { text },
            Deed::FollowUp => C::ScheduleFollowUp {
                due: later,
                zone,
                text: None,
            },
            Deed::CompleteFollowUp => C::CompleteFollowUp,
            Deed::Snooze => C::Snooze {
                until: rng.chance(85).then_some(later),
                zone,
                reason: rng.chance(70).then_some(text),
            },
            Deed::Wake => C::Wake,
            Deed::Close => {
                let outcomes = [Outcome::Won, Outcome::Lost, Outcome::Unqualified, Outcome::Spam];
                C::Close {
                    outcome: rng.pick(&outcomes).copied().filter(|_| rng.chance(90)),
                    reason: None,
                }
            }
            Deed::Reopen => C::Reopen,
            Deed::HandOff => C::HandOff {
                to: self.colleague(who, rng),
                context: self.context(rng),
            },
            Deed::Assign => C::Assign {
                to: self.colleague(who, rng),
                context: self.context(rng),
            },
            Deed::Accept => C::AcceptHandoff,
            Deed::Decline => C::DeclineHandoff { reason: None },
            Deed::Release => C::Release,
            Deed::Block => C::Block {
                on: Some(self.colleague(who, rng)),
                address: None,
                text,
            },
            Deed::Unblock => C::Unblock,
            Deed::Escalate => C::Escalate { reason: text },
            Deed::Acknowledge => C::AcknowledgeEscalation,
            Deed::NoReplyNeeded => C::NoReplyNeeded,
            Deed::NotALead => C::NotALead,
            Deed::RequestLock => C::RequestLock,
            Deed::AnswerRequest => C::AnswerRequest {
                answer: if rng.chance(50) {
                    LockAnswer::Give
                } else {
                    LockAnswer::Keep
                },
            },
            Deed::TakeOver if manager || rng.chance(20) => C::TakeOver,
            Deed::TakeOver => return None,
            Deed::Suggest => C::SuggestDraft { text },
            Deed::Unmerge => C::Unmerge { from: None },
            Deed::SetStatus => C::SetStatus {
                status: Status::QuoteSent,
            },
            Deed::Follow => C::Follow,
            Deed::Unfollow => C::Unfollow,
            Deed::Route => C::Route,
            Deed::Nudge => C::Nudge,
            Deed::Move
            | Deed::Forward
            | Deed::SettleException
            | Deed::NameStatus
            | Deed::KeepApart
            | Deed::Merge
            | Deed::Split
            | Deed::Reply
            | Deed::Cover
            | Deed::Undo
            | Deed::ResolveHeld
            | Deed::Settle
            | Deed::Unplug
            | Deed::Plug => {
                return None;
            }
        })
    }

    /// What happens next, and whoever leads says it at the same moment.
    fn both_set(&mut self, who: usize, id: ConversationId, rng: &mut Rng) {
        let leads = self.desks.len().saturating_sub(1);
        if leads != who {
            let wait = rng.between(0, 20);
            let scene = Box::new(Scene::SetsToo(id));
            self.agenda.after(wait, Happening::Person { desk: leads, scene });
        }
        if let Some(body) = self.body(who, Deed::NextStep, rng) {
            self.act(who, id, body, rng);
        }
    }

    /// Sales to Partners, or back.
    fn moves(&mut self, who: usize, id: ConversationId, rng: &mut Rng) {
        let state = self.desks.get(who).and_then(|desk| desk.engine.as_ref()?.state(id));
        let Some(lies_in) = state.map(|state| state.inbox) else {
            return;
        };
        let inbox = if lies_in == SALES { PARTNERS } else { SALES };
        self.act(who, id, CommandBody::MoveToInbox { inbox, owner: None }, rng);
    }

    /// Into another: one of the same customer where there is one, now and then any.
    fn merges(&mut self, who: usize, id: ConversationId, rng: &mut Rng) {
        let Some(engine) = self.desks.get(who).and_then(|desk| desk.engine.as_ref()) else {
            return;
        };
        let Some(state) = engine.state(id) else { return };
        let any = rng.chance(30);
        let others = engine.conversations().filter(|other| {
            let same = other.contact.email == state.contact.email;
            other.id != id && (any || same) && (any || !other.status.is_over())
        });
        let others: Vec<ConversationId> = others.map(|other| other.id).collect();
        if let Some(into) = rng.pick(&others).copied() {
            self.act(who, id, CommandBody::Merge { into }, rng);
        }
    }

    /// Some of what the customer wrote is another matter: most often the newest, now and then others.
    fn splits(&mut self, who: usize, id: ConversationId, rng: &mut Rng) {
        let screens = |world: &Self| world.desks.get(who).and_then(|desk| desk.screens.get(&id).cloned());
        if screens(self).is_none() {
            self.look_at(who, id);
        }
        // They are marked in the thread: nobody names what was never on their screen.
        let shown = screens(self).unwrap_or_default();
        let mut messages = self.theirs(who, id);
        messages.retain(|message| shown.contains(message));
        let newest = messages.pop();
        messages.retain(|_| rng.chance(20));
        messages.extend(newest.filter(|_| messages.is_empty() || rng.chance(50)));
        self.act(who, id, CommandBody::Split { messages }, rng);
    }

    /// What the customer wrote in a conversation, as far as somebody's desktop has read.
    pub(super) fn theirs(&self, who: usize, id: ConversationId) -> Vec<MessageId> {
        let read = self.desks.get(who).and_then(|desk| desk.engine.as_ref()?.cursor());
        let read = read.map_or(0, |cursor| cursor.number);
        let entries = self.model.log().iter().map(|sealed| &sealed.entry);
        let theirs = entries.filter_map(|entry| match &entry.body {
            LogBody::Conversation {
                conversation,
                event: Event::MessageReceived { message, .. },
            } if *conversation == id && entry.number <= read => Some(message.id),
            _ => None,
        });
        theirs.collect()
    }

    fn colleague(&self, who: usize, rng: &mut Rng) -> MemberId {
        let others: Vec<MemberId> = self
            .desks
            .iter()
            .filter(|desk| desk.at != who)
            .map(|desk| desk.person.id)
            .collect();
        rng.pick(&others).copied().unwrap_or(MemberId(uuid::Uuid::nil()))
    }

    fn context(&self, rng: &mut Rng) -> Option<HandoffContext> {
        let said = HandoffContext {
            happened: sentence(rng),
            promised: rng.chance(50).then(|| "an offer by Friday".to_owned()),
            next_step: "call them".to_owned(),
        };
        rng.chance(85).then_some(said)
    }

    /// Opens a conversation: all of it is on screen now.
    pub(super) fn look_at(&mut self, who: usize, id: ConversationId) -> Option<MessageId> {
        let desk = self.desks.get_mut(who)?;
        let parts = desk.engine.as_ref()?.one_with(id);
        let shown: Vec<MessageId> = parts.into_iter().flat_map(|part| desk.disk.messages_of(part)).collect();
        let last = desk
            .engine
            .as_ref()?
            .state(id)?
            .last_message
            .as_ref()
            .map(|last| last.id);
        desk.screens.entry(id).or_default().extend(shown);
        desk.on_screen.insert(id, last);
        let awaited = Awaited {
            kind: "looking".to_owned(),
            conversation: Some(id),
            what: What::Act,
        };
        self.ask(
            who,
            Ask::Looking {
                conversation: Some(id),
                seen: last,
            },
            awaited,
        );
        last
    }

    /// What the person last saw as the newest message; they look now, unless they had it open and act from memory.
    fn last_seen(&mut self, who: usize, id: ConversationId, from_memory: bool) -> Option<MessageId> {
        let known = self.desks.get(who).and_then(|desk| desk.on_screen.get(&id).copied());
        match known {
            Some(last) if from_memory => last,
            _ => self.look_at(who, id),
        }
    }

    pub(super) fn act(&mut self, who: usize, id: ConversationId, body: CommandBody, rng: &mut Rng) {
        let from_memory = rng.chance(35);
        let last_seen = self.last_seen(who, id, from_memory);
        self.in_words(who, id, &body);
        let awaited = Awaited {
            kind: kind(&body),
            conversation: Some(id),
            what: What::Act,
        };
        self.ask(
            who,
            Ask::Act {
                conversation: id,
                body,
                last_seen,
            },
            awaited,
        );
    }

    fn in_words(&mut self, who: usize, id: ConversationId, body: &CommandBody) {
        if self.transcript.is_silent() {
            return;
        }
        let words = crate::words::asked(&self.cast, body);
        self.by(who, id, &words);
    }

    pub(super) fn by(&mut self, who: usize, id: ConversationId, words: &str) {
        let Some(desk) = self.desks.get(who) else { return };
        let number = desk
            .engine
            .as_ref()
            .and_then(|engine| engine.state(id))
            .map_or(0, |state| state.number);
        let line = format!("{} {words} #{number}", desk.person.name);
        self.say(&line);
    }

    fn begin_reply(&mut self, who: usize, id: ConversationId, cover: bool, rng: &mut Rng) {
        if self.desks.get(who).is_none_or(|desk| desk.writing.contains_key(&id)) {
            return;
        }
        self.look_at(who, id);
        let now = self.now();
        let after = match rng.below(3) {
            0 => AfterReply::FollowUpIfNoAnswer {
                due: rng.chance(20).then(|| now.plus_ms(2 * DAY_MS)),
            },
            1 => AfterReply::IOwe {
                what: "the offer".to_owned(),
                due: now.plus_ms(rng.between(HOUR_MS, 3 * DAY_MS)),
            },
            _ => AfterReply::NothingMore,
        };
        let writing = Writing {
            cover,
            forwards: None,
            text: String::new(),
            after,
            quote: rng.chance(15).then(|| Money {
                cents: 99_900,
                currency: "EUR".to_owned(),
            }),
            close: rng.chance(6).then_some(Outcome::Won),
            reads_on: rng.chance(55),
            attempts: 0,
            rng: Rng::new(rng.bits()),
        };
        self.by(who, id, "opens");
        if let Some(desk) = self.desks.get_mut(who) {
            desk.writing.insert(id, writing);
        }
        self.types(who, id);
    }

    /// Somebody goes on.
    pub(super) fn scene(&mut self, who: usize, scene: Scene) {
        if self.desks.get(who).is_none_or(|desk| desk.asleep) {
            return;
        }
        match scene {
            Scene::Types(id) => self.types(who, id),
            Scene::Sends(id) => self.sends(who, id),
            Scene::Undoes => self.undo(who),
            Scene::SetsToo(id) => {
                let mut rng = Rng::of(self.seed, "sets too", self.made);
                let text = sentence(&mut rng);
                self.act(who, id, CommandBody::SetNextStep { text }, &mut rng);
            }
        }
    }

    pub(super) fn types(&mut self, who: usize, id: ConversationId) {
        let Some(desk) = self.desks.get_mut(who) else { return };
        let state = desk.engine.as_ref().and_then(|engine| engine.state(id)).cloned();
        let Some(writing) = desk.writing.get_mut(&id) else {
            return;
        };
        let Some(state) = state else { return };
        let some = sentence(&mut writing.rng);
        writing.text.push_str(&some);
        let draft = match writing.forwards {
            Some(message) => passed_on(&state, message, &writing.text),
            None => draft(&state, &writing.text),
        };
        let cover = writing.cover;
        let done = writing.rng.chance(55);
        let wait = writing.rng.between(SECOND_MS, 9 * SECOND_MS);
        let scene = if done { Scene::Sends(id) } else { Scene::Types(id) };
        self.agenda.after(
            wait,
            Happening::Person {
                desk: who,
                scene: Box::new(scene),
            },
        );
        let awaited = Awaited {
            kind: "compose".to_owned(),
            conversation: Some(id),
            what: What::Typing,
        };
        self.ask(
            who,
            Ask::Compose {
                conversation: id,
                draft,
                cover,
            },
            awaited,
        );
    }

    fn sends(&mut self, who: usize, id: ConversationId) {
        let Some(writing) = self.desks.get(who).and_then(|desk| desk.writing.get(&id)).cloned() else {
            return;
        };
        let last_seen = self.last_seen(who, id, !writing.reads_on);
        if let Some(desk) = self.desks.get_mut(who) {
            let seen = desk.screens.get(&id).cloned().unwrap_or_default();
            desk.sent_on.insert(id, seen);
        }
        self.by(who, id, "presses Send in");
        let forwards = writing.forwards.is_some();
        let awaited = Awaited {
            kind: if forwards { "forward" } else { "reply" }.to_owned(),
            conversation: Some(id),
            what: What::Sending,
        };
        self.ask(
            who,
            Ask::Send {
                conversation: id,
                plan: SendPlan {
                    after: writing.after,
                    quote: writing.quote,
                    close: writing.close,
                    send_at: None,
                },
                last_seen,
            },
            awaited,
        );
    }

    /// Somebody is told what became of what they did.
    pub(super) fn person_told(&mut self, who: usize, awaited: Awaited, told: Told) {
        let (What::Sending, Some(id)) = (awaited.what, awaited.conversation) else {
            return;
        };
        let Some(writing) = self.desks.get_mut(who).and_then(|desk| desk.writing.get_mut(&id)) else {
            return;
        };
        match told {
            Told::Acted(Acted::Done { .. }) => {
                let undoes = writing.rng.chance(15);
                let wait = writing.rng.between(SECOND_MS, 12 * SECOND_MS);
                self.stop_writing(who, id);
                if undoes {
                    self.agenda.after(
                        wait,
                        Happening::Person {
                            desk: who,
                            scene: Box::new(Scene::Undoes),
                        },
                    );
                }
            }
            Told::Acted(Acted::Refused { refusal }) => {
                writing.attempts = writing.attempts.saturating_add(1);
                let newer = matches!(refusal, Refusal::NewerMessage { .. } | Refusal::AlreadyAnswered { .. });
                let again = writing.attempts < 3 && (newer && writing.rng.chance(60) || writing.rng.chance(10));
                let wait = writing.rng.between(SECOND_MS, 6 * SECOND_MS);
                writing.reads_on = true;
                let suggests = writing.forwards.is_none() && writing.rng.chance(30);
                let text = writing.text.clone();
                if again {
                    let scene = Box::new(Scene::Sends(id));
                    self.agenda.after(wait, Happening::Person { desk: who, scene });
                    return;
                }
                self.stop_writing(who, id);
                if suggests {
                    let mut rng = Rng::new(1);
                    self.act(who, id, CommandBody::SuggestDraft { text }, &mut rng);
                }
                let awaited = Awaited {
                    kind: "discard".to_owned(),
                    conversation: Some(id),
                    what: What::Act,
                };
                self.ask(who, Ask::Discard { conversation: id }, awaited);
            }
            Told::Acted(Acted::Pending { .. }) => self.stop_writing(who, id),
            Told::Failed(_) => {
                writing.attempts = writing.attempts.saturating_add(1);
                if writing.attempts < 3 {
                    let scene = Box::new(Scene::Sends(id));
                    self.agenda.after(3 * SECOND_MS, Happening::Person { desk: who, scene });
                } else {
                    self.stop_writing(who, id);
                }
            }
            Told::Composed(_) | Told::Done => {}
        }
    }

    fn stop_writing(&mut self, who: usize, id: ConversationId) {
        if let Some(desk) = self.desks.get_mut(who) {
            desk.writing.remove(&id);
        }
    }

    fn undo(&mut self, who: usize) {
        let name = self
            .desks
            .get(who)
            .map(|desk| desk.person.name.clone())
            .unwrap_or_default();
        self.say(&format!("{name} takes the last act back"));
        let awaited = Awaited {
            kind: "undo".to_owned(),
            conversation: None,
            what: What::Act,
        };
        self.ask(who, Ask::Undo, awaited);
    }

    /// Goes through the held list, the conversation of each on screen.
    fn tidy_held(&mut self, who: usize, rng: &mut Rng) {
        let held = self
            .desks
            .get(who)
            .and_then(|desk| desk.engine.as_ref())
            .map(|engine| engine.held_list());
        for one in held.unwrap_or_default().into_iter().take(2) {
            self.look_at(who, one.conversation);
            if let Some(desk) = self.desks.get_mut(who) {
                let seen = desk.screens.get(&one.conversation).cloned().unwrap_or_default();
                desk.sent_on.insert(one.conversation, seen);
            }
            let (how, words) = match rng.below(10) {
                0..5 => (HeldResolution::Retry, "does all the same what was held in"),
                5..7 => (HeldResolution::MakeNote, "makes what was held a note in"),
                _ => (HeldResolution::Discard, "drops what was held in"),
            };
            self.by(who, one.conversation, words);
            let kind = format!("held {}", kind(&how));
            let awaited = Awaited {
                kind,
                conversation: Some(one.conversation),
                what: What::Act,
            };
            self.ask(who, Ask::ResolveHeld { id: one.id, how }, awaited);
        }
    }

    /// Asks the customer, who knows, about every reply in doubt.
    fn settle_doubts(&mut self, who: usize, rng: &mut Rng) {
        let Some(engine) = self.desks.get(who).and_then(|desk| desk.engine.as_ref()) else {
            return;
        };
        let doubts: Vec<(ConversationId, MessageId)> = engine
            .conversations()
            .flat_map(|conversation| conversation.outbound.iter().map(|outbound| (conversation.id, outbound)))
            .filter(|(_, outbound)| matches!(outbound.state, OutboundState::Unknown { .. }))
            .map(|(id, outbound)| (id, outbound.id))
            .collect();
        for (id, outbound) in doubts {
            let how = if self.check.mail.arrived(outbound) {
                Settlement::Delivered
            } else if rng.chance(60) {
                Settlement::SendAgain
            } else {
                Settlement::Drop
            };
            self.act(who, id, CommandBody::SettleUnknown { outbound, how }, rng);
        }
    }

    fn unplug(&mut self, who: usize) {
        let Some(desk) = self.desks.get_mut(who).filter(|desk| !desk.unplugged) else {
            return;
        };
        desk.unplugged = true;
        let words = format!("{} goes offline", desk.person.name);
        self.say(&words);
        self.break_line(who, None);
    }

    fn plug(&mut self, who: usize) {
        let Some(desk) = self.desks.get_mut(who).filter(|desk| desk.unplugged) else {
            return;
        };
        desk.unplugged = false;
        let words = format!("{} is back", desk.person.name);
        self.say(&words);
        self.dial(who);
    }
}

fn draft(state: &Conversation, text: &str) -> DraftText {
    let to: Vec<Address> = if state.reply_to.is_empty() {
        vec![state.contact.clone()]
    } else {
        state.reply_to.clone()
    };
    let subject = if state.subject.starts_with("Re: ") {
        state.subject.clone()
    } else {
        format!("Re: {}", state.subject)
    };
    DraftText {
        to,
        subject,
        text: text.to_owned(),
        ..DraftText::default()
    }
}
