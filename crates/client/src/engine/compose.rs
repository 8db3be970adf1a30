//! What is being typed: on disk with every keystroke, on the server a moment later, and the reply lock with the first
//! character.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{CommandBody, ConversationId, DraftId, DraftText, MINUTE_MS, Refusal, SECOND_MS, Timestamp};
use baton_protocol::{ApiError, ClientMessage, ComposeLock, Composed, Draft};
use serde::{Deserialize, Serialize};

use super::io::{Effect, Ticket, Told};
use super::outbox::{Purpose, Stage};
use super::state::Engine;

/// How often a draft that is being typed goes to the server.
const SHARE_MS: i64 = SECOND_MS;
/// How long to wait after the server could not take a draft.
pub(super) const SHARE_AGAIN_MS: i64 = 15 * SECOND_MS;
/// How soon a lock that somebody else has is asked for again while one goes on typing.
const ASK_AGAIN_MS: i64 = 10 * SECOND_MS;

/// Drafts, and the locks that are wished for them.
#[derive(Debug, Clone, Default)]
pub(super) struct Drafts {
    kept: BTreeMap<ConversationId, LocalDraft>,
    wishes: BTreeMap<ConversationId, Wish>,
    /// Conversations whose lock this device holds, and when that was last said.
    locks: BTreeMap<ConversationId, Timestamp>,
    /// The newest revision given out in each conversation, also for drafts that are gone.
    revisions: BTreeMap<ConversationId, u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LocalDraft {
    text: DraftText,
    /// Grows with every keystroke, and across devices: it is the time, or one more than before.
    revision: u64,
    typed_at: Timestamp,
    cover: bool,
    /// The newest revision the server has.
    #[serde(skip)]
    shared: u64,
    #[serde(skip)]
    saving: Option<u64>,
    /// When the next save is due, in epoch milliseconds.
    #[serde(skip)]
    share_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    Asked,
    Refused {
        refusal: Refusal,
        version: u32,
        again_at: Timestamp,
    },
}

impl Drafts {
    pub(super) fn load(rows: &[(ConversationId, String)]) -> Self {
        let read = |text: &String| serde_json::from_str(text).ok();
        Self {
            kept: rows.iter().filter_map(|(id, text)| Some((*id, read(text)?))).collect(),
            ..Self::default()
        }
    }

    pub(super) fn text(&self, conversation: ConversationId) -> Option<&DraftText> {
        self.kept.get(&conversation).map(|draft| &draft.text)
    }

    fn to_share(&self) -> impl Iterator<Item = (ConversationId, &LocalDraft)> {
        self.kept
            .iter()
            .filter(|(_, draft)| draft.revision > draft.shared && draft.saving.is_none())
            .map(|(id, draft)| (*id, draft))
    }
}

fn is_blank(text: &DraftText) -> bool {
    text.text.trim().is_empty() && text.files.is_empty()
}

impl Engine {
    pub(super) fn compose(&mut self, ticket: Ticket, id: ConversationId, text: DraftText, cover: bool) {
        if is_blank(&text) {
            if self.drafts.kept.contains_key(&id) {
                self.drop_draft(id);
                self.touched.insert(id);
            }
        } else {
            let replies = text.forwards.is_none();
            self.put_draft(id, text, cover);
            // What is forwarded answers nobody: a colleague may reply meanwhile.
            if replies {
                self.wish_for_lock(id, cover);
            }
        }
        let composed = Composed {
            saved: true,
            lock: self.compose_lock(id),
        };
        self.answer(Some(ticket), Told::Composed(composed));
    }

    fn put_draft(&mut self, id: ConversationId, text: DraftText, cover: bool) {
        if self.drafts.text(id) == Some(&text) {
            return;
        }
        let revision = self.next_revision(id);
        let before = self.drafts.kept.get(&id);
        if before.is_none() {
            // The row shows that there is a draft.
            self.touched.insert(id);
        }
        let draft = LocalDraft {
            revision,
            typed_at: self.now,
            cover,
            shared: before.map_or(0, |before| before.shared),
            saving: before.and_then(|before| before.saving),
            share_at: before.map_or(self.now.0, |before| before.share_at),
            text,
        };
        if let Ok(row) = serde_json::to_string(&draft) {
            self.batch.drafts.insert(id, Some(row));
        }
        self.drafts.kept.insert(id, draft);
    }

