//! Turns: whoever got the last lead of a rule gets the next only if no colleague of the pool could.
//!
//! It reads who is in a pool from the document, and who could get a lead from the rights as they stood; it shares no code with the rules.

use std::collections::BTreeMap;

use baton_domain::{ConversationId, Event, MemberId, RuleId, Timestamp};

use super::rights::Rights;
use super::{Broken, Promise, because};

#[derive(Debug, Default)]
pub(super) struct Turns {
    last: BTreeMap<RuleId, MemberId>,
}

impl Turns {
    pub(super) fn given(
        &mut self,
        number: u64,
        conversation: ConversationId,
        event: &Event,
        rights: &Rights,
        now: Timestamp,
    ) -> Result<(), Broken> {
        let Event::Routed { routing } = event else {
            return Ok(());
        };
        let (Some(rule), Some(owner), true) = (routing.rule, routing.owner, routing.turn) else {
            return Ok(());
        };
        if !rights.could_get(owner, conversation, now) || !rights.at_work(owner, now) {
            let how = format!("entry {number}: {owner} gets a lead by turn, and may not work on it, or is not there");
            return Err(because(Promise::InTurn, how));
        }
        if self.last.insert(rule, owner) != Some(owner) {
            return Ok(());
        }
        let colleague = rights.pool(rule).into_iter().find(|other| {
            *other != owner && rights.could_get(*other, conversation, now) && rights.at_work(*other, now)
        });
        match colleague {
            Some(colleague) => Err(because(
                Promise::InTurn,
                format!("entry {number}: {owner} gets two leads in a row, and {colleague} none"),
            )),
            None => Ok(()),
        }
    }
}
