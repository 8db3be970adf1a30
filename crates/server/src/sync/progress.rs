//! A connection's place in the log, and the way from there to its end.
//!
//! A member's rights are part of the log, so they change at a number like everything else. Gaining a scope sends its snapshot at a
//! number, after everything else up to that number; losing one says so before anything newer is sent. What was read is sent only if
//! the rights it was read by are still the member's: they are looked at again between reading and sending, and between the parts of
//! a snapshot.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use baton_domain::{MemberId, Scope};
use baton_protocol::{Cursor, ServerMessage, SyncRefusal};
use baton_store::server::{Readable, StoreError};
use uuid::Uuid;

use super::connection::End;
use super::feed::{self, Part};
use super::parts;
use super::scopes::scopes;
use crate::core::{Core, cursor};
use crate::referee::DocumentSet;

/// Entries in one frame at most.
const FRAME: u64 = 1000;

/// A replica that is further behind than this many entries gets a snapshot: it is smaller than the way there.
const TOO_FAR: u64 = 100_000;

/// How long a snapshot may take.
const SNAPSHOT: Duration = Duration::from_secs(120);

/// The way to a desktop.
pub(super) trait Line: Send {
    /// Writes one message, as JSON.
    fn text(&mut self, text: Utf8Bytes) -> impl Future<Output = Result<(), End>> + Send;

    /// Says something.
    fn say(&mut self, message: &ServerMessage) -> impl Future<Output = Result<(), End>> + Send {
        let text = serde_json::to_string(message).map_err(|error| End::Broken(error.to_string()));
        async move { self.text(text?.into()).await }
    }
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advance {
    /// The connection has everything.
    Level,
    /// Its member left.
    MemberLeft,
}

/// What a look at the end of the log led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// A frame was sent.
    Sent,
    /// There is nothing to send.
    Nothing,
    /// The member's rights moved while it was read: nothing was sent.
    RightsMoved,
}

/// A connection's place in the log.
#[derive(Debug)]
pub(super) struct Progress {
    member: MemberId,
    epoch: Uuid,
    /// The documents its rights were last looked up in: as long as these are the same, so are the rights.
    looked_in: Option<Arc<DocumentSet>>,
    /// What it may read, as far as it was told.
    readable: Readable,
    /// The scopes it has, up to `at`.
    held: Vec<Scope>,
    /// Scopes it has and may not read any more.
    lost: Vec<Scope>,
    /// Everything of `held` up to this number was sent; `None` for a replica with nothing.
    at: Option<u64>,
}

impl Progress {
    /// Goes on from where a replica says it is, if the log knows that place.
    pub(super) async fn resume(
        core: &Core,
        member: MemberId,
        from: Option<Cursor>,
        has: Vec<Scope>,
    ) -> Result<Self, End> {
        let readable = core.readable(member);
        let head: Cursor = core.feed.head().borrow().clone();
        let known = match from {
            Some(from) if from.epoch == head.epoch && from.number <= head.number => {
                let hash = core.store.hash_at(from.number).await.map_err(broken)?;
                let same = hash.is_some_and(|hash| hex::encode(hash) == from.hash);
                (same && head.number - from.number <= TOO_FAR).then_some(from.number)
            }
            _ => None,
        };
        let (held, lost) = match known {
            Some(_) => has.into_iter().partition(|scope| readable.may_read(*scope)),
            None => (Vec::new(), Vec::new()),
        };
        Ok(Self {
            member,
            epoch: head.epoch,
            looked_in: None,
            readable,
            held,
            lost,
            at: known,
        })
    }

    /// What its member may read.
    pub(super) fn readable(&self) -> &Readable {
        &self.readable
    }

    /// Whether everything up to a number was sent.
    pub(super) fn has_reached(&self, number: u64) -> bool {
        self.at.is_some_and(|at| at >= number)
    }

    /// Whether there is a scope it has nothing of.
    pub(super) fn lacks_snapshot(&self) -> bool {
        !self.gained().is_empty()
    }