    pub(super) fn next_revision(&mut self, id: ConversationId) -> u64 {
        let time = u64::try_from(self.now.0).unwrap_or(0);
        let kept = self.drafts.kept.get(&id).map_or(0, |draft| draft.revision);
        let newest = self.drafts.revisions.entry(id).or_insert(0);
        *newest = kept.max(*newest).saturating_add(1).max(time);
        *newest
    }

    fn drop_draft(&mut self, id: ConversationId) {
        if self.drafts.kept.remove(&id).is_some() {
            self.batch.drafts.insert(id, None);
            self.out.push(Effect::DeleteDraft(id));
        }
    }

    /// A conversation is not read here any more. What the server has of the draft became a note there; what it has not is held.
    pub(super) fn draft_left_behind(&mut self, id: ConversationId, why: Refusal) {
        self.drafts.wishes.remove(&id);
        self.drafts.locks.remove(&id);
        let Some(draft) = self.drafts.kept.remove(&id) else {
            return;
        };
        self.batch.drafts.insert(id, None);
        if draft.shared < draft.revision && !is_blank(&draft.text) {
            self.hold_words(id, draft.text.text, why);
        }
    }

    /// A conversation was merged into another: what is being written in it is written there, or held where something else is.
    pub(super) fn draft_goes_along(&mut self, id: ConversationId, into: ConversationId, number: u32) {
        // Where that is not read here, nothing goes there: with what it leaves, its words are kept as any that were left behind.
        let here = self.confirmed.contains_key(&into);
        let Some(draft) = self.drafts.kept.get(&id).filter(|_| here).cloned() else {
            return;
        };
        self.drafts.wishes.remove(&id);
        self.drafts.locks.remove(&id);
        self.drop_draft(id);
        self.touched.insert(id);
        if self.drafts.text(into).is_none() {
            self.put_draft(into, draft.text, draft.cover);
        } else {
            self.hold_words(into, draft.text.text, Refusal::Merged { into, number });
        }
    }

    /// Removes the draft if it still says what that digest says: the text has found another place. The server's copy stays,
    /// a reply may be about to name it.
    pub(super) fn drop_draft_if(&mut self, id: ConversationId, digest: &str) {
        if self.drafts.text(id).is_some_and(|text| text.digest() == digest) {
            self.drafts.kept.remove(&id);
            self.batch.drafts.insert(id, None);
        }
    }

    /// Gives a text back to the composer, unless something else is being written there.
    pub(super) fn restore_draft(&mut self, id: ConversationId, text: DraftText) {
        if self.drafts.text(id).is_none_or(is_blank) {
            self.put_draft(id, text, false);
            self.touched.insert(id);
        }
    }

    /// What another device of mine wrote is shown here, unless something is being written here, or it is the rest of a reply
    /// that has left.
    pub(super) fn draft_found(&mut self, draft: Draft) {
        let id = draft.conversation;
        let ours = self
            .drafts
            .revisions
            .get(&id)
            .is_some_and(|newest| draft.revision <= *newest);
        let leaving = self.outbox.of(id).any(|item| item.intent.is_some());
        let sent = self
            .confirmed
            .get(&id)
            .is_some_and(|state| state.outbound.iter().any(|outbound| outbound.draft == draft.text));
        if draft.member == self.id.me && !is_blank(&draft.text) && !(ours || leaving || sent) {
            self.restore_draft(id, draft.text);
        }
    }

