//! The reply lock: taken with the first character, told to everybody, and never in the way of somebody who is gone.

use super::{Case, invalid};
use crate::{Event, Invalid, Lock, LockAnswer, LockEnd, MINUTE_MS, MemberId, Refusal, ReplyPolicy};

/// Silence for this long after a colleague asked gives the lock away, unless its holder is typing.
const ASK_MS: i64 = MINUTE_MS;

impl Case<'_> {
    pub(super) fn take_lock(&self, cover: bool) -> Result<Vec<Event>, Refusal> {
        let me = self.me()?;
        let cover = self.may_reply(me, cover)?;
        let granted = Event::LockGranted {
            member: me,
            device: self.command.device,
            cover,
        };
        let Some(lock) = &self.state.lock else {
            return Ok(vec![granted]);
        };
        if lock.member == me && lock.device == self.command.device && lock.cover == cover {
            return Ok(Vec::new());
        }
        let why = if lock.member == me {
            Some(LockEnd::Given)
        } else {
            self.free(lock, me)
        };
        match why {
            Some(why) => Ok(vec![Event::LockReleased { why }, granted]),
            None => Err(locked_by(lock)),
        }
    }

    pub(super) fn release_lock(&self, token: u64) -> Vec<Event> {
        let mine = |lock: &&Lock| lock.token == token && self.command.actor.member().is_none_or(|me| me == lock.member);
        self.state
            .lock
            .iter()
            .filter(mine)
            .map(|_| Event::LockReleased { why: LockEnd::Released })
            .collect()
    }

    pub(super) fn request_lock(&self) -> Result<Vec<Event>, Refusal> {
        let me = self.me()?;
        match &self.state.lock {
            Some(lock) if lock.member == me => Ok(Vec::new()),
            Some(lock) if self.free(lock, me).is_some() => self.take_lock(false),
            Some(lock) if lock.asked.as_ref().is_some_and(|asked| asked.by == me) => Ok(Vec::new()),
            Some(_) => {
                self.may_reply(me, true)?;
                Ok(vec![Event::LockRequested { by: me }])
            }
            None => self.take_lock(false),
        }
    }

    pub(super) fn answer_request(&self, answer: LockAnswer) -> Result<Vec<Event>, Refusal> {
        let me = self.me()?;
        let Some(lock) = self.state.lock.as_ref().filter(|lock| lock.member == me) else {
            return Err(Refusal::LockLost {
                to: self.state.lock.as_ref().map(|lock| lock.member),
            });
        };
        if lock.asked.is_none() {
            return Ok(Vec::new());
        }
        let answered = Event::LockRequestAnswered { answer };
        Ok(match answer {
            LockAnswer::Keep => vec![answered],
            LockAnswer::Give => vec![answered, Event::LockReleased { why: LockEnd::Given }],
        })
    }

    pub(super) fn take_over(&self) -> Result<Vec<Event>, Refusal> {
        let me = self.me()?;
        let granted = Event::LockGranted {
            member: me,
            device: self.command.device,
            cover: self.covering(me),
        };
        Ok(match &self.state.lock {
            Some(lock) if lock.member == me && lock.device == self.command.device => Vec::new(),
            Some(_) => vec![
                Event::LockReleased {
                    why: LockEnd::TakenOver,
                },
                granted,
            ],
            None => vec![granted],
        })
    }

    /// A lock ran out or lay idle: what the scheduler says is checked against the live facts.
    pub(super) fn lock_lapsed(&self, token: u64, idle: bool) -> Vec<Event> {
        let now = self.context.now;
        let lapsed = |lock: &&Lock| {
            lock.token == token
                && self.context.lease.is_none_or(|lease| {
                    if idle {
                        now.since_ms(lease.active_at) >= self.context.inbox.policy.lock_release_ms
                    } else {
                        now >= lease.expires
                    }
                })
        };
        let why = if idle { LockEnd::Idle } else { LockEnd::Expired };
        self.state
            .lock
            .iter()
            .filter(lapsed)
            .map(|_| Event::LockReleased { why })
            .collect()
    }

    /// Whether `member` may answer the customer here at all, and whether they do so in the owner's place.
    pub(super) fn may_reply(&self, member: MemberId, cover: bool) -> Result<bool, Refusal> {
        match self.state.owner {
            Some(owner) if owner != member && !self.offered_to(member) => match self.context.inbox.policy.reply {
                ReplyPolicy::Anyone => Ok(true),
                ReplyPolicy::OwnerOrCover if cover => Ok(true),
                ReplyPolicy::OwnerOrCover | ReplyPolicy::OwnerOnly => Err(self.not_owner(owner)),
            },
            _ => Ok(false),
        }
    }

    /// Whether somebody else's lock stands in nobody's way any more, and why.
    fn free(&self, lock: &Lock, me: MemberId) -> Option<LockEnd> {
        let now = self.context.now;
        let Some(lease) = self.context.lease else {
            return Some(LockEnd::Expired);
        };
        if now >= lease.expires {
            return Some(LockEnd::Expired);
        }
        if now.since_ms(lease.active_at) >= self.context.inbox.policy.lock_idle_ms {
            return Some(LockEnd::Idle);
        }
        let asked = lock.asked.as_ref().filter(|asked| asked.by == me)?;
        let silent = now.since_ms(asked.at) >= ASK_MS && lease.active_at <= asked.at;
        silent.then_some(LockEnd::Given)
    }

    fn covering(&self, member: MemberId) -> bool {
        self.state.owner.is_some_and(|owner| owner != member)
    }

    /// Refuses while somebody else is replying.
    pub(super) fn nobody_replies(&self) -> Result<(), Refusal> {
        let Some(me) = self.command.actor.member() else {
            return Ok(());
        };
        match &self.state.lock {
            Some(lock) if lock.member != me && self.free(lock, me).is_none() => Err(locked_by(lock)),
            _ => Ok(()),
        }
    }

    /// The lock this reply is sent with: the token must be the current one.
    pub(super) fn holds_lock(&self, token: u64) -> Result<&Lock, Refusal> {
        let me = self.me()?;
        match &self.state.lock {
            Some(lock) if lock.token == token && lock.member == me => Ok(lock),
            Some(lock) if lock.member != me && token == 0 => Err(locked_by(lock)),
            Some(lock) => Err(Refusal::LockLost { to: Some(lock.member) }),
            None if token == 0 => Err(invalid("token", Invalid::Empty)),
            None => Err(Refusal::LockLost { to: None }),
        }
    }
}

pub(super) fn locked_by(lock: &Lock) -> Refusal {
    Refusal::LockedBy {
        member: lock.member,
        device: lock.device,
        since: lock.since,
    }
}
