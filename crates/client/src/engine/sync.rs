//! The connection and what the server says on it: welcome, snapshot, frames, presence.

use baton_domain::{ConversationId, Event, LogBody, LogEntry, MINUTE_MS, SECOND_MS, Scope, Stamp, Timestamp, evolve};
use baton_protocol::{
    ApiError, ClientMessage, Cursor, ErrorCode, PROTOCOL_VERSION, ServerMessage, SyncRefusal, UiEvent,
};
use baton_store::replica::Forget;

use super::io::{Effect, End};
use super::state::{Engine, Link, key};
use super::wire::Incoming;

/// How often the server is asked whether it is there.
const PING_MS: i64 = 20 * SECOND_MS;
/// How long it may take to say so.
const PONG_MS: i64 = 10 * SECOND_MS;
/// How long a connection that answers pings may bring nothing of what is missing. Longer than the server takes for a snapshot.
const STALLED_MS: i64 = 3 * MINUTE_MS;
/// How long after the last keystroke or click a person counts as being at their desk.
const ACTIVE_MS: i64 = 5 * MINUTE_MS;

impl Engine {
    pub(super) fn connected(&mut self) {
        self.link = Link::Greeting;
        self.heard = self.now;
        self.advanced = self.now;
        self.pinged = None;
        self.told_presence = None;
        self.reminders.gather(self.now);
        self.say(ClientMessage::Hello {
            protocol: PROTOCOL_VERSION,
            device: self.id.device,
            cursor: self.cursor.clone(),
            scopes: self.scopes.iter().copied().collect(),
        });
    }

    pub(super) fn disconnected(&mut self, error: Option<ApiError>, next: Timestamp) {
        let since = match &self.link {
            Link::Offline { since, .. } => *since,
            _ => self.now,
        };
        self.link = Link::Offline { since, next, error };
        self.presence.clear();
        self.told_presence = None;
        self.out.push(Effect::Emit(UiEvent::Presence(Vec::new())));
        self.drop_fleeting();
        self.requeue();
    }

    pub(super) fn hear(&mut self, local: Timestamp, incoming: Incoming) {
        self.heard = self.now;
        self.pinged = None;
        for conversation in incoming.unknown {
            self.not_understood(conversation);
        }
        let Some(message) = incoming.message else { return };
        if brings_further(&message) {
            self.advanced = self.now;
        }
        match message {
            ServerMessage::Welcome {
                epoch,
                member: _,
                now,
                head,
                scopes: _,
                snapshot,
            } => {
                self.set_offset(local, now);
                if self.cursor.as_ref().is_some_and(|cursor| cursor.epoch != epoch) {
                    self.another_epoch();
                }
                self.link = if snapshot {
                    Link::Snapshot { done: 0, head }
                } else {
                    Link::CatchingUp { head }
                };
                self.caught_up();
            }
            ServerMessage::Snapshot {
                scopes,
                cursor,
                part,
                last,
                documents,
                conversations,
                entries,
            } => {
                if part == 0 {
                    self.forget_for_snapshot(&scopes, &cursor);
                }
                for document in documents {
                    self.batch.documents.insert(document.id, Some(document.clone()));
                    self.documents.put(document);
                    self.team_changed = true;
                }
                let count = u32::try_from(conversations.len()).unwrap_or(u32::MAX);
                for conversation in conversations {
                    self.touched.insert(conversation.id);
                    self.batch
                        .conversations
                        .insert(conversation.id, Some(conversation.clone()));
                    self.confirmed.insert(conversation.id, conversation);
                }
                self.batch
                    .entries
                    .extend(entries.into_iter().map(|entry| (entry.number, entry)));
                if let Link::Snapshot { done, .. } = &mut self.link {
                    *done = done.saturating_add(count);
                }
                self.filling = part > 0 && !last;
                if last {
                    self.snapshot_complete(scopes, cursor);
                }
            }
            ServerMessage::Frame { from, to, entries } => self.frame(from, to, entries),
            ServerMessage::ScopeLost { scope } => self.scope_lost(scope),
            ServerMessage::Answer { command, answer } => self.answered(command, answer),
            ServerMessage::Presence { present } => {
                for present in present {
                    self.presence.insert(present.member, present);
                }
                let all = self.presence.values().cloned().collect();
                self.out.push(Effect::Emit(UiEvent::Presence(all)));
            }
            ServerMessage::Notified { key, handled } => self.notified_elsewhere(&key, handled),
            ServerMessage::Health { accounts } => {
                self.health = accounts;
                self.out.push(Effect::Emit(UiEvent::Health(self.health_rows())));
                self.out.push(Effect::FetchBalances);
            }
            ServerMessage::Refused { why } => self.refused_by_server(why),
            ServerMessage::Pong { now } => {
                self.set_offset(local, now);
                self.ask_for_lacking();
            }
        }
    }