    pub(super) fn discard(&mut self, ticket: Ticket, id: ConversationId) {
        self.drop_draft(id);
        self.drafts.wishes.remove(&id);
        if let Some(token) = self.my_token(id) {
            self.say_now(id, CommandBody::ReleaseLock { token }, None, Purpose::Act);
        }
        self.touched.insert(id);
        self.answer(Some(ticket), Told::Done);
    }

    /// The token of the reply lock, if this very device holds it.
    pub(super) fn my_token(&self, id: ConversationId) -> Option<u64> {
        let lock = self.confirmed.get(&id)?.lock.as_ref()?;
        (lock.member == self.id.me && lock.device == self.id.device).then_some(lock.token)
    }

    fn compose_lock(&self, id: ConversationId) -> ComposeLock {
        let draft = self.drafts.text(id);
        if draft.is_some_and(|text| text.forwards.is_some()) {
            return ComposeLock::None;
        }
        if self.my_token(id).is_some() {
            return ComposeLock::Mine;
        }
        if draft.is_none() {
            return ComposeLock::None;
        }
        if !self.online() {
            return ComposeLock::Offline;
        }
        match self.drafts.wishes.get(&id) {
            Some(Wish::Refused { refusal, .. }) => ComposeLock::Theirs {
                refusal: refusal.clone(),
            },
            Some(Wish::Asked) | None => ComposeLock::Asked,
        }
    }

    fn wish_for_lock(&mut self, id: ConversationId, cover: bool) {
        if self.my_token(id).is_some() || !self.online() {
            return;
        }
        let Some(state) = self.confirmed.get(&id) else { return };
        let version = state.version;
        match self.drafts.wishes.get(&id) {
            Some(Wish::Asked) => return,
            // Nothing changed and little time has passed: the answer would be the same.
            Some(Wish::Refused {
                version: then,
                again_at,
                ..
            }) if *then == version && self.now < *again_at => return,
            _ => {}
        }
        let take = CommandBody::TakeLock { cover };
        let probe = state.clone();
        let command = self.command(id, take.clone(), None);
        match self.foresee(&probe, &command) {
            // Whether a colleague's lock lies idle only the server knows: that one is asked.
            Ok(_) | Err(Refusal::LockedBy { .. }) => {
                if self.say_now(id, take, None, Purpose::ComposeLock).is_some() {
                    self.drafts.wishes.insert(id, Wish::Asked);
                }
            }
            Err(refusal) => self.wish_refused(id, version, refusal),
        }
    }

    fn wish_refused(&mut self, id: ConversationId, version: u32, refusal: Refusal) {
        let again_at = self.now.plus_ms(ASK_AGAIN_MS);
        self.drafts.wishes.insert(
            id,
            Wish::Refused {
                refusal,
                version,
                again_at,
            },
        );
    }

    pub(super) fn compose_lock_answered(&mut self, id: ConversationId, refusal: Option<Refusal>) {
        match refusal {
            Some(refusal) => {
                let version = self.confirmed.get(&id).map_or(0, |state| state.version);
                self.wish_refused(id, version, refusal);
            }
            None => {
                self.drafts.wishes.remove(&id);
            }
        }
        self.touched.insert(id);
    }

    /// The network is back: whoever was typing a moment ago takes the lock for it.
    pub(super) fn retake_locks(&mut self) {
        let fresh: Vec<(ConversationId, bool)> = self
            .drafts
            .kept
            .iter()
            .filter(|(_, draft)| draft.text.forwards.is_none() && self.now.since_ms(draft.typed_at) < 3 * MINUTE_MS)
            .map(|(id, draft)| (*id, draft.cover))
            .collect();
        self.drafts.wishes.clear();
        for (id, cover) in fresh {
            self.wish_for_lock(id, cover);
        }
    }

    /// Notes whether this device holds the lock of a conversation that changed.
    pub(super) fn note_lock(&mut self, id: ConversationId) {
        if self.my_token(id).is_some() {
            let now = self.now;
            self.drafts.locks.entry(id).or_insert(now);
        } else {
            self.drafts.locks.remove(&id);
        }
    }