    fn gained(&self) -> Vec<Scope> {
        scopes(&self.readable)
            .into_iter()
            .filter(|scope| !self.held.contains(scope))
            .collect()
    }

    /// Sends everything there is to send.
    pub(super) async fn advance(&mut self, core: &Arc<Core>, wire: &mut impl Line) -> Result<Advance, End> {
        if core.feed.head().borrow().epoch != self.epoch {
            return Err(End::Broken("the log was restored".to_owned()));
        }
        loop {
            if !self.look_at_rights(core) {
                return Ok(Advance::MemberLeft);
            }
            for scope in std::mem::take(&mut self.lost) {
                if self.readable.may_read(scope) {
                    continue;
                }
                wire.say(&ServerMessage::ScopeLost { scope }).await?;
            }
            let gained = self.gained();
            if !gained.is_empty() {
                self.snapshot(core, wire, gained).await?;
            } else if self.frame(core, wire).await? == Looked::Nothing {
                return Ok(Advance::Level);
            }
        }
    }

    /// Reads the member's rights again; false when they left.
    fn look_at_rights(&mut self, core: &Core) -> bool {
        let documents = core.directory.documents();
        if self.looked_in_these(&documents) {
            return true;
        }
        if !documents
            .members()
            .get(&self.member)
            .is_some_and(|member| member.active)
        {
            return false;
        }
        let readable = documents.readable(self.member);
        if readable != self.readable {
            let (held, lost) = self.held.drain(..).partition(|scope| readable.may_read(*scope));
            self.held = held;
            self.lost.extend::<Vec<Scope>>(lost);
            self.readable = readable;
        }
        self.looked_in = Some(documents);
        true
    }