    fn refused_by_server(&mut self, why: SyncRefusal) {
        match why {
            SyncRefusal::SignedOut => self.out.push(Effect::End(End::SignedOut)),
            SyncRefusal::MemberRemoved => self.out.push(Effect::End(End::MemberRemoved)),
            SyncRefusal::UpdateDesktop | SyncRefusal::UpdateServer => {
                let error = ApiError {
                    code: ErrorCode::UpdateNeeded,
                    message: format!("the server does not speak protocol {PROTOCOL_VERSION}"),
                };
                self.disconnected(Some(error), self.now.plus_ms(MINUTE_MS));
            }
            SyncRefusal::TooSlow | SyncRefusal::Malformed => self.out.push(Effect::Reconnect),
        }
    }

    /// The log began anew: what had been answered may not be in it any more, so all that waits is asked again. The same ids
    /// make that harmless.
    fn another_epoch(&mut self) {
        self.cursor = None;
        self.batch.state.insert(key::CURSOR.to_owned(), None);
        self.forget_fetched();
        self.requeue_answered();
    }

    fn forget_for_snapshot(&mut self, scopes: &[Scope], cursor: &Cursor) {
        if scopes.contains(&Scope::Workspace) {
            // Until the last part is here there is no cursor: a crash in between means a fresh snapshot, never half a one.
            self.cursor = None;
            self.batch.state.insert(key::CURSOR.to_owned(), None);
            self.batch.forget.extend([Forget::Documents, Forget::Conversations]);
            self.touched.extend(self.confirmed.keys().copied());
            self.confirmed.clear();
            self.documents = super::Documents::default();
            self.forget_fetched();
            self.scopes.clear();
            if !matches!(self.link, Link::Snapshot { .. }) {
                self.link = Link::Snapshot {
                    done: 0,
                    head: cursor.number,
                };
            }
        } else {
            for scope in scopes {
                if let Scope::Inbox { id } = scope {
                    self.forget_inbox(*id);
                    self.inbox_floors.insert(*id, cursor.number);
                }
            }
        }
    }

    fn snapshot_complete(&mut self, scopes: Vec<Scope>, cursor: Cursor) {
        let whole = scopes.contains(&Scope::Workspace);
        let behind = self.cursor.as_ref().is_some_and(|ours| ours.number > cursor.number);
        self.scopes.extend(scopes);
        let scopes = self.scopes.clone();
        self.keep(key::SCOPES, &scopes);
        self.snapshot_is_over();
        if whole {
            self.move_cursor(cursor);
        } else if behind {
            // A state older than what we have read: entries of it between there and here would be missing.
            self.cursor = None;
            self.batch.state.insert(key::CURSOR.to_owned(), None);
            self.gap();
        } else {
            // An inbox gained while this desktop was away: its cursor stands where it stood.
            self.caught_up();
        }
    }

    /// No more of a snapshot is awaited: what comes now are frames.
    fn snapshot_is_over(&mut self) {
        if let Link::Snapshot { head, .. } = self.link {
            self.link = Link::CatchingUp { head };
        }
    }

    fn frame(&mut self, from: u64, to: Cursor, entries: Vec<LogEntry>) {
        let Some(cursor) = self.cursor.clone() else {
            self.gap();
            return;
        };
        if to.epoch != cursor.epoch || from > cursor.number {
            self.gap();
            return;
        }
        // With a cursor there is no half of a snapshot here: a right that was announced and is gone again brings none.
        self.snapshot_is_over();
        if to.number < cursor.number {
            return;
        }
        for entry in entries {
            if entry.number > cursor.number {
                self.apply(entry);
            }
        }
        self.move_cursor(to);
    }

    /// Something is missing between what we have and what came: connect again and say how far we have read.
    fn gap(&mut self) {
        self.link = Link::Connecting;
        self.out.push(Effect::Reconnect);
    }

    fn move_cursor(&mut self, to: Cursor) {
        self.keep(key::CURSOR, &to);
        self.pass_floors(to.number);
        self.cursor = Some(to);
        self.confirm_answered();
        self.caught_up();
    }

    fn caught_up(&mut self) {
        let number = self.cursor.as_ref().map_or(0, |cursor| cursor.number);
        if let Link::CatchingUp { head } = self.link
            && number >= head
        {
            self.link = Link::Online;
            self.reminders.gathered(self.now);
            self.retake_locks();
            self.ask_for_lacking();
            self.out.push(Effect::FetchBodies);
        }
    }

