//! The engine itself: what it knows, how an input runs through it, and what has to be said at the end of each.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    CommandId, Context, Conversation, ConversationId, DeviceId, InboxId, LeaseFacts, MINUTE_MS, MemberId, MessageId,
    SECOND_MS, Scope, Timestamp,
};
use baton_protocol::{
    AccountHealth, ApiError, Balance, Connection, ConnectionState, Cursor, ErrorCode, HealthRow, Present, Settings,
    Theme, UiEvent,
};
use baton_store::replica::{Batch, Loaded};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::compose::Drafts;
use super::documents::Documents;
use super::fetched::Fetching;
use super::held::HeldItem;
use super::index::Index;
use super::io::{Effect, Input, Ticket, Told};
use super::outbox::{Fleeting, Outbox};
use super::remind::Reminders;
use super::review::{Frozen, Spent};
use super::undo::Undoable;
use crate::views::Viewer;
use crate::{Badge, Language};

/// A gap between two inputs as long as this means that the computer slept, or that somebody moved the clock.
const SLEPT_MS: i64 = MINUTE_MS;
/// Clocks that differ by less than this are taken for equal: the network's own delay is in there too.
const OFFSET_NOISE_MS: i64 = 2 * SECOND_MS;
/// How often the window is told what a snapshot brings: with each telling it asks for its lists again.
const TELL_MS: i64 = 250;
/// How long the person waits for the server before an action counts as pending.
pub(super) const PATIENCE_MS: i64 = 5 * SECOND_MS;

/// Names of the single values an engine keeps.
pub(super) mod key {
    pub(crate) const CURSOR: &str = "cursor";
    pub(crate) const SCOPES: &str = "scopes";
    pub(crate) const OFFSET: &str = "offset";
    pub(crate) const SETTINGS: &str = "settings";
    pub(crate) const BLIND: &str = "notUnderstood";
    pub(crate) const FLOORS: &str = "fetchedUpTo";
    pub(crate) const LACKING: &str = "lacking";
    pub(crate) const REVIEW: &str = "review";
    pub(crate) const REVIEW_TIME: &str = "reviewTime";
}

/// Who this desktop is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The member.
    pub me: MemberId,
    /// The installation.
    pub device: DeviceId,
    /// The server's address as the window shows it; empty for the one in this program.
    pub server: String,
    /// The zone of this computer, for when the person chose none.
    pub zone: TimeZone,
    /// The language of this computer, for when the person chose none.
    pub language: Language,
    /// The program's version: what an older one did not understand is fetched anew.
    pub version: String,
    /// Where ids come from. Random, and new for every start.
    pub seed: [u8; 32],
}

/// Where the connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// On the way.
    Connecting,
    /// A connection stands; the welcome is awaited.
    Greeting,
    /// A snapshot is coming in.
    Snapshot { done: u32, head: u64 },
    /// Frames up to this number are coming in.
    CatchingUp { head: u64 },
    /// Up to date.
    Online,
    /// None.
    Offline {
        since: Timestamp,
        next: Timestamp,
        error: Option<ApiError>,
    },
}

/// The desktop's engine.
#[derive(Debug)]
pub struct Engine {
    pub(super) id: Identity,
    ids_made: u64,
    /// The server's time by our reckoning.
    pub(super) now: Timestamp,
    pub(super) offset_ms: i64,
    last_input: Option<Timestamp>,

    pub(super) cursor: Option<Cursor>,
    pub(super) scopes: BTreeSet<Scope>,
    pub(super) confirmed: BTreeMap<ConversationId, Conversation>,
    pub(super) documents: Documents,
    /// Entries up to these numbers are in the state already: it was fetched on its own.
    pub(super) floors: BTreeMap<ConversationId, u64>,
    pub(super) inbox_floors: BTreeMap<InboxId, u64>,
    /// Conversations with entries this version does not understand.
    pub(super) blind: BTreeSet<ConversationId>,
    /// Conversations that are being fetched, with the newest entry of theirs that came meanwhile.
    pub(super) refetching: BTreeMap<ConversationId, Fetching>,
    /// Conversations that are mine to read and not here, with the first entry that was passed over.
    pub(super) lacking: BTreeMap<ConversationId, u64>,