    pub(super) fn draft_saved(&mut self, id: ConversationId, revision: u64, result: Result<(), ApiError>) {
        let again_at = self.now.plus_ms(SHARE_AGAIN_MS).0;
        if let Some(draft) = self.drafts.kept.get_mut(&id) {
            if draft.saving == Some(revision) {
                draft.saving = None;
            }
            match &result {
                Ok(()) => draft.shared = draft.shared.max(revision),
                Err(_) => draft.share_at = again_at,
            }
        }
        self.reply_saved(id, revision, result);
    }

    pub(super) fn draft_id(&self, id: ConversationId) -> DraftId {
        DraftId::derive(id.0, &self.id.me.to_string())
    }

    pub(super) fn share(&mut self, id: ConversationId, text: DraftText, revision: u64) {
        let files = text.files.iter().map(|file| file.blob.clone()).collect();
        let draft = Draft {
            id: self.draft_id(id),
            conversation: id,
            member: self.id.me,
            text,
            revision,
            saved_at: self.now,
        };
        self.out.push(Effect::SaveDraft {
            draft: Box::new(draft),
            files,
        });
    }

    /// Shares what was typed, and says that its locks are still held.
    pub(super) fn run_draft_clock(&mut self) {
        if !self.online() {
            return;
        }
        let replying: BTreeSet<ConversationId> = self
            .outbox
            .iter()
            .filter(|item| item.intent.is_some() && !matches!(item.stage, Stage::Done(_)))
            .map(|item| item.command.conversation)
            .collect();
        let due: Vec<(ConversationId, DraftText, u64)> = self
            .drafts
            .to_share()
            .filter(|(id, draft)| draft.share_at <= self.now.0 && !replying.contains(id))
            .map(|(id, draft)| (id, draft.text.clone(), draft.revision))
            .collect();
        for (id, text, revision) in due {
            let next = self.now.plus_ms(SHARE_MS).0;
            if let Some(draft) = self.drafts.kept.get_mut(&id) {
                draft.saving = Some(revision);
                draft.share_at = next;
            }
            self.share(id, text, revision);
        }
        let renewals: Vec<ConversationId> = self
            .drafts
            .locks
            .iter()
            .filter(|(id, last)| last.plus_ms(self.renewal_ms(**id)) <= self.now && self.still_replying(**id))
            .map(|(id, _)| *id)
            .collect();
        for id in renewals {
            let Some(token) = self.my_token(id) else { continue };
            self.drafts.locks.insert(id, self.now);
            let active_at = self.drafts.kept.get(&id).map_or(self.active_at, |draft| draft.typed_at);
            self.say(ClientMessage::Renew {
                conversation: id,
                token,
                active_at,
            });
        }
    }

    /// A lock is kept for a draft, or while its conversation is on screen.
    fn still_replying(&self, id: ConversationId) -> bool {
        self.drafts.kept.contains_key(&id) || self.looking == Some(id)
    }

    /// Renewals come at a third of a lock's lifetime: two of them may be lost.
    fn renewal_ms(&self, id: ConversationId) -> i64 {
        let inbox = self
            .confirmed
            .get(&id)
            .and_then(|state| self.documents.inboxes.get(&state.inbox));
        inbox.map_or(15 * SECOND_MS, |inbox| inbox.policy.lock_lifetime_ms / 3)
    }

    pub(super) fn next_draft_clock(&self) -> Option<Timestamp> {
        if !self.online() {
            return None;
        }
        let share = self.drafts.to_share().map(|(_, draft)| Timestamp(draft.share_at)).min();
        let renew = self
            .drafts
            .locks
            .iter()
            .filter(|(id, _)| self.still_replying(**id))
            .map(|(id, last)| last.plus_ms(self.renewal_ms(*id)))
            .min();
        // A draft that may not be shared just now is looked at again a little later.
        let share = share.map(|at| at.max(self.now.plus_ms(SHARE_MS / 4)));
        [share, renew].into_iter().flatten().min()
    }
}