    fn apply(&mut self, entry: LogEntry) {
        match &entry.body {
            LogBody::Conversation { conversation, event } => {
                let id = *conversation;
                let inbox_floor = match entry.scope {
                    Scope::Inbox { id } => self.inbox_floors.get(&id).copied(),
                    Scope::Workspace | Scope::Member { .. } => None,
                };
                let floor = self.floors.get(&id).copied().max(inbox_floor).unwrap_or(0);
                if entry.number <= floor {
                    return;
                }
                let stamp = Stamp {
                    number: entry.number,
                    at: entry.at,
                    actor: entry.actor,
                    conversation: id,
                };
                self.passed_by(id, entry.number);
                let state = self.confirmed.remove(&id);
                if state.is_none() && !matches!(event, Event::Created { .. }) {
                    match event {
                        Event::MovedOut { to } => self.moved_out(id, *to),
                        _ => self.lack(id, entry.number),
                    }
                    return;
                }
                if let Some(state) = evolve(state, stamp, event) {
                    self.touched.insert(id);
                    self.batch.conversations.insert(id, Some(state.clone()));
                    self.confirmed.insert(id, state);
                    if matches!(
                        event,
                        Event::MessageReceived { .. } | Event::OutsideReply { .. } | Event::OwnerChanged { .. }
                    ) {
                        self.out.push(Effect::FetchBodies);
                    }
                    self.heed(id, &entry, event);
                    let moved = match event {
                        Event::MovedOut { to } => Some(*to),
                        _ => None,
                    };
                    let merged = match event {
                        Event::Merged { into, number } => Some((*into, *number)),
                        _ => None,
                    };
                    self.batch.entries.insert(entry.number, entry);
                    if let Some((into, number)) = merged {
                        self.draft_goes_along(id, into, number);
                    }
                    if let Some(to) = moved {
                        self.moved_out(id, to);
                    }
                }
            }
            LogBody::DocumentPut { document } => {
                self.batch.documents.insert(document.id, Some(document.clone()));
                self.documents.put(document.clone());
                self.documents_changed();
            }
            LogBody::DocumentRemoved { id } => {
                self.batch.documents.insert(*id, None);
                self.documents.remove(*id);
                self.documents_changed();
            }
        }
    }

    fn documents_changed(&mut self) {
        self.team_changed = true;
        // What may be done, and what was left over, follows from the documents.
        self.touched.extend(self.confirmed.keys().copied());
    }

    fn scope_lost(&mut self, scope: Scope) {
        self.scopes.remove(&scope);
        let scopes = self.scopes.clone();
        self.keep(key::SCOPES, &scopes);
        match scope {
            Scope::Inbox { id } => {
                self.inbox_floors.remove(&id);
                self.forget_inbox(id);
                self.out.push(Effect::LetGoOfBodies);
            }
            Scope::Workspace => self.out.push(Effect::End(End::MemberRemoved)),
            Scope::Member { .. } => {}
        }
    }

    fn forget_inbox(&mut self, inbox: baton_domain::InboxId) {
        self.batch.forget.insert(Forget::Inbox(inbox));
        let gone: Vec<ConversationId> = self
            .confirmed
            .values()
            .filter(|conversation| conversation.inbox == inbox)
            .map(|conversation| conversation.id)
            .collect();
        for id in gone {
            self.let_go(id);
        }
    }

    fn not_understood(&mut self, conversation: ConversationId) {
        self.blind.insert(conversation);
        self.keep_blind();
        self.touched.insert(conversation);
        self.refetch(conversation);
    }

    pub(super) fn say(&mut self, message: ClientMessage) {
        self.out.push(Effect::Send(Box::new(message)));
    }

    pub(super) fn ping(&mut self) {
        self.pinged = Some(self.now);
        self.say(ClientMessage::Ping);
    }

    /// Whether the person is at their desk, as far as this window tells.
    pub(super) fn active(&self) -> bool {
        self.looking.is_some() && self.now.since_ms(self.active_at) < ACTIVE_MS
    }

    pub(super) fn run_link_clock(&mut self) {
        if matches!(self.link, Link::Connecting | Link::Offline { .. }) {
            return;
        }
        match self.pinged {
            Some(at) if self.now.since_ms(at) >= PONG_MS => {
                self.pinged = None;
                self.gap();
                return;
            }
            None if self.now.since_ms(self.heard) >= PING_MS => self.ping(),
            _ => {}
        }
        if !self.online() && self.now.since_ms(self.advanced) >= STALLED_MS {
            // It is there, and still nothing comes. Nobody is left waiting for what a new connection may bring.
            self.gap();
            return;
        }
        if self.online() {
            let presence = (self.looking, self.active());
            if self.told_presence != Some(presence) {
                self.told_presence = Some(presence);
                let (looking, active) = presence;
                self.say(ClientMessage::Presence { looking, active });
            }
        }
    }

    pub(super) fn next_link_clock(&self) -> Option<Timestamp> {
        if matches!(self.link, Link::Connecting | Link::Offline { .. }) {
            return None;
        }
        let silence = match self.pinged {
            Some(at) => at.plus_ms(PONG_MS),
            None => self.heard.plus_ms(PING_MS),
        };
        let leaves = self.active().then(|| self.active_at.plus_ms(ACTIVE_MS));
        let stalls = (!self.online()).then(|| self.advanced.plus_ms(STALLED_MS));
        [Some(silence), leaves, stalls].into_iter().flatten().min()
    }
}

/// Whether a message is a part of what a desktop lacks, and not only a sign of life.
fn brings_further(message: &ServerMessage) -> bool {
    matches!(
        message,
        ServerMessage::Welcome { .. } | ServerMessage::Snapshot { .. } | ServerMessage::Frame { .. }
    )
}