    pub(super) outbox: Outbox,
    pub(super) fleeting: BTreeMap<CommandId, Fleeting>,
    pub(super) held: BTreeMap<CommandId, HeldItem>,
    pub(super) undoable: Vec<Undoable>,
    pub(super) drafts: Drafts,

    pub(super) link: Link,
    pub(super) heard: Timestamp,
    pub(super) pinged: Option<Timestamp>,
    /// When the server last sent a part of what is missing here.
    pub(super) advanced: Timestamp,
    pub(super) presence: BTreeMap<MemberId, Present>,
    pub(super) looking: Option<ConversationId>,
    pub(super) active_at: Timestamp,
    pub(super) told_presence: Option<(Option<ConversationId>, bool)>,
    pub(super) seen: BTreeMap<ConversationId, MessageId>,
    pub(super) reminders: Reminders,
    pub(super) settings: Settings,
    /// The daily review that was begun last.
    pub(super) review: Option<Frozen>,
    pub(super) spent: Spent,
    pub(super) health: Vec<AccountHealth>,
    pub(super) balances: BTreeMap<baton_domain::AccountId, Balance>,

    pub(super) index: Index,
    /// States with predictions folded over them; only where there are any.
    pub(super) predicted: BTreeMap<ConversationId, Conversation>,
    day_ends: Timestamp,

    // What the input under way has led to so far.
    pub(super) batch: Batch,
    pub(super) out: Vec<Effect>,
    pub(super) touched: BTreeSet<ConversationId>,
    /// What has to look different in the window though no conversation changed.
    pub(super) team_changed: bool,
    pub(super) held_changed: bool,
    shown_connection: Option<Connection>,
    shown_badge: Option<(u32, Language)>,
    /// The input under way is one of many parts of a snapshot.
    pub(super) filling: bool,
    told_window: Timestamp,
    /// What changed since the window was last told.
    untold: BTreeSet<ConversationId>,
}

impl Engine {
    /// An engine on what is on disk.
    #[must_use]
    pub fn new(loaded: Loaded, id: Identity) -> Self {
        let state = &loaded.state;
        // What can't be read any more is fetched anew from the beginning; what the person did is kept.
        let cursor = if loaded.unreadable == 0 {
            value(state, key::CURSOR)
        } else {
            None
        };
        let offset_ms = value(state, key::OFFSET).unwrap_or(0);
        let settings = value(state, key::SETTINGS).unwrap_or_else(default_settings);
        let blind: Blind = value(state, key::BLIND).unwrap_or_default();
        let mut documents = Documents::default();
        for document in loaded.documents {
            documents.put(document);
        }
        let confirmed: BTreeMap<_, _> = loaded
            .conversations
            .into_iter()
            .map(|conversation| (conversation.id, conversation))
            .collect();
        let mut engine = Self {
            ids_made: 0,
            now: Timestamp(0),
            offset_ms,
            last_input: None,
            cursor,
            scopes: value(state, key::SCOPES).unwrap_or_default(),
            confirmed,
            documents,
            floors: value(state, key::FLOORS).unwrap_or_default(),
            inbox_floors: BTreeMap::new(),
            refetching: BTreeMap::new(),
            lacking: value(state, key::LACKING).unwrap_or_default(),
            outbox: Outbox::load(&loaded.outbox),
            fleeting: BTreeMap::new(),
            held: HeldItem::load(&loaded.held),
            undoable: Vec::new(),
            drafts: Drafts::load(&loaded.drafts),
            link: Link::Connecting,
            heard: Timestamp(0),
            pinged: None,
            advanced: Timestamp(0),
            presence: BTreeMap::new(),
            looking: None,
            active_at: Timestamp(0),
            told_presence: None,
            seen: loaded.seen.into_iter().collect(),
            reminders: Reminders::load(loaded.shown),
            settings,
            review: value(state, key::REVIEW),
            spent: value(state, key::REVIEW_TIME).unwrap_or_default(),
            health: Vec::new(),
            balances: BTreeMap::new(),
            index: Index::default(),
            predicted: BTreeMap::new(),
            day_ends: Timestamp(i64::MIN),
            batch: Batch::default(),
            out: Vec::new(),
            touched: BTreeSet::new(),
            team_changed: false,
            held_changed: false,
            shown_connection: None,
            shown_badge: None,
            filling: false,
            told_window: Timestamp(0),
            untold: BTreeSet::new(),
            blind: BTreeSet::new(),
            id,
        };
        if blind.version == engine.id.version {
            engine.blind = blind.conversations;
        } else {
            engine.refetching = blind
                .conversations
                .into_iter()
                .map(|id| (id, Fetching::default()))
                .collect();
        }
        engine
    }