    /// Whether its rights are those of exactly these documents. Most frames change none, and thousands of desktops ask at every one.
    fn looked_in_these(&self, documents: &Arc<DocumentSet>) -> bool {
        self.looked_in
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, documents))
    }

    /// Whether the member may still read exactly what was last looked up. What is in the feed was folded into the documents before:
    /// an entry that came after a loss of rights is never seen without that loss.
    fn still_reads(&self, core: &Core) -> bool {
        let documents = core.directory.documents();
        self.looked_in_these(&documents) || documents.readable(self.member) == self.readable
    }

    /// Sends one frame, if there is something to send and it may still be read.
    async fn frame(&mut self, core: &Core, wire: &mut impl Line) -> Result<Looked, End> {
        let Some(from) = self.at else {
            return Ok(Looked::Nothing);
        };
        let unwritten = |error: serde_json::Error| End::Broken(error.to_string());
        let (to, text) = match core.feed.after(from, &self.held).map_err(unwritten)? {
            Part::Nothing => return Ok(Looked::Nothing),
            Part::Frame(to, text) => (to, text),
            Part::Behind => {
                let (to, entries) = self.read_log(core, from, None).await?;
                let text = feed::frame(from, &to, entries.iter().map(|entry| &**entry));
                (to, text.map_err(unwritten)?.into())
            }
        };
        if !self.still_reads(core) {
            return Ok(Looked::RightsMoved);
        }
        wire.text(text).await?;
        self.at = Some(to.number);
        Ok(Looked::Sent)
    }

    /// Entries from the log itself, for one who is far behind: up to `until`, or a frame's worth.
    async fn read_log(&self, core: &Core, from: u64, until: Option<&Cursor>) -> Result<(Cursor, Vec<Arc<str>>), End> {
        let head: Cursor = core.feed.head().borrow().clone();
        let end = until.map_or(head.number, |until| until.number);
        let sealed = core
            .store
            .entries_between(from, end, &self.readable, FRAME)
            .await
            .map_err(broken)?;
        let full = u64::try_from(sealed.len()).unwrap_or(u64::MAX) >= FRAME;
        let to = match (sealed.last(), until) {
            (Some(last), _) if full => Cursor {
                epoch: head.epoch,
                number: last.entry.number,
                hash: hex::encode(last.hash),
            },
            (_, Some(until)) => until.clone(),
            _ => head,
        };
        let mine = sealed.iter().filter(|sealed| self.held.contains(&sealed.entry.scope));
        let entries = mine.map(|sealed| serde_json::to_string(&sealed.entry).map(Arc::from));
        let entries = entries
            .collect::<Result<_, _>>()
            .map_err(|error| End::Broken(error.to_string()))?;
        Ok((to, entries))
    }

    /// Sends the snapshot of scopes that are new, after everything else up to its number. It is broken off, to be begun anew, when
    /// the member's rights are others than those it was asked for by.
    async fn snapshot(&mut self, core: &Arc<Core>, wire: &mut impl Line, gained: Vec<Scope>) -> Result<(), End> {
        let inboxes = gained.iter().filter_map(|scope| inbox(*scope)).collect();
        let wanted = Readable {
            inboxes,
            member: Some(self.member),
        };
        // A snapshot holds a connection to the database: a slow desktop must not hold it for long, nor many at once all of them.
        let turn = Arc::clone(&core.snapshots).acquire_owned().await;
        let turn = turn.map_err(|_| End::Stopping)?;
        let until = tokio::time::Instant::now() + SNAPSHOT;
        let snapshot = core.store.snapshot(wanted).await.map_err(broken)?;
        let cursor = cursor(snapshot.head());
        // The database may be ahead of the documents this server has folded in: by the snapshot's own documents it is exact.
        if DocumentSet::of(snapshot.documents().to_vec()).readable(self.member) != self.readable {
            drop(snapshot);
            return self.folded_to(core, &cursor).await;
        }
        self.frames_up_to(core, wire, &cursor).await?;
        // The whole scope is known from here on, also to what is committed while the parts are being sent.
        let documents = if gained.contains(&Scope::Workspace) {
            snapshot.documents().to_vec()
        } else {
            Vec::new()
        };
        let mut parts = parts::parts(snapshot, turn, &gained, &cursor, &documents)?;
        while let Some(part) = parts.recv().await {
            let part = part?;
            if !self.still_reads(core) {
                // What was begun of a scope that is still theirs begins anew with its first part; of the others nothing stays.
                self.lost.extend(gained);
                return Ok(());
            }
            wire.text(part.text).await?;
            if part.last {
                self.held.extend(gained);
                self.at = Some(cursor.number);
                return Ok(());
            }
            if tokio::time::Instant::now() > until {
                return Err(End::Refused(SyncRefusal::TooSlow));
            }
        }
        Err(End::Broken("a snapshot ended before its last part".to_owned()))
    }

    /// Waits until this server has folded in what is committed up to there.
    async fn folded_to(&self, core: &Core, there: &Cursor) -> Result<(), End> {
        let mut head = core.feed.head();
        let folded = head.wait_for(|head| head.epoch != there.epoch || head.number >= there.number);
        tokio::select! {
            () = core.stop.cancelled() => Err(End::Stopping),
            folded = folded => folded.map(drop).map_err(|_| End::Stopping),
        }
    }

    /// What the connection has already is brought to exactly the snapshot's number.
    async fn frames_up_to(&mut self, core: &Core, wire: &mut impl Line, to: &Cursor) -> Result<(), End> {
        while let Some(from) = self.at.filter(|at| *at < to.number) {
            let (reached, entries) = self.read_log(core, from, Some(to)).await?;
            let text = feed::frame(from, &reached, entries.iter().map(|entry| &**entry));
            wire.text(text.map_err(|error| End::Broken(error.to_string()))?.into())
                .await?;
            self.at = Some(reached.number);
        }
        Ok(())
    }
}

fn inbox(scope: Scope) -> Option<baton_domain::InboxId> {
    match scope {
        Scope::Inbox { id } => Some(id),
        Scope::Workspace | Scope::Member { .. } => None,
    }
}

fn broken(error: StoreError) -> End {
    End::Broken(error.to_string())
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