    /// Takes in what happened at `now` (by this computer's clock) and says what is to be done, in order.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        self.now = now.plus_ms(self.offset_ms);
        let slept = self.last_input.is_some_and(|last| now.since_ms(last) >= SLEPT_MS);
        self.last_input = Some(now);
        if slept {
            self.woke_up();
        }
        match input {
            Input::Started => self.started(),
            Input::Connected => self.connected(),
            Input::Disconnected { error, next } => self.disconnected(error, next.plus_ms(self.offset_ms)),
            Input::Server(incoming) => self.hear(now, *incoming),
            Input::Ui { ticket, ask } => self.ask(ticket, *ask),
            Input::DraftSaved {
                conversation,
                revision,
                result,
            } => self.draft_saved(conversation, revision, result),
            Input::Refetched { conversation, found } => self.refetched(conversation, found),
            Input::DraftFound(draft) => self.draft_found(*draft),
            Input::Pressed { key, action } => self.pressed(&key, &action),
            Input::Balance(balance) => {
                self.balances.insert(balance.account, balance);
                self.out.push(Effect::Emit(UiEvent::Health(self.health_rows())));
            }
            Input::Tick => {}
        }
        self.run_clocks();
        self.settle()
    }

    fn started(&mut self) {
        self.active_at = self.now;
        self.touched.extend(self.confirmed.keys().copied());
        self.reminders.gather(self.now);
        for conversation in std::mem::take(&mut self.refetching).into_keys() {
            self.refetch(conversation);
        }
    }

    fn woke_up(&mut self) {
        self.reminders.gather(self.now);
        // Silence while asleep says nothing about the connection; a ping will.
        self.heard = self.now;
        self.advanced = self.now;
        self.pinged = None;
        if !matches!(self.link, Link::Connecting | Link::Offline { .. }) {
            self.ping();
        } else {
            self.out.push(Effect::Hurry);
        }
    }

    /// What the clock alone brings about.
    fn run_clocks(&mut self) {
        let impatient: Vec<Ticket> = self.outbox.impatient(self.now);
        for ticket in impatient {
            self.outlast(ticket);
        }
        self.run_link_clock();
        self.run_draft_clock();
    }

    /// Brings predictions, places, reminders and what the window was told up to date, and hands out the effects.
    fn settle(&mut self) -> Vec<Effect> {
        self.pump();
        if self.now >= self.day_ends {
            self.day_ends = self.end_of_day();
            self.touched.extend(self.confirmed.keys().copied());
            self.out.push(Effect::Emit(UiEvent::Tick(self.now)));
        }
        let moved = self.index.changed_by(self.now);
        if !moved.is_empty() {
            self.touched.extend(moved);
            self.out.push(Effect::Emit(UiEvent::Tick(self.now)));
        }
        let touched = std::mem::take(&mut self.touched);
        for id in &touched {
            self.place(*id);
            self.note_lock(*id);
            self.scan_reminders(*id);
        }
        self.flush_reminders();
        self.untold.extend(touched);
        let soon_again = (0..TELL_MS).contains(&self.now.since_ms(self.told_window));
        if !(std::mem::take(&mut self.filling) && soon_again) {
            self.told_window = self.now;
            self.tell_window();
        }
        let mut effects = Vec::with_capacity(self.out.len().saturating_add(2));
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            effects.push(Effect::Persist(Box::new(batch)));
        }
        effects.append(&mut self.out);
        if let Some(at) = self.wake_at() {
            effects.push(Effect::WakeAt(at.plus_ms(self.offset_ms.saturating_neg())));
        }
        effects
    }

    fn place(&mut self, id: ConversationId) {
        self.predict(id);
        let state = self.predicted.get(&id).or_else(|| self.confirmed.get(&id));
        let viewer = Viewer {
            me: self.id.me,
            now: self.now,
            day_ends: self.day_ends,
            accounts: &self.documents.accounts,
        };
        match state {
            Some(state) => self.index.put(state, &viewer),
            None => self.index.remove(id),
        }
    }

    fn tell_window(&mut self) {
        let touched = std::mem::take(&mut self.untold);
        if std::mem::take(&mut self.team_changed) {
            self.out.push(Effect::Emit(UiEvent::Team));
        }
        if !touched.is_empty() {
            self.out
                .push(Effect::Emit(UiEvent::Changed(touched.into_iter().collect())));
        }
        if std::mem::take(&mut self.held_changed) {
            self.out.push(Effect::Emit(UiEvent::Held(self.held_list())));
        }
        let connection = self.connection();
        if self.shown_connection.as_ref() != Some(&connection) {
            self.out.push(Effect::Emit(UiEvent::Connection(connection.clone())));
            self.shown_connection = Some(connection);
        }
        let badge = (self.index.badge(), self.language());
        if self.shown_badge != Some(badge) {
            self.out.push(Effect::Badge(Badge::of(badge.0, badge.1)));
            self.shown_badge = Some(badge);
        }
    }

    fn wake_at(&self) -> Option<Timestamp> {
        [
            Some(self.day_ends),
            self.index.next_change(),
            self.outbox.next_impatience(),
            self.outbox.next_again(self.now).filter(|_| self.online()),
            self.next_link_clock(),
            self.next_draft_clock(),
            self.next_reminder(),
            Some(self.told_window.plus_ms(TELL_MS)).filter(|_| !self.untold.is_empty()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The zone changed: the day ends at another time.
    pub(super) fn new_day(&mut self) {
        self.day_ends = Timestamp(i64::MIN);
    }

    /// The end of the person's day. Where a midnight does not exist it is the first instant after it.
    pub(super) fn end_of_day(&self) -> Timestamp {
        let next = jiff::Timestamp::from_millisecond(self.now.0)
            .map(|now| now.to_zoned(self.zone()))
            .and_then(|now| now.tomorrow())
            .and_then(|tomorrow| tomorrow.start_of_day());
        match next {
            Ok(next) => Timestamp(next.timestamp().as_millisecond()),
            Err(_) => self.now.plus_ms(baton_domain::DAY_MS),
        }
    }

    /// The zone the person works in.
    pub(super) fn zone(&self) -> TimeZone {
        let chosen = self.settings.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        chosen.unwrap_or_else(|| self.id.zone.clone())
    }

    /// The language to speak: what the person chose, else the computer's.
    #[must_use]
    pub fn language(&self) -> Language {
        let chosen = self.settings.language.as_deref().and_then(Language::of);
        chosen.unwrap_or(self.id.language)
    }

    /// What a question about a conversation is judged by here. Whoever holds a lock is taken to be there: only the server
    /// knows better.
    pub(super) fn context_of<'a>(
        &'a self,
        conversation: &Conversation,
        capabilities: &'a baton_domain::Capabilities,
        now: Timestamp,
    ) -> Option<Context<'a>> {
        let inbox = self.documents.inboxes.get(&conversation.inbox)?;
        Some(Context {
            now,
            capabilities,
            inbox,
            inboxes: &self.documents.inboxes,
            members: &self.documents.members,
            accounts: &self.documents.accounts,
            companies: self.documents.companies.as_ref(),
            next_event: self.cursor.as_ref().map_or(1, |cursor| cursor.number.saturating_add(1)),
            next_conversation: 0,
            lease: conversation.lock.as_ref().map(|_| LeaseFacts {
                expires: now.plus_ms(inbox.policy.lock_lifetime_ms),
                active_at: now,
            }),
            draft: None,
            others: &self.confirmed,
            log: &[],
            // Who gets what by the rules is the referee's to say.
            routing: None,
            header_id: "",
        })
    }

    /// A new id, ordered by time, from the seed.
    pub(super) fn new_id(&mut self) -> Uuid {
        self.ids_made = self.ids_made.saturating_add(1);
        let mut hasher = blake3::Hasher::new_keyed(&self.id.seed);
        hasher.update(&self.ids_made.to_be_bytes());
        let mut random = [0_u8; 10];
        hasher.finalize_xof().fill(&mut random);
        let ms = u64::try_from(self.now.0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }

    pub(super) fn online(&self) -> bool {
        self.link == Link::Online
    }

    pub(super) fn answer(&mut self, ticket: Option<Ticket>, told: Told) {
        if let Some(ticket) = ticket {
            self.out.push(Effect::Answer(ticket, told));
        }
    }

    pub(super) fn unreachable(&self) -> ApiError {
        ApiError {
            code: ErrorCode::Unreachable,
            message: "this needs the server, and there is no connection".to_owned(),
        }
    }

    /// The time of the server, by this computer's clock now, corrected.
    pub(super) fn set_offset(&mut self, local: Timestamp, server: Timestamp) {
        let offset = server.since_ms(local);
        let offset = if offset.abs() < OFFSET_NOISE_MS { 0 } else { offset };
        if offset != self.offset_ms {
            self.offset_ms = offset;
            self.now = local.plus_ms(offset);
            self.keep(key::OFFSET, &offset);
        }
    }

    pub(super) fn keep<T: Serialize>(&mut self, key: &str, value: &T) {
        // Plain data of ours: it always has a serial form.
        if let Ok(text) = serde_json::to_string(value) {
            self.batch.state.insert(key.to_owned(), Some(text));
        }
    }

    pub(super) fn keep_blind(&mut self) {
        let blind = Blind {
            version: self.id.version.clone(),
            conversations: self.blind.clone(),
        };
        self.keep(key::BLIND, &blind);
    }

    /// The connection, in the window's words.
    #[must_use]
    pub fn connection(&self) -> Connection {
        let state = match &self.link {
            Link::Connecting | Link::Greeting | Link::CatchingUp { .. } => ConnectionState::Connecting,
            Link::Snapshot { done, .. } => ConnectionState::Snapshot { done: *done },
            Link::Online => ConnectionState::Online,
            Link::Offline { since, next, error } => ConnectionState::Offline {
                since: *since,
                next: *next,
                error: error.clone(),
            },
        };
        Connection {
            state,
            server: self.id.server.clone(),
            waiting: self.outbox.waiting(),
            held: u32::try_from(self.held.len()).unwrap_or(u32::MAX),
        }
    }

    /// How the channels are doing.
    #[must_use]
    pub fn health_rows(&self) -> Vec<HealthRow> {
        self.health
            .iter()
            .map(|health| HealthRow {
                health: health.clone(),
                balance: self.balances.get(&health.account).cloned(),
            })
            .collect()
    }
}

#[derive(Debug, Default, Serialize, serde::Deserialize)]
struct Blind {
    version: String,
    conversations: BTreeSet<ConversationId>,
}

fn value<T: DeserializeOwned>(state: &BTreeMap<String, String>, key: &str) -> Option<T> {
    serde_json::from_str(state.get(key)?).ok()
}

fn default_settings() -> Settings {
    Settings {
        theme: Theme::System,
        notifications: true,
        quiet_from_minute: None,
        quiet_to_minute: None,
        context_pane: true,
        zone: None,
        language: None,
        images_from: Vec::new(),
    }
}
